"""What handlers of requests to subscribe decide, as what their callbacks return."""

from __future__ import annotations

from typing import Any

from dash import Output, no_update
from dash.exceptions import PreventUpdate

from .outcomes import Outcome

__all__ = ["Decisions"]


class Decisions:
    """
    Where the return value of a handler goes: to the subscriber, as a decision.

    Args:
        decision: The output.

    Attributes:
        outputs: That of the callback.
    """

    is_pair = False
    has_result = False
    hears_errors = True

    def __init__(self, decision: Output) -> None:
        self.outputs = decision

    def take(self, returned: Any, outcome: Outcome) -> None:
        """
        Note what the handler returned.

        Raises:
            TypeError: It is no decision.
            PreventUpdate: It is ``no_update``: another callback decides.
        """
        if returned is None or returned is True:
            outcome.result = {"accept": True}
        elif returned is False:
            outcome.result = {"accept": False}
        elif isinstance(returned, str) and returned:
            outcome.result = {"branch": returned}
        elif returned is no_update:
            raise PreventUpdate
        else:
            raise TypeError(
                "the handler has to return None to accept, the key of a branch, or False, and not "
                f"{returned!r}"
            )

    def conclude(self, _: Any, outcomes: list[Outcome]) -> Any:
        """What the callback returns: there is one request at a time."""
        (outcome,) = outcomes
        if isinstance(outcome.error, PreventUpdate):
            raise outcome.error
        return {"requestId": outcome.id, **_decision_of(outcome)}


def _decision_of(outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    if error is None:
        return outcome.result
    return {"reject": str(error) or type(error).__name__}
