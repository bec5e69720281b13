"""Plain functions as the callbacks of ``MethodRegister``."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from dash import Dash, Input, Output, State, callback
from dash.dependencies import ALL, ALLSMALLER
from dash.development.base_component import Component

from ..client.functions import is_async
from ..client.running import Handler
from ..client.validation import Mode
from ..errors import RegistrationError
from ..wire.definitions import MethodDefinition
from .awaiting import as_dash_calls_it
from .decisions import Decisions
from .outcomes import Destination
from .progress import PROGRESS, SET_PROGRESS, Way, way_of
from .runs import INVOCATIONS, Events, OnError, Runs
from .tools import kept_from_tools

__all__ = [
    "ComponentId",
    "Dependency",
    "Function",
    "check_component_id",
    "handled",
    "method_handler",
]

ComponentId: TypeAlias = str | dict[str, Any]
Dependency: TypeAlias = Input | State
Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS: Final = {*inspect.signature(callback).parameters, "prevent_initial_call"}
_BACKGROUND_OPTIONS: Final = ("progress", "progress_default", "cancel", "manager")


def method_handler(
    component_id: ComponentId,
    *dependencies: Dependency,
    output: Output | list[Output] | None = None,
    returns: bool = False,
    validate: Mode = "off",
    on_error: OnError | None = None,
    app: Dash | None = None,
    **callback_options: Any,
) -> Callable[[Function], Function]:
    """
    Make a function the handler of a ``MethodRegister``.

    Its parameters get what those of ``Interop.method`` and ``InteropClient.register`` get:
    ``args`` the dict of all arguments, ``caller`` the dict that describes the calling instance,
    ``**rest`` the arguments that no parameter is named after, any other parameter the argument of
    its name, or its default. The values of ``dependencies`` go to the last parameters, one each and
    in order, whatever their names; parameters behind ``*`` do not count, and ``*values`` gets them
    all.

    What the function returns is the result of the invocation; a value that is not a dict reaches
    the caller as ``{"_value": value}``, ``None`` as ``{}``. What it raises reaches the caller as an
    error with the exception's type and message; the traceback goes to the log only. It runs once
    for each invocation, and not when another input changes. ``def`` and ``async def`` both work on
    Flask, FastAPI and Quart; where Dash does not await callbacks, the request's own thread does.

    A parameter named ``progress`` gets a function of one value, which tells the caller how far the
    invocation is; so does each value that the function yields, the last of which, or what a
    generator returns, is the result. That needs a callback that speaks before its end: on Dash 4.5
    any (on Flask with ``dash[async]``), before that one with ``background=True``, where the caller
    hears what was told last every ``interval=``, or with ``websocket=True`` on FastAPI and Quart.

    ``caller`` is what the page says: whoever can reach the Dash server can post a callback to it.
    Where it has to be true, use ``Interop.method``, whose caller the gateway vouches for. The
    callback is never a tool of Dash's MCP server.

    Args:
        component_id: ``id`` of the ``MethodRegister``; a pattern may have ``MATCH``. With
            ``batch=True`` there, the function is called for each invocation of a batch, in order.
        dependencies: Further ``State`` or ``Input`` of the callback. Prefer ``State``: when an
            input changes while the function runs, Dash drops what that run returns.
        output: For a void method: what the function's return value updates, instead of being the
            result; for a list of outputs it is a list of as many values. A function that raises or
            returns ``no_update`` leaves it as it is. Of a batch, the last update of each output
            counts, and each ``Patch``. ``[]`` is for a function that updates by ``set_props``, or
            not at all.
        returns: With ``output``: whether the callers get a result, too. Then the function returns
            a pair, the result and the update: ``return {"number": 7}, "Order 7"``.
        validate: Whether arguments and results are checked against the function's type hints:
            ``"off"``, ``"warn"`` (a line in the log) or ``"strict"`` (the caller gets an
            ``InvalidArguments`` or ``InvalidResult`` that names the field, and the function does
            not run for such arguments). A missing argument without a default is an
            ``InvalidArguments`` in any case. What others see as the method's ``accepts`` and
            ``returns`` stands in the component's ``definition``, not in the hints.
        on_error: Called with what the function raises, in its process and with ``dash.ctx``; by
            default the ``on_error`` of the app. What it returns takes the place of what the
            function would have returned; after ``None`` the caller gets the error. Arguments that
            do not fit are not the function's error.
        app: The Dash app; by default whichever this process makes, as with ``dash.callback``.
        callback_options: Options of the callback. With ``background=True`` and ``progress=``, the
            function needs a parameter named ``set_progress``, which gets the function that reports
            progress to the page; the caller of a job that ``cancel=`` ends hears at once that there
            is no result. ``cancel=Input(id, "cancelled")`` ends jobs for which nobody waits.

    Returns:
        A decorator that registers the function and returns it unchanged.

    Raises:
        ConfigError: ``mcp_enabled=True`` among the options.
        RegistrationError: An option cannot be used or, from the decorator, the function cannot be
            called so: it is not a function, lacks a parameter for a dependency, or tells how far it
            is where nobody would hear of that before its end.

    Example:
        ::

            @method_handler("register-sum", State("offset", "value"))
            def add(a: float, b: float, offset):
                return {"sum": a + b + offset}
    """
    check_component_id(component_id, "MethodRegister", 'method_handler("sum")')
    destination = Destination(Output(component_id, "result"), output, returns)
    return handled(
        INVOCATIONS,
        component_id,
        dependencies,
        destination,
        validate=validate,
        on_error=on_error,
        app=app,
        callback_options=callback_options,
        way_of=partial(way_of, destination=destination, options=callback_options, app=app),
    )


def handled(
    events: Events,
    component_id: ComponentId,
    dependencies: tuple[Dependency, ...],
    destination: Destination | Decisions,
    *,
    validate: Mode,
    on_error: OnError | None,
    app: Dash | None,
    callback_options: dict[str, Any],
    way_of: Callable[[Any], Way] = lambda _: Way.NONE,
) -> Callable[[Function], Function]:
    """
    Make a function the handler of the events of a component; the arguments are those of
    ``method_handler``.

    Args:
        way_of: How a function tells how far it is.
    """
    _check_dependencies(dependencies)
    _check_options(callback_options, app)
    if on_error is not None and (not callable(on_error) or is_async(on_error)):
        raise RegistrationError("on_error has to be a plain function, and not an async one")
    # At the initial call there is no event, and a background job would take a process for it.
    callback_options.setdefault("prevent_initial_call", True)

    def decorate(function: Function) -> Function:
        name = getattr(function, "__name__", "handler")
        way = way_of(function)
        tells = way is not Way.NONE
        outputs, options = _with_progress(way, component_id, destination.outputs, callback_options)
        extras = [SET_PROGRESS] if options.get("progress") else []
        handler = Handler(
            MethodDefinition(name=name),
            function,
            validate,
            values=len(dependencies),
            extras=[] if tells else extras,
            offered=[*events.offered, PROGRESS] if tells else events.offered,
            special=events.special,
            is_pair=destination.is_pair,
            may_yield=tells,
        )
        runs = Runs(events, handler, destination, on_error, app, extras, way)
        register = callback if app is None else app.callback
        inputs = (Input(component_id, events.prop), *dependencies)
        register(outputs, *inputs, **kept_from_tools(options))(
            as_dash_calls_it(runs.as_callback(), app)
        )
        return function

    return decorate


def _with_progress(
    way: Way, component_id: ComponentId, outputs: Output | list[Output], options: dict[str, Any]
) -> tuple[Output | list[Output], dict[str, Any]]:
    """Outputs and options of a callback, with the prop ``progress`` where the way needs it."""
    progress = Output(component_id, PROGRESS)
    if way is Way.STREAM:
        return [*(outputs if isinstance(outputs, list) else [outputs]), progress], options
    if way is Way.BACKGROUND:
        return outputs, {**options, "progress": [progress]}
    return outputs, options


def check_component_id(component_id: Any, component: str, example: str) -> None:
    """
    Raises:
        RegistrationError: It is not the id of one component.
    """
    if not isinstance(component_id, (str, dict, Component)):
        decorator = example[: example.index("(")]
        raise RegistrationError(
            f"{decorator} needs the id of a {component}, as in @{example}, and not {component_id!r}"
        )
    values = component_id.values() if isinstance(component_id, dict) else ()
    if any(value in (ALL, ALLSMALLER) for value in values):
        raise RegistrationError(
            "a handler is for one component at a time: write MATCH instead of ALL in the id"
        )


def _check_dependencies(dependencies: tuple[Any, ...]) -> None:
    for dependency in dependencies:
        if isinstance(dependency, Output):
            raise RegistrationError(f"{dependency} is an Output: give it as output=")


def _check_options(options: dict[str, Any], app: Any) -> None:
    # Apps of other classes, as of dash-extensions, may know more.
    if app is None or type(app) is Dash:
        for name in options:
            if name not in _OPTIONS:
                near = difflib.get_close_matches(name, [*_OPTIONS, "on_error", "validate"], 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise RegistrationError(f"callbacks of this Dash have no option {name}{hint}")
    if not options.get("background"):
        for name in _BACKGROUND_OPTIONS:
            if options.get(name):
                raise RegistrationError(f"{name}= is for background callbacks: add background=True")
