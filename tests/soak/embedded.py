"""
Many processes share a gateway that is killed and stopped, and that nobody owns.

Each round begins with processes that start at the same time: plain ones, some under gevent, some
forked by a parent that has loaded everything, some that keep their interpreter busy. All of them
ask for the gateway while one thing after the other happens to it, and to them.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from types import TracebackType

import psutil

from dash_interop.client import sync
from tests.support.embedded import Asker, end_shared_gateways, gateways_of
from tests.support.ports import free_range

__all__ = ["carried_out", "slowdown", "soak"]

LONGEST_ABSENCE = 2.0
"""Seconds for which somebody who asks may be without a gateway."""

STOPS = (5.0, 40.0)
"""Seconds after which what was stopped goes on."""

LOOK_SECONDS = 0.1

BUSY = """
import threading
def spin():
    while True:
        pass
for _ in range(4):
    threading.Thread(target=spin, daemon=True).start()
"""

KINDS = {
    "plain": "",
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "preload": """
import os
from dash_interop.gateway.embedded import shared_gateway
shared_gateway()
if os.fork():
    os.wait()
    os._exit(0)
""",
}


class Watch:
    """Counts the shared gateways of a directory that listen, again and again."""

    def __init__(self, directory: Path) -> None:
        self._directory = str(directory)
        self._is_over = threading.Event()
        self.most = 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            self.most = max(self.most, sum(map(self._listens, psutil.process_iter())))

    def _listens(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            if "dash_interop.gateway" in process.cmdline() and process.cwd() == self._directory:
                connections = process.net_connections("tcp")
                return any(each.status == psutil.CONN_LISTEN for each in connections)
        return False


class Round:
    """
    Args:
        seed: Of what happens in which order.
        processes: How many ask.
        directory: The runtime directory.
        longest_absence: Seconds until all who ask have a gateway, at most.

    Attributes:
        faults: What went wrong.
        absences: How long it took until all who asked had a gateway, by what had happened.
    """

    def __init__(self, seed: int, processes: int, directory: Path, longest_absence: float) -> None:
        self._longest_absence = longest_absence
        self._random = Random(seed)
        self._directory = directory
        self._stack = ExitStack()
        self._askers: list[Asker] = []
        self._processes = processes
        self.faults: list[str] = []
        self.absences: dict[str, float] = {}

    def carry_out(self, stops: tuple[float, ...]) -> None:
        happenings: list[tuple[str, Callable[[], None]]] = [
            ("kill -9", self._kill),
            ("kill -9, again", self._kill),
            ("an app is loaded anew", self._reload),
            *((f"stopped for {seconds:g} s", self._stopping(seconds)) for seconds in stops),
            ("an asker is stopped", self._stop_an_asker),
        ]
        self._random.shuffle(happenings)
        with self._stack, Watch(self._directory / "dash_interop") as watch:
            for number in range(self._processes):
                self._start(number)
            self._ask("all start at once", is_bounded=False)
            for what, happen in happenings:
                happen()
                self._ask(what)
        if watch.most != 1:
            self.faults.append(f"{watch.most} gateways at a time")

    def _start(self, number: int) -> None:
        kinds = list(KINDS)
        # Not all can be busy: there would be no processor left for those who are not.
        before = BUSY if number == 0 else KINDS[kinds[number % len(kinds)]]
        self._askers.append(self._stack.enter_context(Asker(before=before)))

    def _ask(self, what: str, *, is_bounded: bool = True) -> None:
        """All ask, and get the same answer in time."""
        if is_bounded:
            for asker in self._askers:
                asker.wait_until_ready()
        started = time.monotonic()
        for asker in self._askers:
            asker.begin()
        answers = {asker.answer() for asker in self._askers}
        seconds = time.monotonic() - started
        self.absences[what] = seconds
        if len(answers) != 1 or not min(answers).startswith("ws://"):
            self.faults.append(f"{what}: the answers are {sorted(answers)}")
        if is_bounded and seconds > self._longest_absence:
            self.faults.append(f"{what}: no gateway for {seconds:.1f} s")

    def _gateway(self) -> int:
        [process] = gateways_of(self._directory)
        return process

    def _kill(self) -> None:
        os.kill(self._gateway(), signal.SIGKILL)

    def _stopping(self, seconds: float) -> Callable[[], None]:
        def stop() -> None:
            process = self._gateway()
            os.kill(process, signal.SIGSTOP)
            # It is gone when it should go on, unless nobody has asked meanwhile.
            self._later(seconds, process)

        return stop

    def _stop_an_asker(self) -> None:
        """While all ask: whoever is about to start the gateway may be the one."""
        self._kill()
        # One whose process is the one that asks.
        asker = self._random.choice(self._askers[1::3])
        asker.begin()
        os.kill(asker.pid, signal.SIGSTOP)
        self._askers.remove(asker)
        try:
            self._ask("an asker is stopped while it asks")
        finally:
            os.kill(asker.pid, signal.SIGCONT)
        asker.answer()
        self._askers.append(asker)

    def _later(self, seconds: float, process: int) -> None:
        def go_on() -> None:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

        timer = threading.Timer(seconds, go_on)
        timer.start()
        self._stack.callback(go_on)
        self._stack.callback(timer.cancel)

    def _reload(self) -> None:
        asker = self._askers.pop(1)
        os.kill(asker.pid, signal.SIGKILL)
        self._start(len(self._askers))


def carried_out(
    seed: int, processes: int, stops: tuple[float, ...], longest_absence: float = LONGEST_ABSENCE
) -> Round:
    """A round that has been carried out."""
    with own_directory() as directory:
        done = Round(seed, processes, directory, longest_absence)
        done.carry_out(stops)
    return done


def soak(seed: int, rounds: int = 20, processes: int = 24) -> list[int]:
    """Carry rounds out, and say what was seen; return the seeds of those that failed."""
    failed: list[int] = []
    longest: dict[str, float] = {}
    for number in range(rounds):
        done = carried_out(seed + number, processes, STOPS)
        if done.faults:
            failed.append(seed + number)
        for what, seconds in done.absences.items():
            longest[what] = max(seconds, longest.get(what, 0.0))
        print(
            "\n".join([*done.faults, f"embedded: {number + 1} of {rounds}, {len(failed)} failed"])
        )
        sys.stdout.flush()
    for what, seconds in longest.items():
        print(f"{seconds:8.2f} s at most until all had a gateway: {what}")
    idle, busy = (f"{seconds * 1000:.2f} ms" for seconds in slowdown())
    print(f"half of the calls take at most {idle}, and beside an app that is busy {busy}")
    return failed


@contextmanager
def own_directory() -> Iterator[Path]:
    """A runtime directory and ports that nobody else uses."""
    names = ("XDG_RUNTIME_DIR", "DASH_INTEROP_PORT", "DASH_INTEROP_EMBEDDED")
    before = {name: os.environ.pop(name, None) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        os.environ["XDG_RUNTIME_DIR"] = folder
        os.environ["DASH_INTEROP_PORT"] = str(free_range())
        try:
            yield directory
        finally:
            end_shared_gateways(directory)
            os.environ.update({name: value for name, value in before.items() if value is not None})


def slowdown(calls: int = 300) -> tuple[float, float]:
    """Seconds that half of the calls take at most: while the app that has started the gateway is
    idle, and while it is busy."""
    with own_directory():
        return _median(calls, ""), _median(calls, BUSY)


def _median(calls: int, before: str) -> float:
    with Asker(before=before) as host, ExitStack() as stack:
        url = host.ask()
        callee = stack.enter_context(sync.connect(url, application="callee", user="anna"))
        caller = stack.enter_context(sync.connect(url, application="caller", user="anna"))
        callee.register("Echo", lambda: {})
        caller.invoke("Echo")
        return statistics.median(_seconds(caller) for _ in range(calls))


def _seconds(caller: sync.InteropClient) -> float:
    started = time.perf_counter()
    caller.invoke("Echo")
    return time.perf_counter() - started
