"""Shared gateways that are processes of their own: who asks for one, and the end of all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from dash_interop.gateway import byte_locks

__all__ = ["Asker", "end_shared_gateways", "gateways_of", "is_running", "wait_until"]

ASKING = """
import sys
{before}
from dash_interop.gateway.embedded import EmbeddedGateway
gateway = EmbeddedGateway()
print("ready", flush=True)
for _ in sys.stdin:
    try:
        print(gateway.ensure(), flush=True)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
"""


class Asker:
    """
    A process that asks for the shared gateway each time it is told to.

    Args:
        environment: All of its environment variables.
        before: What it does first, as Python.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, before: str = "") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", ASKING.format(before=before)],
            env=None if environment is None else dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._is_ready = False

    def __enter__(self) -> Asker:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.communicate(timeout=30)

    def begin(self) -> None:
        """Have it ask."""
        assert self._process.stdin is not None
        self._process.stdin.write("ask\n")
        self._process.stdin.flush()

    def wait_until_ready(self) -> None:
        """Wait until it has loaded what it needs to ask."""
        if not self._is_ready:
            assert self._line() == "ready", "the process has not begun"
            self._is_ready = True

    def answer(self) -> str:
        """The URL, or the error, once it has it."""
        self.wait_until_ready()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self) -> str:
        self.begin()
        return self.answer()


def gateways_of(directory: Path) -> list[int]:
    """
    Ids of the processes that are shared gateways by the locks below a directory. It has to be asked
    in a process that is none: to open a lock, and to close it, gives it back.
    """
    found: list[int] = []
    for path in directory.glob("**/gateway-*.lock"):
        descriptor = os.open(path, os.O_RDWR)
        try:
            process = byte_locks.holder(descriptor, 0)
        finally:
            os.close(descriptor)
        if process:
            found.append(process)
    return found


def end_shared_gateways(directory: Path) -> None:
    """Kill those whose locks are below a directory, and wait until they have ended."""
    for process in gateways_of(directory):
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if "dash_interop.gateway" in psutil.Process(process).cmdline():
                os.kill(process, signal.SIGKILL)
                # Whoever takes its place as the parent may collect it later.
                wait_until(lambda ended=process: not is_running(ended), "a gateway has ended")


def is_running(process: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Wait until something holds that nobody tells us of; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds:g} s: {what}"
        time.sleep(0.02)
