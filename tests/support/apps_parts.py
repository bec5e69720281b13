"""Pieces of Dash apps that many tests use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from dash import Dash, Input, Output, html
from dash.exceptions import PreventUpdate

Invocation = dict[str, Any]


def answer(invoke: Invocation, **result: Any) -> dict[str, Any]:
    """What a handler returns."""
    return {"invocationId": invoke["invocationId"], "invocationResult": result}


def handle(app: Dash, component_id: Any, function: Callable[[Invocation], Any]) -> None:
    """Make ``function`` the handler of a MethodRegister; it sees invocations only."""

    @app.callback(Output(component_id, "result"), Input(component_id, "invoke"))
    def handler(invoke: Any) -> Any:
        if invoke is None:
            raise PreventUpdate
        return function(invoke)


def record(app: Dash, component_id: str, prop: str, into: list[Any]) -> None:
    """Append every value of a prop that a callback sees, the initial one first."""
    # With an output: Dash 3.0 runs callbacks that have none only when something changes.
    count = f"count-of-{component_id}-{prop}"
    app.layout = html.Div([app.layout, html.P(id=count)])

    @app.callback(Output(count, "children"), Input(component_id, prop))
    def recorder(value: Any) -> int:
        into.append(value)
        return len(into)


def with_status(app: Dash, states: list[Any] | None = None) -> None:
    """Show the connection of the root ``glue42`` as ``#state`` and ``#reason``, outside of it."""
    app.layout = html.Div([app.layout, html.P(id="state"), html.P(id="reason")])

    @app.callback(
        Output("state", "children"),
        Output("reason", "children"),
        Input("glue42", "connectionState"),
        Input("glue42", "connectionError"),
    )
    def show(state: Any, error: Any) -> Any:
        if states is not None:
            states.append((state, error))
        return str(state), str(error)


class Gate:
    """Holds handlers back until the test lets them through, one by one or all."""

    def __init__(self) -> None:
        self._permits = threading.Semaphore(0)
        self.entered: list[Any] = []

    def pass_through(self, who: Any) -> None:
        """Say who is here, and wait to be let through."""
        self.entered.append(who)
        assert self._permits.acquire(timeout=30), "nobody opened the gate"

    def let(self, count: int = 1) -> None:
        self._permits.release(count)
