"""Callbacks whose patterns have fewer keys than the id of the component: from Dash 4.5 on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from dash import Dash, Input, Output, State, html

from dash_interop import MethodRegister
from dash_interop.client.sync import connect
from tests.support.apps_parts import answer
from tests.support.browser_apps import Apps

ID = {"type": "method", "index": 1}
PART: Any = {"type": "method"}
# Type checkers read an older Dash.
PARTIAL: Any = {"partial_pattern": True}
RESULT = {"n": 1}


def _app(apps: Apps) -> Dash:
    method = MethodRegister(id=ID, definition={"name": "Get"}, returns=True)
    return apps.make(
        "partial", method, html.Button("answer", id="answer"), html.P("-", id="invoked")
    )


def test_handler_of_a_partial_pattern_answers(apps: Apps) -> None:
    app = _app(apps)

    @app.callback(
        Output(PART, "result", **PARTIAL),
        Input(PART, "invoke", **PARTIAL),
        prevent_initial_call=True,
    )
    def get(invokes: list[Any]) -> list[Any]:
        return [answer(invoke, **RESULT) for invoke in invokes]

    apps.open(app)
    with connect(application="peer") as peer:
        assert peer.invoke("Get", wait_timeout=20).returned == RESULT


@pytest.mark.parametrize("is_partial", [False, True])
def test_invocation_waits_for_a_click_whose_callback_has_the_result(
    apps: Apps, is_partial: bool
) -> None:
    app = _app(apps)

    @app.callback(Output("invoked", "children"), Input(ID, "invoke"), prevent_initial_call=True)
    def show(invoke: Any) -> str:
        return "invoked"

    output = Output(PART, "result", **PARTIAL) if is_partial else Output(ID, "result")

    @app.callback(
        output, Input("answer", "n_clicks"), State(ID, "invoke"), prevent_initial_call=True
    )
    def get(clicks: int, invoke: Any) -> Any:
        result = answer(invoke, **RESULT)
        return [result] if is_partial else result

    page = apps.open(app)
    with connect(application="peer") as peer, ThreadPoolExecutor() as threads:
        invocation = threads.submit(peer.invoke, "Get", wait_timeout=20)
        page.wait_for_text("invoked", "invoked")
        page.click("answer")
        assert invocation.result(timeout=30).returned == RESULT
