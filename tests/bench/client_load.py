"""
The peers of the client benchmark: the public Python client as an application would use it.

Each command is a process of its own, started by ``client.py``, with the options of ``load.py``::

    python -m tests.bench.client_load answer URL --kind asyncio
    python -m tests.bench.client_load call URL --kind asyncio --handler async --pid PID --callee PID
    python -m tests.bench.client_load stream URL --kind asyncio --pid PID --callee PID

The kinds are ``asyncio``: what ``asyncio.run`` gives, ``uvloop``: the same on uvloop, and
``blocking``: ``dash_interop.client.sync``, whose calls in flight are made by as many threads.
Nothing is tuned: the garbage collector runs, and handlers have the default settings.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import uvloop

from dash_interop import client
from dash_interop.client import sync
from dash_interop.errors import InteropError
from tests.bench.load import NOTE, Figures, Stretch

ARGUMENTS = {"a": 37, "b": 5, "note": NOTE}
METHODS = {"async": "SumAsync", "def": "SumPlain"}
"""By the kind of the handler."""
STREAM = "Prices"
DATA = {"bid": 101.25, "ask": 101.5, "note": NOTE}
BURST = 200
"""Data that a publisher pushes before it waits for the gateway to have read them."""
WARM_UP = 500


async def sum_async(a: float, b: float) -> dict[str, Any]:
    """Answer on the loop."""
    return {"sum": a + b, "note": NOTE}


def sum_plain(a: float, b: float) -> dict[str, Any]:
    """Answer in a thread."""
    return {"sum": a + b, "note": NOTE}


class Calls:
    """One stretch of calls, and how long each took, in seconds."""

    def __init__(self, count: int) -> None:
        self._left = iter(range(count))
        self.latencies: list[float] = []

    def __iter__(self) -> Iterator[int]:
        return self._left

    def answered(self, started: float, result: client.InvocationResult) -> None:
        """Note an answer, which has to be right."""
        self.latencies.append(time.perf_counter() - started)
        if result.returned["sum"] != 42:
            raise RuntimeError(f"a wrong answer: {result.returned}")


# The kinds asyncio and uvloop


async def answer(options: argparse.Namespace) -> None:
    """Offer the methods and the stream until standard input ends."""
    async with client.connect(options.url, login=options.kind) as peer:

        async def publish(subscription: client.StreamSubscription) -> None:
            for number in range(subscription.arguments["count"]):
                stream.push(DATA)
                if number % BURST == BURST - 1:
                    await stream.flush()

        stream = await peer.create_stream(STREAM, subscription_added_handler=publish)
        await peer.register(METHODS["async"], sum_async)
        await peer.register(METHODS["def"], sum_plain)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def call(options: argparse.Namespace) -> Figures:
    """Invoke a method, ``--window`` calls in flight."""
    method = METHODS[options.handler]
    async with client.connect(options.url, login=options.kind) as peer:

        async def one_by_one(calls: Calls) -> None:
            for _ in calls:
                started = time.perf_counter()
                calls.answered(started, await peer.invoke(method, ARGUMENTS))

        async def make(calls: Calls) -> None:
            await asyncio.gather(*(one_by_one(calls) for _ in range(options.window)))

        await make(Calls(WARM_UP))
        stretch = Stretch(options.pid, options.callee)
        calls = Calls(options.count)
        await make(calls)
        return stretch.figures(options.count, calls.latencies)


async def stream(options: argparse.Namespace) -> Figures:
    """Take data from a stream."""
    async with client.connect(options.url, login=options.kind) as peer:

        async def take(count: int) -> None:
            subscription = await peer.subscribe(STREAM, {"count": count})
            left = count
            async for _ in subscription:
                left -= 1
                if not left:
                    break
            subscription.close()

        await take(WARM_UP)
        stretch = Stretch(options.pid, options.callee)
        await take(options.count)
        return stretch.figures(options.count)


# The kind blocking


def answer_blocking(options: argparse.Namespace) -> None:
    """As ``answer``."""
    with sync.connect(options.url, login=options.kind) as peer:

        def publish(subscription: client.StreamSubscription) -> None:
            for number in range(subscription.arguments["count"]):
                stream.push(DATA)
                if number % BURST == BURST - 1:
                    stream.flush()

        stream = peer.create_stream(STREAM, subscription_added_handler=publish)
        peer.register(METHODS["async"], sum_async)
        peer.register(METHODS["def"], sum_plain)
        print("ready", flush=True)
        sys.stdin.read()


def call_blocking(options: argparse.Namespace) -> Figures:
    """As ``call``; a single call at a time is made by the main thread."""
    method = METHODS[options.handler]
    with sync.connect(options.url, login=options.kind) as peer:

        def one_by_one(calls: Calls) -> None:
            for _ in calls:
                started = time.perf_counter()
                calls.answered(started, peer.invoke(method, ARGUMENTS))

        def make(calls: Calls) -> None:
            with ThreadPoolExecutor(options.window) as threads:
                list(threads.map(one_by_one, [calls] * options.window))

        run = one_by_one if options.window == 1 else make
        run(Calls(WARM_UP))
        stretch = Stretch(options.pid, options.callee)
        calls = Calls(options.count)
        run(calls)
        return stretch.figures(options.count, calls.latencies)


def stream_blocking(options: argparse.Namespace) -> Figures:
    """As ``stream``."""
    with sync.connect(options.url, login=options.kind) as peer:

        def take(count: int) -> None:
            subscription = peer.subscribe(STREAM, {"count": count})
            left = count
            for _ in subscription:
                left -= 1
                if not left:
                    break
            subscription.close()

        take(WARM_UP)
        stretch = Stretch(options.pid, options.callee)
        take(options.count)
        return stretch.figures(options.count)


BLOCKING: dict[str, Callable[[argparse.Namespace], Figures | None]] = {
    "answer": answer_blocking,
    "call": call_blocking,
    "stream": stream_blocking,
}
AWAITING = {"answer": answer, "call": call, "stream": stream}


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.bench.client_load", description=__doc__)
    parser.add_argument("command", choices=AWAITING)
    parser.add_argument("url", help="ws://host:port of the gateway")
    parser.add_argument("--kind", choices=("asyncio", "uvloop", "blocking"), default="asyncio")
    parser.add_argument("--handler", choices=METHODS, default="async")
    parser.add_argument("--pid", type=int, default=0, help="process id of the gateway")
    parser.add_argument("--callee", type=int, default=0, help="process id of the callee")
    parser.add_argument("--count", type=int, default=5_000, help="calls or data to measure")
    parser.add_argument("--window", type=int, default=64, help="calls in flight")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> Figures | None:
    """Run one command as its kind."""
    if options.kind == "blocking":
        return BLOCKING[options.command](options)
    main = AWAITING[options.command](options)
    return uvloop.run(main) if options.kind == "uvloop" else asyncio.run(main)


if __name__ == "__main__":
    try:
        figures = run(parse_options())
    except (OSError, RuntimeError, InteropError) as error:
        sys.exit(f"client load: {type(error).__name__}: {error}")
    if figures is not None:
        print(json.dumps(asdict(figures)), flush=True)
