"""
Compare peers at one gateway of ours: the Python client in its forms, and the raw load client.

Caller, gateway and callee are three processes, and so are publisher, gateway and subscriber; the
load client publishes and subscribes in one. All gateways and callees run at the same time and are
measured in turn, round by round. Every figure is the median of the rounds; what the raw load client
reaches is the bound that the gateway and the machine set.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.bench.processes import Server, on_one_core, output_of, python_module, started
from tests.bench.routers import LOAD_SECONDS, gateway, medians

__all__ = ["CANDIDATES", "FIGURES", "RAW", "Plan", "compare"]

RAW = "raw"

FIGURES = {
    "calls_per_second": "calls/s, 64 in flight",
    "caller_cpu_seconds_per_10000_calls": "... caller CPU s per 10,000 calls",
    "callee_cpu_seconds_per_10000_calls": "... callee CPU s per 10,000 calls",
    "gateway_cpu_seconds_per_10000_calls": "... gateway CPU s per 10,000 calls",
    "sequential_p50_us": "sequential p50, us",
    "sequential_p99_us": "sequential p99, us",
    "data_per_second": "data/s, 1 to 1",
    "subscriber_cpu_seconds_per_10000_data": "... subscriber CPU s per 10,000 data",
    "publisher_cpu_seconds_per_10000_data": "... publisher CPU s per 10,000 data",
}
"""The figures of a candidate, in the order of the table, with their titles and units."""


@dataclass(frozen=True)
class Candidate:
    """A kind of peer, at both ends."""

    title: str
    kind: str
    """Candidates of one kind share their callee."""
    handler: str = "async"


CANDIDATES = {
    RAW: Candidate("load client", RAW),
    "async": Candidate("async def", "asyncio"),
    "def": Candidate("def", "asyncio", "def"),
    "uvloop": Candidate("async def, uvloop", "uvloop"),
    "blocking_async": Candidate("blocking, async def", "blocking"),
    "blocking_def": Candidate("blocking, def", "blocking", "def"),
}


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    rounds: int = 5
    calls: int = 5_000
    """Calls of one round with 64 in flight."""
    sequential: int = 1_000
    """Calls of one round made one after the other."""
    data: int = 10_000
    """Data published in one round."""

    @classmethod
    def quick(cls) -> "Plan":
        """Return a plan for a first look."""
        return cls(rounds=2, calls=1_000, sequential=300, data=2_000)


RAW_TIMES = 5
"""How many times as much the load client does in a round, which would be over too soon else."""


async def compare(plan: Plan, progress: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """
    Measure all candidates side by side.

    Returns:
        For each name its :data:`FIGURES`.
    """
    rounds: dict[str, list[Mapping[str, float]]] = {name: [] for name in CANDIDATES}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(gateway("ours"))
        kinds = dict.fromkeys(candidate.kind for candidate in CANDIDATES.values())
        callees = {kind: await stack.enter_async_context(_callee(kind, server)) for kind in kinds}
        for number in range(plan.rounds):
            for name, candidate in CANDIDATES.items():
                bench = _Bench(candidate, server, callees[candidate.kind])
                rounds[name].append(figures := await bench.measure(plan))
                rate = figures["calls_per_second"]
                progress(f"round {number + 1} of {plan.rounds}: {name} {rate:,.0f} calls/s")
    return {name: medians(figures) for name, figures in rounds.items()}


@asynccontextmanager
async def _callee(kind: str, server: Server) -> AsyncIterator[Server]:
    """Run the callee, and publisher, of a kind for the length of a ``with`` block."""
    async with started(
        f"the callee of {kind}", _command(kind, "answer", server), "ready"
    ) as callee:
        yield callee


def _command(kind: str, command: str, server: Server, *options: str) -> tuple[str, ...]:
    if kind == RAW:
        return python_module("tests.bench.load", command, server.url, *options)
    return python_module("tests.bench.client_load", command, server.url, f"--kind={kind}", *options)


class _Bench:
    """One candidate between a running gateway and callee."""

    def __init__(self, candidate: Candidate, server: Server, callee: Server) -> None:
        self._candidate = candidate
        self._server = server
        self._callee = callee

    async def measure(self, plan: Plan) -> dict[str, float]:
        """Measure one round."""
        windowed = await self._call(plan.calls, window=64)
        with on_one_core([self._server.pid, self._callee.pid]):
            sequential = await self._call(plan.sequential, window=1)
        return {
            "calls_per_second": windowed["per_second"],
            "caller_cpu_seconds_per_10000_calls": _own_cpu(windowed),
            "callee_cpu_seconds_per_10000_calls": windowed["callee_cpu"],
            "gateway_cpu_seconds_per_10000_calls": windowed["gateway_cpu"],
            "sequential_p50_us": sequential["p50_us"],
            "sequential_p99_us": sequential["p99_us"],
            **await self._stream(plan.data),
        }

    async def _call(self, count: int, window: int) -> dict[str, float]:
        handler = self._candidate.handler
        options = () if self._candidate.kind == RAW else (f"--handler={handler}",)
        return await self._load("call", count, f"--window={window}", *options)

    async def _stream(self, count: int) -> dict[str, float]:
        if self._candidate.kind == RAW:
            # Both ends are one process: how much of its CPU is the subscriber's, nobody knows.
            raw = await self._load("fan-out", count, "--subscribers=1", "--window=100")
            return {"data_per_second": raw["per_second"]}
        figures = await self._load("stream", count)
        return {
            "data_per_second": figures["per_second"],
            "subscriber_cpu_seconds_per_10000_data": _own_cpu(figures),
            "publisher_cpu_seconds_per_10000_data": figures["callee_cpu"],
        }

    async def _load(self, command: str, count: int, *options: str) -> dict[str, float]:
        count *= RAW_TIMES if self._candidate.kind == RAW else 1
        pids = (f"--pid={self._server.pid}", f"--callee={self._callee.pid}")
        kind = self._candidate.kind
        output = await output_of(
            f"{command} of {kind}",
            _command(kind, command, self._server, *pids, f"--count={count}", *options),
            LOAD_SECONDS,
        )
        return json.loads(output)


def _own_cpu(figures: Mapping[str, float]) -> float:
    """CPU seconds that a load process spent per 10,000 calls or data."""
    return figures["client_cpu"] / figures["per_second"] * 10_000
