"""
The two Dash apps of the browser benchmark, on one Flask server.

Page A calls the method ``Sum`` that page B offers, and ``ServerSum``, the same function, that this
process offers itself; beside them, page A has a chain of three plain callbacks, and one that calls
the function. For bursts there is the void method ``Note`` of page B, which shows what it got. Run
as ``python -m tests.bench.pages``; prints ``pages listening on http://host:port``.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from flask import Flask
from werkzeug.serving import make_server

import dash_interop as dash_glue42
from dash_interop import Interop

SERVER_SUM = "ServerSum"
PATH_A = "/app-a/"
PATH_B = "/app-b/"


def add(a: float, b: float) -> dict[str, float]:
    """What is called in all these ways."""
    return {"sum": a + b}


def app_a(server: Flask) -> Dash:
    """Make the page that calls, and that runs the plain callbacks."""
    interop = Interop()
    interop.method(SERVER_SUM)(add)
    app = Dash(
        "app_a",
        server=server,  # pyright: ignore[reportArgumentType] - Dash's hint forgets it
        url_base_pathname=PATH_A,
        plugins=[interop],
    )
    app.layout = html.Div(
        [
            html.Div("laid out", id="layout"),
            html.Button("chain", id="chain"),
            dcc.Store(id="first"),
            dcc.Store(id="second"),
            html.Div(id="chain-out"),
            html.Button("single", id="single"),
            html.Div(id="single-out"),
            html.Button("server", id="server"),
            html.Div(id="server-out"),
            dash_glue42.Glue42(
                id="glue42",
                fallback=html.Div("connecting"),
                children=[
                    dash_glue42.MethodInvoke(id="invoke"),
                    dash_glue42.MethodInvoke(id="note"),
                    html.Button("go", id="go"),
                    html.Div("ready", id="ready"),
                    html.Div(id="out"),
                ],
            ),
        ]
    )

    @app.callback(Output("invoke", "invoke"), Input("go", "n_clicks"), prevent_initial_call=True)
    def call_sum(clicks: int) -> dict[str, Any]:
        return {"definition": {"name": "Sum"}, "argumentObj": {"a": 1, "b": clicks}}

    @app.callback(
        Output("out", "children"),
        Input("invoke", "result"),
        State("go", "n_clicks"),
        prevent_initial_call=True,
    )
    def show_sum(result: dict[str, Any], clicks: int) -> str:
        returned = (result.get("invocationResult") or {}).get("returned") or {}
        return shown(clicks, returned)

    @app.callback(Output("first", "data"), Input("chain", "n_clicks"), prevent_initial_call=True)
    def chain_first(clicks: int) -> dict[str, int]:
        return {"a": 1, "b": clicks}

    @app.callback(Output("second", "data"), Input("first", "data"), prevent_initial_call=True)
    def chain_second(data: dict[str, int]) -> dict[str, float]:
        return {"clicks": data["b"], **add(**data)}

    @app.callback(
        Output("chain-out", "children"), Input("second", "data"), prevent_initial_call=True
    )
    def chain_third(data: dict[str, int]) -> str:
        return shown(data["clicks"], data)

    @app.callback(
        Output("single-out", "children"), Input("single", "n_clicks"), prevent_initial_call=True
    )
    def single(clicks: int) -> str:
        return shown(clicks, add(1, clicks))

    @app.callback(
        Output("server-out", "children"), Input("server", "n_clicks"), prevent_initial_call=True
    )
    def ask_server(clicks: int) -> str:
        return shown(clicks, interop.invoke(SERVER_SUM, {"a": 1, "b": clicks}).returned)

    return app


def shown(clicks: int, result: Mapping[str, Any]) -> str:
    """The text that answers a click on page A."""
    right = result.get("sum") == 1 + clicks
    return f"{clicks}: {'right' if right else dict(result)}"


def app_b(server: Flask) -> Dash:
    """Make the page that offers ``Sum``, answered by a Dash callback."""
    app = Dash("app_b", server=False, url_base_pathname=PATH_B)
    app.init_app(server)
    app.layout = dash_glue42.Glue42(
        id="glue42",
        fallback=html.Div("connecting"),
        children=[
            dash_glue42.MethodRegister(id="register", definition={"name": "Sum"}, returns=True),
            dash_glue42.MethodRegister(id="notes", definition={"name": "Note"}, returns=False),
            html.Div(id="noted"),
            html.Div("ready", id="ready"),
        ],
    )

    @app.callback(
        Output("register", "result"), Input("register", "invoke"), prevent_initial_call=True
    )
    def answer(invocation: dict[str, Any]) -> dict[str, Any]:
        numbers = invocation["args"]
        return {
            "invocationId": invocation["invocationId"],
            "invocationResult": add(numbers["a"], numbers["b"]),
        }

    noted: defaultdict[int, list[int]] = defaultdict(list)

    @app.callback(Output("noted", "children"), Input("notes", "invoke"), prevent_initial_call=True)
    def note(invocation: dict[str, Any]) -> str:
        args = invocation["args"]
        numbers = noted[args["burst"]]
        numbers.append(args["number"])
        in_order = numbers == list(range(len(numbers)))
        return f"{args['burst']}: {len(numbers)} {'right' if in_order else numbers}"

    return app


def main() -> None:
    """Serve both apps on a free port of the loopback interface until the process is ended."""
    server = Flask(__name__)
    app_a(server)
    app_b(server)
    http = make_server("127.0.0.1", 0, server, threaded=True)
    print(f"pages listening on http://{http.host}:{http.port}", flush=True)
    http.serve_forever()


if __name__ == "__main__":
    main()
