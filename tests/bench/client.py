"""
Measure peers at one gateway of ours: the Python client in its forms, and the raw load client.

Caller, gateway and callee are three processes, and so are publisher, gateway and subscriber; the
load client publishes and subscribes in one. All gateways and callees run at the same time and are
measured in turn, round by round. Every figure is the median of the rounds; what the raw load client
reaches is the bound that the gateway and the machine set.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.bench.processes import Command, Server, on_one_core, output_of, started
from tests.bench.rounds import Figures, Samples, measure_in_turn
from tests.bench.routers import LOAD_SECONDS, gateway
from tests.bench.trees import Tree

__all__ = ["CANDIDATES", "FIGURES", "RAW", "Plan", "measure"]

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


async def measure(
    names: Sequence[str], trees: Mapping[str, Tree], plan: Plan, progress: Callable[[str], None]
) -> dict[str, dict[str, Samples]]:
    """
    Measure the named candidates side by side, each tree with a gateway of its own.

    Returns:
        The samples of :data:`FIGURES`, by candidate and tree.
    """
    benches: dict[str, dict[str, _Bench]] = {name: {} for name in names}
    async with AsyncExitStack() as stack:
        for key, tree in trees.items():
            server = await stack.enter_async_context(gateway(tree))
            kinds = dict.fromkeys(CANDIDATES[name].kind for name in names)
            callees = {
                kind: await stack.enter_async_context(_callee(kind, tree, server)) for kind in kinds
            }
            for name in names:
                candidate = CANDIDATES[name]
                benches[name][key] = _Bench(candidate, tree, server, callees[candidate.kind], plan)
        return await measure_in_turn(benches, plan.rounds, progress)


@asynccontextmanager
async def _callee(kind: str, tree: Tree, server: Server) -> AsyncIterator[Server]:
    """Run the callee, and publisher, of a kind for the length of a ``with`` block."""
    command = _command(kind, tree, "answer", server)
    async with started(f"the callee of {kind}, {tree.title}", command, "ready") as callee:
        yield callee


def _command(kind: str, tree: Tree, command: str, server: Server, *options: str) -> Command:
    if kind == RAW:
        return tree.module("tests.bench.load", command, server.url, *options)
    return tree.module("tests.bench.client_load", command, server.url, f"--kind={kind}", *options)


class _Bench:
    """One candidate of a tree between a running gateway and callee."""

    def __init__(
        self, candidate: Candidate, tree: Tree, server: Server, callee: Server, plan: Plan
    ) -> None:
        self._candidate = candidate
        self._tree = tree
        self._server = server
        self._callee = callee
        self._plan = plan

    async def measure(self) -> Figures:
        """Measure one round."""
        windowed = await self._call(self._plan.calls, window=64)
        with on_one_core([self._server.pid, self._callee.pid]):
            sequential = await self._call(self._plan.sequential, window=1)
        return {
            "calls_per_second": windowed["per_second"],
            "caller_cpu_seconds_per_10000_calls": _own_cpu(windowed),
            "callee_cpu_seconds_per_10000_calls": windowed["callee_cpu"],
            "gateway_cpu_seconds_per_10000_calls": windowed["gateway_cpu"],
            "sequential_p50_us": sequential["p50_us"],
            "sequential_p99_us": sequential["p99_us"],
            **await self._stream(self._plan.data),
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
            f"{command} of {kind}, {self._tree.title}",
            _command(kind, self._tree, command, self._server, *pids, f"--count={count}", *options),
            LOAD_SECONDS,
        )
        return json.loads(output)


def _own_cpu(figures: Mapping[str, float]) -> float:
    """CPU seconds that a load process spent per 10,000 calls or data."""
    return figures["client_cpu"] / figures["per_second"] * 10_000
