"""The server's end of a real socket: it takes turns, and lets who sends too much wait."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import serve
from websockets.frames import Frame, Opcode

from dash_interop.errors import ProtocolError
from dash_interop.transport.loop import new_event_loop
from dash_interop.transport.sockets import CONTROL_COST, TURN_FRAMES, AcceptedSocket
from tests.support.client import DEADLINE, until

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PING = Frame(Opcode.PING, b"").serialize(mask=True)
PONG = b"\x8a\x00"
CLOSE = Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True)


def text(content: object) -> bytes:
    return Frame(Opcode.TEXT, str(content).encode()).serialize(mask=True)


class Turns:
    """Counts what happens between two turns of the loop."""

    def __init__(self) -> None:
        self._in_turn = self.most = self.total = 0
        self._turning = asyncio.ensure_future(self._turn())

    def count(self, number: int = 1) -> None:
        self._in_turn += number
        self.total += number
        self.most = max(self.most, self._in_turn)

    def stop(self) -> None:
        self._turning.cancel()

    async def _turn(self) -> None:
        while True:
            self._in_turn = 0
            await asyncio.sleep(0)


@asynccontextmanager
async def listening(handler: Callable[[AcceptedSocket], Awaitable[None]]) -> AsyncIterator[int]:
    accepting: Any = serve
    options = {"create_connection": AcceptedSocket, "ping_interval": None}
    async with accepting(handler, "127.0.0.1", 0, **options) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def visiting(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def opened(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(REQUEST)
    await reader.readuntil(b"\r\n\r\n")


@pytest.fixture(params=[asyncio.new_event_loop, new_event_loop], ids=["asyncio", "as the gateway"])
def run(request):
    def run_until_complete(scenario: Callable[[], Awaitable[Any]]) -> Any:
        loop: asyncio.AbstractEventLoop = request.param()
        try:
            return loop.run_until_complete(asyncio.wait_for(scenario(), 30))
        finally:
            loop.close()

    return run_until_complete


def test_no_more_than_a_share_is_read_in_a_turn_and_all_of_it_in_order(run):
    count = 5_000

    async def scenario():
        turns, heard = Turns(), []
        done = asyncio.Event()

        async def take(accepted: AcceptedSocket) -> None:
            async for each in accepted:
                turns.count()
                heard.append(each)
                if len(heard) == count:
                    done.set()

        async with listening(take) as port, visiting(port) as (reader, writer):
            await opened(reader, writer)
            writer.write(b"".join(map(text, range(count))))
            await asyncio.wait_for(done.wait(), DEADLINE)
        turns.stop()
        return turns.most, heard

    most, heard = run(scenario)
    assert heard == list(map(str, range(count)))
    assert most <= TURN_FRAMES


def test_pings_have_their_share_too_and_each_has_its_pong(run):
    count = 5_000

    async def scenario():
        turns = Turns()

        async def take(accepted: AcceptedSocket) -> None:
            accepted.on_reply = turns.count
            async for _ in accepted:
                pass

        async with listening(take) as port, visiting(port) as (reader, writer):
            await opened(reader, writer)
            writer.write(PING * count)
            pongs = await asyncio.wait_for(reader.readexactly(len(PONG) * count), DEADLINE)
        turns.stop()
        return turns.most, pongs

    assert run(scenario) == (len(PONG) * TURN_FRAMES, PONG * count)


def test_control_frames_of_other_kinds_count_more(run):
    count = 1_000

    async def scenario():
        turns = Turns()

        class Counting(AcceptedSocket):
            def acknowledge_pings(self, data: bytes) -> None:
                turns.count()

        async def take(accepted: AcceptedSocket) -> None:
            async for _ in accepted:
                pass

        accepting: Any = serve
        async with accepting(take, "127.0.0.1", 0, create_connection=Counting) as server:
            port = server.sockets[0].getsockname()[1]
            async with visiting(port) as (reader, writer):
                await opened(reader, writer)
                writer.write(Frame(Opcode.PONG, b"").serialize(mask=True) * count)
                await until(lambda: turns.total == count)
        turns.stop()
        return turns.most

    assert run(scenario) <= TURN_FRAMES // CONTROL_COST


@pytest.mark.parametrize("size", [60_000, 2_000], ids=["in long frames", "bit by bit"])
def test_who_sends_what_nobody_takes_has_to_wait(run, size):
    piece = text("x" * size)
    enough = 32 * 1024 * 1024

    async def scenario():
        leave = asyncio.Event()

        async def stand_still(accepted: AcceptedSocket) -> None:
            async for _ in accepted:
                await leave.wait()

        async with listening(stand_still) as port:
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.setblocking(False)
                client.sendall(REQUEST)
                await asyncio.get_running_loop().sock_recv(client, 1000)
                sent = refusals = 0
                while sent < enough and refusals < 100:
                    try:
                        sent += client.send(piece)
                        refusals = 0
                    except BlockingIOError:
                        refusals += 1
                    await asyncio.sleep(0)
                leave.set()
        return sent

    # What fits into the buffers of the system.
    assert run(scenario) < enough


@pytest.mark.parametrize("cut", [1, len(REQUEST) - 3, len(REQUEST)])
def test_what_comes_with_the_request_is_taken_once_it_is_answered(run, cut):
    async def scenario():
        heard: asyncio.Queue[str] = asyncio.Queue()

        async def take(accepted: AcceptedSocket) -> None:
            async for each in accepted:
                heard.put_nowait(each)

        async with listening(take) as port, visiting(port) as (_, writer):
            data = REQUEST + b"".join(map(text, range(200)))
            writer.write(data[:cut])
            await asyncio.sleep(0)
            writer.write(data[cut:])
            return [await asyncio.wait_for(heard.get(), DEADLINE) for _ in range(200)]

    assert run(scenario) == list(map(str, range(200)))


@pytest.mark.parametrize(
    "broken, code",
    [(b"\xc1\x80abcd", 1002), (Frame(Opcode.BINARY, b"x").serialize(mask=True), 1003)],
    ids=["reserved bit", "binary"],
)
def test_texts_before_what_breaks_a_rule_come_first_and_nothing_comes_behind_it(run, broken, code):
    async def scenario():
        heard = []

        async def take(accepted: AcceptedSocket) -> None:
            try:
                async for each in accepted:
                    heard.append(each)
            except ProtocolError as error:
                await accepted.close(error.close_code, "words")

        async with listening(take) as port, visiting(port) as (reader, writer):
            await opened(reader, writer)
            writer.write(text(1) + text(2) + broken + text(3) * 1000 + PING)
            return heard, await asyncio.wait_for(reader.read(), DEADLINE)

    heard, answer = run(scenario)
    assert heard == ["1", "2"]
    assert answer == Frame(Opcode.CLOSE, code.to_bytes(2, "big") + b"words").serialize(mask=False)


def test_closing_is_answered_by_one_whose_frames_still_wait_for_their_turn(run):
    async def scenario():
        ended = asyncio.Event()

        async def leave_at_once(accepted: AcceptedSocket) -> None:
            async for _ in accepted:
                await accepted.close(4001, "enough")
                break
            assert accepted.protocol.close_rcvd is not None
            ended.set()

        async with listening(leave_at_once) as port:
            async with visiting(port) as (reader, writer):
                await opened(reader, writer)
                writer.write(b"".join(map(text, range(2_000))) + PING * 100 + CLOSE)
                answer = await asyncio.wait_for(reader.read(), DEADLINE)
            await asyncio.wait_for(ended.wait(), DEADLINE)
        return answer

    close = Frame(Opcode.CLOSE, (4001).to_bytes(2, "big") + b"enough")
    assert run(scenario) == close.serialize(mask=False)


def test_frames_that_wait_when_the_other_end_is_gone_are_still_taken(run):
    count = 1_000

    async def scenario():
        heard = []

        async def take(accepted: AcceptedSocket) -> None:
            async for each in accepted:
                heard.append(each)

        async with listening(take) as port:
            async with visiting(port) as (reader, writer):
                await opened(reader, writer)
                writer.write(b"".join(map(text, range(count))))
                writer.write_eof()
                await until(lambda: len(heard) == count)
        return heard

    assert run(scenario) == list(map(str, range(count)))
