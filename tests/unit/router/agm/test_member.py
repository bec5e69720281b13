"""Who sees whom."""

from typing import Any

import pytest

from dash_interop.router.effects import Send
from dash_interop.router.principals import Principal, Remote
from dash_interop.router.router import Router
from dash_interop.wire.agm import (
    Accepted,
    Call,
    Event,
    MethodsAdded,
    MethodsRemoved,
    PeerAdded,
    PeerRemoved,
    Publish,
    Register,
    RemoveInterest,
    Result,
    Subscribe,
    Subscribed,
    SubscriptionCancelled,
    Unregister,
    Yield,
)
from dash_interop.wire.envelope import Error, Success
from dash_interop.wire.login import Authentication, Join, Leave
from tests.support.room import DOMAINS, BelieveLogins, Room, definition, raw, sends_of

SUM = {"id": "0", "name": "Sum"}


def test_peers_of_different_users_are_not_announced_to_each_other():
    room = Room()
    room.enter("a", "anna", SUM)
    room.connect("b")
    b = room.hello("b", "ben")
    assert room.handle("b", Join("j", b, "agm")) == [Send("b", Success("j", b, "agm"))]


def test_methods_are_not_announced_to_other_users():
    room = Room()
    a = room.enter("a")
    room.enter("b", "ben")
    effects = room.handle("a", Register("r", a, [SUM]))
    assert {effect.connection for effect in effects} == {"a"}


@pytest.mark.parametrize("message", [Call, Subscribe])
def test_method_of_another_user_is_unknown(message):
    room = Room()
    a = room.enter("a", "anna", SUM)
    b = room.enter("b", "ben")
    for server, method in [(a, "0"), (a, "9"), ("p-N-99", "0")]:
        assert room.handle("b", message("x", b, server, method)) == [
            Send("b", Error("x", b, "agm.errors.failure", "Unknown server", "agm"))
        ]


def test_departure_is_not_announced_to_other_users():
    room = Room()
    room.enter("a", "anna", SUM)
    room.enter("b", "ben")
    assert room.disconnect("a") == []


@pytest.mark.parametrize(
    "restrictions, seen",
    [
        ("$role == 'admin'", True),
        ("$role == 'guest'", False),
        ("#role == 'clerk' && $role == 'admin'", True),
        ("$role == #role", False),
        ("$user == #user", True),
    ],
)
@pytest.mark.parametrize("restricted_joins_first", [True, False])
def test_join_restriction_narrows_what_both_sides_see(restrictions, seen, restricted_joins_first):
    room = Room()
    if restricted_joins_first:
        a = room.enter("a", "anna", SUM, restrictions=restrictions, role="clerk")
        b = room.enter("b", role="admin")
    else:
        b = room.enter("b", role="admin")
        a = room.enter("a", "anna", SUM, restrictions=restrictions, role="clerk")
    (effect,) = room.handle("b", Call("c", b, a, "0"))
    assert effect.connection == ("a" if seen else "b")
    effects = room.disconnect("a")
    told = [effect for effect in effects if isinstance(effect, Send)]
    assert any(isinstance(effect.message, PeerRemoved) for effect in told) is seen


def test_restriction_never_widens_beyond_the_user():
    room = Room()
    a = room.enter("a", "anna", SUM, restrictions="$user != 'nobody'")
    room.connect("b")
    b = room.hello("b", "ben")
    assert room.handle("b", Join("j", b, "agm", "$user == 'anna'")) == [
        Send("b", Success("j", b, "agm"))
    ]
    (effect,) = room.handle("b", Call("c", b, a, "0"))
    assert effect.connection == "b"


def test_hidden_method_is_neither_announced_nor_callable():
    room = Room()
    a = room.enter("a")
    admin = room.enter("b", role="admin")
    guest = room.enter("c", role="guest")
    hidden = {**SUM, "restrictions": "$role == 'admin'"}
    effects = room.handle("a", Register("r", a, [hidden]))
    told = {effect.connection for effect in effects}
    assert told == {"a", "b"}
    assert room.handle("b", Call("c", admin, a, "0"))[0].connection == "a"
    assert room.handle("c", Call("c", guest, a, "0")) == [
        Send("c", Error("c", guest, "agm.errors.invocation.failure", "Unknown method 0", "agm"))
    ]
    room.connect("d")
    d = room.hello("d", role="guest")
    shown = [
        effect.message
        for effect in room.handle("d", Join("j", d, "agm"))
        if isinstance(effect, Send) and isinstance(effect.message, MethodsAdded)
    ]
    assert shown == []
    told = sends_of(room.router.codec, room.disconnect("d"))
    assert {effect.connection for effect in told} == {"a", "b", "c"}


def test_hidden_method_is_withdrawn_only_from_those_who_saw_it():
    room = Room()
    room.enter("a", "anna", {**SUM, "restrictions": "$role == 'admin'"})
    admin = room.enter("b", role="admin")
    guest = room.enter("c", role="guest")
    kinds = {admin: [], guest: []}
    for effect in room.disconnect("a"):
        assert isinstance(effect, Send)
        message: Any = effect.message
        kinds[message.peer_id].append(type(message).__name__)
    assert kinds == {admin: ["MethodsRemoved", "PeerRemoved"], guest: ["PeerRemoved"]}


def test_owner_sees_its_own_method_whatever_the_restriction_says():
    room = Room()
    a = room.enter("a", "anna", {**SUM, "restrictions": "$role == 'admin'"})
    assert room.call(("a", a), a)


def test_visible_peers_get_the_resolved_identity():
    room = Room()
    room.enter("a")
    room.connect("b")
    b = room.hello("b", application="Prices", instance="two")
    (to_a,) = [each for each in room.handle("b", Join("j", b, "agm")) if each.connection == "a"]
    assert isinstance(to_a.message, PeerAdded)
    assert to_a.message.identity == raw(
        {
            "application": "Prices",
            "instance": "two",
            "user": "anna",
            "login": "anna",
            "machine": "127.0.0.1",
        }
    )
    assert to_a.message.meta == raw({"local": True})


# Services


class BelieveServices(BelieveLogins):
    """Believes, too, whoever says to be a service; of which user, follows a colon."""

    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        word, _, user = (authentication.login or "").partition(":")
        if word == "service":
            return Principal(user, is_service=True)
        return super().authenticate(authentication, remote)


SERVICE = "service:local"


@pytest.fixture
def room():
    room = Room()
    room.router = Router(BelieveServices(), DOMAINS, node="N")
    return room


def seen_by(effects, connection):
    """Whom those at a connection are told of."""
    return [
        effect.message.new_peer_id
        for effect in effects
        if effect.connection == connection and isinstance(effect.message, PeerAdded)
    ]


def told_of(effects, kind):
    return sorted(effect.connection for effect in effects if isinstance(effect.message, kind))


def join(room, connection, user, **fields):
    room.connect(connection)
    peer = room.hello(connection, user)
    return peer, room.handle(connection, Join("j", peer, "agm", **fields))


def test_service_sees_the_peers_of_all_users_and_is_seen_by_them(room):
    a, b = room.enter("a", "anna", SUM), room.enter("b", "ben", SUM)
    s, effects = join(room, "s", SERVICE)
    assert sorted(seen_by(effects, "s")) == sorted([a, b])
    assert seen_by(effects, "a") == seen_by(effects, "b") == [s]
    assert told_of(effects, MethodsAdded) == ["s", "s"]


def test_peer_that_comes_later_sees_the_services_and_the_peers_of_its_user(room):
    s = room.enter("s", SERVICE, SUM)
    room.enter("b", "ben", SUM)
    other = room.enter("o", "anna")
    a, effects = join(room, "a", "anna")
    assert sorted(seen_by(effects, "a")) == sorted([s, other])
    assert (seen_by(effects, "s"), seen_by(effects, "o"), seen_by(effects, "b")) == ([a], [a], [])


def test_service_is_seen_once_by_a_peer_of_its_own_user(room):
    s = room.enter("s", SERVICE)
    local, effects = join(room, "l", "local")
    assert (seen_by(effects, "l"), seen_by(effects, "s")) == ([s], [local])
    _, effects = join(room, "s2", SERVICE)
    assert sorted(seen_by(effects, "s2")) == sorted([s, local])


def test_services_of_different_users_see_each_other(room):
    first = room.enter("s", SERVICE)
    second, effects = join(room, "t", "service:other")
    assert (seen_by(effects, "t"), seen_by(effects, "s")) == ([first], [second])


def test_service_does_not_make_users_see_each_other(room):
    room.enter("s", SERVICE, SUM)
    a, b = room.enter("a", "anna", SUM), room.enter("b", "ben")
    effects = room.handle("a", Register("r", a, [{"id": "1", "name": "Mean"}]))
    assert {effect.connection for effect in effects} == {"s", "a"}
    effects = room.handle("a", Unregister("u", a, ["1"]))
    assert {effect.connection for effect in effects} == {"s", "a"}
    for message in (Call("x", b, a, "0"), Subscribe("x", b, a, "0")):
        assert room.handle("b", message) == [
            Send("b", Error("x", b, "agm.errors.failure", "Unknown server", "agm"))
        ]


def test_peer_that_only_has_the_name_of_a_services_user_is_no_service(room):
    room.enter("s", SERVICE)
    room.enter("a", "anna", SUM)
    _, effects = join(room, "l", "local")
    assert told_of(effects, PeerAdded) == ["l", "s"]


def test_methods_of_a_service_come_and_go_for_all_users(room):
    s = room.enter("s", SERVICE)
    room.enter("a", "anna")
    room.enter("b", "ben")
    effects = room.handle("s", Register("r", s, [SUM]))
    assert told_of(effects, MethodsAdded) == ["a", "b", "s"]
    (shown,) = [effect.message for effect in effects if effect.connection == "b"]
    assert shown.methods == [definition("0", "Sum", 1)]
    effects = room.handle("s", Unregister("u", s, ["0"]))
    assert told_of(effects, MethodsRemoved) == ["a", "b", "s"]


def test_methods_of_all_users_come_and_go_for_a_service(room):
    room.enter("s", SERVICE)
    a = room.enter("a", "anna")
    room.enter("b", "ben")
    effects = room.handle("a", Register("r", a, [SUM]))
    assert told_of(effects, MethodsAdded) == ["a", "s"]
    effects = room.handle("a", Unregister("u", a, ["0"]))
    assert told_of(effects, MethodsRemoved) == ["a", "s"]


@pytest.mark.parametrize("caller, callee", [("s", "a"), ("a", "s")])
def test_calls_go_both_ways_between_a_service_and_a_user(room, caller, callee):
    peers = {"s": room.enter("s", SERVICE, SUM), "a": room.enter("a", "anna", SUM)}
    invocation = room.call((caller, peers[caller]), peers[callee])
    assert room.handle(callee, Yield(None, peers[callee], invocation, raw(1))) == [
        Send(caller, Result("c1", peers[caller], raw(1)))
    ]


@pytest.mark.parametrize("subscriber, publisher", [("s", "a"), ("a", "s")])
def test_streams_go_both_ways_between_a_service_and_a_user(room, subscriber, publisher):
    peers = {"s": room.enter("s", SERVICE, SUM), "a": room.enter("a", "anna", SUM)}
    subscription = room.subscribe((subscriber, peers[subscriber]), peers[publisher])
    accepted = Accepted(None, peers[publisher], subscription, "branch")
    assert room.handle(publisher, accepted) == [
        Send(subscriber, Subscribed("s1", peers[subscriber], subscription))
    ]
    (effect,) = room.handle(publisher, Publish(None, peers[publisher], "branch", raw(1)))
    assert (effect.connection, type(effect.message)) == (subscriber, Event)


def test_one_stream_of_a_service_feeds_the_subscribers_of_all_users(room):
    s = room.enter("s", SERVICE, SUM)
    for connection, user in [("a", "anna"), ("b", "ben")]:
        peer = room.enter(connection, user)
        subscription = room.subscribe((connection, peer), s)
        room.accept(("s", s), subscription, "branch")
    effects = room.handle("s", Publish(None, s, "branch", raw(1)))
    assert told_of(effects, Event) == ["a", "b"]


@pytest.mark.parametrize("leaves_by", ["disconnect", "leave"])
def test_service_that_leaves_ends_what_it_had_with_all_users(room, leaves_by):
    s = room.enter("s", SERVICE, SUM)
    a, b = room.enter("a", "anna", SUM), room.enter("b", "ben", SUM)
    room.call(("a", a), s, request_id="c1")
    room.call(("s", s), b)
    subscription = room.subscribe(("b", b), s)
    room.accept(("s", s), subscription, "branch")
    room.subscribe(("s", s), a)
    if leaves_by == "leave":
        *effects, success = room.handle("s", Leave("l", s, "agm"))
        assert success == Send("s", Success("l", s, "agm"))
    else:
        effects = room.disconnect("s")
    assert told_of(effects, Error) == ["a"]
    assert told_of(effects, SubscriptionCancelled) == ["b"]
    assert told_of(effects, RemoveInterest) == ["a"]
    assert told_of(effects, MethodsRemoved) == told_of(effects, PeerRemoved) == ["a", "b"]
    assert len(effects) == 7
    _, effects = join(room, "a2", "anna")
    assert told_of(effects, PeerAdded) == ["a", "a2"], "the service is out of sight"


@pytest.mark.parametrize("leaves_by", ["disconnect", "leave"])
def test_service_is_told_of_whoever_leaves(room, leaves_by):
    s = room.enter("s", SERVICE)
    a = room.enter("a", "anna", SUM)
    room.enter("b", "ben")
    room.call(("s", s), a)
    if leaves_by == "leave":
        effects = room.handle("a", Leave("l", a, "agm"))[:-1]
    else:
        effects = room.disconnect("a")
    assert [(effect.connection, type(effect.message)) for effect in effects] == [
        ("s", Error),
        ("s", MethodsRemoved),
        ("s", PeerRemoved),
    ]


def test_service_that_came_back_to_agm_is_seen_again(room):
    s = room.enter("s", SERVICE)
    room.enter("a", "anna")
    room.handle("s", Leave("l", s, "agm"))
    effects = room.handle("s", Join("j", s, "agm"))
    assert told_of(effects, PeerAdded) == ["a", "s"]


@pytest.mark.parametrize("restricted", ["service", "user"])
def test_restriction_narrows_what_a_service_and_a_user_see(room, restricted):
    restriction = {"restrictions": "$user == #user"}
    a = room.enter("a", "anna", SUM, **(restriction if restricted == "user" else {}))
    s = room.enter("s", SERVICE, SUM, **(restriction if restricted == "service" else {}))
    _, effects = join(room, "l", "local")
    assert seen_by(effects, "l") == [s]
    for caller, callee in [(("s", s), a), (("a", a), s)]:
        assert room.handle(caller[0], Call("c", caller[1], callee, "0")) == [
            Send(
                caller[0],
                Error("c", caller[1], "agm.errors.failure", "Unknown server", "agm"),
            )
        ]
    assert told_of(room.disconnect("s"), PeerRemoved) == ["l"]


def test_restriction_of_a_method_holds_for_services_too(room):
    s = room.enter("s", SERVICE)
    a = room.enter("a", "anna")
    hidden = {**SUM, "restrictions": "$user == #user"}
    assert told_of(room.handle("a", Register("r", a, [hidden])), MethodsAdded) == ["a"]
    assert isinstance(room.handle("s", Call("c", s, a, "0"))[0].message, Error)


def test_service_that_did_not_join_is_not_seen(room):
    room.connect("s")
    room.hello("s", SERVICE)
    _, effects = join(room, "a", "anna")
    assert told_of(effects, PeerAdded) == []
    assert room.disconnect("s") == []


def test_tables_are_empty_when_services_and_users_have_left(room):
    for order in ("sab", "abs"):
        peers = {
            connection: room.enter(connection, user, SUM)
            for connection, user in [("s", SERVICE), ("a", "anna"), ("b", "ben")]
        }
        for user in "ab":
            room.call((user, peers[user]), peers["s"])
            room.call(("s", peers["s"]), peers[user])
            subscription = room.subscribe((user, peers[user]), peers["s"])
            room.accept(("s", peers["s"]), subscription, "branch")
        for connection in order:
            room.disconnect(connection)
        assert set(room.router.counters().values()) == {0}
