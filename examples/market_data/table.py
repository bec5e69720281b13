"""
An app with a table of all symbols, which changes four times a second.

Of 500 prices a second the callback gets the newest of each symbol, four times a second;
``replaced`` is the number of older ones of that symbol that it stands for, too.
"""

from __future__ import annotations

from typing import Any

from dash import Dash, Output, Patch, html
from page import make_app, page
from symbols import OPENING_PRICES, QUOTES

from dash_interop import StreamSubscribe, stream_handler

ROWS = {symbol: row for row, symbol in enumerate(OPENING_PRICES)}


def make_table(server: Any, path: str) -> Dash:
    app = make_app(server, path, "Quotes")
    head = ("Symbol", "Price", "Change", "Left out")
    app.layout = page(
        "Quotes",
        StreamSubscribe(id="stream", definition=QUOTES, delivery="latest", key="symbol", maxRate=4),
        html.Section(
            html.Div(
                html.Table(
                    [
                        html.Thead(html.Tr([html.Th(text, scope="col") for text in head])),
                        html.Tbody([row(symbol) for symbol in ROWS], id="rows"),
                    ],
                    className="quotes",
                ),
                className="scroll",
            ),
            className="card",
        ),
    )

    @stream_handler("stream", output=Output("rows", "children"), app=app)
    def show(symbol: str, price: float, change: float, replaced: int) -> Patch:
        rows = Patch()
        direction = "up" if change >= 0 else "down"
        rows[ROWS[symbol]] = row(symbol, f"{price:.2f}", f"{change:+.2f} %", replaced, direction)
        return rows

    return app


def row(
    symbol: str, price: str = "", change: str = "", replaced: int | None = None, direction: str = ""
) -> html.Tr:
    return html.Tr(
        [html.Td(symbol), html.Td(price), html.Td(change, className=direction), html.Td(replaced)]
    )
