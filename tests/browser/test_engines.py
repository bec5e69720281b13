"""The engines themselves: that their consoles are heard, and that what they cannot do is said."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from dash_interop import Glue42
from tests.support.apps_serving import backends, make_app, serve
from tests.support.browser_apps import Apps
from tests.support.browser_engines import ENGINES, LIMITS
from tests.support.browser_pages import Page, eventually


def run_script(page: Page, script: str) -> None:
    """Run it as a script of the page, not as one of the driver."""
    page.js(
        "document.body.append(Object.assign(document.createElement('script'),{text: args[0]}))",
        script,
    )


@pytest.mark.every_engine
def test_eng001_what_a_page_says_and_what_it_throws_is_heard(apps: Apps) -> None:
    apps.browser.allow_in_console("a mistake")
    page = apps.caller()
    run_script(page, "console.error('a mistake', 'that is said')")
    run_script(page, "console.warn('a', '\"warning\"')")
    page.load()
    run_script(page, "throw new Error('a mistake that is thrown')")
    run_script(page, "Promise.reject(new Error('a mistake of a promise'))")
    other = apps.caller()
    run_script(other, "console.error('a mistake of another page')")
    other.close()
    expected = {"that is said", "that is thrown", "of a promise", "of another page"}

    def mistakes() -> set[str]:
        said = "\n".join(apps.browser.console("SEVERE"))
        return {text for text in expected if text in said}

    eventually(lambda: mistakes() == expected, lambda: f"all mistakes, but {mistakes()}")
    assert any('"warning"' in one for one in apps.browser.console("WARNING"))
    assert apps.browser.complaints() == []


def test_eng002_what_an_engine_cannot_do_names_engines_and_tests_that_there_are() -> None:
    files = Path(__file__).parent.glob("test_*.py")
    tests = {
        name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }
    assert {engine for engine, _ in LIMITS} <= set(ENGINES)
    assert {test for _, test in LIMITS} <= tests


@pytest.mark.parametrize("backend", backends())
def test_eng003_an_app_that_is_served_no_more_answers_nothing_more(backend: str) -> None:
    app = make_app("first", backend)
    app.layout = Glue42(id="glue42")
    server = serve(app.server)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as early:
        # Whoever connects later is served later: the early one has been taken by then.
        with urlopen(f"{server.url}/_dash-dependencies", timeout=10) as answer:
            assert answer.status == 200
        server.stop()
        with suppress(ConnectionError):
            early.sendall(b"GET /_dash-dependencies HTTP/1.0\r\n\r\n")
            assert early.recv(1000) == b""
