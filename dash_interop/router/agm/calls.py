"""Calls under way, each of which ends once: with a result, or with an error that says why not."""

from __future__ import annotations

from msgspec import UNSET, Raw, UnsetType

from ...wire.agm import (
    AGM,
    CLIENT_ERROR,
    INVOCATION_FAILURE,
    Call,
    Failure,
    Invoke,
    Result,
    Yield,
)
from ...wire.envelope import NULL, Error
from ..switchboard import Switchboard
from .member import Member, PendingCall

__all__ = ["Calls", "both_arguments"]

_EMPTY = (b"null", b"{}", b"[]")


class Calls:
    """Pending calls, oldest first, under the invocation id that the callee knows."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._prefix = f"r-{board.node}-"
        self._count = 0
        self._pending: dict[str, PendingCall] = {}
        self.dropped_answers = 0
        """Answers that came late, twice, from the wrong peer or for no call at all."""

    def __len__(self) -> int:
        return len(self._pending)

    def start(self, caller: Member, message: Call, callee: Member) -> None:
        self._count += 1
        invocation_id = f"{self._prefix}{self._count}"
        call = PendingCall(
            invocation_id, caller, message.request_id, callee, message.method_id, self._board.now
        )
        self._pending[invocation_id] = call
        caller.calling[invocation_id] = call
        callee.serving[invocation_id] = call
        self._board.send(
            callee.connection,
            Invoke(
                callee.id,
                invocation_id,
                message.method_id,
                caller.id,
                message.arguments,
                message.arguments_kv,
                message.context,
            ),
        )

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
        """Fail the calls that ``member`` had to answer, and forget those that it waited for."""
        for call in list(member.calling.values()):
            self._forget(call)
        for call in list(member.serving.values()):
            self._abandon(call, "Peer has left while waiting for result")

    def expire(self) -> None:
        """Fail the calls that nobody has answered for too long."""
        seconds = self._board.limits.call_seconds
        for call in list(self._pending.values()):
            if call.started + seconds > self._board.now:
                break
            self._abandon(call, f"No answer within {seconds:g} s")

    def next_deadline(self) -> float | None:
        """When ``expire`` has something to do."""
        oldest = next(iter(self._pending.values()), None)
        return None if oldest is None else oldest.started + self._board.limits.call_seconds

    def _abandon(self, call: PendingCall, reason: str) -> None:
        """End a call that gets no answer, and tell its caller why."""
        self._forget(call)
        self._answer(call, INVOCATION_FAILURE, reason)

    def _take(self, callee: Member, invocation_id: object) -> PendingCall | None:
        call = callee.serving.get(invocation_id) if isinstance(invocation_id, str) else None
        if call is None:
            self.dropped_answers += 1
            return None
        self._forget(call)
        return call

    def _forget(self, call: PendingCall) -> None:
        del self._pending[call.invocation_id]
        del call.caller.calling[call.invocation_id]
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


def both_arguments(message: Call) -> bool:
    """Whether positional and named arguments are both given, which the protocol forbids."""
    return (
        message.arguments is not NULL
        and bytes(message.arguments) not in _EMPTY
        and bytes(message.arguments_kv) not in _EMPTY
    )
