"""Who is there and what they offer, and the events that tell of it."""

import copy
import json
import pickle

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dash_interop.peer.directory import EVENTS, Directory, Instance
from dash_interop.peer.interest import Interest
from dash_interop.peer.link import Link
from dash_interop.wire.definitions import Filter, MethodDefinition, read_filter
from dash_interop.wire.payloads import encode_payload
from tests.support.room import raw

SUM = {"id": "0", "name": "Sum"}
ANY_SUM = MethodDefinition(name="Sum")


class Told:
    """A directory and what it told, as (event, who or what) with names only."""

    def __init__(self):
        self.log = []
        self.directory = Directory(self.tell, Interest(Link({}, [])))

    def tell(self, event, *arguments):
        assert event in EVENTS
        names = [x["peerId"] if isinstance(x, Instance) else x.name for x in arguments]
        self.log.append((event, *names))

    def take(self):
        log, self.log = self.log, []
        return log

    def add(self, peer_id, *methods, **identity):
        instance = self.directory.add_instance(peer_id, identity)
        self.offer(peer_id, *methods)
        return instance

    def offer(self, peer_id, *methods):
        self.directory.add_methods(peer_id, [raw(method) for method in methods])


def stream(id, name):
    return {"id": id, "name": name, "flags": {"streaming": True}}


def ids(servers):
    return [server["peerId"] for server in servers]


def offered(told, wanted: Filter = "Sum", **options):
    filter = read_filter(wanted)
    assert filter is not None
    return ids(offer.server for offer in told.directory.offers(filter, **options))


# Events


def test_instance_alone_is_no_server():
    told = Told()
    told.add("a")
    told.directory.remove_instance("a")
    assert told.take() == []
    assert told.directory.servers() == []


def test_first_method_is_told_as_server_method_and_both():
    told = Told()
    told.add("a", SUM)
    assert told.take() == [
        ("server_added", "a"),
        ("method_added", "Sum"),
        ("server_method_added", "a", "Sum"),
    ]


def test_second_method_of_a_server_makes_no_new_server():
    told = Told()
    told.add("a", SUM)
    told.take()
    told.offer("a", {"id": "1", "name": "Product"})
    assert told.take() == [("method_added", "Product"), ("server_method_added", "a", "Product")]


def test_second_provider_of_a_method_makes_no_new_method():
    told = Told()
    told.add("a", SUM)
    told.take()
    told.add("b", {"id": 5, "name": "sum"})
    assert told.take() == [("server_added", "b"), ("server_method_added", "b", "sum")]


def test_method_is_gone_with_its_last_provider():
    told = Told()
    told.add("a", SUM)
    told.add("b", SUM)
    told.take()
    told.directory.remove_methods("a", ["0"])
    assert told.take() == [("server_method_removed", "a", "Sum"), ("server_removed", "a")]
    told.directory.remove_methods("b", ["0"])
    assert told.take() == [
        ("method_removed", "Sum"),
        ("server_method_removed", "b", "Sum"),
        ("server_removed", "b"),
    ]


def test_server_is_gone_with_its_last_method():
    told = Told()
    told.add("a", SUM, {"id": "1", "name": "Product"})
    told.take()
    told.directory.remove_methods("a", ["0"])
    assert told.take() == [("method_removed", "Sum"), ("server_method_removed", "a", "Sum")]
    assert told.directory.servers() == [told.directory.instance("a")]


def test_instance_that_leaves_takes_its_methods_along():
    told = Told()
    told.add("a", SUM, {"id": "1", "name": "Product"})
    told.add("b", SUM)
    told.take()
    told.directory.remove_instance("a")
    assert told.take() == [
        ("server_method_removed", "a", "Sum"),
        ("method_removed", "Product"),
        ("server_method_removed", "a", "Product"),
        ("server_removed", "a"),
    ]
    assert ids(told.directory.servers()) == ["b"]


def test_method_registered_anew_under_its_id_takes_the_place_of_the_earlier():
    told = Told()
    told.add("a", SUM, {"id": "1", "name": "Product"})
    told.take()
    told.offer("a", {"id": "0", "name": "Total"})
    assert told.take() == [
        ("method_removed", "Sum"),
        ("server_method_removed", "a", "Sum"),
        ("method_added", "Total"),
        ("server_method_added", "a", "Total"),
    ]
    assert offered(told, "Sum") == []
    assert offered(told, "Total") == ["a"]


def test_id_as_text_and_as_number_are_two_methods():
    told = Told()
    told.add("a", {"id": "1", "name": "Sum"}, {"id": 1, "name": "Product"})
    told.directory.remove_methods("a", [1])
    assert [method.name for method in told.directory.methods()] == ["Sum"]


@pytest.mark.parametrize(
    "other",
    [
        {"input_signature": "int a"},
        {"result_signature": "int a"},
        {"flags": {"streaming": True}},
    ],
)
def test_other_signature_or_kind_makes_another_method(other):
    told = Told()
    told.add("a", SUM)
    told.take()
    told.add("b", {**SUM, **other})
    assert ("method_added", "Sum") in told.take()
    assert len(told.directory.methods()) == 2


@pytest.mark.parametrize(
    "other", [{"name": "SUM"}, {"description": "x"}, {"version": 2}, {"object_types": ["x"]}]
)
def test_other_description_or_case_makes_no_other_method(other):
    told = Told()
    told.add("a", SUM)
    told.add("b", {**SUM, **other})
    assert len(told.directory.methods()) == 1
    assert told.directory.methods()[0].name == "Sum", "as the first server gave it"


def test_clear_tells_of_everything_that_is_gone():
    told = Told()
    told.add("a", SUM)
    told.add("b", SUM)
    told.add("c")
    told.directory.own_id = "c"
    told.take()
    told.directory.clear()
    assert told.take() == [
        ("server_method_removed", "a", "Sum"),
        ("server_removed", "a"),
        ("method_removed", "Sum"),
        ("server_method_removed", "b", "Sum"),
        ("server_removed", "b"),
    ]
    assert told.directory.methods() == told.directory.servers() == told.directory.pairs() == []
    assert told.directory.own_id is None
    assert dict(told.directory.instance("a")) == {"peerId": "a"}


def test_nothing_can_be_offered_or_withdrawn_by_a_peer_that_is_unknown():
    told = Told()
    told.offer("a", SUM)
    told.directory.remove_methods("a", ["0"])
    told.directory.remove_instance("a")
    assert (told.take(), told.directory.methods()) == ([], [])


def test_method_that_is_unknown_cannot_be_withdrawn():
    told = Told()
    told.add("a", SUM)
    told.take()
    told.directory.remove_methods("a", ["1", 0, "0", "0"])
    assert [event for event, *_ in told.take()] == [
        "method_removed",
        "server_method_removed",
        "server_removed",
    ]


def test_announcement_that_cannot_be_used_does_not_hide_the_others():
    told = Told()
    told.add("a", {"id": None, "name": "x"}, SUM, {"id": "1"})
    assert offered(told) == ["a"]


# Order of preference


def test_first_registered_is_in_front():
    told = Told()
    told.add("late", {**SUM, "registration": 9})
    told.add("early", {**SUM, "registration": 3})
    told.add("middle", {**SUM, "registration": 5})
    assert offered(told) == ["early", "middle", "late"]


def test_first_seen_is_in_front_where_the_gateway_does_not_say_who_registered_first():
    told = Told()
    for name in ("c", "a", "b"):
        told.add(name, SUM)
    assert offered(told) == ["c", "a", "b"]
    told.directory.remove_methods("c", ["0"])
    told.offer("c", SUM)
    assert offered(told) == ["a", "b", "c"]


def test_servers_of_the_own_user_are_in_front():
    told = Told()
    told.add("b", {**SUM, "registration": 1}, user="ben")
    told.add("c", {**SUM, "registration": 2}, user="anna")
    told.add("d", {**SUM, "registration": 3}, user="ben")
    told.add("e", {**SUM, "registration": 4}, user="anna")
    told.add("me", user="anna")
    told.directory.own_id = "me"
    assert offered(told) == ["c", "e", "b", "d"]


def test_instance_that_came_back_is_only_met_where_it_is_now():
    told = Told()
    told.add("old", {**SUM, "registration": 1}, instance="i", application="Prices", user="anna")
    told.add("other", {**SUM, "registration": 2}, instance="j", application="Prices", user="anna")
    told.add("new", {**SUM, "registration": 3}, instance="i", application="Prices", user="anna")
    assert offered(told) == ["other", "new"]
    assert ids(told.directory.servers(ANY_SUM)) == ["other", "new"]
    (method,) = told.directory.methods()
    assert ids(method.get_servers()) == ["other", "new"]
    told.directory.remove_instance("old")
    assert offered(told) == ["other", "new"]


@pytest.mark.parametrize(
    "first, second",
    [
        ({"instance": "i", "user": "anna"}, {"instance": "i", "user": "ben"}),
        ({"instance": "i", "application": "x"}, {"instance": "i", "application": "y"}),
        ({"instance": "i"}, {"instance": "j"}),
        ({}, {}),
        ({"instance": ""}, {"instance": ""}),
        ({"application": "x"}, {"application": "x"}),
    ],
)
def test_instances_that_only_look_alike_are_both_met(first, second):
    told = Told()
    told.add("a", SUM, **first)
    told.add("b", SUM, **second)
    assert sorted(offered(told)) == ["a", "b"]


def test_server_with_two_methods_that_match_is_met_once():
    told = Told()
    told.add("a", {**SUM, "registration": 2}, {**SUM, "id": "1", "registration": 1,
                                               "input_signature": "int a"})  # fmt: skip
    told.add("b", {**SUM, "registration": 3})
    assert offered(told) == ["a", "b"]
    (first, _) = told.directory.offers(ANY_SUM)
    assert first.id == "1", "the one that it registered first"
    assert offered(told, {}) == ["a", "b"]


def test_streams_and_methods_of_one_name_can_be_told_apart():
    told = Told()
    told.add("a", stream("0", "Sum"))
    told.add("b", SUM)
    assert offered(told, streaming=True) == ["a"]
    assert offered(told, streaming=False) == ["b"]
    assert offered(told) == ["a", "b"]


# Filters

FULL = {
    "id": "0",
    "name": "Sum",
    "input_signature": "int a",
    "result_signature": "int b",
    "display_name": "The sum",
    "description": "Adds",
    "version": 2,
    "object_types": ["Number", "Text"],
    "flags": {"streaming": True},
}


@pytest.mark.parametrize(
    "wanted, matches",
    [
        ({}, True),
        ({"name": "sUM"}, True),
        ({"name": "Su"}, False),
        ({"accepts": "int a"}, True),
        ({"accepts": "int b"}, False),
        ({"returns": "int b"}, True),
        ({"returns": "int a"}, False),
        ({"displayName": "The sum"}, True),
        ({"displayName": "the sum"}, False),
        ({"description": "Adds"}, True),
        ({"description": "Add"}, False),
        ({"version": 2}, True),
        ({"version": 2.0}, True),
        ({"version": 3}, False),
        ({"objectTypes": []}, True),
        ({"objectTypes": ["Text"]}, True),
        ({"objectTypes": ["Text", "Number"]}, True),
        ({"objectTypes": ["Text", "Date"]}, False),
        ({"supportsStreaming": True}, True),
        ({"supportsStreaming": False}, True),
        ({"name": "sum", "version": 2, "accepts": "int a"}, True),
        ({"name": "sum", "version": 3, "accepts": "int a"}, False),
    ],
)
def test_method_matches_a_filter_in_all_that_is_given(wanted, matches):
    told = Told()
    told.add("a", FULL)
    filter = read_filter(wanted)
    assert [method.name for method in told.directory.methods(filter)] == ["Sum"] * matches
    assert ids(told.directory.servers(filter)) == ["a"] * matches
    assert offered(told, wanted) == ["a"] * matches


def test_filter_that_asks_for_more_than_a_method_says_does_not_match():
    told = Told()
    told.add("a", SUM)
    for wanted in (
        {"accepts": "int a"},
        {"version": 1},
        {"objectTypes": ["x"]},
        {"supportsStreaming": True},
    ):
        assert told.directory.methods(read_filter(wanted)) == []


# What can be asked


def test_methods_are_listed_once_in_the_order_in_which_they_appeared():
    told = Told()
    told.add("a", SUM, {"id": "1", "name": "Product"})
    told.add("b", {"id": "0", "name": "product"}, {"id": "1", "name": "Mean"})
    assert [method.name for method in told.directory.methods()] == ["Sum", "Product", "Mean"]


def test_method_knows_who_offers_it_now():
    told = Told()
    told.add("a", SUM)
    (method,) = told.directory.methods()
    told.add("b", SUM)
    assert ids(method.get_servers()) == ["a", "b"]
    told.directory.remove_instance("a")
    assert ids(method.get_servers()) == ["b"]
    told.directory.clear()
    assert method.get_servers() == []


def test_instance_knows_what_it_offers_now():
    told = Told()
    a = told.add("a", SUM, stream("1", "Prices"))
    assert [method.name for method in a.get_methods()] == ["Sum"]
    assert [method.name for method in a.get_streams()] == ["Prices"]
    told.directory.remove_methods("a", ["0", "1"])
    assert a.get_methods() == a.get_streams() == []
    told.directory.remove_instance("a")
    assert a.get_methods() == a.get_streams() == []


def test_methods_of_some_instances_are_listed_once():
    told = Told()
    told.add("a", SUM, application="x")
    told.add("b", SUM, {"id": "1", "name": "Mean"}, application="x")
    told.add("c", {"id": "0", "name": "Product"}, application="y")
    found = told.directory.methods_of(lambda instance: instance["application"] == "x")
    assert [method.name for method in found] == ["Sum", "Mean"]


def test_pairs_are_each_server_with_each_of_its_methods():
    told = Told()
    told.add("a", SUM, {"id": "1", "name": "Mean"})
    told.add("b", SUM)
    told.add("c")
    pairs = [(server["peerId"], method.name) for server, method in told.directory.pairs()]
    assert sorted(pairs) == [("a", "Mean"), ("a", "Sum"), ("b", "Sum")]


def test_instance_says_what_it_said_and_its_peer_id():
    told = Told()
    a = told.add("a", user="anna", peerId="claimed", colour="red")
    assert a == {"user": "anna", "peerId": "a", "colour": "red"}
    assert told.directory.instance("a") is a


def test_instance_is_a_plain_dict_elsewhere():
    told = Told()
    a = told.add("a", SUM, user="anna")
    plain = {"user": "anna", "peerId": "a"}
    for elsewhere in (pickle.loads(pickle.dumps(a)), copy.copy(a), copy.deepcopy(a)):
        assert type(elsewhere) is dict
        assert elsewhere == plain
    assert json.loads(json.dumps(a)) == plain
    assert json.loads(msgspec.json.encode(a)) == plain
    assert json.loads(bytes(encode_payload({"who": a}))) == {"who": plain}


def test_method_is_only_its_definition_elsewhere():
    told = Told()
    told.add("a", SUM)
    (method,) = told.directory.methods()
    assert msgspec.structs.asdict(pickle.loads(pickle.dumps(method)))["name"] == "Sum"
    assert json.loads(msgspec.json.encode(method)) == {"name": "Sum"}


# Random histories: who only hears the events knows what the directory knows

PEERS = st.sampled_from("abcd")
NAMES = ["Sum", "sum", "Mean"]


class Histories(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.directory = Directory(self.hear, Interest(Link({}, [])))
        self.present = {}
        self.servers = []
        self.methods = []
        self.pairs = []

    # What a listener makes of the events

    def hear(self, event, *arguments):
        assert event in EVENTS
        table = {
            "method": self.methods,
            "server": self.servers,
            "server_method": self.pairs,
        }[event.rpartition("_")[0]]
        entry = tuple(self.key(argument) for argument in arguments)
        if event.endswith("added"):
            assert table is self.pairs or entry not in table, "added twice"
            table.append(entry)
        else:
            assert entry in table, "removed without having been there"
            table.remove(entry)
        if event == "server_method_added":
            server, method = entry
            assert (server,) in self.servers
            assert (method,) in self.methods

    @staticmethod
    def key(argument):
        if isinstance(argument, Instance):
            return argument["peerId"]
        return (argument.name.lower(), argument.accepts, argument.supports_streaming)

    @rule(peer=PEERS)
    def come(self, peer):
        if peer not in self.present:
            self.directory.add_instance(peer, {"instance": peer})
            self.present[peer] = {}

    @rule(
        peer=PEERS,
        id=st.sampled_from("012"),
        name=st.sampled_from(NAMES),
        signature=st.sampled_from([None, "int a"]),
        streaming=st.booleans(),
    )
    def offer(self, peer, id, name, signature, streaming):
        announced = {"id": id, "name": name, "input_signature": signature,
                     "flags": {"streaming": streaming}}  # fmt: skip
        self.directory.add_methods(peer, [raw(announced)])
        if peer in self.present:
            self.present[peer][id] = (name.lower(), signature, streaming)

    @precondition(lambda self: any(self.present.values()))
    @rule(peer=PEERS, ids=st.lists(st.sampled_from("0123")))
    def withdraw(self, peer, ids):
        self.directory.remove_methods(peer, ids)
        for id in ids:
            self.present.get(peer, {}).pop(id, None)

    @precondition(lambda self: any(self.present.values()))
    @rule(peer=PEERS)
    def leave(self, peer):
        self.directory.remove_instance(peer)
        self.present.pop(peer, None)

    @precondition(lambda self: len(self.present) > 2)
    @rule()
    def lose_everybody(self):
        self.directory.clear()
        self.present.clear()

    @invariant()
    def listener_knows_what_the_directory_knows(self):
        wanted = [(p, key) for p, methods in self.present.items() for key in methods.values()]
        assert sorted(self.pairs, key=repr) == sorted(wanted, key=repr)
        assert sorted(self.servers) == sorted({(peer,) for peer, _ in wanted})
        assert sorted(self.methods, key=repr) == sorted({(key,) for _, key in wanted}, key=repr)

    @invariant()
    def directory_knows_what_was_announced(self):
        wanted = {(p, key) for p, methods in self.present.items() for key in methods.values()}
        asked = [(server["peerId"], self.key(method)) for server, method in self.directory.pairs()]
        assert set(asked) == wanted
        assert len(asked) == sum(len(methods) for methods in self.present.values())
        assert sorted(ids(self.directory.servers())) == sorted({peer for peer, _ in wanted})
        methods = [self.key(method) for method in self.directory.methods()]
        assert sorted(methods, key=repr) == sorted({key for _, key in wanted}, key=repr)
        for name in ("sum", "mean"):
            offers = self.directory.offers(MethodDefinition(name=name))
            assert sorted(ids(offer.server for offer in offers)) == sorted(
                {peer for peer, key in wanted if key[0] == name}
            )


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, database=None, derandomize=True
)
