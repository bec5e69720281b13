"""
An app with a chart of one symbol, which moves up to 60 times a second.

The data goes to a function in ``chart.js``, in the page: no callback of this server runs for it. A
callback runs when another symbol is chosen, which is one more subscription.
"""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, dcc, html
from page import make_app, page
from symbols import OPENING_PRICES, TICKS

from dash_interop import StreamSubscribe

GREY = "rgba(128, 136, 148, {})"

LAYOUT = {
    "margin": {"l": 10, "r": 64, "t": 10, "b": 30},
    "paper_bgcolor": "rgba(0, 0, 0, 0)",
    "plot_bgcolor": "rgba(0, 0, 0, 0)",
    "font": {"color": GREY.format(1)},
    "xaxis": {
        "type": "date",
        "gridcolor": GREY.format(0.15),
        "tickformat": "%H:%M:%S",
        "tickangle": 0,
        "nticks": 5,
    },
    "yaxis": {"side": "right", "gridcolor": GREY.format(0.25), "tickformat": ".2f"},
    "showlegend": False,
}


def make_chart(server: Any, path: str) -> Dash:
    app = make_app(server, path, "Chart", external_scripts=["/chart.js"])
    first = next(iter(OPENING_PRICES))
    app.layout = page(
        "Chart",
        StreamSubscribe(
            id="stream",
            definition=TICKS,
            arguments={"symbol": first},
            delivery="batch",
            maxRate=60,
            clientsideHandler={"namespace": "market", "function_name": "plot"},
        ),
        html.Section(
            [
                html.Div(
                    [
                        dcc.Dropdown(list(OPENING_PRICES), first, id="symbol", clearable=False),
                        html.Strong(id="price", className="price"),
                        html.Span(id="rate", className="muted"),
                    ],
                    className="row",
                ),
                html.Div(
                    dcc.Graph(
                        id="chart",
                        figure={"data": [], "layout": LAYOUT},
                        config={"staticPlot": True},
                        responsive=True,
                    ),
                    className="chart",
                ),
            ],
            className="card",
        ),
    )

    @app.callback(
        Output("stream", "arguments"), Input("symbol", "value"), prevent_initial_call=True
    )
    def choose(symbol: str) -> dict[str, str]:
        return {"symbol": symbol}

    return app
