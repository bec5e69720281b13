"""Plain functions that decide who may subscribe to the stream of a ``StreamPublish``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash, Output

from ..client.validation import Mode
from .decisions import Decisions
from .handlers import ComponentId, Dependency, Function, check_component_id, handled
from .runs import REQUESTS, OnError

__all__ = ["subscription_handler"]


def subscription_handler(
    component_id: ComponentId,
    *dependencies: Dependency,
    validate: Mode = "off",
    on_error: OnError | None = None,
    app: Dash | None = None,
    **callback_options: Any,
) -> Callable[[Function], Function]:
    """
    Make a function decide on the requests to subscribe to the stream of a ``StreamPublish``.

    Its parameters get what those of a ``method_handler`` get: ``args`` the dict of all arguments
    that the subscriber sends, ``caller`` the dict that describes the subscribing instance,
    ``**rest`` the arguments that no parameter is named after, any other parameter the argument of
    its name, or its default. The values of ``dependencies`` go to the last parameters, one each and
    in order, whatever their names. ``def`` and ``async def`` both work.

    ``None`` and ``True`` accept the subscription; a string accepts it on the branch of that key,
    ``False`` rejects it. What the function raises rejects it, too, with the exception's message,
    which the subscriber gets; the traceback goes to the log only. With ``PreventUpdate`` or
    ``no_update`` the request stays open for another callback that has ``decision`` as Output, such
    as one that a click triggers; where there is none it is rejected. Requests come one at a time.

    ``caller`` is what the page says: whoever can reach the Dash server can post a callback to it.

    Args:
        component_id: ``id`` of the ``StreamPublish``; a pattern may have ``MATCH``.
        dependencies: Further ``State`` or ``Input`` of the callback. Prefer ``State``: when an
            input changes while the function runs, Dash drops what that run returns.
        validate: Whether the arguments are checked against the function's type hints: ``"off"``,
            ``"warn"`` (a line in the log) or ``"strict"`` (the subscription is rejected with the
            name of the field, and the function does not run). A missing argument without a default
            rejects it in any case.
        on_error: Called with what the function raises; by default the ``on_error`` of the app. What
            it returns takes the place of what the function would have returned; after ``None`` the
            subscription is rejected.
        app: The Dash app; by default whichever this process makes, as with ``dash.callback``.
        callback_options: Options of the callback.

    Returns:
        A decorator that registers the function and returns it unchanged.

    Raises:
        ConfigError: ``mcp_enabled=True`` among the options.
        RegistrationError: An option cannot be used or, from the decorator, the function cannot be
            called so: it is not a function, yields, or lacks a parameter for a dependency.

    Example:
        ::

            @subscription_handler("prices")
            def decide(caller: dict, symbol: str = "*"):
                if caller["application"] == "Rival":
                    raise PermissionError("not for you")
                return symbol
    """
    check_component_id(component_id, "StreamPublish", 'subscription_handler("prices")')
    return handled(
        REQUESTS,
        component_id,
        dependencies,
        Decisions(Output(component_id, "decision")),
        validate=validate,
        on_error=on_error,
        app=app,
        callback_options=callback_options,
    )
