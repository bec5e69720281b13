"""
An app whose server is a peer, as its author writes it: imported by web servers, task queues and
programs, each of which finds the gateway in its environment.
"""

from __future__ import annotations

import os

from dash import Dash, html

from dash_interop import Glue42, Interop

interop = Interop(application="hosting")
app = Dash(__name__, plugins=[interop])
app.layout = Glue42(id="glue42", children=html.P("hosted"))
server = app.server

ticks = interop.stream("Ticks")


@interop.method("Process")
def process() -> int:
    """Says which process answers."""
    return os.getpid()
