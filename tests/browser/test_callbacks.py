"""Handlers in every form that Dash gives callbacks."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from dash import Input, Output, ctx, html, no_update, set_props

from dash_interop import MethodInvoke, MethodRegister
from tests.support.apps_parts import answer, handle
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually

BOTH = """
    const [first, second, count] = args;
    const numbers = [...Array(count).keys()];
    const outcomes = await Promise.all(numbers.flatMap((n) => [
        interop.invoke(first, {n}), interop.invoke(second, {n})]));
    return outcomes.map(({returned}) => `${returned.method} ${returned.n}`);
"""


def call_both(caller: Page, first: str, second: str, count: int) -> list[str]:
    caller.wait_for_servers(first, 1)
    caller.wait_for_servers(second, 1)
    return caller.run(BOTH, first, second, count)


def test_call001_one_callback_may_handle_two_methods(apps: Apps) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="one", definition="One", returns=True),
        MethodRegister(id="two", definition="Two", returns=True),
    )

    @app.callback(
        Output("one", "result"),
        Output("two", "result"),
        Input("one", "invoke"),
        Input("two", "invoke"),
        prevent_initial_call=True,
    )
    def handler(one: Any, two: Any) -> Any:
        triggered = set(ctx.triggered_prop_ids.values())
        return (
            answer(one, method="One", n=one["args"]["n"]) if "one" in triggered else no_update,
            answer(two, method="Two", n=two["args"]["n"]) if "two" in triggered else no_update,
        )

    apps.open(app)
    expected = [f"{method} {n}" for n in range(10) for method in ("One", "Two")]
    assert call_both(apps.caller(), "One", "Two", 10) == expected


def test_call002_two_methods_may_update_one_component(apps: Apps) -> None:
    seen: list[str] = []
    app = apps.make(
        "provider",
        MethodRegister(id="one", definition="One", returns=False),
        MethodRegister(id="two", definition="Two", returns=False),
        html.P(id="shown"),
    )

    @app.callback(
        Output("shown", "children"),
        Input("one", "invoke"),
        Input("two", "invoke"),
        prevent_initial_call=True,
    )
    def handler(one: Any, two: Any) -> Any:
        for component in set(ctx.triggered_prop_ids.values()):
            invoke = one if component == "one" else two
            seen.append(f"{component} {invoke['args']['n']}")
        return len(seen)

    page = apps.open(app)
    caller = apps.caller()
    for method in ("One", "Two"):
        caller.wait_for_servers(method, 1)
    caller.js(
        "const {interop} = window.glue42dash.glueInstance;"
        "for (let n = 0; n < 20; n += 1) {"
        "    interop.invoke('One', {n}); interop.invoke('Two', {n});"
        "}"
    )
    page.wait_for_text("shown", "40")
    for component in ("one", "two"):
        own = [entry for entry in seen if entry.startswith(component)]
        assert own == [f"{component} {n}" for n in range(20)]


def test_call003_the_results_of_two_components_may_go_to_one_callback(apps: Apps) -> None:
    seen: list[str] = []
    app = apps.make(
        "consumer",
        MethodInvoke(id="one"),
        MethodInvoke(id="two"),
        html.P(id="count"),
    )

    @app.callback(
        Output("count", "children"),
        Input("one", "result"),
        Input("two", "result"),
        prevent_initial_call=True,
    )
    def collect(one: Any, two: Any) -> int:
        for component in set(ctx.triggered_prop_ids.values()):
            result = one if component == "one" else two
            seen.append(f"{component} {result['invocationResult']['returned']['n']}")
        return len(seen)

    provider = apps.caller("provider")
    provider.run("await interop.register('Echo', (args) => args);")
    page = apps.open(app)
    page.wait_for_servers("Echo", 1)
    page.js(
        "for (let n = 0; n < 10; n += 1) for (const id of ['one', 'two'])"
        "    dash_clientside.set_props(id, {invoke: {definition: 'Echo', argumentObj: {n}}});"
    )
    page.wait_for_text("count", "20")
    for component in ("one", "two"):
        own = [entry for entry in seen if entry.startswith(component)]
        assert own == [f"{component} {n}" for n in range(10)]


def test_call004_handlers_may_run_in_the_browser(apps: Apps) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="sync", definition="Sync", returns=True),
        MethodRegister(id="async", definition="Async", returns=True),
    )
    answer_js = (
        "({invocationId: invoke.invocationId, invocationResult: {method: '%s', n: invoke.args.n}})"
    )
    for component, wrapped in (
        ("sync", f"(invoke) => invoke ? {answer_js % 'Sync'} : null"),
        (
            "async",
            "(invoke) => new Promise((resolve) => setTimeout(() =>"
            f" resolve(invoke ? {answer_js % 'Async'} : null), 5))",
        ),
    ):
        app.clientside_callback(wrapped, Output(component, "result"), Input(component, "invoke"))
    apps.open(app)
    expected = [f"{method} {n}" for n in range(20) for method in ("Sync", "Async")]
    assert call_both(apps.caller(), "Sync", "Async", 20) == expected


def test_call005_handlers_may_answer_with_set_props(apps: Apps) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="one", definition="One", returns=True),
        MethodRegister(id="two", definition="Two", returns=True),
        html.P(id="shown"),
    )

    @app.callback(Input("one", "invoke"), prevent_initial_call=True)
    def without_output(invoke: Any) -> None:
        set_props("one", {"result": answer(invoke, method="One", n=invoke["args"]["n"])})

    @app.callback(Output("shown", "children"), Input("two", "invoke"), prevent_initial_call=True)
    def with_another_output(invoke: Any) -> Any:
        set_props("two", {"result": answer(invoke, method="Two", n=invoke["args"]["n"])})
        return invoke["args"]["n"]

    page = apps.open(app)
    expected = [f"{method} {n}" for n in range(10) for method in ("One", "Two")]
    assert call_both(apps.caller(), "One", "Two", 10) == expected
    page.wait_for_text("shown", "9")


def test_call006_outputs_while_a_handler_runs_are_no_answer(apps: Apps) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="slow", definition="Slow", returns=True),
        html.Button("Busy", id="button"),
    )

    @app.callback(
        Output("slow", "result"),
        Input("slow", "invoke"),
        running=[(Output("button", "disabled"), True, False)],
        prevent_initial_call=True,
    )
    def slow(invoke: Any) -> Any:
        return answer(invoke, n=invoke["args"]["n"])

    page = apps.open(app)
    caller = apps.caller()
    caller.wait_for_servers("Slow", 1)
    returned = caller.run(
        "return await Promise.all([...Array(10).keys()].map((n) =>"
        "    interop.invoke('Slow', {n}).then(({returned}) => returned.n)));"
    )
    assert returned == list(range(10))
    eventually(
        lambda: page.js("return document.getElementById('button').disabled") is False,
        "the button works again",
    )


def test_call007_a_user_who_clicks_while_a_handler_runs_leaves_no_caller_waiting(
    apps: Apps,
) -> None:
    # The callback is requested again while it runs, and Dash drops the outputs of the first run.
    entered, proceed = threading.Event(), threading.Event()
    app = apps.make(
        "provider",
        MethodRegister(id="slow", definition="Slow", returns=True),
        html.Button("Refresh", id="refresh"),
        html.P(id="refreshed"),
    )

    @app.callback(
        Output("slow", "result"),
        Output("refreshed", "children"),
        Input("slow", "invoke"),
        Input("refresh", "n_clicks"),
        prevent_initial_call=True,
    )
    def slow(invoke: Any, clicks: Any) -> Any:
        if ctx.triggered_id == "refresh":
            return no_update, clicks
        entered.set()
        assert proceed.wait(20)
        return answer(invoke, done=True), no_update

    page = apps.open(app)
    caller = apps.caller()
    pending = caller.start("Slow")
    assert entered.wait(10)
    page.click("refresh")
    page.wait_for_text("refreshed", "1")
    proceed.set()
    # Dash has dropped the answer, and the caller hears of it long before the timeout.
    outcome = pending.wait()
    assert outcome["error"] == "The handler returned no result"
    assert outcome["milliseconds"] < 5000
    assert caller.invoke("Slow") == {"done": True}


@pytest.mark.every_engine
def test_call008_large_and_strange_arguments_arrive_as_they_are(apps: Apps) -> None:
    app = apps.make("provider", MethodRegister(id="echo", definition="Echo", returns=True))
    handle(app, "echo", lambda invoke: answer(invoke, **invoke["args"]))
    apps.open(app)
    caller = apps.caller()
    strange = {
        "text": "ä€😀\u2028\u0000\\\"'</script>",
        "numbers": [0, -1, 1.5, 1e300, 2**53 - 1],
        "nested": {"a": {"b": {"c": [[], {}, None, True]}}},
        "": "an empty key",
        "__proto__x": 1,
    }
    assert caller.invoke("Echo", strange) == strange
    large = {"text": "x" * 2_000_000}
    assert caller.invoke("Echo", large) == large
