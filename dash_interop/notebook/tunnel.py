"""A tunnel between the Python of a notebook and the JavaScript of its page."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import traitlets

from ..client.functions import is_async
from ..errors import (
    InteropError,
    InvalidMessage,
    InvocationTimeout,
    Overloaded,
    ProtocolError,
)
from ..transport.threads import Outcome, new_lock
from ..tunnel.endpoint import Endpoint
from ..tunnel.frames import Request, read_frame, write_frame
from ..tunnel.receivers import Delivery
from .pace import Pace
from .widget import LineWidget

__all__ = ["SlowTunnelWidget"]

T = TypeVar("T")

MessageListener = Callable[[int, Any], "Any | Awaitable[Any]"]
RequestHandler = Callable[..., "Any | Awaitable[Any]"]

DEFAULT_TIMEOUT = 30.0

logger = logging.getLogger(__name__)


class _Receiver:
    """A function, and the context of the cell that gave it: what it prints appears there."""

    def __init__(self, name: str, function: Any) -> None:
        if not callable(function):
            raise InvalidMessage(f"{name} needs a function, not {function!r}")
        self.function: Callable[..., Any] = function
        self.is_async = is_async(function)
        self.context = contextvars.copy_context()


class SlowTunnelWidget(LineWidget):
    """
    An invisible widget: messages between Python in a notebook and JavaScript in its page.

    It has the API of ``ipycallback``, and beside that requests with answers, several listeners and
    values of JSON. In JavaScript, ``window.IPyCallback.get(tunnel_id)`` is the other end.

    Each message has a version, the highest that was sent or received before, + 1. Each arrives
    once, and in order; what is sent before the page is there waits for it, 10,000 messages at most.
    When the widget is closed, or the kernel ends, every call fails on both sides. Clearing the
    output that shows the widget changes nothing, and neither does showing it twice.

    Functions that are given to it are called one after the other where the kernel handles the
    messages of the page: in current JupyterLab in a thread beside the one that runs cells, and so
    while a cell runs, too; elsewhere between the cells. What they print appears below the cell that
    has given them. ``async def`` functions run on the loop of that thread.

    Args:
        tunnel_id: What the page knows it by; a random text by default.

    Example:
        ::

            tunnel = SlowTunnelWidget()
            display(tunnel)

            @tunnel.on_request
            def search(text):
                return [title for title in titles if text in title]
    """

    _esm = Path(__file__).parent.parent / "notebook-tunnel.js"

    tunnel_id = traitlets.Unicode(read_only=True).tag(sync=True)

    def __init__(self, tunnel_id: str | None = None, **settings: Any) -> None:
        self._endpoint = Endpoint(lambda: uuid4().hex)
        self._lock = new_lock()
        self._is_delivering = False
        self._tasks: set[asyncio.Future[None]] = set()
        self._pace = Pace(lambda: self._turn(lambda: None))
        self.set_trait("tunnel_id", tunnel_id or uuid4().hex)
        super().__init__(self._page_opened, self._frames_arrived, self._ended, **settings)

    # Messages

    @property
    def version(self) -> int:
        """The highest version that was sent or received; 0 before the first."""
        return self._endpoint.version

    @property
    def stale(self) -> int:
        """How many answers were not sent because a newer message had been answered before."""
        return self._endpoint.stale

    def send_msg(self, msg: Any) -> int:
        """
        Send a message to JavaScript.

        Args:
            msg: A text, or any value that can travel as JSON.

        Returns:
            Its version, the previous one + 1.

        Raises:
            TunnelEnded: The widget was closed.
            InvalidMessage: ``msg`` cannot travel.
            Overloaded: 10,000 messages wait for the page already.
        """
        return self._turn(lambda: self._endpoint.send(msg))

    def send_msg_with_version(self, version: int, msg: Any) -> bool:
        """
        Answer the message, or the request, that had this version.

        Returns:
            False, and nothing is sent, where a message with a higher version was answered before.

        Raises:
            TunnelEnded, InvalidMessage, Overloaded: As ``send_msg``.
        """
        return self._turn(lambda: self._endpoint.send_with_version(version, msg))

    def on_receive(self, callback: MessageListener) -> None:
        """
        Call ``callback(version, msg)`` with each message of JavaScript, in place of the function
        that was given here before. Messages that come while nobody listens wait.
        """
        receiver = _Receiver("on_receive", callback)
        self._turn(lambda: self._endpoint.on_receive(receiver))

    def listen(self, callback: MessageListener) -> Callable[[], None]:
        """
        Call ``callback(version, msg)`` with each message, beside those that get it already.

        Returns:
            A function that stops it.
        """
        receiver = _Receiver("listen", callback)
        stop = self._turn(lambda: self._endpoint.listen(receiver))
        return lambda: self._turn(stop)

    # Requests

    def on_request(self, handler: RequestHandler) -> RequestHandler:
        """
        Answer each ``request`` of JavaScript with what ``handler(value)`` returns, in place of the
        function before. What it raises reaches JavaScript with its type and message. Without such
        a function, requests reach ``on_receive`` and ``listen``, which answer by
        ``send_msg_with_version``.

        Returns:
            The handler, so that this may decorate it.
        """
        receiver = _Receiver("on_request", handler)
        self._turn(lambda: self._endpoint.on_request(receiver))
        return handler

    async def request(
        self, value: Any, *, timeout: float = DEFAULT_TIMEOUT, newest_only: bool = False
    ) -> Any:
        """
        Ask JavaScript, where ``on_request`` or ``on_receive`` answers. Several requests may be
        under way.

        Args:
            value: As for ``send_msg``.
            timeout: Longest wait for the answer, in seconds.
            newest_only: Whether only the newest answer counts: earlier requests that were made with
                it and have no answer yet end with ``Superseded``.

        Raises:
            HandlerFailed: The function in the page threw.
            InvocationTimeout: No answer in time.
            Superseded: A newer request has been made.
            TunnelEnded: The widget was closed.
            InvalidMessage, Overloaded: As ``send_msg``.
            InteropError: In a cell of a kernel that handles the messages of the page between the
                cells only, such as ipykernel 6; nothing was sent.
        """
        self._check(await self._line.why_not_await())
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def settle(result: Any, error: InteropError | None) -> None:
            # Where the loop is closed, nobody waits any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, answer, result, error)

        request_id = self._ask(settle, value, newest_only)
        try:
            return await asyncio.wait_for(answer, timeout)
        except asyncio.TimeoutError:
            raise self._late(request_id, timeout) from None
        finally:
            self._turn(lambda: self._endpoint.give_up(request_id))

    def request_and_wait(self, value: Any, *, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """
        As ``request``, from code that cannot await. It needs a kernel that handles the messages of
        the page beside the cell that runs, as in current JupyterLab, or a thread.

        Raises:
            InteropError: The answer could not arrive while this thread waits; nothing was sent.
        """
        self._check(self._line.why_not_wait())
        outcome: Outcome[Any] = Outcome()

        def settle(result: Any, error: InteropError | None) -> None:
            if error is None:
                outcome.succeed(result)
            else:
                outcome.fail(error)

        request_id = self._ask(settle, value, newest_only=False)
        try:
            if not outcome.wait(timeout):
                raise self._late(request_id, timeout)
            return outcome.result(lambda: None)
        finally:
            self._turn(lambda: self._endpoint.give_up(request_id))

    # The end

    def close(self) -> None:
        """End the tunnel on both sides. What waits ends with ``TunnelEnded``."""
        super().close()

    def _ended(self, why: str) -> None:
        self._turn(lambda: self._endpoint.end(why))

    # How

    def _check(self, obstacle: str | None) -> None:
        if obstacle is not None:
            raise InteropError(f"No answer would arrive: {obstacle}")

    def _ask(
        self, settle: Callable[[Any, InteropError | None], None], value: Any, newest_only: bool
    ) -> str:
        return self._turn(lambda: self._endpoint.request(settle, value, newest_only=newest_only))

    def _late(self, request_id: str, timeout: float) -> InvocationTimeout:
        if self._endpoint.is_unsent(request_id):
            return InvocationTimeout(
                f"The request waited {timeout:g} s and was not sent: no page shows the widget, or "
                "the kernel has not come to its messages"
            )
        return InvocationTimeout(f"There was no answer within {timeout:g} s")

    def _turn(self, function: Callable[[], T]) -> T:
        """All that happens to the endpoint happens here, in one thread at a time."""
        with self._lock:
            value = function()
            # Within the lock, so that nothing overtakes it.
            if self._endpoint.has_frames and self._line.is_open and self._pace.admits():
                frames = [write_frame(frame) for frame in self._endpoint.take_frames()]
                self._line.send({"type": "frames", "frames": frames})
            if self._endpoint.has_deliveries and not self._is_delivering:
                self._is_delivering = True
                # Whatever waits to be delivered has come from the page, on some loop.
                assert self._line.loop is not None
                self._line.loop.call_soon_threadsafe(self._deliver, context=Context())
            settled = self._endpoint.take_settled()
        for one in settled:
            one.token(one.value, one.error)
        return value

    # What the page does

    def _page_opened(self, is_other: bool) -> None:
        self._turn(self._endpoint.renew if is_other else lambda: None)

    def _frames_arrived(self, message: dict[str, Any]) -> None:
        for frame in message.get("frames", ()):
            try:
                incoming = read_frame(frame)
                self._turn(lambda: self._endpoint.receive(incoming))  # noqa: B023 - called at once
            except (ProtocolError, Overloaded) as error:
                logger.error("tunnel %s: %s", self.tunnel_id, error)

    def _deliver(self) -> None:
        """Call receivers, one after the other, on the loop of the page's messages."""
        while True:
            with self._lock:
                deliveries = self._endpoint.take_deliveries()
                if not deliveries:
                    self._is_delivering = False
                    return
            for delivery in deliveries:
                self._hand(delivery)

    def _hand(self, delivery: Delivery) -> None:
        frame = delivery.frame
        for receiver in delivery.listeners:
            self._call(receiver, (frame.version, frame.data), None)
        if delivery.handler is not None:
            assert isinstance(frame, Request)
            self._call(delivery.handler, (frame.data,), frame.request_id)

    def _call(
        self, receiver: _Receiver, arguments: tuple[Any, ...], request_id: str | None
    ) -> None:
        context = receiver.context.copy()
        if receiver.is_async:
            work = self._await(receiver, arguments, request_id)
            # The task keeps the context that it is made in; the loop keeps the task only weakly.
            task = context.run(asyncio.ensure_future, work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        try:
            value = context.run(receiver.function, *arguments)
        except Exception as error:
            context.run(self._failed, error, request_id)
        else:
            self._returned(value, request_id)

    async def _await(
        self, receiver: _Receiver, arguments: tuple[Any, ...], request_id: str | None
    ) -> None:
        try:
            value: Any = await receiver.function(*arguments)
        except Exception as error:
            self._failed(error, request_id)
        else:
            self._returned(value, request_id)

    def _returned(self, value: Any, request_id: str | None) -> None:
        if request_id is not None:
            self._turn(lambda: self._endpoint.answer(request_id, value))

    def _failed(self, error: Exception, request_id: str | None) -> None:
        logger.error("tunnel %s: a function failed", self.tunnel_id, exc_info=error)
        if request_id is not None:
            self._turn(lambda: self._endpoint.fail(request_id, error))


def _settle(answer: asyncio.Future[Any], value: Any, error: InteropError | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(value)
    else:
        answer.set_exception(error)
