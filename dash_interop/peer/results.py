"""What the caller of a method gets back."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from ..errors import HandlerFailed, InvocationError
from ..wire.definitions import MethodDefinition
from ..wire.payloads import without_object
from .directory import Instance

__all__ = ["InvocationResult", "Outcome", "ReturnValue", "join_outcomes"]

_SUCCESS: Final = 0


class ReturnValue(Struct, frozen=True, kw_only=True):
    """
    What one server returned.

    Attributes:
        returned: The dict that the method returned; a value that was no dict is
            ``{"_value": value}``, nothing is ``{}``.
        executed_by: The instance that ran the handler.
        called_with: The arguments.
        method: The method that was invoked, as it was named.
        message: What the server said along with it; empty.
        status: 0: success.
    """

    returned: Any
    executed_by: Instance
    called_with: Any
    method: MethodDefinition
    message: str = ""
    status: int = _SUCCESS

    @property
    def value(self) -> Any:
        """What the handler returned, not wrapped into a dict; ``None`` for nothing."""
        return without_object(self.returned)


class InvocationResult(ReturnValue, frozen=True, kw_only=True):
    """
    What the servers returned; its own ``returned`` and ``executed_by`` are those of the first.

    Attributes:
        all_return_values: What each server returned, in the order in which they registered.
        all_errors: A dict for each server that failed, with ``executed_by``, ``name``,
            ``called_with``, ``message``, ``type``, for a handler that failed ``exception``, and
            for a connection that was lost ``delivered``, as far as they are known.
    """

    all_return_values: list[ReturnValue]
    all_errors: list[dict[str, Any]]


class Outcome(Struct):
    """How it ended at one server."""

    server: Instance
    returned: Any = None
    error: InvocationError | None = None
    has_begun: bool = False
    """Whether its handler has been heard of before the end."""


def join_outcomes(
    method: MethodDefinition, called_with: Any, outcomes: list[Outcome]
) -> InvocationResult | InvocationError:
    """The result, or the first error with all of them where no server returned anything."""
    values = [
        ReturnValue(
            returned=outcome.returned,
            executed_by=outcome.server,
            called_with=called_with,
            method=method,
        )
        for outcome in outcomes
        if outcome.error is None
    ]
    errors = [_describe(method, called_with, outcome) for outcome in outcomes if outcome.error]
    if values:
        return InvocationResult(
            returned=values[0].returned,
            executed_by=values[0].executed_by,
            called_with=called_with,
            method=method,
            all_return_values=values,
            all_errors=errors,
        )
    error = next(outcome.error for outcome in outcomes if outcome.error)
    error.all_errors = errors
    return error


def _describe(method: MethodDefinition, called_with: Any, outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    assert error is not None
    described = {
        "executed_by": outcome.server,
        "name": method.name,
        "called_with": called_with,
        "message": error.message,
    }
    if error.type is not None:
        described["type"] = error.type
    if error.delivered is not None:
        described["delivered"] = error.delivered
    if isinstance(error, HandlerFailed) and error.exception is not None:
        described["exception"] = error.exception
    return described
