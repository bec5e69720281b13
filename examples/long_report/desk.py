"""The app that asks for reports, shows how far they are, and cancels them."""

from __future__ import annotations

from typing import Any

from archive import METHOD
from dash import Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate
from page import make_app, page

from dash_interop import InvocationCancelled, InvocationError, MethodInvoke, returned_value


def make_desk(server: Any, path: str, application: str) -> None:
    app = make_app(server, path, application)
    app.layout = page(
        application,
        MethodInvoke(id="invoke"),
        html.Section(
            [
                html.Label(["Year ", dcc.Input(id="year", type="number", value=2025, step=1)]),
                html.Div(
                    [
                        html.Button("Make the report", id="go"),
                        html.Button("Cancel", id="stop", className="second", disabled=True),
                    ],
                    className="row",
                ),
                html.Progress(id="bar", max="12", value="0", style={"width": "100%"}),
                html.P("No report yet.", id="outcome", role="status"),
            ],
            className="card",
        ),
    )

    @app.callback(
        Output("invoke", "invoke"),
        Output("go", "disabled", allow_duplicate=True),
        Output("stop", "disabled", allow_duplicate=True),
        Output("outcome", "children", allow_duplicate=True),
        Input("go", "n_clicks"),
        State("year", "value"),
        prevent_initial_call=True,
    )
    def ask(_: int, year: int) -> tuple[dict[str, Any], bool, bool, str]:
        invoke = {
            "definition": METHOD,
            "argumentObj": {"year": year},
            "options": {"methodResponseTimeoutMs": 600_000},
        }
        return invoke, True, False, "The report is asked for."

    @app.callback(Output("invoke", "cancel"), Input("stop", "n_clicks"), prevent_initial_call=True)
    def cancel(_: int) -> bool:
        return True

    @app.callback(
        Output("bar", "value", allow_duplicate=True),
        Output("outcome", "children", allow_duplicate=True),
        Input("invoke", "progress"),
        prevent_initial_call=True,
    )
    def show_progress(progress: dict[str, Any] | None) -> tuple[str, str]:
        if progress is None:
            raise PreventUpdate
        value = progress["value"]
        return str(value["done"]), f"{value['text']}: {value['done']} of {value['of']} months"

    @app.callback(
        Output("bar", "value"),
        Output("outcome", "children"),
        Output("go", "disabled"),
        Output("stop", "disabled"),
        Input("invoke", "result"),
        prevent_initial_call=True,
    )
    def show_end(result: dict[str, Any] | None) -> tuple[str, str, bool, bool]:
        try:
            return "12", returned_value(result)["text"], False, True
        except InvocationCancelled:
            return "0", "You have cancelled the report.", False, True
        except InvocationError as error:
            return "0", f"No report: {error}", False, True
