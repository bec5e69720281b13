"""An app that publishes the company that its visitor chooses."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from page import make_app, page

COMPANIES: dict[str, dict[str, str]] = {
    "AZN": {"name": "AstraZeneca", "sector": "Health care"},
    "BARC": {"name": "Barclays", "sector": "Banks"},
    "RIO": {"name": "Rio Tinto", "sector": "Mining"},
    "ULVR": {"name": "Unilever", "sector": "Consumer goods"},
    "VOD": {"name": "Vodafone", "sector": "Telecommunications"},
}
"""By their symbols."""


def make_watchlist(server: Any, path: str, channel: str | None) -> Dash:
    app = make_app(server, path, "Watchlist")
    app.layout = page(
        "Watchlist",
        html.Section(
            [
                html.P("Choose a company for all pages on your channel.", className="muted"),
                dcc.RadioItems(
                    id="company",
                    options=[
                        {"label": f"{symbol}: {company['name']}", "value": symbol}
                        for symbol, company in COMPANIES.items()
                    ],
                ),
            ],
            className="card",
        ),
        channel=channel,
    )

    @app.callback(Output("company", "value"), Input("channels", "my"))
    def follow(my: dict[str, Any] | None) -> str | None:
        """Choose what is chosen on the channel already, or by another page."""
        return symbol_on(my)

    @app.callback(
        Output("channels", "publish"),
        Input("company", "value"),
        State("channels", "my"),
        prevent_initial_call=True,
    )
    def publish(symbol: str | None, my: dict[str, Any] | None) -> dict[str, Any] | None:
        is_news = my is not None and symbol not in (None, symbol_on(my))
        return {"data": {"symbol": symbol}} if is_news else None

    return app


def symbol_on(my: dict[str, Any] | None) -> str | None:
    """The company that is chosen on a channel."""
    return my["data"].get("symbol") if my else None
