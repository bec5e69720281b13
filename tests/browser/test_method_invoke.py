"""MethodInvoke: one write is one invocation and one result."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, html

from dash_interop import MethodInvoke, MethodRegister
from tests.support.apps_parts import Gate, answer, handle, record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually


class Consumer:
    """A page with one MethodInvoke, whose results a callback collects."""

    def __init__(self, apps: Apps) -> None:
        self.values: list[Any] = []
        app = apps.make("consumer", MethodInvoke(id="invoke"))
        record(app, "invoke", "result", self.values)
        self.page: Page = apps.open(app)

    @property
    def results(self) -> list[dict[str, Any]]:
        return [value for value in self.values if value is not None]

    def invoke(self, **invoke: Any) -> dict[str, Any]:
        """Write ``invoke`` and wait for the next result."""
        count = len(self.results)
        self.page.set_props("invoke", invoke=invoke)
        eventually(lambda: len(self.results) > count, f"a result for {invoke}")
        assert len(self.results) == count + 1
        return self.results[-1]

    def error(self, **invoke: Any) -> str:
        result = self.invoke(**invoke)
        assert result["invocationResult"] is None
        return result["error"]["message"]

    def returned(self, **invoke: Any) -> Any:
        result = self.invoke(**invoke)
        assert result["error"] is None
        return result["invocationResult"]["returned"]


def provider(apps: Apps) -> Page:
    app = apps.make(
        "provider",
        MethodRegister(id="echo", definition={"name": "Echo", "version": 2}, returns=True),
        MethodRegister(id="void", definition="Void", returns=False),
        html.P(id="shown"),
    )
    handle(app, "echo", lambda invoke: answer(invoke, **invoke["args"]))

    @app.callback(Output("shown", "children"), Input("void", "invoke"))
    def void(invoke: Any) -> str:
        return str(invoke)

    return apps.open(app)


def test_inv001_a_page_that_loads_invokes_nothing_and_has_no_result(apps: Apps) -> None:
    results: list[Any] = []
    calls: list[Any] = []
    offering = apps.make("provider", MethodRegister(id="echo", definition="Echo", returns=True))

    def echo(invoke: Any) -> Any:
        calls.append(invoke["args"])
        return answer(invoke)

    handle(offering, "echo", echo)
    apps.open(offering)
    app = apps.make("consumer", MethodInvoke(id="invoke"), html.Button("Go", id="go"))
    record(app, "invoke", "result", results)

    @app.callback(Output("invoke", "invoke"), Input("go", "n_clicks"), prevent_initial_call=True)
    def go(clicks: int) -> Any:
        return {"definition": "Echo", "argumentObj": {"clicks": clicks}}

    page = apps.open(app)
    eventually(lambda: results, "the initial callback ran")
    page.click("go")
    eventually(lambda: len(results) == 2, "the result of the first click arrived")
    assert results[0] is None
    assert calls == [{"clicks": 1}]


def test_inv002_invocations_are_described_in_every_documented_way(apps: Apps) -> None:
    provider(apps)
    consumer = Consumer(apps)
    assert consumer.returned(definition="Echo", argumentObj={"n": 1}) == {"n": 1}
    assert consumer.returned(definition={"name": "Echo"}, argumentObj={"n": 2}) == {"n": 2}
    assert consumer.returned(definition={"name": "Echo", "version": 2}) == {}
    assert consumer.returned(definition="Echo", target="best") == {}
    assert consumer.returned(definition="Void", argumentObj={"n": 1}) == {}

    result = consumer.invoke(definition="Echo", argumentObj={"n": 3}, invocationId="mine")
    assert result["invocationId"] == "mine"
    described = result["invocationResult"]
    assert described["method"]["name"] == "Echo"
    assert described["called_with"] == {"n": 3}
    assert described["executed_by"]["application"] == "provider"
    assert described["status"] == 0
    assert described["message"] == ""
    assert [one["returned"] for one in described["all_return_values"]] == [{"n": 3}]
    assert described["all_errors"] == []
    assert consumer.invoke(definition="Echo")["invocationId"] is None


def test_inv003_an_invocation_that_cannot_be_made_has_an_error_that_says_why(apps: Apps) -> None:
    provider(apps)
    consumer = Consumer(apps)
    needs_one = "invoke needs a definition: the name of a method or a dict with a name"
    assert consumer.error(argumentObj={"n": 1}) == needs_one
    assert "name" in consumer.error(definition={"version": 2})
    assert "name" in consumer.error(definition=7)
    unknown = consumer.error(definition="Echo", target="everybody")
    for allowed in ("everybody", "best", "all", "skipMine"):
        assert allowed in unknown
    assert "dict" in consumer.error(definition="Echo", argumentObj=5)
    assert "dict" in consumer.error(definition="Echo", argumentObj="text")
    nobody = {"definition": "Nobody", "options": {"waitTimeoutMs": 50}}
    assert "Nobody" in consumer.error(**nobody)
    assert consumer.error(**nobody, invocationId="mine") == consumer.error(**nobody)
    assert consumer.results[-2]["invocationId"] == "mine"
    assert consumer.returned(definition="Echo") == {}


def test_inv004_the_times_to_wait_are_honoured(apps: Apps) -> None:
    gate = Gate()
    consumer = Consumer(apps)

    def slow(invoke: Any) -> Any:
        gate.pass_through(invoke["args"])
        return answer(invoke, done=True)

    app = apps.make("late", MethodRegister(id="slow", definition="Slow", returns=True))
    handle(app, "slow", slow)

    consumer.page.set_props(
        "invoke", invoke={"definition": "Slow", "options": {"waitTimeoutMs": 20_000}}
    )
    page = apps.open(app)
    eventually(lambda: gate.entered, "the invocation waited for its provider")
    gate.let()
    eventually(lambda: consumer.results, "its result")
    assert consumer.results[0]["invocationResult"]["returned"] == {"done": True}

    quick = {"methodResponseTimeoutMs": 200}
    assert consumer.error(definition="Slow", options=quick) == "Slow did not answer within 200 ms"
    gate.let()
    page.close()
    consumer.page.wait_for_servers("Slow", 0)
    error = consumer.error(definition="Slow", options={"waitTimeoutMs": 100})
    assert "No server offers the method Slow" in error
    assert "100 ms" in error


def test_inv005_identical_writes_are_two_invocations_with_two_results(apps: Apps) -> None:
    provider(apps)
    consumer = Consumer(apps)
    same = {"definition": "Echo", "argumentObj": {"n": 1}}
    first, second = consumer.invoke(**same), consumer.invoke(**same)
    assert first["invocationResult"]["returned"] == second["invocationResult"]["returned"]
    assert first["sequence"] != second["sequence"]
    failing = {"definition": "Echo", "target": {"application": "nobody"}}
    failing["options"] = {"waitTimeoutMs": 10}
    assert consumer.error(**failing) == consumer.error(**failing)


def test_inv006_several_components_in_one_layout_are_independent(apps: Apps) -> None:
    provider(apps)
    results: dict[str, list[Any]] = {"one": [], "two": []}
    app = apps.make("consumer", MethodInvoke(id="one"), html.Div([MethodInvoke(id="two")]))
    for key, into in results.items():
        record(app, key, "result", into)
    page = apps.open(app)
    page.set_props("one", invoke={"definition": "Echo", "argumentObj": {"from": "one"}})
    page.set_props("two", invoke={"definition": "Echo", "argumentObj": {"from": "two"}})
    for key, into in results.items():
        eventually(lambda into=into: len(into) == 2, f"a result of {key}")
        assert into[1]["invocationResult"]["returned"] == {"from": key}
