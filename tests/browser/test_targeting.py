"""Whom an invocation reaches."""

from __future__ import annotations

from typing import Any

import pytest
from dash import Dash, Input, Output, html

from dash_interop import MethodInvoke, MethodRegister
from tests.support.apps_parts import Gate, answer, handle, record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually


def make_provider(apps: Apps, name: str) -> Dash:
    """Offers ``Who`` once its button is clicked, so that others can connect in between."""
    app = apps.make(name, html.Div(id="place"), html.Button("Offer", id="offer"))

    @app.callback(
        Output("place", "children"), Input("offer", "n_clicks"), prevent_initial_call=True
    )
    def offer(_: Any) -> Any:
        return MethodRegister(id="who", definition="Who", returns=True)

    handle(app, "who", lambda invoke: answer(invoke, who=name))
    return app


def make_caller(apps: Apps, name: str, results: list[Any]) -> Dash:
    app = make_provider(apps, name)
    app.layout.children.append(MethodInvoke(id="invoke"))
    record(app, "invoke", "result", results)
    return app


class Caller:
    def __init__(self, page: Page, results: list[Any]) -> None:
        self.page = page
        self.results = results

    def outcome(self, **invoke: Any) -> dict[str, Any]:
        eventually(lambda: self.results, "the initial result")
        count = len(self.results)
        self.page.set_props("invoke", invoke={"definition": "Who", **invoke})
        eventually(lambda: len(self.results) > count, f"the result for {invoke}")
        return self.results[-1]

    def who(self, **invoke: Any) -> list[str]:
        """Who answered, in the order of the result."""
        result = self.outcome(**invoke)
        assert result["error"] is None
        invocation_result = result["invocationResult"]
        every = [one["returned"]["who"] for one in invocation_result["all_return_values"]]
        assert invocation_result["returned"]["who"] == every[0]
        executed_by = invocation_result["all_return_values"]
        assert [one["executed_by"]["application"] for one in executed_by] == every
        return every


@pytest.mark.every_engine
def test_tgt001_targets_choose_among_the_instances_in_the_order_of_registration(
    apps: Apps,
) -> None:
    results: list[Any] = []
    # Connected in this order, registered in the opposite one: the caller first of all connects.
    caller = Caller(apps.open(make_caller(apps, "gamma", results)), results)
    beta = apps.open(make_provider(apps, "beta"))
    alpha = apps.open(make_provider(apps, "alpha"))
    for count, page in enumerate((alpha, beta, caller.page), start=1):
        page.click("offer")
        caller.page.wait_for_servers("Who", count)

    assert caller.who() == ["alpha"]
    assert caller.who(target="best") == ["alpha"]
    assert caller.who(target="all") == ["alpha", "beta", "gamma"]
    assert caller.who(target="skipMine") == ["alpha", "beta"]
    assert caller.who(target={"application": "beta"}) == ["beta"]
    assert caller.who(target={"application": "BETA"}) == ["beta"]
    assert caller.who(target={"application": "gamma"}) == ["gamma"]
    either = [{"application": "gamma"}, {"application": "alpha"}]
    assert caller.who(target=either) == ["alpha", "gamma"]
    assert caller.who(target={"application": {"regex": "^(al|ga)"}}) == ["alpha", "gamma"]
    assert caller.who(target={"application": {"regex": "^BETA$", "flags": "i"}}) == ["beta"]

    nobody = {"target": {"application": "delta"}, "options": {"waitTimeoutMs": 50}}
    assert "delta" in caller.outcome(**nobody)["error"]["message"]
    assert (
        "No server" in caller.outcome(target=[], options={"waitTimeoutMs": 50})["error"]["message"]
    )
    broken = caller.outcome(target={"application": {"regex": "("}})
    assert "regular expression" in broken["error"]["message"]

    # The first one goes, and the next one is best.
    alpha.close()
    caller.page.wait_for_servers("Who", 2)
    assert caller.who() == ["beta"]
    instance = caller.outcome()["invocationResult"]["executed_by"]
    assert caller.who(target=instance) == ["beta"]


def test_tgt002_targets_all_tell_results_and_errors_apart(apps: Apps) -> None:
    results: list[Any] = []
    caller = Caller(apps.open(make_caller(apps, "caller", results)), results)
    for name in ("good", "bad"):
        app = apps.make(name, MethodRegister(id="who", definition="Who", returns=True))

        def who(invoke: Any, name: str = name) -> Any:
            if name == "good":
                return answer(invoke, who=name)
            return {"invocationId": invoke["invocationId"], "error": {"message": "I will not"}}

        handle(app, "who", who)
        apps.open(app)
    caller.page.wait_for_servers("Who", 2)
    result = caller.outcome(target="all")
    assert result["error"] is None
    assert result["invocationResult"]["returned"] == {"who": "good"}
    errors = result["invocationResult"]["all_errors"]
    assert [(one["executed_by"]["application"], one["message"]) for one in errors] == [
        ("bad", "I will not")
    ]
    failed = caller.outcome(target={"application": "bad"})
    assert failed["invocationResult"] is None
    assert failed["error"]["message"] == "I will not"


def test_tgt003_one_instance_that_does_not_answer_costs_nobody_elses_result(apps: Apps) -> None:
    gate = Gate()
    results: list[Any] = []
    caller = Caller(apps.open(make_caller(apps, "caller", results)), results)
    for name in ("slow", "quick"):
        app = apps.make(name, MethodRegister(id="who", definition="Who", returns=True))

        def who(invoke: Any, name: str = name) -> Any:
            if name == "slow":
                gate.pass_through(name)
            return answer(invoke, who=name)

        handle(app, "who", who)
        apps.open(app)
    caller.page.wait_for_servers("Who", 2)
    result = caller.outcome(target="all", options={"methodResponseTimeoutMs": 300})
    assert result["error"] is None
    (returned,) = result["invocationResult"]["all_return_values"]
    assert returned["returned"] == {"who": "quick"}
    (error,) = result["invocationResult"]["all_errors"]
    assert error["message"] == "Who did not answer within 300 ms"
    assert error["executed_by"]["application"] == "slow"
    gate.let()
