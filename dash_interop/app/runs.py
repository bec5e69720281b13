"""The callback around a handler: which invocations it runs for, and what it does with errors."""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Any, Final, TypeAlias

from dash import Dash, ctx, no_update
from dash.exceptions import PreventUpdate
from msgspec import Struct

from ..client.running import Handler
from ..errors import InvalidArguments
from ..wire.hints import OF_DATA, OF_INVOCATIONS, OF_MESSAGES, SpecialNames
from .decisions import Decisions
from .outcomes import Destination, Outcome
from .parts import call_and_tell, parts_of
from .progress import (
    PROGRESS,
    SET_PROGRESS,
    Report,
    Way,
    report_in_background,
    report_over_socket,
)
from .routes import current_app

__all__ = ["DATA", "INVOCATIONS", "MESSAGES", "REQUESTS", "Events", "OnError", "Runs"]

CALLBACK_ROUTE: Final = "_dash-update-component"

OnError: TypeAlias = Callable[[Exception], Any]

logger = logging.getLogger(__name__)


class Events(Struct, frozen=True):
    """
    A prop whose values a handler runs for.

    Attributes:
        prop: Its name.
        id: The key of what tells the events apart.
        arguments: The key of the dict that the handler's parameters are named after.
        sender: The key of the instance that it comes from; of messages, that of the version.
        special: Names of the parameters that get these two.
        offered: The keys of what else there is, by the names of the parameters that get it; 0 where
            an event has no such key.
    """

    prop: str
    id: str
    arguments: str
    sender: str = "caller"
    special: SpecialNames = OF_INVOCATIONS
    offered: dict[str, str] = {}


INVOCATIONS: Final = Events("invoke", "invocationId", "args")
REQUESTS: Final = Events("request", "requestId", "arguments")
DATA: Final = Events(
    "data",
    "sequence",
    "data",
    "server",
    OF_DATA,
    {
        "private": "private",
        "sequence": "sequence",
        "request_arguments": "requestArguments",
        "replaced": "replaced",
    },
)
MESSAGES: Final = Events("message", "sequence", "data", "version", OF_MESSAGES)


class Runs:
    """
    Args:
        events: What the handler is for.
        handler: Called once for each event.
        destination: Where the handler's return value goes.
        on_error: Called with what the handler raises.
        app: The app whose ``on_error`` is called where ``on_error`` is ``None``; by default the app
            of the process.
        extras: Names of what Dash puts in front of the callback's values.
        way: How the handler tells how far it is.
    """

    def __init__(
        self,
        events: Events,
        handler: Handler,
        destination: Destination | Decisions,
        on_error: OnError | None,
        app: Dash | None,
        extras: Sequence[str],
        way: Way = Way.NONE,
    ) -> None:
        self._way = way
        self._events = events
        self._handler = handler
        self._destination = destination
        # Not the app itself, which cannot follow a background callback into another process.
        self._on_error = on_error or getattr(app, "_on_error", None)
        self._asks_app = app is None
        self._extras = extras

    def as_callback(self) -> Callable[..., Any]:
        """The function for Dash to call."""
        function = self._streaming() if self._way is Way.STREAM else self._answering()
        for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
            if hasattr(self._handler.function, attribute):
                setattr(function, attribute, getattr(self._handler.function, attribute))
        # Extensions of Dash look at what a callback takes, which is not what its handler takes.
        function.__signature__ = self._signature()
        return function

    def _answering(self) -> Any:
        destination = self._destination

        async def run_async(*given: Any) -> Any:
            value, outcomes, calls = self._begin(given)
            for outcome, call in calls:
                with self._noting_errors(outcome):
                    self._take(await call(), outcome)
            return destination.conclude(value, outcomes)

        def run(*given: Any) -> Any:
            value, outcomes, calls = self._begin(given)
            for outcome, call in calls:
                with self._noting_errors(outcome):
                    self._take(call(), outcome)
            return destination.conclude(value, outcomes)

        return run_async if self._handler.is_async else run

    def _streaming(self) -> Any:
        destination = self._destination
        outputs = destination.outputs
        is_list = isinstance(outputs, list)
        nothing = [no_update] * (len(outputs) if isinstance(outputs, list) else 1)

        async def stream(*given: Any) -> AsyncGenerator[list[Any]]:
            async def work(report: Report) -> list[Any]:
                value, outcomes, calls = self._begin(given, report)
                for outcome, call in calls:
                    with self._noting_errors(outcome):
                        tell = partial(report, str(outcome.id))
                        self._take(await call_and_tell(call, tell), outcome)
                concluded = destination.conclude(value, outcomes)
                return concluded if is_list else [concluded]

            async with aclosing(parts_of(work)) as parts:
                async for told, values in parts:
                    yield [*(nothing if values is None else values), told]

        return stream

    def _signature(self) -> inspect.Signature:
        values = (f"value_{n + 1}" for n in range(self._handler.values))
        names = [*self._extras, self._events.prop, *values]
        kind = inspect.Parameter.POSITIONAL_ONLY
        return inspect.Signature([inspect.Parameter(name, kind) for name in names])

    def _begin(
        self, given: tuple[Any, ...], report: Report | None = None
    ) -> tuple[Any, list[Outcome], list[tuple[Outcome, partial[Any]]]]:
        """
        The prop's value, an outcome for each of its events, and the calls to make.

        Args:
            given: What Dash calls the callback with.
            report: Tells how far an event is, where the callback itself can.
        """
        count = len(self._extras)
        extras = dict(zip(self._extras, given[:count], strict=True))
        value, *values = given[count:]
        if self._way is Way.BACKGROUND:
            report = report_in_background(extras.pop(SET_PROGRESS))
        outcomes: list[Outcome] = []
        calls: list[tuple[Outcome, partial[Any]]] = []
        own_id, events = _new_events(self._events.prop, value)
        if self._way is Way.SOCKET:
            report = report_over_socket(own_id)
        for event in events:
            outcome = Outcome(event[self._events.id])
            outcomes.append(outcome)
            if report is not None:
                extras[PROGRESS] = partial(report, event[self._events.id])
            try:
                calls.append((outcome, self._bind(event, values, extras)))
            except InvalidArguments as error:
                outcome.error = error
                if not self._destination.hears_errors:
                    logger.error("the handler %s was not called: %s", self._handler.name, error)
        return value, outcomes, calls

    def _bind(
        self, event: dict[str, Any], values: Sequence[Any], extras: dict[str, Any]
    ) -> partial[Any]:
        events = self._events
        given = event[events.arguments]
        offered = {name: event.get(key, 0) for name, key in events.offered.items()}
        # A publisher may push what is no dict: then it has no fields.
        whole = {events.special.whole: given}
        fields: dict[str, Any] = given if isinstance(given, dict) else {}
        more = {**offered, **extras, **whole}
        return self._handler.bind(fields, event[events.sender], values, more)

    def _take(self, returned: Any, outcome: Outcome) -> None:
        self._destination.take(returned, outcome)
        if self._destination.has_result:
            self._handler.validation.check_result(outcome.result)

    @contextmanager
    def _noting_errors(self, outcome: Outcome) -> Generator[None]:
        try:
            yield
        except PreventUpdate as error:
            outcome.error = error
        except (Exception, SystemExit) as error:
            # A ``SystemExit`` of a handler would end the server.
            logger.error("the handler %s failed", self._handler.name, exc_info=error)
            outcome.error, outcome.update = error, no_update
            if isinstance(error, Exception):
                self._tell(error, outcome)

    def _tell(self, error: Exception, outcome: Outcome) -> None:
        """Call ``on_error``; its return value takes the place of the handler's."""
        on_error = self._on_error or (_app_on_error() if self._asks_app else None)
        if on_error is None:
            return
        try:
            returned = on_error(error)
            if returned is not None and returned is not no_update:
                self._take(returned, outcome)
                outcome.error = None
        except PreventUpdate:
            pass
        except Exception as another:
            outcome.update = no_update
            logger.error("on_error of %s failed", self._handler.name, exc_info=another)


def _app_on_error() -> OnError | None:
    try:
        return getattr(current_app(CALLBACK_ROUTE), "_on_error", None)
    except Exception:  # Dash raises no narrower class where there is no app, as in a worker
        return None


def _new_events(prop: str, value: Any) -> tuple[Any, list[dict[str, Any]]]:
    """The id of the component, and the events this run is for; one for nothing else ends here."""
    # The first argument, or the only one.
    arguments: Any = ctx.args_grouping
    own_id = (arguments if isinstance(arguments, dict) else arguments[0])["id"]
    is_triggered = any(
        component_id == own_id and prop_id.endswith(f".{prop}")
        for prop_id, component_id in ctx.triggered_prop_ids.items()
    )
    if value is None or not is_triggered:
        raise PreventUpdate
    return own_id, value if isinstance(value, list) else [value]
