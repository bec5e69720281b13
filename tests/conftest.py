"""What keeps tests that run at the same time apart."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from selenium.webdriver.chrome.options import Options

from tests.support.browser_chromium import chrome_options
from tests.support.ports import free_range

# Newer versions of selenium look for browsers and drivers on the internet.
os.environ["SE_OFFLINE"] = "true"


def pytest_setup_options() -> Options:
    """The options of ``dash[testing]``'s browser."""
    return chrome_options()


@pytest.fixture(scope="session", autouse=True)
def own_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """
    Neither the settings, the secret nor the shared gateway of whoever runs the tests, or of the
    other workers.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("DASH_INTEROP_")]:
            patch.delenv(name)
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        patch.setenv("DASH_INTEROP_PORT", str(free_range()))
        yield
