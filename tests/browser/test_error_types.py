"""Each kind of failure is one and the same class in a page and in a Python process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from dash import Input, Output, State
from dash.exceptions import PreventUpdate

from dash_interop import (
    InvocationError,
    MethodInvoke,
    MethodRegister,
    method_handler,
    returned_value,
)
from dash_interop.client import sync
from dash_interop.client.sync import InteropClient
from tests.support.apps_parts import record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import eventually


class Timeout(Exception):
    """A name that the library has for something else."""


@pytest.fixture
def peer() -> Iterator[InteropClient]:
    """Offers what fails in different ways."""
    freed = threading.Event()

    def fails() -> None:
        raise Timeout("of my own")

    def late() -> None:
        freed.wait(30)

    with sync.connect(application="peer") as peer:
        peer.register("Fails", fails)
        peer.register("Late", late, response_timeout=0.3)
        peer.register("Hangs", late)
        peer.register("Full", late, max_queue=0)
        peer.register({"name": "Wrong", "returns": "int n"}, lambda: {"n": "x"}, validate="strict")
        peer.register("Strict", lambda a: a)
        peer.create_stream("Stream")
        yield peer
        freed.set()


SOON = {"methodResponseTimeoutMs": 300}
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "nobody offers it": (
        {"definition": "Nobody", "options": {"waitTimeoutMs": 100}},
        "MethodNotFound",
    ),
    "nobody who is meant": (
        {"definition": "Strict", "target": {"application": "x"}, "options": {"waitTimeoutMs": 100}},
        "MethodNotFound",
    ),
    "no answer of the method in time": ({"definition": "Late"}, "InvocationTimeout"),
    "no answer in the caller's time": (
        {"definition": "Hangs", "options": SOON},
        "InvocationTimeout",
    ),
    "an exception": ({"definition": "Fails"}, "HandlerFailed"),
    "a missing argument": ({"definition": "Strict"}, "InvalidArguments"),
    "a list as arguments": ({"definition": "Strict", "argumentObj": [1]}, "InvalidArguments"),
    "a wrong result": ({"definition": "Wrong"}, "InvalidResult"),
    "a stream": ({"definition": "Stream"}, "InvalidInvoke"),
    "an unknown target": ({"definition": "Strict", "target": "skipmine"}, "InvalidInvoke"),
    "an unknown key": ({"definition": "Strict", "arguments": {"a": 1}}, "InvalidInvoke"),
    "no result of a page": ({"definition": "Prevents"}, "NoResult"),
}


def as_python_hears(invoke: dict[str, Any], peer: InteropClient) -> str | None:
    """The class that the Python client raises in the same situation."""
    options = invoke.get("options", {})
    try:
        peer.invoke(
            invoke["definition"],
            invoke.get("argumentObj"),
            invoke.get("target"),
            wait_timeout=options.get("waitTimeoutMs", 5000) / 1000,
            response_timeout=options.get("methodResponseTimeoutMs", 5000) / 1000,
        )
    except InvocationError as error:
        return type(error).__name__
    return None


def test_err001_a_page_gets_the_class_that_python_gets(apps: Apps, peer: InteropClient) -> None:
    results: list[Any] = []
    app = apps.make(
        "page",
        MethodInvoke(id="invoke"),
        MethodRegister(id="prevents", definition="Prevents", returns=True),
    )
    record(app, "invoke", "result", results)

    @method_handler("prevents", app=app)
    def prevent(args: Any, caller: Any) -> None:
        raise PreventUpdate

    page = apps.open(app)
    for name, (invoke, kind) in KINDS.items():
        count = len(results)
        page.set_props("invoke", invoke=invoke)
        eventually(lambda count=count: len(results) > count, f"the result of {name}")
        with pytest.raises(InvocationError) as caught:
            returned_value(results[-1])
        assert type(caught.value).__name__ == kind, (name, results[-1])
        assert results[-1]["error"]["type"] == caught.value.type
        if "arguments" not in invoke:
            assert as_python_hears(invoke, peer) == kind, name
    assert "did you mean" in str(results[-2]["error"]["message"])


def test_err002_overload_and_the_end_of_a_server_reach_the_page(apps: Apps) -> None:
    results: list[Any] = []
    app = apps.make("page", MethodInvoke(id="invoke"))
    record(app, "invoke", "result", results)
    page = apps.open(app)
    begun, freed = threading.Event(), threading.Event()

    def late() -> None:
        begun.set()
        freed.wait(30)

    with sync.connect(application="leaving") as leaving:
        leaving.register("Full", late, max_queue=0)
        page.set_props("invoke", invoke={"definition": "Full"})
        assert begun.wait(10)
        page.set_props("invoke", invoke={"definition": "Full"})
        eventually(lambda: len(results) == 2, "the refusal")
        assert results[1]["error"]["type"] == "Overloaded"
    freed.set()
    eventually(lambda: len(results) == 3, "the end of the server")
    assert results[2]["error"]["type"] == "ServerGone"


CLIENTSIDE: dict[str, tuple[str, str, str, str | None]] = {
    "Throws": (
        "(invoke) => { throw new RangeError('no such row'); }",
        "HandlerFailed",
        "The handler in the page failed: RangeError: no such row",
        "RangeError",
    ),
    "Rejects": (
        "async (invoke) => { await 0; throw new Error('fetch failed'); }",
        "HandlerFailed",
        "The handler in the page failed: Error: fetch failed",
        "Error",
    ),
    "NoUpdate": (
        "(invoke) => dash_clientside.no_update",
        "NoResult",
        "The handler returned no result",
        None,
    ),
    "Misspelt": (
        "(invoke) => ({ invocationId: invoke.invocationId, result: 5 })",
        "InvalidResult",
        'The handler\'s answer has an unknown key "result": did you mean "invocationResult"?',
        None,
    ),
}


def test_err003_callers_hear_why_a_handler_of_a_page_has_no_result(
    apps: Apps, peer: InteropClient
) -> None:
    app = apps.make(
        "page",
        *(MethodRegister(id=name, definition=name, returns=True) for name in CLIENTSIDE),
    )
    for name, (source, *_) in CLIENTSIDE.items():
        app.clientside_callback(
            source, Output(name, "result"), Input(name, "invoke"), prevent_initial_call=True
        )
    apps.open(app)
    # Dash prints what a function of the page threw.
    apps.browser.allow_in_console("no such row|fetch failed")
    for name, (_, kind, message, exception) in CLIENTSIDE.items():
        for _ in range(2):
            with pytest.raises(InvocationError) as caught:
                peer.invoke(name, response_timeout=10)
            assert (type(caught.value).__name__, str(caught.value)) == (kind, message)
            assert getattr(caught.value, "exception", None) == exception


@pytest.mark.parametrize("status", [401, 403])
def test_err004_a_refused_request_is_told_as_such(
    apps: Apps, peer: InteropClient, status: int
) -> None:
    app = apps.make("page", MethodRegister(id="sum", definition="Sum", returns=True))
    method_handler("sum", app=app)(lambda args, caller: 1)
    refuses: list[int] = []

    @app.server.before_request
    def guard() -> Any:
        from flask import request

        is_callback = request.path.endswith("_dash-update-component")
        return ("", status) if refuses and is_callback else None

    apps.open(app)
    assert peer.invoke("Sum").returned == {"_value": 1}
    refuses.append(status)
    apps.browser.allow_in_console("_dash-update-component|dash_renderer")
    apps.browser.allow_unreadable_answers()
    with pytest.raises(InvocationError, match="The Dash server refused to run the") as caught:
        peer.invoke("Sum", response_timeout=10)
    assert type(caught.value).__name__ == "NoResult"
    assert f"with {status}: is the user logged in?" in str(caught.value)


@pytest.mark.parametrize("dependency", [State, Input])
def test_err005_a_handler_that_dash_cannot_run_is_told_as_such(
    apps: Apps, peer: InteropClient, dependency: type[State] | type[Input]
) -> None:
    app = apps.make(
        "page",
        MethodRegister(id="sum", definition="Sum", returns=True),
        MethodRegister(id="other", definition="Other", returns=True),
    )
    app.config.suppress_callback_exceptions = True
    method_handler("sum", dependency("missing", "value"), app=app)(lambda args, caller, value: 1)
    method_handler("other", app=app)(lambda args, caller: 2)
    apps.open(app)
    apps.browser.allow_in_console("nonexistent object")
    for _ in range(2):
        with pytest.raises(InvocationError, match="Dash could not run the callback") as caught:
            peer.invoke("Sum", response_timeout=5)
        assert type(caught.value).__name__ == "NoResult"
        assert "nonexistent object" in str(caught.value)
    assert peer.invoke("Other").returned == {"_value": 2}
