"""What a ``MethodInvoke`` reports, as a value or an exception."""

from __future__ import annotations

from typing import Any

from dash.exceptions import PreventUpdate

from ..errors import BY_TYPE, HandlerFailed, InvocationError
from ..types import ResultDict

__all__ = ["returned_value"]


def returned_value(result: ResultDict | dict[str, Any] | None) -> dict[str, Any]:
    """
    Take what the method returned out of the ``result`` prop of a ``MethodInvoke``.

    Args:
        result: The prop, as a callback gets it.

    Returns:
        The dict that the method returned; with several targets, the first server's. A value that
        was no dict is ``{"_value": value}``, nothing is ``{}``.

    Raises:
        InvocationError: The invocation failed; its ``message`` says why, and its class what kind of
            failure it was, as for ``InteropClient.invoke``: ``MethodNotFound``,
            ``InvocationTimeout``, ``HandlerFailed`` and so on.
        PreventUpdate: ``result`` is ``None``: nothing has been invoked yet.

    Example:
        ::

            @callback(Output("sum", "children"), Input("invoke-sum", "result"))
            def show(result):
                try:
                    return returned_value(result)["sum"]
                except InvocationError as error:
                    return f"No sum: {error}"
    """
    if result is None:
        raise PreventUpdate
    told: dict[str, Any] = {**result}
    error = told["error"]
    if error is not None:
        kind = BY_TYPE.get(error.get("type"), InvocationError)
        failure = kind(error["message"], told.get("invocationId"), error.get("all_errors"))
        if failure.delivered is not None:
            failure.delivered = error.get("delivered", failure.delivered)
        if isinstance(failure, HandlerFailed):
            failure.exception = error.get("exception")
        raise failure
    returned: dict[str, Any] = told["invocationResult"]["returned"]
    return returned
