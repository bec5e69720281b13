"""
An explorer that discovers methods and servers, and two providers that offer methods by whatever
names their users type.

A provider does not know the names before: each method that is offered is a MethodRegister with an
id that is a pattern, and one handler serves them all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import ALL, MATCH, Dash, Input, Output, Patch, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dash_interop import (
    Discovery,
    Glue42,
    Interop,
    InvocationError,
    MethodInvoke,
    MethodRegister,
    method_handler,
    returned_value,
)

CHANGES = {"serverMethodAdded": "added", "serverMethodRemoved": "removed"}
"""The events that the explorer lists, and what it calls them."""


def make_explorer(server: Any, path: str) -> Dash:
    """An app that finds methods by their names, and lists which ones come and go."""
    app = make_app(server, path, "Explorer")
    app.layout = page(
        "Explorer",
        Discovery(id="named"),
        Discovery(id="all"),
        Discovery(id="found"),
        MethodInvoke(id="call"),
        html.Section(
            [
                html.H2("Invoke a method by its name"),
                html.Div(
                    [
                        html.Label(
                            ["Method", dcc.Input(id="method", value="Hello")], className="long"
                        ),
                        html.Button("Invoke", id="invoke", disabled=True),
                    ],
                    className="row",
                ),
                html.P(id="offered-by", className="none"),
                html.P(id="answer", className="answer", role="status"),
            ],
            className="card",
        ),
        html.Section(
            [
                html.H2("Find the servers of a method"),
                html.Div(
                    [
                        html.Label(
                            ["Method", dcc.Input(id="wanted", value="Hello")], className="long"
                        ),
                        html.Button("Find servers", id="find"),
                    ],
                    className="row",
                ),
                html.Div(id="servers", className="scroll", role="status"),
            ],
            className="card",
        ),
        html.Section(
            [
                html.H2("What comes and goes"),
                html.Ol([], id="changes", className="log", role="log"),
            ],
            className="card",
        ),
    )
    invoke_by_name(app)
    find_servers(app)
    list_changes(app)
    return app


def invoke_by_name(app: Dash) -> None:
    """Whoever types a name sees at once whether somebody offers such a method."""

    @app.callback(Output("named", "name"), Input("method", "value"))
    def look_for(name: str | None) -> str | None:
        return name

    @app.callback(
        Output("offered-by", "children"),
        Output("invoke", "disabled"),
        Input("named", "servers"),
        Input("named", "name"),
    )
    def show(servers: list[dict[str, Any]] | None, name: str | None) -> tuple[str, bool]:
        # Without a name the Discovery sees the servers of all methods.
        if not name:
            return "Type the name of a method.", True
        if not servers:
            return f"Nobody in sight offers {name}.", True
        return f"Offered by {', '.join(server['application'] for server in servers)}.", False

    @app.callback(
        Output("call", "invoke"),
        Input("invoke", "n_clicks"),
        State("named", "methods"),
        prevent_initial_call=True,
    )
    def ask(clicks: int, methods: list[dict[str, Any]]) -> Any:
        # Its server may have left since the button was enabled.
        return {"definition": methods[0]} if methods else no_update

    @app.callback(Output("answer", "children"), Input("call", "result"), prevent_initial_call=True)
    def show_answer(result: dict[str, Any] | None) -> str:
        try:
            return returned_value(result)["text"]
        except InvocationError as error:
            return f"No answer: {error}"


def find_servers(app: Dash) -> None:
    """The servers of a method stay up to date after they were found."""

    @app.callback(
        Output("found", "name"),
        Input("find", "n_clicks"),
        State("wanted", "value"),
        prevent_initial_call=True,
    )
    def look_for(clicks: int, name: str | None) -> str | None:
        return name

    @app.callback(Output("servers", "children"), Input("found", "servers"), Input("found", "name"))
    def show(servers: list[dict[str, Any]] | None, name: str | None) -> Component:
        if not name:
            return html.P("No name yet", className="none")
        if not servers:
            return html.P(f"Nobody offers {name}", className="none")
        rows = [
            html.Tr([html.Td(server[field]) for field in ("application", "user", "instance")])
            for server in servers
        ]
        head = html.Tr([html.Th(text, scope="col") for text in ("Application", "User", "Instance")])
        return html.Table([html.Thead(head), html.Tbody(rows)])


def list_changes(app: Dash) -> None:
    """A line for each time that a server begins or ends to offer a method, the newest on top."""

    @app.callback(Output("changes", "children"), Input("all", "events"), prevent_initial_call=True)
    def show(events: list[dict[str, Any]]) -> Any:
        now = f"{datetime.now():%H:%M:%S}"
        lines = Patch()
        for event in events:
            if event["type"] in CHANGES:
                lines.prepend(change_line(now, event))
        return lines


def change_line(time: str, event: dict[str, Any]) -> Component:
    change = CHANGES[event["type"]]
    method, application = event["method"]["name"], event["server"]["application"]
    return html.Li(
        [
            html.Span(time, className="muted"),
            html.Span(change, className=f"state {change}"),
            html.Span([html.Code(method), f" at {application}"]),
        ],
        className="row",
    )


def make_provider(server: Any, path: str, application: str) -> Dash:
    """An app whose users offer methods by whatever names they like, and withdraw them."""
    app = make_app(server, path, application)
    app.layout = page(
        application,
        html.Section(
            [
                html.Div(
                    [
                        html.Label(
                            ["Method", dcc.Input(id="name", value="Hello")], className="long"
                        ),
                        html.Button("Offer", id="offer"),
                    ],
                    className="row",
                ),
                html.P(id="note", className="error", role="alert"),
                html.Div([], id="methods", className="rows"),
            ],
            className="card",
        ),
    )

    @app.callback(
        Output("methods", "children"),
        Output("note", "children"),
        Input("offer", "n_clicks"),
        State("name", "value"),
        State(method_id(ALL), "definition"),
        prevent_initial_call=True,
    )
    def offer(clicks: int, name: str | None, offered: list[str]) -> tuple[Any, str]:
        if not name:
            return no_update, "Type a name"
        if name.lower() in map(str.lower, offered):
            return no_update, f"{name} is offered already"
        methods = Patch()
        methods.append(offered_row(clicks, name))
        return methods, ""

    @app.callback(
        Output("methods", "children", allow_duplicate=True),
        Input({"kind": "withdraw", "number": ALL}, "n_clicks"),
        State(method_id(ALL), "id"),
        prevent_initial_call=True,
    )
    def withdraw(clicks: list[int | None], ids: list[dict[str, Any]]) -> Any:
        # A button that has just come is no click.
        if not any(entry["value"] for entry in ctx.triggered):
            return no_update
        triggered: Any = ctx.triggered_id
        methods = Patch()
        del methods[ids.index(method_id(triggered["number"]))]
        return methods

    @method_handler(method_id(MATCH), State(method_id(MATCH), "definition"), app=app)
    def answer(args: dict[str, Any], caller: dict[str, Any], name: str) -> dict[str, Any]:
        return {"text": f"{name} of {application} greets {caller['application']}"}

    return app


def method_id(number: Any) -> dict[str, Any]:
    return {"kind": "method", "number": number}


def offered_row(number: int, name: str) -> Component:
    return html.Div(
        [
            MethodRegister(id=method_id(number), definition=name, returns=True),
            html.Code(name),
            html.Button(
                "Withdraw",
                id={"kind": "withdraw", "number": number},
                className="second",
                title=f"Withdraw {name}",
            ),
        ],
        className="row",
    )


def make_app(server: Any, path: str, application: str) -> Dash:
    app = Dash(
        __name__,
        server=server,
        title=application,
        routes_pathname_prefix=f"/{path}/",
        assets_folder="../../dash_interop/demo/assets",
        plugins=[Interop(application=application)],
    )
    # Runs in the browser: it has to work while the server is away, too.
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
