"""
One page that offers two methods and invokes them, several calls at a time.

All calls go through one MethodInvoke. Its results come in the order in which the calls end, each
with the invocationId of its call: that is how a result finds its row. The methods could as well
be those of another app.
"""

from __future__ import annotations

import time
from typing import Any

from dash import Dash, Input, Output, Patch, ctx, dcc, html

from dash_interop import (
    Glue42,
    InvocationError,
    MethodInvoke,
    MethodRegister,
    method_handler,
    returned_value,
)

SECONDS = 3
"""How long the slow method takes."""

app = Dash(__name__, title="Correlating results", assets_folder="../../dash_interop/demo/assets")

app.layout = html.Main(
    [
        html.Header(
            [html.H1("Correlating results"), html.Span(id="state", role="status")],
            className="head",
        ),
        html.P(
            f"Press the buttons in any order, without waiting. A slow call takes {SECONDS} "
            "seconds, and the slow ones wait for each other; the quick ones overtake them.",
            className="muted",
        ),
        html.P(id="connection-error", className="error", role="alert"),
        Glue42(
            id="glue42",
            fallback=html.P("Connecting …", className="muted"),
            children=[
                MethodRegister(id="offer-slow", definition="Price.Exact", returns=True),
                MethodRegister(id="offer-quick", definition="Price.Estimate", returns=True),
                MethodInvoke(id="ask"),
                dcc.Store(id="calls", data={}),
                html.Section(
                    [
                        html.Div(
                            [
                                html.Button("Slow call", id="slow"),
                                html.Button("Quick call", id="quick"),
                                html.Button("Failing call", id="failing", className="second"),
                            ],
                            className="row",
                        ),
                        html.Div(id="table", className="scroll"),
                    ],
                    className="card",
                ),
            ],
        ),
    ]
)


@method_handler("offer-slow", app=app)
def exact_price(args: dict[str, Any], caller: dict[str, Any]) -> dict[str, Any]:
    time.sleep(SECONDS)
    return {"price": args["quantity"] * 9.87}


@method_handler("offer-quick", app=app)
def estimated_price(args: dict[str, Any], caller: dict[str, Any]) -> dict[str, Any]:
    if args["quantity"] < 0:
        raise ValueError("the quantity is negative")
    return {"price": args["quantity"] * 10}


@app.callback(
    Output("ask", "invoke"),
    Output("calls", "data"),
    Input("slow", "n_clicks"),
    Input("quick", "n_clicks"),
    Input("failing", "n_clicks"),
    prevent_initial_call=True,
)
def ask(*clicks: int | None) -> tuple[dict[str, Any], Patch]:
    number = sum(count or 0 for count in clicks)
    invocation_id = f"call-{number}"
    method = "Price.Exact" if ctx.triggered_id == "slow" else "Price.Estimate"
    quantity = -number if ctx.triggered_id == "failing" else number
    # A Patch changes one row and leaves alone what a result writes at the same time.
    calls = Patch()
    calls[invocation_id] = {"method": method, "quantity": quantity, "state": "waiting"}
    invocation = {
        "invocationId": invocation_id,
        "definition": method,
        "argumentObj": {"quantity": quantity},
    }
    return invocation, calls


@app.callback(
    Output("calls", "data", allow_duplicate=True),
    Input("ask", "result"),
    prevent_initial_call=True,
)
def receive(result: dict[str, Any]) -> Patch:
    row = Patch()
    invocation_id = result["invocationId"]
    try:
        row[invocation_id]["answer"] = f"{returned_value(result)['price']:.2f}"
        row[invocation_id]["state"] = "answered"
    except InvocationError as error:
        row[invocation_id]["answer"] = str(error)
        row[invocation_id]["state"] = "failed"
    row[invocation_id]["place"] = result["sequence"]
    return row


@app.callback(Output("table", "children"), Input("calls", "data"))
def show(calls: dict[str, dict[str, Any]]) -> Any:
    if not calls:
        return html.P("No calls yet", className="none")
    head = ["Invocation", "State", "Method", "Quantity", "Answer", "Result no."]
    rows = [
        html.Tr(
            [
                html.Td(invocation_id),
                html.Td(html.Span(call["state"], className=f"state {call['state']}")),
                html.Td(html.Code(call["method"])),
                html.Td(call["quantity"]),
                html.Td(call.get("answer", ""), className="text"),
                html.Td(call.get("place", "")),
            ],
            id=invocation_id,
        )
        for invocation_id, call in calls.items()
    ]
    return html.Table(
        [html.Thead(html.Tr([html.Th(text, scope="col") for text in head])), html.Tbody(rows)]
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
