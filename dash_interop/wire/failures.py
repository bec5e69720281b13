"""
How the failure of an invocation travels from its server to its caller.

The ``context`` of the error is a dict with a ``message``. What the library at the server says for
itself, such as that the queue is full, has an ``interopType`` beside it, one of
``errors.SAID_BY_SERVERS``. All else is the handler's: ``type``, where there is one, names its
exception, whatever that is called, and further keys are what it wants its caller to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from ..errors import (
    BY_REASON_URI,
    BY_TYPE,
    SAID_BY_SERVERS,
    ConnectionLost,
    Delivered,
    HandlerFailed,
    InvocationError,
    InvocationTimeout,
)
from .definitions import MethodDefinition
from .envelope import Error
from .payloads import PayloadError, decode_object

__all__ = ["describe_failure", "raised", "read_failure", "timed_out", "told_failure"]


def describe_failure(error: InvocationError) -> dict[str, Any]:
    """The context of the error that tells the caller."""
    if not isinstance(error, HandlerFailed):
        described = {"message": error.message, "interopType": error.type}
        return described if error.delivered is None else described | {"delivered": error.delivered}
    described = {"message": error.message}
    return described if error.exception is None else {**described, "type": error.exception}


def raised(exception: BaseException) -> HandlerFailed:
    """What the caller hears of an exception in the handler."""
    kind = type(exception).__name__
    try:
        words = f"{kind}: {exception}"
    except Exception:  # its own __str__ failed
        words = kind
    return HandlerFailed(words, exception=kind)


def read_failure(
    message: Error | None, method: MethodDefinition, *, has_begun: bool = False
) -> InvocationError:
    """
    Why there is no result.

    Args:
        message: The answer; ``None`` when the connection broke.
        method: That was invoked.
        has_begun: Whether its handler has been heard of.
    """
    if message is None:
        lost = ConnectionLost(f"The connection was lost before {method.name} answered")
        return _with_delivery(lost, "yes" if has_begun else "unknown")
    reason = message.reason or f"{method.name} failed without saying why"
    context = _context_of(message)
    kind = BY_REASON_URI.get(message.reason_uri, InvocationError)
    if kind is HandlerFailed:
        return told_failure({**context, "message": reason})
    return _with_delivery(kind(reason), "yes" if has_begun else context.get("delivered"))


def told_failure(context: Mapping[str, Any]) -> InvocationError:
    """The failure that ``describe_failure`` has described."""
    reason = str(context.get("message") or "It failed without saying why")
    said = context.get("interopType")
    if isinstance(said, str) and said in SAID_BY_SERVERS:
        return _with_delivery(BY_TYPE[said](reason), context.get("delivered"))
    exception = context.get("type")
    return HandlerFailed(reason, exception=exception if isinstance(exception, str) else None)


def timed_out(method: MethodDefinition, seconds: float) -> InvocationError:
    return InvocationTimeout(f"{method.name} did not answer within {seconds:g} s")


def _with_delivery(error: InvocationError, delivered: Any) -> InvocationError:
    """An error of a lost connection, with what was said of the invocation, if anything was."""
    if error.delivered is not None and delivered in get_args(Delivered):
        error.delivered = delivered
    return error


def _context_of(message: Error) -> dict[str, Any]:
    try:
        return decode_object(message.context)
    except PayloadError:
        return {}
