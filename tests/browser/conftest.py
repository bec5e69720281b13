"""A browser for the whole run, a gateway of its own, and servers that end with their test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.apps_serving import free_ports
from tests.support.browser_apps import Apps
from tests.support.browser_chromium import Browser


@pytest.fixture(scope="session", autouse=True)
def own_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs at the same time do not share a gateway."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        patch.setenv("DASH_INTEROP_PORT", str(free_ports(10)))
        patch.delenv("DASH_INTEROP_GATEWAY", raising=False)
        patch.delenv("DASH_INTEROP_SECRET_FILE", raising=False)
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Windows that are closed after the test, and a console that must stay clean."""
    chromium.start_afresh()
    yield chromium
    said = chromium.console()
    complaints = chromium.complaints()
    chromium.close_all()
    print("\n".join(["console:", *said]))  # noqa: T201
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def apps(browser: Browser) -> Iterator[Apps]:
    made = Apps(browser)
    yield made
    # Pages go first: those that lose their server complain.
    browser.console()
    browser.close_all()
    made.stop()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("a secret that is long enough for a gateway")
    return file
