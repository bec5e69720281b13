"""An ``Interop`` that no app was given is never passed over in silence."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import werkzeug.serving
from dash import Dash, html

from dash_interop import Interop

PATH = "/_dash-interop/session"
PAGE = {"Origin": "http://127.0.0.1:8050"}
USERS = "An Interop(user=...) was given to no app"
METHODS = "The Interop that declares Sum, Ticks was given to no app"

Ask = Callable[[Dash], Any]


def anna(request: Any) -> str:
    return "anna"


def make_app(*plugins: Interop, **options: Any) -> Dash:
    app = Dash("prices", plugins=list(plugins), **options)
    app.layout = html.Div()
    return app


@pytest.fixture(autouse=True)
def nothing_from_before() -> None:
    gc.collect()
    gc.collect()


@pytest.fixture
def ask(post: Any) -> Ask:
    def send(app: Dash) -> Any:
        status, answer = post(app, PATH, {}, PAGE)
        assert status == 200
        return answer

    return send


@pytest.fixture
def declaring() -> Iterator[Interop]:
    interop = Interop()
    interop.method("Sum")(lambda a, b: a + b)
    interop.stream("Ticks")
    yield interop
    interop.stop()


@pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
def test_pages_are_refused_where_nobody_is_asked_who_they_are(
    ask: Ask, backend: str, caplog: pytest.LogCaptureFixture
):
    app = make_app(backend=backend)
    forgotten = Interop(user=anna)
    answer = ask(app)
    # So that an invocation in the page fails at once, instead of waiting for a connection.
    assert answer["isLasting"] is True
    assert answer["error"].startswith(USERS) and "plugins=[interop]" in answer["error"]
    assert answer["error"] in caplog.text
    assert forgotten.tells_users_apart


@pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
def test_app_that_was_there_before_may_be_given_one(ask: Ask, backend: str):
    app = make_app(backend=backend)
    Interop(user=anna).plug(app)
    assert "token" in ask(app)


def test_pages_are_refused_where_declared_methods_are_not_offered(ask: Ask, declaring: Interop):
    app = make_app()
    assert ask(app)["error"].startswith(METHODS)
    declaring.start()
    assert "token" in ask(app)
    declaring.stop()
    assert "token" in ask(app)


def test_app_that_was_replaced_by_another_takes_its_settings_along(ask: Ask):
    interop = Interop(user=anna)
    app = make_app(interop)
    app = make_app()
    assert ask(app)["error"].startswith(USERS)


def test_what_nobody_has_any_more_is_not_missed(ask: Ask):
    Interop(user=anna)
    abandoned = Interop()
    abandoned.method("Sum")(lambda: 1)
    del abandoned
    assert "token" in ask(make_app())


def test_interop_that_is_a_client_only_is_not_missed(ask: Ask):
    client = Interop()
    assert "token" in ask(make_app())
    client.stop()


def test_app_with_an_interop_serves_beside_a_forgotten_one(
    ask: Ask, declaring: Interop, caplog: pytest.LogCaptureFixture
):
    app = make_app(Interop(user=anna))
    assert "token" in ask(app)
    assert METHODS in caplog.text


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Dash], None]:
    """Begins to serve an app, without a socket."""
    monkeypatch.setattr(werkzeug.serving, "run_simple", lambda *args, **options: None)
    return lambda app: app.run(debug=False)


def test_forgotten_one_is_in_the_log_when_the_server_starts(
    run: Callable[[Dash], None], declaring: Interop, caplog: pytest.LogCaptureFixture
):
    users = Interop(user=anna)
    app = make_app()
    assert [entry for entry in caplog.records if "Interop" in entry.message] == []
    run(app)
    told = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert len(told) == 2
    assert USERS in caplog.text and METHODS in caplog.text
    assert users.tells_users_apart


def test_forgotten_one_is_in_the_log_once_with_the_first_request(
    caplog: pytest.LogCaptureFixture,
):
    forgotten = Interop(user=anna)
    client = make_app().server.test_client()
    for _ in range(2):
        assert client.get("/_dash-layout").status_code == 200
    assert caplog.text.count(USERS) == 1
    assert forgotten.tells_users_apart


def test_app_beside_one_that_tells_users_apart_says_that_it_means_it(
    ask: Ask, caplog: pytest.LogCaptureFixture
):
    apart = make_app(Interop(user=anna))
    meant, plain = make_app(Interop(), title="Meant"), make_app(title="Plain")
    for app in (apart, meant, plain, plain):
        assert "token" in ask(app)
    assert caplog.text.count("tells its users apart, and Plain does not") == 1
    assert caplog.text.count("tells its users apart") == 1


def test_interop_is_kept_by_nobody_but_its_owner(declaring: Interop):
    interop = Interop(user=anna)
    interop.method("Sum")(lambda: 1)
    kept = weakref.ref(interop)
    del interop
    gc.collect()
    assert kept() is None
