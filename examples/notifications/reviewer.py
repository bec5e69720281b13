"""An app whose methods the notifications of another one invoke."""

from __future__ import annotations

from typing import Any

from dash import Dash, Output, Patch, html
from page import added, happenings, make_app, page

from dash_interop import MethodRegister, method_handler

METHODS = {"review": ("ReviewMessage", "Reviewed"), "forget": ("ForgetMessage", "Forgotten")}
"""The method of each ``id``, and what the app prints of its invocations."""


def make_reviewer(server: Any, path: str) -> Dash:
    app = make_app(server, path, "Reviewer")
    app.layout = page(
        "Reviewer",
        *(
            MethodRegister(id=id_, definition=method, returns=False)
            for id_, (method, _) in METHODS.items()
        ),
        html.Section([html.H2("Messages"), happenings()], className="card"),
    )
    for id_, (_, done) in METHODS.items():
        add_handler(app, id_, done)
    return app


def add_handler(app: Dash, id_: str, done: str) -> None:
    output = Output("happenings", "children", allow_duplicate=True)

    @method_handler(id_, output=output, app=app)
    def show(message: str) -> Patch:
        return added(f"{done}: {message}")
