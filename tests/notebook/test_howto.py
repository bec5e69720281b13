"""What docs/howto/notebook.md shows beside the clients of Python, in JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from dash_interop.client.sync import connect
from tests.support.browser_pages import Browser, eventually
from tests.support.documents import ROOT, read
from tests.support.lab import Lab, Notebook
from tests.support.ports import free_range

DOCUMENT = "docs/howto/notebook.md"
DEADLINE = 20.0


def scripts() -> list[str]:
    """The JavaScript of the document."""
    text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
    return re.findall(r"^```js\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def howto(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    lab.send_comms_over_subshells(True)
    notebook = lab.open(browser)
    yield notebook
    notebook.close()


def test_every_section_with_code_is_run() -> None:
    here = {
        "A Dash app in the notebook",
        "JavaScript of the page and Python",
        "Coming from ipycallback",
        "The page as a peer",
    }
    assert set(read(DOCUMENT).cells) == here | {"With await", "Without await"}


def test_a_tunnel(howto: Notebook) -> None:
    offer, ask = read(DOCUMENT).cells["JavaScript of the page and Python"]
    howto.run(offer)
    howto.wait_for_tunnel()
    request, _ = scripts()
    assert howto.page.run(f"{request} return found;") == ["Bergen", "Berlin"]
    howto.page.js("window.dash_interop.tunnels.get('search').on_request((text) => `${text} Bern`)")
    assert howto.run(ask) == "'which town? Bern'"


def test_the_import_of_ipycallback(howto: Notebook) -> None:
    (line,) = read(DOCUMENT).cells["Coming from ipycallback"]
    assert howto.run(f"{line}print(SlowTunnelWidget.__name__)") == "SlowTunnelWidget\n"


def test_the_page(howto: Notebook) -> None:
    (cell,) = read(DOCUMENT).cells["The page as a peer"]
    howto.run(cell)
    there = "return Boolean(window.glue42dash?.glueInstance)"
    eventually(lambda: howto.page.js(there), "it is connected", DEADLINE)
    _, register = scripts()
    howto.page.run(register)
    with connect(application="Elsewhere") as interop:
        interop.invoke("ShowClient", {"client": "Acme"}, wait_timeout=DEADLINE)
    assert howto.page.js("return document.body.dataset.client") == "Acme"
    howto.run("page.close()")


def test_an_app_inline(howto: Notebook, browser: Browser) -> None:
    # Dash asks for an extension of JupyterLab that its package has for older ones only.
    browser.allow_in_console("Exception opening new comm")
    (cell,) = read(DOCUMENT).cells["A Dash app in the notebook"]
    port = free_range(1)
    howto.run(re.sub(r"port=\d+", f"port={port}", cell))
    frame = f"return document.querySelector('iframe[src*=\":{port}\"]')"
    page = howto.page
    page.driver.switch_to.frame(eventually(lambda: page.js(frame), "the app is shown"))
    there = "return Boolean(window.glue42dash?.glueInstance)"
    eventually(lambda: page.js(there), "it is connected", DEADLINE)
    page.driver.switch_to.default_content()
