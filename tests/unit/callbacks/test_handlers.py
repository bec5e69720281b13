"""Functions as the handlers of a ``MethodRegister``, called as the browser calls them."""

import logging
from typing import Any

import pytest
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from dash_interop import MethodRegister, method_handler

CALLER = {"application": "other", "instance": "i"}
PREVENTED = {
    "message": "The handler prevented the update, so there is no result",
    "interopType": "NoResult",
}


class Page:
    """An app with a ``MethodRegister`` and the browser's side of its callbacks."""

    def __init__(
        self, post: Any, backend: str = "flask", component_id: str | dict[str, str] = "reg"
    ) -> None:
        self.app = Dash("handlers", backend=backend)
        self.app.layout = html.Div(
            [
                MethodRegister(id=component_id, definition={"name": "Sum"}, returns=True),
                dcc.Input(id="offset", value=1),
                dcc.Input(id="second", value=2),
                html.Button(id="button"),
                html.Div(id="out"),
                html.Div(id="other"),
            ]
        )
        self.component_id = component_id
        self._post = post

    def run(self, invoke, *values, output=None, changed="invoke", inputs=(), outputs=None):
        """One run of the callback; returns status and the props it sets."""
        outputs = outputs or {"id": self.component_id, "property": "result"}
        state = [{"id": name, "property": "value", "value": value} for name, value in values]
        component = self.component_id
        prefix = component if isinstance(component, str) else '{"type":"reg"}'
        body = {
            "output": output or f"{prefix}.result",
            "outputs": outputs,
            "inputs": [{"id": component, "property": "invoke", "value": invoke}, *inputs],
            "changedPropIds": [f"{prefix}.{changed}" if changed == "invoke" else changed],
            "state": state,
        }
        status, answer = self._post(self.app, "/_dash-update-component", body)
        return status, (answer or {}).get("response")

    def result(self, invoke, *values):
        """What the callback sets ``result`` to."""
        status, response = self.run(invoke, *values)
        assert status == 200
        assert response is not None
        return next(iter(response.values()))["result"]


def invocation(number=1, **args):
    return {"invocationId": f"id-{number}", "args": args, "caller": CALLER}


@pytest.fixture
def page(post):
    return Page(post)


def answered(value, number=1):
    return {"invocationId": f"id-{number}", "invocationResult": value}


def failed(message, type_=None, number=1):
    error = {"message": message} if type_ is None else {"message": message, "type": type_}
    return {"invocationId": f"id-{number}", "error": error}


def test_handler_gets_arguments_caller_and_state(page):
    seen = []

    @method_handler("reg", State("offset", "value"), State("second", "value"), app=page.app)
    def add(args, caller, offset, second):
        seen.append((args, caller, offset, second))
        return {"sum": args["a"] + offset}

    result = page.result(invocation(a=2), ("offset", 40), ("second", None))
    assert result == answered({"sum": 42})
    assert seen == [({"a": 2}, CALLER, 40, None)]


@pytest.mark.parametrize(
    "value, result",
    [
        ({"a": 1}, {"a": 1}),
        ({}, {}),
        (None, {}),
        (5, {"_value": 5}),
        (0, {"_value": 0}),
        (False, {"_value": False}),
        ("", {"_value": ""}),
        ([1, {}], {"_value": [1, {}]}),
    ],
)
def test_value_becomes_a_result(page, value, result):
    method_handler("reg", app=page.app)(lambda args, caller: value)
    assert page.result(invocation()) == answered(result)


def test_exception_reaches_the_caller_by_type_and_message_and_the_log_in_full(page, caplog):
    @method_handler("reg", app=page.app)
    def divide(args, caller):
        raise ZeroDivisionError("no zero") from KeyError("do not tell")

    with caplog.at_level(logging.ERROR, "dash_interop"):
        result = page.result(invocation())
    assert result == failed("ZeroDivisionError: no zero", "ZeroDivisionError")
    (record,) = caplog.records
    assert "divide" in record.getMessage()
    assert "Traceback" in caplog.text and "do not tell" in caplog.text


def test_prevented_update_is_an_error_to_the_caller_and_not_to_the_log(page, caplog):
    @method_handler("reg", app=page.app)
    def refuse(args, caller):
        raise PreventUpdate

    with caplog.at_level(logging.INFO, "dash_interop"):
        assert page.result(invocation()) == {"invocationId": "id-1", "error": PREVENTED}
    assert caplog.records == []


@pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
def test_async_handler_is_awaited(post, backend):
    page = Page(post, backend)

    @method_handler("reg", app=page.app)
    async def add(args, caller):
        if args["a"] < 0:
            raise ValueError("negative")
        return {"sum": args["a"] + 1}

    assert page.result(invocation(a=1)) == answered({"sum": 2})
    assert page.result(invocation(a=-1)) == failed("ValueError: negative", "ValueError")
    results = page.result([invocation(1, a=1), invocation(2, a=-1)])
    assert results == [answered({"sum": 2}), failed("ValueError: negative", "ValueError", 2)]


def test_function_is_returned_unchanged(page):
    def add(args, caller):
        return args["a"]

    assert method_handler("reg", app=page.app)(add) is add


def test_batch_is_answered_one_by_one_in_order(page):
    seen = []

    @method_handler("reg", State("offset", "value"), app=page.app)
    def add(args, caller, offset):
        seen.append(args["a"])
        if args["a"] == 2:
            raise ValueError("two")
        if args["a"] == 3:
            raise PreventUpdate
        return args["a"] + offset

    batch = [invocation(number, a=number) for number in range(1, 5)]
    assert page.result(batch, ("offset", 10)) == [
        answered({"_value": 11}, 1),
        failed("ValueError: two", "ValueError", 2),
        {"invocationId": "id-3", "error": PREVENTED},
        answered({"_value": 14}, 4),
    ]
    assert seen == [1, 2, 3, 4]


def test_batch_of_one_is_answered_by_a_list(page):
    method_handler("reg", app=page.app)(lambda args, caller: 1)
    assert page.result([invocation()]) == [answered({"_value": 1})]


def test_first_load_runs_no_handler(page):
    method_handler("reg", app=page.app)(lambda args, caller: 1)
    assert page.run(None) == (204, None)


def test_other_input_does_not_run_the_handler_again(page):
    seen = []

    @method_handler("reg", Input("button", "n_clicks"), app=page.app)
    def count(args, caller, clicks):
        seen.append(clicks)

    button = {"id": "button", "property": "n_clicks", "value": 7}
    assert page.run(invocation(), inputs=[button], changed="button.n_clicks") == (204, None)
    assert seen == []
    status, response = page.run(invocation(), inputs=[button])
    assert (status, response) == (200, {"reg": {"result": answered({})}})
    assert seen == [7]


def test_handler_of_a_component_with_a_dict_id(post):
    page = Page(post, component_id={"type": "reg"})
    method_handler({"type": "reg"}, app=page.app)(lambda args, caller: args["a"])
    assert page.result(invocation(a=5)) == answered({"_value": 5})


# Void methods that update the page

OUT = {"output": "out.children", "outputs": {"id": "out", "property": "children"}}


def void(page, function):
    method_handler("reg", output=Output("out", "children"), app=page.app)(function)


def test_value_goes_to_the_output(page):
    void(page, lambda args, caller: f"got {args['a']}")
    assert page.run(invocation(a=1), **OUT) == (200, {"out": {"children": "got 1"}})


def raising(args, caller):
    raise ValueError("boom")


def test_output_stays_as_it_is_when_the_handler_raises(page, caplog):
    void(page, raising)
    with caplog.at_level(logging.ERROR, "dash_interop"):
        assert page.run(invocation(), **OUT) == (204, None)
    assert "boom" in caplog.text


def test_output_stays_as_it_is_with_no_update(page):
    void(page, lambda args, caller: no_update)
    assert page.run(invocation(), **OUT) == (204, None)


def test_last_value_of_a_batch_goes_to_the_output(page):
    def show(args, caller):
        if args["a"] == 3:
            raise ValueError("three")
        return args["a"]

    void(page, show)
    batch = [invocation(number, a=number) for number in range(1, 4)]
    assert page.run(batch, **OUT) == (200, {"out": {"children": 2}})


def test_no_update_in_a_batch_leaves_what_an_earlier_invocation_set(page):
    void(page, lambda args, caller: no_update if args["a"] == 2 else args["a"])
    batch = [invocation(number, a=number) for number in (1, 2)]
    assert page.run(batch, **OUT) == (200, {"out": {"children": 1}})


def test_batch_of_which_nothing_succeeded_leaves_the_output(page):
    void(page, raising)
    assert page.run([invocation(1), invocation(2)], **OUT) == (204, None)


def test_several_outputs_get_one_value_each(page):
    outputs = [Output("out", "children"), Output("other", "children")]
    method_handler("reg", output=outputs, app=page.app)(lambda args, caller: ["a", "b"])
    status, response = page.run(
        invocation(),
        output="..out.children...other.children..",
        outputs=[{"id": name, "property": "children"} for name in ("out", "other")],
    )
    assert (status, response) == (200, {"out": {"children": "a"}, "other": {"children": "b"}})


def test_without_an_app_the_handler_belongs_to_whichever_is_made(post):
    method_handler("reg")(lambda args, caller: "global")
    assert Page(post).result(invocation()) == answered({"_value": "global"})
