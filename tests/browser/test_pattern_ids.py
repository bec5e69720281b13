"""
Components whose ids are patterns, in rows that are added and removed while calls are under way and
methods come and go: what belongs to the rows that stay happens once, however they are changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from dash import ALL, MATCH, Dash, Input, Output, Patch, State, ctx, html, no_update

from dash_interop import (
    Discovery,
    MethodInvoke,
    MethodRegister,
    StreamPublish,
    StreamSubscribe,
    method_handler,
    subscription_handler,
)
from dash_interop.client.sync import InteropClient, connect
from dash_interop.errors import InvocationError
from tests.support.apps_parts import Gate, answer
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually

Rows = list[Any]


def _by_patch(rows: Rows, added: Any, removed: int | None) -> Any:
    patch = Patch()
    if added is not None:
        patch.append(added)
    if removed is not None:
        del patch[removed]
    return patch


def _by_prepending_patch(rows: Rows, added: Any, removed: int | None) -> Any:
    patch = Patch()
    if removed is not None:
        del patch[removed]
    if added is not None:
        patch.prepend(added)
    return patch


def _by_state(rows: Rows, added: Any, removed: int | None) -> Any:
    kept = [row for index, row in enumerate(rows) if index != removed]
    return kept if added is None else [*kept, added]


WAYS: dict[str, Callable[[Rows, Any, int | None], Any]] = {
    "patch": _by_patch,
    "prepending patch": _by_prepending_patch,
    "state": _by_state,
}


def _id(kind: str, row: Any) -> dict[str, Any]:
    return {"kind": kind, "row": row}


class Table:
    """An app with rows that a click adds and another one takes away, and its page."""

    def __init__(
        self, apps: Apps, way: str, make_row: Callable[[int], list[Any]], rows: int = 2
    ) -> None:
        self._apps = apps
        self._changes = 0
        self._next = rows
        self.page: Page
        self.app: Dash = apps.make(
            "table",
            html.Button("add", id="add", n_clicks=0),
            html.Button("remove", id="remove", n_clicks=0),
            html.P("0", id="changes"),
            html.P(id="seen"),
            html.Div([self._row(make_row, row) for row in range(rows)], id="rows"),
        )

        @self.app.callback(
            Output("rows", "children"),
            Output("changes", "children"),
            Input("add", "n_clicks"),
            Input("remove", "n_clicks"),
            State("rows", "children"),
            prevent_initial_call=True,
        )
        def change(added: int, removed: int, children: Rows) -> Any:
            is_new = ctx.triggered_id == "add"
            row = self._row(make_row, rows + added - 1) if is_new else None
            names = [child["props"]["id"] for child in children]
            oldest = None if is_new else names.index(min(names))
            return WAYS[way](children, row, oldest), str(added + removed)

    @staticmethod
    def _row(make_row: Callable[[int], list[Any]], row: int) -> Any:
        return html.Div(make_row(row), id=f"row-{row}")

    def open(self) -> None:
        self.page = self._apps.open(self.app)

    def add(self) -> int:
        """Another row; returns its number."""
        self._click("add")
        row = self._next
        self._next += 1
        self.page.wait_for(f"row-{row}")
        return row

    def remove_the_oldest(self) -> None:
        self._click("remove")

    def _click(self, button: str) -> None:
        self._changes += 1
        self.page.click(button)
        self.page.wait_for_text("changes", str(self._changes))


@pytest.fixture(autouse=True)
def nothing_to_warn_of(apps: Apps) -> Iterator[None]:
    """What a layout brings back was not written by the author of the app."""
    yield
    assert [said for said in apps.browser.console("WARNING") if "dash_interop" in said] == []


@pytest.fixture
def peer(apps: Apps) -> Iterator[InteropClient]:
    with connect(application="peer") as client:
        yield client


def _wait_for_methods(peer: InteropClient, *names: str) -> None:
    """Exactly these of the table are on offer; the page of an earlier test may not have left."""

    def offered() -> set[str]:
        return {method.name for method in peer.methods() if method.name.startswith("Row")}

    eventually(lambda: offered() == set(names), lambda: f"{names}, but {offered()}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pattern", ["MATCH", "ALL", "ALL, from the start", "method_handler"])
def test_pat001_calls_to_rows_end_once_each_while_other_rows_come_and_go(
    apps: Apps, peer: InteropClient, way: str, pattern: str
) -> None:
    gate = Gate()
    runs: Counter[Any] = Counter()
    table = Table(
        apps,
        way,
        lambda row: [MethodRegister(id=_id("method", row), definition=f"Row{row}", returns=True)],
    )

    def work(args: dict[str, Any]) -> dict[str, Any]:
        runs[args["n"]] += 1
        if args["held"]:
            gate.pass_through(args["n"])
        return {"n": args["n"]}

    if pattern == "method_handler":

        @method_handler(_id("method", MATCH), app=table.app)
        def handle(args: dict[str, Any], caller: Any) -> Any:
            return work(args)

    elif pattern == "MATCH":

        @table.app.callback(
            Output(_id("method", MATCH), "result"),
            Input(_id("method", MATCH), "invoke"),
            prevent_initial_call=True,
        )
        def handle_one(invoke: Any) -> Any:
            return no_update if invoke is None else answer(invoke, **work(invoke["args"]))

    else:

        @table.app.callback(
            Output(_id("method", ALL), "result"),
            Input(_id("method", ALL), "invoke"),
            prevent_initial_call=pattern == "ALL",
        )
        def handle_triggered(invokes: list[Any]) -> list[Any]:
            values = [each["value"] for each in ctx.triggered]
            return [
                answer(invoke, **work(invoke["args"])) if invoke and invoke in values else no_update
                for invoke in invokes
            ]

    def call(row: int, n: int, *, held: bool = False) -> Any:
        args = {"n": n, "held": held}
        return peer.invoke(f"Row{row}", args, response_timeout=20).returned

    table.open()
    _wait_for_methods(peer, "Row0", "Row1")
    assert [call(row, 100 + row) for row in (0, 1)] == [{"n": 100}, {"n": 101}]
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(call, 1, n, held=n == 1) for n in (1, 2)]
        eventually(lambda: gate.entered == [1], lambda: f"the first call, but {gate.entered}")
        third = table.add()
        table.remove_the_oldest()
        gate.let()
        assert [each.result() for each in calls] == [{"n": 1}, {"n": 2}]
    _wait_for_methods(peer, "Row1", f"Row{third}")
    numbers = range(10, 20)
    with ThreadPoolExecutor(len(numbers)) as pool:
        results = list(pool.map(lambda n: call((1, third)[n % 2], n), numbers))
    assert results == [{"n": n} for n in numbers]
    assert runs == dict.fromkeys([100, 101, 1, 2, *numbers], 1)


@pytest.mark.parametrize("way", WAYS)
def test_pat002_a_call_to_a_row_that_is_removed_ends_with_an_error(
    apps: Apps, peer: InteropClient, way: str
) -> None:
    gate = Gate()
    table = Table(
        apps,
        way,
        lambda row: [MethodRegister(id=_id("method", row), definition=f"Row{row}", returns=True)],
    )

    @method_handler(_id("method", MATCH), app=table.app)
    def handle(args: dict[str, Any], caller: Any) -> Any:
        gate.pass_through(args["n"])
        return {"n": args["n"]}

    table.open()
    _wait_for_methods(peer, "Row0", "Row1")
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(peer.invoke, "Row0", {"n": n}, response_timeout=20) for n in (1, 2)]
        staying = pool.submit(peer.invoke, "Row1", {"n": 3}, response_timeout=20)
        eventually(lambda: len(gate.entered) == 2, lambda: f"both rows, but {gate.entered}")
        table.remove_the_oldest()
        for each in calls:
            with pytest.raises(InvocationError):
                each.result()
        gate.let(2)
        assert staying.result().returned == {"n": 3}
    _wait_for_methods(peer, "Row1")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pattern", ["MATCH", "ALL"])
def test_pat003_each_write_is_one_call_and_each_result_comes_once_while_rows_come_and_go(
    apps: Apps, peer: InteropClient, way: str, pattern: str
) -> None:
    gate = Gate()
    calls: Counter[Any] = Counter()
    results: Counter[Any] = Counter()
    table = Table(
        apps,
        way,
        lambda row: [
            MethodInvoke(id=_id("invoke", row)),
            html.Button("go", id=_id("go", row)),
            html.P("-", id=_id("shown", row)),
        ],
    )

    def count(n: int, held: bool) -> int:
        calls[n] += 1
        if held:
            gate.pass_through(n)
        return n

    peer.register("Count", count, concurrency=8)

    def note(result: Any) -> str:
        n = result["invocationResult"]["called_with"]["n"]
        results[n] += 1
        return str(n)

    if pattern == "MATCH":

        @table.app.callback(
            Output(_id("shown", MATCH), "children"),
            Input(_id("invoke", MATCH), "result"),
            prevent_initial_call=True,
        )
        def show(result: Any) -> Any:
            return no_update if result is None else note(result)

    else:

        @table.app.callback(
            Output("seen", "children"),
            Input(_id("invoke", ALL), "result"),
            prevent_initial_call=True,
        )
        def show_triggered(values: list[Any]) -> str:
            for each in ctx.triggered:
                if each["value"] is not None:
                    note(each["value"])
            return str(sum(results.values()))

    def write(row: int, n: int, *, held: bool = False) -> None:
        invoke = {"definition": "Count", "argumentObj": {"n": n, "held": held}}
        table.page.set_props(_id("invoke", row), invoke=invoke)

    table.open()
    for row in (0, 1):
        write(row, row)
    eventually(lambda: results == {0: 1, 1: 1}, lambda: f"two results, but {results}")
    # The calls of the row that goes are not taken back, and their results have no place.
    for row, n in ((0, 10), (1, 11), (1, 12)):
        write(row, n, held=True)
    eventually(lambda: len(gate.entered) == 3, lambda: f"three calls, but {gate.entered}")
    third = table.add()
    write(third, 13)
    table.remove_the_oldest()
    gate.let(3)
    write(1, 14)
    expected = {0: 1, 1: 1, 11: 1, 12: 1, 13: 1, 14: 1}
    eventually(lambda: results == expected, lambda: f"{expected}, but {results}")
    table.add()
    write(1, 15)
    eventually(lambda: results[15], lambda: f"a last result, but {results}")
    assert results == {**expected, 15: 1}
    assert calls == {**expected, 10: 1, 15: 1}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pattern", ["MATCH", "ALL"])
def test_pat004_each_event_reaches_each_row_once_while_rows_come_and_go(
    apps: Apps, peer: InteropClient, way: str, pattern: str
) -> None:
    seen: Counter[Any] = Counter()
    listed: dict[int, list[str]] = {}
    table = Table(
        apps,
        way,
        lambda row: [
            Discovery(id=_id("find", row), instance={"application": "peer"}),
            html.P("-", id=_id("shown", row)),
            html.P("-", id=_id("listed", row)),
        ],
    )

    def note(row: int, events: Any) -> None:
        for event in events or []:
            if event["type"] == "serverMethodAdded":
                seen[row, event["method"]["name"]] += 1

    if pattern == "MATCH":

        @table.app.callback(
            Output(_id("shown", MATCH), "children"),
            Input(_id("find", MATCH), "events"),
            prevent_initial_call=True,
        )
        def show(events: Any) -> str:
            triggered: Any = ctx.triggered_id
            note(triggered["row"], events)
            return str(len(events or []))

    else:

        @table.app.callback(
            Output("seen", "children"), Input(_id("find", ALL), "events"), prevent_initial_call=True
        )
        def show_triggered(_: Any) -> str:
            for each in ctx.triggered:
                row = ctx.triggered_prop_ids[each["prop_id"]]["row"]
                note(row, each["value"])
            return str(sum(seen.values()))

    @table.app.callback(
        Output(_id("listed", ALL), "children"),
        Input(_id("find", ALL), "methods"),
        State(_id("find", ALL), "id"),
    )
    def list_methods(values: list[Any], ids: list[Any]) -> list[str]:
        listed.clear()
        for id, methods in zip(ids, values, strict=True):
            listed[id["row"]] = [method["name"] for method in methods or []]
        return [str(len(methods or [])) for methods in values]

    def wait_for(expected: dict[int, list[str]]) -> None:
        for row, names in expected.items():
            eventually(
                lambda row=row, names=names: all(seen[row, name] for name in names),
                lambda row=row: f"{expected}, but {row} saw {seen}",
            )

    peer.register("M0", lambda: None)
    table.open()
    wait_for({0: ["M0"], 1: ["M0"]})
    third = table.add()
    peer.register("M1", lambda: None)
    table.remove_the_oldest()
    peer.register("M2", lambda: None)
    fourth = table.add()
    peer.register("M3", lambda: None)
    names = ["M0", "M1", "M2", "M3"]
    staying = (1, third, fourth)
    wait_for(dict.fromkeys(staying, names))
    eventually(lambda: listed == dict.fromkeys(staying, names), lambda: f"but {listed}")
    # What is seen again would come with the next change at the latest.
    table.add()
    peer.register("M4", lambda: None)
    wait_for(dict.fromkeys(staying, [*names, "M4"]))
    for row in staying:
        assert {name: seen[row, name] for name in names} == dict.fromkeys(names, 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pattern", ["MATCH", "ALL"])
def test_pat005_each_datum_reaches_each_row_once_while_rows_come_and_go(
    apps: Apps, peer: InteropClient, way: str, pattern: str
) -> None:
    gate = Gate()
    seen: dict[int, list[int]] = {}
    table = Table(
        apps,
        way,
        lambda row: [
            StreamSubscribe(id=_id("sub", row), definition="Ticks", arguments={"row": row}),
            html.P("-", id=_id("shown", row)),
        ],
    )

    def note(datum: Any) -> None:
        row, n = datum["requestArguments"]["row"], datum["data"]["n"]
        seen.setdefault(row, []).append(n)
        if (row, n) == (1, 5):
            gate.pass_through(n)

    if pattern == "MATCH":

        @table.app.callback(
            Output(_id("shown", MATCH), "children"),
            Input(_id("sub", MATCH), "data"),
            prevent_initial_call=True,
        )
        def show(datum: Any) -> Any:
            return no_update if datum is None else note(datum)

    else:

        @table.app.callback(
            Output("seen", "children"), Input(_id("sub", ALL), "data"), prevent_initial_call=True
        )
        def show_triggered(_: Any) -> str:
            for each in ctx.triggered:
                if each["value"] is not None:
                    note(each["value"])
            return str(seen)

    stream = peer.create_stream("Ticks")

    def wait_for_subscribers(*rows: int) -> None:
        def subscribed() -> list[Any]:
            return sorted(each.arguments["row"] for each in stream.subscriptions())

        eventually(lambda: subscribed() == list(rows), lambda: f"{rows}, but {subscribed()}")

    def push(*numbers: int) -> None:
        for n in numbers:
            stream.push({"n": n})

    table.open()
    wait_for_subscribers(0, 1)
    push(*range(10))
    eventually(lambda: gate.entered, lambda: f"a callback that is held, but {seen}")
    third = table.add()
    push(*range(10, 20))
    table.remove_the_oldest()
    wait_for_subscribers(1, third)
    push(*range(20, 30))
    gate.let()
    for row in (1, third):
        eventually(lambda row=row: seen.get(row, [])[-1:] == [29], lambda: f"all, but {seen}")
    assert seen[1] == list(range(30))
    assert seen[third] == list(range(seen[third][0], 30))
    assert seen[0] == list(range(len(seen[0])))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pattern", ["MATCH", "ALL"])
def test_pat006_rows_publish_to_their_own_subscribers_while_rows_come_and_go(
    apps: Apps, peer: InteropClient, way: str, pattern: str
) -> None:
    gate = Gate()
    added: Counter[Any] = Counter()
    asked: Counter[Any] = Counter()
    table = Table(
        apps,
        way,
        lambda row: [
            StreamPublish(id=_id("pub", row), definition=f"Row{row}"),
            html.P("-", id=_id("shown", row)),
        ],
    )

    def decide(n: int, held: bool) -> None:
        asked[n] += 1
        if held:
            gate.pass_through(n)

    def decision(request: Any) -> Any:
        decide(**request["arguments"])
        return {"requestId": request["requestId"], "accept": True}

    def note(subscription: Any) -> None:
        added[subscription["arguments"]["n"]] += 1

    if pattern == "MATCH":
        subscription_handler(_id("pub", MATCH), app=table.app)(decide)

        @table.app.callback(
            Output(_id("shown", MATCH), "children"),
            Input(_id("pub", MATCH), "subscriptionAdded"),
            prevent_initial_call=True,
        )
        def show(subscription: Any) -> Any:
            return no_update if subscription is None else note(subscription)

    else:

        @table.app.callback(
            Output(_id("pub", ALL), "decision"),
            Input(_id("pub", ALL), "request"),
            prevent_initial_call=True,
        )
        def decide_triggered(requests: list[Any]) -> list[Any]:
            values = [each["value"] for each in ctx.triggered]
            return [
                decision(request) if request and request in values else no_update
                for request in requests
            ]

        @table.app.callback(
            Output("seen", "children"),
            Input(_id("pub", ALL), "subscriptionAdded"),
            prevent_initial_call=True,
        )
        def show_triggered(_: Any) -> str:
            for each in ctx.triggered:
                if each["value"] is not None:
                    note(each["value"])
            return str(sum(added.values()))

    def subscribe(row: int, n: int, *, held: bool = False) -> Any:
        return peer.subscribe(f"Row{row}", {"n": n, "held": held})

    def push(row: int, n: int) -> None:
        table.page.set_props(_id("pub", row), push={"data": {"n": n}})

    table.open()
    _wait_for_methods(peer, "Row0", "Row1")
    going, staying = subscribe(0, 0), subscribe(1, 1)
    push(1, 1)
    with ThreadPoolExecutor() as pool:
        coming = pool.submit(subscribe, 1, 2, held=True)
        eventually(lambda: gate.entered == [2], lambda: f"a request, but {gate.entered}")
        third = table.add()
        push(1, 2)
        table.remove_the_oldest()
        eventually(lambda: going.state == "closed", "its row is gone")
        gate.let()
        late = coming.result()
    _wait_for_methods(peer, "Row1", f"Row{third}")
    new = subscribe(third, 3)
    push(1, 3)
    push(third, 4)
    assert [staying.get(timeout=10).data["n"] for _ in range(3)] == [1, 2, 3]
    assert late.get(timeout=10).data["n"] == 3
    assert new.get(timeout=10).data["n"] == 4
    expected = dict.fromkeys(range(4), 1)
    eventually(lambda: added == expected, lambda: f"{expected}, but {added}")
    table.add()
    push(1, 5)
    for subscription in (staying, late):
        assert subscription.get(timeout=10).data["n"] == 5
    assert (asked, added) == (expected, expected)
