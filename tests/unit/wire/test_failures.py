"""How the failure of an invocation travels, and which class it becomes."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET, Raw, UnsetType

from dash_interop import errors
from dash_interop.errors import (
    BY_REASON_URI,
    BY_TYPE,
    SAID_BY_SERVERS,
    ConnectionLost,
    HandlerFailed,
    InvocationError,
    InvocationTimeout,
    ServerGone,
)
from dash_interop.wire.definitions import MethodDefinition
from dash_interop.wire.envelope import Error
from dash_interop.wire.failures import describe_failure, raised, read_failure, timed_out
from dash_interop.wire.payloads import encode_payload
from tests.support.room import raw

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "errors.json").read_text(encoding="utf-8")
)
SUM = MethodDefinition(name="Sum")
CLIENT_ERROR = "agm.errors.client_error"


def answer(reason_uri, reason="No", context: Raw | UnsetType = UNSET):
    return Error("c", "p", reason_uri, reason, "agm", context=context)


def exception_of(error):
    return error.exception if isinstance(error, HandlerFailed) else None


# The table, which src/client/errors.ts has, too


def test_types_and_their_classes_are_those_of_the_vectors():
    told = [
        {"type": type_, "class": kind.__name__, "said_by_servers": type_ in SAID_BY_SERVERS}
        for type_, kind in BY_TYPE.items()
    ]
    assert told == VECTORS["types"]


def test_each_class_of_an_invocation_error_has_a_type_of_its_own():
    kinds = [getattr(errors, name) for name in errors.__all__]
    told = {
        kind.type: kind
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, InvocationError)
    }
    assert told.pop(None) is InvocationError
    assert told == BY_TYPE


def test_reasons_of_the_gateway_are_those_of_the_vectors():
    told = [{"reason_uri": uri, "type": kind.type} for uri, kind in BY_REASON_URI.items()]
    assert told == VECTORS["reason_uris"]


# Reading


@pytest.mark.parametrize("vector", VECTORS["contexts"], ids=lambda vector: str(vector["context"]))
def test_error_of_a_server_becomes_what_its_context_says(vector):
    error = read_failure(answer(CLIENT_ERROR, context=raw(vector["context"])), SUM)
    assert type(error) is BY_TYPE[vector["type"]]
    assert (error.message, exception_of(error)) == ("No", vector.get("exception"))


def test_error_of_a_server_without_a_context_is_its_handlers():
    error = read_failure(answer(CLIENT_ERROR), SUM)
    assert (type(error), exception_of(error)) == (HandlerFailed, None)


@pytest.mark.parametrize("vector", VECTORS["reason_uris"])
def test_error_of_the_wire_becomes_the_class_of_its_reason(vector):
    error = read_failure(answer(vector["reason_uri"]), SUM)
    assert type(error) is BY_TYPE[vector["type"]]
    assert error.message == "No"


@pytest.mark.parametrize("reason_uri", ["agm.errors.something_new", ""])
def test_error_of_another_reason_is_one_of_no_kind(reason_uri):
    error = read_failure(answer(reason_uri), SUM)
    assert (type(error), error.type) == (InvocationError, None)


def test_context_counts_only_in_an_error_of_the_server():
    message = answer("agm.errors.invocation.failure", context=raw({"interopType": "Timeout"}))
    assert type(read_failure(message, SUM)) is ServerGone


def test_error_without_words_gets_some():
    assert read_failure(answer("x", ""), SUM).message == "Sum failed without saying why"


@pytest.mark.parametrize("context", ['{"type":1e999}', '{"type":' + "9" * 5000 + "}"])
def test_context_of_an_error_that_cannot_be_read_does_no_harm(context):
    message = answer(CLIENT_ERROR, context=Raw(context.encode()))
    error = read_failure(message, SUM)
    assert (type(error), error.message) == (HandlerFailed, "No")


def test_broken_connection_is_an_error_of_its_own():
    error = read_failure(None, SUM)
    assert type(error) is ConnectionLost
    assert error.message == "The connection was lost before Sum answered"


@pytest.mark.parametrize(
    ("context", "has_begun", "delivered"),
    [
        (UNSET, False, "unknown"),
        (raw({"delivered": "no"}), False, "no"),
        (raw({"delivered": "yes"}), False, "yes"),
        (raw({"delivered": "unknown"}), True, "yes"),
        (raw({"delivered": "perhaps"}), False, "unknown"),
        (raw({"delivered": ["no"]}), False, "unknown"),
        (raw([]), False, "unknown"),
    ],
)
def test_server_that_is_gone_may_have_had_the_invocation(context, has_begun, delivered):
    message = answer("agm.errors.invocation.failure", context=context)
    error = read_failure(message, SUM, has_begun=has_begun)
    assert (type(error), error.delivered) == (ServerGone, delivered)


@pytest.mark.parametrize("has_begun, delivered", [(False, "unknown"), (True, "yes")])
def test_broken_connection_says_whether_the_handler_was_heard_of(has_begun, delivered):
    assert read_failure(None, SUM, has_begun=has_begun).delivered == delivered


def test_other_errors_say_nothing_of_delivery():
    message = answer("global.errors.limits_exceeded", context=raw({"delivered": "no"}))
    assert read_failure(message, SUM).delivered is None


def test_timeout_says_how_long():
    assert timed_out(SUM, 1.5).message == "Sum did not answer within 1.5 s"


# Writing


@pytest.mark.parametrize("type_", sorted(SAID_BY_SERVERS))
def test_what_the_library_says_arrives_as_such(type_):
    error = BY_TYPE[type_]("No")
    context = encode_payload(describe_failure(error))
    again = read_failure(answer(CLIENT_ERROR, context=context), SUM)
    assert (type(again), again.message) == (type(error), "No")


def test_server_says_that_the_handler_has_not_got_it():
    error = ServerGone("Gone")
    error.delivered = "no"
    context = encode_payload(describe_failure(error))
    assert read_failure(answer(CLIENT_ERROR, context=context), SUM).delivered == "no"


class Timeout(Exception):
    """As authors may call theirs."""


class Overloaded(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "exception, message",
    [
        (Timeout("too slow"), "Timeout: too slow"),
        (Overloaded(), "Overloaded"),
        (InvocationTimeout("elsewhere"), "InvocationTimeout: elsewhere"),
        (errors.Overloaded("elsewhere"), "Overloaded: elsewhere"),
        (errors.InvalidArguments("a is missing"), "InvalidArguments: a is missing"),
        (KeyError("id"), "KeyError: 'id'"),
    ],
)
def test_what_a_handler_raises_arrives_as_its_own_whatever_it_is_called(exception, message):
    described = describe_failure(raised(exception))
    assert described["message"] == message
    context = encode_payload(described)
    again = read_failure(answer(CLIENT_ERROR, message, context=context), SUM)
    assert (type(again), again.message) == (HandlerFailed, message)
    assert exception_of(again) == type(exception).__name__


def test_failure_without_an_exception_is_described_without():
    assert describe_failure(HandlerFailed("cancelled")) == {"message": "cancelled"}
