"""Contexts at a peer: names, values, subscriptions, writes; and what outlives an outage."""

import json

import pytest
from msgspec import Raw

from dash_interop.errors import (
    ConnectionLost,
    ContextConflict,
    ContextError,
    ContextNotFound,
    ContextTimeout,
    MessageTooLarge,
    NotConnected,
    SubscriptionError,
)
from dash_interop.wire.contexts import ContextAdded, ContextUpdated
from tests.support.wired import DOWN, UP, Wired


def seen(peer, owner="watch"):
    """The values of its changes, ``None`` where the context was destroyed."""
    return [None if change.is_destroyed else change.data for change in peer.changes(owner)]


def version(peer, name):
    return peer.outcome(peer.read(name))[1]


def sent(peer):
    """The types of the frames that are under way to the gateway."""
    return [json.loads(frame)["type"] for frame in peer.frames[UP]]


def quiet(wired):
    """Nothing is waited for any more, at any peer."""
    wired.deliver()
    return [(peer.pending_requests(), peer.timers()) for peer in wired.peers.values()] == [
        (0, 0)
    ] * len(wired.peers)


# Names


def test_names_are_those_of_the_own_user():
    wired = Wired()
    a, b, c = wired.peer("a"), wired.peer("b"), wired.peer("c", user="ben")
    a.set("Order", price=1)
    late = wired.peer("late")
    assert [peer.contexts.names() for peer in (a, b, late, c)] == [["Order"]] * 3 + [[]]
    b.write("Order", None)
    assert [peer.contexts.names() for peer in (a, b, late)] == [[]] * 3
    for peer in (a, b, late):
        assert peer.told("context_added", "context_removed") == [
            ("context_added", "Order"),
            ("context_removed", "Order"),
        ]
    assert c.told("context_added") == []
    assert quiet(wired)


def test_names_stay_in_an_outage_and_what_is_gone_after_it_is_told():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Kept", n=1)
    a.set("Gone", n=1)
    wired.cut(b)
    assert b.contexts.names() == ["Kept", "Gone"]
    a.write("Gone", None)
    a.set("New", n=1)
    wired.connect(b)
    assert b.contexts.names() == ["Kept", "New"]
    assert b.told("context_added", "context_removed") == [
        ("context_added", "Kept"),
        ("context_added", "Gone"),
        ("context_added", "New"),
        ("context_removed", "Gone"),
    ]


def test_channels_are_told_apart_and_other_reserved_names_are_not_told():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("___channel___Red", name="Red")
    a.set("___window___g42-1", x=1)
    assert b.told("context_added", "channel_added") == [("channel_added", "Red")]
    a.write("___channel___Red", None)
    assert b.told("context_removed", "channel_removed") == [("channel_removed", "Red")]


# Reading


def test_value_of_a_context_that_is_not_there_is_empty_and_has_version_0():
    wired = Wired()
    a = wired.peer("a")
    assert a.outcome(a.read("Order")) == ({}, 0)
    assert quiet(wired)


def test_reader_knows_of_what_was_made_before_it_asked():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    wired.hold(b, DOWN)
    made = a.set("Order", price=1)
    assert a.outcome(made) is None
    read, written = b.read("Order"), b.put("Order", "n", 2, creates=False)
    wired.release(b)
    assert b.outcome(read)[0] == {"price": 1}
    assert b.outcome(written) is None
    assert quiet(wired)


@pytest.mark.parametrize("is_made_by_the_reader", [True, False])
def test_reader_gets_what_another_has_written_before_it_asked(is_made_by_the_reader):
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    (a if is_made_by_the_reader else b).set("Order", price=1)
    a.put("Order", "size", 5)
    wired.hold(a, DOWN)
    written = b.put("Order", "price", 2)
    assert b.outcome(written) is None
    read = a.read("Order")
    assert not a.is_settled(read)
    wired.release(a)
    assert a.outcome(read)[0] == {"price": 2, "size": 5}
    assert quiet(wired)


def test_reader_gets_what_was_written_while_another_answer_was_on_its_way():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1)
    wired.hold(b, DOWN)
    early = b.read("Order")
    a.put("Order", "price", 2)
    late = b.read("Order")
    wired.release(b)
    assert (b.outcome(early)[0], b.outcome(late)[0]) == ({"price": 1}, {"price": 2})
    assert quiet(wired)


def test_maker_that_reads_gets_what_was_written_while_it_was_told_of_its_success():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    wired.hold(a, DOWN)
    a.set("Order", price=1)
    b.put("Order", "price", 2)
    read = a.read("Order")
    wired.release(a)
    assert a.outcome(read)[0] == {"price": 2}
    assert quiet(wired)


def test_reader_hears_that_another_has_destroyed_what_it_has_made():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1)
    wired.hold(a, DOWN)
    b.write("Order", None)
    read = a.read("Order")
    wired.release(a)
    assert a.outcome(read) == ({}, 0)
    assert quiet(wired)


def test_subscriber_reads_what_its_subscriptions_have_heard_of():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1)
    a.watch("Order")
    wired.hold(a, DOWN)
    b.put("Order", "price", 2)
    assert a.outcome(a.read("Order"))[0] == seen(a)[-1] == {"price": 1}
    wired.release(a)
    assert a.outcome(a.read("Order"))[0] == seen(a)[-1] == {"price": 2}
    assert quiet(wired)


def test_reader_does_not_hold_its_own_writes_up():
    wired = Wired()
    a = wired.peer("a")
    a.set("Order", price=1)
    wired.hold(a, UP)
    a.read("Order")
    a.put("Order", "price", 2)
    assert sent(a) == ["subscribe-context", "update-context"]
    wired.release(a)
    assert quiet(wired)


def test_reader_becomes_no_member():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1)
    assert b.value("Order") == {"price": 1}
    (context,) = wired.router.snapshot()["context"].values()
    assert context["members"] == [a.session.link.peer_id]
    a.put("Order", "price", 2)
    assert b.value("Order") == {"price": 2}
    assert quiet(wired)


def test_reader_waits_for_the_connection_and_no_longer_than_it_wants():
    wired = Wired()
    a, b = wired.peer("a"), wired.stranger("b")
    a.set("Order", price=1)
    in_time, too_late = b.read("Order", timeout=5), b.read("Order", timeout=1)
    wired.tick(2)
    assert "no connection" in str(b.error(too_late, NotConnected))
    wired.connect(b)
    assert b.outcome(in_time)[0] == {"price": 1}
    assert quiet(wired)


def test_reader_that_is_not_answered_hears_so():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1)
    wired.hold(b, DOWN)
    token = b.read("Order", timeout=1)
    wired.tick(1)
    b.error(token, ContextTimeout)
    wired.release(b)
    assert quiet(wired)


def test_reading_that_is_given_up_leaves_nothing():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1)
    wired.hold(b, DOWN)
    reading = b.ask(lambda: b.contexts.read("t", "Order", timeout=5))
    b.ask(lambda: b.contexts.stop_reading("Order", reading))
    wired.release(b)
    assert not b.is_settled("t")
    assert quiet(wired)


def test_value_that_python_cannot_hold_ends_readings_and_subscriptions_with_words():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    b.watch("Order")
    a.set("Order", price=1)
    (context_id,) = wired.router.snapshot()["context"]
    delta = Raw(b'{"commands":[{"type":"set","path":"n","value":1e999}]}')
    wired.say(b, ContextUpdated(b.id, a.id, context_id, delta, domain="global", version=9))
    ((_, error),) = b.heard("watch", "failed")
    assert type(error) is SubscriptionError and "Order cannot be read" in str(error)
    assert b.value("Order") == {"price": 1}
    assert quiet(wired)


# Subscriptions


def test_first_change_is_what_is_there_and_each_write_is_one_more():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1, lines=[1, 2])
    b.watch("Order")
    (first,) = b.changes()
    assert (first.data, first.delta, first.removed) == ({"price": 1, "lines": [1, 2]}, {}, [])
    assert (first.updater_id, first.is_mine) == (None, False)
    a.write("Order", {"commands": [{"type": "remove", "path": "price"}]})
    b.put("Order", "lines.1", 5)
    a.set("Order", n=1)
    _, second, third, fourth = b.changes()
    assert (second.data, second.delta, second.removed) == (
        {"lines": [1, 2]},
        {"price": None},
        ["price"],
    )
    assert (second.updater_id, second.is_mine) == (a.id, False)
    assert (third.data, third.delta, third.removed) == (
        {"lines": [1, 5]},
        {"lines": {"1": 5}},
        [],
    )
    assert (third.updater_id, third.is_mine) == (b.id, True)
    assert (fourth.data, fourth.delta, fourth.removed) == ({"n": 1}, {"n": 1}, ["lines"])
    versions = [change.version or 0 for change in b.changes()]
    assert versions == sorted(set(versions))


def test_what_one_listener_changes_in_its_data_is_for_itself():
    wired = Wired()
    a = wired.peer("a")
    a.watch("Order", "one")
    a.watch("Order", "two")
    a.set("Order", lines=[{"n": 1}])
    a.changes("one")[0].data["lines"][0]["n"] = 7
    assert a.changes("two")[0].data == {"lines": [{"n": 1}]}
    assert a.value("Order") == {"lines": [{"n": 1}]}


def test_write_that_leaves_the_value_as_it_was_is_no_change():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    for peer in (a, b):
        peer.watch("Order")
    a.set("Order", price=1, lines=[{"n": 1}])
    a.put("Order", "price", 1)
    a.put("Order", "lines.0", {"n": 1})
    a.write("Order", {"commands": [{"type": "remove", "path": "nothing"}]})
    b.set("Order", lines=[{"n": 1}], price=1)
    assert len(a.changes()) == len(b.changes()) == 1
    a.put("Order", "price", True)
    a.put("Order", "price", 1)
    a.put("Order", "lines.0.n", True)
    assert [change.delta for change in b.changes()[1:]] == [
        {"price": True},
        {"price": 1},
        {"lines": {"0": {"n": True}}},
    ]


def test_version_that_was_told_is_good_for_as_long_as_the_value_is_the_same():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    b.watch("Order")
    a.set("Order", price=1)
    a.put("Order", "price", 1)
    (told,) = b.changes()
    assert told.version is not None and version(b, "Order") > told.version
    assert b.outcome(b.put("Order", "price", 2, if_version=told.version)) is None
    b.error(b.put("Order", "price", 3, if_version=told.version), ContextConflict)
    assert a.value("Order") == {"price": 2}


def test_subscription_waits_for_the_context():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    b.watch("Order")
    assert b.changes() == []
    a.set("Order", price=1)
    assert seen(b) == [{"price": 1}]


def test_who_makes_a_context_hears_of_a_write_of_its_own():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    for peer in (a, b):
        peer.watch("Order")
    a.set("Order", price=1)
    (mine,), (first,) = a.changes(), b.changes()
    assert (mine.data, mine.delta, mine.is_mine) == ({"price": 1}, {"price": 1}, True)
    assert mine.updater_id == a.id
    assert (first.data, first.delta, first.is_mine) == ({"price": 1}, {}, False)
    a.put("Order", "price", 2)
    assert [change.data["price"] for change in a.changes()] == [1, 2]
    assert quiet(wired)


def test_subscription_hears_of_the_end_of_a_context_and_of_a_new_one():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    b.watch("Order")
    a.set("Order", price=1)
    a.write("Order", None)
    a.set("Order", price=2)
    a.put("Order", "price", 3)
    assert seen(b) == [{"price": 1}, None, {"price": 2}, {"price": 3}]
    assert b.changes()[1].removed == ["price"]


def test_last_subscription_that_ends_leaves_the_context():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1)
    one, two = b.watch("Order", "one"), b.watch("Order", "two")
    b.ask(lambda: b.contexts.unwatch(one))
    a.put("Order", "price", 2)
    b.ask(lambda: b.contexts.unwatch(two))
    a.put("Order", "price", 3)
    assert seen(b, "one") == [{"price": 1}]
    assert seen(b, "two") == [{"price": 1}, {"price": 2}]
    (context,) = wired.router.snapshot()["context"].values()
    assert context["members"] == [a.session.link.peer_id]
    assert quiet(wired)


def test_subscription_that_ends_and_begins_while_frames_are_under_way_misses_nothing():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=0)
    watch = b.watch("Order")
    wired.hold(b, UP)
    wired.hold(b, DOWN)
    a.put("Order", "n", 1)
    b.ask(lambda: b.contexts.unwatch(watch))
    b.watch("Order", "again")
    a.put("Order", "n", 2)
    wired.release(b)
    a.put("Order", "n", 3)
    assert seen(b) == [{"n": 0}]
    assert seen(b, "again") == [{"n": 2}, {"n": 3}]


def test_late_refusal_of_a_context_that_was_made_anew_is_not_that_of_the_new_one():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=1)
    wired.hold(b, UP)
    b.watch("Order")
    a.write("Order", None)
    a.set("Order", n=2)
    wired.release(b)
    assert seen(b) == [{"n": 2}]
    assert b.told("context_removed", "context_added") == [
        ("context_added", "Order"),
        ("context_removed", "Order"),
        ("context_added", "Order"),
    ]
    assert quiet(wired)


def test_subscription_outlives_an_outage_and_hears_what_changed_in_one():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1, old=1, same=[1])
    b.watch("Order")
    wired.cut(b)
    a.put("Order", "price", 2)
    a.write("Order", {"commands": [{"type": "remove", "path": "old"}]})
    a.put("Order", "new", 3)
    wired.connect(b)
    assert seen(b)[1:] == [{"price": 2, "same": [1], "new": 3}]
    change = b.changes()[1]
    assert (change.delta, change.removed) == ({"price": 2, "new": 3}, ["old"])
    assert (change.updater_id, change.is_mine) == (None, False)
    wired.reconnect(b)
    assert len(b.changes()) == 2


def test_context_that_was_destroyed_and_made_anew_in_an_outage_is_told_by_its_value():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", price=1)
    b.watch("Order")
    wired.cut(b)
    a.write("Order", None)
    wired.connect(b)
    assert seen(b) == [{"price": 1}, None]
    wired.cut(b)
    a.set("Order", price=2)
    wired.connect(b)
    assert seen(b) == [{"price": 1}, None, {"price": 2}]


# Writing


def test_write_makes_the_context():
    wired = Wired()
    a = wired.peer("a")
    commands = [
        {"type": "set", "path": "a.b", "value": 1},
        {"type": "remove", "path": "c"},
    ]
    assert a.outcome(a.write("Order", {"commands": commands})) is None
    assert a.value("Order") == {"a": {"b": 1}}
    assert quiet(wired)


def test_two_who_make_a_context_both_write():
    wired = Wired()
    a, b, c = wired.peer("a"), wired.peer("b"), wired.peer("c")
    c.watch("Order")
    for peer in (a, b):
        wired.hold(peer, DOWN)
    one, two = a.put("Order", "x", 1), b.put("Order", "y", 2)
    wired.release(a)
    wired.release(b)
    assert (a.outcome(one), b.outcome(two)) == (None, None)
    assert c.value("Order") == {"x": 1, "y": 2}
    assert seen(c) == [{"x": 1}, {"x": 1, "y": 2}]
    assert quiet(wired)


def test_writes_of_one_peer_stay_in_their_order_when_somebody_else_made_the_context_first():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    wired.hold(a, UP)
    tokens = [a.put("Order", "n", number) for number in range(3)]
    b.set("Order", m=0)
    wired.release(a)
    assert [a.outcome(token) for token in tokens] == [None] * 3
    assert b.value("Order") == {"m": 0, "n": 2}


def test_write_that_finds_the_context_destroyed_makes_it_anew_in_its_order():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=0)
    b.watch("Order")
    wired.hold(a, UP)
    tokens = [a.put("Order", "n", number) for number in (1, 2)]
    b.write("Order", None)
    a.held = {DOWN}
    wired.deliver()
    # The first of the two refusals has come when more is asked for.
    a.held.clear()
    assert wired.deliver_one(a, DOWN)
    wired.at_once = False
    tokens += [a.put("Order", "m", number) for number in (1, 2)]
    wired.at_once = True
    wired.deliver()
    assert [a.outcome(token) for token in tokens] == [None] * 4
    assert seen(b) == [{"n": 0}, None, {"n": 1}, {"n": 2}, {"n": 2, "m": 1}, {"n": 2, "m": 2}]
    assert quiet(wired)


def test_write_after_the_own_destroy_makes_it_anew():
    wired = Wired()
    a = wired.peer("a")
    a.set("Order", n=0)
    wired.hold(a, UP)
    tokens = [a.write("Order", None), a.put("Order", "n", 1)]
    wired.release(a)
    assert [a.outcome(token) for token in tokens] == [None] * 2
    assert a.value("Order") == {"n": 1}


def test_write_that_must_not_make_a_context_finds_none():
    wired = Wired()
    a = wired.peer("a")
    a.error(a.put("Order", "n", 1, creates=False), ContextNotFound)
    a.error(a.write("Order", None, creates=False), ContextNotFound)
    assert a.contexts.names() == []
    assert quiet(wired)


def test_own_writes_come_in_the_order_of_the_gateway_and_before_their_end():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=0)
    a.watch("Order")
    wired.hold(a, DOWN)
    token = a.put("Order", "n", 1)
    b.put("Order", "n", 2)
    assert seen(a) == [{"n": 0}]
    a.held.clear()
    while not a.is_settled(token):
        assert wired.deliver_one(a, DOWN)
    assert seen(a) == [{"n": 0}, {"n": 1}]
    wired.deliver()
    assert seen(a) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert [change.is_mine for change in a.changes()] == [False, True, False]


def test_write_that_the_gateway_refuses_ends_with_its_words():
    wired = Wired()
    a = wired.peer("a")
    a.set("Order", lines=[1])
    error = a.error(a.put("Order", "lines.x", 1), ContextError)
    assert "Order" in str(error) and "lines.x" in str(error)
    assert a.value("Order") == {"lines": [1]}


def test_write_that_is_too_large_is_not_sent_and_those_after_it_are():
    wired = Wired(max_size=2000)
    a = wired.peer("a")
    large, small = a.set("Order", text="x" * 3000), a.set("Order", text="x")
    assert "Order" in str(a.error(large, MessageTooLarge))
    assert a.outcome(small) is None
    a.error(a.set("Order", text="x" * 3000), MessageTooLarge)
    assert a.value("Order") == {"text": "x"}
    assert quiet(wired)


# Versions


def test_write_for_a_version_is_refused_when_somebody_has_written_since():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=1)
    at = version(b, "Order")
    assert b.outcome(b.put("Order", "n", 2, if_version=at)) is None
    a.error(a.put("Order", "n", 3, if_version=at), ContextConflict)
    a.error(a.write("Order", None, if_version=at), ContextConflict)
    assert a.value("Order") == {"n": 2}
    assert a.outcome(a.write("Order", None, if_version=version(a, "Order"))) is None
    a.error(a.put("Order", "n", 3, if_version=at), ContextConflict)
    assert a.contexts.names() == []


def test_write_for_no_context_is_refused_where_there_is_one():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    wired.hold(b, DOWN)
    assert a.outcome(a.put("Order", "n", 1, if_version=0)) is None
    early = b.put("Order", "n", 2, if_version=0)
    wired.release(b)
    b.error(early, ContextConflict)
    b.error(b.put("Order", "n", 3, if_version=0), ContextConflict)
    assert b.value("Order") == {"n": 1}
    assert quiet(wired)


# Outages


def test_write_of_an_outage_waits_for_the_connection_up_to_its_own_timeout():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=0)
    wired.cut(a)
    short, long = a.put("Order", "n", 1, timeout=1), a.put("Order", "m", 2, timeout=10)
    wired.tick(2)
    assert "no connection" in str(a.error(short, NotConnected))
    assert not a.is_settled(long)
    wired.connect(a)
    assert a.outcome(long) is None
    assert b.value("Order") == {"n": 0, "m": 2}
    assert quiet(wired)


def test_write_that_was_sent_when_the_connection_breaks_may_have_been_done_and_is_not_repeated():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=0)
    b.watch("Order")
    wired.hold(a, DOWN)
    done = a.put("Order", "n", 1)
    wired.hold(a, UP)
    lost = a.put("Order", "n", 2)
    wired.cut(a)
    a.held.clear()
    for token in (done, lost):
        assert "may have been written" in str(a.error(token, ConnectionLost))
    b.put("Order", "n", 3)
    wired.connect(a)
    assert a.value("Order") == {"n": 3}
    assert seen(b) == [{"n": 0}, {"n": 1}, {"n": 3}]
    assert quiet(wired)


@pytest.mark.parametrize("is_there", [True, False])
def test_write_that_is_not_answered_in_time_hears_so_and_is_not_sent_again(is_there):
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    if is_there:
        a.set("Order", n=0)
    wired.hold(a, UP)
    token, behind = a.put("Order", "n", 1, timeout=1), a.put("Order", "n", 2, timeout=1)
    wired.tick(1)
    assert "may have been written or not" in str(a.error(token, ContextTimeout))
    a.error(behind, ContextTimeout)
    if is_there:
        b.write("Order", None)
    else:
        b.set("Order", m=1)
    wired.release(a)
    assert b.value("Order") == ({} if is_there else {"m": 1})
    assert quiet(wired)


def test_write_that_is_given_up_before_it_was_sent_is_not_sent():
    wired = Wired()
    a = wired.peer("a")
    wired.cut(a)
    write = a.ask(
        lambda: a.contexts.writing.write(
            "t", "Order", {"reset": {"n": 1}}, if_version=None, creates=True, timeout=5
        )
    )
    a.ask(lambda: a.contexts.writing.cancel("Order", write))
    wired.connect(a)
    assert a.contexts.names() == []
    assert not a.is_settled("t")
    assert quiet(wired)


def test_client_that_comes_back_never_overwrites_what_is_newer():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=1)
    for peer in (a, b):
        peer.watch("Order")
    wired.cut(a)
    b.put("Order", "n", 2)
    wired.connect(a)
    assert [peer.value("Order") for peer in (a, b)] == [{"n": 2}] * 2
    assert seen(b) == [{"n": 1}, {"n": 2}]


# A gateway that was restarted


def test_values_come_back_after_a_restart_with_versions_that_go_on():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=1)
    a.put("Order", "n", 2)
    for peer in (a, b):
        peer.watch("Order")
    before = version(a, "Order")
    wired.restart()
    wired.connect(a, b)
    assert seen(a) == seen(b) == [{"n": 2}]
    assert a.contexts.names() == b.contexts.names() == ["Order"]
    assert a.told("context_removed") == []
    a.put("Order", "n", 3)
    assert seen(b) == [{"n": 2}, {"n": 3}]
    assert version(b, "Order") > before
    assert quiet(wired)


def test_the_newest_of_the_values_that_come_back_stays():
    wired = Wired()
    a, b, c = wired.peer("a"), wired.peer("b"), wired.peer("c")
    a.set("Order", n=1)
    for peer in (a, b):
        peer.watch("Order")
    wired.cut(b)
    a.put("Order", "n", 2)
    wired.restart()
    for order in ((b, a), (a, b)):
        wired.connect(*order)
        wired.connect(c)
        assert [peer.value("Order") for peer in (a, b, c)] == [{"n": 2}] * 3
        wired.restart()


def test_what_was_written_after_the_restart_stays():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=1)
    a.watch("Order")
    wired.restart()
    wired.connect(b)
    b.set("Order", n=2)
    wired.connect(a)
    assert seen(a) == [{"n": 1}, {"n": 2}]
    assert b.value("Order") == {"n": 2}


def test_write_of_the_outage_comes_after_the_value_that_comes_back():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=1, m=1)
    a.watch("Order")
    wired.restart()
    token = a.put("Order", "m", 2)
    wired.connect(a, b)
    assert a.outcome(token) is None
    assert b.value("Order") == {"n": 1, "m": 2}
    assert seen(a) == [{"n": 1, "m": 1}, {"n": 1, "m": 2}]


def test_context_that_nobody_has_who_is_left_is_gone_with_the_gateway():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", n=1)
    assert b.value("Order") == {"n": 1}
    wired.restart()
    wired.connect(b)
    assert b.contexts.names() == []
    assert b.told("context_removed") == [("context_removed", "Order")]
    assert quiet(wired)


def test_who_has_written_a_context_gives_it_back_without_a_subscription():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    b.set("Order", n=1)
    a.put("Order", "m", 2)
    b.put("Order", "n", 3)
    wired.restart()
    wired.connect(a)
    assert wired.peer("newcomer").value("Order") == {"n": 3, "m": 2}


def test_write_that_is_the_first_after_a_restart_leaves_what_others_had():
    wired = Wired()
    writer, reader = wired.peer("writer"), wired.peer("reader")
    reader.set("Order", config={"a": 1}, price=1)
    reader.watch("Order")
    writer.put("Order", "price", 2)
    wired.restart()
    writer.write("Order", {"commands": [{"type": "set", "path": "price", "value": 3}]})
    wired.connect(writer)
    wired.connect(reader)
    value = {"config": {"a": 1}, "price": 3}
    assert wired.peer("newcomer").value("Order") == value
    assert seen(reader)[-1] == value


@pytest.mark.parametrize("is_first", [True, False])
def test_newcomer_that_writes_first_after_a_restart_leaves_what_others_bring_back(is_first):
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.set("Order", config={"a": 1, "b": 1}, price=1)
    b.watch("Order")
    wired.restart()
    newcomer = wired.stranger("newcomer")
    for peer in (newcomer, b) if is_first else (b, newcomer):
        wired.connect(peer)
        if peer is newcomer:
            newcomer.write("Order", {"commands": [{"type": "remove", "path": "config.b"}]})
            newcomer.put("Order", "price", 2)
    value = {"config": {"a": 1}, "price": 2}
    assert [peer.value("Order") for peer in (newcomer, b)] == [value] * 2
    assert seen(b)[-1] == value
    # Who comes last has an older value, and brings nothing of it back.
    wired.connect(a)
    assert [peer.value("Order") for peer in (newcomer, b, a)] == [value] * 3
    assert quiet(wired)


def test_value_that_is_too_large_for_the_new_gateway_is_told_and_gone():
    wired = Wired()
    a = wired.peer("a")
    a.set("Order", text="x" * 3000)
    a.watch("Order")
    wired.max_size = 2000
    wired.restart()
    wired.connect(a)
    ((_, problem),) = a.told("problem")
    assert problem.startswith("The context Order was not restored: the message has")
    assert seen(a) == [{"text": "x" * 3000}, None]
    assert quiet(wired)


# A gateway that is not ours


def test_announcement_of_a_context_that_is_known_already_changes_nothing():
    wired = Wired()
    a = wired.peer("a")
    a.set("Order", n=1)
    (context_id,) = wired.router.snapshot()["context"]
    wired.say(a, ContextAdded(a.id, None, context_id, "Order", domain="global"))
    assert a.told("context_added") == [("context_added", "Order")]
    assert a.value("Order") == {"n": 1}
    assert quiet(wired)


def test_update_that_cannot_be_applied_makes_the_peer_ask_for_the_value():
    wired = Wired()
    a = wired.peer("a")
    a.set("Order", lines=[1])
    a.watch("Order")
    (context_id,) = wired.router.snapshot()["context"]
    delta = Raw(b'{"commands":[{"type":"set","path":"lines.x","value":1}]}')
    wired.say(a, ContextUpdated(a.id, "p", context_id, delta, domain="global"))
    assert seen(a) == [{"lines": [1]}]
    a.put("Order", "n", 1)
    assert seen(a)[1:] == [{"lines": [1], "n": 1}]
    assert quiet(wired)


def test_frames_of_a_write_are_one():
    """At a context that is there; and a first write has no more than its leave beside it."""
    wired = Wired()
    a = wired.peer("a")
    wired.hold(a, UP)
    a.set("Order", n=1)
    assert sent(a) == ["create-context"]
    wired.release(a)
    wired.hold(a, UP)
    a.put("Order", "n", 2)
    assert sent(a) == ["update-context"]
