"""
Handlers and the MCP server that Dash has of its own.

That server makes every callback a tool. As a tool, a handler would run for anybody who can reach
the Dash server, with an ``invoke`` that no gateway has seen and a caller that does not exist.
"""

from __future__ import annotations

import inspect
from typing import Any, Final

from dash import callback

from ..errors import ConfigError

__all__ = ["kept_from_tools"]

_OPTION: Final = "mcp_enabled"
_IS_KNOWN: Final = _OPTION in inspect.signature(callback).parameters
"""Older versions of Dash have no MCP server, and do not know the option."""


def kept_from_tools(options: dict[str, Any]) -> dict[str, Any]:
    """
    The options of a handler's callback, with the one that keeps it from being a tool.

    Raises:
        ConfigError: The options ask for the handler to be a tool.
    """
    if options.get(_OPTION):
        raise ConfigError(
            "a handler cannot be a tool of Dash's MCP server, where nobody vouches for the caller: "
            "leave mcp_enabled out, and decorate a function of its own with dash.mcp.mcp_enabled"
        )
    return {**options, _OPTION: False} if _IS_KNOWN else options
