from collections.abc import Sequence
from typing import Any

from dash.development.base_component import Component

from .types import DefinitionDict, DiscoveryEventDict, InstanceDict, ProblemDict

class Discovery(Component):
    def __init__(
        self,
        name: str | None = None,
        objectTypes: list[str] | None = None,
        displayName: str | None = None,
        description: str | None = None,
        accepts: str | None = None,
        returns: str | None = None,
        version: float | None = None,
        instance: InstanceDict | Sequence[InstanceDict] | None = None,
        streamsOnly: bool | None = None,
        methods: list[DefinitionDict] | None = None,
        servers: list[InstanceDict] | None = None,
        events: list[DiscoveryEventDict] | None = None,
        error: ProblemDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
