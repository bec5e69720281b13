"""Frames that are written by hand are those of the library, which reads them."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from dash_interop.transport import websocket
from dash_interop.transport.broadcast import Broadcast
from dash_interop.transport.sockets import AcceptedSocket
from dash_interop.transport.websocket import (
    WebSocketConnection,
    add_copy,
    add_text,
    open_websocket,
)

SIZES = [0, 1, 125, 126, 127, 1023, 1024, 65535, 65536, 70_000]


def read_by_a_client(data: bytes) -> list[bytes]:
    return read(Protocol(Side.CLIENT, state=State.OPEN, max_size=None), data)


def read_by_a_server(data: bytes) -> list[bytes]:
    return read(Protocol(Side.SERVER, state=State.OPEN, max_size=None), data)


def read(protocol: Protocol, data: bytes) -> list[bytes]:
    protocol.receive_data(data)
    frames: Any = protocol.events_received()
    assert all(frame.opcode is Opcode.TEXT and frame.fin for frame in frames)
    assert protocol.parser_exc is None
    return [bytes(frame.data) for frame in frames]


@pytest.mark.parametrize("size", SIZES)
def test_frame_of_a_server_is_the_one_that_the_library_writes(size):
    text = b"x" * size
    written = []
    add_text(written, text, None)
    assert b"".join(written) == Frame(Opcode.TEXT, text).serialize(mask=False)


@pytest.mark.parametrize("size", SIZES)
def test_frame_of_a_client_is_read_by_the_library(size):
    text = bytes(number % 128 for number in range(size))
    written = []
    add_text(written, text, b"\x01\x02\xfe\xff")
    assert read_by_a_server(b"".join(written)) == [text]
    assert size < 8 or text not in b"".join(written), "it is not masked"


@given(
    st.lists(st.text(max_size=300).map(str.encode), min_size=1, max_size=5),
    st.lists(st.text(max_size=100).map(str.encode), min_size=1, max_size=3),
)
def test_copies_of_a_broadcast_are_read_as_rows_of_frames(tails, heads):
    broadcast = Broadcast(tails[0])
    copies = [broadcast.copy(each) for each in (*((head,) for head in heads), tuple(heads))]
    for tail in tails[1:]:
        assert broadcast.add(tail)
    for copy in copies:
        written = []
        add_copy(written, copy)
        assert read_by_a_client(b"".join(written)) == copy.texts()


@pytest.mark.parametrize("size", SIZES)
def test_copy_has_the_header_of_its_size(size):
    written = []
    add_copy(written, Broadcast(b"x" * size).copy((b"head",)))
    text = b"head" + b"x" * size
    assert b"".join(written) == Frame(Opcode.TEXT, text).serialize(mask=False)


def test_frames_and_copies_arrive_in_order_whichever_end_sends_them():
    broadcast = Broadcast("2 é".encode())
    sent = [b"1", broadcast.copy((b"a", b"b")), broadcast.copy((b"c",)), b"4"]
    assert broadcast.add(b"3")
    expected = ["1", "a2 é", "b2 é", "a3", "b3", "c2 é", "c3", "4"]

    async def scenario():
        heard: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()

        async def answer(socket: AcceptedSocket) -> None:
            connection = WebSocketConnection(socket)
            frames = connection.frames()
            heard.set_result([await anext(frames) for _ in expected])
            connection.send(sent)
            await connection.wait_closed()

        accepting: Any = serve
        options = {"create_connection": AcceptedSocket}
        async with accepting(answer, "127.0.0.1", 0, **options) as server:
            host, port = server.sockets[0].getsockname()
            client = await open_websocket(f"ws://{host}:{port}")
            client.send(sent)
            frames = client.frames()
            answered = [await anext(frames) for _ in expected]
            await client.close(1000, "")
            return await heard, answered

    assert asyncio.run(asyncio.wait_for(scenario(), 5)) == (expected, expected)


@given(st.lists(st.text().map(str.encode), max_size=5), st.binary(min_size=4, max_size=4))
def test_rows_of_frames_are_read_as_they_were_written(texts, mask):
    plain, masked = [], []
    for text in texts:
        add_text(plain, text, None)
        add_text(masked, text, mask)
    assert read_by_a_client(b"".join(plain)) == texts
    assert read_by_a_server(b"".join(masked)) == texts


def test_gateway_that_is_there_but_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(websocket, "PING_INTERVAL", 0.1)
    monkeypatch.setattr(websocket, "PING_TIMEOUT", 0.1)
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.1)

    async def scenario():
        async def fall_silent(socket: Any) -> None:
            socket.transport.pause_reading()
            await socket.wait_closed()

        async with serve(fall_silent, "127.0.0.1", 0, close_timeout=0.1) as server:
            host, port = server.sockets[0].getsockname()
            client = await open_websocket(f"ws://{host}:{port}")
            return [frame async for frame in client.frames()]

    assert asyncio.run(asyncio.wait_for(scenario(), 30)) == []


def test_gateway_that_only_sends_is_there_however_late_its_pong(monkeypatch):
    monkeypatch.setattr(websocket, "PING_INTERVAL", 0.1)
    monkeypatch.setattr(websocket, "PING_TIMEOUT", 0.1)

    async def scenario():
        class Mute(ServerConnection):
            """Answers no ping."""

            def data_received(self, data: bytes) -> None:
                if self.request is None:
                    super().data_received(data)

        async def talk(socket: Any) -> None:
            for number in range(30):
                await socket.send(str(number))
                await asyncio.sleep(0.05)
            socket.transport.abort()

        accepting: Any = serve
        options = {"create_connection": Mute, "ping_interval": None}
        async with accepting(talk, "127.0.0.1", 0, **options) as server:
            host, port = server.sockets[0].getsockname()
            client = await open_websocket(f"ws://{host}:{port}")
            return [frame async for frame in client.frames()]

    assert asyncio.run(asyncio.wait_for(scenario(), 30)) == list(map(str, range(30)))
