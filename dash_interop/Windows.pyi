from typing import Any

from dash.development.base_component import Component

from .types import WindowDict, WindowErrorDict, WindowEventDict, WindowReferenceDict

class Windows(Component):
    def __init__(
        self,
        open: WindowDict | list[WindowDict] | None = None,
        close: WindowReferenceDict | list[WindowReferenceDict] | None = None,
        focus: WindowReferenceDict | list[WindowReferenceDict] | None = None,
        opened: WindowEventDict | None = None,
        closed: WindowEventDict | None = None,
        focused: WindowEventDict | None = None,
        context: dict[str, Any] | None = None,
        error: WindowErrorDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
