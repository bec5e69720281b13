"""
The shell of a session: carries out its effects with a socket, threads and one timer.

All of it happens on one loop; ``perform`` and ``post`` bring there what other threads want. What
is built on the engine, such as a stream, is known to it as something that ends with the client.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from ..errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    InteropError,
    MessageTooLarge,
    Overloaded,
)
from ..peer.domain import MakeDomain
from ..peer.effects import Emit, PeerEffect, Settle, Transmit
from ..peer.session import Session
from ..transport.outbox import BATCH
from ..transport.threads import Outcome, new_lock
from ..wire.envelope import Outbound
from ..wire.login import Authentication
from .access import Access
from .listeners import CLOSE_TIMEOUT, Listeners
from .socket import OpenConnection, Socket
from .threads import Threads

__all__ = ["Engine", "EndsWithClient", "is_running_here"]

T = TypeVar("T")

PUSH_ROOM = 16 * 1024 * 1024
"""Bytes of stream data that may wait to be sent, or as many as the gateway takes at once."""

ENVELOPE = 1024
"""More bytes than there are around the data in a frame."""

MAX_THREADS = 64
"""Threads for plain functions; beyond that they wait for one another."""

MOST_WARNINGS = 200
"""Different lines in the log of invocations that wait for a server."""

logger = logging.getLogger(__name__)


def _nothing(*_: Any) -> None:
    """A question that needs no undoing."""


class EndsWithClient(Protocol):
    """Something that has to be ended when the client is closed."""

    async def end(self, closer: asyncio.Task[Any] | None) -> None:
        """
        Args:
            closer: The task that closes the client, which must not be cancelled or waited for.
        """
        ...


class Engine:
    """
    Args:
        access: Where the gateway is and how to log in.
        identity: What others see of this peer.
        domains: What it takes part in.
        open_connection: Opens a connection to the gateway, given its URL.

    Attributes:
        session: What is said to the gateway.
        listeners: Those of the client itself.
        connection_error: What went wrong with the connection last, in words; ``None`` while it is
            all right.
        now: Gives the time that sessions and their deadlines go by, in seconds.
        closed: Set when the client has come to its end.
    """

    def __init__(
        self,
        access: Access,
        identity: Mapping[str, Any],
        domains: Iterable[MakeDomain],
        open_connection: OpenConnection,
    ) -> None:
        self._access = access
        # The gateway puts the new peer id for "?", so that no two logins have one identity, and a
        # peer is let in again although the end of its last connection was not noticed yet.
        introduction = {"instance": uuid4().hex, "peerId": "?", **identity}
        self.session = Session(introduction, domains, uuid4().hex)
        self.connection_error: str | None = None
        self._threads = Threads(MAX_THREADS)
        self.listeners = self.make_listeners(
            lambda: logger.error("an event is not told: too many wait for their listeners")
        )
        self._socket = Socket(
            lambda: access.ask(self._threads.run), open_connection, self.session.codec, self
        )
        self._loop = asyncio.get_running_loop()
        self.now = self._loop.time
        self._process = os.getpid()
        self._first_login: asyncio.Future[None] = self._loop.create_future()
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._requests: set[asyncio.Future[Any]] = set()
        self._ends: dict[EndsWithClient, None] = {}
        self._performers: dict[type[PeerEffect], Callable[[Any], None]] = {
            Transmit: self._transmit,
            Settle: self._settle,
            Emit: self._emit,
        }
        self._is_due = False
        """Whether something has happened to the session in this turn of the loop."""
        self._is_carrying_out = False
        self._posted: list[Callable[[], None]] = []
        self._posted_size = 0
        self._unsent_size = 0
        """Bytes that were posted and run, and that the socket does not have yet."""
        self._lock = new_lock()
        self._warnings: set[str] = set()
        self._closing: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()

    # The connection

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or is being so."""
        return self._closing is not None

    async def open(self, timeout: float | None) -> None:
        """
        Args:
            timeout: Longest wait for the first connection, in seconds; ``None`` does not wait.

        Raises:
            AuthenticationFailed: The gateway does not let us in.
            ConnectionFailed: No connection within ``timeout`` seconds.
        """
        self._connecting = asyncio.ensure_future(self._socket.run())
        if timeout is None:
            self._first_login.cancel()
            return
        try:
            await asyncio.wait_for(self._first_login, timeout)
        except asyncio.TimeoutError:
            reason = self.connection_error or f"cannot connect to {self._access.where}"
            raise ConnectionFailed(f"{reason} (tried for {timeout:g} s)") from None

    async def close(self) -> None:
        """
        Leave. What is in flight ends with an error; running handlers are cancelled.

        Raises:
            InteropError: Called from another loop.
        """
        if self.closed.is_set():
            return
        self.check_loop()
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close(asyncio.current_task()))
        # A task of its own: it goes on when the one that asked for it is cancelled.
        await asyncio.shield(self._closing)

    async def wait_closed(self) -> None:
        """
        Raises:
            InteropError: Called from another loop.
        """
        if not self.closed.is_set():
            self.check_loop()
            await self.closed.wait()

    async def _close(self, closer: asyncio.Task[Any] | None) -> None:
        # A handler or a listener may close the client that runs it.
        for each in list(self._ends):
            await each.end(closer)
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting], timeout=CLOSE_TIMEOUT)
        self.take_turn(self.session.disconnect)
        self._carry_out()
        if self._timer is not None:
            self._timer.cancel()
        for request in list(self._requests):
            _fail(request, _closed())
        await self.listeners.cancel(closer)
        self._threads.close()
        self.closed.set()

    async def flush(self) -> None:
        """
        Wait until the gateway has read all that was sent so far.

        Raises:
            InteropError: Called from another loop.
        """
        self.check_loop()
        self._carry_out()
        await self._socket.flush()

    # What is built on it

    def adopt(self, part: EndsWithClient) -> None:
        """End a part together with the client, unless it is released before."""
        self._ends[part] = None

    def release(self, part: EndsWithClient) -> None:
        """A part has ended by itself."""
        self._ends.pop(part, None)

    def carry_out_by(self, kind: type[PeerEffect], perform: Callable[[Any], None]) -> None:
        """Give effects of a domain, by their class, to whoever knows what they ask for."""
        self._performers[kind] = perform

    def make_listeners(self, on_overflow: Callable[[], None]) -> Listeners:
        return Listeners(self._threads.run, on_overflow)

    def run_in_thread(self, function: Callable[[], T]) -> Awaitable[T]:
        """As ``Threads.run``."""
        return self._threads.run(function)

    # Asking the session

    async def request(
        self, ask: Callable[[Any], Any], undo: Callable[[Any, Any], Any] = _nothing
    ) -> Any:
        """
        Ask a domain of the session for something and wait for its end.

        Args:
            ask: Asks, given the token.
            undo: Takes it back if the caller is cancelled, given the token and what ``ask`` gave.

        Raises:
            InteropError: As the session says; or called from another loop.
        """
        if not self._is_on_loop() or self.is_closed or os.getpid() != self._process:
            self._check_usable()
            self.check_loop()
        token: asyncio.Future[Any] = self._loop.create_future()
        self._requests.add(token)
        try:
            asked = self.take_turn(ask, token)
            try:
                return await token
            except asyncio.CancelledError:
                if not self.is_closed:
                    self.take_turn(undo, token, asked)
                raise
        finally:
            self._requests.discard(token)

    def start(self, ask: Callable[[Any], T]) -> tuple[asyncio.Future[Any], T]:
        """
        Ask a domain of the session for something that others wait for.

        Args:
            ask: Asks, given the token.

        Returns:
            The token, which is the end of it, and what ``ask`` gave.

        Raises:
            InteropError: As ``request``.
        """
        self._check_usable()
        self.check_loop()
        token: asyncio.Future[Any] = self._loop.create_future()
        asked = self.take_turn(ask, token)
        self._requests.add(token)
        token.add_done_callback(self._requests.discard)
        return token, asked

    def perform(self, function: Callable[[], T]) -> T:
        """
        Run something on the loop, from whatever thread, and wait for it.

        Raises:
            InteropError: The client is closed, or its loop does not run.
        """
        self._check_usable()
        if self._is_on_loop():
            return self.take_turn(function)
        outcome: Outcome[T] = Outcome()
        # Whoever takes it decides whether the function runs, or is given up.
        beginning = new_lock()

        def run() -> None:
            if not beginning.acquire(blocking=False):
                return
            try:
                value = self.perform(function)
            except BaseException as error:
                outcome.fail(error)
            else:
                outcome.succeed(value)

        def look() -> None:
            try:
                self._check_usable()
            except InteropError:
                # What has begun comes to its end, but not in a forked child of the process.
                if beginning.acquire(blocking=False) or os.getpid() != self._process:
                    raise

        self._call_soon(run)
        return outcome.result(look)

    def post(self, function: Callable[[], None], size: int = 0) -> None:
        """
        Run something on the loop, from whatever thread, in the order of the calls.

        Args:
            function: Must not fail, unless it sends so much that the gateway may not take it.
            size: Bytes that it is going to send, without what is around them in the frame.

        Raises:
            MessageTooLarge: More than the gateway takes, or than may ever wait to be sent.
            Overloaded: Too many wait to be sent already.
        """
        self._check_usable()
        max_size = self.session.link.max_size
        room = max(PUSH_ROOM, max_size or 0)
        if max_size is not None and size > max_size:
            raise MessageTooLarge.of(size, max_size)
        if size > room:
            raise MessageTooLarge(f"{size} bytes are too many: at most {room} may wait to be sent")
        # Near the limit only the whole frame, which is made on the loop, shows whether it fits.
        may_fail = max_size is not None and size > max_size - ENVELOPE
        with self._lock:
            waiting = self._socket.backlog + self._unsent_size + self._posted_size
            if size and waiting + size > room:
                raise Overloaded(f"{room} bytes wait to be sent: flush now and then")
            if not may_fail:
                self._posted.append(function)
                self._posted_size += size
            is_first = len(self._posted) == 1
        if may_fail:
            self.perform(function)
            return
        if self._is_on_loop():
            self._run_posted()
        elif is_first:
            try:
                self._call_soon(self._run_posted)
            except ConnectionLost:
                with self._lock:
                    self._posted, self._posted_size = [], 0
                raise

    def _run_posted(self) -> None:
        with self._lock:
            posted, self._posted = self._posted, []
            self._unsent_size += self._posted_size
            self._posted_size = 0

        def run_all() -> None:
            for function in posted:
                try:
                    function()
                except Exception:
                    # Nobody waits for it, and the others are not to be lost with it.
                    logger.exception("%r could not be carried out", function)

        self.take_turn(run_all)

    def _check_usable(self) -> None:
        if os.getpid() != self._process:
            raise InteropError("The client belongs to the process that made it: connect anew")
        if self.is_closed:
            raise _closed()
        if not self._loop.is_running():
            raise InteropError(
                "The event loop that the client was connected on does not run: keep it running, or "
                "use the client of dash_interop.client.sync, which has one of its own"
            )

    def check_loop(self) -> None:
        """
        Raises:
            InteropError: Called from another loop than the client's.
        """
        if not self._is_on_loop():
            raise InteropError(
                "The client belongs to the event loop that it was connected on: connect another "
                "one here, or use the client of dash_interop.client.sync from any loop or thread"
            )

    def _is_on_loop(self) -> bool:
        return is_running_here(self._loop)

    def _call_soon(self, function: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            raise _closed() from None

    # What the socket tells

    def opened(self, authentication: Authentication) -> None:
        self.take_turn(self.session.log_in, authentication)

    def received(self, message: Outbound) -> None:
        self.session.begin(self.now())
        self.session.receive(message)
        self._carry_out_soon()

    def lost(self, reason: str) -> None:
        # Before the first login the reason is in an exception; then the log has each reason once.
        if self._first_login.done() and reason != self.connection_error:
            logger.warning("%s", reason)
        self.connection_error = reason
        self.take_turn(self.session.disconnect)

    # Carrying out what the session wants

    def take_turn(self, ask: Callable[..., T], *arguments: Any) -> T:
        """
        Everything that happens to the session happens here, on the loop. What it wants is carried
        out at the end of the loop's turn for all that happened in it, or as soon as it is a batch.
        """
        self.session.begin(self.now())
        answer = ask(*arguments)
        self._carry_out_soon()
        return answer

    def _carry_out_soon(self) -> None:
        if len(self.session.link.effects) >= BATCH and not self._is_carrying_out:
            self._carry_out()
        elif not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._is_due = False
        self._carry_out()

    def _carry_out(self) -> None:
        performers = self._performers
        self._is_carrying_out = True
        try:
            while self.session.link.effects:
                for effect in self.session.take():
                    performers[type(effect)](effect)
        finally:
            self._is_carrying_out = False
        self._unsent_size = 0
        self._socket.write()
        self._arm()

    def _transmit(self, effect: Transmit) -> None:
        self._socket.send(effect.frame)

    def _settle(self, effect: Settle) -> None:
        if effect.error is None:
            _succeed(effect.token, effect.value)
        else:
            _fail(effect.token, effect.error)

    def _emit(self, effect: Emit) -> None:
        if effect.source is self.session.link:
            self._tell(effect.event, *effect.arguments)
        else:
            effect.source.emit(effect.event, *effect.arguments)

    def _tell(self, event: str, *arguments: Any) -> None:
        match event:
            case "refused":
                self._refused(*arguments)
            case "problem":
                logger.error("%s", *arguments)
            case "waiting":
                self._warn_once(*arguments)
            case "state_changed" if arguments[0] == "connected":
                self.connection_error = None
                self._socket.logged_in()
                _succeed(self._first_login, None)
                self.listeners.tell(event, *arguments)
            case _:
                self.listeners.tell(event, *arguments)

    def _warn_once(self, text: str) -> None:
        if text not in self._warnings and len(self._warnings) < MOST_WARNINGS:
            self._warnings.add(text)
            logger.warning("%s", text)

    def _refused(self, error: AuthenticationFailed) -> None:
        _fail(self._first_login, error)
        self._socket.refuse(error)

    def _arm(self) -> None:
        deadline = self.session.next_deadline()
        if deadline is None or self.is_closed:
            return
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.take_turn(self.session.tick)


def is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this runs on that loop."""
    # Not by the thread's number, which another thread gets when that one has ended.
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _closed() -> ConnectionLost:
    """What was asked for has not been sent, and will not be."""
    error = ConnectionLost("The client was closed")
    error.delivered = "no"
    return error


def _succeed(request: asyncio.Future[Any], value: Any) -> None:
    if not request.done():
        request.set_result(value)


def _fail(request: asyncio.Future[Any], error: InteropError) -> None:
    if not request.done():
        request.set_exception(error)
