"""What pages ask their own Dash server, on each of the servers that Dash runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qsl
from weakref import WeakSet

import flask
from dash import Dash, get_app, hooks

__all__ = ["QUESTION_HEADER", "current_app", "question_of", "request_here", "request_of", "route"]

QUESTION_HEADER = "X-Dash-Interop-Question"

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
    only, and Dash's hooks are plain ones. What is asked is in a header, see ``question_of``.
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
    """The request being served; it has ``headers``, ``cookies`` and ``url``."""
    if flask.has_request_context():
        return flask.request
    return app.backend.request_adapter()


def request_here(apps: Iterable[Dash]) -> Any:
    """
    The request that is being served where this is called, as ``request_of`` has it; ``None`` where
    none is, as in a thread, and in callbacks over a WebSocket, which many pages share.

    Args:
        apps: Those that may be serving it.
    """
    if flask.has_request_context():
        return flask.request
    for app in apps:
        # Dash 3 has no backends: there it is Flask.
        backend = getattr(app, "backend", None)
        if backend is None:
            continue
        try:
            request = backend.request_adapter()
            if request.headers is not None:
                return request
        except RuntimeError:
            # Each of the servers says so that there is none.
            continue
    return None


def question_of(request: Any) -> dict[str, str]:
    """
    What a page asks, by name. It is written as a query and sent in a header, as queries stand in
    the logs of servers and proxies.
    """
    return dict(parse_qsl(request.headers.get(QUESTION_HEADER, "")))


def _find_existing_app() -> Dash | None:
    # ``import dash_interop`` came before ``import dash``, and an app was made in between.
    try:
        app = get_app()
    except Exception:  # Dash raises no narrower class when there is no app yet
        return None
    _apps.add(app)
    return app


_existing_app = _find_existing_app()
