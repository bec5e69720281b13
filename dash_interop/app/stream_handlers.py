"""Plain functions that get the data of a ``StreamSubscribe``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash, Output

from ..client.validation import Mode
from .handlers import ComponentId, Dependency, Function, check_component_id, handled
from .outcomes import Destination
from .runs import DATA, OnError

__all__ = ["stream_handler"]


def stream_handler(
    component_id: ComponentId,
    *dependencies: Dependency,
    output: Output | list[Output] | None = None,
    validate: Mode = "off",
    on_error: OnError | None = None,
    app: Dash | None = None,
    **callback_options: Any,
) -> Callable[[Function], Function]:
    """
    Make a function handle the data of a ``StreamSubscribe``.

    It is called for each datum, in order, also where ``delivery`` gives several in one value, and
    not when another input changes. Its parameters get: ``data`` what was pushed, the whole dict;
    ``server`` the dict that describes the instance that pushed it; ``private`` whether it was
    pushed to this subscription alone; ``sequence`` its number; ``request_arguments`` what the
    subscription was made with; ``replaced`` how many data it replaced with ``delivery="latest"``,
    else 0; ``**rest`` the fields that no parameter is named after; any other parameter the field of
    its name, or its default. The values of ``dependencies`` go to the last parameters, one each and
    in order, whatever their names. ``def`` and ``async def`` both work.

    What it raises goes to the log, with the traceback; so does a datum without a field that a
    parameter needs, for which it is not called. The data after that one is handled all the same.

    Args:
        component_id: ``id`` of the ``StreamSubscribe``; a pattern may have ``MATCH``.
        dependencies: Further ``State`` or ``Input`` of the callback. Prefer ``State``: when an
            input changes while the function runs, Dash drops what that run returns.
        output: What the function's return value updates; for a list of outputs it is a list of as
            many values. A function that raises or returns ``no_update`` leaves it as it is. Of
            several data in one value, the last update of each output counts, and each ``Patch``.
            Without it, the function may update by ``set_props``.
        validate: Whether data are checked against the function's type hints: ``"off"``, ``"warn"``
            (a line in the log) or ``"strict"`` (the function does not run for a datum that does not
            fit, and the log says why).
        on_error: Called with what the function raises; by default the ``on_error`` of the app. What
            it returns takes the place of what the function would have returned.
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

            @stream_handler("prices", output=Output("chart", "extendData"))
            def draw(time: str, price: float):
                return {"x": [[time]], "y": [[price]]}, [0], 500
    """
    check_component_id(component_id, "StreamSubscribe", 'stream_handler("prices")')
    return handled(
        DATA,
        component_id,
        dependencies,
        Destination(None, output, returns=False),
        validate=validate,
        on_error=on_error,
        app=app,
        callback_options=callback_options,
    )
