"""Messages between a widget and its page, without a kernel."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.notebook import line as line_module
from dash_interop.notebook.line import Arrivals, Line, unbound_context

REQUEST: contextvars.ContextVar[Any] = contextvars.ContextVar("shell_parent")
"""As a kernel calls the variable with the request that runs."""


class Widget:
    """Keeps what is sent, and the request on whose behalf."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.requests: list[Any] = []
        self.hear: Callable[[Any, Any, Any], None] = lambda *_: None

    def send(self, content: Any) -> None:
        self.sent.append(content)
        self.requests.append(REQUEST.get(None))

    def on_msg(self, callback: Callable[[Any, Any, Any], None]) -> None:
        self.hear = callback


class Page:
    """The page of a widget; what it says arrives in whatever thread the test runs it."""

    def __init__(self, widget: Widget, name: str = "page") -> None:
        self._widget = widget
        self._name = name
        self._places = 0

    def hello(self) -> None:
        self.arrive({"type": "hello", "page": self._name})

    def make(self, kind: str, **fields: Any) -> dict[str, Any]:
        self._places += 1
        return {"type": kind, "page": self._name, "place": self._places, **fields}

    def arrive(self, *messages: dict[str, Any]) -> None:
        async def on_a_loop() -> None:
            for message in messages:
                self._widget.hear(self._widget, message, [])

        asyncio.run(on_a_loop())


class Heard:
    def __init__(self) -> None:
        self.widget = Widget()
        self.openings: list[bool] = []
        self.messages: list[Any] = []
        self.ends: list[str] = []
        self.line = Line(self.widget, self.openings.append, self.messages.append, self.ends.append)

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages]


def test_it_is_open_once_a_page_has_said_hello_and_tells_another_page_apart() -> None:
    heard = Heard()
    assert not heard.line.is_open
    Page(heard.widget).hello()
    assert heard.line.is_open
    assert heard.widget.sent == [{"type": "hello", "page": "page"}]
    Page(heard.widget).hello()
    Page(heard.widget, "other").hello()
    assert heard.openings == [False, False, True]


def test_what_is_published_belongs_to_no_request() -> None:
    REQUEST.set({"header": {"subshell_id": None}})
    heard = Heard()
    heard.line.publish(heard.widget.send, {"type": "x"})
    assert heard.widget.requests == [{}]
    # In the context of the cell itself nothing has changed.
    assert REQUEST.get() == {"header": {"subshell_id": None}}


def test_a_context_without_a_request_stays_as_it_is() -> None:
    context = contextvars.Context().run(unbound_context)
    assert list(context) == []


def test_messages_of_several_threads_are_handled_in_the_order_of_the_page() -> None:
    heard = Heard()
    page = Page(heard.widget)
    first, second, third = (page.make("x", text=text) for text in "abc")
    page.arrive(third, second)
    assert heard.texts == []
    thread = threading.Thread(target=lambda: page.arrive(first))
    thread.start()
    thread.join()
    assert heard.texts == ["a", "b", "c"]


def test_two_pages_have_an_order_each() -> None:
    heard = Heard()
    one, other = Page(heard.widget, "one"), Page(heard.widget, "other")
    late, early = one.make("x", text="one 1"), one.make("x", text="one 2")
    one.arrive(early)
    other.arrive(other.make("x", text="other 1"))
    one.arrive(late)
    assert heard.texts == ["other 1", "one 1", "one 2"]


def test_the_page_may_end_it() -> None:
    heard = Heard()
    page = Page(heard.widget)
    page.arrive(page.make("end", why="replaced"))
    assert heard.ends == ["replaced"]


def test_a_thread_that_handles_the_messages_cannot_wait_for_one() -> None:
    heard = Heard()
    assert heard.line.why_not_wait() == (
        "the page has not said yet that it is there. Ask in a later cell"
    )
    page = Page(heard.widget)
    page.hello()
    assert str(heard.line.why_not_wait()).startswith("this thread is the one that handles")
    # The page was asked whether it is heard in another thread by now.
    assert heard.widget.sent[-1] == {"type": "probe"}
    thread = threading.Thread(target=lambda: page.arrive(page.make("here")))
    thread.start()
    thread.join()
    assert heard.line.why_not_wait() is None


def test_a_loop_that_hears_the_page_meanwhile_may_await_it() -> None:
    heard = Heard()
    page = Page(heard.widget)

    async def cell() -> str | None:
        heard.widget.hear(heard.widget, {"type": "hello", "page": "page"}, [])
        loop = asyncio.get_running_loop()
        loop.call_soon(heard.widget.hear, heard.widget, page.make("here"), [])
        return await heard.line.why_not_await()

    assert asyncio.run(cell()) is None
    assert heard.widget.sent[-1] == {"type": "probe"}


def test_a_loop_that_does_not_hear_the_page_meanwhile_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_module, "PROBE_TIMEOUT", 0.01)
    heard = Heard()

    async def cell() -> str | None:
        heard.widget.hear(heard.widget, {"type": "hello", "page": "page"}, [])
        return await heard.line.why_not_await()

    assert str(asyncio.run(cell())).startswith("this kernel handles the messages of the page when")


def test_a_loop_of_another_thread_may_await_the_page() -> None:
    heard = Heard()
    thread = threading.Thread(target=Page(heard.widget).hello)
    thread.start()
    thread.join()
    assert asyncio.run(heard.line.why_not_await()) is None


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), max_size=20), st.integers(1, 9), st.randoms())
def test_whatever_the_order_of_arrival_messages_and_their_parts_come_whole(
    texts: list[str], length: int, random: Any
) -> None:
    sent: list[dict[str, Any]] = []
    for text in texts:
        whole = json.dumps({"type": "x", "text": text})
        parts = [whole[start : start + length] for start in range(0, len(whole), length)]
        if random.random() < 0.5:
            sent.append({"type": "x", "text": text})
        else:
            sent += [
                {"type": "part", "text": part, "is_last": number == len(parts)}
                for number, part in enumerate(parts, start=1)
            ]
    numbered = [{**message, "place": place} for place, message in enumerate(sent, start=1)]
    random.shuffle(numbered)
    arrivals = Arrivals()
    due = [one for message in numbered for one in arrivals.add(message)]
    assert [message["text"] for message in due] == texts


@pytest.mark.parametrize("kind", ["hello", "here"])
def test_what_only_keeps_the_line_going_is_no_message(kind: str) -> None:
    heard = Heard()
    page = Page(heard.widget)
    page.arrive(page.make(kind))
    assert heard.messages == []
