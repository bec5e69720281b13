"""Which servers are meant."""

import re
from types import MappingProxyType
from typing import Any

import pytest

from dash_interop.errors import InvalidInvoke, InvocationError
from dash_interop.peer.directory import Directory
from dash_interop.peer.interest import Interest
from dash_interop.peer.link import Link
from dash_interop.peer.targets import read_filters, read_target
from dash_interop.wire.definitions import MethodDefinition
from tests.support.room import raw

PEERS: dict[str, dict[str, Any]] = {
    "p1": {"application": "Prices", "instance": "one", "user": "anna", "pid": 7},
    "p2": {"application": "prices", "instance": "two", "user": "anna", "isLocal": True},
    "p3": {"application": "Orders", "instance": "three", "user": "Ben", "region": "EU.1"},
}


def directory_of(peers):
    directory = Directory(lambda *event: None, Interest(Link({}, [])))
    for peer_id, identity in peers.items():
        directory.add_instance(peer_id, identity)
        directory.add_methods(peer_id, [raw({"id": "0", "name": "Sum"})])
    return directory


def chosen(target, own_id: str | None = "p2", peers=PEERS):
    """The peer ids that are meant, the preferred one in front."""
    offers = directory_of(peers).offers(MethodDefinition(name="Sum"))
    return [offer.server["peerId"] for offer in read_target(target)(offers, own_id)]


@pytest.mark.parametrize("target", [None, "best"])
def test_best_is_the_preferred_one(target):
    assert chosen(target) == ["p1"]


def test_all_are_all_the_own_one_included():
    assert chosen("all") == ["p1", "p2", "p3"]


def test_skip_mine_is_all_but_the_own_one():
    assert chosen("skipMine") == ["p1", "p3"]
    assert chosen("skipMine", own_id=None) == ["p1", "p2", "p3"]


@pytest.mark.parametrize("target", [None, "best", "all", "skipMine", {}, {"instance": "one"}])
def test_nobody_is_chosen_where_nobody_offers(target):
    assert read_target(target)([], "p2") == []


@pytest.mark.parametrize(
    "target, wanted",
    [
        ({"instance": "two"}, ["p2"]),
        ({"instance": "TWO"}, ["p2"]),
        ({"application": "PRICES"}, ["p1", "p2"]),
        ({"user": "ben"}, ["p3"]),
        ({"application": "Prices", "user": "ben"}, []),
        ({"application": "Prices", "instance": "two"}, ["p2"]),
        ({"application": "Price"}, []),
        ({"region": "EU.1"}, ["p3"]),
        ({"region": "EUx1"}, []),
        ({"pid": 7}, ["p1"]),
        ({"pid": "7"}, ["p1"]),
        ({"isLocal": True}, ["p2"]),
        ({"peerId": "p3"}, ["p3"]),
        ({"nothing": "x"}, []),
        ({}, ["p1", "p2", "p3"]),
        ({"application": None}, ["p1", "p2", "p3"]),
        ({"application": None, "instance": "one"}, ["p1"]),
    ],
)
def test_part_of_an_instance_means_those_that_have_it_whatever_the_case(target, wanted):
    assert chosen(target) == wanted
    assert chosen(MappingProxyType(target)) == wanted
    assert chosen([target]) == chosen((target,)) == wanted


def test_list_means_all_its_entries_each_once_in_the_order_of_preference():
    assert chosen([{"instance": "three"}, {"instance": "one"}]) == ["p1", "p3"]
    assert chosen([{"application": "prices"}, {"instance": "one"}]) == ["p1", "p2"]


@pytest.mark.parametrize("value", ["none", "None", "null", "undefined"])
def test_field_that_an_instance_does_not_have_matches_no_text(value):
    assert chosen({"nothing": value}) == []


def test_instance_means_itself_also_after_a_reconnect():
    instance = directory_of(PEERS).instance("p1")
    assert chosen(instance) == ["p1"]
    passing = {"peerId": "before", "pid": 99, "isLocal": False}
    assert chosen({**instance, **passing}) == ["p1"]


@pytest.mark.parametrize("key, value", [("peerId", "p3"), ("pid", 99), ("isLocal", False)])
def test_passing_fields_count_where_no_instance_is_named(key, value):
    assert chosen({"application": "prices", key: value}) == []
    assert chosen({"application": "prices", "instance": "", key: value}) == []
    assert chosen({"application": "prices", "instance": "one", key: value}) == ["p1"]


# Regular expressions


@pytest.mark.parametrize(
    "pattern, wanted",
    [
        (re.compile("^Pri"), ["p1"]),
        (re.compile("^pri", re.IGNORECASE), ["p1", "p2"]),
        (re.compile("r"), ["p1", "p2", "p3"]),
        (re.compile("x"), []),
        ({"regex": "^Pri"}, ["p1"]),
        ({"regex": "^pri", "flags": "i"}, ["p1", "p2"]),
        ({"regex": "^pri", "flags": ""}, ["p2"]),
        ({"regex": "^pri", "flags": None}, ["p2"]),
        ({"regex": "^pri", "flags": "gi"}, ["p1", "p2"]),
        ({"regex": "ORD.*S$", "flags": "ims"}, ["p3"]),
        ({"regex": ""}, ["p1", "p2", "p3"]),
    ],
)
def test_value_may_be_a_regular_expression(pattern, wanted):
    assert chosen({"application": pattern}) == wanted


def test_expression_of_several_lines_and_dots_does_as_its_flags_say():
    peers = {"p1": {"note": "first\nsecond"}}
    for regex, flags, matches in [
        ("^second", "", False),
        ("^second", "m", True),
        ("first.second", "", False),
        ("first.second", "s", True),
    ]:
        found = chosen({"note": {"regex": regex, "flags": flags}}, peers=peers)
        assert found == ["p1"] * matches


def test_expression_is_tried_on_numbers_as_text():
    assert chosen({"pid": re.compile("^7$")}) == ["p1"]


@pytest.mark.parametrize("pattern", [re.compile(""), {"regex": ".*"}, {"regex": "None"}])
def test_expression_does_not_match_what_an_instance_does_not_have(pattern):
    assert chosen({"region": pattern}) == (["p3"] if pattern != {"regex": "None"} else [])


def test_expression_that_was_used_before_starts_anew():
    choose = read_target({"application": {"regex": "r", "flags": "g"}})
    offers = directory_of(PEERS).offers(MethodDefinition(name="Sum"))
    assert len(choose(offers, None)) == len(choose(offers, None)) == 3


@pytest.mark.parametrize("regex", ["(", "[", "*", "(?P<a>x", "a{99999999999999999999}"])
def test_malformed_expression_is_an_error_that_names_the_field(regex):
    for target in ({"application": {"regex": regex}}, [{}, {"application": {"regex": regex}}]):
        with pytest.raises(InvocationError, match="application is not a valid regular expression"):
            read_target(target)


# What is no target


@pytest.mark.parametrize(
    "target, meant", [("Best", "best"), ("skipmine", "skipMine"), ("skip_mine", "skipMine")]
)
def test_word_that_is_near_another_one_names_it(target, meant):
    with pytest.raises(InvalidInvoke) as caught:
        read_target(target)
    assert str(caught.value) == f"Unknown target {target!r}: did you mean {meant!r}?"


@pytest.mark.parametrize(
    "pattern, message",
    [
        (
            {"regexp": "^T"},
            "The pattern of the target's user needs a 'regex', a string, and has 'regexp'",
        ),
        (
            {"regex": 5},
            "The pattern of the target's user needs a 'regex', a string, and has 'regex'",
        ),
        (
            {"regex": "^T", "flag": "i"},
            "The pattern of the target's user has an unknown key 'flag': did you mean 'flags'?",
        ),
        (
            {"regex": "^T", "flags": "iq"},
            "The target's user has an unknown flag 'q': use i, m or s",
        ),
    ],
)
def test_pattern_that_is_none_says_what_is_wrong(pattern, message):
    with pytest.raises(InvalidInvoke) as caught:
        read_target({"user": pattern})
    assert str(caught.value) == message


@pytest.mark.parametrize("target", ["", "p1", 5, True, ["p1"], [None], [[]]])
def test_what_is_no_target_is_an_error_that_says_what_one_is(target):
    with pytest.raises(InvocationError) as caught:
        read_target(target)
    assert str(caught.value).startswith(f"Unknown target {target!r}: use 'best', 'all', 'skipMine'")


@pytest.mark.parametrize("target", [[], ()])
def test_empty_list_means_nobody(target):
    with pytest.raises(InvocationError, match="the target is an empty list"):
        read_target(target)


def test_filters_tell_whether_an_instance_is_meant():
    matches = read_filters([{"user": "anna", "instance": "two"}, {"user": "ben"}])
    directory = directory_of(PEERS)
    assert [matches(directory.instance(peer)) for peer in PEERS] == [False, True, True]


@pytest.mark.parametrize("target", ["best", "all", "skipMine", None])
def test_words_are_no_filters(target):
    with pytest.raises(InvocationError, match="Unknown target"):
        read_filters(target)
