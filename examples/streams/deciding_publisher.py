"""An app whose visitor decides about each subscriber, and pushes to all or to a branch."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from dash import Dash, Input, Output, Patch, State, ctx, html
from dash.development.base_component import Component
from page import added, happenings, make_app, page

from dash_interop import StreamPublish

STREAM = "Browser.Stream.Managed"

BRANCH = "Private"

NOBODY = "Nobody just now"

DECISIONS: dict[str, dict[str, Any]] = {
    "accept": {"accept": True},
    "accept-private": {"branch": BRANCH},
    "reject": {"reject": "the publisher does not want you"},
}
"""What the button of each ``id`` decides."""


def make_deciding_publisher(server: Any, path: str) -> Dash:
    app = make_app(server, path, "Publisher")
    app.layout = page(
        "Publisher",
        StreamPublish(id="stream", definition=STREAM, requestTimeoutMs=120_000),
        html.Section(
            [
                html.H2("Who wants to subscribe"),
                html.P(NOBODY, id="request", role="status"),
                html.Fieldset(
                    [
                        html.Button("Accept", id="accept"),
                        html.Button(f"Accept on {BRANCH}", id="accept-private"),
                        html.Button("Reject", id="reject", className="second"),
                    ],
                    id="decisions",
                    disabled=True,
                    className="row",
                ),
            ],
            className="card",
        ),
        html.Section(
            [
                html.H2("Who has subscribed"),
                html.Div(id="subscriptions", className="scroll"),
                html.Div(
                    [
                        html.Button("Push", id="push"),
                        html.Button(f"Push to {BRANCH}", id="push-private"),
                    ],
                    className="row",
                ),
                happenings(),
            ],
            className="card",
        ),
    )

    @app.callback(
        Output("request", "children"),
        Output("decisions", "disabled"),
        Input("stream", "request"),
        prevent_initial_call=True,
    )
    def show_request(request: dict[str, Any]) -> tuple[str, bool]:
        arguments = json.dumps(request["arguments"])
        return f"{request['caller']['application']}, with {arguments}", False

    @app.callback(
        Output("stream", "decision"),
        Output("request", "children", allow_duplicate=True),
        Output("decisions", "disabled", allow_duplicate=True),
        *(Input(button, "n_clicks") for button in DECISIONS),
        State("stream", "request"),
        prevent_initial_call=True,
    )
    def decide(*values: Any) -> tuple[dict[str, Any], str, bool]:
        request = values[-1]
        decision = DECISIONS[str(ctx.triggered_id)]
        return {"requestId": request["requestId"], **decision}, NOBODY, True

    @app.callback(
        Output("stream", "push"),
        Output("happenings", "children"),
        Input("push", "n_clicks"),
        Input("push-private", "n_clicks"),
        prevent_initial_call=True,
    )
    def push(*clicks: int | None) -> tuple[dict[str, Any], Patch]:
        number = sum(count or 0 for count in clicks)
        to = BRANCH if ctx.triggered_id == "push-private" else "all"
        message = f"Update {number}, for {to}"
        datum: dict[str, Any] = {"data": {"time": f"{datetime.now():%H:%M:%S}", "message": message}}
        if to == BRANCH:
            datum["branch"] = BRANCH
        return datum, added(f"Pushed: {message}")

    @app.callback(Output("subscriptions", "children"), Input("stream", "subscriptions"))
    def show_subscriptions(subscriptions: list[dict[str, Any]] | None) -> Component:
        if not subscriptions:
            return html.P("Nobody yet", className="none")
        head = html.Tr([html.Th(text, scope="col") for text in ("Subscriber", "Branch")])
        rows = [
            html.Tr([html.Td(one["subscriber"]["application"]), html.Td(one["branch"] or "none")])
            for one in subscriptions
        ]
        return html.Table([html.Thead(head), html.Tbody(rows)])

    return app
