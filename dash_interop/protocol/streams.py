"""Subscriptions, from the request to their end, and the fan-out of what publishers push."""

from __future__ import annotations

from .effects import Send
from .messages import (
    INVALID_SUBSCRIPTION,
    SUBSCRIPTION_FAILURE,
    Accepted,
    AddInterest,
    DropSubscription,
    Error,
    Event,
    Failure,
    MethodId,
    Post,
    Publish,
    RemoveInterest,
    RequestId,
    StreamId,
    Subscribe,
    Subscribed,
    SubscriptionCancelled,
    Success,
    Unsubscribe,
)
from .peers import Peer

__all__ = ["Streams", "Subscription"]


class Subscription:
    __slots__ = ("id", "method_id", "publisher", "request_id", "streams", "subscriber")

    def __init__(
        self,
        id: str,
        subscriber: Peer,
        request_id: RequestId,
        publisher: Peer,
        method_id: MethodId,
    ) -> None:
        self.id = id
        self.subscriber = subscriber
        self.request_id = request_id
        self.publisher = publisher
        self.method_id = method_id
        self.streams: list[StreamId] = []
        """The publisher's streams it was accepted on; empty while the request is undecided."""


class Streams:
    """Every subscription is listed at both its ends, so that either end's leaving finds it."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0

    def request(
        self, subscriber: Peer, message: Subscribe, publisher: Peer, out: list[Send]
    ) -> None:
        self._count += 1
        subscription = Subscription(
            f"{self._prefix}{self._count}",
            subscriber,
            message.request_id,
            publisher,
            message.method_id,
        )
        subscriber.subscribed[subscription.id] = subscription
        publisher.subscribers[subscription.id] = subscription
        out.append(
            Send(
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
        )

    def accept(self, publisher: Peer, message: Accepted, out: list[Send]) -> None:
        subscription = publisher.subscribers.get(message.subscription_id)
        if subscription is None:
            return
        if message.stream_id is None:
            out.append(_invalid(publisher, message.request_id, "Accepted without a stream_id"))
            return
        if message.stream_id not in subscription.streams:
            subscription.streams.append(message.stream_id)
            stream = publisher.streams.setdefault(message.stream_id, {})
            stream[subscription.id] = subscription
        subscriber = subscription.subscriber
        out.append(
            Send(
                subscriber.connection,
                Subscribed(subscription.request_id, subscriber.id, subscription.id),
            )
        )

    def reject(self, publisher: Peer, message: Failure, out: list[Send]) -> bool:
        """End a subscription with the publisher's error; ``False`` when it knows none such."""
        subscription = publisher.subscribers.get(str(message.request_id))
        if subscription is None:
            return False
        subscriber = subscription.subscriber
        if subscription.streams:
            self._cancel(subscription, message.reason_uri, message.reason, out)
            return True
        _forget(subscription)
        out.append(
            Send(
                subscriber.connection,
                Error(
                    subscription.request_id,
                    subscriber.id,
                    message.reason_uri or SUBSCRIPTION_FAILURE,
                    message.reason or "",
                ),
            )
        )
        return True

    def publish(self, publisher: Peer, message: Publish, out: list[Send]) -> None:
        if message.stream_id is None:
            return
        for subscription in publisher.streams.get(message.stream_id, {}).values():
            out.append(_event(subscription, message, oob=False))

    def post(self, publisher: Peer, message: Post, out: list[Send]) -> None:
        subscription = publisher.subscribers.get(message.subscription_id)
        if subscription is not None:
            out.append(_event(subscription, message, oob=True))

    def drop(self, publisher: Peer, message: DropSubscription, out: list[Send]) -> None:
        """The publisher ends a subscription that it had accepted."""
        subscription = publisher.subscribers.get(message.subscription_id)
        if subscription is None:
            out.append(_invalid(publisher, message.subscription_id, "Unknown subscription"))
        elif not subscription.streams:
            reason = "The subscription was not accepted yet: answer with an error to refuse it"
            out.append(_invalid(publisher, message.subscription_id, reason))
        else:
            self._cancel(subscription, message.reason_uri, message.reason, out)

    def unsubscribe(self, subscriber: Peer, message: Unsubscribe, out: list[Send]) -> None:
        subscription = subscriber.subscribed.get(message.subscription_id)
        if subscription is None:
            out.append(_invalid(subscriber, message.request_id, "Unknown subscription"))
            return
        self._lose_interest(subscription, message.reason_uri, message.reason, out)
        out.append(Send(subscriber.connection, Success(message.request_id, subscriber.id)))

    def remove_method(
        self, publisher: Peer, method_id: MethodId, reason_uri: str, reason: str, out: list[Send]
    ) -> None:
        """Cancel the subscriptions to a method that is no longer offered."""
        for subscription in list(publisher.subscribers.values()):
            if subscription.method_id == method_id:
                self._cancel(subscription, reason_uri, reason, out)

    def leave(
        self, peer: Peer, reason_uri: str | None, reason: str | None, out: list[Send]
    ) -> None:
        """End the subscriptions that ``peer`` made and those made at it."""
        for subscription in list(peer.subscribed.values()):
            if subscription.publisher is peer:
                _forget(subscription)
            else:
                self._lose_interest(subscription, reason_uri, reason, out)
        for subscription in list(peer.subscribers.values()):
            self._cancel(subscription, reason_uri, reason, out)

    @staticmethod
    def _cancel(
        subscription: Subscription,
        reason_uri: str | None,
        reason: str | None,
        out: list[Send],
    ) -> None:
        _forget(subscription)
        subscriber = subscription.subscriber
        out.append(
            Send(
                subscriber.connection,
                SubscriptionCancelled(subscriber.id, subscription.id, reason_uri, reason),
            )
        )

    @staticmethod
    def _lose_interest(
        subscription: Subscription,
        reason_uri: str | None,
        reason: str | None,
        out: list[Send],
    ) -> None:
        _forget(subscription)
        publisher = subscription.publisher
        out.append(
            Send(
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
        )


def _event(subscription: Subscription, message: Publish | Post, *, oob: bool) -> Send:
    subscriber = subscription.subscriber
    return Send(
        subscriber.connection,
        Event(
            subscriber.id,
            subscription.id,
            oob,
            message.sequence,
            message.snapshot,
            message.data,
        ),
    )


def _forget(subscription: Subscription) -> None:
    del subscription.subscriber.subscribed[subscription.id]
    publisher = subscription.publisher
    del publisher.subscribers[subscription.id]
    for stream_id in subscription.streams:
        stream = publisher.streams[stream_id]
        del stream[subscription.id]
        if not stream:
            del publisher.streams[stream_id]


def _invalid(peer: Peer, request_id: RequestId, reason: str) -> Send:
    return Send(peer.connection, Error(request_id, peer.id, INVALID_SUBSCRIPTION, reason))
