"""What every test that uses a browser needs."""

import os

from selenium.webdriver.chrome.options import Options

from tests.support.browser_chromium import chrome_options

# Newer versions of selenium look for browsers and drivers on the internet.
os.environ["SE_OFFLINE"] = "true"


def pytest_setup_options() -> Options:
    """The options of ``dash[testing]``'s browser."""
    return chrome_options()
