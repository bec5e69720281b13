"""What the pages of all apps here have in common: their head, and a list of what happened."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, Patch, html
from dash.development.base_component import Component

from dash_interop import Glue42, Interop

__all__ = ["added", "happenings", "make_app", "page"]


def make_app(server: Any, path: str, application: str, **options: Any) -> Dash:
    app = Dash(
        __name__,
        server=server,
        title=application,
        routes_pathname_prefix=f"/{path}/",
        assets_folder="../../dash_interop/demo/assets",
        plugins=[Interop(application=application)],
        **options,
    )
    # It runs in the browser, as it has to work while the server is away, too.
    app.clientside_callback(
        "(state, error) => [state, `state ${state}`, error]",
        Output("state", "children"),
        Output("state", "className"),
        Output("connection-error", "children"),
        Input("glue42", "connectionState"),
        Input("glue42", "connectionError"),
    )
    return app


def page(title: str, *children: Component) -> Component:
    return html.Main(
        [
            html.Header([html.H1(title), html.Span(id="state", role="status")], className="head"),
            html.P(id="connection-error", className="error", role="alert"),
            Glue42(
                id="glue42",
                children=list(children),
                fallback=html.P("Connecting …", className="muted"),
            ),
        ]
    )


def happenings() -> Component:
    """The list of what happened, which is empty at first."""
    return html.Ul([], id="happenings", className="log", role="log")


def added(text: str) -> Patch:
    """``children`` of the list, with a line on top of the others."""
    lines = Patch()
    lines.prepend(html.Li(text))
    return lines
