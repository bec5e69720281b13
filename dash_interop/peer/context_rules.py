"""What is checked of a read or a write of a context before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias, cast

from ..errors import InvalidContext
from ..wire.channels import is_reserved
from ..wire.deltas import DeltaRefused, apply_delta
from ..wire.values import PayloadError, portable_value
from .deadlines import time_problem

__all__ = [
    "Paths",
    "check_if_version",
    "check_name",
    "check_timeout",
    "check_writable",
    "plain_data",
    "read_paths",
    "replacement",
    "update_of",
]

Paths: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]
"""Paths such as ``"order.price"`` with their values."""

_FORBIDDEN: Final = ("__proto__", "constructor", "prototype")
"""Keys that JavaScript keeps for itself."""


def check_name(name: Any, what: str = "context") -> None:
    """
    Raises:
        InvalidContext: It is no name.
    """
    if not isinstance(name, str) or not name:
        raise InvalidContext(
            f"The name of a {what} has to be a text that is not empty, not {name!r}"
        )


def check_writable(name: Any) -> None:
    """
    Raises:
        InvalidContext: It is no name, or belongs to something else than a context.
    """
    check_name(name)
    if is_reserved(name):
        raise InvalidContext(
            f"{name} cannot be written: names that begin with ___ are those of channels and "
            "windows. Use the channels of the client"
        )


def check_if_version(if_version: Any, least: int = 0) -> None:
    """
    Raises:
        InvalidContext: It is no version.
    """
    is_version = isinstance(if_version, int) and not isinstance(if_version, bool)
    if if_version is not None and (not is_version or if_version < least):
        raise InvalidContext(
            f"if_version has to be a version, a whole number from {least} on, not {if_version!r}"
        )


def check_timeout(timeout: Any) -> None:
    """
    Raises:
        InvalidContext: It is not a usable number of seconds.
    """
    problem = time_problem("timeout", timeout)
    if problem is not None:
        raise InvalidContext(problem)


def plain_data(data: Any) -> dict[str, Any]:
    """
    A dict in the form in which it travels.

    Raises:
        InvalidContext: It is no dict, or holds what cannot travel.
    """
    plain = _plain(data, "data")
    if not isinstance(plain, dict):
        raise InvalidContext(f"The data has to be a dict, not {type(data).__name__}")
    return cast("dict[str, Any]", plain)


def update_of(data: Any) -> dict[str, Any]:
    """
    The delta that sets the keys of a dict, and removes those that are ``None``.

    Raises:
        InvalidContext: It is no dict, holds what cannot travel, or has a key that cannot be
            updated.
    """
    plain = plain_data(data)
    for key in plain:
        check_key(key)
    return {"commands": [_command(key, value) for key, value in plain.items()]}


def check_key(key: str) -> None:
    """
    Raises:
        InvalidContext: It cannot be updated, as it travels as a path.
    """
    if "." in key:
        raise InvalidContext(
            f"The key {key!r} cannot be updated, as others take the dot for a way into another "
            "dict: nest a dict, or name the path with set_path"
        )
    if not key or key in _FORBIDDEN:
        raise InvalidContext(f"The key {key!r} cannot be updated: {_why(key)}")


def replacement(data: Any) -> dict[str, Any]:
    """
    The delta that puts a dict in the place of the whole value.

    Raises:
        InvalidContext: It is no dict, or holds what cannot travel.
    """
    return {"reset": plain_data(data)}


def read_paths(paths: Any) -> dict[str, Any]:
    """
    The delta that sets paths in their order, and removes those whose value is ``None``.

    Raises:
        InvalidContext: They are neither a dict nor pairs, a path cannot be used, or a value cannot
            travel.
    """
    delta = {"commands": [_path_command(path, value) for path, value in _pairs(paths)]}
    try:
        # Whether the paths suit the value is for the gateway to say; this is what is always wrong.
        apply_delta({}, delta)
    except DeltaRefused as error:
        raise InvalidContext(str(error)) from None
    return delta


def _pairs(paths: Any) -> list[tuple[Any, Any]]:
    pairs: Any = cast("Mapping[Any, Any]", paths).items() if isinstance(paths, Mapping) else paths
    try:
        return [(path, value) for path, value in pairs]
    except (TypeError, ValueError):
        raise InvalidContext(
            f"The paths have to be a dict of paths and values, or such pairs, not {paths!r:.100}"
        ) from None


def _path_command(path: Any, value: Any) -> dict[str, Any]:
    if not isinstance(path, str):
        raise InvalidContext(f"A path has to be a text such as 'order.price', not {path!r}")
    for segment in path.split("."):
        if not segment or segment in _FORBIDDEN:
            raise InvalidContext(f"The path {path!r} cannot be used: {_why(segment)}")
    return _command(path, _plain(value, path))


def _command(path: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {"type": "remove", "path": path}
    return {"type": "set", "path": path, "value": value}


def _plain(value: Any, name: str) -> Any:
    try:
        return portable_value(value, name)
    except PayloadError as error:
        raise InvalidContext(f"What was given cannot travel: {error}") from error


def _why(segment: str) -> str:
    if not segment:
        return "a part of it is empty"
    return f"JavaScript keeps {segment} for itself"
