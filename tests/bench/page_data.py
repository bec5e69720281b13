"""
Count the data that reach a page of a real browser in a second, in three ways side by side.

The page (``page_data_app.py``) is in one window of a headless Chromium. A run is timed inside the
page, from the click that starts it until all its data are shown, so that publishing and the way
through the gateway count, too. The ways take turns. What stands beside ours is Dash's own way to
push to a page: ``set_props`` in a websocket callback, which merges values that come fast, so that
callbacks see few of them. It is timed until a callback has seen the last value.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException

from tests.bench.browser import LISTENING, chromium
from tests.bench.page_data_app import BATCH, CLIENTSIDE, SET_PROPS
from tests.bench.processes import BenchError, started
from tests.bench.rounds import Samples, turn
from tests.bench.routers import gateway
from tests.bench.trees import Tree

__all__ = ["FIGURES", "Plan", "figures", "measure"]

FIGURES = {
    "batch_per_second": 'delivery="batch" to a callback of the server, data/s',
    "clientside_per_second": "clientside handler, data/s",
    "set_props_per_second": "set_props in a websocket callback of Dash, values/s",
    "set_props_seen": "... share that a callback sees",
    "batch_to_set_props": "batch / set_props",
    "clientside_to_set_props": "clientside handler / set_props",
}
"""What :func:`figures` returns, with titles and units."""


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    rounds: int = 5
    data: int = 20_000
    """Data of one run."""
    values: int = 500
    """Values of one run of ``set_props``, whose time grows with their square."""

    @classmethod
    def quick(cls) -> "Plan":
        """Return a plan for a first look."""
        return cls(rounds=2, data=5_000, values=200)


UNTIL_OPEN = """
const done = arguments[0];
const look = () =>
    document.getElementById("open")?.textContent === "open" ? done() : setTimeout(look, 20);
look();
"""

TIME_RUN = """
const [way, count, done] = arguments;
window.dash_clientside.set_props("count", {value: count});
const shown = document.getElementById(`${way}-out`);
const button = document.getElementById(way);
const observer = new MutationObserver(() => {
    const [, got] = shown.textContent.match(/: (\\d+) (of|right|wrong)/) ?? [];
    if (shown.textContent.includes(" of ") || Number(got) === count) {
        observer.disconnect();
        done({ms: performance.now() - start, text: shown.textContent});
    }
});
observer.observe(shown, {childList: true, characterData: true, subtree: true});
const start = performance.now();
setTimeout(() => button.click());
"""


async def measure(tree: Tree, plan: Plan, progress: Callable[[str], None]) -> Samples:
    """
    Time runs of each way, in turn.

    Raises:
        BenchError: Something is missing, does not start, or data were lost.
    """
    async with gateway(tree) as ours:
        environment = os.environ | {"DASH_INTEROP_GATEWAY": ours.url}
        command = tree.module("tests.bench.page_data_app")
        async with started("the page server", command, LISTENING, environment) as server:
            return await asyncio.to_thread(_measure_in_browser, server.url, plan, progress)


def figures(samples: Samples) -> dict[str, float]:
    """Put the samples into :data:`FIGURES`."""
    rates = {name: median(values) for name, values in samples.items()}
    set_props = rates["set_props_per_second"]
    return rates | {
        "batch_to_set_props": rates["batch_per_second"] / set_props,
        "clientside_to_set_props": rates["clientside_per_second"] / set_props,
    }


def _measure_in_browser(url: str, plan: Plan, progress: Callable[[str], None]) -> Samples:
    samples: Samples = {
        "batch_per_second": [],
        "clientside_per_second": [],
        "set_props_per_second": [],
        "set_props_seen": [],
    }
    try:
        with chromium() as driver:
            driver.get(url)
            driver.execute_async_script(UNTIL_OPEN)
            for number in range(1 + plan.rounds):
                progress(f"page data: round {number} of {plan.rounds}")
                for way in turn([BATCH, CLIENTSIDE, SET_PROPS], number):
                    # The first round warms up.
                    count = plan.values if way == SET_PROPS else plan.data
                    run = _run(driver, way, count)
                    if number > 0:
                        for name, value in run.items():
                            samples[name].append(value)
    except WebDriverException as error:
        reason = (error.msg or "no reason given").splitlines()[0]
        raise BenchError(f"the browser failed: {reason}") from error
    return samples


def _run(driver: webdriver.Chrome, way: str, count: int) -> Mapping[str, float]:
    answer: dict[str, Any] = driver.execute_async_script(TIME_RUN, way, count)
    per_second = count / (answer["ms"] / 1000)
    if way == SET_PROPS:
        seen = int(answer["text"].split()[1])
        return {"set_props_per_second": per_second, "set_props_seen": seen / count}
    if not answer["text"].endswith("right"):
        raise BenchError(f"data of {way} were lost or came in another order: {answer['text']}")
    return {f"{way}_per_second": per_second}
