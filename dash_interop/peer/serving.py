"""
The server's side: the methods and streams that a peer offers, and the invocations of them.

What is offered stays so across outages: each login announces it all again. A registration is
settled when the gateway has confirmed it; one that is not confirmed in time is withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

from msgspec import UNSET, Raw

from ..errors import InvocationError, MessageTooLarge, RegistrationError, ServerGone
from ..wire.agm import (
    CLIENT_ERROR,
    INVOCATION_FAILURE,
    CancelInvocation,
    Invoke,
    Progress,
    Register,
    Unregister,
    Yield,
)
from ..wire.definitions import Definition, MethodDefinition, read_definition, to_wire
from ..wire.envelope import Error, Outbound
from ..wire.failures import describe_failure
from .deadlines import Timer
from .effects import PeerEffect
from .link import Link, OnAnswer
from .queue import Guard, Invocation, InvocationQueue, QueueSettings, Row

__all__ = ["Offering", "Run", "Serving", "Stop"]


class Run(PeerEffect, frozen=True):
    """Run the handler of a row for each of its invocations, answer each, and end the row."""

    row: Row


class Stop(PeerEffect, frozen=True):
    """Nobody waits for a running invocation any longer; its answer will be dropped."""

    invocation: Invocation


class Offering:
    """
    A method or stream of ours.

    Attributes:
        queue: Its invocations, and what the shell runs for them; no handler for a stream.
    """

    def __init__(self, definition: MethodDefinition, id: str, queue: InvocationQueue) -> None:
        self.definition = definition
        self.id = id
        self.queue = queue
        self.token: Any = None
        """Settled when it is confirmed, or not."""
        self.is_settled = False
        self.is_confirmed = False
        """Whether the gateway has confirmed it, ever."""
        self.earlier: tuple[MethodDefinition, Any, QueueSettings] | None = None
        """Definition, handler and settings that it goes on with if those it got are refused."""
        self.on_end: Callable[[], None] = _nothing
        """Called when it is no longer offered."""
        self.timer: Timer | None = None

    @property
    def handler(self) -> Any:
        """What the shell runs for it; ``None`` for a stream."""
        return self.queue.handler


class Serving:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._offerings: dict[str, Offering] = {}
        self._by_name: dict[str, Offering] = {}
        self._ending: dict[Offering, None] = {}
        """Withdrawn, but not yet done with what was accepted."""
        self._count = 0
        self.guard: Guard = nullcontext()
        """Set by a shell that runs handlers in threads: keeps them apart where they take turns."""

    def __iter__(self) -> Iterator[Offering]:
        return iter(self._offerings.values())

    def get(self, id: str) -> Offering | None:
        return self._offerings.get(id)

    def find(self, definition: Definition) -> Offering | None:
        return self._by_name.get(read_definition(definition).name.lower())

    def register(
        self,
        token: Any,
        definition: MethodDefinition,
        handler: Any,
        settings: QueueSettings,
        *,
        timeout: float,
        replace: bool = False,
    ) -> Offering:
        """
        Offer a method or stream.

        Args:
            token: Settled when the gateway has confirmed it, or with a ``RegistrationError``.
            definition: What others see of it.
                settings: Of the queue of its invocations.
            timeout: Longest wait for the confirmation, in seconds. With 0 it is settled at once;
                should the gateway refuse it, that is told as a problem.
            replace: Whether it takes the place of the method of that name.

        Raises:
            RegistrationError: This peer offers one of that name already, which is not replaced.
        """
        name = definition.name
        earlier = self._by_name.get(name.lower())
        if earlier is not None:
            if not replace or earlier.handler is None:
                raise RegistrationError(f"{name} is registered already: {_way_out(earlier)}")
            self._replace(token, earlier, definition, handler, settings, timeout)
            return earlier
        self._count += 1
        queue = InvocationQueue(name, handler, settings, self._link.deadlines, self, self.guard)
        offering = Offering(definition, str(self._count), queue)
        self._expect(token, offering, timeout)
        self._offerings[offering.id] = offering
        self._by_name[name.lower()] = offering
        if self._link.is_joined:
            self._announce(offering)
        return offering

    def unregister(self, token: Any, offering: Offering) -> None:
        """Withdraw it; what has been accepted is still answered."""
        name = offering.definition.name
        self._withdraw(offering, f"{name} was unregistered before it was confirmed")
        link = self._link
        if link.is_joined:
            # Refused or cut off, the method is gone for others either way.
            self._send_unregister(offering, lambda _: link.settle(token))
        else:
            link.settle(token)

    def take_back(self, token: Any, offering: Offering) -> None:
        """Its registration is not waited for any more."""
        if offering.earlier is not None:
            self._give_up(offering, "it is not waited for any more")
        elif offering.id in self._offerings:
            self.unregister(token, offering)

    def announce(self) -> None:
        """Requests may be sent again: offer everything that was offered before."""
        for offering in list(self._offerings.values()):
            self._announce(offering)

    def lose(self) -> None:
        """The connection is lost: no caller waits for an answer any more."""
        for offering in self._with_queue():
            offering.queue.callers_left()
            self._forget_ended(offering)

    def caller_left(self, peer_id: str) -> None:
        for offering in self._with_queue():
            offering.queue.caller_left(peer_id)
            self._forget_ended(offering)

    # Invocations

    def invoke(self, message: Invoke) -> None:
        offering = self._offerings.get(str(message.method_id))
        if offering is None or offering.handler is None:
            gone = "The method is no longer offered"
            reason = gone if offering is None else f"{offering.definition.name} is a stream"
            error = ServerGone(reason)
            error.delivered = "no"
            self._refuse(message.invocation_id, error, INVOCATION_FAILURE)
            return
        peer_id = self._link.peer_id
        assert peer_id is not None
        invocation = Invocation(
            message.invocation_id,
            message.caller_id,
            peer_id,
            message.arguments_kv,
            offering,
            None if message.timeout_ms is UNSET else message.timeout_ms / 1000,
            message.progress is True,
        )
        offering.queue.enqueue(invocation, self._link.now)

    def cancel(self, message: CancelInvocation) -> None:
        offering = self._offerings.get(str(message.method_id))
        for each in self._ending if offering is None else (offering,):
            each.queue.give_up(message.invocation_id, message.reason)
        for each in list(self._ending):
            self._forget_ended(each)

    def progress(self, invocation: Invocation, value: Raw) -> None:
        """
        The handler says how far it is; where nobody wants to hear of it, that is no news.

        Raises:
            MessageTooLarge: The gateway would not take it.
        """
        if invocation.wants_progress and self._is_waited_for(invocation):
            self._link.transmit(Progress(None, invocation.peer_id, invocation.id, value))

    def answer(self, invocation: Invocation, outcome: Raw | InvocationError | None) -> None:
        """
        The handler has ended.

        Args:
            outcome: What it returned or raised, or why it was not run; ``None`` where it was
                stopped, and did neither.
        """
        if not self._finish(invocation, outcome):
            return
        assert outcome is not None
        if isinstance(outcome, InvocationError):
            self._refuse(invocation.id, outcome)
            return
        link = self._link
        try:
            link.transmit(Yield(None, invocation.peer_id, invocation.id, outcome))
        except MessageTooLarge as error:
            reason = f"What {invocation.offering.definition.name} returned is not sent: {error}"
            link.tell("problem", reason)
            self._refuse(invocation.id, MessageTooLarge(reason))

    def _finish(self, invocation: Invocation, outcome: Raw | InvocationError | None) -> bool:
        """The handler has ended; whether the caller still waits for it."""
        offering: Offering = invocation.offering
        is_wanted = offering.queue.ended(invocation.id, outcome is not None)
        self._forget_ended(offering)
        return is_wanted and invocation.peer_id == self._link.peer_id

    def _is_waited_for(self, invocation: Invocation) -> bool:
        offering: Offering = invocation.offering
        return invocation.peer_id == self._link.peer_id and offering.queue.runs(invocation)

    def _refuse(
        self, invocation_id: str, error: InvocationError, reason_uri: str = CLIENT_ERROR
    ) -> None:
        self._link.refuse(invocation_id, reason_uri, error.message, describe_failure(error))

    # What the queues ask for

    def start(self, row: Row) -> None:
        self._link.effects.append(Run(row))

    def stop(self, invocation: Invocation) -> None:
        self._link.effects.append(Stop(invocation))
        self._forget_ended(invocation.offering)

    def fail(self, invocation: Invocation, error: InvocationError) -> None:
        if invocation.peer_id == self._link.peer_id:
            self._refuse(invocation.id, error)
        self._forget_ended(invocation.offering)

    def _forget_ended(self, offering: Offering) -> None:
        if not len(offering.queue):
            self._ending.pop(offering, None)

    # Registration

    def _replace(
        self,
        token: Any,
        offering: Offering,
        definition: MethodDefinition,
        handler: Any,
        settings: QueueSettings,
        timeout: float,
    ) -> None:
        """
        Let a new handler take over, also of what waits for its turn. Others know the method by its
        id, which stays, so that no call of theirs comes too early or too late.
        """
        self._settle(offering, None)
        if offering.is_confirmed:
            offering.earlier = (offering.definition, offering.handler, offering.queue.settings)
        offering.queue.change(handler, settings)
        self._expect(token, offering, timeout)
        if definition != offering.definition:
            offering.definition = definition
            if self._link.is_joined:
                self._announce(offering)
        elif offering.is_confirmed:
            self._confirmed(offering)

    def _expect(self, token: Any, offering: Offering, timeout: float) -> None:
        """Have the token settled when the gateway has confirmed it, or not in time."""
        offering.token = token
        offering.is_settled = False
        if timeout == 0:
            self._settle(offering, None)
        else:
            offering.timer = self._link.deadlines.at(
                self._link.now + timeout, lambda _: self._expire(offering, timeout)
            )

    def _announce(self, offering: Offering) -> None:
        definition = offering.definition
        description = to_wire(definition, offering.id)

        def answered(answer: Outbound | None) -> None:
            if definition is not offering.definition:
                return
            if isinstance(answer, Error):
                reason = f"{offering.definition.name} was refused by the gateway: {answer.reason}"
                self._refused(offering, reason)
            elif answer is not None:
                self._confirmed(offering)

        link = self._link
        register = Register(link.new_request_id(), link.peer_id, [description])
        try:
            link.request(register, answered)
        except MessageTooLarge as error:
            self._refused(offering, f"{offering.definition.name} was not offered: {error}")

    def _confirmed(self, offering: Offering) -> None:
        offering.is_confirmed = True
        offering.earlier = None
        self._settle(offering, None)

    def _refused(self, offering: Offering, reason: str) -> None:
        if offering.id not in self._offerings:
            return
        if offering.is_settled:
            # The registration is long over, so it is told as a problem; the next login tries again.
            self._link.tell("problem", reason)
            if offering.earlier is not None:
                self._restore(offering, offering.earlier)
        else:
            self._give_up(offering, reason)

    def _expire(self, offering: Offering, timeout: float) -> None:
        link = self._link
        why = "the gateway did not confirm it" if link.is_joined else "there is no connection"
        name = offering.definition.name
        self._give_up(offering, f"{name} could not be registered within {timeout:g} s: {why}")
        if link.is_joined and offering.id not in self._offerings:
            self._send_unregister(offering, lambda _: None)

    def _give_up(self, offering: Offering, reason: str) -> None:
        """It cannot be offered so: what it has replaced, if anything, goes on."""
        if offering.earlier is None:
            self._withdraw(offering, reason)
            return
        self._restore(offering, offering.earlier)
        self._settle(offering, RegistrationError(reason))

    def _restore(
        self, offering: Offering, earlier: tuple[MethodDefinition, Any, QueueSettings]
    ) -> None:
        offering.definition, handler, settings = earlier
        offering.earlier = None
        offering.queue.change(handler, settings)
        if self._link.is_joined:
            self._announce(offering)

    def _withdraw(self, offering: Offering, reason: str) -> None:
        """Stop offering it; a registration that still waits for its confirmation fails."""
        del self._offerings[offering.id]
        del self._by_name[offering.definition.name.lower()]
        if len(offering.queue):
            self._ending[offering] = None
        offering.on_end()
        self._settle(offering, RegistrationError(reason))

    def _with_queue(self) -> list[Offering]:
        return [*self._offerings.values(), *self._ending]

    def _settle(self, offering: Offering, error: RegistrationError | None) -> None:
        if offering.is_settled:
            return
        offering.is_settled = True
        if offering.timer is not None:
            offering.timer.cancel()
        self._link.settle(offering.token, error=error)

    def _send_unregister(self, offering: Offering, on_answer: OnAnswer) -> None:
        link = self._link
        link.request(Unregister(link.new_request_id(), link.peer_id, [offering.id]), on_answer)


def _way_out(offering: Offering) -> str:
    if offering.handler is None:
        return "close the stream first"
    return "unregister it first, or register it with replace=True"


def _nothing() -> None:
    """Nothing is to be done at the end of a method."""
