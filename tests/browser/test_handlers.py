"""Plain functions as handlers, and results as values or exceptions."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from dash import MATCH, Input, Output, State, callback, ctx, dcc, html, set_props

from dash_interop import MethodRegister, method_handler
from tests.support.apps_handlers import KINDS
from tests.support.apps_parts import answer, handle
from tests.support.apps_serving import backends
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually


@pytest.mark.parametrize("backend", backends())
def test_hand001_every_kind_of_function_handles_a_method(
    apps: Apps, backend: str, tmp_path: Path
) -> None:
    process = apps.process(
        *("tests.support.apps_main", "handlers"),
        *("--backend", backend, "--cache", str(tmp_path / "cache")),
    )
    page = apps.browser.open(f"{process.url}/")
    caller = apps.browser.open(f"{process.url}/")
    for kind in KINDS:
        caller.wait_for_servers(kind, 2)
        good = caller.start(kind, {"a": 8, "b": 4})
        assert good.wait(30)["returned"] == {"quotient": 102, "caller": "handlers"}
        bad = caller.start(kind, {"a": 8, "b": 0})
        assert bad.wait(30)["error"] == "ZeroDivisionError: division by zero"
        missing = caller.start(kind, {"a": 8})
        assert missing.wait(30)["error"] == "KeyError: 'b'"
    assert caller.invoke("Show", {"text": "hello"}, "all") == {}
    page.wait_for_text("shown", "handlers says hello")
    # The traceback is in the log of the server, and only there.
    log = "".join(process.output)
    assert "ZeroDivisionError: division by zero" in log
    assert "Traceback" in log

    page.wait_for_text("outcome", "Nothing yet")
    page.click("go")
    page.wait_for_text("outcome", "Quotient is 102")
    page.type_into("divisor", "0")
    page.click("go")
    page.wait_for_text("outcome", "No quotient: ZeroDivisionError: division by zero")


def test_hand002_a_handler_runs_for_invocations_only_and_sees_the_present_state(
    apps: Apps,
) -> None:
    runs: list[Any] = []
    app = apps.make(
        "provider",
        MethodRegister(id="add", definition="Add", returns=True),
        dcc.Input(id="offset", value="1"),
        html.Button("Also an input", id="also"),
        html.P(id="clicked"),
    )

    @method_handler("add", State("offset", "value"), Input("also", "n_clicks"), app=app)
    def add(args: Any, caller: Any, offset: str, clicks: int | None) -> Any:
        runs.append((args["n"], offset, clicks))
        return args["n"] + int(offset)

    @app.callback(Output("clicked", "children"), Input("also", "n_clicks"))
    def show(clicks: int | None) -> str:
        return str(clicks)

    page = apps.open(app)
    caller = apps.caller()
    assert caller.invoke("Add", {"n": 1}) == {"_value": 2}
    page.type_into("offset", "10")
    page.click("also")
    page.wait_for_text("clicked", "1")
    assert caller.invoke("Add", {"n": 2}) == {"_value": 12}
    assert runs == [(1, "1", None), (2, "10", 1)]


def test_hand003_a_handler_answers_a_batch_one_by_one(apps: Apps) -> None:
    batches: list[Any] = []
    app = apps.make(
        "provider",
        MethodRegister(id="half", definition="Half", returns=True, batch=True),
        MethodRegister(id="nothing", definition="Nothing", returns=True),
    )

    @app.callback(Input("half", "invoke"))
    def watch(invocations: Any) -> None:
        batches.append(invocations and len(invocations))

    @method_handler("half", app=app)
    def half(args: Any, caller: Any) -> Any:
        if args["n"] % 2:
            raise ValueError(f"{args['n']} is odd")
        return {"half": args["n"] // 2}

    @method_handler("nothing", app=app)
    def nothing(args: Any, caller: Any) -> None:
        return None

    apps.open(app)
    caller = apps.caller()
    caller.wait_for_servers("Half", 1)
    outcomes = caller.run(
        "return await Promise.all([...Array(20).keys()].map((n) => interop.invoke('Half', {n})"
        "    .then(({returned}) => returned.half, (error) => error.message)));"
    )
    assert outcomes == [n // 2 if n % 2 == 0 else f"ValueError: {n} is odd" for n in range(20)]
    eventually(lambda: sum(filter(None, batches)) == 20, "the batches were counted")
    assert len(batches) < 20
    assert caller.invoke("Nothing") == {}


def test_hand004_components_with_pattern_ids_share_one_handler(apps: Apps) -> None:
    app = apps.make(
        "provider",
        *[
            MethodRegister(
                id={"type": "quote", "symbol": symbol}, definition=f"Quote{symbol}", returns=True
            )
            for symbol in ("A", "B")
        ],
    )
    handle(
        app,
        {"type": "quote", "symbol": MATCH},
        lambda invoke: answer(invoke, symbol=invoke["args"]["symbol"]),
    )
    apps.open(app)
    caller = apps.caller()
    for symbol in ("A", "B", "A"):
        assert caller.invoke(f"Quote{symbol}", {"symbol": symbol}) == {"symbol": symbol}
    # And all at once.
    returned = caller.run(
        "return await Promise.all([...Array(20).keys()].map((n) => {"
        "    const symbol = 'AB'[n % 2];"
        "    return interop.invoke(`Quote${symbol}`, {symbol: `${symbol} ${n}`})"
        "        .then(({returned}) => returned.symbol);"
        "}));"
    )
    assert returned == [f"{'AB'[n % 2]} {n}" for n in range(20)]


def test_hand005_a_decorated_function_belongs_to_the_app_of_the_process_by_default(
    apps: Apps,
) -> None:
    @method_handler("global")
    def handler(args: Any, caller: Any) -> Any:
        return {"global": True}

    app = apps.make("provider", MethodRegister(id="global", definition="Global", returns=True))
    apps.open(app)
    assert apps.caller().invoke("Global") == {"global": True}
    # Still a function for direct use.
    assert handler({}, {}) == {"global": True}


def test_hand006_a_background_handler_reports_its_progress_and_can_be_cancelled(
    apps: Apps, tmp_path: Path
) -> None:
    page, caller = open_handlers(apps, tmp_path, "Report")
    until = tmp_path / "done"
    report = caller.start("Report", {"pages": 3, "until": str(until)})
    page.wait_for_text("progress", "0 of 3")
    page.wait_for_text("running", "running")
    until.touch()
    assert report.wait(30)["returned"] == {"pages": 3}
    page.wait_for_text("running", "idle")

    never = caller.start("Report", {"pages": 5, "until": str(tmp_path / "never")})
    page.wait_for_text("progress", "0 of 5")
    page.click("cancel")
    # And not that its time is up.
    assert never.wait(30)["error"] == "The handler returned no result"
    page.wait_for_text("running", "idle")


def test_hand007_a_handler_returns_a_result_and_updates_the_page(
    apps: Apps, tmp_path: Path
) -> None:
    page, caller = open_handlers(apps, tmp_path, "Order")
    assert caller.invoke("Order", {"article": "pens", "count": 5}) == {"number": "pens-5"}
    page.wait_for_text("ordered", "5 pens")
    missing = caller.start("Order", {"count": 5})
    said = "order: argument article is missing. Given is count, "
    assert missing.wait(30)["error"].startswith(said)
    numbers = caller.run(
        "return await Promise.all([...Array(20).keys()].map((n) =>"
        "    interop.invoke('Order', {article: 'pens', count: n})"
        "        .then(({returned}) => returned.number)));"
    )
    assert numbers == [f"pens-{n}" for n in range(20)]
    page.wait_for_text("ordered", "19 pens")


if "websocket" in inspect.signature(callback).parameters:

    def test_hand008_a_handler_answers_through_the_socket_of_dash(apps: Apps) -> None:
        app = apps.make(
            "provider",
            *[MethodRegister(id=name, definition=name, returns=True) for name in ("Def", "Async")],
            html.P(id="offset", title="10"),
            html.P(id="doubled"),
            backend="fastapi",
        )

        def double(n: int, offset: str) -> Any:
            set_props("doubled", {"children": f"doubled {n}"})
            return {"double": 2 * n + int(offset), "is_socket": ctx.websocket is not None}

        async def double_soon(n: int, offset: str) -> Any:
            return double(n, offset)

        offset = State("offset", "title")
        method_handler("Def", offset, websocket=True, app=app)(double)
        method_handler("Async", offset, websocket=True, app=app)(double_soon)
        page = apps.open(app)
        caller = apps.caller()
        for name in ("Def", "Async"):
            for n in range(5):
                result = caller.invoke(name, {"n": n})
                assert result == {"double": 2 * n + 10, "is_socket": True}
                page.wait_for_text("doubled", f"doubled {n}")
            failed = caller.start(name, {"n": None})
            assert "TypeError: unsupported operand" in failed.wait(30)["error"]


def open_handlers(apps: Apps, tmp_path: Path, method: str) -> tuple[Page, Page]:
    """A page of the app of handlers, and one that calls it."""
    cache = str(tmp_path / "cache")
    process = apps.process("tests.support.apps_main", "handlers", "--cache", cache)
    page = apps.browser.open(f"{process.url}/")
    caller = apps.caller()
    caller.wait_for_servers(method, 1)
    return page, caller
