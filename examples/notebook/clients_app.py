"""The Dash app that the notebook works with: its page gives a selection, and shows a progress."""

from __future__ import annotations

from typing import Any

from dash import Dash, Output, State, dcc, html

from dash_interop import Glue42, MethodRegister, StreamSubscribe, method_handler, stream_handler

CLIENTS = ["Acme", "Bolt", "Cask", "Dune"]


def make_app() -> Dash:
    app = Dash(__name__, title="Clients", update_title="")
    app.layout = Glue42(
        id="glue42",
        settings={"web": {"config": {"application": "Clients"}}},
        children=[
            html.H1("Clients"),
            dcc.Checklist(id="selection", options=CLIENTS, value=["Acme", "Cask"]),
            html.P("Nothing has been computed", id="progress"),
            MethodRegister(id="get-selection", definition="GetSelection", returns=True),
            StreamSubscribe(id="computing", definition="Progress"),
        ],
    )

    @method_handler("get-selection", State("selection", "value"), app=app)
    def get_selection(selection: list[str]) -> dict[str, Any]:
        return {"clients": selection}

    @stream_handler("computing", output=Output("progress", "children"), app=app)
    def show_progress(done: int, of: int) -> str:
        return f"{done} of {of} computed"

    return app
