from typing import Any

from dash.development.base_component import Component

from .types import (
    BranchDict,
    CloseDict,
    DecisionDict,
    DefinitionDict,
    HistoryDict,
    ProblemDict,
    PushDict,
    SnapshotDict,
    SubscriptionDict,
    SubscriptionRequestDict,
)

class StreamPublish(Component):
    def __init__(
        self,
        definition: str | DefinitionDict,
        active: bool | None = None,
        autoAccept: bool | None = None,
        requestTimeoutMs: float | None = None,
        history: int | HistoryDict | None = None,
        push: PushDict | list[PushDict] | None = None,
        request: SubscriptionRequestDict | None = None,
        decision: DecisionDict | list[DecisionDict] | None = None,
        subscriptionAdded: SubscriptionDict | None = None,
        subscriptionRemoved: SubscriptionDict | None = None,
        snapshot: SnapshotDict | list[SnapshotDict] | None = None,
        close: CloseDict | list[CloseDict] | None = None,
        subscriptions: list[SubscriptionDict] | None = None,
        branches: list[BranchDict] | None = None,
        error: ProblemDict | None = None,
        id: str | dict[str, Any] | None = None,
    ) -> None: ...
