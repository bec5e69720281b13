"""
The frames of a page to the gateway and back.

A page that can reach no port says over its widget what it would say over a WebSocket: ``open``,
``frames`` and ``close``, each with the id of the conversation. The kernel, which does reach the
gateway, answers with ``opened``, ``frames``, ``taken`` (how many of the page's) and ``ended``. It
also logs the page in: credentials do not leave the kernel. A page that does not answer ``ask`` by
``here`` has gone without a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import msgspec

from ..client.access import Access
from ..client.socket import OUTBOX_SIZE, open_socket
from ..errors import ConfigError, ConnectionFailed, ProtocolError
from ..transport.connection import Connection
from ..transport.outbox import Outbox
from ..transport.outboxes import Outboxes
from ..transport.threads import Thread
from ..wire.login import Authentication
from .pace import Pace

__all__ = ["MOST_SILENCE", "Relay"]

T = TypeVar("T")

# Times, in seconds
CLOSE_TIMEOUT: Final = 2.0
LOOK_SECONDS: Final = 5.0

MOST_SILENCE: Final = 6
"""Questions that a page may leave unanswered, such as while it does not run."""


class Relay:
    """
    On a loop in a thread of its own, as the kernel's loop stands still while a cell runs.

    Args:
        access: Where the gateway is and how to log in.
        send: Sends a message to the pages, from any thread.
        hearing: Gives the loop on which the kernel handles their messages.
    """

    def __init__(
        self,
        access: Access,
        send: Callable[[dict[str, Any]], None],
        hearing: Callable[[], asyncio.AbstractEventLoop | None],
    ) -> None:
        self._access = access
        self._send = send
        self._hearing = hearing
        self._loop = asyncio.new_event_loop()
        self._conversations: dict[str, _Conversation] = {}
        self._is_looking = False
        """Whether the kernel is yet to come to the last question to the pages."""
        Thread(self._run, "dash-interop-relay")

    def receive(self, message: dict[str, Any]) -> None:
        """A message of a page has arrived; from any thread, in their order."""
        self._soon(lambda: self._handle(message))

    def close(self) -> None:
        """All conversations end, and so does the thread."""
        self._soon(self._loop.stop)

    def _soon(self, function: Callable[[], Any]) -> None:
        with suppress(RuntimeError):  # It was closed before.
            self._loop.call_soon_threadsafe(function)

    def _run(self) -> None:
        self._loop.call_soon(self._look)
        self._loop.run_forever()
        for conversation in self._conversations.values():
            conversation.end()
        self._loop.run_until_complete(_all_done())
        self._loop.close()

    def _handle(self, message: dict[str, Any]) -> None:
        key = message["conversation"]
        if message["type"] == "open":
            conversation = _Conversation(self._access, key, self._send)
            self._conversations[key] = conversation
            conversation.begin(lambda: self._conversations.pop(key, None))
        elif (known := self._conversations.get(key)) is not None:
            known.hear(message)
        # Else the gateway has ended it meanwhile.

    # Whether the pages are still there

    def _look(self) -> None:
        self._loop.call_later(LOOK_SECONDS, self._look)
        hearing = self._hearing()
        if self._conversations and hearing is not None and not self._is_looking:
            # It counts only once the kernel could have heard: no cell holds it up.
            self._is_looking = True
            with suppress(RuntimeError):
                hearing.call_soon_threadsafe(self._soon, self._ask)

    def _ask(self) -> None:
        self._is_looking = False
        for conversation in list(self._conversations.values()):
            conversation.ask()


class _Conversation:
    """One connection to the gateway, from its opening to its end."""

    def __init__(self, access: Access, key: str, send: Callable[[dict[str, Any]], None]) -> None:
        self._access = access
        self._key = key
        self._send = send
        self._silence = 0
        """How many questions the page has not answered."""
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(self._flush_soon)
        self._task: asyncio.Task[None] | None = None
        self._authentication: Authentication | None = None
        """For the page's first frame; ``None`` when that has been sent."""
        self._outbox: Outbox | None = None
        self._waiting: list[str] = []
        """Frames for the page."""

    def begin(self, on_end: Callable[[], Any]) -> None:
        self._task = asyncio.ensure_future(self._run())
        self._task.add_done_callback(lambda _: on_end())

    def end(self) -> None:
        assert self._task is not None
        self._task.cancel()

    def hear(self, message: dict[str, Any]) -> None:
        self._silence = 0
        if message["type"] == "close":
            self.end()
        elif message["type"] == "frames" and self._outbox is not None:
            self._pass_on(message["frames"], self._outbox)

    def ask(self) -> None:
        """Ask the page whether it is still there; it ends when it has been silent too long."""
        self._silence += 1
        if self._silence > MOST_SILENCE:
            self.end()
        else:
            self._say("ask")

    def _pass_on(self, frames: list[str], outbox: Outbox) -> None:
        for frame in frames:
            text = frame.encode()
            if self._authentication is not None:
                text = _with_credentials(text, self._authentication)
                self._authentication = None
            outbox.send(text)
        self._say("taken", count=len(frames))

    async def _run(self) -> None:
        why = "The connection to the gateway has ended"
        try:
            url, self._authentication = await self._access.ask(_in_thread)
            connection = await open_socket(url)
            await self._converse(connection)
        except (ConfigError, ConnectionFailed, ProtocolError) as error:
            why = str(error)
        finally:
            # Also where the page has closed it.
            self._say_frames()
            self._say("ended", why=why)

    async def _converse(self, connection: Connection) -> None:
        self._outbox = Outbox(
            connection, OUTBOX_SIZE, CLOSE_TIMEOUT, lambda _: None, Outboxes(OUTBOX_SIZE)
        )
        self._say("opened")
        try:
            async for frame in connection.frames():
                if not self._waiting:
                    # What arrives in one turn of the loop travels together.
                    self._loop.call_soon(self._flush)
                self._waiting.append(frame)
        finally:
            outbox, self._outbox = self._outbox, None
            outbox.close(1000, "")
            await outbox.wait_closed()

    def _flush_soon(self) -> None:
        with suppress(RuntimeError):  # All has ended meanwhile.
            self._loop.call_soon_threadsafe(self._flush)

    def _flush(self) -> None:
        if self._waiting and self._pace.admits():
            self._say_frames()

    def _say_frames(self) -> None:
        if self._waiting:
            frames, self._waiting = self._waiting, []
            self._say("frames", frames=frames)

    def _say(self, kind: str, **fields: Any) -> None:
        self._send({"type": kind, "conversation": self._key, **fields})


async def _all_done() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT)


async def _in_thread(function: Callable[[], T]) -> T:
    return await asyncio.to_thread(function)


def _with_credentials(hello: bytes, authentication: Authentication) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(hello), "authentication": authentication})
