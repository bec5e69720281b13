"""What receivers of a ``Tunnel`` answer, as what their callbacks return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from dash import Output, no_update
from dash.exceptions import PreventUpdate

from ..errors import InvalidResult
from ..wire.payloads import PayloadError, as_object
from ..wire.values import portable_value
from .outcomes import Destination, Outcome, described

__all__ = ["Replies"]


class Replies(Destination):
    """
    Where the return value of a receiver goes: to the JavaScript of the page, and to the page.

    Args:
        answer: The output that reaches the JavaScript.
        output: What it updates of the page.
    """

    def __init__(self, answer: Output, output: Output | Sequence[Output] | None) -> None:
        super().__init__(answer, output, returns=True)

    def read_result(self, returned: Any, outcome: Outcome) -> None:
        """
        Note what the JavaScript gets.

        Raises:
            InvalidResult: It holds something that cannot travel.
            PreventUpdate: It is ``no_update``: another callback answers.
        """
        if returned is no_update:
            raise PreventUpdate
        try:
            outcome.value = portable_value(returned, "answer")
        except PayloadError as error:
            raise InvalidResult(f"The answer cannot travel: {error}") from error
        outcome.result = as_object(outcome.value)

    def conclude(self, value: Any, outcomes: list[Outcome]) -> Any:
        """What the callback returns, given the ``message`` prop."""
        is_list = isinstance(value, list)
        events = cast("list[dict[str, Any]]", value if is_list else [value])
        replies = [
            reply
            for event, outcome in zip(events, outcomes, strict=True)
            if (reply := _reply(event, outcome)) is not None
        ]
        answer = (replies if is_list else replies[0]) if replies else no_update
        values = [answer, *self.last_updates(outcomes)]
        return values if isinstance(self.outputs, list) else answer


def _reply(event: dict[str, Any], outcome: Outcome) -> dict[str, Any] | None:
    """The answer to one message; ``None`` where there is nothing to be said."""
    request_id = event["requestId"]
    is_request = request_id is not None
    about = {"requestId": request_id} if is_request else {"version": event["version"]}
    if isinstance(outcome.error, PreventUpdate):
        return None
    if outcome.error is not None:
        return {**about, "error": described(outcome.error)}
    if outcome.value is None and not is_request:
        return None
    return {**about, "data": outcome.value}
