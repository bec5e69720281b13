"""What a caller gets back: values, errors and both."""

from dash_interop.errors import (
    HandlerFailed,
    InvocationError,
    InvocationTimeout,
    Overloaded,
    ServerGone,
)
from dash_interop.peer.directory import Directory
from dash_interop.peer.interest import Interest
from dash_interop.peer.link import Link
from dash_interop.peer.results import InvocationResult, Outcome, ReturnValue, join_outcomes
from dash_interop.wire.definitions import MethodDefinition

SUM = MethodDefinition(name="Sum")
ARGS = {"a": 1}


def instances(*names):
    directory = Directory(lambda *event: None, Interest(Link({}, [])))
    return [directory.add_instance(name, {"application": name}) for name in names]


# Joining


def test_result_of_one_server_is_the_result():
    (one,) = instances("one")
    result = join_outcomes(SUM, ARGS, [Outcome(one, {"sum": 3})])
    assert isinstance(result, InvocationResult)
    assert (result.returned, result.executed_by, result.called_with) == ({"sum": 3}, one, ARGS)
    assert (result.method, result.message, result.status) == (SUM, "", 0)
    assert result.all_errors == []
    assert result.all_return_values == [
        ReturnValue(returned={"sum": 3}, executed_by=one, called_with=ARGS, method=SUM)
    ]


def test_result_of_several_servers_is_that_of_the_first_with_all_in_their_order():
    one, two, three = instances("one", "two", "three")
    outcomes = [Outcome(one, {"n": 1}), Outcome(two, {"n": 2}), Outcome(three, {"n": 3})]
    result = join_outcomes(SUM, ARGS, outcomes)
    assert isinstance(result, InvocationResult)
    assert (result.returned, result.executed_by) == ({"n": 1}, one)
    told = [(value.returned, value.executed_by) for value in result.all_return_values]
    assert told == [({"n": 1}, one), ({"n": 2}, two), ({"n": 3}, three)]


def test_result_beside_errors_is_that_of_the_first_server_that_returned():
    one, two, three = instances("one", "two", "three")
    failed = Outcome(one, error=HandlerFailed("ValueError: no", exception="ValueError"))
    late = Outcome(three, error=InvocationTimeout("Sum did not answer within 1.5 s"))
    result = join_outcomes(SUM, ARGS, [failed, Outcome(two, {}), late])
    assert isinstance(result, InvocationResult)
    assert (result.returned, result.executed_by) == ({}, two)
    assert len(result.all_return_values) == 1
    assert result.all_errors == [
        {
            "executed_by": one,
            "name": "Sum",
            "called_with": ARGS,
            "message": "ValueError: no",
            "type": "HandlerFailed",
            "exception": "ValueError",
        },
        {
            "executed_by": three,
            "name": "Sum",
            "called_with": ARGS,
            "message": "Sum did not answer within 1.5 s",
            "type": "Timeout",
        },
    ]


def test_error_of_one_server_is_the_error():
    (one,) = instances("one")
    error = ServerGone("Peer has left")
    assert join_outcomes(SUM, ARGS, [Outcome(one, error=error)]) is error
    assert [entry["executed_by"] for entry in error.all_errors] == [one]


def test_error_of_all_servers_is_the_first_with_all():
    one, two = instances("one", "two")
    first, second = Overloaded("full"), InvocationError("odd")
    assert (
        join_outcomes(SUM, None, [Outcome(one, error=first), Outcome(two, error=second)]) is first
    )
    assert [entry["message"] for entry in first.all_errors] == ["full", "odd"]
    assert [entry.get("type") for entry in first.all_errors] == ["Overloaded", None]
    assert "type" not in first.all_errors[1]
