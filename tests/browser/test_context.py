"""Context: what reaches its callbacks of a context, and what they write to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import MATCH, Input, Output, State, dcc, html

from dash_interop import Context, ContextChangeDict, Interop
from dash_interop.client import sync
from dash_interop.client.sync import InteropClient
from tests.support.apps_parts import Gate, record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually
from tests.support.gateways import ours
from tests.support.relay import Relay


@pytest.fixture(autouse=True)
def none_before() -> None:
    """The gateway of this process, which keeps contexts, serves other tests, too."""
    with sync.connect() as client:
        for name in client.contexts.all():
            client.contexts.destroy(name)


@pytest.fixture
def writer() -> Iterator[InteropClient]:
    with sync.connect(application="writer") as client:
        yield client


class Heard:
    """What the callbacks of a ``Context`` got."""

    def __init__(self) -> None:
        self.values: list[ContextChangeDict | None] = []
        self.errors: list[Any] = []

    @property
    def changes(self) -> list[ContextChangeDict]:
        return [value for value in self.values if value is not None]

    @property
    def deltas(self) -> list[dict[str, Any]]:
        return [change["delta"] for change in self.changes]

    @property
    def data(self) -> list[dict[str, Any]]:
        return [change["data"] for change in self.changes]

    def wait_for(self, *deltas: dict[str, Any]) -> None:
        """Until changes with these deltas have come, and no other one."""
        eventually(lambda: len(self.deltas) >= len(deltas), lambda: f"{deltas}: {self.values}", 20)
        assert self.deltas == list(deltas)

    def wait_for_data(self, data: dict[str, Any]) -> None:
        eventually(lambda: self.data[-1:] == [data], lambda: f"{data}, but {self.values}", 20)

    def wait_for_error(self, words: str) -> dict[str, Any]:
        def last() -> dict[str, Any] | None:
            return self.errors[-1] if self.errors else None

        eventually(lambda: last() and words in last()["message"], lambda: f"{self.errors}", 20)  # type: ignore[index]
        return self.errors[-1]


def listener(
    apps: Apps, *more: Any, plugins: Any = None, gate: Gate | None = None, **props: Any
) -> tuple[Page, Heard]:
    """Open a page with a ``Context`` for ``Market``."""
    heard = Heard()
    app = apps.make(
        "listener",
        Context(id="market", **{"contextName": "Market", **props}),
        html.P(id="count"),
        *more,
        plugins=plugins or [],
    )
    record(app, "market", "error", heard.errors)

    @app.callback(Output("count", "children"), Input("market", "context"))
    def take(value: Any) -> int:
        heard.values.append(value)
        if gate is not None and value is not None:
            gate.pass_through(value)
        return len(heard.values)

    return apps.open(app), heard


# What callbacks hear -----------------------------------------------------------------------------


@pytest.mark.every_engine
def test_ctx001_one_app_writes_at_each_keystroke_and_another_shows_it(apps: Apps) -> None:
    writing = apps.make(
        "writing", dcc.Input(id="text", value=""), Context(id="write", contextName="Market")
    )

    @writing.callback(Output("write", "update"), Input("text", "value"), prevent_initial_call=True)
    def write(text: str) -> dict[str, Any]:
        return {"text": text}

    reading = apps.make("reading", Context(id="Market"), html.P(id="shown"))

    @reading.callback(
        Output("shown", "children"), Input("Market", "context"), prevent_initial_call=True
    )
    def show(change: ContextChangeDict) -> str:
        return f"{change['data']['text']} {change['extraData']['isMyUpdate']}"

    shown = apps.open(reading)
    typed = apps.open(writing)
    typed.type_into("text", "EURUSD")
    shown.wait_for_text("shown", "EURUSD False")
    typed.type_into("text", "EURUSD 1.1")
    shown.wait_for_text("shown", "EURUSD 1.1 False")


@pytest.mark.every_engine
def test_ctx002_a_hundred_updates_in_one_turn_are_a_hundred_changes_in_order(apps: Apps) -> None:
    page, heard = listener(apps)
    other = apps.caller()
    other.run(
        "const {contexts} = window.glue42dash.glueInstance;await contexts.set('Market', {n: 0});"
    )
    heard.wait_for({})
    other.run(
        "const {contexts} = window.glue42dash.glueInstance;"
        "await Promise.all(Array.from({length: 100}, (_, n) =>"
        "    contexts.update('Market', {n: n + 1})));"
    )
    heard.wait_for({}, *({"n": n} for n in range(1, 101)))
    sequences = [change["sequence"] for change in heard.changes]
    assert sequences == list(range(1, 102))
    versions = [change["version"] or 0 for change in heard.changes]
    assert versions == sorted(set(versions))
    first, second = heard.changes[:2]
    nobody = {"updaterId": None, "isMineUpdate": False, "isMyUpdate": False}
    assert first["extraData"] == nobody
    peer = other.js("return window.glue42dash.glueInstance.interop.instance.peerId")
    assert second == {
        "data": {"n": 1},
        "delta": {"n": 1},
        "removed": [],
        "extraData": {**nobody, "updaterId": peer},
        "version": second["version"],
        "destroyed": False,
        "sequence": 2,
    }
    assert heard.errors == [None]
    # The page that writes hears the same, also of a context that it makes itself.
    page.run(
        "const {contexts} = window.glue42dash.glueInstance;"
        "await contexts.destroy('Market');"
        "await Promise.all(Array.from({length: 100}, (_, n) => contexts.update('Market', {n})));"
    )
    eventually(lambda: len(heard.changes) >= 202, lambda: f"{len(heard.changes)} changes", 20)
    assert heard.changes[101]["destroyed"]
    assert heard.data[102:] == [{"n": n} for n in range(100)]
    assert all(change["extraData"]["isMyUpdate"] for change in heard.changes[102:])


def test_ctx003_of_many_updates_a_second_the_latest_reach_a_page_that_still_handles_clicks(
    apps: Apps, writer: InteropClient
) -> None:
    page, heard = listener(
        apps, html.Button("Click", id="button"), html.P(id="clicks"), delivery="latest"
    )
    app_clicks = "document.getElementById('button').addEventListener('click', () => {"
    page.js(f"window.clicks = 0; {app_clicks} window.clicks += 1; }});")
    writer.contexts.update("Market", {"n": 0, "rows": list(range(1000))})
    heard.wait_for({})
    is_done = threading.Event()

    def write() -> None:
        n = 0
        while n < 1000 or not is_done.is_set():
            n += 1
            writer.contexts.update("Market", {"n": n})
        writer.contexts.update("Market", {"last": True})

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(5):
            before = page.js("return window.clicks")
            taken = len(heard.changes)
            page.click("button")
            eventually(lambda: page.js("return window.clicks") > before, "a click", 20)  # noqa: B023
            eventually(lambda: len(heard.changes) > taken, "changes go on", 20)  # noqa: B023
    finally:
        is_done.set()
        writing.join()
    eventually(lambda: heard.data[-1].get("last"), lambda: f"the last of {heard.data[-1]}", 30)
    # Each write is one that was handed over, or one that was replaced.
    later = heard.changes[1:]
    total = sum(1 + change.get("replaced", 0) for change in later)
    assert total == heard.data[-1]["n"] + 1
    assert heard.data[-1]["rows"] == list(range(1000))


def test_ctx004_a_write_of_equal_values_is_no_change(apps: Apps, writer: InteropClient) -> None:
    _, heard = listener(apps)
    writer.contexts.set("Market", {"px": {"bid": 1}})
    heard.wait_for({})
    writer.contexts.update("Market", {"px": {"bid": 1}})
    writer.contexts.set("Market", {"px": {"bid": 1}})
    writer.contexts.update("Market", {"px": {"bid": 2}})
    heard.wait_for({}, {"px": {"bid": 2}})


def test_ctx005_a_context_that_is_destroyed_and_made_anew_is_heard_of(
    apps: Apps, writer: InteropClient
) -> None:
    _, heard = listener(apps)
    writer.contexts.set("Market", {"px": 1})
    heard.wait_for({})
    writer.contexts.destroy("Market")
    heard.wait_for({}, {})
    assert heard.changes[1]["destroyed"]
    assert heard.changes[1]["removed"] == ["px"]
    writer.contexts.set("Market", {"px": 2})
    heard.wait_for({}, {}, {})
    writer.contexts.update("Market", {"px": 3})
    heard.wait_for({}, {}, {}, {"px": 3})
    assert [change["destroyed"] for change in heard.changes] == [False, True, False, False]


def test_ctx006_two_components_of_one_context_hear_the_same(
    apps: Apps, writer: InteropClient
) -> None:
    second: list[Any] = []
    heard = Heard()
    app = apps.make(
        "listener",
        Context(id="one", contextName="Market"),
        Context(id="two", contextName="Market"),
    )
    record(app, "one", "context", heard.values)
    record(app, "two", "context", second)
    page = apps.open(app)
    writer.contexts.set("Market", {"px": 1})
    heard.wait_for({})
    page.set_props("one", update={"px": 2})
    page.set_props("two", update={"px": 3})
    heard.wait_for({}, {"px": 2}, {"px": 3})
    eventually(lambda: second[-1] and second[-1]["data"] == {"px": 3}, lambda: f"{second}")
    assert [value["delta"] for value in second if value] == heard.deltas


def test_ctx007_components_with_pattern_ids_have_contexts_of_their_own(
    apps: Apps, writer: InteropClient
) -> None:
    app = apps.make(
        "listener",
        *(
            html.Div(
                [
                    Context(id={"type": "price", "index": name}, contextName=name),
                    html.P(id={"type": "shown", "index": name}),
                ]
            )
            for name in ("EUR.USD", "GBP.USD")
        ),
    )

    @app.callback(
        Output({"type": "shown", "index": MATCH}, "children"),
        Input({"type": "price", "index": MATCH}, "context"),
        prevent_initial_call=True,
    )
    def show(change: ContextChangeDict) -> str:
        return str(change["data"]["px"])

    page = apps.open(app)
    writer.contexts.set("EUR.USD", {"px": 1.1})
    writer.contexts.set("GBP.USD", {"px": 1.3})
    for name, text in (("EUR.USD", "1.1"), ("GBP.USD", "1.3")):
        page.wait_for_text(f'{{"index":"{name}","type":"shown"}}', text)


def test_ctx008_a_page_has_the_first_value_however_late_it_is_opened(
    apps: Apps, writer: InteropClient
) -> None:
    writer.contexts.set("Market", {"px": 1})
    writer.contexts.set_path("Market", "rows.0", "a")
    _, heard = listener(apps)
    heard.wait_for_data({"px": 1, "rows": {"0": "a"}})


# What callbacks write ----------------------------------------------------------------------------


def test_ctx009_callbacks_update_and_replace_the_value(apps: Apps, writer: InteropClient) -> None:
    page, heard = listener(apps)
    page.set_props("market", update={"a": 1, "b": {"c": 2}})
    heard.wait_for_data({"a": 1, "b": {"c": 2}})
    page.set_props("market", update={"a": None, "d": 3})
    heard.wait_for_data({"b": {"c": 2}, "d": 3})
    assert heard.changes[-1]["removed"] == ["a"]
    page.set_props("market", set={"e": 4})
    heard.wait_for_data({"e": 4})
    assert writer.contexts.get("Market") == {"e": 4}


def test_ctx010_bad_input_is_told_and_the_component_goes_on(apps: Apps) -> None:
    apps.browser.allow_in_console("dash_interop: Context market: ")
    page, heard = listener(apps)
    page.set_props("market", update={"EUR.USD": 1})
    error = heard.wait_for_error('the key "EUR.USD"')
    assert (error["operation"], error["name"], error["type"]) == (
        "update",
        "Market",
        "ContextError",
    )
    page.set_props("market", set=[1, 2])
    heard.wait_for_error("have to be a dict, not a list")
    page.set_props("market", contextName="___channel___Red")
    heard.wait_for_error("names that begin with ___")
    page.set_props("market", contextName="Market")
    page.set_props("market", update={"px": 1})
    heard.wait_for_data({"px": 1})
    eventually(lambda: heard.errors[-1] is None, lambda: f"no error, but {heard.errors}")


def test_ctx011_a_clientside_callback_writes_and_reads(apps: Apps) -> None:
    app = apps.make(
        "clientside",
        html.Button("Write", id="button"),
        Context(id="market", contextName="Market"),
        html.P(id="shown"),
    )
    app.clientside_callback(
        "(clicks) => ({clicks})",
        Output("market", "update"),
        Input("button", "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        "(change) => change ? `${change.data.clicks} ${Object.isFrozen(change.data)}` : ''",
        Output("shown", "children"),
        Input("market", "context"),
    )
    page = apps.open(app)
    for clicks in (1, 2, 3):
        page.click("button")
        page.wait_for_text("shown", f"{clicks} true")


def test_ctx012_what_a_layout_brings_again_is_not_written_again(
    apps: Apps, writer: InteropClient
) -> None:
    app = apps.make(
        "layouts",
        html.Button("Add", id="add"),
        html.Div([Context(id="market", contextName="Market")], id="box"),
        html.P(id="count"),
    )
    heard = Heard()
    record(app, "market", "context", heard.values)

    @app.callback(
        Output("box", "children"),
        Input("add", "n_clicks"),
        State("box", "children"),
        prevent_initial_call=True,
    )
    def add(clicks: int, children: list[Any]) -> list[Any]:
        return [*children, html.P(f"child {clicks}", id=f"child-{clicks}")]

    page = apps.open(app)
    page.set_props("market", update={"px": 1})
    heard.wait_for_data({"px": 1})
    writer.contexts.update("Market", {"px": 2})
    heard.wait_for_data({"px": 2})
    for clicks in (1, 2, 3):
        page.click("add")
        page.wait_for(f"child-{clicks}")
    writer.contexts.update("Market", {"last": True})
    heard.wait_for({"px": 1}, {"px": 2}, {"last": True})
    assert writer.contexts.get("Market") == {"px": 2, "last": True}


def test_ctx013_another_name_is_another_context(apps: Apps, writer: InteropClient) -> None:
    page, heard = listener(apps)
    writer.contexts.set("Market", {"px": 1})
    writer.contexts.set("News", {"text": "a"})
    heard.wait_for_data({"px": 1})
    page.set_props("market", contextName="News")
    heard.wait_for_data({"text": "a"})
    writer.contexts.update("Market", {"px": 2})
    writer.contexts.update("News", {"text": "b"})
    heard.wait_for({}, {}, {"text": "b"})


# Outages -----------------------------------------------------------------------------------------


def test_ctx014_what_happened_in_an_outage_is_one_change(apps: Apps, secret_file: Path) -> None:
    apps.browser.allow_lost_connections()
    with (
        ours(secret_file=secret_file) as gateway,
        Relay(gateway.port) as relay,
        sync.connect(gateway.url, secret_file=secret_file) as writer,
    ):
        plugins = [Interop(gateway=f"ws://127.0.0.1:{relay.port}", secret_file=secret_file)]
        _, heard = listener(apps, plugins=plugins)
        writer.contexts.set("Market", {"a": 1, "b": 1, "c": 1})
        heard.wait_for({})
        with relay.outage():
            writer.contexts.update("Market", {"a": 2})
            writer.contexts.update("Market", {"b": None})
        heard.wait_for({}, {"a": 2})
        assert heard.changes[-1]["data"] == {"a": 2, "c": 1}
        assert heard.changes[-1]["removed"] == ["b"]
        assert heard.changes[-1]["extraData"]["updaterId"] is None


def test_ctx015_values_outlive_a_restart_of_the_gateway(apps: Apps, secret_file: Path) -> None:
    apps.browser.allow_lost_connections()
    with ours(secret_file=secret_file) as gateway:
        plugins = [Interop(gateway=gateway.url, secret_file=secret_file)]
        page, heard = listener(apps, plugins=plugins)
        page.set_props("market", update={"px": 1})
        heard.wait_for_data({"px": 1})
        version = heard.changes[-1]["version"]
        gateway.restart()
        with sync.connect(gateway.url, secret_file=secret_file) as reader:
            eventually(lambda: reader.contexts.get("Market") == {"px": 1}, "the value is back", 30)
            reader.contexts.update("Market", {"px": 2})
            heard.wait_for({"px": 1}, {"px": 2})
            newer = heard.changes[-1]["version"]
            assert version is not None and newer is not None
            assert newer > version
