"""The exceptions and what they carry."""

import pytest

from dash_interop import errors
from dash_interop.errors import (
    ConnectionLost,
    InteropError,
    InvocationError,
    ProtocolError,
    ServerGone,
)

KINDS = [name for name in errors.__all__ if isinstance(getattr(errors, name), type)]


@pytest.mark.parametrize("name", KINDS)
def test_every_error_is_an_interop_error(name):
    assert issubclass(getattr(errors, name), InteropError)


def test_protocol_error_says_how_to_close():
    assert ProtocolError("no JSON").close_code == 1007
    assert (str(ProtocolError("x", 1003)), ProtocolError("x", 1003).close_code) == ("x", 1003)


def test_invocation_error_carries_message_id_and_the_errors_of_its_targets():
    error = InvocationError("No", "id-1", [{"message": "boom"}])
    assert str(error) == error.message == "No"
    assert (error.invocation_id, error.all_errors) == ("id-1", [{"message": "boom"}])
    assert (InvocationError("No").invocation_id, InvocationError("No").all_errors) == (None, [])


def test_errors_of_a_lost_connection_say_whether_the_handler_has_got_it():
    for name in KINDS:
        kind = getattr(errors, name)
        says = "unknown" if kind in (ConnectionLost, ServerGone) else None
        assert getattr(kind, "delivered", None) == says
