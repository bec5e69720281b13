"""
What the messages of all domains of GW3 have in common, and what a domain says of its own.

A message is known by its domain and its type: two domains may each have a ``subscribed``. The
gateway answers a request in any domain with ``Success``, with ``Error``, or with a message of that
domain. Payloads (arguments, results, data) stay undecoded JSON (``msgspec.Raw``): the gateway
relays them as they came.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

__all__ = [
    "GLOBAL",
    "NULL",
    "Error",
    "Inbound",
    "Outbound",
    "Refused",
    "RequestId",
    "Success",
    "Vocabulary",
]

NULL: Final = Raw(b"null")

RequestId: TypeAlias = str | int | float | None
"""Chosen by the requester and echoed as it came."""

GLOBAL: Final = "global"
"""The domain in which peers log in; also that of a message without a domain."""


class Inbound(Struct, frozen=True, gc=False, omit_defaults=True):
    """A message from a peer to the gateway, with the fields that each of them may carry."""

    request_id: RequestId = None
    peer_id: str | None = None


class Outbound(Struct, frozen=True, tag_field="type"):
    """A message from the gateway to a peer."""


class Refused(Inbound, frozen=True):
    """
    A JSON object that is not an acceptable message: ``codec`` makes it, the router answers it.

    Attributes:
        domain: The domain that the object names; ``None`` when that is not a string.
    """

    domain: str | None = GLOBAL
    reason_uri: str = ""
    reason: str = ""


class Success(Outbound, frozen=True, tag="success", gc=False):
    request_id: RequestId
    peer_id: str
    domain: str


class Error(Outbound, frozen=True, tag="error", gc=False):
    request_id: RequestId
    peer_id: str | None
    reason_uri: str
    reason: str
    domain: str | None
    context: Raw | UnsetType = UNSET


class Vocabulary(Struct, frozen=True, kw_only=True):
    """
    The messages of one domain: the white list of what is read at either end.

    Attributes:
        domain: The name of the domain.
        version: The version of the domain that the gateway announces.
        extensions: Words for what the gateway can do there beyond GW3.
        accepted: What a gateway accepts from peers, by type.
        sent: What a gateway sends to peers, beside ``Success`` and ``Error``.
        malformed: The reason URI that a malformed message is answered with; for others it is
            ``<domain>.errors.failure``.
        described: The field of a message that the gateway looks into, and which may therefore not
            be nested deeply.
    """

    domain: str
    version: int = 1
    extensions: tuple[str, ...] = ()
    accepted: dict[str, type[Inbound]]
    sent: tuple[type[Outbound], ...] = ()
    malformed: dict[type[Inbound], str] = {}
    described: dict[type[Inbound], str] = {}
