"""One end of a tunnel, by the vectors that the end in a page follows, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.errors import (
    HandlerFailed,
    InteropError,
    InvalidMessage,
    InvocationError,
    InvocationTimeout,
    Superseded,
    TunnelEnded,
)
from dash_interop.tunnel.endpoint import Endpoint
from dash_interop.tunnel.frames import (
    Answer,
    Cancel,
    Frame,
    Message,
    Request,
    read_frame,
    write_frame,
)

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "tunnel.json").read_text(encoding="utf-8")
)

WORDS = {
    InvalidMessage: "InvalidMessage",
    TunnelEnded: "Ended",
    Superseded: "Superseded",
}
"""What TypeScript calls errors that have no ``type``."""


class Aborted(InteropError):
    """The caller does not wait any more."""


def word_for(error: InteropError) -> str:
    kind = error.type if isinstance(error, InvocationError) else WORDS.get(type(error))
    return kind or type(error).__name__


def described(error: InteropError) -> dict[str, Any]:
    exception = error.exception if isinstance(error, HandlerFailed) else None
    told = {"error": word_for(error), "message": str(error)}
    return told if exception is None else {**told, "exception": exception}


class End:
    """One end with a shell that has a clock, and what it did since the last look."""

    def __init__(self) -> None:
        self._ids = 0
        self.endpoint = Endpoint(self._new_id)
        self.got: list[list[Any]] = []
        self.asked: list[list[Any]] = []
        self.cancelled: list[str] = []
        self.settled: dict[str, Any] = {}
        self._now = 0
        self._deadlines: dict[str, int] = {}
        self._stops: dict[str, Callable[[], None]] = {}

    def _new_id(self) -> str:
        self._ids += 1
        return f"r{self._ids}"

    def request(self, value: Any, timeout_ms: int = 30_000, newest_only: bool = False) -> None:
        token = f"r{self._ids + 1}"
        request_id = self.endpoint.request(token, value, newest_only=newest_only)
        self._deadlines[request_id] = self._now + timeout_ms

    def give_up(self, request_id: str, error: InteropError) -> None:
        self._deadlines.pop(request_id, None)
        self.endpoint.give_up(request_id)
        self.settled[request_id] = described(error)

    def advance(self, milliseconds: int) -> None:
        self._now += milliseconds
        for request_id, deadline in list(self._deadlines.items()):
            if deadline <= self._now:
                self.give_up(request_id, InvocationTimeout("late"))

    def listen(self, name: str) -> None:
        self._stops[name] = self.endpoint.listen(name)

    def stop(self, name: str) -> None:
        self._stops[name]()

    def take(self, count: int | None = None) -> list[dict[str, Any]]:
        frames = self.endpoint.take_frames() if count is None else self.endpoint.take_frames(count)
        self.cancelled += [frame.request_id for frame in frames if isinstance(frame, Cancel)]
        return [write_frame(frame) for frame in frames if not isinstance(frame, Cancel)]

    def taken_cancelled(self) -> list[str]:
        """Cancellations are frames like others here."""
        kept = self.endpoint.take_frames()
        cancelled = [frame.request_id for frame in kept if isinstance(frame, Cancel)]
        self._put_back([frame for frame in kept if not isinstance(frame, Cancel)])
        taken, self.cancelled = self.cancelled + cancelled, []
        return taken

    def _put_back(self, frames: list[Frame]) -> None:
        for frame in frames:
            self.endpoint._outbox.add(frame)

    def settle(self) -> None:
        """Carry out what the endpoint asks for."""
        for delivery in self.endpoint.take_deliveries():
            frame = delivery.frame
            self.got += [[name, frame.version, frame.data] for name in delivery.listeners]
            if delivery.handler is None:
                continue
            assert isinstance(frame, Request)
            self.asked.append([frame.data, frame.version])
            if "raises" in delivery.handler:
                kind, message = (delivery.handler["raises"][key] for key in ("type", "message"))
                error = type(kind, (Exception,), {})(message)
                self.endpoint.fail(frame.request_id, error)
            elif "returns" in delivery.handler:
                self.endpoint.answer(frame.request_id, delivery.handler["returns"])
        for one in self.endpoint.take_settled():
            self._deadlines.pop(one.token, None)
            error = one.error
            self.settled[one.token] = {"value": one.value} if error is None else described(error)


def fill(end: End, count: int) -> None:
    for number in range(count):
        end.endpoint.send(number)


def flood(end: End, count: int) -> None:
    for version in range(1, count + 1):
        end.endpoint.receive(Message(version, "x"))


ACTIONS: dict[str, Callable[[End, Any, dict[str, Any]], Any]] = {
    "send": lambda end, data, _: end.endpoint.send(data),
    "answer": lambda end, given, _: end.endpoint.send_with_version(*given),
    "request": lambda end, data, step: end.request(data, **step.get("options", {})),
    "receive": lambda end, frame, _: end.endpoint.receive(read_frame(frame)),
    "on_receive": lambda end, name, _: end.endpoint.on_receive(name),
    "listen": lambda end, name, _: end.listen(name),
    "stop": lambda end, name, _: end.stop(name),
    "on_request": lambda end, how, _: end.endpoint.on_request(how),
    "abort": lambda end, request_id, _: end.give_up(request_id, Aborted()),
    "end": lambda end, why, _: end.endpoint.end(why),
    "advance_ms": lambda end, milliseconds, _: end.advance(milliseconds),
    "take": lambda end, count, _: end.take(count),
    "fill": lambda end, count, _: fill(end, count),
    "flood": lambda end, count, _: flood(end, count),
}


def cleared(values: list[Any]) -> list[Any]:
    taken = values[:]
    values.clear()
    return taken


SIGHTS: dict[str, Callable[[End], Any]] = {
    "version": lambda end: end.endpoint.version,
    "stale": lambda end: end.endpoint.stale,
    "out": lambda end: end.take(),
    "out_types": lambda end: [frame["error"]["interopType"] for frame in end.take()],
    "got": lambda end: cleared(end.got),
    "asked": lambda end: cleared(end.asked),
    "cancelled": lambda end: end.taken_cancelled(),
}


def carry_out(end: End, step: dict[str, Any]) -> None:
    name, given = next(iter(step.items()))
    if name == "settled":
        assert end.settled.keys() == given.keys()
        assert {key: {**end.settled[key], **told} for key, told in given.items()} == end.settled
        end.settled = {}
    elif name in SIGHTS:
        assert SIGHTS[name](end) == given
    elif "raises" in step:
        with pytest.raises(InteropError) as raised:
            ACTIONS[name](end, given, step)
        assert word_for(raised.value) == step["raises"]
        end.settle()
    else:
        returned = ACTIONS[name](end, given, step)
        end.settle()
        if "returns" in step:
            assert returned == step["returns"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_an_end_in_python_follows_the_vectors(vector: dict[str, Any]) -> None:
    end = End()
    for step in vector["steps"]:
        carry_out(end, step)


def test_what_is_sent_is_what_it_was_when_it_was_sent() -> None:
    end = End()
    data = {"a": [1]}
    end.endpoint.send(data)
    data["a"].append(2)
    assert end.take() == [{"type": "message", "version": 1, "data": {"a": [1]}}]


@pytest.mark.parametrize("value", [object(), {"a": {1: 2j}}, lambda: 1])
def test_what_cannot_travel_is_refused_and_no_version_is_spent_on_it(value: Any) -> None:
    end = End()
    for refused in (end.endpoint.send, end.request):
        with pytest.raises(InvalidMessage, match="The message cannot travel"):
            refused(value)
    with pytest.raises(InvalidMessage):
        end.endpoint.send_with_version(1, value)
    assert end.endpoint.version == 0
    assert end.take() == []


def test_a_result_that_cannot_travel_is_an_error_for_who_has_asked() -> None:
    end = End()
    end.endpoint.on_request({"returns": object()})
    end.endpoint.receive(Request(1, "q", "p1"))
    end.settle()
    (answer,) = end.take()
    assert "The message cannot travel" in answer["error"]["message"]


def test_answers_to_a_page_that_took_the_place_of_another_are_not_stale() -> None:
    end = End()
    end.endpoint.send_with_version(57, "to the page before")
    assert not end.endpoint.send_with_version(1, "too old")
    end.endpoint.renew()
    assert end.endpoint.send_with_version(1, "to the new page")


SEARCH = st.lists(
    st.sampled_from(["ask", "answer", "fail", "give up", "news"]), min_size=5, max_size=60
)


@settings(deadline=None)
@given(SEARCH, st.randoms(use_true_random=False))
def test_of_overlapping_requests_the_newest_is_shown_last_and_each_settles_once(
    steps: list[str], random: Any
) -> None:
    end = End()
    settled: list[str] = []
    shown: list[str] = []
    waiting: list[str] = []
    asked: list[str] = []
    for step in steps:
        if step == "ask":
            end.request(f"text {len(asked)}", newest_only=True)
            asked.append(f"r{len(asked) + 1}")
        elif step == "news":
            end.endpoint.receive(Message(random.randrange(100), "news"))
        elif step == "give up":
            if asked and asked[-1] not in settled:
                end.give_up(asked[-1], Aborted())
        elif waiting:
            request_id = waiting.pop(random.randrange(len(waiting)))
            error = {"message": "no", "type": "ValueError"}
            told = Answer(request_id, error=error) if step == "fail" else Answer(request_id, 1)
            end.endpoint.receive(told)
        end.settle()
        waiting += [frame["requestId"] for frame in end.take()]
        for request_id, outcome in end.settled.items():
            settled.append(request_id)
            if "value" in outcome:
                shown.append(request_id)
        end.settled = {}
    end.endpoint.end("over")
    end.settle()
    settled += end.settled
    assert sorted(settled) == sorted(asked)
    # What is shown goes forward only.
    assert [asked.index(one) for one in shown] == sorted(asked.index(one) for one in shown)
