"""
Compare routers: ours, the published reference gateway in Node, and a raw echo as the bound.

Caller, router and callee are three processes; for fan-out the publisher and its subscribers share
one. All routers run at the same time and are measured in turn, round by round, so that whatever
disturbs the machine disturbs all of them. Every figure is the median of the rounds. Sequential
calls are made with all processes on one core, where the system can pin them: with several cores
they would measure how fast idle ones wake up.
"""

import json
import statistics
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import Server, on_one_core, output_of, python_module, started

__all__ = [
    "FIGURES",
    "LOAD_SECONDS",
    "REFERENCE",
    "ROUTERS",
    "Plan",
    "compare",
    "gateway",
    "medians",
]

REFERENCE = "reference"
LOAD_SECONDS = 180.0
"""Longest time for one load process, logins and warm-up included."""
REFERENCE_SCRIPT = Path(__file__).parents[1] / "conformance" / "reference-gateway.mjs"
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
}
"""The figures of a router, in the order of the table, with their titles and units."""


@dataclass(frozen=True)
class Router:
    """One candidate of the comparison."""

    title: str
    command: Sequence[str]
    routes: bool = True
    """Whether it speaks GW3; otherwise it sends every frame back."""


ROUTERS = {
    "ours": Router(
        "dash_interop",
        python_module("dash_interop", "gateway", "--port", "0", "--no-auth"),
    ),
    REFERENCE: Router("gateway-web (Node)", ("node", str(REFERENCE_SCRIPT))),
    "echo": Router("echo, one leg", python_module("tests.bench.echo"), routes=False),
}


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    rounds: int = 5
    calls: int = 40_000
    """Calls of one round, with 64 in flight and with 64 callers."""
    sequential: int = 3_000
    """Calls of one round made one after the other."""
    events: int = 2_000
    """Data published in one round, to 100 subscribers each."""

    @classmethod
    def quick(cls) -> "Plan":
        """Return a plan for a first look."""
        return cls(rounds=2, calls=5_000, sequential=1_000, events=1_000)


@asynccontextmanager
async def gateway(name: str) -> AsyncIterator[Server]:
    """Run one of :data:`ROUTERS` for the length of a ``with`` block."""
    router = ROUTERS[name]
    async with started(router.title, router.command, LISTENING) as server:
        yield server


async def compare(
    names: Sequence[str], plan: Plan, progress: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """
    Measure the named routers side by side.

    Returns:
        For each name its :data:`FIGURES`; those that do not apply to a router are missing.
    """
    rounds: dict[str, list[Mapping[str, float]]] = {name: [] for name in names}
    async with AsyncExitStack() as stack:
        benches = {name: await stack.enter_async_context(_bench(name)) for name in names}
        for number in range(plan.rounds):
            for name, bench in benches.items():
                rounds[name].append(figures := await bench.measure(plan))
                rate = figures["calls_per_second"]
                progress(f"round {number + 1} of {plan.rounds}: {name} {rate:,.0f} calls/s")
    return {name: medians(figures) for name, figures in rounds.items()}


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each figure over the rounds."""
    return {key: statistics.median(figures[key] for figures in rounds) for key in rounds[0]}


@asynccontextmanager
async def _bench(name: str) -> AsyncIterator["Bench"]:
    """Run a router, and a callee of it, for the length of a ``with`` block."""
    async with gateway(name) as server:
        if not ROUTERS[name].routes:
            yield Bench(name, server, callee=None)
            return
        command = python_module("tests.bench.load", "answer", server.url)
        async with started(f"the callee of {name}", command, "ready") as callee:
            yield Bench(name, server, callee)


class Bench:
    """A running router, its callee, and the load processes that measure it."""

    def __init__(self, name: str, server: Server, callee: Server | None) -> None:
        self._name = name
        self._server = server
        self._callee = callee

    async def measure(self, plan: Plan) -> dict[str, float]:
        """Measure one round."""
        command = "call" if self._callee else "echo"
        windowed = await self._load(command, plan.calls, connections=1, window=64)
        callers = await self._load(command, plan.calls, connections=64, window=1)
        pids = [self._server.pid] + ([self._callee.pid] if self._callee else [])
        with on_one_core(pids):
            sequential = await self._load(command, plan.sequential, connections=1, window=1)
        figures = {
            "calls_per_second": windowed["per_second"],
            "cpu_seconds_per_10000_calls": windowed["gateway_cpu"],
            "load_client_cpu_share": windowed["client_cpu"],
            "callers_calls_per_second": callers["per_second"],
            "callers_cpu_seconds_per_10000_calls": callers["gateway_cpu"],
            "sequential_p50_us": sequential["p50_us"],
            "sequential_p99_us": sequential["p99_us"],
        }
        if self._callee:
            fan_out = await self._load("fan-out", plan.events, subscribers=100, window=32)
            figures["fan_out_per_second"] = fan_out["per_second"]
            figures["fan_out_cpu_seconds_per_10000"] = fan_out["gateway_cpu"]
        return figures

    async def _load(self, command: str, count: int, **options: int) -> dict[str, float]:
        arguments = [f"--{option}={value}" for option, value in options.items()]
        pid = self._server.pid
        output = await output_of(
            f"{command} on {self._name}",
            python_module(
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
