"""
Measure what a gateway pays when many peers of one user join at the same moment: ours, once with
clients that take batches and once with plain ones, and the published reference gateway.

All peers are logged in before the first of them joins; it is over when each has been told of all
others. One process (``joining_load.py``) is all of them. Memory is what the gateway has more at its
peak than when all are logged in. Gateways are measured one after the other, each new.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import routers
from tests.bench.processes import output_of
from tests.bench.rounds import Samples
from tests.bench.trees import Tree, present_tree

__all__ = ["BATCHED", "FIGURES", "PLAIN", "TITLES", "Plan", "measure"]

BATCHED = "batched"
PLAIN = "plain"
TITLES = {
    BATCHED: "dash_interop, in batches",
    PLAIN: "dash_interop, plain clients",
    routers.REFERENCE: routers.TITLES[routers.REFERENCE],
}
"""The candidates, and what tables call them."""

FIGURES = {
    "peers": "peers of one user that join at once",
    "cpu_seconds": "gateway CPU s",
    "kilobytes_per_peer": "gateway memory per peer, kB",
    "frames_per_peer": "frames that each of them gets",
    "seconds": "s until all know of all",
}
"""The figures of a candidate, in the order of the table, with their titles and units."""

LOAD_SECONDS = 400.0
"""Longest time for one load process: the reference gateway takes its time."""


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    peers: int = 1_000

    @classmethod
    def quick(cls) -> "Plan":
        """Return a plan for a first look."""
        return cls(peers=200)


async def measure(tree: Tree, plan: Plan, progress: Callable[[str], None]) -> dict[str, Samples]:
    """
    Measure all candidates.

    Returns:
        One sample of each of the :data:`FIGURES`, by candidate.
    """
    samples: dict[str, Samples] = {}
    for name, title in TITLES.items():
        progress(f"{plan.peers} peers join at once: {title}")
        router = routers.REFERENCE if name == routers.REFERENCE else routers.OURS
        async with routers.router(router, tree) as server:
            output = await output_of(
                f"joining at {title}",
                present_tree().module(
                    "tests.bench.joining_load",
                    server.url,
                    f"--pid={server.pid}",
                    f"--count={plan.peers}",
                    *(["--batches"] if name == BATCHED else []),
                ),
                LOAD_SECONDS,
            )
        samples[name] = {key: [value] for key, value in json.loads(output).items()}
    return samples
