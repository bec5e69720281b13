"""The example notebook, run as its readers do: in JupyterLab, with the app in another window."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dash_interop.client.sync import connect
from tests.support.browser_pages import Browser, Page, eventually
from tests.support.lab import Lab
from tests.support.ports import free_range

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "notebook"
DEADLINE = 20.0


@pytest.fixture
def clients(browser: Browser) -> Iterator[Page]:
    """The page of the app that the notebook works with."""
    port = free_range(1)
    with subprocess.Popen(
        [sys.executable, str(EXAMPLE / "run.py"), "--port", str(port)],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while "Ctrl-C ends." not in (line := process.stdout.readline()):
            assert line or process.poll() is None, "the app did not start"
        page = browser.open(f"http://127.0.0.1:{port}/")
        yield page
        page.close()
        process.terminate()


def cells() -> dict[str, str]:
    notebook = json.loads((EXAMPLE / "analysis.ipynb").read_text(encoding="utf-8"))
    return {
        cell["id"]: "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    }


def test_the_example_notebook_works_with_its_app(lab: Lab, browser: Browser, clients: Page) -> None:
    # Dash asks for an extension of JupyterLab that its package has for older ones only.
    browser.allow_in_console("Exception opening new comm")
    lab.send_comms_over_subshells(True)
    notebook = lab.open(browser)
    code = cells()
    port = free_range(1)
    code["inline"] = re.sub(r"port=\d+", f"port={port}", code["inline"])
    said = {name: notebook.run(source) for name, source in code.items()}
    assert said["call"] == "['Acme', 'Cask']"
    clients.wait_for_text("progress", "2 of 2 computed", DEADLINE)
    with connect(application="Elsewhere") as interop:
        assert interop.invoke("GetValue", {"client": "Dune"}).returned == {"value": 5}
    # The app in the notebook.
    page = notebook.page
    frame = f"return document.querySelector('iframe[src*=\":{port}\"]')"
    element = eventually(lambda: page.js(frame), "the app is shown inline")
    page.driver.switch_to.frame(element)
    page.wait_for("go", DEADLINE)
    connected = "return Boolean(window.glue42dash?.glueInstance)"
    eventually(lambda: page.js(connected), "it is connected", DEADLINE)
    page.click("go")
    page.wait_for_text("value", "Value: 12", DEADLINE)
    page.driver.switch_to.default_content()
    # The search box.
    page.type_into("search-box", "a")
    page.wait_for_text("found", "Acme, Cask", DEADLINE)
    notebook.close()


def test_the_example_notebook_holds_no_outputs() -> None:
    notebook = json.loads((EXAMPLE / "analysis.ipynb").read_text(encoding="utf-8"))
    assert all(not cell.get("outputs") for cell in notebook["cells"])
