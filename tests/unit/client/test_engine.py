"""A client and a gateway on one loop, joined in memory, and a clock that jumps."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dash_interop.client import Subscription
from dash_interop.client.aio import InteropClient
from dash_interop.client.engine import PUSH_ROOM
from dash_interop.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    HandlerFailed,
    InteropError,
    InvocationTimeout,
    MessageTooLarge,
    MethodNotFound,
    NotConnected,
    Overloaded,
    RegistrationError,
    SubscriptionClosed,
)
from dash_interop.peer.effects import PeerEffect
from dash_interop.transport.outbox import BATCH
from tests.support.jumping import run_jumping
from tests.support.memory_gateway import MemoryGateway, connecting

Scenario = Callable[[MemoryGateway], Awaitable[Any]]


def play(scenario: Scenario, gateway: Callable[[], MemoryGateway] = MemoryGateway) -> Any:
    """Play a scenario with a gateway on a loop of its own."""

    async def whole() -> Any:
        made = gateway()
        try:
            return await scenario(made)
        finally:
            await made.close()

    return run_jumping(whole())


async def states(client: InteropClient, *expected: str) -> None:
    """Wait until the client has gone through these states."""
    seen: list[str] = []
    done = asyncio.Event()

    async def note(state: str) -> None:
        seen.append(state)
        if len(seen) == len(expected):
            done.set()

    stop = client.on_state_changed(note)
    await asyncio.wait_for(done.wait(), 60)
    stop()
    assert tuple(seen) == expected


@asynccontextmanager
async def pair(gateway: MemoryGateway) -> AsyncIterator[tuple[InteropClient, InteropClient]]:
    async with gateway.client("server") as server, gateway.client("caller") as caller:
        yield server, caller


async def add(a: int, b: int) -> int:
    return a + b


# Connecting


def test_client_that_connected_is_seen_by_others():
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            assert (server.state, server.connection_error) == ("connected", None)
            assert [each["application"] for each in caller.peers()] == ["server"]
        assert gateway.router.counters()["peers"] == 0

    play(scenario)


def test_login_that_is_refused_is_an_error_and_leaves_nothing_behind():
    async def scenario(gateway: MemoryGateway):
        with pytest.raises(AuthenticationFailed, match="^Not here$"):
            await connecting().start_engine(refusing(gateway))
        assert [theirs.close_code for _, theirs in gateway.ends] == [1000]

    play(scenario)


def refusing(gateway: MemoryGateway) -> Callable[[str], Awaitable[Any]]:
    """Opens connections to a gateway that lets nobody in."""

    async def open_refused(url: str) -> Any:
        gateway.is_mute = True
        theirs = await gateway.open(url)
        ours = gateway.ends[-1][0]
        ours.send(
            [
                b'{"domain":"global","type":"error","request_id":"1","peer_id":null,'
                b'"reason_uri":"global.errors.authentication.failure","reason":"Not here"}'
            ]
        )
        return theirs

    return open_refused


def test_gateway_that_is_not_there_is_named_with_the_time_it_was_tried_for():
    async def scenario(gateway: MemoryGateway):
        gateway.is_down = True
        words = "^cannot connect to ws://memory: nobody listens there \\(tried for 3 s\\)$"
        with pytest.raises(ConnectionFailed, match=words):
            await connecting(timeout=3).start_engine(gateway.open)

    play(scenario)


def test_gateway_that_does_not_answer_the_login_is_tried_again(caplog: pytest.LogCaptureFixture):
    async def scenario(gateway: MemoryGateway):
        gateway.is_mute = True
        engine = await connecting(in_background=True).start_engine(gateway.open)
        client = InteropClient(engine)
        await states(client, "connecting", "disconnected")
        assert client.connection_error == "the gateway did not answer the login within 10 s"
        gateway.is_mute = False
        await states(client, "connecting", "connected")
        assert client.connection_error is None
        assert len(gateway.ends) == 2
        await client.close()

    play(scenario)
    assert [record.getMessage() for record in caplog.records] == [
        "the gateway did not answer the login within 10 s"
    ]


def test_client_in_the_background_is_there_before_its_gateway():
    async def scenario(gateway: MemoryGateway):
        gateway.is_down = True
        engine = await connecting("server", in_background=True).start_engine(gateway.open)
        server = InteropClient(engine)
        await server.register("Sum", add, timeout=0)
        with pytest.raises(NotConnected, match="no connection to the gateway"):
            await server.invoke("Sum", {"a": 1, "b": 2}, wait_timeout=5)
        gateway.is_down = False
        async with gateway.client("caller") as caller:
            assert await caller.call("Sum", a=1, b=2) == 3
        await server.close()

    play(scenario)


def test_reason_why_there_is_no_connection_is_logged_once(caplog: pytest.LogCaptureFixture):
    async def scenario(gateway: MemoryGateway):
        async with gateway.client("app") as client:
            gateway.is_down = True
            gateway.cut()
            with pytest.raises(NotConnected):
                await client.invoke("Sum", wait_timeout=60)

    play(scenario)
    assert [record.getMessage() for record in caplog.records] == [
        "the connection to the gateway has ended",
        "cannot connect to ws://memory: nobody listens there",
    ]


# Methods


def test_calls_go_from_one_client_to_another_and_back():
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            await server.register("Sum", add)
            results = await asyncio.gather(
                *(caller.invoke("Sum", {"a": n, "b": 1}) for n in range(50))
            )
            assert [result.value for result in results] == list(range(1, 51))
            assert await server.call("Sum", a=1, b=2) == 3

    play(scenario)


def test_handler_that_fails_is_an_error_at_the_caller(caplog: pytest.LogCaptureFixture):
    async def fail() -> None:
        raise LookupError("no such desk")

    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            await server.register("Fail", fail)
            with pytest.raises(HandlerFailed, match="no such desk") as caught:
                await caller.invoke("Fail")
            assert caught.value.exception == "LookupError"

    play(scenario)
    (record,) = caplog.records
    assert record.getMessage().endswith("fail failed")


def test_handler_whose_time_is_up_is_cancelled_and_the_next_one_runs():
    ended: list[str] = []

    async def wait(name: str) -> str:
        try:
            if name == "slow":
                await asyncio.Event().wait()
            return name
        finally:
            ended.append(name)

    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            await server.register("Wait", wait, response_timeout=5)
            slow = asyncio.ensure_future(caller.invoke("Wait", {"name": "slow"}))
            quick = asyncio.ensure_future(caller.invoke("Wait", {"name": "quick"}, target="all"))
            with pytest.raises(InvocationTimeout, match="did not answer within 5 s"):
                await slow
            with pytest.raises(InvocationTimeout, match="waited 5 s for its turn"):
                await quick
            assert await caller.call("Wait", name="next") == "next"

    play(scenario)
    assert ended == ["slow", "next"]


def test_handler_that_is_cancelled_by_what_it_awaits_answers():
    async def cancelled() -> None:
        raise asyncio.CancelledError

    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            await server.register("Cancelled", cancelled)
            with pytest.raises(HandlerFailed, match="The handler was cancelled"):
                await caller.invoke("Cancelled")

    play(scenario)


def test_invocation_that_is_cancelled_is_not_waited_for():
    async def scenario(gateway: MemoryGateway):
        async with gateway.client("caller") as caller:
            invoking = asyncio.ensure_future(caller.invoke("Sum"))
            await asyncio.wait([invoking], timeout=3)
            invoking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await invoking
            await caller.register("Sum", add)
            assert gateway.router.counters()["calls"] == 0
            assert len(caller._session.link._waiting) == 0

    play(scenario)


def test_registration_that_is_cancelled_is_taken_back():
    async def scenario(gateway: MemoryGateway):
        async with gateway.client("server") as server:
            registering = asyncio.ensure_future(server.register("Sum", add))
            asyncio.get_running_loop().call_soon(registering.cancel)
            with pytest.raises(asyncio.CancelledError):
                await registering
            await server.register("Sum", add)
            assert await server.call("Sum", a=1, b=2) == 3
            assert gateway.router.counters()["methods"] == 1

    play(scenario)


# Streams


def test_stream_reaches_its_subscribers_and_ends_with_its_publisher():
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (publisher, subscriber):
            stream = await publisher.create_stream("Prices")
            subscription = await subscriber.subscribe("Prices", {"desk": 7})
            assert [each.arguments for each in stream.subscriptions()] == [{"desk": 7}]
            for n in range(3):
                stream.push({"n": n})
            await stream.close()
            assert [each.data["n"] async for each in subscription] == [0, 1, 2]
            assert subscription.state == "closed"
            await publisher.create_stream("Prices")

    play(scenario)


def test_subscription_that_nobody_accepted_ends_and_may_be_tried_again():
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (publisher, subscriber):
            with pytest.raises(InteropError, match="No server offers the stream Prices"):
                await subscriber.subscribe("Prices", wait_timeout=1)
            await publisher.create_stream("Prices")
            subscription = await subscriber.subscribe("Prices")
            subscription.close()
            with pytest.raises(SubscriptionClosed):
                await subscription.get()

    play(scenario)


# Outages


def test_everything_is_there_again_after_an_outage():
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            await server.register("Sum", add)
            stream = await server.create_stream("Prices")
            subscription = await caller.subscribe("Prices")
            restarted = asyncio.gather(
                *(
                    states(each, "disconnected", "connecting", "connected")
                    for each in (server, caller)
                )
            )
            gateway.restart()
            await restarted
            assert await caller.call("Sum", a=1, b=2) == 3
            await until_open(subscription)
            stream.push({"n": 1})
            assert (await subscription.get(5)).data == {"n": 1}

    play(scenario)


async def until_open(subscription: Subscription) -> None:
    connected = asyncio.Event()

    async def note(_: Any) -> None:
        connected.set()

    stop = subscription.on_connected(note)
    if subscription.state != "open":
        await asyncio.wait_for(connected.wait(), 30)
    stop()


def test_invocation_in_flight_ends_with_the_connection_and_its_handler_runs_on():
    running, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        running.set()
        await go_on.wait()
        ended.set()

    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            await server.register("Wait", wait)
            invoking = asyncio.ensure_future(caller.invoke("Wait"))
            await running.wait()
            gateway.cut()
            with pytest.raises(ConnectionLost):
                await invoking
            go_on.set()
            await asyncio.wait_for(ended.wait(), 5)

    play(scenario)


def test_what_is_asked_for_in_an_outage_waits_for_its_end():
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            gateway.is_down = True
            gateway.cut()
            await states(server, "disconnected")
            asked = asyncio.gather(server.register("Sum", add), caller.call("Sum", a=1, b=2))
            done, _ = await asyncio.wait([asked], timeout=20)
            assert not done
            gateway.is_down = False
            assert await asked == [None, 3]

    play(scenario)


# The end


def test_close_ends_all_that_is_in_flight():
    running, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            await server.register("Wait", wait)
            await server.create_stream("Prices")
            subscription = await caller.subscribe("Prices")
            getting = asyncio.ensure_future(subscription.get())
            asked: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(caller.invoke("Wait")),
                asyncio.ensure_future(caller.invoke("Nothing")),
                asyncio.ensure_future(caller.subscribe("Nothing")),
                asyncio.ensure_future(caller.wait_for_method("Nothing")),
            ]
            await running.wait()
            asked.append(asyncio.ensure_future(caller.register("Late", add)))
            asyncio.get_running_loop().call_soon(asyncio.ensure_future, caller.close())
            for each in asked:
                with pytest.raises(ConnectionLost):
                    await each
            with pytest.raises(SubscriptionClosed):
                await getting
            await caller.wait_closed()
            await server.close()
            assert ended.is_set()
            with pytest.raises(ConnectionLost, match="The client was closed"):
                caller.methods()
            assert gateway.router.counters()["peers"] == 0

    play(scenario)


@pytest.mark.parametrize("closer", ["handler", "listener"])
def test_client_may_be_closed_by_a_function_that_it_runs(closer: str):
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):

            async def leave(*_: Any) -> None:
                await server.close()

            if closer == "handler":
                await server.register("Leave", leave)
                with pytest.raises(InteropError, match="has left while waiting"):
                    await caller.invoke("Leave")
            else:
                server.on_method_added(leave)
                await caller.register("Sum", add)
            await asyncio.wait_for(server.wait_closed(), 30)
            assert server.is_closed

    play(scenario)


def test_client_whose_close_is_cancelled_is_closed_all_the_same():
    async def scenario(gateway: MemoryGateway):
        async with gateway.client("app") as client:
            closing = asyncio.ensure_future(client.close())
            asyncio.get_running_loop().call_soon(closing.cancel)
            with pytest.raises(asyncio.CancelledError):
                await closing
            await asyncio.wait_for(client.wait_closed(), 30)

    play(scenario)


def test_part_that_ended_by_itself_is_not_ended_again():
    class Part:
        def __init__(self) -> None:
            self.closers: list[Any] = []

        async def end(self, closer: Any) -> None:
            self.closers.append(closer)

    async def scenario(gateway: MemoryGateway):
        staying, leaving = Part(), Part()
        async with gateway.client("app") as client:
            for part in (staying, leaving):
                client._engine.adopt(part)
            client._engine.release(leaving)
        assert staying.closers == [asyncio.current_task()]
        assert leaving.closers == []

    play(scenario)


class Ring(PeerEffect, frozen=True):
    """An effect that the engine does not know by itself."""

    bell: str | int


def test_effect_of_a_domain_goes_to_whoever_carries_it_out_in_the_order_of_all_effects():
    async def scenario(gateway: MemoryGateway):
        order: list[Any] = []
        async with gateway.client("app") as client:
            engine = client._engine
            link = engine.session.link
            engine.carry_out_by(Ring, order.append)

            def ask(token: Any) -> None:
                token.add_done_callback(order.append)
                link.effects.append(Ring("first"))
                link.settle(token, 7)
                link.effects.append(Ring("second"))

            assert await engine.request(ask) == 7
        assert order[:2] == [Ring("first"), Ring("second")]

    play(scenario)


def test_many_effects_of_one_turn_are_carried_out_batch_by_batch_and_in_order():
    async def scenario(gateway: MemoryGateway):
        rung: list[str | int] = []
        async with gateway.client("app") as client:
            engine = client._engine

            def ask(*numbers: int) -> None:
                engine.session.link.effects.extend(map(Ring, numbers))

            def ring(effect: Ring) -> None:
                rung.append(effect.bell)
                if effect.bell == 0:
                    # What is carried out leads to more, which comes after all that was there.
                    engine.take_turn(ask, *range(100, 100 + BATCH))

            engine.carry_out_by(Ring, ring)
            for number in range(BATCH):
                engine.take_turn(ask, number)
            engine.take_turn(ask, BATCH)
            assert rung == [*range(BATCH), *range(100, 100 + BATCH)]
            await asyncio.sleep(0)
        assert rung[2 * BATCH :] == [BATCH]

    play(scenario)


# Much to send


def test_data_beyond_the_room_for_it_is_refused_until_the_gateway_has_read():
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (publisher, subscriber):
            stream = await publisher.create_stream("Prices")
            subscription = await subscriber.subscribe("Prices")
            text = "x" * 2**20
            pushed = PUSH_ROOM // 2**20 - 1
            for _ in range(pushed):
                stream.push({"t": text})
            with pytest.raises(Overloaded, match="wait to be sent"):
                stream.push({"t": text})
            await stream.flush()
            stream.push({"t": "last"})
            for _ in range(pushed):
                await subscription.get(5)
            assert (await subscription.get(5)).data == {"t": "last"}

    play(scenario)


@pytest.mark.parametrize("size", [4000, 3000])
def test_data_that_the_gateway_does_not_take_is_refused_where_it_is_pushed(size: int):
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (publisher, subscriber):
            stream = await publisher.create_stream("Prices")
            subscription = await subscriber.subscribe("Prices")
            with pytest.raises(MessageTooLarge, match="the gateway takes 3000 at most"):
                stream.push({"t": "x" * size})
            stream.push({"t": "fits"})
            assert (await subscription.get(5)).data == {"t": "fits"}

    play(scenario, lambda: MemoryGateway(max_size=3000))


def test_timer_fires_at_the_earliest_deadline_and_is_set_again():
    async def scenario(gateway: MemoryGateway):
        async with gateway.client("app") as client:
            loop = asyncio.get_running_loop()
            begin = loop.time()
            ends: list[float] = []

            async def wait(seconds: float) -> None:
                with pytest.raises(MethodNotFound):
                    await client.wait_for_method("Nothing", seconds)
                ends.append(round(loop.time() - begin, 3))

            await asyncio.gather(*(wait(seconds) for seconds in (9, 2, 5, 70)))
        assert ends == [2, 5, 9, 70]

    play(scenario)


# Other threads and loops, on a clock that does not jump


def run(scenario: Scenario) -> Any:
    async def whole() -> Any:
        gateway = MemoryGateway()
        try:
            return await scenario(gateway)
        finally:
            await gateway.close()

    return asyncio.run(asyncio.wait_for(whole(), 10))


def test_client_may_be_asked_and_pushed_to_from_any_thread():
    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (publisher, subscriber):
            stream = await publisher.create_stream("Prices")
            subscription = await subscriber.subscribe("Prices")

            def work() -> list[Any]:
                for n in range(100):
                    stream.push({"n": n})
                return [method.name for method in publisher.methods()]

            assert await asyncio.to_thread(work) == ["Prices"]
            data = [(await subscription.get(5)).data["n"] for _ in range(100)]
            assert data == list(range(100))

    run(scenario)


def test_error_of_what_another_thread_asks_for_reaches_that_thread():
    async def scenario(gateway: MemoryGateway):
        async with gateway.client("app") as client:

            def fail() -> None:
                raise LookupError("asked for in vain")

            with pytest.raises(LookupError, match="in vain"):
                await asyncio.to_thread(client._engine.perform, fail)

    run(scenario)


def test_client_belongs_to_its_loop():
    async def scenario(gateway: MemoryGateway):
        async with gateway.client("app") as client:

            def elsewhere() -> None:
                with pytest.raises(InteropError, match="belongs to the event loop"):
                    asyncio.run(client.invoke("Sum"))
                with pytest.raises(InteropError, match="belongs to the event loop"):
                    asyncio.run(client.close())

            await asyncio.to_thread(elsewhere)
            assert not client.is_closed

    run(scenario)


def test_plain_handler_runs_in_a_thread_and_holds_up_nothing():
    going_on = threading.Event()
    threads: set[int] = set()

    def wait() -> str:
        threads.add(threading.get_ident())
        assert going_on.wait(10)
        return "done"

    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            await server.register("Wait", wait)
            await server.register("Sum", add)
            waiting = asyncio.ensure_future(caller.call("Wait"))
            assert await caller.call("Sum", a=1, b=2) == 3
            going_on.set()
            assert await waiting == "done"

    run(scenario)
    assert threading.get_ident() not in threads


def test_handler_that_asks_for_the_end_of_the_process_fails(caplog: pytest.LogCaptureFixture):
    def leave() -> None:
        raise SystemExit(3)

    async def leave_async() -> None:
        raise SystemExit(3)

    async def scenario(gateway: MemoryGateway):
        async with pair(gateway) as (server, caller):
            await server.register("Leave", leave)
            await server.register("LeaveAsync", leave_async)
            for name in ("Leave", "LeaveAsync"):
                with pytest.raises(HandlerFailed, match="3"):
                    await caller.invoke(name)

    with caplog.at_level(logging.ERROR):
        run(scenario)


def test_name_that_is_taken_is_refused_at_once():
    async def scenario(gateway: MemoryGateway):
        async with gateway.client("app") as client:
            await client.register("Sum", add)
            with pytest.raises(RegistrationError, match="registered already"):
                await client.register("sum", add)

    play(scenario)


def test_posted_function_that_fails_takes_no_other_with_it(caplog: pytest.LogCaptureFixture):
    done: list[int] = []

    def fail() -> None:
        raise ZeroDivisionError

    async def scenario(gateway: MemoryGateway):
        engine = await connecting("publisher").start_engine(gateway.open)

        def post() -> None:
            engine.post(lambda: done.append(1))
            engine.post(fail)
            engine.post(lambda: done.append(2))

        # On the loop each is carried out by itself, from another thread all at once.
        post()
        await asyncio.to_thread(post)
        await InteropClient(engine).close()

    play(scenario)
    assert done == [1, 2, 1, 2]
    assert [record.exc_info and record.exc_info[0] for record in caplog.records] == [
        ZeroDivisionError
    ] * 2
