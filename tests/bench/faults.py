"""
Measure what one peer or one user can take from the others, fault by fault, tree by tree.

A gateway process of its own for each: two peers of another user call each other all the time
(``fault_probe.py``), first alone, then while a load (``fault_loads.py``, ``fault_clients.py``) does
what the fault is about. Both trees are measured right after each other.
"""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.bench.load import cpu_seconds
from tests.bench.processes import BenchError, Command, Server, complaint, started
from tests.bench.routers import LISTENING, REFERENCE, REFERENCE_SCRIPT, TITLES
from tests.bench.trees import Tree, present_tree
from tests.support.ports import HOST, free_range

__all__ = ["FIGURES", "ROWS", "Plan", "Row", "measure"]

IDLE_SECONDS = 2.0
LOAD_SECONDS = 120.0
"""Longest time for one load, from its start to its figures."""
LEAST_SECONDS = 0.5
"""For so long others' calls are looked at."""
SAMPLING_SECONDS = 0.05

FIGURES = {
    "p50_idle_ms": "others' calls, idle: p50, ms",
    "p99_idle_ms": "... p99, ms",
    "p50_ms": "others' calls meanwhile: p50, ms",
    "p99_ms": "... p99, ms",
    "max_ms": "... the slowest, ms",
    "failed": "... failed",
    "seconds": "seconds",
    "seconds_each": "seconds for each join",
    "joined_seconds": "a newcomer has joined after, s",
    "learnt_seconds": "... and has heard of everything after, s",
    "share_learnt": "... share of the methods that it heard of",
    "service_seconds": "a Python service has logged in after, s",
    "service_mb": "... its memory, MB",
    "share_answered": "share answered",
    "frames": "frames to them",
    "frames_taken_per_second": "frames taken from them each second",
    "megabytes_taken": "MB taken from them",
    "megabytes_pushed": "MB pushed",
    "times_sent_away": "times sent away",
    "sent_away": "connections sent away",
    "close_code": "... close code (0: none)",
    "next_call_refused": "the next call is refused",
    "connections_of_the_user": "connections of that user",
    "connections_refused": "connections refused",
    "slowest_login_of_others_seconds": "slowest login of another user, s",
    "logins_of_others_refused": "logins of another user refused",
    "services_refused": "logins of a service refused",
    "clients_cpu_seconds": "CPU s of all clients",
    "cpu_seconds": "gateway: CPU s",
    "waited_seconds": "... s in which it could have run and had no CPU",
    "mb_before": "gateway: MB before",
    "mb_most": "... at most",
    "mb_after": "... after",
}
"""What there is about a fault, in the order of the table."""


@dataclass(frozen=True)
class Row:
    """
    A fault.

    Attributes:
        name: What ``--faults`` chooses it by.
        title: What is done, with the options in it.
        load: The command of ``fault_loads`` that does it.
        options: Of that command.
        quick: The same for a first look.
        is_of_reference: Whether to do it to the published gateway, too.
    """

    name: str
    title: str
    load: str
    options: Mapping[str, int] = field(default_factory=dict)
    quick: Mapping[str, int] = field(default_factory=dict)
    is_of_reference: bool = False


ROWS: tuple[Row, ...] = (
    Row(
        "3-large",
        "{count} methods x 60 kB of one user: one more peer of that user joins",
        "snapshot_of_large",
        {"count": 600},
    ),
    Row(
        "3-many",
        "{count} users x 500 methods: a service joins",
        "snapshot_of_many",
        {"count": 300},
        {"count": 50},
    ),
    Row("4-one", "one connection without login floods", "flood_before_login", {"count": 1}),
    Row("4-three", "three connections without login flood", "flood_before_login", {"count": 3}),
    Row("4-in", "one peer that is logged in floods", "flood_after_login", {"count": 1}),
    Row(
        "5",
        "{count:,} leaves and joins of one peer, 300 of its user hear",
        "join_and_leave",
        {"count": 1000, "seconds": 20},
        {"count": 100},
    ),
    Row(
        "6",
        "unregister of 5,000 methods by a publisher with {count:,} subscriptions",
        "unregister_many",
        {"count": 20_000},
    ),
    Row("7", "a frame of 16 MB of lone surrogates", "lone_surrogates", {"count": 1}),
    Row(
        "8",
        "5,000 patterns in restrictions of 50 peers: five more join",
        "many_patterns",
        {"count": 5},
    ),
    Row(
        "9",
        "{count:,} connections of one user",
        "many_connections",
        {"count": 10_500, "seconds": 40},
        {"count": 1_000},
    ),
    Row(
        "10",
        "{count} connections without login, 15 MB of an unfinished frame each",
        "unfinished_frames",
        {"count": 30},
    ),
    Row("11", "pings whose pongs are never read, {seconds} s", "unread_pongs", {"seconds": 8}),
    Row(
        "12",
        "50 MB for each of {count} stalled subscribers",
        "stalled_subscribers",
        {"count": 20, "seconds": 20},
        {"count": 4},
    ),
    Row(
        "13",
        "{count:,} calls that time out",
        "forgotten_calls",
        {"count": 100_000},
        {"count": 5_000},
    ),
    Row(
        "14",
        "2 MB/s for a reader of 1 MB/s",
        "slow_reader",
        {"seconds": 45},
        {"seconds": 5},
    ),
    *(
        Row(
            f"15-{count}{'-ours' if batches else ''}",
            "{count} peers of one user join at once"
            + (", which take announcements in batches" if batches else ""),
            "joins_at_once",
            {"count": count, "batches": batches, "seconds": 100},
            {"count": 50},
            is_of_reference=count == 1000 and not batches,
        )
        for batches in (0, 1)
        for count in (100, 200, 500, 1000)
    ),
    Row(
        "16",
        "{count} Python clients of one user after an outage",
        "",
        {"count": 500},
        {"count": 50},
    ),
    Row("18", "SIGTERM with one silent TCP connection", ""),
)

Progress = Callable[[str], None]
Figures = dict[str, float]


@dataclass(frozen=True)
class Plan:
    """
    Attributes:
        is_quick: Whether a first look suffices.
        rows: Names of the faults to measure; all if empty.
    """

    is_quick: bool = False
    rows: Sequence[str] = ()

    def options_of(self, row: Row) -> Mapping[str, int]:
        """What to run the load with."""
        return {**row.options, **row.quick} if self.is_quick else row.options

    def title_of(self, row: Row) -> str:
        """What is done in this plan."""
        return f"{row.name}: {row.title.format(**self.options_of(row))}"


async def measure(
    trees: Mapping[str, Tree], plan: Plan, progress: Progress
) -> dict[str, dict[str, Figures]]:
    """
    Measure each fault in each tree, some at the published gateway, too.

    Returns:
        Some of :data:`FIGURES`, by the title of the row and the tree, or the reference.
    """
    figures: dict[str, dict[str, Figures]] = {}
    for row in ROWS:
        if plan.rows and row.name not in plan.rows:
            continue
        candidates = {key: _of_tree(tree) for key, tree in trees.items()}
        if row.is_of_reference:
            candidates[REFERENCE] = _of_reference()
        for key, candidate in candidates.items():
            begun = time.perf_counter()
            try:
                measured = await _measure(row, candidate, plan.options_of(row))
            except BenchError as error:
                progress(f"{row.name}, {candidate.title}: {error}")
                continue
            figures.setdefault(plan.title_of(row), {})[key] = measured
            worst = f"others' p99 {measured['p99_ms']:.0f} ms, " if "p99_ms" in measured else ""
            seconds = time.perf_counter() - begun
            progress(f"{row.name}, {candidate.title}: {worst}measured in {seconds:.0f} s")
    return figures


@dataclass(frozen=True)
class _Candidate:
    """
    A gateway to measure.

    Attributes:
        serve: The command that runs it on a port.
        tree: Whose Python clients go with it.
    """

    title: str
    serve: Callable[[int], Command]
    tree: Tree


def _of_tree(tree: Tree) -> _Candidate:
    def serve(port: int) -> Command:
        return tree.module("dash_interop", "gateway", "--port", str(port), "--no-auth")

    return _Candidate(tree.title, serve, tree)


def _of_reference() -> _Candidate:
    present = present_tree()

    def serve(port: int) -> Command:
        return Command(("node", str(REFERENCE_SCRIPT), "--port", str(port)), present.folder)

    return _Candidate(TITLES[REFERENCE], serve, present)


async def _measure(row: Row, candidate: _Candidate, options: Mapping[str, int]) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_RUNTIME_DIR": folder}
        for name in ("DASH_INTEROP_GATEWAY", "DASH_INTEROP_SECRET_FILE"):
            environment.pop(name, None)
        os.chmod(folder, 0o700)
        if row.name == "18":
            return await _measure_stop(candidate, environment)
        if row.name == "16":
            return await _measure_return(candidate, environment, options["count"])
        return await _measure_load(row, candidate, environment, options)


@asynccontextmanager
async def _gateway(
    candidate: _Candidate, environment: Mapping[str, str], port: int
) -> AsyncIterator[Server]:
    name, command = f"the gateway of {candidate.title}", candidate.serve(port)
    async with started(name, command, LISTENING, environment) as server:
        yield server


async def _measure_load(
    row: Row, candidate: _Candidate, environment: Mapping[str, str], options: Mapping[str, int]
) -> Figures:
    present = present_tree()
    arguments = [f"--{name}={value}" for name, value in options.items()]
    async with _gateway(candidate, environment, 0) as server:
        probing = present.module("tests.bench.fault_probe", server.url)
        loading = present.module("tests.bench.fault_loads", row.load, server.url, *arguments)
        async with _talk("the probe", probing, environment) as probe:
            await probe.hear("ready")
            await asyncio.sleep(IDLE_SECONDS)
            idle = await probe.ask()
            async with _talk(row.load, loading, environment) as load:
                await load.hear("begin")
                await probe.ask()
                watch = _Watch(server.pid)
                begun = time.perf_counter()
                outcome = await load.ask()
                # Enough calls for a percentile, where it is over at once.
                await asyncio.sleep(max(0.0, LEAST_SECONDS - time.perf_counter() + begun))
                meanwhile = await probe.ask()
                watched = await watch.end()
            if row.name == "3-many":
                client = candidate.tree.module("tests.bench.fault_clients", "service", server.url)
                outcome |= await _with_many_methods(present, client, environment, options, server)
    return {
        "p50_idle_ms": idle["p50_ms"],
        "p99_idle_ms": idle["p99_ms"],
        **{name: meanwhile[name] for name in ("p50_ms", "p99_ms", "max_ms", "failed")},
        **outcome,
        **watched,
    }


async def _with_many_methods(
    present: Tree,
    client: Command,
    environment: Mapping[str, str],
    options: Mapping[str, int],
    server: Server,
) -> Figures:
    """The Python client of the tree, as a service, while the methods are there once more."""
    arguments = (server.url, f"--count={options['count']}")
    loading = present.module("tests.bench.fault_loads", "snapshot_of_many", *arguments)
    async with _talk("the methods", loading, environment) as load:
        await load.hear("begin")
        async with _talk("the service", client, environment) as service:
            try:
                return await service.figures()
            except BenchError:
                # It was not let in.
                return {}


async def _measure_return(
    candidate: _Candidate, environment: Mapping[str, str], count: int
) -> Figures:
    port = free_range(1)
    url = f"ws://{HOST}:{port}"
    arguments = ("return", url, f"--count={count}")
    command = candidate.tree.module("tests.bench.fault_clients", *arguments)
    async with _gateway(candidate, environment, port) as server:
        async with _talk("the clients", command, environment) as clients:
            await clients.hear("begin")
            os.kill(server.pid, signal.SIGKILL)
            async with _gateway(candidate, environment, port) as again:
                begun = time.perf_counter()
                watch = _Watch(again.pid)
                outcome = await clients.figures()
                seconds = time.perf_counter() - begun
                return {"seconds": seconds, **outcome, **await watch.end()}


async def _measure_stop(candidate: _Candidate, environment: Mapping[str, str]) -> Figures:
    async with _gateway(candidate, environment, 0) as server:
        host, port = server.url.removeprefix("ws://").split(":")
        _, silent = await asyncio.open_connection(host, int(port))
        await asyncio.sleep(0.5)
        begun = time.perf_counter()
        process = psutil.Process(server.pid)
        process.terminate()
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.02)
            if time.perf_counter() - begun > LOAD_SECONDS:
                raise BenchError("the gateway does not end")
        silent.close()
        return {"seconds": time.perf_counter() - begun}


class _Watch:
    """Watches the CPU and memory of a process until its end."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._cpu = cpu_seconds(pid)
        self._waited = _seconds_waited(pid)
        self._before = self._most = self._megabytes()
        self._watching = asyncio.ensure_future(self._watch())

    async def end(self) -> Figures:
        self._watching.cancel()
        return {
            "cpu_seconds": cpu_seconds(self._process.pid) - self._cpu,
            "waited_seconds": _seconds_waited(self._process.pid) - self._waited,
            "mb_before": self._before,
            "mb_most": self._most,
            "mb_after": self._megabytes(),
        }

    async def _watch(self) -> None:
        # It may be over before whoever watches.
        with suppress(psutil.NoSuchProcess):
            while True:
                self._most = max(self._most, self._megabytes())
                await asyncio.sleep(SAMPLING_SECONDS)

    def _megabytes(self) -> float:
        return self._process.memory_info().rss / 1e6


def _seconds_waited(pid: int) -> float:
    """For how long its main thread was kept from running by others; 0 where nobody tells."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class _Talk:
    """A process that says something, and answers lines."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, errors: Any) -> None:
        self._name = name
        self._process = process
        self._errors = errors

    async def hear(self, line: str) -> None:
        """Wait until it says just that."""
        while (heard := await self._line()) != line:
            if not heard:
                self._errors.seek(0)
                raise BenchError(f"{self._name} failed: {complaint(self._errors.read())}")

    async def figures(self) -> Figures:
        """The JSON object that it says next."""
        line = await self._line()
        if not line:
            self._errors.seek(0)
            raise BenchError(f"{self._name} failed: {complaint(self._errors.read())}")
        return json.loads(line)

    async def ask(self) -> Figures:
        """Let it go on to its figures."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return await self.figures()

    async def _line(self) -> str:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), LOAD_SECONDS)
        except asyncio.TimeoutError:
            raise BenchError(f"{self._name} said nothing for {LOAD_SECONDS:.0f} s") from None
        return line.decode().strip()


@asynccontextmanager
async def _talk(
    name: str, command: Command, environment: Mapping[str, str]
) -> AsyncIterator[_Talk]:
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *command.arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=command.folder,
            env=environment,
        )
        try:
            yield _Talk(name, process, errors)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
