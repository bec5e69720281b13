from typing import Any

from dash.development.base_component import Component

from .types import TunnelAnswerDict, TunnelErrorDict, TunnelMessageDict, TunnelSendDict

class Tunnel(Component):
    def __init__(
        self,
        batch: bool | None = None,
        message: TunnelMessageDict | list[TunnelMessageDict] | None = None,
        send: str | float | TunnelSendDict | list[str | float | TunnelSendDict] | None = None,
        answer: TunnelAnswerDict | list[TunnelAnswerDict] | None = None,
        stale: int | None = None,
        error: TunnelErrorDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
