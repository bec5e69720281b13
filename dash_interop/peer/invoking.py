"""The caller's side of an invocation: a wait for servers, one for their answers, and one end."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from math import ceil
from typing import Any, Final

from ..errors import (
    HandlerFailed,
    InvalidInvoke,
    InvocationCancelled,
    InvocationError,
    MessageTooLarge,
    MethodNotFound,
    NotConnected,
)
from ..wire.agm import (
    CANCEL,
    LONGEST_MS,
    PROGRESS,
    Call,
    CancelCall,
    GivenUp,
    Progressed,
    Result,
)
from ..wire.envelope import NULL, Error, Outbound
from ..wire.failures import read_failure, timed_out
from ..wire.payloads import PayloadError, as_object, decode_payload
from .deadlines import Timer
from .directory import Directory, Offer
from .link import Link, Wait
from .requests import ServerRequest
from .results import InvocationResult, Outcome, join_outcomes
from .targets import SAY_FOR_WHOM, describe_target, is_for_nobody, read_target

__all__ = ["Invoking"]

_TOLERATED: Final = 1.0
"""Seconds that an invocation waits for a server before it is told that there is not one."""

_MOST_NAMES: Final = 20
"""Names of methods or servers in one message."""


class Invoking:
    """
    One invocation at all the servers that it is for.

    Args:
        link: The line to the gateway.
        directory: Where its servers are found.
        token: Settled with an ``InvocationResult`` or an ``InvocationError``, once.
        request: What is asked for.
        listener: Hears ``progress`` with each value that a server tells on the way; ``None`` where
            nobody wants to hear of it.

    Raises:
        InvalidInvoke: The target of the request is not a valid one.
    """

    def __init__(
        self,
        link: Link,
        directory: Directory,
        token: Any,
        request: ServerRequest,
        listener: Any = None,
    ) -> None:
        self._link = link
        self._directory = directory
        self._token = token
        self._request = request
        self._listener = listener
        self._method = request.method
        self._choose = read_target(request.target)
        self._outcomes: dict[str, Outcome] = {}
        """By peer id, in the order of preference."""
        self._requests: dict[str, str] = {}
        """The requests that have no answer yet, by peer id."""
        self._unanswered = 0
        self._wait: Wait | None = None
        self._timer: Timer | None = None
        self._is_settled = False

    def start(self) -> None:
        """Invoke now, or as soon as there is a server."""
        link, wait_timeout = self._link, self._request.wait_timeout
        self._wait = self._directory.interest.wait(
            self._method.name, self._try, link.now + wait_timeout, self._give_up
        )
        if self._wait is not None and wait_timeout > _TOLERATED:
            self._timer = link.deadlines.at(link.now + _TOLERATED, self._tell_of_waiting)

    def _give_up(self) -> None:
        name, waited = self._method.name, f"(waited {self._request.wait_timeout:g} s)"
        if self._link.is_joined:
            whom = describe_target(self._request.target)
            reason = f"No server offers the method {name} for target {whom} {waited}"
            self._settle(MethodNotFound(reason))
        else:
            reason = f"{name} was not invoked: there is no connection to the gateway {waited}"
            self._settle(NotConnected(reason))

    def cancel(self) -> None:
        """The result is not wanted any more; after the end this changes nothing."""
        if self._is_settled:
            return
        if self._wait is not None:
            self._link.end_wait(self._wait)
        self._call_off("cancelled")
        self._settle(InvocationCancelled(f"{self._method.name} was cancelled by its caller"))

    def _call_off(self, reason: GivenUp) -> None:
        """Tell the gateway, if it wants to know, that no answers are waited for any longer."""
        link = self._link
        if CANCEL in link.extensions:
            for request_id in self._requests.values():
                link.transmit(CancelCall(request_id, link.peer_id, reason))

    def _tell_of_waiting(self, _: float) -> None:
        """A wrong name or target is told now, rather than when the whole wait is over."""
        link, name = self._link, self._method.name
        if not link.is_joined:
            # The missing connection is told elsewhere.
            return
        offers = self._directory.offers(self._method, streaming=False)
        if offers:
            whom = describe_target(self._request.target)
            servers = (str(offer.server.get("application")) for offer in offers)
            reason = (
                f"nobody offers {name} for target {whom} so far: start "
                f"who is meant, or correct the target. It is offered by: {_listed(servers)}"
            )
        else:
            reason = f"nobody offers {name} so far: start what does, or correct the name"
            if self._directory.interest.covers(None):
                methods = self._directory.methods()
                names = (method.name for method in methods if not method.supports_streaming)
                reason = f"{reason}. On offer: {_listed(names)}"
        link.tell("waiting", reason)

    def _try(self) -> bool:
        link = self._link
        if not link.is_joined:
            return False
        offers = self._directory.offers(self._method)
        servers = [offer for offer in offers if not offer.method.supports_streaming]
        chosen = self._choose(servers, link.peer_id)
        if chosen and is_for_nobody(self._request.target, chosen, link.identity.get("user")):
            self._settle(InvalidInvoke(f"{self._method.name} {SAY_FOR_WHOM}"))
            return True
        if chosen:
            self._call(chosen)
            return True
        if offers and not servers:
            self._settle(
                InvalidInvoke(f"{self._method.name} is a stream, not a method: subscribe to it")
            )
            return True
        return False

    def _call(self, chosen: list[Offer]) -> None:
        link = self._link
        if self._timer is not None:
            self._timer.cancel()
        self._timer = link.deadlines.at(link.now + self._request.response_timeout, self._expire)
        for offer in chosen:
            self._outcomes[offer.server["peerId"]] = Outcome(offer.server)
        self._unanswered = len(chosen)
        for offer in chosen:
            self._call_one(offer)
        if self._unanswered == 0:
            self._conclude()

    def _call_one(self, offer: Offer) -> None:
        link, server_id = self._link, offer.server["peerId"]
        request_id = link.new_request_id()
        request, extensions = self._request, link.extensions
        call = Call(
            request_id,
            link.peer_id,
            server_id,
            offer.id,
            NULL,
            request.encoded,
            timeout_ms=_milliseconds(request.response_timeout) if CANCEL in extensions else None,
            progress=self._listener is not None and PROGRESS in extensions,
        )
        try:
            link.request(call, partial(self._answered, server_id))
            self._requests[server_id] = request_id
        except MessageTooLarge as error:
            reason = f"{self._method.name} was not invoked: {error}"
            self._outcomes[server_id].error = MessageTooLarge(reason)
            self._unanswered -= 1

    def _answered(self, server_id: str, answer: Outbound | None) -> None:
        if isinstance(answer, Progressed):
            self._progressed(server_id, answer)
            return
        outcome = self._outcomes[server_id]
        del self._requests[server_id]
        try:
            if isinstance(answer, Result):
                outcome.returned = as_object(decode_payload(answer.result))
            else:
                error = answer if isinstance(answer, Error) else None
                outcome.error = read_failure(error, self._method, has_begun=outcome.has_begun)
        except PayloadError as error:
            reason = f"What {self._method.name} answered cannot be read: {error}"
            outcome.error = HandlerFailed(reason, exception="PayloadError")
        self._unanswered -= 1
        if self._unanswered == 0:
            self._conclude()

    def _progressed(self, server_id: str, message: Progressed) -> None:
        self._outcomes[server_id].has_begun = True
        try:
            value = decode_payload(message.value)
        except PayloadError as error:
            self._link.tell("problem", f"Progress of {self._method.name} cannot be read: {error}")
        else:
            self._link.emit(self._listener, "progress", value)

    def _expire(self, _: float) -> None:
        self._call_off("timeout")
        for outcome in self._outcomes.values():
            if outcome.error is None and outcome.returned is None:
                outcome.error = timed_out(self._method, self._request.response_timeout)
        self._conclude()

    def _conclude(self) -> None:
        outcomes = list(self._outcomes.values())
        self._settle(join_outcomes(self._method, self._request.arguments, outcomes))

    def _settle(self, outcome: InvocationResult | InvocationError) -> None:
        self._release()
        if isinstance(outcome, InvocationError):
            self._link.settle(self._token, error=outcome)
        else:
            self._link.settle(self._token, outcome)

    def _release(self) -> None:
        # What is kept must not refer to this object, or each call would be one cycle more for the
        # garbage collector.
        self._wait = None
        self._is_settled = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for request_id in self._requests.values():
            self._link.forget(request_id)


def _milliseconds(seconds: float) -> int:
    return ceil(min(seconds * 1000, LONGEST_MS))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))[:_MOST_NAMES]) or "nothing"
