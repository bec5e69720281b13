"""The app with the clients: it says to all which one is looked at."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, ctx, html
from dash.exceptions import PreventUpdate
from data import CLIENTS, HOLDINGS, SELECTED, value
from page import data_of, make_app, page

from dash_interop import Context


def make_clients(server: Any, path: str) -> Dash:
    app = make_app(server, path, "Clients", writes="selected")
    app.layout = page(
        "Clients",
        Context(id="selected", contextName=SELECTED),
        Context(id="holdings", contextName=HOLDINGS),
        html.Section(
            html.Table(
                html.Tbody(
                    [
                        html.Tr(
                            [
                                html.Td(html.Button(name, id={"client": client})),
                                html.Td(id={"value-of": client}),
                            ]
                        )
                        for client, name in CLIENTS.items()
                    ]
                )
            ),
            className="card",
        ),
    )

    @app.callback(Output("selected", "update"), Input({"client": ALL}, "n_clicks"))
    def select(clicks: list[int | None]) -> dict[str, Any]:
        if not any(clicks):
            raise PreventUpdate
        clicked: Any = ctx.triggered_id
        return {"client": clicked["client"]}

    @app.callback(
        Output({"client": ALL}, "className"),
        Output({"client": ALL}, "aria-pressed"),
        Input("selected", "context"),
    )
    def show_selected(context: dict[str, Any] | None) -> tuple[list[str], list[str]]:
        chosen = [client == data_of(context).get("client") for client in CLIENTS]
        return (
            ["" if is_chosen else "second" for is_chosen in chosen],
            ["true" if is_chosen else "false" for is_chosen in chosen],
        )

    @app.callback(Output({"value-of": ALL}, "children"), Input("holdings", "context"))
    def show_values(context: dict[str, Any] | None) -> list[str]:
        return [f"£ {value(client, data_of(context)):,.2f}" for client in CLIENTS]

    return app
