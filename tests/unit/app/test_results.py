"""What a ``MethodInvoke`` reports."""

import json
from pathlib import Path

import pytest
from dash.exceptions import PreventUpdate

from dash_interop import HandlerFailed, InvocationError, returned_value


def test_value_of_the_first_server_is_returned():
    result = {
        "invocationId": "i",
        "error": None,
        "invocationResult": {"returned": {"sum": 3}, "all_return_values": []},
    }
    assert returned_value(result) == {"sum": 3}


def test_failure_is_raised_with_what_is_known_about_it():
    failed = [{"message": "boom", "executed_by": {"application": "x"}}]
    result = {
        "invocationId": "i",
        "error": {"message": "No", "all_errors": failed},
        "invocationResult": None,
    }
    with pytest.raises(InvocationError, match="No") as caught:
        returned_value(result)
    assert (caught.value.invocation_id, caught.value.all_errors) == ("i", failed)


def test_failure_without_details_is_raised_too():
    with pytest.raises(InvocationError) as caught:
        returned_value({"error": {"message": "No"}, "invocationResult": None})
    assert (caught.value.invocation_id, caught.value.all_errors) == (None, [])


VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "errors.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("vector", VECTORS["types"], ids=lambda vector: vector["type"])
def test_failure_is_raised_as_the_class_of_its_type(vector):
    result = {"error": {"message": "No", "type": vector["type"]}, "invocationResult": None}
    with pytest.raises(InvocationError) as caught:
        returned_value(result)
    assert (type(caught.value).__name__, caught.value.type) == (vector["class"], vector["type"])


@pytest.mark.parametrize("exception", ["ValueError", "Timeout", None])
def test_failure_of_a_handler_tells_its_exception(exception):
    error = {"message": "No", "type": "HandlerFailed", "exception": exception}
    with pytest.raises(HandlerFailed) as caught:
        returned_value({"error": error, "invocationResult": None})
    assert caught.value.exception == exception


def test_nothing_invoked_yet_prevents_the_update():
    with pytest.raises(PreventUpdate):
        returned_value(None)


@pytest.mark.parametrize("type_", ["ServerGone", "ConnectionLost"])
@pytest.mark.parametrize("delivered", ["no", "yes", "unknown", None])
def test_failure_of_a_lost_connection_tells_whether_it_was_delivered(type_, delivered):
    error = {"message": "No", "type": type_} | ({"delivered": delivered} if delivered else {})
    with pytest.raises(InvocationError) as caught:
        returned_value({"error": error, "invocationResult": None})
    assert caught.value.delivered == (delivered or "unknown")
