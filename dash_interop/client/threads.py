"""
Threads for the plain functions that a client is given. They do not keep the process from ending,
as those of ``concurrent.futures`` do: a handler may wait for an answer that does not come.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeAlias, TypeVar

from ..transport.threads import Thread, new_inbox

__all__ = ["Threads"]

T = TypeVar("T")


class _Job(NamedTuple):
    function: Callable[[], Any]
    context: contextvars.Context
    outcome: asyncio.Future[Callable[[], Any]]


_Inbox: TypeAlias = "SimpleQueue[_Job | None]"


class Threads:
    """
    Args:
        most: How many there may be; beyond that, functions wait for one another.
    """

    def __init__(self, most: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._free = asyncio.Semaphore(most)
        self._idle: list[_Inbox] = []
        self._is_closed = False

    async def run(self, function: Callable[[], T]) -> T:
        """
        Run a function in a thread. When this is cancelled, the function goes on if it has begun.

        Raises:
            RuntimeError: It raised what would end the loop or mislead it, such as ``SystemExit``.
        """
        await self._free.acquire()
        outcome: asyncio.Future[Callable[[], T]] = self._loop.create_future()
        inbox = self._idle.pop() if self._idle else self._start()
        inbox.put(_Job(function, contextvars.copy_context(), outcome))
        return (await outcome)()

    def close(self) -> None:
        """End those that are idle now, and the others when they are done."""
        self._is_closed = True
        for inbox in self._idle:
            inbox.put(None)
        self._idle.clear()

    def _start(self) -> _Inbox:
        inbox: _Inbox = new_inbox()
        Thread(lambda: self._work(inbox), "dash-interop-handler")
        return inbox

    def _work(self, inbox: _Inbox) -> None:
        while (job := inbox.get()) is not None:
            outcome = job.context.run(_outcome_of, job.function)
            try:
                self._loop.call_soon_threadsafe(self._done, inbox, job.outcome, outcome)
            except RuntimeError:
                # The loop is closed, and with it whatever waited for the outcome.
                return

    def _done(
        self,
        inbox: _Inbox,
        waiting: asyncio.Future[Callable[[], Any]],
        outcome: Callable[[], Any],
    ) -> None:
        self._free.release()
        if self._is_closed:
            inbox.put(None)
        else:
            self._idle.append(inbox)
        if not waiting.done():
            waiting.set_result(outcome)


def _outcome_of(function: Callable[[], T]) -> Callable[[], T]:
    """
    Run a function; what it returned or raised comes from calling what this returns, as a future
    does not take every exception.
    """
    try:
        value = function()
    except BaseException as error:
        failure = error

        def fail() -> T:
            if isinstance(failure, Exception) and not isinstance(failure, StopIteration):
                raise failure
            raise RuntimeError(f"{type(failure).__name__}: {failure}") from failure

        return fail
    return lambda: value
