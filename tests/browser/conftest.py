"""A browser for the whole run, and servers that end with their test."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature
from pathlib import Path

import pytest
from dash import Output

from tests.support.browser_apps import Apps
from tests.support.browser_console import record_consoles
from tests.support.browser_engines import ENGINES, engines_of, runs_every_test
from tests.support.browser_pages import Browser

# What this version of Dash does not know is not tried.
collect_ignore = (
    [] if "partial_pattern" in signature(Output).parameters else ["test_partial_patterns.py"]
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        marks = {mark.name for mark in metafunc.definition.iter_markers()}
        names = engines_of(
            metafunc.function.__name__,
            core="every_engine" in marks,
            whole="whole_chromium" in marks,
        )
        metafunc.parametrize("engine", names, indirect=True, scope="session")


@pytest.fixture(scope="session", autouse=True)
def recorded_consoles() -> None:
    record_consoles()


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[Browser]:
    browser = Browser(ENGINES[request.param]())
    yield browser
    browser.quit()


@pytest.fixture
def browser(engine: Browser) -> Iterator[Browser]:
    """Windows that are closed after the test, and a console that must stay clean."""
    engine.start_afresh()
    yield engine
    said = engine.console()
    complaints = engine.complaints()
    engine.close_all()
    print("\n".join(["windows:", *engine.held(), "console:", *said]))  # noqa: T201
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def burst(request: pytest.FixtureRequest) -> int:
    """How many invocations are many: fewer in an engine that runs the core only."""
    return 1000 if runs_every_test(request.node.callspec.params["engine"]) else 100


@pytest.fixture
def apps(browser: Browser) -> Iterator[Apps]:
    made = Apps(browser)
    yield made
    # Pages go first: those that lose their server complain.
    try:
        browser.close_all()
    finally:
        made.stop()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("a secret that is long enough for a gateway")
    file.chmod(0o600)
    return file
