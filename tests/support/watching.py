"""Waits for what blocking Python clients get to know: no longer than a deadline, and not a poll."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from dash_interop.client.sync import InteropClient

__all__ = ["DEADLINE", "Heard", "processes", "wait_for_offers"]

DEADLINE = 15.0


class Heard:
    """A listener that keeps what it is told, and may be waited for."""

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, *arguments: Any) -> None:
        with self._changed:
            self._items.append(arguments[0] if len(arguments) == 1 else arguments)
            self._changed.notify_all()

    @property
    def items(self) -> list[Any]:
        with self._changed:
            return list(self._items)

    def until(self, condition: Callable[[list[Any]], object], seconds: float = DEADLINE) -> None:
        """Return as soon as what was told fulfils a condition."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self._items), seconds):
                told = f"{len(self._items)}, such as {self._items[-20:]}"
                raise AssertionError(f"not within {seconds:g} s; told: {told}")

    def wait(self, count: int, seconds: float = DEADLINE) -> list[Any]:
        """What it was told, as soon as it is that many."""
        self.until(lambda items: len(items) >= count, seconds)
        return self.items


def wait_for_offers(
    client: InteropClient,
    name: str,
    condition: Callable[[set[int]], object],
    seconds: float = DEADLINE,
) -> set[int]:
    """The processes that offer a method or stream, as soon as they fulfil a condition."""
    heard = Heard()
    offering: set[int] = set()

    def is_fulfilled(_: list[Any]) -> object:
        nonlocal offering
        offering = processes(client, name)
        return condition(offering)

    stops = [client.on_server_method_added(heard), client.on_server_method_removed(heard)]
    try:
        heard.until(is_fulfilled, seconds)
        return offering
    finally:
        for stop in stops:
            stop()


def processes(client: InteropClient, name: str) -> set[int]:
    """The processes that offer a method or stream."""
    return {server["process"] for server in client.servers(name)}
