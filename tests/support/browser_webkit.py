"""WebKit for the tests: the small browser of WebKitGTK."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from contextlib import ExitStack

from selenium.webdriver import Remote, WebKitGTKOptions
from selenium.webdriver.remote.webdriver import WebDriver

from tests.support.browser_console import Entry, take_recorded
from tests.support.browser_drivers import DriverServer, find


class Display:
    """A screen that nobody sees."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            [find("Xvfb"), "-displayfd", str(writing), "-screen", "0", "1280x900x24"],
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        # Its number, once it is there; nothing when it did not start.
        with open(reading) as number:
            self.name = f":{number.readline().strip()}"
        assert self.name != ":", "Xvfb did not start"

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class WebKit:
    """Its pages keep what their consoles say."""

    # A tab that is not in front is hidden, and its timers sleep.
    window_kind = "window"

    def __init__(self) -> None:
        program = find("WebKitWebDriver")
        options = WebKitGTKOptions()
        options.add_argument("--automation")
        with ExitStack() as started:
            display = Display()
            started.callback(display.stop)
            server = DriverServer(program, {"DISPLAY": display.name})
            started.callback(server.stop)
            self.driver = Remote(server.url, options=options)
            started.callback(self.driver.quit)
            self._started = started.pop_all()

    def take_console(self, windows: Iterable[WebDriver]) -> list[Entry]:
        return take_recorded(windows)

    def quit(self) -> None:
        self._started.close()
