"""Subscriptions, from the request to their end, and the fan-out of what publishers push."""

from __future__ import annotations

from ...wire.agm import (
    AGM,
    INVALID_SUBSCRIPTION,
    SUBSCRIPTION_FAILURE,
    Accepted,
    AddInterest,
    DropSubscription,
    Event,
    EventTail,
    Failure,
    MethodId,
    Post,
    Publish,
    RemoveInterest,
    Subscribe,
    Subscribed,
    SubscriptionCancelled,
    Unsubscribe,
)
from ...wire.codec import encode_tail
from ...wire.envelope import Error, RequestId, Success
from ..switchboard import Switchboard
from .member import Branch, Member, Subscription

__all__ = ["Streams"]


class Streams:
    """Every subscription is listed at both of its ends, so that it is found when either leaves."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._prefix = f"s-{board.node}-"
        self._count = 0

    def request(self, subscriber: Member, message: Subscribe, publisher: Member) -> None:
        self._count += 1
        subscription = Subscription(
            f"{self._prefix}{self._count}",
            subscriber,
            message.request_id,
            publisher,
            message.method_id,
        )
        subscriber.subscribed[subscription.id] = subscription
        subscriber.peer.usage.subscriptions += 1
        publisher.subscribers[subscription.id] = subscription
        of_method = publisher.subscribers_of.setdefault(message.method_id, {})
        of_method[subscription.id] = subscription
        self._board.send(
            publisher.connection,
            AddInterest(
                publisher.id,
                subscription.id,
                message.method_id,
                subscriber.id,
                message.arguments,
                message.arguments_kv,
                message.flags,
                message.context,
            ),
        )

    def accept(self, publisher: Member, message: Accepted) -> None:
        subscription = publisher.subscribers.get(message.subscription_id)
        if subscription is None:
            return
        if message.stream_id is None:
            self._refuse(publisher, message.request_id, "Accepted without a stream_id")
            return
        if message.stream_id not in subscription.streams:
            subscription.streams.append(message.stream_id)
            publisher.branches.setdefault(message.stream_id, Branch()).add(subscription)
        subscriber = subscription.subscriber
        self._board.send(
            subscriber.connection,
            Subscribed(subscription.request_id, subscriber.id, subscription.id),
        )

    def reject(self, publisher: Member, message: Failure) -> bool:
        """End the subscription that an error is for; ``False`` if the publisher has no such one."""
        subscription = publisher.subscribers.get(str(message.request_id))
        if subscription is None:
            return False
        if subscription.streams:
            self._cancel(subscription, message.reason_uri, message.reason)
            return True
        _forget(subscription)
        subscriber = subscription.subscriber
        error = Error(
            subscription.request_id,
            subscriber.id,
            message.reason_uri or SUBSCRIPTION_FAILURE,
            message.reason or "",
            AGM,
        )
        self._board.send(subscriber.connection, error)
        return True

    def publish(self, publisher: Member, message: Publish) -> None:
        if message.stream_id is None:
            return
        branch = publisher.branches.get(message.stream_id)
        if branch is not None:
            rest = EventTail(False, message.sequence, message.snapshot, message.data)
            self._board.fan_out(branch.audience, encode_tail(rest))

    def post(self, publisher: Member, message: Post) -> None:
        subscription = publisher.subscribers.get(message.subscription_id)
        if subscription is None:
            return
        subscriber = subscription.subscriber
        event = Event(
            subscriber.id,
            subscription.id,
            True,
            message.sequence,
            message.snapshot,
            message.data,
        )
        self._board.send(subscriber.connection, event)

    def drop(self, publisher: Member, message: DropSubscription) -> None:
        """The publisher ends a subscription that it had accepted."""
        subscription = publisher.subscribers.get(message.subscription_id)
        if subscription is None:
            self._refuse(publisher, message.subscription_id, "Unknown subscription")
        elif not subscription.streams:
            reason = "The subscription was not accepted yet: answer with an error to refuse it"
            self._refuse(publisher, message.subscription_id, reason)
        else:
            self._cancel(subscription, message.reason_uri, message.reason)

    def unsubscribe(self, subscriber: Member, message: Unsubscribe) -> None:
        subscription = subscriber.subscribed.get(message.subscription_id)
        if subscription is None:
            self._refuse(subscriber, message.request_id, "Unknown subscription")
            return
        self._lose_interest(subscription, message.reason_uri, message.reason)
        self._board.send(subscriber.connection, Success(message.request_id, subscriber.id, AGM))

    def remove_method(
        self, publisher: Member, method_id: MethodId, reason_uri: str, reason: str
    ) -> None:
        """Cancel the subscriptions to a method that is no longer offered."""
        for subscription in list(publisher.subscribers_of.get(method_id, {}).values()):
            self._cancel(subscription, reason_uri, reason)

    def leave(self, member: Member, reason_uri: str, reason: str) -> None:
        """End the subscriptions that ``member`` made and those made at it."""
        for subscription in list(member.subscribed.values()):
            if subscription.publisher is member:
                _forget(subscription)
            else:
                self._lose_interest(subscription, reason_uri, reason)
        for subscription in list(member.subscribers.values()):
            self._cancel(subscription, reason_uri, reason)

    def _cancel(
        self, subscription: Subscription, reason_uri: str | None, reason: str | None
    ) -> None:
        _forget(subscription)
        subscriber = subscription.subscriber
        self._board.send(
            subscriber.connection,
            SubscriptionCancelled(subscriber.id, subscription.id, reason_uri, reason),
        )

    def _lose_interest(
        self, subscription: Subscription, reason_uri: str | None, reason: str | None
    ) -> None:
        _forget(subscription)
        publisher = subscription.publisher
        self._board.send(
            publisher.connection,
            RemoveInterest(
                publisher.id,
                subscription.id,
                subscription.method_id,
                subscription.subscriber.id,
                reason_uri,
                reason,
            ),
        )

    def _refuse(self, member: Member, request_id: RequestId, reason: str) -> None:
        self._board.refuse(member.peer, request_id, INVALID_SUBSCRIPTION, reason, AGM)


def _forget(subscription: Subscription) -> None:
    subscriber = subscription.subscriber
    del subscriber.subscribed[subscription.id]
    subscriber.peer.usage.subscriptions -= 1
    publisher = subscription.publisher
    del publisher.subscribers[subscription.id]
    of_method = publisher.subscribers_of[subscription.method_id]
    del of_method[subscription.id]
    if not of_method:
        del publisher.subscribers_of[subscription.method_id]
    for stream_id in subscription.streams:
        branch = publisher.branches[stream_id]
        branch.remove(subscription)
        if not branch:
            del publisher.branches[stream_id]
