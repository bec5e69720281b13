"""Contexts: writes of callbacks to any context, and the names that there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dash import Input, Output, html

from dash_interop import ContextPathsWriteDict, Contexts
from dash_interop.client import sync
from dash_interop.client.sync import InteropClient
from tests.support.apps_parts import record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually


@pytest.fixture(autouse=True)
def none_before() -> None:
    """The gateway of this process, which keeps contexts, serves other tests, too."""
    with sync.connect() as client:
        for name in client.contexts.all():
            client.contexts.destroy(name)


@pytest.fixture
def reader() -> Iterator[InteropClient]:
    with sync.connect(application="reader") as client:
        yield client


class Told:
    """What callbacks got of a ``Contexts``."""

    def __init__(self) -> None:
        self.names: list[Any] = []
        self.errors: list[Any] = []

    def wait_for_names(self, *names: str) -> None:
        eventually(lambda: self.names[-1] == list(names), lambda: f"{names}, but {self.names}")

    def wait_for_error(self, **fields: Any) -> dict[str, Any]:
        def is_told() -> bool:
            last = self.errors[-1] or {}
            return all(last.get(key) == value for key, value in fields.items())

        eventually(is_told, lambda: f"{fields}, but {self.errors}")
        return self.errors[-1]


def writer(apps: Apps, *more: Any) -> tuple[Page, Told]:
    """Open a page with a ``Contexts``."""
    told = Told()
    app = apps.make("writer", Contexts(id="contexts"), *more)
    record(app, "contexts", "names", told.names)
    record(app, "contexts", "error", told.errors)
    return apps.open(app), told


def wait_for(reader: InteropClient, name: str, data: dict[str, Any]) -> None:
    eventually(
        lambda: reader.contexts.get(name) == data,
        lambda: f"{name} has {data}, but {reader.contexts.get(name)}",
    )


@pytest.mark.every_engine
def test_cts001_callbacks_write_in_every_way(apps: Apps, reader: InteropClient) -> None:
    page, told = writer(apps)
    page.set_props("contexts", update={"name": "Market", "data": {"px": 1, "rows": [1, 2]}})
    wait_for(reader, "Market", {"px": 1, "rows": [1, 2]})
    page.set_props("contexts", setPath={"name": "Market", "path": "rows.1", "data": {"n": 3}})
    wait_for(reader, "Market", {"px": 1, "rows": [1, {"n": 3}]})
    paths: ContextPathsWriteDict = {
        "name": "Market",
        "paths": [{"path": "size.bid", "value": 5}, {"path": "px", "value": None}],
    }
    page.set_props("contexts", setPaths=paths)
    wait_for(reader, "Market", {"rows": [1, {"n": 3}], "size": {"bid": 5}})
    page.set_props("contexts", set={"name": "Market", "data": {"px": 2}})
    wait_for(reader, "Market", {"px": 2})
    told.wait_for_names("Market")
    page.set_props("contexts", destroy={"name": "Market"})
    told.wait_for_names()
    assert told.errors == [None]


def test_cts002_a_list_is_carried_out_in_its_order(apps: Apps, reader: InteropClient) -> None:
    app = apps.make("writer", html.Button("Write", id="write"), Contexts(id="contexts"))

    @app.callback(
        Output("contexts", "update"), Input("write", "n_clicks"), prevent_initial_call=True
    )
    def write(_: int) -> list[dict[str, Any]]:
        of_market = [{"name": "Market", "data": {"n": n, f"key-{n}": n}} for n in range(100)]
        return [*of_market, {"name": "News", "data": {"text": "a"}}]

    page = apps.open(app)
    page.click("write")
    wait_for(reader, "News", {"text": "a"})
    wait_for(reader, "Market", {"n": 99, **{f"key-{n}": n for n in range(100)}})


def test_cts003_a_write_for_another_version_is_a_conflict(
    apps: Apps, reader: InteropClient
) -> None:
    apps.browser.allow_in_console("dash_interop: Contexts contexts: ")
    page, told = writer(apps)
    page.set_props("contexts", set={"name": "Market", "data": {"px": 1}, "ifVersion": 0})
    wait_for(reader, "Market", {"px": 1})
    _, version = reader.contexts.get_versioned("Market")
    page.set_props("contexts", set={"name": "Market", "data": {"px": 2}, "ifVersion": 0})
    told.wait_for_error(operation="set", name="Market", type="ContextConflict")
    page.set_props("contexts", update={"name": "Market", "data": {"px": 3}, "ifVersion": version})
    wait_for(reader, "Market", {"px": 3})
    eventually(lambda: told.errors[-1] is None, lambda: f"no error, but {told.errors}")
    page.set_props("contexts", update={"name": "Market", "data": {"px": 4}, "ifVersion": version})
    told.wait_for_error(operation="update", name="Market", type="ContextConflict")
    assert reader.contexts.get("Market") == {"px": 3}


BAD = [
    ("update", {"data": {}}, "needs the name of a context"),
    ("update", {"name": "Market", "data": [1]}, "have to be a dict, not a list"),
    ("update", {"name": "Market", "data": {"a.b": 1}}, 'the key "a.b"'),
    ("set", {"name": "___channel___Red", "data": {}}, "names that begin with ___"),
    ("setPath", {"name": "Market", "path": "a..b", "data": 1}, "an empty part"),
    ("setPaths", {"name": "Market", "path": "a"}, "unknown key"),
    ("setPath", {"name": "Market", "path": "rows.first", "data": 1}, "rows.first"),
    ("destroy", {"name": "Missing"}, "There is no context Missing"),
]


def test_cts004_bad_input_is_told_and_the_component_goes_on(
    apps: Apps, reader: InteropClient
) -> None:
    apps.browser.allow_in_console("dash_interop: Contexts contexts: ")
    reader.contexts.set("Market", {"rows": [1]})
    page, told = writer(apps)
    told.wait_for_names("Market")
    for operation, written, words in BAD:
        page.set_props("contexts", **{operation: written})
        error = told.wait_for_error(operation=operation, name=written.get("name"))
        eventually(
            lambda: words in (told.errors[-1] or {}).get("message", ""),  # noqa: B023
            lambda: f"{words}, but {told.errors[-1]}",  # noqa: B023
        )
        assert error["type"] == "ContextError"
    page.set_props("contexts", update={"name": "News", "data": {"text": "a"}})
    wait_for(reader, "News", {"text": "a"})
    eventually(lambda: told.errors[-1] is None, lambda: f"no error, but {told.errors}")
    assert reader.contexts.get("Market") == {"rows": [1]}


def test_cts005_what_is_too_large_for_the_gateway_is_told(apps: Apps) -> None:
    apps.browser.allow_in_console("dash_interop: Contexts contexts: ")
    page, told = writer(apps)
    page.js(
        "dash_clientside.set_props('contexts', {update:"
        "    {name: 'Market', data: {text: 'x'.repeat(32 * 1024 * 1024)}}})"
    )
    error = told.wait_for_error(operation="update", name="Market")
    assert "bytes as JSON, and the gateway takes" in error["message"]


def test_cts006_the_names_are_those_that_authors_use(apps: Apps, reader: InteropClient) -> None:
    page, told = writer(apps)
    told.wait_for_names()
    reader.contexts.set("Market", {})
    reader.contexts.set("News", {})
    eventually(lambda: sorted(told.names[-1]) == ["Market", "News"], lambda: f"{told.names}")
    reader.contexts.destroy("Market")
    told.wait_for_names("News")
    every = page.js("return window.glue42dash.glueInstance.contexts.all()")
    assert "___channel___Red" in every
