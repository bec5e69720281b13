"""An app that opens a window for each client, and hears what becomes of it."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, Patch, ctx, html
from page import added, happenings, make_app, page

from dash_interop import Windows

CLIENTS = {"Acme": "Equities", "Initech": "Bonds", "Umbrella": "Commodities"}
"""The clients, and what each has in its portfolio."""

OPEN = """
(clicks) => {
    const {triggered, triggered_id} = dash_clientside.callback_context;
    if (!triggered[0].value) {
        return dash_clientside.no_update;
    }
    const {client, holds} = triggered_id;
    const options = {width: 480, height: 360, context: {client, holds}};
    return {name: client, url: '../portfolio/', options};
}
"""


def make_clients(server: Any, path: str) -> Dash:
    app = make_app(server, path, "Clients")
    app.layout = page(
        "Clients",
        Windows(id="windows"),
        html.Section(
            [
                html.Div(
                    [row(client, holds) for client, holds in CLIENTS.items()], className="rows"
                ),
                html.P(id="problem", className="error", role="alert"),
            ],
            className="card",
        ),
        html.Section([html.H2("What happened"), happenings()], className="card"),
    )

    # In the browser, which opens windows only at once after a click; Safari leaves no time for the
    # way to the server and back.
    app.clientside_callback(
        OPEN,
        Output("windows", "open"),
        Input({"act": "open", "client": ALL, "holds": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )

    for prop in ("focus", "close"):

        @app.callback(
            Output("windows", prop),
            Input({"act": prop, "client": ALL}, "n_clicks"),
            prevent_initial_call=True,
        )
        def refer(_: Any) -> dict[str, str]:
            pressed: Any = ctx.triggered_id
            return {"name": pressed["client"]}

    for event, words in {
        "opened": "has a window",
        "focused": "is in front",
        "closed": "has no window any more",
    }.items():

        @app.callback(
            Output("happenings", "children", allow_duplicate=True),
            Input("windows", event),
            prevent_initial_call=True,
        )
        def show(window: dict[str, Any], words: str = words) -> Patch:
            return added(f"{window['name']} {words}")

    @app.callback(Output("problem", "children"), Input("windows", "error"))
    def show_error(error: dict[str, Any] | None) -> str | None:
        return error["message"] if error else None

    return app


def row(client: str, holds: str) -> html.Div:
    return html.Div(
        [
            html.Strong(client),
            html.Div(
                [
                    html.Button("Open", id={"act": "open", "client": client, "holds": holds}),
                    html.Button("To the front", id=button("focus", client), className="second"),
                    html.Button("Close", id=button("close", client), className="second"),
                ],
                className="row",
            ),
        ],
        className="row",
    )


def button(act: str, client: str) -> dict[str, str]:
    return {"act": act, "client": client}
