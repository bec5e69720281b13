"""What one connection does at a gateway costs that one: over real sockets, by counting."""

import asyncio
import contextlib
import json
import logging
import socket
import tracemalloc
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from dash_interop.gateway.auth import OpenDoor
from dash_interop.gateway.config import GatewayConfig
from dash_interop.gateway.origins import OriginPolicy
from dash_interop.gateway.server import Gateway
from dash_interop.router.limits import Limits
from tests.support.client import DEADLINE, Client, closed_with, connected, run, until

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HELLO = {
    "domain": "global",
    "type": "hello",
    "request_id": "h",
    "identity": {},
    "authentication": {"method": "secret", "login": "mallory", "secret": ""},
}
PING = Frame(Opcode.PING, b"").serialize(mask=True)
GW3_PING = Frame(Opcode.TEXT, b'{"domain":"global","type":"ping"}').serialize(mask=True)


@asynccontextmanager
async def gateway(**settings: Any):
    config = GatewayConfig(**{"port": 0, **settings})
    async with Gateway(config, OpenDoor("s" * 32), OriginPolicy()) as running:
        yield running


class Raw:
    """A socket without any library, so that it may do what no library does."""

    def __init__(self, url: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0))
        self._socket.setblocking(False)
        self.sent = 0
        self.is_held_up = asyncio.Event()

    async def open(self, *, log_in: bool = False) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._socket, REQUEST)
        await loop.sock_recv(self._socket, 10_000)
        if log_in:
            frame = Frame(Opcode.TEXT, json.dumps(HELLO).encode()).serialize(mask=True)
            await loop.sock_sendall(self._socket, frame)
            await loop.sock_recv(self._socket, 10_000)

    def send(self, data: bytes) -> int:
        """As much as goes at once."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0

    async def flood(self, data: bytes) -> None:
        """Send it again and again, as fast as it goes, and take what comes."""
        rest = data
        while True:
            done = self.send(rest)
            self.sent += done
            rest = rest[done:] or data
            if not done:
                self.is_held_up.set()
            with contextlib.suppress(BlockingIOError):
                self._socket.recv(1 << 20)
            await asyncio.sleep(0)

    async def read(self, size: int) -> bytes:
        return await asyncio.wait_for(
            asyncio.get_running_loop().sock_recv(self._socket, size), DEADLINE
        )

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def raw(url: str, *, log_in: bool = False):
    visitor = Raw(url)
    try:
        await visitor.open(log_in=log_in)
        yield visitor
    finally:
        visitor.close()


async def subscribe(reader: Client, publisher: Client) -> None:
    """Make a client a subscriber of its own stream."""
    await reader.send("subscribe", server_id=publisher.peer_id, method_id="Prices")
    interest = await publisher.receive("add-interest")
    await publisher.send(
        "accepted", subscription_id=interest["subscription_id"], stream_id=reader.peer_id
    )
    await reader.receive("subscribed")


def short_of_room(url: str) -> socket.socket:
    """A socket whose system keeps little of what was not read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    made.connect(("127.0.0.1", urlsplit(url).port))
    made.setblocking(False)
    return made


def logged(scenario, caplog):
    with caplog.at_level(logging.WARNING, "dash_interop"):
        run(scenario)
    return caplog.messages


# One that sends as fast as it can


@pytest.mark.parametrize("frame", [PING, GW3_PING], ids=["ping of WebSocket", "ping of GW3"])
@pytest.mark.parametrize("log_in", [False, True])
def test_others_calls_are_answered_while_one_sends_all_it_can(frame, log_in):
    calls = 20

    async def scenario():
        async with (
            gateway(login_frames=10**9) as running,
            connected(running.url) as callee,
            connected(running.url) as caller,
            raw(running.url, log_in=log_in) as flooder,
        ):
            await callee.register("Sum")
            flooding = asyncio.ensure_future(flooder.flood(frame * 20_000))
            await asyncio.wait_for(flooder.is_held_up.wait(), DEADLINE)
            before = flooder.sent
            for number in range(calls):
                await caller.send("call", server_id=callee.peer_id, method_id="Sum", request_id=1)
                invoke = await callee.receive("invoke")
                result = {"n": number}
                await callee.send("yield", invocation_id=invoke["invocation_id"], result=result)
                assert (await caller.receive("result"))["result"] == result
            handled = flooder.sent - before
            flooding.cancel()
        return handled

    # Without turns, each step of each call waits for a quarter of a megabyte.
    assert run(scenario()) < calls * 100_000


def test_sender_above_its_rate_is_slowed_named_and_in_the_end_disconnected(caplog):
    async def scenario():
        rates = {"frame_rate": 300.0, "rate_patience": 0.2}
        async with gateway(**rates) as running, connected(running.url, "mallory") as sender:
            frame = json.dumps({"domain": "global", "type": "ping"})
            sent = 0
            with pytest.raises(ConnectionClosed):
                while sent < 100_000:
                    await sender.socket.send(frame)
                    sent += 1
            code = await closed_with(sender.socket)
            await until(lambda: running.counters()["connections"] == 0)
        assert (code, sender.socket.close_reason) == (4010, "Sends too fast")

    assert logged(scenario(), caplog) == [
        "127.0.0.1: 'mallory' sends too fast and is slowed",
        "127.0.0.1: 'mallory' disconnected with 4010: Sends too fast",
    ]


def test_connections_of_one_user_share_its_rate_and_those_of_others_have_their_own(caplog):
    async def scenario():
        async with gateway(user_frame_rate=500.0, rate_patience=0.1) as running:
            async with AsyncExitStack() as stack:
                enter = stack.enter_async_context
                senders = [await enter(connected(running.url, "mallory")) for _ in range(4)]
                other = await enter(connected(running.url, "bob"))
                frame = json.dumps({"domain": "global", "type": "ping"})
                ended = [asyncio.ensure_future(closed_with(each.socket)) for each in senders]
                while not any(each.done() for each in ended):
                    for sender in senders:
                        if sender.socket.close_code is None:
                            try:
                                await sender.socket.send(frame)
                            except ConnectionClosed:
                                break
                await other.register("Sum")
                for each in ended:
                    each.cancel()

    logged(scenario(), caplog)
    assert "'mallory' sends too fast" in caplog.text
    assert "'bob'" not in caplog.text


# Before the login


@pytest.mark.parametrize(
    "begun",
    [
        # Of 16 MiB less a byte; a fragment that is as long as may be, and one more.
        b"\x81\xff\x00\x00\x00\x00\x00\xff\xff\xffmask",
        b"\x01\xff\x00\x00\x00\x00\x00\x01\x00\x00mask" + b"x" * 65_536 + b"\x00\xff"
        b"\x00\x00\x00\x00\x00\x02\x00\x00mask",
    ],
)
def test_frame_before_the_login_is_refused_before_it_is_in_the_memory(begun):
    async def scenario():
        async with gateway() as running, AsyncExitStack() as stack:
            visitors = [await stack.enter_async_context(raw(running.url)) for _ in range(10)]
            tracemalloc.start()
            piece = b"x" * 100_000
            for visitor in visitors:
                visitor.send(begun)
            for _ in range(50):
                for visitor in visitors:
                    try:
                        visitor.send(piece)
                    except (BrokenPipeError, ConnectionResetError):
                        pass
                await asyncio.sleep(0)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            await until(lambda: running.counters()["connections"] == 0)
        return most

    # Not the 5 MB of each that could have come.
    assert run(scenario()) < 10 * 400_000


def test_frames_before_the_login_are_few(caplog):
    async def scenario():
        async with gateway(login_frames=3) as running, connect(running.url) as stranger:
            client = Client(stranger)
            for _ in range(3):
                await client.send("ping", domain="global")
            assert running.counters()["connections"] == 1
            await client.send("ping", domain="global")
            assert await closed_with(stranger) == 4009

    (line,) = logged(scenario(), caplog)
    assert line == "127.0.0.1: disconnected with 4009: Log in before you send more"


def test_those_who_never_log_in_make_room_for_those_who_do(caplog):
    async def scenario():
        async with gateway(max_waiting_per_address=5) as running, AsyncExitStack() as stack:
            enter = stack.enter_async_context
            silent = Raw(running.url)
            stack.callback(silent.close)
            strangers = [await enter(connect(running.url)) for _ in range(6)]
            # In the handshake still, and the oldest.
            assert await silent.read(10) == b""
            assert await closed_with(strangers[0]) == 4009
            clients = [await enter(connected(running.url, max_queue=None)) for _ in range(20)]
            assert await closed_with(strangers[1]) == 4009
            for client in clients:
                await client.register("Sum")
            # One had to go for each that came, and not for those who have logged in.
            assert running.counters()["connections"] == len(clients) + 4

    assert logged(scenario(), caplog)[:2] == [
        "127.0.0.1: disconnected for others in the handshake",
        "127.0.0.1: disconnected with 4009: Others wait to log in",
    ]


def test_user_with_all_its_connections_and_strangers_lock_nobody_out():
    limits = Limits(connections_per_user=20, connections=30)

    async def scenario():
        settings = {"max_connections": 40, "max_waiting_per_address": 30, "limits": limits}
        async with gateway(**settings) as running, AsyncExitStack() as stack:
            enter = stack.enter_async_context
            for _ in range(20):
                await enter(connected(running.url, "mallory", max_queue=None))
            for _ in range(100):
                refused = await enter(connect(running.url))
                answer = await Client(refused).hello("mallory")
                assert answer["reason"] == "The limit of connections for one user is 20"
            other = await enter(connected(running.url, "bob"))
            await other.register("Sum")

    run(scenario())


# Those who do not read


def test_pongs_that_nobody_reads_count_as_what_waits_for_a_reader(caplog):
    size = 2_000_000

    async def scenario():
        async with gateway(outbox_size=size, login_timeout=60.0) as running:
            async with raw(running.url, log_in=True) as flooder:
                flood = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 1000
                tracemalloc.start()
                rest, sent = flood, 0
                try:
                    # More than the system holds, too.
                    while sent < 100_000_000:
                        done = flooder.send(rest)
                        rest, sent = rest[done:] or flood, sent + done
                        await asyncio.sleep(0)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                _, most = tracemalloc.get_traced_memory()
                tracemalloc.stop()
                await until(lambda: running.counters()["connections"] == 0)
            return most, running.counters()["slow_readers"]

    (line,) = logged(check_both(scenario(), 3 * size), caplog)
    assert line == "127.0.0.1: 'mallory' disconnected with 4008: Too slow in reading"


async def check_both(scenario, bound):
    most, slow_readers = await scenario
    assert most < bound
    assert slow_readers == 1


def test_all_who_do_not_read_together_have_one_bound_and_the_furthest_behind_goes_first():
    datum = "x" * 100_000

    async def scenario():
        settings = {"outboxes_size": 20_000_000, "close_timeout": 0.1}
        async with gateway(**settings) as running, AsyncExitStack() as stack:
            enter = stack.enter_async_context
            publisher = await enter(connected(running.url))
            await publisher.register("Prices")
            readers = [
                await enter(connected(running.url, max_queue=1, close_timeout=0.1))
                for _ in range(4)
            ]
            for reader in readers:
                await subscribe(reader, publisher)
                reader.socket.transport.pause_reading()
            # The first gets twice as much as the others, the last the least.
            order, step = [0, 1, 0, 2, 1, 2, 0, 1, 3], 0
            tracemalloc.start()
            while not running.counters()["slow_readers"]:
                stream = readers[order[step % len(order)]].peer_id
                await publisher.send("publish", stream_id=stream, data=datum)
                step += 1
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            await until(lambda: running.counters()["connections"] == 4)
            for reader in readers:
                reader.socket.transport.resume_reading()
            gone = []
            for reader in readers:
                await reader.send("ping", domain="global")
                pending = asyncio.ensure_future(closed_with(reader.socket))
                await asyncio.wait([pending], timeout=0.5)
                gone.append(pending.done())
                pending.cancel()
        return most, gone

    most, gone = run(scenario())
    assert gone == [True, False, False, False]
    assert most < 40_000_000


def test_reader_that_keeps_reading_is_not_ended_by_its_late_pong():
    count = 200

    async def scenario():
        times = {"ping_interval": 0.3, "ping_timeout": 0.5, "close_timeout": 0.1}
        options = {"max_queue": 1, "ping_interval": None}
        async with (
            gateway(**times) as running,
            connected(running.url) as publisher,
            connected(running.url, sock=short_of_room(running.url), **options) as reader,
        ):
            await publisher.register("Prices")
            await subscribe(reader, publisher)
            for _ in range(count):
                await publisher.send("publish", stream_id=reader.peer_id, data="x" * 100_000)
            for _ in range(count):
                await reader.receive("event")
                # All of it takes longer than a pong may.
                await asyncio.sleep(0.01)

    run(scenario())


def test_reader_that_stops_reading_is_given_up_with_all_that_waits_for_it(caplog):
    async def scenario():
        times = {"ping_interval": 0.1, "ping_timeout": 0.1, "close_timeout": 0.1}
        async with gateway(**times) as running, connected(running.url) as publisher:
            await publisher.register("Prices")
            async with connected(running.url, max_queue=1, close_timeout=0.1) as reader:
                await subscribe(reader, publisher)
                reader.socket.transport.pause_reading()
                for _ in range(120):
                    await publisher.send("publish", stream_id=reader.peer_id, data="x" * 100_000)
                await until(lambda: running.counters()["connections"] == 1)

    assert logged(scenario(), caplog) == [
        "127.0.0.1: 'anna' disconnected with 1011: No sign of life for 0.2 s"
    ]
