"""
Threads of the operating system, also where gevent has put greenlets in their place.

A loop cannot run in a greenlet: it would hold up the thread, or count as the running loop of all
other greenlets in it. A greenlet may wait for a future of such a thread; others go on meanwhile.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from importlib import import_module
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["Thread", "is_patched", "new_inbox", "result_of"]

T = TypeVar("T")

LOOK_SECONDS = 1.0
"""Seconds between two looks at another thread. Under gevent, a wait without a limit would fail."""

HUB_SECONDS = 0.01
"""Pause before the next look where gevent has nothing else to do than to wait."""

logger = logging.getLogger(__name__)


def is_patched() -> bool:
    """Whether gevent has replaced the threads of this process."""
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")


def new_inbox() -> SimpleQueue[Any]:
    """A queue between such threads."""
    return _original("queue", "SimpleQueue")()


def result_of(future: Future[T], look: Callable[[], None] = lambda: None) -> T:
    """
    What a future of another thread comes to.

    Args:
        look: Called every second, and may raise an error to end the wait.
    """
    while True:
        try:
            return future.result(LOOK_SECONDS)
        except FutureTimeout:
            # The future itself may have failed with a timeout.
            if future.done():
                return future.result()
            look()
        except Exception as error:
            if not _is_end_of_hub(error):
                raise
            _original("time", "sleep")(HUB_SECONDS)


def _is_end_of_hub(error: Exception) -> bool:
    """
    Whether gevent says that nothing would ever end a wait. It knows of greenlets only: here a
    thread of the operating system does, which has a lock of the future at this moment.
    """
    exceptions: Any = sys.modules.get("gevent.exceptions")
    return exceptions is not None and isinstance(error, exceptions.LoopExit)


class Thread:
    """
    A thread that does not keep the process from ending; it runs from now on.

    Args:
        function: What it runs.
        name: For those who look at the process.
    """

    def __init__(self, function: Callable[[], None], name: str) -> None:
        self._function = function
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        if is_patched():
            _original("_thread", "start_new_thread")(self._run, ())
        else:
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def is_alive(self) -> bool:
        # In a forked child the thread is gone, and nobody has set that it ended.
        return not self._ended.is_set() and (self._thread is None or self._thread.is_alive())

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, or for so many seconds."""
        if timeout is not None:
            self._ended.wait(timeout)
        while timeout is None and self.is_alive():
            self._ended.wait(LOOK_SECONDS)

    def _run(self) -> None:
        try:
            self._function()
        except Exception:
            logger.exception("a thread failed")
        finally:
            self._ended.set()


def _original(module: str, name: str) -> Any:
    if is_patched():
        return sys.modules["gevent.monkey"].get_original(module, name)
    return getattr(import_module(module), name)
