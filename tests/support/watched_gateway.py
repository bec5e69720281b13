"""
A gateway as a process of its own that says what its tables hold, and can be killed.

``python -m tests.support.watched_gateway PORT`` is that process: each line on its standard input is
answered with one JSON object, and its log is on standard error.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import psutil

from dash_interop.gateway.auth import OpenDoor
from dash_interop.gateway.config import GatewayConfig
from dash_interop.gateway.origins import OriginPolicy
from dash_interop.gateway.server import Gateway
from dash_interop.router.principals import Principal
from dash_interop.transport.loop import new_event_loop

__all__ = ["HOST", "State", "WatchedGateway", "token_of"]

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]
ANSWER_SECONDS = 30.0
STOP_SECONDS = 10.0

AUTHORITY = OpenDoor("s" * 32)
"""Believes any login."""

COUNTS = (
    "dropped_answers",
    "dropped_progress",
    "slow_readers",
    "failed_logins",
    "context_probes",
    "context_heals",
)
"""What counters say beside the sizes of tables."""


@dataclass(frozen=True)
class State:
    """What a gateway holds at one moment."""

    counters: dict[str, int]
    tasks: int
    threads: int
    descriptors: int
    megabytes: float

    @property
    def kept(self) -> dict[str, int]:
        """The tables in which there is something."""
        return {
            name: count for name, count in self.counters.items() if count and name not in COUNTS
        }


def token_of(user: str, *, is_service: bool = False) -> str:
    """With it one logs in as a user, or as a service."""
    return AUTHORITY.issue(Principal(user, is_service=is_service))


class WatchedGateway:
    """
    Runs from the beginning to the end of a ``with`` block.

    Attributes:
        url: Where it listens; stays the same when it is started again.

    Raises:
        AssertionError: It does not start, or does not answer.
    """

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()
        self._lines: queue.Queue[str] = queue.Queue()
        self._port = 0
        self._process = self._started()
        self.url = f"ws://{HOST}:{self._port}"

    def __enter__(self) -> WatchedGateway:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close_pipes()
        self._log.close()

    @property
    def port(self) -> int:
        return self._port

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """All that it has logged, over all of its runs."""
        # Not by seeking: the process goes on writing at the place of the descriptor they share.
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def faults(self) -> list[str]:
        """Tracebacks in its log, and its end where nobody asked for it."""
        found = []
        log = self.log
        at = log.find("Traceback")
        if at >= 0:
            found.append(
                f"a traceback in the log of the gateway:\n{log[max(0, at - 300) : at + 3000]}"
            )
        if self._process.poll() is not None:
            found.append(f"the gateway has ended with {self._process.poll()}:\n{log[-2000:]}")
        return found

    def look(self) -> State:
        """What it holds now."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except OSError as error:
            raise AssertionError(f"the gateway is gone: {error}; {self.log[-2000:]}") from error
        return State(**json.loads(self._line()))

    def kill(self) -> None:
        """End it with SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Run it anew, at the same place; nothing of what it held is left."""
        self.kill()
        self._close_pipes()
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        self._lines = lines = queue.Queue()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.watched_gateway", str(self._port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert process.stdout is not None
        threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
        self._port = int(self._line())
        return process

    def _line(self) -> str:
        try:
            line = self._lines.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            raise AssertionError(f"the gateway does not answer: {self.log[-2000:]}") from None
        if not line:
            raise AssertionError(f"the gateway has ended: {self.log[-2000:]}")
        return line

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:
                # What was to be flushed has nobody to read it.
                pass


def _read(output: IO[str], lines: queue.Queue[str]) -> None:
    try:
        for line in output:
            lines.put(line)
    except ValueError:
        # Closed meanwhile.
        pass
    lines.put("")


# The process itself -------------------------------------------------------------------------


def _state(gateway: Gateway) -> State:
    process = psutil.Process()
    return State(
        counters=gateway.counters(),
        tasks=len(asyncio.all_tasks()),
        threads=process.num_threads(),
        descriptors=process.num_fds(),
        megabytes=process.memory_info().rss / 1e6,
    )


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    # Wrong input is what most of those who use this do: the log is for faults of the gateway.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    async with Gateway(GatewayConfig(port=port), AUTHORITY, OriginPolicy()) as gateway:
        say(gateway.url.rpartition(":")[2])
        while await loop.run_in_executor(None, sys.stdin.readline):
            say(json.dumps(asdict(_state(gateway))))


def say(line: Any) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    loop = new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(_serve(int(sys.argv[1])))
