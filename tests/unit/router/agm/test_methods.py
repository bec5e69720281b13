"""Registering and withdrawing methods."""

import pytest

from dash_interop.router.effects import Send
from dash_interop.router.limits import Limits
from dash_interop.wire.agm import (
    Call,
    MethodsAdded,
    MethodsRemoved,
    Register,
    SubscriptionCancelled,
    Unregister,
)
from dash_interop.wire.envelope import Error, Success
from tests.support.room import Room, definition

SUM = {"id": "0", "name": "Sum"}
METHOD_REMOVED = ("agm.method-removed", "Method has been removed")


def test_method_is_announced_to_the_others_then_to_its_owner_then_acknowledged():
    room = Room()
    a, b = room.enter("a"), room.enter("b")
    method = {
        "id": "0",
        "name": "Sum",
        "display_name": "Sum of two",
        "flags": {"metadata": {"colour": "red"}},
        "object_types": ["Instrument"],
        "input_signature": "int a, int b",
        "unknown": [None, {}],
    }
    described = definition(**method, registration=1)
    assert room.handle("a", Register("r", a, [method])) == [
        Send("b", MethodsAdded(b, a, [described])),
        Send("a", MethodsAdded(a, a, [described])),
        Send("a", Success("r", a, "agm")),
    ]


def test_registration_numbers_grow_over_all_peers():
    room = Room()
    a, b = room.enter("a"), room.enter("b")
    seen = []
    for connection, peer, ids in [("a", a, "01"), ("b", b, "0"), ("a", a, "2")]:
        methods = [{"id": id, "name": f"M{id}"} for id in ids]
        to_other, *_ = room.handle(connection, Register("r", peer, methods))
        assert isinstance(to_other, Send) and isinstance(to_other.message, MethodsAdded)
        seen += to_other.message.methods
    assert seen == [
        definition(id, f"M{id}", number) for number, id in enumerate(["0", "1", "0", "2"], 1)
    ]


def test_ids_keep_their_type():
    room = Room()
    a = room.enter("a", "anna", {"id": 7, "name": "Seven"})
    b = room.enter("b")
    assert room.call(("b", b), a, 7)
    assert room.handle("b", Call("c", b, a, "7")) == [
        Send("b", Error("c", b, "agm.errors.invocation.failure", "Unknown method 7", "agm"))
    ]


def test_later_registration_of_the_same_name_takes_the_place_of_the_earlier():
    room = Room()
    a = room.enter("a", "anna", SUM)
    b = room.enter("b")
    assert room.handle("a", Register("r", a, [{"id": "1", "name": "Sum"}])) == [
        Send("b", MethodsRemoved(b, a, ["0"])),
        Send("b", MethodsAdded(b, a, [definition("1", "Sum", 2)])),
        Send("a", MethodsRemoved(a, a, ["0"])),
        Send("a", MethodsAdded(a, a, [definition("1", "Sum", 2)])),
        Send("a", Success("r", a, "agm")),
    ]
    assert room.handle("b", Call("c", b, a, "0"))[0].connection == "b"
    assert room.call(("b", b), a, "1")


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Product"},
        {"name": "Sum", "input_signature": "int a"},
        {"name": "Sum", "result_signature": "int s"},
    ],
)
def test_method_with_another_name_or_signature_stands_beside_it(other):
    room = Room()
    a = room.enter("a", "anna", SUM)
    room.handle("a", Register("r", a, [{"id": "1", **other}]))
    assert room.router.counters()["methods"] == 2


def test_same_name_of_another_peer_is_left_alone():
    room = Room()
    room.enter("a", "anna", SUM)
    room.enter("b", "anna", {"id": "1", "name": "Sum"})
    assert room.router.counters()["methods"] == 2


def test_same_name_twice_in_one_registration_announces_only_the_later():
    room = Room()
    a, b = room.enter("a"), room.enter("b")
    effects = room.handle("a", Register("r", a, [SUM, {"id": "1", "name": "Sum"}]))
    later = definition("1", "Sum", 2)
    assert effects == [
        Send("b", MethodsAdded(b, a, [later])),
        Send("a", MethodsAdded(a, a, [later])),
        Send("a", Success("r", a, "agm")),
    ]


def test_same_id_twice_in_one_registration_announces_only_the_later():
    room = Room()
    a, b = room.enter("a"), room.enter("b")
    to_b, *_ = room.handle("a", Register("r", a, [SUM, {"id": "0", "name": "Product"}]))
    assert to_b == Send("b", MethodsAdded(b, a, [definition("0", "Product", 2)]))


def test_registering_an_id_again_replaces_its_method():
    room = Room()
    a = room.enter("a", "anna", SUM)
    b = room.enter("b")
    effects = room.handle("a", Register("r", a, [{"id": "0", "name": "Product"}]))
    assert Send("b", MethodsAdded(b, a, [definition("0", "Product", 2)])) in effects
    assert room.router.counters()["methods"] == 1


def test_method_that_gets_hidden_by_a_new_registration_is_withdrawn():
    room = Room()
    a = room.enter("a", "anna", SUM)
    b = room.enter("b", role="guest")
    hidden = {**SUM, "restrictions": "$role == 'admin'"}
    effects = room.handle("a", Register("r", a, [hidden]))
    assert Send("b", MethodsRemoved(b, a, ["0"])) in effects


def test_registering_an_id_again_does_not_count_twice_against_the_limit():
    room = Room(Limits(methods_per_peer=1))
    a = room.enter("a", "anna", SUM)
    assert room.handle("a", Register("r", a, [SUM]))[-1] == Send("a", Success("r", a, "agm"))


@pytest.mark.parametrize(
    "method, reason",
    [
        ({"name": "Sum"}, "A method needs an id, a string or an integer"),
        ({"id": None, "name": "Sum"}, "A method needs an id, a string or an integer"),
        ({"id": True, "name": "Sum"}, "A method needs an id, a string or an integer"),
        ({"id": 1.5, "name": "Sum"}, "A method needs an id, a string or an integer"),
        ({"id": [], "name": "Sum"}, "A method needs an id, a string or an integer"),
        ({"id": "0"}, "A method needs a name, a non-empty string"),
        ({"id": "0", "name": ""}, "A method needs a name, a non-empty string"),
        ({"id": "0", "name": 5}, "A method needs a name, a non-empty string"),
        ({"id": "0", "name": "x" * 11}, "Method names have at most 10 characters"),
        ({**SUM, "input_signature": 1}, "The input_signature of method Sum has to be a string"),
        ({**SUM, "result_signature": []}, "The result_signature of method Sum has to be a string"),
        ({**SUM, "restrictions": 1}, "Restrictions are a string of at most 20 characters"),
        ({**SUM, "restrictions": "1" * 21}, "Restrictions are a string of at most 20 characters"),
        (
            {**SUM, "restrictions": "$x =="},
            "These restrictions cannot be used: "
            "expected a field, a text, a number or '(' at position 5",
        ),
    ],
)
def test_bad_definition_is_refused_and_nothing_of_its_registration_stays(method, reason):
    room = Room(Limits(name_length=10, restriction_length=20))
    a = room.enter("a")
    room.enter("b")
    assert room.handle("a", Register("r", a, [{"id": "ok", "name": "Fine"}, method])) == [
        Send("a", Error("r", a, "agm.errors.registration.failure", reason, "agm"))
    ]
    assert room.router.counters()["methods"] == 0


def test_more_methods_than_a_peer_may_offer_are_refused():
    room = Room(Limits(methods_per_peer=1))
    a = room.enter("a", "anna", SUM)
    reason = "The limit of methods for one peer is 1"
    assert room.handle("a", Register("r", a, [{"id": "1", "name": "Product"}])) == [
        Send("a", Error("r", a, "agm.errors.registration.failure", reason, "agm"))
    ]


def test_unregistering_cancels_subscriptions_then_tells_others_then_the_owner():
    room = Room()
    a = room.enter("a", "anna", SUM)
    b, c = room.enter("b"), room.enter("c")
    subscription = room.subscribe(("b", b), a)
    room.accept(("a", a), subscription, "branch")
    undecided = room.subscribe(("c", c), a)
    assert room.handle("a", Unregister("u", a, ["0"])) == [
        Send("b", SubscriptionCancelled(b, subscription, *METHOD_REMOVED)),
        Send("c", SubscriptionCancelled(c, undecided, *METHOD_REMOVED)),
        Send("b", MethodsRemoved(b, a, ["0"])),
        Send("c", MethodsRemoved(c, a, ["0"])),
        Send("a", MethodsRemoved(a, a, ["0"])),
        Send("a", Success("u", a, "agm")),
    ]


def test_unregistering_one_method_leaves_the_others():
    room = Room()
    a = room.enter("a", "anna", SUM, {"id": "1", "name": "Product"})
    b = room.enter("b")
    subscription = room.subscribe(("b", b), a)
    effects = room.handle("a", Unregister("u", a, ["1", "1"]))
    assert Send("b", MethodsRemoved(b, a, ["1"])) in effects
    assert room.router.counters()["methods"] == 1
    assert room.router.counters()["subscriptions"] == 1
    assert room.call(("b", b), a)
    assert subscription


def test_unregistering_nothing_is_answered_and_told_to_nobody():
    room = Room()
    a = room.enter("a", "anna", SUM)
    room.enter("b")
    # With this a page asks whether its connection is still alive.
    assert room.handle("a", Unregister("still-there", a, [])) == [
        Send("a", Success("still-there", a, "agm"))
    ]
    assert room.router.counters()["methods"] == 1


def test_unregistering_an_unknown_method_changes_nothing():
    room = Room()
    a = room.enter("a", "anna", SUM)
    room.enter("b")
    reason = "Unable to unregister missing method 9"
    assert room.handle("a", Unregister("u", a, ["0", "9"])) == [
        Send("a", Error("u", a, "agm.errors.unregistration.failure", reason, "agm"))
    ]
    assert room.router.counters()["methods"] == 1
