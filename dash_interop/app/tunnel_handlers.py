"""Plain functions that get what the JavaScript of a page sends through a ``Tunnel``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash, Output

from ..client.validation import Mode
from .handlers import ComponentId, Dependency, Function, check_component_id, handled
from .replies import Replies
from .runs import MESSAGES, OnError

__all__ = ["tunnel_handler"]


def tunnel_handler(
    component_id: ComponentId,
    *dependencies: Dependency,
    output: Output | list[Output] | None = None,
    validate: Mode = "off",
    on_error: OnError | None = None,
    app: Dash | None = None,
    **callback_options: Any,
) -> Callable[[Function], Function]:
    """
    Make a function the receiver of a ``Tunnel``.

    It is called for each message and each request that the JavaScript of the page sends, in order,
    and not when another input changes. Its parameters get: ``data`` what was sent, a string or
    another value of JSON; ``version`` its version, a whole number; ``**rest`` the fields of a dict
    that no parameter is named after; any other parameter the field of its name, or its default. The
    values of ``dependencies`` go to the last parameters, one each and in order, whatever their
    names. ``def`` and ``async def`` both work.

    What the function returns answers a request, whatever it is. A message that is no request is
    answered with its version, unless the function returns ``None``: the JavaScript gets it by
    ``on_receive``, but for answers that are stale, as a newer message has been answered before.

    What the function raises reaches the JavaScript that asked as an error with the exception's type
    and message; the traceback goes to the log only. Of a message that is no request, it is shown in
    the ``error`` of the component and in the browser's console. With ``PreventUpdate`` or
    ``no_update`` a request stays open for another callback that has ``answer`` as Output, such as
    one that a click triggers; where there is none the request fails.

    What arrives is what the page says: whoever can reach the Dash server can post a callback to it.

    Args:
        component_id: ``id`` of the ``Tunnel``; a pattern may have ``MATCH``. With ``batch=True``
            there, the function is called for each message of a batch, in order.
        dependencies: Further ``State`` or ``Input`` of the callback. Prefer ``State``: when an
            input changes while the function runs, Dash drops what that run returns.
        output: What the function updates of the page, too. Then it returns a pair, the answer and
            the update: ``return found, f"{len(found)} found"``; for a list of outputs the update is
            a list of as many values. A function that raises leaves them as they are. Of a batch,
            the last update of each output counts, and each ``Patch``.
        validate: Whether fields and answers are checked against the function's type hints:
            ``"off"``, ``"warn"`` (a line in the log) or ``"strict"`` (the JavaScript gets an
            ``InvalidArguments`` or ``InvalidResult`` that names the field, and the function does
            not run for what does not fit). A missing field without a default is an
            ``InvalidArguments`` in any case.
        on_error: Called with what the function raises; by default the ``on_error`` of the app. What
            it returns takes the place of what the function would have returned; after ``None`` the
            JavaScript gets the error.
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

            @tunnel_handler("search")
            def search(data: str):
                return [title for title in TITLES if data.lower() in title.lower()]

        and in a file of the app's assets::

            const found = await dash_interop.tunnels.get("search").request(input.value);
    """
    check_component_id(component_id, "Tunnel", 'tunnel_handler("search")')
    return handled(
        MESSAGES,
        component_id,
        dependencies,
        Replies(Output(component_id, "answer"), output),
        validate=validate,
        on_error=on_error,
        app=app,
        callback_options=callback_options,
    )
