"""
Messages between a widget and its page.

A kernel may run what a page sends beside the cells, in a thread of its own (a "subshell") that the
page names in each message. But a kernel of today prefers the thread that ran what was published
last over the widget, and that would be the one of the cells, whose next message then waits until
the cell has ended. So a widget publishes on behalf of no request at all, from whatever thread: then
the page's choice counts.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from ..transport.threads import Outcome, new_lock

__all__ = ["Arrivals", "Line", "Messenger", "unbound_context"]

T = TypeVar("T")

PROBE_TIMEOUT: Final = 1.0
"""Seconds for a page to show that it is heard while this thread waits."""

REQUEST_VARIABLE: Final = "shell_parent"
"""The name under which a kernel keeps the request that runs, in the context of what runs."""


def unbound_context() -> contextvars.Context:
    """The present context, without the request of the kernel that runs in it."""
    context = contextvars.copy_context()
    for variable in list(context):
        if variable.name == REQUEST_VARIABLE:
            context.run(variable.set, {})
    return context


class Messenger(Protocol):
    """The part of a widget that carries messages."""

    def send(self, content: Any) -> None: ...

    def on_msg(self, callback: Callable[[Any, Any, Any], None]) -> None: ...


class Line:
    """
    Args:
        widget: Whose messages they are.
        on_open: Called when a page has said hello, with whether it is another page than before.
        on_message: Called with each message of the page, on its loop.
        on_end: Called with the reason when the page has ended the line.

    Attributes:
        is_open: Whether there is a page to send to.
        loop: Where the last message of the page was handled; ``None`` before the first.
    """

    def __init__(
        self,
        widget: Messenger,
        on_open: Callable[[bool], None],
        on_message: Callable[[dict[str, Any]], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._widget = widget
        self._on_open = on_open
        self._on_message = on_message
        self._on_end = on_end
        self.is_open = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self._page: str | None = None
        self._context = unbound_context()
        self._thread: int | None = None
        self._heard: Outcome[None] = Outcome()
        """Told with the next message of the page."""
        self._arrivals: dict[str, Arrivals] = {}
        """Those of each page."""
        self._arrived: deque[dict[str, Any]] = deque()
        """In order, and yet to be handled."""
        self._is_handling = False
        self._lock = new_lock()
        widget.on_msg(self._hear)

    def publish(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run something that publishes over the widget, on behalf of no request."""
        # A copy, as several threads may do so at the same time.
        return self._context.copy().run(function, *arguments)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message to the page, from any thread; ``is_open`` has to be true."""
        self._widget.send(message)

    def why_not_wait(self) -> str | None:
        """Why this thread cannot wait for a message of the page, in words; else ``None``."""
        here = threading.get_ident()
        if threading.current_thread() is not threading.main_thread() and self._thread != here:
            return None
        if self._thread in (None, here):
            # The page may have had no thread to name when it spoke last.
            heard = self._heard
            if self.is_open:
                self.send({"type": "probe"})
            heard.wait(PROBE_TIMEOUT)
        if self._thread is None:
            return "the page has not said yet that it is there. Ask in a later cell"
        if self._thread == here:
            return (
                "this thread is the one that handles the messages of the page. Await the request, "
                "or wait for it in another thread"
            )
        return None

    async def why_not_await(self) -> str | None:
        """As ``why_not_wait``, where the loop of this thread goes on meanwhile."""
        if self._thread != threading.get_ident():
            return None
        heard = self._heard
        self.send({"type": "probe"})
        if await asyncio.to_thread(heard.wait, PROBE_TIMEOUT):
            return None
        return (
            "this kernel handles the messages of the page when the cell has ended. Ask in a task "
            "or a thread that goes on after it, or use ipykernel 7.4 or newer"
        )

    def _hear(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        """A message of a page has arrived; runs in whatever thread the kernel chose."""
        page = str(message.get("page"))
        with self._lock:
            self.loop = asyncio.get_running_loop()
            self._thread = threading.get_ident()
            heard, self._heard = self._heard, Outcome()
        heard.succeed(None)
        if message.get("type") == "hello":
            self._welcome(page)
        else:
            with self._lock:
                arrivals = self._arrivals.setdefault(page, Arrivals())
                self._arrived.extend(arrivals.add(message))
            self._handle_arrived()

    def _handle_arrived(self) -> None:
        """Handle messages one after the other, in one thread at a time."""
        while True:
            with self._lock:
                if self._is_handling or not self._arrived:
                    return
                self._is_handling = True
                message = self._arrived.popleft()
            try:
                self._handle(message)
            finally:
                self._is_handling = False

    def _handle(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "here":
                pass
            case "end":
                self._on_end(message["why"])
            case _:
                self._on_message(message)

    def _welcome(self, page: str) -> None:
        is_other, self._page = self._page not in (None, page), page
        self.send({"type": "hello", "page": page})
        self.is_open = True
        self._on_open(is_other)


class Arrivals:
    """
    The messages of one page, in the order in which it sent them. They arrive in another one where
    the kernel handles them in several threads, as while its thread for the messages of widgets is
    about to begin.
    """

    def __init__(self) -> None:
        self._next = 1
        self._early: dict[int, dict[str, Any]] = {}
        self._parts: list[str] = []
        """Of a message that is too long for a server to take at once."""

    def add(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """One has arrived; returns those whose turn it is now."""
        self._early[message["place"]] = message
        due: list[dict[str, Any]] = []
        while (next_one := self._early.pop(self._next, None)) is not None:
            self._next += 1
            due += self._whole(next_one)
        return due

    def _whole(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] != "part":
            return [message]
        self._parts.append(message["text"])
        if not message["is_last"]:
            return []
        text, self._parts = "".join(self._parts), []
        return [json.loads(text)]
