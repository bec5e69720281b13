"""Functions as the handlers of a ``MethodRegister``, called as the browser calls them."""

import asyncio
import functools
import inspect
import json
import logging
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from dash import ALL, MATCH, Dash, Input, Output, Patch, State, ctx, dcc, html, no_update, set_props
from dash.exceptions import PreventUpdate

from dash_interop import Interop, MethodRegister, RegistrationError, method_handler
from dash_interop.app.awaiting import as_dash_calls_it
from dash_interop.client.sync import connect
from dash_interop.errors import SAID_BY_SERVERS

CALLER = {"application": "other", "instance": "i"}
PREVENTED = {
    "message": "The handler prevented the update, so there is no result",
    "interopType": "NoResult",
}


class Page:
    """An app with a ``MethodRegister`` and the browser's side of its callbacks."""

    def __init__(
        self,
        post: Any,
        backend: str = "flask",
        component_id: str | dict[str, str] = "reg",
        **options: Any,
    ) -> None:
        self.app = Dash("handlers", backend=backend, **options)
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
        self.set_props = (answer or {}).get("sideUpdate")
        return status, (answer or {}).get("response")

    def result(self, invoke, *values):
        """What the callback sets ``result`` to, without what it says of the handler."""
        status, response = self.run(invoke, *values)
        assert status == 200
        assert response is not None
        answer = next(iter(response.values()))["result"]
        if isinstance(answer, dict):
            answer.pop("takesLists", None)
        return answer


def invocation(number=1, **args):
    return {"invocationId": f"id-{number}", "args": args, "caller": CALLER}


@pytest.fixture
def page(post):
    return Page(post)


def answered(value, number=1):
    return {"invocationId": f"id-{number}", "invocationResult": value}


def failed(message, type_=None, number=1):
    kind = "interopType" if type_ in SAID_BY_SERVERS else "type"
    error = {"message": message} if type_ is None else {"message": message, kind: type_}
    return {"invocationId": f"id-{number}", "error": error}


def test_page_learns_that_a_handler_could_be_given_lists(page):
    method_handler("reg", app=page.app)(lambda args: {})
    _, alone = page.run(invocation())
    _, listed = page.run([invocation()])
    assert alone["reg"]["result"] == {**answered({}), "takesLists": True}
    assert listed["reg"]["result"] == [answered({})]


def test_page_is_not_told_so_where_the_callbacks_behind_would_miss_updates(page):
    both(page, lambda a: ({}, a))
    _, response = page.run(invocation(a=1), **BOTH)
    assert response["reg"]["result"] == answered({})


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
    assert (status, response) == (200, {"reg": {"result": {**answered({}), "takesLists": True}}})
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
        assert page.run(invocation(), **OUT) == (200, {})
    assert "boom" in caplog.text


def test_output_stays_as_it_is_with_no_update(page):
    void(page, lambda args, caller: no_update)
    assert page.run(invocation(), **OUT) == (200, {})


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
    assert page.run([invocation(1), invocation(2)], **OUT) == (200, {})


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


# What the parameters get


@pytest.mark.parametrize(
    "function",
    [
        lambda args, caller, offset: (args["a"], caller["application"], offset),
        lambda args, caller, *values: (args["a"], caller["application"], *values),
        lambda a, caller, offset: (a, caller["application"], offset),
        lambda caller, a, offset, *, b=5: (a, caller["application"], offset),
        lambda offset, *, a, caller: (a, caller["application"], offset),
        lambda caller, offset, **rest: (rest["a"], caller["application"], offset),
    ],
)
def test_parameters_get_arguments_by_name_and_values_at_the_end(page, function):
    method_handler("reg", State("offset", "value"), app=page.app)(function)
    result = page.result(invocation(a=1), ("offset", 10))
    assert result == answered({"_value": [1, "other", 10]})


def test_missing_argument_is_told_and_runs_nothing(page, caplog):
    runs, heard = [], []

    @method_handler("reg", app=page.app, on_error=heard.append)
    def add(a, b, c=0):
        runs.append(a)

    with caplog.at_level(logging.ERROR, "dash_interop"):
        words = "Given is a, which a parameter named args gets as a dict"
        assert page.result(invocation(a=1)) == failed(
            f"add: argument b is missing. {words}", "InvalidArguments"
        )
    assert (runs, heard, caplog.text) == ([], [], "")


class Total(TypedDict):
    total: float


@pytest.mark.parametrize("batch", [False, True])
def test_strict_handler_checks_arguments_and_result_by_its_hints(page, batch):
    runs = []

    @method_handler("reg", State("offset", "value"), validate="strict", app=page.app)
    def add(a: float, b: int, offset) -> Total:
        runs.append(a)
        return {"total": a + b if a > 0 else "none"}  # pyright: ignore[reportReturnType]

    def result(**args):
        given = [invocation(**args)] if batch else invocation(**args)
        found = page.result(given, ("offset", "text"))
        return found[0] if batch else found

    assert result(a=1.5, b=2) == answered({"total": 3.5})
    assert result(a=1.5, b="x") == failed(
        "add: argument b has to be an int, not a string", "InvalidArguments"
    )
    assert runs == [1.5]
    assert result(a=-1, b=2) == failed(
        "add: result field total has to be a double, not a string", "InvalidResult"
    )


def test_warning_handler_writes_to_the_log_and_goes_on(page, caplog):
    @method_handler("reg", validate="warn", app=page.app)
    def double(a: int) -> int:
        return a * 2

    with caplog.at_level(logging.WARNING, "dash_interop"):
        assert page.result(invocation(a="x")) == answered({"_value": "xx"})
    assert "double: argument a has to be an int, not a string" in caplog.text
    assert "double: result field _value has to be an int, not a string" in caplog.text


# What is refused where it is decorated


@pytest.mark.parametrize("component_id", [lambda args, caller: {}, None, 1, Input("reg", "invoke")])
def test_what_is_no_id_is_refused(component_id):
    with pytest.raises(RegistrationError, match=r'as in @method_handler\("sum"\), and not'):
        method_handler(component_id)


def test_component_stands_for_its_id(page):
    method_handler(page.app.layout["reg"], app=page.app)(lambda args, caller: {"sum": 3})
    assert page.result(invocation(a=1)) == answered({"sum": 3})


def yields(a):
    yield a


async def yields_and_awaits(a):
    yield a


class Adder:
    pass


@pytest.mark.parametrize(
    "function, said",
    [
        (Adder, "a handler has to be a function, not the class Adder"),
        (None, "a handler has to be a function, not None"),
        (min, "the parameters of min cannot be found out: wrap it in a function"),
        (lambda a, /: a, "the parameter a of .* has to be one that takes its argument by name"),
    ],
)
@pytest.mark.parametrize("way", ["method_handler", "Interop.method", "register"])
def test_function_that_cannot_be_called_is_refused_in_the_same_words(page, way, function, said):
    with pytest.raises(RegistrationError, match=said):
        if way == "method_handler":
            method_handler("reg", app=page.app)(function)
        elif way == "Interop.method":
            Interop().method("Sum")(function)
        else:
            with connect(in_background=True) as interop:
                interop.register("Sum", function, timeout=0)


@pytest.mark.parametrize("way", ["Interop.method", "register"])
@pytest.mark.parametrize("function", [yields, yields_and_awaits])
def test_function_that_yields_is_refused_where_no_callback_streams(way, function):
    said = f"{function.__name__} yields, and a method has one result: return it"
    with pytest.raises(RegistrationError, match=said):
        if way == "Interop.method":
            Interop().method("Sum")(function)
        else:
            with connect(in_background=True) as interop:
                interop.register("Sum", function, timeout=0)


def test_dependency_without_a_parameter_is_refused(page):
    decorate = method_handler("reg", State("offset", "value"), app=page.app)
    with pytest.raises(RegistrationError) as caught:
        decorate(lambda args, caller: None)
    assert "<lambda>(args, caller) needs one more parameter at the end" in str(caught.value)


@pytest.mark.parametrize(
    "arguments, options, said",
    [
        (["reg", Output("out", "children")], {}, "is an Output: give it as output="),
        ([{"type": "reg", "n": ALL}], {}, "write MATCH instead of ALL"),
        (["reg"], {"on_eror": print}, "no option on_eror; did you mean on_error?"),
        (["reg"], {"output": "out"}, "output has to be an Output or a list of them, not 'out'"),
        (["reg"], {"progress": Output("out", "children")}, "progress= is for background callbacks"),
        (["reg"], {"cancel": Input("button", "n_clicks")}, "cancel= is for background callbacks"),
    ],
)
def test_option_that_has_no_effect_is_refused(page, arguments, options, said):
    with pytest.raises(RegistrationError) as caught:
        method_handler(*arguments, app=page.app, **options)
    assert said in str(caught.value)


async def async_on_error(error):
    return error


@pytest.mark.parametrize("on_error", [async_on_error, "print", 5])
def test_on_error_that_cannot_be_called_is_refused(page, on_error):
    with pytest.raises(RegistrationError, match="on_error has to be a plain function"):
        method_handler("reg", on_error=on_error, app=page.app)


def test_validate_has_three_words(page):
    with pytest.raises(RegistrationError, match="validate has to be 'off', 'warn' or 'strict'"):
        method_handler("reg", validate="loose", app=page.app)(lambda: None)  # pyright: ignore[reportArgumentType]


def test_progress_needs_its_parameter(page):
    decorate = method_handler(
        "reg", background=True, progress=Output("out", "children"), app=page.app
    )
    with pytest.raises(RegistrationError, match="needs a parameter named set_progress"):
        decorate(lambda args, caller: None)


# What Dash and its extensions see


@pytest.mark.parametrize(
    "function, options, parameters",
    [
        (lambda a, offset: a, {}, ["invoke", "value_1"]),
        (
            lambda a, set_progress, offset: a,
            {"background": True, "progress": Output("out", "children")},
            ["set_progress", "invoke", "value_1"],
        ),
    ],
)
def test_callback_says_what_it_takes_itself(function, options, parameters):
    registered = []

    class Proxy:
        def callback(self, *_, prevent_initial_call, **__):
            assert prevent_initial_call is True
            return registered.append

    app: Any = Proxy()
    method_handler("reg", State("offset", "value"), app=app, **options)(function)
    assert inspect.getfullargspec(registered[0]).args == parameters


# What triggers a run


def test_invoke_of_another_component_does_not_run_the_handler(page):
    runs = []
    page.app.layout.children.append(MethodRegister(id="another", definition="B", returns=True))

    @method_handler("reg", Input("another", "invoke"), app=page.app)
    def handle(args, caller, other):
        runs.append(other)

    other = {"id": "another", "property": "invoke", "value": invocation(2)}
    assert page.run(invocation(), inputs=[other], changed="another.invoke") == (204, None)
    assert runs == []
    assert page.run(invocation(), inputs=[other])[0] == 200
    assert runs == [invocation(2)]


def test_handler_of_a_pattern_runs_for_the_component_that_was_invoked(post):
    page = Page(post, component_id={"type": "reg"})
    method_handler({"type": MATCH}, app=page.app)(lambda a: a)
    status, response = page.run(invocation(a=5), output='{"type":["MATCH"]}.result')
    assert (status, response) == (
        200,
        {'{"type":"reg"}': {"result": {**answered({"_value": 5}), "takesLists": True}}},
    )


# What hears of an exception


@pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
@pytest.mark.parametrize("whose", ["handler", "app"])
def test_on_error_hears_the_exception_and_the_caller_is_told(post, backend, whose):
    heard = []

    def on_error(error):
        heard.append((error, ctx.triggered_id))
        set_props("out", {"children": str(error)})

    page = Page(post, backend, on_error=on_error if whose == "app" else None)
    own = on_error if whose == "handler" else None
    problem = ValueError("boom")

    @method_handler("reg", app=page.app, on_error=own)
    async def handle(args, caller):
        raise problem

    assert page.result(invocation()) == failed("ValueError: boom", "ValueError")
    assert heard == [(problem, "reg")]
    assert page.set_props == {"out": {"children": "boom"}}


def test_on_error_of_the_handler_goes_before_that_of_the_app(post):
    heard = []
    page = Page(post, on_error=lambda error: heard.append("app"))
    decorate = method_handler("reg", app=page.app, on_error=lambda error: heard.append("own"))
    decorate(raising)
    assert page.result(invocation()) == failed("ValueError: boom", "ValueError")
    assert heard == ["own"]


def test_on_error_of_whichever_app_is_made_hears_the_exception(post):
    heard = []
    method_handler("reg")(raising)
    page = Page(post, on_error=lambda error: heard.append(str(error)))
    assert page.result(invocation()) == failed("ValueError: boom", "ValueError")
    assert heard == ["boom"]


@pytest.mark.parametrize(
    "on_error, answer",
    [
        (lambda error: {"sorry": str(error)}, answered({"sorry": "boom"})),
        (lambda error: 0, answered({"_value": 0})),
        (lambda error: None, failed("ValueError: boom", "ValueError")),
        (lambda error: no_update, failed("ValueError: boom", "ValueError")),
    ],
)
def test_what_on_error_returns_becomes_the_result(page, on_error, answer):
    method_handler("reg", app=page.app, on_error=on_error)(raising)
    assert page.result(invocation()) == answer
    assert page.result([invocation()]) == [answer]


def test_what_on_error_returns_updates_the_page(page):
    output = Output("out", "children")
    decorate = method_handler("reg", output=output, app=page.app, on_error=lambda error: "failed")
    decorate(raising)
    assert page.run(invocation(), **OUT) == (200, {"out": {"children": "failed"}})


@pytest.mark.parametrize("another", [KeyError("on_error"), PreventUpdate()])
def test_on_error_that_fails_hides_nothing(page, caplog, another):
    def on_error(error):
        raise another

    method_handler("reg", app=page.app, on_error=on_error)(raising)
    with caplog.at_level(logging.ERROR, "dash_interop"):
        assert page.result(invocation()) == failed("ValueError: boom", "ValueError")
    assert ("on_error of raising failed" in caplog.text) == isinstance(another, KeyError)


def test_prevented_update_is_no_error(post):
    heard = []
    page = Page(post, on_error=heard.append)

    @method_handler("reg", app=page.app)
    def handle(args, caller):
        raise PreventUpdate

    assert page.result(invocation()) == {"invocationId": "id-1", "error": PREVENTED}
    assert heard == []


def test_handler_that_exits_ends_its_call_and_not_the_server(page):
    method_handler("reg", app=page.app)(lambda: exit(3))
    assert page.result(invocation()) == failed("SystemExit: 3", "SystemExit")


# A result and an update

BOTH = {
    "output": "..reg.result...out.children..",
    "outputs": [{"id": "reg", "property": "result"}, {"id": "out", "property": "children"}],
}


def both(page, function, **options):
    output = Output("out", "children")
    method_handler("reg", output=output, returns=True, app=page.app, **options)(function)


def test_pair_is_the_result_and_the_update(page):
    both(page, lambda a: ({"number": a}, f"Order {a}"))
    assert page.run(invocation(a=7), **BOTH) == (
        200,
        {"reg": {"result": answered({"number": 7})}, "out": {"children": "Order 7"}},
    )


def test_pair_may_leave_the_page_as_it_is(page):
    both(page, lambda a: (a, no_update))
    assert page.run(invocation(a=7), **BOTH) == (200, {"reg": {"result": answered({"_value": 7})}})


def test_handler_that_raises_updates_nothing_and_the_caller_is_told(page):
    both(page, raising)
    assert page.run(invocation(), **BOTH) == (
        200,
        {"reg": {"result": failed("ValueError: boom", "ValueError")}},
    )


@pytest.mark.parametrize("returned", [5, None, {"number": 7}, (1, 2, 3), [1, 2]])
def test_what_is_no_pair_is_told(page, returned):
    both(page, lambda: returned)
    kind = type(returned).__name__
    message = f"TypeError: the handler has to return a result and an update, not a {kind}"
    assert page.run(invocation(), **BOTH) == (
        200,
        {"reg": {"result": failed(message, "TypeError")}},
    )


def test_batch_of_pairs_has_each_result_and_the_last_update(page):
    def order(a):
        if a == 3:
            raise ValueError("three")
        return a, f"Order {a}"

    both(page, order)
    batch = [invocation(number, a=number) for number in (1, 2, 3)]
    results = [
        answered({"_value": 1}, 1),
        answered({"_value": 2}, 2),
        failed("ValueError: three", "ValueError", 3),
    ]
    assert page.run(batch, **BOTH) == (
        200,
        {"reg": {"result": results}, "out": {"children": "Order 2"}},
    )


def test_result_of_a_pair_is_checked_by_its_hint(page):
    def order(a: int) -> tuple[Total, str]:
        return {"total": "none"}, "Order"  # pyright: ignore[reportReturnType]

    both(page, order, validate="strict")
    message = "order: result field total has to be a double, not a string"
    assert page.run(invocation(a=1), **BOTH) == (
        200,
        {"reg": {"result": failed(message, "InvalidResult")}},
    )


# Several outputs, and none

TWO = {
    "output": "..out.children...other.children..",
    "outputs": [{"id": name, "property": "children"} for name in ("out", "other")],
}


def test_batch_leaves_the_last_update_of_each_output(page):
    outputs = [Output("out", "children"), Output("other", "children")]

    @method_handler("reg", output=outputs, app=page.app)
    def show(a):
        return ["first", no_update] if a == 1 else [no_update, "second"]

    batch = [invocation(number, a=number) for number in (1, 2)]
    assert page.run(batch, **TWO) == (
        200,
        {"out": {"children": "first"}, "other": {"children": "second"}},
    )


def test_batch_leaves_all_patches_after_the_last_whole_value(page):
    def appended(a):
        patch = Patch()
        patch.append(a)
        return patch

    def show(a):
        return ["whole"] if a == 2 else appended(a)

    void(page, show)
    batch = [invocation(number, a=number) for number in (1, 2, 3, 4)]
    status, response = page.run(batch, **OUT)
    three, four = (appended(number).to_plotly_json() for number in (3, 4))
    merged = {**three, "operations": [*three["operations"], *four["operations"]]}
    assert (status, response) == (200, {"out": {"children": merged}})


@pytest.mark.parametrize("returned", ["ab", ["a"], ["a", "b", "c"], None])
def test_wrong_number_of_updates_is_in_the_log(page, caplog, returned):
    outputs = [Output("out", "children"), Output("other", "children")]
    method_handler("reg", output=outputs, app=page.app)(lambda: returned)
    with caplog.at_level(logging.ERROR, "dash_interop"):
        assert page.run(invocation(), **TWO) == (200, {})
    assert "the update has to be a list of 2 values, one for each output" in caplog.text


def test_what_a_handler_sets_arrives_though_it_updates_nothing_else(page):
    @method_handler("reg", output=Output("out", "children"), app=page.app)
    def show(text):
        set_props("other", {"children": text})
        return no_update

    assert page.run(invocation(text="hello"), **OUT) == (200, {})
    assert page.set_props == {"other": {"children": "hello"}}


# Async handlers where Dash does not await


@pytest.mark.parametrize("is_loop_running", [False, True])
def test_async_handler_runs_though_dash_does_not_await_it(is_loop_running):
    async def add(a, b):
        await asyncio.sleep(0)
        return a + b

    app: Any = SimpleNamespace(backend=SimpleNamespace(server_type="flask"), _use_async=False)
    called = as_dash_calls_it(add, app)

    async def on_a_loop():
        return called(1, 2)

    assert (asyncio.run(on_a_loop()) if is_loop_running else called(1, 2)) == 3


BEFORE_THE_APP = """
from dash_interop import MethodRegister, method_handler

@method_handler("reg")
async def add(a, b):
    return a + b

from dash import Dash

app = Dash("later")
app.layout = MethodRegister(id="reg", definition="Add", returns=True)
invoke = {"invocationId": "id", "args": {"a": 1, "b": 2}, "caller": {}}
body = {
    "output": "reg.result",
    "outputs": {"id": "reg", "property": "result"},
    "inputs": [{"id": "reg", "property": "invoke", "value": invoke}],
    "changedPropIds": ["reg.invoke"],
}
print(app.server.test_client().post("/_dash-update-component", json=body).text)
"""


def test_async_handler_may_be_decorated_before_the_app_is_made():
    # In a process that has made no other app.
    command = [sys.executable, "-c", BEFORE_THE_APP]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(process.stdout)["response"]["reg"]["result"]
    assert result["invocationResult"] == {"_value": 3}


@pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
def test_partial_and_callable_object_are_handlers(post, backend):
    class Scaled:
        def __init__(self, factor):
            self.factor = factor

        async def __call__(self, a):
            return a * self.factor

    async def add(a, b):
        return a + b

    page = Page(post, backend)
    method_handler("reg", app=page.app)(Scaled(3))
    assert page.result(invocation(a=2)) == answered({"_value": 6})
    page = Page(post, backend)
    method_handler("reg", app=page.app)(functools.partial(add, b=5))
    assert page.result(invocation(a=2)) == answered({"_value": 7})
