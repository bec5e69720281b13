"""Calls in flight and their one terminal outcome: a result, an error, or why there is none."""

from __future__ import annotations

from msgspec import UNSET, Raw, UnsetType

from .effects import Send
from .messages import (
    CLIENT_ERROR,
    INVOCATION_FAILURE,
    NULL,
    Call,
    Error,
    Failure,
    Invoke,
    MethodId,
    RequestId,
    Result,
    Yield,
)
from .peers import Peer

__all__ = ["Calls", "PendingCall"]

_EMPTY = (b"null", b"{}", b"[]")


class PendingCall:
    __slots__ = ("callee", "caller", "invocation_id", "method_id", "request_id", "started")

    def __init__(
        self,
        invocation_id: str,
        caller: Peer,
        request_id: RequestId,
        callee: Peer,
        method_id: MethodId,
        started: float,
    ) -> None:
        self.invocation_id = invocation_id
        self.caller = caller
        self.request_id = request_id
        self.callee = callee
        self.method_id = method_id
        self.started = started


class Calls:
    """Pending calls, oldest first, under the invocation id that the callee knows."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0
        self._pending: dict[str, PendingCall] = {}
        self.dropped_answers = 0
        """Answers that came late, twice, from the wrong peer or for no call at all."""

    def __len__(self) -> int:
        return len(self._pending)

    def start(self, caller: Peer, message: Call, callee: Peer, now: float, out: list[Send]) -> None:
        self._count += 1
        invocation_id = f"{self._prefix}{self._count}"
        call = PendingCall(
            invocation_id, caller, message.request_id, callee, message.method_id, now
        )
        self._pending[invocation_id] = call
        caller.calling[invocation_id] = call
        callee.serving[invocation_id] = call
        out.append(
            Send(
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
        )

    def finish(self, callee: Peer, message: Yield, out: list[Send]) -> None:
        call = self._take(callee, message.invocation_id)
        if call is not None:
            caller = call.caller
            out.append(Send(caller.connection, Result(call.request_id, caller.id, message.result)))

    def fail(self, callee: Peer, message: Failure, out: list[Send]) -> bool:
        """Relay the callee's error; ``False`` when it is not for a call this peer serves."""
        if message.request_id not in callee.serving:
            return False
        call = self._take(callee, message.request_id)
        if call is not None:
            self._answer(
                call,
                message.reason_uri or CLIENT_ERROR,
                message.reason or "",
                out,
                UNSET if bytes(message.context) == b"null" else message.context,
            )
        return True

    def abandon(self, call: PendingCall, reason: str, out: list[Send]) -> None:
        """End a call that gets no answer, and tell its caller why."""
        self._forget(call)
        self._answer(call, INVOCATION_FAILURE, reason, out)

    def leave(self, peer: Peer, out: list[Send]) -> None:
        """Fail what ``peer`` was serving and forget what it was waiting for."""
        for call in list(peer.calling.values()):
            self._forget(call)
        for call in list(peer.serving.values()):
            self.abandon(call, "Peer has left while waiting for result", out)

    def older_than(self, seconds: float, now: float) -> list[PendingCall]:
        expired: list[PendingCall] = []
        for call in self._pending.values():
            if call.started + seconds > now:
                break
            expired.append(call)
        return expired

    @property
    def oldest(self) -> float | None:
        """When the oldest pending call started."""
        return next((call.started for call in self._pending.values()), None)

    def _take(self, callee: Peer, invocation_id: object) -> PendingCall | None:
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

    @staticmethod
    def _answer(
        call: PendingCall,
        reason_uri: str,
        reason: str,
        out: list[Send],
        context: Raw | UnsetType = UNSET,
    ) -> None:
        caller = call.caller
        out.append(
            Send(
                caller.connection,
                Error(call.request_id, caller.id, reason_uri, reason, context=context),
            )
        )


def both_arguments(message: Call) -> bool:
    """Whether positional and named arguments are both given, which the protocol forbids."""
    return (
        message.arguments is not NULL
        and bytes(message.arguments) not in _EMPTY
        and bytes(message.arguments_kv) not in _EMPTY
    )
