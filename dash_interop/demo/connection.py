"""What both apps have at the top: the title, and how the connection is."""

from __future__ import annotations

from dash import Dash, Input, Output, html

__all__ = ["head", "show_connection"]


def head(title: str) -> html.Div:
    """The title, a badge with the state of the connection, and why it is lost."""
    return html.Div(
        [
            html.Header([html.H1(title), html.Span(id="state", role="status")], className="head"),
            html.P(id="connection-error", className="error", role="alert"),
        ]
    )


def show_connection(app: Dash) -> None:
    """Keep the badge up to date. In the browser: it has to work while the server is away, too."""
    app.clientside_callback(  # pyright: ignore[reportUnknownMemberType] - Dash's hint is partial
        """(state, error) => [
            state === 'disconnected' ? 'connection lost' : state ?? 'connecting',
            `state ${state}`,
            error,
        ]""",
        Output("state", "children"),
        Output("state", "className"),
        Output("connection-error", "children"),
        Input("glue42", "connectionState"),
        Input("glue42", "connectionError"),
    )
