"""
Eight writers of one context: clients of three libraries, random operations, connections that break.

A seed makes the operations; how they mix is up to the machine. When all is written, every writer,
the gateway and a newcomer have to hold the same value, and when everybody has left, nothing may be
left over at the gateway.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from random import Random
from typing import Any, Protocol
from urllib.parse import urlsplit

from dash_interop.client import InteropClient, connect
from dash_interop.errors import InteropError
from dash_interop.gateway.auth import OpenDoor
from dash_interop.gateway.config import GatewayConfig
from dash_interop.gateway.origins import OriginPolicy
from dash_interop.gateway.server import Gateway
from tests.support.client import until
from tests.support.js_peer import JsError, JsPeer
from tests.support.relay import Relay

__all__ = ["OPERATIONS", "Write", "faults", "random_write"]

NAME = "Order"
USER = "anna"
LIBRARIES = ("python",) * 4 + ("@interopio/core",) * 2 + ("@glue42/core",) * 2

OPERATIONS = 200
"""Of each writer."""

KEYS = ("n", "m", "a", "lines")
PATHS = ("n", "a.n", "a.m", "a.b.c", "lines.0", "lines.2", "m")
CUTS = 1 / 50
"""How often a writer loses its connection before it writes."""

MOST_AT_ONCE = 4
"""Writes of one tick."""

SECONDS = 60.0
SETTLING = 0.5
"""Seconds for which a library is asked for a value that it may not have taken up yet."""

ATTEMPTS = 10
"""A library that is back after an outage writes what it knew: the value may change once more."""

Write = dict[str, Any]


class Writer(Protocol):
    async def write(self, writes: list[Write]) -> list[str | None]:
        """Write all of them, one right after the other; what went wrong with each."""
        ...

    async def cut(self) -> Callable[[], Awaitable[Any]]:
        """Break its connection; what is returned waits until it is back."""
        ...

    async def look(self) -> None:
        """See to it that it can write after an outage."""
        ...

    async def has(self, value: dict[str, Any]) -> str | None:
        """What it holds in place of this value."""
        ...

    async def close(self) -> None: ...


class PythonWriter:
    def __init__(self, relay: Relay, client: InteropClient) -> None:
        self._relay = relay
        self._client = client
        self._held: dict[str, Any] = {}
        self._changed = asyncio.Event()
        client.contexts.subscribe(NAME, self._hear)

    async def _hear(self, change: Any) -> None:
        self._held = change.data
        self._changed.set()

    async def write(self, writes: list[Write]) -> list[str | None]:
        return await asyncio.gather(*map(self._write, writes))

    async def _write(self, write: Write) -> str | None:
        contexts = self._client.contexts
        ask: Callable[[], Any] = {
            "update": lambda: contexts.update(NAME, write["data"]),
            "set": lambda: contexts.set(NAME, write["data"]),
            "setPath": lambda: contexts.set_path(NAME, write["path"], write["data"]),
            "destroy": lambda: contexts.destroy(NAME),
        }[write["kind"]]
        try:
            await ask()
        except InteropError as error:
            return type(error).__name__
        return None

    async def cut(self) -> Callable[[], Awaitable[Any]]:
        self._relay.cut()
        # What is written meanwhile waits for the connection.
        return lambda: asyncio.sleep(0)

    async def look(self) -> None: ...

    async def has(self, value: dict[str, Any]) -> str | None:
        async def hold() -> None:
            while self._held != value:
                self._changed.clear()
                await self._changed.wait()

        try:
            await asyncio.wait_for(hold(), SETTLING)
        except asyncio.TimeoutError:
            return repr(self._held)
        return None

    async def close(self) -> None:
        await self._client.close()


class JavaScriptWriter:
    """
    Where the connection breaks while the library makes the context, it never reads or writes it
    again, and where it breaks while the library logs in, it may never come back. What it writes
    right after it is back it may not hear of, and then its own copy lacks it. It is loaded anew
    then, as the page would be that it runs in.
    """

    def __init__(self, relay: Relay, library: str, ends: Counter[str]) -> None:
        self._relay = relay
        self._library = library
        self._ends = ends
        self._peer: JsPeer | None = None
        self._has_lost_answers = False
        """Whether it wrote something, since it was last cut off, and never heard of it."""

    async def load(self) -> None:
        if self._peer is not None:
            await self.close()
        url, library = f"ws://127.0.0.1:{self._relay.port}", self._library
        self._peer = await asyncio.to_thread(JsPeer, url, library, USER, None, library)
        self._has_lost_answers = False
        for _ in range(ATTEMPTS):
            # It fails where the context is destroyed at that moment.
            with contextlib.suppress(JsError):
                await asyncio.to_thread(self._peer.subscribe_context, NAME)
                return
        raise AssertionError(f"{library} could not subscribe")

    @property
    def peer(self) -> JsPeer:
        assert self._peer is not None
        return self._peer

    async def write(self, writes: list[Write]) -> list[str | None]:
        ends = await asyncio.to_thread(self.peer.write_context_many, NAME, writes)
        if any(end is not None and end.endswith(" ms") for end in ends):
            self._has_lost_answers = True
        return ends

    async def cut(self) -> Callable[[], Awaitable[Any]]:
        self._has_lost_answers = False
        logins = len(await asyncio.to_thread(self.peer.wait_logins, 1))
        self._relay.cut()

        async def come_back() -> None:
            try:
                await asyncio.to_thread(self.peer.wait_logins, logins + 1)
            except JsError:
                await self._load_anew("did not come back")

        return come_back

    async def look(self) -> None:
        try:
            await asyncio.to_thread(self.peer.context_settles, NAME, {}, 0)
        except JsError:
            await self._load_anew("could not read any more")

    async def _load_anew(self, why: str) -> None:
        self._ends[f"{self._library}: loaded anew, as it {why}"] += 1
        await self.load()

    async def has(self, value: dict[str, Any]) -> str | None:
        await self.look()
        read = await asyncio.to_thread(self.peer.context_settles, NAME, value, SETTLING)
        if read["settles"]:
            return None
        if self._has_lost_answers:
            await self._load_anew("never heard of a write of its own")
        return repr(read["data"])

    async def close(self) -> None:
        # Not by leaving: one that hangs after an outage would hang in that, too, and come back.
        await asyncio.to_thread(self.peer.kill)


async def faults(seed: int, operations: int, ends: Counter[str]) -> list[str]:
    """
    Let them write; returns what was not as it has to be.

    Args:
        seed: Makes the operations.
        operations: Of each writer.
        ends: Counts how the writes have ended, by library and error.
    """
    config = GatewayConfig(port=0)
    async with Gateway(config, OpenDoor("s" * 32), OriginPolicy()) as gateway:
        writing = _write_all(gateway, seed, operations, ends)
        found = await asyncio.wait_for(writing, SECONDS + operations)
        with contextlib.suppress(asyncio.TimeoutError):
            await until(lambda: not gateway.counters()["peers"])
        counters = gateway.counters()
    kept = ("contexts", "context_members", "connections", "peers")
    return found + [f"left over: {counters[name]} {name}" for name in kept if counters[name]]


async def _write_all(gateway: Gateway, seed: int, operations: int, ends: Counter[str]) -> list[str]:
    async with AsyncExitStack() as stack:
        port = urlsplit(gateway.url).port
        assert port is not None
        writers: list[Writer] = []
        for library in LIBRARIES:
            relay = stack.enter_context(Relay(port))
            writer = await _writer(library, relay, ends)
            stack.push_async_callback(writer.close)
            writers.append(writer)
        reader = await stack.enter_async_context(connect(gateway.url, login=USER))
        await asyncio.gather(
            *(
                _write(writer, Random(f"{seed} {number}"), operations, library, ends)
                for number, (writer, library) in enumerate(zip(writers, LIBRARIES, strict=True))
            )
        )
        found = await _differences(gateway, writers)
        if NAME in reader.contexts.all():
            await reader.contexts.destroy(NAME)
        return found


async def _writer(library: str, relay: Relay, ends: Counter[str]) -> Writer:
    if library == "python":
        url = f"ws://127.0.0.1:{relay.port}"
        return PythonWriter(relay, await connect(url, application=library, login=USER))
    writer = JavaScriptWriter(relay, library, ends)
    await writer.load()
    return writer


async def _write(
    writer: Writer, random: Random, operations: int, library: str, ends: Counter[str]
) -> None:
    left = operations
    while left:
        count = min(left, random.randint(1, MOST_AT_ONCE))
        left -= count
        writing = asyncio.ensure_future(writer.write([random_write(random) for _ in range(count)]))
        is_cut = random.random() < CUTS * count
        come_back = await writer.cut() if is_cut else None
        written = await writing
        if come_back is not None:
            await come_back()
        for end in written:
            ends[f"{library}: {'written' if end is None else end.split(' c-')[0]}"] += 1
        if is_cut:
            await writer.look()


def random_write(random: Random) -> Write:
    """A write of any kind: what it is called, and its data or path."""
    kind = random.choices(["update", "set", "setPath", "destroy"], [5, 2, 8, 1])[0]
    if kind == "destroy":
        return {"kind": kind}
    if kind == "setPath":
        value = random.choice([None, random.randrange(1000), {"b": random.randrange(1000)}])
        return {"kind": kind, "path": random.choice(PATHS), "data": value}
    keys = random.sample(KEYS, random.randint(1, 3))
    values = {key: _value(random, key) for key in keys}
    if kind == "update" and random.random() < 0.3:
        values[random.choice(keys)] = None
    return {"kind": kind, "data": values}


def _value(random: Random, key: str) -> Any:
    if key == "lines":
        return [random.randrange(1000) for _ in range(random.randint(0, 3))]
    if key == "a":
        return {"n": random.randrange(1000), "b": {"c": random.randrange(1000)}}
    return random.randrange(1000)


async def _differences(gateway: Gateway, writers: list[Writer]) -> list[str]:
    """What somebody holds in place of what a newcomer gets, once all is quiet."""
    held: list[str | None] = []
    value: dict[str, Any] = {}
    for _ in range(ATTEMPTS):
        async with connect(gateway.url, application="newcomer", login=USER) as newcomer:
            value = await newcomer.contexts.get(NAME)
            held = await asyncio.gather(*(writer.has(value) for writer in writers))
            if not any(held) and await newcomer.contexts.get(NAME) == value:
                return []
    return [
        f"{library} {number} holds {each}, a newcomer {value!r}"
        for number, (library, each) in enumerate(zip(LIBRARIES, held, strict=True))
        if each is not None
    ]
