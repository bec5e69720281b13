"""
Text to message and back, at both ends: ``decode`` and ``encode`` are the gateway's, ``to_gateway``
and ``from_gateway`` those of its peers. Together with ``payloads`` the only place that knows JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from ..errors import ProtocolError
from .envelope import GLOBAL, Error, Inbound, Outbound, Refused, Success, Vocabulary

__all__ = ["Codec", "encode", "encode_head", "encode_tail"]


_MAX_DEPTH: Final = 32
"""How deep identities and method definitions may be nested; payloads are not looked into."""


class _Head(Struct, frozen=True, gc=False):
    """The fields that choose how the rest of a frame is read; typed loosely to answer mistakes."""

    domain: Any = None
    type: Any = None
    request_id: Any = None
    peer_id: Any = None


_HEX: Final = "[0-9a-fA-F]"
_HALF: Final = re.compile(
    rf"\\u[dD](?:[89abAB]{_HEX}{{2}}(?!\\u[dD][c-fC-F]{_HEX}{{2}})"
    rf"|[c-fC-F]{_HEX}{{2}}(?<!\\u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}))"
)
"""An escape that is half of a surrogate pair, where no backslash stands for itself. It begins with
what is looked for fast, as all that others say has to wait meanwhile."""

_MOST_HALVES: Final = 100_000
"""Halves of surrogate pairs in one frame; a text that was cut has one at each of its ends."""

_BACKSLASH, _HIDDEN = "\\\\", "\0\0"
"""The escape for a backslash, and what stands for it meanwhile: no JSON has it."""

_head: Final = msgspec.json.Decoder(_Head)
_encoder: Final = msgspec.json.Encoder()

encode: Final = _encoder.encode
"""A message to a peer, or any JSON value, as UTF-8 JSON text."""


def encode_head(fields: Struct) -> bytes:
    """The beginning of a JSON object, which ``encode_tail`` ends."""
    return encode(fields)[:-1] + b","


def encode_tail(fields: Struct) -> bytes:
    """The rest of a JSON object that ``encode_head`` begins; with at least one field."""
    return encode(fields)[1:]


class Codec:
    """
    The messages of some domains as text.

    Args:
        vocabularies: Of the domains that are spoken. No other message ever reaches a handler.
    """

    def __init__(self, vocabularies: Iterable[Vocabulary]) -> None:
        self._domains: set[str] = set()
        self._accepted: dict[tuple[Any, Any], Callable[[str | bytes], Inbound]] = {}
        self._sent: dict[tuple[Any, Any], Callable[[str | bytes], Outbound]] = {}
        self._heads: dict[type[Inbound], bytes] = {}
        self._malformed: dict[tuple[Any, Any], str] = {}
        for vocabulary in vocabularies:
            self._learn(vocabulary)

    def _learn(self, vocabulary: Vocabulary) -> None:
        domain = vocabulary.domain
        self._domains.add(domain)
        for name, type_ in vocabulary.accepted.items():
            self._accepted[domain, name] = _reader(type_, vocabulary.described.get(type_))
            self._heads[type_] = encode({"domain": domain, "type": name})[:-1]
            self._malformed[domain, name] = vocabulary.malformed.get(
                type_, f"{domain}.errors.failure"
            )
        for sent in (Success, Error, *vocabulary.sent):
            self._sent[domain, sent.__struct_config__.tag] = msgspec.json.Decoder(sent).decode

    def decode(self, text: str | bytes) -> Inbound:
        """
        Read one frame that a peer sent.

        Args:
            text: One JSON object. Arrays and other values are not messages.

        Returns:
            The message, or a ``Refused`` that says why this JSON object is not acceptable.

        Raises:
            ProtocolError: ``text`` is not a JSON object; the connection has to be closed with 1007.
        """
        try:
            head = _head.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            return self.decode(_mend(text, error))
        domain = GLOBAL if head.domain is None else head.domain
        try:
            read = self._accepted[domain, head.type]
        except (KeyError, TypeError):
            return self._refuse_unknown(domain, head)
        try:
            return read(text)
        except (msgspec.MsgspecError, UnicodeError) as error:
            reason = str(error)
        except RecursionError:
            reason = "nested too deeply"
        reason_uri = self._malformed[domain, head.type]
        return Refused(*_ids(head), domain, reason_uri, f"Malformed {head.type}: {reason}")

    def to_gateway(self, message: Inbound) -> bytes:
        """The frame of a peer's message."""
        fields = encode(message)
        head = self._heads[type(message)]
        return head + b"}" if fields == b"{}" else head + b"," + fields[1:]

    def from_gateway(self, text: str | bytes) -> Outbound | None:
        """
        Read one frame that the gateway sent.

        Returns:
            The message; ``None`` for one of a type or domain that is not spoken here.

        Raises:
            ProtocolError: ``text`` is not a JSON object, or not what its type promises.
        """
        try:
            head = _head.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            return self.from_gateway(_mend(text, error))
        domain = GLOBAL if head.domain is None else head.domain
        if not isinstance(domain, str) or not isinstance(head.type, str):
            raise ProtocolError(f"malformed {head.type}: domain and type have to be strings")
        read = self._sent.get((domain, head.type))
        if read is None:
            return None
        try:
            return read(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise ProtocolError(f"malformed {head.type}: {error}") from error

    def _refuse_unknown(self, domain: Any, head: _Head) -> Refused:
        if isinstance(domain, str) and domain in self._domains:
            return Refused(
                *_ids(head), domain, f"{domain}.errors.unhandled_message", "Unknown message type"
            )
        return Refused(
            *_ids(head),
            domain if isinstance(domain, str) else None,
            "global.errors.failure",
            "Unknown domain",
        )


def _reader(type_: type[Inbound], described: str | None) -> Callable[[str | bytes], Inbound]:
    decode = msgspec.json.Decoder(type_).decode
    if described is None:
        return decode

    def read(text: str | bytes) -> Inbound:
        message = decode(text)
        if _is_deeper(getattr(message, described), _MAX_DEPTH):
            raise RecursionError
        return message

    return read


def _mend(text: str | bytes, error: Exception) -> str:
    """
    The text with U+FFFD for each half of a surrogate pair, which JavaScript writes for a text that
    was cut within an emoji and which no UTF-8 can hold.

    Args:
        text: What could not be read.
        error: Why.

    Raises:
        ProtocolError: There is nothing to mend: ``text`` is not a JSON object.
    """
    if isinstance(error, RecursionError):
        raise ProtocolError("not a JSON object: nested too deeply") from None
    try:
        whole = text.decode() if isinstance(text, bytes) else text
    except UnicodeError:
        raise ProtocolError(f"not a JSON object: {error}") from error
    hidden = whole.replace(_BACKSLASH, _HIDDEN)
    mended, count = _HALF.subn(r"\\ufffd", hidden, _MOST_HALVES + 1)
    if not count or _HIDDEN[0] in whole:
        raise ProtocolError(f"not a JSON object: {error}") from error
    if count > _MOST_HALVES:
        reason = f"more than {_MOST_HALVES} halves of surrogate pairs"
        raise ProtocolError(f"not a JSON object: {reason}")
    return mended.replace(_HIDDEN, _BACKSLASH)


def _is_deeper(value: Any, levels: int) -> bool:
    children: Iterable[Any]
    if isinstance(value, dict):
        children = cast("dict[str, Any]", value).values()
    elif isinstance(value, list):
        children = cast("list[Any]", value)
    else:
        return False
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)


def _ids(head: _Head) -> tuple[Any, str | None]:
    """``request_id`` (-1, as at the reference gateway, when it cannot be echoed), ``peer_id``."""
    request_id = head.request_id
    if isinstance(request_id, bool) or not isinstance(request_id, str | int | float):
        request_id = -1
    return request_id, head.peer_id if isinstance(head.peer_id, str) else None
