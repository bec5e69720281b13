"""The loop of a blocking client, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from ..errors import ConnectionLost, InteropError
from ..transport.loop import new_event_loop
from ..transport.threads import Thread, is_patched, result_of
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
        self._lock = threading.Lock()
        self._is_stopping = False
        self._thread = Thread(self._loop.run_forever, "dash-interop-client")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """
        Run a coroutine on the loop and wait for it in this thread.

        Raises:
            InteropError: This thread or process cannot wait for it, or the client was closed.
        """
        if self._process != os.getpid():
            coroutine.close()
            raise InteropError("The client belongs to the process that made it: connect anew")
        with self._lock:
            try:
                if not self.is_running:
                    raise ConnectionLost("The client was closed")
                self.check_thread()
            except InteropError:
                coroutine.close()
                raise
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return result_of(future)
        except CancelledError:
            raise ConnectionLost("The client was closed") from None
        except BaseException:
            # Such as Ctrl-C: nobody waits for the coroutine any more.
            future.cancel()
            raise

    def stop(self) -> None:
        """End all coroutines and the thread. Nothing can be run from now on."""
        with self._lock:
            if not self.is_running:
                return
            self._is_stopping = True
            ending = asyncio.run_coroutine_threadsafe(_end_tasks(), self._loop)
        result_of(ending)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def is_running(self) -> bool:
        return self._process == os.getpid() and self._thread.is_alive() and not self._is_stopping

    def check_thread(self) -> None:
        """
        Raises:
            InteropError: Called on the loop.
        """
        if is_running_here(self._loop):
            raise InteropError(
                "An async function that was given to the client would wait for itself: make it a "
                "plain one, or use the client of dash_interop.client.aio"
            )


async def _end_tasks() -> None:
    """Let what was interrupted, such as an attempt to connect, come to its end."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT)
