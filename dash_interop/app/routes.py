"""What pages ask their own Dash server, on each of the servers that Dash runs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar
from weakref import WeakSet

import flask
from dash import Dash, get_app, hooks

__all__ = ["current_app", "request_of", "route"]

Answer: TypeAlias = Callable[[], dict[str, Any]]
AnswerT = TypeVar("AnswerT", bound=Answer)

_apps: WeakSet[Dash] = WeakSet()


@hooks.setup()
def _remember(app: Dash) -> None:
    _apps.add(app)


def route(name: str) -> Callable[[AnswerT], AnswerT]:
    """
    Make a function answer the POSTs to ``name``, below the prefix of every app.

    That is the apps that are made from now on, and the one that may be there already. The function
    returns what is answered as JSON. It cannot read a body: Quart gives that to ``async`` functions
    only, and Dash's hooks are plain ones. Short texts travel in the query.
    """

    def decorate(answer: AnswerT) -> AnswerT:
        hooks.route(name, methods=("POST",))(answer)
        if _existing_app is not None:
            _existing_app._add_url(name, answer, ["POST"])
        return answer

    return decorate


def current_app(name: str) -> Dash:
    """The app whose route ``name`` is being served."""
    if flask.has_request_context():
        # Dash 3 does not say which of several apps on one server it is; the path does.
        server = flask.current_app._get_current_object()  # type: ignore[attr-defined]
        prefix = flask.request.path.removesuffix(name)
        for app in _apps:
            if app.server is server and app.config.routes_pathname_prefix == prefix:
                return app
    return get_app()


def request_of(app: Dash) -> Any:
    """The request being served; it has ``args``, ``headers``, ``cookies`` and ``url``."""
    if flask.has_request_context():
        return flask.request
    return app.backend.request_adapter()


def _find_existing_app() -> Dash | None:
    # ``import dash_interop`` came before ``import dash``, and an app was made in between.
    try:
        app = get_app()
    except Exception:  # Dash raises no narrower class when there is no app yet
        return None
    _apps.add(app)
    return app


_existing_app = _find_existing_app()
