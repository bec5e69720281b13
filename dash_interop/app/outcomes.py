"""How handlers ended, as what their callbacks return."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, cast

from dash import Output, Patch, no_update
from dash.exceptions import PreventUpdate
from msgspec import Struct

from ..errors import InvalidArguments, InvalidResult, NoResult, RegistrationError
from ..wire.failures import describe_failure, raised
from ..wire.payloads import result_object

__all__ = ["Destination", "Outcome", "described"]


class Outcome(Struct):
    """
    How the handler ended for one invocation, request to subscribe or datum.

    Attributes:
        id: What tells it apart from others of its kind.
        result: For the caller.
        value: The result as it was returned, in plain values, where it need not be a dict.
        update: For the page.
        error: What the caller gets instead.
    """

    id: str | int
    result: dict[str, Any] = {}
    value: Any = None
    update: Any = no_update
    error: Exception | SystemExit | None = None


class Destination:
    """
    Where the return value of a handler goes: to the caller, to the page, or to both.

    Args:
        result: The output whose value reaches the caller; ``None`` where nobody waits for one.
        output: What it updates of the page.
        returns: Whether the caller gets a result all the same.

    Attributes:
        outputs: Those of the callback.
        is_pair: Whether the handler returns a result and an update.
        has_result: Whether the caller gets one.
        hears_errors: Whether somebody is told why the handler did not run, or failed.

    Raises:
        RegistrationError: ``output`` is not an ``Output`` or a list of them.
    """

    def __init__(
        self, result: Output | None, output: Output | Sequence[Output] | None, returns: bool
    ) -> None:
        self._updated = _as_list(output)
        self._is_single = isinstance(output, Output)
        self.has_result = result is not None and (returns or output is None)
        self.hears_errors = self.has_result
        self.is_pair = self.has_result and bool(self._updated)
        self.outputs: Output | list[Output] = self._updated
        if result is not None and self.is_pair:
            self.outputs = [result, *self._updated]
        elif result is not None and self.has_result:
            self.outputs = result
        elif self._is_single:
            self.outputs = self._updated[0]

    def take(self, returned: Any, outcome: Outcome) -> None:
        """
        Note what the handler returned.

        Raises:
            TypeError: It is not a pair, or not a list of as many values as there are outputs.
            InvalidResult: It holds something that cannot travel.
        """
        result, update = returned, no_update
        if self.is_pair:
            result, update = _two(returned)
        elif not self.has_result:
            result, update = None, returned
        outcome.update = self._read_update(update)
        self.read_result(result, outcome)

    def read_result(self, returned: Any, outcome: Outcome) -> None:
        """
        Note what the caller gets.

        Raises:
            InvalidResult: It holds something that cannot travel.
        """
        outcome.result = result_object(returned)

    def conclude(self, value: Any, outcomes: list[Outcome]) -> Any:
        """What the callback returns, given the value of the prop that it handles."""
        values: list[Any] = []
        if self.has_result:
            answers = [_answer(outcome) for outcome in outcomes]
            values.append(answers if isinstance(value, list) else self._single(answers[0]))
        values += self.last_updates(outcomes)
        if not isinstance(self.outputs, list):
            return values[0]
        return values or None

    def _single(self, answer: dict[str, Any]) -> dict[str, Any]:
        # Of several updates of the page in one value, the callbacks behind it would see the last.
        return answer if self.is_pair else {**answer, "takesLists": True}

    def _read_update(self, update: Any) -> Any:
        """A value for each output, or ``no_update`` for all of them."""
        if update is no_update or not self._updated:
            return no_update
        if self._is_single:
            return [update]
        count = len(self._updated)
        if not isinstance(update, list | tuple) or len(cast("list[Any]", update)) != count:
            raise TypeError(f"the update has to be a list of {count} values, one for each output")
        return cast("list[Any]", update)

    def last_updates(self, outcomes: list[Outcome]) -> list[Any]:
        """What each output that is updated gets, in order."""
        made = [outcome.update for outcome in outcomes if outcome.update is not no_update]
        return [_last([update[index] for update in made]) for index in range(len(self._updated))]


def _last(updates: list[Any]) -> Any:
    """What one output gets for the updates of a batch: the last one, or all patches at the end."""
    updates = [update for update in updates if update is not no_update]
    patches = list(takewhile(lambda update: isinstance(update, Patch), reversed(updates)))
    if len(patches) < 2:
        return updates[-1] if updates else no_update
    as_json: list[dict[str, Any]] = [patch.to_plotly_json() for patch in reversed(patches)]
    return {**as_json[0], "operations": [each for one in as_json for each in one["operations"]]}


def _as_list(output: Any) -> list[Output]:
    outputs = [output] if isinstance(output, Output) else output or []
    if not isinstance(outputs, list | tuple) or not all(
        isinstance(each, Output) for each in cast("list[Any]", outputs)
    ):
        raise RegistrationError(f"output has to be an Output or a list of them, not {output!r}")
    return list(cast("list[Output]", outputs))


def _two(returned: Any) -> tuple[Any, Any]:
    if not isinstance(returned, tuple) or len(cast("tuple[Any, ...]", returned)) != 2:
        kind = type(cast(object, returned)).__name__
        raise TypeError(f"the handler has to return a result and an update, not a {kind}")
    return cast("tuple[Any, Any]", returned)


def _answer(outcome: Outcome) -> dict[str, Any]:
    if outcome.error is None:
        return {"invocationId": outcome.id, "invocationResult": outcome.result}
    return {"invocationId": outcome.id, "error": described(outcome.error)}


def described(error: Exception | SystemExit) -> dict[str, Any]:
    """What the caller gets in place of a result."""
    if isinstance(error, PreventUpdate):
        failure = NoResult("The handler prevented the update, so there is no result")
    elif isinstance(error, InvalidArguments | InvalidResult):
        failure = error
    else:
        failure = raised(error)
    return describe_failure(failure)
