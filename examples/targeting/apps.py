"""
Four apps that offer the same method: three desks, and the head office, which also invokes it.

Each app's pages appear to others under the application name given with Interop, so one function
makes all desks.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_interop import (
    Glue42,
    Interop,
    InvocationError,
    MethodInvoke,
    MethodRegister,
    method_handler,
    returned_value,
)

METHOD = "Orders.Count"

TARGETS: dict[str, Any] = {
    "best": "best",
    "all": "all",
    "skip-mine": "skipMine",
    "application": {"application": "Desk Tokyo"},
    "pattern": {"application": {"regex": "^Desk (London|New)"}},
}
"""What each button of the head office has as target."""


def make_desk(server: Any, path: str, application: str, orders: int) -> Dash:
    """An app whose pages tell how many orders they have, or refuse to when the box is ticked."""
    app = make_app(server, path, application)
    app.layout = page(
        application,
        MethodRegister(id="offer", definition=METHOD, returns=True),
        html.Section(
            [
                html.P(f"{orders} orders"),
                dcc.Checklist(id="refuse", options=[{"label": "Refuse to tell", "value": "yes"}]),
                html.P(["Last asked by: ", html.Strong("nobody", id="asked", role="status")]),
            ],
            className="card",
        ),
    )

    @method_handler("offer", State("refuse", "value"), app=app)
    def count_orders(
        args: dict[str, Any], caller: dict[str, Any], refuse: list[str] | None
    ) -> dict[str, Any]:
        if refuse:
            raise PermissionError(f"{application} tells nothing")
        return {"orders": orders}

    @app.callback(Output("asked", "children"), Input("offer", "invoke"))
    def show_caller(invoke: dict[str, Any] | None) -> str:
        if invoke is None:
            raise PreventUpdate
        return f"{invoke['caller']['application']}, {datetime.now():%H:%M:%S}"

    return app


def make_head_office(server: Any, path: str) -> Dash:
    """The app that asks. It offers the method, too, so that skipMine has something to skip."""
    app = make_app(server, path, "Head office")
    app.layout = page(
        "Head office",
        MethodRegister(id="offer", definition=METHOD, returns=True),
        MethodInvoke(id="ask"),
        html.Section(
            [
                html.Div(
                    [
                        html.Button("Best", id="best"),
                        html.Button("All", id="all"),
                        html.Button("Skip mine", id="skip-mine"),
                        html.Button("By application", id="application"),
                        html.Button("By pattern", id="pattern"),
                    ],
                    className="row",
                ),
                html.P(["target: ", html.Code("none yet", id="target")]),
                html.P(id="summary", className="answer", role="status"),
                html.Div(id="answers", className="scroll"),
            ],
            className="card",
        ),
    )

    @method_handler("offer", app=app)
    def count_orders(args: dict[str, Any], caller: dict[str, Any]) -> dict[str, Any]:
        return {"orders": 0}

    @app.callback(
        Output("ask", "invoke"),
        Output("target", "children"),
        *(Input(button, "n_clicks") for button in TARGETS),
        prevent_initial_call=True,
    )
    def ask(*clicks: int | None) -> tuple[dict[str, Any], str]:
        target = TARGETS[str(ctx.triggered_id)]
        # Desks that are not open are not waited for.
        invocation = {"definition": METHOD, "target": target, "options": {"waitTimeoutMs": 1000}}
        return invocation, repr(target)

    @app.callback(
        Output("summary", "children"), Output("answers", "children"), Input("ask", "result")
    )
    def show(result: dict[str, Any] | None) -> tuple[str, list[Component]]:
        try:
            first = returned_value(result)
        except InvocationError as error:
            # Nobody answered. With some answers there is no exception, but a list of errors.
            return f"No answer: {error}", [errors_table(error.all_errors)]
        assert result is not None
        outcome = result["invocationResult"]
        values, errors = outcome["all_return_values"], outcome["all_errors"]
        summary = f"{len(values)} answered, {len(errors)} failed; the first has {first['orders']}"
        return summary, [answers_table(values), errors_table(errors)]

    return app


def answers_table(values: list[dict[str, Any]]) -> Component:
    return table(
        "all_return_values",
        [(value["executed_by"]["application"], str(value["returned"])) for value in values],
        "answered",
    )


def errors_table(errors: list[dict[str, Any]]) -> Component:
    return table(
        "all_errors",
        [(error["executed_by"]["application"], error["message"]) for error in errors],
        "failed",
    )


def table(title: str, rows: list[tuple[str, str]], state: str) -> Component:
    if not rows:
        return html.P([html.Code(title), " is empty"], className="none")
    head = html.Tr([html.Th(html.Code(title), scope="col", colSpan=3)])
    body = [
        html.Tr(
            [
                html.Td(application),
                html.Td(html.Span(state, className=f"state {state}")),
                html.Td(text, className="text"),
            ]
        )
        for application, text in rows
    ]
    return html.Table([html.Thead(head), html.Tbody(body)], className="instances")


def make_app(server: Any, path: str, application: str) -> Dash:
    app = Dash(
        __name__,
        server=server,
        title=application,
        routes_pathname_prefix=f"/{path}/",
        assets_folder="../../dash_interop/demo/assets",
        plugins=[Interop(application=application)],
    )
    # Runs in the browser: it has to work while the server is away, too.
    app.clientside_callback(
        "(state, error) => [state, `state ${state}`, error]",
        Output("state", "children"),
        Output("state", "className"),
        Output("connection-error", "children"),
        Input("glue42", "connectionState"),
        Input("glue42", "connectionError"),
    )
    return app


def page(title: str, *children: Component) -> Component:
    return html.Main(
        [
            html.Header([html.H1(title), html.Span(id="state", role="status")], className="head"),
            html.P(id="connection-error", className="error", role="alert"),
            Glue42(
                id="glue42",
                children=list(children),
                fallback=html.P("Connecting …", className="muted"),
            ),
        ]
    )
