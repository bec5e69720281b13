"""The loop of a blocking client, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from ..errors import ConnectionLost, InteropError
from ..transport.loop import new_event_loop
from ..transport.threads import Outcome, Thread, is_patched, new_lock
from .engine import is_running_here
from .listeners import CLOSE_TIMEOUT

__all__ = ["Portal"]

T = TypeVar("T")


class Portal:
    """A loop in a thread, and the way to run coroutines on it from other threads."""

    def __init__(self) -> None:
        # Not uvloop's, after whose name look-ups a forked child crashes when it exits; but gevent
        # has patched what asyncio's own is made of.
        self._loop = new_event_loop() if is_patched() else asyncio.new_event_loop()
        self._process = os.getpid()
        self._lock = new_lock()
        self._is_stopping = False
        self._thread = Thread(self._loop.run_forever, "dash-interop-client")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """
        Run a coroutine on the loop and wait for it in this thread.

        Raises:
            InteropError: This thread or process cannot wait for it, or the client was closed.
        """
        errand = _Errand(coroutine)
        try:
            # A forked child does not touch the lock, which a thread of its parent may have.
            self._check_process()
            with self._lock:
                if not self.is_running:
                    raise ConnectionLost("The client was closed")
                self.check_thread()
                self._loop.call_soon_threadsafe(errand.begin)
        except InteropError:
            coroutine.close()
            raise
        try:
            return errand.outcome.result(self._look)
        except BaseException:
            # Such as Ctrl-C: nobody waits for the coroutine any more.
            if not errand.outcome.is_known:
                self._cancel(errand)
            raise

    def stop(self) -> None:
        """End all coroutines and the thread. Nothing can be run from now on."""
        if self._process != os.getpid():
            return
        with self._lock:
            is_first, self._is_stopping = not self._is_stopping, True
            if is_first:
                self._loop.call_soon_threadsafe(self._end)
        self._thread.join()
        if is_first:
            self._loop.close()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive() and not self._is_stopping

    @property
    def is_here(self) -> bool:
        """Whether this runs on the loop."""
        return is_running_here(self._loop)

    def check_thread(self) -> None:
        """
        Raises:
            InteropError: Called on the loop.
        """
        if self.is_here:
            raise InteropError(
                "An async function that was given to the client would wait for itself: make it a "
                "plain one, or use the client of dash_interop.client.aio"
            )

    def _check_process(self) -> None:
        if self._process != os.getpid():
            raise InteropError("The client belongs to the process that made it: connect anew")

    def _look(self) -> None:
        self._check_process()
        if not self._thread.is_alive():
            raise ConnectionLost("The client was closed")

    def _cancel(self, errand: _Errand[Any]) -> None:
        if self._process != os.getpid():
            return
        with self._lock:
            if self.is_running:
                self._loop.call_soon_threadsafe(errand.cancel)

    def _end(self) -> None:
        ending = self._loop.create_task(_end_tasks())
        ending.add_done_callback(lambda _: self._loop.stop())


class _Errand(Generic[T]):
    """
    A coroutine that a loop runs for a thread that waits.

    Attributes:
        outcome: What comes of it.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self.outcome: Outcome[T] = Outcome()

    def begin(self) -> None:
        self._task = asyncio.ensure_future(self._coroutine)
        self._task.add_done_callback(self._tell)

    def cancel(self) -> None:
        self._task.cancel()

    def _tell(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.outcome.fail(ConnectionLost("The client was closed"))
        elif (error := task.exception()) is not None:
            self.outcome.fail(error)
        else:
            self.outcome.succeed(task.result())


async def _end_tasks() -> None:
    """Let what was interrupted, such as an attempt to connect, come to its end."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT)
