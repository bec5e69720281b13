from typing import Any

from dash.development.base_component import Component

from .types import InvokeDict, ResultDict

class MethodInvoke(Component):
    def __init__(
        self,
        invoke: InvokeDict | None = None,
        result: ResultDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
