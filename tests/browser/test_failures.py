"""What goes wrong is told to the caller, and the next invocation runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dash import Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from dash_interop import MethodRegister
from tests.support.apps_parts import Gate, answer, handle
from tests.support.apps_serving import backends
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually

NO_RESULT = "The handler returned no result"
LONG = 20_000
"""Milliseconds that no failure here may take: the callers hear at once."""


def raises(_: Any) -> Any:
    raise ValueError("a secret of the server")


def prevents_the_update(_: Any) -> Any:
    raise PreventUpdate


FAILURES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "raises": (
        raises,
        "The Dash server answered the callback with 500: its log says why",
    ),
    "prevents the update": (prevents_the_update, NO_RESULT),
    "returns no_update": (lambda _: no_update, NO_RESULT),
    "returns None": (lambda _: None, NO_RESULT),
    "returns another id": (
        lambda _: {"invocationId": "another", "invocationResult": {}},
        'The handler answered with the invocationId "another" instead of the '
        "invocation's invocationId",
    ),
    "returns no id": (
        lambda _: {"invocationResult": {"n": 1}},
        "The handler answered with no invocationId instead of the invocation's invocationId",
    ),
    "returns a text": (
        lambda _: "a result",
        "The handler answered with no invocationId instead of the invocation's invocationId",
    ),
    "returns a number": (
        lambda _: 42,
        "The handler answered with no invocationId instead of the invocation's invocationId",
    ),
    "returns a list of numbers": (
        lambda _: [1, 2],
        "The handler answered with no invocationId instead of the invocation's invocationId",
    ),
    "returns an error that is a text": (
        lambda invoke: {"invocationId": invoke["invocationId"], "error": "no"},
        "no",
    ),
    "returns an error without a message": (
        lambda invoke: {"invocationId": invoke["invocationId"], "error": {"code": 7}},
        "The handler failed without saying why",
    ),
}


@pytest.mark.parametrize("backend", backends())
@pytest.mark.every_engine
def test_fail001_every_way_in_which_a_handler_fails_is_told_at_once(
    apps: Apps, backend: str
) -> None:
    app = apps.make(
        "provider",
        MethodRegister(
            id="handler", definition="Fail", returns=True, methodResponseTimeoutMs=2 * LONG
        ),
        backend=backend,
    )

    def handler(invoke: Any) -> Any:
        way = invoke["args"].get("way")
        return answer(invoke, fine=True) if way is None else FAILURES[way][0](invoke)

    handle(app, "handler", handler)
    apps.browser.allow_failing_callbacks()
    apps.open(app)
    caller = apps.caller()
    assert caller.invoke("Fail") == {"fine": True}
    for way, (_, message) in FAILURES.items():
        failed = caller.start("Fail", {"way": way})
        # Already waiting in the queue behind it.
        following = caller.start("Fail")
        assert failed.wait()["error"] == message, way
        assert failed.outcome["milliseconds"] < LONG / 4
        assert following.wait()["returned"] == {"fine": True}, way
    warnings = "\n".join(apps.browser.console("WARNING"))
    assert 'a result with the invocationId "another" has no effect' in warnings
    assert "MethodRegister handler" in warnings
    assert "a secret of the server" not in "\n".join(apps.browser.console())


def test_fail002_a_method_without_a_handler_says_so_at_once(apps: Apps) -> None:
    app = apps.make("provider", MethodRegister(id="none", definition="Nothing", returns=True))
    apps.open(app)
    failed = apps.caller().start("Nothing")
    assert failed.wait()["error"].startswith("The method has no handler")
    assert failed.outcome["milliseconds"] < LONG / 4


def test_fail003_an_answer_for_somebody_else_reaches_nobody(apps: Apps) -> None:
    ids: list[str] = []
    app = apps.make("provider", MethodRegister(id="handler", definition="Mixed", returns=True))

    def handler(invoke: Any) -> Any:
        ids.append(invoke["invocationId"])
        given = ids[0] if invoke["args"].get("stale") else ids[-1]
        return {"invocationId": given, "invocationResult": {"n": invoke["args"]["n"]}}

    handle(app, "handler", handler)
    apps.open(app)
    caller, other = apps.caller("one"), apps.caller("two")
    assert caller.invoke("Mixed", {"n": 1}) == {"n": 1}
    assert "instead of the invocation's" in other.invoke_error("Mixed", {"n": 2, "stale": True})
    assert caller.invoke("Mixed", {"n": 3}) == {"n": 3}


def test_fail004_a_late_answer_is_dropped_and_the_next_caller_gets_its_own(apps: Apps) -> None:
    gate = Gate()
    app = apps.make(
        "provider",
        MethodRegister(id="slow", definition="Slow", returns=True, methodResponseTimeoutMs=300),
    )

    def slow(invoke: Any) -> Any:
        if invoke["args"]["n"] == 1:
            gate.pass_through(1)
        return answer(invoke, n=invoke["args"]["n"])

    handle(app, "slow", slow)
    apps.open(app)
    caller = apps.caller()
    assert caller.invoke_error("Slow", {"n": 1}) == "The handler did not answer within 300 ms"
    assert caller.invoke("Slow", {"n": 2}) == {"n": 2}
    gate.let()
    for n in range(3, 6):
        assert caller.invoke("Slow", {"n": n}) == {"n": n}


def test_fail005_an_answer_may_come_through_a_chain_of_callbacks(apps: Apps) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="chained", definition="Chained", returns=True),
        dcc.Store(id="first"),
        dcc.Store(id="second"),
    )

    @app.callback(Output("first", "data"), Input("chained", "invoke"))
    def start(invoke: Any) -> Any:
        return no_update if invoke is None else {"for": invoke["invocationId"], "steps": 1}

    @app.callback(Output("second", "data"), Input("first", "data"))
    def go_on(data: Any) -> Any:
        return no_update if data is None else {**data, "steps": 2}

    @app.callback(Output("chained", "result"), Input("second", "data"))
    def finish(data: Any) -> Any:
        if data is None:
            raise PreventUpdate
        return {"invocationId": data["for"], "invocationResult": {"steps": data["steps"] + 1}}

    apps.open(app)
    caller = apps.caller()
    caller.wait_for_servers("Chained", 1)
    assert [caller.invoke("Chained") for _ in range(3)] == 3 * [{"steps": 3}]


def test_fail006_a_human_may_take_the_time_to_answer(apps: Apps) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="approve", definition="Approve", returns=True),
        html.P(id="question"),
        html.Button("Yes", id="yes"),
    )

    @app.callback(Output("question", "children"), Input("approve", "invoke"))
    def ask(invoke: Any) -> Any:
        return no_update if invoke is None else invoke["args"]["question"]

    @app.callback(
        Output("approve", "result"),
        Input("yes", "n_clicks"),
        State("approve", "invoke"),
        prevent_initial_call=True,
    )
    def agree(clicks: int, invoke: Any) -> Any:
        return answer(invoke, approved=True, clicks=clicks)

    page = apps.open(app)
    caller = apps.caller()
    first = caller.start("Approve", {"question": "Buy?"})
    second = caller.start("Approve", {"question": "Sell?"})
    page.wait_for_text("question", "Buy?")
    assert first.outcome == {} and second.outcome == {}
    page.click("yes")
    assert first.wait()["returned"] == {"approved": True, "clicks": 1}
    page.wait_for_text("question", "Sell?")
    assert second.outcome == {}
    page.click("yes")
    assert second.wait()["returned"] == {"approved": True, "clicks": 2}


def slow_provider(apps: Apps, gate: Gate, *children: Any) -> Page:
    app = apps.make(
        "provider", MethodRegister(id="slow", definition="Slow", returns=True), *children
    )

    def slow(invoke: Any) -> Any:
        gate.pass_through((invoke["caller"]["application"], invoke["args"]["n"]))
        return answer(invoke, n=invoke["args"]["n"])

    handle(app, "slow", slow)
    return apps.open(app)


def test_fail007_a_caller_that_goes_takes_its_invocations_along_and_nobody_elses(
    apps: Apps,
) -> None:
    gate = Gate()
    page = slow_provider(apps, gate)
    leaving, staying = apps.caller("leaving"), apps.caller("staying")
    leaving.start("Slow", {"n": 1})
    eventually(lambda: gate.entered, "the first one is being handled")
    # The queue: leaving 2, staying 3, leaving 4, staying 5.
    pending = []
    for caller, n in ((leaving, 2), (staying, 3), (leaving, 4), (staying, 5)):
        pending.append(caller.start("Slow", {"n": n}))
    page.js(
        "window.left = 0;"
        "window.glue42dash.glueInstance.interop.serverRemoved(() => { window.left += 1; });"
    )
    leaving.close()
    eventually(lambda: page.js("return window.left") == 1, "the provider knows that one left")
    gate.let(9)
    assert pending[1].wait()["returned"] == {"n": 3}
    assert pending[3].wait()["returned"] == {"n": 5}
    assert gate.entered == [("leaving", 1), ("staying", 3), ("staying", 5)]
    assert staying.invoke("Slow", {"n": 6}) == {"n": 6}


@pytest.mark.every_engine
def test_fail008_callers_hear_at_once_that_the_page_of_the_provider_was_closed(
    apps: Apps, record_property: Callable[[str, object], None]
) -> None:
    gate = Gate()
    page = slow_provider(apps, gate)
    caller = apps.caller()
    pending = [caller.start("Slow", {"n": n}) for n in range(3)]
    eventually(lambda: gate.entered, "the first one is being handled")
    before = caller.js("return performance.now()")
    page.close()
    for one in pending:
        assert one.wait()["error"]
    after = caller.js("return performance.now()")
    gate.let(9)
    record_property("milliseconds_until_the_caller_heard", after - before)
    print(f"the caller heard after {after - before:.0f} ms")  # noqa: T201
    assert after - before < 2000
    assert caller.servers("Slow") == []


def test_fail009_callers_hear_that_the_component_was_removed(apps: Apps) -> None:
    gate = Gate()
    app = apps.make(
        "provider",
        html.Div(MethodRegister(id="slow", definition="Slow", returns=True), id="place"),
        html.Button("Remove", id="remove"),
    )

    @app.callback(
        Output("place", "children"), Input("remove", "n_clicks"), prevent_initial_call=True
    )
    def remove(_: Any) -> Any:
        return []

    def slow(invoke: Any) -> Any:
        gate.pass_through(invoke["args"]["n"])
        return answer(invoke)

    handle(app, "slow", slow)
    page = apps.open(app)
    caller = apps.caller()
    pending = [caller.start("Slow", {"n": n}) for n in range(2)]
    eventually(lambda: gate.entered, "the first one is being handled")
    page.click("remove")
    for one in pending:
        assert one.wait()["error"] == "The MethodRegister was removed from the layout"
    gate.let(9)
    caller.wait_for_servers("Slow", 0)
    assert gate.entered == [0]


def test_fail010_a_handler_that_updates_the_page_may_fail_and_the_queue_goes_on(
    apps: Apps,
) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="void", definition="Void", returns=False),
        html.P(id="shown"),
    )

    @app.callback(Output("shown", "children"), Input("void", "invoke"))
    def handler(invoke: Any) -> Any:
        if invoke is None or invoke["args"]["n"] == 1:
            raise PreventUpdate
        if invoke["args"]["n"] == 2:
            raise ValueError("two")
        if invoke["args"]["n"] == 3:
            return None
        return str(invoke["args"]["n"])

    apps.browser.allow_failing_callbacks()
    page = apps.open(app)
    caller = apps.caller()
    for n in range(1, 5):
        assert caller.invoke("Void", {"n": n}) == {}
    page.wait_for_text("shown", "4")
