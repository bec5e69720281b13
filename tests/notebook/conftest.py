"""JupyterLab and a browser for the whole run, and notebooks that several tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser_chromium import Chromium
from tests.support.browser_pages import Browser
from tests.support.lab import Lab, Notebook


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    browser = Browser(Chromium())
    yield browser
    browser.quit()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.stop()


@pytest.fixture(scope="session", params=[True, False], ids=["subshells", "no-subshells"])
def notebook(request: pytest.FixtureRequest, lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """One whose page names a thread of its own for the messages of widgets, and one without."""
    lab.send_comms_over_subshells(request.param)
    notebook = lab.open(browser)
    notebook.has_subshells = request.param
    notebook.run("from dash_interop.notebook import SlowTunnelWidget")
    yield notebook
    notebook.close()


@pytest.fixture(autouse=True)
def clean_console(browser: Browser) -> Iterator[None]:
    browser.start_afresh()
    yield
    assert not browser.complaints()
