"""Interop components in a layout."""

from __future__ import annotations

from typing import Any

import pytest
from dash import ALL, MATCH, Input, Output, State, ctx, dcc, html

from dash_interop import Glue42, MethodInvoke, MethodRegister
from tests.support.apps_parts import answer, handle
from tests.support.apps_serving import make_app
from tests.support.browser_apps import Apps


def test_lay001_interop_components_show_nothing_and_work_at_any_depth(apps: Apps) -> None:
    app = make_app("app")
    app.layout = html.Div(
        [
            html.H1("Above"),
            Glue42(
                id="glue42",
                children=html.Div(
                    dcc.Tabs(
                        [
                            dcc.Tab(
                                [
                                    html.Div(
                                        html.Div(
                                            html.Section(
                                                [
                                                    MethodRegister(
                                                        id="echo",
                                                        definition="Echo",
                                                        returns=True,
                                                    ),
                                                    MethodInvoke(id="invoke"),
                                                ],
                                                id="section",
                                            )
                                        )
                                    )
                                ],
                                label="Tab",
                            )
                        ]
                    ),
                    id="below",
                ),
            ),
            html.P(id="outcome"),
        ],
        id="outer",
    )
    handle(app, "echo", lambda invoke: answer(invoke, **invoke["args"]))

    @app.callback(Output("outcome", "children"), Input("invoke", "result"))
    def show(result: Any) -> str:
        return str(result and result["invocationResult"]["returned"])

    page = apps.open(app)
    page.wait_for("section")
    page.set_props("invoke", invoke={"definition": "Echo", "argumentObj": {"n": 1}})
    page.wait_for_text("outcome", "{'n': 1}")
    assert page.js("return document.getElementById('section').innerHTML") == ""
    parent = "return document.getElementById('below').parentElement.id"
    assert page.js(parent) == "outer"


@pytest.mark.every_engine
def test_lay002_components_with_pattern_ids_are_as_good_as_others(apps: Apps) -> None:
    app = apps.make(
        "app",
        html.Button("Add", id="add"),
        html.Div([], id="rows"),
        html.P(id="all"),
        MethodRegister(id="echo", definition="Echo", returns=True),
    )
    handle(app, "echo", lambda invoke: answer(invoke, **invoke["args"]))

    @app.callback(
        Output("rows", "children"),
        Input("add", "n_clicks"),
        State("rows", "children"),
        prevent_initial_call=True,
    )
    def add(clicks: int, rows: list[Any]) -> list[Any]:
        row = html.Div(
            [
                MethodInvoke(id={"type": "invoke", "row": clicks}),
                html.Button("Go", id={"type": "go", "row": clicks}),
                html.P(id={"type": "outcome", "row": clicks}),
            ]
        )
        return [*rows, row]

    @app.callback(
        Output({"type": "invoke", "row": MATCH}, "invoke"),
        Input({"type": "go", "row": MATCH}, "n_clicks"),
        prevent_initial_call=True,
    )
    def go(clicks: int) -> Any:
        triggered: Any = ctx.triggered_id
        return {"definition": "Echo", "argumentObj": {"row": triggered["row"], "clicks": clicks}}

    @app.callback(
        Output({"type": "outcome", "row": MATCH}, "children"),
        Input({"type": "invoke", "row": MATCH}, "result"),
    )
    def show(result: Any) -> str:
        returned = result and result["invocationResult"]["returned"]
        return f"row {returned['row']}, click {returned['clicks']}" if returned else "none"

    @app.callback(Output("all", "children"), Input({"type": "invoke", "row": ALL}, "result"))
    def show_all(results: list[Any]) -> str:
        return str([result and result["sequence"] for result in results])

    page = apps.open(app)
    page.wait_for_servers("Echo", 1)
    for row in (1, 2):
        page.click("add")
        page.wait_for(f'{{"row":{row},"type":"outcome"}}')
    for row, click in ((1, 1), (2, 1), (2, 2)):
        page.click(f'{{"row":{row},"type":"go"}}')
        page.wait_for_text(f'{{"row":{row},"type":"outcome"}}', f"row {row}, click {click}")
    page.wait_for_text("all", "[1, 2]")


def test_lay003_a_root_that_comes_and_goes_keeps_one_connection(apps: Apps) -> None:
    app = make_app("app", suppress_callback_exceptions=True)
    app.layout = html.Div(
        [
            html.Button("Toggle", id="toggle"),
            html.P(id="toggled"),
            html.Div(id="place"),
        ]
    )

    @app.callback(
        Output("place", "children"), Output("toggled", "children"), Input("toggle", "n_clicks")
    )
    def toggle(clicks: int | None) -> Any:
        if clicks and clicks % 2:
            return [], clicks
        root = Glue42(
            id="glue42",
            children=[
                MethodRegister(id="echo", definition="Echo", returns=True),
                html.P("the root", id="inside"),
            ],
        )
        return root, clicks or 0

    handle(app, "echo", lambda invoke: answer(invoke, **invoke["args"]))
    page = apps.open(app)
    caller = apps.caller()
    for n in range(3):
        page.wait_for("inside")
        caller.wait_for_servers("Echo", 1)
        assert caller.invoke("Echo", {"n": n}) == {"n": n}
        page.click("toggle")
        page.wait_for_text("toggled", str(2 * n + 1))
        caller.wait_for_servers("Echo", 0)
        page.click("toggle")
        page.wait_for_text("toggled", str(2 * n + 2))
    caller.wait_for_servers("Echo", 1)
    peers = "return interop.servers().filter(({application}) => application === 'app').length"
    assert caller.run(peers) == 1
