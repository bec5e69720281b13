"""Carries sequences out: an app in Chromium, and a Python peer that is its caller and callee."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import singledispatchmethod
from itertools import count
from typing import Any

import flask
from dash import Input, Output, State, html, no_update

from dash_interop import MethodInvoke
from dash_interop.client.sync import InteropClient, connect
from dash_interop.errors import InteropError
from tests.soak.answers import ANSWERS, FINE, Answers
from tests.soak.promise import Outcome, Seen
from tests.soak.sequences import (
    PLACES,
    Answer,
    Bring,
    Call,
    Change,
    Grow,
    Order,
    Pause,
    Sequence,
    Void,
    Write,
)
from tests.support.apps_changing import CHANGES, ChangingApp, Children, components
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Browser, eventually

SETTLE_SECONDS = 25.0
"""Until everything has ended and works: a page asks every 5 s whether the Dash server is back."""
METHODS = ("Note", "Sum", "Grow")
SAID_LOST = re.compile(r"so (\d+) accepted invocations may not have been handled")

_names = (f"soak-{number}" for number in count(1))
_fresh_numbers = count(1_000_000)


def carry_out(browser: Browser, sequence: Sequence) -> Seen:
    """What is seen of a sequence, in a window of its own."""
    browser.start_afresh()
    apps = Apps(browser)
    try:
        with connect(application="peer") as peer, ThreadPoolExecutor(64) as pool:
            stage = _Stage(apps, peer, pool, sequence)
            for step in sequence.steps:
                stage.take(step)
            stage.settle()
            return stage.seen()
    finally:
        browser.close_all()
        apps.stop()


class _Stage:
    def __init__(
        self,
        apps: Apps,
        peer: InteropClient,
        pool: ThreadPoolExecutor,
        sequence: Sequence,
    ) -> None:
        self._browser = apps.browser
        self._peer = peer
        self._pool = pool
        self._target = {"application": next(_names)}
        self._made = ChangingApp(self._target["application"], self._change)
        self._made.failing = {*sequence.failing, *map(str, sequence.failing)}
        self._answers = Answers(self._made.app.server)
        self._changes: dict[int, Callable[..., Any]] = {}
        self._clicks: Counter[str] = Counter()
        self._ordered = Order(0, "wrap", "first")
        for place in PLACES:
            self._add_order(place)
        self._under_way: dict[Future[Any], str] = {}
        self._seen = Seen(sequence.failing)
        peer.register("Count", self._count, concurrency=8)
        peer.on_server_method_removed(self._note_removal)
        self._page = apps.open(self._made.app)
        self._page.slow_down(sequence.slowdown)
        for method in METHODS:
            peer.wait_for_method(method, 10)

    def seen(self) -> Seen:
        """What was seen up to now."""
        self._seen.noted = list(self._made.noted)
        self._seen.requests = list(self._answers.requests)
        said = "\n".join(self._browser.console("WARNING"))
        self._seen.said_lost = sum(int(lost) for lost in SAID_LOST.findall(said))
        return self._seen

    # Steps ---------------------------------------------------------------------------------

    @singledispatchmethod
    def take(self, step: Any) -> None:
        """Take a step of a sequence."""
        raise TypeError(step)

    @take.register
    def _(self, step: Void) -> None:
        for number in step.numbers:
            self._begin(f"Note {number}", self._note, number)

    @take.register
    def _(self, step: Call) -> None:
        for number in step.numbers:
            self._begin(f"Sum {number}", self._call, "Sum", number)

    @take.register
    def _(self, step: Write) -> None:
        values = [_value(number) for number in step.numbers]
        self._seen.written += step.numbers
        self._page.js(
            "for (const invoke of args[0]) dash_clientside.set_props('invoke', {invoke})", values
        )

    @take.register
    def _(self, step: Change) -> None:
        self._changes[self._next_click("change")] = CHANGES[step.name]
        self._click("change", "changed")

    @take.register
    def _(self, step: Bring) -> None:
        def bring(n: int, rows: Children, others: Children) -> tuple[Any, Any]:
            self._note_write(step.number)
            fresh = [each for each in components() if getattr(each, "id", None) != "invoke"]
            return [*fresh, MethodInvoke(id="invoke", invoke=_value(step.number))], []

        self._changes[self._next_click("change")] = bring
        self._click("change", "changed")

    @take.register
    def _(self, step: Order) -> None:
        self._ordered = step
        self._click(f"order-{step.place}", f"ordered-{step.place}")

    @take.register
    def _(self, step: Grow) -> None:
        self._changes[step.number] = CHANGES[step.name]
        growing = self._begin(f"Grow {step.number}", self._call, "Grow", step.number)
        # Two changes at a time would each be made of what the other one has not changed yet.
        wait([growing], SETTLE_SECONDS)

    @take.register
    def _(self, step: Answer) -> None:
        self._answers.present = step.name

    @take.register
    def _(self, step: Pause) -> None:
        time.sleep(step.milliseconds / 1000)

    def settle(self) -> None:
        """Wait until everything has ended and see whether everything works."""
        self._answers.present = FINE
        self._wait_for_all()
        # Calls may end in another order than they began in.
        self._wait_for(self._has_all_results, "the results of all writes")
        number = next(_fresh_numbers)
        for step in (Void((number,)), Call((number,)), Write((number,))):
            self.take(step)
        self._wait_for_all()
        for prop in ("note.invoke", "invoke.result"):
            self._wait_for(lambda prop=prop: self._answers.of(prop, number), f"{prop} of a new one")
        self._wait_for(lambda: number in self._made.noted, "the handler of a new one")

    def _has_all_results(self) -> bool:
        asked = [request for request in self._answers.requests if request.prop == "invoke.result"]
        return len(asked) >= len(self._seen.written)

    # What is under way ---------------------------------------------------------------------

    def _begin(self, what: str, function: Callable[..., Any], *args: Any) -> Future[Any]:
        begun = self._pool.submit(function, *args)
        self._under_way[begun] = what
        return begun

    def _wait_for_all(self) -> None:
        waiting = wait(self._under_way, SETTLE_SECONDS).not_done
        self._seen.stuck += [self._under_way[each] for each in waiting]
        for each in self._under_way.keys() - waiting:
            each.result()
        self._under_way.clear()

    def _wait_for(self, condition: Callable[[], Any], what: str) -> None:
        try:
            eventually(condition, what, SETTLE_SECONDS)
        except AssertionError as late:
            self._seen.stuck.append(str(late))

    def _note(self, number: int) -> None:
        self._peer.invoke("Note", {"n": number}, self._target)
        self._seen.acknowledged.append(number)

    def _call(self, method: str, number: int) -> None:
        try:
            returned = self._peer.invoke(
                method, {"n": number}, self._target, response_timeout=2 * SETTLE_SECONDS
            ).returned["n"]
            outcome = Outcome(method, number, returned=returned)
        except InteropError as error:
            outcome = Outcome(method, number, error=str(error))
        self._seen.outcomes.append(outcome)

    def _next_click(self, button: str) -> int:
        return self._clicks[button] + 1

    def _click(self, button: str, shown: str) -> None:
        """Click and wait until the callback of the click has ended, place ``shown`` tells."""
        self._clicks[button] += 1
        clicks = self._clicks[button]
        self._page.click(button)

        def has_ended() -> bool:
            asked = self._answers.of(f"{button}.n_clicks", clicks)
            return any(not request.kind.arrives for request in asked) or (
                self._page.text(shown) == str(clicks)
            )

        self._wait_for(has_ended, f"the end of {button} {clicks}")

    # What callbacks do ---------------------------------------------------------------------

    def _add_order(self, place: str) -> None:
        """A button whose callback writes and changes the layout, in the order of its outputs."""
        app = self._made.app
        button, shown = html.Button(place, id=f"order-{place}"), html.P("-", id=f"ordered-{place}")
        app.layout = html.Div([app.layout, button, shown])
        value = Output("invoke", "invoke", allow_duplicate=True)
        layout = [Output(name, "children", allow_duplicate=True) for name in ("rows", "others")]
        outputs = [value, *layout] if place == "first" else [*layout, value]

        @app.callback(
            *outputs,
            Output(f"ordered-{place}", "children"),
            Input(f"order-{place}", "n_clicks"),
            State("rows", "children"),
            State("others", "children"),
            prevent_initial_call=True,
        )
        def order(n: int, rows: Children, others: Children) -> tuple[Any, ...]:
            step = self._ordered
            self._note_write(step.number)
            written = _value(step.number)
            changed = CHANGES[step.name](step.number, rows, others)
            return *((written, *changed) if place == "first" else (*changed, written)), str(n)

    def _note_write(self, number: int) -> None:
        """The page is told to write, unless it cannot read what it is told."""
        if ANSWERS[flask.g.answer].arrives:
            self._seen.written.append(number)

    # What is called ------------------------------------------------------------------------

    def _change(self, n: int, rows: Children, others: Children) -> tuple[Any, Any]:
        change = self._changes.get(n)
        return change(n, rows, others) if change else (no_update, no_update)

    def _count(self, n: int) -> int:
        self._seen.called.append(n)
        if n in self._seen.failing:
            raise ValueError(f"{n} was to fail")
        return n

    def _note_removal(self, server: Any, method: Any) -> None:
        if server.get("application") == self._target["application"]:
            self._seen.gone.append(method.name)


def _value(number: int) -> MethodInvoke.Invoke:
    return {"definition": "Count", "argumentObj": {"n": number}, "invocationId": str(number)}
