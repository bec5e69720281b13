"""What the author of an app is told when nothing is wired to hear of problems."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import flask
import pytest
from dash import Dash, Input, Output, html
from flask_wtf.csrf import CSRFProtect

from dash_interop import Glue42, Interop, MethodInvoke, MethodRegister
from dash_interop.app import problems
from dash_interop.gateway.embedded import shared_gateway
from tests.support.apps_parts import record, with_status
from tests.support.apps_serving import backends, make_app
from tests.support.browser_apps import Apps
from tests.support.browser_pages import eventually
from tests.support.ports import free_range

POLICY = "The content security policy of this page forbids a connection to the gateway"


@pytest.fixture
def server_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, problems.__name__)
    return caplog


def said(apps: Apps, text: str) -> list[str]:
    """The lines of the consoles that contain a text."""
    return [line for line in apps.browser.console() if text in line]


@pytest.mark.parametrize("backend", backends())
def test_dia001_a_registration_that_fails_is_in_the_console_and_in_the_servers_log_once(
    apps: Apps, backend: str, server_log: pytest.LogCaptureFixture
) -> None:
    message = "MethodRegister second: A method with the name"
    apps.browser.allow_in_console(f"dash_interop: {message}")
    app = apps.make(
        "app",
        MethodRegister(id="first", definition="Same", returns=True),
        MethodRegister(id="second", definition="Same", returns=True),
        backend=backend,
    )
    page = apps.open(app)
    eventually(lambda: said(apps, message), "the console says it")
    eventually(lambda: message in server_log.text, "the log says it")
    for _ in range(2):
        page.set_props("second", definition="Other")
        page.wait_for_servers("Other", 1)
        page.set_props("second", definition="Same")
        page.wait_for_servers("Other", 0)
    page.set_props("second", definition="Last")
    page.wait_for_servers("Last", 1)
    assert len(said(apps, message)) == 1
    assert server_log.text.count(message) == 1


def test_dia002_problems_are_in_the_list_of_the_dev_tools_while_they_are_on(apps: Apps) -> None:
    apps.browser.allow_in_console("dash_interop: MethodRegister nameless")
    app = apps.make(
        "app",
        MethodRegister(id="nameless", definition="Fine", returns=True),
        MethodInvoke(id="invoke"),
    )
    app.enable_dev_tools(
        debug=True, dev_tools_hot_reload=False, dev_tools_disable_version_check=True
    )
    page = apps.open(app)
    page.wait_for_servers("Fine", 1)
    page.set_props("nameless", definition={})
    page.set_props("invoke", invoke={"definition": "Nowhere", "options": {"waitTimeoutMs": 0}})
    apps.browser.allow_in_console("dash_interop: MethodInvoke invoke")
    wanted = (
        "dash_interop: MethodRegister nameless: The definition needs a name",
        "dash_interop: MethodInvoke invoke: Nowhere failed: No server offers the method Nowhere",
    )
    for text in wanted:
        eventually(lambda text=text: said(apps, text), f"the console says {text}")
        assert len(said(apps, text)) == 1
        eventually(
            lambda text=text: page.js("return document.body.textContent.includes(args[0])", text),
            f"the dev tools show {text}",
        )


def test_dia003_a_call_of_a_wrong_name_or_target_is_told_long_before_its_wait_is_over(
    apps: Apps,
) -> None:
    app = apps.make(
        "app",
        MethodRegister(id="sum", definition="Sum", returns=True),
        MethodInvoke(id="invoke"),
    )
    page = apps.open(app)
    page.wait_for_servers("Sum", 1)
    page.set_props("invoke", invoke={"definition": "Sumo"})
    text = "dash_interop: MethodInvoke invoke: nobody offers Sumo so far: "
    eventually(lambda: said(apps, text), "the console says it")
    assert said(apps, text)[0].rstrip('"').endswith(" On offer: Sum")
    page.set_props("invoke", invoke={"definition": "Sum", "target": {"application": "Trades"}})
    text = 'nobody offers Sum for target {"application":"Trades"} so far: '
    eventually(lambda: said(apps, text), "the console says it of the target, too")
    assert said(apps, text)[0].rstrip('"').endswith(" It is offered by: this page")


def test_dia004_an_invocation_ends_at_once_when_the_page_will_not_be_connected(
    apps: Apps,
) -> None:
    results: list[Any] = []
    app = apps.make("app", MethodInvoke(id="invoke", invoke={"definition": "Sum"}))
    record(app, "invoke", "result", results)
    reason = "serves pages on its own machine only"
    apps.browser.allow_in_console(f"dash_interop: Glue42 glue42: .*{reason}")
    address = apps.serve(app).replace("127.0.0.1", "elsewhere.example")
    apps.browser.open(f"{address}/", connected=False)
    eventually(lambda: any(results), "the result")
    message = results[-1]["error"]["message"]
    assert message.startswith("The page is not connected: ")
    assert reason in message
    eventually(lambda: said(apps, reason), "the console says it")


def test_dia005_an_outage_is_told_once_in_the_console_and_in_the_servers_log(
    apps: Apps, secret_file: Path, server_log: pytest.LogCaptureFixture
) -> None:
    apps.browser.allow_lost_connections()
    url = f"ws://127.0.0.1:{free_range(1)}"
    app = apps.make("app", plugins=[Interop(gateway=url, secret_file=secret_file)])
    page = apps.open(app, connected=False)
    text = f"Glue42 glue42: No gateway answers at {url}"
    eventually(lambda: text in server_log.text, "the log says it")
    attempts = "return performance.getEntriesByType('resource')"
    attempts += ".filter(({name}) => name.includes('_dash-interop/session')).length"
    before = page.js(attempts)
    eventually(lambda: page.js(attempts) > before + 2, "further attempts")
    assert len(said(apps, text)) == 1
    assert server_log.text.count(text) == 1


def test_dia006_a_page_that_its_policy_keeps_from_the_gateway_says_so_and_goes_on_trying(
    apps: Apps,
) -> None:
    apps.browser.allow_in_console("Content Security Policy")
    apps.browser.allow_in_console(f"dash_interop: Glue42 glue42: {POLICY}")
    app = apps.make("app")
    with_status(app)
    url = shared_gateway().ensure()
    policy = {"now": "connect-src 'self'"}

    @app.server.after_request
    def restrict(response: flask.Response) -> flask.Response:
        response.headers["Content-Security-Policy"] = policy["now"]
        return response

    page = apps.open(app, connected=False)
    page.wait_for_text("state", "disconnected")
    page.wait_for_text("reason", f"{POLICY}: add {url} to its connect-src")
    blocked = "return performance.getEntriesByType('resource')"
    blocked += ".filter(({name}) => name.includes('_dash-interop/session')).length > 2"
    eventually(lambda: page.js(blocked), "further attempts")
    assert len(said(apps, f"Glue42 glue42: {POLICY}")) == 1
    policy["now"] = f"connect-src 'self' {url}"
    page.load()
    page.wait_until_connected()
    page.wait_for_text("reason", "None")


def test_dia007_a_server_that_wants_csrf_tokens_is_told_apart_until_our_views_are_exempt(
    apps: Apps,
) -> None:
    apps.browser.allow_in_console("status of 400")
    apps.browser.allow_in_console("it wants a CSRF token")
    server = flask.Flask("csrf")
    server.secret_key = "a key of some length"
    csrf = CSRFProtect(server)
    app = make_app("csrf", server=server)
    app.layout = Glue42(id="glue42", children=[])
    with_status(app)
    exempt(csrf, server, "_dash-update-component")
    page = apps.open(app, connected=False)
    page.wait_for_text(
        "reason",
        "The Dash server answered 400 to _dash-interop/session: it wants a CSRF token. "
        "Exempt the views of dash_interop from the protection, or set the cookie that Dash sends "
        "back",
    )
    exempt(csrf, server, "_dash-interop/")
    page.load()
    page.wait_until_connected()


def exempt(csrf: CSRFProtect, server: flask.Flask, part: str) -> None:
    for endpoint, view in server.view_functions.items():
        if part in endpoint:
            csrf.exempt(view)


@pytest.mark.parametrize(
    "answer, reason",
    [
        (
            lambda: flask.redirect("/login"),
            "The Dash server sent _dash-interop/session on to /login: "
            "the login has probably expired",
        ),
        (
            lambda: flask.Response("who are you", 401),
            "The Dash server answered 401 to _dash-interop/session: "
            "nobody is logged in there, or the login has expired",
        ),
        (
            lambda: "<html>Please log in</html>",
            "The Dash server answered _dash-interop/session with text/html that is not a JSON "
            "object: a login page or a proxy may have answered in its place",
        ),
    ],
    ids=["redirect", "401", "page"],
)
def test_dia008_an_expired_login_is_said_in_words_and_a_new_one_is_enough(
    apps: Apps, answer: Any, reason: str
) -> None:
    apps.browser.allow_in_console("status of 401")
    server = flask.Flask("login")
    login = {"expired": True}

    @server.before_request
    def protect() -> Any:
        path = flask.request.path
        return answer() if login["expired"] and "_dash-interop" in path else None

    @server.get("/login")
    def log_in() -> str:
        return "<html>Please log in</html>"

    app = make_app("app", server=server)
    app.layout = Glue42(id="glue42", children=[])
    with_status(app)
    page = apps.open(app, connected=False)
    page.wait_for_text("reason", reason)
    login["expired"] = False
    page.wait_until_connected()
    page.wait_for_text("reason", "None")


def test_dia009_a_component_without_a_root_says_what_it_needs(apps: Apps) -> None:
    apps.browser.allow_in_console("dash_interop: MethodRegister lost")
    app: Dash = make_app("app")
    app.layout = html.Div(
        [
            MethodRegister(id="lost", definition="Sum", returns=True),
            MethodInvoke(id="invoke", invoke={"definition": "Sum"}),
            html.P(id="out"),
        ]
    )

    @app.callback(Output("out", "children"), Input("out", "id"))
    def ready(_: Any) -> str:
        return "ready"

    apps.open(app, connected=False).wait_for_text("out", "ready")
    text = "There is no connection: put the component among the children of a Glue42"
    eventually(lambda: said(apps, f"MethodRegister lost: {text}"), "the console says it")
    eventually(lambda: said(apps, f"MethodInvoke invoke: Sum failed: {text}"), "and of the call")
