"""The bus: who gets what is published."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_interop.router.bus import _Topic
from dash_interop.router.effects import Send
from dash_interop.router.limits import Limits
from dash_interop.wire.bus import Event, Publish, Subscribe, Subscribed, Unsubscribe
from dash_interop.wire.envelope import Error, Success
from dash_interop.wire.login import Join, Leave
from tests.support.room import Room, raw


def enter(room: Room, connection: str, user: str = "anna", **identity: Any) -> str:
    room.connect(connection)
    peer = room.hello(connection, user, **identity)
    assert room.handle(connection, Join("j", peer, "bus")) == [
        Send(connection, Success("j", peer, "bus"))
    ]
    return peer


def subscribe(room: Room, connection: str, peer: str, topic: str, key: str | None = None) -> str:
    (send,) = room.handle(connection, Subscribe("s", peer, topic, key))
    assert isinstance(send.message, Subscribed)
    return send.message.subscription_id


def published(room: Room, connection: str, peer: str, *args: Any) -> list[tuple[Any, str]]:
    """Who gets it, with the subscription."""
    sends = room.handle(connection, Publish("p", peer, *args))
    events = [send.message for send in sends]
    assert all(isinstance(event, Event) for event in events)
    return [
        (send.connection, event.subscription_id)
        for send, event in zip(sends, events, strict=True)
        if isinstance(event, Event)
    ]


def test_data_reach_the_subscriptions_of_their_topic_the_own_ones_included():
    room = Room()
    a, b = enter(room, "a"), enter(room, "b")
    mine = subscribe(room, "a", a, "px.vod")
    its = subscribe(room, "b", b, "px.vod")
    subscribe(room, "b", b, "px.bp")
    sends = room.handle("a", Publish("p", a, "px.vod", raw({"x": 1})))
    assert [(send.connection, send.message) for send in sends] == [
        (connection, Event(peer, id, sends[0].message.publisher_identity, raw({"x": 1})))
        for connection, peer, id in (("a", a, mine), ("b", b, its))
        if isinstance(sends[0].message, Event)
    ]


def test_others_hear_nothing():
    room = Room()
    a, b = enter(room, "a"), enter(room, "b", "bert")
    subscribe(room, "b", b, ">")
    assert published(room, "a", a, "px") == []


@pytest.mark.parametrize(
    "wanted, given_key, is_taken",
    [("k", "k", True), ("k", "l", False), ("k", None, True), (None, "k", True)],
)
def test_routing_key_counts_where_both_have_one(
    wanted: str | None, given_key: str | None, is_taken: bool
):
    room = Room()
    a = enter(room, "a")
    id = subscribe(room, "a", a, "px", wanted)
    expected = [("a", id)] if is_taken else []
    assert published(room, "a", a, "px", raw(1), given_key) == expected


def test_target_is_part_of_the_identity_of_who_gets_it():
    room = Room()
    a, b, c = enter(room, "a"), enter(room, "b", application="x"), enter(room, "c")
    id = subscribe(room, "b", b, "px")
    subscribe(room, "c", c, "px")
    target = {"application": "x", "user": "anna"}
    assert published(room, "a", a, "px", raw(1), None, target) == [("b", id)]
    assert published(room, "a", a, "px", raw(1), None, {"application": None}) == []


def test_nothing_is_left_of_who_is_gone():
    room = Room()
    a, b = enter(room, "a"), enter(room, "b")
    id = subscribe(room, "a", a, "px")
    subscribe(room, "b", b, "px")
    assert room.router.snapshot()["bus"] == {a: ["px"], b: ["px"]}
    assert room.handle("a", Unsubscribe("u", a, id)) == [Send("a", Success("u", a, "bus"))]
    room.handle("b", Leave("l", b, "bus"))
    assert published(room, "a", a, "px") == []
    assert room.router.counters()["bus_subscriptions"] == 0
    room.disconnect("a")
    assert room.router.snapshot()["bus"] == {}


def test_what_cannot_be_done_is_refused():
    room = Room(Limits(bus_subscriptions_per_peer=1, name_length=5))
    a = enter(room, "a")
    room.connect("b")
    b = room.hello("b")
    subscribe(room, "a", a, "px")
    asked = [
        ("b", Subscribe("s", b, "px")),
        ("b", Publish("p", b, "px")),
        ("a", Subscribe("s", a, "px")),
        ("a", Subscribe("s", a, "")),
        ("a", Subscribe("s", a, "x" * 6)),
        ("a", Publish("p", a, "")),
        ("a", Unsubscribe("u", a, "r-none")),
    ]
    reasons: list[str] = []
    for connection, message in asked:
        (send,) = room.handle(connection, message)
        assert isinstance(send.message, Error)
        reasons.append(send.message.reason_uri)
    failure = "bus.errors.failure"
    assert reasons == [failure, failure, "global.errors.limits_exceeded", *[failure] * 4]


def test_data_of_a_peer_that_is_gone_are_passed_over():
    room = Room()
    enter(room, "a")
    assert room.handle("a", Publish("p", "p-gone", "px")) == []
    (send,) = room.handle("a", Subscribe("s", "p-gone", "px"))
    assert isinstance(send.message, Error)


@pytest.mark.parametrize(
    "pattern, topic, is_taken",
    [
        ("a.*.z", "a.b.z", True),
        ("a.*.z", "a.b.c.z", False),
        ("a.*.z", "a..z", False),
        ("a.*.z", "a.b-c.z", False),
        ("a.*", "a.b_1", True),
        ("*", "word", True),
        ("*", "two.words", False),
        ("a.>", "a.b.c", True),
        ("a.>", "a.", True),
        ("a.>", "ab", False),
        (">", "whatever", True),
        ("a>z", "a.b.z", True),
        ("a>z", "a.b.c", False),
        ("a*c", "abbbc", True),
        ("**", "ab", True),
        ("**", "a", False),
        ("a.b", "a.b", True),
        ("a.b", "axb", False),
        ("a*b", "a*b", True),
    ],
)
def test_wildcards(pattern: str, topic: str, is_taken: bool):
    assert _Topic(pattern, None).takes(Publish("p", "x", topic)) is is_taken


@given(st.text("ab.", min_size=1, max_size=8), st.data())
def test_pattern_made_of_a_topic_takes_it(topic: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(topic)))
    end = data.draw(st.integers(start, len(topic)))
    part = topic[start:end]
    wild = data.draw(st.sampled_from([">", "*"]))
    pattern = topic[:start] + wild + topic[end:]
    taken = _Topic(pattern, None).takes(Publish("p", "x", topic))
    assert taken or (wild == "*" and (not part or "." in part))


def test_many_wildcards_take_no_time():
    pattern = "*a" * 100 + "b"
    assert not _Topic(pattern, None).takes(Publish("p", "x", "a" * 256))
