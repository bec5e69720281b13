"""
The invocations of one method: first in, first out, so many at a time, each answered exactly once.

The rules are those of ``MethodRegister`` (``src/dash/queue.ts``): the time of an invocation
runs from its arrival on, the wait for its turn included. When it is up before its turn comes, the
caller is told and the handler never sees it; when it is up while the handler runs, the caller is
told, a late answer is dropped and counted, and the next one starts. A caller that leaves takes its
waiting invocations along. Over ``max_queue`` the caller hears at once that the method is
overloaded.

::

    waiting --its turn--> running --answer--> ended
       |                     |
       +--time is up---------+--------------> ended, the caller is told
       +--caller left-----------------------> ended, nobody is told
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, Protocol

from msgspec import Raw, Struct

from ..errors import InvocationError, InvocationTimeout, Overloaded, RegistrationError
from .deadlines import Deadlines, Timer, time_problem

__all__ = ["Invocation", "InvocationQueue", "QueueOutlets", "QueueSettings"]


_DUE_SOON: Final = 0.01
"""An invocation that has less time left than this, in seconds, is not started any more."""


class QueueSettings(Struct, frozen=True):
    """
    Attributes:
        response_timeout: Longest time from the arrival of an invocation to its answer, in seconds.
        concurrency: How many invocations the handler runs at a time.
        max_queue: How many may wait for their turn.
    """

    response_timeout: float = 30.0
    concurrency: int = 1
    max_queue: int = 10_000

    def __post_init__(self) -> None:
        problem = (
            time_problem("response_timeout", self.response_timeout)
            or _count_problem("concurrency", self.concurrency, 1)
            or _count_problem("max_queue", self.max_queue, 0)
        )
        if problem is not None:
            raise RegistrationError(problem)


class Invocation:
    """
    One invocation at its server.

    Attributes:
        id: Correlates the answer with the invocation.
        caller_id: Peer id of the caller.
        peer_id: Peer id that we had when it came; after a reconnect nobody waits for the answer.
        arguments: As JSON.
        offering: Whose queue it is in.
    """

    __slots__ = ("arguments", "caller_id", "id", "offering", "peer_id", "seconds", "timer")

    def __init__(
        self, id: str, caller_id: str, peer_id: str, arguments: Raw, offering: Any = None
    ) -> None:
        self.id = id
        self.caller_id = caller_id
        self.peer_id = peer_id
        self.arguments = arguments
        self.offering = offering
        self.timer: Timer | None = None
        self.seconds = 0.0
        """How long it has from its arrival on."""


class QueueOutlets(Protocol):
    """What a queue asks for."""

    def start(self, invocation: Invocation) -> None:
        """Run the handler."""
        ...

    def stop(self, invocation: Invocation) -> None:
        """Its time is up while the handler runs: stop it, if that can be done."""
        ...

    def fail(self, invocation: Invocation, error: InvocationError) -> None:
        """Tell the caller that there is no result."""
        ...


class InvocationQueue:
    """
    Args:
        name: The method's, for the words of errors.
        settings: Times and bounds.
        deadlines: Where it keeps its timers.
        outlets: Who carries out what it decides.
    """

    def __init__(
        self, name: str, settings: QueueSettings, deadlines: Deadlines, outlets: QueueOutlets
    ) -> None:
        self._name = name
        self.settings = settings
        self._deadlines = deadlines
        self._outlets = outlets
        self._waiting: deque[Invocation] = deque()
        self._running: dict[str, Invocation] = {}
        self.dropped_answers = 0
        """Answers that came late, twice or for no invocation of this queue."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    def change(self, settings: QueueSettings, now: float) -> None:
        """Other settings from now on; what has arrived already keeps its time."""
        self.settings = settings
        self._start_next(now)

    def enqueue(self, invocation: Invocation, now: float) -> None:
        settings = self.settings
        if len(self._running) < settings.concurrency:
            self._arm(invocation, now)
            self._start(invocation)
        elif len(self._waiting) >= settings.max_queue:
            message = f"{self._name} is overloaded: {settings.max_queue} invocations are waiting"
            self._outlets.fail(invocation, Overloaded(message))
        else:
            self._arm(invocation, now)
            self._waiting.append(invocation)

    def answered(self, invocation_id: str, now: float) -> bool:
        """
        The handler has ended; starts the next one.

        Returns:
            Whether the caller still waits for the answer.
        """
        invocation = self._running.pop(invocation_id, None)
        if invocation is None:
            self.dropped_answers += 1
            return False
        _disarm(invocation)
        self._start_next(now)
        return True

    def caller_left(self, caller_id: str) -> None:
        """Its waiting invocations leave the queue; one that runs goes on."""
        staying: deque[Invocation] = deque()
        for invocation in self._waiting:
            if invocation.caller_id == caller_id:
                _disarm(invocation)
            else:
                staying.append(invocation)
        self._waiting = staying

    def callers_left(self) -> None:
        """The connection is lost, and with it everybody who waits here."""
        for invocation in self._waiting:
            _disarm(invocation)
        self._waiting.clear()

    def _arm(self, invocation: Invocation, now: float) -> None:
        invocation.seconds = self.settings.response_timeout
        invocation.timer = self._deadlines.at(
            now + invocation.seconds, lambda now: self._expire(invocation, now)
        )

    def _start(self, invocation: Invocation) -> None:
        self._running[invocation.id] = invocation
        self._outlets.start(invocation)

    def _start_next(self, now: float) -> None:
        while self._waiting and len(self._running) < self.settings.concurrency:
            invocation = self._waiting[0]
            # Its time is up as well, as it came together with one that timed out: the handler would
            # only be started to be stopped.
            if _deadline(invocation) <= now + _DUE_SOON:
                _disarm(invocation)
                self._expire(invocation, now)
            else:
                self._waiting.popleft()
                self._start(invocation)

    def _expire(self, invocation: Invocation, now: float) -> None:
        seconds = invocation.seconds
        if self._running.pop(invocation.id, None) is None:
            self._waiting.remove(invocation)
            message = f"The invocation waited {seconds:g} s for its turn and was not run"
            self._outlets.fail(invocation, InvocationTimeout(message))
            return
        message = f"The handler of {self._name} did not answer within {seconds:g} s"
        self._outlets.fail(invocation, InvocationTimeout(message))
        self._outlets.stop(invocation)
        self._start_next(now)


def _count_problem(name: str, value: Any, least: int) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return None
    return f"{name} has to be a whole number, {least} or more, not {value!r}"


def _deadline(invocation: Invocation) -> float:
    assert invocation.timer is not None
    return invocation.timer.when


def _disarm(invocation: Invocation) -> None:
    assert invocation.timer is not None
    invocation.timer.cancel()
