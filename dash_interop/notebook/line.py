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
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from ..transport.threads import Outcome, new_lock

__all__ = ["Line", "Messenger", "unbound_context"]

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
        self._parts: list[str] = []
        """Of a message that is too long for a server to take at once."""
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

    def _hear(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        """A message of the page has arrived; runs in whatever thread the kernel chose."""
        with self._lock:
            self.loop = asyncio.get_running_loop()
            self._thread = threading.get_ident()
            heard, self._heard = self._heard, Outcome()
        heard.succeed(None)
        match message.get("type"):
            case "hello":
                self._welcome(str(message.get("page")))
            case "here":
                pass
            case "part":
                self._parts.append(message["text"])
                if message["is_last"]:
                    text, self._parts = "".join(self._parts), []
                    self._on_message(json.loads(text))
            case "end":
                self._on_end(str(message.get("why")))
            case _:
                self._on_message(message)

    def _welcome(self, page: str) -> None:
        is_other, self._page = self._page not in (None, page), page
        self.send({"type": "hello", "page": page})
        self.is_open = True
        self._on_open(is_other)
