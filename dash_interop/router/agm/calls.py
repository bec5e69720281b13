"""Calls under way, each of which ends once: with a result, or with an error that says why not."""

from __future__ import annotations

from heapq import heappop, heappush
from math import ceil
from typing import Final

from msgspec import UNSET, Raw, UnsetType

from ...errors import Delivered
from ...wire.agm import (
    AGM,
    CANCEL,
    CLIENT_ERROR,
    DELIVERED,
    INVOCATION_FAILURE,
    PROGRESS,
    Call,
    CancelCall,
    CancelInvocation,
    CancelReason,
    Failure,
    Invoke,
    Progress,
    Progressed,
    Result,
    Yield,
)
from ...wire.envelope import NULL, Error
from ...wire.payloads import encode_payload
from ..switchboard import Switchboard
from .member import Member, PendingCall

__all__ = ["Calls", "both_arguments", "said_of_delivery"]

_EMPTY = (b"null", b"{}", b"[]")

_DELIVERED: Final = {each: encode_payload({"delivered": each}) for each in ("no", "yes", "unknown")}

_GRACE: Final = 1.0
"""Seconds that a call is kept after its caller has given it up: its client says so before."""


class Calls:
    """
    Pending calls, by the whole second in which each is given up, and there in their order. A call
    ends with its callee's answer, when its caller cancels it or its time is over, and when either
    leaves; a callee that takes ``cancel-invocation`` is told of an end that is not its own.
    """

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._prefix = f"r-{board.node}-"
        self._count = 0
        self._due: dict[int, dict[str, PendingCall]] = {}
        self._seconds: list[int] = []
        """A heap of the keys of ``_due``; a second whose calls have ended goes when it is next."""
        self.dropped_answers = 0
        """Answers that came late, twice, from the wrong peer or for no call at all."""
        self.dropped_progress = 0
        """The same of progress, and what nobody asked for."""

    def __len__(self) -> int:
        return sum(map(len, self._due.values()))

    def start(self, caller: Member, message: Call, callee: Member) -> None:
        self._count += 1
        invocation_id = f"{self._prefix}{self._count}"
        budget = message.timeout_ms
        allowed = self._board.limits.call_seconds
        if budget is not None and budget / 1000 + _GRACE < allowed:
            allowed = budget / 1000 + _GRACE
        due = ceil(self._board.now + allowed)
        call = PendingCall(
            invocation_id,
            caller,
            message.request_id,
            callee,
            message.method_id,
            allowed,
            due,
            message.progress,
        )
        self._keep(call)
        invoke = Invoke(
            callee.id,
            invocation_id,
            message.method_id,
            caller.id,
            message.arguments,
            message.arguments_kv,
            message.context,
            UNSET if budget is None or CANCEL not in callee.extensions else budget,
            (message.progress and PROGRESS in callee.extensions) or UNSET,
        )
        self._board.send(callee.connection, invoke)

    def cancel(self, caller: Member, message: CancelCall) -> None:
        """Give up a call whose caller does not wait any longer; one that has ended is no news."""
        call = caller.requested.get(message.request_id)
        if call is not None:
            self._give_up(call, message.reason)

    def progress(self, callee: Member, message: Progress) -> None:
        call = callee.serving.get(message.invocation_id)
        if call is None or not call.wants_progress:
            self.dropped_progress += 1
            return
        call.delivered = "yes"
        caller = call.caller
        self._board.send(caller.connection, Progressed(call.request_id, caller.id, message.value))

    def finish(self, callee: Member, message: Yield) -> None:
        call = self._take(callee, message.invocation_id)
        if call is not None:
            caller = call.caller
            self._board.send(caller.connection, Result(call.request_id, caller.id, message.result))

    def fail(self, callee: Member, message: Failure) -> bool:
        """Relay the callee's error; ``False`` when it is not for a call that this peer serves."""
        if message.request_id not in callee.serving:
            return False
        call = self._take(callee, message.request_id)
        if call is not None:
            self._answer(
                call,
                message.reason_uri or CLIENT_ERROR,
                message.reason or "",
                UNSET if bytes(message.context) == b"null" else message.context,
            )
        return True

    def leave(self, member: Member) -> None:
        """Fail the calls that ``member`` had to answer, and give up those that it waited for."""
        for call in list(member.calling.values()):
            if call.callee is member:
                self._forget(call)
            else:
                self._give_up(call, "left")
        for call in list(member.serving.values()):
            self._forget(call)
            self._answer(
                call,
                INVOCATION_FAILURE,
                "Peer has left while waiting for result",
                said_of_delivery(call.caller, call.delivered),
            )

    def expire(self) -> None:
        """Fail the calls that nobody has answered for too long."""
        while (due := self.next_deadline()) is not None and due <= self._board.now:
            for call in list(self._due[due].values()):
                self._give_up(call, "timeout")
                self._answer(call, INVOCATION_FAILURE, f"No answer within {call.allowed:g} s")

    def next_deadline(self) -> int | None:
        """When ``expire`` has something to do."""
        while self._seconds and not self._due[self._seconds[0]]:
            del self._due[heappop(self._seconds)]
        return self._seconds[0] if self._seconds else None

    def _keep(self, call: PendingCall) -> None:
        calls = self._due.get(call.due)
        if calls is None:
            self._due[call.due] = calls = {}
            heappush(self._seconds, call.due)
        calls[call.invocation_id] = call
        call.caller.calling[call.invocation_id] = call
        call.caller.peer.usage.calls += 1
        call.caller.requested[call.request_id] = call
        call.callee.serving[call.invocation_id] = call

    def _give_up(self, call: PendingCall, reason: CancelReason) -> None:
        """End a call that gets no answer, and tell its callee why."""
        self._forget(call)
        callee = call.callee
        if CANCEL in callee.extensions:
            cancelled = CancelInvocation(callee.id, call.invocation_id, call.method_id, reason)
            self._board.send(callee.connection, cancelled)

    def _take(self, callee: Member, invocation_id: object) -> PendingCall | None:
        call = callee.serving.get(invocation_id) if isinstance(invocation_id, str) else None
        if call is None:
            self.dropped_answers += 1
            return None
        self._forget(call)
        return call

    def _forget(self, call: PendingCall) -> None:
        del self._due[call.due][call.invocation_id]
        caller = call.caller
        del caller.calling[call.invocation_id]
        caller.peer.usage.calls -= 1
        if caller.requested.get(call.request_id) is call:
            del caller.requested[call.request_id]
        del call.callee.serving[call.invocation_id]

    def _answer(
        self,
        call: PendingCall,
        reason_uri: str,
        reason: str,
        context: Raw | UnsetType = UNSET,
    ) -> None:
        caller = call.caller
        self._board.send(
            caller.connection,
            Error(call.request_id, caller.id, reason_uri, reason, AGM, context),
        )


def said_of_delivery(caller: Member, delivered: Delivered) -> Raw | UnsetType:
    """The context of an error that tells a caller whether its callee has the call."""
    return _DELIVERED[delivered] if DELIVERED in caller.extensions else UNSET


def both_arguments(message: Call) -> bool:
    """Whether positional and named arguments are both given, which the protocol forbids."""
    return (
        message.arguments is not NULL
        and bytes(message.arguments) not in _EMPTY
        and bytes(message.arguments_kv) not in _EMPTY
    )
