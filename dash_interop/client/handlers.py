"""Functions as method handlers: which of their parameters get what."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from ..errors import InvalidArguments, RegistrationError
from ..protocol.directory import Instance
from ..protocol.hints import ALL_ARGUMENTS, CALLER
from .functions import is_async
from .validation import Validation

__all__ = ["Handler", "HandlerFunction"]

HandlerFunction: TypeAlias = Callable[..., "Any | Awaitable[Any]"]

_KINDS = inspect.Parameter


class Handler:
    """
    A function that handles invocations.

    A parameter named ``args`` gets the dict of all arguments, one named ``caller`` the instance
    that invokes; any other gets the argument of its name, or its default where there is none.
    ``**rest`` gets the arguments that no parameter is named after; without it they are ignored.

    Args:
        function: ``def`` or ``async def``.
        validation: Checks what it gets and returns.

    Raises:
        RegistrationError: It cannot be called with arguments by name.
    """

    def __init__(self, function: HandlerFunction, validation: Validation) -> None:
        if not callable(function):
            raise RegistrationError(f"a handler has to be a function, not {function!r}")
        self.function = function
        self.validation = validation
        self.name = getattr(function, "__qualname__", None) or repr(function)
        self.is_async = is_async(function)
        self._parameters: list[str] = []
        self._required: list[str] = []
        self._takes_rest = False
        for parameter in self._signature():
            self._read(parameter)

    def bind(self, args: dict[str, Any], caller: Instance) -> dict[str, Any]:
        """
        What to call the function with, by name.

        Raises:
            InvalidArguments: An argument that a parameter needs is missing, or one does not fit.
        """
        self.validation.check_arguments(args)
        offered = {ALL_ARGUMENTS: args, CALLER: caller}
        missing = [name for name in self._required if name not in args and name not in offered]
        if missing:
            # In the words of a signature's check.
            problems = "; ".join(f"argument {name} is missing" for name in missing)
            raise InvalidArguments(f"{self.validation.name}: {problems}")
        bound: dict[str, Any] = {}
        for name in self._parameters:
            if name in offered:
                bound[name] = offered[name]
            elif name in args:
                bound[name] = args[name]
        return {**args, **bound} if self._takes_rest else bound

    def _signature(self) -> list[inspect.Parameter]:
        try:
            return list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):
            # Some functions written in C do not say.
            reason = f"the parameters of {self.name} cannot be found out: wrap it in a function"
            raise RegistrationError(reason) from None

    def _read(self, parameter: inspect.Parameter) -> None:
        if parameter.kind is _KINDS.VAR_KEYWORD:
            self._takes_rest = True
        elif parameter.kind is _KINDS.POSITIONAL_ONLY:
            raise RegistrationError(
                f"the parameter {parameter.name} of {self.name} has to be one that takes its "
                "argument by name"
            )
        elif parameter.kind is not _KINDS.VAR_POSITIONAL:
            self._parameters.append(parameter.name)
            if parameter.default is _KINDS.empty:
                self._required.append(parameter.name)
