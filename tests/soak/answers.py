"""How a Dash server, or what stands in front of it, may answer: well, slowly, badly."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask

ROUTE = "/_dash-update-component"
PROBED = "/_dash-dependencies"
"""What a page asks for to see whether the server is back."""
SLOW_SECONDS = 0.06

FINE = "fine"


@dataclass(frozen=True)
class Kind:
    """A way to answer."""

    runs: bool
    """Whether the callback runs."""
    arrives: bool
    """Whether the page can read what the callback returned."""


ANSWERS = {
    FINE: Kind(runs=True, arrives=True),
    "slow": Kind(runs=True, arrives=True),
    "cut": Kind(runs=True, arrives=False),
    "login page": Kind(runs=False, arrives=False),
    "401": Kind(runs=False, arrives=False),
    "503": Kind(runs=False, arrives=False),
    "reset": Kind(runs=False, arrives=False),
}


@dataclass(frozen=True)
class Request:
    """A callback that a page asked for because of a number."""

    prop: str
    """The Input that has it, such as ``note.invoke``."""
    number: int
    answer: str

    def __str__(self) -> str:
        return f"{self.prop} {self.number}: {self.answer}"

    @property
    def kind(self) -> Kind:
        return ANSWERS[self.answer]


class Answers:
    """Answers the requests of an app in the way that ``present`` names, and keeps them."""

    def __init__(self, server: flask.Flask) -> None:
        self.present = FINE
        self.requests: list[Request] = []
        server.before_request(self._before)
        server.after_request(self._after)

    def of(self, prop: str, number: int) -> list[Request]:
        """The requests of a number, so far."""
        return [
            request
            for request in list(self.requests)
            if (request.prop, request.number) == (prop, number)
        ]

    def _before(self) -> Any:
        if flask.request.path not in (ROUTE, PROBED):
            return None
        flask.g.answer = answer = self.present
        body = flask.request.get_json() if flask.request.path == ROUTE else {"inputs": []}
        requests = [Request(prop, number, answer) for prop, number in _numbers(body)]
        self.requests += requests
        if answer == "slow":
            # They overtake each other.
            time.sleep(SLOW_SECONDS * (1 + sum(request.number for request in requests) % 4))
        return _INSTEAD[answer]() if answer in _INSTEAD else None

    def _after(self, response: flask.Response) -> flask.Response:
        if flask.g.get("answer") != "cut":
            return response
        # The browser waits for the rest, and the connection ends.
        body = response.get_data()[:20]
        headers = {"Content-Length": "4000"}
        return flask.Response(body, content_type="application/json", headers=headers)


def _log_in() -> Any:
    return "<html><body>Please log in</body></html>"


def _reset() -> Any:
    flask.request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return ""


_INSTEAD: dict[str, Callable[[], Any]] = {
    "login page": _log_in,
    "401": lambda: flask.Response("Who are you?", status=401),
    "503": lambda: flask.Response("Come back later", status=503),
    "reset": _reset,
}


def _numbers(body: dict[str, Any]) -> list[tuple[str, int]]:
    """What a request asks for, of what this app numbers."""
    found = []
    for given in body["inputs"]:
        prop, value = f"{given['id']}.{given['property']}", given.get("value")
        number = _READERS[prop](value) if prop in _READERS and value is not None else None
        if number is not None:
            found.append((prop, number))
    return found


_READERS: dict[str, Callable[[Any], int | None]] = {
    "note.invoke": lambda value: value["args"]["n"],
    "sum.invoke": lambda value: value["args"]["n"],
    "grow.invoke": lambda value: value["args"]["n"],
    "invoke.result": lambda value: int(value["invocationId"]),
    "change.n_clicks": lambda value: value,
    "order-first.n_clicks": lambda value: value,
    "order-last.n_clicks": lambda value: value,
}
