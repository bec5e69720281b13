"""The frames that a client's bytes are, read one by one and no further than somebody asks for."""

from __future__ import annotations

from struct import Struct

from websockets.frames import CloseCode

from ..errors import ProtocolError
from .masks import apply_mask

__all__ = ["FrameReader", "pong"]

_FINAL_TEXT = 0x81
_FINAL, _RESERVED, _OPCODE, _MASKED, _SIZE = 0x80, 0x70, 0x0F, 0x80, 0x7F
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PONG = 0x0, 0x1, 0x2, 0x8, 0xA
_MEDIUM, _LONG = 126, 127
_read_medium, _read_long = Struct("!H").unpack_from, Struct("!Q").unpack_from
_MASK_SIZE = 4
_MOST_OF_CONTROL = 125


def pong(ping: bytes) -> bytes:
    """What a server answers to a ping, as ``FrameReader.read`` returns it."""
    payload = ping[2 + _MASK_SIZE :]
    head = bytes((_FINAL | _PONG, len(payload)))
    return head + apply_mask(payload, ping[2 : 2 + _MASK_SIZE])


class FrameReader:
    """
    Bytes of a WebSocket's client in, texts and control frames out.

    A frame is judged by its header: one that is too long is refused before it is there, and what
    fragments of a text have come so far counts as one frame. So what is kept is never more than one
    frame of the greatest size, beside what was fed at last.

    Args:
        max_size: Bytes of the longest text.

    Attributes:
        max_size: The same; it may be changed at any time.
        too_long: What is said of a longer one.
    """

    __slots__ = ("_at", "_data", "_text", "max_size", "too_long")

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size
        self.too_long = "A frame is too long"
        self._data: bytes | bytearray = b""
        self._at = 0
        """Where in the data the next frame begins."""
        self._text: bytearray | None = None
        """What has come of a text that is in fragments."""

    def feed(self, data: bytes) -> None:
        """Add what has arrived."""
        if self._at == len(self._data):
            self._data, self._at = data, 0
            return
        if not isinstance(self._data, bytearray):
            self._data = bytearray(memoryview(self._data)[self._at :])
        elif self._at:
            del self._data[: self._at]
        self._at = 0
        self._data += data

    def read(self) -> str | bytes | None:
        """
        Read on up to the next whole frame.

        Returns:
            A text; a control frame as it came, with two bytes of header and the mask; the empty
            bytes for a fragment that ends no text; or ``None`` when more has to arrive first.

        Raises:
            ProtocolError: What has arrived breaks a rule. Nothing can be read behind it.
        """
        data, at = self._data, self._at
        there = len(data) - at
        if there < 2:
            return None
        first, second = data[at], data[at + 1]
        size, start = second & _SIZE, at + 2
        if size == _MEDIUM:
            if there < 4:
                return None
            (size,), start = _read_medium(data, start), at + 4
        elif size == _LONG:
            if there < 10:
                return None
            (size,), start = _read_long(data, start), at + 10
        start += _MASK_SIZE
        if first != _FINAL_TEXT or self._text is not None or not second & _MASKED:
            self._check(first, second)
        if size > self.max_size or (self._text and len(self._text) + size > self.max_size):
            # The longest control frame is shorter than any bound.
            raise ProtocolError(self.too_long, CloseCode.MESSAGE_TOO_BIG)
        end = start + size
        if len(data) < end:
            return None
        if end == len(data):
            # Nothing that was long stays while nothing comes.
            self._data, self._at = b"", 0
        else:
            self._at = end
        if first & _CLOSE:
            return bytes(data[at:end])
        payload = apply_mask(data[start:end], data[start - _MASK_SIZE : start])
        if first == _FINAL_TEXT:
            return _decode(payload)
        return self._add(payload, first & _FINAL)

    def _check(self, first: int, second: int) -> None:
        """Judge a header that is not the usual one."""
        opcode, is_final = first & _OPCODE, first & _FINAL
        if first & _RESERVED:
            raise ProtocolError("Reserved bits are set", CloseCode.PROTOCOL_ERROR)
        if not second & _MASKED:
            raise ProtocolError("A frame of a client has to be masked", CloseCode.PROTOCOL_ERROR)
        if opcode & _CLOSE:
            if opcode > _PONG or not is_final or second & _SIZE > _MOST_OF_CONTROL:
                raise ProtocolError("Malformed control frame", CloseCode.PROTOCOL_ERROR)
        elif opcode == _BINARY:
            reason = "Binary frames are not part of the protocol"
            raise ProtocolError(reason, CloseCode.UNSUPPORTED_DATA)
        elif opcode not in (_TEXT, _CONTINUATION):
            raise ProtocolError("Unknown kind of frame", CloseCode.PROTOCOL_ERROR)
        elif (opcode == _CONTINUATION) != (self._text is not None):
            raise ProtocolError("Fragments out of order", CloseCode.PROTOCOL_ERROR)

    def _add(self, payload: bytes, is_final: int) -> str | bytes:
        """Add a fragment of a text."""
        if self._text is None:
            self._text = bytearray()
        self._text += payload
        if not is_final:
            return b""
        text, self._text = self._text, None
        return _decode(text)


def _decode(payload: bytes | bytearray) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(f"Not UTF-8: {error.reason}", CloseCode.INVALID_DATA) from None
