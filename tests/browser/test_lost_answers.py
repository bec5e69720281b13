"""A Dash server whose answers cannot be read for a while, or that does not answer at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from dash import Dash, Input, Output, html

from dash_interop import Glue42, MethodInvoke, MethodRegister, method_handler
from dash_interop.client.sync import InteropClient, connect
from dash_interop.errors import InvocationError
from tests.support.apps_parts import answer, handle
from tests.support.browser_apps import Apps
from tests.support.browser_pages import eventually

CALLBACKS = "/_dash-update-component"
CUT_OFF = b'{"multi": true, "respon'


def _login() -> Any:
    return "<html><body>Please log in</body></html>"


def _cut_off() -> Any:
    longer = {"Content-Length": str(len(CUT_OFF) + 1000)}
    return flask.Response(CUT_OFF, content_type="application/json", headers=longer)


def _refused() -> Any:
    return flask.Response("who are you", status=401)


def _away() -> Any:
    return flask.Response("no server behind this proxy", status=503)


def _nothing() -> Any:
    flask.request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return ""


ANSWERS = {
    "a login page": _login,
    "cut off": _cut_off,
    "401": _refused,
    "503": _away,
    "nothing": _nothing,
}


NO_JSON = "SyntaxError: .*(JSON|did not match the expected pattern)"
"""What browsers say of a text that Dash takes for JSON."""

REQUEST = "/_dash-(update-component|dependencies)"

SAID = {
    "a login page": [NO_JSON],
    "cut off": [NO_JSON],
    # Dash reads the body of a refusal twice.
    "401": [f"{REQUEST}.* status of 401", "dash[-_]renderer", "TypeError: Body is disturbed"],
    "503": [f"{REQUEST}.* status of 503", "dash[-_]renderer"],
    "nothing": [f"{REQUEST}.* net::ERR_EMPTY_RESPONSE", "dash[-_]renderer"],
}
"""What the browser and Dash say of each answer."""


class AnsweringApp:
    """An app in which the test says how requests to some routes are answered."""

    routes: tuple[str, ...] = (CALLBACKS, "/_dash-dependencies")

    def __init__(self) -> None:
        self.app = Dash("answering")
        self.app.server.before_request(self._answer_badly)
        self.bad: Any = None
        self.badly_answered: list[str] = []
        self.noted: list[int] = []
        self.results: list[Any] = []
        self.app.layout = Glue42(
            id="glue42",
            children=[
                MethodRegister(id="note", definition="Note", returns=False),
                MethodRegister(id="sum", definition="Sum", returns=True),
                MethodInvoke(id="invoke"),
                html.P(id="noted"),
                html.P(id="result"),
            ],
        )
        handle(self.app, "sum", lambda invoke: answer(invoke, **invoke["args"]))

        @method_handler("note", output=Output("noted", "children"), app=self.app)
        def note(args: dict[str, Any], caller: dict[str, Any]) -> str:
            self.noted.append(args["n"])
            return str(args["n"])

        @self.app.callback(
            Output("result", "children"), Input("invoke", "result"), prevent_initial_call=True
        )
        def show(result: Any) -> str:
            self.results.append(result["invocationId"])
            return str(len(self.results))

    def _answer_badly(self) -> Any:
        if self.bad is None or flask.request.path not in self.routes:
            return None
        self.badly_answered.append(flask.request.get_data(as_text=True))
        return self.bad()


@pytest.fixture
def peer(apps: Apps) -> Iterator[InteropClient]:
    with connect(application="peer") as client:
        client.register("Count", lambda n: n)
        yield client


@pytest.mark.parametrize("kind", ANSWERS)
def test_ans001_all_goes_on_after_answers_that_cannot_be_read(
    apps: Apps, peer: InteropClient, kind: str
) -> None:
    made = AnsweringApp()
    page = apps.open(made.app)
    page_of_this_test = {"application": "answering"}
    peer.wait_for_method("Sum")

    def invoke(method: str, n: int) -> Any:
        return peer.invoke(method, {"n": n}, page_of_this_test, response_timeout=15).returned

    def write(n: int) -> None:
        value = {"definition": "Count", "argumentObj": {"n": n}, "invocationId": str(n)}
        page.set_props("invoke", invoke=value)

    for pattern in SAID[kind]:
        apps.browser.allow_in_console(pattern)
    made.bad = ANSWERS[kind]
    write(1)
    for n in range(1, 6):
        assert invoke("Note", n) == {}
    with pytest.raises(InvocationError):
        invoke("Sum", 1)
    eventually(
        lambda: any("result.children" in request for request in made.badly_answered),
        "the callback that shows the first result has run",
    )
    made.bad = None

    assert invoke("Sum", 2) == {"n": 2}
    write(2)
    page.wait_for_text("result", "1")
    assert made.results == ["2"]
    # The first was spent on the answer that could not be read; the others were not.
    eventually(lambda: made.noted == [2, 3, 4, 5], lambda: f"the others, but {made.noted}", 20)


def test_ans002_the_first_runs_of_callbacks_may_have_answers_that_cannot_be_read(
    apps: Apps, peer: InteropClient
) -> None:
    made = AnsweringApp()
    made.routes = (CALLBACKS,)
    made.bad = _login
    apps.browser.allow_in_console(NO_JSON)
    apps.open(made.app)
    eventually(lambda: made.badly_answered, "the callback of Sum has run without an invocation")
    made.bad = None
    peer.wait_for_method("Sum")
    target = {"application": "answering"}
    assert peer.invoke("Sum", {"n": 1}, target, response_timeout=15).returned == {"n": 1}
