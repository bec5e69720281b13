"""Who sees whom."""

import pytest

from dash_interop.protocol.effects import Send
from dash_interop.protocol.messages import (
    Call,
    Error,
    Join,
    MethodsAdded,
    PeerAdded,
    PeerRemoved,
    Register,
    Subscribe,
    Success,
)
from tests.support.room import Room, raw

SUM = {"id": "0", "name": "Sum"}


def test_peers_of_different_users_are_not_announced_to_each_other():
    room = Room()
    room.enter("a", "anna", SUM)
    room.connect("b")
    b = room.hello("b", "ben")
    assert room.handle("b", Join("j", b, "agm")) == [Send("b", Success("j", b))]


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
    assert room.handle("b", message("x", b, a, "0")) == [
        Send("b", Error("x", b, "agm.errors.invocation.failure", "Unknown method 0"))
    ]


def test_departure_is_not_announced_to_other_users():
    room = Room()
    room.enter("a", "anna", SUM)
    room.enter("b", "ben")
    assert room.router.disconnect("a", 0.0) == []


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
    effects = room.router.disconnect("a", 0.0)
    told = [effect for effect in effects if isinstance(effect, Send)]
    assert any(isinstance(effect.message, PeerRemoved) for effect in told) is seen


def test_restriction_never_widens_beyond_the_user():
    room = Room()
    a = room.enter("a", "anna", SUM, restrictions="$user != 'nobody'")
    room.connect("b")
    b = room.hello("b", "ben")
    assert room.handle("b", Join("j", b, "agm", "$user == 'anna'")) == [Send("b", Success("j", b))]
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
        Send("c", Error("c", guest, "agm.errors.invocation.failure", "Unknown method 0"))
    ]
    room.connect("d")
    d = room.hello("d", role="guest")
    shown = [
        effect.message
        for effect in room.handle("d", Join("j", d, "agm"))
        if isinstance(effect, Send) and isinstance(effect.message, MethodsAdded)
    ]
    assert shown == []
    assert {effect.connection for effect in room.router.disconnect("d", 0.0)} == {"a", "b", "c"}


def test_hidden_method_is_withdrawn_only_from_those_who_saw_it():
    room = Room()
    room.enter("a", "anna", {**SUM, "restrictions": "$role == 'admin'"})
    admin = room.enter("b", role="admin")
    guest = room.enter("c", role="guest")
    kinds = {admin: [], guest: []}
    for effect in room.router.disconnect("a", 0.0):
        assert isinstance(effect, Send)
        kinds[effect.message.peer_id or ""].append(type(effect.message).__name__)
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
    *_, to_a, _ = room.handle("b", Join("j", b, "agm"))
    assert isinstance(to_a, Send) and isinstance(to_a.message, PeerAdded)
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
