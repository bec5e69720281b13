"""What the pages of both apps have in common: their head, with the channel that they are on."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dash_interop import Channels, ChannelSelector, Glue42, Interop

__all__ = ["make_app", "page"]


def make_app(server: Any, path: str, application: str) -> Dash:
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
        "(error) => error?.message", Output("problem", "children"), Input("channels", "error")
    )
    return app


def page(title: str, *children: Component, channel: str | None) -> Component:
    """
    Args:
        channel: The channel that it joins when it is opened.
    """
    return html.Main(
        Glue42(
            id="glue42",
            children=[
                Channels(id="channels"),
                html.Header(
                    [
                        html.H1(title),
                        ChannelSelector(id="selector", value=channel),
                        html.Span(id="state", role="status"),
                    ],
                    className="head",
                ),
                html.P(id="connection-error", className="error", role="alert"),
                html.P(id="problem", className="error", role="alert"),
                *children,
            ],
        )
    )
