"""The two apps of the documentation: one offers ``Sum`` and ``SendMessage``, one invokes them."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

import dash_interop as dash_glue42


def add_invoker(app: Dash) -> None:
    """App A."""
    app.layout = dash_glue42.Glue42(
        id="glue42",
        children=[
            dash_glue42.MethodInvoke(id="g42-invoke-sum"),
            dash_glue42.MethodInvoke(id="g42-invoke-send-message"),
            html.Div(
                [
                    dcc.Input(id="number-a", type="text", autoComplete="off", value=37),
                    dcc.Input(id="number-b", type="text", autoComplete="off", value=5),
                    html.Button(id="sum-numbers-btn", children="Sum"),
                ]
            ),
            html.P(id="sum-numbers-result"),
            html.Hr(),
            html.Div(
                [
                    html.Label("Message: "),
                    dcc.Input(
                        id="message",
                        type="text",
                        autoComplete="off",
                        value="Send your daily report!",
                    ),
                    html.Button(id="send-message", children="Send"),
                ]
            ),
        ],
    )

    @app.callback(
        Output("g42-invoke-sum", "invoke"),
        Input("sum-numbers-btn", "n_clicks"),
        State("number-a", "value"),
        State("number-b", "value"),
        prevent_initial_call=True,
    )
    def sum_numbers(_: Any, a: Any, b: Any) -> Any:
        return {"definition": {"name": "Sum"}, "argumentObj": {"a": a, "b": b}}

    @app.callback(Output("sum-numbers-result", "children"), Input("g42-invoke-sum", "result"))
    def sum_numbers_result_handler(result: Any) -> Any:
        if result is None:
            raise PreventUpdate
        error = result.get("error")
        has_error = error is not None
        if has_error:
            return error.get("message", "")
        invocation_result = result.get("invocationResult", {})
        sum_value = invocation_result.get("returned", {}).get("sum")
        return f"Sum is {sum_value}"

    @app.callback(
        Output("g42-invoke-send-message", "invoke"),
        Input("send-message", "n_clicks"),
        State("message", "value"),
        prevent_initial_call=True,
    )
    def send_message(_: Any, message: Any) -> Any:
        return {"definition": {"name": "SendMessage"}, "argumentObj": {"message": message}}


def add_provider(app: Dash) -> None:
    """App B."""
    app.layout = dash_glue42.Glue42(
        id="glue42",
        children=[
            dash_glue42.MethodRegister(
                id="g42-register-sum", definition={"name": "Sum"}, returns=True
            ),
            dash_glue42.MethodRegister(
                id="g42-register-send-message", definition="SendMessage", returns=False
            ),
            html.P(id="message"),
        ],
    )

    def is_number(text: Any) -> bool:
        try:
            float(text)
            return True
        except ValueError:
            return False

    @app.callback(Output("g42-register-sum", "result"), Input("g42-register-sum", "invoke"))
    def sum_invocation_handler(invoke: Any) -> Any:
        if invoke is None:
            raise PreventUpdate
        invocation_id = invoke.get("invocationId")
        args = invoke.get("args", {})
        a = args.get("a")
        b = args.get("b")
        are_numbers = is_number(a) and is_number(b)
        if are_numbers:
            total = float(a) + float(b)
            return {"invocationId": invocation_id, "invocationResult": {"sum": total}}
        return {
            "invocationId": invocation_id,
            "error": {"message": "The arguments must be numbers!"},
        }

    @app.callback(Output("message", "children"), Input("g42-register-send-message", "invoke"))
    def send_message_invocation_handler(invoke: Any) -> Any:
        if invoke is not None:
            args = invoke.get("args", {})
            message = args.get("message", "")
            return message
        return None
