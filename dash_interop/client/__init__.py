"""Python processes as peers: ``connect`` for asyncio, ``sync.connect`` for ordinary code."""

from __future__ import annotations

from ..protocol.definitions import Method, MethodDefinition
from ..protocol.directory import Instance
from ..protocol.results import InvocationResult, ReturnValue
from ..protocol.subscribing import StreamData
from .aio import InteropClient, connect
from .streams import Stream, StreamBranch, StreamSubscription, Subscription, SubscriptionRequest

__all__ = [
    "Instance",
    "InteropClient",
    "InvocationResult",
    "Method",
    "MethodDefinition",
    "ReturnValue",
    "Stream",
    "StreamBranch",
    "StreamData",
    "StreamSubscription",
    "Subscription",
    "SubscriptionRequest",
    "connect",
]
