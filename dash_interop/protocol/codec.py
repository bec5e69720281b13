"""
Text to message and back, at both ends: ``decode`` and ``encode`` are the gateway's, ``to_gateway``
and ``from_gateway`` those of its peers. Together with ``payloads`` the only place that knows JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, cast, get_args

import msgspec
from msgspec import Struct

from ..errors import ProtocolError
from .messages import (
    ACCEPTED,
    DOMAINS,
    GLOBAL,
    MALFORMED_REASON_URI,
    Hello,
    Inbound,
    Outbound,
    Refused,
    Register,
)

__all__ = ["decode", "encode", "from_gateway", "to_gateway"]


_MAX_DEPTH: Final = 32
"""How deep identities and method definitions may be nested; payloads are not looked into."""


class _Head(Struct, frozen=True, gc=False):
    """The fields that choose how the rest of a frame is read; typed loosely to answer mistakes."""

    domain: Any = None
    type: Any = None
    request_id: Any = None
    peer_id: Any = None


_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""An escape; in the group, half of a surrogate pair."""

_head: Final = msgspec.json.Decoder(_Head)
_decoders: Final = {key: msgspec.json.Decoder(type_) for key, type_ in ACCEPTED.items()}
_encoder: Final = msgspec.json.Encoder()

encode: Final = _encoder.encode
"""A message, or any JSON value, as UTF-8 JSON text."""

_heads: Final = {
    type_: encode({"domain": domain, "type": name})[:-1]
    for (domain, name), type_ in ACCEPTED.items()
}
_outbound: Final = msgspec.json.Decoder(Outbound)
_outbound_types: Final = frozenset(str(type_.__struct_config__.tag) for type_ in get_args(Outbound))


def decode(text: str | bytes) -> Inbound:
    """
    Read one frame that a peer sent.

    Args:
        text: One JSON object. Arrays and other values are not messages.

    Returns:
        The message, or a ``Refused`` that says why this JSON object is none we accept.

    Raises:
        ProtocolError: ``text`` is not a JSON object; the connection has to be closed with 1007.
    """
    try:
        head = _head.decode(text)
    except (msgspec.MsgspecError, UnicodeError) as error:
        mended = _mend(text)
        if mended is None:
            raise ProtocolError(f"not a JSON object: {error}") from error
        return decode(mended)
    except RecursionError:
        raise ProtocolError("nested too deeply") from None
    domain = GLOBAL if head.domain is None else head.domain
    try:
        decoder = _decoders[domain, head.type]
    except (KeyError, TypeError):
        return _refuse_unknown(domain, head)
    try:
        message = decoder.decode(text)
        if isinstance(message, Hello | Register) and _is_deeper(_described(message), _MAX_DEPTH):
            raise RecursionError
        return message
    except (msgspec.MsgspecError, UnicodeError) as error:
        reason = str(error)
    except RecursionError:
        reason = "nested too deeply"
    reason_uri = MALFORMED_REASON_URI.get(ACCEPTED[domain, head.type], f"{domain}.errors.failure")
    return Refused(*_ids(head), domain, reason_uri, f"Malformed {head.type}: {reason}")


def to_gateway(message: Inbound) -> bytes:
    """The frame of a peer's message."""
    fields = encode(message)
    head = _heads[type(message)]
    return head + b"}" if fields == b"{}" else head + b"," + fields[1:]


def from_gateway(text: str | bytes) -> Outbound | None:
    """
    Read one frame that the gateway sent.

    Returns:
        The message; ``None`` for one of a type or domain that is not spoken here, such as a
        context's.

    Raises:
        ProtocolError: ``text`` is no JSON object, or not what its type promises.
    """
    try:
        return _outbound.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        mended = _mend(text)
        if mended is not None:
            return from_gateway(mended)
        try:
            head = _head.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise ProtocolError(f"not a JSON object: {error}") from error
        if _is_foreign(head):
            return None
        raise ProtocolError(f"malformed {head.type}: {error}") from error


def _mend(text: str | bytes) -> str | None:
    """
    The text with U+FFFD for each half of a surrogate pair, which JavaScript writes for a text that
    was cut within an emoji and which no UTF-8 can hold; ``None`` where there is none.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeError:
            return None
    mended = _ESCAPE.sub(_whole, text)
    return None if mended == text else mended


def _whole(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape[1] else escape[0]


def _is_foreign(head: _Head) -> bool:
    """Whether it is of a type or domain that other peers speak."""
    domain = GLOBAL if head.domain is None else head.domain
    return (
        isinstance(head.type, str)
        and isinstance(domain, str)
        and (head.type not in _outbound_types or domain not in DOMAINS)
    )


def _described(message: Hello | Register) -> Any:
    return message.identity if isinstance(message, Hello) else message.methods


def _is_deeper(value: Any, levels: int) -> bool:
    children: Iterable[Any]
    if isinstance(value, dict):
        children = cast("dict[str, Any]", value).values()
    elif isinstance(value, list):
        children = cast("list[Any]", value)
    else:
        return False
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)


def _refuse_unknown(domain: Any, head: _Head) -> Refused:
    if domain in DOMAINS:
        return Refused(
            *_ids(head), domain, f"{domain}.errors.unhandled_message", "Unknown message type"
        )
    return Refused(
        *_ids(head),
        domain if isinstance(domain, str) else None,
        "global.errors.failure",
        "Unknown domain",
    )


def _ids(head: _Head) -> tuple[Any, str | None]:
    """``request_id`` (-1 when none can be echoed, as the reference gateway has it), ``peer_id``."""
    request_id = head.request_id
    if isinstance(request_id, bool) or not isinstance(request_id, str | int | float):
        request_id = -1
    return request_id, head.peer_id if isinstance(head.peer_id, str) else None
