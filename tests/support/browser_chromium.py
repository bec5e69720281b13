"""Chromium for the tests: its headless shell, which has no windows to draw, and the whole of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver

from tests.support.browser_console import Entry
from tests.support.browser_drivers import find

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Every window works at full speed, whichever is in front.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--window-size=1280,900",
    # A page that is not of this machine, as far as its origin tells.
    "--host-resolver-rules=MAP elsewhere.example 127.0.0.1",
)


SHELL = "chromium-headless-shell"
"""Its pages cost half of the processor time. It has no back/forward cache."""

WHOLE = "chromium"

# Debian's command of the shell is a script, and a driver ends the script only: the browser would
# go on, and its pages join the tests of the next run.
BEHIND_THE_SCRIPT = {SHELL: Path("/usr/lib/chromium/chromium-headless-shell")}


def chrome_options(program: str) -> Options:
    """For ``SHELL`` or ``WHOLE``."""
    options = Options()
    for flag in FLAGS:
        options.add_argument(flag)
    behind = BEHIND_THE_SCRIPT.get(program)
    options.binary_location = str(behind) if behind and behind.exists() else find(program)
    # Pop-ups are blocked as for everybody; the driver would have them allowed.
    options.add_experimental_option("excludeSwitches", ["disable-popup-blocking"])
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return options


class Chromium:
    """Tells through its driver what the consoles of all windows said."""

    window_kind = "tab"

    def __init__(self, program: str = SHELL) -> None:
        # With its place, or newer versions of selenium go and look for a driver.
        service = Service(find("chromedriver"))
        self.driver = Chrome(options=chrome_options(program), service=service)

    def take_console(self, windows: Iterable[WebDriver]) -> list[Entry]:
        try:
            log = self.driver.get_log("browser")
        except WebDriverException as error:
            raise AssertionError("the browser has gone") from error
        # Texts come in quotes, which other engines do not add.
        return [
            Entry(level=one["level"], message=one["message"].replace('\\"', '"')) for one in log
        ]

    def quit(self) -> None:
        self.driver.quit()
