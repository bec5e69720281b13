"""Pages of a Glue42 platform, which the published libraries make: ours join it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import flask
from dash import Dash, Input, Output, State, dcc, html

from dash_interop import (
    Channels,
    ChannelSelector,
    Context,
    Contexts,
    Glue42,
    MethodInvoke,
    MethodRegister,
    Notifications,
    StreamPublish,
    StreamSubscribe,
    Windows,
    method_handler,
)
from tests.support.apps_parts import answer, handle, record, with_status
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually
from tests.support.documents import read
from tests.support.platform import WEB_LIBRARY, Platform, run, until_ready


def joining(apps: Apps, platform: Platform, *children: Any, name: str = "app") -> Dash:
    """An app whose pages have the library of the platform."""
    app = apps.make(name, *children, external_scripts=[platform.web_library], title="Dash page")
    with_status(app)
    return app


def asked_for_a_session(page: Page) -> bool:
    return page.js(
        "return performance.getEntriesByType('resource')"
        "    .some(({name}) => name.includes('_dash-interop/session'))"
    )


def test_plat001_a_dash_page_that_a_platform_opens_invokes_and_is_invoked(apps: Apps) -> None:
    platform = Platform(apps)
    results: list[Any] = []
    app = joining(
        apps,
        platform,
        MethodRegister(id="double", definition="Double", returns=True),
        MethodInvoke(id="invoke"),
    )

    @method_handler("double", app=app)
    def double(number: int, caller: dict[str, Any]) -> dict[str, Any]:
        return {"number": 2 * number, "caller": caller["application"]}

    record(app, "invoke", "result", results)
    page = platform.open_page()
    run(page, "await glue.interop.register('Half', ({number}) => ({number: number / 2}))")
    dash_page = platform.open(apps.serve(app))
    dash_page.wait_for_text("state", "connected")
    assert not asked_for_a_session(dash_page)
    outcome = run(page, "return (await glue.interop.invoke('Double', {number: 21})).returned")
    assert outcome["number"] == 42
    dash_page.set_props("invoke", invoke={"definition": "Half", "argumentObj": {"number": 42}})
    eventually(lambda: len(results) == 2, lambda: f"a result: {results}")
    assert results[1]["error"] is None
    assert results[1]["invocationResult"]["returned"] == {"number": 21}


def test_plat002_a_dash_page_is_called_by_its_title_in_a_platform(apps: Apps) -> None:
    platform = Platform(apps)
    app = joining(apps, platform, MethodRegister(id="name", definition="Name", returns=False))
    dash_page = platform.open(apps.serve(app))
    dash_page.wait_for_servers("Name", 1)
    assert dash_page.servers("Name") == ["Dash page"]


def test_plat003_a_dash_page_and_a_page_with_javascript_in_frames_of_a_platform(
    apps: Apps, tmp_path: Path
) -> None:
    """As two apps on one server, of which the one of Dash has the library in its assets."""
    platform = Platform(apps)
    assets = tmp_path / "assets"
    assets.mkdir()
    shutil.copy(WEB_LIBRARY, assets)
    server: Any = flask.Flask("both")
    app = Dash("app_a", server=server, routes_pathname_prefix="/app-a/", assets_folder=str(assets))
    app.layout = Glue42(
        id="glue42",
        children=[
            MethodInvoke(id="g42-invoke-send-message"),
            dcc.Input(id="message", value="Send your daily report!"),
            html.Button("Send", id="send-message"),
        ],
    )

    @app.callback(
        Output("g42-invoke-send-message", "invoke"),
        Input("send-message", "n_clicks"),
        State("message", "value"),
        prevent_initial_call=True,
    )
    def send(_: int, message: str) -> dict[str, Any]:
        return {"definition": {"name": "SendMessage"}, "argumentObj": {"message": message}}

    platform.page.js(
        """
        for (const [id, url] of Object.entries(args[0])) {
            const frame = document.createElement('iframe');
            frame.id = id;
            frame.src = url;
            document.body.append(frame);
        }
        """,
        {"app-a": f"{apps.serve(server)}/app-a/", "app-b": f"{platform.url}/page"},
    )
    with platform.page.frame("app-b"):
        until_ready(platform.page)
        run(
            platform.page,
            """
            window.messages = [];
            await glue.interop.register('SendMessage', ({message}) => {
                window.messages.push(message);
            });
            """,
        )
    with platform.page.frame("app-a"):
        platform.page.wait_until_connected()
        for _ in range(2):
            platform.page.click("send-message")
    with platform.page.frame("app-b"):
        messages = "return window.messages"
        eventually(lambda: len(platform.page.js(messages)) == 2, "both messages")
        assert platform.page.js(messages) == ["Send your daily report!"] * 2


def test_plat004_a_dash_page_is_the_platform_itself(apps: Apps) -> None:
    # The page, not the platform, is what has the addresses of the libraries.
    elsewhere = Platform(apps)
    scripts = [f"{elsewhere.url}/platform.js"]
    app = apps.make("app", external_scripts=scripts)
    app.layout = Glue42(
        id="glue42",
        settings={
            "type": "platform",
            "webPlatform": {"config": {"gateway": {"logging": {"level": "warn"}}}},
        },
        children=[
            MethodRegister(id="greet", definition="Greet", returns=True),
            html.Button("Open", id="open"),
        ],
    )

    @method_handler("greet", app=app)
    def greet(name: str) -> dict[str, Any]:
        return {"greeting": f"Hello {name}"}

    dash_page = apps.open(app)
    dash_page.is_altered = True
    dash_page.wait_for_servers("Greet", 1)
    url = f"{elsewhere.url}/page"
    dash_page.js(
        "const [url] = args; document.getElementById('open').onclick = () => window.open(url)", url
    )
    dash_page.click("open")
    page = apps.browser.popup(dash_page)
    until_ready(page)
    greeting = run(page, "return (await glue.interop.invoke('Greet', {name: 'Ada'})).returned")
    assert greeting == {"greeting": "Hello Ada"}


def test_plat005_streams_go_through_the_platform(apps: Apps) -> None:
    platform = Platform(apps)
    data: list[Any] = []
    app = joining(
        apps,
        platform,
        StreamPublish(id="publish", definition="Prices"),
        StreamSubscribe(id="subscribe", definition="Orders"),
    )
    record(app, "subscribe", "data", data)
    page = platform.open_page()
    run(page, "window.orders = await glue.interop.createStream('Orders')")
    dash_page = platform.open(apps.serve(app))
    run(
        page,
        """
        window.prices = [];
        const subscription = await glue.interop.subscribe('Prices');
        subscription.onData(({data}) => window.prices.push(data));
        """,
    )
    dash_page.set_props("publish", push={"data": {"price": 71.4}})
    eventually(lambda: page.js("return window.prices.length") == 1, "a price")
    assert page.js("return window.prices") == [{"price": 71.4}]
    eventually(lambda: page.js("return window.orders.subscriptions().length") == 1, "a subscriber")
    page.js("window.orders.push({number: 1})")
    eventually(lambda: len(data) == 2, lambda: f"an order: {data}")
    assert data[1]["data"] == {"number": 1}


def test_plat006_a_page_with_the_library_and_no_platform_says_so(apps: Apps) -> None:
    apps.browser.allow_in_console("Glue42 glue42: Cannot initiate glue")
    apps.browser.allow_in_console("was not opened or created by a glue client")
    platform = Platform(apps)
    app = joining(apps, platform)
    page = apps.open(app, connected=False)
    page.wait_for_text("state", "disconnected")
    assert "was not opened or created by a glue client" in page.text("reason")


def test_plat007_a_dash_page_hears_that_the_platform_is_gone(apps: Apps) -> None:
    platform = Platform(apps)
    statuses: list[Any] = []
    app = joining(
        apps,
        platform,
        StreamPublish(id="publish", definition="Prices"),
        StreamSubscribe(id="subscribe", definition="Prices"),
    )
    record(app, "subscribe", "status", statuses)
    dash_page = platform.open(apps.serve(app))
    eventually(lambda: statuses[-1] and statuses[-1]["state"] == "open", "the subscription")
    platform.page.close()
    dash_page.wait_for_text("state", "disconnected")
    eventually(lambda: statuses[-1]["state"] == "connecting", lambda: f"an outage: {statuses}")
    assert "connection to the gateway was lost" in statuses[-1]["reason"]


def test_plat008_a_dash_page_is_on_the_channels_of_the_platform(apps: Apps) -> None:
    platform = Platform(apps)
    mine: list[Any] = []
    names: list[Any] = []
    app = joining(apps, platform, Channels(id="channels"), ChannelSelector(id="selector"))
    record(app, "channels", "my", mine)
    record(app, "channels", "all", names)
    page = platform.open_page()
    run(
        page,
        """
        window.heard = [];
        await glue.channels.join('Red');
        glue.channels.subscribe((data, {name}) => window.heard.push([name, data]));
        await glue.channels.publish({client: 'Ada'});
        """,
    )
    dash_page = platform.open(apps.serve(app))
    eventually(lambda: names[-1] == ["Red", "Green"], lambda: f"the names: {names}")
    dash_page.set_props("channels", join={"name": "Red"})
    eventually(lambda: mine[-1], "the page is on a channel")
    assert mine[-1]["name"] == "Red"
    assert mine[-1]["meta"]["color"] == "red"
    assert mine[-1]["data"] == {"client": "Ada"}
    channel = "return (await window.glue42dash.glueInstance.channels.my())"
    assert dash_page.run(channel) == "Red"

    dash_page.set_props("channels", publish={"data": {"symbol": "VOD"}})
    eventually(lambda: mine[-1]["data"] == {"client": "Ada", "symbol": "VOD"}, "its own publish")
    assert mine[-1]["extraData"]["isMyUpdate"] is True
    heard = "return window.heard.at(-1)"
    eventually(lambda: page.js(heard) == ["Red", {"client": "Ada", "symbol": "VOD"}], "a publish")

    run(page, "await glue.channels.publish({client: 'Emmy'})")
    eventually(lambda: mine[-1]["data"]["client"] == "Emmy", "the publish of the other page")
    assert mine[-1]["extraData"]["isMyUpdate"] is False

    # A script of the page, or the platform, may move it, too.
    dash_page.run("await window.glue42dash.glueInstance.channels.join('Green')")
    eventually(lambda: mine[-1] and mine[-1]["name"] == "Green", "the page has been moved")
    dash_page.set_props("channels", leave={})
    eventually(lambda: mine[-1] is None, "the page has left")
    assert dash_page.run(channel) is None


def test_plat009_contexts_are_those_of_the_platform(apps: Apps) -> None:
    platform = Platform(apps)
    changes: list[Any] = []
    names: list[Any] = []
    errors: list[Any] = []
    app = joining(apps, platform, Context(id="basket"), Contexts(id="contexts"))
    record(app, "basket", "context", changes)
    record(app, "contexts", "names", names)
    record(app, "contexts", "error", errors)
    page = platform.open_page()
    dash_page = platform.open(apps.serve(app))

    def last() -> dict[str, Any]:
        return changes[-1] or {"data": None, "destroyed": None}

    def there() -> Any:
        return run(page, "return await glue.contexts.get('basket')")

    dash_page.set_props("basket", update={"apples": 1})
    eventually(lambda: last()["data"] == {"apples": 1}, lambda: f"its own value: {changes}")
    assert there() == {"apples": 1}
    run(page, "await glue.contexts.update('basket', {pears: {green: 2, red: 3}})")
    value = {"apples": 1, "pears": {"green": 2, "red": 3}}
    eventually(lambda: last()["data"] == value, lambda: f"a value of the other page: {changes}")
    assert last()["delta"] == {"pears": {"green": 2, "red": 3}}
    assert last()["extraData"]["isMyUpdate"] is False
    dash_page.set_props("contexts", setPath={"name": "basket", "path": "pears.red", "data": 4})
    eventually(lambda: last()["data"]["pears"]["red"] == 4, "a path")
    assert last()["extraData"]["isMyUpdate"] is True
    assert there() == {"apples": 1, "pears": {"green": 2, "red": 4}}
    assert names[-1] == ["basket"]
    assert errors[-1] is None

    dash_page.set_props("contexts", destroy={"name": "basket"})
    eventually(lambda: last()["destroyed"], lambda: f"its end: {changes}")
    run(page, "await glue.contexts.set('basket', {plums: 5})")
    eventually(lambda: last()["data"] == {"plums": 5}, lambda: f"the new one: {changes}")
    assert last()["destroyed"] is False

    late = {"name": "basket", "data": {"plums": 6}, "ifVersion": 1}
    dash_page.set_props("contexts", update=late)
    refusal = eventually(lambda: errors[-1], "a refusal")
    assert "ifVersion needs a gateway of dash_interop" in refusal["message"]
    assert there() == {"plums": 5}


def test_plat010_a_hundred_updates_of_a_context_in_a_platform_all_arrive(apps: Apps) -> None:
    platform = Platform(apps)
    changes: list[Any] = []
    app = joining(apps, platform, Context(id="count"))
    record(app, "count", "context", changes)
    page = platform.open_page()
    # A client that is no member sends the first of several updates last.
    run(
        page,
        "await glue.contexts.set('count', {n: 0});"
        "await glue.contexts.subscribe('count', () => {});",
    )
    dash_page = platform.open(apps.serve(app))
    eventually(lambda: changes[-1], "the value that is there")
    assert changes[-1]["delta"] == {} and changes[-1]["data"] == {"n": 0}
    run(page, "for (let n = 1; n <= 100; n++) { glue.contexts.update('count', {n}); }")
    eventually(lambda: len(changes) >= 102, lambda: f"{len(changes)} changes", 20)
    assert [change["delta"]["n"] for change in changes[2:]] == list(range(1, 101))
    assert dash_page.text("state") == "connected"


def test_plat011_the_platform_shows_notifications_and_invokes_what_they_invoke(
    apps: Apps,
) -> None:
    platform = Platform(apps)
    platform.page.devtools(
        "Browser.grantPermissions", origin=platform.url, permissions=["notifications"]
    )
    told: list[tuple[str, Any]] = []
    reviewed: list[Any] = []
    app = joining(
        apps,
        platform,
        Notifications(id="notifications"),
        MethodRegister(id="review", definition="Review", returns=False),
    )
    for name in ("raised", "closed", "error"):
        heard: list[Any] = Told(name, told)
        record(app, "notifications", name, heard)

    @method_handler("review", app=app, output=[])
    def review(message: str) -> None:
        reviewed.append(message)

    dash_page = platform.open(apps.serve(app))
    settings = {
        "title": "New message",
        "body": "Look at it",
        "clickInterop": {"method": "Review", "arguments": {"message": "Hello"}},
    }
    dash_page.set_props("notifications", **{"raise": settings})
    eventually(lambda: told, "the notification")
    kind, raised = told[0]
    assert kind == "raised", told
    assert raised["settings"]["title"] == "New message"
    listed = run(platform.page, "return (await glue.notifications.list()).map(({id}) => id)")
    assert listed == [raised["id"]]
    run(platform.page, "await glue.notifications.click(args[0])", raised["id"])
    eventually(lambda: reviewed == ["Hello"], lambda: f"{reviewed}")
    run(platform.page, "await glue.notifications.clearAll()")
    eventually(lambda: len(told) == 2, lambda: f"its end: {told}")
    kind, closed = told[1]
    assert (kind, closed["id"]) == ("closed", raised["id"])


class Told(list[Any]):
    """Appends what is not None to a list of all events, with its name."""

    def __init__(self, name: str, events: list[tuple[str, Any]]) -> None:
        super().__init__()
        self._name = name
        self._events = events

    def append(self, value: Any) -> None:
        if value is not None:
            self._events.append((self._name, value))


def test_plat012_windows_are_opened_by_the_platform_with_a_context(apps: Apps) -> None:
    platform = Platform(apps)
    told: list[tuple[str, Any]] = []
    contexts: list[Any] = []
    opening = joining(
        apps, platform, Windows(id="windows"), html.Button("Open", id="go"), name="opening"
    )
    for name in ("opened", "closed", "error"):
        heard: list[Any] = Told(name, told)
        record(opening, "windows", name, heard)
    opened = joining(apps, platform, Windows(id="windows"), name="opened")
    record(opened, "windows", "context", contexts)
    url = f"{apps.serve(opened)}/"

    @opening.callback(Output("windows", "open"), Input("go", "n_clicks"), prevent_initial_call=True)
    def open_it(_: int) -> dict[str, Any]:
        options = {"width": 500, "height": 400, "context": {"client": "Ada"}}
        return {"name": "details", "url": url, "options": options}

    dash_page = platform.open(apps.serve(opening))
    dash_page.click("go")
    details = apps.browser.popup(dash_page)
    details.wait_until_connected()
    eventually(lambda: told, "the window")
    kind, window = told[0]
    assert (kind, window["name"], window["url"]) == ("opened", "details", url)
    names = "return glue.windows.list().map(({name}) => name)"
    assert "details" in run(platform.page, names)
    eventually(lambda: contexts[-1], lambda: f"what it was given: {contexts}")
    assert contexts[-1] == {"client": "Ada"}
    dash_page.set_props("windows", close={"name": "details"})
    eventually(lambda: len(told) == 2, lambda: f"its end: {told}")
    assert told[1][0] == "closed" and told[1][1]["id"] == window["id"]
    assert "details" not in run(platform.page, names)


def test_plat013_an_app_with_the_library_in_its_assets_can_be_used_alone_too(
    apps: Apps, tmp_path: Path
) -> None:
    document = read("docs/howto/migrate.md")
    document.write(tmp_path)
    assets = tmp_path / "assets"
    shutil.copy(WEB_LIBRARY, assets)
    app = apps.make("app", assets_folder=str(assets))
    with_status(app)
    alone = apps.open(app)
    alone.wait_for_text("state", "connected")
    assert asked_for_a_session(alone)
    platform = Platform(apps)
    joined = platform.open(apps.serve(app))
    joined.wait_for_text("state", "connected")
    assert not asked_for_a_session(joined)


def test_plat014_a_page_may_name_the_library_itself_and_what_extends_it(apps: Apps) -> None:
    platform = Platform(apps)
    app = apps.make("app", MethodRegister(id="greet", definition="Greet", returns=True))
    app.index_string = app.index_string.replace(
        "{%metas%}",
        f"""<script src="{platform.web_library}"></script><script>
            const factory = window.GlueWeb;
            delete window.GlueWeb;
            const extend = async (glue) => {{ glue.isExtended = true; }};
            window.glue42dash = {{libSettings: {{web: {{factory, libraries: [extend]}}}}}};
        </script>{{%metas%}}""",
    )

    @method_handler("greet", app=app)
    def greet(name: str) -> dict[str, Any]:
        return {"greeting": f"Hello {name}"}

    dash_page = platform.open(apps.serve(app))
    assert dash_page.js("return window.glue42dash.glueInstance.isExtended") is True
    page = platform.open_page()
    greeting = run(page, "return (await glue.interop.invoke('Greet', {name: 'Ada'})).returned")
    assert greeting == {"greeting": "Hello Ada"}
    assert not asked_for_a_session(dash_page)


def test_plat015_in_a_platform_a_cancel_ends_the_call_in_the_page_alone(apps: Apps) -> None:
    platform = Platform(apps)
    results: list[Any] = []
    progress: list[Any] = []
    app = joining(
        apps,
        platform,
        MethodRegister(id="double", definition="Double", returns=True),
        MethodInvoke(id="invoke"),
    )
    handle(app, "double", lambda invoke: answer(invoke, number=2 * invoke["args"]["number"]))
    record(app, "invoke", "result", results)
    record(app, "invoke", "progress", progress)
    dash_page = platform.open(apps.serve(app))
    dash_page.wait_for_text("state", "connected")
    page = platform.open_page()
    run(
        page,
        """
        await glue.interop.register('Wait', () => new Promise((resolve) => {
            window.finish = () => resolve({waited: true});
        }));
        """,
    )
    dash_page.wait_for_servers("Wait", 1)
    dash_page.set_props("invoke", invoke={"definition": "Wait", "invocationId": "one"})
    eventually(lambda: page.js("return Boolean(window.finish)"), "the handler runs")
    dash_page.set_props("invoke", cancel={"invocationId": "one"})
    eventually(lambda: len(results) == 2, "the result")
    assert results[1]["error"]["type"] == "cancelled"
    page.js("window.finish()")

    # And what ends after that is no second result.
    dash_page.set_props("invoke", invoke={"definition": "Double", "argumentObj": {"number": 2}})
    eventually(lambda: len(results) == 3, "the next result")
    assert results[2]["invocationResult"]["returned"] == {"number": 4}
    assert progress == [None]
