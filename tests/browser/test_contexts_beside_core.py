"""Pages of this package beside pages and processes with the published library."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dash_interop import Context, Contexts, Interop
from dash_interop.client import sync
from dash_interop.client.sync import InteropClient
from dash_interop.errors import ConnectionLost
from dash_interop.gateway.auth import TokenAuthority, read_secret
from dash_interop.router.principals import Principal
from tests.soak.writers import random_write
from tests.support.apps_parts import record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Browser, Page, eventually
from tests.support.gateways import GatewayProcess, ours, published
from tests.support.js_peer import JsPeer
from tests.support.relay import Relay

CONTEXTS = "const {contexts} = window.glue42dash.glueInstance;"
"""In a page; those of core where the page names its gateway itself."""


@pytest.fixture(autouse=True)
def gateways_end_before_their_pages(browser: Browser) -> None:
    browser.allow_lost_connections()


@pytest.fixture
def gateway(secret_file: Path) -> Iterator[GatewayProcess]:
    with ours(secret_file=secret_file) as running:
        yield running


def new_token(secret_file: Path) -> str:
    """Good for one login."""
    return TokenAuthority(read_secret(secret_file)).issue(Principal("local"))


@pytest.fixture
def core(gateway: GatewayProcess, secret_file: Path) -> Iterator[JsPeer]:
    peer = JsPeer(gateway.url, "core", "local", new_token(secret_file))
    yield peer
    peer.close()


@pytest.fixture
def python(gateway: GatewayProcess, secret_file: Path) -> Iterator[InteropClient]:
    with sync.connect(gateway.url, secret_file=secret_file) as client:
        yield client


def own_page(apps: Apps, url: str, secret_file: Path, name: str = "own") -> tuple[Page, list[Any]]:
    """A page with a ``Context`` for ``Market``, and what its callbacks hear."""
    changes: list[Any] = []
    plugins = [Interop(gateway=url, secret_file=secret_file)]
    components = Context(id="market", contextName="Market"), Contexts(id="contexts")
    app = apps.make(name, *components, plugins=plugins)
    record(app, "market", "context", changes)
    return apps.open(app), changes


def page_with_core(
    apps: Apps, url: str, auth: dict[str, str], name: str = "with-core"
) -> tuple[Page, list[Any]]:
    """The same in a page that names its gateway itself, and so has the contexts of core."""
    changes: list[Any] = []
    gateway = {"ws": url, "protocolVersion": 3, "reconnectInterval": 100}
    app = apps.make(name, Context(id="market", contextName="Market"), Contexts(id="contexts"))
    root: Any = app.layout
    root.settings = {"web": {"config": {"gateway": gateway, "auth": auth}}}
    record(app, "market", "context", changes)
    return apps.open(app), changes


def reaches(changes: list[Any], data: dict[str, Any]) -> None:
    eventually(
        lambda: bool(changes and changes[-1]) and changes[-1]["data"] == data,
        lambda: f"{data}, but {changes}",
        20,
    )


def deltas(changes: list[Any]) -> list[Any]:
    return [change["delta"] for change in changes if change is not None]


class Room:
    """A page of ours, a page with core, a process with core, and a Python process."""

    def __init__(
        self, own: tuple[Page, list[Any]], other: tuple[Page, list[Any]], core: JsPeer
    ) -> None:
        self.own, self.heard = own
        self.other, self.heard_by_other = other
        self.core = core
        self.handle = core.subscribe_context("Market")

    def all_have(self, data: dict[str, Any]) -> None:
        reaches(self.heard, data)
        reaches(self.heard_by_other, data)
        self.core.wait_context(self.handle, data)


@pytest.fixture
def room(apps: Apps, gateway: GatewayProcess, secret_file: Path, core: JsPeer) -> Room:
    own = own_page(apps, gateway.url, secret_file)
    other = page_with_core(apps, gateway.url, {"token": new_token(secret_file)})
    return Room(own, other, core)


def late_reader_has(python: InteropClient, data: dict[str, Any]) -> None:
    assert python.contexts.get("Market") == data


def test_core001_an_element_of_a_list_is_replaced_by_its_index_for_all(
    room: Room, python: InteropClient
) -> None:
    room.own.run(f"{CONTEXTS} await contexts.set('Market', {{rows: [1, 2, 3]}});")
    room.all_have({"rows": [1, 2, 3]})
    room.own.run(f"{CONTEXTS} await contexts.setPath('Market', 'rows.0', 'a');")
    room.all_have({"rows": ["a", 2, 3]})
    room.other.run(f"{CONTEXTS} await contexts.setPath('Market', 'rows.3', {{n: 4}});")
    room.all_have({"rows": ["a", 2, 3, {"n": 4}]})
    room.core.write_context("Market", "setPath", "b", "rows.3.n")
    room.all_have({"rows": ["a", 2, 3, {"n": "b"}]})
    room.own.run(f"{CONTEXTS} await contexts.setPath('Market', 'rows.1', null);")
    room.all_have({"rows": ["a", None, 3, {"n": "b"}]})
    room.own.run(f"{CONTEXTS} await contexts.setPath('Market', 'rows.length', 1);")
    room.all_have({"rows": ["a"]})
    late_reader_has(python, {"rows": ["a"]})


def test_core002_an_undefined_value_removes_for_all(room: Room, python: InteropClient) -> None:
    for page in (room.own, room.other):
        page.run(f"{CONTEXTS} await contexts.set('Market', {{a: 1, b: 2}});")
        room.all_have({"a": 1, "b": 2})
        page.run(f"{CONTEXTS} await contexts.update('Market', {{a: undefined}});")
        room.all_have({"b": 2})
        late_reader_has(python, {"b": 2})


def test_core003_a_dot_in_a_key_is_a_path_for_core_and_refused_by_ours(
    room: Room, python: InteropClient
) -> None:
    room.other.run(f"{CONTEXTS} await contexts.set('Market', {{}});")
    room.other.run(f"{CONTEXTS} await contexts.update('Market', {{'EUR.USD': 1}});")
    room.all_have({"EUR": {"USD": 1}})
    refused = room.own.run(
        f"{CONTEXTS} return contexts.update('Market', {{'EUR.USD': 2}})"
        "    .then(() => 'written', ({message}) => message);"
    )
    assert refused.startswith('update cannot set the key "EUR.USD"')
    late_reader_has(python, {"EUR": {"USD": 1}})


def test_core004_equal_values_are_no_change_for_anybody(room: Room) -> None:
    room.own.run(f"{CONTEXTS} await contexts.set('Market', {{px: {{bid: 1}}}});")
    room.all_have({"px": {"bid": 1}})
    seen = len(room.heard), len(room.heard_by_other)
    for page in (room.own, room.other):
        page.run(
            f"{CONTEXTS} await contexts.set('Market', {{px: {{bid: 1}}}});"
            "await contexts.setPath('Market', 'px.bid', 1);"
            "await contexts.update('Market', {px: {bid: 1}});"
        )
    room.own.run(f"{CONTEXTS} await contexts.update('Market', {{last: true}});")
    room.all_have({"px": {"bid": 1}, "last": True})
    assert (len(room.heard), len(room.heard_by_other)) == (seen[0] + 1, seen[1] + 1)


def test_core005_subscriptions_of_both_kinds_of_pages_outlive_the_context(
    room: Room, python: InteropClient
) -> None:
    python.contexts.set("Market", {"px": 1})
    reaches(room.heard, {"px": 1})
    reaches(room.heard_by_other, {"px": 1})
    python.contexts.destroy("Market")
    for heard in (room.heard, room.heard_by_other):
        reaches(heard, {})
        assert heard[-1]["destroyed"]
        assert heard[-1]["removed"] == ["px"]
    python.contexts.set("Market", {"px": 2})
    for heard in (room.heard, room.heard_by_other):
        reaches(heard, {"px": 2})
    python.contexts.update("Market", {"px": 3})
    for heard in (room.heard, room.heard_by_other):
        reaches(heard, {"px": 3})
        assert deltas(heard)[-1] == {"px": 3}


def test_core006_a_list_in_place_of_a_dict_is_one_dict_for_all(
    room: Room, python: InteropClient
) -> None:
    room.core.write_context("Market", "set", {})
    room.core.write_context("Market", "set", [1, {"n": 2}])
    room.all_have({"0": 1, "1": {"n": 2}})
    late_reader_has(python, {"0": 1, "1": {"n": 2}})
    refused = room.own.run(
        f"{CONTEXTS} return contexts.set('Market', [3])"
        "    .then(() => 'written', ({message}) => message);"
    )
    assert refused == "The data of a context have to be a dict, not a list"


def test_core007_pages_and_processes_that_write_at_once_end_with_one_value(
    room: Room, python: InteropClient
) -> None:
    room.own.run(f"{CONTEXTS} await contexts.set('Market', {{n: 0}});")
    room.all_have({"n": 0})
    script = (
        f"{CONTEXTS} window.writing = Promise.all(Array.from({{length: 200}}, (_, n) =>"
        "    contexts.update('Market', {last: `${args[0]} ${n}`, [args[0]]: n})));"
    )
    room.own.run(script, "own")
    room.other.run(script, "other")
    writes = [
        {"kind": "update", "data": {"last": f"core {n}", "core": n}, "path": ""} for n in range(200)
    ]
    for n in range(50):
        python.contexts.update("Market", {"last": f"python {n}", "python": n})
    assert room.core.write_context_many("Market", writes) == [None] * 200
    for page in (room.own, room.other):
        page.run("await window.writing;")
    python.contexts.update("Market", {"end": True})
    value = python.contexts.get("Market")
    assert value == {
        "n": 0,
        "last": value["last"],
        "own": 199,
        "other": 199,
        "core": 199,
        "python": 49,
        "end": True,
    }
    room.all_have(value)


def test_core008_pages_that_make_contexts_at_the_same_time_lose_nothing(
    room: Room, python: InteropClient
) -> None:
    # Clicks of a test come one after the other; the clock is the same for both pages.
    script = """
        const [key, at] = args;
        const update = Array.from({length: 50}, (_, n) => ({name: `New-${n}`, data: {[key]: n}}));
        setTimeout(() => dash_clientside.set_props('contexts', {update}), at - Date.now());
    """
    soon = room.own.js("return Date.now() + 500")
    room.other.js(script, "other", soon)
    room.own.js(script, "own", soon)
    for n in range(50):
        both = {"own": n, "other": n}
        eventually(
            lambda: python.contexts.get(f"New-{n}") == both,  # noqa: B023
            lambda: f"{both}, but {python.contexts.get(f'New-{n}')}",  # noqa: B023
        )


# The published gateway ---------------------------------------------------------------------------


def test_core009_on_the_published_gateway_contexts_work_through_core(apps: Apps) -> None:
    with published() as gateway:
        auth = {"username": "anna", "password": "x"}
        one, heard = page_with_core(apps, gateway.url, auth, "one")
        two, heard_by_two = page_with_core(apps, gateway.url, auth, "two")
        one.set_props("market", update={"px": 1})
        reaches(heard, {"px": 1})
        reaches(heard_by_two, {"px": 1})
        two.set_props("market", update={"px": 2, "size": 5})
        reaches(heard, {"px": 2, "size": 5})
        reaches(heard_by_two, {"px": 2, "size": 5})
        assert heard[-1]["extraData"]["isMyUpdate"] is False
        assert heard_by_two[-1]["extraData"]["isMyUpdate"] is True
        assert heard[-1]["version"] is None
        one.run(f"{CONTEXTS} await contexts.destroy('Market');")
        eventually(lambda: heard_by_two[-1]["destroyed"], lambda: f"{heard_by_two}")
        one.set_props("market", set={"px": 3})
        reaches(heard, {"px": 3})
        reaches(heard_by_two, {"px": 3})


def test_core010_an_outage_brings_no_old_value_back_through_core(apps: Apps) -> None:
    auth = {"username": "anna", "password": "x"}
    with published() as gateway, Relay(gateway.port) as relay:
        away, heard = page_with_core(apps, f"ws://127.0.0.1:{relay.port}", auth, "away")
        other, heard_by_other = page_with_core(apps, gateway.url, auth, "there")
        other.set_props("market", set={"px": 1, "size": 1})
        reaches(heard, {"px": 1, "size": 1})
        away.js(
            "window.back = new Promise((resolve) => glue42dash.glueInstance.connection"
            "    .onLibReAnnounced(({name}) => name === 'contexts' && resolve()))"
        )
        with relay.outage():
            other.set_props("market", update={"px": 2})
            reaches(heard_by_other, {"px": 2, "size": 1})
        away.run("await window.back;")
        other.set_props("market", update={"last": True})
        reaches(heard, {"px": 2, "size": 1, "last": True})
        reaches(heard_by_other, {"px": 2, "size": 1, "last": True})


WRITES = 60
"""Of each writer."""

WRITE_ALL = (
    CONTEXTS
    + """
    const write = {
        update: ({data}) => contexts.update('Market', data),
        set: ({data}) => contexts.set('Market', data),
        setPath: ({path, data}) => contexts.setPath('Market', path, data),
        destroy: () => contexts.destroy('Market'),
    };
    for (const each of args[0]) {
        // Some are refused, such as to destroy what somebody else has just destroyed.
        await write[each.kind](each).catch(() => {});
    }
"""
)


@pytest.mark.parametrize("seed", range(3))
def test_core011_all_hold_the_same_after_writes_at_the_same_time(
    apps: Apps, secret_file: Path, core: JsPeer, gateway: GatewayProcess, seed: int
) -> None:
    with Relay(gateway.port) as relay:
        url = f"ws://127.0.0.1:{relay.port}"
        own, heard = own_page(apps, url, secret_file)
        second, heard_by_second = own_page(apps, url, secret_file, "second")
        other, heard_by_other = page_with_core(apps, gateway.url, {"token": new_token(secret_file)})
        core.subscribe_context("Market")
        with sync.connect(url, secret_file=secret_file) as python:
            random = Random(seed)
            writes = [[random_write(random) for _ in range(WRITES)] for _ in range(4)]
            for page, some in zip((own, second, other), writes, strict=False):
                page.js(f"window.writing = (async (args) => {{{WRITE_ALL}}})(args);", some)
            for number, write in enumerate(writes[3]):
                core.write_context_many("Market", [write])
                if number % 25 == 20:
                    relay.cut()
                # Not known whether it was carried out, where the connection breaks meanwhile.
                with contextlib.suppress(ConnectionLost):
                    python.contexts.update("Market", {"python": number})
            for page in (own, second, other):
                page.run("await window.writing;")
            python.contexts.update("Market", {"last": seed})
            value = python.contexts.get("Market")
        with sync.connect(gateway.url, secret_file=secret_file) as newcomer:
            assert newcomer.contexts.get("Market") == value
        for changes in (heard, heard_by_second, heard_by_other):
            reaches(changes, value)
        # A subscription of core hears nothing any more of what was destroyed.
        eventually(lambda: core.context("Market") == value, lambda: str(core.context("Market")))
