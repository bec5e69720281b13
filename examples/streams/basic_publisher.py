"""An app that publishes at an interval, while its visitor wants it to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import Dash, Input, Output, Patch, ctx, dcc, html
from page import added, happenings, make_app, page

from dash_interop import StreamPublish

STREAM = "Browser.Stream.Basic"


def make_basic_publisher(server: Any, path: str, seconds: float) -> Dash:
    """
    Args:
        seconds: How long it waits between two data.
    """
    app = make_app(server, path, "Publisher")
    app.layout = page(
        "Publisher",
        StreamPublish(id="stream", definition=STREAM),
        dcc.Interval(id="clock", interval=int(seconds * 1000), disabled=True),
        html.Section(
            [
                html.Div(
                    [
                        html.Button("Start publishing", id="start"),
                        html.Button("Stop", id="stop", className="second", disabled=True),
                    ],
                    className="row",
                ),
                html.P(["Subscribers: ", html.Strong("0", id="subscribers", role="status")]),
                happenings(),
            ],
            className="card",
        ),
    )

    @app.callback(
        Output("clock", "disabled"),
        Output("start", "disabled"),
        Output("stop", "disabled"),
        Input("start", "n_clicks"),
        Input("stop", "n_clicks"),
        prevent_initial_call=True,
    )
    def start_or_stop(*clicks: int | None) -> tuple[bool, bool, bool]:
        runs = ctx.triggered_id == "start"
        return not runs, runs, not runs

    @app.callback(
        Output("stream", "push"),
        Output("happenings", "children"),
        Input("clock", "n_intervals"),
        prevent_initial_call=True,
    )
    def publish(number: int) -> tuple[dict[str, Any], Patch]:
        message = f"Update {number}"
        data = {"time": f"{datetime.now():%H:%M:%S}", "message": message}
        return {"data": data}, added(f"Pushed: {message}")

    @app.callback(Output("subscribers", "children"), Input("stream", "subscriptions"))
    def count_subscribers(subscriptions: list[dict[str, Any]] | None) -> str:
        return str(len(subscriptions or []))

    return app
