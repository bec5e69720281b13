"""
The domain ``context``: named maps that the peers of a user share.

Clients of this family speak it in the domain ``global``, without joining anything; a peer that has
joined ``context`` speaks it there. So each message is accepted in both, and is sent in the domain
that its reader has chosen.
"""

from __future__ import annotations

from typing import Any, Final, cast

from msgspec import UNSET, Raw, Struct, UnsetType, defstruct

from .envelope import GLOBAL, NULL, Inbound, Outbound, RequestId, Vocabulary

CONTEXT: Final = "context"

FAILURE: Final = "errors.failure"
NOT_AUTHORIZED: Final = "errors.not_authorized"
BAD_LIFETIME: Final = "errors.bad_lifetime"
CONFLICT: Final = "errors.conflict"
LIMITS_EXCEEDED: Final = "errors.limits_exceeded"
"""Reasons, behind the name of the domain in which the request is answered and a dot."""

DESTROYED: Final = "global.destroyed"
PEER_LEFT: Final = "context.peer-left"

RETAINED: Final = "retained"
OWNERSHIP: Final = "ownership"
REF_COUNTED: Final = "ref-counted"
LIFETIMES: Final = (RETAINED, OWNERSHIP, REF_COUNTED)

UNKNOWN_CONTEXT: Final = "Unable to find context with id"
"""How the reason begins by which clients know that there is no such context."""

MAX_RESTORED_VERSION: Final = 2**48
"""Versions stay whole numbers of JavaScript, however many writes follow."""


# From a peer to the gateway -----------------------------------------------------------------


class CreateContext(Inbound, frozen=True):
    name: str = ""
    data: Raw = NULL
    lifetime: Any = None
    read_permissions: str | None = None
    write_permissions: str | None = None
    version: int | UnsetType = UNSET
    """What the value had at a gateway that is gone: the context is restored."""
    echo: bool = False
    paths: list[str] | UnsetType = UNSET
    """What of the value was written, where the rest of it may come back from former members."""
    ends_unused: bool = False
    """Whether a retained context ends when it has been without members for long."""


class SubscribeContext(Inbound, frozen=True):
    context_id: str = ""


class UnsubscribeContext(Inbound, frozen=True):
    context_id: str = ""


class UpdateContext(Inbound, frozen=True):
    context_id: str = ""
    delta: Raw = NULL
    echo: bool = False
    """Whether its sender changes its own copy by ``ContextUpdated`` alone."""
    if_version: int | UnsetType = UNSET


class DestroyContext(Inbound, frozen=True):
    context_id: str = ""
    if_version: int | UnsetType = UNSET


# From the gateway to a peer -----------------------------------------------------------------


class ContextAdded(Outbound, frozen=True, tag="context-added", gc=False):
    peer_id: str
    creator_id: str | None
    context_id: str
    name: str
    domain: str = CONTEXT


class ContextCreated(Outbound, frozen=True, tag="context-created", gc=False):
    request_id: RequestId
    peer_id: str
    context_id: str
    domain: str = CONTEXT
    version: int | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    """The value, where it is not the data that were sent."""


class SubscribedContext(Outbound, frozen=True, tag="subscribed-context", gc=False):
    request_id: RequestId
    peer_id: str
    context_id: str
    data: Raw
    domain: str = CONTEXT
    version: int | UnsetType = UNSET
    restorable: bool | UnsetType = UNSET


class ContextUpdated(Outbound, frozen=True, tag="context-updated", gc=False):
    peer_id: str
    updater_id: str | None
    context_id: str
    delta: Raw
    domain: str = CONTEXT
    version: int | UnsetType = UNSET


class ContextUpdatedHead(Outbound, frozen=True, tag="context-updated", gc=False):
    """The beginning of a ``ContextUpdated``, which is each member's own."""

    peer_id: str
    domain: str


class ContextUpdatedTail(Struct, frozen=True, gc=False):
    """The rest of a ``ContextUpdated``, which is the same for all members."""

    updater_id: str | None
    context_id: str
    delta: Raw
    version: int


class ContextDestroyed(Outbound, frozen=True, tag="context-destroyed", gc=False):
    peer_id: str
    context_id: str
    reason_uri: str | None
    reason: str | None
    domain: str = CONTEXT


_ACCEPTED: Final[dict[str, type[Inbound]]] = {
    "create-context": CreateContext,
    "subscribe-context": SubscribeContext,
    "unsubscribe-context": UnsubscribeContext,
    "update-context": UpdateContext,
    "destroy-context": DestroyContext,
}
_SENT: Final = (ContextAdded, ContextCreated, SubscribedContext, ContextUpdated, ContextDestroyed)


def _in_context(type_: type[Inbound]) -> type[Inbound]:
    """The same message with a type of its own, by which a reader knows the domain it came in."""
    made: Any = defstruct(f"{type_.__name__}InContext", [], bases=(type_,), frozen=True)
    return cast("type[Inbound]", made)


IN_GLOBAL: Final = Vocabulary(domain=GLOBAL, accepted=_ACCEPTED, sent=_SENT)
"""As clients of this family speak it."""

VOCABULARY: Final = Vocabulary(
    domain=CONTEXT,
    version=2,
    accepted={name: _in_context(type_) for name, type_ in _ACCEPTED.items()},
    sent=_SENT,
)
