"""
Threads of the operating system, also where gevent has put greenlets in their place, and what such
threads and greenlets share.

A loop cannot run in a greenlet: it would hold up the thread, or count as the running loop of all
other greenlets in it. So loops and plain handlers keep threads of their own. The locks that gevent
has put in place of those of ``threading`` are for greenlets: one that waits for a lock which such a
thread has ends with an error when no other greenlet has anything to do. What both kinds of thread
use has to come from here.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from queue import SimpleQueue
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["LongLock", "Outcome", "Thread", "is_patched", "new_inbox", "new_lock", "new_processes"]

T = TypeVar("T")

LOOK_SECONDS = 1.0
"""Seconds between two looks at whether a thread that is waited for is still there."""

logger = logging.getLogger(__name__)


def is_patched() -> bool:
    """Whether gevent has replaced the threads of this process."""
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")


def _original(module: str, name: str) -> Any:
    if is_patched():
        return sys.modules["gevent.monkey"].get_original(module, name)
    return getattr(import_module(module), name)


_here: Any = _original("_thread", "_local")()
"""What is known of the thread that looks at it."""


def _is_ours() -> bool:
    """Whether a ``Thread`` runs this: it has no greenlets."""
    return hasattr(_here, "is_ours")


def _hub() -> Any:
    """What runs the greenlets of this thread."""
    return import_module("gevent").get_hub()


def new_inbox() -> SimpleQueue[Any]:
    """A queue between such threads."""
    return _original("queue", "SimpleQueue")()


def new_lock() -> threading.Lock:
    """
    A lock for what takes microseconds. Whoever has it must not wait for anything: under gevent,
    another greenlet of the same thread would wait for it for ever.
    """
    return _original("_thread", "allocate_lock")()


def new_processes() -> ModuleType:
    """
    ``subprocess`` for any thread: that of gevent starts processes from its main loop only, has
    emptied parts of the original, and closes what it should close at once in a later turn.
    """
    if not is_patched():
        return import_module("subprocess")
    spec = find_spec("subprocess")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    plain = ModuleType("os")
    plain.__dict__.update(vars(os), close=_original("os", "close"))
    vars(module)["os"] = plain
    return module


class Outcome(Generic[T]):
    """
    What comes of something that one thread does for others: a value or an error. It is told once;
    any number of threads and greenlets may wait for it.

    Attributes:
        is_known: Whether it was told.
    """

    def __init__(self) -> None:
        self.is_known = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._lock = new_lock()
        self._pauses: set[_Pause] = set()

    def succeed(self, value: T) -> None:
        self._value = value
        self._tell()

    def fail(self, error: BaseException) -> None:
        self._error = error
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            self.is_known = True
            for pause in self._pauses:
                pause.end()

    def wait(self, timeout: float) -> bool:
        """Wait until it is known, for so many seconds at most; whether it is known."""
        if not self.is_known:
            pause = _new_pause()
            try:
                with self._lock:
                    self._pauses.add(pause)
                # It may have been told before the pause was among those that are ended.
                if not self.is_known:
                    pause.wait(timeout)
            finally:
                # In a forked child, a thread that is gone may have the lock for ever.
                is_locked = self._lock.acquire(timeout=LOOK_SECONDS)
                self._pauses.discard(pause)
                pause.close()
                if is_locked:
                    self._lock.release()
        return self.is_known

    def result(self, look: Callable[[], None]) -> T:
        """
        The value, as soon as it is known.

        Args:
            look: Called every second. Raises an error when nobody is going to tell the outcome.
        """
        while not self.wait(LOOK_SECONDS):
            look()
        if self._error is not None:
            raise self._error
        return self._value


class _Pause(Protocol):
    """How a thread or a greenlet waits. ``end`` is called by another thread, once."""

    def wait(self, timeout: float) -> None:
        """Until it is ended, or for so many seconds."""
        ...

    def end(self) -> None: ...

    def close(self) -> None: ...


class _ThreadPause:
    def __init__(self) -> None:
        self._lock = new_lock()
        self._lock.acquire()

    def wait(self, timeout: float) -> None:
        self._lock.acquire(timeout=timeout)

    def end(self) -> None:
        self._lock.release()

    def close(self) -> None:
        pass


class _GreenletPause:
    """Other greenlets go on, and the loop of gevent knows that it can be woken."""

    def __init__(self) -> None:
        self._ended = import_module("gevent.event").Event()
        self._watcher = _hub().loop.async_()
        self._watcher.start(self._ended.set)

    def wait(self, timeout: float) -> None:
        self._ended.wait(timeout)

    def end(self) -> None:
        self._watcher.send()

    def close(self) -> None:
        self._watcher.stop()
        self._watcher.close()


def _new_pause() -> _Pause:
    return _GreenletPause() if is_patched() and not _is_ours() else _ThreadPause()


class LongLock:
    """A lock for what takes long, such as connecting. Whoever has it may take it again."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._owner: int | None = None
        self._depth = 0
        self._left: Outcome[None] = Outcome()
        """Told when the present owner has left it."""

    def __enter__(self) -> None:
        # Under gevent, this is the number of the greenlet.
        me = threading.get_ident()
        while True:
            with self._lock:
                if self._owner in (None, me):
                    self._owner = me
                    self._depth += 1
                    return
                left = self._left
            left.wait(LOOK_SECONDS)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth:
                return
            self._owner = None
            left, self._left = self._left, Outcome()
        left.succeed(None)


class Thread:
    """
    A thread that does not keep the process from ending; it runs from now on.

    Args:
        function: What it runs.
        name: For those who look at the process.
    """

    def __init__(self, function: Callable[[], None], name: str) -> None:
        self._function = function
        self._process = os.getpid()
        self._ended: Outcome[None] = Outcome()
        if is_patched():
            if not _is_ours():
                # Else this thread might make its hub while others have locks that this takes.
                _hub()
            _original("_thread", "start_new_thread")(self._run, ())
        else:
            threading.Thread(target=self._run, name=name, daemon=True).start()

    def is_alive(self) -> bool:
        # In a forked child the thread is gone, and nobody has told that it ended.
        return not self._ended.is_known and self._process == os.getpid()

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, or for so many seconds."""
        if timeout is not None:
            self._ended.wait(timeout)
        while timeout is None and self.is_alive():
            self._ended.wait(LOOK_SECONDS)

    def _run(self) -> None:
        _here.is_ours = True
        try:
            self._function()
        except Exception:
            logger.exception("a thread failed")
        finally:
            self._ended.succeed(None)
