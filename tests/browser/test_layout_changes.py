"""
Whatever becomes of the layout around them, a method stays on offer, each invocation is handled
once, and each write is one call: a table of changes, each in four situations on one page.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from dash import Dash, Input, Output, dcc, html, no_update

from dash_interop import Glue42, InvokeDict, MethodInvoke, MethodRegister
from dash_interop.client.sync import InteropClient, connect
from dash_interop.errors import InvocationError
from tests.support.apps_changing import CHANGES, ChangingApp
from tests.support.apps_parts import Gate, answer
from tests.support.apps_serving import make_app
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually


@pytest.fixture
def peer(apps: Apps) -> Iterator[InteropClient]:
    """A Python process that calls the page, and is called by it."""
    with connect(application="peer") as client:
        yield client


class Stage:
    """A changing app in a window, and a peer that sees its methods come and go."""

    def __init__(self, apps: Apps, change: str, peer: InteropClient) -> None:
        self.peer = peer
        self._page_of_this_test = {"application": change}
        self.made = ChangingApp(change, CHANGES[change])
        self.calls: list[int] = []
        self.gone: list[str] = []
        self.changes = 0
        self._last = 100
        peer.register("Count", self._count, concurrency=8)
        self.page: Page = apps.open(self.made.app)
        for method in ("Note", "Sum", "Grow"):
            self._wait_for(method)
        peer.on_server_method_removed(self._note_removal)

    def begin(self) -> None:
        """Another situation begins on the page."""
        made = self.made
        for seen in (made.noted, made.summed, made.grown, made.results, made.gate.entered):
            seen.clear()
        self.calls.clear()

    def _note_removal(self, server: Any, method: Any) -> None:
        if server.get("application") == self._page_of_this_test["application"]:
            self.gone.append(method.name)

    def _count(self, n: int) -> int:
        self.calls.append(n)
        if self.made.is_held:
            self.made.gate.pass_through(f"call {n}")
        return n

    def _wait_for(self, method: str) -> None:
        """The page of an earlier test may not have left yet."""

        def is_offered() -> bool:
            return any(
                server.get("application") == self._page_of_this_test["application"]
                for server in self.peer.servers(method)
            )

        eventually(is_offered, f"the page offers {method}")

    def invoke(self, method: str, n: int) -> Any:
        args, target = {"n": n}, self._page_of_this_test
        return self.peer.invoke(method, args, target, response_timeout=20).returned

    def change(self) -> None:
        self.changes += 1
        self.page.click("change")
        self.page.wait_for_text("changed", str(self.changes))

    def write(self, n: int) -> None:
        """Make the page call the peer."""
        value = {"definition": "Count", "argumentObj": {"n": n}}
        self.page.set_props("invoke", invoke=value)

    def sum(self, n: int) -> int:
        return self.invoke("Sum", n)["n"]

    def note(self, n: int) -> None:
        self.invoke("Note", n)

    def wait_for_results(self, *expected: int) -> None:
        results = self.made.results
        eventually(lambda: len(results) >= len(expected), lambda: f"results, but {results}")
        returned = [result["invocationResult"]["returned"]["_value"] for result in results]
        assert returned == list(expected)

    def wait_until_noted(self, *expected: int) -> None:
        self.page.wait_for_text("noted", str(expected[-1]))
        assert self.made.noted == list(expected)

    def settle(self) -> int:
        """
        Everything that the page began has ended: a last invocation of each method has.

        Returns:
            The number that those had.
        """
        # Another one each time: the page still shows the one before.
        self._last = last = self._last + 1
        assert self.sum(last) == last
        self.note(last)
        self.page.wait_for_text("noted", str(last))
        self.write(last)
        results = self.made.results
        eventually(
            lambda: results and results[-1]["invocationResult"]["called_with"] == {"n": last},
            lambda: f"a result for the last call, but {results}",
        )
        return last


def _has(items: list[Any], count: int) -> bool:
    return len(items) >= count


def nothing_happens_again_when_nothing_is_under_way(stage: Stage) -> None:
    stage.note(1)
    assert stage.sum(1) == 1
    stage.write(1)
    stage.wait_for_results(1)
    stage.wait_until_noted(1)
    for _ in range(3):
        stage.change()
    last = stage.settle()
    assert stage.made.noted == [1, last]
    assert stage.made.summed == [1, last]
    assert stage.calls == [1, last]
    assert [result["sequence"] for result in stage.made.results] == [1, 2]
    assert stage.gone == []


def calls_under_way_end_as_if_nothing_had_changed(stage: Stage) -> None:
    made = stage.made
    made.is_held = True
    with ThreadPoolExecutor() as pool:
        summing = pool.submit(stage.sum, 1)
        stage.note(1)
        stage.write(1)
        eventually(lambda: len(made.gate.entered) == 3, lambda: f"three, but {made.gate.entered}")
        stage.change()
        stage.change()
        made.is_held = False
        made.gate.let(3)
        assert summing.result() == 1
    stage.wait_for_results(1)
    stage.wait_until_noted(1)
    last = stage.settle()
    assert (made.noted, made.summed, stage.calls) == ([1, last], [1, last], [1, last])
    assert stage.gone == []


def invocations_that_wait_run_once_each_in_their_order(stage: Stage) -> None:
    made = stage.made
    made.is_held = True
    numbers = list(range(10))
    with ThreadPoolExecutor() as pool:
        for n in numbers:
            stage.note(n)
        summing = [pool.submit(stage.sum, 0)]
        eventually(lambda: len(made.gate.entered) == 2, lambda: f"two, but {made.gate.entered}")
        summing += [pool.submit(stage.sum, n) for n in (1, 2)]
        stage.change()
        made.gate.let(2)
        eventually(lambda: len(made.gate.entered) == 4, lambda: f"four, but {made.gate.entered}")
        stage.change()
        made.is_held = False
        made.gate.let(2)
        assert [each.result() for each in summing] == [0, 1, 2]
    stage.wait_until_noted(*numbers)
    last = stage.settle()
    assert made.noted == [*numbers, last]
    assert sorted(made.summed) == [0, 1, 2, last]
    assert stage.gone == []


def a_handler_may_change_the_layout_itself(stage: Stage) -> None:
    numbers = list(range(1, 6))
    with ThreadPoolExecutor(1) as pool:
        growing = [pool.submit(stage.invoke, "Grow", n) for n in numbers]
        stage.write(1)
        assert [each.result() for each in growing] == [{"n": n} for n in numbers]
    stage.wait_for_results(1)
    last = stage.settle()
    assert stage.made.grown == numbers
    assert stage.calls == [1, last]
    assert stage.gone == []


@pytest.mark.parametrize("change", CHANGES)
def test_chg001_what_changes_in_the_layout_neither_loses_nor_repeats_anything(
    apps: Apps, peer: InteropClient, change: str
) -> None:
    stage = Stage(apps, change, peer)
    for situation in (
        # First, as it goes by the numbers of all results since the page was opened.
        nothing_happens_again_when_nothing_is_under_way,
        calls_under_way_end_as_if_nothing_had_changed,
        invocations_that_wait_run_once_each_in_their_order,
        a_handler_may_change_the_layout_itself,
    ):
        stage.begin()
        situation(stage)


def test_chg002_each_layout_that_is_made_anew_with_a_value_is_one_write(apps: Apps) -> None:
    calls: list[int] = []
    app = apps.make("app", html.Button("show", id="show", n_clicks=0), html.Div(id="place"))
    layouts = [{"n": 1}, None, {"n": 1}, {"n": 1}, {"n": 2}]

    @app.callback(Output("place", "children"), Input("show", "n_clicks"))
    def show(n: int) -> Any:
        args = layouts[n]
        value: InvokeDict | None = {"definition": "Count", "argumentObj": args} if args else None
        return [
            html.P(f"layout {n}", id=f"layout-{n}"),
            MethodInvoke(id="invoke", invoke=value),
        ]

    with connect(application="peer") as peer:
        peer.register("Count", lambda n: calls.append(n))
        page = apps.open(app)
        for n, count in enumerate((1, 1, 2, 3, 4)):
            page.wait_for(f"layout-{n}")
            eventually(partial(_has, calls, count), lambda: f"another call, but {calls}")
            if n + 1 < len(layouts):
                page.click("show")
        page.set_props("invoke", invoke={"definition": "Count", "argumentObj": {"n": 3}})
        eventually(lambda: calls[-1:] == [3], lambda: f"3 at the end of {calls}")
    assert calls == [1, 1, 1, 2, 3]


PLACES = ("tabs", "tabs with all children", "pages")


def _methods() -> list[Any]:
    return [
        MethodRegister(id="note", definition="Note", returns=False),
        MethodRegister(id="sum", definition="Sum", returns=True),
        MethodInvoke(id="invoke"),
        html.P("here", id="here"),
    ]


def _tabs(app: Dash) -> None:
    app.layout = Glue42(
        id="glue42",
        children=[
            dcc.Tabs([dcc.Tab(label=tab, value=tab) for tab in ("a", "b")], id="tabs", value="a"),
            html.Div(id="content"),
            html.P(id="noted"),
            html.P(id="result"),
        ],
    )

    @app.callback(Output("content", "children"), Input("tabs", "value"))
    def show(tab: str) -> Any:
        return _methods() if tab == "a" else html.P("there", id="there")


def _tabs_with_children(app: Dash) -> None:
    contents = {"a": _methods(), "b": html.P("there", id="there")}
    tabs = [dcc.Tab(child, label=tab, value=tab) for tab, child in contents.items()]
    outputs = [html.P(id="noted"), html.P(id="result")]
    app.layout = Glue42(id="glue42", children=[dcc.Tabs(tabs, id="tabs", value="a"), *outputs])


def _location(app: Dash) -> None:
    """What ``dash.pages`` comes to: the content follows the address."""
    app.layout = Glue42(
        id="glue42",
        children=[
            dcc.Location(id="url", refresh="callback-nav"),
            html.Button("a", id="to-a"),
            html.Button("b", id="to-b"),
            html.Div(id="content"),
            html.P(id="noted"),
            html.P(id="result"),
        ],
    )

    @app.callback(Output("content", "children"), Input("url", "pathname"))
    def show(path: str) -> Any:
        return html.P("there", id="there") if path == "/b" else _methods()

    for target in ("a", "b"):

        @app.callback(
            Output("url", "pathname", allow_duplicate=True),
            Input(f"to-{target}", "n_clicks"),
            prevent_initial_call=True,
        )
        def go(_: Any, path: str = f"/{target}") -> str:
            return path


def _go(page: Page, place: str, tab: str) -> None:
    if place == "pages":
        page.click(f"to-{tab}")
    else:
        page.set_props("tabs", value=tab)
    page.wait_for("here" if tab == "a" else "there")


@pytest.mark.parametrize("place", PLACES)
def test_chg003_what_goes_with_its_place_comes_back_with_it_and_repeats_nothing(
    apps: Apps, peer: InteropClient, place: str
) -> None:
    noted: list[int] = []
    results: list[Any] = []
    calls: list[int] = []
    gate = Gate()
    app = make_app(place, suppress_callback_exceptions=True)
    makers = {"tabs": _tabs, "tabs with all children": _tabs_with_children, "pages": _location}
    makers[place](app)

    @app.callback(Output("noted", "children"), Input("note", "invoke"))
    def note(invoke: Any) -> Any:
        if invoke is not None:
            noted.append(invoke["args"]["n"])
        return str(noted)

    @app.callback(Output("sum", "result"), Input("sum", "invoke"))
    def add(invoke: Any) -> Any:
        if invoke is None:
            return no_update
        gate.pass_through(invoke["args"]["n"])
        return answer(invoke, **invoke["args"])

    @app.callback(Output("result", "children"), Input("invoke", "result"))
    def show_result(result: Any) -> str:
        if result is not None:
            results.append(result["invocationResult"]["called_with"]["n"])
        return str(results)

    peer.register("Count", lambda n: calls.append(n))
    page = apps.open(app)
    target = {"application": place}

    def is_offered() -> bool:
        return any(server.get("application") == place for server in peer.servers("Sum"))

    def write(n: int) -> None:
        value = {"definition": "Count", "argumentObj": {"n": n}}
        page.set_props("invoke", invoke=value)

    eventually(is_offered, "it is offered")
    peer.invoke("Note", {"n": 1}, target)
    write(1)
    page.wait_for_text("noted", "[1]")
    page.wait_for_text("result", "[1]")

    # Nothing is under way.
    _go(page, place, "b")
    eventually(lambda: not is_offered(), "it is withdrawn")
    _go(page, place, "a")
    eventually(is_offered, "it is offered again")

    # A call is under way.
    with ThreadPoolExecutor() as pool:
        summing = pool.submit(peer.invoke, "Sum", {"n": 1}, target, response_timeout=20)
        eventually(lambda: gate.entered, "the handler runs")
        _go(page, place, "b")
        with pytest.raises(InvocationError):
            summing.result()
        gate.let(2)
        _go(page, place, "a")
        eventually(is_offered, "it is offered a third time")
        returned = peer.invoke("Sum", {"n": 2}, target, response_timeout=20).returned
    assert returned == {"n": 2}
    peer.invoke("Note", {"n": 2}, target)
    write(2)
    page.wait_for_text("noted", "[1, 2]")
    page.wait_for_text("result", "[1, 2]")
    assert (noted, results, calls) == ([1, 2], [1, 2], [1, 2])
