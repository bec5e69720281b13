"""
How a handler of a page tells how far it is, while its callback runs.

An ordinary callback is a request, and what it writes reaches the page with its answer. So progress
needs one of three ways in which Dash lets a callback speak before that.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum, auto
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

from dash import Dash, ctx, get_app, set_props

from ..client.functions import generates
from ..errors import RegistrationError
from .awaiting import awaits_callbacks
from .outcomes import Destination

__all__ = [
    "PROGRESS",
    "SET_PROGRESS",
    "Report",
    "Way",
    "report_in_background",
    "report_over_socket",
    "way_of",
]

PROGRESS: Final = "progress"
"""The parameter of a handler that gets the function that tells how far it is; a prop, too."""
SET_PROGRESS: Final = "set_progress"
"""The parameter of a background handler that gets the function of Dash that reports progress."""

Report: TypeAlias = Callable[[str, Any], None]
"""Tells how far the invocation of an id is."""

_STREAMS: Final = find_spec("dash._streaming") is not None
"""Whether this Dash has streaming callbacks: from 4.5 on."""


class Way(Enum):
    """How progress reaches the page."""

    NONE = auto()
    """The handler tells nothing."""
    BACKGROUND = auto()
    """Dash asks for it again and again (``interval=``), and gets what was told last."""
    SOCKET = auto()
    """Over the WebSocket of Dash."""
    STREAM = auto()
    """As parts of the answer: a streaming callback."""


def way_of(
    function: Any, *, destination: Destination, options: dict[str, Any], app: Dash | None
) -> Way:
    """
    How a handler tells how far it is.

    Args:
        function: The handler.
        destination: Where its return value goes.
        options: Those of its callback.
        app: Its app; ``None`` for whichever this process makes.

    Raises:
        RegistrationError: The handler tells how far it is, and that cannot reach a caller; or it
            asks whether it was cancelled, which a callback cannot.
    """
    name = getattr(function, "__qualname__", repr(function))
    if _has_parameter(function, "cancelled"):
        raise RegistrationError(
            f"{name} has a parameter named cancelled, which handlers of Interop.method get. A "
            'callback hears of it by the prop: cancel=Input(id, "cancelled") ends one with '
            "background=True. An argument of that name is in the parameter args"
        )
    yields = generates(function)
    if not yields and not _has_parameter(function, PROGRESS):
        return Way.NONE
    _check_destination(name, yields, destination)
    return _possible_way(name, yields, options, app)


def _check_destination(name: str, yields: bool, destination: Destination) -> None:
    if yields and destination.is_pair:
        raise RegistrationError(
            f"{name} yields, and what it yields is for its callers alone: leave output= out, and "
            "write to the page by dash.set_props"
        )
    if not destination.has_result:
        raise RegistrationError(
            f"{name} {_telling(yields)}, and updates the page in place of a result: nobody waits "
            "for it. Give it returns=True, or write to the page by dash.set_props"
        )


def _possible_way(name: str, yields: bool, options: dict[str, Any], app: Dash | None) -> Way:
    if options.get("background"):
        return _in_background(name, yields, options)
    if _STREAMS:
        if not awaits_callbacks(app):
            raise RegistrationError(
                f"{name} {_telling(yields)}, so Dash has to stream its callback, and on Flask it "
                "does so only with dash[async]: install that, or give it background=True"
            )
        return Way.STREAM
    if yields:
        raise RegistrationError(
            f"{name} yields, which needs streaming callbacks, and so Dash 4.5 or newer: return the "
            f"result. How far it is, a parameter named {PROGRESS} tells with background=True, or "
            "with websocket=True on FastAPI and Quart"
        )
    if options.get("websocket") or _is_socket_everywhere(app):
        return Way.SOCKET
    raise RegistrationError(
        f"{name} {_telling(yields)}, and its callback is an ordinary request, which tells nothing "
        "before its end: give it background=True, or websocket=True on FastAPI and Quart, or use "
        "Dash 4.5"
    )


def _telling(yields: bool) -> str:
    return "yields" if yields else f"has a parameter named {PROGRESS}"


def report_over_socket(component_id: Any) -> Report:
    """
    Raises:
        RegistrationError: Dash runs the callback as an ordinary request.
    """
    if getattr(ctx, "websocket", None) is None:
        raise RegistrationError(
            f"a parameter named {PROGRESS} needs a callback over Dash's WebSocket, which Flask has "
            "not: use FastAPI or Quart, give it background=True, or use Dash 4.5"
        )

    def report(invocation_id: str, value: Any) -> None:
        set_props(component_id, {PROGRESS: {"invocationId": invocation_id, "value": value}})

    return report


def report_in_background(set_progress: Callable[[Any], None]) -> Report:
    """
    Args:
        set_progress: That of Dash, whose one output is the prop ``progress``.
    """

    def report(invocation_id: str, value: Any) -> None:
        set_progress([{"invocationId": invocation_id, "value": value}])

    return report


def _has_parameter(function: Any, name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def _in_background(name: str, yields: bool, options: dict[str, Any]) -> Way:
    if yields:
        raise RegistrationError(
            f"{name} yields, and a background callback has one result: return it, and tell how far "
            f"it is by a parameter named {PROGRESS}"
        )
    if options.get(PROGRESS):
        raise RegistrationError(
            f"{name} has a parameter named {PROGRESS}, for its callers, and progress= names other "
            "outputs, for the page: leave one of them out"
        )
    return Way.BACKGROUND


def _is_socket_everywhere(app: Any) -> bool:
    if app is None:
        try:
            app = get_app()
        except Exception:  # Dash raises no narrower class when there is no app yet
            return False
    return bool(getattr(app, "_websocket_callbacks", False))
