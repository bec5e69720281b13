"""A publisher pushes as fast as it can: nothing is lost, and the page still handles a click."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dash import ClientsideFunction, Input, Output, html

from dash_interop import StreamSubscribe
from dash_interop.client import sync
from dash_interop.client.sync import InteropClient
from tests.support.apps_parts import record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import eventually

MANY = 20_000
MANY_TRIPS = 500
"""Each datum is a trip to the server, which takes milliseconds."""


@pytest.fixture
def publisher() -> Iterator[InteropClient]:
    with sync.connect(application="publisher") as client:
        yield client


class Load:
    """A page with a ``StreamSubscribe`` and a button, and a publisher that is about to push."""

    def __init__(self, apps: Apps, publisher: InteropClient, **props: Any) -> None:
        self.values: list[Any] = []
        self._stream = publisher.create_stream("Ticks")
        self._is_clicked = threading.Event()
        self._pushed = 0
        app = apps.make(
            "subscriber",
            StreamSubscribe(id="sub", definition="Ticks", **props),
            html.Button("Click", id="button"),
            html.P(id="clicked"),
            html.P(id="taken"),
        )
        statuses: list[Any] = []
        record(app, "sub", "status", statuses)
        app.clientside_callback(
            ClientsideFunction("load", "click"),
            Output("clicked", "children"),
            Input("button", "n_clicks"),
            prevent_initial_call=True,
        )

        @app.callback(Output("taken", "children"), Input("sub", "data"), prevent_initial_call=True)
        def take(value: Any) -> int:
            self.values.append(value)
            return len(self.values)

        app.index_string = app.index_string.replace("{%scripts%}", f"{SCRIPT}{{%scripts%}}")
        self.page = apps.open(app)
        eventually(
            lambda: any(status and status["state"] == "open" for status in statuses),
            lambda: f"open, but {statuses}",
        )

    def run(self, count: int, taken: Callable[[], int], *, more: bool = True) -> int:
        """
        Push so many data, click meanwhile, and wait until the last one was taken.

        Args:
            taken: How many data were taken so far, in one way or another.
            more: Whether to go on pushing, a little more slowly, until the click was handled: they
                are taken as fast as that.

        Returns:
            How many were pushed.
        """
        if not more:
            self._is_clicked.set()
        pushing = threading.Thread(target=self._push, args=(count,))
        pushing.start()
        try:
            eventually(taken, "the first data")
            self.page.click("button")
            self.page.wait_for_text("clicked", "clicked")
        finally:
            self._is_clicked.set()
            pushing.join()
        eventually(lambda: taken() == self._pushed, lambda: f"{self._pushed}, but {taken()}", 60)
        handled, answered = self.page.js("return clickTimes")
        print(  # noqa: T201
            f"of {self._pushed} data; a click meanwhile was handled after {handled:.0f} ms, "
            f"and its callback after {answered:.0f} ms"
        )
        return self._pushed

    def _push(self, count: int) -> None:
        while self._pushed < count or not self._is_clicked.wait(0.0001):
            n = self._pushed
            self._stream.push({"n": n, "symbol": f"S{n % 10}", "price": n / 7})
            self._pushed = n + 1


SCRIPT = """
<script>
    window.numbers = [];
    window.clickTimes = [];
    window.dash_clientside = window.dash_clientside ?? {};
    let clickedAt;
    const note = () => clickTimes.push(performance.now() - clickedAt);
    addEventListener("click", ({timeStamp}) => {
        clickedAt = timeStamp;
        note();
    }, true);
    dash_clientside.load = {
        click: () => {
            note();
            return "clicked";
        },
        take: ({data}) => numbers.push(data.n),
    };
</script>
"""


def test_load001_every_datum_reaches_a_clientside_handler(
    apps: Apps, publisher: InteropClient
) -> None:
    load = Load(apps, publisher, clientsideHandler={"namespace": "load", "function_name": "take"})
    load.run(MANY, lambda: load.page.js("return numbers.length"))
    assert load.page.js("return numbers.every((n, index) => n === index)")


def test_load002_every_datum_reaches_a_callback(apps: Apps, publisher: InteropClient) -> None:
    load = Load(apps, publisher)
    count = load.run(MANY_TRIPS, lambda: len(load.values), more=False)
    assert [value["data"]["n"] for value in load.values] == list(range(count))


def test_load003_batches_have_every_datum(apps: Apps, publisher: InteropClient) -> None:
    load = Load(apps, publisher, delivery="batch")
    count = load.run(MANY, lambda: sum(map(len, load.values)))
    numbers = [one["data"]["n"] for batch in load.values for one in batch]
    assert numbers == list(range(count))


def test_load004_the_latest_counts_all_that_it_replaced(
    apps: Apps, publisher: InteropClient
) -> None:
    load = Load(apps, publisher, delivery="latest")
    count = load.run(MANY, lambda: sum(1 + value["replaced"] for value in load.values))
    numbers = [value["data"]["n"] for value in load.values]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == count - 1
    assert [value["sequence"] for value in load.values] == [n + 1 for n in numbers]


def test_load005_what_was_delivered_does_not_stay_in_the_page(
    apps: Apps, publisher: InteropClient
) -> None:
    load = Load(apps, publisher)
    load.run(100, lambda: len(load.values), more=False)
    kept = load.page.js(f"{FIND_STORE}; return store.getState().history.past.map(({{id}}) => id)")
    assert kept == ["button"]


FIND_STORE = """
    const root = document.getElementById("react-entry-point");
    const fibers = [root[Object.keys(root).find((key) => key.startsWith("__reactContainer"))]];
    let store;
    while (!store) {
        const fiber = fibers.pop();
        store = fiber.memoizedProps?.store?.getState && fiber.memoizedProps.store;
        fibers.push(...[fiber.sibling, fiber.child].filter(Boolean));
    }
"""
"""Of Dash's renderer; only a component that is rendered can ask for it otherwise."""
