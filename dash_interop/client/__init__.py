"""Python processes as peers: ``connect`` for asyncio, ``sync.connect`` for ordinary code."""

from __future__ import annotations

from ..peer.context_changes import ContextChange
from ..peer.directory import Caller, Instance
from ..peer.results import InvocationResult, ReturnValue
from ..peer.subscribing import StreamData
from ..wire.definitions import Method, MethodDefinition
from .aio import InteropClient, connect
from .cancelled import Cancelled
from .channel_subscribing import ChannelChange, ChannelSubscription
from .channels import Channels
from .context_subscribing import ContextSubscription
from .contexts import Contexts
from .invocation import Invocation
from .publishing import Stream, StreamBranch, StreamSubscription, SubscriptionRequest
from .subscribing import Subscription

__all__ = [
    "Caller",
    "Cancelled",
    "ChannelChange",
    "ChannelSubscription",
    "Channels",
    "ContextChange",
    "ContextSubscription",
    "Contexts",
    "Instance",
    "InteropClient",
    "Invocation",
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
