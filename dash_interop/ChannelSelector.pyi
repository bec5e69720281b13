from typing import Any, Literal

from dash.development.base_component import Component

from .types import ProblemDict

class ChannelSelector(Component):
    def __init__(
        self,
        value: str | list[str] | None = None,
        channels: list[str] | None = None,
        label: str | None = None,
        noChannel: str | None = None,
        error: ProblemDict | None = None,
        className: str | None = None,
        style: dict[str, Any] | None = None,
        persistence: bool | str | float | None = None,
        persisted_props: list[str] | None = None,
        persistence_type: Literal["local", "session", "memory"] | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
