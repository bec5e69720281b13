"""Python processes as peers: ``connect`` for asyncio, ``sync.connect`` for ordinary code."""

from __future__ import annotations

from ..peer.directory import Instance
from ..peer.results import InvocationResult, ReturnValue
from ..peer.subscribing import StreamData
from ..wire.definitions import Method, MethodDefinition
from .aio import InteropClient, connect
from .publishing import Stream, StreamBranch, StreamSubscription, SubscriptionRequest
from .subscribing import Subscription

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
