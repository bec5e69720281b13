"""What is checked before anything is asked of the session."""

from math import inf, nan

import pytest

from dash_interop.client.requests import (
    check_registration_timeout,
    check_seconds,
    encode_arguments,
    wanted_method,
)
from dash_interop.client.sync import connect
from dash_interop.errors import ConfigError, InvalidArguments, InvalidInvoke, RegistrationError
from dash_interop.peer.queue import QueueSettings

NO_TIMES = [-1, -0.001, nan, inf, "soon", "5", None, True, [1]]


@pytest.mark.parametrize("seconds", [*NO_TIMES, 0])
def test_time_for_an_answer_is_a_positive_number(seconds):
    with pytest.raises(InvalidInvoke, match="^response_timeout has to be a positive number") as one:
        check_seconds(wait_timeout=0, response_timeout=seconds)
    assert repr(seconds) in str(one.value)
    with pytest.raises(RegistrationError, match="^response_timeout has to be a positive number"):
        QueueSettings(seconds)


@pytest.mark.parametrize("seconds", NO_TIMES)
def test_wait_is_a_number_that_may_be_none(seconds):
    with pytest.raises(InvalidInvoke, match="^wait_timeout has to be a number of seconds, 0 or mo"):
        check_seconds(wait_timeout=seconds, response_timeout=1)
    with pytest.raises(
        RegistrationError, match="^timeout has to be a number of seconds, 0 or more"
    ):
        check_registration_timeout(seconds)
    with pytest.raises(ConfigError, match="^timeout has to be a number of seconds, 0 or more"):
        connect(timeout=seconds)


@pytest.mark.parametrize("seconds", [0.001, 1, 10**6])
def test_usable_times_are_no_problem(seconds):
    check_seconds(wait_timeout=seconds, response_timeout=seconds)
    check_seconds(wait_timeout=0, response_timeout=seconds)
    check_registration_timeout(0)
    QueueSettings(seconds)


@pytest.mark.parametrize(
    "name, value", [("concurrency", 0), ("concurrency", "2"), ("max_queue", -1), ("max_queue", 1.5)]
)
def test_bounds_of_a_queue_are_whole_numbers(name, value):
    with pytest.raises(RegistrationError, match=f"^{name} has to be a whole number"):
        QueueSettings(**{name: value})


def test_method_to_invoke_is_a_definition():
    with pytest.raises(InvalidInvoke, match="did you mean 'accepts'?"):
        wanted_method({"name": "Sum", "acepts": ""})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("args", [[1, 2], "text", 7, ()])
def test_arguments_are_a_dict(args):
    with pytest.raises(InvalidArguments, match="have to be a dict, not"):
        encode_arguments(args)
