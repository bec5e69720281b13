"""
The shell of a session: carries out its effects with a socket, tasks, threads and one timer.

All of it happens on one loop; ``perform`` and ``post`` bring there what other threads want.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future as ThreadFuture
from typing import Any, TypeVar
from uuid import uuid4

from msgspec import Raw

from ..errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    HandlerFailed,
    InteropError,
    InvalidArguments,
    InvalidResult,
    InvocationError,
    MessageTooLarge,
    Overloaded,
)
from ..peer.effects import Emit, PeerEffect, Run, Settle, Stop, Transmit
from ..peer.queue import Invocation
from ..peer.session import Session
from ..peer.targets import Target
from ..transport.threads import result_of
from ..wire.codec import encode
from ..wire.envelope import Outbound
from ..wire.failures import raised
from ..wire.login import Authentication
from ..wire.payloads import PayloadError, decode_object, result_object
from .access import Access
from .listeners import CLOSE_TIMEOUT, Listeners
from .requests import check_registration_timeout, check_seconds
from .running import Handler
from .socket import Transport
from .streams import StreamBase, SubscriptionBase
from .threads import Threads
from .validation import Validation

__all__ = ["Engine", "is_running_here"]

T = TypeVar("T")

PUSH_ROOM = 16 * 1024 * 1024
"""Bytes of stream data that may wait to be sent, or as many as the gateway takes at once."""

ENVELOPE = 1024
"""More bytes than there are around the data in a frame."""

MAX_THREADS = 64
"""Threads for plain functions; beyond that they wait for one another."""

MOST_WARNINGS = 200
"""So many different invocations that wait for a server are in the log."""

logger = logging.getLogger(__name__)


def _nothing(*_: Any) -> None:
    """It has no effect by itself, or one that may stay."""


class Engine:
    """
    Args:
        access: Where the gateway is and how to log in.
        identity: What others see of this peer.
    """

    def __init__(self, access: Access, identity: Mapping[str, Any]) -> None:
        self._access = access
        # The gateway puts the new peer id for "?", so that no two logins have one identity, and a
        # peer is let in again although the end of its last connection was not noticed yet.
        self.session = Session({"instance": uuid4().hex, "peerId": "?", **identity})
        self.connection_error: str | None = None
        self._threads = Threads(MAX_THREADS)
        self.listeners = self.make_listeners(
            lambda: logger.error("an event is not told: too many wait for their listeners")
        )
        self._transport = Transport(lambda: access.ask(self._threads.run), self)
        self._loop = asyncio.get_running_loop()
        self._process = os.getpid()
        self._first_login: asyncio.Future[None] = self._loop.create_future()
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._requests: set[asyncio.Future[Any]] = set()
        self._handling: dict[Invocation, asyncio.Task[None]] = {}
        self._ends: dict[StreamBase | SubscriptionBase, None] = {}
        """What has to be told of the end of the client."""
        self._posted: list[Callable[[], None]] = []
        self._posted_size = 0
        self._lock = threading.Lock()
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
        self._connecting = asyncio.ensure_future(self._transport.run())
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
        tasks = {*self._handling.values(), *filter(None, [self._connecting])} - {closer}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT)
        self.session.disconnect(self.now())
        self._carry_out()
        if self._timer is not None:
            self._timer.cancel()
        for request in list(self._requests):
            _fail(request, ConnectionLost("The client was closed"))
        await self.listeners.cancel(closer)
        self._threads.close()
        self.closed.set()

    # Streams and subscriptions, which end with the client

    async def open_stream(self, stream: StreamBase, timeout: float) -> None:
        """
        Raises:
            RegistrationError: It cannot be offered.
        """
        Validation(stream.definition)
        check_registration_timeout(timeout)
        self._ends[stream] = None
        await stream.create(timeout, lambda: self._ends.pop(stream, None))

    async def open_subscription(
        self,
        subscription: SubscriptionBase,
        target: Target,
        follow: bool,
        wait_timeout: float,
        response_timeout: float,
    ) -> None:
        """
        Raises:
            SubscriptionError: Nobody offers it, or accepted in time; or why it was rejected.
        """
        check_seconds(wait_timeout=wait_timeout, response_timeout=response_timeout)
        self._ends[subscription] = None
        await subscription.open(
            target,
            follow,
            wait_timeout,
            response_timeout,
            lambda: self._ends.pop(subscription, None),
        )

    async def flush(self) -> None:
        """
        Wait until the gateway has read all that was sent so far.

        Raises:
            InteropError: Called from another loop.
        """
        self.check_loop()
        await self._transport.flush()

    # Asking the session

    def now(self) -> float:
        return self._loop.time()

    async def request(
        self, ask: Callable[[Any], Any], undo: Callable[[Any, Any], Any] = _nothing
    ) -> Any:
        """
        Ask the session for something and wait for its end.

        Args:
            ask: Asks, given the token.
            undo: Takes it back when nobody waits any more, given the token and what ``ask`` gave.

        Raises:
            InteropError: As the session says; or called from another loop.
        """
        self._check_usable()
        self.check_loop()
        token: asyncio.Future[Any] = self._loop.create_future()
        self._requests.add(token)
        try:
            asked = ask(token)
            self._carry_out()
            try:
                return await token
            except asyncio.CancelledError:
                if not self.is_closed:
                    undo(token, asked)
                    self._carry_out()
                raise
        finally:
            self._requests.discard(token)

    def perform(self, function: Callable[[], T]) -> T:
        """
        Run something on the loop, from whatever thread, and wait for it.

        Raises:
            InteropError: It will never run.
        """
        self._check_usable()
        if self._is_on_loop():
            self.session.link.now = self.now()
            result = function()
            self._carry_out()
            return result
        future: ThreadFuture[T] = ThreadFuture()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(self.perform(function))
            except BaseException as error:
                future.set_exception(error)

        def look() -> None:
            if not self._loop.is_running() and future.cancel():
                self._check_usable()

        self._call_soon(run)
        return result_of(future, look)

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
        # Near the limit it is known on the loop only, and has to be told here.
        may_fail = max_size is not None and size > max_size - ENVELOPE
        with self._lock:
            if size and self._transport.backlog + self._posted_size + size > room:
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

    def make_listeners(self, on_overflow: Callable[[], None]) -> Listeners:
        return Listeners(self._threads.run, on_overflow)

    def _run_posted(self) -> None:
        with self._lock:
            posted, self._posted = self._posted, []
            self._posted_size = 0
        for function in posted:
            function()
        self._carry_out()

    def _check_usable(self) -> None:
        if os.getpid() != self._process:
            raise InteropError("The client belongs to the process that made it: connect anew")
        if self.is_closed:
            raise ConnectionLost("The client was closed")
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
            raise ConnectionLost("The client was closed") from None

    # What the transport tells

    def opened(self, authentication: Authentication) -> None:
        self.session.log_in(authentication, self.now())
        self._carry_out()

    def received(self, message: Outbound) -> None:
        self.session.receive(message, self.now())
        self._carry_out()

    def lost(self, reason: str) -> None:
        # Who waits for the first login hears by an exception; the log says it once for each reason.
        if self._first_login.done() and reason != self.connection_error:
            logger.warning("%s", reason)
        self.connection_error = reason
        self.session.disconnect(self.now())
        self._carry_out()

    # Carrying out what the session wants

    def _carry_out(self) -> None:
        while self.session.link.effects:
            for effect in self.session.take():
                self._carry_out_one(effect)
        self._arm()

    def _carry_out_one(self, effect: PeerEffect) -> None:
        match effect:
            case Transmit(frame):
                self._transport.send(frame)
            case Run(invocation):
                self._handling[invocation] = asyncio.ensure_future(self._handle(invocation))
            case Settle(token, value, None):
                _succeed(token, value)
            case Settle(token, _, error):
                _fail(token, error)
            case Stop(invocation):
                self._handling.pop(invocation).cancel()
            case Emit(source, event, arguments):
                if source is self.session.link:
                    self._emitted(event, *arguments)
                else:
                    source.emit(event, *arguments)

    def _emitted(self, event: str, *arguments: Any) -> None:
        match event:
            case "refused":
                self._refused(*arguments)
            case "problem":
                logger.error("%s", *arguments)
            case "waiting":
                self._warn_once(*arguments)
            case "state_changed" if arguments[0] == "connected":
                self.connection_error = None
                self._transport.logged_in()
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
        self._transport.refuse(error)

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
        self.session.tick(self.now())
        self._carry_out()

    # Handlers

    async def _handle(self, invocation: Invocation) -> None:
        try:
            answer = await self._answer(invocation)
        except asyncio.CancelledError:
            if self.is_closed or invocation not in self._handling:
                return
            answer = self._refusal(invocation, HandlerFailed("The handler was cancelled"))
        self._handling.pop(invocation, None)
        if not self.is_closed:
            self.perform(answer)

    async def _answer(self, invocation: Invocation) -> Callable[[], None]:
        """Run the handler; returns what tells the caller how that went."""
        handler: Handler = invocation.offering.handler
        caller = self.session.directory.instance(invocation.caller_id)
        try:
            call = handler.bind(decode_object(invocation.arguments), caller)
        except InvalidArguments as error:
            return self._refusal(invocation, error)
        except PayloadError as error:
            reason = f"The arguments cannot be read: {error}"
            return self._refusal(invocation, InvalidArguments(reason))
        try:
            returned = await call() if handler.is_async else await self._threads.run(call)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            # The last two would end the loop, as whose handler asks for it.
            return self._failed(invocation, error)
        try:
            result = result_object(returned)
            handler.validation.check_result(result)
        except InvalidResult as error:
            logger.error("the handler %s: %s", handler.name, error.message)
            return self._refusal(invocation, error)
        except Exception as error:
            return self._failed(invocation, error)
        return lambda: self.session.serving.answer(invocation, Raw(encode(result)))

    def _failed(self, invocation: Invocation, error: BaseException) -> Callable[[], None]:
        logger.error("the handler %s failed", invocation.offering.handler.name, exc_info=error)
        return self._refusal(invocation, raised(error))

    def _refusal(self, invocation: Invocation, error: InvocationError) -> Callable[[], None]:
        return lambda: self.session.serving.refuse(invocation, error)


def is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a loop calls us."""
    # Not by the thread's number, which another thread gets when that one has ended.
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _succeed(request: asyncio.Future[Any], value: Any) -> None:
    if not request.done():
        request.set_result(value)


def _fail(request: asyncio.Future[Any], error: InteropError | None) -> None:
    if not request.done() and error is not None:
        request.set_exception(error)
