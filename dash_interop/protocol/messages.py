"""
Every GW3 message this package speaks, and the white list of what a gateway accepts.

Payloads (arguments, results, stream data) stay undecoded JSON (``msgspec.Raw``): the gateway
relays them as they came. Inbound messages are listed in ``ACCEPTED`` by domain and type; nothing
else is ever dispatched.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

NULL: Final = Raw(b"null")

RequestId: TypeAlias = str | int | float | None
"""Chosen by the requester and echoed as it came."""

MethodId: TypeAlias = str | int
"""Chosen by the server; ``1`` and ``"1"`` are two methods."""

StreamId: TypeAlias = str | int

GLOBAL: Final = "global"
AGM: Final = "agm"
METRICS: Final = "metrics"
DOMAINS: Final = (AGM, GLOBAL, METRICS)

# Error and reason URIs ----------------------------------------------------------------------

AUTHENTICATION_FAILURE: Final = "global.errors.authentication.failure"
ALREADY_SEEN: Final = "global.errors.already_seen"
LIMITS_EXCEEDED: Final = "global.errors.limits_exceeded"
NOT_AUTHORIZED: Final = "global.errors.not_authorized"
INVALID_DOMAIN: Final = "global.errors.invalid_domain"
INVALID_PEER: Final = "global.errors.invalid_peer"
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


class Inbound(Struct, frozen=True, gc=False, omit_defaults=True):
    """What every frame to the gateway may carry."""

    request_id: RequestId = None
    peer_id: str | None = None


class Authentication(Struct, frozen=True, omit_defaults=True):
    """Credentials of a hello. ``secret`` uses login and secret, the token methods use token."""

    method: str | None = None
    login: str | None = None
    secret: str | None = None
    token: str | None = None


class Hello(Inbound, frozen=True):
    identity: dict[str, Any] = {}
    authentication: Authentication = Authentication()


class CreateToken(Inbound, frozen=True):
    pass


class Ping(Inbound, frozen=True):
    pass


class Join(Inbound, frozen=True):
    destination: str = ""
    restrictions: str | None = None


class Leave(Inbound, frozen=True):
    destination: str = ""
    reason_uri: str | None = None
    reason: str | None = None


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


class Metrics(Inbound, frozen=True):
    """``define`` and ``publish`` of the metrics domain: accepted and ignored."""


class Refused(Inbound, frozen=True):
    """A JSON object that is no message we accept; ``codec`` makes it, the router answers it."""

    domain: str | None = GLOBAL
    reason_uri: str = ""
    reason: str = ""


ACCEPTED: Final[dict[tuple[str, str], type[Inbound]]] = {
    (GLOBAL, "hello"): Hello,
    (GLOBAL, "create-token"): CreateToken,
    (GLOBAL, "ping"): Ping,
    (GLOBAL, "join"): Join,
    (GLOBAL, "leave"): Leave,
    (AGM, "register"): Register,
    (AGM, "unregister"): Unregister,
    (AGM, "call"): Call,
    (AGM, "yield"): Yield,
    (AGM, "error"): Failure,
    (AGM, "subscribe"): Subscribe,
    (AGM, "unsubscribe"): Unsubscribe,
    (AGM, "accepted"): Accepted,
    (AGM, "publish"): Publish,
    (AGM, "post"): Post,
    (AGM, "drop-subscription"): DropSubscription,
    (METRICS, "define"): Metrics,
    (METRICS, "publish"): Metrics,
}

MALFORMED_REASON_URI: Final[dict[type[Inbound], str]] = {
    Hello: AUTHENTICATION_FAILURE,
    Register: REGISTRATION_FAILURE,
    Unregister: UNREGISTRATION_FAILURE,
    Call: INVOCATION_FAILURE,
    Unsubscribe: INVALID_SUBSCRIPTION,
    Accepted: INVALID_SUBSCRIPTION,
    DropSubscription: INVALID_SUBSCRIPTION,
}
"""What a malformed message of a type is answered with; ``<domain>.errors.failure`` otherwise."""


# From the gateway to a peer -----------------------------------------------------------------


class Domain(Struct, frozen=True):
    uri: str
    version: int = 1
    description: str = ""


class Welcome(Struct, frozen=True, tag_field="type", tag="welcome"):
    request_id: RequestId
    peer_id: str
    resolved_identity: dict[str, Any]
    available_domains: tuple[Domain, ...]
    options: dict[str, Any] = {}
    domain: str = GLOBAL
    max_size: int | UnsetType = UNSET
    """Bytes of the longest frame that is taken; other gateways do not say."""


class Token(Struct, frozen=True, tag_field="type", tag="token"):
    request_id: RequestId
    peer_id: str
    token: str
    domain: str = GLOBAL


class Success(Struct, frozen=True, tag_field="type", tag="success", gc=False):
    request_id: RequestId
    peer_id: str
    domain: str = AGM


class Error(Struct, frozen=True, tag_field="type", tag="error", gc=False):
    request_id: RequestId
    peer_id: str | None
    reason_uri: str
    reason: str
    domain: str | None = AGM
    context: Raw | UnsetType = UNSET


class PeerAdded(Struct, frozen=True, tag_field="type", tag="peer-added", gc=False):
    peer_id: str
    new_peer_id: str
    identity: Raw
    meta: Raw = Raw(b'{"local":true}')
    domain: str = AGM


class PeerRemoved(Struct, frozen=True, tag_field="type", tag="peer-removed", gc=False):
    peer_id: str
    removed_id: str
    reason_uri: str | None
    reason: str | None
    domain: str = AGM


class MethodsAdded(Struct, frozen=True, tag_field="type", tag="methods-added"):
    peer_id: str
    server_id: str
    methods: list[Raw]
    source_type: str = "local"
    domain: str = AGM


class MethodsRemoved(Struct, frozen=True, tag_field="type", tag="methods-removed"):
    peer_id: str
    server_id: str
    methods: list[MethodId]
    domain: str = AGM


class Invoke(Struct, frozen=True, tag_field="type", tag="invoke", gc=False):
    peer_id: str
    invocation_id: str
    method_id: MethodId
    caller_id: str
    arguments: Raw
    arguments_kv: Raw
    context: Raw
    domain: str = AGM


class Result(Struct, frozen=True, tag_field="type", tag="result", gc=False):
    request_id: RequestId
    peer_id: str
    result: Raw
    domain: str = AGM


class AddInterest(Struct, frozen=True, tag_field="type", tag="add-interest", gc=False):
    peer_id: str
    subscription_id: str
    method_id: MethodId
    caller_id: str
    arguments: Raw
    arguments_kv: Raw
    flags: Raw
    context: Raw
    domain: str = AGM


class RemoveInterest(Struct, frozen=True, tag_field="type", tag="remove-interest", gc=False):
    peer_id: str
    subscription_id: str
    method_id: MethodId
    caller_id: str
    reason_uri: str | None
    reason: str | None
    domain: str = AGM


class Subscribed(Struct, frozen=True, tag_field="type", tag="subscribed", gc=False):
    request_id: RequestId
    peer_id: str
    subscription_id: str
    domain: str = AGM


class Event(Struct, frozen=True, tag_field="type", tag="event", gc=False):
    peer_id: str
    subscription_id: str
    oob: bool
    sequence: Raw
    snapshot: Raw
    data: Raw
    domain: str = AGM


class SubscriptionCancelled(
    Struct, frozen=True, tag_field="type", tag="subscription-cancelled", gc=False
):
    peer_id: str
    subscription_id: str
    reason_uri: str | None
    reason: str | None
    domain: str = AGM


Outbound: TypeAlias = (
    Welcome
    | Token
    | Success
    | Error
    | PeerAdded
    | PeerRemoved
    | MethodsAdded
    | MethodsRemoved
    | Invoke
    | Result
    | AddInterest
    | RemoveInterest
    | Subscribed
    | Event
    | SubscriptionCancelled
)
