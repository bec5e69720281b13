"""The Dash app: offers a method to the JavaScript page, and invokes the one that it offers."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html

from dash_interop import (
    Glue42,
    InvocationError,
    MethodInvoke,
    MethodRegister,
    method_handler,
    returned_value,
)

app = Dash(__name__, title="Dash app", assets_folder="../../dash_interop/demo/assets")

app.layout = html.Main(
    [
        html.Header(
            [html.H1("Dash app"), html.Span(id="state", role="status")],
            className="head",
        ),
        html.P(id="connection-error", className="error", role="alert"),
        Glue42(
            id="glue42",
            fallback=html.P("Connecting …", className="muted"),
            children=[
                MethodRegister(id="offer", definition="Python.Statistics", returns=True),
                MethodInvoke(id="ask"),
                html.Section(
                    [
                        html.H2("Invokes Page.Greet"),
                        html.Label(["Name", dcc.Input(id="name", value="Ada")]),
                        html.Div(html.Button("Invoke", id="invoke"), className="row"),
                        html.P(id="greeting", className="answer", role="status"),
                    ],
                    className="card",
                ),
                html.Section(
                    [
                        html.H2("Offers Python.Statistics"),
                        html.P(id="served", className="answer", role="status"),
                    ],
                    className="card",
                ),
            ],
        ),
    ]
)


@method_handler("offer", app=app)
def statistics(args: dict[str, Any], caller: dict[str, Any]) -> dict[str, Any]:
    numbers = args["numbers"]
    if not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("these are not all numbers")
    return {"count": len(numbers), "mean": sum(numbers) / len(numbers)}


@app.callback(
    Output("served", "children"),
    Input("offer", "invoke"),
    prevent_initial_call=True,
)
def show_caller(invoke: dict[str, Any]) -> str:
    return f"{invoke['args']['numbers']} from {invoke['caller']['application']}"


@app.callback(
    Output("ask", "invoke"),
    Input("invoke", "n_clicks"),
    State("name", "value"),
    prevent_initial_call=True,
)
def ask(clicks: int, name: str) -> dict[str, Any]:
    # The page may not be open: says so after a second, instead of the usual half a minute.
    options = {"waitTimeoutMs": 1000}
    return {"definition": "Page.Greet", "argumentObj": {"name": name}, "options": options}


@app.callback(Output("greeting", "children"), Input("ask", "result"))
def show_greeting(result: dict[str, Any] | None) -> str:
    try:
        return returned_value(result)["text"]
    except InvocationError as error:
        return f"No greeting: {error}"


# Runs in the browser: it has to work while the server is away, too.
app.clientside_callback(
    "(state, error) => [state, `state ${state}`, error]",
    Output("state", "children"),
    Output("state", "className"),
    Output("connection-error", "children"),
    Input("glue42", "connectionState"),
    Input("glue42", "connectionError"),
)
