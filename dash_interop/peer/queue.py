"""
The invocations of one method: first in, first out, so many at a time, each answered exactly once.

The rules are those of ``MethodRegister`` (``src/dash/queue.ts``): the time of an invocation
runs from its arrival on, the wait for its turn included. When it is up before its turn comes, the
caller is told and the handler never sees it; when it is up while the handler runs, the caller is
told, a late answer is dropped and counted, and the next one starts. An invocation that its caller
gives up, or whose caller leaves, is not run; one that runs is stopped, keeps its place until its
handler has ended or its time is up, and its answer is dropped and counted. Over ``max_queue`` the
caller hears at once that the method is overloaded.

::

    waiting --its turn--> running --answer-----> ended
       |                     |
       +--time is up---------+-----------------> ended, the caller is told
       |                     +--given up--> stopped --answer, or time is up--> ended, nobody is told
       +--given up-----------------------------> ended, nobody is told

Who runs the handler is given a row: it takes the invocations from the queue itself, one after the
other, and need not come back for each. That is what makes a thread, or a task, worth its price.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeAlias

from msgspec import Raw, Struct

from ..errors import InvocationError, InvocationTimeout, Overloaded, RegistrationError
from ..wire.agm import CancelReason
from .deadlines import Deadlines, Timer, time_problem

__all__ = ["Guard", "Invocation", "InvocationQueue", "QueueOutlets", "QueueSettings", "Row"]

Guard: TypeAlias = AbstractContextManager[Any]
"""A lock, or what stands for one where there is one thread."""


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
        budget: Seconds from its arrival on for which its caller waits; ``None`` where it does not
            say.
        wants_progress: Whether its caller wants to hear of progress.
        stopped: Why nobody waits for its answer any longer; ``None`` while somebody does.
    """

    __slots__ = (
        "arguments",
        "budget",
        "caller_id",
        "has_begun",
        "id",
        "offering",
        "peer_id",
        "seconds",
        "stopped",
        "timer",
        "until",
        "wants_progress",
    )

    def __init__(
        self,
        id: str,
        caller_id: str,
        peer_id: str,
        arguments: Raw,
        offering: Any = None,
        budget: float | None = None,
        wants_progress: bool = False,
    ) -> None:
        self.id = id
        self.caller_id = caller_id
        self.peer_id = peer_id
        self.arguments = arguments
        self.offering = offering
        self.budget = budget
        self.wants_progress = wants_progress
        self.stopped: CancelReason | None = None
        self.has_begun = False
        """Whether its turn has come."""
        self.timer: Timer | None = None
        self.seconds = 0.0
        """How long it has from its arrival on."""
        self.until = 0.0
        """When it is too late to start it."""


class Row:
    """
    What one run of a handler works through: it takes one invocation after the other, without
    asking for each, until there is none left for it.
    """

    __slots__ = ("_queue", "current", "handler", "is_over")

    def __init__(self, queue: InvocationQueue, handler: Any) -> None:
        self._queue = queue
        self.handler = handler
        self.current: Invocation | None = None
        self.is_over = False
        """Whether another row has taken its place, so that it gets no further invocations."""

    def next(self, now: float) -> Invocation | None:
        """Begin the next invocation, from whatever thread; ``None`` at the end of the row."""
        return self._queue.begin_next(self, now)

    def end(self) -> None:
        """There was none left: what has come meanwhile is for another row."""
        self._queue.row_ended(self)


class QueueOutlets(Protocol):
    """What a queue asks for."""

    def start(self, row: Row) -> None:
        """Work through a row, and say when it has ended."""
        ...

    def stop(self, invocation: Invocation) -> None:
        """Nobody waits for it while the handler runs: stop it, if that can be done."""
        ...

    def fail(self, invocation: Invocation, error: InvocationError) -> None:
        """Tell the caller that there is no result."""
        ...


class InvocationQueue:
    """
    There are at most as many rows at a time as invocations may run at a time. Whatever is called
    here is called by one thread, except ``begin_next``, which those that run handlers call.

    Args:
        name: The method's, for the words of errors.
        handler: What the rows are for; opaque to the queue.
        settings: Times and bounds.
        deadlines: Where it keeps its timers.
        outlets: Who carries out what it decides.
        guard: Keeps threads apart where one takes what another may take away.
    """

    def __init__(
        self,
        name: str,
        handler: Any,
        settings: QueueSettings,
        deadlines: Deadlines,
        outlets: QueueOutlets,
        guard: Guard,
    ) -> None:
        self._name = name
        self.handler = handler
        self.settings = settings
        self._deadlines = deadlines
        self._outlets = outlets
        self._guard = guard
        self._open: dict[str, Invocation] = {}
        """Those that have not ended, by their ids: waiting or running."""
        self._waiting: OrderedDict[Invocation, None] = OrderedDict()
        self._late: set[Invocation] = set()
        """Those that were passed over, as their time was about to be up."""
        self._rows: dict[Row, None] = {}
        self.dropped_answers = 0
        """Answers that came late, twice or for no invocation of this queue."""

    def __len__(self) -> int:
        return len(self._open)

    def change(self, handler: Any, settings: QueueSettings) -> None:
        """
        Another handler and other settings from now on; what has arrived already keeps its time.
        Rows end after what they run, so that what waits is run by the new handler.
        """
        self.handler = handler
        self.settings = settings
        with self._guard:
            for row in self._rows:
                row.is_over = True
        for _ in range(min(len(self._waiting), settings.concurrency - len(self._rows))):
            self._start_row()

    def enqueue(self, invocation: Invocation, now: float) -> None:
        settings = self.settings
        has_room = len(self._rows) < settings.concurrency
        # In each row, one invocation runs, or is about to.
        if not has_room and len(self._open) - len(self._rows) >= settings.max_queue:
            message = f"{self._name} is overloaded: {settings.max_queue} invocations are waiting"
            self._outlets.fail(invocation, Overloaded(message))
            return
        invocation.seconds = settings.response_timeout
        invocation.timer = self._deadlines.at(
            now + invocation.seconds, lambda _: self._expire(invocation)
        )
        until = invocation.seconds - _DUE_SOON
        budget = invocation.budget
        invocation.until = now + (until if budget is None or until < budget else budget)
        self._open[invocation.id] = invocation
        with self._guard:
            self._waiting[invocation] = None
        if has_room:
            self._start_row()

    def begin_next(self, row: Row, now: float) -> Invocation | None:
        """Begin the next invocation of a row, from whatever thread; ``None`` at its end."""
        with self._guard:
            row.current = None
            while self._waiting and not row.is_over:
                invocation, _ = self._waiting.popitem(last=False)
                # The handler would only be started to be stopped.
                if now < invocation.until:
                    invocation.has_begun = True
                    row.current = invocation
                    break
                self._late.add(invocation)
            return row.current

    def runs(self, invocation: Invocation) -> bool:
        """Whether its handler has not ended, and somebody waits for it."""
        return invocation.stopped is None and invocation.id in self._open

    def ended(self, invocation_id: str, has_answer: bool = True) -> bool:
        """
        The handler has ended.

        Args:
            invocation_id: Of what it ran.
            has_answer: Whether it has given one; else it was stopped.

        Returns:
            Whether the caller still waits for the answer.
        """
        invocation = self._open.get(invocation_id)
        if invocation is not None and invocation.has_begun:
            del self._open[invocation_id]
            _disarm(invocation)
            if invocation.stopped is None:
                return True
        self.dropped_answers += has_answer
        return False

    def row_ended(self, row: Row) -> None:
        """A row got ``None``, or is not waited for any more."""
        if row in self._rows:
            del self._rows[row]
            if self._waiting and len(self._rows) < self.settings.concurrency:
                self._start_row()

    def give_up(self, invocation_id: str, reason: CancelReason) -> None:
        """Nobody waits for an invocation any longer; one that has ended is no news."""
        invocation = self._open.get(invocation_id)
        if invocation is None or invocation.stopped is not None or self._drop(invocation):
            return
        invocation.stopped = reason
        self._outlets.stop(invocation)

    def caller_left(self, caller_id: str) -> None:
        """Its waiting invocations leave the queue, and what runs for it is stopped."""
        for invocation in list(self._open.values()):
            if invocation.caller_id == caller_id:
                self.give_up(invocation.id, "left")

    def callers_left(self) -> None:
        """
        The connection is lost: what waits leaves the queue. What runs goes on, as its caller may
        be there, and does not know how it ends.
        """
        for invocation in list(self._open.values()):
            self._drop(invocation)

    def _drop(self, invocation: Invocation) -> bool:
        """Have an invocation that waits leave the queue; ``False`` where its turn has come."""
        with self._guard:
            if invocation.has_begun:
                return False
            self._waiting.pop(invocation, None)
            self._late.discard(invocation)
        del self._open[invocation.id]
        _disarm(invocation)
        return True

    def _start_row(self) -> None:
        row = Row(self, self.handler)
        self._rows[row] = None
        self._outlets.start(row)

    def _expire(self, invocation: Invocation) -> None:
        with self._guard:
            row = next((row for row in self._rows if row.current is invocation), None)
            if row is not None:
                row.is_over = True
            elif invocation in self._late:
                self._late.remove(invocation)
            elif invocation in self._waiting:
                del self._waiting[invocation]
            else:
                # The handler has ended, and its answer is on the way here.
                return
        del self._open[invocation.id]
        if row is None:
            within = f"waited {invocation.seconds:g} s for its turn and was not run"
            self._outlets.fail(invocation, InvocationTimeout(f"The invocation {within}"))
            return
        if invocation.stopped is None:
            within = f"did not answer within {invocation.seconds:g} s"
            message = f"The handler of {self._name} {within}"
            self._outlets.fail(invocation, InvocationTimeout(message))
            invocation.stopped = "timeout"
        self._outlets.stop(invocation)
        self.row_ended(row)


def _count_problem(name: str, value: Any, least: int) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return None
    return f"{name} has to be a whole number, {least} or more, not {value!r}"


def _disarm(invocation: Invocation) -> None:
    assert invocation.timer is not None
    invocation.timer.cancel()
