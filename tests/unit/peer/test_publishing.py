"""The publisher's side of streams: requests, branches, pushes, and the ends of subscriptions."""

import json

import pytest
from msgspec import Raw

from dash_interop.errors import RegistrationError, SubscriptionError
from dash_interop.router.limits import Limits
from dash_interop.wire.agm import AddInterest, RemoveInterest
from dash_interop.wire.envelope import NULL
from tests.support.wired import DOWN, HARD_TO_READ, UP, Wired


def published(*subscribers, decides=False):
    """A publisher of ``Prices``, its stream, and peers that subscribe to it."""
    wired = Wired()
    publisher = wired.peer("publisher")
    stream = publisher.create_stream("Prices", decides=decides)
    peers = [wired.peer(name) for name in subscribers]
    for peer in peers:
        peer.subscribe("Prices", {"name": peer.name}, owner=peer.name)
    return wired, publisher, stream, *peers


def asked(publisher):
    return [interest.arguments["name"] for interest in publisher.requests()]


def present(stream):
    """Who is on which branch."""
    return {
        key: [interest.arguments["name"] for interest in branch.values()]
        for key, branch in stream.branches.items()
    }


def sent(peer):
    """The types of the frames that wait to leave."""
    return [json.loads(frame)["type"] for frame in peer.frames[UP]]


# Creating


def test_stream_is_settled_when_the_gateway_has_confirmed_it():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    wired.hold(a, DOWN)
    a.create_stream("Prices", token="t")
    assert not a.is_settled("t")
    wired.release(a)
    assert a.outcome("t") is None
    (method,) = b.agm.directory.methods()
    assert method.supports_streaming


def test_stream_and_method_do_not_share_a_name():
    a = Wired().peer("a")
    a.create_stream("Prices")
    with pytest.raises(RegistrationError, match="prices is registered already"):
        a.register("prices")


def test_stream_that_could_not_be_created_takes_no_subscribers():
    wired = Wired()
    publisher, subscriber = wired.peer("publisher"), wired.peer("subscriber")
    wired.hold(publisher, DOWN)
    publisher.create_stream("Prices", token="t", timeout=5)
    subscriber.subscribe("Prices")
    wired.tick(5)
    publisher.error("t", RegistrationError)
    wired.release(publisher)
    assert publisher.heard("stream") == []


def test_refused_stream_leaves_nothing_behind():
    wired = Wired(Limits(methods_per_peer=1))
    publisher = wired.peer("publisher")
    publisher.register("Sum")
    stream = publisher.create_stream("Prices", token="t")
    publisher.error("t", RegistrationError)
    wired.hold(publisher, UP)
    interest = AddInterest(publisher.id, "s", stream.id, "p", NULL, NULL, NULL, NULL)
    wired.say(publisher, interest)
    assert sent(publisher) == ["error"]
    assert publisher.heard("stream") == []


# Requests


def test_subscribers_are_accepted_as_they_come_where_nobody_decides():
    wired, publisher, stream, a, b = published("a", "b")
    assert [event for event, _ in publisher.heard("stream")] == ["added", "added"]
    assert present(stream) == {"": ["a", "b"]}
    (_, interest), _ = publisher.heard("stream")
    assert interest.instance["application"] == "a"
    assert interest.branch_key == ""


def test_request_waits_for_the_publishers_decision():
    wired, publisher, stream, a = published("a", decides=True)
    assert asked(publisher) == ["a"]
    assert (publisher.heard("stream", "added"), present(stream)) == ([], {})
    (interest,) = publisher.requests()
    assert interest.instance["application"] == "a"
    assert interest.branch_key is None
    publisher.accept(interest)
    assert publisher.heard("stream", "added") == [("added", interest)]
    assert present(stream) == {"": ["a"]}
    assert a.is_settled("a")


def test_request_is_accepted_on_a_branch():
    wired, publisher, stream, a, b, c = published("a", "b", "c", decides=True)
    for interest, key in zip(publisher.requests(), ["eu", "us", "eu"], strict=True):
        publisher.accept(interest, key)
    assert present(stream) == {"eu": ["a", "c"], "us": ["b"]}


def test_request_is_rejected_with_a_reason():
    wired, publisher, stream, a = published("a", decides=True)
    publisher.reject(publisher.requests()[0], "Not you")
    assert str(a.error("a", SubscriptionError)) == "Not you"
    assert publisher.heard("stream", "added", "removed") == []
    assert (stream.interests, stream.branches) == ({}, {})
    assert wired.router.counters()["subscriptions"] == 0


@pytest.mark.parametrize("first", ["accept", "reject"])
@pytest.mark.parametrize("second", ["accept", "reject"])
def test_request_is_answered_once(first, second):
    wired, publisher, stream, a = published("a", decides=True)
    (interest,) = publisher.requests()
    answers = {
        "accept": lambda: publisher.accept(interest, "key"),
        "reject": lambda: publisher.reject(interest, "No"),
    }
    answers[first]()
    wired.hold(publisher, UP)
    with pytest.raises(SubscriptionError, match="answered already"):
        answers[second]()
    assert sent(publisher) == []
    assert present(stream) == ({"key": ["a"]} if first == "accept" else {})


@pytest.mark.parametrize("how", ["accept", "reject"])
@pytest.mark.parametrize("why", ["subscriber left", "publisher was away"])
def test_answer_to_a_request_that_is_gone_is_none(how, why):
    wired, publisher, stream, a = published("a", decides=True)
    (interest,) = publisher.requests()
    if why == "subscriber left":
        wired.cut(a)
    else:
        wired.reconnect(publisher)
    wired.hold(publisher, UP)
    if how == "accept":
        publisher.accept(interest)
    else:
        publisher.reject(interest, "No")
    assert sent(publisher) == []
    assert present(stream) == {}
    assert publisher.heard("stream", "added", "removed") == []


def test_request_for_what_is_not_offered_is_refused():
    wired, publisher, stream = published()
    method = publisher.register("Sum")
    for method_id in ("no such", method.id):
        wired.hold(publisher, UP)
        interest = AddInterest(publisher.id, "s", method_id, "p", NULL, NULL, NULL, NULL)
        wired.say(publisher, interest)
        refusal = json.loads(publisher.frames[UP].pop())
        assert (refusal["type"], refusal["request_id"]) == ("error", "s")
        assert refusal["reason"] == "The stream is no longer offered"
        publisher.held.clear()


@pytest.mark.parametrize("arguments", ["null", "[1]", "5"])
def test_request_with_arguments_that_are_no_object_has_none(arguments):
    wired, publisher, stream = published(decides=True)
    raw = Raw(arguments.encode())
    wired.say(publisher, AddInterest(publisher.id, "s", stream.id, "p", NULL, raw, NULL, NULL))
    (interest,) = publisher.requests()
    assert interest.arguments == {}
    assert interest.instance == {"peerId": "p"}


@pytest.mark.parametrize("value", HARD_TO_READ.values(), ids=HARD_TO_READ.keys())
def test_request_that_is_hard_to_read_does_no_harm(value):
    """Any peer of the user may send it, in JSON that is correct."""
    wired, publisher, stream = published()
    raw = Raw(f'{{"value":{value}}}'.encode())
    wired.say(publisher, AddInterest(publisher.id, "s", stream.id, "p", NULL, raw, NULL, NULL))
    subscriber = wired.peer("subscriber")
    assert subscriber.subscribe("Prices").state == "open"


def test_end_of_a_subscription_that_nobody_knows_does_no_harm():
    wired, publisher, stream, a = published("a")
    for method_id, id in [(stream.id, "no such"), ("no such", "s")]:
        wired.say(publisher, RemoveInterest(publisher.id, id, method_id, a.id, None, None))
    assert present(stream) == {"": ["a"]}


# Pushing


def test_push_reaches_all_branches():
    wired, publisher, stream, a, b, c = published("a", "b", "c", decides=True)
    for interest, key in zip(publisher.requests(), ["eu", "us", "eu"], strict=True):
        publisher.accept(interest, key)
    publisher.push(stream, {"px": 1})
    assert [peer.data(peer.name) for peer in (a, b, c)] == [[{"px": 1}]] * 3


def test_push_reaches_the_branches_that_are_named_once_each():
    wired, publisher, stream, a, b, c = published("a", "b", "c", decides=True)
    for interest, key in zip(publisher.requests(), ["eu", "us", "asia"], strict=True):
        publisher.accept(interest, key)
    publisher.push(stream, {"px": 1}, "us")
    publisher.push(stream, {"px": 2}, "eu", "us", "eu", "nowhere")
    assert a.data("a") == [{"px": 2}]
    assert b.data("b") == [{"px": 1}, {"px": 2}]
    assert c.data("c") == []


def test_push_costs_one_message_for_each_branch_and_none_for_nobody():
    wired, publisher, stream, a, b, c = published("a", "b", "c", decides=True)
    wired.hold(publisher, UP)
    publisher.push(stream, {"px": 0})
    assert sent(publisher) == []
    wired.release(publisher)
    for interest, key in zip(publisher.requests(), ["eu", "us", "eu"], strict=True):
        publisher.accept(interest, key)
    wired.hold(publisher, UP)
    publisher.push(stream, {"px": 1})
    publisher.push(stream, {"px": 2}, "nowhere")
    assert sent(publisher) == ["publish", "publish"]


def test_push_to_one_subscriber_is_private():
    wired, publisher, stream, a, b = published("a", "b")
    first, second = (event[1] for event in publisher.heard("stream", "added"))
    publisher.push_to(second, {"px": 1})
    publisher.push(stream, {"px": 2})
    assert a.data("a") == [{"px": 2}]
    assert [(event[1].data, event[1].private) for event in b.heard("b", "data")] == [
        ({"px": 1}, True),
        ({"px": 2}, False),
    ]


def test_streams_of_one_publisher_do_not_mix():
    wired, publisher, prices, a = published("a")
    news = publisher.create_stream("News", owner="news")
    b = wired.peer("b")
    b.subscribe("News", owner="b")
    publisher.push(prices, {"px": 1})
    publisher.push(news, {"text": "x"})
    assert (a.data("a"), b.data("b")) == ([{"px": 1}], [{"text": "x"}])


def test_pushes_keep_their_order_across_branches_and_private_ones():
    wired, publisher, stream, a = published("a")
    (_, interest) = publisher.heard("stream", "added")[0]
    wired.hold(publisher, UP)
    for n in range(10):
        if n % 3 == 0:
            publisher.push_to(interest, {"n": n})
        else:
            publisher.push(stream, {"n": n})
    wired.release(publisher)
    assert a.data("a") == [{"n": n} for n in range(10)]


def test_push_without_a_connection_reaches_nobody():
    wired, publisher, stream, a = published("a")
    (_, interest) = publisher.heard("stream", "added")[0]
    wired.cut(publisher)
    publisher.push(stream, {"px": 1})
    publisher.push_to(interest, {"px": 2})
    wired.connect(publisher)
    publisher.push(stream, {"px": 3})
    assert a.data("a") == []


# The ends of subscriptions


def test_subscriber_that_closes_is_removed():
    wired, publisher, stream, b = published("b")
    a = wired.peer("a")
    line = a.subscribe("Prices", {"name": "a"})
    interest = publisher.heard("stream", "added")[1][1]
    a.close(line)
    assert publisher.heard("stream", "removed") == [("removed", interest)]
    assert present(stream) == {"": ["b"]}
    publisher.push_to(interest, {"px": 1})
    assert a.data("subscription") == []


def test_subscriber_that_leaves_is_removed():
    wired, publisher, stream, a, b = published("a", "b")
    first = publisher.heard("stream", "added")[0][1]
    wired.cut(a)
    assert publisher.heard("stream", "removed") == [("removed", first)]
    assert present(stream) == {"": ["b"]}


def test_branch_without_subscribers_is_gone():
    wired, publisher, stream, a, b = published("a", "b", decides=True)
    for interest in publisher.requests():
        publisher.accept(interest, interest.arguments["name"])
    wired.cut(a)
    assert present(stream) == {"b": ["b"]}


def test_undecided_subscriber_that_leaves_is_no_longer_asked_about():
    wired, publisher, stream, a = published("a", decides=True)
    wired.cut(a)
    assert stream.interests == {}
    assert publisher.heard("stream", "removed") == []


def test_publisher_closes_one_subscription():
    wired, publisher, stream, a, b = published("a", "b")
    first = publisher.heard("stream", "added")[0][1]
    publisher.close_interests(first)
    assert a.heard("a", "closed") == [("closed",)]
    assert b.heard("b", "closed") == []
    assert publisher.heard("stream", "removed") == [("removed", first)]
    publisher.push(stream, {"px": 1})
    assert (a.data("a"), b.data("b")) == ([], [{"px": 1}])


def test_subscription_is_closed_once():
    wired, publisher, stream, a = published("a")
    first = publisher.heard("stream", "added")[0][1]
    publisher.close_interests(first)
    wired.hold(publisher, UP)
    publisher.close_interests(first)
    assert sent(publisher) == []
    assert len(publisher.heard("stream", "removed")) == 1


def test_publisher_closes_a_branch():
    wired, publisher, stream, a, b, c = published("a", "b", "c", decides=True)
    for interest, key in zip(publisher.requests(), ["eu", "us", "eu"], strict=True):
        publisher.accept(interest, key)
    publisher.close_interests(*stream.branches["eu"].values())
    assert present(stream) == {"us": ["b"]}
    assert [peer.heard(peer.name, "closed") for peer in (a, b, c)] == [
        [("closed",)],
        [],
        [("closed",)],
    ]


def test_branch_that_was_closed_can_be_opened_again():
    wired, publisher, stream, a, b = published("a", "b", decides=True)
    first, second = publisher.requests()
    publisher.accept(first, "eu")
    publisher.close_interests(first)
    publisher.accept(second, "eu")
    publisher.push(stream, {"px": 1}, "eu")
    assert (a.data("a"), b.data("b")) == ([], [{"px": 1}])


def test_closed_stream_is_gone_for_everybody():
    wired, publisher, stream, a, b = published("a", "b")
    token = publisher.close_stream(stream)
    assert publisher.outcome(token) is None
    for peer in (a, b):
        assert peer.heard(peer.name, "closed") == [("closed",)]
        assert peer.agm.directory.methods() == []
    assert len(publisher.heard("stream", "removed")) == 2
    wired.hold(publisher, UP)
    publisher.push(stream, {"px": 1})
    assert sent(publisher) == []
    assert publisher.outcome(publisher.close_stream(stream)) is None


def test_name_of_a_closed_stream_is_free_and_its_successor_has_its_own_subscribers():
    wired, publisher, stream, a = published("a")
    publisher.close_stream(stream)
    again = publisher.create_stream("Prices", owner="again")
    b = wired.peer("b")
    b.subscribe("Prices", owner="b")
    publisher.push(stream, {"px": 1})
    publisher.push(again, {"px": 2})
    assert (a.data("a"), b.data("b")) == ([], [{"px": 2}])


def test_closing_a_stream_that_was_never_confirmed_fails_its_creation():
    wired = Wired()
    publisher = wired.stranger("publisher")
    stream = publisher.create_stream("Prices", token="t")
    token = publisher.close_stream(stream)
    publisher.error("t", RegistrationError)
    assert publisher.outcome(token) is None
    wired.connect(publisher)
    assert publisher.agm.directory.methods() == []
    assert publisher.timers() == 0


# Outages


def test_outage_removes_all_subscribers_and_they_come_back():
    wired, publisher, stream, a = published("a")
    first = publisher.heard("stream", "added")[0][1]
    wired.restart()
    assert publisher.heard("stream", "removed") == [("removed", first)]
    assert (stream.interests, stream.branches) == ({}, {})
    wired.connect(a, publisher)
    assert len(publisher.heard("stream", "added")) == 2
    publisher.push(stream, {"px": 1})
    assert a.data("a") == [{"px": 1}]


def test_stream_of_a_publisher_that_was_away_takes_new_subscribers():
    wired, publisher, stream, a = published("a")
    wired.reconnect(publisher)
    b = wired.peer("b")
    b.subscribe("Prices", owner="b")
    publisher.push(stream, {"px": 1})
    assert (a.data("a"), b.data("b")) == ([], [{"px": 1}])
