"""The two-app example of the documentation, on one server, on several, and in two processes."""

from __future__ import annotations

from typing import Any

import flask
import pytest
from dash import Dash

from tests.support.apps_documented import add_invoker, add_provider
from tests.support.apps_serving import backends, make_app
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page


def check_two_apps(a: Page, b: Page) -> None:
    a.click("sum-numbers-btn")
    a.wait_for_text("sum-numbers-result", "Sum is 42")

    a.type_into("number-b", "five")
    a.click("sum-numbers-btn")
    a.wait_for_text("sum-numbers-result", "The arguments must be numbers!")

    a.click("send-message")
    b.wait_for_text("message", "Send your daily report!")


@pytest.mark.parametrize("backend", backends())
@pytest.mark.every_engine
def test_sum001_two_apps_work_together(apps: Apps, backend: str) -> None:
    invoker, provider = make_app("invoker", backend), make_app("provider", backend)
    add_invoker(invoker)
    add_provider(provider)
    b = apps.open(provider)
    check_two_apps(apps.open(invoker), b)


def test_sum002_two_apps_on_one_flask_server_work_together(apps: Apps) -> None:
    server: Any = flask.Flask("both")
    app_a = Dash("a", server=server, routes_pathname_prefix="/app-a/")
    app_b = Dash("b", server=server, routes_pathname_prefix="/app-b/")
    add_invoker(app_a)
    add_provider(app_b)
    url = apps.serve(server)
    b = apps.browser.open(f"{url}/app-b/")
    a = apps.browser.open(f"{url}/app-a/")
    check_two_apps(a, b)
    assert a.servers("Sum") == ["b"]


def test_sum003_two_processes_share_one_gateway_without_any_setting(apps: Apps) -> None:
    b = apps.browser.open(apps.process("tests.support.apps_main", "provider").url)
    a = apps.browser.open(apps.process("tests.support.apps_main", "invoker").url)
    check_two_apps(a, b)


def test_sum004_the_exception_of_the_documented_helper_reaches_the_caller(apps: Apps) -> None:
    provider = make_app("provider")
    add_provider(provider)
    apps.open(provider)
    apps.browser.allow_failing_callbacks()
    caller = apps.caller()
    # float(None) raises a TypeError, which the documented is_number() does not catch.
    error = caller.invoke_error("Sum", {"a": 1})
    assert error == ("The Dash server answered the callback with 500: its log says why")
    assert caller.invoke("Sum", {"a": 1, "b": 2}) == {"sum": 3}


def test_sum005_the_developer_tools_have_nothing_to_complain_about(apps: Apps) -> None:
    invoker, provider = make_app("invoker"), make_app("provider")
    add_invoker(invoker)
    add_provider(provider)
    for app in (invoker, provider):
        app.enable_dev_tools(
            debug=True, dev_tools_hot_reload=False, dev_tools_disable_version_check=True
        )
    b = apps.open(provider)
    a = apps.open(invoker)
    check_two_apps(a, b)
    for page in (a, b):
        alerts = (
            "return document.querySelectorAll('.dash-debug-error-count, .dash-fe-error').length"
        )
        assert page.js(alerts) == 0
