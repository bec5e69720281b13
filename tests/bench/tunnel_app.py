"""
The Dash app of the benchmark of tunnels, on Flask.

What a page sends comes back, in these ways: through a ``Tunnel``, message by message and in
batches, and through a plain callback from one ``dcc.Store`` to another. Run as
``python -m tests.bench.tunnel_app``; prints ``pages listening on http://host:port``.
"""

from typing import Any

from dash import Dash, Input, Output, dcc, html
from werkzeug.serving import make_server

from dash_interop import Tunnel, tunnel_handler

WATCH = """
(value) => {
    window.benchCame?.(value);
    return window.dash_clientside.no_update;
}
"""


def make_app() -> Dash:
    """Make the page that gets back what it sends."""
    # The title changes whenever the page becomes busy, and idle again. That costs a quarter of a
    # callback, and callbacks that overlap, as a page's own loop makes them, are spared it.
    app = Dash("tunnels", update_title="")
    app.layout = html.Div(
        [
            Tunnel(id="single"),
            Tunnel(id="batch", batch=True),
            dcc.Store(id="there"),
            dcc.Store(id="back"),
            html.Div("ready", id="ready"),
            html.Div(id="nothing"),
        ]
    )

    @tunnel_handler("single", app=app)
    def echo(data: Any) -> Any:
        return data

    @tunnel_handler("batch", app=app)
    def echo_batch(data: Any) -> Any:
        return data

    @app.callback(Output("back", "data"), Input("there", "data"), prevent_initial_call=True)
    def plain(data: Any) -> Any:
        # A list is handled as somebody would by hand: value by value, each with its number.
        if isinstance(data["value"], list):
            return {
                **data,
                "value": [{**each, "data": echo(each["data"])} for each in data["value"]],
            }
        return data

    app.clientside_callback(
        WATCH, Output("nothing", "children"), Input("back", "data"), prevent_initial_call=True
    )
    return app


def main() -> None:
    """Serve the page on a free port of the loopback interface until the process is ended."""
    server: Any = make_app().server
    http = make_server("127.0.0.1", 0, server, threaded=True)
    print(f"pages listening on http://{http.host}:{http.port}", flush=True)
    http.serve_forever()


if __name__ == "__main__":
    main()
