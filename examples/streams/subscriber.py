"""An app that subscribes at the press of a button, and prints what comes and what happens."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, Patch, State, html
from page import added, happenings, make_app, page

from dash_interop import StreamSubscribe, stream_handler


def make_subscriber(server: Any, path: str, application: str, stream: str) -> Dash:
    app = make_app(server, path, application)
    app.layout = page(
        application,
        StreamSubscribe(
            id="stream", definition=stream, active=False, methodResponseTimeoutMs=120_000
        ),
        html.Section(
            [
                html.Div(
                    [
                        html.Button("Subscribe", id="subscribe"),
                        html.Button("Unsubscribe", id="unsubscribe", className="second"),
                        html.Span(id="status", role="status"),
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
        Output("stream", "arguments"),
        Input("subscribe", "n_clicks"),
        prevent_initial_call=True,
    )
    def subscribe(clicks: int) -> tuple[bool, dict[str, int]]:
        # Other arguments are another subscription, also where the last one was rejected.
        return True, {"attempt": clicks}

    @app.callback(
        Output("stream", "active", allow_duplicate=True),
        Input("unsubscribe", "n_clicks"),
        prevent_initial_call=True,
    )
    def unsubscribe(_: int) -> bool:
        return False

    @stream_handler("stream", output=Output("happenings", "children"), app=app)
    def print_data(time: str, message: str) -> Patch:
        return added(f"{time} {message}")

    @app.callback(
        Output("happenings", "children", allow_duplicate=True),
        Input("stream", "status"),
        State("stream", "active"),
        prevent_initial_call=True,
    )
    def print_status(status: dict[str, Any], is_wanted: bool) -> Patch:
        return added(described(status) if is_wanted else "Not subscribed")

    @app.callback(
        Output("status", "children"),
        Output("status", "className"),
        Output("subscribe", "disabled"),
        Output("unsubscribe", "disabled"),
        Input("stream", "status"),
    )
    def show_status(status: dict[str, Any] | None) -> tuple[str, str, bool, bool]:
        state = status["state"] if status else "closed"
        is_active = state in ("connecting", "open")
        return state, f"state {state}", is_active, not is_active

    return app


def described(status: dict[str, Any]) -> str:
    state, reason = status["state"], status["reason"]
    if state == "open":
        publishers = ", ".join(server["application"] for server in status["servers"])
        return f"Subscribed to {publishers}"
    words = {
        "connecting": "Waiting",
        "closed": "Closed",
        "rejected": "Rejected",
        "failed": "Failed",
    }
    return f"{words[state]}: {reason}" if reason else words[state]
