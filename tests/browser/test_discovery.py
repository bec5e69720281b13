"""Discovery: who offers what, and each change of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dash import Dash, Input, Output, State, ctx, dcc, html

from dash_interop import Discovery, Interop, MethodInvoke, MethodRegister
from dash_interop.client.sync import connect
from dash_interop.types import DefinitionDict
from tests.support.apps_changing import CHANGES
from tests.support.apps_parts import Gate, record
from tests.support.apps_serving import make_app
from tests.support.browser_apps import Apps
from tests.support.browser_pages import eventually
from tests.support.ports import free_range

QUOTE: DefinitionDict = {
    "name": "Quote",
    "accepts": "string symbol, int? depth",
    "returns": "double price",
    "displayName": "Get a quote",
    "description": "Looks up the last price",
    "objectTypes": ["Instrument", "Party"],
    "version": 3,
}


def told(events: list[Any]) -> list[str]:
    """Events as words, such as ``serverMethodAdded Quote at peer``."""
    return [
        " ".join(
            [
                event["type"],
                *([event["method"]["name"]] if event["method"] else []),
                *(["at " + event["server"]["application"]] if event["server"] else []),
            ]
        )
        for event in events
    ]


class Heard:
    """What the callbacks of a Discovery got, whichever of its props they have as Input."""

    def __init__(self, app: Dash, component_id: str) -> None:
        self.methods: list[Any] = []
        self.servers: list[Any] = []
        self.lists: list[Any] = []
        record(app, component_id, "methods", self.methods)
        record(app, component_id, "servers", self.servers)
        record(app, component_id, "events", self.lists)

    @property
    def events(self) -> list[Any]:
        return [event for events in self.lists for event in events or []]

    @property
    def names(self) -> list[str]:
        return [method["name"] for method in (self.methods and self.methods[-1]) or []]

    @property
    def applications(self) -> list[str]:
        return [server["application"] for server in (self.servers and self.servers[-1]) or []]

    def wait_for(self, *expected: str) -> None:
        """Wait for all events since the page was opened."""
        eventually(
            lambda: len(self.events) >= len(expected),
            lambda: f"{len(expected)} events, but {told(self.events)}",
        )
        assert told(self.events) == list(expected)
        numbers = [event["sequence"] for event in self.events]
        assert numbers == list(range(1, len(expected) + 1))

    def wait_for_lists(self, names: list[str], applications: list[str]) -> None:
        eventually(
            lambda: (self.names, self.applications) == (names, applications),
            lambda: f"{names} at {applications}, but {self.names} at {self.applications}",
        )


def seeing(apps: Apps, **filters: Any) -> tuple[Dash, Heard]:
    """An app with a Discovery, and what that hears."""
    app = apps.make("seeing", Discovery(id="find", **filters))
    return app, Heard(app, "find")


def peers(*applications: str) -> list[dict[str, str]]:
    """A filter for the peers of a test: pages of an earlier test may not have left yet."""
    return [{"application": application} for application in applications]


@pytest.mark.every_engine
def test_dis001_methods_and_servers_say_what_is_on_offer_and_are_good_to_invoke(
    apps: Apps,
) -> None:
    app = apps.make(
        "seeing", Discovery(id="find", instance=peers("peer", "other")), MethodInvoke(id="invoke")
    )
    heard = Heard(app, "find")
    results: list[Any] = []
    record(app, "invoke", "result", results)
    with connect(application="peer") as peer, connect(application="other") as other:
        peer.register(QUOTE, lambda symbol, depth=1: {"price": 1.5})
        peer.create_stream("Ticks")
        other.register(QUOTE, lambda symbol, depth=1: {"price": 2.5})
        page = apps.open(app)
        heard.wait_for_lists(["Quote", "Ticks"], ["peer", "other"])
        assert heard.methods[-1] == [
            {**QUOTE, "supportsStreaming": False},
            {"name": "Ticks", "supportsStreaming": True},
        ]
        [method, _] = heard.methods[-1]
        [_, server] = heard.servers[-1]
        args = {"symbol": "EUR"}
        page.set_props(
            "invoke", invoke={"definition": method, "target": server, "argumentObj": args}
        )
        eventually(lambda: len(results) == 2, "a result")
        assert results[1]["invocationResult"]["returned"] == {"price": 2.5}
    heard.wait_for_lists([], [])


def test_dis002_filters_choose_by_each_field_of_a_definition(apps: Apps) -> None:
    filters: dict[str, dict[str, Any]] = {
        "name": {"name": "QUOTE"},
        "object-types": {"objectTypes": ["Party"]},
        "display-name": {"displayName": "Get a quote"},
        "description": {"description": "Looks up the last price"},
        "accepts": {"accepts": "string symbol, int? depth"},
        "returns": {"returns": "double price"},
        "version": {"version": 3},
        "streams": {"streamsOnly": True},
        "nobody": {"name": "Quote", "version": 2},
        "all": {},
    }
    at_peer = peers("peer")[0]
    found = [Discovery(id=key, instance=at_peer, **each) for key, each in filters.items()]
    app = apps.make("seeing", *found)
    heard = {key: Heard(app, key) for key in filters}
    with connect(application="peer") as peer:
        peer.register(QUOTE, lambda: None)
        peer.register("Plain", lambda: None)
        peer.create_stream("Ticks")
        apps.open(app)
        heard["all"].wait_for_lists(["Quote", "Plain", "Ticks"], ["peer"])
        heard["streams"].wait_for_lists(["Ticks"], ["peer"])
        heard["nobody"].wait_for_lists([], [])
        assert heard["nobody"].methods[-1] == []
        for key in filters.keys() - {"all", "streams", "nobody"}:
            heard[key].wait_for_lists(["Quote"], ["peer"])


def test_dis003_each_event_comes_once_and_in_order(apps: Apps) -> None:
    app, heard = seeing(apps, instance=peers("peer", "other", "dying"))
    with connect(application="peer") as peer:
        peer.register("A", lambda: None)
        apps.open(app)
        expected = ["serverAdded at peer", "methodAdded A", "serverMethodAdded A at peer"]
        heard.wait_for(*expected)

        with connect(application="other") as other:
            other.register("A", lambda: None)
            expected += ["serverAdded at other", "serverMethodAdded A at other"]
            heard.wait_for(*expected)
            peer.register("B", lambda: None)
            expected += ["methodAdded B", "serverMethodAdded B at peer"]
            heard.wait_for(*expected)
            peer.unregister("A")
            expected += ["serverMethodRemoved A at peer"]
            heard.wait_for(*expected)
        expected += ["methodRemoved A", "serverMethodRemoved A at other", "serverRemoved at other"]
        heard.wait_for(*expected)

        dying = apps.open(apps.make("dying", MethodRegister(id="b", definition="B", returns=False)))
        expected += ["serverAdded at dying", "serverMethodAdded B at dying"]
        heard.wait_for(*expected)
        dying.close()
        expected += ["serverMethodRemoved B at dying", "serverRemoved at dying"]
        heard.wait_for(*expected)

        peer.unregister("B")
        expected += ["methodRemoved B", "serverMethodRemoved B at peer", "serverRemoved at peer"]
        heard.wait_for(*expected)


def test_dis004_a_callback_gets_all_events_that_came_while_it_ran(apps: Apps) -> None:
    gate = Gate()
    app = apps.make("seeing", Discovery(id="find", instance=peers("peer")), html.P(id="shown"))
    lists: list[Any] = []

    @app.callback(Output("shown", "children"), Input("find", "events"))
    def show(events: Any) -> str:
        if events:
            lists.append(events)
            gate.pass_through(len(lists))
        return str(len(lists))

    with connect(application="peer") as peer:
        page = apps.open(app)
        peer.register("First", lambda: None)
        eventually(lambda: gate.entered, "the callback runs")
        names = [f"M{n}" for n in range(30)]
        for name in names:
            peer.register(name, lambda: None)
            peer.unregister(name)
        peer.register("Last", lambda: None)
        eventually(
            lambda: page.run("return interop.methods('Last').length"), "the page has heard of all"
        )
        gate.let(9)
        eventually(
            lambda: lists[-1][-1]["method"] and lists[-1][-1]["method"]["name"] == "Last",
            lambda: f"the last event, but {told(lists[-1])}",
        )
    first = told(lists[0])
    rest = told([event for events in lists[1:] for event in events])
    of_each = ["methodAdded {0}", "serverMethodAdded {0} at peer"]
    of_each += ["methodRemoved {0}", "serverMethodRemoved {0} at peer"]
    expected = [each.format(name) for name in names for each in of_each]
    expected += ["methodAdded Last", "serverMethodAdded Last at peer"]
    assert first == ["serverAdded at peer", "methodAdded First", "serverMethodAdded First at peer"]
    assert rest == expected
    assert len(lists) == 2


def test_dis005_a_name_that_a_user_types_is_looked_up_anew(apps: Apps) -> None:
    app = apps.make("seeing", dcc.Input(id="name"), Discovery(id="find", instance=peers("peer")))
    heard = Heard(app, "find")

    @app.callback(Output("find", "name"), Input("name", "value"))
    def look_up(name: str | None) -> str | None:
        return name

    with connect(application="peer") as peer:
        for name in ("Sum", "Product"):
            peer.register(name, lambda: None)
        page = apps.open(app)
        heard.wait_for_lists(["Sum", "Product"], ["peer"])
        page.type_into("name", "sum")
        heard.wait_for_lists(["Sum"], ["peer"])
        page.type_into("name", "product")
        heard.wait_for_lists(["Product"], ["peer"])
        page.type_into("name", "nothing")
        heard.wait_for_lists([], [])
    seen: set[str] = set()
    for event in heard.events:
        if event["method"] and event["server"]:
            name = event["method"]["name"]
            assert (event["type"] == "serverMethodAdded") == (name not in seen)
            seen ^= {name}
    assert seen == set()


@pytest.mark.parametrize("change", CHANGES)
def test_dis006_changes_of_the_layout_lose_nothing_and_repeat_nothing(
    apps: Apps, change: str
) -> None:
    """Two of them, one of which hears of everything that the other does."""

    def components() -> list[Any]:
        return [
            html.P("first"),
            *[Discovery(id=name, instance=peers("peer")[0]) for name in ("one", "two")],
            *[html.P(f"text {n}") for n in range(4)],
        ]

    app = apps.make(
        "seeing",
        html.Button("change", id="change", n_clicks=0),
        html.Div(components(), id="rows"),
        html.Div([], id="others"),
        html.P("-", id="changed"),
    )
    heard = [Heard(app, name) for name in ("one", "two")]

    @app.callback(
        Output("rows", "children"),
        Output("others", "children"),
        Output("changed", "children"),
        Input("change", "n_clicks"),
        State("rows", "children"),
        State("others", "children"),
        prevent_initial_call=True,
    )
    def change_layout(n: int, rows: Any, others: Any) -> Any:
        if change == "make_anew":
            fresh = components()
            return fresh if n % 2 else fresh[::-1], [], str(n)
        return *CHANGES[change](n, rows, others), str(n)

    expected: list[str] = ["serverAdded at peer"]
    with connect(application="peer") as peer:
        peer.register("Zero", lambda: None)
        expected += ["methodAdded Zero", "serverMethodAdded Zero at peer"]
        page = apps.open(app)
        for n in range(1, 4):
            for each in heard:
                each.wait_for(*expected)
            # Events come while the layout changes, and after it.
            page.click("change")
            for name in (f"During{n}", f"After{n}"):
                peer.register(name, lambda: None)
                expected += [f"methodAdded {name}", f"serverMethodAdded {name} at peer"]
                page.wait_for_text("changed", str(n))
        names = ["Zero", *[f"{word}{n}" for n in (1, 2, 3) for word in ("During", "After")]]
        for each in heard:
            each.wait_for(*expected)
            each.wait_for_lists(names, ["peer"])


def test_dis007_in_an_outage_all_go_and_come_again(apps: Apps, secret_file: Path) -> None:
    port = free_range(1)

    def start_gateway() -> Any:
        return apps.process(
            *(
                "dash_interop",
                "gateway",
                "--port",
                str(port),
                "--secret-file",
                str(secret_file),
                "--allow-origin",
                "loopback",
            )
        )

    gateway = start_gateway()
    url = f"ws://127.0.0.1:{port}"
    apps.browser.allow_lost_connections()
    app = apps.make(
        "seeing",
        Discovery(id="find"),
        MethodRegister(id="own", definition="Own", returns=True),
        plugins=[Interop(gateway=url, secret_file=secret_file)],
    )
    heard = Heard(app, "find")
    apps.open(app)
    come = ["serverAdded at seeing", "methodAdded Own", "serverMethodAdded Own at seeing"]
    go = ["methodRemoved Own", "serverMethodRemoved Own at seeing", "serverRemoved at seeing"]
    heard.wait_for(*come)
    heard.wait_for_lists(["Own"], ["seeing"])
    for outage in (1, 2):
        gateway.stop()
        heard.wait_for(*outage * (come + go))
        heard.wait_for_lists([], [])
        gateway = start_gateway()
        eventually(lambda: heard.names, "it is back", 20)
        heard.wait_for(*outage * (come + go), *come)
        heard.wait_for_lists(["Own"], ["seeing"])


def test_dis008_what_is_wrong_with_a_filter_is_told_and_nothing_is_seen_meanwhile(
    apps: Apps,
) -> None:
    app, heard = seeing(apps, instance=peers("peer")[0])
    errors: list[Any] = []
    record(app, "find", "error", errors)
    apps.browser.allow_in_console("dash_interop: Discovery find: ")
    with connect(application="peer") as peer:
        peer.register("Sum", lambda: None)
        page = apps.open(app)
        heard.wait_for_lists(["Sum"], ["peer"])
        assert errors == [None]
        wrong: dict[str, tuple[Any, str]] = {
            "version": ("1", 'version has to be a number, not "1"'),
            "instance": ("best", 'instance has to be a dict or a list of dicts, not "best"'),
        }
        for prop, (value, message) in wrong.items():
            # As a callback may: in Python such a filter is refused at once.
            page.set_props("find", **{prop: value})
            eventually(lambda m=message: errors[-1] == {"message": m}, lambda: f"but {errors}")
            heard.wait_for_lists([], [])
            page.set_props("find", **{prop: None, "instance": peers("peer")[0]})
            eventually(lambda: errors[-1] is None, "the error is cleared")
            heard.wait_for_lists(["Sum"], ["peer"])
            assert any(message in said for said in apps.browser.console("SEVERE"))


def test_dis009_a_method_that_is_described_anew_is_told_anew(apps: Apps) -> None:
    app, heard = seeing(apps, instance=peers("peer")[0])
    with connect(application="peer") as peer:
        peer.register({"name": "Sum", "description": "old"}, lambda: None)
        apps.open(app)
        heard.wait_for_lists(["Sum"], ["peer"])
        peer.register({"name": "Sum", "description": "new"}, lambda: None, replace=True)
        eventually(
            lambda: heard.methods[-1] and heard.methods[-1][0]["description"] == "new",
            lambda: f"the new description, but {heard.methods[-1]}",
        )
        come = ["serverAdded at peer", "methodAdded Sum", "serverMethodAdded Sum at peer"]
        go = ["methodRemoved Sum", "serverMethodRemoved Sum at peer", "serverRemoved at peer"]
        heard.wait_for(*come, *go, *come)


def test_dis010_one_that_is_put_into_the_layout_later_hears_of_what_is_there(apps: Apps) -> None:
    app = apps.make(
        "seeing",
        html.Div(id="place"),
        html.P(id="seen"),
        html.Button("show", id="show"),
        html.Button("hide", id="hide"),
    )
    lists: list[Any] = []

    @app.callback(
        Output("place", "children"),
        Input("show", "n_clicks"),
        Input("hide", "n_clicks"),
        prevent_initial_call=True,
    )
    def show(*_: Any) -> Any:
        return [] if ctx.triggered_id == "hide" else Discovery(id="find", instance=peers("peer"))

    @app.callback(Output("seen", "children"), Input("find", "events"), prevent_initial_call=True)
    def see(events: Any) -> str:
        lists.append(told(events or []))
        return str(len(lists))

    come = ["serverAdded at peer", "methodAdded Sum", "serverMethodAdded Sum at peer"]
    with connect(application="peer") as peer:
        peer.register("Sum", lambda: None)
        page = apps.open(app)
        for count in (1, 2):
            page.click("show")
            eventually(lambda n=count: lists.count(come) == n, lambda: f"it is seen, but {lists}")
            page.click("hide")
            eventually(
                lambda: page.js("return document.getElementById('place').innerHTML === ''"),
                "it is gone",
            )
    assert [each for each in lists if each] == [come, come]


def test_dis011_without_a_root_the_error_says_so(apps: Apps) -> None:
    app = make_app("rootless")
    app.layout = html.Div([Discovery(id="find")])
    errors: list[Any] = []
    record(app, "find", "error", errors)
    apps.browser.allow_in_console("dash_interop: Discovery find: ")
    apps.open(app, connected=False)
    message = "There is no connection: put the component among the children of a Glue42"
    eventually(lambda: errors[-1:] == [{"message": message}], lambda: f"the error, but {errors}")
