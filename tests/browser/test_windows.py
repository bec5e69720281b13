"""Windows that a page opens: whether they open, what is told of them, and what they are given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import Dash, Input, Output, State, dcc, html

from dash_interop import Windows
from tests.support.apps_parts import record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually

EVENTS = ("opened", "closed", "focused")


def opening(apps: Apps, *, by_server: bool = False, **options: Any) -> Dash:
    """
    An app whose buttons open, focus and close a window. A clientside callback opens it where it is
    not to be the server: that takes too long for WebKit.
    """
    app = apps.make(
        "opener",
        Windows(id="windows"),
        dcc.Input(id="url", value="/"),
        *(html.Button(name, id=name) for name in ("open", "focus", "close")),
        title="The opener",
    )
    wiring = (Output("windows", "open"), Input("open", "n_clicks"), State("url", "value"))

    def open_window(_: int, url: str) -> Any:
        return {"name": "News", "url": url, "options": options}

    if by_server:
        app.callback(*wiring, prevent_initial_call=True)(open_window)
    else:
        script = f"(_, url) => ({{name: 'News', url, options: {json.dumps(options)}}})"
        app.clientside_callback(script, *wiring, prevent_initial_call=True)

    for name in ("focus", "close"):

        @app.callback(Output("windows", name), Input(name, "n_clicks"), prevent_initial_call=True)
        def refer(_: int) -> Any:
            return {"name": "News"}

    return app


def opened_app(apps: Apps) -> str:
    """The address of the app for the windows."""
    app = apps.make("opened", Windows(id="windows"), html.P(id="context"), title="News of today")

    @app.callback(Output("context", "children"), Input("windows", "context"))
    def show(context: Any) -> Any:
        return context and context["client"]

    return f"{apps.serve(app)}/"


class Told(list[Any]):
    """Puts the values of one prop, but for the initial one, among those of others."""

    def __init__(self, name: str, into: list[tuple[str, Any]]) -> None:
        super().__init__()
        self._name = name
        self._into = into

    def append(self, value: Any) -> None:
        if value is not None:
            self._into.append((self._name, value))


def recorded(app: Dash, *names: str) -> list[tuple[str, Any]]:
    """The events, and the errors, that callbacks get, in order."""
    events: list[tuple[str, Any]] = []
    for name in names or ("opened", "closed", "error"):
        record(app, "windows", name, Told(name, events))
    return events


def wait_for(events: list[tuple[str, Any]], *names: str) -> list[Any]:
    """The events that came, which are these."""
    eventually(lambda: [name for name, _ in events] == [*names], lambda: f"{names}, but {events}")
    return [value for _, value in events]


def wait_for_error(events: list[tuple[str, Any]], said: str) -> None:
    def is_last() -> bool:
        name, value = events[-1]
        return name == "error" and value is not None and said in value["message"]

    eventually(is_last, lambda: f"{said!r}, but {events}")


def open_popup(apps: Apps, page: Page) -> Page:
    page.click("open")
    popup = apps.browser.popup(page)
    popup.wait_until_connected()
    return popup


def test_win001_a_callback_opens_a_window_with_a_size(apps: Apps) -> None:
    app = opening(apps, by_server=True, width=350, height=420)
    events = recorded(app, "opened", "error")
    url = opened_app(apps)
    page = apps.open(app)
    page.type_into("url", url)
    popup = open_popup(apps, page)
    (opened,) = wait_for(events, "opened")
    assert opened["name"] == "News"
    assert opened["url"] == url
    assert popup.js("return [window.name, document.title]") == [opened["id"], "News of today"]
    assert popup.js("return [innerWidth, innerHeight]") == [350, 420]


@pytest.mark.every_engine
def test_win002_without_a_size_it_is_a_tab_of_this_server(apps: Apps) -> None:
    app = opening(apps)
    events = recorded(app, "opened", "error")
    page = apps.open(app)
    page.type_into("url", "/")
    popup = open_popup(apps, page)
    (opened,) = wait_for(events, "opened")
    assert opened["url"] == page.url
    assert popup.js("return document.title") == "The opener"


@pytest.mark.every_engine
def test_win003_that_it_is_closed_is_told_whoever_closes_it(apps: Apps) -> None:
    app = opening(apps, width=300)
    events = recorded(app)
    page = apps.open(app)
    popup = open_popup(apps, page)
    wait_for(events, "opened")
    page.click("close")
    opened, closed = wait_for(events, "opened", "closed")
    assert {**closed, "sequence": 0} == {**opened, "sequence": 0}
    apps.browser.forget_closed()
    # Its name is free again.
    popup = open_popup(apps, page)
    popup.close()
    wait_for(events, "opened", "closed", "opened", "closed")


def test_win004_why_there_is_no_window_is_said(apps: Apps) -> None:
    app = opening(apps, width=300)
    events = recorded(app)
    page = apps.open(app)
    open_popup(apps, page)
    page.click("open")
    _, error = wait_for(events, "opened", "error")
    assert error["operation"] == "open"
    assert 'The name "News" is in use by a window that is open' in error["message"]
    for url, said in (
        ("javascript:alert(1)", "it has to begin with http or https"),
        ("http://[", "it is no valid address"),
    ):
        page.set_props("windows", open={"name": "Other", "url": url})
        wait_for_error(events, said)
    page.set_props("windows", close={"name": "Nws"})
    wait_for_error(events, 'open are: "News"')


@pytest.mark.whole_chromium
def test_win005_a_browser_that_blocks_it_is_an_error_that_says_what_to_do(apps: Apps) -> None:
    app = opening(apps, width=300)
    events = recorded(app)
    page = apps.open(app)
    page.js(
        """
        const open = {name: 'One', url: '/'};
        document.getElementById('url').onclick = () =>
            dash_clientside.set_props('windows', {open: [open, {...open, name: 'Two'}]});
        """
    )
    # One click opens one window.
    page.click("url")
    apps.browser.popup(page)
    _, error = wait_for(events, "opened", "error")
    assert "The browser has blocked the window" in error["message"]
    assert "Have a callback of a button write open" in error["message"]
    # Nothing is left of it, and the next click opens it.
    open_popup(apps, page)
    wait_for(events, "opened", "error", "opened")


@pytest.mark.every_engine
def test_win006_the_focus_of_windows_is_told(apps: Apps) -> None:
    app = opening(apps, width=300)
    events = recorded(app, "opened", "focused")
    page = apps.open(app)
    popup = open_popup(apps, page)
    opened = wait_for_first(events, "opened")
    popup.js("window.dispatchEvent(new Event('focus'))")
    focused = wait_for_first(events, "focused")
    assert focused["id"] == opened["id"]


def wait_for_first(events: list[tuple[str, Any]], name: str) -> Any:
    eventually(lambda: [one for one in events if one[0] == name], lambda: f"{name} in {events}")
    return next(value for each, value in events if each == name)


@pytest.mark.every_engine
def test_win007_windows_are_known_again_when_the_page_is_loaded_anew(apps: Apps) -> None:
    app = opening(apps, width=300)
    events = recorded(app)
    page = apps.open(app)
    open_popup(apps, page)
    (opened,) = wait_for(events, "opened")
    page.load()
    page.wait_until_connected()
    # The name is in use, the window can be closed, and its end is told.
    page.click("open")
    wait_for(events, "opened", "error")
    page.click("close")
    closed = wait_for(events, "opened", "error", "closed")[-1]
    assert closed["id"] == opened["id"]


def test_win008_a_window_that_was_closed_meanwhile_is_told_too(apps: Apps) -> None:
    app = opening(apps, width=300)
    events = recorded(app)
    page = apps.open(app)
    popup = open_popup(apps, page)
    wait_for(events, "opened")
    page.driver.get("about:blank")
    popup.close()
    page.load()
    page.wait_until_connected()
    wait_for(events, "opened", "closed")
    assert apps.browser.driver.window_handles.count(popup.handle) == 0


@pytest.mark.every_engine
def test_win009_a_window_that_goes_to_another_origin_stays_known(apps: Apps) -> None:
    app = opening(apps, width=300)
    events = recorded(app)
    page = apps.open(app)
    popup = open_popup(apps, page)
    wait_for(events, "opened")
    popup.driver.get(opened_app(apps))
    popup.wait_until_connected()
    page.click("open")
    wait_for(events, "opened", "error")
    page.click("close")
    wait_for(events, "opened", "error", "closed")


@pytest.mark.every_engine
def test_win010_a_window_is_given_a_context_which_goes_with_it(apps: Apps) -> None:
    app = opening(apps, width=300, context={"client": "Acme"})
    page = apps.open(app)
    page.type_into("url", opened_app(apps))
    popup = open_popup(apps, page)
    popup.wait_for_text("context", "Acme")
    own_window = "const own = window.glue42dash.glueInstance.windows.my();"
    assert popup.run(f"{own_window} return own.getContext()") == {"client": "Acme"}
    popup.run(f"{own_window} await own.updateContext({{client: 'Initech'}})")
    popup.wait_for_text("context", "Initech")
    # It is loaded anew, and knows its context.
    popup.driver.refresh()
    popup.wait_for_text("context", "Initech")
    names = "window.glue42dash.glueInstance.contexts.all().filter((name) => /window/.test(name))"
    assert len(page.js(f"return {names}")) == 1
    page.click("close")
    eventually(lambda: page.js(f"return {names}") == [], "the context is gone")


def test_win011_scripts_of_the_page_use_io_windows(apps: Apps) -> None:
    page = apps.open(apps.make("opener", Windows(id="windows"), html.Button("Go", id="go")))
    page.js(
        """
        window.heard = [];
        const {windows} = window.glue42dash.glueInstance;
        windows.onWindowAdded(({name}) => heard.push(`${name} added`));
        windows.onWindowRemoved(({name}) => heard.push(`${name} removed`));
        document.getElementById('go').onclick = async () => {
            const opened = await windows.open('News', '/', {width: 300, context: {a: 1}});
            heard.push(await opened.getContext());
        };
        """
    )
    page.click("go")
    apps.browser.popup(page).wait_until_connected()
    eventually(lambda: page.js("return heard") == ["News added", {"a": 1}], "it is open")
    find = "const [opened] = window.glue42dash.glueInstance.windows.list();"
    page.run(f"{find} await opened.close()")
    eventually(lambda: page.js("return heard.at(-1)") == "News removed", "it is closed")
