from typing import Any, Literal

from dash.development.base_component import Component

from .types import (
    AnswerDict,
    CancelledDict,
    ClientsideHandlerDict,
    DefinitionDict,
    InvocationDict,
    ProblemDict,
    ProgressDict,
)

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
        progress: ProgressDict | list[ProgressDict] | None = None,
        cancelled: CancelledDict | None = None,
        error: ProblemDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
