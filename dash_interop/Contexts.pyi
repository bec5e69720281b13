from typing import Any

from dash.development.base_component import Component

from .types import (
    ContextDataWriteDict,
    ContextDestroyDict,
    ContextPathsWriteDict,
    ContextPathWriteDict,
    ProblemDict,
    WriteProblemDict,
)

class Contexts(Component):
    def __init__(
        self,
        names: list[str] | None = None,
        update: ContextDataWriteDict | list[ContextDataWriteDict] | None = None,
        set: ContextDataWriteDict | list[ContextDataWriteDict] | None = None,
        setPath: ContextPathWriteDict | list[ContextPathWriteDict] | None = None,
        setPaths: ContextPathsWriteDict | list[ContextPathsWriteDict] | None = None,
        destroy: ContextDestroyDict | list[ContextDestroyDict] | None = None,
        error: ProblemDict | WriteProblemDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
