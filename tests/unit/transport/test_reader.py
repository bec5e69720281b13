"""Frames are read as the library reads them, and refused before they are there."""

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from dash_interop.errors import ProtocolError
from dash_interop.transport.reader import FrameReader, pong

SIZES = [0, 1, 125, 126, 127, 65535, 65536, 70_000]


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def everything(reader: FrameReader) -> list[str | bytes]:
    frames: list[str | bytes] = []
    while (each := reader.read()) is not None:
        frames.append(each)
    return frames


def read(data: bytes, piece: int = 1 << 30, max_size: int = 1 << 20) -> list[str | bytes]:
    reader = FrameReader(max_size)
    frames: list[str | bytes] = []
    for at in range(0, len(data), piece):
        reader.feed(data[at : at + piece])
        frames += everything(reader)
    return frames


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1 << 30])
@pytest.mark.parametrize("size", SIZES)
def test_text_of_any_size_is_read_whatever_the_pieces_it_comes_in(size, piece):
    if piece < 7 and size > 1000:
        piece *= 997
    data = frame(Opcode.TEXT, b"x" * size) + frame(Opcode.TEXT, b"next")
    assert read(data, piece) == ["x" * size, "next"]


texts = st.text(max_size=200).map(str.encode)
fragmented = st.lists(texts, min_size=2, max_size=4).map(
    lambda parts: [
        frame(Opcode.CONT if number else Opcode.TEXT, part, fin=number == len(parts) - 1)
        for number, part in enumerate(parts)
    ]
)
whole = texts.map(lambda text: [frame(Opcode.TEXT, text)])


@given(st.lists(st.one_of(whole, fragmented), max_size=8), st.integers(1, 300), st.booleans())
def test_texts_are_those_that_the_library_reads(messages, piece, with_pings):
    ping = frame(Opcode.PING, b"?")
    data = b"".join(
        each + (ping if with_pings else b"") for message in messages for each in message
    )
    library = Protocol(Side.SERVER, state=State.OPEN, max_size=None)
    library.receive_data(data)
    events: Any = library.events_received()
    expected, text = [], b""
    for event in events:
        if event.opcode in (Opcode.TEXT, Opcode.CONT):
            text += bytes(event.data)
            if event.fin:
                expected.append(text.decode())
                text = b""
    assert [each for each in read(data, piece) if isinstance(each, str)] == expected


@given(st.binary(max_size=125))
def test_control_frame_comes_as_it_was_and_is_answered_with_its_payload(payload):
    ping = frame(Opcode.PING, payload)
    assert read(ping, 5) == [ping]
    assert pong(ping) == Frame(Opcode.PONG, payload).serialize(mask=False)


@pytest.mark.parametrize(
    "data, code",
    [
        (frame(Opcode.BINARY, b"x"), 1003),
        (frame(Opcode.TEXT, b"\xff"), 1007),
        (frame(Opcode.TEXT, b"\xff", fin=False) + frame(Opcode.CONT, b""), 1007),
        (Frame(Opcode.TEXT, b"x").serialize(mask=False), 1002),
        (frame(Opcode.CONT, b"x"), 1002),
        (frame(Opcode.TEXT, b"x", fin=False) + frame(Opcode.TEXT, b"x"), 1002),
        (b"\xc1\x80abcd", 1002),
        (b"\x83\x80abcd", 1002),
        (b"\x8b\x80abcd", 1002),
        (b"\x09\x80abcd", 1002),
        (b"\x89\xfe\x00\x7eabcd" + b"x" * 126, 1002),
        (frame(Opcode.TEXT, b"x" * 1001), 1009),
        (frame(Opcode.TEXT, b"x" * 500, fin=False) + frame(Opcode.CONT, b"x" * 501), 1009),
    ],
    # The masks differ from process to process, and names of tests must not.
    ids=[
        "binary",
        "no UTF-8",
        "half a character",
        "no mask",
        "nothing to continue",
        "text within a text",
        "reserved bit",
        "unknown opcode",
        "unknown control opcode",
        "ping in fragments",
        "long ping",
        "long text",
        "long fragments",
    ],
)
@pytest.mark.parametrize("piece", [1, 1 << 30])
def test_what_breaks_a_rule_is_an_error_with_its_code_and_what_was_before_is_read(
    data, code, piece
):
    reader = FrameReader(1000)
    seen: list[str | bytes] = []

    def feed() -> None:
        before = frame(Opcode.TEXT, b"before")
        for at in range(0, len(before + data), piece):
            reader.feed((before + data)[at : at + piece])
            while (each := reader.read()) is not None:
                seen.append(each)

    with pytest.raises(ProtocolError) as caught:
        feed()
    assert caught.value.close_code == code
    assert seen[0] == "before"


@pytest.mark.parametrize(
    "begun", [b"\x81\xff\x00\x00\x00\x00\x00\x10\x00\x00", b"\x81\xfe\x03\xe9"]
)
def test_frame_that_is_too_long_is_refused_by_its_header(begun):
    reader = FrameReader(1000)
    reader.too_long = "in our words"
    reader.feed(begun)
    with pytest.raises(ProtocolError, match="in our words"):
        reader.read()


def test_limit_may_be_changed_between_two_frames():
    reader = FrameReader(10)
    reader.feed(frame(Opcode.TEXT, b"x") + frame(Opcode.TEXT, b"x" * 1000))
    assert reader.read() == "x"
    reader.max_size = 1000
    assert reader.read() == "x" * 1000


@pytest.mark.parametrize("piece", [1, 50, 1000])
def test_fragments_and_unfinished_frames_take_no_more_memory_than_the_limit(piece):
    size = 100_000
    reader = FrameReader(size)
    parts = [frame(Opcode.CONT if n else Opcode.TEXT, b"x", fin=False) for n in range(size // 2)]
    data = b"".join(parts) + frame(Opcode.CONT, b"x" * (size // 2), fin=False)[:-1]
    tracemalloc.start()
    for at in range(0, len(data), piece):
        reader.feed(data[at : at + piece])
        while reader.read() is not None:
            pass
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1.5 * size


def test_nothing_of_a_long_text_stays_when_it_was_read():
    reader = FrameReader(1 << 20)
    data = frame(Opcode.TEXT, b"x" * 1_000_000)
    tracemalloc.start()
    for at in range(0, len(data), 1000):
        reader.feed(data[at : at + 1000])
    text = reader.read()
    assert isinstance(text, str)
    del text
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 10_000
