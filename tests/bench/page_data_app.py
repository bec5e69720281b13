"""
The Dash app of the benchmark of data that reach a page, on FastAPI.

A click on a button starts a run, whose data are numbered. This process publishes them as fast as it
can on a stream, to which the page subscribes twice: with ``delivery="batch"``, whose lists go to a
callback of this server, and with a clientside handler. Beside them, a websocket callback of Dash
gives as many values to a ``dcc.Store`` by ``set_props``, and a clientside callback gets them. Each
shows ``run: count right`` when it has got all data of the run, once and in order; the callback
behind ``set_props`` shows ``run: seen of count`` with the last value.

Run as ``python -m tests.bench.page_data_app``; prints ``pages listening on http://host:port``.
"""

import socket
from typing import Any

import uvicorn
from dash import Dash, Input, Output, State, dcc, html, set_props

import dash_interop as dash_glue42
from dash_interop.client.sync import InteropClient, connect

__all__ = ["BATCH", "CLIENTSIDE", "SET_PROPS"]

BATCH = "batch"
CLIENTSIDE = "clientside"
SET_PROPS = "set-props"
"""The ways, by which the buttons are called, too; what a way shows is in ``way-out``."""

HANDLER = """
window.dash_clientside = Object.assign({}, window.dash_clientside, {bench: {
    take: ({data: {run, number, count}}) => {
        const {bench} = window.dash_clientside;
        if (number === 0) {
            bench.next = 0;
        }
        const isRight = number === bench.next;
        bench.next += 1;
        if (number === count - 1) {
            const text = `${run}: ${bench.next} ${isRight ? 'right' : 'wrong'}`;
            document.getElementById('clientside-out').textContent = text;
        }
    }
}});
"""

SHOW_STORE = """
(value) => {
    const {run, number, count} = value;
    if (window.benchRun !== run) {
        window.benchRun = run;
        window.benchSeen = 0;
    }
    window.benchSeen += 1;
    const {no_update} = window.dash_clientside;
    return number === count - 1 ? `${run}: ${window.benchSeen} of ${count}` : no_update;
}
"""

INDEX = """
<!DOCTYPE html>
<html>
    <head>{%metas%}<title>{%title%}</title>{%css%}<script>HANDLER</script></head>
    <body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>
""".replace("HANDLER", HANDLER)


def make_app(publisher: InteropClient) -> Dash:
    """Make the page, and publish what it asks for."""
    streams = {way: publisher.create_stream(f"Bench {way}") for way in (BATCH, CLIENTSIDE)}
    app = Dash("page_data", backend="fastapi", websocket_callbacks=True, index_string=INDEX)
    app.layout = html.Div(
        [
            dcc.Input(id="count", type="number", value=0),
            *(html.Button(way, id=way) for way in (BATCH, CLIENTSIDE, SET_PROPS)),
            *(html.Div(id=f"{way}-out") for way in (BATCH, CLIENTSIDE, SET_PROPS)),
            dcc.Store(id="store"),
            dash_glue42.Glue42(
                id="glue42",
                fallback=html.Div("connecting"),
                children=[
                    html.Div("ready", id="ready"),
                    html.Div(id="open"),
                    dash_glue42.StreamSubscribe(
                        id="to-batch", definition=f"Bench {BATCH}", delivery="batch"
                    ),
                    dash_glue42.StreamSubscribe(
                        id="to-clientside",
                        definition=f"Bench {CLIENTSIDE}",
                        clientsideHandler={"namespace": "bench", "function_name": "take"},
                    ),
                ],
            ),
        ]
    )
    app.clientside_callback(
        "(...each) => each.every((one) => one && one.state === 'open') ? 'open' : '-'",
        Output("open", "children"),
        Input("to-batch", "status"),
        Input("to-clientside", "status"),
    )
    for way, stream in streams.items():
        _publish_on_click(app, way, stream)
    _take_batches(app)
    _set_props_on_click(app)
    return app


def _publish_on_click(app: Dash, way: str, stream: Any) -> None:
    @app.callback(Input(way, "n_clicks"), State("count", "value"), prevent_initial_call=True)
    def publish(run: int, count: int) -> None:
        for number in range(count):
            stream.push(datum(run, number, count))


def _take_batches(app: Dash) -> None:
    counted = {"run": 0, "next": 0}

    @app.callback(
        Output(f"{BATCH}-out", "children"), Input("to-batch", "data"), prevent_initial_call=True
    )
    def take(batch: list[dict[str, Any]]) -> str:
        is_right = True
        for one in batch:
            run, number = one["data"]["run"], one["data"]["number"]
            if counted["run"] != run:
                counted.update(run=run, next=0)
            is_right &= number == counted["next"]
            counted["next"] += 1
        return f"{counted['run']}: {counted['next']} {'right' if is_right else 'wrong'}"


def _set_props_on_click(app: Dash) -> None:
    @app.callback(
        Input(SET_PROPS, "n_clicks"),
        State("count", "value"),
        prevent_initial_call=True,
        websocket=True,
    )
    def give(run: int, count: int) -> None:
        for number in range(count):
            set_props("store", {"data": datum(run, number, count)})

    app.clientside_callback(
        SHOW_STORE,
        Output(f"{SET_PROPS}-out", "children"),
        Input("store", "data"),
        prevent_initial_call=True,
    )


def datum(run: int, number: int, count: int) -> dict[str, Any]:
    """What is published, much like a price."""
    return {"run": run, "number": number, "count": count, "symbol": "VOD", "price": 71.42}


def main() -> None:
    """Serve the page on a free port of the loopback interface until the process is ended."""
    with connect(application="Bench") as publisher, socket.create_server(("127.0.0.1", 0)) as port:
        app = make_app(publisher)
        server = uvicorn.Server(uvicorn.Config(app.server, log_level="warning"))
        print(f"pages listening on http://127.0.0.1:{port.getsockname()[1]}", flush=True)
        server.run(sockets=[port])


if __name__ == "__main__":
    main()
