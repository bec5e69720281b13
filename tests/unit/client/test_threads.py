"""Threads for the plain functions of a client."""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dash_interop.client.threads import Threads

PATIENCE = 10.0


def use(scenario: Callable[[Threads], Awaitable[Any]], most: int = 4) -> Any:
    async def whole() -> Any:
        threads = Threads(most)
        try:
            return await scenario(threads)
        finally:
            threads.close()

    return asyncio.run(asyncio.wait_for(whole(), PATIENCE))


def test_function_runs_in_a_thread_and_in_the_context_of_the_caller():
    who = contextvars.ContextVar[str]("who")

    async def scenario(threads: Threads):
        who.set("anna")
        return await threads.run(lambda: (who.get(), threading.get_ident()))

    name, thread = use(scenario)
    assert name == "anna"
    assert thread != threading.get_ident()


def test_thread_that_is_free_is_used_again():
    async def scenario(threads: Threads):
        return {await threads.run(threading.get_ident) for _ in range(5)}

    assert len(use(scenario)) == 1


@pytest.mark.parametrize("most", [1, 2])
def test_functions_beyond_the_most_threads_wait_for_one_another(most: int):
    going_on = threading.Event()
    begun: list[int] = []

    def work(n: int) -> int:
        begun.append(n)
        assert going_on.wait(PATIENCE)
        return n

    async def scenario(threads: Threads):
        all_begun = [asyncio.ensure_future(threads.run(lambda n=n: work(n))) for n in range(4)]
        # The loop has begun what it may before it comes to this.
        beside = await asyncio.to_thread(lambda: list(begun))
        assert len(beside) <= most
        going_on.set()
        return await asyncio.gather(*all_begun)

    assert use(scenario, most) == [0, 1, 2, 3]


def test_error_of_a_function_is_raised_to_whoever_waits_for_it():
    async def scenario(threads: Threads):
        def fail() -> None:
            raise LookupError("no such desk")

        with pytest.raises(LookupError, match="no such desk"):
            await threads.run(fail)
        return await threads.run(lambda: "next")

    assert use(scenario) == "next"


@pytest.mark.parametrize("error", [StopIteration("x"), SystemExit(3), KeyboardInterrupt()])
def test_error_that_a_future_refuses_or_that_would_end_the_loop_is_another_one(
    error: BaseException,
):
    async def scenario(threads: Threads):
        def fail() -> None:
            raise error

        with pytest.raises(RuntimeError, match=f"^{type(error).__name__}: ") as caught:
            await threads.run(fail)
        assert caught.value.__cause__ is error

    use(scenario)


def test_function_whose_caller_is_cancelled_goes_on_and_its_thread_is_free_then():
    going_on, begun, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert going_on.wait(PATIENCE)
        ended.set()

    async def scenario(threads: Threads):
        working = asyncio.ensure_future(threads.run(work))
        await asyncio.to_thread(begun.wait, PATIENCE)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        going_on.set()
        return await threads.run(lambda: ended.is_set())

    assert use(scenario, most=1) is True


def test_threads_end_when_they_are_closed_and_those_at_work_when_they_are_done():
    going_on, begun = threading.Event(), threading.Event()
    workers: list[threading.Thread] = []

    def note() -> None:
        workers.append(threading.current_thread())

    def work() -> None:
        note()
        begun.set()
        assert going_on.wait(PATIENCE)

    async def scenario(threads: Threads):
        working = asyncio.ensure_future(threads.run(work))
        await asyncio.to_thread(begun.wait, PATIENCE)
        await threads.run(note)
        threads.close()
        await asyncio.to_thread(workers[1].join, PATIENCE)
        assert [worker.is_alive() for worker in workers] == [True, False]
        going_on.set()
        await working

    use(scenario)
    for worker in workers:
        worker.join(PATIENCE)
        assert not worker.is_alive()


def test_function_that_outlives_the_loop_ends_its_thread():
    going_on, begun = threading.Event(), threading.Event()
    workers: list[threading.Thread] = []

    def work() -> None:
        workers.append(threading.current_thread())
        begun.set()
        assert going_on.wait(PATIENCE)

    async def scenario(threads: Threads):
        working = asyncio.ensure_future(threads.run(work))
        await asyncio.to_thread(begun.wait, PATIENCE)
        working.cancel()

    use(scenario)
    going_on.set()
    workers[0].join(PATIENCE)
    assert not workers[0].is_alive()
