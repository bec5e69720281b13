"""Functions that decide on requests to subscribe, called as the browser calls them."""

import logging
from typing import Any

import pytest
from dash import ALL, Dash, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from dash_interop import RegistrationError, StreamPublish, subscription_handler

CALLER = {"application": "other", "instance": "i"}


class Page:
    """An app with a ``StreamPublish`` and the browser's side of its callbacks."""

    def __init__(self, post: Any, backend: str = "flask", **options: Any) -> None:
        self.app = Dash("deciding", backend=backend, **options)
        self.app.layout = html.Div(
            [StreamPublish(id="prices", definition="Prices"), dcc.Input(id="limit", value=1)]
        )
        self._post = post

    def run(self, request, *values, changed="prices.request"):
        """One run of the callback; returns status and what it sets."""
        body = {
            "output": "prices.decision",
            "outputs": {"id": "prices", "property": "decision"},
            "inputs": [{"id": "prices", "property": "request", "value": request}],
            "changedPropIds": [changed],
            "state": [{"id": name, "property": "value", "value": value} for name, value in values],
        }
        status, answer = self._post(self.app, "/_dash-update-component", body)
        return status, (answer or {}).get("response")

    def decision(self, request, *values):
        status, response = self.run(request, *values)
        assert status == 200
        assert response is not None
        return response["prices"]["decision"]


def asked(**arguments):
    return {"requestId": "r-1", "arguments": arguments, "caller": CALLER}


@pytest.fixture
def page(post):
    return Page(post)


@pytest.mark.parametrize(
    "returned, decision",
    [
        (None, {"accept": True}),
        (True, {"accept": True}),
        ("Private", {"branch": "Private"}),
        (False, {"accept": False}),
    ],
)
def test_return_value_is_the_decision(page, returned, decision):
    subscription_handler("prices", app=page.app)(lambda args: returned)
    assert page.decision(asked()) == {"requestId": "r-1", **decision}


def test_handler_gets_arguments_caller_and_state(page):
    seen = []

    @subscription_handler("prices", State("limit", "value"), app=page.app)
    def decide(args, caller, symbol, depth=5, limit=None):
        seen.append((args, caller, symbol, depth, limit))

    page.decision(asked(symbol="EUR"), ("limit", 3))
    assert seen == [({"symbol": "EUR"}, CALLER, "EUR", 5, 3)]


@pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
def test_handler_may_be_async(post, backend):
    page = Page(post, backend)

    @subscription_handler("prices", app=page.app)
    async def decide(symbol):
        return symbol

    assert page.decision(asked(symbol="EUR")) == {"requestId": "r-1", "branch": "EUR"}


@pytest.mark.parametrize(
    "error, reason",
    [(PermissionError("not for you"), "not for you"), (KeyError(), "KeyError")],
)
def test_exception_rejects_with_its_message(page, caplog, error, reason):
    @subscription_handler("prices", app=page.app)
    def decide():
        raise error

    assert page.decision(asked()) == {"requestId": "r-1", "reject": reason}
    assert [(record.levelname, record.exc_info[1]) for record in caplog.records] == [
        ("ERROR", error)
    ]


@pytest.mark.parametrize("returned", ["", 5, {"accept": True}, ["A"]])
def test_value_that_is_no_decision_rejects_and_says_so(page, caplog, returned):
    subscription_handler("prices", app=page.app)(lambda args: returned)
    decision = page.decision(asked())
    assert decision["reject"] == (
        f"the handler has to return None to accept, the key of a branch, or False, and not "
        f"{returned!r}"
    )
    assert caplog.records


def test_missing_argument_and_one_that_does_not_fit_reject_by_name(page):
    @subscription_handler("prices", validate="strict", app=page.app)
    def decide(depth: int):
        raise AssertionError(f"called with {depth}")

    assert "argument depth is missing" in page.decision(asked())["reject"]
    assert "depth" in page.decision(asked(depth="five"))["reject"]


def prevent(_):
    raise PreventUpdate


@pytest.mark.parametrize("leave_open", [prevent, lambda args: no_update])
def test_request_may_be_left_to_another_callback(page, caplog, leave_open):
    @subscription_handler("prices", app=page.app)
    def decide(args):
        return leave_open(args)

    assert page.run(asked()) == (204, None)
    assert caplog.records == []


@pytest.mark.parametrize("request_, changed", [(None, "prices.request"), (asked(), "limit.value")])
def test_run_without_a_request_calls_nobody(page, request_, changed):
    @subscription_handler("prices", app=page.app)
    def decide():
        raise AssertionError("called")

    assert page.run(request_, changed=changed) == (204, None)


def test_on_error_may_decide_in_its_place(page, caplog):
    caplog.set_level(logging.CRITICAL)

    @subscription_handler("prices", on_error=lambda error: str(error), app=page.app)
    def decide():
        raise ValueError("Doubtful")

    assert page.decision(asked()) == {"requestId": "r-1", "branch": "Doubtful"}


@pytest.mark.parametrize(
    "component_id, dependencies, told",
    [
        (5, (), 'id of a StreamPublish, as in @subscription_handler("prices"), and not 5'),
        ({"type": "prices", "row": ALL}, (), "write MATCH instead of ALL"),
        ("prices", (Output("limit", "value"),), "is an Output"),
    ],
)
def test_what_cannot_be_decided_is_refused(page, component_id, dependencies, told):
    with pytest.raises(RegistrationError) as caught:
        subscription_handler(component_id, *dependencies, app=page.app)
    assert told in str(caught.value)
