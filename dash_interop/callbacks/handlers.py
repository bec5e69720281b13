"""Plain functions as the callbacks of ``MethodRegister``."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from dash import Input, Output, State, callback, ctx, get_app, no_update
from dash.exceptions import PreventUpdate
from msgspec import Struct

from ..errors import NoResult
from ..protocol.failures import describe_failure, raised
from ..protocol.payloads import as_object

__all__ = ["method_handler"]

logger = logging.getLogger(__name__)

ComponentId: TypeAlias = str | dict[str, Any]
Dependency: TypeAlias = Input | State
Handler = TypeVar("Handler", bound=Callable[..., Any])


def method_handler(
    component_id: ComponentId,
    *dependencies: Dependency,
    output: Output | list[Output] | None = None,
    app: Any = None,
    **callback_options: Any,
) -> Callable[[Handler], Handler]:
    """
    Make a function the handler of a ``MethodRegister``.

    The function is called as ``function(args, caller, *values)``: ``args`` is the dict of
    arguments, ``caller`` the dict that describes the calling instance, ``values`` are those of
    ``dependencies``. What it returns is the result of the invocation; a value that is no dict
    reaches the caller as ``{"_value": value}``, ``None`` as ``{}``. What it raises reaches the
    caller as an error with the exception's type and message; the traceback goes to the log
    only. It runs once for each invocation, and not when another input changes. ``def`` and
    ``async def`` both work on Flask, FastAPI and Quart; where Dash does not await callbacks, the
    request's own thread does.

    Args:
        component_id: ``id`` of the ``MethodRegister``. With ``batch=True`` there, the function is
            called for each invocation of a batch, in order.
        dependencies: Further ``State`` or ``Input`` of the callback. Prefer ``State``: when an
            input changes while the function runs, Dash drops what that run returns.
        output: For a void method: what the function's return value updates, instead of being the
            result. A function that raises or returns ``no_update`` leaves it as it is.
        app: The Dash app; by default whichever this process makes, as with ``dash.callback``.
        callback_options: Options of the callback, such as ``background=True``.

    Returns:
        A decorator that registers the function and returns it unchanged.

    Example:
        ::

            @method_handler("register-sum", State("offset", "value"))
            def add(args, caller, offset):
                return {"sum": args["a"] + args["b"] + offset}
    """
    outputs = Output(component_id, "result") if output is None else output
    inputs = [Input(component_id, "invoke"), *dependencies]
    conclude = _answers if output is None else _last_value

    def decorate(function: Handler) -> Handler:
        register = callback if app is None else app.callback
        wrapped = _as_callback(function, conclude)
        if inspect.iscoroutinefunction(wrapped) and not _awaits_callbacks(app):
            wrapped = _blocking(wrapped)
        register(outputs, *inputs, **callback_options)(wrapped)
        return function

    return decorate


class _Outcome(Struct):
    """How the handler ended for one invocation."""

    invocation_id: str
    value: Any = None
    error: Exception | None = None


_Conclude: TypeAlias = Callable[[Any, list[_Outcome]], Any]
"""Makes what the callback returns, given the ``invoke`` prop."""


def _as_callback(function: Callable[..., Any], conclude: _Conclude) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(invoke: Any, *values: Any) -> Any:
            outcomes: list[_Outcome] = []
            for invocation in _new_invocations(invoke):
                outcome = _Outcome(invocation["invocationId"])
                try:
                    args, caller = invocation["args"], invocation["caller"]
                    outcome.value = await function(args, caller, *values)
                except Exception as error:
                    outcome.error = _logged(error, function)
                outcomes.append(outcome)
            return conclude(invoke, outcomes)

        return run_async

    @functools.wraps(function)
    def run(invoke: Any, *values: Any) -> Any:
        outcomes: list[_Outcome] = []
        for invocation in _new_invocations(invoke):
            outcome = _Outcome(invocation["invocationId"])
            try:
                outcome.value = function(invocation["args"], invocation["caller"], *values)
            except Exception as error:
                outcome.error = _logged(error, function)
            outcomes.append(outcome)
        return conclude(invoke, outcomes)

    return run


def _awaits_callbacks(app: Any) -> bool:
    """Whether Dash runs async callbacks: on Flask only where ``dash[async]`` is installed."""
    if app is None:
        try:
            app = get_app()
        except Exception:  # Dash raises no narrower class when there is no app yet
            return True
    backend = getattr(app, "backend", None)
    if getattr(backend, "server_type", "flask") != "flask":
        return True
    return bool(getattr(app, "_use_async", False))


def _blocking(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*values: Any) -> Any:
        return asyncio.run(function(*values))

    return run


def _new_invocations(invoke: Any) -> list[dict[str, Any]]:
    """The invocations this run is for. A run that another input triggered ends here."""
    if invoke is None or not any(
        trigger["prop_id"].endswith(".invoke") for trigger in ctx.triggered
    ):
        raise PreventUpdate
    return invoke if isinstance(invoke, list) else [invoke]


def _logged(error: Exception, function: Callable[..., Any]) -> Exception:
    if not isinstance(error, PreventUpdate):
        name = getattr(function, "__qualname__", repr(function))
        logger.error("the handler %s failed", name, exc_info=error)
    return error


def _answers(invoke: Any, outcomes: list[_Outcome]) -> Any:
    answers = [_answer(outcome) for outcome in outcomes]
    return answers if isinstance(invoke, list) else answers[0]


def _answer(outcome: _Outcome) -> dict[str, Any]:
    error = outcome.error
    if error is None:
        result = as_object(outcome.value)
        return {"invocationId": outcome.invocation_id, "invocationResult": result}
    failure = (
        NoResult("The handler prevented the update, so there is no result")
        if isinstance(error, PreventUpdate)
        else raised(error)
    )
    return {"invocationId": outcome.invocation_id, "error": describe_failure(failure)}


def _last_value(invoke: Any, outcomes: list[_Outcome]) -> Any:
    values = [outcome.value for outcome in outcomes if outcome.error is None]
    updates = [value for value in values if value is not no_update]
    if not updates:
        raise PreventUpdate
    return updates[-1]
