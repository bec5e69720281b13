"""
An app whose background callback, in a process of its own, invokes the page's methods:
``python -m tests.support.apps_pushing <folder of the cache>``.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from dash import Dash, DiskcacheManager, Input, Output, State, html
from diskcache import Cache

from dash_interop import Glue42, Interop, MethodRegister, method_handler
from tests.support.apps_serving import serve
from tests.support.browser_console import record_consoles


def make_app(cache: str) -> Dash:
    interop = Interop()
    app = Dash("pushing", plugins=[interop])
    app.layout = Glue42(
        id="glue42",
        children=[
            MethodRegister(id="show", definition="Show", returns=False),
            html.P(id="shown"),
            html.Button("Work", id="work"),
            html.P(id="worked"),
        ],
    )

    @method_handler("show", output=Output("shown", "children"), app=app)
    def show(args: Any, caller: Any) -> str:
        return args["text"]

    @interop.method("Server")
    def server() -> dict[str, int]:
        return {"process": os.getpid()}

    @app.callback(
        Output("worked", "children"),
        Input("work", "n_clicks"),
        State("glue42", "instance"),
        background=True,
        manager=DiskcacheManager(Cache(cache)),
        prevent_initial_call=True,
    )
    def work(_: Any, instance: Any) -> str:
        interop.invoke("Show", {"text": "half done"}, instance)
        serving = interop.invoke("Server").returned["process"]
        return "by another process" if serving == os.getppid() else "by the same process"

    return app


if __name__ == "__main__":
    record_consoles()
    print(f"listening on {serve(make_app(sys.argv[1]).server).url}", flush=True)  # noqa: T201
    signal.pause()
