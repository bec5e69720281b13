"""An app that shows what it was given by the page that has opened its window."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, html
from page import make_app, page

from dash_interop import Windows


def make_portfolio(server: Any, path: str) -> Dash:
    app = make_app(server, path, "Portfolio")
    app.layout = page(
        "Portfolio",
        Windows(id="windows"),
        html.Section(
            [
                html.P(["Client: ", html.Strong("none", id="client")]),
                html.P(["Holds: ", html.Strong(id="holds")]),
            ],
            className="card",
        ),
    )

    @app.callback(
        Output("client", "children"), Output("holds", "children"), Input("windows", "context")
    )
    def show(context: dict[str, Any] | None) -> tuple[str, str]:
        if context is None:
            return "none: this page was not opened by the list of clients", ""
        return context["client"], context["holds"]

    return app
