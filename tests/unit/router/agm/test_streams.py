"""Subscriptions and what is published to them."""

import pytest

from dash_interop.router.effects import Send
from dash_interop.router.limits import Limits
from dash_interop.wire.agm import (
    Accepted,
    AddInterest,
    DropSubscription,
    Event,
    Failure,
    MethodsRemoved,
    PeerRemoved,
    Post,
    Publish,
    RemoveInterest,
    Subscribe,
    Subscribed,
    SubscriptionCancelled,
    Unsubscribe,
)
from dash_interop.wire.envelope import Error, Success
from dash_interop.wire.login import Leave
from tests.support.room import Room, raw

PRICES = {"id": "0", "name": "Prices", "flags": {"streaming": True}}
INVALID = "agm.errors.subscription.invalid_subscription"
REMOVED = ("agm.peer-removed", "Peer has been removed")


def pair(limits=None):
    """A room with a publisher ``a`` and a subscriber ``b``."""
    room = Room(limits)
    return room, room.enter("a", "anna", PRICES), room.enter("b")


def subscribed(limits=None, stream_id="branch"):
    room, a, b = pair(limits)
    subscription = room.subscribe(("b", b), a)
    room.accept(("a", a), subscription, stream_id)
    return room, a, b, subscription


def event(peer, subscription, data, oob=False):
    return Event(peer, subscription, oob, raw(None), raw(None), raw(data))


def test_subscription_is_asked_of_the_publisher_then_accepted():
    room, a, b = pair()
    request = Subscribe(
        "s1", b, a, "0", arguments_kv=raw({"sym": "VOD"}), flags=raw({}), context=raw([])
    )
    (effect,) = room.handle("b", request)
    assert isinstance(effect, Send) and isinstance(effect.message, AddInterest)
    subscription = effect.message.subscription_id
    interest = AddInterest(
        a, subscription, "0", b, raw(None), raw({"sym": "VOD"}), raw({}), raw([])
    )
    assert effect == Send("a", interest)
    assert room.handle("a", Accepted(None, a, subscription, "branch")) == [
        Send("b", Subscribed("s1", b, subscription))
    ]


@pytest.mark.parametrize(
    "server, method, reason_uri, reason",
    [
        ("p-N-99", "0", "agm.errors.failure", "Unknown server"),
        (None, "9", "agm.errors.invocation.failure", "Unknown method 9"),
    ],
)
def test_subscription_to_nothing_is_an_error(server, method, reason_uri, reason):
    room, a, b = pair()
    assert room.handle("b", Subscribe("s1", b, server or a, method)) == [
        Send("b", Error("s1", b, reason_uri, reason, "agm"))
    ]


def test_more_subscriptions_than_a_peer_may_hold_are_refused():
    room, a, b, subscription = subscribed(Limits(subscriptions_per_peer=1))
    reason = "The limit of subscriptions for one peer is 1"
    assert room.handle("b", Subscribe("s2", b, a, "0")) == [
        Send("b", Error("s2", b, "global.errors.limits_exceeded", reason, "agm"))
    ]
    room.handle("b", Unsubscribe("u", b, subscription))
    assert room.subscribe(("b", b), a)


def test_rejected_subscription_is_gone():
    room, a, b = pair()
    subscription = room.subscribe(("b", b), a)
    assert room.handle("a", Failure(subscription, a, "my.uri", "No")) == [
        Send("b", Error("s1", b, "my.uri", "No", "agm"))
    ]
    assert room.router.counters()["subscriptions"] == 0
    assert room.handle("a", Accepted(None, a, subscription, "branch")) == []


def test_rejection_without_words_still_has_a_reason_uri():
    room, a, b = pair()
    subscription = room.subscribe(("b", b), a)
    assert room.handle("a", Failure(subscription, a)) == [
        Send("b", Error("s1", b, "agm.errors.subscription.failure", "", "agm"))
    ]


def test_error_after_accepting_cancels():
    room, a, b, subscription = subscribed()
    assert room.handle("a", Failure(subscription, a, "my.uri", "Late")) == [
        Send("b", SubscriptionCancelled(b, subscription, "my.uri", "Late"))
    ]
    assert room.handle("a", Publish(None, a, "branch", raw(1))) == []


def test_only_the_publisher_may_decide():
    room, a, b = pair()
    c = room.enter("c", "anna", PRICES)
    subscription = room.subscribe(("b", b), a)
    assert room.handle("c", Accepted(None, c, subscription, "branch")) == []
    (error,) = room.handle("c", Failure(subscription, c, "x", "forged"))
    assert error.connection == "c"
    assert room.handle("c", Post(None, c, subscription, raw(1))) == []
    (error,) = room.handle("c", DropSubscription(None, c, subscription))
    assert error.connection == "c"
    assert room.handle("a", Accepted(None, a, subscription, "branch")) == [
        Send("b", Subscribed("s1", b, subscription))
    ]


def test_accepting_without_a_stream_is_an_error():
    room, a, b = pair()
    subscription = room.subscribe(("b", b), a)
    assert room.handle("a", Accepted("x", a, subscription, None)) == [
        Send("a", Error("x", a, INVALID, "Accepted without a stream_id", "agm"))
    ]
    assert room.handle("a", Accepted(None, a, "s-N-99", None)) == []


def test_accepting_on_two_streams_feeds_from_both_once_each():
    room, a, b, subscription = subscribed(stream_id="one")
    for stream in ("two", "two"):
        assert room.handle("a", Accepted(None, a, subscription, stream)) == [
            Send("b", Subscribed("s1", b, subscription))
        ]
    for stream in ("one", "two"):
        assert room.handle("a", Publish(None, a, stream, raw(stream))) == [
            Send("b", event(b, subscription, stream))
        ]


def test_publish_reaches_each_subscription_of_its_stream_and_no_other():
    room, a, b, first = subscribed(stream_id="one")
    second = room.subscribe(("b", b), a, "s2")
    room.accept(("a", a), second, "one")
    c = room.enter("c")
    third = room.subscribe(("c", c), a)
    room.accept(("a", a), third, "two")
    undecided = room.subscribe(("c", c), a, "s2")
    message = Publish(None, a, "one", raw({"px": 1}), raw(5), raw(True))
    assert room.handle("a", message) == [
        Send("b", Event(b, first, False, raw(5), raw(True), raw({"px": 1}))),
        Send("b", Event(b, second, False, raw(5), raw(True), raw({"px": 1}))),
    ]
    assert undecided not in (first, second)


@pytest.mark.parametrize("stream_id", ["other", 1, None])
def test_publish_to_a_stream_without_subscriptions_is_ignored(stream_id):
    room, a, *_ = subscribed(stream_id="1")
    assert room.handle("a", Publish("x", a, stream_id, raw(1))) == []


def test_streams_of_two_publishers_do_not_mix():
    room, a, b, subscription = subscribed(stream_id="one")
    c = room.enter("c", "anna", PRICES)
    assert room.handle("c", Publish(None, c, "one", raw(1))) == []
    assert subscription


def test_post_reaches_one_subscription_out_of_band_even_before_it_is_accepted():
    room, a, b = pair()
    subscription = room.subscribe(("b", b), a)
    room.subscribe(("b", b), a, "s2")
    assert room.handle("a", Post(None, a, subscription, raw(1))) == [
        Send("b", event(b, subscription, 1, oob=True))
    ]
    assert room.handle("a", Post(None, a, "s-N-99", raw(1))) == []


def test_unsubscribing_tells_the_publisher_and_ends_the_events():
    room, a, b, subscription = subscribed()
    assert room.handle("b", Unsubscribe("u", b, subscription, "my.uri", "Enough")) == [
        Send("a", RemoveInterest(a, subscription, "0", b, "my.uri", "Enough")),
        Send("b", Success("u", b, "agm")),
    ]
    assert room.handle("a", Publish(None, a, "branch", raw(1))) == []
    assert room.handle("a", Post(None, a, subscription, raw(1))) == []


@pytest.mark.parametrize("whose", ["nobody's", "another's"])
def test_unsubscribing_what_one_does_not_hold_is_an_error(whose):
    room, a, b, subscription = subscribed()
    c = room.enter("c")
    wanted = subscription if whose == "another's" else "s-N-99"
    assert room.handle("c", Unsubscribe("u", c, wanted)) == [
        Send("c", Error("u", c, INVALID, "Unknown subscription", "agm"))
    ]
    assert room.router.counters()["subscriptions"] == 1


def test_publisher_drops_an_accepted_subscription():
    room, a, b, subscription = subscribed()
    assert room.handle("a", DropSubscription("d", a, subscription, "my.uri", "Closed")) == [
        Send("b", SubscriptionCancelled(b, subscription, "my.uri", "Closed"))
    ]
    assert room.router.counters()["subscriptions"] == 0


def test_publisher_may_not_drop_what_it_has_not_accepted():
    room, a, b = pair()
    subscription = room.subscribe(("b", b), a)
    reason = "The subscription was not accepted yet: answer with an error to refuse it"
    assert room.handle("a", DropSubscription("d", a, subscription)) == [
        Send("a", Error(subscription, a, INVALID, reason, "agm"))
    ]
    assert room.router.counters()["subscriptions"] == 1


def test_dropping_an_unknown_subscription_is_an_error_under_its_id():
    room, a, _ = pair()
    assert room.handle("a", DropSubscription("d", a, "s-N-99")) == [
        Send("a", Error("s-N-99", a, INVALID, "Unknown subscription", "agm"))
    ]


def test_publisher_hears_that_a_subscriber_left_and_why():
    room, a, b, subscription = subscribed()
    assert room.handle("b", Leave("l", b, "agm", "my.uri", "Lunch")) == [
        Send("a", RemoveInterest(a, subscription, "0", b, "my.uri", "Lunch")),
        Send("a", PeerRemoved(a, b, "my.uri", "Lunch")),
        Send("b", Success("l", b, "agm")),
    ]


@pytest.mark.parametrize("accepted", [True, False])
def test_subscriber_hears_that_the_publisher_left(accepted):
    room, a, b = pair()
    subscription = room.subscribe(("b", b), a)
    if accepted:
        room.accept(("a", a), subscription, "branch")
    assert room.disconnect("a") == [
        Send("b", SubscriptionCancelled(b, subscription, *REMOVED)),
        Send("b", MethodsRemoved(b, a, ["0"])),
        Send("b", PeerRemoved(b, a, *REMOVED)),
    ]


def test_subscriptions_at_other_publishers_stay_when_one_leaves():
    room, a, b, _ = subscribed()
    c = room.enter("c", "anna", PRICES)
    kept = room.subscribe(("b", b), c)
    room.accept(("c", c), kept, "branch")
    room.disconnect("a")
    assert room.handle("c", Publish(None, c, "branch", raw(1))) == [Send("b", event(b, kept, 1))]


def test_peer_may_subscribe_to_itself_and_leave():
    room, a, _ = pair()
    subscription = room.subscribe(("a", a), a)
    room.accept(("a", a), subscription, "branch")
    assert room.handle("a", Publish(None, a, "branch", raw(1))) == [
        Send("a", event(a, subscription, 1))
    ]
    effects = room.handle("a", Leave("l", a, "agm"))
    assert [effect for effect in effects if effect.connection == "a"] == [
        Send("a", Success("l", a, "agm"))
    ]
    assert room.router.counters()["subscriptions"] == 0


def test_events_keep_the_order_of_publishing():
    room, a, b, subscription = subscribed()
    sent = []
    for number in range(50):
        message = (
            Publish(None, a, "branch", raw(number))
            if number % 3
            else Post(None, a, subscription, raw(number))
        )
        sent += room.handle("a", message)
    assert sent == [
        Send("b", event(b, subscription, number, oob=not number % 3)) for number in range(50)
    ]
