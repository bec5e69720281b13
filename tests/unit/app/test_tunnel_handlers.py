"""Functions that get what a page's JavaScript sends, called as the browser calls them."""

from typing import Any

import pytest
from dash import ALL, Dash, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from dash_interop import ConfigError, RegistrationError, Tunnel, tunnel_handler

OUT = Output("out", "children")


class Page:
    """An app with a ``Tunnel`` and the browser's side of its callbacks."""

    def __init__(self, post: Any, **options: Any) -> None:
        self.app = Dash("tunnelling", **options)
        self.app.layout = html.Div(
            [Tunnel(id="tunnel"), dcc.Input(id="limit", value=1), html.P(id="out")]
        )
        self._post = post

    def run(self, message: Any, *values: Any, output: bool = False, changed: str = "message"):
        """One run of the callback; returns what it sets."""
        outputs = [{"id": "tunnel", "property": "answer"}, {"id": "out", "property": "children"}]
        body = {
            "output": "..tunnel.answer...out.children.." if output else "tunnel.answer",
            "outputs": outputs if output else outputs[0],
            "inputs": [{"id": "tunnel", "property": "message", "value": message}],
            "changedPropIds": [f"tunnel.{changed}"],
            "state": [{"id": name, "property": "value", "value": value} for name, value in values],
        }
        status, answer = self._post(self.app, "/_dash-update-component", body)
        assert status in (200, 204)
        return (answer or {}).get("response") or {}

    def answer(self, message: Any, *values: Any) -> Any:
        """What the callback answers; ``None`` where it answers nothing."""
        return self.run(message, *values).get("tunnel", {}).get("answer")


@pytest.fixture
def page(post):
    return Page(post)


def message(data: Any, version: int = 1) -> dict[str, Any]:
    return {"version": version, "data": data, "requestId": None, "sequence": version}


def request(data: Any, version: int = 1) -> dict[str, Any]:
    return {**message(data, version), "requestId": f"r{version}"}


def test_function_gets_what_was_sent_and_its_version(page):
    @tunnel_handler("tunnel", app=page.app)
    def receive(data, version):
        return [data, version]

    for data in ("text", {"a": 1}, [1, None], 0, None):
        assert page.answer(request(data, 3)) == {"requestId": "r3", "data": [data, 3]}


def test_function_gets_fields_by_name_and_state_at_the_end(page):
    @tunnel_handler("tunnel", State("limit", "value"), app=page.app)
    def receive(text, page=1, limit=0, **rest):
        return [text, page, limit, rest]

    answer = page.answer(request({"text": "x", "more": True}), ("limit", 5))
    assert answer["data"] == ["x", 1, 5, {"more": True}]


def test_missing_field_is_told_and_the_function_is_not_called(page):
    @tunnel_handler("tunnel", app=page.app)
    def receive(text):
        raise AssertionError

    for data in ({"txt": "x"}, "x"):
        error = page.answer(request(data))["error"]
        assert error["interopType"] == "InvalidArguments"
        assert "argument text is missing" in error["message"]


@pytest.mark.parametrize("returned", [None, {}, {"_value": 1}, {"a": [1]}, [], "x", 0, False])
def test_request_is_answered_with_what_is_returned_whatever_it_is(page, returned):
    @tunnel_handler("tunnel", app=page.app)
    def receive():
        return returned

    assert page.answer(request("x")) == {"requestId": "r1", "data": returned}


def test_message_is_answered_with_its_version_unless_nothing_is_returned(page):
    @tunnel_handler("tunnel", app=page.app)
    def receive(data):
        return data or None

    assert page.answer(message("x", 7)) == {"version": 7, "data": "x"}
    assert page.answer(message("", 8)) is None


def test_what_is_raised_is_the_answer(page, caplog):
    @tunnel_handler("tunnel", app=page.app)
    def receive(data):
        raise KeyError(data)

    error = {"message": "KeyError: 'x'", "type": "KeyError"}
    assert page.answer(request("x")) == {"requestId": "r1", "error": error}
    assert page.answer(message("x", 2)) == {"version": 2, "error": error}
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("how", ["raise", "return"])
def test_another_callback_may_answer(page, how):
    @tunnel_handler("tunnel", app=page.app)
    def receive(data):
        if how == "raise":
            raise PreventUpdate
        return no_update

    assert page.answer(request("x")) is None


def test_answer_that_cannot_travel_is_told(page):
    @tunnel_handler("tunnel", app=page.app)
    def receive(data):
        return {"value": object()}

    error = page.answer(request("x"))["error"]
    assert error["interopType"] == "InvalidResult"
    assert "The answer cannot travel: answer.value" in error["message"]


def test_batch_is_answered_one_by_one_in_a_list(page):
    @tunnel_handler("tunnel", app=page.app)
    def receive(data):
        if data == "raise":
            raise ValueError(data)
        return data if data != "nothing" else None

    answers = page.answer(
        [request("a", 1), message("nothing", 2), message("b", 3), request("raise", 4)]
    )
    assert answers == [
        {"requestId": "r1", "data": "a"},
        {"version": 3, "data": "b"},
        {"requestId": "r4", "error": {"message": "ValueError: raise", "type": "ValueError"}},
    ]
    assert page.answer([message("nothing")]) is None


def test_output_makes_the_function_return_a_pair(page):
    @tunnel_handler("tunnel", output=OUT, app=page.app)
    def receive(data):
        if data == "raise":
            raise ValueError(data)
        return data.upper(), f"last was {data}"

    response = page.run(request("x"), output=True)
    assert response["tunnel"]["answer"] == {"requestId": "r1", "data": "X"}
    assert response["out"]["children"] == "last was x"
    response = page.run(request("raise"), output=True)
    assert response["tunnel"]["answer"]["error"]["type"] == "ValueError"
    assert "out" not in response


def test_async_function(page):
    @tunnel_handler("tunnel", app=page.app)
    async def receive(data):
        return data.upper()

    assert page.answer(request("x"))["data"] == "X"


def test_strict_validation_of_fields_and_answers(page):
    @tunnel_handler("tunnel", validate="strict", app=page.app)
    def receive(n: int) -> str:
        return "x" if n else n  # pyright: ignore[reportReturnType]

    assert page.answer(request({"n": 1}))["data"] == "x"
    assert page.answer(request({"n": "1"}))["error"]["interopType"] == "InvalidArguments"
    assert page.answer(request({"n": 0}))["error"]["interopType"] == "InvalidResult"


def test_on_error_may_answer(page):
    @tunnel_handler("tunnel", on_error=lambda error: f"sorry: {error}", app=page.app)
    def receive(data):
        raise ValueError(data)

    assert page.answer(request("x"))["data"] == "sorry: x"


def test_another_input_runs_nothing(page):
    @tunnel_handler("tunnel", app=page.app)
    def receive(data):
        raise AssertionError

    assert page.answer(None) is None
    assert page.run(request("x"), changed="stale") == {}


@pytest.mark.parametrize(
    "component_id, told",
    [
        (None, 'tunnel_handler needs the id of a Tunnel, as in @tunnel_handler("search")'),
        ({"type": "t", "index": ALL}, "write MATCH instead of ALL"),
    ],
)
def test_id_that_cannot_be_used_is_told(component_id, told):
    with pytest.raises(RegistrationError) as caught:
        tunnel_handler(component_id)
    assert told in str(caught.value)


@pytest.mark.parametrize("props", [{}, {"id": ""}, {"batch": True}])
def test_component_needs_an_id(props):
    with pytest.raises(ConfigError, match="Tunnel.* needs an id"):
        Tunnel(**props)


def test_component_takes_a_bool_for_batch():
    with pytest.raises(ConfigError, match="Tunnel t: batch has to be True or False, not 'yes'"):
        Tunnel(id="t", batch="yes")  # pyright: ignore[reportArgumentType]
    Tunnel(id={"type": "t", "index": 1}, batch=True, send="welcome")
