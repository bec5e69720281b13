"""Whether what a method gets and returns fits what it says it accepts and returns."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Collection
from typing import Any, Literal, TypeAlias, get_args

from msgspec import structs

from ..errors import InvalidArguments, InvalidResult, RegistrationError, SignatureError
from ..wire.definitions import MethodDefinition
from ..wire.hints import OF_INVOCATIONS, SpecialNames, signature_of
from ..wire.payloads import PayloadError, encode_payload
from ..wire.signature import Signature, parse
from ..wire.signature_values import problems

__all__ = ["Mode", "Validation", "with_hints"]

Mode: TypeAlias = Literal["off", "warn", "strict"]
"""What becomes of values that do not fit: nothing, a line in the log, or an error."""

logger = logging.getLogger(__name__)


class Validation:
    """
    The checks of one method.

    Args:
        definition: Says what it accepts and returns.
        mode: ``"off"``, ``"warn"`` or ``"strict"``.

    Raises:
        RegistrationError: A signature is malformed, and the text says where; or ``mode`` is not
            one of the three.
    """

    def __init__(self, definition: MethodDefinition, mode: Mode = "off") -> None:
        if mode not in get_args(Mode):
            raise RegistrationError(f"validate has to be 'off', 'warn' or 'strict', not {mode!r}")
        try:
            encode_payload(definition, "definition")
        except PayloadError as error:
            reason = f"The definition of {definition.name!r} cannot travel: {error}"
            raise RegistrationError(reason) from error
        self.name = definition.name
        self._mode = mode
        self._accepts = self._parse("accepts", definition.accepts)
        self._returns = self._parse("returns", definition.returns)

    @property
    def argument_names(self) -> list[str]:
        """What ``accepts`` names; empty where anything fits."""
        return [field.name for field in self._accepts.fields]

    def check_arguments(self, args: dict[str, Any]) -> None:
        """
        Raises:
            InvalidArguments: In strict mode; the text names the argument.
        """
        self._check(self._accepts, args, "argument", InvalidArguments)

    def check_result(self, result: dict[str, Any]) -> None:
        """
        Raises:
            InvalidResult: In strict mode; the text names the field.
        """
        self._check(self._returns, result, "result field", InvalidResult)

    def _check(
        self,
        signature: Signature,
        value: dict[str, Any],
        noun: str,
        error: type[InvalidArguments] | type[InvalidResult],
    ) -> None:
        if self._mode == "off":
            return
        found = problems(signature, value, noun)
        if not found:
            return
        message = f"{self.name}: {'; '.join(found)}"
        if self._mode == "strict":
            raise error(message)
        logger.warning("%s", message)

    def _parse(self, field: str, text: str | None) -> Signature:
        try:
            return parse(text)
        except SignatureError as error:
            reason = f"The {field} of {self.name} is malformed: {error}"
            raise RegistrationError(reason) from error


def with_hints(
    definition: MethodDefinition,
    function: Callable[..., Any],
    *,
    special: SpecialNames = OF_INVOCATIONS,
    ignoring: Collection[str] = (),
    is_pair: bool = False,
) -> MethodDefinition:
    """The definition; where it has no signature, with the one that the type hints imply."""
    if definition.accepts is not None and definition.returns is not None:
        return definition
    subject = function if inspect.isroutine(function) else type(function).__call__
    accepts, returns = signature_of(subject, special=special, ignoring=ignoring, is_pair=is_pair)
    return structs.replace(
        definition,
        accepts=accepts if definition.accepts is None else definition.accepts,
        returns=returns if definition.returns is None else definition.returns,
    )
