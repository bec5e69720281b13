"""
Measure routers: ours, the published reference gateway in Node, and two plain servers as bounds, one
that sends each frame back and one that broadcasts it.

Caller, router and callee are three processes; for fan-out the publisher and its subscribers share
one. All routers run at the same time and are measured in turn, round by round, so that whatever
disturbs the machine disturbs all of them. Every figure is the median of the rounds. Sequential
calls are made with all processes on one core, where the system can pin them: with several cores
they would measure how fast idle ones wake up.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench.processes import Command, Server, on_one_core, output_of, started
from tests.bench.rounds import Figures, Samples, measure_in_turn
from tests.bench.trees import PRESENT, ROOT, Tree, present_tree

__all__ = [
    "FIGURES",
    "LISTENING",
    "LOAD_SECONDS",
    "OURS",
    "REFERENCE",
    "REFERENCE_SCRIPT",
    "TITLES",
    "Plan",
    "gateway",
    "measure",
    "router",
]

OURS = "ours"
REFERENCE = "reference"
ECHO = "echo"
BROADCAST = "broadcast"
TITLES = {
    OURS: "dash_interop",
    REFERENCE: "gateway-web (Node)",
    ECHO: "echo, one leg",
    BROADCAST: "websockets.broadcast",
}
"""The candidates, and what tables call them."""

CALLS = {OURS: "call", REFERENCE: "call", ECHO: "echo"}
FAN_OUT = {OURS: "fan-out", REFERENCE: "fan-out", BROADCAST: "broadcast"}
CONTEXTS = {OURS: "contexts", REFERENCE: "contexts"}
"""The load that measures a candidate, where it can do it at all."""

MEMBERS = 20
"""Of the context that is updated."""

LOAD_SECONDS = 180.0
"""Longest time for one load process, logins and warm-up included."""
REFERENCE_SCRIPT = ROOT / "tests" / "conformance" / "reference-gateway.mjs"
LISTENING = r"gateway listening on (ws://\S+)"

FIGURES = {
    "calls_per_second": "calls/s, 64 in flight",
    "cpu_seconds_per_10000_calls": "... gateway CPU s per 10,000 calls",
    "callers_calls_per_second": "calls/s, 64 callers",
    "callers_cpu_seconds_per_10000_calls": "... gateway CPU s per 10,000 calls",
    "sequential_p50_us": "sequential p50, us",
    "sequential_p99_us": "sequential p99, us",
    "fan_out_per_second": "data delivered/s, 1 to 100",
    "fan_out_cpu_seconds_per_10000": "... gateway CPU s per 10,000 data",
    "fan_out_single_per_second": "data delivered/s, 1 to 100, not in bursts",
    "fan_out_single_cpu_seconds_per_10000": "... gateway CPU s per 10,000 data",
    "context_updates_per_second": "context updates/s, 1 to 20",
    "context_cpu_seconds_per_10000_updates": "... gateway CPU s per 10,000 updates",
    "large_context_updates_per_second": "updates/s of one key in a context of 1 MB",
    "large_context_cpu_seconds_per_10000_updates": "... gateway CPU s per 10,000 updates",
}
"""The figures of a router, in the order of the table, with their titles and units."""


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    rounds: int = 5
    calls: int = 40_000
    """Calls of one round, with 64 in flight and with 64 callers."""
    sequential: int = 3_000
    """Calls of one round made one after the other."""
    events: int = 4_000
    """Data published in one round, in bursts of 32, to 100 subscribers each."""
    single_events: int = 1_000
    """The same, with one on its way to the gateway and one from it."""
    updates: int = 8_000
    """Updates of one key of a context in one round, in bursts of 8."""

    @classmethod
    def quick(cls) -> "Plan":
        """Return a plan for a first look."""
        return cls(
            rounds=2, calls=5_000, sequential=1_000, events=2_000, single_events=500, updates=2_000
        )


async def measure(
    names: Sequence[str], trees: Mapping[str, Tree], plan: Plan, progress: Callable[[str], None]
) -> dict[str, dict[str, Samples]]:
    """
    Measure the named routers side by side; those that are not ours are the same in all trees.

    Returns:
        The samples of :data:`FIGURES`, by router and tree; those that do not apply to a router are
        missing.
    """
    async with AsyncExitStack() as stack:
        benches: dict[str, dict[str, Any]] = {name: {} for name in names}
        for name, by_tree in benches.items():
            for key, tree in trees.items():
                if name == OURS or key == PRESENT:
                    by_tree[key] = await stack.enter_async_context(_bench(name, tree, plan))
        return await measure_in_turn(benches, plan.rounds, progress)


@asynccontextmanager
async def gateway(tree: Tree) -> AsyncIterator[Server]:
    """Run the gateway of a tree for the length of a ``with`` block."""
    async with router(OURS, tree) as server:
        yield server


@asynccontextmanager
async def router(name: str, tree: Tree) -> AsyncIterator[Server]:
    """Run a router, that of a tree where it is ours, for the length of a ``with`` block."""
    async with started(f"{TITLES[name]}, {tree.title}", _command(name, tree), LISTENING) as server:
        yield server


def _command(name: str, tree: Tree) -> Command:
    if name == OURS:
        return tree.module("dash_interop", "gateway", "--port", "0", "--no-auth")
    if name == REFERENCE:
        return Command(("node", str(REFERENCE_SCRIPT)), tree.folder)
    return tree.module(f"tests.bench.{name}")


@asynccontextmanager
async def _bench(name: str, tree: Tree, plan: Plan) -> AsyncIterator["_Bench"]:
    """Run a router, and a callee of it, for the length of a ``with`` block."""
    title = f"{name}, {tree.title}"
    async with router(name, tree) as server:
        if CALLS.get(name) != "call":
            yield _Bench(name, title, server, None, plan)
            return
        command = present_tree().module("tests.bench.load", "answer", server.url)
        async with started(f"the callee of {title}", command, "ready") as callee:
            yield _Bench(name, title, server, callee, plan)


class _Bench:
    """A running router, its callee, and the load processes that measure it."""

    def __init__(
        self, name: str, title: str, server: Server, callee: Server | None, plan: Plan
    ) -> None:
        self._name = name
        self._title = title
        self._server = server
        self._callee = callee
        self._plan = plan

    async def measure(self) -> Figures:
        """Measure one round."""
        figures: dict[str, float] = {}
        if self._name in CALLS:
            figures |= await self._measure_calls(CALLS[self._name])
        if self._name in FAN_OUT:
            figures |= await self._measure_fan_out(FAN_OUT[self._name])
        if self._name in CONTEXTS:
            figures |= await self._measure_contexts(CONTEXTS[self._name])
        return figures

    async def _measure_calls(self, command: str) -> dict[str, float]:
        plan = self._plan
        windowed = await self._load(command, plan.calls, connections=1, window=64)
        callers = await self._load(command, plan.calls, connections=64, window=1)
        pids = [self._server.pid] + ([self._callee.pid] if self._callee else [])
        with on_one_core(pids):
            sequential = await self._load(command, plan.sequential, connections=1, window=1)
        return {
            "calls_per_second": windowed["per_second"],
            "cpu_seconds_per_10000_calls": windowed["gateway_cpu"],
            "load_client_cpu_share": windowed["client_cpu"],
            "callers_calls_per_second": callers["per_second"],
            "callers_cpu_seconds_per_10000_calls": callers["gateway_cpu"],
            "sequential_p50_us": sequential["p50_us"],
            "sequential_p99_us": sequential["p99_us"],
        }

    async def _measure_fan_out(self, command: str) -> dict[str, float]:
        plan = self._plan
        bursts = await self._load(command, plan.events, subscribers=100, window=32)
        single = await self._load(command, plan.single_events, subscribers=100, window=1)
        return {
            "fan_out_per_second": bursts["per_second"],
            "fan_out_cpu_seconds_per_10000": bursts["gateway_cpu"],
            "fan_out_load_client_cpu_share": bursts["client_cpu"],
            "fan_out_single_per_second": single["per_second"],
            "fan_out_single_cpu_seconds_per_10000": single["gateway_cpu"],
        }

    async def _measure_contexts(self, command: str) -> dict[str, float]:
        figures: dict[str, float] = {}
        for prefix, size in (("", 1_000), ("large_", 1_000_000)):
            count = self._plan.updates
            updates = await self._load(command, count, subscribers=MEMBERS, window=8, size=size)
            figures[f"{prefix}context_updates_per_second"] = updates["per_second"] / MEMBERS
            cpu = updates["gateway_cpu"] * MEMBERS
            figures[f"{prefix}context_cpu_seconds_per_10000_updates"] = cpu
        return figures

    async def _load(self, command: str, count: int, **options: int) -> dict[str, float]:
        arguments = [f"--{option}={value}" for option, value in options.items()]
        pid = self._server.pid
        output = await output_of(
            f"{command} on {self._title}",
            present_tree().module(
                "tests.bench.load",
                command,
                self._server.url,
                f"--pid={pid}",
                f"--count={count}",
                *arguments,
            ),
            LOAD_SECONDS,
        )
        return json.loads(output)
