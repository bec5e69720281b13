"""What the pages of both apps have in common: their head, and how the subscription is."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dash_interop import Glue42, Interop

__all__ = ["make_app", "page"]


def make_app(server: Any, path: str, application: str, **options: Any) -> Dash:
    """An app whose page has a ``StreamSubscribe`` with the id ``stream``."""
    app = Dash(
        __name__,
        server=server,
        title=application,
        routes_pathname_prefix=f"/{path}/",
        assets_folder="../../dash_interop/demo/assets",
        plugins=[Interop(application=application)],
        **options,
    )
    # Both run in the browser: they have to work while the server is away, too.
    app.clientside_callback(
        "(error) => error",
        Output("connection-error", "children"),
        Input("glue42", "connectionError"),
    )
    app.clientside_callback(
        """(status, error) => {
            const { state = 'connecting', reason, lost } = status ?? {};
            const words = { connecting: 'waiting for prices', open: 'live' };
            const problem = error?.message ?? (lost ? `${lost} prices were lost` : reason);
            return [words[state] ?? state, `state ${state}`, problem];
        }""",
        Output("status", "children"),
        Output("status", "className"),
        Output("problem", "children"),
        Input("stream", "status"),
        Input("stream", "error"),
    )
    return app


def page(title: str, *children: Component) -> Component:
    return html.Main(
        [
            html.Header([html.H1(title), html.Span(id="status", role="status")], className="head"),
            html.P(id="connection-error", className="error", role="alert"),
            Glue42(
                id="glue42",
                children=[html.P(id="problem", className="muted"), *children],
                fallback=html.P("Connecting …", className="muted"),
            ),
        ]
    )
