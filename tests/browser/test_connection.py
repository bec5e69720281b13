"""How a page gets its connection, and keeps it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dash import Dash, Input, Output, State, html
from itsdangerous.timed import TimestampSigner

import dash_interop
from dash_interop import Glue42, Interop, MethodInvoke, MethodRegister
from tests.support.apps_parts import answer, handle, record, with_status
from tests.support.apps_serving import backends, make_app
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually
from tests.support.embedded import gateways_of
from tests.support.ports import free_range
from tests.support.relay import Relay


def start_gateway(
    apps: Apps, secret_file: Path, port: int = 0, origin: str = "loopback", *more: str
) -> Any:
    where = ("--port", str(port), "--secret-file", str(secret_file), "--allow-origin", origin)
    return apps.process("dash_interop", "gateway", *where, *more)


def no_session_was_asked_for(page: Any) -> bool:
    return page.js(
        "return performance.getEntriesByType('resource')"
        "    .every(({name}) => !name.includes('_dash-interop/session'))"
    )


@pytest.mark.every_engine
def test_con001_the_root_shows_the_fallback_until_it_is_connected_and_reports_each_step(
    apps: Apps, secret_file: Path
) -> None:
    port = free_range(1)
    url = f"ws://127.0.0.1:{port}"
    app = make_app("app", plugins=[Interop(gateway=url, secret_file=secret_file)])
    app.layout = Glue42(
        id="glue42",
        children=[html.P("the children", id="children")],
        fallback=html.P("the fallback", id="fallback"),
    )
    states: list[Any] = []
    ready: list[Any] = []
    enterprise: list[Any] = []
    with_status(app, states)
    record(app, "glue42", "glueReady", ready)
    record(app, "glue42", "isEnterprise", enterprise)
    apps.browser.allow_lost_connections()

    page = apps.open(app, connected=False)
    page.wait_for_text("state", "disconnected")
    eventually(lambda: page.text("reason").startswith(f"No gateway answers at {url}"), "a reason")
    assert page.text("fallback") == "the fallback"
    assert not page.has("children")

    start_gateway(apps, secret_file, port)
    page.wait_for("children")
    assert not page.has("fallback")
    page.wait_for_text("state", "connected")
    page.wait_for_text("reason", "None")
    eventually(lambda: ready[-1] is True, "glueReady is True")
    assert set(ready[:-1]) <= {None, False}
    assert enterprise[-1] is False
    assert ("connecting", None) in states
    first = [state for state, _ in states].index("disconnected")
    assert "connecting" not in [state for state, _ in states[first:]]


@pytest.mark.parametrize("backend", backends())
def test_con002_pages_are_called_what_the_author_says(apps: Apps, backend: str) -> None:
    settings: Any = {"web": {"config": {"application": "From Settings"}}}
    titled = make_app("module", backend, title="From Title")
    titled.layout = Glue42(id="glue42", children=[])
    chosen = make_app("module", backend, title="From Title")
    chosen.layout = Glue42(id="glue42", children=[], settings=settings)
    forced = make_app("module", backend, plugins=[Interop(application="From Interop")])
    forced.layout = Glue42(id="glue42", children=[], settings=settings)
    named = make_app("module", backend)
    named.layout = Glue42(id="glue42", children=[])
    pages = [apps.open(app) for app in (titled, chosen, forced, named)]
    own = "return interop.instance.application"
    expected = ["From Title", "From Settings", "From Interop", "module"]
    # What others see; the page itself may know only what it asked for.
    for page in pages:
        page.run("await interop.register(`Name ${interop.instance.peerId}`, () => ({}));")
    caller = pages[0]
    methods = [page.run("return `Name ${interop.instance.peerId}`") for page in pages]
    for method in methods:
        caller.wait_for_servers(method, 1)
    assert [caller.servers(method) for method in methods] == [[name] for name in expected]
    assert pages[0].run(own) == "From Title"


@pytest.mark.every_engine
def test_con003_a_page_survives_the_restart_of_its_gateway(apps: Apps, secret_file: Path) -> None:
    port = free_range(1)
    gateway = start_gateway(apps, secret_file, port)
    interop = {"gateway": f"ws://127.0.0.1:{port}", "secret_file": secret_file}
    apps.browser.allow_lost_connections()

    offering = apps.make(
        "provider",
        MethodRegister(id="early", definition="Early", returns=True),
        html.Div(id="place"),
        html.Button("Offer", id="offer"),
        plugins=[Interop(**interop)],
    )
    handle(offering, "early", lambda invoke: answer(invoke, **invoke["args"]))
    handle(offering, "late", lambda invoke: answer(invoke, late=True))

    @offering.callback(
        Output("place", "children"), Input("offer", "n_clicks"), prevent_initial_call=True
    )
    def offer(_: Any) -> Any:
        return MethodRegister(id="late", definition="Late", returns=True)

    with_status(offering)
    results: list[Any] = []
    consuming = apps.make("consumer", MethodInvoke(id="invoke"), plugins=[Interop(**interop)])
    record(consuming, "invoke", "result", results)
    with_status(consuming)
    provider, consumer = apps.open(offering), apps.open(consuming)

    def call(n: int) -> None:
        consumer.set_props("invoke", invoke={"definition": "Early", "argumentObj": {"n": n}})

    consumer.wait_for_servers("Early", 1)
    call(1)
    eventually(lambda: len(results) == 2, "the first result")
    for page in (provider, consumer):
        page.js("window.neverReloaded = true")

    gateway.stop()
    for page in (provider, consumer):
        page.wait_for_text("state", "disconnected")
        assert page.text("reason") != "None"
    # Both of these have to wait for the gateway.
    provider.click("offer")
    call(2)

    start_gateway(apps, secret_file, port)
    for page in (provider, consumer):
        page.wait_for_text("state", "connected")
        page.wait_for_text("reason", "None")
    eventually(lambda: len(results) == 3, "the result of the call in the outage", 20)
    call(3)
    eventually(lambda: len(results) == 4, "the result of a call afterwards")
    assert [one and one["error"] for one in results] == 4 * [None]
    returned = [one["invocationResult"]["returned"] for one in results[1:]]
    assert returned == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert consumer.invoke("Late") == {"late": True}
    for page in (provider, consumer):
        assert page.js("return window.neverReloaded")


def test_con004_another_process_replaces_the_gateway_when_it_is_killed(
    apps: Apps, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    environment = {
        "XDG_RUNTIME_DIR": str(tmp_path),
        "DASH_INTEROP_PORT": str(free_range()),
    }
    apps.browser.allow_lost_connections()
    first = apps.process("tests.support.apps_main", "provider", **environment)
    lost = apps.browser.open(f"{first.url}/")
    other = apps.process("tests.support.apps_main", "invoker", **environment)
    invoking = apps.browser.open(f"{other.url}/")
    offering = apps.browser.open(f"{other.url}/")
    invoking.wait_for_servers("Sum", 1)
    offering.run("await interop.register('Sum', () => ({sum: 'from the survivor'}));")
    invoking.wait_for_servers("Sum", 2)
    invoking.click("sum-numbers-btn")
    invoking.wait_for_text("sum-numbers-result", "Sum is 42")

    connection = "return window.glue42dash.glueInstance.connection.isConnected"
    first.kill()
    # The gateway is no part of the app that has started it: its pages stay connected.
    assert lost.run(connection) is True
    assert invoking.run("return interop.servers({name: 'Sum'}).length") == 2

    started = time.monotonic()
    [gateway] = gateways_of(tmp_path)
    os.kill(gateway, signal.SIGKILL)
    # Only the two pages of the survivor see each other now.
    eventually(
        lambda: invoking.run(
            "return interop.instance.application &&"
            "    window.glue42dash.glueInstance.connection.isConnected &&"
            "    interop.servers({name: 'Sum'}).length === 1"
        ),
        "the pages of the other process have found each other again",
        20,
    )
    invoking.click("sum-numbers-btn")
    invoking.wait_for_text("sum-numbers-result", "Sum is from the survivor")
    elapsed = time.monotonic() - started
    record_property("seconds_until_the_first_result", elapsed)
    print(f"the first result after {elapsed:.2f} s")  # noqa: T201
    assert elapsed < 2
    assert lost.run(connection) is False


def cookie_of(request: Any) -> Any:
    return request.cookies.get("user")


@pytest.mark.parametrize("backend", backends())
@pytest.mark.every_engine
def test_con005_pages_of_different_users_never_see_each_other(apps: Apps, backend: str) -> None:
    app = apps.make(
        "app",
        MethodRegister(id="who", definition="Who", returns=True),
        backend=backend,
        plugins=[Interop(user=cookie_of)],
    )
    handle(app, "who", lambda invoke: answer(invoke, user=invoke["caller"]["user"]))
    with_status(app)
    page = apps.open(app, connected=False)
    page.wait_for_text("reason", "Nobody is logged in")
    page.wait_for_text("state", "disconnected")

    page.js("document.cookie = 'user=ann'")
    page.load()
    page.wait_until_connected()
    ann = apps.open(app)
    ann.wait_for_servers("Who", 2)
    ann.js("document.cookie = 'user=bob'")
    bob = apps.open(app)
    bob.wait_for_servers("Who", 1)
    assert bob.invoke("Who") == {"user": "bob"}
    assert ann.invoke("Who") == {"user": "ann"}
    assert len(ann.servers("Who")) == 2
    assert len(bob.servers("Who")) == 1
    ann.js("document.cookie = 'user=; max-age=0'")


def test_con006_a_page_learns_why_it_may_not_connect(
    apps: Apps, secret_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps.browser.allow_lost_connections()

    def refusal(**options: Any) -> str:
        app = apps.make("app", **options)
        with_status(app)
        page = apps.open(app, connected=False)
        page.wait_for_text("state", "disconnected")
        reason = page.text("reason")
        page.close()
        return reason

    def raises(_: Any) -> str:
        raise KeyError("X-User")

    assert refusal(plugins=[Interop(user=raises)]) == (
        "The server cannot tell who is logged in; its log says why"
    )

    gateway = start_gateway(apps, secret_file).url
    foreign = tmp_path / "foreign"
    foreign.write_text("another secret that is long enough for a gateway")
    assert refusal(plugins=[Interop(gateway=gateway, secret_file=foreign)]) == (
        "The gateway refused this page: The token was not made with this gateway's secret"
    )

    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda _: int(time.time()) - 1000)
        assert refusal(plugins=[Interop(gateway=gateway, secret_file=secret_file)]) == (
            "The gateway refused this page: The token has expired"
        )


def test_con007_a_page_that_the_gateway_does_not_let_in_learns_that_it_is_there(
    apps: Apps, secret_file: Path
) -> None:
    apps.browser.allow_lost_connections()
    gateway = start_gateway(apps, secret_file, 0, "http://allowed.example")
    app = apps.make("app", plugins=[Interop(gateway=gateway.url, secret_file=secret_file)])
    with_status(app)
    page = apps.open(app, connected=False)
    page.wait_for_text("state", "disconnected")
    origin = page.url.rstrip("/")
    said = f"does not admit pages of {origin}: then start it with --allow-origin {origin}"
    eventually(lambda: said in page.text("reason"), "a reason")


def test_con008_a_token_is_of_no_use_to_a_page_of_another_origin(apps: Apps) -> None:
    victim, thief = apps.caller("victim"), apps.caller("thief")
    session = victim.run(
        "const answer = await fetch('/_dash-interop/session', {method: 'POST'});"
        "return await answer.json();"
    )
    hello = """
        const {url, token} = args[0];
        const socket = new WebSocket(url);
        return await new Promise((resolve) => {
            socket.onopen = () => socket.send(JSON.stringify({
                type: 'hello', request_id: '1', identity: {application: 'thief'},
                authentication: {method: 'access-token', token},
            }));
            socket.onmessage = ({data}) => { resolve(JSON.parse(data)); socket.close(); };
        });
    """
    refused = thief.run(hello, session)
    assert refused["type"] == "error"
    origin = victim.url.rstrip("/")
    assert refused["reason"] == f"The token is for pages of {origin}"
    assert victim.run(hello, session)["type"] == "welcome"


def test_con009_the_environment_names_a_gateway(
    apps: Apps, secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = start_gateway(apps, secret_file)
    monkeypatch.setenv("DASH_INTEROP_GATEWAY", gateway.url)
    monkeypatch.setenv("DASH_INTEROP_SECRET_FILE", str(secret_file))
    page = apps.caller("inside")
    session = page.run(
        "return await (await fetch('/_dash-interop/session', {method: 'POST'})).json()"
    )
    assert session["url"] == gateway.url
    page.run("await interop.register('Inside', () => ({inside: true}));")
    monkeypatch.delenv("DASH_INTEROP_GATEWAY")
    monkeypatch.delenv("DASH_INTEROP_SECRET_FILE")
    outside = apps.caller("outside")
    assert page.invoke("Inside") == {"inside": True}
    assert outside.servers("Inside") == []


def test_con010_the_settings_of_a_page_may_name_a_gateway(apps: Apps) -> None:
    gateway = apps.process("dash_interop", "gateway", "--port", "0", "--no-auth")
    config = {
        "application": "direct",
        "gateway": {"protocolVersion": 3, "ws": gateway.url},
        "auth": {"username": "ann", "password": "any"},
    }
    app = make_app("app")
    app.layout = Glue42(
        id="glue42",
        settings={"web": {"config": config}},
        children=[MethodRegister(id="who", definition="Who", returns=True)],
    )
    handle(app, "who", lambda invoke: answer(invoke, user=invoke["caller"]["user"]))
    with_status(app)
    page = apps.open(app)
    page.wait_for_text("state", "connected")
    page.wait_for_servers("Who", 1)
    assert page.servers("Who") == ["direct"]
    assert page.invoke("Who") == {"user": "ann"}
    assert no_session_was_asked_for(page)


FAKE_LIBRARY = """
    window.given = [];
    window.makeFake = async (config) => {
        window.given.push(config);
        const methods = new Map();
        const listeners = new Set();
        const instance = {peerId: 'me', instance: 'me', application: 'Injected'};
        const listed = () => [...methods.keys()].map((name) => ({name}));
        const interop = {
            instance,
            registerAsync: async ({name}, handler) => {
                methods.set(name, (args, caller) => new Promise((succeed, fail) => {
                    handler(args, caller, succeed, fail);
                }));
                listeners.forEach((listener) => listener({server: instance, method: {name}}));
            },
            unregister: async (name) => { methods.delete(name); },
            methods: ({name}) => listed().filter((method) => method.name === name),
            methodsForInstance: listed,
            servers: ({name}) => (methods.has(name) ? [instance] : []),
            serverMethodAdded: (listener) => {
                listeners.add(listener);
                return () => listeners.delete(listener);
            },
            serverRemoved: () => () => {},
            invoke: async ({name}, args) =>
                ({returned: await methods.get(name)(args, instance)}),
        };
        const io = {interop, isFake: true};
        for (const extend of config.libraries) { await extend(io, config); }
        return io;
    };
"""


@pytest.mark.parametrize(
    "injection",
    [
        "window.glue42dash = {libSettings: {web: {factory: window.makeFake,"
        "    libraries: [(io) => { io.extended = true; }]}}};",
        "window.IOBrowser = window.makeFake;",
        "window.GlueWeb = window.makeFake;",
    ],
    ids=["libSettings", "IOBrowser", "GlueWeb"],
)
def test_con011_a_library_that_the_page_brings_is_used_and_our_gateway_is_not(
    apps: Apps, injection: str
) -> None:
    results: list[Any] = []
    app = make_app("app")
    app.index_string = app.index_string.replace(
        "{%metas%}", f"<script>{FAKE_LIBRARY}{injection}</script>{{%metas%}}"
    )
    app.layout = Glue42(
        id="glue42",
        settings={"web": {"config": {"application": "Mine", "systemLogger": {"level": "off"}}}},
        children=[
            MethodRegister(id="echo", definition="Echo", returns=True),
            MethodInvoke(id="invoke"),
        ],
    )
    handle(app, "echo", lambda invoke: answer(invoke, **invoke["args"]))
    record(app, "invoke", "result", results)
    with_status(app)
    page = apps.open(app)
    page.wait_for_text("state", "connected")
    assert page.js("return window.glue42dash.glueInstance.isFake") is True
    (config,) = page.js("return window.given.map(({libraries, ...rest}) => rest)")
    assert config == {"application": "Mine", "systemLogger": {"level": "off"}}
    extended = page.js("return window.glue42dash.glueInstance.extended ?? false")
    assert extended is ("libSettings" in injection)
    page.set_props("invoke", invoke={"definition": "Echo", "argumentObj": {"n": 1}})
    eventually(lambda: len(results) == 2, lambda: f"the result through the library: {results}")
    assert results[1]["invocationResult"]["returned"] == {"n": 1}
    assert results[1]["invocationResult"]["executed_by"]["application"] == "Injected"
    assert no_session_was_asked_for(page)


def test_con012_a_library_may_decide_to_do_without_a_connection(apps: Apps) -> None:
    ready: list[Any] = []
    app = make_app("app")
    app.index_string = app.index_string.replace(
        "{%metas%}",
        "<script>window.IOBrowser = async () => ({skipInit: true});</script>{%metas%}",
    )
    app.layout = Glue42(
        id="glue42",
        children=[
            html.P("here", id="children"),
            MethodRegister(id="echo", definition="Echo", returns=True),
            MethodInvoke(id="invoke"),
        ],
    )
    record(app, "glue42", "glueReady", ready)
    page = apps.open(app, connected=False)
    page.wait_for_text("children", "here")
    eventually(lambda: ready, "glueReady was reported")
    assert True not in ready
    assert no_session_was_asked_for(page)


def test_con013_a_library_that_fails_is_reported_in_its_own_words(apps: Apps) -> None:
    apps.browser.allow_in_console(r"dash_interop: Glue42 glue42: No licence")
    app = make_app("app")
    app.index_string = app.index_string.replace(
        "{%metas%}",
        "<script>window.IOBrowser = async () => { throw new Error('No licence'); };</script>"
        "{%metas%}",
    )
    app.layout = Glue42(id="glue42", children=[], fallback=html.P("waiting", id="fallback"))
    with_status(app)
    page = apps.open(app, connected=False)
    page.wait_for_text("state", "disconnected")
    page.wait_for_text("reason", "No licence")
    assert page.text("fallback") == "waiting"


def test_con014_javascript_of_the_page_finds_the_version_and_the_api(apps: Apps) -> None:
    page = apps.caller()
    assert page.js("return window.glue42dash.version") == dash_interop.__version__
    assert (
        page.run(
            "const io = await window.glue42dash.glueInstancePromise;"
            "return io === window.glue42dash.glueInstance && typeof io.interop.invoke"
        )
        == "function"
    )


def test_con015_a_page_inside_of_the_desktop_says_so(apps: Apps) -> None:
    enterprise: list[Any] = []
    app = make_app("app")
    app.index_string = app.index_string.replace(
        "{%metas%}",
        f"<script>{FAKE_LIBRARY} window.iodesktop = {{}}; window.IODesktop = window.makeFake;"
        "</script>{%metas%}",
    )
    app.layout = Glue42(
        id="glue42", children=[], settings={"desktop": {"config": {"channels": True}}}
    )
    record(app, "glue42", "isEnterprise", enterprise)
    page = apps.open(app)
    eventually(lambda: enterprise and enterprise[-1] is True, "isEnterprise is True")
    assert page.js("return window.given[0].channels") is True
    assert no_session_was_asked_for(page)


class Tabs:
    """Pages that say which of them was called, and one that calls them with our components."""

    def __init__(self, apps: Apps, gateway: str, secret_file: Path) -> None:
        self.handed: list[Any] = []
        self._apps = apps
        self._interop = {"gateway": gateway, "secret_file": secret_file}
        self._results: list[Any] = []
        self._offering = self._make("tab", html.Button("Hand over", id="hand"))
        calling = self._make("calling", MethodInvoke(id="ask"))
        record(calling, "ask", "result", self._results)
        self.caller = apps.open(calling)

        @self._offering.callback(
            Output("hand", "title"),
            Input("hand", "n_clicks"),
            State("glue42", "instance"),
            prevent_initial_call=True,
        )
        def hand(_: Any, instance: Any) -> str:
            self.handed.append(instance)
            return instance["peerId"]

    def _make(self, name: str, *children: Any) -> Dash:
        app = self._apps.make(name, *children, plugins=[Interop(**self._interop)])
        with_status(app)
        return app

    def open(self, name: str) -> Page:
        page = self._apps.open(self._offering)
        page.run("const [name] = args; await interop.register('Who', () => ({name}));", name)
        return page

    def hand_over(self, page: Page) -> dict[str, Any]:
        """What a callback of the page has as ``State("glue42", "instance")``."""
        count = len(self.handed)
        page.click("hand")
        eventually(lambda: len(self.handed) > count, "the instance")
        return self.handed[-1]

    def ask(self, target: dict[str, Any]) -> list[str]:
        """Who answers an invocation with this target."""
        count = len(self._results)
        self.caller.set_props("ask", invoke={"definition": "Who", "target": target})
        eventually(lambda: len(self._results) > count, "the result", 20)
        answers = self._results[-1]["invocationResult"]["all_return_values"]
        return [answer["returned"]["name"] for answer in answers]


def test_con016_a_callback_hands_over_its_tab_which_stays_the_same_after_an_outage(
    apps: Apps, secret_file: Path
) -> None:
    apps.browser.allow_lost_connections()
    port = free_range(1)
    gateway = start_gateway(apps, secret_file, port)
    tabs = Tabs(apps, f"ws://127.0.0.1:{port}", secret_file)
    first, second = tabs.open("first"), tabs.open("second")
    tabs.caller.wait_for_servers("Who", 2)
    of_first, of_second = tabs.hand_over(first), tabs.hand_over(second)
    own = ("peerId", "application", "user", "machine", "instance")
    assert [of_second[name] for name in own] == second.run(
        "return args[0].map((name) => interop.instance[name])", own
    )
    assert tabs.ask(of_second) == ["second"]
    assert tabs.ask(of_first) == ["first"]

    gateway.stop()
    pages = (first, second, tabs.caller)
    for page in pages:
        page.wait_for_text("state", "disconnected")
    start_gateway(apps, secret_file, port)
    for page in pages:
        page.wait_for_text("state", "connected")
    tabs.caller.wait_for_servers("Who", 2)
    assert tabs.ask(of_second) == ["second"]
    present = tabs.hand_over(second)
    assert present["peerId"] != of_second["peerId"]
    assert {**present, "peerId": None} == {**of_second, "peerId": None}
    assert tabs.ask(present) == ["second"]


def test_con017_a_page_comes_back_before_its_gateway_has_noticed_that_it_was_away(
    apps: Apps, secret_file: Path
) -> None:
    apps.browser.allow_lost_connections()
    gateway = start_gateway(apps, secret_file)
    with Relay(int(gateway.url.rpartition(":")[2])) as relay:
        tabs = Tabs(apps, f"ws://127.0.0.1:{relay.port}", secret_file)
        page = tabs.open("the tab")
        tabs.caller.wait_for_servers("Who", 1)
        handed = tabs.hand_over(page)

        relay.lose_clients()
        eventually(
            lambda: {handed["peerId"]} < set(peers_that_offer(tabs.caller, "Who")),
            "the page is back, and its former peer is still there",
        )
        assert tabs.ask(handed) == ["the tab"]
        assert tabs.hand_over(page)["peerId"] != handed["peerId"]
        apps.browser.close_all()


def test_con018_a_page_of_another_machine_learns_that_the_gateway_is_for_this_one_only(
    apps: Apps,
) -> None:
    apps.browser.allow_lost_connections()
    apps.browser.allow_in_console("serves pages on its own machine only")
    app = apps.make("app")
    with_status(app)
    address = apps.serve(app).replace("127.0.0.1", "elsewhere.example")
    page = apps.browser.open(f"{address}/", connected=False)
    page.wait_for_text("state", "disconnected")
    assert "serves pages on its own machine only" in page.text("reason")
    assert address in page.text("reason")


def peers_that_offer(page: Page, method: str) -> list[str]:
    return page.run("return interop.servers({name: args[0]}).map(({peerId}) => peerId)", method)
