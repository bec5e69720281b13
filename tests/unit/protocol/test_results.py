"""What a caller gets back: values, errors and both."""

import pytest
from msgspec import UNSET, Raw, UnsetType

from dash_interop import errors
from dash_interop.errors import (
    BY_REASON_URI,
    BY_TYPE,
    ConnectionLost,
    HandlerFailed,
    InvalidArguments,
    InvalidResult,
    InvocationError,
    InvocationTimeout,
    Overloaded,
    ServerGone,
)
from dash_interop.protocol.definitions import MethodDefinition
from dash_interop.protocol.directory import Directory
from dash_interop.protocol.messages import Error
from dash_interop.protocol.results import (
    InvocationResult,
    Outcome,
    ReturnValue,
    join_outcomes,
    read_error,
    timed_out,
)
from tests.support.room import raw

SUM = MethodDefinition(name="Sum")
ARGS = {"a": 1}


def instances(*names):
    directory = Directory(lambda *event: None)
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
    failed = Outcome(one, error=HandlerFailed("ValueError: no", type="ValueError"))
    late = Outcome(three, error=timed_out(SUM, 1.5))
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
            "type": "ValueError",
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


# Errors of the wire


def answer(reason_uri, reason="No", context: Raw | UnsetType = UNSET):
    return Error("c", "p", reason_uri, reason, context=context)


@pytest.mark.parametrize(
    "reason_uri, kind",
    [
        ("agm.errors.client_error", HandlerFailed),
        ("agm.errors.invocation.failure", ServerGone),
        ("agm.errors.failure", ServerGone),
        ("global.errors.limits_exceeded", Overloaded),
        ("agm.errors.something_new", InvocationError),
        ("", InvocationError),
    ],
)
def test_error_of_the_wire_becomes_the_class_of_its_reason(reason_uri, kind):
    error = read_error(answer(reason_uri), SUM)
    assert type(error) is kind
    assert error.message == "No"


@pytest.mark.parametrize(
    "type_, kind",
    [
        ("InvalidArguments", InvalidArguments),
        ("InvalidResult", InvalidResult),
        ("Overloaded", Overloaded),
        ("Timeout", InvocationTimeout),
    ],
)
def test_error_of_a_server_becomes_the_class_of_its_type(type_, kind):
    error = read_error(answer("agm.errors.client_error", context=raw({"type": type_})), SUM)
    assert (type(error), error.type, error.message) == (kind, type_, "No")


def test_other_errors_of_a_server_are_those_of_its_handler():
    error = read_error(answer("agm.errors.client_error", context=raw({"type": "KeyError"})), SUM)
    assert (type(error), error.type) == (HandlerFailed, "KeyError")


@pytest.mark.parametrize(
    "context", [UNSET, *map(raw, [None, {}, [], 5, "KeyError", {"type": 5}, {"type": None}])]
)
def test_error_of_a_server_that_names_no_type_has_none(context):
    error = read_error(answer("agm.errors.client_error", context=context), SUM)
    assert (type(error), error.type) == (HandlerFailed, None)


def test_type_counts_only_in_an_error_of_the_server():
    message = answer("agm.errors.invocation.failure", context=raw({"type": "Timeout"}))
    assert type(read_error(message, SUM)) is ServerGone


def test_error_without_words_gets_some():
    assert read_error(answer("x", ""), SUM).message == "Sum failed without saying why"


@pytest.mark.parametrize("context", ['{"type":1e999}', '{"type":' + "9" * 5000 + "}"])
def test_context_of_an_error_that_cannot_be_read_does_no_harm(context):
    message = answer("agm.errors.client_error", context=Raw(context.encode()))
    error = read_error(message, SUM)
    assert (type(error), error.message) == (HandlerFailed, "No")


def test_broken_connection_is_an_error_of_its_own():
    error = read_error(None, SUM)
    assert type(error) is ConnectionLost
    assert error.message == "The connection was lost before Sum answered"


# The tables


@pytest.mark.parametrize("table", [BY_TYPE, BY_REASON_URI])
def test_tables_name_invocation_errors_of_the_package(table):
    for kind in table.values():
        assert issubclass(kind, InvocationError)
        assert kind.__name__ in errors.__all__


def test_types_of_the_table_are_those_that_the_classes_tell():
    for type_, kind in BY_TYPE.items():
        assert kind("x").type == type_
