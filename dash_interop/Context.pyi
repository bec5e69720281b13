from typing import Any, Literal

from dash.development.base_component import Component

from .types import ContextChangeDict, ProblemDict, WriteProblemDict

class Context(Component):
    def __init__(
        self,
        contextName: str | None = None,
        context: ContextChangeDict | None = None,
        update: dict[str, Any] | None = None,
        set: dict[str, Any] | None = None,
        delivery: Literal["every", "latest"] | None = None,
        error: ProblemDict | WriteProblemDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
