"""An app that raises notifications, and prints what becomes of them."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, Patch, State, ctx, dcc, html
from page import added, happenings, make_app, page

from dash_interop import NotificationDict, NotificationInteropDict, Notifications

SEVERITIES = ["None", "Low", "Medium", "High", "Critical"]
PLACES = {
    "auto": "in the browser, if it may",
    "toast": "in the page",
}


def make_desk(server: Any, path: str) -> Dash:
    app = make_app(server, path, "Desk")
    app.layout = page(
        "Desk",
        Notifications(id="notifications"),
        html.Section(
            [
                html.Label(
                    ["Message", dcc.Input(id="message", value="Check your portfolio!")],
                    className="long",
                ),
                html.Label(
                    ["Severity", dcc.Dropdown(SEVERITIES, "None", id="severity", clearable=False)],
                ),
                html.Label(
                    ["Shown", dcc.Dropdown(PLACES, "auto", id="display", clearable=False)],
                ),
                html.Div(
                    [
                        html.Button("Notify", id="notify"),
                        html.Button("With a click", id="with-click"),
                        html.Button("With actions", id="with-actions"),
                    ],
                    className="row",
                ),
                html.Div(
                    [
                        html.Span("The browser may notify:"),
                        html.Strong(id="permission", role="status"),
                        html.Button("Ask", id="ask", className="second"),
                    ],
                    className="row",
                ),
                html.P(id="problem", className="error", role="alert"),
            ],
            className="card",
        ),
        html.Section([html.H2("What happened"), happenings()], className="card"),
    )

    @app.callback(
        Output("notifications", "raise"),
        Input("notify", "n_clicks"),
        Input("with-click", "n_clicks"),
        Input("with-actions", "n_clicks"),
        State("message", "value"),
        State("severity", "value"),
        prevent_initial_call=True,
    )
    def notify(*values: Any) -> NotificationDict:
        message, severity = values[-2:]
        notification: NotificationDict = {
            "title": "New message",
            "body": message,
            "severity": severity,
            "data": {"message": message},
        }
        if ctx.triggered_id == "with-click":
            notification["clickInterop"] = invocation("ReviewMessage", message)
        elif ctx.triggered_id == "with-actions":
            notification["actions"] = [
                {
                    "action": "review",
                    "title": "Review",
                    "interop": invocation("ReviewMessage", message),
                },
                {
                    "action": "forget",
                    "title": "Forget",
                    "interop": invocation("ForgetMessage", message),
                },
            ]
        return notification

    @app.callback(Output("notifications", "display"), Input("display", "value"))
    def show_there(place: str) -> str:
        return place

    # In the browser: it asks its user only at once after the click.
    app.clientside_callback(
        "(clicks) => clicks",
        Output("notifications", "requestPermission"),
        Input("ask", "n_clicks"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("permission", "children"),
        Output("ask", "disabled"),
        Input("notifications", "permission"),
    )
    def show_permission(permission: str | None) -> tuple[str | None, bool]:
        words = {"granted": "yes", "denied": "no", "default": "not asked yet"}
        return words.get(permission or "", permission), permission == "granted"

    @app.callback(Output("problem", "children"), Input("notifications", "error"))
    def show_error(error: dict[str, Any] | None) -> str | None:
        return error["message"] if error else None

    print_events(app)
    return app


def invocation(method: str, message: str) -> NotificationInteropDict:
    return {"method": method, "arguments": {"message": message}}


def print_events(app: Dash) -> None:
    words = {
        "raised": lambda event: "is raised",
        "clicked": lambda event: "is clicked",
        "action": lambda event: f"is answered with {event['action']}",
        "closed": lambda event: f"is closed ({event['reason']})",
    }
    for name, say in words.items():

        @app.callback(
            Output("happenings", "children", allow_duplicate=True),
            Input("notifications", name),
            prevent_initial_call=True,
        )
        def show_event(event: dict[str, Any], say: Any = say) -> Patch:
            return added(f"“{event['data']['message']}” {say(event)}")
