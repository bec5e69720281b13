"""
Peers that come, work and go for a long time, and whether the gateway stays as it was.

Clients of two libraries call, publish, subscribe, write contexts, give calls up and lose their
connections. Samples of what the gateway's process holds are taken all the time; after the warm-up
nothing may grow.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from dash_interop.client import InteropClient, connect
from dash_interop.errors import InteropError
from tests.support.js_peer import JsError, JsPeer
from tests.support.relay import Relay
from tests.support.watched_gateway import State, WatchedGateway

__all__ = ["GROWTH", "Report", "churn", "growth"]

PYTHON_PEERS = 8
"""Places for Python clients; whoever leaves one is followed by another."""

JS_PEERS = 2
JS_LIBRARY = "@interopio/core"
USERS = ("anna", "ben")
VISIT_SECONDS = (0.5, 8.0)
JS_VISIT_SECONDS = (10.0, 30.0)
OPERATION_SECONDS = 10.0
CONTEXTS = ("Order", "Client", "Desk")

SAMPLES = 200
"""At most, in the whole time."""
WARM_UP = 1 / 3
"""The share of the time whose samples do not count."""

GROWTH = {
    "megabytes": (5.0, 0.1),
    "tasks": (10.0, 0.1),
    "threads": (2.0, 0.0),
    "descriptors": (10.0, 0.1),
}
"""What may be had in the counted time: so much, or such a share of what there was; the larger."""

QUIET_SECONDS = 20.0


@dataclass
class Report:
    """What came of it."""

    minutes: float
    operations: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    samples: list[State] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The figures, and whether they are flat."""
        lines = [f"{count:9,} {what}" for what, count in sorted(self.operations.items())]
        for name in GROWTH:
            values = [float(getattr(sample, name)) for sample in self.samples]
            if len(values) > 2:
                grown = growth(self.times, values)
                is_flat = _is_flat(name, self.times, values)
                lines.append(
                    f"{name}: {values[0]:.1f} at first, {min(values):.1f} to {max(values):.1f}, "
                    f"{values[-1]:.1f} at last; {grown:+.2f} over the counted time: "
                    f"{'flat' if is_flat else 'NOT FLAT'}"
                )
        return lines


def growth(times: Sequence[float], values: Sequence[float]) -> float:
    """By how much the line through what was seen after the warm-up rises over that time."""
    begins = times[0] + (times[-1] - times[0]) * WARM_UP
    counted = [(at, value) for at, value in zip(times, values, strict=True) if at >= begins]
    if len(counted) < 2:
        return 0.0
    at, value = zip(*counted, strict=True)
    return statistics.linear_regression(at, value).slope * (at[-1] - at[0])


def _is_flat(name: str, times: Sequence[float], values: Sequence[float]) -> bool:
    least, share = GROWTH[name]
    return growth(times, values) <= max(least, share * statistics.median(values))


async def churn(minutes: float, seed: int, progress: Callable[[str], None]) -> Report:
    """Let peers come and go for that long."""
    with WatchedGateway() as gateway, Relay(gateway.port) as relay:
        churning = _Churn(gateway, relay, minutes, seed, progress)
        await churning.run()
        return churning.report


class _Churn:
    def __init__(
        self,
        gateway: WatchedGateway,
        relay: Relay,
        minutes: float,
        seed: int,
        progress: Callable[[str], None],
    ) -> None:
        self._gateway = gateway
        self._relay = relay
        self._seed = seed
        self._progress = progress
        self._ends = time.monotonic() + minutes * 60
        self._every = minutes * 60 / SAMPLES
        self.report = Report(minutes)

    async def run(self) -> None:
        random = Random(f"{self._seed} cuts")
        places = [self._fill(number) for number in range(PYTHON_PEERS)]
        js_places = [self._fill_with_js(number) for number in range(JS_PEERS)]
        await asyncio.gather(*places, *js_places, self._sample(), self._cut(random))
        await self._look_at_what_is_left()

    # What happens ----------------------------------------------------------------------------

    async def _fill(self, number: int) -> None:
        random = Random(f"{self._seed} {number}")
        while time.monotonic() < self._ends:
            # Half of them lose their connections now and then.
            port = self._relay.port if number % 2 else self._gateway.port
            with suppress(InteropError, asyncio.TimeoutError):
                await asyncio.wait_for(self._visit(port, number, random), 60)
            self.report.operations["Python peers"] += 1

    async def _visit(self, port: int, number: int, random: Random) -> None:
        ends = min(self._ends, time.monotonic() + random.uniform(*VISIT_SECONDS))
        user = USERS[number % len(USERS)]
        url = f"ws://127.0.0.1:{port}"
        async with connect(url, application=f"peer-{number}", login=user) as client:
            await client.register("Echo", _echo, concurrency=8)
            stream = await client.create_stream(f"Stream{number}")
            while time.monotonic() < ends:
                name, operate = random.choice(_OPERATIONS)
                try:
                    await asyncio.wait_for(operate(client, random), OPERATION_SECONDS)
                except (InteropError, asyncio.TimeoutError) as error:
                    name = f"{name}: {type(error).__name__}"
                self.report.operations[name] += 1
                stream.push({"n": random.randrange(1000)})

    async def _fill_with_js(self, number: int) -> None:
        random = Random(f"{self._seed} js {number}")
        while time.monotonic() < self._ends:
            user = USERS[number % len(USERS)]
            arguments = (self._gateway.url, f"js-{number}", user, None, JS_LIBRARY)
            peer = await asyncio.to_thread(JsPeer, *arguments)
            try:
                await self._work_in_js(peer, number, random)
            finally:
                # Half of them leave, the others are gone.
                await asyncio.to_thread(random.choice([peer.close, peer.kill]))
            self.report.operations["JavaScript peers"] += 1

    async def _work_in_js(self, peer: JsPeer, number: int, random: Random) -> None:
        ends = min(self._ends, time.monotonic() + random.uniform(*JS_VISIT_SECONDS))
        await asyncio.to_thread(peer.register, f"Js{number}")
        while time.monotonic() < ends:
            name = "JavaScript calls"
            try:
                await asyncio.to_thread(peer.invoke, "Echo", {"n": random.randrange(1000)})
            except JsError:
                name += ": failed"
            self.report.operations[name] += 1
            await asyncio.sleep(0.02)

    async def _cut(self, random: Random) -> None:
        while time.monotonic() < self._ends:
            await asyncio.sleep(min(random.uniform(2, 10), max(0, self._ends - time.monotonic())))
            self._relay.cut()
            self.report.operations["cuts"] += 1

    # What is seen ----------------------------------------------------------------------------

    async def _sample(self) -> None:
        begun = told = time.monotonic()
        while time.monotonic() < self._ends:
            await asyncio.sleep(self._every)
            state = await asyncio.to_thread(self._gateway.look)
            now = time.monotonic()
            self.report.times.append(now - begun)
            self.report.samples.append(state)
            if now - told > 10:
                told = now
                self._progress(
                    f"{(now - begun) / 60:.1f} of {self.report.minutes:g} min: "
                    f"{state.megabytes:.1f} MB, {state.tasks} tasks, {state.threads} threads, "
                    f"{state.descriptors} descriptors, {state.kept}"
                )

    async def _look_at_what_is_left(self) -> None:
        report = self.report
        for user in USERS:
            async with connect(self._gateway.url, application="tidy", login=user) as client:
                for name in set(CONTEXTS) & set(client.contexts.all()):
                    await client.contexts.destroy(name)
        ends = time.monotonic() + QUIET_SECONDS
        state = await asyncio.to_thread(self._gateway.look)
        while _left(state) and time.monotonic() < ends:
            await asyncio.sleep(0.2)
            state = await asyncio.to_thread(self._gateway.look)
        report.faults += [f"left over: {count} {name}" for name, count in _left(state).items()]
        report.faults += self._gateway.faults()
        for name in GROWTH:
            values = [float(getattr(sample, name)) for sample in report.samples]
            if len(values) > 2 and not _is_flat(name, report.times, values):
                report.faults.append(f"{name} has grown by {growth(report.times, values):.1f}")


def _left(state: State) -> dict[str, int]:
    """What there is in tables; of contexts, the channels are the gateway's own."""
    return {name: count for name, count in state.kept.items() if name != "contexts"}


async def _echo(args: dict[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(args.get("wait", 0))
    return args


async def _call(client: InteropClient, random: Random) -> None:
    n = random.randrange(1_000_000)
    result = await client.invoke("Echo", {"n": n}, wait_timeout=2, response_timeout=5)
    assert result.returned["n"] == n


async def _give_up(client: InteropClient, random: Random) -> None:
    calling = client.invoke("Echo", {"n": 1, "wait": 0.2}, wait_timeout=2, response_timeout=5)
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(calling, random.uniform(0, 0.05))


async def _call_many(client: InteropClient, random: Random) -> None:
    calls = [
        client.invoke("Echo", {"n": n}, wait_timeout=2, response_timeout=5)
        for n in range(random.randrange(30))
    ]
    for end in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(end, BaseException):
            raise end


async def _subscribe(client: InteropClient, random: Random) -> None:
    number = random.randrange(PYTHON_PEERS)
    subscription = await client.subscribe(f"Stream{number}", wait_timeout=1, response_timeout=5)
    try:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(subscription.get(), random.uniform(0, 0.3))
    finally:
        subscription.close()


async def _write(client: InteropClient, random: Random) -> None:
    data = {random.choice("abcd"): random.randrange(1000), "text": "x" * random.randrange(2000)}
    await client.contexts.update(random.choice(CONTEXTS), data)


async def _destroy(client: InteropClient, random: Random) -> None:
    await client.contexts.destroy(random.choice(CONTEXTS))


async def _register(client: InteropClient, random: Random) -> None:
    name = f"Extra{random.randrange(5)}"
    await client.register(name, _echo)
    await client.unregister(name)


_OPERATIONS: list[tuple[str, Callable[[InteropClient, Random], Any]]] = [
    *[("calls", _call)] * 6,
    *[("bursts of calls", _call_many)] * 2,
    *[("calls given up", _give_up)] * 2,
    *[("subscriptions", _subscribe)] * 2,
    *[("writes", _write)] * 3,
    ("contexts destroyed", _destroy),
    ("registrations", _register),
]
