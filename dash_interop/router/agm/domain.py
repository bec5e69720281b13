"""
The domain ``agm`` behind the seam of the router: who joins sees the others and their methods, calls
them, and subscribes to their streams.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from msgspec import UNSET

from ...errors import RegistrationError
from ...wire.agm import (
    AGM,
    AGM_FAILURE,
    BATCHES,
    INVALID_SUBSCRIPTION,
    INVOCATION_FAILURE,
    PEER_REMOVED,
    VOCABULARY,
    Accepted,
    Call,
    CancelCall,
    DropSubscription,
    Failure,
    Post,
    Progress,
    Publish,
    Register,
    Subscribe,
    Unregister,
    Unsubscribe,
    Widen,
    Yield,
)
from ...wire.envelope import Inbound
from ...wire.login import COME_BACK, GOING_AWAY, LIMITS_EXCEEDED, Join
from ..effects import Probe
from ..peers import Peer
from ..switchboard import Switchboard
from .announcing import Announcing
from .calls import Calls, both_arguments, said_of_delivery
from .member import Member, Members
from .methods import Methods, read_restriction
from .sight import Sight
from .streams import Streams

__all__ = ["Agm"]

_ANSWERS: Final = (CancelCall, Progress, Yield, Failure, Accepted, Publish, Post)
"""Messages that a client may send late, with the peer id that it had before an outage; they get no
answer then."""

_REQUESTS: Final = (Register, Unregister, Call, Subscribe, Unsubscribe, Widen)
"""Messages that are refused when their sender has not joined."""

_PEER_REMOVED_REASON: Final = "Peer has been removed"


class Agm:
    vocabularies = (VOCABULARY,)

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._members = Members()
        self._calls = Calls(board)
        self._streams = Streams(board)
        self._announcing = Announcing(board, self._members)
        self._methods = Methods(board, self._members, self._announcing, self._streams)
        self._handlers: dict[type[Inbound], Callable[[Member, Any], None]] = {
            Register: self._methods.register,
            Unregister: self._methods.unregister,
            Call: self._call,
            CancelCall: self._calls.cancel,
            Progress: self._calls.progress,
            Yield: self._calls.finish,
            Failure: self._fail,
            Subscribe: self._subscribe,
            Unsubscribe: self._streams.unsubscribe,
            Accepted: self._streams.accept,
            Publish: self._streams.publish,
            Post: self._streams.post,
            DropSubscription: self._streams.drop,
            Widen: self._widen,
        }

    # What the router calls

    def arrive(self, peer: Peer) -> None:
        """Who has not joined hears of nothing."""

    def depart(self, peer: Peer) -> None:
        """Nothing is kept of who has left."""

    def join(self, peer: Peer, message: Join) -> bool:
        earlier = self._members.get(peer.id)
        if earlier is not None:
            self._announcing.ask(earlier, message.request_id)
            return False
        try:
            restriction = read_restriction(message.restrictions, self._board.limits)
        except RegistrationError as error:
            # Clients find the request of an answer only if its domain is the one to be joined.
            self._board.refuse(peer, message.request_id, AGM_FAILURE, str(error), AGM)
            return False
        if message.interest is not None and self._is_too_much(peer, message, message.interest):
            return False
        member = Member(peer, restriction, message.extensions)
        self._members.add(member)
        sight = Sight(member, BATCHES in member.extensions, message.interest)
        self._announcing.joined(sight, message.request_id)
        return False

    def leave(self, peer: Peer, reason_uri: str | None, reason: str | None) -> None:
        member = self._members.get(peer.id)
        if member is None:
            return
        reason_uri, reason = reason_uri or PEER_REMOVED, reason or _PEER_REMOVED_REASON
        callers = {call.caller for call in member.serving.values()} - {member}
        self._calls.leave(member)
        self._streams.leave(member, reason_uri, reason)
        self._announcing.left(member, reason_uri, reason)
        # A caller that calls again at once has to know by then who is gone.
        self._announcing.tell(callers)
        self._members.remove(member)

    def handle(self, peer: Peer, message: Any) -> None:
        member = self._members.get(peer.id)
        if member is None:
            if isinstance(message, _REQUESTS):
                reason = "Join the domain agm first"
                self._board.refuse(peer, message.request_id, AGM_FAILURE, reason, AGM)
                return
            # It has no calls and no subscriptions, so whatever it answers does not exist.
            member = Member(peer)
        self._handlers[type(message)](member, message)

    def passes_over(self, message: Any) -> bool:
        self._calls.dropped_answers += isinstance(message, Yield | Failure)
        self._calls.dropped_progress += isinstance(message, Progress)
        return isinstance(message, _ANSWERS)

    def heard(self, probe: Probe) -> None:
        self._announcing.heard(str(probe.key))

    def end_turn(self) -> None:
        self._announcing.end_turn()

    @property
    def is_busy(self) -> bool:
        return len(self._calls) > 0

    def tick(self) -> None:
        self._calls.expire()

    def next_deadline(self) -> float | None:
        return self._calls.next_deadline()

    def counters(self) -> dict[str, int]:
        return {
            "methods": sum(len(member.methods) for member in self._members),
            "calls": len(self._calls),
            "subscriptions": sum(len(member.subscribed) for member in self._members),
            "dropped_answers": self._calls.dropped_answers,
            "dropped_progress": self._calls.dropped_progress,
        }

    def snapshot(self) -> dict[str, Any]:
        return {
            member.id: {
                "methods": [method.identity[0] for method in member.methods.values()],
                "calling": len(member.calling),
                "serving": len(member.serving),
                "subscribed": len(member.subscribed),
                "subscribers": len(member.subscribers),
            }
            for member in self._members
        }

    # Members

    def _widen(self, member: Member, message: Widen) -> None:
        names = message.methods
        if names is not None:
            wanted = {*self._announcing.interest_of(member), *(name.lower() for name in names)}
            if self._is_too_much(member.peer, message, wanted):
                return
        self._announcing.widen(member, names, message.request_id)

    def _is_too_much(self, peer: Peer, message: Inbound, names: Collection[str]) -> bool:
        """Whether somebody wants to hear of too much, and was told so."""
        limit = self._board.limits.interest_per_peer
        if len(names) <= limit:
            return False
        reason = f"The limit of methods that one peer asks to hear of is {limit}"
        self._board.refuse(peer, message.request_id, LIMITS_EXCEEDED, reason, AGM)
        return True

    # Calls and subscriptions

    def _call(self, member: Member, message: Call) -> None:
        callee = self._find_server(member, message)
        if callee is None:
            return
        limits = self._board.limits
        if self._board.is_draining and not member.serving:
            # What a callee asks for is part of the call that it has to answer.
            self._not_delivered(member, message, GOING_AWAY, COME_BACK)
        elif both_arguments(message):
            reason = "Give arguments or arguments_kv, not both"
            self._refuse(member, message, INVOCATION_FAILURE, reason)
        elif len(member.calling) >= limits.calls_per_peer:
            reason = f"The limit of calls that one peer waits for is {limits.calls_per_peer}"
            self._refuse(member, message, LIMITS_EXCEEDED, reason)
        elif member.peer.usage.calls >= limits.calls_per_user:
            reason = f"The limit of calls that one user waits for is {limits.calls_per_user}"
            self._refuse(member, message, LIMITS_EXCEEDED, reason)
        else:
            self._announcing.introduce(member, callee)
            self._calls.start(member, message, callee)

    def _subscribe(self, member: Member, message: Subscribe) -> None:
        publisher = self._find_server(member, message)
        if publisher is None:
            return
        limits = self._board.limits
        if len(member.subscribed) >= limits.subscriptions_per_peer:
            reason = f"The limit of subscriptions for one peer is {limits.subscriptions_per_peer}"
            self._refuse(member, message, LIMITS_EXCEEDED, reason)
        elif member.peer.usage.subscriptions >= limits.subscriptions_per_user:
            reason = f"The limit of subscriptions for one user is {limits.subscriptions_per_user}"
            self._refuse(member, message, LIMITS_EXCEEDED, reason)
        else:
            self._announcing.introduce(member, publisher)
            self._streams.request(member, message, publisher)

    def _fail(self, member: Member, message: Failure) -> None:
        if self._calls.fail(member, message) or self._streams.reject(member, message):
            return
        self._calls.dropped_answers += 1
        reason = "There is no such invocation or subscription any more"
        self._refuse(member, message, INVALID_SUBSCRIPTION, reason)

    def _find_server(self, member: Member, message: Call | Subscribe) -> Member | None:
        """The server of a call or subscription, or ``None`` after having said what is wrong."""
        server = self._members.get(message.server_id)
        if server is None or not member.sees(server):
            # In the same words, so that nobody learns which peers of others there are.
            self._not_delivered(member, message, AGM_FAILURE, "Unknown server")
            return None
        method = server.methods.get(message.method_id)
        if method is None or not method.admits(member):
            reason = f"Unknown method {message.method_id}"
            self._not_delivered(member, message, INVOCATION_FAILURE, reason)
            return None
        return server

    def _not_delivered(
        self, member: Member, message: Call | Subscribe, reason_uri: str, reason: str
    ) -> None:
        # A caller that may ask again has to know that nothing was done.
        context = said_of_delivery(member, "no") if isinstance(message, Call) else UNSET
        board, request_id = self._board, message.request_id
        board.refuse(member.peer, request_id, reason_uri, reason, AGM, context)

    def _refuse(self, member: Member, message: Inbound, reason_uri: str, reason: str) -> None:
        self._board.refuse(member.peer, message.request_id, reason_uri, reason, AGM)
