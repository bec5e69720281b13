from typing import Any

from dash.development.base_component import Component

from .types import CancelDict, InvokeDict, ProblemDict, ProgressEventDict, ResultDict

class MethodInvoke(Component):
    def __init__(
        self,
        invoke: InvokeDict | None = None,
        cancel: CancelDict | list[CancelDict] | bool | None = None,
        progress: ProgressEventDict | None = None,
        result: ResultDict | None = None,
        error: ProblemDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
