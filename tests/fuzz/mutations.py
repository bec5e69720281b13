"""
What is done to messages before they are sent: to their fields, to their text, to the WebSocket.

Nothing here is nested deeper than software on the way takes without harm.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.bench.wire import text_frame

__all__ = ["Mutator", "frames_of", "rude", "text_of"]

Message = dict[str, Any]

DEEPEST = 200
"""Levels of nesting."""

LONGEST = 40_000
"""Characters of a long text."""

PING, PONG, CLOSE, BINARY, CONTINUATION = 0x9, 0xA, 0x8, 0x2, 0x0


class Mutator:
    """
    Changes messages.

    Args:
        random: Chooses.
        value: Makes any JSON value.
    """

    def __init__(self, random: Random, value: Callable[[], Any]) -> None:
        self._random = random
        self._value = value
        self._changes: list[Callable[[Message], Message]] = [
            self._drop,
            self._add,
            self._retype,
            self._retype,
            self._lengthen,
            self._nest,
            self._multiply,
            self._number,
            self._lose_sender,
            self._confuse,
        ]

    def change(self, message: Message) -> Message:
        """The message, with one thing or two in it that are not as they should be."""
        for _ in range(self._random.choice([1, 1, 1, 2])):
            message = self._random.choice(self._changes)(dict(message))
        return message

    def damage(self, text: str) -> str:
        """The text, so that it may not be JSON any more; that ends a connection."""
        random = self._random
        at = random.randrange(len(text) + 1)
        return random.choice(
            [
                text[:at],
                text[:at] + random.choice('{}[]",:\\\x00\ufeff') + text[at:],
                text + text,
                f"[{text}]",
                text.replace(":", ":NaN,", 1),
                "",
            ]
        )

    def _field(self, message: Message) -> str:
        return self._random.choice(list(message))

    def _drop(self, message: Message) -> Message:
        del message[self._field(message)]
        return message or {"type": "x"}

    def _add(self, message: Message) -> Message:
        name = self._random.choice(["extra", "", "peerId", "TYPE", "\ud800", "x" * 300])
        return {**message, name: self._value()}

    def _retype(self, message: Message) -> Message:
        return {**message, self._field(message): self._value()}

    def _lengthen(self, message: Message) -> Message:
        return {**message, self._field(message): "y" * self._random.randrange(LONGEST)}

    def _nest(self, message: Message) -> Message:
        nested: Any = self._value()
        is_list = self._random.random() < 0.5
        for _ in range(self._random.randrange(DEEPEST)):
            nested = [nested] if is_list else {"n": nested}
        return {**message, self._field(message): nested}

    def _multiply(self, message: Message) -> Message:
        name = self._field(message)
        return {**message, name: [message[name]] * self._random.randrange(50)}

    def _number(self, message: Message) -> Message:
        number = self._random.choice([10**30, 10**320, -(10**19), 2**64, 1e308, -0.0, 1e-320])
        return {**message, self._field(message): number}

    def _lose_sender(self, message: Message) -> Message:
        message.pop("peer_id", None)
        return message

    def _confuse(self, message: Message) -> Message:
        domains = ["agm", "bus", "context", "metrics", "global", "activity", None, "", 5, {}]
        return {**message, "domain": self._random.choice(domains)}


def text_of(message: Message, random: Random) -> str:
    """As JSON, with escapes or without, and now and then with a field that is there twice."""
    text = json.dumps(message, separators=random.choice([(",", ":"), (", ", ": ")]))
    if random.random() < 0.02:
        return text[:-1] + ',"request_id":"again"}'
    return text


def frames_of(text: str, random: Random) -> bytes:
    """The WebSocket frames of a text: most often one, else some, with pings between them."""
    payload = text.encode("utf-8", "surrogatepass")
    if random.random() < 0.97 or not payload:
        return text_frame(payload)
    pieces = min(len(payload), random.randrange(2, 8))
    ends = sorted(random.sample(range(len(payload) + 1), pieces - 1))
    parts = [payload[a:b] for a, b in zip([0, *ends], [*ends, len(payload)], strict=True)]
    sent = b""
    for number, part in enumerate(parts):
        opcode = 0x1 if number == 0 else CONTINUATION
        sent += frame(part, opcode, is_last=number == len(parts) - 1)
        if random.random() < 0.3:
            sent += frame(random.randbytes(random.randrange(126)), random.choice([PING, PONG]))
    return sent


def frame(payload: bytes, opcode: int, *, is_last: bool = True) -> bytes:
    """A masked frame of any kind, with the masking key zero."""
    whole = text_frame(payload)
    return bytes([(0x80 if is_last else 0) | opcode]) + whole[1:]


def rude(random: Random) -> bytes:
    """What is below messages, and ends a connection."""
    return random.choice(
        [
            frame(b"{}", BINARY),
            frame(b"x", CONTINUATION),
            frame(b"x", 0x3),
            frame(b"\xff\xfe{}", 0x1),
            frame(random.choice([b"", b"\x03\xe8", b"\x0f\xa0bye", b"\0\1", b"\3"]), CLOSE),
            frame(b"x" * 126, PING),
            frame(b"{", 0x1, is_last=False) + text_frame(b"{}"),
            b"\x81\x05hello",
            b"\xf1\x80\0\0\0\0",
            b"\x81\xff" + (1 << 63).to_bytes(8, "big") + b"\0\0\0\0",
            b"\x81\xff" + (17 << 20).to_bytes(8, "big") + b"\0\0\0\0",
            random.randbytes(random.randrange(1, 60)),
        ]
    )
