"""The loop that connects again and again, over connections in memory and a clock that jumps."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from dash_interop.client.backoff import LONGEST_DELAY
from dash_interop.client.socket import LOGIN_TIMEOUT, OUTBOX_SIZE, Socket
from dash_interop.errors import (
    AuthenticationFailed,
    ConfigError,
    ConnectionFailed,
    ProtocolError,
)
from dash_interop.peer.agm import Agm
from dash_interop.peer.session import Session
from dash_interop.transport.connection import Connection
from dash_interop.transport.memory import MemoryConnection, memory_pair
from dash_interop.transport.outbox import SLOW_READER
from dash_interop.wire.envelope import Outbound, Success
from dash_interop.wire.login import Authentication
from tests.support.jumping import run_jumping

URL = "ws://memory"
ANNA = Authentication("secret", "anna", "")
SUCCESS = b'{"domain":"global","type":"success","request_id":"1","peer_id":"p"}'


class Owner:
    """Keeps what a socket tells, and opens connections for it."""

    def __init__(self) -> None:
        self.socket = Socket(self.ask, self.open, Session({}, [Agm]).codec, self)
        self.ends: list[MemoryConnection] = []
        self.past: list[Any] = []
        self.times: list[float] = []
        self.changed = asyncio.Event()
        self.on_open: Callable[[], Any] = self.socket.logged_in
        self.url: str | Exception = URL
        self.connection: Connection | Exception | None = None

    async def ask(self) -> tuple[str, Authentication]:
        if isinstance(self.url, Exception):
            raise self.url
        return self.url, ANNA

    async def open(self, url: str) -> Connection:
        assert url == URL
        if isinstance(self.connection, Exception):
            raise self.connection
        if self.connection is not None:
            return self.connection
        ours, theirs = memory_pair()
        self.ends.append(theirs)
        return ours

    def opened(self, authentication: Authentication) -> None:
        assert authentication == ANNA
        self.note("opened")
        self.on_open()

    def received(self, message: Outbound) -> None:
        self.note(message)

    def lost(self, reason: str) -> None:
        self.note(reason)

    def note(self, what: Any) -> None:
        self.past.append(what)
        self.times.append(asyncio.get_running_loop().time())
        self.changed.set()

    async def until(self, count: int) -> list[Any]:
        """All that happened, once it is so much."""
        while len(self.past) < count:
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 60)
        return self.past


def play(scenario: Callable[[Owner], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        owner = Owner()
        running = asyncio.ensure_future(owner.socket.run())
        try:
            return await scenario(owner)
        finally:
            running.cancel()
            await asyncio.wait([running])

    return run_jumping(whole())


ENDED = "the connection to the gateway has ended"


def test_frames_of_the_gateway_are_read_in_order_until_the_connection_ends():
    async def scenario(owner: Owner):
        await owner.until(1)
        owner.ends[0].send([SUCCESS, SUCCESS.replace(b'"1"', b'"2"')])
        await owner.until(3)
        owner.ends[0].abort()
        return (await owner.until(5))[:5]

    messages = [Success("1", "p", "global"), Success("2", "p", "global")]
    assert play(scenario) == ["opened", *messages, ENDED, "opened"]


def test_what_is_sent_arrives_in_order_and_flush_waits_for_its_reader():
    async def scenario(owner: Owner):
        await owner.until(1)
        for frame in (b"1", b"2", b"3"):
            owner.socket.send(frame)
        assert owner.socket.backlog == 3
        flushing = asyncio.ensure_future(owner.socket.flush())
        _, waiting = await asyncio.wait([flushing], timeout=5)
        assert waiting
        frames = owner.ends[0].frames()
        assert [await anext(frames) for _ in range(3)] == ["1", "2", "3"]
        reading = asyncio.ensure_future(anext(frames, None))
        await flushing
        assert owner.socket.backlog == 0
        owner.ends[0].abort()
        await reading

    play(scenario)


def test_what_is_sent_while_there_is_no_connection_is_nowhere():
    async def scenario(owner: Owner):
        owner.connection = ConnectionFailed("nobody is there")
        await owner.until(1)
        owner.socket.send(b"1")
        assert owner.socket.backlog == 0
        await owner.socket.flush()

    play(scenario)


def test_pauses_grow_up_to_the_longest_while_nobody_logs_in_and_are_short_again_then():
    async def scenario(owner: Owner):
        owner.connection = ConnectionFailed("nobody is there")
        await owner.until(12)
        pauses = [b - a for a, b in zip(owner.times, owner.times[1:], strict=False)]
        assert pauses[0] <= 0.1 and LONGEST_DELAY / 2 <= max(pauses) <= LONGEST_DELAY
        assert set(owner.past) == {"nobody is there"}
        owner.connection = None
        await owner.until(13)
        owner.ends[0].abort()
        await owner.until(15)
        assert owner.past[12:] == ["opened", ENDED, "opened"]
        return owner.times[14] - owner.times[13]

    assert play(scenario) <= 0.1


def test_gateway_that_does_not_answer_the_login_in_time_is_left():
    async def scenario(owner: Owner):
        owner.on_open = lambda: None
        await owner.until(2)
        assert owner.times[1] - owner.times[0] == pytest.approx(LOGIN_TIMEOUT)
        assert owner.ends[0].close_code == 1000
        return owner.past[1]

    assert play(scenario) == "the gateway did not answer the login within 10 s"


def test_gateway_that_refuses_the_login_is_left_and_asked_again():
    async def scenario(owner: Owner):
        owner.on_open = lambda: owner.socket.refuse(AuthenticationFailed("Not here"))
        await owner.until(4)
        return owner.past[:4], owner.ends[0].close_code

    assert play(scenario) == (["opened", "Not here"] * 2, 1000)


def test_gateway_that_ends_the_connection_before_it_lets_anybody_in_is_asked_again():
    async def scenario(owner: Owner):
        owner.on_open = lambda: owner.ends[-1].abort()
        return (await owner.until(3))[:3]

    assert play(scenario) == ["opened", ENDED, "opened"]


@pytest.mark.parametrize("frame", [b"no JSON", b"[]", b'{"domain":"agm","type":"invoke"}'])
def test_frame_that_cannot_be_read_is_passed_over(frame: bytes, caplog: pytest.LogCaptureFixture):
    async def scenario(owner: Owner):
        await owner.until(1)
        owner.ends[0].send([frame, SUCCESS])
        return await owner.until(2)

    assert play(scenario) == ["opened", Success("1", "p", "global")]
    (record,) = caplog.records
    assert record.getMessage().startswith("passed over a frame of the gateway: ")


def test_message_of_a_domain_that_is_not_spoken_is_passed_over_in_silence(
    caplog: pytest.LogCaptureFixture,
):
    async def scenario(owner: Owner):
        await owner.until(1)
        owner.ends[0].send([b'{"domain":"weather","type":"rain"}', SUCCESS])
        return await owner.until(2)

    assert play(scenario) == ["opened", Success("1", "p", "global")]
    assert caplog.records == []


def test_binary_frame_ends_the_connection():
    class Binary(MemoryConnection):
        async def frames(self) -> AsyncIterator[str]:
            raise ProtocolError("Binary frames are not part of the protocol", 1003)
            yield

    async def scenario(owner: Owner):
        ended = asyncio.Event()
        binary, other = Binary(ended), MemoryConnection(ended)
        binary.other, other.other = other, binary
        owner.connection = binary
        await owner.until(2)
        assert ended.is_set()
        return owner.past[1]

    reason = "the gateway sent what is not text: Binary frames are not part of the protocol"
    assert play(scenario) == reason


@pytest.mark.parametrize(
    "error, reason",
    [
        (ConfigError("no port is free"), "no port is free"),
        (LookupError("no token"), "LookupError: no token"),
    ],
)
def test_settings_that_cannot_be_had_are_a_reason_and_asked_for_again(
    error: Exception, reason: str, caplog: pytest.LogCaptureFixture
):
    async def scenario(owner: Owner):
        owner.url = error
        await owner.until(2)
        owner.url = URL
        return (await owner.until(3))[:3]

    assert play(scenario) == [reason, reason, "opened"]
    # What nobody has foreseen is in the log with its place.
    assert len(caplog.records) == (0 if isinstance(error, ConfigError) else 2)


def test_gateway_that_does_not_read_is_given_up(caplog: pytest.LogCaptureFixture):
    async def scenario(owner: Owner):
        await owner.until(1)
        frame = b"x" * 2**20
        for _ in range(OUTBOX_SIZE // len(frame) + 1):
            owner.socket.send(frame)
        await owner.until(3)
        return owner.past[1:3], owner.ends[0].close_code

    assert play(scenario) == ([ENDED, "opened"], SLOW_READER)
    (record,) = caplog.records
    assert record.getMessage().startswith("disconnected: the gateway did not read ")


def test_socket_that_is_closed_says_so_to_the_gateway_after_all_that_was_sent():
    async def scenario(owner: Owner):
        await owner.until(1)
        owner.socket.send(b"last")
        return owner.ends[0]

    end = play(scenario)
    assert (end.close_code, list(end._arrived)) == (1000, [b"last"])
