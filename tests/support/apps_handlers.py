"""An app whose methods are handled by plain functions: def, async def, in the background."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.background_callback.managers.diskcache_manager import DiskcacheManager
from dash.exceptions import PreventUpdate
from diskcache import Cache

from dash_interop import (
    Glue42,
    InvocationError,
    MethodInvoke,
    MethodRegister,
    method_handler,
    returned_value,
)

KINDS = ("Def", "Async", "Background")

STREAMS = find_spec("dash._streaming") is not None
"""Whether this Dash streams callbacks."""

DEADLINE = 60.0


def yields(n: int) -> Generator[int, None, dict[str, int]]:
    yield from range(n)
    return {"counted": n}


async def yields_soon(n: int) -> AsyncIterator[Any]:
    """What it yields last is its result."""
    for i in range(n):
        yield i
        await asyncio.sleep(0)
    yield {"counted": n}


def tells(n: int, progress: Callable[[int], None]) -> dict[str, int]:
    for i in range(n):
        progress(i)
    return {"counted": n}


async def tells_soon(n: int, progress: Callable[[int], None]) -> dict[str, int]:
    return tells(n, progress)


STREAMED = (yields, yields_soon, tells, tells_soon) if STREAMS else ()
"""Handlers that tell how far they are, where Dash streams; each is a method of its name."""


def make_app(backend: str, cache: Path) -> Dash:
    options: dict[str, Any] = {} if backend == "flask" else {"backend": backend}
    app = Dash("handlers", **options)
    app.layout = Glue42(
        id="glue42",
        children=[
            *[MethodRegister(id=kind, definition=kind, returns=True) for kind in KINDS],
            *[
                MethodRegister(id=each.__name__, definition=each.__name__, returns=True)
                for each in STREAMED
            ],
            MethodRegister(id="show", definition="Show", returns=False),
            MethodRegister(id="report", definition="Report", returns=True),
            MethodRegister(id="long", definition="Long", returns=True),
            MethodRegister(id="order", definition="Order", returns=True, batch=True),
            *[html.P(id=name) for name in ("progress", "running", "ordered")],
            html.Button("Cancel", id="cancel"),
            dcc.Input(id="offset", type="number", value=100),
            html.P(id="shown"),
            MethodInvoke(id="invoke"),
            html.Button("Go", id="go"),
            dcc.Input(id="divisor", value=4),
            html.P(id="outcome"),
        ],
    )

    def divide(args: dict[str, Any], caller: dict[str, Any], offset: int) -> dict[str, Any]:
        quotient = offset + args["a"] / args["b"]
        return {"quotient": quotient, "caller": caller["application"]}

    @method_handler("Def", State("offset", "value"), app=app)
    def divide_at_once(args: Any, caller: Any, offset: int) -> Any:
        return divide(args, caller, offset)

    @method_handler("Async", State("offset", "value"), app=app)
    async def divide_soon(args: Any, caller: Any, offset: int) -> Any:
        await asyncio.sleep(0)
        return divide(args, caller, offset)

    for each in STREAMED:
        method_handler(each.__name__, app=app)(each)

    manager = DiskcacheManager(Cache(str(cache)))

    @method_handler(
        "Background", State("offset", "value"), app=app, background=True, manager=manager
    )
    def divide_elsewhere(args: Any, caller: Any, offset: int) -> Any:
        return divide(args, caller, offset)

    @method_handler("show", output=Output("shown", "children"), app=app)
    def show(args: Any, caller: Any) -> str:
        return f"{caller['application']} says {args['text']}"

    @method_handler(
        "report",
        app=app,
        background=True,
        manager=manager,
        progress=Output("progress", "children"),
        running=(Output("running", "children"), "running", "idle"),
        cancel=Input("cancel", "n_clicks"),
    )
    def report(pages: int, until: str, set_progress: Callable[[Any], None]) -> dict[str, int]:
        set_progress(f"0 of {pages}")
        end = time.monotonic() + DEADLINE
        while not Path(until).exists() and time.monotonic() < end:
            time.sleep(0.05)
        return {"pages": pages}

    @method_handler(
        "long",
        app=app,
        background=True,
        manager=manager,
        interval=50,
        cancel=Input("long", "cancelled"),
    )
    def long(folder: str, progress: Callable[[Any], None]) -> dict[str, Any]:
        """Says how many files there are, until one is called ``end``."""
        told = []
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            names = sorted(path.name for path in Path(folder).iterdir())
            if names != told:
                told = names
                progress({"files": told})
            if "end" in told:
                break
            time.sleep(0.02)
        Path(folder, "ended").touch()
        return {"files": told}

    @method_handler("order", output=Output("ordered", "children"), returns=True, app=app)
    def order(article: str, count: int = 1) -> tuple[dict[str, str], str]:
        return {"number": f"{article}-{count}"}, f"{count} {article}"

    @app.callback(
        Output("invoke", "invoke"),
        Input("go", "n_clicks"),
        State("divisor", "value"),
        prevent_initial_call=True,
    )
    def invoke(_: Any, divisor: Any) -> Any:
        return {"definition": "Def", "argumentObj": {"a": 8, "b": int(divisor)}}

    @app.callback(Output("outcome", "children"), Input("invoke", "result"))
    def show_outcome(result: Any) -> str:
        try:
            return f"Quotient is {returned_value(result)['quotient']}"
        except InvocationError as error:
            return f"No quotient: {error}"
        except PreventUpdate:
            return "Nothing yet"

    return app
