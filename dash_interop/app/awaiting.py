"""Async callbacks, also where Dash does not await them."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from importlib.util import find_spec
from typing import Any

from dash import Dash, get_app

__all__ = ["as_dash_calls_it", "awaits_callbacks"]


def as_dash_calls_it(function: Callable[..., Any], app: Dash | None) -> Callable[..., Any]:
    """The function itself, or where Dash would not await it, a plain one that waits for it."""
    if not inspect.iscoroutinefunction(function) or awaits_callbacks(app):
        return function

    @functools.wraps(function)
    def run(*values: Any) -> Any:
        coroutine = function(*values)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(coroutine)
        # A server that runs plain callbacks on its loop; no loop can run inside of another one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(copy_context().run, asyncio.run, coroutine).result()

    return run


def awaits_callbacks(app: Any) -> bool:
    """Whether Dash runs async callbacks: on Flask only where ``dash[async]`` is installed."""
    if app is None:
        try:
            app = get_app()
        except Exception:  # Dash raises no narrower class when there is no app yet
            is_known = "use_async" in inspect.signature(Dash.__init__).parameters
            return is_known and find_spec("asgiref") is not None
    backend = getattr(app, "backend", None)
    if getattr(backend, "server_type", "flask") != "flask":
        return True
    return bool(getattr(app, "_use_async", False))
