"""Channels and ChannelSelector: who is on which channel, and who sees what is published there."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dash import ALL, MATCH, Dash, Input, Output, State, ctx, dcc, html

from dash_interop import Channels, ChannelSelector, Glue42, Interop, JoinedChannelDict
from tests.support.apps_changing import CHANGES, Change
from tests.support.apps_parts import Gate, record, with_status
from tests.support.apps_serving import make_app
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually
from tests.support.gateways import GatewayProcess, ours, published
from tests.support.library_pages import open_channels_page, open_core_page, serve_library_page

NAMES = ["Red", "Orange", "Yellow", "Green", "Cyan", "Blue", "Purple", "Pink"]

SCRIPT_CHANNELS = "const {channels, interop: own} = window.glue42dash.glueInstance;"


users = itertools.count(1)


@pytest.fixture
def apps(apps: Apps) -> Apps:
    """Each test has the channels for itself: they are those of its user."""
    user = f"user-{next(users)}"
    apps.plugins = [Interop(user=lambda _: user)]
    return apps


class Heard:
    """What the callbacks of a ``Channels`` got."""

    def __init__(self, app: Dash, component_id: str = "channels") -> None:
        self.my: list[Any] = []
        self.errors: list[Any] = []
        record(app, component_id, "my", self.my)
        record(app, component_id, "error", self.errors)

    @property
    def told(self) -> list[str]:
        """Each value of ``my`` as words, such as ``Red 1``."""
        return [words(value) for value in self.my]

    def wait_for(self, *expected: str) -> None:
        """Wait for these values since the page was opened, and no others."""
        eventually(
            lambda: len(self.told) >= len(expected), lambda: f"{expected}, but {self.told}", 20
        )
        assert self.told == list(expected)

    def wait_for_last(self, expected: str) -> None:
        eventually(
            lambda: self.told and self.told[-1] == expected,
            lambda: f"{expected}, but {self.told}",
            20,
        )

    def wait_for_error(self, message: str) -> dict[str, Any]:
        eventually(
            lambda: self.errors and self.errors[-1] and message in self.errors[-1]["message"],
            lambda: f"{message}, but {self.errors}",
        )
        return self.errors[-1]


def words(my: Any) -> str:
    if isinstance(my, list):
        return ", ".join(words(each) for each in my)
    if my is None:
        return ""
    return " ".join([my["name"], *(str(value) for value in my["data"].values())])


def on_channels(apps: Apps, name: str, **options: Any) -> tuple[Dash, Heard]:
    """An app with a Channels, and what that hears."""
    props = {"mode": options.pop("mode")} if "mode" in options else {}
    app = apps.make(name, Channels(id="channels", **props), **options)
    return app, Heard(app)


def join(page: Page, name: str) -> None:
    page.set_props("channels", join={"name": name})


def publish(page: Page, data: dict[str, Any], **to: Any) -> None:
    page.set_props("channels", publish={"data": data, **to})


@pytest.mark.every_engine
def test_cha001_what_is_published_shows_in_all_on_the_channel_and_in_no_other(apps: Apps) -> None:
    (one, at_one), (two, at_two), (three, at_three) = (
        on_channels(apps, name) for name in ("one", "two", "three")
    )
    pages = [apps.open(app) for app in (one, two, three)]
    for page, heard, name in zip(
        pages, (at_one, at_two, at_three), ("Red", "Red", "Green"), strict=True
    ):
        join(page, name)
        heard.wait_for("", name)
    for number in range(20):
        publish(pages[0], {"number": number})
    expected = ["", "Red", *(f"Red {number}" for number in range(20))]
    at_one.wait_for(*expected)
    at_two.wait_for(*expected)
    publish(pages[1], {"number": "last"})
    at_one.wait_for(*expected, "Red last")
    # Both hear of Green in the order of the gateway, so this came after all on Red.
    publish(pages[0], {"number": "elsewhere"}, name="Green")
    at_three.wait_for("", "Green", "Green elsewhere")
    mine, theirs = at_one.my[-1]["extraData"], at_two.my[-1]["extraData"]
    assert (mine["isMineUpdate"], mine["isMyUpdate"]) == (False, False)
    assert (theirs["isMineUpdate"], theirs["isMyUpdate"]) == (True, True)
    assert mine["updaterId"] == theirs["updaterId"]


def test_cha002_all_channels_are_there_with_their_colors(apps: Apps) -> None:
    app, _ = on_channels(apps, "one")
    names: list[Any] = []
    lists: list[Any] = []
    record(app, "channels", "all", names)
    record(app, "channels", "list", lists)
    page = apps.open(app)
    eventually(lambda: names[-1], "the names")
    assert names == [None, NAMES]
    eventually(lambda: lists[-1], "the list")
    assert [each["name"] for each in lists[-1]] == NAMES
    assert all(each["meta"]["color"].startswith("#") for each in lists[-1])
    publish(page, {"a": 1}, name="Blue")
    eventually(lambda: lists[-1][5]["data"] == {"a": 1}, lambda: str(lists[-1]))
    assert names == [None, NAMES]


def publisher_and_subscriber(apps: Apps) -> tuple[Page, Page]:
    """Two apps as users of dash_glue42 know them: choose a channel, publish the time, see it."""

    def make(name: str, *children: Any) -> Dash:
        app = apps.make(
            name,
            Channels(id="channels"),
            html.Div(dcc.Dropdown(id="names", clearable=False), id="colored"),
            *children,
        )

        @app.callback(Output("names", "options"), Input("channels", "all"))
        def offer(names: list[str] | None) -> list[dict[str, str]]:
            found = [{"label": name, "value": name} for name in names or []]
            return [{"label": "No Channel", "value": ""}, *found]

        @app.callback(
            Output("channels", "join"), Input("names", "value"), prevent_initial_call=True
        )
        def enter(name: str) -> dict[str, str] | None:
            return {"name": name} if name else None

        @app.callback(Output("channels", "leave"), Input("names", "value"))
        def exit_(name: str | None) -> dict[str, str] | None:
            return {} if name == "" else None

        return app

    subscriber = make("subscriber", html.P(id="seen"))

    @subscriber.callback(
        Output("colored", "style"), Output("seen", "children"), Input("channels", "my")
    )
    def show(my: JoinedChannelDict | None) -> tuple[dict[str, str] | None, str]:
        if my is None:
            return None, "nothing"
        found = my["data"].get("time", "no time")
        return {"backgroundColor": my["meta"]["color"]}, f"{my['name']}: {found}"

    publisher = make("publisher", html.Button(id="publish"), html.P(id="said"))

    @publisher.callback(
        Output("channels", "publish"), Input("publish", "n_clicks"), prevent_initial_call=True
    )
    def tell(clicks: int) -> dict[str, Any]:
        return {"data": {"time": f"time {clicks}"}}

    @publisher.callback(Output("said", "children"), Input("channels", "error"))
    def complain(error: dict[str, Any] | None) -> str:
        return error["message"] if error else "well"

    return apps.open(publisher), apps.open(subscriber)


def choose(page: Page, name: str) -> None:
    page.set_props("names", value=name)


def test_cha003_a_publisher_and_a_subscriber_that_choose_their_channels(apps: Apps) -> None:
    publisher, subscriber = publisher_and_subscriber(apps)
    choose(publisher, "Red")
    choose(subscriber, "Red")
    subscriber.wait_for_text("seen", "Red: no time")
    publisher.click("publish")
    subscriber.wait_for_text("seen", "Red: time 1")
    color = "return document.getElementById('colored').style.backgroundColor"
    assert subscriber.js(color)
    choose(publisher, "Green")
    choose(subscriber, "Green")
    subscriber.wait_for_text("seen", "Green: no time")
    choose(publisher, "Red")
    publisher.click("publish")
    choose(subscriber, "Red")
    subscriber.wait_for_text("seen", "Red: time 2")
    choose(subscriber, "")
    subscriber.wait_for_text("seen", "nothing")
    assert not subscriber.js(color)
    choose(publisher, "")
    publisher.click("publish")
    publisher.wait_for_text("said", "There is no channel to publish on: join one, or name one")


def test_cha004_join_and_leave_of_one_callback_end_in_the_right_state(apps: Apps) -> None:
    app = apps.make("one", Channels(id="channels"), html.Button(id="both"), html.Button(id="many"))
    heard = Heard(app)

    @app.callback(
        Output("channels", "leave"),
        Output("channels", "publish"),
        Output("channels", "join"),
        Input("both", "n_clicks"),
        Input("many", "n_clicks"),
        prevent_initial_call=True,
    )
    def change(*clicks: int | None) -> Any:
        if ctx.triggered_id == "both":
            return {}, {"data": {"from": "both"}}, {"name": "Green"}
        return None, None, [{"name": name} for name in ("Blue", "Red", "Cyan")]

    page = apps.open(app)
    join(page, "Red")
    heard.wait_for("", "Red")
    page.click("both")
    # It joins, publishes there, and leaves, whatever the order of the outputs.
    eventually(lambda: len(heard.told) >= 4, lambda: str(heard.told))
    heard.wait_for_last("")
    assert "Green" in heard.told
    page.click("many")
    heard.wait_for_last("Cyan")
    assert heard.told[-3:] == ["Blue", "Red", "Cyan"]
    found = page.run(f"{SCRIPT_CHANNELS} return (await channels.get('Green')).data")
    assert found == {"from": "both"}


def test_cha005_joins_and_leaves_of_one_turn_are_made_one_after_the_other(apps: Apps) -> None:
    app, heard = on_channels(apps, "one")
    page = apps.open(app)
    heard.wait_for("")
    page.js(
        """
        const write = (props) => dash_clientside.set_props('channels', props);
        write({join: {name: 'Red'}});
        write({join: {name: 'Green'}});
        write({leave: {}});
        write({join: {name: 'Blue'}});
        write({publish: {data: {a: 1}}});
        """
    )
    heard.wait_for("", "Red", "Green", "", "Blue", "Blue 1")


def test_cha006_every_publish_reaches_a_slow_callback_once_and_in_order(apps: Apps) -> None:
    gate = Gate()
    app = apps.make("one", Channels(id="channels"), html.P(id="seen"))
    seen: list[Any] = []

    @app.callback(Output("seen", "children"), Input("channels", "my"), prevent_initial_call=True)
    def look(my: JoinedChannelDict) -> str:
        seen.append(my["data"].get("number"))
        gate.pass_through("look")
        return str(seen)

    page = apps.open(app)
    other = apps.caller()
    join(page, "Red")
    eventually(lambda: gate.entered, "the callback runs")
    other.run(
        f"""
        {SCRIPT_CHANNELS}
        for (let number = 1; number <= 30; number += 1) {{
            channels.publish({{number}}, 'Red');
        }}
        // What changes nothing is no news.
        await channels.publish({{number: 30}}, 'Red');
        await channels.publish({{number: 31}}, 'Red');
        """
    )
    gate.let(40)
    eventually(lambda: len(seen) == 32, lambda: str(seen))
    assert seen == [None, *range(1, 32)]


def test_cha007_a_page_may_be_on_several_channels(apps: Apps) -> None:
    app, heard = on_channels(apps, "one", mode="multi")
    other_app, at_other = on_channels(apps, "other")
    page, other = apps.open(app), apps.open(other_app)
    page.set_props("channels", join=[{"name": "Green"}, {"name": "Red"}])
    heard.wait_for_last("Green, Red")
    join(other, "Red")
    publish(page, {"a": 1})
    at_other.wait_for("", "Red", "Red 1")
    heard.wait_for_last("Green 1, Red 1")
    newest = max(heard.my[-1], key=lambda each: each["extraData"]["sequence"])
    assert newest["name"] == "Red"
    page.set_props("channels", leave={"name": "Green"})
    heard.wait_for_last("Red 1")
    publish(other, {"a": 2})
    heard.wait_for_last("Red 2")
    page.set_props("channels", mode="single")
    heard.wait_for_last("Red 2")
    eventually(lambda: isinstance(heard.my[-1], dict), lambda: str(heard.my[-1]))
    page.set_props("channels", leave={})
    eventually(lambda: heard.my[-1] is None, lambda: str(heard.my[-1]))


def test_cha008_a_page_that_is_loaded_again_is_on_no_channel_and_finds_the_data(apps: Apps) -> None:
    app, heard = on_channels(apps, "one")
    page = apps.open(app)
    join(page, "Red")
    publish(page, {"a": 1})
    heard.wait_for("", "Red", "Red 1")
    # The eight channels go with the last page of their user where they were changed they stay.
    page.load()
    page.wait_until_connected()
    heard.wait_for("", "Red", "Red 1", "")
    join(page, "Red")
    heard.wait_for("", "Red", "Red 1", "", "Red 1")


@pytest.mark.parametrize(
    "props, operation, name, message",
    [
        ({"join": {"name": "Rde"}}, "join", "Rde", 'no channel "Rde": did you mean "Red"?'),
        ({"join": {"name": None}}, "join", None, "The name of a channel is a non-empty string"),
        ({"publish": {"data": {"a": 1}}}, "publish", None, "There is no channel to publish on"),
        ({"publish": {"data": {"a.b": 1}, "name": "Red"}}, "publish", "Red", 'the key "a.b"'),
        ({"leave": {"name": "Gold"}}, "leave", "Gold", 'There is no channel "Gold"'),
    ],
)
def test_cha009_what_cannot_be_done_is_told(
    apps: Apps, props: dict[str, Any], operation: str, name: str | None, message: str
) -> None:
    app, heard = on_channels(apps, "one")
    page = apps.open(app)
    heard.wait_for("")
    page.set_props("channels", **props)
    error = heard.wait_for_error(message)
    assert (error["operation"], error["name"]) == (operation, name)
    assert any(
        message.replace('"', '\\"') in each or message in each for each in apps.browser.console()
    )
    join(page, "Green")
    heard.wait_for("", "Green")
    eventually(lambda: heard.errors[-1] is None, lambda: str(heard.errors))


def test_cha010_a_page_stays_on_its_channel_when_the_gateway_starts_anew(
    apps: Apps, secret_file: Path
) -> None:
    apps.browser.allow_lost_connections()
    with ours(secret_file=secret_file) as gateway:
        apps.plugins = [Interop(gateway=gateway.url, secret_file=secret_file)]
        (one, at_one), (two, at_two) = on_channels(apps, "one"), on_channels(apps, "two")
        with_status(one)
        with_status(two)
        pages = [apps.open(one), apps.open(two)]
        for page, heard in zip(pages, (at_one, at_two), strict=True):
            join(page, "Red")
            heard.wait_for("", "Red")
        publish(pages[0], {"a": 1})
        at_two.wait_for("", "Red", "Red 1")
        gateway.kill()
        for page in pages:
            page.wait_for_text("state", "disconnected", 20)
        # It waits for the connection.
        publish(pages[0], {"a": 2})
        gateway.restart()
        for page in pages:
            page.wait_for_text("state", "connected", 20)
        # The page has brought back what it knew, and nothing comes twice.
        at_one.wait_for("", "Red", "Red 1", "Red 2")
        at_two.wait_for("", "Red", "Red 1", "Red 2")
        join(pages[1], "Green")
        at_two.wait_for("", "Red", "Red 1", "Red 2", "Green")
        for page in pages:
            page.close()


def test_cha011_scripts_of_a_page_find_the_same_channels(apps: Apps) -> None:
    app, heard = on_channels(apps, "one")
    page, other = apps.open(app), apps.caller()
    page.js(
        f"""
        {SCRIPT_CHANNELS}
        window.heard = [];
        window.changed = [];
        channels.subscribe((data, {{name}}, updaterId) => {{
            window.heard.push([name, data.a ?? null, updaterId === own.instance.peerId]);
            data.spoilt = true;
        }});
        channels.onChanged((name) => window.changed.push(name ?? null));
        """
    )
    page.run(f"{SCRIPT_CHANNELS} await channels.join('Red'); await channels.publish({{a: 1}});")
    heard.wait_for("", "Red", "Red 1")
    assert heard.my[-1]["extraData"]["isMyUpdate"]
    other.run(f"{SCRIPT_CHANNELS} await channels.publish({{a: 2}}, 'Red');")
    heard.wait_for("", "Red", "Red 1", "Red 2")
    page.set_props("channels", leave={})
    heard.wait_for("", "Red", "Red 1", "Red 2", "")
    assert page.js("return window.heard") == [
        ["Red", None, False],
        ["Red", 1, True],
        ["Red", 2, False],
    ]
    assert page.js("return window.changed") == ["Red", None]
    assert page.run(f"{SCRIPT_CHANNELS} return [await channels.all(), channels.my() ?? null]") == [
        NAMES,
        None,
    ]


def test_cha012_a_page_with_core_reads_and_writes_the_same_channels_as_contexts(
    apps: Apps,
) -> None:
    app, heard = on_channels(apps, "one")
    serve_library_page(app)
    page = apps.open(app)
    core = open_core_page(apps, app, "core")
    join(page, "Red")
    heard.wait_for("", "Red")
    publish(page, {"a": 1})
    heard.wait_for("", "Red", "Red 1")
    read = "return (await io.contexts.get('___channel___Red'))"
    value = core.run(read)
    assert (value["name"], value["data"]) == ("Red", {"a": 1})
    assert value["meta"]["color"].startswith("#")
    core.run("await io.contexts.setPath('___channel___Red', 'data.a', 2)")
    heard.wait_for_last("Red 2")
    assert heard.my[-1]["extraData"]["updaterId"] == core.run("return io.interop.instance.peerId")
    value["data"] = {"a": 3}
    core.run("await io.contexts.set('___channel___Red', args[0])", value)
    heard.wait_for_last("Red 3")


def test_cha013_the_channels_of_io_connect_and_ours_are_the_same(apps: Apps) -> None:
    app, heard = on_channels(apps, "one")
    serve_library_page(app)
    page = apps.open(app)
    theirs = open_channels_page(apps, app, "io.Connect")
    assert theirs.run("return await io.channels.all()") == NAMES
    theirs.run(
        """
        window.heard = [];
        io.channels.subscribe((data, {name}, updaterId) => window.heard.push([name, data]));
        await io.channels.join('Red');
        """
    )
    join(page, "Red")
    heard.wait_for("", "Red")

    theirs.run("await io.channels.publish({a: 1})")
    heard.wait_for_last("Red 1")
    publish(page, {"a": 2})
    wait_for_script(theirs, ["Red", {"a": 2}])
    instrument = {"type": "fdc3.instrument", "id": {"ticker": "AAPL"}}
    theirs.run("await io.channels.publish(args[0], {fdc3: true})", instrument)
    eventually(lambda: "fdc3" in heard.my[-1]["data"], lambda: str(heard.my[-1]))
    assert heard.my[-1]["data"] == {"a": 2, "fdc3": instrument}
    contact = {"type": "fdc3.contact", "name": "Ann"}
    publish(page, contact, fdc3=True)
    wait_for_script(
        theirs,
        ["Red", {"a": 2, "fdc3_fdc3&instrument": {"id": {"ticker": "AAPL"}}, "fdc3": contact}],
    )
    both = "return (await {}.get('Red')).data"
    read_ours = page.run(f"{SCRIPT_CHANNELS} {both.format('channels')}")
    assert theirs.run(both.format("io.channels")) == read_ours
    theirs.run("await io.channels.setPath({path: 'deep.down', value: 1})")
    eventually(lambda: heard.my[-1]["data"].get("deep") == {"down": 1}, lambda: str(heard.my[-1]))

    theirs.run("await io.channels.add({name: 'Gold', meta: {color: 'gold'}, data: {b: 1}})")
    join(page, "Gold")
    heard.wait_for_last("Gold 1")
    page.run(f"{SCRIPT_CHANNELS} await channels.add({{name: 'Silver', meta: {{color: 'silver'}}}})")
    eventually(
        lambda: theirs.run("return await io.channels.all()") == [*NAMES, "Gold", "Silver"],
        "both are known",
    )
    theirs.run("await io.channels.remove('Gold')")
    heard.wait_for_last("")


def wait_for_script(page: Page, expected: Any) -> None:
    eventually(
        lambda: page.js("return window.heard.at(-1)") == expected,
        lambda: f"{expected}, but {page.js('return window.heard')}",
    )


def changing(apps: Apps, change: Change) -> tuple[Dash, Heard]:
    """An app whose layout changes around its Channels at a click, and what that hears."""
    app = apps.make(
        "changing",
        html.Button(id="change"),
        html.Div(
            [
                html.P("first"),
                Channels(id="channels"),
                ChannelSelector(id="selector", value="Red"),
                html.P("last"),
            ],
            id="rows",
        ),
        html.Div([], id="others"),
        html.P(id="changed"),
    )

    @app.callback(
        Output("rows", "children"),
        Output("others", "children"),
        Output("changed", "children"),
        Input("change", "n_clicks"),
        State("rows", "children"),
        State("others", "children"),
        prevent_initial_call=True,
    )
    def alter(n: int, rows: Any, others: Any) -> Any:
        return *change(n, rows, others), str(n)

    return app, Heard(app)


def make_anew(n: int, rows: Any, others: Any) -> tuple[Any, Any]:
    return [Channels(id="channels"), ChannelSelector(id="selector"), html.P(f"row {n}")], others


@pytest.mark.parametrize(
    "change", [*(each for name, each in CHANGES.items() if name != "make_anew"), make_anew]
)
def test_cha014_whatever_becomes_of_the_layout_each_publish_is_heard_once(
    apps: Apps, change: Change
) -> None:
    app, heard = changing(apps, change)
    page, other = apps.open(app), apps.caller()
    heard.wait_for_last("Red")
    for n in range(1, 4):
        page.click("change")
        page.wait_for_text("changed", str(n))
        other.run(f"{SCRIPT_CHANNELS} await channels.publish({{n: args[0]}}, 'Red')", n)
        heard.wait_for_last(f"Red {n}")
        join(page, "Green")
        heard.wait_for_last("Green")
        join(page, "Red")
        heard.wait_for_last(f"Red {n}")
    numbers = [my["extraData"]["sequence"] for my in heard.my if my]
    assert numbers == sorted(numbers)
    # One that is new to its callbacks begins with what there is.
    if change is not make_anew:
        assert numbers == list(range(1, 11))
    shown = "return document.querySelector('#selector button').innerText.trim()"
    eventually(lambda: page.js(shown) == "Red", lambda: page.js(shown))


def test_cha015_components_with_patterns_as_ids_are_heard_and_written(apps: Apps) -> None:
    ids = [{"type": "channels", "index": index} for index in range(2)]
    app = apps.make(
        "patterns",
        *(Channels(id=each) for each in ids),
        html.Button(id="publish"),
        html.P(id="seen"),
    )

    @app.callback(
        Output({"type": "channels", "index": MATCH}, "publish"),
        Input({"type": "channels", "index": MATCH}, "my"),
        prevent_initial_call=True,
    )
    def count(my: JoinedChannelDict | None) -> Any:
        n = my["data"].get("n", 0) if my else 3
        return {"data": {"n": n + 1}} if n < 3 else None

    @app.callback(Output("seen", "children"), Input({"type": "channels", "index": ALL}, "my"))
    def show(both: list[JoinedChannelDict | None]) -> str:
        return ", ".join(words(my) for my in both)

    page = apps.open(app)
    page.set_props(ids[0], join={"name": "Red"})
    page.wait_for_text("seen", "Red 3, Red 3")


@pytest.mark.parametrize("start", [ours, published])
def test_cha016_pages_that_name_a_gateway_have_channels_through_their_library(
    apps: Apps, start: Callable[[], GatewayProcess]
) -> None:
    apps.browser.allow_lost_connections()

    def naming(gateway: GatewayProcess, name: str) -> tuple[Dash, Heard]:
        app = make_app(name)
        config = {
            "application": name,
            "gateway": {"ws": gateway.url},
            "auth": {"username": "anna", "password": "any"},
        }
        app.layout = Glue42(
            id="glue42",
            settings={"web": {"config": config}},
            children=[Channels(id="channels"), ChannelSelector(id="selector")],
        )
        return app, Heard(app)

    with start() as gateway:
        (one, at_one), (two, at_two) = naming(gateway, "one"), naming(gateway, "two")
        pages = [apps.open(one), apps.open(two)]
        # The published gateway has none from the start.
        pages[0].run(
            f"{SCRIPT_CHANNELS} await channels.add({{name: 'Gold', meta: {{color: 'gold'}}}})"
        )
        names = f"{SCRIPT_CHANNELS} return await channels.all()"
        eventually(lambda: "Gold" in pages[1].run(names), "both know the channel")
        for page, heard in zip(pages, (at_one, at_two), strict=True):
            join(page, "Gold")
            heard.wait_for("", "Gold")
        for number, page in enumerate(pages):
            publish(page, {"number": number})
            for heard in (at_one, at_two):
                heard.wait_for_last(f"Gold {number}")
        assert not at_one.my[-1]["extraData"]["isMyUpdate"]
        assert at_two.my[-1]["extraData"]["isMyUpdate"]
        pages[0].set_props("channels", leave={})
        at_one.wait_for("", "Gold", "Gold 0", "Gold 1", "")
        for page in pages:
            page.close()
