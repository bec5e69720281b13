from typing import Any, Literal

from dash.development.base_component import Component

from .types import AnswerDict, ClientsideHandlerDict, DefinitionDict, InvocationDict, ProblemDict

class MethodRegister(Component):
    def __init__(
        self,
        definition: str | DefinitionDict,
        returns: bool,
        methodResponseTimeoutMs: float | None = None,
        batch: bool | None = None,
        validate: Literal["off", "warn", "strict"] | None = None,
        clientsideHandler: ClientsideHandlerDict | None = None,
        invoke: InvocationDict | list[InvocationDict] | None = None,
        result: AnswerDict | list[AnswerDict] | None = None,
        error: ProblemDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
