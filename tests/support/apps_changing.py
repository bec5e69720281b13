"""A Dash app whose layout changes in the ways that authors use, around its interop components."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from dash import Dash, Input, Output, Patch, State, html, no_update, set_props

from dash_interop import Glue42, MethodInvoke, MethodRegister, method_handler
from tests.support.apps_parts import Gate, Invocation, answer
from tests.support.apps_serving import make_app

Children: TypeAlias = list[Any]
Change: TypeAlias = Callable[[int, Children, Children], "tuple[Any, Any]"]
"""Makes the children of #rows and #others, given how often that was done and what they are."""


def append_by_patch(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    patch = Patch()
    patch.append(html.P(f"row {n}"))
    return patch, no_update


def prepend_by_patch(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    patch = Patch()
    patch.prepend(html.P(f"row {n}"))
    return patch, no_update


def append_by_state(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    return [*rows, html.P(f"row {n}")], no_update


def prepend_by_state(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    return [html.P(f"row {n}"), *rows], no_update


def append_by_set_props(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    set_props("rows", {"children": [*rows, html.P(f"row {n}")]})
    return no_update, no_update


def remove_a_sibling(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    texts = [row for row in rows if row["type"] == "P"]
    return [row for row in rows if row not in texts[:1]], no_update


def wrap(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    return [html.Div(rows, id=f"wrap-{n}")], no_update


def move(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    return others, rows


def reverse(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    return rows[::-1], no_update


def return_the_same(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    return rows, no_update


def make_anew(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
    fresh = components()
    return fresh if n % 2 else fresh[::-1], []


CHANGES: dict[str, Change] = {
    change.__name__: change
    for change in (
        append_by_patch,
        prepend_by_patch,
        append_by_state,
        prepend_by_state,
        append_by_set_props,
        remove_a_sibling,
        wrap,
        move,
        reverse,
        return_the_same,
        make_anew,
    )
}


def components() -> Children:
    """What the app has in the part of the layout that changes, each with its outputs elsewhere."""
    return [
        html.P("first"),
        MethodRegister(id="note", definition="Note", returns=False),
        MethodRegister(id="sum", definition="Sum", returns=True),
        MethodRegister(id="grow", definition="Grow", returns=True),
        MethodInvoke(id="invoke"),
        # More than a test takes away one by one.
        *[html.P(f"text {n}") for n in range(15)],
    ]


class ChangingApp:
    """
    The app and what its callbacks saw: the arguments of ``Note`` and ``Sum``, the results of the
    ``MethodInvoke``. While ``is_held`` is set, handlers wait at the gate; with a number or an
    invocation id that is in ``failing`` they raise.
    """

    def __init__(self, name: str, change: Change) -> None:
        self.app: Dash = make_app(name)
        self.gate = Gate()
        self.is_held = False
        self.noted: list[int] = []
        self.summed: list[int] = []
        self.grown: list[int] = []
        self.results: list[Any] = []
        self.failing: set[int | str] = set()
        self._change = change
        self.app.layout = Glue42(
            id="glue42",
            children=[
                html.Button("change", id="change", n_clicks=0),
                html.Div(components(), id="rows"),
                html.Div([], id="others"),
                *[html.P("-", id=name) for name in ("changed", "noted", "result")],
            ],
        )
        self._declare_changes()
        self._declare_handlers()

    def _declare_changes(self) -> None:
        app = self.app

        @app.callback(
            Output("rows", "children", allow_duplicate=True),
            Output("others", "children", allow_duplicate=True),
            Output("changed", "children"),
            Input("change", "n_clicks"),
            State("rows", "children"),
            State("others", "children"),
            prevent_initial_call=True,
        )
        def change(n: int, rows: Children, others: Children) -> Any:
            return *self._change(n, rows, others), str(n)

        @app.callback(
            Output("grow", "result"),
            Output("rows", "children", allow_duplicate=True),
            Output("others", "children", allow_duplicate=True),
            Input("grow", "invoke"),
            State("rows", "children"),
            State("others", "children"),
            prevent_initial_call=True,
        )
        def grow(invoke: Invocation | None, rows: Children, others: Children) -> Any:
            if invoke is None:
                return no_update, no_update, no_update
            n = invoke["args"]["n"]
            self.grown.append(n)
            return answer(invoke, n=n), *self._change(n, rows, others)

    def _declare_handlers(self) -> None:
        app = self.app

        @method_handler("note", output=Output("noted", "children"), app=app)
        def note(args: dict[str, Any], caller: dict[str, Any]) -> str:
            self._pass(self.noted, args["n"])
            return str(args["n"])

        @app.callback(Output("sum", "result"), Input("sum", "invoke"))
        def add(invoke: Invocation | None) -> Any:
            if invoke is None:
                return no_update
            n = invoke["args"]["n"]
            self._pass(self.summed, n)
            return answer(invoke, n=n)

        @app.callback(
            Output("result", "children"), Input("invoke", "result"), prevent_initial_call=True
        )
        def show(result: Any) -> Any:
            if result is not None:
                self.results.append(result)
                self._fail_if_asked_to(result["invocationId"])
            return str(len(self.results))

    def _pass(self, seen: list[int], n: int) -> None:
        seen.append(n)
        if self.is_held:
            self.gate.pass_through(n)
        self._fail_if_asked_to(n)

    def _fail_if_asked_to(self, n: int | str) -> None:
        if n in self.failing:
            raise ValueError(f"{n} was to fail")
