"""
Every exception this package raises on purpose.

::

    InteropError                base of all
      ConfigError               a setting, file, port or address cannot be used
      ProtocolError             a peer broke a rule of the wire
      AuthenticationFailed      a peer may not log in
      InvocationError           a method invocation did not succeed
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AuthenticationFailed",
    "ConfigError",
    "InteropError",
    "InvocationError",
    "ProtocolError",
]


class InteropError(Exception):
    """Base class of the errors of ``dash_interop``."""


class ConfigError(InteropError):
    """A setting, a file, a port or an address cannot be used. The text says which and why."""


class ProtocolError(InteropError):
    """
    What arrived is not a message of the protocol.

    Attributes:
        close_code: WebSocket close code for the connection it came from.
    """

    def __init__(self, reason: str, close_code: int = 1007) -> None:
        super().__init__(reason)
        self.close_code = close_code


class AuthenticationFailed(InteropError):
    """The credentials of a ``hello`` are missing, wrong, expired or made for another origin."""


class InvocationError(InteropError):
    """
    A method invocation did not succeed.

    Attributes:
        message: What the provider or the library said, in words.
        invocation_id: The ``invocationId`` given with ``MethodInvoke.invoke``, or ``None``.
        all_errors: One dict for each target that failed, with ``message`` and ``executed_by``.
    """

    def __init__(
        self,
        message: str,
        invocation_id: str | None = None,
        all_errors: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.invocation_id = invocation_id
        self.all_errors = all_errors or []
