"""When a process begins to serve an app, as opposed to importing it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import flask
from dash import Dash
from flask.helpers import get_debug_flag
from werkzeug.serving import is_running_from_reloader

__all__ = ["when_serving"]


def when_serving(app: Dash, start: Callable[[], None]) -> None:
    """
    Have ``start`` called in each process that serves ``app``: when the server starts, or with the
    first request where the server does not tell of its start, as under a WSGI server.

    A process that imports the app for another reason, such as a task queue's worker or the process
    that watches the files for a reloader, does not call it.

    Args:
        app: The Dash app.
        start: Called once or more often; has to return at once.
    """
    server: Any = app.server
    if isinstance(server, flask.Flask):
        server.run = _telling(server.run, start)
        server.before_request(start)
    elif hasattr(server, "before_serving"):  # Quart
        server.before_serving(_awaitable(start))
    elif hasattr(server, "router"):  # FastAPI
        router = server.router
        router.lifespan_context = _beginning_with(start, router.lifespan_context)


def _telling(run: Callable[..., Any], start: Callable[[], None]) -> Callable[..., Any]:
    """Flask's ``run``, for the process that will serve."""

    parameters = inspect.signature(run)

    @functools.wraps(run)
    def run_and_tell(*args: Any, **options: Any) -> Any:
        given = parameters.bind_partial(*args, **options).arguments
        debug = given.get("debug")
        reloads = options.get("use_reloader", get_debug_flag() if debug is None else debug)
        if not reloads or is_running_from_reloader():
            start()
        return run(*args, **options)

    return run_and_tell


def _awaitable(start: Callable[[], None]) -> Callable[[], Any]:
    async def begin() -> None:
        start()

    return begin


def _beginning_with(start: Callable[[], None], lifespan: Callable[..., Any]) -> Callable[..., Any]:
    @asynccontextmanager
    async def begin(server: Any) -> AsyncGenerator[Any]:
        start()
        async with lifespan(server) as state:
            yield state

    return begin
