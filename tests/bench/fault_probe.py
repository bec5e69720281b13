"""
Two peers of a user who has nothing to do with what is going on: how long do their calls take?

    python -m tests.bench.fault_probe URL

Prints ``ready``, and calls at a steady pace until standard input ends, whether answers come or not:
so a gateway that stands still for a second is seen by all the calls of that second. Each line on
standard input is answered with one JSON object (:class:`Latencies`) about the calls since the last.
"""

import asyncio
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass

import uvloop

from tests.bench.load import METHOD, call_template
from tests.bench.peer import Peer, encode
from tests.bench.wire import text_frame

__all__ = ["Latencies"]

INTERVAL = 0.01
"""Seconds from one call to the next."""
LATE_SECONDS = 30.0
"""Longest wait for answers; what has none then has failed."""


@dataclass(frozen=True)
class Latencies:
    """How the calls of one stretch went; times in milliseconds."""

    calls: int
    failed: int
    """Calls that were refused, or not answered within :data:`LATE_SECONDS`."""
    p50_ms: float
    p99_ms: float
    max_ms: float


class Probe:
    """A caller and a callee, each on a connection of its own."""

    def __init__(self, caller: Peer, callee: Peer) -> None:
        self._caller = caller
        self._callee = callee
        self._template = call_template(caller.peer_id, callee.peer_id)
        self._number = 0
        self._waiting: dict[bytes, float] = {}
        self._seconds: list[float] = []
        self._failed = 0
        caller.connection.handler = self._answered
        callee.connection.handler = self._invoked

    @classmethod
    async def join(cls, url: str) -> "Probe":
        """Log both in."""
        callee = await Peer.join(url, "probe")
        await callee.offer("0", METHOD)
        return cls(await Peer.join(url, "probe"), callee)

    async def call(self) -> None:
        """Call at the pace for ever."""
        begun, made = time.perf_counter(), 0
        while True:
            # Those that are due: this loop may have been late itself.
            while made * INTERVAL <= time.perf_counter() - begun:
                made += 1
                self._call()
            await asyncio.sleep(INTERVAL)

    async def cut(self) -> Latencies:
        """What there was since the last time, once the calls of that time have ended."""
        awaited = set(self._waiting)
        deadline = time.perf_counter() + LATE_SECONDS
        # Whoever answers last is not known.
        while awaited & self._waiting.keys() and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(INTERVAL)
        for late in awaited & self._waiting.keys():
            del self._waiting[late]
            self._failed += 1
            self._seconds.append(LATE_SECONDS)
        seconds, failed = self._seconds, self._failed
        self._seconds, self._failed = [], 0
        cuts = (
            statistics.quantiles(seconds, n=100, method="inclusive")
            if len(seconds) > 1
            else [0.0] * 99
        )
        return Latencies(
            calls=len(seconds),
            failed=failed,
            p50_ms=cuts[49] * 1000,
            p99_ms=cuts[98] * 1000,
            max_ms=max(seconds, default=0.0) * 1000,
        )

    def _call(self) -> None:
        self._number += 1
        self._waiting[b"%08d" % self._number] = time.perf_counter()
        self._caller.connection.send(self._template(self._number))

    def _answered(self, payload: bytes) -> None:
        at = payload.find(b'"request_id":"') + 14
        started = self._waiting.pop(payload[at : at + 8], None)
        if started is not None:
            self._seconds.append(time.perf_counter() - started)
            self._failed += b'"reason_uri"' in payload

    def _invoked(self, payload: bytes) -> None:
        at = payload.find(b'"invocation_id":"') + 17
        if at > 16:
            answer = {
                "domain": "agm",
                "type": "yield",
                "peer_id": self._callee.peer_id,
                "invocation_id": payload[at : payload.index(b'"', at)].decode(),
                "result": {"sum": 42},
            }
            self._callee.connection.send(text_frame(encode(answer)))


async def main(url: str) -> None:
    """Call until standard input ends."""
    probe = await Probe.join(url)
    calling = asyncio.ensure_future(probe.call())
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(asdict(await probe.cut())), flush=True)
    calling.cancel()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
