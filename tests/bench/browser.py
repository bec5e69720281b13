"""
Time calls from a page in a real browser beside plain callbacks of the same page.

Pages A and B (``pages.py``) stand in windows of their own of one headless Chromium. Each click
is timed inside the page, from just before it to the change of the DOM that shows its answer;
the kinds of click alternate. One function is reached in three ways: by a callback that calls it, by
a callback that invokes it as a method of the server process, and as a method of page B. The last
runs three Dash callbacks (button to ``invoke``, the handler on page B, ``result`` to the page), so
beside it stand a chain of three callbacks, and a single one thrice: the requests of a chain follow
each other on a warm connection of one awake page, those of a call do not. A burst is many void
invocations that page A writes in one turn, timed until page B shows that it has handled the last of
them; each has to arrive once and in order.
"""

import asyncio
import os
import shutil
import statistics
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

from tests.bench.processes import BenchError, Server, started
from tests.bench.rounds import Samples, turn
from tests.bench.routers import gateway
from tests.bench.trees import Tree
from tests.support.browser_chromium import WHOLE, chrome_options

__all__ = ["COMPARED", "FIGURES", "LISTENING", "Plan", "chromium", "figures", "measure"]

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
    "burst_median_ms": "burst of 300 void invocations, median, ms",
    "layout_ms": "page load to layout, median, ms",
    "glue_ready_ms": "page load to glueReady, median, ms",
    "layout_to_ready_ms": "layout to glueReady, median, ms",
}
"""What :func:`figures` returns, with titles and units."""

COMPARED = {
    "single_ms": "one callback, ms",
    "chain_ms": "three chained callbacks, ms",
    "call_ms": "page round trip: call through two apps, ms",
    "server_ms": "one callback that invokes the server's method, ms",
    "burst_ms": "zero-loss burst of 300 void invocations, ms",
    "layout_ms": "page load to layout, ms",
    "glue_ready_ms": "page load to glueReady, ms",
    "layout_to_ready_ms": "layout to glueReady, ms",
}
"""What :func:`measure` samples, with titles and units."""


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    clicks: int = 100
    """Clicks of each kind."""
    bursts: int = 10
    loads: int = 10
    """Page loads, after a first one that fills the browser's cache."""

    @classmethod
    def quick(cls) -> "Plan":
        """Return a plan for a first look."""
        return cls(clicks=15, bursts=2, loads=5)


ANSWER_SECONDS = 60.0
"""Longest time for one click to show its answer, for a burst, and for a page to get ready."""
WARM_UP = 5
"""Clicks of each kind that are not counted."""
BURST = 300
"""Invocations of a burst."""

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

REPORT_BURSTS = """
const shown = document.getElementById("noted");
const channel = new BroadcastChannel("bench");
const report = () => channel.postMessage(shown.textContent);
new MutationObserver(report).observe(shown, {childList: true, characterData: true, subtree: true});
"""
"""Has page B tell page A, which holds the clock, how far it is."""

TIME_BURST = """
const [burst, count, done] = arguments;
const channel = new BroadcastChannel("bench");
channel.onmessage = ({data}) => {
    if (data.startsWith(`${burst}: ${count} `)) {
        channel.close();
        done({ms: performance.now() - start, text: data});
    }
};
const start = performance.now();
for (let number = 0; number < count; number++) {
    const invoke = {definition: {name: "Note"}, argumentObj: {burst, number}};
    dash_clientside.set_props("note", {invoke});
}
"""

BUTTONS = {
    "single_ms": ("single", "single-out"),
    "chain_ms": ("chain", "chain-out"),
    "call_ms": ("go", "out"),
    "server_ms": ("server", "server-out"),
}
"""The kinds of click: the button, and the element that shows its answer."""

LISTENING = r"pages listening on (http://\S+)"


async def measure(
    trees: Mapping[str, Tree], plan: Plan, progress: Callable[[str], None]
) -> dict[str, Samples]:
    """
    Time clicks of each kind, bursts, and page loads; the trees take turns.

    The gateway of each tree is a process of its own here, so that no other one is used or
    disturbed.

    Returns:
        The samples of :data:`COMPARED`, by tree.

    Raises:
        BenchError: Something is missing, does not start, or shows a wrong answer.
    """
    async with AsyncExitStack() as stack:
        servers = {
            key: await stack.enter_async_context(_page_server(tree)) for key, tree in trees.items()
        }
        urls = {key: server.url for key, server in servers.items()}
        return await asyncio.to_thread(_measure_in_browser, urls, plan, progress)


@asynccontextmanager
async def _page_server(tree: Tree) -> AsyncIterator[Server]:
    """Serve the pages of a tree for the length of a ``with`` block."""
    async with gateway(tree) as ours:
        environment = os.environ | {"DASH_INTEROP_GATEWAY": ours.url}
        name, command = f"the page server, {tree.title}", tree.module("tests.bench.pages")
        async with started(name, command, LISTENING, environment) as pages:
            yield pages


def _measure_in_browser(
    urls: Mapping[str, str], plan: Plan, progress: Callable[[str], None]
) -> dict[str, Samples]:
    try:
        with chromium() as driver:
            pages = {tree: _Pages(driver, url) for tree, url in urls.items()}
            progress(f"browser: {plan.loads} page loads")
            for number in range(plan.loads):
                for tree in turn(list(pages), number):
                    pages[tree].load()
            progress(f"browser: {plan.clicks} clicks of each kind")
            for number in range(WARM_UP + plan.clicks):
                for kind in BUTTONS:
                    for tree in turn(list(pages), number):
                        pages[tree].click(kind, counts=number >= WARM_UP)
            progress(f"browser: {plan.bursts} bursts")
            for number in range(plan.bursts):
                for tree in turn(list(pages), number):
                    pages[tree].burst(number)
    except WebDriverException as error:
        reason = (error.msg or "no reason given").splitlines()[0]
        raise BenchError(f"the browser failed: {reason}") from error
    return {tree: one.samples for tree, one in pages.items()}


def figures(samples: Samples) -> dict[str, float]:
    """Put the samples of one tree into :data:`FIGURES`."""
    median = statistics.median
    singles, calls = samples["single_ms"], samples["call_ms"]
    servers, chains = samples["server_ms"], samples["chain_ms"]
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
        "burst_median_ms": median(samples["burst_ms"]),
        "layout_ms": median(samples["layout_ms"]),
        "glue_ready_ms": median(samples["glue_ready_ms"]),
        "layout_to_ready_ms": median(samples["layout_to_ready_ms"]),
    }


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[94]


def _p99(values: Sequence[float]) -> float:
    # Inclusive: beyond what was seen, a hundred clicks say nothing.
    return statistics.quantiles(values, n=100, method="inclusive")[98]


class _Pages:
    """The pages A and B of one tree, in windows of their own, and what was timed in them."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self.samples: Samples = {key: [] for key in COMPARED}
        self._driver = driver
        self._url = f"{url}/app-a/"
        self._open(f"{url}/app-b/")
        driver.execute_script(REPORT_BURSTS)
        self._window = self._open(self._url)

    def load(self) -> None:
        """Load page A; note when its layout and its Glue42 children appear."""
        self._to_front()
        self._driver.get(self._url)
        seen = self._driver.execute_async_script(WAIT_READY)
        self.samples["layout_ms"].append(seen["layout"])
        self.samples["glue_ready_ms"].append(seen["ready"])
        self.samples["layout_to_ready_ms"].append(seen["ready"] - seen["layout"])

    def click(self, kind: str, *, counts: bool) -> None:
        """Click a button of page A; note how long its answer takes, if the click counts."""
        milliseconds = self._time(TIME_CLICK, *BUTTONS[kind])
        if counts:
            self.samples[kind].append(milliseconds)

    def burst(self, number: int) -> None:
        """Make the burst of that number; note how long page B takes to handle all of it."""
        self.samples["burst_ms"].append(self._time(TIME_BURST, number, BURST))

    def _open(self, url: str) -> str:
        """Open a window that notes when the elements of its page appear; return its handle."""
        self._driver.switch_to.new_window("window")
        self._driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": WATCH_LOAD}
        )
        self._driver.get(url)
        self._driver.execute_async_script(WAIT_READY)
        return self._driver.current_window_handle

    def _time(self, script: str, *arguments: Any) -> float:
        self._to_front()
        answer = self._driver.execute_async_script(script, *arguments)
        if not answer["text"].endswith("right"):
            raise BenchError(f"a wrong answer to {arguments} on {self._url}: {answer['text']}")
        return answer["ms"]

    def _to_front(self) -> None:
        self._driver.switch_to.window(self._window)


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Start a headless browser, and end it."""
    chromedriver = shutil.which("chromedriver")
    if shutil.which(WHOLE) is None or chromedriver is None:
        raise BenchError("chromium and chromedriver are needed on the PATH for browser figures")
    driver = webdriver.Chrome(service=Service(chromedriver), options=chrome_options(WHOLE))
    try:
        driver.set_page_load_timeout(ANSWER_SECONDS)
        driver.set_script_timeout(ANSWER_SECONDS)
        yield driver
    finally:
        driver.quit()
