"""The domain ``agm``: methods and streams, who offers them, calls and subscriptions."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from .envelope import NULL, Inbound, Outbound, RequestId, Vocabulary

AGM: Final = "agm"

MethodId: TypeAlias = str | int
"""Chosen by the server; ``1`` and ``"1"`` are two methods."""

StreamId: TypeAlias = str | int

BATCHES: Final = "batches"
"""The extension: the gateway takes an interest, and a member ``Announcements``."""

CANCEL: Final = "cancel"
"""Extension: a member takes ``cancel-invocation``, and ``timeout_ms`` with ``invoke``."""
PROGRESS: Final = "progress"
"""Extension: a member takes ``progress`` with ``invoke``."""
DELIVERED: Final = "delivered"
"""Extension: a member takes ``delivered`` in the context of an error."""

LONGEST_MS: Final = 2**53
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=LONGEST_MS)]

GivenUp: TypeAlias = Literal["cancelled", "timeout"]
"""Why a caller does not wait for its call any longer."""

CancelReason: TypeAlias = Literal["cancelled", "timeout", "left"]
"""Why nobody waits for an invocation any longer; ``left``: its caller has left."""

AGM_FAILURE: Final = "agm.errors.failure"
REGISTRATION_FAILURE: Final = "agm.errors.registration.failure"
UNREGISTRATION_FAILURE: Final = "agm.errors.unregistration.failure"
INVOCATION_FAILURE: Final = "agm.errors.invocation.failure"
INVALID_SUBSCRIPTION: Final = "agm.errors.subscription.invalid_subscription"
CLIENT_ERROR: Final = "agm.errors.client_error"
SUBSCRIPTION_FAILURE: Final = "agm.errors.subscription.failure"
PEER_REMOVED: Final = "agm.peer-removed"
METHOD_REMOVED: Final = "agm.method-removed"


# From a peer to the gateway -----------------------------------------------------------------


class Register(Inbound, frozen=True):
    methods: list[dict[str, Any]] = []


class Unregister(Inbound, frozen=True):
    methods: list[MethodId] = []


class Call(Inbound, frozen=True):
    server_id: str = ""
    method_id: MethodId = ""
    arguments: Raw = NULL
    arguments_kv: Raw = NULL
    context: Raw = NULL
    timeout_ms: Milliseconds | None = None
    progress: bool = False


class CancelCall(Inbound, frozen=True):
    """``request_id`` is that of the call."""

    reason: GivenUp = "cancelled"


class Progress(Inbound, frozen=True):
    invocation_id: str = ""
    value: Raw = NULL


class Yield(Inbound, frozen=True):
    invocation_id: str = ""
    result: Raw = NULL


class Failure(Inbound, frozen=True):
    """Type ``error``: a callee failed an invocation or a publisher rejected a subscription."""

    reason_uri: str | None = None
    reason: str | None = None
    context: Raw = NULL


class Subscribe(Inbound, frozen=True):
    server_id: str = ""
    method_id: MethodId = ""
    arguments: Raw = NULL
    arguments_kv: Raw = NULL
    flags: Raw = NULL
    context: Raw = NULL


class Unsubscribe(Inbound, frozen=True):
    subscription_id: str = ""
    reason_uri: str | None = None
    reason: str | None = None


class Accepted(Inbound, frozen=True):
    subscription_id: str = ""
    stream_id: StreamId | None = None


class Publish(Inbound, frozen=True):
    stream_id: StreamId | None = None
    data: Raw = NULL
    sequence: Raw = NULL
    snapshot: Raw = NULL


class Post(Inbound, frozen=True):
    subscription_id: str = ""
    data: Raw = NULL
    sequence: Raw = NULL
    snapshot: Raw = NULL


class DropSubscription(Inbound, frozen=True):
    subscription_id: str = ""
    reason_uri: str | None = None
    reason: str | None = None


class Widen(Inbound, frozen=True):
    """A member that asked to hear of some methods only wants to hear of more; of all with null."""

    methods: list[str] | None = None


# From the gateway to a peer -----------------------------------------------------------------


class Receiver(Struct, frozen=True, gc=False):
    """The beginning of each frame that announces something, whose rest is the same for many."""

    peer_id: str


class AddedPeer(Struct, frozen=True, tag_field="type", tag="peer-added", gc=False):
    """What is announced is the same for all but the ``peer_id`` of who hears of it."""

    new_peer_id: str
    identity: Raw
    meta: Raw = Raw(b'{"local":true}')
    domain: str = AGM


class RemovedPeer(Struct, frozen=True, tag_field="type", tag="peer-removed", gc=False):
    removed_id: str
    reason_uri: str | None
    reason: str | None
    domain: str = AGM


class AddedMethods(Struct, frozen=True, tag_field="type", tag="methods-added"):
    server_id: str
    methods: list[Raw]
    source_type: str = "local"
    domain: str = AGM


class RemovedMethods(Struct, frozen=True, tag_field="type", tag="methods-removed"):
    server_id: str
    methods: list[MethodId]
    domain: str = AGM


Announcement: TypeAlias = AddedPeer | RemovedPeer | AddedMethods | RemovedMethods


class Announcements(Outbound, frozen=True, tag="announcements"):
    """Several announcements, in their order, to a member that named the extension ``batches``."""

    peer_id: str
    announcements: list[Announcement]
    domain: str = AGM


class PeerAdded(Outbound, frozen=True, tag="peer-added", gc=False):
    peer_id: str
    new_peer_id: str
    identity: Raw
    meta: Raw = Raw(b'{"local":true}')
    domain: str = AGM


class PeerRemoved(Outbound, frozen=True, tag="peer-removed", gc=False):
    peer_id: str
    removed_id: str
    reason_uri: str | None
    reason: str | None
    domain: str = AGM


class MethodsAdded(Outbound, frozen=True, tag="methods-added"):
    peer_id: str
    server_id: str
    methods: list[Raw]
    source_type: str = "local"
    domain: str = AGM


class MethodsRemoved(Outbound, frozen=True, tag="methods-removed"):
    peer_id: str
    server_id: str
    methods: list[MethodId]
    domain: str = AGM


class Invoke(Outbound, frozen=True, tag="invoke", gc=False):
    peer_id: str
    invocation_id: str
    method_id: MethodId
    caller_id: str
    arguments: Raw
    arguments_kv: Raw
    context: Raw
    timeout_ms: int | UnsetType = UNSET
    progress: bool | UnsetType = UNSET
    domain: str = AGM


class CancelInvocation(Outbound, frozen=True, tag="cancel-invocation", gc=False):
    peer_id: str
    invocation_id: str
    method_id: MethodId
    reason: CancelReason
    domain: str = AGM


class Progressed(Outbound, frozen=True, tag="progress", gc=False):
    request_id: RequestId
    peer_id: str
    value: Raw
    domain: str = AGM


class Result(Outbound, frozen=True, tag="result", gc=False):
    request_id: RequestId
    peer_id: str
    result: Raw
    domain: str = AGM


class AddInterest(Outbound, frozen=True, tag="add-interest", gc=False):
    peer_id: str
    subscription_id: str
    method_id: MethodId
    caller_id: str
    arguments: Raw
    arguments_kv: Raw
    flags: Raw
    context: Raw
    domain: str = AGM


class RemoveInterest(Outbound, frozen=True, tag="remove-interest", gc=False):
    peer_id: str
    subscription_id: str
    method_id: MethodId
    caller_id: str
    reason_uri: str | None
    reason: str | None
    domain: str = AGM


class Subscribed(Outbound, frozen=True, tag="subscribed", gc=False):
    request_id: RequestId
    peer_id: str
    subscription_id: str
    domain: str = AGM


class Event(Outbound, frozen=True, tag="event", gc=False):
    peer_id: str
    subscription_id: str
    oob: bool
    sequence: Raw
    snapshot: Raw
    data: Raw
    domain: str = AGM


class EventHead(Outbound, frozen=True, tag="event", gc=False):
    """The beginning of an ``Event``, which is each subscription's own."""

    peer_id: str
    subscription_id: str


class EventTail(Struct, frozen=True, gc=False):
    """The rest of an ``Event``, which is the same for all that are published to."""

    oob: bool
    sequence: Raw
    snapshot: Raw
    data: Raw
    domain: str = AGM


class SubscriptionCancelled(Outbound, frozen=True, tag="subscription-cancelled", gc=False):
    peer_id: str
    subscription_id: str
    reason_uri: str | None
    reason: str | None
    domain: str = AGM


VOCABULARY: Final = Vocabulary(
    domain=AGM,
    extensions=(BATCHES, CANCEL, DELIVERED, PROGRESS),
    accepted={
        "register": Register,
        "unregister": Unregister,
        "call": Call,
        "cancel-call": CancelCall,
        "progress": Progress,
        "yield": Yield,
        "error": Failure,
        "subscribe": Subscribe,
        "unsubscribe": Unsubscribe,
        "accepted": Accepted,
        "publish": Publish,
        "post": Post,
        "drop-subscription": DropSubscription,
        "widen-interest": Widen,
    },
    sent=(
        Announcements,
        PeerAdded,
        PeerRemoved,
        MethodsAdded,
        MethodsRemoved,
        Invoke,
        CancelInvocation,
        Progressed,
        Result,
        AddInterest,
        RemoveInterest,
        Subscribed,
        Event,
        SubscriptionCancelled,
    ),
    malformed={
        Register: REGISTRATION_FAILURE,
        Unregister: UNREGISTRATION_FAILURE,
        Call: INVOCATION_FAILURE,
        Unsubscribe: INVALID_SUBSCRIPTION,
        Accepted: INVALID_SUBSCRIPTION,
        DropSubscription: INVALID_SUBSCRIPTION,
    },
    described={Register: "methods"},
)
