from typing import Any, Literal

from dash.development.base_component import Component

from .types import (
    ChannelDict,
    ChannelNameDict,
    ChannelProblemDict,
    ChannelPublishDict,
    JoinedChannelDict,
)

class Channels(Component):
    def __init__(
        self,
        mode: Literal["single", "multi"] | None = None,
        join: ChannelNameDict | list[ChannelNameDict] | None = None,
        leave: ChannelNameDict | list[ChannelNameDict] | None = None,
        publish: ChannelPublishDict | list[ChannelPublishDict] | None = None,
        my: JoinedChannelDict | list[JoinedChannelDict] | None = None,
        all: list[str] | None = None,
        list: list[ChannelDict] | None = None,
        error: ChannelProblemDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
