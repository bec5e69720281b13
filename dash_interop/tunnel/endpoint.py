"""
One end of a tunnel: it gives messages their versions, knows which answers are stale, and which
request an answer belongs to. It knows neither kernels nor threads nor clocks.

Whoever connects it to the other end takes three things out of it after whatever happened to it:
frames to send, deliveries to receivers, and requests that have come to their end.

A version is the highest that was sent or received before, + 1. An answer with the version of a
message is stale when a message with a higher version was answered before. The answer with the
version of a request goes to that request and to nobody else, so it is never stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from ..errors import (
    InteropError,
    InvalidMessage,
    InvocationError,
    Overloaded,
    Superseded,
    TunnelEnded,
)
from ..wire.codec import encode
from ..wire.failures import describe_failure, raised, told_failure
from ..wire.values import MAX_INT, PayloadError, portable_value
from .frames import Answer, Cancel, Frame, Incoming, Message, Request
from .outbox import MOST_WAITING, Outbox
from .receivers import Delivery, Receivers

__all__ = ["Endpoint", "Settled"]


class Settled(Struct, frozen=True):
    """The request that ``token`` stands for has ended, with a value or an error."""

    token: Any
    value: Any = None
    error: InteropError | None = None


class _Pending(Struct, frozen=True):
    token: Any
    newest_only: bool


class Endpoint:
    """
    Args:
        new_id: Makes an id for a request that no other page or process comes up with.

    Attributes:
        version: The highest version that was sent or received; 0 before the first.
        stale: How many answers were not sent because a newer message had been answered before.
    """

    def __init__(self, new_id: Callable[[], str]) -> None:
        self.version = 0
        self.stale = 0
        self._new_id = new_id
        self._answered = 0
        """The highest version that a message was answered with."""
        self._ended: str | None = None
        """Why everything has ended; ``None`` while it has not."""
        self._outbox = Outbox()
        self._receivers = Receivers()
        self._pending: dict[str, _Pending] = {}
        self._settled: list[Settled] = []
        self._open: dict[int, str] = {}
        """The requests of the other end that listeners may answer, by version."""
        self._handled: set[str] = set()
        """Those that a handler has."""

    # What its user does

    def send(self, data: Any) -> int:
        """
        Send a message; returns its version.

        Raises:
            TunnelEnded: The tunnel is gone.
            InvalidMessage: ``data`` cannot travel.
            Overloaded: Too many wait for the other side already.
        """
        self._check_use()
        self._outbox.check_room()
        message = _portable(data)
        self.version += 1
        self._outbox.add(Message(self.version, message))
        return self.version

    def send_with_version(self, version: int, data: Any) -> bool:
        """
        Answer what had that version; returns whether it was sent.

        Raises:
            TunnelEnded, InvalidMessage, Overloaded: As ``send``.
        """
        self._check_use()
        _check_version(version)
        message = _portable(data)
        request_id = self._open.pop(version, None)
        if request_id is not None:
            self._outbox.add(Answer(request_id, message))
            return True
        if version < self._answered:
            self.stale += 1
            return False
        self._outbox.check_room()
        self._answered = version
        self._see(version)
        self._outbox.add(Message(version, message))
        return True

    def request(self, token: Any, data: Any, *, newest_only: bool = False) -> str:
        """
        Ask the other end; a ``Settled`` with the token follows. Returns the id of the request.

        Raises:
            TunnelEnded, InvalidMessage, Overloaded: As ``send``.
        """
        self._check_use()
        value = _portable(data)
        if newest_only:
            self._supersede()
        self._outbox.check_room()
        if len(self._pending) >= MOST_WAITING:
            raise Overloaded(f"Overloaded: {MOST_WAITING} requests wait for their answers already")
        request_id = self._new_id()
        self._pending[request_id] = _Pending(token, newest_only)
        self.version += 1
        self._outbox.add(Request(self.version, value, request_id))
        return request_id

    def give_up(self, request_id: str) -> None:
        """Nobody waits for the answer to a request any more."""
        if self._pending.pop(request_id, None) is not None and not self._outbox.withdraw(
            request_id
        ):
            self._outbox.add(Cancel(request_id))

    def is_unsent(self, request_id: str) -> bool:
        """Whether a request still waits for the other side to be there."""
        return self._outbox.holds(request_id)

    def on_receive(self, listener: Any) -> None:
        self._check_use()
        self._receivers.main = listener

    def listen(self, listener: Any) -> Callable[[], None]:
        """Returns how to stop."""
        self._check_use()
        number = self._receivers.listen(listener)
        return lambda: self._receivers.stop(number)

    def on_request(self, handler: Any) -> None:
        self._check_use()
        self._receivers.handler = handler

    # What a handler comes to

    def answer(self, request_id: str, value: Any) -> None:
        """The handler of a request has returned."""
        try:
            self._answer(Answer(request_id, _portable(value)))
        except InvalidMessage as error:
            self.fail(request_id, error)

    def fail(self, request_id: str, error: Exception) -> None:
        """The handler of a request has raised; the other end gets its type and message."""
        failure = error if isinstance(error, InvocationError) else raised(error)
        self._answer(Answer(request_id, error=describe_failure(failure)))

    # What connects it to the other end

    @property
    def has_frames(self) -> bool:
        """Whether ``take_frames`` has something to give."""
        return len(self._outbox) > 0

    def take_frames(self, most: int = sys.maxsize) -> list[Frame]:
        """What is to be sent now, in order."""
        return self._outbox.take(most)

    @property
    def has_deliveries(self) -> bool:
        """Whether ``take_deliveries`` has something to give."""
        return self._receivers.is_due

    def take_deliveries(self) -> list[Delivery]:
        """What receivers are to be called with now, in order."""
        deliveries = self._receivers.take()
        for delivery in deliveries:
            frame = delivery.frame
            if not isinstance(frame, Request):
                continue
            if delivery.handler is None:
                self._open[frame.version] = frame.request_id
            else:
                self._handled.add(frame.request_id)
        return deliveries

    def take_settled(self) -> list[Settled]:
        """The own requests that have come to their end."""
        settled, self._settled = self._settled, []
        return settled

    def receive(self, frame: Frame) -> None:
        """
        A frame has arrived from the other end.

        Raises:
            Overloaded: Nobody listens, and too many messages wait already: this one is lost.
        """
        if self._ended is not None:
            return
        match frame:
            case Answer():
                self._settle(frame)
            case Cancel():
                self._forget(frame.request_id)
            case _:
                self._see(frame.version)
                self._admit(frame)

    def renew(self) -> None:
        """
        Another page has taken the place of the other end. It counts its versions from the
        beginning, so what was answered before does not make its answers stale.
        """
        self._answered = 0

    def end(self, reason: str) -> None:
        """The tunnel is gone: whoever waits is told, and so is whoever uses it from now on."""
        if self._ended is not None:
            return
        self._ended = reason
        self._outbox.clear()
        self._receivers.clear()
        self._open.clear()
        self._handled.clear()
        for request_id in list(self._pending):
            self._end_request(request_id, error=TunnelEnded(reason))

    # How

    def _check_use(self) -> None:
        if self._ended is not None:
            raise TunnelEnded(self._ended)

    def _see(self, version: int) -> None:
        self.version = max(self.version, version)

    def _admit(self, frame: Incoming) -> None:
        if self._receivers.keep(frame):
            return
        overloaded = Overloaded(
            f"Overloaded: {MOST_WAITING} messages wait already for somebody who listens"
        )
        if isinstance(frame, Message):
            raise overloaded
        self._outbox.add(Answer(frame.request_id, error=describe_failure(overloaded)))

    def _settle(self, answer: Answer) -> None:
        if answer.error is UNSET:
            self._end_request(answer.request_id, answer.data)
        else:
            self._end_request(answer.request_id, error=told_failure(answer.error or {}))

    def _end_request(
        self, request_id: str, value: Any = None, error: InteropError | None = None
    ) -> None:
        # An answer that comes late, or twice, is nobody's.
        pending = self._pending.pop(request_id, None)
        if pending is not None:
            self._settled.append(Settled(pending.token, value, error))

    def _supersede(self) -> None:
        words = "A newer request has been made, so the answer to this one does not count"
        earlier = {key: one for key, one in self._pending.items() if one.newest_only}
        for request_id, pending in earlier.items():
            self.give_up(request_id)
            self._settled.append(Settled(pending.token, error=Superseded(words)))

    def _forget(self, request_id: str) -> None:
        """The other end does not wait for the answer to its request any more."""
        self._receivers.withdraw(request_id)
        self._handled.discard(request_id)
        self._open = {version: id for version, id in self._open.items() if id != request_id}

    def _answer(self, answer: Answer) -> None:
        if answer.request_id in self._handled:
            self._handled.discard(answer.request_id)
            self._outbox.add(answer)


def _portable(data: Any) -> Any:
    if isinstance(data, str):
        return data
    try:
        # A copy, also when it is changed afterwards.
        return msgspec.json.decode(encode(portable_value(data, "message")))
    except PayloadError as error:
        raise InvalidMessage(f"The message cannot travel: {error}") from error


def _check_version(version: Any) -> None:
    if type(version) is not int or not 0 <= version <= MAX_INT:
        raise InvalidMessage(f"A version has to be a whole number, 0 or more, not {version!r}")
