"""
Time what the JavaScript of a notebook's page sends to Python and gets back, beside anywidget's own
messages.

The notebook is in JupyterLab, in one window of a headless Chromium, which holds the clock. What
stands beside a ``SlowTunnelWidget`` is a widget of anywidget whose Python sends back each message
that its module sends. Many messages go each way in one turn. All have to come back, those of the
tunnel in order. The ways take turns, with a pause after the many of anywidget: a Jupyter server
drops what is above 3,000 messages in three seconds.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from selenium.common.exceptions import WebDriverException

from tests.bench.processes import BenchError
from tests.bench.rounds import Samples, turn
from tests.support.browser_chromium import WHOLE, Chromium
from tests.support.browser_pages import Browser, eventually
from tests.support.lab import Lab, Notebook

__all__ = ["FIGURES", "Plan", "figures", "measure"]

FIGURES = {
    "echo_ms": "one message of anywidget and back, median, ms",
    "request_ms": "a request through the tunnel, median, ms",
    "request_to_echo": "request / message of anywidget",
    "echoes_ms": "1,000 messages of anywidget each way, median, ms",
    "messages_ms": "1,000 messages each way through the tunnel, median, ms",
    "messages_to_echoes": "messages / messages of anywidget",
}
"""What :func:`figures` returns, with titles and units."""


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    calls: int = 150
    """Requests, and messages of anywidget beside them, which alternate."""
    rounds: int = 5
    """Rounds of 1,000 messages."""

    @classmethod
    def quick(cls) -> "Plan":
        """Return a plan for a first look."""
        return cls(calls=30, rounds=2)


WINDOW_SECONDS = 3.0
"""For so long, a Jupyter server remembers what it has passed on."""

WARM_UP = 5
"""Calls of each kind that are not counted."""

CELL = """
import anywidget
from dash_interop.notebook import SlowTunnelWidget

class Echo(anywidget.AnyWidget):
    _esm = "export default { initialize({ model }) { window.echo = model; } };"

echo = Echo()
echo.on_msg(lambda widget, content, buffers: echo.send(content))
tunnel = SlowTunnelWidget("bench")
tunnel.on_request(lambda value: value)
tunnel.on_receive(lambda version, value: tunnel.send_msg(value))
display(echo, tunnel)
"""

READY = "return Boolean(window.echo && window.IPyCallback)"

WAYS = """
const [way, count] = args;
const numbers = Array.from({ length: count }, (_, number) => number);
const tunnel = window.IPyCallback.get('bench');
const collect = (listen, send) => new Promise((resolve) => {
    const came = [];
    const stop = listen((value) => {
        came.push(value);
        if (came.length === count) {
            stop();
            resolve(came);
        }
    });
    for (const number of numbers) {
        send(number);
    }
});
const ways = {
    echo: () => collect(
        (hear) => {
            const listener = (content) => hear(content.n);
            window.echo.on('msg:custom', listener);
            return () => window.echo.off('msg:custom', listener);
        },
        (n) => window.echo.send({ n }),
    ),
    messages: () => collect(
        (hear) => tunnel.listen((_, value) => hear(value.n)),
        (n) => tunnel.send_msg({ n }),
    ),
    requests: async () => [(await tunnel.request({ n: 0 })).n],
};
const start = performance.now();
const came = await ways[way]();
const milliseconds = performance.now() - start;
if (way === 'echo') {
    came.sort((one, other) => one - other);
}
return [milliseconds, JSON.stringify(came) === JSON.stringify(numbers)];
"""


async def measure(plan: Plan, progress: Callable[[str], None]) -> Samples:
    """
    Time runs of each way, in turn.

    Raises:
        BenchError: Something is missing, does not start, or messages were lost.
    """
    return await asyncio.to_thread(_measure, plan, progress)


def figures(samples: Samples) -> dict[str, float]:
    """Put the samples into :data:`FIGURES`."""
    times = {name: median(values) for name, values in samples.items()}
    return times | {
        "request_to_echo": times["request_ms"] / times["echo_ms"],
        "messages_to_echoes": times["messages_ms"] / times["echoes_ms"],
    }


def _measure(plan: Plan, progress: Callable[[str], None]) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        try:
            browser = Browser(Chromium(WHOLE))
            try:
                return _measure_in(lab.open(browser), plan, progress)
            finally:
                browser.quit()
        except (AssertionError, WebDriverException) as error:
            raise BenchError(f"the notebook failed: {error}") from error
        finally:
            lab.stop()


def _measure_in(notebook: Notebook, plan: Plan, progress: Callable[[str], None]) -> Samples:
    calls = {"echo_ms": ("echo", 1), "request_ms": ("requests", 1)}
    many = {"echoes_ms": ("echo", 1000), "messages_ms": ("messages", 1000)}
    samples: Samples = {name: [] for name in (*calls, *many)}
    notebook.run(CELL)
    eventually(lambda: notebook.page.js(READY), "the widgets are there")
    progress(f"notebook: {plan.calls} requests, and as many messages of anywidget")
    for number in range(WARM_UP + plan.calls):
        for name in turn(list(calls), number):
            milliseconds = _run(notebook, *calls[name])
            if number >= WARM_UP:
                samples[name].append(milliseconds)
    for number in range(plan.rounds):
        progress(f"notebook: round {number + 1} of {plan.rounds}")
        for name in turn(list(many), number):
            samples[name].append(_run(notebook, *many[name]))
            if name == "echoes_ms":
                time.sleep(WINDOW_SECONDS)
    return samples


def _run(notebook: Notebook, way: str, count: int) -> float:
    milliseconds, is_right = notebook.page.run(WAYS, way, count)
    if not is_right:
        raise BenchError(f"of {way}, messages were lost or came in another order")
    return milliseconds
