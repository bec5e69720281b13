"""
The subscriber's side of streams: from the wait for a publisher to the end of the subscription.

::

    waiting --publisher appears--> asking --accepted--> open
       ^                             |                    |
       +---- the connection breaks --+--------------------+
    asking --all refuse, time is up, or the first connection breaks--> failed
    open --the publisher closes it, or leaves--> closed

With the target ``"all"``, ``"skipMine"`` or a list, publishers that come later are asked, too. A
subscription that was open once is made again after an outage, and waits for its publisher as long
as it takes. What was published meanwhile is missed, unless the publisher keeps it: it is told then
how far the subscription has got (``recovery``).

One that *follows* its publisher waits as long as it takes from the beginning, and goes on waiting
where the other one is closed because the publisher left or withdrew the stream. What a publisher
says ends it all the same: a refusal, silence, or that it closed this subscription.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from msgspec import Raw, Struct

from ..errors import MessageTooLarge, SubscriptionError
from ..wire.agm import (
    METHOD_REMOVED,
    PEER_REMOVED,
    Event,
    MethodId,
    Subscribe,
    Subscribed,
    SubscriptionCancelled,
    Unsubscribe,
)
from ..wire.envelope import NULL, Error, Outbound
from ..wire.history import Replay, context_of, read_replay
from ..wire.payloads import PayloadError, decode_payload
from .deadlines import Timer
from .directory import Directory, Instance, Offer
from .link import Link, Wait
from .recovery import Recovery, Standing
from .requests import ServerRequest
from .targets import SAY_FOR_WHOM, describe_target, is_for_nobody, read_target

__all__ = ["StreamData", "Subscribing", "SubscriptionLine"]

_AWAY: Final = (METHOD_REMOVED, PEER_REMOVED)
"""Reasons for the end of a subscription other than that its publisher closed it."""


class StreamData(Struct, frozen=True):
    """
    Attributes:
        data: What the publisher pushed.
        server: The instance that pushed it.
        request_arguments: What the subscription was made with.
        private: Whether it was pushed to this subscription alone.
        sequence: Its number among the data of this subscription, from 1 on.
    """

    data: Any
    server: Instance
    request_arguments: dict[str, Any]
    private: bool = False
    sequence: int = 1


class _Opened(Struct, frozen=True):
    """A publisher that has accepted, and how far its data have got."""

    offer: Offer
    standing: Standing


class SubscriptionLine:
    """
    One subscription, at each of the servers that it is for.

    Args:
        subscribing: Where it is kept.
        link: The line to the gateway.
        directory: Where its publishers are found.
        token: Settled when the first server has accepted, or with a ``SubscriptionError``. One that
            follows is settled, too, when the time to wait for a server is up.
        owner: Hears ``connected(server)``, ``recovered(is_whole, server)``, ``data(StreamData)``,
            ``waiting()``, ``closed()``, ``failed(error)``.
        request: What is subscribed to.
        follows: Whether it outlives its publishers.

    Raises:
        InvalidInvoke: The target of the request is not a valid one.
    """

    def __init__(
        self,
        subscribing: Subscribing,
        link: Link,
        directory: Directory,
        token: Any,
        owner: Any,
        request: ServerRequest,
        *,
        follows: bool,
    ) -> None:
        target = request.target
        self._subscribing = subscribing
        self._link = link
        self._directory = directory
        self._token = token
        self._owner = owner
        self._request = request
        self._method = request.method
        self._choose = read_target(target)
        self._follows = follows
        self._takes_several = target in ("all", "skipMine") or isinstance(target, list | tuple)
        self._deadline = 0.0
        self._wait: Wait | None = None
        self._newcomers: Wait | None = None
        self._timer: Timer | None = None
        self._asked: dict[str, Offer] = {}
        """Publishers that have not answered yet, by request id."""
        self._refused: dict[Offer, str] = {}
        """Publishers that refused, and why."""
        self._past: set[Offer] = set()
        """Publishers not to ask again: they refused earlier, or are leaving and still seen."""
        self._has_left = False
        """Whether a publisher left before it answered."""
        self._open: dict[str, _Opened] = {}
        """Publishers that have accepted, by subscription id."""
        self._recovery = Recovery(at_several=self._takes_several)
        self.recovered: bool | None = None
        """As ``Standing`` says it, of all publishers together, when the last of them accepted."""
        self._sequence = 0
        self._is_settled = False
        self._is_over = False

    @property
    def state(self) -> str:
        """``"waiting"``, ``"open"`` or ``"closed"``."""
        return "closed" if self._is_over else "open" if self._open else "waiting"

    @property
    def servers(self) -> list[Instance]:
        """The instances that publish to it."""
        return [opened.offer.server for opened in self._open.values()]

    @property
    def _goes_on(self) -> bool:
        """Whether it is made again after an outage."""
        return self._follows or self._is_settled

    def start(self) -> None:
        """Subscribe now, or as soon as there is a publisher."""
        self._deadline = self._link.now + self._request.wait_timeout
        self._wait_for_publisher()

    def _wait_for_publisher(self) -> None:
        """Wait until the deadline; without limit once the subscription was open."""
        self._past.update(self._refused)
        self._refused.clear()
        self._has_left = False
        deadline = None if self._is_settled else self._deadline
        name, interest = self._method.name, self._directory.interest
        self._wait = interest.wait(name, self._try, deadline, self._give_up)

    def _wait_again(self) -> None:
        self._release()
        self._wait_for_publisher()

    def _give_up(self) -> None:
        if self._follows:
            self._settle()
            self._wait_for_publisher()
            return
        link = self._link
        reason = (
            f"No server offers the stream {self._method.name} for target "
            f"{describe_target(self._request.target)}"
            if link.is_joined
            else f"{self._method.name}: there is no connection to the gateway"
        )
        self._fail(f"{reason} (waited {self._request.wait_timeout:g} s)")

    def close(self) -> None:
        """The subscriber wants no more data."""
        for subscription_id in self._open:
            self._subscribing.unsubscribe(subscription_id)
        self._end()

    def lose(self) -> None:
        """The connection is gone; what was open is made again when it is back."""
        if self._is_over:
            return
        if self._open:
            for subscription_id in list(self._open):
                self._forget(subscription_id)
            self._link.emit(self._owner, "waiting")
        if self._goes_on:
            self._past.clear()
            self._wait_again()

    # What the gateway tells

    def receive(self, message: Event) -> None:
        opened = self._open[message.subscription_id]
        if message.oob or opened.standing.take(message):
            self._tell(message.data, opened.offer.server, message.oob)

    def _tell(self, encoded: Raw, server: Instance, private: bool) -> None:
        self._sequence += 1
        try:
            data = decode_payload(encoded)
        except PayloadError as error:
            reason = f"Data of {self._method.name} is lost, as it cannot be read: {error}"
            self._link.tell("problem", reason)
            return
        stream_data = StreamData(data, server, self._request.arguments, private, self._sequence)
        self._link.emit(self._owner, "data", stream_data)

    def cancelled(self, message: SubscriptionCancelled) -> None:
        self._past.add(self._forget(message.subscription_id))
        if self._open:
            return
        goes_on = self._follows and message.reason_uri in _AWAY
        if self._asked or goes_on:
            self._link.emit(self._owner, "waiting")
        if self._asked:
            return
        if goes_on:
            self._wait_again()
        else:
            self._end()
            self._link.emit(self._owner, "closed")

    def _try(self) -> bool:
        link = self._link
        if not link.is_joined:
            return False
        offers = self._directory.offers(self._method)
        streams = [offer for offer in offers if offer.method.supports_streaming]
        self._past.intersection_update(streams)
        chosen = self._choose(self._not_past(streams), link.peer_id)
        if chosen and is_for_nobody(self._request.target, chosen, link.identity.get("user")):
            self._fail(f"{self._method.name} {SAY_FOR_WHOM}")
            return True
        if chosen:
            self._ask(chosen)
            return True
        if offers and not streams:
            self._fail(f"{self._method.name} is a method, not a stream: invoke it")
            return True
        return False

    def _ask_newcomers(self) -> bool:
        """Ask those of the target that came later; this wait never ends by itself."""
        link = self._link
        if link.is_joined:
            streams = self._directory.offers(self._method, streaming=True)
            known = {
                offer.server["peerId"]
                for offer in (
                    *(opened.offer for opened in self._open.values()),
                    *self._asked.values(),
                )
            }
            chosen = self._choose(self._not_past(streams), link.peer_id)
            new = [offer for offer in chosen if offer.server["peerId"] not in known]
            if new:
                self._ask(new)
        return False

    def _not_past(self, offers: list[Offer]) -> list[Offer]:
        return [offer for offer in offers if offer not in self._past and offer not in self._refused]

    def _ask(self, chosen: list[Offer]) -> None:
        link = self._link
        self._cancel_timer()
        self._timer = link.deadlines.at(link.now + self._request.response_timeout, self._expire)
        for offer in chosen:
            self._ask_one(offer)
        self._conclude()

    def _ask_one(self, offer: Offer) -> None:
        link, server_id, encoded = self._link, offer.server["peerId"], self._request.encoded
        request_id = link.new_request_id()
        context = context_of(self._recovery.position(_instance(offer)))
        message = Subscribe(
            request_id, link.peer_id, server_id, offer.id, NULL, encoded, NULL, context
        )
        try:
            link.request(message, partial(self._answered, request_id))
        except MessageTooLarge as error:
            self._refused[offer] = f"{self._method.name} was not subscribed to: {error}"
        else:
            self._asked[request_id] = offer

    def _answered(self, request_id: str, answer: Outbound | None) -> None:
        offer = self._asked.pop(request_id)
        if isinstance(answer, Subscribed):
            self._accepted(answer.subscription_id, offer)
        elif isinstance(answer, Error):
            self._refused[offer] = answer.reason or "The publisher gave no reason"
        elif self._goes_on:
            # The outage is not over yet when this is told; all publishers are asked again then.
            return
        else:
            self._refused[offer] = "The connection was lost before the publisher answered"
        self._conclude()

    def publisher_left(self, peer_id: str, ids: Sequence[MethodId] | None) -> None:
        """A publisher left, or withdrew some streams, and will not answer any more."""
        for request_id, offer in list(self._asked.items()):
            if _is_gone(offer, peer_id, ids):
                del self._asked[request_id]
                self._link.forget(request_id)
                self._refused[offer] = "The publisher left before it answered"
                self._has_left = True
                self._conclude()

    def _conclude(self) -> None:
        if self._asked or self._is_over:
            return
        self._cancel_timer()
        if self._open:
            return
        if self._follows and self._has_left:
            self._wait_again()
        else:
            self._fail(next(iter(self._refused.values())))

    def _accepted(self, subscription_id: str, offer: Offer) -> None:
        replay = self._subscribing.open(subscription_id, self)
        announced = None if replay is None else replay.announcement
        standing = self._recovery.begin(_instance(offer), announced)
        self._open[subscription_id] = _Opened(offer, standing)
        told = [opened.standing.recovered for opened in self._open.values()]
        self.recovered = False if False in told else None if None in told else True
        self._settle()
        if self._takes_several and self._newcomers is None:
            self._newcomers = self._link.wait(self._ask_newcomers, None, _nothing)
        self._link.emit(self._owner, "connected", offer.server)
        if replay is not None:
            self._link.emit(self._owner, "recovered", standing.recovered, offer.server)
            for encoded in replay.data:
                self._tell(encoded, offer.server, private=False)

    def _settle(self) -> None:
        if not self._is_settled:
            self._is_settled = True
            self._link.settle(self._token, self)

    def _expire(self, _: float) -> None:
        for request_id, offer in self._asked.items():
            self._subscribing.abandon(request_id, offer)
            self._refused[offer] = "It did not answer in time"
        self._asked.clear()
        if not self._open:
            self._fail(
                f"Nobody accepted the subscription to {self._method.name} within "
                f"{self._request.response_timeout:g} s"
            )

    def _fail(self, reason: str) -> None:
        error = SubscriptionError(reason)
        self._end()
        if self._is_settled:
            self._link.emit(self._owner, "failed", error)
        else:
            self._link.settle(self._token, error=error)

    def _end(self) -> None:
        self._is_over = True
        self._release()
        for subscription_id in list(self._open):
            self._forget(subscription_id)
        self._subscribing.remove(self)

    def _release(self) -> None:
        self._cancel_timer()
        for wait in (self._wait, self._newcomers):
            if wait is not None:
                self._link.end_wait(wait)
        self._wait = self._newcomers = None
        for request_id, offer in self._asked.items():
            self._subscribing.abandon(request_id, offer)
        self._asked.clear()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _forget(self, subscription_id: str) -> Offer:
        self._subscribing.forget(subscription_id)
        return self._open.pop(subscription_id).offer


class Subscribing:
    """The subscriptions of a peer, and which of them each event is for."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lines: dict[SubscriptionLine, None] = {}
        self._open: dict[str, SubscriptionLine] = {}
        self._abandoned: dict[str, Offer] = {}
        """Requests that are not waited for any more, until they are answered."""
        self._replays: dict[str, Replay] = {}
        """What publishers have sent ahead to whom they are about to accept."""

    def add(self, line: SubscriptionLine) -> None:
        self._lines[line] = None

    def remove(self, line: SubscriptionLine) -> None:
        self._lines.pop(line, None)

    def open(self, subscription_id: str, line: SubscriptionLine) -> Replay | None:
        """Hand over its data from now on; what the publisher has sent ahead."""
        self._open[subscription_id] = line
        return self._replays.pop(subscription_id, None)

    def forget(self, subscription_id: str) -> None:
        self._open.pop(subscription_id, None)

    def abandon(self, request_id: str, offer: Offer) -> None:
        """A request is not waited for any more; if it is accepted late, unsubscribe."""
        self._abandoned[request_id] = offer

        def too_late(answer: Outbound | None) -> None:
            del self._abandoned[request_id]
            if isinstance(answer, Subscribed):
                self.unsubscribe(answer.subscription_id)

        self._link.abandon(request_id, too_late)

    def unsubscribe(self, subscription_id: str) -> None:
        link = self._link
        self._replays.pop(subscription_id, None)
        link.request(Unsubscribe(link.new_request_id(), link.peer_id, subscription_id), _ignore)

    def publisher_left(self, peer_id: str, ids: Sequence[MethodId] | None = None) -> None:
        """It has left, or withdrawn some streams, and will not answer any more."""
        for request_id, offer in list(self._abandoned.items()):
            if _is_gone(offer, peer_id, ids):
                del self._abandoned[request_id]
                self._link.forget(request_id)
        for line in list(self._lines):
            line.publisher_left(peer_id, ids)

    def receive(self, message: Event) -> None:
        line = self._open.get(message.subscription_id)
        if line is not None:
            line.receive(message)
        elif (replay := read_replay(message.data, message.snapshot)) is not None:
            self._replays[message.subscription_id] = replay
        else:
            self._link.ignored_answers += 1

    def cancelled(self, message: SubscriptionCancelled) -> None:
        line = self._open.get(message.subscription_id)
        if line is not None:
            line.cancelled(message)

    def lose(self) -> None:
        self._replays.clear()
        for line in list(self._lines):
            line.lose()


def _instance(offer: Offer) -> str:
    """The publisher's, which is the same when it comes back."""
    return str(offer.server.get("instance"))


def _is_gone(offer: Offer, peer_id: str, ids: Sequence[MethodId] | None) -> bool:
    return offer.server["peerId"] == peer_id and (ids is None or offer.id in ids)


def _nothing() -> None:
    """A wait without a time limit never calls this."""


def _ignore(_: Outbound | None) -> None:
    """The subscription is over, whatever the gateway answers."""
