"""Invocations that are followed and given up, with a gateway in memory."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Any

import pytest

from dash_interop.client import Caller, Cancelled, Instance, aio, feed, invocation, listeners
from dash_interop.client.aio import InteropClient
from dash_interop.errors import (
    ConnectionLost,
    HandlerFailed,
    InteropError,
    InvocationCancelled,
    InvocationTimeout,
    MethodNotFound,
    Overloaded,
    ServerGone,
)
from tests.support.jumping import run_jumping
from tests.support.memory_gateway import MemoryGateway

Scenario = Callable[[MemoryGateway, InteropClient, InteropClient], Awaitable[Any]]


async def _whole(scenario: Scenario) -> Any:
    gateway = MemoryGateway()
    try:
        async with gateway.client("server") as server, gateway.client("caller") as caller:
            return await scenario(gateway, server, caller)
    finally:
        await gateway.close()


def play(scenario: Scenario) -> Any:
    """With a clock that jumps, so without threads."""
    return run_jumping(_whole(scenario))


def run(scenario: Scenario) -> Any:
    return asyncio.run(asyncio.wait_for(_whole(scenario), 20))


def tables(gateway: MemoryGateway) -> tuple[int, int]:
    """Calls that the gateway keeps, and answers that it has dropped."""
    counters = gateway.router.counters()
    return counters["calls"], counters["dropped_answers"]


class Slow:
    """An ``async def`` handler that says what becomes of it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.log: list[str] = []

    async def __call__(self, name: str = "one") -> str:
        self.log.append(f"{name} begun")
        self.begun.set()
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            self.log.append(f"{name} cancelled")
            raise
        finally:
            self.ended.set()
        self.log.append(f"{name} done")
        return name


@asynccontextmanager
async def slow_one(server: InteropClient, **options: Any) -> AsyncIterator[Slow]:
    slow = Slow()
    await server.register("Slow", slow, **options)
    yield slow


# The caller gives up


def test_handler_of_a_cancelled_invocation_is_cancelled():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with slow_one(server) as slow:
            invoking = asyncio.ensure_future(caller.invoke("Slow"))
            await slow.begun.wait()
            invoking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await invoking
            await slow.ended.wait()
            assert slow.log == ["one begun", "one cancelled"]
            await server.unregister("Slow")
            assert tables(gateway) == (0, 0)

    play(scenario)


def test_handler_of_an_invocation_that_wait_for_ends_is_cancelled():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with slow_one(server) as slow:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(caller.call("Slow"), 1)
            await slow.ended.wait()
            assert slow.log == ["one begun", "one cancelled"]

    play(scenario)


def test_handler_is_cancelled_when_the_time_of_its_caller_is_over():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with slow_one(server) as slow:
            with pytest.raises(InvocationTimeout):
                await caller.invoke("Slow", response_timeout=1)
            await slow.ended.wait()
            assert slow.log == ["one begun", "one cancelled"]
            assert tables(gateway) == (0, 0)

    play(scenario)


def test_handler_is_cancelled_when_its_caller_leaves():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with slow_one(server) as slow, gateway.client("leaver") as leaver:
            invoking = asyncio.ensure_future(leaver.invoke("Slow"))
            await slow.begun.wait()
            await leaver.close()
            with pytest.raises(ConnectionLost) as caught:
                await invoking
            assert caught.value.delivered == "unknown"
            await slow.ended.wait()
            assert slow.log == ["one begun", "one cancelled"]

    play(scenario)


def test_each_of_several_servers_hears_of_it():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with gateway.client("other") as other, slow_one(server) as a, slow_one(other) as b:
            invoking = asyncio.ensure_future(caller.invoke("Slow", target="all"))
            await asyncio.gather(a.begun.wait(), b.begun.wait())
            invoking.cancel()
            await asyncio.gather(a.ended.wait(), b.ended.wait())
            assert a.log == b.log == ["one begun", "one cancelled"]

    play(scenario)


def test_waiting_invocation_that_is_cancelled_is_never_run():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with slow_one(server) as slow:
            names = ["first", "second", "third"]
            invoking = [asyncio.ensure_future(caller.call("Slow", name=name)) for name in names]
            await slow.begun.wait()
            invoking[1].cancel()
            assert [await invoking[0], await invoking[2]] == ["first", "third"]
            assert slow.log == ["first begun", "first done", "third begun", "third done"]

    play(scenario)


def test_next_one_begins_when_the_one_that_was_cancelled_has_ended():
    log: list[str] = []

    async def tidy(name: str) -> str:
        log.append(f"{name} begun")
        try:
            await asyncio.sleep(5)
        finally:
            await asyncio.sleep(1)
            log.append(f"{name} tidied up")
        return name

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Tidy", tidy)
        first, second = (asyncio.ensure_future(caller.call("Tidy", name=name)) for name in "ab")
        await asyncio.sleep(1)
        first.cancel()
        assert await second == "b"
        assert log == ["a begun", "a tidied up", "b begun", "b tidied up"]

    play(scenario)


def test_nothing_of_a_cancellation_is_left_for_the_next_invocation():
    async def stubborn(name: str) -> str:
        task = asyncio.current_task()
        assert task is not None
        # Python 3.10 does not count them.
        pending = getattr(task, "cancelling", int)()
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            return "late"
        await asyncio.wait_for(asyncio.sleep(1), 5)
        return f"{name}, {pending} pending"

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Stubborn", stubborn)
        first = asyncio.ensure_future(caller.call("Stubborn", name="a"))
        second = asyncio.ensure_future(caller.call("Stubborn", name="b"))
        await asyncio.sleep(1)
        first.cancel()
        assert await second == "b, 0 pending"
        (offering,) = server._agm.serving
        assert offering.queue.dropped_answers == 1
        assert tables(gateway) == (0, 0)

    play(scenario)


def test_invocation_that_waits_for_its_method_is_not_made_when_cancelled():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        invoking = asyncio.ensure_future(caller.invoke("Slow"))
        await asyncio.sleep(1)
        invoking.cancel()
        async with slow_one(server) as slow:
            await asyncio.sleep(5)
            assert slow.log == []
        assert not [each for each in gateway.heard if type(each).__name__ == "CancelCall"]

    play(scenario)


# Threads


def test_thread_may_ask_whether_anybody_still_waits():
    begun, seen = threading.Event(), []

    def work(caller: Caller, cancelled: Cancelled) -> str:
        seen.append((cancelled.is_set(), cancelled.reason, cancelled.wait(0)))
        begun.set()
        seen.append((caller.cancelled.wait(10), caller.cancelled.reason, cancelled.is_set()))
        return "late"

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Work", work)
        await server.register("Next", lambda: "next")
        invoking = asyncio.ensure_future(caller.call("Work"))
        assert await asyncio.to_thread(begun.wait, 10)
        invoking.cancel()
        # Its place is free when it has ended.
        await asyncio.gather(invoking, return_exceptions=True)
        (offering, _) = server._agm.serving
        while len(offering.queue):
            await caller.call("Next")
        assert offering.queue.dropped_answers == 1
        assert seen == [(False, None, False), (True, "cancelled", True)]
        assert tables(gateway) == (0, 0)

    run(scenario)


@pytest.mark.parametrize("how", ["timeout", "left", "own end"])
def test_thread_hears_of_every_end(how: str):
    begun, ended, reasons = threading.Event(), threading.Event(), []

    def work(cancelled: Cancelled) -> None:
        begun.set()
        if cancelled.wait(10):
            reasons.append(cancelled.reason)
        ended.set()

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Work", work)
        seconds = 0.5 if how == "timeout" else 30
        invoking = asyncio.ensure_future(caller.invoke("Work", response_timeout=seconds))
        assert await asyncio.to_thread(begun.wait, 10)
        if how == "left":
            await caller.close()
        elif how == "own end":
            await server.close()
        assert await asyncio.to_thread(ended.wait, 10)
        await asyncio.gather(invoking, return_exceptions=True)

    run(scenario)
    assert reasons == ["timeout" if how == "timeout" else "left"]


def test_one_thread_runs_at_a_time_however_many_are_cancelled():
    lock, entered, going_on = threading.Lock(), threading.Semaphore(0), threading.Event()
    together: list[bool] = []

    def work() -> None:
        together.append(not lock.acquire(blocking=False))
        entered.release()
        going_on.wait(10)
        lock.release()

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Work", work)
        await server.register("Next", lambda: "next")
        first = asyncio.ensure_future(caller.invoke("Work"))
        assert await asyncio.to_thread(entered.acquire, True, 10)
        for _ in range(5):
            invoking = asyncio.ensure_future(caller.invoke("Work"))
            await asyncio.sleep(0)
            first.cancel()
            first = invoking
        # The server has heard of all of them by then.
        await caller.call("Next")
        going_on.set()
        await first

    run(scenario)
    assert together == [False, False]


def test_waiting_for_it_on_a_loop_is_refused():
    async def work(cancelled: Cancelled) -> None:
        cancelled.wait(1)

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Work", work)
        with pytest.raises(HandlerFailed, match="wait would hold up the event loop"):
            await caller.invoke("Work")

    play(scenario)


def test_caller_is_the_instance_all_the_same():
    async def work(caller: Caller) -> Any:
        assert isinstance(caller, Instance)
        return {"is": caller["application"], "offers": caller.get_methods(), "since": caller.since}

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Work", work)
        assert await caller.call("Work") == {"is": "caller", "offers": [], "since": None}
        assert server._engine is not caller._engine

    play(scenario)


# Progress


async def report(progress: Callable[[Any], None], values: list[Any]) -> str:
    for value in values:
        progress(value)
        await asyncio.sleep(0)
    return "done"


def report_in_a_thread(progress: Callable[[Any], None], values: list[Any]) -> str:
    for value in values:
        progress(value)
    return "done"


VALUES = [0.5, {"step": 2}, [None], "last"]


@pytest.mark.parametrize("function", [report, report_in_a_thread])
@pytest.mark.parametrize("is_async", [True, False])
def test_progress_is_told_in_order_and_before_the_result(function: Any, is_async: bool):
    told: list[Any] = []

    async def hear(value: Any) -> None:
        await asyncio.sleep(0.001)
        told.append(value)

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Report", function)
        on_progress = hear if is_async else told.append
        result = await caller.invoke("Report", {"values": VALUES}, on_progress=on_progress)
        assert (result.value, told) == ("done", VALUES)

    run(scenario)


def test_progress_is_told_before_the_error():
    told: list[Any] = []

    async def fail(progress: Callable[[Any], None]) -> None:
        progress(1)
        raise LookupError("no")

    async def hear(value: Any) -> None:
        await asyncio.sleep(1)
        told.append(value)

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Fail", fail)
        with pytest.raises(HandlerFailed):
            await caller.invoke("Fail", on_progress=hear)
        assert told == [1]

    play(scenario)


@pytest.mark.parametrize("function", [report, report_in_a_thread])
def test_progress_that_nobody_listens_to_goes_nowhere(function: Any):
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Report", function)
        assert await caller.call("Report", values=VALUES) == "done"
        assert not [each for each in gateway.heard if type(each).__name__ == "Progress"]

    run(scenario)


@pytest.mark.parametrize("function", [report, report_in_a_thread])
def test_value_that_cannot_travel_is_an_error_in_the_handler(function: Any):
    caught: list[str] = []

    def careful(progress: Callable[[Any], None]) -> str:
        try:
            progress({"a": object()})
        except ValueError as error:
            caught.append(str(error))
        return "went on"

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Careful", careful)
        assert (await caller.invoke("Careful", on_progress=caught.append)).value == "went on"
        assert await caller.call("Careful") == "went on"
        assert len(caught) == 2
        assert caught[0].startswith("progress.a ")

    run(scenario)


def test_values_are_those_of_the_moment_and_dates_come_back():
    told: list[Any] = []
    when = datetime(2026, 1, 2, tzinfo=timezone.utc)

    async def work(progress: Callable[[Any], None]) -> None:
        value: dict[str, Any] = {"when": when}
        progress(value)
        value["when"] = None
        progress(value)

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Work", work)

        async def hear(value: Any) -> None:
            told.append(value)

        await caller.invoke("Work", on_progress=hear)

    play(scenario)
    assert told == [{"when": when}, {"when": None}]


def test_listener_that_fails_is_logged_and_the_invocation_goes_on(
    caplog: pytest.LogCaptureFixture,
):
    async def hear(value: Any) -> None:
        raise LookupError("deaf")

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Report", report)
        result = await caller.invoke("Report", {"values": [1]}, on_progress=hear)
        assert result.value == "done"

    play(scenario)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_listener_of_a_cancelled_invocation_hears_no_more():
    told: list[Any] = []

    async def hear(value: Any) -> None:
        await asyncio.sleep(10)
        told.append(value)

    async def work(progress: Callable[[Any], None]) -> None:
        for n in range(5):
            progress(n)
        await asyncio.sleep(100)

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Work", work, response_timeout=500)
        invoking = asyncio.ensure_future(caller.invoke("Work", on_progress=hear))
        await asyncio.sleep(15)
        invoking.cancel()
        await asyncio.sleep(100)
        assert told == [0, 1]

    play(scenario)


def test_too_many_values_for_a_listener_end_the_invocation(monkeypatch: pytest.MonkeyPatch):
    for module in (listeners, feed, invocation):
        monkeypatch.setattr(module, "LONGEST_QUEUE", 3)

    async def hear(value: Any) -> None:
        await asyncio.sleep(1)

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Report", report)
        words = "^3 values of progress of Report wait to be taken: it is cancelled$"
        with pytest.raises(Overloaded, match=words):
            await caller.invoke("Report", {"values": [0] * 10}, on_progress=hear)
        async with caller.invocation("Report", {"values": [0] * 10}) as one:
            with pytest.raises(Overloaded, match=words):
                await one.result()

    play(scenario)


# The block


def test_block_tells_progress_and_result():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Report", report)
        async with caller.invocation("Report", {"values": VALUES}) as one:
            assert [value async for value in one] == VALUES
            assert (await one.result()).value == (await one.result()).value == "done"
            assert [value async for value in one] == []

    play(scenario)


def test_result_needs_no_iteration():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Report", report)
        async with caller.invocation("Report", {"values": VALUES}) as one:
            assert (await one.result()).value == "done"
            assert [value async for value in one] == VALUES

    play(scenario)


def test_error_ends_the_iteration_and_the_wait_for_the_result():
    async def fail(progress: Callable[[Any], None]) -> None:
        progress(1)
        raise LookupError("no")

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Fail", fail)
        told: list[Any] = []
        async with caller.invocation("Fail") as one:
            with pytest.raises(HandlerFailed, match="no"):
                async for value in one:
                    told.append(value)
            with pytest.raises(HandlerFailed, match="no"):
                await one.result()
        assert told == [1]

    play(scenario)


def test_leaving_the_block_cancels_what_is_under_way():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with slow_one(server) as slow:
            async with caller.invocation("Slow") as one:
                await slow.begun.wait()
            with pytest.raises(InvocationCancelled):
                await one.result()
            await slow.ended.wait()
            assert slow.log == ["one begun", "one cancelled"]
            assert len(caller._engine._ends) == 1, "what has ended is kept"

    play(scenario)


def test_cancelling_ends_who_waits_in_the_block():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with slow_one(server) as slow, caller.invocation("Slow") as one:
            waiting = asyncio.ensure_future(one.result())
            iterating = asyncio.ensure_future(anext(one))
            await slow.begun.wait()
            one.cancel()
            one.cancel()
            for task in (waiting, iterating):
                with pytest.raises(InvocationCancelled):
                    await task

    play(scenario)


def test_wait_that_is_cancelled_leaves_the_invocation_as_it_is():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with slow_one(server), caller.invocation("Slow") as one:
            for _ in range(2):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(one.result(), 1)
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(anext(one), 1)
            assert (await one.result()).value == "one"

    play(scenario)


def test_block_may_be_entered_once():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Report", report)
        one = caller.invocation("Report", {"values": []})
        with pytest.raises(InteropError, match="begins with its with block"):
            await one.result()
        with pytest.raises(InteropError, match="begins with its with block"):
            await anext(one)
        async with one:
            await one.result()
        with pytest.raises(InteropError, match="has begun already"):
            await one.__aenter__()

    play(scenario)


def test_client_that_is_closed_ends_the_block():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async with slow_one(server) as slow, caller.invocation("Slow") as one:
            await slow.begun.wait()
            await caller.close()
            with pytest.raises(ConnectionLost) as caught:
                await one.result()
            assert caught.value.delivered == "unknown"
            with pytest.raises(ConnectionLost):
                await anext(one)

    play(scenario)


# What is known of an invocation that a lost connection has ended


def test_invocation_that_was_not_sent_when_the_client_is_closed_was_not_delivered():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        invoking = asyncio.ensure_future(caller.invoke("Nothing"))
        await asyncio.sleep(0.1)
        await caller.close()
        with pytest.raises(ConnectionLost) as waiting:
            await invoking
        with pytest.raises(ConnectionLost) as later:
            await caller.invoke("Nothing")
        assert waiting.value.delivered == later.value.delivered == "no"

    play(scenario)


def test_progress_shows_that_the_invocation_was_delivered():
    async def work(progress: Callable[[Any], None]) -> None:
        progress(1)
        await asyncio.sleep(20)

    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        await server.register("Work", work)
        async with caller.invocation("Work") as one:
            assert await anext(one) == 1
            await server.close()
            with pytest.raises(ServerGone) as caught:
                await one.result()
        assert caught.value.delivered == "yes"

    play(scenario)


def test_what_cannot_be_used_is_refused_before_the_block():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        with pytest.raises(InteropError):
            caller.invocation("Work", response_timeout=0)
        async with caller.invocation("Work", wait_timeout=0) as one:
            with pytest.raises(MethodNotFound):
                await one.result()

    play(scenario)


def test_module_of_the_public_class_is_that_of_the_client():
    assert aio.InteropClient.invocation.__annotations__["return"] == "Invocation"


def test_progress_may_be_none():
    async def scenario(gateway: MemoryGateway, server: InteropClient, caller: InteropClient):
        async def count(progress: Callable[[Any], None]) -> None:
            for value in (1, None, 0, None):
                progress(value)

        await server.register("Count", count)
        async with caller.invocation("Count") as following:
            assert [value async for value in following] == [1, None, 0, None]

    play(scenario)
