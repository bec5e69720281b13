"""What pages write into the log of their Dash server."""

import logging
from urllib.parse import urlencode

import pytest
from dash import Dash, html

from dash_interop.app import problems
from dash_interop.app.problems import PROBLEM_ROUTE, LineAllowance, printable
from dash_interop.app.routes import QUESTION_HEADER


@pytest.fixture(params=["flask", "fastapi", "quart"])
def app(request):
    app = Dash("prices", backend=request.param)
    app.layout = html.Div()
    return app


@pytest.fixture
def report(app, post, monkeypatch, caplog):
    monkeypatch.setattr(problems, "_allowance", LineAllowance(3, 60))
    caplog.set_level(logging.WARNING, problems.__name__)

    def send(headers=None, **texts):
        told = {**(headers or {}), QUESTION_HEADER: urlencode(texts)}
        assert post(app, f"/{PROBLEM_ROUTE}", {}, told) == (200, {})
        lines = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return lines

    return send


def test_report_is_a_line_in_the_log(report):
    assert report(component="MethodRegister größe", message="no name") == [
        "a page reports: MethodRegister größe: no name"
    ]


def test_report_cannot_write_lines_of_its_own(report):
    (line,) = report(component="x\r\nERROR forged", message="a\x1b[2Jb\u2028c\u202ed\x00")
    assert line == "a page reports: x��ERROR forged: a�[2Jb�c�d�"


def test_report_is_cut(report):
    (line,) = report(component="c" * 2000, message="m" * 2000)
    assert line == f"a page reports: {'c' * 500}: {'m' * 500}"


def test_report_without_a_text_harms_nobody(report):
    assert report() == ["a page reports: : "]


def test_too_many_reports_are_announced_and_dropped(report):
    assert [len(report(component="x", message=str(n))) for n in range(5)] == [1, 1, 2, 0, 0]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_page_of_another_site_writes_nothing(report, site):
    assert report({"Sec-Fetch-Site": site}, component="x", message="y") == []
    assert len(report({"Sec-Fetch-Site": "same-origin"}, component="x", message="y")) == 1


def test_allowance_is_renewed():
    now = 0.0
    allowance = LineAllowance(2, 60, lambda: now)
    assert [allowance.take() for _ in range(4)] == [2, 1, 0, 0]
    now = 59.9
    assert allowance.take() == 0
    now = 60.0
    assert [allowance.take() for _ in range(3)] == [2, 1, 0]


def test_printable_text_stays_as_it_is():
    assert printable("Größe 😀 'a' %s") == "Größe 😀 'a' %s"
    assert printable(None) == ""
