"""The blocking client and a gateway on the loop of its thread, joined in memory."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dash_interop.client.cancelled import Cancelled
from dash_interop.client.portal import Portal
from dash_interop.client.sync import InteropClient
from dash_interop.errors import (
    ConnectionFailed,
    ConnectionLost,
    HandlerFailed,
    InteropError,
    InvocationCancelled,
    InvocationTimeout,
    MethodNotFound,
    SubscriptionClosed,
    SubscriptionTimeout,
)
from tests.support.memory_gateway import MemoryGateway, connecting

PATIENCE = 10.0


class Room:
    """A thread with a loop, a gateway on it, and blocking clients that connect there."""

    def __init__(self) -> None:
        self.portal = Portal()
        self.gateway = self.on_loop(MemoryGateway)
        self.clients: list[InteropClient] = []

    def on_loop(self, function: Callable[[], Any]) -> Any:
        async def call() -> Any:
            return function()

        return self.portal.run(call())

    def connect(self, application: str = "app", **options: Any) -> InteropClient:
        connect = connecting(application, **options)
        engine = self.portal.run(connect.start_engine(self.gateway.open))
        self.clients.append(InteropClient(self.portal, engine))
        return self.clients[-1]

    def close(self) -> None:
        if self.portal.is_running:
            # The first client to be closed takes the loop along, and the gateway has to go before.
            self.portal.run(self.gateway.close())
        for client in self.clients:
            client.close()
        self.portal.stop()


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    try:
        yield room
    finally:
        room.close()


def add(a: int, b: int) -> int:
    return a + b


def test_calls_and_streams_block_until_they_are_done(room: Room):
    server, caller = room.connect("server"), room.connect("caller")
    server.register("Sum", add)
    assert caller.call("Sum", a=1, b=2) == 3
    stream = server.create_stream("Prices")
    subscription = caller.subscribe("Prices")
    for n in range(3):
        stream.push({"n": n})
    stream.flush()
    stream.close()
    assert [data.data["n"] for data in subscription] == [0, 1, 2]


def test_handler_may_invoke_by_the_client_that_runs_it(room: Room):
    server, caller = room.connect("server"), room.connect("caller")
    server.register("Sum", add)
    server.register("Twice", lambda a: server.call("Sum", a=a, b=a))
    assert caller.call("Twice", a=4) == 8


def test_async_handler_that_would_wait_for_itself_fails(room: Room):
    server, caller = room.connect("server"), room.connect("caller")

    async def wait() -> None:
        server.call("Sum", a=1, b=1)

    server.register("Wait", wait)
    with pytest.raises(HandlerFailed, match="would wait for itself"):
        caller.call("Wait")


def test_many_threads_share_a_client(room: Room):
    server, caller = room.connect("server"), room.connect("caller")
    server.register("Sum", add, concurrency=8)
    with ThreadPoolExecutor(8) as threads:
        sums = threads.map(lambda n: caller.call("Sum", a=n, b=1), range(64))
        assert list(sums) == list(range(1, 65))


def test_times_are_up_in_the_thread_that_waits(room: Room):
    client = room.connect()
    with pytest.raises(MethodNotFound):
        client.invoke("Sum", wait_timeout=0)
    client.create_stream("Prices")
    with pytest.raises(SubscriptionTimeout):
        client.subscribe("Prices").get(timeout=0)


def test_outage_ends_what_is_in_flight_and_the_client_comes_back(room: Room):
    server, caller = room.connect("server"), room.connect("caller")
    begun, going_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert going_on.wait(PATIENCE)

    server.register("Wait", wait)
    server.register("Sum", add)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(caller.call, "Wait")
        assert begun.wait(PATIENCE)
        room.on_loop(room.gateway.cut)
        with pytest.raises(ConnectionLost):
            waiting.result(PATIENCE)
    going_on.set()
    assert caller.call("Sum", a=1, b=2) == 3


def test_gateway_that_is_not_there_is_an_error(room: Room):
    room.gateway.is_down = True
    with pytest.raises(ConnectionFailed, match="^cannot connect to ws://memory"):
        room.connect(timeout=0.001)


def test_close_ends_what_other_threads_wait_for(room: Room):
    client = room.connect()
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        assert going_on.wait(PATIENCE)

    going_on = threading.Event()
    client.register("Wait", wait)
    client.create_stream("Prices")
    subscription = client.subscribe("Prices")
    with ThreadPoolExecutor(2) as threads:
        calling = threads.submit(client.call, "Wait")
        getting = threads.submit(subscription.get)
        assert begun.wait(PATIENCE)
        client.close()
        with pytest.raises(ConnectionLost):
            calling.result(PATIENCE)
        with pytest.raises((SubscriptionClosed, ConnectionLost)):
            getting.result(PATIENCE)
    going_on.set()
    assert client.is_closed
    client.close()
    with pytest.raises(ConnectionLost, match="The client was closed"):
        client.call("Wait")


def test_listener_may_close_the_client(room: Room):
    client = room.connect()
    closed = threading.Event()

    def leave(_: Any) -> None:
        client.close()
        closed.set()

    client.on_method_added(leave)
    client.register("Sum", add, timeout=0)
    assert closed.wait(PATIENCE)
    assert client.is_closed


def test_async_listener_cannot_close_the_client_and_hears_so(room: Room):
    client = room.connect()
    heard: list[InteropError] = []
    told = threading.Event()

    async def leave(_: Any) -> None:
        try:
            client.close()
        except InteropError as error:
            heard.append(error)
        told.set()

    client.on_method_added(leave)
    client.register("Sum", add)
    assert told.wait(PATIENCE)
    assert "would wait for itself" in str(heard[0])
    assert not client.is_closed


def test_wait_ends_when_something_on_the_loop_stops_it():
    portal = Portal()

    async def stop() -> None:
        asyncio.get_running_loop().stop()
        await asyncio.Event().wait()

    with pytest.raises(ConnectionLost, match="The client was closed"):
        portal.run(stop())
    assert not portal.is_running
    portal.stop()


def test_loop_of_somebody_else_is_not_held_up_by_a_client_in_a_thread(room: Room):
    server, caller = room.connect("server"), room.connect("caller")
    server.register("Sum", add)

    async def elsewhere() -> list[int]:
        return await asyncio.gather(
            *(asyncio.to_thread(caller.call, "Sum", a=n, b=1) for n in range(4))
        )

    assert asyncio.run(elsewhere()) == [1, 2, 3, 4]


# Invocations that are followed and given up


def count_up(progress: Callable[[Any], None], to: int) -> str:
    for n in range(to):
        progress(n)
    return "done"


def test_progress_is_told_to_a_listener_and_in_a_block(room: Room):
    server, caller = room.connect("server"), room.connect("caller")
    server.register("Count", count_up)
    told: list[Any] = []
    assert caller.invoke("Count", {"to": 5}, on_progress=told.append).value == "done"
    assert told == list(range(5))
    with caller.invocation("Count", {"to": 5}) as invocation:
        assert list(invocation) == list(range(5))
        assert invocation.result().value == "done"
        assert list(invocation) == []


class Waiting:
    """A handler that waits until nobody waits for it."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = threading.Event()
        self.reason: str | None = None

    def __call__(self, cancelled: Cancelled) -> None:
        self.begun.set()
        cancelled.wait(PATIENCE)
        self.reason = cancelled.reason
        self.ended.set()


def test_leaving_a_block_cancels_what_is_under_way(room: Room):
    server, caller = room.connect("server"), room.connect("caller")
    handler = Waiting()
    server.register("Wait", handler)
    with caller.invocation("Wait") as invocation:
        assert handler.begun.wait(PATIENCE)
    with pytest.raises(InvocationCancelled):
        invocation.result()
    assert handler.ended.wait(PATIENCE)
    assert handler.reason == "cancelled"


def test_another_thread_may_cancel_what_one_waits_for(room: Room):
    server, caller = room.connect("server"), room.connect("caller")
    handler = Waiting()
    server.register("Wait", handler)
    with ThreadPoolExecutor(2) as threads, caller.invocation("Wait") as invocation:
        ends = [threads.submit(invocation.result), threads.submit(next, invocation)]
        assert handler.begun.wait(PATIENCE)
        invocation.cancel()
        for end in ends:
            with pytest.raises(InvocationCancelled):
                end.result(PATIENCE)
    assert handler.ended.wait(PATIENCE)


def test_time_that_is_over_reaches_the_handler(room: Room):
    server, caller = room.connect("server"), room.connect("caller")
    handler = Waiting()
    server.register("Wait", handler)
    with pytest.raises(InvocationTimeout):
        caller.invoke("Wait", response_timeout=0.2)
    assert handler.ended.wait(PATIENCE)
    assert handler.reason == "timeout"


@pytest.mark.parametrize("how", ["invoke", "on_progress", "result", "iteration"])
def test_interrupt_of_the_waiting_thread_cancels_the_invocation(room: Room, how: str):
    server, caller = room.connect("server"), room.connect("caller")
    handler = Waiting()
    server.register("Wait", handler)

    def interrupt() -> None:
        assert handler.begun.wait(PATIENCE)
        signal.raise_signal(signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        if how == "invoke":
            caller.invoke("Wait")
        elif how == "on_progress":
            caller.invoke("Wait", on_progress=print)
        else:
            with caller.invocation("Wait") as invocation:
                invocation.result() if how == "result" else list(invocation)
    interrupting.join(PATIENCE)
    assert handler.ended.wait(PATIENCE)
    assert handler.reason == "cancelled"


def test_block_on_the_loop_of_the_client_is_refused(room: Room):
    client = room.connect("app")

    async def careless() -> str:
        with pytest.raises(InteropError, match="would wait for itself"):
            client.invocation("Careless").__enter__()
        return "warned"

    client.register("Careless", careless)
    assert client.call("Careless") == "warned"
