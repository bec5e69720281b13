"""
Python clients of a tree, as applications use them, under what others do.

    python -m tests.bench.fault_clients service URL --count METHODS
    python -m tests.bench.fault_clients return URL --count CLIENTS

``service`` connects as a Dash server's peer does, and prints one JSON object. ``return`` prints
``begin`` when all its clients are connected, waits until each has lost its gateway, and prints one
JSON object when each of them is called by another again.
"""

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import psutil
import uvloop

from dash_interop.client import InteropClient, connect
from dash_interop.errors import InteropError

USER = "heavy"
SECONDS = 90.0
"""Longest time for all of it."""


async def service(options: argparse.Namespace) -> dict[str, float]:
    """How long a service takes to log in where there are many methods, and what it keeps."""
    started = time.perf_counter()
    async with connect(options.url, application="service"):
        seconds = time.perf_counter() - started
        # What it is told of comes in behind its login.
        await asyncio.sleep(1.0)
        return {"service_seconds": seconds, "service_mb": _megabytes()}


async def come_back(options: argparse.Namespace) -> dict[str, float]:
    """Clients of one user lose their gateway, all at once, and it comes back."""
    clients: list[InteropClient] = []
    for start in range(0, options.count, 25):
        some = range(start, min(start + 25, options.count))
        clients += await asyncio.gather(*(_client(options.url, number) for number in some))
    lost = [_state_left(client, "connected") for client in clients]
    print("begin", flush=True)
    await asyncio.gather(*lost)
    before = time.process_time()
    await asyncio.gather(
        *(_is_called(client, (n + 1) % len(clients)) for n, client in enumerate(clients))
    )
    seconds = time.process_time() - before
    # They end with the process: leaving one by one is another matter.
    return {"clients_cpu_seconds": seconds}


async def _client(url: str, number: int) -> InteropClient:
    client = await connect(url, application=f"client-{number}", login=USER, timeout=SECONDS)

    async def work(args: dict[str, Any]) -> dict[str, Any]:
        return args

    await client.register(f"Work.{number}", work)
    return client


def _state_left(client: InteropClient, state: str) -> "asyncio.Future[None]":
    left: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def look(*_: Any) -> None:
        if client.state != state and not left.done():
            left.set_result(None)

    client.on_state_changed(look)
    return left


async def _is_called(client: InteropClient, number: int) -> None:
    ends = time.perf_counter() + SECONDS
    while True:
        try:
            await client.wait_for_method(f"Work.{number}", timeout=ends - time.perf_counter())
            await client.invoke(f"Work.{number}", {"number": number})
            return
        except InteropError:
            # Not there yet, or gone again.
            if time.perf_counter() > ends:
                raise
            await asyncio.sleep(0.05)


def _megabytes() -> float:
    return psutil.Process().memory_info().rss / 1e6


COMMANDS = {"service": service, "return": come_back}


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.bench.fault_clients", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("url", help="ws://host:port of the gateway")
    parser.add_argument("--count", type=int, default=1)
    return parser.parse_args()


async def main(options: argparse.Namespace) -> None:
    """Run one command and print its figures."""
    outcome = await asyncio.wait_for(COMMANDS[options.command](options), 2 * SECONDS)
    print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    try:
        uvloop.run(main(parse_options()))
    except (OSError, InteropError, asyncio.TimeoutError) as error:
        sys.exit(f"clients: {type(error).__name__}: {error}")
