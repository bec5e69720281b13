"""The caller's side: whom an invocation goes to, what comes back, and its one end."""

import json
import re
from datetime import datetime, timezone

import pytest
from msgspec import Raw

from dash_interop.errors import (
    ConnectionLost,
    HandlerFailed,
    InvalidInvoke,
    InvocationCancelled,
    InvocationError,
    InvocationTimeout,
    MethodNotFound,
    NotConnected,
    Overloaded,
    ServerGone,
)
from dash_interop.peer.results import InvocationResult
from dash_interop.router.limits import Limits
from dash_interop.wire.agm import Result
from dash_interop.wire.definitions import MethodDefinition
from dash_interop.wire.envelope import Error
from dash_interop.wire.payloads import encode_payload
from tests.support.wired import DOWN, HARD_TO_READ, UP, Wired, arguments


def company(*servers, **settings):
    """Servers of ``Sum`` that registered in that order, and a caller."""
    wired = Wired()
    caller = wired.peer("caller")
    peers = [wired.peer(name) for name in servers]
    for peer in peers:
        peer.register("Sum", **settings)
    return wired, caller, *peers


def invoked(*peers):
    """The names of those that have something to answer."""
    return [peer.name for peer in peers if peer.running]


def answer(peer, value=None):
    peer.answer(peer.running[0], {"by": peer.name} if value is None else value)


# Whom it goes to


@pytest.mark.parametrize("target", [None, "best"])
def test_best_server_is_the_one_that_registered_first(target):
    wired = Wired()
    caller, late, early = wired.peer("caller"), wired.peer("late"), wired.peer("early")
    early.register("Sum")
    late.register("Sum")
    caller.register("Sum")
    token = caller.invoke("sum", {"n": 1}, target)
    assert invoked(caller, late, early) == ["early"]
    answer(early)
    assert caller.outcome(token).executed_by["application"] == "early"


def test_best_server_changes_when_it_comes_back_after_an_outage():
    wired, caller, first, second = company("first", "second")
    wired.reconnect(first)
    caller.invoke("Sum")
    assert invoked(first, second) == ["second"]


def test_all_servers_are_invoked_the_caller_included():
    wired, caller, first, second = company("first", "second")
    caller.register("Sum")
    caller.invoke("Sum", None, "all")
    assert invoked(first, second, caller) == ["first", "second", "caller"]


def test_all_but_the_caller_are_invoked():
    wired, caller, first, second = company("first", "second")
    caller.register("Sum")
    caller.invoke("Sum", None, "skipMine")
    assert invoked(first, second, caller) == ["first", "second"]


@pytest.mark.parametrize(
    "target, chosen",
    [
        ({"application": "second"}, ["second"]),
        ({"application": "SECOND"}, ["second"]),
        ({"user": "anna"}, ["first", "second", "third"]),
        ({"application": "first", "user": "ben"}, []),
        ([{"application": "third"}, {"application": "first"}], ["first", "third"]),
        ({"application": re.compile("ir")}, ["first", "third"]),
        ({"application": {"regex": "^S", "flags": "i"}}, ["second"]),
    ],
)
def test_servers_that_match_are_invoked(target, chosen):
    wired, caller, *servers = company("first", "second", "third")
    token = caller.invoke("Sum", None, target, wait_timeout=1)
    assert invoked(*servers) == chosen
    if not chosen:
        wired.tick(1)
        caller.error(token, MethodNotFound)


def test_instance_from_the_list_of_servers_is_a_target():
    wired, caller, first, second = company("first", "second")
    servers = caller.agm.directory.servers(MethodDefinition(name="Sum"))
    caller.invoke("Sum", None, servers[1])
    assert invoked(first, second) == ["second"]


def test_instance_is_a_target_still_after_it_has_reconnected():
    wired, caller, first, second = company("first", "second")
    instance = caller.agm.directory.servers(MethodDefinition(name="Sum"))[1]
    wired.reconnect(second)
    caller.invoke("Sum", None, instance)
    assert invoked(first, second) == ["second"]


@pytest.mark.parametrize(
    "target, words",
    [
        ("bset", "Unknown target 'bset': did you mean 'best'?"),
        (7, "Unknown target 7: use 'best', 'all', 'skipMine', an instance or"),
        ([], "No server is meant: the target is an empty list"),
        (
            {"application": {"regex": "("}},
            "The target's application is not a valid regular expression",
        ),
    ],
)
def test_target_that_is_none_is_refused_at_once(target, words):
    wired, caller, first = company("first")
    with pytest.raises(InvocationError, match=re.escape(words)):
        caller.start_invoking("t", "Sum", None, target)
    assert (caller.settled, caller.timers()) == ({}, 0)


def test_definition_has_to_fit_in_all_that_it_gives():
    wired = Wired()
    caller, first, second = wired.peer("caller"), wired.peer("first"), wired.peer("second")
    first.register({"name": "Find", "objectTypes": ["Instrument"], "version": 1})
    second.register({"name": "Find", "objectTypes": ["Client", "Party"], "version": 1})
    caller.invoke({"name": "Find", "objectTypes": ["Client"]}, None, "all")
    assert invoked(first, second) == ["second"]
    caller.invoke({"name": "Find", "version": 1}, None, "all")
    assert invoked(first, second) == ["first", "second"]


# Waiting for a server


def test_server_that_comes_within_the_wait_is_invoked():
    wired = Wired()
    caller, server = wired.peer("caller"), wired.peer("server")
    token = caller.invoke("Sum", {"n": 1}, wait_timeout=5)
    wired.tick(4)
    assert not caller.is_settled(token)
    server.register("Sum")
    wired.tick(4)
    answer(server)
    assert caller.outcome(token).returned == {"by": "server"}
    assert caller.timers() == 0


def test_wait_goes_on_while_those_who_offer_it_are_not_meant():
    wired, caller, first = company("first")
    token = caller.invoke("Sum", None, {"application": "second"}, wait_timeout=5)
    wired.tick(4)
    second = wired.peer("second")
    second.register("Sum")
    assert invoked(first, second) == ["second"]
    answer(second)
    assert caller.outcome(token).executed_by["application"] == "second"


@pytest.mark.parametrize(
    "offered, target, words",
    [
        (
            [],
            None,
            "nobody offers Sum so far: start what does, or correct the name. On offer: nothing",
        ),
        (["Sun", "Add"], None, " On offer: Add, Sun"),
        (["Sum"], {"application": "Trades"}, "for target {'application': 'Trades'} so far: "),
        (["Sum"], {"application": "Trades"}, " It is offered by: server"),
    ],
)
def test_wait_is_told_once_after_a_second(offered, target, words):
    wired = Wired()
    caller, server = wired.peer("caller"), wired.peer("server")
    for name in offered:
        server.register(name)
    server.create_stream("Prices")
    caller.invoke("Sum", None, target, wait_timeout=30)
    wired.tick(0.9)
    assert caller.told("waiting") == []
    wired.tick(0.1)
    [(_, text)] = caller.told("waiting")
    assert words in text
    wired.tick(30)
    assert len(caller.told("waiting")) == 1


def test_wait_that_ends_within_a_second_is_not_told():
    wired = Wired()
    caller, server = wired.peer("caller"), wired.peer("server")
    token = caller.invoke("Sum", wait_timeout=30)
    short = caller.invoke("Sun", wait_timeout=0.9)
    wired.tick(0.9)
    server.register("Sum")
    wired.tick(5)
    assert caller.told("waiting") == []
    caller.error(short, MethodNotFound)
    answer(server)
    assert caller.outcome(token).returned == {"by": "server"}
    assert caller.timers() == 0


@pytest.mark.parametrize(
    "target, words",
    [
        (None, "'best'"),
        ("skipMine", "'skipMine'"),
        ({"application": "nobody"}, "{'application': 'nobody'}"),
        ([{"application": "nobody"}], "[{'application': 'nobody'}]"),
    ],
)
def test_method_that_nobody_offers_is_not_found_in_words(target, words):
    wired = Wired()
    caller = wired.peer("caller")
    caller.register("Else")
    token = caller.invoke("Sum", None, target, wait_timeout=2.5)
    wired.tick(2.4)
    assert not caller.is_settled(token)
    wired.tick(0.1)
    error = caller.error(token, MethodNotFound)
    assert error.message == (f"No server offers the method Sum for target {words} (waited 2.5 s)")
    assert error.type == "MethodNotFound"
    wired.peer("late").register("Sum")
    wired.tick(100)
    assert len(caller.settled[token]) == 1
    assert wired.peers["late"].started == []


def test_invocation_that_does_not_wait_fails_at_the_next_tick():
    wired = Wired()
    caller = wired.peer("caller")
    token = caller.invoke("Sum", wait_timeout=0)
    assert caller.session.next_deadline() == wired.now
    wired.tick(0)
    caller.error(token, MethodNotFound)


def test_invocation_during_an_outage_waits_for_the_connection():
    wired, caller, first = company("first")
    wired.cut(caller)
    token = caller.invoke("Sum", {"n": 1}, wait_timeout=5)
    wired.tick(4)
    wired.connect(caller)
    answer(first)
    assert caller.outcome(token).returned == {"by": "first"}


def test_invocation_that_waits_for_a_server_survives_an_outage():
    wired = Wired()
    caller = wired.peer("caller")
    token = caller.invoke("Sum", wait_timeout=5)
    wired.reconnect(caller)
    wired.peer("server").register("Sum")
    answer(wired.peers["server"])
    assert caller.outcome(token).returned == {"by": "server"}


def test_invocation_without_a_connection_says_so_when_its_wait_is_over():
    wired, caller, first = company("first")
    wired.cut(caller)
    token = caller.invoke("Sum", wait_timeout=5)
    wired.tick(5)
    assert "there is no connection to the gateway" in caller.error(token, NotConnected).message


def test_invocations_that_waited_reach_the_server_in_their_order():
    wired = Wired()
    caller, server = wired.peer("caller"), wired.peer("server")
    for n in range(5):
        caller.invoke("Sum", {"n": n})
    server.register("Sum", concurrency=5)
    assert [arguments(each)["n"] for each in server.running] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("waits", [True, False])
def test_stream_is_not_invoked(waits):
    wired = Wired()
    caller, server = wired.peer("caller"), wired.peer("server")
    if waits:
        token = caller.invoke("Prices")
        server.create_stream("Prices")
    else:
        server.create_stream("Prices")
        token = caller.invoke("Prices")
    reason = "Prices is a stream, not a method: subscribe to it"
    assert caller.error(token, InvalidInvoke).message == reason
    assert caller.timers() == 0


def test_method_is_invoked_beside_a_stream_of_the_same_name():
    wired = Wired()
    caller, streaming, server = (wired.peer(name) for name in ("caller", "streaming", "server"))
    streaming.create_stream("Sum")
    server.register("Sum")
    token = caller.invoke("Sum", None, "all")
    answer(server)
    result = caller.outcome(token)
    assert [value.executed_by["application"] for value in result.all_return_values] == ["server"]


# What comes back


def test_result_says_everything_about_itself():
    wired, caller, first = company("first")
    token = caller.invoke({"name": "Sum"}, {"n": 1})
    answer(first, {"s": 42})
    result = caller.outcome(token)
    assert isinstance(result, InvocationResult)
    assert (result.returned, result.called_with) == ({"s": 42}, {"n": 1})
    assert result.executed_by["application"] == "first"
    assert (result.method.name, result.message, result.status) == ("Sum", "", 0)
    (value,) = result.all_return_values
    assert (value.returned, value.executed_by) == (result.returned, result.executed_by)
    assert result.all_errors == []


@pytest.mark.parametrize(
    "value, seen",
    [
        ({"a": {"b": [1, 2.5, None]}}, {"a": {"b": [1, 2.5, None]}}),
        ({}, {}),
        (None, {}),
        (5, {"_value": 5}),
        (0, {"_value": 0}),
        (False, {"_value": False}),
        ("", {"_value": ""}),
        ([1, "zwei"], {"_value": [1, "zwei"]}),
        ("Grüße €", {"_value": "Grüße €"}),
    ],
)
def test_returned_value_is_an_object(value, seen):
    wired, caller, first = company("first")
    token = caller.invoke("Sum")
    first.answer(first.running[0], value)
    assert caller.outcome(token).returned == seen


@pytest.mark.parametrize(
    "sent, seen",
    [("5", {"_value": 5}), ("null", {}), ("[]", {"_value": []}), ('{"a":1}', {"a": 1})],
)
def test_result_of_a_server_that_does_not_wrap_is_an_object_nevertheless(sent, seen):
    wired, caller, first = company("first")
    token = caller.invoke("Sum")
    first.answer_json(first.running[0], Raw(sent.encode()))
    assert caller.outcome(token).returned == seen


def test_dates_come_through():
    wired, caller, first = company("first")
    noon = datetime(2024, 2, 29, 12, 0, 0, 5000, timezone.utc)
    token = caller.invoke("Sum", {"when": noon})
    assert arguments(first.running[0]) == {"when": noon}
    answer(first, {"then": [noon]})
    result = caller.outcome(token)
    assert result.returned == {"then": [noon]}
    assert result.called_with == {"when": noon}


@pytest.mark.parametrize("value", HARD_TO_READ.values(), ids=HARD_TO_READ.keys())
def test_result_that_is_hard_to_read_ends_its_call_and_nothing_else(value):
    """Any peer of the user may send it, in JSON that is correct."""
    wired, caller, first = company("first")
    token = caller.invoke("Sum")
    first.answer_json(first.running[0], Raw(value.encode()))
    assert caller.is_settled(token)
    again = caller.invoke("Sum")
    answer(first)
    assert caller.outcome(again).returned == {"by": "first"}


def test_values_of_all_servers_are_in_the_order_of_their_registration():
    wired, caller, *servers = company("one", "two", "three", "four")
    token = caller.invoke("Sum", {"n": 1}, "all")
    for n in (2, 0, 3):
        answer(servers[n])
    assert not caller.is_settled(token)
    answer(servers[1])
    result = caller.outcome(token)
    assert [value.returned["by"] for value in result.all_return_values] == [
        "one",
        "two",
        "three",
        "four",
    ]
    assert result.returned == {"by": "one"}
    assert result.executed_by["application"] == "one"


def test_failure_of_some_keeps_the_results_of_the_others():
    wired, caller, one, two, three = company("one", "two", "three")
    token = caller.invoke("Sum", {"n": 1}, "all")
    one.refuse(one.running[0], HandlerFailed("boom", exception="ValueError"))
    answer(three)
    two.refuse(two.running[0], "bang")
    result = caller.outcome(token)
    assert result.returned == {"by": "three"}
    assert [value.executed_by["application"] for value in result.all_return_values] == ["three"]
    assert [
        (error["executed_by"]["application"], error["message"], error.get("exception"))
        for error in result.all_errors
    ] == [("one", "boom", "ValueError"), ("two", "bang", None)]
    assert [error["type"] for error in result.all_errors] == ["HandlerFailed"] * 2
    assert all(error["name"] == "Sum" for error in result.all_errors)
    assert all(error["called_with"] == {"n": 1} for error in result.all_errors)


def test_failure_of_all_is_the_error_of_the_first_with_all_of_them():
    wired, caller, one, two, three = company("one", "two", "three")
    token = caller.invoke("Sum", None, "all")
    three.refuse(three.running[0], "third")
    two.refuse(two.running[0], Overloaded("second"))
    wired.cut(one)
    error = caller.error(token, ServerGone)
    assert [(each["executed_by"]["application"], each["message"]) for each in error.all_errors] == [
        ("one", "Peer has left while waiting for result"),
        ("two", "second"),
        ("three", "third"),
    ]


def test_timeout_of_one_keeps_the_results_of_the_others():
    wired, caller, slow, quick, failing = company("slow", "quick", "failing")
    token = caller.invoke("Sum", None, "all", response_timeout=5)
    answer(quick)
    failing.refuse(failing.running[0], "boom")
    wired.tick(5)
    result = caller.outcome(token)
    assert result.returned == {"by": "quick"}
    assert [
        (each["executed_by"]["application"], each["message"]) for each in result.all_errors
    ] == [
        ("slow", "Sum did not answer within 5 s"),
        ("failing", "boom"),
    ]
    assert result.all_errors[0]["type"] == "Timeout"
    slow.answer(slow.stopped[0], {"by": "slow"})
    wired.tick(100)
    assert len(caller.settled[token]) == 1


def test_server_that_leaves_takes_only_its_own_answer():
    wired, caller, staying, leaving = company("staying", "leaving")
    token = caller.invoke("Sum", None, "all")
    wired.cut(leaving)
    assert not caller.is_settled(token)
    answer(staying)
    result = caller.outcome(token)
    assert result.returned == {"by": "staying"}
    (error,) = result.all_errors
    assert (error["executed_by"]["application"], error["type"]) == ("leaving", "ServerGone")


# How else it ends


def test_call_that_is_not_answered_in_time_fails():
    wired, caller, first = company("first")
    token = caller.invoke("Sum", response_timeout=5)
    wired.tick(4)
    assert not caller.is_settled(token)
    wired.tick(1)
    error = caller.error(token, InvocationTimeout)
    assert (error.message, error.type) == ("Sum did not answer within 5 s", "Timeout")
    assert (caller.timers(), caller.pending_requests()) == (0, 0)


def test_time_to_answer_runs_from_the_moment_that_a_server_is_there():
    wired = Wired()
    caller, server = wired.peer("caller"), wired.peer("server")
    token = caller.invoke("Sum", wait_timeout=10, response_timeout=5)
    wired.tick(9)
    server.register("Sum")
    wired.tick(4)
    assert not caller.is_settled(token)
    wired.tick(1)
    caller.error(token, InvocationTimeout)


def test_answer_that_crosses_the_timeout_is_ignored_and_counted():
    wired, caller, first = company("first")
    wired.hold(caller, DOWN)
    token = caller.invoke("Sum", response_timeout=5)
    answer(first)
    wired.tick(5)
    assert caller.session.link.ignored_answers == 0
    wired.release(caller)
    assert caller.session.link.ignored_answers == 1
    assert len(caller.settled[token]) == 1


def test_server_hears_that_the_time_of_a_caller_is_over():
    wired, caller, first = company("first")
    caller.invoke("Sum", response_timeout=5)
    wired.tick(4.9)
    assert first.stopped == []
    wired.tick(0.1)
    assert [invocation.stopped for invocation in first.stopped] == ["timeout"]
    assert wired.router.counters()["calls"] == 0


def test_gateway_ends_the_call_of_a_caller_that_says_nothing_any_more():
    wired, caller, first = company("first")
    caller.invoke("Sum", response_timeout=5)
    wired.hold(caller, UP)
    wired.tick(7)
    wired.deliver()
    assert [invocation.stopped for invocation in first.stopped] == ["timeout"]
    assert wired.router.counters()["calls"] == 0


@pytest.mark.parametrize("seconds", [1e-9, 0.0015, 1e15, 1e308])
def test_every_usable_time_is_a_budget(seconds):
    wired, caller, first = company("first")
    caller.invoke("Sum", response_timeout=seconds)
    assert len(first.running) == 1


def test_server_that_leaves_fails_its_calls_at_once():
    wired, caller, first = company("first")
    token = caller.invoke("Sum")
    wired.cut(first)
    error = caller.error(token, ServerGone)
    assert error.message == "Peer has left while waiting for result"
    assert caller.timers() == 0


def test_lost_connection_fails_calls_once():
    wired, caller, first, second = company("first", "second")
    tokens = [caller.invoke("Sum", None, "all"), caller.invoke("Sum")]
    wired.cut(caller)
    for token in tokens:
        error = caller.error(token, ConnectionLost)
        assert error.message == "The connection was lost before Sum answered"
    assert len(caller.outcome(tokens[0]).all_errors) == 2
    wired.connect(caller)
    for server in (first, second):
        while server.running:
            answer(server)
    wired.tick(100)
    assert [len(caller.settled[token]) for token in tokens] == [1, 1]
    assert (caller.timers(), caller.pending_requests()) == (0, 0)


def test_lost_connection_keeps_the_results_that_have_come():
    wired, caller, first, second = company("first", "second")
    token = caller.invoke("Sum", None, "all")
    answer(second)
    wired.cut(caller)
    result = caller.outcome(token)
    assert result.returned == {"by": "second"}
    assert [error["type"] for error in result.all_errors] == ["ConnectionLost"]


def test_answer_that_came_over_the_earlier_connection_only_is_lost_with_it():
    wired, caller, first = company("first")
    wired.hold(caller, DOWN)
    token = caller.invoke("Sum")
    answer(first)
    wired.cut(caller)
    caller.error(token, ConnectionLost)
    caller.held.clear()
    wired.connect(caller)
    assert len(caller.settled[token]) == 1


def test_call_that_crosses_the_end_of_its_method_hears_so_at_once():
    wired = Wired()
    caller, first = wired.peer("caller"), wired.peer("first")
    offering = first.register("Sum")
    wired.hold(caller, UP)
    token = caller.invoke("Sum")
    first.unregister(offering)
    wired.release(caller)
    assert "Unknown method" in caller.error(token, ServerGone).message


def test_call_that_crosses_the_end_of_its_server_hears_so_at_once():
    wired, caller, first = company("first")
    wired.hold(caller, UP)
    token = caller.invoke("Sum")
    wired.cut(first)
    wired.release(caller)
    assert caller.error(token, ServerGone).message == "Unknown server"


def test_too_many_calls_at_a_time_are_refused_by_the_gateway():
    wired = Wired(Limits(calls_per_peer=1))
    caller, server = wired.peer("caller"), wired.peer("server")
    server.register("Sum")
    first, second = caller.invoke("Sum"), caller.invoke("Sum")
    reason = "The limit of calls that one peer waits for is 1"
    assert caller.error(second, Overloaded).message == reason
    answer(server)
    assert caller.outcome(first).returned == {"by": "server"}


@pytest.mark.parametrize(
    "reason_uri, context, kind, exception",
    [
        ("agm.errors.client_error", b'{"type":"KeyError"}', HandlerFailed, "KeyError"),
        ("agm.errors.client_error", b'{"type":"Timeout"}', HandlerFailed, "Timeout"),
        ("agm.errors.client_error", b'{"interopType":"Timeout"}', InvocationTimeout, None),
        ("agm.errors.invocation.failure", b'{"type":"KeyError"}', ServerGone, None),
        ("somebody.elses.uri", b'{"interopType":"Timeout"}', InvocationError, None),
    ],
)
def test_error_of_the_wire_becomes_one_of_ours(reason_uri, context, kind, exception):
    wired, caller, first = company("first")
    wired.hold(caller, UP)
    token = caller.invoke("Sum")
    (request_id,) = caller.session.link._requests
    wired.say(caller, Error(request_id, caller.id, reason_uri, "Why", "agm", context=Raw(context)))
    error = caller.error(token, kind)
    assert (error.message, error.type) == ("Why", kind.type)
    assert getattr(error, "exception", None) == exception


def test_error_without_a_reason_has_words():
    wired, caller, first = company("first")
    token = caller.invoke("Sum")
    first.refuse(first.running[0], "")
    assert caller.error(token, HandlerFailed).message == "Sum failed without saying why"


def test_forged_result_is_ignored_and_counted():
    wired, caller, first = company("first")
    token = caller.invoke("Sum")
    wired.say(caller, Result("999", caller.id, Raw(b"1")))
    assert not caller.is_settled(token)
    assert caller.session.link.ignored_answers == 1
    answer(first)
    assert caller.outcome(token).returned == {"by": "first"}


# Cancelling


def test_cancelled_invocation_that_waits_is_never_made():
    wired = Wired()
    caller, server = wired.peer("caller"), wired.peer("server")
    invoking = caller.start_invoking("t", "Sum")
    caller.ask(invoking.cancel)
    assert caller.timers() == 0
    server.register("Sum")
    wired.tick(100)
    assert server.started == []
    caller.error("t", InvocationCancelled)


def test_cancelled_invocation_ends_at_once_and_so_does_its_handler():
    wired, caller, first, second = company("first", "second")
    invoking = caller.start_invoking("t", "Sum", None, "all")
    answer(first)
    caller.ask(invoking.cancel)
    caller.ask(invoking.cancel)
    error = caller.error("t", InvocationCancelled)
    assert (error.message, error.type) == ("Sum was cancelled by its caller", "cancelled")
    assert (caller.timers(), caller.pending_requests()) == (0, 0)
    assert first.stopped == []
    assert [invocation.stopped for invocation in second.stopped] == ["cancelled"]
    assert wired.router.counters()["calls"] == 0
    second.answer(second.stopped[0])
    wired.tick(100)
    assert len(caller.settled["t"]) == 1
    assert wired.router.counters()["dropped_answers"] == 0


def test_answer_that_crosses_the_cancellation_is_ignored_and_counted():
    wired, caller, first = company("first")
    wired.hold(caller, DOWN)
    invoking = caller.start_invoking("t", "Sum")
    answer(first)
    caller.ask(invoking.cancel)
    wired.release(caller)
    assert caller.session.link.ignored_answers == 1
    caller.error("t", InvocationCancelled)


def test_cancelling_what_has_ended_does_no_harm():
    wired, caller, first = company("first")
    invoking = caller.start_invoking("t", "Sum")
    other = caller.invoke("Sum")
    answer(first)
    caller.ask(invoking.cancel)
    answer(first)
    assert caller.outcome("t").returned == {"by": "first"}
    assert caller.outcome(other).returned == {"by": "first"}


# Progress


def report(server, value, index=0):
    invocation = server.running[index]
    server.ask(lambda: server.agm.serving.progress(invocation, encode_payload(value)))


def test_progress_is_told_in_order_before_the_result():
    wired, caller, first = company("first")
    caller.start_invoking("t", "Sum", listener="t")
    for value in (0.5, {"when": datetime(2026, 1, 2, tzinfo=timezone.utc)}, None):
        report(first, value)
    told = [
        ("progress", 0.5),
        ("progress", {"when": datetime(2026, 1, 2, tzinfo=timezone.utc)}),
        ("progress", None),
    ]
    assert caller.heard("t") == told
    answer(first)
    assert caller.outcome("t").returned == {"by": "first"}
    assert caller.heard("t") == told


def test_progress_that_nobody_asked_for_is_not_sent():
    wired, caller, first = company("first")
    caller.invoke("Sum")
    wired.hold(first, UP)
    report(first, 0.5)
    assert not first.frames[UP]


def test_progress_after_the_end_is_not_sent():
    wired, caller, first = company("first")
    invoking = caller.start_invoking("t", "Sum", listener="t")
    (invocation,) = first.running
    caller.ask(invoking.cancel)
    wired.hold(first, UP)
    first.ask(lambda: first.agm.serving.progress(invocation, encode_payload(1)))
    first.answer(invocation)
    first.ask(lambda: first.agm.serving.progress(invocation, encode_payload(2)))
    assert not first.frames[UP]


def test_progress_that_crosses_the_end_is_ignored_and_counted():
    wired, caller, first = company("first")
    invoking = caller.start_invoking("t", "Sum", listener="t")
    wired.hold(caller, DOWN)
    report(first, 1)
    caller.ask(invoking.cancel)
    wired.release(caller)
    assert caller.heard("t") == []
    assert caller.session.link.ignored_answers == 1


def test_progress_is_no_longer_time():
    wired, caller, first = company("first")
    caller.start_invoking("t", "Sum", listener="t", response_timeout=5)
    for _ in range(4):
        wired.tick(1)
        report(first, 1)
    wired.tick(1)
    caller.error("t", InvocationTimeout)


def test_progress_that_cannot_be_read_is_told_as_a_problem():
    wired, caller, first = company("first")
    caller.start_invoking("t", "Sum", listener="t")
    invocation = first.running[0]
    first.ask(lambda: first.agm.serving.progress(invocation, Raw(b"1e999")))
    assert caller.heard("t") == []
    ((_, problem),) = caller.told("problem")
    assert problem.startswith("Progress of Sum cannot be read: ")


# What is known of an invocation that a lost connection has ended


@pytest.mark.parametrize("reports, delivered", [(0, "unknown"), (1, "yes")])
@pytest.mark.parametrize("who", ["caller", "first"])
def test_error_of_a_lost_connection_says_whether_the_handler_was_heard_of(who, reports, delivered):
    wired, caller, first = company("first")
    caller.start_invoking("t", "Sum", listener="t")
    for _ in range(reports):
        report(first, 1)
    wired.cut(wired.peers[who])
    error = caller.outcome("t")
    assert isinstance(error, ConnectionLost if who == "caller" else ServerGone)
    assert error.delivered == delivered
    assert error.all_errors[0]["delivered"] == delivered


def test_call_that_finds_its_server_gone_was_not_delivered():
    wired, caller, first = company("first")
    wired.hold(caller, UP)
    token = caller.invoke("Sum")
    wired.cut(first)
    wired.release(caller)
    assert caller.error(token, ServerGone).delivered == "no"


def test_call_that_finds_its_method_withdrawn_was_not_delivered():
    wired, caller, first = company("first")
    wired.hold(first, DOWN)
    token = caller.invoke("Sum")
    (offering,) = first.agm.serving
    first.unregister(offering)
    wired.release(first)
    assert caller.error(token, ServerGone).delivered == "no"


# A gateway that knows no extensions


def test_other_gateway_is_told_of_no_extensions():
    wired, caller, first = company("first")
    link = caller.session.link
    link.extensions = frozenset()
    wired.hold(caller, UP)
    invoking = caller.start_invoking("t", "Sum", listener="t")
    caller.ask(invoking.cancel)
    caller.error("t", InvocationCancelled)
    (call,) = map(json.loads, caller.frames[UP])
    assert call["type"] == "call"
    assert not {"timeout_ms", "progress"} & call.keys()
