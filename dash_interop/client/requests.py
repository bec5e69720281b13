"""What is checked before anything is asked of the session."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from msgspec import Raw

from ..errors import InvalidArguments, InvocationError, RegistrationError, SubscriptionError
from ..protocol.definitions import Definition, MethodDefinition, read_definition
from ..protocol.payloads import PayloadError, encode_payload

__all__ = [
    "check_seconds",
    "check_time_limit",
    "encode_arguments",
    "wanted_method",
    "wanted_stream",
]


def wanted_method(method: Definition) -> MethodDefinition:
    """
    Raises:
        InvocationError: It is no definition.
    """
    try:
        return read_definition(method)
    except RegistrationError as error:
        raise InvocationError(str(error)) from error


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
        return encode_payload(args)
    except PayloadError as error:
        raise InvalidArguments(f"The arguments cannot travel: {error}") from error


def check_seconds(*, wait_timeout: float, response_timeout: float) -> None:
    """
    Raises:
        ValueError: One is no usable number of seconds.
    """
    if not (_is_number(wait_timeout) and 0 <= wait_timeout < inf):
        raise ValueError("wait_timeout has to be a number of seconds, 0 or more")
    if not (_is_number(response_timeout) and 0 < response_timeout < inf):
        raise ValueError("response_timeout has to be a positive number of seconds")


def check_time_limit(timeout: float | None) -> None:
    """
    Raises:
        ValueError: It is no usable number of seconds, nor ``None``.
    """
    if timeout is not None and not (_is_number(timeout) and 0 <= timeout < inf):
        raise ValueError("timeout has to be a number of seconds, 0 or more, or None")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
