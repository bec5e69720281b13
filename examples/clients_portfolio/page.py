"""What the pages of both apps have in common: their head, and what they know of a context."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dash_interop import Glue42, Interop

__all__ = ["data_of", "make_app", "page"]


def make_app(server: Any, path: str, application: str, writes: str) -> Dash:
    """
    An app.

    Args:
        writes: The id of its component that writes to a context.
    """
    app = Dash(
        __name__,
        server=server,
        title=application,
        routes_pathname_prefix=f"/{path}/",
        assets_folder="../../dash_interop/demo/assets",
        plugins=[Interop(application=application)],
    )
    # Both run in the browser: they have to work while the server is away, too.
    app.clientside_callback(
        "(state, error) => [state, `state ${state}`, error]",
        Output("state", "children"),
        Output("state", "className"),
        Output("connection-error", "children"),
        Input("glue42", "connectionState"),
        Input("glue42", "connectionError"),
    )
    app.clientside_callback(
        "(error) => error?.message", Output("problem", "children"), Input(writes, "error")
    )
    return app


def page(title: str, *children: Component) -> Component:
    return html.Main(
        [
            html.Header([html.H1(title), html.Span(id="state", role="status")], className="head"),
            html.P(id="connection-error", className="error", role="alert"),
            Glue42(
                id="glue42",
                children=[html.P(id="problem", className="error", role="alert"), *children],
                fallback=html.P("Connecting …", className="muted"),
            ),
        ]
    )


def data_of(context: dict[str, Any] | None) -> dict[str, Any]:
    """The value of a context; empty where there is none, or none any more."""
    if context is None or context["destroyed"]:
        return {}
    return context["data"]
