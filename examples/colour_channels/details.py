"""An app that shows the company that somebody on its channel has chosen."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, html
from dash.development.base_component import Component
from page import make_app, page
from watchlist import COMPANIES, symbol_on


def make_details(server: Any, path: str, application: str, channel: str | None) -> Dash:
    app = make_app(server, path, application)
    app.layout = page(
        application,
        html.Section(id="details", className="card", role="status"),
        channel=channel,
    )

    @app.callback(
        Output("details", "children"), Output("details", "style"), Input("channels", "my")
    )
    def show(my: dict[str, Any] | None) -> tuple[list[Component], dict[str, str]]:
        if my is None:
            return [html.P("This page is on no channel.", className="muted")], {}
        symbol = symbol_on(my)
        line = {"borderTop": f"4px solid {my['meta']['color']}"}
        if symbol is None:
            nobody = f"Nobody on {my['name']} has chosen a company yet."
            return [html.P(nobody, className="muted")], line
        company = COMPANIES[symbol]
        return [
            html.H2(company["name"]),
            html.P(f"{symbol}, {company['sector']}"),
        ], line

    return app
