"""
The load client: peers that call, answer, publish and subscribe as fast as a gateway lets them.

Each command is a process of its own, started by ``routers.py``::

    python -m tests.bench.load answer URL
    python -m tests.bench.load call URL --pid PID --count 20000 --connections 1 --window 64
    python -m tests.bench.load echo URL --pid PID --count 20000 --connections 1 --window 64
    python -m tests.bench.load fan-out URL --pid PID --count 2000 --subscribers 100
    python -m tests.bench.load broadcast URL --pid PID --count 2000 --subscribers 100

``answer`` prints ``ready`` and serves until its standard input ends; the others print one JSON
object (:class:`Figures`). ``PID`` is the gateway's, for its CPU time; ``--callee`` is for that of
``answer``. Messages are pre-built bytes, and of what arrives only the ids are looked for.
"""

import argparse
import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil
import uvloop

from tests.bench.peer import Peer, encode
from tests.bench.wire import Connection, text_frame

__all__ = ["Figures", "Stretch", "cpu_seconds"]

METHOD = "Sum"
STREAM = "Prices"
NOTE = "a note that makes this frame about as long as those of a real application"
PRICE = {"bid": 101.25, "ask": 101.5, "note": NOTE}
"""A datum of the stream."""
WARM_UP = 2_000
"""Calls made before the measured ones, so that code and caches of the gateway are warm."""
RUN_SECONDS = 120.0
"""Longest time for one measured stretch, warm-up included."""


@dataclass(frozen=True)
class Figures:
    """What one measured stretch gave."""

    per_second: float
    """Calls answered, or data delivered, per second of wall time."""
    gateway_cpu: float
    """CPU seconds the gateway and its children spent per 10,000 calls or deliveries."""
    client_cpu: float
    """Share of one core that this load client used; near 1 it is the bottleneck itself."""
    callee_cpu: float
    """As ``gateway_cpu``, for the callee; 0 when it was not named."""
    p50_us: float
    """Median time from a call to its answer, in microseconds; 0 when not measured."""
    p99_us: float
    """99th percentile of the same."""


def cpu_seconds(pid: int) -> float:
    """CPU seconds, user and system, of a process and its living children."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


class Stretch:
    """Measures one stretch of work: from the construction to :meth:`figures`."""

    def __init__(self, pid: int, callee: int = 0) -> None:
        self._pids = (pid, callee)
        self._servers = self._server_seconds()
        self._client = time.process_time()
        self._start = time.perf_counter()

    def figures(self, count: int, latencies: Sequence[float] = ()) -> Figures:
        """Put ``count`` units of work and their latencies, in seconds, into figures."""
        seconds = time.perf_counter() - self._start
        client = time.process_time() - self._client
        after = self._server_seconds()
        gateway, callee = (end - start for start, end in zip(self._servers, after, strict=True))
        cuts = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [0.0] * 99
        return Figures(
            per_second=count / seconds,
            gateway_cpu=gateway / count * 10_000,
            client_cpu=client / seconds,
            callee_cpu=callee / count * 10_000,
            p50_us=cuts[49] * 1e6,
            p99_us=cuts[98] * 1e6,
        )

    def _server_seconds(self) -> list[float]:
        return [cpu_seconds(pid) if pid else 0.0 for pid in self._pids]


def call_template(peer_id: str, server_id: str) -> Callable[[int], bytes]:
    """Return a function that makes the frame of a call from its number, of up to 8 digits."""
    payload = encode(
        {
            "domain": "agm",
            "type": "call",
            "request_id": "########",
            "peer_id": peer_id,
            "server_id": server_id,
            "method_id": "0",
            "arguments_kv": {"a": 37, "b": 5, "note": NOTE},
        }
    )
    head, tail = text_frame(payload).split(b"########")
    return lambda number: b"%b%08d%b" % (head, number, tail)


class Caller:
    """Keeps up to ``window`` calls in flight on one connection, numbered from ``numbers``."""

    def __init__(self, connection: Connection, template: Callable[[int], bytes]) -> None:
        self._connection = connection
        self._template = template
        self._started: dict[bytes, float] = {}
        self._run = Run(range(0))

    def start(self, run: "Run", window: int) -> None:
        """Make the first ``window`` calls of ``run``; each answer makes the next."""
        self._run = run
        self._connection.handler = self._answered
        for _ in range(window):
            self._call()

    def _call(self) -> None:
        if (number := next(self._run.numbers, None)) is not None:
            self._started[b"%08d" % number] = time.perf_counter()
            self._connection.send(self._template(number))

    def _answered(self, payload: bytes) -> None:
        at = payload.find(b'"request_id":"') + 14
        started = self._started.pop(payload[at : at + 8], None)
        if started is None:
            return  # An announcement, not an answer.
        if b'"reason_uri"' in payload:
            raise RuntimeError(f"a call was refused: {payload.decode()}")
        self._run.latencies.append(time.perf_counter() - started)
        self._call()
        self._run.check()


class Run:
    """One stretch of calls, shared by all callers of the process."""

    def __init__(self, numbers: range) -> None:
        self.numbers = iter(numbers)
        self.count = len(numbers)
        self.latencies: list[float] = []
        """Seconds from each call to its answer."""
        self.finished = asyncio.get_running_loop().create_future()

    def check(self) -> None:
        """Finish the run when every call has its answer."""
        if len(self.latencies) == self.count:
            self.finished.set_result(None)


async def measure_calls(
    callers: Sequence[Caller], connections: Sequence[Connection], options: argparse.Namespace
) -> Figures:
    """Make the calls that ``options`` ask for, after the warm-up."""
    count = options.count

    async def make(numbers: range) -> Run:
        run = Run(numbers)
        for caller in callers:
            caller.start(run, options.window)
        await finish(run.finished, connections)
        return run

    await make(range(min(count, WARM_UP)))
    stretch = Stretch(options.pid, options.callee)
    run = await make(range(count))
    figures = stretch.figures(count, run.latencies)
    close(connections)
    return figures


async def run_calls(options: argparse.Namespace) -> Figures:
    """Call :data:`METHOD` through a gateway."""
    peers = [await Peer.join(options.url, "bench") for _ in range(options.connections)]
    servers = [await peer.find_server(METHOD) for peer in peers]
    connections = [peer.connection for peer in peers]
    callers = [
        Caller(peer.connection, call_template(peer.peer_id, server))
        for peer, server in zip(peers, servers, strict=True)
    ]
    return await measure_calls(callers, connections, options)


async def run_echo(options: argparse.Namespace) -> Figures:
    """Send the frames of calls to a server that sends them back."""
    connections = [await Connection.open(options.url) for _ in range(options.connections)]
    template = call_template("peer-of-the-caller", "peer-of-the-callee")
    callers = [Caller(connection, template) for connection in connections]
    return await measure_calls(callers, connections, options)


async def run_answer(options: argparse.Namespace) -> None:
    """Answer every invocation of :data:`METHOD` until standard input ends."""
    peer = await Peer.join(options.url, "bench")
    await peer.offer("0", METHOD)
    message = {
        "domain": "agm",
        "type": "yield",
        "peer_id": peer.peer_id,
        "invocation_id": "########",
        "result": {"sum": 42, "note": NOTE},
        "request_id": "answer",
    }
    head, tail = encode(message).split(b"########")

    def answer(payload: bytes) -> None:
        at = payload.find(b'"invocation_id":"') + 17
        if at > 16:
            invocation = payload[at : payload.index(b'"', at)]
            peer.connection.send(text_frame(head + invocation + tail))

    peer.connection.handler = answer
    print("ready", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await first_of(ended, [peer.connection])
    close([peer.connection])


class FanOut:
    """Publishes data in bursts, two of them under way, and counts what the subscribers receive."""

    def __init__(
        self,
        publisher: Connection,
        message: dict[str, Any],
        subscribers: Sequence[Connection],
        burst: int,
        marker: bytes = b'"event"',
    ) -> None:
        self._publisher = publisher
        self._frame = text_frame(encode(message))
        self._subscribers = subscribers
        self._burst = burst
        self._unpublished = 0
        self._undelivered = 0
        self._finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for subscriber in self._subscribers:
            subscriber.count(marker, self._delivered)

    async def publish(self, bursts: int) -> None:
        """Publish that many bursts and wait until every subscriber has received all of them."""
        self._finished = asyncio.get_running_loop().create_future()
        self._unpublished = bursts
        self._undelivered = bursts * self._burst * len(self._subscribers)
        self._publish_burst()
        self._publish_burst()
        await finish(self._finished, [self._publisher, *self._subscribers])

    def _publish_burst(self) -> None:
        if self._unpublished:
            self._unpublished -= 1
            self._publisher.send(self._frame * self._burst)

    def _delivered(self, number: int) -> None:
        size = self._burst * len(self._subscribers)
        bursts_before = -(-self._undelivered // size)
        self._undelivered -= number
        for _ in range(bursts_before - -(-self._undelivered // size)):
            self._publish_burst()
        if number and self._undelivered == 0:
            self._finished.set_result(None)


async def run_fan_out(options: argparse.Namespace) -> Figures:
    """Publish to many subscribers, all of them in this process."""
    publisher = await Peer.join(options.url, "bench-fan-out")
    await publisher.offer("1", STREAM, streaming=True)
    subscribers = [await subscribe(options.url, publisher) for _ in range(options.subscribers)]
    message = {
        "domain": "agm",
        "type": "publish",
        "peer_id": publisher.peer_id,
        "stream_id": "0",
        "data": PRICE,
        "request_id": "publish",
    }
    connections = [peer.connection for peer in subscribers]
    return await measure_fan_out(publisher.connection, message, connections, options)


async def run_broadcast(options: argparse.Namespace) -> Figures:
    """Send the frames that a gateway would deliver to a server that broadcasts them."""
    subscribers = [await listen(options.url) for _ in range(options.subscribers)]
    publisher = await Connection.open(options.url)
    message = {
        "type": "event",
        "peer_id": "p-12345678-100",
        "subscription_id": "s-12345678-100",
        "oob": False,
        "sequence": None,
        "snapshot": None,
        "data": PRICE,
        "domain": "agm",
    }
    return await measure_fan_out(publisher, message, subscribers, options)


async def run_contexts(options: argparse.Namespace) -> Figures:
    """Update one key of a context, of which all but the writer in this process are members."""
    writer = await Peer.join(options.url, "bench-contexts")
    data = {f"key-{number}": NOTE for number in range(max(1, options.size // len(NOTE)))}
    created = await writer.request(
        domain="global",
        type="create-context",
        peer_id=writer.peer_id,
        name=f"bench-{writer.peer_id}",
        data=data,
        lifetime="ownership",
    )
    of_context = {"domain": "global", "context_id": created["context_id"]}
    members = [await Peer.join(options.url, "bench-contexts") for _ in range(options.subscribers)]
    for member in members:
        await member.request(type="subscribe-context", peer_id=member.peer_id, **of_context)
    message = {
        **of_context,
        "type": "update-context",
        "peer_id": writer.peer_id,
        "request_id": "update",
        "delta": {"commands": [{"type": "set", "path": "key-0", "value": PRICE}]},
    }
    writer.connection.count(b'"success"', lambda number: None)
    connections = [member.connection for member in members]
    return await measure_fan_out(writer.connection, message, connections, options)


async def measure_fan_out(
    publisher: Connection,
    message: dict[str, Any],
    subscribers: Sequence[Connection],
    options: argparse.Namespace,
) -> Figures:
    """Publish as often as ``options`` say, after a warm-up."""
    marker = b'"event"' if message["type"] != "update-context" else b'"context-updated"'
    fan_out = FanOut(publisher, message, subscribers, options.window, marker)
    await fan_out.publish(4)
    bursts = max(1, options.count // options.window)
    stretch = Stretch(options.pid)
    await fan_out.publish(bursts)
    figures = stretch.figures(bursts * options.window * options.subscribers)
    close((publisher, *subscribers))
    return figures


async def listen(url: str) -> Connection:
    """Connect to a server that broadcasts, as one of its readers."""
    connection = await Connection.open(url)
    ready: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    connection.handler = ready.set_result
    connection.send(text_frame(b"listen"))
    await finish(ready, [connection])
    return connection


async def subscribe(url: str, publisher: Peer, connect: type[Connection] = Connection) -> Peer:
    """Add a subscriber to the publisher's stream."""
    peer = await Peer.join(url, "bench-fan-out", connect)
    peer.send(
        domain="agm",
        type="subscribe",
        request_id="subscribe",
        peer_id=peer.peer_id,
        server_id=publisher.peer_id,
        method_id="1",
        arguments_kv={},
    )
    interest = await publisher.wait_for(lambda message: message["type"] == "add-interest")
    publisher.send(
        domain="agm",
        type="accepted",
        peer_id=publisher.peer_id,
        subscription_id=interest["subscription_id"],
        stream_id="0",
    )
    await peer.wait_for(lambda message: message["type"] == "subscribed")
    return peer


def close(connections: Iterable[Connection]) -> None:
    """Close all connections, so that the gateway sees an orderly end."""
    for connection in connections:
        connection.close()


async def finish(done: Awaitable[Any], connections: Iterable[Connection]) -> None:
    """Wait for ``done``, at most :data:`RUN_SECONDS`; a lost connection raises."""
    await asyncio.wait_for(first_of(done, connections), RUN_SECONDS)


async def first_of(done: Awaitable[Any], connections: Iterable[Connection]) -> None:
    """Wait for ``done`` or for the end of a connection, which raises."""
    waiting = {asyncio.ensure_future(done), *(connection.closed for connection in connections)}
    finished, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for future in finished:
        future.result()


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.bench.load", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("url", help="ws://host:port of the gateway")
    parser.add_argument("--pid", type=int, default=0, help="process id of the gateway")
    parser.add_argument("--callee", type=int, default=0, help="process id of the callee")
    parser.add_argument("--count", type=int, default=20_000, help="calls or events to measure")
    parser.add_argument("--connections", type=int, default=1, help="callers")
    parser.add_argument(
        "--window", type=int, default=64, help="in flight per caller, or burst of data"
    )
    parser.add_argument("--subscribers", type=int, default=100)
    parser.add_argument("--size", type=int, default=1_000, help="bytes of a context")
    return parser.parse_args(arguments)


COMMANDS: dict[str, Callable[[argparse.Namespace], Awaitable[Figures | None]]] = {
    "answer": run_answer,
    "call": run_calls,
    "echo": run_echo,
    "contexts": run_contexts,
    "fan-out": run_fan_out,
    "broadcast": run_broadcast,
}


async def main(options: argparse.Namespace) -> None:
    """Run one command and print its figures."""
    gc.disable()  # A collection in the middle of a stretch would count against the gateway.
    if figures := await COMMANDS[options.command](options):
        print(json.dumps(asdict(figures)), flush=True)


if __name__ == "__main__":
    try:
        uvloop.run(main(parse_options()))
    except (OSError, RuntimeError, asyncio.TimeoutError) as error:
        sys.exit(f"load client: {type(error).__name__}: {error}")
