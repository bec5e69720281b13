"""Arguments and results that are checked against what a method says of itself."""

from __future__ import annotations

from typing import Any

import pytest
from dash import Input, Output, html

from dash_interop import MethodRegister, method_handler
from dash_interop.types import DefinitionDict
from tests.support.apps_parts import answer, handle, record
from tests.support.apps_serving import backends
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually

DEFINITION: DefinitionDict = {
    "name": "Quote",
    "accepts": "string symbol, int? depth, datetime? until, tuple: { int x, int y }[]? points",
    "returns": "double price",
}


def failure(caller: Page, args: dict[str, Any]) -> dict[str, Any]:
    """What the handler's side says to a caller of ``Quote``: ``message`` and ``type``."""
    return caller.run(
        "return interop.invoke('Quote', args[0]).then(() => null, ({returned}) => returned)", args
    )


@pytest.mark.parametrize("backend", backends())
def test_val001_strict_lets_nothing_through_that_does_not_fit(apps: Apps, backend: str) -> None:
    seen: list[Any] = []
    app = apps.make(
        "provider",
        MethodRegister(id="quote", definition=DEFINITION, returns=True, validate="strict"),
        backend=backend,
    )

    @method_handler("quote", app=app)
    def quote(args: Any, caller: Any) -> Any:
        seen.append(args["symbol"])
        return {"price": 1.5} if args["symbol"] != "B" else {"price": "high"}

    apps.open(app)
    caller = apps.caller()
    good = {"symbol": "A", "until": "2024-02-29", "points": [[1, 2], {"x": 1, "y": 2.0}]}
    assert caller.invoke("Quote", good) == {"price": 1.5}
    dated = "return (await interop.invoke('Quote', {symbol: 'D', until: new Date()})).returned"
    assert caller.run(dated) == {"price": 1.5}

    refused = failure(caller, {"depth": "2", "until": "soon", "points": [[1]]})
    assert refused["interopType"] == "InvalidArguments"
    assert sorted(refused["message"].removeprefix("Quote: ").split("; ")) == [
        "argument depth has to be an int, not a string",
        "argument points[0][1] (y) is missing",
        "argument symbol is missing",
        "argument until has to be a datetime, not a string",
    ]
    message = "Quote: result field price has to be a double, not a string"
    assert failure(caller, {"symbol": "B"}) == {"message": message, "interopType": "InvalidResult"}
    assert caller.invoke("Quote", {"symbol": "C", "depth": None}) == {"price": 1.5}
    assert seen == ["A", "D", "B", "C"]
    assert f"MethodRegister quote: {message}" in "\n".join(apps.browser.console("WARNING"))


def test_val002_warn_says_in_the_console_what_does_not_fit_and_goes_on(apps: Apps) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="quote", definition=DEFINITION, returns=True, validate="warn"),
    )
    handle(app, "quote", lambda invoke: answer(invoke, cost=1))
    apps.open(app)
    assert apps.caller().invoke("Quote", {"symbol": 5}) == {"cost": 1}
    for problem in (
        "argument symbol has to be a string, not an int",
        "result field price is missing",
    ):
        warning = f"MethodRegister quote: Quote: {problem}"
        # The driver hears of it a moment after the page has said it.
        eventually(
            lambda warning=warning: warning in "\n".join(apps.browser.console("WARNING")), warning
        )


def test_val003_off_checks_nothing(apps: Apps) -> None:
    app = apps.make("provider", MethodRegister(id="quote", definition=DEFINITION, returns=True))
    handle(app, "quote", lambda invoke: answer(invoke, **invoke["args"]))
    apps.open(app)
    assert apps.caller().invoke("Quote", {"symbol": 5}) == {"symbol": 5}
    assert apps.browser.console("WARNING") == []


def test_val004_what_is_malformed_is_not_registered(apps: Apps) -> None:
    errors: dict[str, list[Any]] = {}
    wanted = {
        "accepts": (
            {"definition": {"name": "One", "accepts": "int a, number b"}},
            "accepts: expected a type (bool, int, double, long, string, datetime, tuple or "
            "composite), found 'number' at character 8",
        ),
        "returns": (
            {"definition": {"name": "Two", "accepts": "int a", "returns": "int"}},
            "returns: expected a name, found the end at character 4",
        ),
        "mode": (
            {"definition": "Three", "validate": "loose"},
            'validate has to be "off", "warn" or "strict", not "loose"',
        ),
    }
    apps.browser.allow_in_console("dash_interop: MethodRegister (accepts|returns|mode)")
    app = apps.make(
        "provider",
        *[MethodRegister(id=key, returns=True, definition=key) for key in wanted],
        html.Button("Mend", id="mend"),
    )
    for key in wanted:
        record(app, key, "error", errors.setdefault(key, []))

    @app.callback(
        Output("returns", "definition"), Input("mend", "n_clicks"), prevent_initial_call=True
    )
    def mend(_: Any) -> Any:
        return {"name": "Two", "accepts": "int a", "returns": "int b"}

    handle(app, "returns", lambda invoke: answer(invoke, b=1))
    page = apps.open(app)
    for key, (props, message) in wanted.items():
        # As a clientside callback may: in Python such a definition is refused at once.
        page.set_props(key, **props)
        error = eventually(lambda key=key: errors[key][-1], f"{key} is refused")
        assert error == {"message": message}
    caller = apps.caller()
    page.click("mend")
    assert caller.invoke("Two", {"a": 1}) == {"b": 1}
    eventually(lambda: errors["returns"][-1] is None, "the error is cleared")
    assert caller.servers("One") == caller.servers("Three") == []
