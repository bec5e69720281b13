"""What is checked before anything is asked of the session."""

from math import inf, nan
from typing import Any

import pytest

from dash_interop.client.requests import (
    check_registration_timeout,
    check_time_limit,
    check_wait,
    method_request,
    stream_request,
)
from dash_interop.client.sync import connect
from dash_interop.errors import (
    ConfigError,
    InvalidArguments,
    InvalidInvoke,
    RegistrationError,
    SubscriptionError,
)
from dash_interop.peer.queue import QueueSettings
from dash_interop.peer.requests import ServerRequest

NO_TIMES = [-1, -0.001, nan, inf, "soon", "5", None, True, [1]]


def invocation(
    method: Any = "Sum", args: Any = None, *, wait_timeout: Any = 1, response_timeout: Any = 1
) -> ServerRequest:
    return method_request(
        method, args, None, wait_timeout=wait_timeout, response_timeout=response_timeout
    )


def subscription(
    stream: Any = "Prices", args: Any = None, *, wait_timeout: Any = 1, response_timeout: Any = 1
) -> ServerRequest:
    return stream_request(
        stream, args, None, wait_timeout=wait_timeout, response_timeout=response_timeout
    )


@pytest.mark.parametrize("seconds", [*NO_TIMES, 0])
def test_time_for_an_answer_is_a_positive_number(seconds):
    with pytest.raises(InvalidInvoke, match="^response_timeout has to be a positive number") as one:
        invocation(wait_timeout=0, response_timeout=seconds)
    assert repr(seconds) in str(one.value)
    with pytest.raises(InvalidInvoke, match="^response_timeout has to be a positive number"):
        subscription(wait_timeout=0, response_timeout=seconds)
    with pytest.raises(RegistrationError, match="^response_timeout has to be a positive number"):
        QueueSettings(seconds)


@pytest.mark.parametrize("seconds", NO_TIMES)
def test_wait_is_a_number_that_may_be_none(seconds):
    with pytest.raises(InvalidInvoke, match="^wait_timeout has to be a number of seconds, 0 or mo"):
        invocation(wait_timeout=seconds, response_timeout=1)
    with pytest.raises(InvalidInvoke, match="^timeout has to be a number of seconds, 0 or more"):
        check_wait("timeout", seconds)
    with pytest.raises(
        RegistrationError, match="^timeout has to be a number of seconds, 0 or more"
    ):
        check_registration_timeout(seconds)
    with pytest.raises(ConfigError, match="^timeout has to be a number of seconds, 0 or more"):
        connect(timeout=seconds)


@pytest.mark.parametrize("seconds", [0.001, 1, 10**6])
def test_usable_times_are_no_problem(seconds):
    for request in (invocation, subscription):
        made = request(wait_timeout=seconds, response_timeout=seconds)
        assert (made.wait_timeout, made.response_timeout) == (seconds, seconds)
        assert request(wait_timeout=0, response_timeout=seconds).wait_timeout == 0
    check_wait("timeout", 0)
    check_registration_timeout(0)
    check_time_limit(0)
    check_time_limit(None)
    QueueSettings(seconds)


@pytest.mark.parametrize(
    "name, value", [("concurrency", 0), ("concurrency", "2"), ("max_queue", -1), ("max_queue", 1.5)]
)
def test_bounds_of_a_queue_are_whole_numbers(name, value):
    with pytest.raises(RegistrationError, match=f"^{name} has to be a whole number"):
        QueueSettings(**{name: value})


def test_what_is_asked_for_is_a_definition():
    with pytest.raises(InvalidInvoke, match="did you mean 'accepts'?"):
        invocation({"name": "Sum", "acepts": ""})
    with pytest.raises(SubscriptionError, match="did you mean 'accepts'?"):
        subscription({"name": "Prices", "acepts": ""})


@pytest.mark.parametrize("args", [[1, 2], "text", 7, ()])
def test_arguments_are_a_dict(args):
    with pytest.raises(InvalidArguments, match="have to be a dict, not"):
        invocation(args=args)
    with pytest.raises(InvalidArguments, match="have to be a dict, not"):
        subscription(args=args)


def test_caller_sees_the_arguments_as_they_were_given_and_a_subscriber_a_dict():
    assert (invocation().arguments, subscription().arguments) == (None, {})
    assert bytes(invocation().encoded) == bytes(subscription().encoded) == b"{}"
    given = {"desk": 7}
    assert invocation(args=given).arguments is given
    assert subscription(args=given).arguments == given
    assert subscription(args=given).arguments is not given
