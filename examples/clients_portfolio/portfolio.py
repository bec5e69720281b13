"""The app with the portfolio of the client that is looked at: it buys and sells for all to see."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from data import CLIENTS, HOLDINGS, PRICES, SELECTED, holdings
from page import data_of, make_app, page

from dash_interop import Context, Contexts

AT_ONCE = 10
"""How many shares one click buys or sells."""

TITLES = ("Symbol", "Price", "Shares", "", "")


def make_portfolio(server: Any, path: str) -> Dash:
    app = make_app(server, path, "Portfolio", writes="trade")
    app.layout = page(
        "Portfolio",
        Context(id="selected", contextName=SELECTED),
        Context(id="holdings", contextName=HOLDINGS),
        Contexts(id="trade"),
        html.Section(
            [
                html.P(id="client", className="answer", role="status"),
                html.Div(
                    html.Table(
                        [
                            html.Thead(html.Tr([html.Th(title) for title in TITLES])),
                            html.Tbody([row(symbol, price) for symbol, price in PRICES.items()]),
                        ]
                    ),
                    className="scroll",
                ),
                html.P(f"A click buys or sells {AT_ONCE} shares.", className="muted"),
            ],
            className="card",
        ),
    )

    @app.callback(
        Output("client", "children"),
        Output({"shares": ALL}, "children"),
        Input("selected", "context"),
        Input("holdings", "context"),
    )
    def show(
        selected: dict[str, Any] | None, context: dict[str, Any] | None
    ) -> tuple[str, list[str]]:
        client = data_of(selected).get("client")
        if client is None:
            return "", ["" for _ in PRICES]
        shares = holdings(client, data_of(context))
        return CLIENTS[client], [str(shares.get(symbol, 0)) for symbol in PRICES]

    @app.callback(
        Output("trade", "setPath"),
        Input({"buy": ALL}, "n_clicks"),
        Input({"sell": ALL}, "n_clicks"),
        State("selected", "context"),
        State("holdings", "context"),
    )
    def trade(
        buys: list[int | None],
        sells: list[int | None],
        selected: dict[str, Any] | None,
        context: dict[str, Any] | None,
    ) -> dict[str, Any]:
        client = data_of(selected).get("client")
        if client is None or not any(buys + sells):
            raise PreventUpdate
        clicked: Any = ctx.triggered_id
        ((kind, symbol),) = clicked.items()
        number = holdings(client, data_of(context)).get(symbol, 0)
        number = number + AT_ONCE if kind == "buy" else max(0, number - AT_ONCE)
        return {"name": HOLDINGS, "path": f"{client}.{symbol}", "data": number}

    return app


def row(symbol: str, price: float) -> Component:
    return html.Tr(
        [
            html.Td(symbol),
            html.Td(f"{price:.2f}"),
            html.Td(id={"shares": symbol}),
            html.Td(trade_button("Buy", symbol)),
            html.Td(trade_button("Sell", symbol)),
        ]
    )


def trade_button(kind: str, symbol: str) -> Component:
    named: dict[str, Any] = {"aria-label": f"{kind} {symbol}"}
    return html.Button(kind, id={kind.lower(): symbol}, className="second", **named)
