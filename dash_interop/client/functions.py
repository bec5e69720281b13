"""What is known of a function before it is called."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

__all__ = ["is_async"]


def is_async(function: Any) -> bool:
    """Whether calling it gives something to await: ``async def``, or an object called that way."""
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - it is the method that is asked about
    )
