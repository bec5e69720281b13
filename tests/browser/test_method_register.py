"""MethodRegister: offering methods, and what reaches their handlers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import Input, Output, ctx, html

from dash_interop import MethodInvoke, MethodRegister
from dash_interop.types import DefinitionDict
from tests.support.apps_parts import Gate, answer, handle, record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import eventually

DEFINITION: DefinitionDict = {
    "name": "Quote",
    "accepts": "string symbol, int? depth",
    "returns": "double price",
    "displayName": "Get a quote",
    "description": "Looks up the last price",
    "objectTypes": ["Instrument", "Party"],
    "version": 3,
}


def test_reg001_methods_and_their_definitions_are_discovered_by_other_pages(apps: Apps) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="by-name", definition="Plain", returns=True),
        MethodRegister(id="by-dict", definition=DEFINITION, returns=True),
    )
    apps.open(app)
    caller = apps.caller()
    caller.wait_for_servers("Plain", 1)
    caller.wait_for_servers("Quote", 1)
    found = caller.run(
        "return interop.methods({name: 'Quote'}).map((method) =>"
        "    Object.fromEntries(args[0].map((field) => [field, method[field]])))",
        list(DEFINITION),
    )
    assert found == [DEFINITION]
    assert caller.servers("Quote") == ["provider"]


def test_reg002_the_invoke_prop_is_none_first_and_then_id_args_and_caller(apps: Apps) -> None:
    seen: dict[str, list[Any]] = {"returning": [], "void": []}
    app = apps.make(
        "provider",
        MethodRegister(id="returning", definition="Returning", returns=True),
        MethodRegister(id="void", definition="Void", returns=False),
        html.P(id="shown"),
    )

    @app.callback(Output("returning", "result"), Input("returning", "invoke"))
    def returning(invoke: Any) -> Any:
        seen["returning"].append(invoke)
        return None if invoke is None else answer(invoke)

    @app.callback(Output("shown", "children"), Input("void", "invoke"))
    def void(invoke: Any) -> Any:
        seen["void"].append(invoke)
        return None if invoke is None else "called"

    page = apps.open(app)
    caller = apps.caller("the caller")
    for method in ("Returning", "Void"):
        assert caller.invoke(method) == {}
        assert caller.invoke(method, {"a": 1, "b": [{"c": None}]}) == {}
    page.wait_for_text("shown", "called")
    eventually(lambda: len(seen["void"]) == 3, "the void method was handled twice")

    ids = []
    for values in seen.values():
        assert values[0] is None
        invocations = values[1:]
        assert [set(one) for one in invocations] == 2 * [{"invocationId", "args", "caller"}]
        assert [one["args"] for one in invocations] == [{}, {"a": 1, "b": [{"c": None}]}]
        for one in invocations:
            assert one["caller"]["application"] == "the caller"
            assert one["caller"]["user"] == "local"
            assert one["caller"]["instance"]
            ids.append(one["invocationId"])
    assert all(isinstance(one, str) and one for one in ids)
    assert len(set(ids)) == 4


def test_reg003_callers_of_a_void_method_do_not_wait_for_the_handler(apps: Apps) -> None:
    gate = Gate()
    app = apps.make("provider", MethodRegister(id="void", definition="Void", returns=False))

    @app.callback(Input("void", "invoke"))
    def handler(invoke: Any) -> None:
        if invoke is not None:
            gate.pass_through(invoke["args"]["n"])

    apps.open(app)
    caller = apps.caller()
    for n in range(3):
        assert caller.invoke("Void", {"n": n}) == {}
    eventually(lambda: gate.entered, "the first invocation reached the handler")
    assert gate.entered == [0]
    gate.let(3)
    eventually(lambda: gate.entered == [0, 1, 2], lambda: f"all were handled: {gate.entered}")


def test_reg004_the_error_prop_says_why_a_method_is_not_registered(apps: Apps) -> None:
    errors: dict[str, list[Any]] = {"first": [], "second": []}
    needs_a_name = "The definition needs a name, a non-empty string"
    refused: dict[str, tuple[Any, str]] = {
        "no-name": ({"description": "nameless"}, needs_a_name),
        "empty": ("", needs_a_name),
        "number": ({"name": 5}, needs_a_name),
        "version": (
            {"name": "Versioned", "version": "1"},
            "The version of method Versioned has to be a number",
        ),
    }
    apps.browser.allow_in_console(
        "dash_interop: MethodRegister (second|no-name|empty|number|version)"
    )
    app = apps.make(
        "provider",
        *[MethodRegister(id=key, definition="Twice", returns=True) for key in errors],
        *[MethodRegister(id=key, definition=key, returns=True) for key in refused],
        html.Button("Mend", id="mend"),
    )
    for key in ("first", "second", *refused):
        record(app, key, "error", errors.setdefault(key, []))

    @app.callback(
        Output("empty", "definition"), Input("mend", "n_clicks"), prevent_initial_call=True
    )
    def mend(_: Any) -> str:
        return "Mended"

    handle(app, "empty", lambda invoke: answer(invoke, mended=True))
    page = apps.open(app)

    def said(key: str) -> str:
        error = eventually(lambda: errors[key] and errors[key][-1], f"{key} is refused")
        return error["message"]

    assert "Twice" in said("second")
    for key, (definition, message) in refused.items():
        # As a clientside callback may: in Python such a definition is refused at once.
        page.set_props(key, definition=definition)
        assert said(key) == message
    assert errors["first"] == [None]

    page.click("mend")
    eventually(lambda: errors["empty"][-1] is None, "the error is cleared")
    caller = apps.caller()
    assert caller.invoke("Mended") == {"mended": True}
    assert caller.servers("Twice") == ["provider"]
    assert [key for key in refused if caller.servers(key)] == []


def test_reg005_a_value_written_to_invoke_by_somebody_else_disturbs_nothing(apps: Apps) -> None:
    seen = []
    app = apps.make("provider", MethodRegister(id="echo", definition="Echo", returns=True))

    def echo(invoke: Any) -> Any:
        seen.append(invoke["args"])
        return answer(invoke, **invoke["args"])

    handle(app, "echo", echo)
    page = apps.open(app)
    caller = apps.caller()
    assert caller.invoke("Echo", {"n": 1}) == {"n": 1}
    page.set_props("echo", invoke={"invocationId": "forged", "args": {"n": 2}, "caller": {}})
    assert caller.invoke("Echo", {"n": 3}) == {"n": 3}
    assert seen == [{"n": 1}, {"n": 3}]
    warnings = "\n".join(apps.browser.console("WARNING"))
    assert "echo: its invoke property is set by the library" in warnings


def test_reg006_the_caller_hears_when_the_response_time_is_up(apps: Apps) -> None:
    gate = Gate()
    app = apps.make(
        "provider",
        MethodRegister(id="slow", definition="Slow", returns=True, methodResponseTimeoutMs=400),
    )

    def slow(invoke: Any) -> Any:
        gate.pass_through(invoke["args"]["n"])
        return answer(invoke, n=invoke["args"]["n"])

    handle(app, "slow", slow)
    apps.open(app)
    caller = apps.caller()
    first = caller.start("Slow", {"n": 1})
    second = caller.start("Slow", {"n": 2})
    assert first.wait()["error"] == "The handler did not answer within 400 ms"
    assert first.outcome["milliseconds"] >= 390
    # Its time ran while it waited, so it ends with the first one and does not run.
    assert second.wait()["error"] in (
        "The invocation waited 400 ms for its turn and was not run",
        "The handler did not answer within 400 ms",
    )
    assert second.outcome["milliseconds"] < 1000
    gate.let(9)
    assert caller.invoke("Slow", {"n": 3}) == {"n": 3}
    assert 1 in gate.entered and 3 in gate.entered


def test_reg007_an_invocation_whose_time_is_up_while_it_waits_is_never_run(apps: Apps) -> None:
    gate = Gate()
    app = apps.make(
        "provider",
        MethodRegister(id="slow", definition="Slow", returns=True, methodResponseTimeoutMs=3000),
        html.Button("Hurry", id="hurry"),
    )

    def slow(invoke: Any) -> Any:
        gate.pass_through(invoke["args"]["n"])
        return answer(invoke, n=invoke["args"]["n"])

    handle(app, "slow", slow)

    @app.callback(
        Output("slow", "methodResponseTimeoutMs"),
        Input("hurry", "n_clicks"),
        prevent_initial_call=True,
    )
    def hurry(_: Any) -> int:
        return 300

    timeouts: list[Any] = []
    record(app, "slow", "methodResponseTimeoutMs", timeouts)
    page = apps.open(app)
    caller = apps.caller()
    first = caller.start("Slow", {"n": 1})
    eventually(lambda: gate.entered == [1], "the first one is being handled")
    page.click("hurry")
    eventually(lambda: timeouts == [3000, 300], "the shorter time holds")
    second = caller.start("Slow", {"n": 2})
    assert "waited 300 ms for its turn" in second.wait()["error"]
    assert first.outcome == {}
    gate.let(9)
    assert first.wait()["returned"] == {"n": 1}
    assert caller.invoke("Slow", {"n": 3}) == {"n": 3}
    assert gate.entered == [1, 3]


@pytest.mark.parametrize("timeout", [0, -5, "soon"])
def test_reg008_a_method_whose_response_time_is_no_positive_number_is_not_offered(
    apps: Apps, timeout: Any
) -> None:
    errors: list[Any] = []
    app = apps.make("provider", MethodRegister(id="quick", definition="Quick", returns=True))
    handle(app, "quick", lambda invoke: answer(invoke, done=True))
    record(app, "quick", "error", errors)
    page = apps.open(app)
    caller = apps.caller()
    assert caller.invoke("Quick") == {"done": True}
    # As a callback may: in Python such a time is refused at once.
    apps.browser.allow_in_console("dash_interop: MethodRegister quick: methodResponseTimeoutMs")
    page.set_props("quick", methodResponseTimeoutMs=timeout)
    message = "methodResponseTimeoutMs has to be a positive number of milliseconds"
    eventually(lambda: errors[1:], "the time is refused")
    assert errors[1:] == [{"message": f"{message}, not {json.dumps(timeout)}"}]
    caller.wait_for_servers("Quick", 0)
    page.set_props("quick", methodResponseTimeoutMs=None)
    caller.wait_for_servers("Quick", 1)
    assert caller.invoke("Quick") == {"done": True}
    eventually(lambda: errors[-1] is None, "the error is cleared")


def test_reg009_invocations_of_one_method_run_one_by_one_and_other_methods_go_on(
    apps: Apps,
) -> None:
    gate = Gate()
    app = apps.make(
        "provider",
        MethodRegister(id="slow", definition="Slow", returns=True),
        MethodRegister(id="quick", definition="Quick", returns=True),
    )

    def slow(invoke: Any) -> Any:
        gate.pass_through(invoke["args"]["n"])
        return answer(invoke, n=invoke["args"]["n"])

    handle(app, "slow", slow)
    handle(app, "quick", lambda invoke: answer(invoke, quick=True))
    apps.open(app)
    caller = apps.caller()
    pending = [caller.start("Slow", {"n": n}) for n in range(3)]
    for n in range(3):
        eventually(lambda n=n: len(gate.entered) > n, f"invocation {n} is being handled")
        assert caller.invoke("Quick") == {"quick": True}
        assert gate.entered == list(range(n + 1))
        assert [bool(one.outcome) for one in pending] == [i < n for i in range(3)]
        gate.let()
        assert pending[n].wait()["returned"] == {"n": n}


@pytest.mark.every_engine
def test_reg010_removing_the_component_or_changing_its_definition_withdraws_the_method(
    apps: Apps,
) -> None:
    app = apps.make(
        "provider",
        html.Div(id="place"),
        html.Div(id="sent"),
        *[html.Button(name, id=name) for name in ("show", "hide", "send")],
    )

    @app.callback(
        Output("place", "children"),
        Input("show", "n_clicks"),
        Input("hide", "n_clicks"),
        prevent_initial_call=True,
    )
    def show(*_: Any) -> Any:
        if ctx.triggered_id == "hide":
            return []
        return [MethodRegister(id="method", definition={"name": "Old"}, returns=True)]

    @app.callback(
        Output("method", "definition"),
        Output("sent", "children"),
        Input("send", "n_clicks"),
        prevent_initial_call=True,
    )
    def send(clicks: int) -> Any:
        return {"name": "New", "description": "renamed"}, clicks

    handle(app, "method", lambda invoke: answer(invoke, done=True))
    page = apps.open(app)
    caller = apps.caller()
    caller.js(
        "window.changes = [];"
        "const {interop} = window.glue42dash.glueInstance;"
        "interop.serverMethodAdded(({method}) => changes.push(`+${method.name}`));"
        "interop.serverMethodRemoved(({method}) => changes.push(`-${method.name}`));"
    )

    def changes() -> list[str]:
        return caller.js("return window.changes")

    page.click("show")
    assert caller.invoke("Old") == {"done": True}
    page.click("send")
    assert caller.invoke("New") == {"done": True}
    eventually(lambda: sorted(changes()) == ["+New", "+Old", "-Old"], lambda: str(changes()))
    # An equal definition is no change.
    page.click("send")
    page.wait_for_text("sent", "2")
    assert caller.invoke("New") == {"done": True}
    assert sorted(changes()) == ["+New", "+Old", "-Old"]
    page.click("hide")
    caller.wait_for_servers("New", 0)
    page.click("show")
    assert caller.invoke("Old") == {"done": True}


def test_reg011_a_page_can_call_the_methods_it_offers(apps: Apps) -> None:
    results: list[Any] = []
    app = apps.make(
        "both",
        MethodRegister(id="echo", definition="Echo", returns=True),
        MethodInvoke(id="invoke"),
    )
    handle(app, "echo", lambda invoke: answer(invoke, **invoke["args"]))
    record(app, "invoke", "result", results)
    page = apps.open(app)
    page.set_props("invoke", invoke={"definition": "Echo", "argumentObj": {"n": 1}})
    eventually(lambda: len(results) == 2, "the result has arrived")
    assert results[1]["invocationResult"]["returned"] == {"n": 1}
    assert results[1]["invocationResult"]["executed_by"]["application"] == "both"


def test_reg012_results_that_are_no_dicts_are_wrapped(apps: Apps) -> None:
    app = apps.make("provider", MethodRegister(id="any", definition="Any", returns=True))

    def handler(invoke: Any) -> Any:
        value = invoke["args"]["value"]
        return {"invocationId": invoke["invocationId"], "invocationResult": value}

    handle(app, "any", handler)
    apps.open(app)
    caller = apps.caller()
    for value in (5, 0, "text", "", [1, 2], True, False):
        assert caller.invoke("Any", {"value": value}) == {"_value": value}
    assert caller.invoke("Any", {"value": None}) == {}
    deep = {"a": [{"b": [1, None, "ä€😀"]}], "t": 1.5}
    assert caller.invoke("Any", {"value": deep}) == deep


def test_reg013_returns_has_to_be_given() -> None:
    with pytest.raises(TypeError, match="returns"):
        MethodRegister(id="sum", definition="Sum")  # pyright: ignore[reportCallIssue]
