"""What a page is told when it asks its Dash server about a signature."""

import subprocess
import sys
from urllib.parse import urlencode

import pytest
from dash import Dash, html

from dash_interop.app.login import LOGIN_ROUTE
from dash_interop.app.problems import PROBLEM_ROUTE
from dash_interop.app.routes import QUESTION_HEADER
from dash_interop.app.signatures import SIGNATURE_ROUTE
from dash_interop.wire.signature import parse
from dash_interop.wire.signature_values import json_schema


@pytest.fixture(params=["flask", "fastapi", "quart"])
def app(request):
    app = Dash("prices", backend=request.param)
    app.layout = html.Div()
    return app


@pytest.fixture
def ask(app, post):
    def send(**texts):
        status, answer = post(app, f"/{SIGNATURE_ROUTE}", {}, {QUESTION_HEADER: urlencode(texts)})
        assert status == 200
        return answer

    return send


def test_signatures_are_answered_as_json_schema(ask):
    accepts, returns = "string? größe (a & b), tuple: { int x } at", "double[] prices"
    assert ask(accepts=accepts, returns=returns) == {
        "accepts": json_schema(parse(accepts)),
        "returns": json_schema(parse(returns)),
    }


@pytest.mark.parametrize("texts", [{}, {"accepts": ""}, {"accepts": " ", "returns": "\n"}])
def test_no_signature_is_answered_with_none(ask, texts):
    assert ask(**texts) == {"accepts": None, "returns": None}


@pytest.mark.parametrize(
    "texts, error",
    [
        ({"accepts": "int"}, "accepts: expected a name, found the end at character 4"),
        (
            {"accepts": "int a", "returns": "int[ a"},
            "returns: expected ']', found 'a' at character 6",
        ),
        (
            {"accepts": "int a, int a", "returns": "x"},
            "accepts: 'a' is named twice at character 12",
        ),
    ],
)
def test_malformed_signature_is_an_error_that_says_which_and_where(ask, texts, error):
    assert ask(**texts) == {"error": error}


def test_long_signature_is_read(ask):
    accepts = ", ".join(f"string[]? name_{n}" for n in range(300))
    assert len(ask(accepts=accepts)["accepts"]["properties"]) == 300


def test_app_that_was_made_before_the_package_was_used_is_asked_too():
    code = f"""
import sys
import dash_interop
assert "dash" not in sys.modules
import dash
early = dash.Dash("early")
dash_interop.MethodRegister
later = dash.Dash("later", url_base_pathname="/later/")
for app, prefix in [(early, "/"), (later, "/later/")]:
    app.layout = dash.html.Div()
    client = app.server.test_client()
    for route in ["{SIGNATURE_ROUTE}", "{LOGIN_ROUTE}"]:
        headers = {{"Origin": "https://far.away", "{QUESTION_HEADER}": "accepts=int"}}
        answer = client.post(prefix + route, headers=headers)
        print(answer.get_json()["error"].split()[0])
    assert client.post(prefix + "{PROBLEM_ROUTE}").get_json() == {{}}
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stderr == "a page reports: : \n" * 2
    assert process.stdout.split() == ["accepts:", "The"] * 2
