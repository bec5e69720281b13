from typing import Any, Literal

from dash.development.base_component import Component

from .types import (
    NotificationErrorDict,
    NotificationEventDict,
    NotificationReportDict,
    NotificationStateDict,
)

class Notifications(Component):
    def __init__(
        self,
        display: Literal["auto", "toast", "none"] | None = None,
        toastMs: float | None = None,
        requestPermission: bool | int | None = None,
        report: NotificationReportDict | list[NotificationReportDict] | None = None,
        raised: NotificationEventDict | None = None,
        clicked: NotificationEventDict | None = None,
        action: NotificationEventDict | None = None,
        closed: NotificationEventDict | None = None,
        active: list[NotificationStateDict] | None = None,
        permission: Literal["default", "granted", "denied", "unsupported"] | None = None,
        maxActions: int | None = None,
        error: NotificationErrorDict | None = None,
        id: str | dict[str, Any] | None = None,
        # With the prop whose name is a word of Python.
        **props: Any,
    ) -> None: ...
