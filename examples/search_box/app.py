"""
A page whose search box is JavaScript of its own (``assets/search.js``), and whose search is Python.

Short texts take longer to be found than long ones, so answers would come in the wrong order; the
page shows what the newest text found. What somebody picks is a message to Python, which counts it
and shows that on the page. How much there is to search, Python tells the page by itself.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from dash import Dash, Output, html
from flask import Response, send_from_directory

from dash_interop import Tunnel, tunnel_handler

MODULES = sorted(name for name in sys.stdlib_module_names if not name.startswith("_"))
MOST = 8
SLOWEST_SECONDS = 0.6

STYLES = Path(__file__).resolve().parents[2] / "dash_interop" / "demo" / "assets"

picked: Counter[str] = Counter()

app = Dash(__name__, title="Search box", external_stylesheets=["/style.css"])

app.layout = html.Main(
    [
        html.Header([html.H1("Search box")], className="head"),
        html.P(
            "Type the name of a module of Python's standard library. The shorter the text, the "
            "longer Python takes; what is shown is what the newest text found.",
            className="muted",
        ),
        Tunnel(id="search", send={"data": {"searched": len(MODULES)}}),
        Tunnel(id="pick"),
        html.Section(
            # The script builds the box and the list in here.
            [html.Div(id="box"), html.P("Nothing was picked yet.", id="picked", role="status")],
            className="card",
        ),
    ]
)


@app.server.route("/style.css")
def style() -> Response:
    return send_from_directory(STYLES, "style.css")


@tunnel_handler("search")
def search(data: str) -> list[str]:
    time.sleep(SLOWEST_SECONDS / (1 + len(data)))
    if "*" in data:
        raise ValueError("there are no wildcards")
    return [name for name in MODULES if data.lower() in name.lower()][:MOST]


@tunnel_handler("pick", output=Output("picked", "children"))
def pick(data: str) -> tuple[Any, str]:
    picked[data] += 1
    return None, f"{data} was picked {picked[data]} times."
