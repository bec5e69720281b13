"""What a peer says of a context that it creates, checked."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import UNSET, Raw, Struct

from ...wire.contexts import (
    BAD_LIFETIME,
    FAILURE,
    LIFETIMES,
    LIMITS_EXCEEDED,
    MAX_RESTORED_VERSION,
    RETAINED,
    CreateContext,
)
from ...wire.deltas import DeltaRefused
from ..limits import Limits
from ..restrictions import Restriction, RestrictionError, parse
from .refusals import RequestRefused
from .value import Value, ValueTooLarge
from .written import Written

__all__ = ["Draft", "Permissions", "new_value", "read_draft"]

Permissions: TypeAlias = tuple[Restriction | None, Restriction | None]
"""Who may read, and who may write; ``None`` for everybody of the user."""

_EMPTY: Final = Raw(b"{}")


class Draft(Struct, frozen=True):
    """
    Attributes:
        written: What of the value a peer has written, and not brought back.
        restored: The version that the value had at another gateway; ``None`` for a new context.
        is_changed: Whether the value is not the data that were sent.
        ends_unused: Whether it ends when it has been without members for long.
    """

    name: str
    lifetime: str
    value: Value
    written: Written
    permissions: Permissions = (None, None)
    restored: int | None = None
    is_changed: bool = False
    ends_unused: bool = False


def read_draft(message: CreateContext, limits: Limits) -> Draft:
    """
    Raises:
        RequestRefused: Something in it cannot be used.
    """
    if not 0 < len(message.name) <= limits.name_length:
        reason = f"The name of a context has 1 to {limits.name_length} characters"
        raise RequestRefused(FAILURE, reason)
    if message.lifetime not in LIFETIMES:
        reason = f"Bad lifetime value {message.lifetime!r:.100}: known are {', '.join(LIFETIMES)}"
        raise RequestRefused(BAD_LIFETIME, reason)
    permissions = (
        _permission("read_permissions", message.read_permissions, limits),
        _permission("write_permissions", message.write_permissions, limits),
    )
    data = _EMPTY if bytes(message.data) == b"null" else message.data
    value = new_value(data, limits)
    return Draft(
        message.name,
        message.lifetime,
        value,
        _written(message, value),
        permissions,
        _restored(message, permissions),
        bytes(data)[:1] == b"[",
        message.ends_unused and message.lifetime == RETAINED,
    )


def new_value(data: Raw, limits: Limits) -> Value:
    """
    Raises:
        RequestRefused: It cannot be the value of a context.
    """
    try:
        return Value(data, limits.context_size)
    except DeltaRefused as refusal:
        raise RequestRefused(FAILURE, str(refusal)) from None
    except ValueTooLarge:
        reason = f"The value of a context has at most {limits.context_size} bytes"
        raise RequestRefused(LIMITS_EXCEEDED, reason) from None


def _permission(name: str, text: str | None, limits: Limits) -> Restriction | None:
    if not text:
        return None
    try:
        if len(text) > limits.restriction_length:
            raise RestrictionError(f"longer than {limits.restriction_length} characters")
        return parse(text)
    except RestrictionError as error:
        raise RequestRefused(FAILURE, f"{name}: {error}") from None


def _written(message: CreateContext, value: Value) -> Written:
    if message.version is not UNSET:
        return Written()
    if message.paths is UNSET:
        return Written.everywhere()
    paths = [tuple(path.split(".")) for path in message.paths]
    return Written({path: value.has_map(path[:-1]) for path in paths})


def _restored(message: CreateContext, permissions: Permissions) -> int | None:
    version = message.version
    if version is UNSET:
        return None
    if not 0 < version <= MAX_RESTORED_VERSION:
        reason = f"The version of a restored context is 1 to {MAX_RESTORED_VERSION}"
        raise RequestRefused(FAILURE, reason)
    if message.lifetime != RETAINED or permissions != (None, None):
        reason = "Only a retained context without permissions can be restored"
        raise RequestRefused(FAILURE, reason)
    return version
