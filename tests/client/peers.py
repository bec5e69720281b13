"""Python peers for the tests of this folder, and waits for what they get to know."""

from __future__ import annotations

import asyncio
import reprlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any, TypeVar

from dash_interop.client import InteropClient, connect, sync

__all__ = ["DEADLINE", "Heard", "blocking_peers", "in_thread", "in_time", "peers", "sees"]

DEADLINE = 5.0

T = TypeVar("T")


@asynccontextmanager
async def peers(url: str, user: str, *applications: str) -> AsyncIterator[list[InteropClient]]:
    """Clients for asyncio, one for each name; closed at the end, the last one first."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(connect(url, application=application, login=user))
            for application in applications
        ]


@contextmanager
def blocking_peers(url: str, user: str, *applications: str) -> Iterator[list[sync.InteropClient]]:
    """Clients for ordinary code, one for each name; closed at the end, the last one first."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(sync.connect(url, application=application, login=user))
            for application in applications
        ]


async def in_time(awaitable: Awaitable[T], seconds: float = DEADLINE) -> T:
    """What it comes to, or a failure where it takes too long."""
    return await asyncio.wait_for(awaitable, seconds)


async def sees(client: InteropClient, condition: Callable[[], object]) -> None:
    """Return when something holds that depends on the methods and servers a client sees."""
    changed = asyncio.Event()

    async def look(*_: Any) -> None:
        changed.set()

    async def wait() -> None:
        while not condition():
            changed.clear()
            await changed.wait()

    stops = [client.on_server_method_added(look), client.on_server_method_removed(look)]
    try:
        await in_time(wait())
    finally:
        for stop in stops:
            stop()


class Heard:
    """
    A listener that keeps what it is told, and may be waited for; ``add`` goes where listeners go.

    Attributes:
        items: What it was told: the argument, or the tuple of several.
    """

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._more = asyncio.Event()

    async def add(self, *arguments: Any) -> None:
        self.items.append(arguments[0] if len(arguments) == 1 else arguments)
        self._more.set()

    async def until(self, condition: Callable[[list[Any]], object]) -> list[Any]:
        """Return what there is as soon as it fulfils a condition."""

        async def wait() -> None:
            while not condition(self.items):
                self._more.clear()
                await self._more.wait()

        try:
            await in_time(wait())
        except asyncio.TimeoutError:
            told = f"{len(self.items)}, the last ones {reprlib.repr(self.items[-3:])}"
            raise AssertionError(f"not in time; told were {told}") from None
        return self.items

    async def count(self, number: int) -> list[Any]:
        """Return what there is as soon as it is that many."""
        return await self.until(lambda items: len(items) >= number)


def in_thread(function: Callable[..., T], *arguments: Any) -> Future[T]:
    """
    Run something in a thread of its own. Not by an executor: one that hangs must not keep the
    tests from ending.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="test", daemon=True).start()
    return future


def results(futures: Iterable[Future[T]], seconds: float = DEADLINE) -> list[T]:
    """What the futures come to, in their order; fails where one takes too long."""
    return [future.result(seconds) for future in futures]
