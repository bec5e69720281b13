"""
Time what a page's JavaScript sends to Python and gets back, beside plain callbacks of that page.

The page (``tunnel_app.py``) is in one window of a headless Chromium, which holds the clock. What
stands beside the tunnel is a callback from one ``dcc.Store`` to another: its time begins when the
JavaScript writes to the first, by ``set_props``, and ends when a clientside callback sees the
second. Many messages go each way in one turn: one by one beside as many callbacks, one after the
other, and in a batch beside one callback that carries a list of as many values, each with its
number, and handles them one by one. All have to come back, in order. The ways take turns. The
title of the page stays as it is (``update_title=""``).
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from selenium import webdriver
from selenium.common.exceptions import WebDriverException

from tests.bench.browser import LISTENING, chromium
from tests.bench.processes import BenchError, started
from tests.bench.rounds import Samples, turn
from tests.bench.trees import Tree

__all__ = ["FIGURES", "Plan", "figures", "measure"]

FIGURES = {
    "callback_ms": "one plain callback, median, ms",
    "request_ms": "a request through the tunnel, median, ms",
    "request_to_callback": "request / callback",
    "callbacks_ms": "1,000 plain callbacks in a row, median, ms",
    "messages_ms": "1,000 messages each way, one by one, median, ms",
    "messages_to_callbacks": "messages / callbacks",
    "messages_to_calls": "messages / 1,000 times one callback",
    "list_ms": "one plain callback with 1,000 values, median, ms",
    "batch_ms": "1,000 messages each way, in a batch, median, ms",
    "batch_to_list": "batch / list",
}
"""What :func:`figures` returns, with titles and units."""


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    calls: int = 150
    """Requests, and callbacks beside them, which alternate."""
    rounds: int = 5
    """Rounds of many messages."""
    messages: int = 1_000
    """Messages of one run one by one; it is told per 1,000."""

    @classmethod
    def quick(cls) -> "Plan":
        """Return a plan for a first look."""
        return cls(calls=30, rounds=2, messages=200)


WARM_UP = 5
"""Calls of each kind that are not counted."""

UNTIL_READY = """
const done = arguments[0];
const look = () => document.getElementById('ready') ? done() : setTimeout(look, 20);
look();
"""

WAYS = """
const [way, count, done] = arguments;
const numbers = Array.from({length: count}, (_, number) => number);
const callback = (value) => new Promise((resolve) => {
    window.benchCame = resolve;
    window.dash_clientside.set_props('there', {data: {value, stamp: Math.random()}});
}).then((came) => came.value);
const throughTunnel = (id) => new Promise((resolve) => {
    const tunnel = dash_interop.tunnels.get(id);
    const came = [];
    tunnel.on_receive((_, value) => {
        came.push(value);
        if (came.length === count) {
            resolve(came);
        }
    });
    for (const number of numbers) {
        tunnel.send_msg(number);
    }
});
const inARow = async (ask) => {
    const came = [];
    for (const number of numbers) {
        came.push(await ask(number));
    }
    return came;
};
const ways = {
    callbacks: () => inARow(callback),
    requests: () => inARow((number) => dash_interop.tunnels.get('single').request(number)),
    messages: () => throughTunnel('single'),
    list: async () => {
        const came = await callback(numbers.map((data) => ({version: data, data})));
        return came.map(({data}) => data);
    },
    batch: () => throughTunnel('batch'),
};
const start = performance.now();
ways[way]().then((came) => {
    const ms = performance.now() - start;
    done({ms, isRight: JSON.stringify(came) === JSON.stringify(numbers)});
});
"""


async def measure(tree: Tree, plan: Plan, progress: Callable[[str], None]) -> Samples:
    """
    Time runs of each way, in turn.

    Raises:
        BenchError: Something is missing, does not start, or messages were lost.
    """
    command = tree.module("tests.bench.tunnel_app")
    async with started("the page server", command, LISTENING, dict(os.environ)) as server:
        return await asyncio.to_thread(_measure_in_browser, server.url, plan, progress)


def figures(samples: Samples) -> dict[str, float]:
    """Put the samples into :data:`FIGURES`."""
    times = {name: median(values) for name, values in samples.items()}
    return times | {
        "request_to_callback": times["request_ms"] / times["callback_ms"],
        "messages_to_callbacks": times["messages_ms"] / times["callbacks_ms"],
        "messages_to_calls": times["messages_ms"] / (1000 * times["callback_ms"]),
        "batch_to_list": times["batch_ms"] / times["list_ms"],
    }


def _measure_in_browser(url: str, plan: Plan, progress: Callable[[str], None]) -> Samples:
    calls = {"callback_ms": ("callbacks", 1), "request_ms": ("requests", 1)}
    many = {
        "callbacks_ms": ("callbacks", plan.messages),
        "messages_ms": ("messages", plan.messages),
        "list_ms": ("list", 1000),
        "batch_ms": ("batch", 1000),
    }
    samples: Samples = {name: [] for name in (*calls, *many)}
    try:
        with chromium() as driver:
            driver.get(url)
            driver.execute_async_script(UNTIL_READY)
            progress(f"tunnel: {plan.calls} requests, and as many callbacks")
            for number in range(WARM_UP + plan.calls):
                for name in turn(list(calls), number):
                    milliseconds = _run(driver, *calls[name])
                    if number >= WARM_UP:
                        samples[name].append(milliseconds)
            for number in range(plan.rounds):
                progress(f"tunnel: round {number + 1} of {plan.rounds}")
                for name in turn(list(many), number):
                    way, count = many[name]
                    samples[name].append(_run(driver, way, count) * 1000 / count)
    except WebDriverException as error:
        reason = (error.msg or "no reason given").splitlines()[0]
        raise BenchError(f"the browser failed: {reason}") from error
    return samples


def _run(driver: webdriver.Chrome, way: str, count: int) -> float:
    answer = driver.execute_async_script(WAYS, way, count)
    if not answer["isRight"]:
        raise BenchError(f"of {way}, values were lost or came in another order")
    return answer["ms"]
