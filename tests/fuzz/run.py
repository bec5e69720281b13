"""A run of the fuzzer: many visitors at a time, two honest peers, and what is left of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from dash_interop.client import connect
from dash_interop.errors import InteropError
from tests.fuzz.grammar import Ids
from tests.fuzz.honest import USER, honest_pair
from tests.fuzz.visitor import Visitor
from tests.support.watched_gateway import State, WatchedGateway, token_of

__all__ = ["Plan", "Report", "run"]

VISITORS = 12
"""At a time."""

USERS = ("anna", "ben", USER)
FRAMES_OF_A_VISIT = (5, 600)
WARM_UP = 0.1
"""The share of the frames after which memory is looked at first."""

GROWTH_MB = 25.0
"""Memory that may be had after the run beyond what there was after the warm-up."""

QUIET_SECONDS = 20.0
"""Longest wait until all that visitors left is gone."""


@dataclass(frozen=True)
class Plan:
    """How much, and the seed of it."""

    frames: int
    seed: int


@dataclass
class Report:
    """What was seen of a run."""

    frames: int = 0
    visits: int = 0
    seconds: float = 0.0
    calls: int = 0
    before_mb: float = 0.0
    after_mb: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.frames:,} frames over {self.visits:,} connections, "
            f"{self.frames / max(self.seconds, 0.001):,.0f} frames/s; "
            f"{self.calls:,} honest calls; memory {self.before_mb:.0f} MB before, "
            f"{self.after_mb:.0f} MB after; {len(self.faults)} faults"
        )


async def run(plan: Plan, progress: Callable[[str], None]) -> Report:
    """Send the frames of a plan to a gateway of its own, which ends with it."""
    with WatchedGateway() as gateway:
        fuzzing = _Run(plan, gateway, progress)
        await fuzzing.run()
        return fuzzing.report


class _Run:
    def __init__(
        self, plan: Plan, gateway: WatchedGateway, progress: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._gateway = gateway
        self._progress = progress
        self._ids = Ids()
        self._told = 0.0
        self.report = Report()

    async def run(self) -> None:
        plan, report = self._plan, self.report
        begun = time.monotonic()
        async with honest_pair(self._gateway.url, Random(f"{plan.seed} honest")) as honest:
            await self._visit_until(int(plan.frames * WARM_UP))
            report.before_mb = (await self._look()).megabytes
            await self._visit_until(plan.frames)
            report.seconds = time.monotonic() - begun
        report.calls, self.report.faults[:0] = honest.calls, honest.faults
        await self._tidy_up()
        await self._look_at_what_is_left()
        report.faults += self._gateway.faults()

    async def _visit_until(self, frames: int) -> None:
        """Visitors come as others go, until that many frames have been sent."""
        visiting: set[asyncio.Task[Visitor]] = set()
        promised = self.report.frames
        while visiting or promised < frames:
            while len(visiting) < VISITORS and promised < frames:
                visitor, count = self._visitor(frames - promised)
                promised += count
                visiting.add(asyncio.ensure_future(_visit(visitor, count)))
            done, visiting = await asyncio.wait(visiting, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                self._note(await each)
            # Those that were sent away have sent less than they promised.
            if not visiting:
                promised = self.report.frames
            if self.report.faults and not visiting:
                return

    def _visitor(self, most: int) -> tuple[Visitor, int]:
        random = Random(f"{self._plan.seed} {self.report.visits}")
        self.report.visits += 1
        # Short enough that several are there at a time in a short run, too.
        count = min(most, random.randint(*FRAMES_OF_A_VISIT), 5 + self._plan.frames // 50)
        user = random.choice(USERS)
        # Tokens, as what is wrong with them may be tried without end; secrets may not.
        token = None if random.random() < 0.1 else token_of(user, is_service=random.random() < 0.1)
        return Visitor(self._gateway.url, user, token, random, self._ids), count

    def _note(self, visitor: Visitor) -> None:
        self.report.frames += visitor.sent
        self.report.faults += visitor.faults
        now = time.monotonic()
        if now - self._told > 5.0:
            self._told = now
            self._progress(
                f"{self.report.frames:,} of {self._plan.frames:,} frames, "
                f"{self.report.visits:,} connections, {len(self.report.faults)} faults"
            )

    async def _tidy_up(self) -> None:
        """Contexts outlive whoever made them, as they should."""
        for user in USERS:
            async with connect(self._gateway.url, application="tidy", login=user) as client:
                for name in client.contexts.all():
                    try:
                        await client.contexts.destroy(name)
                    except InteropError:
                        # Not to be written by this one.
                        continue

    async def _look_at_what_is_left(self) -> None:
        report = self.report
        ends = time.monotonic() + QUIET_SECONDS
        state = await self._look()
        while _left(state) and time.monotonic() < ends:
            await asyncio.sleep(0.1)
            state = await self._look()
        report.after_mb = state.megabytes
        report.faults += [f"left over: {count} {name}" for name, count in _left(state).items()]
        growth = report.after_mb - report.before_mb
        if growth > GROWTH_MB:
            report.faults.append(f"memory has grown by {growth:.0f} MB")

    async def _look(self) -> State:
        return await asyncio.to_thread(self._gateway.look)


def _left(state: State) -> dict[str, int]:
    """What there is in tables; of contexts, the channels are the gateway's own."""
    return {name: count for name, count in state.kept.items() if name != "contexts"}


async def _visit(visitor: Visitor, count: int) -> Visitor:
    await visitor.visit(count)
    return visitor
