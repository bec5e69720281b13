"""What a streaming callback sends: in parts, how far it is, and at the end its outputs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, Final, TypeAlias, cast

from dash import no_update

from ..client.functions import generates, is_async
from .progress import Report

__all__ = ["call_and_tell", "parts_of"]

PAUSE: Final = 0.05
"""Seconds between two parts: of those that come in one burst, Dash loses some, the last, too."""


Part: TypeAlias = tuple[Any, list[Any] | None]
"""A value of the prop ``progress``, and those of the other outputs; ``None`` before the end."""


async def parts_of(work: Callable[[Report], Awaitable[list[Any]]]) -> AsyncGenerator[Part]:
    """What ``work`` tells while it runs, and at last what it returns."""
    loop = asyncio.get_running_loop()
    told: list[dict[str, Any]] = []
    news = asyncio.Event()

    def add(value: dict[str, Any]) -> None:
        told.append(value)
        news.set()

    def report(invocation_id: str, value: Any) -> None:
        progress = {"invocationId": invocation_id, "value": value}
        if _is_running(loop):
            add(progress)
        else:
            loop.call_soon_threadsafe(add, progress)

    task = asyncio.ensure_future(work(report))
    task.add_done_callback(lambda _: news.set())
    try:
        while not task.done() or told:
            await news.wait()
            news.clear()
            if told:
                part = told.copy()
                told.clear()
                yield part, None
                await asyncio.sleep(PAUSE)
        yield no_update, task.result()
    finally:
        # Where the page is gone, or its server ends.
        task.cancel()


async def call_and_tell(call: partial[Any], tell: Callable[[Any], None]) -> Any:
    """
    Call a handler, ``def`` or ``async def``; tell each value that it yields.

    Returns:
        What it returned or, where it yields and returns nothing, what it yielded last.
    """
    if is_async(call):
        return await call()
    run: Callable[[], Any] = call
    if generates(call):
        made: Any = call()
        if isinstance(made, AsyncGenerator):
            last = None
            async for last in cast("AsyncGenerator[Any]", made):
                tell(last)
            return last
        run = partial(_drain, made, tell)
    thread = ThreadPoolExecutor(1)
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, copy_context().run, run)
    finally:
        # It may still run, where the page is gone.
        thread.shutdown(wait=False)


def _drain(generator: Any, tell: Callable[[Any], None]) -> Any:
    last = None
    while True:
        try:
            last = next(generator)
        except StopIteration as end:
            return last if end.value is None else end.value
        tell(last)


def _is_running(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this thread is the one that runs it."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
