"""What peers get when they create, change and leave contexts."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from dash_interop.router.contexts.channels import DEFAULT_CHANNELS, Channel
from dash_interop.router.effects import Send
from dash_interop.router.limits import Limits
from dash_interop.wire.contexts import (
    MAX_RESTORED_VERSION,
    ContextCreated,
    ContextDestroyed,
    SubscribeContext,
    SubscribedContext,
    UpdateContext,
)
from dash_interop.wire.envelope import Success
from dash_interop.wire.login import Hello, Welcome
from tests.support.context_room import ContextPeer, ContextRoom, error_of
from tests.support.room import credentials, frames_of, raw


def types_of(peer: ContextPeer) -> list[str]:
    return [type(message).__name__ for message in peer.heard]


def set_of(path: str, value: Any) -> dict[str, Any]:
    return {"commands": [{"type": "set", "path": path, "value": value}]}


# Creating


def test_all_of_the_user_hear_of_a_new_context_and_the_creator_before_its_answer():
    room = ContextRoom()
    a, b, stranger = room.enter(), room.enter(), room.enter("bert")
    a.create("Market", {"px": 1})
    assert types_of(a)[1:] == ["ContextAdded", "ContextCreated"]
    assert [message.creator_id for message in b.heard[1:]] == [a.id]
    assert types_of(stranger) == ["Welcome"]


def test_newcomer_hears_of_what_exists_right_after_its_welcome():
    room = ContextRoom()
    a = room.enter()
    a.create("kept")
    a.create("owned", lifetime="ownership")
    newcomer = room.enter()
    assert types_of(newcomer) == ["Welcome", "ContextAdded", "ContextAdded"]
    assert [message.creator_id for message in newcomer.heard[1:]] == [None, a.id]


def test_name_that_exists_is_answered_with_its_value_and_the_data_are_ignored():
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    a.create("Market", {"px": 1})
    answer = b.create("Market", {"px": 2})
    assert isinstance(answer, SubscribedContext)
    assert b.copy("Market") == {"px": 1}
    a.update("Market", {"added": {"q": 1}})
    assert b.copy("Market") == {"px": 1, "q": 1}


def test_list_becomes_the_map_that_clients_hold_and_the_creator_is_told():
    room = ContextRoom()
    a = room.enter()
    answer = a.create("rows", [1, {"b": 2}])
    assert msgspec.json.decode(answer.data) == {"0": 1, "1": {"b": 2}}
    assert room.read("rows") == {"0": 1, "1": {"b": 2}}
    assert a.create("map", {"a": 1}).data is UNSET


@pytest.mark.parametrize(
    "fields, reason_uri",
    [
        ({"name": ""}, "global.errors.failure"),
        ({"name": "x" * 257}, "global.errors.failure"),
        ({"lifetime": None}, "global.errors.bad_lifetime"),
        ({"lifetime": "for ever"}, "global.errors.bad_lifetime"),
        ({"lifetime": 5}, "global.errors.bad_lifetime"),
        ({"data": "text"}, "global.errors.failure"),
        ({"data": 0}, "global.errors.failure"),
        ({"read_permissions": "$x =="}, "global.errors.failure"),
        ({"write_permissions": "x" * 1001}, "global.errors.failure"),
        ({"version": 0}, "global.errors.failure"),
        ({"version": MAX_RESTORED_VERSION + 1}, "global.errors.failure"),
        ({"version": 5, "lifetime": "ownership"}, "global.errors.failure"),
        ({"version": 5, "read_permissions": "$user == 'anna'"}, "global.errors.failure"),
    ],
)
def test_what_cannot_be_a_context_is_refused(fields, reason_uri):
    room = ContextRoom()
    a = room.enter()
    answer = a.create(**{"name": "x", **fields})
    assert error_of(answer) == reason_uri
    assert room.counters()["contexts"] == 0


def test_names_belong_to_users():
    room = ContextRoom()
    a, b = room.enter("anna"), room.enter("bert")
    a.create("Market", {"of": "anna"})
    b.create("Market", {"of": "bert"})
    assert (room.read("Market", "anna"), room.read("Market", "bert")) == (
        {"of": "anna"},
        {"of": "bert"},
    )
    answer = b.ask(SubscribeContext("s", b.id, a.ids["Market"]))
    assert answer.reason.startswith("Unable to find context with id")


# Changing


def test_members_get_the_delta_as_it_was_sent_and_the_writer_gets_its_success():
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    a.create("Market", {"px": 1})
    b.subscribe("Market")
    delta = {"added": {"px": 2}, "whatever": ["kept"]}
    assert isinstance(a.update("Market", delta), Success)
    assert b.changes == [(a.id, delta)]
    assert a.changes == []


def test_who_asks_for_an_echo_gets_it_before_its_success():
    room = ContextRoom()
    a = room.enter(echoes=True)
    a.create("Market", {"px": 1})
    del a.heard[:]
    a.update("Market", {"added": {"px": 2}})
    assert types_of(a) == ["ContextUpdated", "Success"]
    assert a.copy("Market") == {"px": 2}


def test_writer_that_is_no_member_changes_the_value_and_gets_no_echo():
    room = ContextRoom()
    a, b = room.enter(), room.enter(echoes=True)
    a.create("Market", {"px": 1})
    b.update("Market", {"added": {"px": 2}})
    assert (a.copy("Market"), b.changes) == ({"px": 2}, [])


def test_delta_that_cannot_be_applied_is_refused_and_nobody_hears_of_it():
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    a.create("rows", {"rows": [1]})
    b.subscribe("rows")
    version = b.versions[b.ids["rows"]]
    answer = a.update("rows", set_of("rows.first", 1))
    assert error_of(answer) == "global.errors.failure"
    assert "rows.first" in answer.reason
    assert b.changes == []
    assert isinstance(a.update("rows", {}, if_version=version), Success)


@pytest.mark.parametrize("delta", [None, [], "text", 5, {"commands": 5}, {"added": [1]}])
def test_what_is_no_delta_is_refused(delta):
    room = ContextRoom()
    a = room.enter()
    a.create("x", {"k": 1})
    assert error_of(a.update("x", delta)) == "global.errors.failure"
    assert room.read("x") == {"k": 1}


def test_versions_grow_with_every_write_also_when_a_name_is_made_anew():
    room = ContextRoom()
    a = room.enter(echoes=True)
    versions = [a.create("x").version]
    a.update("x", {"added": {"k": 1}})
    versions.append(a.versions[a.ids["x"]])
    a.destroy("x")
    versions.append(a.create("x").version)
    assert versions == sorted(set(versions))


def test_change_of_a_version_that_is_not_there_any_more_is_a_conflict():
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    version = a.create("x", {"n": 1}).version
    assert isinstance(b.update("x", {"added": {"n": 2}}, if_version=version), Success)
    assert error_of(a.update("x", {"added": {"n": 3}}, if_version=version)) == (
        "global.errors.conflict"
    )
    assert error_of(a.update("x", {"added": {"n": 3}}, if_version=0)) == "global.errors.conflict"
    assert error_of(a.destroy("x", if_version=version)) == "global.errors.conflict"
    assert room.read("x") == {"n": 2}


# Ending


def test_all_hear_of_the_end_and_the_destroyer_before_its_success():
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    a.create("x")
    del a.heard[:], b.heard[:]
    a.destroy("x")
    assert types_of(a) == ["ContextDestroyed", "Success"]
    (gone,) = b.heard
    assert gone.reason_uri == "global.destroyed"


def test_unknown_context_is_refused_with_the_words_that_clients_know():
    room = ContextRoom()
    a = room.enter()
    a.ids["x"] = "c-none"
    for answer in (a.subscribe("x"), a.update("x", {}), a.destroy("x"), a.unsubscribe("x")):
        assert error_of(answer) == "global.errors.failure"
        assert answer.reason.startswith("Unable to find context with id c-none")


def test_only_its_owner_destroys_a_context_of_ownership_and_it_ends_with_the_owner():
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    a.create("x", lifetime="ownership")
    b.subscribe("x")
    assert error_of(b.destroy("x")) == "global.errors.not_authorized"
    a.end()
    assert isinstance(b.heard[-1], ContextDestroyed)
    assert b.heard[-1].reason_uri == "context.peer-left"
    assert room.counters()["contexts"] == 0


@pytest.mark.parametrize("way", ["unsubscribe", "end"])
def test_ref_counted_context_ends_with_its_last_member(way):
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    a.create("x", lifetime="ref-counted")
    b.subscribe("x")
    a.end()
    assert room.counters()["contexts"] == 1
    watcher = room.enter()
    if way == "end":
        b.end()
    else:
        b.unsubscribe("x")
    assert isinstance(watcher.heard[-1], ContextDestroyed)
    assert room.counters()["contexts"] == 0


def test_retained_context_outlives_all_peers_of_its_user():
    room = ContextRoom()
    a = room.enter()
    a.create("x", {"k": 1})
    a.end()
    assert room.read("x") == {"k": 1}


def test_peer_that_has_unsubscribed_gets_nothing_more():
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    a.create("x")
    b.subscribe("x")
    assert isinstance(b.unsubscribe("x"), Success)
    assert isinstance(b.unsubscribe("x"), Success)
    a.update("x", {"added": {"k": 1}})
    assert b.changes == []


# Two domains


def test_peer_that_has_joined_is_spoken_to_in_the_domain_and_hears_of_all_once_more():
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    a.create("x")
    b.subscribe("x")
    del b.heard[:]
    b.join()
    a.update("x", {"added": {"k": 1}})
    assert [(type(each).__name__, each.domain) for each in b.heard] == [
        ("ContextAdded", "context"),
        ("Success", "context"),
        ("ContextUpdated", "context"),
    ]
    b.ids["none"] = "c-none"
    refused = b.update("none", {})
    assert (refused.domain, refused.reason_uri) == ("context", "context.errors.failure")
    b.leave()
    a.update("x", {"added": {"k": 2}})
    assert b.heard[-1].domain == "global"
    assert b.copy("x") == {"k": 2}


def test_message_in_the_domain_of_who_has_not_joined_is_refused_there():
    room = ContextRoom()
    a = room.enter()
    text = {"domain": "context", "type": "create-context", "peer_id": a.id, "name": "x"}
    frame = room.router.codec.decode(msgspec.json.encode(text))
    room.take(room.router.handle(a.connection, frame, 0.0))
    assert (a.answers[-1].domain, a.answers[-1].reason_uri) == ("context", "context.errors.failure")


# Who may


def test_read_permission_hides_a_context_from_others():
    room = ContextRoom()
    a = room.enter(application="a")
    b, c = room.enter(application="b"), room.enter(application="c")
    a.create("x", {"k": 1}, read_permissions="$application == 'b'")
    assert ("x" in b.ids, "x" in c.ids, "x" in room.enter(application="c").ids) == (
        True,
        False,
        False,
    )
    assert b.subscribe("x") == {"k": 1}
    c.ids["x"] = b.ids["x"]
    for answer in (c.subscribe("x"), c.update("x", {}), c.destroy("x"), c.create("x")):
        assert error_of(answer) == "global.errors.not_authorized"
    # The creator may, whatever its own identity is.
    assert isinstance(a.update("x", {"added": {"k": 2}}), Success)
    a.destroy("x")
    assert not any(isinstance(each, ContextDestroyed) for each in c.heard)


def test_write_permission_implies_reading_and_leaves_reading_to_the_others():
    room = ContextRoom()
    a, b, c = (room.enter(application=each) for each in "abc")
    a.create("x", write_permissions="$application == 'b'")
    a.create(
        "y",
        read_permissions="$application == 'd'",
        write_permissions="$application == #application",
    )
    assert (set(b.ids), set(c.ids)) == ({"x"}, {"x"})
    assert isinstance(b.update("x", {"added": {"k": 1}}), Success)
    assert c.subscribe("x") == {"k": 1}
    assert error_of(c.update("x", {"added": {"k": 2}})) == "global.errors.not_authorized"
    assert "y" in room.enter(application="a").ids


def test_only_a_retained_context_without_permissions_is_restorable():
    room = ContextRoom()
    a = room.enter()
    a.create("plain")
    a.create("owned", lifetime="ownership")
    a.create("closed", read_permissions="$user == 'anna'")
    found = {}
    for name in ("plain", "owned", "closed"):
        a.subscribe(name)
        found[name] = a.answers[-1].restorable
    assert found == {"plain": True, "owned": UNSET, "closed": UNSET}


def test_context_that_ends_unused_ends_a_day_after_its_last_member():
    room = ContextRoom()
    router = room.router
    a, b, watcher = room.enter(), room.enter(), room.enter()
    for name in ("x", "y", "kept"):
        a.create(name, {"n": 1}, ends_unused=name != "kept")
    b.subscribe("x")
    a.end()
    b.unsubscribe("x")
    assert router.next_deadline() == 24 * 3600.0
    b.subscribe("x")
    room.take(router.tick(24 * 3600.0))
    assert list(watcher.ids) == ["x", "kept"]
    (gone,) = [each for each in watcher.heard if isinstance(each, ContextDestroyed)]
    assert gone.reason_uri == "context.peer-left"
    b.destroy("x")
    assert router.next_deadline() is None


@pytest.mark.parametrize("comes_back", [True, False])
def test_context_that_ends_unused_may_be_brought_back_by_who_had_it(comes_back):
    room = ContextRoom()
    a, b = room.enter(echoes=True), room.enter(echoes=True)
    a.create("x", {"n": 1}, version=500, ends_unused=True)
    assert b.subscribe("x") == {"n": 1}
    a.end()
    b.end()
    c = room.enter(echoes=True)
    if comes_back:
        c.create("x", {"n": 1}, version=500, ends_unused=True)
    room.take(room.router.tick(24 * 3600.0))
    assert list(c.ids) == (["x"] if comes_back else [])


# Restoring


def test_context_comes_back_with_its_value_and_its_version():
    room = ContextRoom()
    a, b = room.enter(echoes=True), room.enter(echoes=True)
    answer = a.create("x", {"k": 1}, version=500)
    assert isinstance(answer, ContextCreated)
    assert answer.version == 500
    assert b.create("y").version > 500


def test_newer_value_that_comes_back_takes_the_place_of_an_older_one():
    room = ContextRoom()
    a, b = room.enter(echoes=True), room.enter(echoes=True)
    a.create("x", {"old": 1}, version=500)
    answer = b.create("x", {"new": 1}, version=502)
    assert isinstance(answer, SubscribedContext)
    assert (answer.version, b.copy("x"), a.copy("x")) == (502, {"new": 1}, {"new": 1})
    assert a.changes == [(b.id, {"reset": {"new": 1}})]
    c = room.enter(echoes=True)
    c.create("x", {"older": 1}, version=501)
    assert (c.copy("x"), room.read("x")) == ({"new": 1}, {"new": 1})


def test_value_that_comes_back_never_takes_the_place_of_what_was_written():
    room = ContextRoom()
    a, b = room.enter(echoes=True), room.enter(echoes=True)
    a.create("x", {"old": 1}, version=500)
    a.update("x", {"reset": {"written": 1}})
    b.create("x", {"newer": 1}, version=900)
    a.create("y", {"made": 1})
    b.create("y", {"newer": 1}, version=900)
    assert (room.read("x"), room.read("y")) == ({"written": 1}, {"made": 1})
    assert (b.copy("x"), b.copy("y")) == ({"written": 1}, {"made": 1})


def test_value_that_comes_back_takes_the_place_of_an_untouched_channel():
    room = ContextRoom(channels=DEFAULT_CHANNELS)
    a, b = room.enter(echoes=True), room.enter(echoes=True)
    name = DEFAULT_CHANNELS[0].context_name
    a.subscribe(name)
    version = a.versions[a.ids[name]]
    b.create(name, {"data": {"k": 1}}, version=1)
    assert (a.copy(name), b.copy(name)) == ({"data": {"k": 1}}, {"data": {"k": 1}})
    assert b.versions[b.ids[name]] > version


# Channels


def test_user_has_the_channels_from_the_first_login_and_loses_the_untouched_ones_at_the_end():
    room = ContextRoom(channels=DEFAULT_CHANNELS)
    a = room.enter()
    assert list(a.ids) == [channel.context_name for channel in DEFAULT_CHANNELS]
    assert a.subscribe("___channel___Red") == {
        "name": "Red",
        "meta": {"color": "#d32f2f"},
        "data": {},
    }
    a.update("___channel___Blue", set_of("data.px", 1))
    a.end()
    assert room.counters()["contexts"] == 1
    b = room.enter()
    assert room.counters()["contexts"] == 8
    assert b.subscribe("___channel___Blue")["data"] == {"px": 1}
    b.end()
    assert room.counters()["contexts"] == 1


def test_channels_are_made_once_for_all_peers_of_a_user():
    room = ContextRoom(channels=(Channel(name="Sales", meta={"color": "navy", "label": "S"}),))
    a, b, other = room.enter(), room.enter(), room.enter("bert")
    assert a.ids == b.ids
    assert list(other.ids) == list(a.ids) == ["___channel___Sales"]
    assert other.ids != a.ids


# Limits


def test_limits_are_errors_that_name_them():
    limits = Limits(
        contexts_per_user=2,
        context_subscriptions_per_peer=2,
        context_size=100,
        commands_per_delta=2,
    )
    room = ContextRoom(limits)
    a, b = room.enter(), room.enter()
    a.create("one", {"k": "x" * 50})
    b.create("two")
    answers = [
        a.create("three"),
        a.create("four", {"k": "x" * 100}),
        a.update("one", {"added": {"more": "x" * 50}}),
        a.update("one", {"reset": {"more": "x" * 100}}),
        a.update("one", {"commands": [{"type": "set", "path": "k", "value": 1}] * 3}),
    ]
    assert [error_of(answer) for answer in answers] == ["global.errors.limits_exceeded"] * 5
    assert [number for answer in answers for number in ("2", "100") if number in answer.reason]
    assert room.read("one") == {"k": "x" * 50}
    room = ContextRoom(Limits(context_subscriptions_per_peer=1))
    a, b = room.enter(), room.enter()
    a.create("one")
    b.create("two")
    assert error_of(a.subscribe("two")) == "global.errors.limits_exceeded"
    assert error_of(a.create("three")) == "global.errors.limits_exceeded"
    assert a.subscribe("one") == {}


def test_size_of_a_value_is_that_of_what_it_holds_and_not_of_what_was_sent():
    room = ContextRoom(Limits(context_size=1000))
    a = room.enter()
    a.create("x")
    for number in range(200):
        assert isinstance(a.update("x", set_of("k", "x" * 100 + str(number))), Success)
    assert isinstance(a.update("x", set_of("list", [])), Success)
    assert error_of(a.update("x", set_of("list.length", 500))) == "global.errors.limits_exceeded"
    assert room.read("x") == {"k": "x" * 100 + "199", "list": []}


# Whoever looks into it


def test_snapshot_says_who_shares_what():
    room = ContextRoom()
    a, b = room.enter(), room.enter()
    a.create("x")
    b.subscribe("x")
    (context,) = room.router.snapshot()["context"].values()
    assert (context["name"], context["user"], context["members"]) == ("x", "anna", [a.id, b.id])


def test_value_is_encoded_once_for_all_who_read_it():
    room = ContextRoom()
    a = room.enter()
    a.create("x", {"k": 1})
    a.update("x", set_of("l", 2))
    values: set[int] = set()
    for _ in range(3):
        peer = room.enter()
        message = SubscribeContext("s", peer.id, peer.ids["x"])
        (effect,) = room.router.handle(peer.connection, message, 0.0)
        answer = effect.message if isinstance(effect, Send) else None
        assert isinstance(answer, SubscribedContext)
        values.add(id(answer.data))
    assert len(values) == 1


def test_audience_is_the_same_object_while_nobody_comes_or_goes_and_few_are_kept():
    room = ContextRoom()
    peers = [room.enter() for _ in range(20)]
    peers[0].create("x")
    for peer in peers[1:]:
        peer.subscribe("x")
    domain: Any = room.router._domains["context"]
    (context,) = domain._table
    assert context.audience() is context.audience()
    assert len(context.audience()) == 20
    for peer in peers:
        others = [connection for connection, _ in context.audience(peer.id)]
        assert others == [each.connection for each in peers if each is not peer]
    assert len(context._audiences) <= 8
    peers[-1].end()
    assert len(context.audience()) == 19


def test_peers_of_one_connection_each_have_their_own():
    room = ContextRoom()
    a = room.enter()
    a.create("x")
    first = room.enter(application="first")
    room.handle(first.connection, Hello(identity={}, authentication=credentials("anna")))
    second_id = first.id
    ids = [each.peer_id for each in first.heard if isinstance(each, Welcome)]
    assert ids == [ids[0], second_id]
    for peer_id in ids:
        first.id = peer_id
        first.subscribe("x")
    a.update("x", {"added": {"k": 1}})
    effects = room.router.handle(
        a.connection, UpdateContext("w", a.id, a.ids["x"], raw({"added": {"k": 2}})), 0.0
    )
    told = [frame for to, frame in frames_of(effects) if to == first.connection]
    assert [msgspec.json.decode(frame)["peer_id"] for frame in told] == ids
