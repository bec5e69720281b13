"""The subscriber's side of streams: how a subscription comes to be, what it gets, how it ends."""

from typing import Any

import pytest
from msgspec import Raw

from dash_interop.errors import InvocationError, SubscriptionError
from dash_interop.router.limits import Limits
from dash_interop.wire.agm import Event, SubscriptionCancelled
from tests.support.wired import DOWN, HARD_TO_READ, UP, Wired

OUTAGES = ["subscriber", "router, subscriber first", "router, publisher first"]


def company(*publishers: str, decides: bool = False) -> tuple[Any, ...]:
    """Publishers of ``Prices``, their streams, and a subscriber."""
    wired = Wired()
    peers = [wired.peer(name) for name in publishers]
    streams = [peer.create_stream("Prices", decides=decides) for peer in peers]
    return wired, wired.peer("subscriber"), *peers, *streams


def fail_and_mend(wired, outage, publisher, subscriber):
    if outage == "subscriber":
        wired.reconnect(subscriber)
    else:
        wired.restart()
        order = [subscriber, publisher]
        wired.connect(*(order if outage.endswith("subscriber first") else reversed(order)))


def events(peer, owner="subscription"):
    return [name for name, *_ in peer.heard(owner)]


def interests(wired):
    """Subscriptions that the router keeps."""
    return wired.router.counters()["subscriptions"]


# How it comes to be


def test_subscription_is_settled_when_the_publisher_has_accepted():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    line = subscriber.subscribe("prices", {"sym": "VOD"}, token="t")
    assert not subscriber.is_settled("t")
    assert (line.state, line.servers) == ("waiting", [])
    (interest,) = publisher.requests()
    assert interest.arguments == {"sym": "VOD"}
    publisher.accept(interest)
    assert subscriber.outcome("t") is line
    assert line.state == "open"
    assert [server["application"] for server in line.servers] == ["publisher"]
    ((event, server),) = subscriber.heard("subscription")
    assert (event, server["application"]) == ("connected", "publisher")
    assert (subscriber.timers(), subscriber.pending_requests()) == (0, 0)


def test_subscription_waits_for_a_publisher():
    wired = Wired()
    subscriber, publisher = wired.peer("subscriber"), wired.peer("publisher")
    line = subscriber.subscribe("Prices", wait_timeout=5)
    wired.tick(4)
    assert not subscriber.is_settled("subscription")
    publisher.create_stream("Prices")
    assert subscriber.outcome("subscription") is line
    wired.tick(100)
    assert line.state == "open"


@pytest.mark.parametrize("is_connected", [True, False])
def test_subscription_that_nobody_publishes_fails_in_words(is_connected):
    wired = Wired()
    subscriber = wired.peer("subscriber") if is_connected else wired.stranger("subscriber")
    line = subscriber.subscribe("Prices", None, {"application": "x"}, wait_timeout=2.5)
    wired.tick(2)
    assert not subscriber.is_settled("subscription")
    wired.tick(0.5)
    error = str(subscriber.error("subscription", SubscriptionError))
    if is_connected:
        assert error == (
            "No server offers the stream Prices for target {'application': 'x'} (waited 2.5 s)"
        )
    else:
        assert "there is no connection to the gateway" in error
    assert line.state == "closed"
    wired.peer("x").create_stream("Prices")
    assert events(subscriber) == []
    assert subscriber.timers() == 0


def test_subscription_asked_for_during_an_outage_waits_for_the_connection():
    wired, subscriber, publisher, stream = company("publisher")
    wired.cut(subscriber)
    line = subscriber.subscribe("Prices", wait_timeout=5)
    wired.tick(4)
    wired.connect(subscriber)
    assert subscriber.outcome("subscription") is line


def test_subscription_that_waits_for_a_publisher_survives_an_outage():
    wired = Wired()
    subscriber = wired.peer("subscriber")
    line = subscriber.subscribe("Prices", wait_timeout=5)
    wired.reconnect(subscriber)
    wired.peer("publisher").create_stream("Prices")
    assert subscriber.outcome("subscription") is line


@pytest.mark.parametrize("waits", [True, False])
def test_method_is_not_subscribed_to(waits):
    wired = Wired()
    subscriber, server = wired.peer("subscriber"), wired.peer("server")
    if waits:
        subscriber.subscribe("Sum")
        server.register("Sum")
    else:
        server.register("Sum")
        subscriber.subscribe("Sum")
    reason = "Sum is a method, not a stream: invoke it"
    assert str(subscriber.error("subscription", SubscriptionError)) == reason
    assert subscriber.timers() == 0


def test_target_that_is_none_is_refused_at_once():
    wired, subscriber, publisher, stream = company("publisher")
    with pytest.raises(InvocationError, match="Unknown target 'bset'"):
        subscriber.subscribe("Prices", None, "bset")
    assert subscriber.settled == {}
    wired.reconnect(subscriber)
    assert interests(wired) == 0


def test_rejection_says_why():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    line = subscriber.subscribe("Prices")
    publisher.reject(publisher.requests()[0], "Not you")
    assert str(subscriber.error("subscription", SubscriptionError)) == "Not you"
    assert line.state == "closed"
    assert events(subscriber) == []
    wired.reconnect(subscriber)
    assert len(publisher.requests()) == 1


def test_rejection_without_a_reason_has_words():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    subscriber.subscribe("Prices")
    publisher.reject(publisher.requests()[0], "")
    error = subscriber.error("subscription", SubscriptionError)
    assert str(error) == "The publisher gave no reason"


def test_publisher_that_does_not_answer_is_waited_for_in_vain():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    line = subscriber.subscribe("Prices", response_timeout=5)
    wired.tick(4)
    assert not subscriber.is_settled("subscription")
    wired.tick(1)
    error = subscriber.error("subscription", SubscriptionError)
    assert str(error) == "Nobody accepted the subscription to Prices within 5 s"
    assert (line.state, subscriber.timers()) == ("closed", 0)


def test_late_accept_is_unsubscribed():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    subscriber.subscribe("Prices", response_timeout=5)
    wired.tick(5)
    (interest,) = publisher.requests()
    publisher.accept(interest)
    assert publisher.heard("stream", "added", "removed") == [
        ("added", interest),
        ("removed", interest),
    ]
    publisher.push(stream, {"px": 1})
    assert (interests(wired), stream.branches) == (0, {})
    assert (events(subscriber), subscriber.pending_requests()) == ([], 0)
    assert len(subscriber.settled["subscription"]) == 1


def test_late_rejection_is_of_no_consequence():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    subscriber.subscribe("Prices", response_timeout=5)
    wired.tick(5)
    publisher.reject(publisher.requests()[0], "No")
    assert len(subscriber.settled["subscription"]) == 1
    assert (events(subscriber), subscriber.pending_requests()) == ([], 0)


def test_subscription_that_is_closed_before_it_is_accepted_is_unsubscribed_then():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    line = subscriber.subscribe("Prices")
    subscriber.close(line)
    assert subscriber.timers() == 0
    publisher.accept(publisher.requests()[0])
    assert (interests(wired), stream.branches) == (0, {})
    assert events(subscriber) == []


def test_subscription_that_is_closed_while_it_waits_is_never_made():
    wired = Wired()
    subscriber, publisher = wired.peer("subscriber"), wired.peer("publisher")
    subscriber.close(subscriber.subscribe("Prices"))
    assert subscriber.timers() == 0
    publisher.create_stream("Prices")
    assert publisher.heard("stream") == []


def test_connection_lost_before_the_answer_fails_it():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    subscriber.subscribe("Prices")
    wired.cut(subscriber)
    reason = "The connection was lost before the publisher answered"
    assert str(subscriber.error("subscription", SubscriptionError)) == reason
    wired.connect(subscriber)
    wired.tick(100)
    assert len(subscriber.settled["subscription"]) == 1
    assert subscriber.timers() == 0
    assert interests(wired) == 0


@pytest.mark.parametrize("how", ["leaves", "closes the stream"])
def test_publisher_that_goes_before_it_answers_fails_the_request_at_once(how):
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    subscriber.subscribe("Prices")
    if how == "leaves":
        wired.cut(publisher)
    else:
        publisher.close_stream(stream)
    assert subscriber.is_settled("subscription"), "it is left to wait for an answer"
    subscriber.error("subscription", SubscriptionError)
    assert (subscriber.timers(), subscriber.pending_requests()) == (0, 0)


def test_request_that_crosses_the_end_of_its_stream_fails_at_once():
    wired, subscriber, publisher, stream = company("publisher")
    wired.hold(publisher, DOWN)
    subscriber.subscribe("Prices")
    publisher.close_stream(stream)
    wired.release(publisher)
    assert subscriber.is_settled("subscription"), "it is left to wait for an answer"
    subscriber.error("subscription", SubscriptionError)


def test_too_many_subscriptions_are_refused_by_the_gateway():
    wired = Wired(Limits(subscriptions_per_peer=1))
    wired.peer("publisher").create_stream("Prices")
    subscriber = wired.peer("subscriber")
    first = subscriber.subscribe("Prices", owner="first")
    subscriber.subscribe("Prices", owner="second")
    error = subscriber.error("second", SubscriptionError)
    assert str(error) == "The limit of subscriptions for one peer is 1"
    assert first.state == "open"


# Several publishers


def test_best_publisher_is_subscribed_to():
    wired, subscriber, one, two, *_ = company("one", "two")
    subscriber.subscribe("Prices")
    assert (events(one, "stream"), events(two, "stream")) == (["added"], [])


def test_data_of_all_publishers_come_with_their_names():
    wired, subscriber, one, two, first, second = company("one", "two")
    line = subscriber.subscribe("Prices", {"a": 1}, "all")
    assert [server["application"] for server in line.servers] == ["one", "two"]
    two.push(second, {"px": 2})
    one.push(first, {"px": 1})
    assert [
        (event[1].server["application"], event[1].data, event[1].request_arguments)
        for event in subscriber.heard("subscription", "data")
    ] == [("two", {"px": 2}, {"a": 1}), ("one", {"px": 1}, {"a": 1})]


def test_first_publisher_to_accept_opens_it_and_the_others_join():
    wired, subscriber, one, two, *_ = company("one", "two", decides=True)
    line = subscriber.subscribe("Prices", None, "all")
    two.accept(two.requests()[0])
    assert subscriber.outcome("subscription") is line
    one.accept(one.requests()[0])
    assert len(subscriber.settled["subscription"]) == 1
    assert [server["application"] for _, server in subscriber.heard("subscription")] == [
        "two",
        "one",
    ]
    assert subscriber.timers() == 0


def test_rejection_of_one_is_of_no_consequence_while_another_accepts():
    wired, subscriber, one, two, *_ = company("one", "two", decides=True)
    line = subscriber.subscribe("Prices", None, "all")
    one.reject(one.requests()[0], "No")
    assert not subscriber.is_settled("subscription")
    two.accept(two.requests()[0])
    assert subscriber.outcome("subscription") is line
    assert (line.state, events(subscriber)) == ("open", ["connected"])


def test_rejection_by_all_is_the_first_one():
    wired, subscriber, one, two, *_ = company("one", "two", decides=True)
    subscriber.subscribe("Prices", None, "all")
    two.reject(two.requests()[0], "Not at two")
    one.reject(one.requests()[0], "Not at one")
    assert str(subscriber.error("subscription", SubscriptionError)) == "Not at two"


def test_publisher_that_does_not_answer_is_left_out():
    wired, subscriber, one, two, first, second = company("one", "two", decides=True)
    line = subscriber.subscribe("Prices", None, "all", response_timeout=5)
    one.accept(one.requests()[0])
    wired.tick(5)
    assert line.state == "open"
    two.accept(two.requests()[0])
    assert interests(wired) == 1
    one.push(first, {"px": 1})
    two.push(second, {"px": 2})
    assert subscriber.data("subscription") == [{"px": 1}]
    wired.cut(one)
    assert (line.state, events(subscriber)) == ("closed", ["connected", "data", "closed"])


def test_subscription_is_closed_when_its_last_publisher_is_gone():
    wired, subscriber, one, two, *_ = company("one", "two")
    line = subscriber.subscribe("Prices", None, "all")
    wired.cut(one)
    assert (line.state, events(subscriber)) == ("open", ["connected", "connected"])
    wired.cut(two)
    assert (line.state, events(subscriber)[2:]) == ("closed", ["closed"])


# What it gets


def test_data_come_in_the_order_of_the_pushes():
    wired, subscriber, publisher, stream = company("publisher")
    subscriber.subscribe("Prices")
    wired.hold(publisher, UP)
    for n in range(50):
        publisher.push(stream, {"n": n})
    wired.release(publisher)
    assert subscriber.data("subscription") == [{"n": n} for n in range(50)]


def test_subscriptions_of_one_peer_do_not_mix():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    subscriber.subscribe("Prices", {"key": "eu"}, owner="eu")
    subscriber.subscribe("Prices", {"key": "us"}, owner="us")
    for interest in publisher.requests():
        publisher.accept(interest, interest.arguments["key"])
    publisher.push(stream, {"px": 1}, "eu")
    publisher.push(stream, {"px": 2}, "us")
    assert (subscriber.data("eu"), subscriber.data("us")) == ([{"px": 1}], [{"px": 2}])


def test_peer_subscribes_to_its_own_stream():
    wired, subscriber, publisher, stream = company("publisher")
    publisher.subscribe("Prices")
    publisher.push(stream, {"px": 1})
    assert publisher.data("subscription") == [{"px": 1}]
    wired.restart()
    wired.connect(publisher)
    publisher.push(stream, {"px": 2})
    assert publisher.data("subscription") == [{"px": 1}, {"px": 2}]


@pytest.mark.parametrize("value", HARD_TO_READ.values(), ids=HARD_TO_READ.keys())
def test_data_that_are_hard_to_read_do_no_harm(value):
    """Any publisher may push them, in JSON that is correct."""
    wired, subscriber, publisher, stream = company("publisher")
    subscriber.subscribe("Prices")
    raw = Raw(f'{{"value":{value}}}'.encode())
    publisher.ask(lambda: publisher.agm.publishing.push(stream, raw, None))
    publisher.push(stream, {"px": 1})
    assert subscriber.data("subscription")[-1] == {"px": 1}


def test_event_of_an_unknown_subscription_is_ignored_and_counted():
    wired, subscriber, publisher, stream = company("publisher")
    null = Raw(b"null")
    wired.say(subscriber, Event(subscriber.id, "no such", False, null, null, Raw(b"{}")))
    assert subscriber.session.link.ignored_answers == 1
    wired.say(subscriber, SubscriptionCancelled(subscriber.id, "no such", None, None))
    assert subscriber.state == "connected"


# How it ends


def test_closed_subscription_gets_nothing_more():
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices")
    publisher.push(stream, {"px": 1})
    subscriber.close(line)
    publisher.push(stream, {"px": 2})
    assert subscriber.data("subscription") == [{"px": 1}]
    assert events(subscriber) == ["connected", "data"]
    assert (line.state, interests(wired), subscriber.pending_requests()) == ("closed", 0, 0)
    subscriber.close(line)
    wired.reconnect(subscriber)
    assert interests(wired) == 0


def test_data_that_cross_the_end_of_a_subscription_are_ignored():
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices")
    wired.hold(subscriber, DOWN)
    publisher.push(stream, {"px": 1})
    before = subscriber.session.link.ignored_answers
    subscriber.close(line)
    wired.release(subscriber)
    assert subscriber.data("subscription") == []
    assert subscriber.session.link.ignored_answers == before + 1


def test_closing_of_one_subscription_leaves_the_other_open():
    wired, subscriber, publisher, stream = company("publisher")
    first = subscriber.subscribe("Prices", owner="first")
    second = subscriber.subscribe("Prices", owner="second")
    subscriber.close(first)
    publisher.push(stream, {"px": 1})
    assert (second.state, subscriber.data("second")) == ("open", [{"px": 1}])


@pytest.mark.parametrize("how", ["leaves", "closes the stream", "closes the subscription"])
def test_publisher_that_goes_closes_the_subscription_once(how):
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices")
    if how == "leaves":
        wired.cut(publisher)
    elif how == "closes the stream":
        publisher.close_stream(stream)
    else:
        publisher.close_interests(publisher.heard("stream", "added")[0][1])
    assert events(subscriber) == ["connected", "closed"]
    assert (line.state, line.servers) == ("closed", [])
    wired.reconnect(subscriber)
    assert events(subscriber) == ["connected", "closed"]
    assert (subscriber.timers(), interests(wired)) == (0, 0)


def test_crossing_ends_of_both_sides_do_no_harm():
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices")
    wired.hold(subscriber, UP)
    subscriber.close(line)
    publisher.close_stream(stream)
    wired.release(subscriber)
    assert events(subscriber) == ["connected"]
    assert (subscriber.pending_requests(), interests(wired)) == (0, 0)


# Outages


@pytest.mark.parametrize("outage", OUTAGES)
def test_open_subscription_is_open_again_after_an_outage(outage):
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices", {"sym": "VOD"})
    publisher.push(stream, {"n": 1})
    fail_and_mend(wired, outage, publisher, subscriber)
    publisher.push(stream, {"n": 2})
    publisher.push(stream, {"n": 3})
    assert subscriber.data("subscription") == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert events(subscriber) == ["connected", "data", "waiting", "connected", "data", "data"]
    assert len(subscriber.settled["subscription"]) == 1
    assert (line.state, interests(wired)) == ("open", 1)
    assert publisher.heard("stream", "added")[-1][1].arguments == {"sym": "VOD"}
    assert subscriber.timers() == 0


@pytest.mark.parametrize("outage", OUTAGES)
def test_subscription_outlives_many_outages(outage):
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices")
    for n in range(5):
        fail_and_mend(wired, outage, publisher, subscriber)
        publisher.push(stream, {"n": n})
    assert subscriber.data("subscription") == [{"n": n} for n in range(5)]
    assert (line.state, interests(wired)) == ("open", 1)


def test_subscription_waits_for_its_publisher_after_an_outage_as_long_as_it_takes():
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices", wait_timeout=1, response_timeout=1)
    wired.restart()
    wired.connect(subscriber)
    wired.tick(1000)
    assert line.state == "waiting"
    wired.reconnect(subscriber)
    wired.connect(publisher)
    assert line.state == "open"
    publisher.push(stream, {"px": 1})
    assert subscriber.data("subscription") == [{"px": 1}]


def test_subscription_that_is_closed_during_an_outage_is_not_made_again():
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices")
    wired.cut(subscriber)
    subscriber.close(line)
    wired.connect(subscriber)
    assert (interests(wired), events(subscriber)) == (0, ["connected", "waiting"])


def test_refusal_after_an_outage_fails_the_subscription():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    line = subscriber.subscribe("Prices")
    publisher.accept(publisher.requests()[0])
    wired.reconnect(subscriber)
    publisher.reject(publisher.requests()[1], "Not again")
    ((_, error),) = subscriber.heard("subscription", "failed")
    assert type(error) is SubscriptionError
    assert str(error) == "Not again"
    assert line.state == "closed"
    assert len(subscriber.settled["subscription"]) == 1


def test_silence_after_an_outage_fails_the_subscription():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    line = subscriber.subscribe("Prices", response_timeout=5)
    publisher.accept(publisher.requests()[0])
    wired.reconnect(subscriber)
    wired.tick(5)
    assert events(subscriber)[1:] == ["waiting", "failed"]
    assert line.state == "closed"
    publisher.accept(publisher.requests()[1])
    assert interests(wired) == 0


def test_stream_that_came_back_as_a_method_fails_the_subscription():
    wired, subscriber, publisher, stream = company("publisher")
    subscriber.subscribe("Prices")
    wired.cut(subscriber)
    publisher.close_stream(stream)
    publisher.register("Prices")
    wired.connect(subscriber)
    assert events(subscriber) == ["connected", "waiting", "failed"]


def test_outage_while_it_is_made_again_begins_anew():
    wired, subscriber, publisher, stream = company("publisher", decides=True)
    line = subscriber.subscribe("Prices", response_timeout=5)
    publisher.accept(publisher.requests()[0])
    wired.reconnect(subscriber)
    wired.tick(3)
    wired.reconnect(subscriber)
    wired.tick(3)
    assert line.state == "waiting"
    publisher.accept(publisher.requests()[2])
    assert (line.state, events(subscriber)) == ("open", ["connected", "waiting", "connected"])


def test_refusal_of_one_publisher_does_not_end_what_another_outage_interrupts():
    wired, subscriber, one, two, *_ = company("one", "two", decides=True)
    line = subscriber.subscribe("Prices", None, "all")
    one.accept(one.requests()[0])
    two.accept(two.requests()[0])
    wired.reconnect(subscriber)
    one.reject(one.requests()[1], "Not now")
    wired.reconnect(subscriber)
    two.accept(two.requests()[2])
    assert events(subscriber) == ["connected", "connected", "waiting", "connected"]
    assert line.state == "open"


def test_data_of_the_earlier_connection_are_not_told_after_an_outage():
    wired, subscriber, publisher, stream = company("publisher")
    subscriber.subscribe("Prices")
    wired.hold(subscriber, DOWN)
    publisher.push(stream, {"n": 1})
    wired.cut(subscriber)
    subscriber.held.clear()
    publisher.push(stream, {"n": 2})
    wired.connect(subscriber)
    publisher.push(stream, {"n": 3})
    assert subscriber.data("subscription") == [{"n": 3}]


# Following a publisher

HOW_IT_GOES = ["leaves", "closes the stream"]


class Restarting:
    """A publisher of ``Prices`` that comes and goes."""

    def __init__(self, wired, how, *, decides=False, name="publisher"):
        self.wired, self.how, self.decides = wired, how, decides
        self.peer = wired.peer(name)
        self.stream = self.peer.create_stream("Prices", decides=decides)

    def go(self):
        if self.how == "leaves":
            self.wired.cut(self.peer)
        else:
            self.peer.close_stream(self.stream)

    def come_back(self):
        if self.how == "leaves":
            self.wired.connect(self.peer)
        else:
            self.stream = self.peer.create_stream("Prices", decides=self.decides)

    def push(self, data):
        self.peer.push(self.stream, data)


@pytest.mark.parametrize("how", HOW_IT_GOES)
@pytest.mark.parametrize("target", [None, "all", {"application": "publisher"}])
def test_follower_goes_on_whenever_its_publisher_comes_back(how, target):
    wired = Wired()
    subscriber, publisher = wired.peer("subscriber"), Restarting(wired, how)
    line = subscriber.subscribe("Prices", {"sym": "VOD"}, target, follows=True)
    for n in range(3):
        publisher.push({"n": n})
        publisher.go()
        assert (line.state, line.servers) == ("waiting", [])
        wired.tick(1000)
        publisher.come_back()
        assert line.state == "open"
    assert events(subscriber) == ["connected"] + ["data", "waiting", "connected"] * 3
    assert subscriber.data("subscription") == [{"n": n} for n in range(3)]
    assert len(subscriber.settled["subscription"]) == 1
    assert (interests(wired), subscriber.timers()) == (1, 0)
    subscriber.close(line)
    assert (interests(wired), subscriber.pending_requests()) == (0, 0)


def test_follower_is_there_before_its_publisher():
    wired = Wired()
    subscriber = wired.peer("subscriber")
    line = subscriber.subscribe("Prices", follows=True, wait_timeout=2)
    wired.tick(1)
    assert not subscriber.is_settled("subscription"), "a refusal could not be raised any more"
    wired.tick(1)
    assert subscriber.outcome("subscription") is line
    assert (line.state, events(subscriber), subscriber.timers()) == ("waiting", [], 0)
    wired.tick(1000)
    publisher = Restarting(wired, "leaves")
    publisher.push({"n": 1})
    assert (line.state, subscriber.data("subscription")) == ("open", [{"n": 1}])
    assert len(subscriber.settled["subscription"]) == 1


def test_follower_without_a_connection_waits_for_it():
    wired = Wired()
    subscriber = wired.stranger("subscriber")
    line = subscriber.subscribe("Prices", follows=True, wait_timeout=0)
    wired.tick(0)
    assert subscriber.outcome("subscription") is line
    publisher = Restarting(wired, "leaves")
    wired.connect(subscriber)
    assert line.state == "open"
    publisher.push({"n": 1})
    assert subscriber.data("subscription") == [{"n": 1}]


@pytest.mark.parametrize("how", HOW_IT_GOES)
def test_follower_of_the_best_publisher_goes_over_to_the_next_one(how):
    wired = Wired()
    first, second = Restarting(wired, how, name="first"), Restarting(wired, how, name="second")
    subscriber = wired.peer("subscriber")
    line = subscriber.subscribe("Prices", follows=True)
    first.go()
    assert [server["application"] for server in line.servers] == ["second"]
    assert events(subscriber) == ["connected", "waiting", "connected"]
    first.come_back()
    second.push({"n": 2})
    assert subscriber.data("subscription") == [{"n": 2}]
    assert interests(wired) == 1


@pytest.mark.parametrize("how", HOW_IT_GOES)
def test_follower_of_all_waits_when_the_last_one_is_gone(how):
    wired = Wired()
    one, two = Restarting(wired, how, name="one"), Restarting(wired, how, name="two")
    subscriber = wired.peer("subscriber")
    line = subscriber.subscribe("Prices", None, "all", follows=True)
    one.go()
    assert line.state == "open"
    two.go()
    assert line.state == "waiting"
    two.come_back()
    one.come_back()
    assert [server["application"] for server in line.servers] == ["two", "one"]
    assert events(subscriber) == ["connected", "connected", "waiting", "connected", "connected"]
    assert interests(wired) == 2


def follow_one_that_decides(wired, how, is_in_hand):
    """A follower that asks its publisher when it is in hand, or while somebody waits for it."""
    subscriber = wired.peer("subscriber")
    publisher = None if is_in_hand else Restarting(wired, how, decides=True)
    wait = 0 if is_in_hand else 30
    line = subscriber.subscribe("Prices", follows=True, wait_timeout=wait, response_timeout=5)
    wired.tick(0)
    assert subscriber.is_settled("subscription") == is_in_hand
    return subscriber, line, publisher or Restarting(wired, how, decides=True)


@pytest.mark.parametrize("how", HOW_IT_GOES)
@pytest.mark.parametrize("is_in_hand", [True, False])
def test_publisher_that_goes_before_it_answers_is_waited_for_by_a_follower(how, is_in_hand):
    wired = Wired()
    subscriber, line, publisher = follow_one_that_decides(wired, how, is_in_hand)
    publisher.go()
    assert (line.state, subscriber.is_settled("subscription")) == ("waiting", is_in_hand)
    publisher.come_back()
    publisher.peer.accept(publisher.peer.requests()[-1])
    assert (line.state, events(subscriber)) == ("open", ["connected"])
    assert subscriber.outcome("subscription") is line


def test_time_to_wait_goes_on_while_publishers_come_and_go():
    wired = Wired()
    subscriber, publisher = wired.peer("subscriber"), Restarting(wired, "leaves", decides=True)
    line = subscriber.subscribe("Prices", follows=True, wait_timeout=10)
    for _ in range(2):
        wired.tick(4)
        publisher.go()
        wired.reconnect(subscriber)
        publisher.come_back()
    publisher.go()
    wired.tick(1.9)
    assert not subscriber.is_settled("subscription")
    wired.tick(0.1)
    assert (subscriber.outcome("subscription"), line.state) == (line, "waiting")


@pytest.mark.parametrize("is_in_hand", [True, False])
@pytest.mark.parametrize("how", ["refuses", "is silent"])
def test_what_a_publisher_says_ends_a_follower(how, is_in_hand):
    wired = Wired()
    subscriber, line, publisher = follow_one_that_decides(wired, "leaves", is_in_hand)
    if how == "refuses":
        publisher.peer.reject(publisher.peer.requests()[0], "Not you")
    else:
        wired.tick(5)
    if is_in_hand:
        ((event, error),) = subscriber.heard("subscription")
        assert (event, type(error)) == ("failed", SubscriptionError)
    else:
        error = subscriber.error("subscription", SubscriptionError)
    silence = "Nobody accepted the subscription to Prices within 5 s"
    assert str(error) == ("Not you" if how == "refuses" else silence)
    publisher.go()
    publisher.come_back()
    assert (line.state, len(publisher.peer.requests())) == ("closed", 1)


def test_follower_that_the_publisher_closes_is_closed():
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices", follows=True)
    publisher.close_interests(publisher.heard("stream", "added")[0][1])
    assert (line.state, events(subscriber)) == ("closed", ["connected", "closed"])
    publisher.register("Other")
    assert interests(wired) == 0


def test_publisher_that_closes_one_of_several_is_not_asked_again():
    wired, subscriber, one, two, *_ = company("one", "two")
    line = subscriber.subscribe("Prices", None, "all")
    one.close_interests(one.heard("stream", "added")[0][1])
    two.register("Other")
    assert [server["application"] for server in line.servers] == ["two"]


def test_follower_of_all_does_not_ask_again_who_refused():
    wired = Wired()
    refusing = Restarting(wired, "leaves", decides=True, name="refusing")
    willing = Restarting(wired, "leaves", name="willing")
    subscriber = wired.peer("subscriber")
    line = subscriber.subscribe("Prices", None, "all", follows=True)
    refusing.peer.reject(refusing.peer.requests()[0], "Not you")
    willing.go()
    assert (line.state, len(refusing.peer.requests())) == ("waiting", 1)
    willing.come_back()
    assert [server["application"] for server in line.servers] == ["willing"]
    assert len(refusing.peer.requests()) == 1


def test_stream_that_comes_as_a_method_ends_a_follower():
    wired = Wired()
    subscriber, server = wired.peer("subscriber"), wired.peer("server")
    line = subscriber.subscribe("Sum", follows=True, wait_timeout=0)
    wired.tick(0)
    server.register("Sum")
    assert (line.state, events(subscriber)) == ("closed", ["failed"])


@pytest.mark.parametrize("is_settled", [True, False])
def test_follower_is_unsubscribed_while_it_waits(is_settled):
    wired = Wired()
    subscriber = wired.peer("subscriber")
    line = subscriber.subscribe("Prices", follows=True, wait_timeout=0 if is_settled else 5)
    wired.tick(0)
    subscriber.close(line)
    publisher = Restarting(wired, "leaves")
    wired.reconnect(subscriber)
    wired.tick(10)
    assert (line.state, events(subscriber)) == ("closed", [])
    assert publisher.peer.heard("stream") == []
    assert (subscriber.timers(), subscriber.is_settled("subscription")) == (0, is_settled)


@pytest.mark.parametrize("outage", OUTAGES)
def test_follower_outlives_outages(outage):
    wired, subscriber, publisher, stream = company("publisher")
    line = subscriber.subscribe("Prices", follows=True)
    for n in range(3):
        fail_and_mend(wired, outage, publisher, subscriber)
        publisher.push(stream, {"n": n})
    assert subscriber.data("subscription") == [{"n": n} for n in range(3)]
    assert (line.state, interests(wired)) == ("open", 1)
    assert events(subscriber) == ["connected"] + ["waiting", "connected", "data"] * 3


def test_newcomer_that_leaves_unheard_is_asked_once_when_it_is_back():
    wired = Wired()
    first = Restarting(wired, "leaves", name="first")
    subscriber = wired.peer("subscriber")
    line = subscriber.subscribe("Prices", None, "all", follows=True)
    second = Restarting(wired, "leaves", decides=True, name="second")
    first.go()
    second.go()
    assert (line.state, events(subscriber)) == ("waiting", ["connected", "waiting"])
    second.come_back()
    assert len(second.peer.requests()) == 2
    second.peer.accept(second.peer.requests()[1])
    assert (line.state, interests(wired)) == ("open", 1)
