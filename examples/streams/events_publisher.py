"""An app that creates and closes a stream, and prints who subscribes and unsubscribes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import Dash, Input, Output, Patch, ctx, dcc, html
from page import added, happenings, make_app, page

from dash_interop import StreamPublish

STREAM = "Browser.Stream.Events"


def make_events_publisher(server: Any, path: str, seconds: float) -> Dash:
    """
    Args:
        seconds: How long it waits between two data.
    """
    app = make_app(server, path, "Publisher")
    app.layout = page(
        "Publisher",
        StreamPublish(id="stream", definition=STREAM, active=False),
        dcc.Interval(id="clock", interval=int(seconds * 1000), disabled=True),
        html.Section(
            [
                html.Div(
                    [
                        html.Button("Create stream", id="create"),
                        html.Button("Close stream", id="close", className="second", disabled=True),
                    ],
                    className="row",
                ),
                happenings(),
            ],
            className="card",
        ),
    )

    @app.callback(
        Output("stream", "active"),
        Output("create", "disabled"),
        Output("close", "disabled"),
        Output("happenings", "children"),
        Input("create", "n_clicks"),
        Input("close", "n_clicks"),
        prevent_initial_call=True,
    )
    def create_or_close(*clicks: int | None) -> tuple[bool, bool, bool, Patch]:
        is_there = ctx.triggered_id == "create"
        text = "The stream is created" if is_there else "The stream is closed"
        return is_there, is_there, not is_there, added(text)

    @app.callback(
        Output("happenings", "children", allow_duplicate=True),
        Input("stream", "subscriptionAdded"),
        prevent_initial_call=True,
    )
    def print_added(subscription: dict[str, Any]) -> Patch:
        return added(f"{subscription['subscriber']['application']} has subscribed")

    @app.callback(
        Output("happenings", "children", allow_duplicate=True),
        Input("stream", "subscriptionRemoved"),
        prevent_initial_call=True,
    )
    def print_removed(subscription: dict[str, Any]) -> Patch:
        return added(f"{subscription['subscriber']['application']} has left")

    @app.callback(Output("clock", "disabled"), Input("stream", "subscriptions"))
    def publish_to_somebody(subscriptions: list[dict[str, Any]] | None) -> bool:
        return not subscriptions

    @app.callback(
        Output("stream", "push"), Input("clock", "n_intervals"), prevent_initial_call=True
    )
    def publish(number: int) -> dict[str, Any]:
        return {"data": {"time": f"{datetime.now():%H:%M:%S}", "message": f"Update {number}"}}

    return app
