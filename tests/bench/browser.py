"""
Time calls from a page in a real browser beside plain callbacks of the same page.

Pages A and B (``pages.py``) stand in windows of their own of one headless Chromium. Each click
is timed inside the page, from just before it to the change of the DOM that shows its answer;
the kinds of click alternate. One function is reached in three ways: by a callback that calls it, by
a callback that invokes it as a method of the server process, and as a method of page B. The last
runs three Dash callbacks (button to ``invoke``, the handler on page B, ``result`` to the page), so
beside it stand a chain of three callbacks, and a single one thrice: the requests of a chain follow
each other on a warm connection of one awake page, those of a call do not.
"""

import asyncio
import os
import shutil
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

from tests.bench.processes import BenchError, python_module, started
from tests.bench.routers import gateway
from tests.support.browser_chromium import chrome_options

__all__ = ["FIGURES", "measure"]

FIGURES = {
    "single_median_ms": "one callback, median, ms",
    "single_p99_ms": "one callback, p99, ms",
    "server_median_ms": "... that invokes the server's method, median, ms",
    "server_p99_ms": "... that invokes the server's method, p99, ms",
    "server_to_single": "invoking the server's / one callback (medians)",
    "server_to_single_p99": "invoking the server's / one callback (p99)",
    "call_median_ms": "call through two apps, median, ms",
    "call_p95_ms": "call through two apps, p95, ms",
    "call_p99_ms": "call through two apps, p99, ms",
    "call_to_single": "call / one callback (medians)",
    "call_to_single_p99": "call / one callback (p99)",
    "chain_median_ms": "three chained callbacks, median, ms",
    "chain_p95_ms": "three chained callbacks, p95, ms",
    "call_to_chain": "call / chain (medians)",
    "call_to_singles": "call / three times one callback (medians)",
    "layout_ms": "page load to layout, median, ms",
    "glue_ready_ms": "page load to glueReady, median, ms",
    "layout_to_ready_ms": "layout to glueReady, median, ms",
}
"""What :func:`measure` returns, with titles and units."""

ANSWER_SECONDS = 20.0
"""Longest time for one click to show its answer, and for a page to get ready."""
WARM_UP = 5
"""Clicks of each kind that are not counted."""
LOADS = 5
"""Page loads timed, after a first one that fills the browser's cache."""

WATCH_LOAD = """
window.benchSeen = {};
new MutationObserver(() => {
    for (const id of ["layout", "ready"]) {
        if (!(id in window.benchSeen) && document.getElementById(id)) {
            window.benchSeen[id] = performance.now();
        }
    }
}).observe(document, {childList: true, subtree: true});
"""
"""Notes when elements appear, in milliseconds after the start of the navigation."""

WAIT_READY = """
const done = arguments[0];
const look = () => window.benchSeen.ready ? done(window.benchSeen) : setTimeout(look, 20);
look();
"""

TIME_CLICK = """
const [button, output, done] = arguments;
const shown = document.getElementById(output);
const before = shown.textContent;
const observer = new MutationObserver(() => {
    if (shown.textContent !== before) {
        const ms = performance.now() - start;
        observer.disconnect();
        done({ms, text: shown.textContent});
    }
});
observer.observe(shown, {childList: true, characterData: true, subtree: true});
const start = performance.now();
document.getElementById(button).click();
"""

LISTENING = r"pages listening on (http://\S+)"


async def measure(rounds: int) -> dict[str, float]:
    """
    Time ``rounds`` clicks of each kind, and some page loads.

    Our gateway is a process of its own here, so that no other one is used or disturbed.

    Raises:
        BenchError: Something is missing, does not start, or shows a wrong answer.
    """
    async with gateway("ours") as ours:
        environment = os.environ | {"DASH_INTEROP_GATEWAY": ours.url}
        command = python_module("tests.bench.pages")
        async with started("the page server", command, LISTENING, environment) as pages:
            return await asyncio.to_thread(_measure_in_browser, pages.url, rounds)


def _measure_in_browser(url: str, rounds: int) -> dict[str, float]:
    try:
        with _chromium() as driver:
            _watch_loads(driver)
            _load(driver, f"{url}/app-b/")
            driver.switch_to.new_window("window")
            _watch_loads(driver)
            loads = [_load(driver, f"{url}/app-a/") for _ in range(1 + LOADS)][1:]
            times = _time_clicks(driver, rounds)
    except WebDriverException as error:
        reason = (error.msg or "no reason given").splitlines()[0]
        raise BenchError(f"the browser failed: {reason}") from error
    return _figures(times, loads)


def _figures(times: dict[str, list[float]], loads: Sequence[dict[str, float]]) -> dict[str, float]:
    median = statistics.median
    singles, calls = times["single"], times["go"]
    servers, chains = times["server"], times["chain"]
    return {
        "single_median_ms": median(singles),
        "single_p99_ms": _p99(singles),
        "server_median_ms": median(servers),
        "server_p99_ms": _p99(servers),
        "server_to_single": median(servers) / median(singles),
        "server_to_single_p99": _p99(servers) / _p99(singles),
        "call_median_ms": median(calls),
        "call_p95_ms": _p95(calls),
        "call_p99_ms": _p99(calls),
        "call_to_single": median(calls) / median(singles),
        "call_to_single_p99": _p99(calls) / _p99(singles),
        "chain_median_ms": median(chains),
        "chain_p95_ms": _p95(chains),
        "call_to_chain": median(calls) / median(chains),
        "call_to_singles": median(calls) / (3 * median(singles)),
        "layout_ms": median(load["layout"] for load in loads),
        "glue_ready_ms": median(load["ready"] for load in loads),
        "layout_to_ready_ms": median(load["ready"] - load["layout"] for load in loads),
    }


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[94]


def _p99(values: Sequence[float]) -> float:
    # Inclusive: beyond what was seen, a hundred clicks say nothing.
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def _time_clicks(driver: webdriver.Chrome, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each click by its button; the buttons are clicked in turn."""
    outputs = {
        "go": "out",
        "server": "server-out",
        "chain": "chain-out",
        "single": "single-out",
    }
    times: dict[str, list[float]] = {button: [] for button in outputs}
    for _ in range(WARM_UP + rounds):
        for button, output in outputs.items():
            times[button].append(_click(driver, button, output))
    return {button: values[WARM_UP:] for button, values in times.items()}


def _click(driver: webdriver.Chrome, button: str, output: str) -> float:
    answer = driver.execute_async_script(TIME_CLICK, button, output)
    if not answer["text"].endswith("right"):
        raise BenchError(f"a wrong answer after a click on {button}: {answer['text']}")
    return answer["ms"]


def _load(driver: webdriver.Chrome, url: str) -> dict[str, float]:
    """Load a page; return when its layout and its Glue42 children appeared, in ms."""
    driver.get(url)
    return driver.execute_async_script(WAIT_READY)


def _watch_loads(driver: webdriver.Chrome) -> None:
    """Have the pages of the current window note when their elements appear."""
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH_LOAD})


@contextmanager
def _chromium() -> Iterator[webdriver.Chrome]:
    """Start a headless browser, and end it."""
    chromedriver = shutil.which("chromedriver")
    if shutil.which("chromium") is None or chromedriver is None:
        raise BenchError("chromium and chromedriver are needed on the PATH for browser figures")
    driver = webdriver.Chrome(service=Service(chromedriver), options=chrome_options())
    try:
        driver.set_page_load_timeout(ANSWER_SECONDS)
        driver.set_script_timeout(ANSWER_SECONDS)
        yield driver
    finally:
        driver.quit()
