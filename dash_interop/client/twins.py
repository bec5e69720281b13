"""
Functions that exist in two forms, and are written once.

``blocking`` makes the method of a blocking class from that of the asyncio class. ``like`` and
``method_like`` are for a function that has a body of its own, and passes on what another one takes.
Type checkers, ``inspect.signature`` and ``help`` show the parameters of the original.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Coroutine
from functools import reduce
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

__all__ = ["blocking", "like", "method_like", "run_here"]

P = ParamSpec("P")
T = TypeVar("T")

_REWORDINGS = (
    (r"\(await (.+?\))\)", r"\1"),
    (r"\bawait ", ""),
    (r"\basync with ", "with "),
    (r"\basync for ", "for "),
    (r"\bor is cancelled\b", "or is interrupted"),
)
"""How documentation for code that awaits becomes documentation for code that does not."""

_FIRST_SECTION = re.compile(r"^(Args|Returns|Raises|Example):$", re.MULTILINE)


@overload
def blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Any, P], T]: ...


@overload
def blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, Any]], gives: type[T]
) -> Callable[Concatenate[Any, P], T]: ...


def blocking(
    method: Callable[..., Coroutine[Any, Any, Any]], gives: type[Any] | None = None
) -> Callable[..., Any]:
    """
    The blocking form of a method. The object that it is called on has ``_twin``, whose method it
    is, and ``_run``, which runs a coroutine to its end.

    Args:
        method: Method of a class for asyncio.
        gives: What it returns, where that is not the same as the method's.
    """

    def block(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        return self._run(method(self._twin, *args, **kwargs))

    for attribute in ("__module__", "__name__", "__qualname__"):
        setattr(block, attribute, getattr(method, attribute))
    block.__doc__ = _documentation(None, method.__doc__)
    signature = inspect.signature(method)
    if gives is not None:
        signature = signature.replace(return_annotation=gives.__name__)
    vars(block)["__signature__"] = signature
    return block


def like(
    original: Callable[P, Any], *, without: str = ""
) -> Callable[[Callable[..., T]], Callable[P, T]]:
    """
    Give a function the parameters of another one, and its documentation: all of it, or from the
    section ``Args`` on where the function has a text of its own.

    Args:
        original: The other function, or a class.
        without: An entry of its documentation that does not hold here, such as an error.
    """

    def decorate(function: Callable[..., T]) -> Callable[P, T]:
        own = inspect.signature(function)
        signature = inspect.signature(original)
        vars(function)["__signature__"] = signature.replace(return_annotation=own.return_annotation)
        function.__doc__ = _documentation(function.__doc__, original.__doc__, without)
        return function

    return decorate


def method_like(
    original: Callable[Concatenate[Any, P], Any], *, without: str = ""
) -> Callable[[Callable[..., T]], Callable[Concatenate[Any, P], T]]:
    """As ``like``, for methods of two classes."""
    return like(original, without=without)


def run_here(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in this thread, without a loop: all that it awaits blocks instead."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError("a coroutine that runs without a loop cannot wait for one")


def _documentation(own: str | None, original: str | None, without: str = "") -> str | None:
    if original is None:
        # Python runs without docstrings.
        return own
    text = reduce(lambda text, rule: re.sub(*rule, text), _REWORDINGS, inspect.cleandoc(original))
    if without:
        text = re.sub(rf"^    {without}: .*\n?(?: {{8}}.*\n?)*", "", text, flags=re.MULTILINE)
    if own is None:
        return text
    sections = _FIRST_SECTION.search(text)
    return inspect.cleandoc(own) + (f"\n\n{text[sections.start() :]}" if sections else "")
