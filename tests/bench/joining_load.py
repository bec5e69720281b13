"""
The load of ``joining.py``: peers of one user that join at the same moment::

    python -m tests.bench.joining_load URL --pid PID --count 1000 [--batches]

It prints one JSON object, ``joining.FIGURES``. ``PID`` is the gateway's.
"""

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import psutil
import uvloop

from tests.bench.load import cpu_seconds, finish
from tests.bench.peer import encode
from tests.bench.wire import Connection, text_frame

LOOK_SECONDS = 0.02
"""Between two looks at the memory of the gateway."""


class Crowd:
    """The peers, and what they have been told."""

    def __init__(self, count: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._told = [0] * count
        self._joined = [False] * count
        self._waiting = count
        self.frames = 0
        self.connections: list[Connection] = []
        self.done: asyncio.Future[None] = self._loop.create_future()

    async def log_in(self, url: str) -> list[str]:
        """Open a connection for each and log in over it; returns the peer ids."""
        ids: list[str] = []
        for number in range(len(self._told)):
            connection = await Connection.open(url)
            welcome: asyncio.Future[str] = self._loop.create_future()
            connection.handler = lambda payload, welcome=welcome: self._greet(payload, welcome)
            identity = {"application": "bench", "instance": f"bench-{number}"}
            authentication = {"method": "secret", "login": "bench-joining", "secret": ""}
            hello = {
                "domain": "global",
                "type": "hello",
                "request_id": "hello",
                "identity": identity,
                "authentication": authentication,
            }
            connection.send(text_frame(encode(hello)))
            self.connections.append(connection)
            await finish(welcome, [connection])
            ids.append(welcome.result())
        return ids

    def join(self, ids: list[str], extensions: dict[str, Any]) -> None:
        """Have all of them join."""
        for number, (connection, peer_id) in enumerate(zip(self.connections, ids, strict=True)):
            connection.handler = lambda payload, number=number: self._hear(number, payload)
            join = {
                "domain": "global",
                "type": "join",
                "request_id": "join",
                "peer_id": peer_id,
                "destination": "agm",
                **extensions,
            }
            connection.send(text_frame(encode(join)))

    @staticmethod
    def _greet(payload: bytes, welcome: "asyncio.Future[str]") -> None:
        message = json.loads(payload)
        if message["type"] == "welcome":
            welcome.set_result(message["peer_id"])

    def _hear(self, number: int, payload: bytes) -> None:
        self.frames += 1
        missing = len(self._told) - 1 - self._told[number]
        self._told[number] += payload.count(b'"peer-added"')
        was_joined = self._joined[number]
        self._joined[number] |= b'"success"' in payload
        knows_all = self._told[number] >= len(self._told) - 1
        if self._joined[number] and knows_all and not (was_joined and missing <= 0):
            self._waiting -= 1
            if self._waiting == 0:
                self.done.set_result(None)


async def peak(pid: int, done: "asyncio.Future[None]") -> int:
    """The most bytes of memory that a process has until something is done."""
    process = psutil.Process(pid)
    most = 0
    while not done.done():
        most = max(most, process.memory_info().rss)
        await asyncio.sleep(LOOK_SECONDS)
    return max(most, process.memory_info().rss)


async def main(options: argparse.Namespace) -> None:
    """Join, and print the figures."""
    crowd = Crowd(options.count)
    ids = await crowd.log_in(options.url)
    memory, cpu = psutil.Process(options.pid).memory_info().rss, cpu_seconds(options.pid)
    start = time.perf_counter()
    looking = asyncio.ensure_future(peak(options.pid, crowd.done))
    crowd.join(ids, {"extensions": ["batches"]} if options.batches else {})
    await asyncio.wait_for(crowd.done, options.seconds)
    figures = {
        "peers": options.count,
        "cpu_seconds": cpu_seconds(options.pid) - cpu,
        "kilobytes_per_peer": (await looking - memory) / 1024 / options.count,
        "frames_per_peer": crowd.frames / options.count,
        "seconds": time.perf_counter() - start,
    }
    print(json.dumps(figures), flush=True)
    for connection in crowd.connections:
        connection.close()


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.bench.joining_load", description=__doc__)
    parser.add_argument("url", help="ws://host:port of the gateway")
    parser.add_argument("--pid", type=int, required=True, help="process id of the gateway")
    parser.add_argument("--count", type=int, default=1_000, help="peers")
    parser.add_argument("--batches", action="store_true", help="as clients that take batches")
    parser.add_argument("--seconds", type=float, default=380.0, help="longest time for it")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        uvloop.run(main(parse_options()))
    except (OSError, RuntimeError, asyncio.TimeoutError) as error:
        sys.exit(f"load client: {type(error).__name__}: {error}")
