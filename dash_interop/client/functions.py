"""What is known of a function before it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["generates", "is_async"]


def is_async(function: Any) -> bool:
    """Whether calling it gives something to await: ``async def``, or an object called that way."""
    return _is(function, inspect.iscoroutinefunction)


def generates(function: Any) -> bool:
    """Whether calling it only makes a generator: it yields, ``async`` or not."""
    return _is(function, inspect.isgeneratorfunction) or _is(function, inspect.isasyncgenfunction)


def _is(function: Any, kind: Callable[[Any], bool]) -> bool:
    while isinstance(function, partial):
        function = function.func
    return kind(function) or kind(
        getattr(function, "__call__", None)  # noqa: B004 - it is the method that is asked about
    )
