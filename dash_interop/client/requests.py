"""What is checked before anything is asked of the session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Raw

from ..errors import InvalidArguments, InvalidInvoke, RegistrationError, SubscriptionError
from ..peer.deadlines import time_problem
from ..wire.definitions import Definition, MethodDefinition, read_definition
from ..wire.payloads import PayloadError, encode_payload

__all__ = [
    "check_registration_timeout",
    "check_seconds",
    "check_time_limit",
    "encode_arguments",
    "wanted_method",
    "wanted_stream",
]


def wanted_method(method: Definition) -> MethodDefinition:
    """
    Raises:
        InvalidInvoke: It is no definition.
    """
    try:
        return read_definition(method)
    except RegistrationError as error:
        raise InvalidInvoke(str(error)) from error


def wanted_stream(stream: Definition) -> MethodDefinition:
    """
    Raises:
        SubscriptionError: It is no definition.
    """
    try:
        return read_definition(stream)
    except RegistrationError as error:
        raise SubscriptionError(str(error)) from error


def encode_arguments(args: Mapping[str, Any] | None) -> Raw:
    """
    Raises:
        InvalidArguments: No dict, or it holds what cannot travel.
    """
    if args is None:
        return Raw(b"{}")
    if not isinstance(args, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArguments(f"The arguments have to be a dict, not {type(args).__name__}")
    try:
        return encode_payload(args, "args")
    except PayloadError as error:
        raise InvalidArguments(f"The arguments cannot travel: {error}") from error


def check_seconds(*, wait_timeout: float, response_timeout: float = 1.0) -> None:
    """
    Raises:
        InvalidInvoke: One is no usable number of seconds.
    """
    problem = time_problem("wait_timeout", wait_timeout, or_none=True) or time_problem(
        "response_timeout", response_timeout
    )
    if problem is not None:
        raise InvalidInvoke(problem)


def check_registration_timeout(timeout: float) -> None:
    """
    Raises:
        RegistrationError: It is no usable number of seconds.
    """
    problem = time_problem("timeout", timeout, or_none=True)
    if problem is not None:
        raise RegistrationError(problem)


def check_time_limit(timeout: float | None) -> None:
    """
    Raises:
        ValueError: It is no usable number of seconds, nor ``None``.
    """
    problem = None if timeout is None else time_problem("timeout", timeout, or_none=True)
    if problem is not None:
        raise ValueError(problem)
