from typing import Any, Literal

from dash.development.base_component import Component

from .types import (
    ClientsideHandlerDict,
    DatumDict,
    FilterDict,
    ProblemDict,
    SubscriptionStatusDict,
    Target,
)

class StreamSubscribe(Component):
    def __init__(
        self,
        definition: str | FilterDict,
        arguments: dict[str, Any] | None = None,
        target: Target = None,
        waitTimeoutMs: float | None = None,
        methodResponseTimeoutMs: float | None = None,
        active: bool | None = None,
        paused: bool | None = None,
        delivery: Literal["every", "batch", "latest"] | None = None,
        key: str | None = None,
        maxRate: float | None = None,
        maxWaiting: int | None = None,
        clientsideHandler: ClientsideHandlerDict | None = None,
        data: DatumDict | list[DatumDict] | None = None,
        status: SubscriptionStatusDict | None = None,
        error: ProblemDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
