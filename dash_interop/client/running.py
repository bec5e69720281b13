"""Functions as method handlers: which of their parameters get what, and how they are run."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from msgspec import Raw

from ..errors import (
    HandlerFailed,
    InteropError,
    InvalidArguments,
    InvalidResult,
    InvocationError,
    RegistrationError,
)
from ..peer.agm import Agm
from ..peer.directory import Caller
from ..peer.queue import Invocation, Row
from ..peer.serving import Run, Stop
from ..transport.threads import new_lock
from ..wire.codec import encode
from ..wire.definitions import MethodDefinition
from ..wire.failures import raised
from ..wire.hints import OF_INVOCATIONS, SpecialNames
from ..wire.payloads import PayloadError, decode_object, encode_payload, result_object
from .cancelled import Cancelled
from .engine import Engine
from .functions import generates, is_async
from .listeners import CLOSE_TIMEOUT
from .validation import Mode, Validation, with_hints

__all__ = ["OFFERED", "Handler", "HandlerFunction", "Running"]

HandlerFunction: TypeAlias = Callable[..., "Any | Awaitable[Any]"]

_KINDS = inspect.Parameter
_MOST_NAMES: Final = 20
_NOTHING: Final[Mapping[str, Any]] = {}

OFFERED: Final = ("cancelled", "progress")
"""Names of the parameters with which the handler of an invocation reaches its caller."""

LONGEST_TURN = 0.005
"""Seconds for which handlers that never wait may keep the loop from everything else."""

logger = logging.getLogger(__name__)


class Handler:
    """
    A function that handles invocations.

    A parameter named ``args`` gets the dict of all arguments, one named ``caller`` the instance
    that invokes; what is offered goes to the parameters of those names; any other gets the argument
    of its name, or its default where that is missing. ``**rest`` gets the arguments that no
    parameter is named after; without it they are ignored.

    Some handlers get more with each invocation: values, for the last parameters that may be given
    by position, one each, or all of them for ``*values``; and extras, by name. Handlers of data
    have other names in place of ``args`` and ``caller``.

    Args:
        definition: Of the method; where it has no signatures, those of the type hints are taken.
        function: ``def`` or ``async def``.
        validate: What becomes of arguments and results that do not fit: ``"off"``, ``"warn"`` or
            ``"strict"``.
        values: How many values come with each invocation.
        extras: Names of what else comes; each needs a parameter of that name.
        offered: Names of what comes beside that, for parameters of that name if there are any.
        special: Names of the parameters for all arguments and for the caller.
        is_pair: Whether the function returns its result as the first of two.
        may_yield: Whether the function may yield, and whoever calls it makes a result of that.

    Attributes:
        definition: With its signatures.
        values: How many values come with each invocation.
        takes_caller: Whether it has a parameter for the caller.
        offered: Names of what is offered and has a parameter.

    Raises:
        RegistrationError: The function cannot be called so, or a signature cannot be used.
    """

    def __init__(
        self,
        definition: MethodDefinition,
        function: HandlerFunction,
        validate: Mode = "off",
        *,
        values: int = 0,
        extras: Collection[str] = (),
        offered: Collection[str] = (),
        special: SpecialNames = OF_INVOCATIONS,
        is_pair: bool = False,
        may_yield: bool = False,
    ) -> None:
        self.function = function
        self.name = getattr(function, "__qualname__", None) or repr(function)
        _check_kind(function, self.name, may_yield)
        self.is_async = is_async(function)
        self.values = values
        self._parameters: list[inspect.Parameter] = []
        self._star: str | None = None
        self._takes_rest = False
        self._special = special
        self._own_names = {*special, *extras, *offered}
        for parameter in self._signature():
            self._read(parameter)
        self._value_names = self._last_parameters(values) if values else []
        self._needed = self._find_needed(extras)
        self.definition = with_hints(
            definition,
            function,
            special=special,
            ignoring={*self._value_names, *extras, *offered},
            is_pair=is_pair,
        )
        self.validation = Validation(self.definition, validate)
        names = {parameter.name for parameter in self._parameters}
        self.takes_caller = special.sender in names
        self.offered = names.intersection(offered)
        self._check_arguments_are_accepted()

    def bind(
        self,
        args: dict[str, Any],
        caller: dict[str, Any],
        values: Sequence[Any] = (),
        extras: Mapping[str, Any] = _NOTHING,
    ) -> partial[Any]:
        """
        The function with all that it gets, to be called without more.

        Args:
            args: The arguments of the invocation.
            caller: The instance that invokes.
            values: As many as were announced.
            extras: Those that were announced, and what was offered, by name.

        Raises:
            InvalidArguments: An argument that a parameter needs is missing, or one does not fit.
        """
        self.validation.check_arguments(args)
        missing = [name for name in self._needed if name not in args]
        if missing:
            # These are the words of the check of a signature, too.
            problems = "; ".join(f"argument {name} is missing" for name in missing)
            given = ", ".join(list(args)[:_MOST_NAMES]) or "nothing"
            raise InvalidArguments(
                f"{self.validation.name}: {problems}. Given is {given}, which a parameter named "
                f"{self._special.whole} gets as a dict"
            )
        own = {self._special.whole: args, self._special.sender: caller, **extras}
        own.update(zip(self._value_names, values, strict=False))
        bound: dict[str, Any] = dict(args) if self._takes_rest else {}
        for parameter in self._parameters:
            name = parameter.name
            if name in own:
                bound[name] = own[name]
            elif name in args:
                bound[name] = args[name]
        if self._star is None or self._value_names or not values:
            return partial(self.function, **bound)
        # What stands before *values has to be given by position, too.
        before = [each for each in self._parameters if each.kind is not _KINDS.KEYWORD_ONLY]
        positional = [bound.pop(each.name, each.default) for each in before]
        return partial(self.function, *positional, *values, **bound)

    def _signature(self) -> list[inspect.Parameter]:
        try:
            return list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):
            # Some functions that are written in C have no signature.
            reason = f"the parameters of {self.name} cannot be found out: wrap it in a function"
            raise RegistrationError(reason) from None

    def _read(self, parameter: inspect.Parameter) -> None:
        if parameter.kind is _KINDS.VAR_KEYWORD:
            self._takes_rest = True
        elif parameter.kind is _KINDS.VAR_POSITIONAL:
            self._star = parameter.name
        elif parameter.kind is _KINDS.POSITIONAL_ONLY:
            raise RegistrationError(
                f"the parameter {parameter.name} of {self.name} has to be one that takes its "
                "argument by name"
            )
        else:
            self._parameters.append(parameter)

    def _last_parameters(self, count: int) -> list[str]:
        """The names of the parameters that the values go to; empty where ``*values`` gets them."""
        if self._star is not None:
            return []
        by_position = [
            parameter.name
            for parameter in self._parameters
            if parameter.kind is not _KINDS.KEYWORD_ONLY
        ]
        last = by_position[-count:]
        taken = [name for name in last if name in self._own_names]
        if len(last) < count or taken:
            parameters = "one more parameter" if count == 1 else f"{count} more parameters"
            whose = "the dependency" if count == 1 else f"the {count} dependencies"
            raise RegistrationError(
                f"{self.name}({', '.join(by_position)}) needs {parameters} at the end, for the "
                f"value of {whose}"
            )
        return last

    def _find_needed(self, extras: Collection[str]) -> list[str]:
        """The names of the arguments that every invocation has to have."""
        names = {parameter.name for parameter in self._parameters}
        for name in extras:
            if name not in names:
                raise RegistrationError(f"{self.name} needs a parameter named {name}")
        given = {*self._own_names, *self._value_names}
        return [
            parameter.name
            for parameter in self._parameters
            if parameter.default is _KINDS.empty and parameter.name not in given
        ]

    def _check_arguments_are_accepted(self) -> None:
        accepted = self.validation.argument_names
        unknown = [name for name in self._needed if name not in accepted]
        if accepted and unknown:
            raise RegistrationError(
                f"{self.name} needs the argument {unknown[0]}, and {self.definition.name} accepts "
                f"{', '.join(accepted)} only: give it a default, or name it in accepts"
            )


def _check_kind(function: Any, name: str, may_yield: bool) -> None:
    if not callable(function):
        raise RegistrationError(f"a handler has to be a function, not {function!r}")
    if inspect.isclass(function):
        raise RegistrationError(f"a handler has to be a function, not the class {name}")
    if generates(function) and not may_yield:
        raise RegistrationError(
            f"{name} yields, and a method has one result: return it. What has many values is a "
            "stream"
        )


class Running:
    """
    The handlers of a client at work: one task, and for a plain function one thread, for each row of
    invocations.

    Args:
        engine: Has the domain ``agm``; runs nothing before ``begin``.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._agm = engine.session.domain(Agm)
        self._agm.serving.guard = new_lock()
        self._rows: set[asyncio.Task[None]] = set()
        self._tasks: dict[Invocation, asyncio.Task[None]] = {}
        """Who runs each invocation that can be stopped."""
        self._watched: dict[Invocation, Cancelled] = {}
        """What the handlers of running invocations ask whether they were stopped."""

    def begin(self) -> None:
        """Run what the session says, until the client ends."""
        self._engine.carry_out_by(Run, self._run)
        self._engine.carry_out_by(Stop, self._stop)
        self._engine.adopt(self)

    async def end(self, closer: asyncio.Task[Any] | None) -> None:
        """The client is closed: what runs is cancelled, and no caller gets an answer."""
        for invocation, cancelled in list(self._watched.items()):
            invocation.stopped = invocation.stopped or "left"
            cancelled.tell()
        tasks = self._rows - {closer}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT)

    def _run(self, effect: Run) -> None:
        row = effect.row
        if not row.handler.is_async:
            self._start(self._in_thread(row))
            return
        invocation = row.next(self._engine.now())
        if invocation is None:
            row.end()
        else:
            self._start(self._on_loop(row, invocation))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._rows.add(task)
        task.add_done_callback(self._rows.discard)

    def _stop(self, effect: Stop) -> None:
        # A function that runs in a thread cannot be stopped; it may ask.
        task = self._tasks.get(effect.invocation)
        if task is not None:
            task.cancel()
        cancelled = self._watched.get(effect.invocation)
        if cancelled is not None:
            cancelled.tell()

    # On the loop

    async def _on_loop(self, row: Row, invocation: Invocation) -> None:
        engine, task = self._engine, asyncio.current_task()
        assert task is not None
        context = contextvars.copy_context()
        now = engine.now()
        pause_at = now + LONGEST_TURN
        while True:
            self._tasks[invocation] = task
            try:
                if now > pause_at:
                    await asyncio.sleep(0)
                    pause_at = engine.now() + LONGEST_TURN
                outcome = await self._outcome_of(row.handler, invocation)
            except asyncio.CancelledError:
                if engine.is_closed:
                    return
                is_ours = invocation.stopped is not None
                outcome = None if is_ours else HandlerFailed("The handler was cancelled")
            self._tasks.pop(invocation, None)
            if engine.is_closed:
                return
            now = engine.now()
            following = row.next(now)
            engine.take_turn(self._answer, row, invocation, outcome, following)
            if following is None:
                return
            if invocation.stopped is not None or contextvars.copy_context() != context:
                # What a handler sets in its context is not for the next invocation; nor is it that
                # its task was cancelled.
                context.run(self._start, self._on_loop(row, following))
                return
            invocation = following

    async def _outcome_of(self, handler: Handler, invocation: Invocation) -> Raw | InvocationError:
        """Run the handler; what it returned as JSON, or what the caller hears instead."""
        call = self._bind(handler, invocation)
        if isinstance(call, InvocationError):
            return call
        try:
            returned = await call()
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            # The last two, which a handler may raise like any other error, would end the loop.
            return _failure(handler, error)
        return _result_of(handler, returned)

    # In a thread

    async def _in_thread(self, row: Row) -> None:
        await self._engine.run_in_thread(partial(self._work, row, contextvars.copy_context()))

    def _work(self, row: Row, context: contextvars.Context) -> None:
        """Answers are brought to the loop while the thread goes on with the next invocation."""
        engine = self._engine
        invocation = row.next(engine.now())
        try:
            if invocation is None:
                engine.post(row.end)
            while invocation is not None:
                outcome = context.copy().run(self._outcome_in_thread, row.handler, invocation)
                following = row.next(engine.now())
                engine.post(partial(self._answer, row, invocation, outcome, following))
                invocation = following
        except InteropError:
            # The client was closed, and nobody waits for answers any more.
            return

    def _outcome_in_thread(self, handler: Handler, invocation: Invocation) -> Raw | InvocationError:
        """As ``_outcome_of``."""
        call = self._bind(handler, invocation)
        if isinstance(call, InvocationError):
            return call
        try:
            returned = call()
        except BaseException as error:
            return _failure(handler, error)
        return _result_of(handler, returned)

    # The same for both

    def _answer(
        self,
        row: Row,
        invocation: Invocation,
        outcome: Raw | InvocationError | None,
        following: Invocation | None,
    ) -> None:
        self._watched.pop(invocation, None)
        self._agm.serving.answer(invocation, outcome)
        if following is None:
            row.end()

    def _report(self, invocation: Invocation, value: Any) -> None:
        """
        Tell the caller how far an invocation is, from any thread, if it wants to hear of it.

        Raises:
            PayloadError: The value cannot travel.
            MessageTooLarge: It is more than the gateway takes.
            Overloaded: Too much waits to be sent already.
        """
        encoded = encode_payload(value, "progress")
        if invocation.wants_progress and invocation.stopped is None:
            tell = partial(self._agm.serving.progress, invocation, encoded)
            self._engine.post(tell, len(bytes(encoded)))

    def _bind(self, handler: Handler, invocation: Invocation) -> partial[Any] | InvocationError:
        caller = self._agm.directory.instance(invocation.caller_id)
        extras = _NOTHING
        if handler.takes_caller or handler.offered:
            cancelled = self._watched[invocation] = Cancelled(invocation)
            caller = Caller(caller, cancelled)
            extras = {"cancelled": cancelled, "progress": partial(self._report, invocation)}
        try:
            return handler.bind(decode_object(invocation.arguments), caller, (), extras)
        except InvalidArguments as error:
            return error
        except PayloadError as error:
            return InvalidArguments(f"The arguments cannot be read: {error}")


def _result_of(handler: Handler, returned: Any) -> Raw | InvocationError:
    try:
        result = result_object(returned)
        handler.validation.check_result(result)
    except InvalidResult as error:
        logger.error("the handler %s: %s", handler.name, error.message)
        return error
    except Exception as error:
        return _failure(handler, error)
    return Raw(encode(result))


def _failure(handler: Handler, error: BaseException) -> InvocationError:
    logger.error("the handler %s failed", handler.name, exc_info=error)
    return raised(error)
