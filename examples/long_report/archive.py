"""The app that makes reports: it tells how far they are, and stops when nobody wants them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dash import DiskcacheManager, Input, Output, Patch, html
from dash.exceptions import PreventUpdate
from diskcache import Cache
from page import added, happenings, make_app, page

from dash_interop import MethodRegister, method_handler

METHOD = "Report"
MONTHS = "January February March April May June July August September October November December"

WHY = {
    "cancelled": "has cancelled it",
    "timeout": "has waited long enough",
    "left": "is gone",
}


def make_archive(server: Any, path: str, application: str, seconds: float) -> None:
    """
    Args:
        seconds: How long one report takes.
    """
    app = make_app(server, path, application, background_callback_manager=DiskcacheManager(Cache()))
    app.layout = page(
        application,
        MethodRegister(
            id="report",
            definition={
                "name": METHOD,
                "accepts": "int year",
                "returns": "string text",
                "description": "What was earned in a year; tells how many months are done",
            },
            returns=True,
            methodResponseTimeoutMs=600_000,
        ),
        html.P("Reports that others ask for are made here, one after the other."),
        happenings(),
    )

    @method_handler(
        "report",
        background=True,
        interval=100,
        cancel=Input("report", "cancelled"),
        app=app,
    )
    def make_report(year: int, progress: Callable[[Any], None]) -> dict[str, str]:
        earned = 0
        names = MONTHS.split()
        for done, name in enumerate(names):
            progress({"done": done, "of": len(names), "text": f"Adding up {name}"})
            time.sleep(seconds / len(names))
            earned += len(name) * year
        return {"text": f"In {year}, {earned:,} were earned."}

    @app.callback(
        Output("happenings", "children", allow_duplicate=True),
        Input("report", "invoke"),
        prevent_initial_call=True,
    )
    def tell_of_invocation(invoke: dict[str, Any] | None) -> Patch:
        if invoke is None:
            raise PreventUpdate
        caller, year = invoke["caller"]["application"], invoke["args"]["year"]
        return added(f"{caller} asks for the report of {year}")

    @app.callback(
        Output("happenings", "children", allow_duplicate=True),
        Input("report", "cancelled"),
        prevent_initial_call=True,
    )
    def tell_of_cancel(cancelled: dict[str, Any] | None) -> Patch:
        if cancelled is None:
            raise PreventUpdate
        caller, reason = cancelled["caller"]["application"], cancelled["reason"]
        return added(f"Nobody waits for it: {caller} {WHY[reason]}")
