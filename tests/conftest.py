"""What every test that uses a browser through ``dash[testing]`` needs."""

from selenium.webdriver.chrome.options import Options

from tests.support.browser_chromium import chrome_options


def pytest_setup_options() -> Options:
    return chrome_options()
