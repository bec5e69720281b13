"""What is checked before anything is asked of the session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Raw

from ..errors import InvalidArguments, InvalidInvoke, RegistrationError, SubscriptionError
from ..peer.deadlines import time_problem
from ..peer.requests import ServerRequest
from ..peer.targets import Target
from ..wire.definitions import Definition, read_definition
from ..wire.payloads import PayloadError, encode_payload

__all__ = [
    "check_registration_timeout",
    "check_time_limit",
    "check_wait",
    "method_request",
    "stream_request",
]


def method_request(
    method: Definition,
    args: Mapping[str, Any] | None,
    target: Target,
    *,
    wait_timeout: float,
    response_timeout: float,
) -> ServerRequest:
    """
    Raises:
        InvalidInvoke: The definition or a time cannot be used.
        InvalidArguments: ``args`` is not a dict, or holds what cannot travel.
    """
    try:
        wanted = read_definition(method)
    except RegistrationError as error:
        raise InvalidInvoke(str(error)) from error
    request = ServerRequest(
        method=wanted,
        arguments=args,
        encoded=_encode_arguments(args),
        target=target,
        wait_timeout=wait_timeout,
        response_timeout=response_timeout,
    )
    _check_times(request)
    return request


def stream_request(
    stream: Definition,
    arguments: Mapping[str, Any] | None,
    target: Target,
    *,
    wait_timeout: float,
    response_timeout: float,
) -> ServerRequest:
    """
    Raises:
        SubscriptionError: The definition cannot be used.
        InvalidArguments: ``arguments`` is not a dict, or holds what cannot travel.
        InvalidInvoke: A time cannot be used.
    """
    try:
        wanted = read_definition(stream)
    except RegistrationError as error:
        raise SubscriptionError(str(error)) from error
    encoded = _encode_arguments(arguments)
    request = ServerRequest(
        method=wanted,
        arguments=dict(arguments or {}),
        encoded=encoded,
        target=target,
        wait_timeout=wait_timeout,
        response_timeout=response_timeout,
    )
    _check_times(request)
    return request


def check_wait(name: str, timeout: float) -> None:
    """
    Raises:
        InvalidInvoke: It is not a usable number of seconds; the text says so by that name.
    """
    problem = time_problem(name, timeout, or_zero=True)
    if problem is not None:
        raise InvalidInvoke(problem)


def check_registration_timeout(timeout: float) -> None:
    """
    Raises:
        RegistrationError: It is not a usable number of seconds.
    """
    problem = time_problem("timeout", timeout, or_zero=True)
    if problem is not None:
        raise RegistrationError(problem)


def check_time_limit(timeout: float | None) -> None:
    """
    Raises:
        ValueError: It is neither a usable number of seconds nor ``None``.
    """
    problem = None if timeout is None else time_problem("timeout", timeout, or_zero=True)
    if problem is not None:
        raise ValueError(problem)


def _encode_arguments(args: Mapping[str, Any] | None) -> Raw:
    if args is None:
        return Raw(b"{}")
    if not isinstance(args, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArguments(f"The arguments have to be a dict, not {type(args).__name__}")
    try:
        return encode_payload(args, "args")
    except PayloadError as error:
        raise InvalidArguments(f"The arguments cannot travel: {error}") from error


def _check_times(request: ServerRequest) -> None:
    check_wait("wait_timeout", request.wait_timeout)
    problem = time_problem("response_timeout", request.response_timeout)
    if problem is not None:
        raise InvalidInvoke(problem)
