"""
What Python checks in the props of a component when it is made, so that a mistake is an exception at
the line that has it. The classes themselves are generated and stay as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar, cast

from .errors import RegistrationError, SignatureError
from .protocol.signature import parse

__all__ = ["checked_when_made"]

Props: TypeAlias = Mapping[str, Any]
Check: TypeAlias = Callable[[Props], None]
"""Raises an ``InteropError`` that says what is wrong; props that were not given are missing."""

ComponentT = TypeVar("ComponentT", bound=type)


def checked_when_made(component: ComponentT) -> ComponentT:
    """
    Have the props of a component checked whenever one is made.

    The class stays the same one: its name, its place among Dash's components and its signature.

    Args:
        component: A generated class.

    Returns:
        The class.
    """
    checks = _CHECKS.get(component.__name__, ())
    if not checks:
        return component
    init = cast("Callable[..., None]", vars(component)["__init__"])

    @functools.wraps(init)
    def init_checked(self: Any, *args: Any, **props: Any) -> None:
        init(self, *args, **props)
        given = {name: getattr(self, name) for name in self._prop_names if hasattr(self, name)}
        for check in checks:
            try:
                check(given)
            except RegistrationError as error:
                place = " ".join(map(str, (component.__name__, *_id_of(given))))
                raise RegistrationError(f"{place}: {error}") from error

    component.__init__ = init_checked
    return component


def _id_of(props: Props) -> tuple[Any, ...]:
    return (props["id"],) if "id" in props else ()


def _check_signatures(props: Props) -> None:
    definition = props.get("definition")
    if not isinstance(definition, Mapping):
        return
    fields = cast("Props", definition)
    for field in ("accepts", "returns"):
        text = fields.get(field)
        if not isinstance(text, str):
            continue
        try:
            parse(text)
        except SignatureError as error:
            name = fields.get("name")
            raise RegistrationError(f"the {field} of {name} is malformed: {error}") from error


_CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {"MethodRegister": (_check_signatures,)}
