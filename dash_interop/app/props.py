"""
Python checks the props of a component when it is made, so that a mistake is an exception at the
line that has it. The classes themselves are generated and stay as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar, cast

from ..errors import InteropError
from .prop_checks import (
    check_channel_selector,
    check_channels,
    check_context,
    check_contexts,
    check_discovery,
    check_glue42,
    check_method_invoke,
    check_method_register,
    check_notifications,
    check_signatures,
    check_stream_publish,
    check_stream_subscribe,
    check_tunnel,
    check_windows,
)

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
            except InteropError as error:
                place = " ".join(map(str, (component.__name__, *_id_of(given))))
                raise type(error)(f"{place}: {error}") from error

    component.__init__ = init_checked
    return component


def _id_of(props: Props) -> tuple[Any, ...]:
    return (props["id"],) if "id" in props else ()


_CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    "Context": (check_context,),
    "Contexts": (check_contexts,),
    "ChannelSelector": (check_channel_selector,),
    "Channels": (check_channels,),
    "Discovery": (check_discovery,),
    "Glue42": (check_glue42,),
    "MethodInvoke": (check_method_invoke,),
    "MethodRegister": (check_signatures, check_method_register),
    "Notifications": (check_notifications,),
    "StreamPublish": (check_signatures, check_stream_publish),
    "StreamSubscribe": (check_stream_subscribe,),
    "Tunnel": (check_tunnel,),
    "Windows": (check_windows,),
}
