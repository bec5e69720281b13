"""
Every exception this package raises on purpose.

::

    InteropError                base of all
      ConfigError               a setting, file, port or address cannot be used
      ProtocolError             a peer broke a rule of the wire
      AuthenticationFailed      a peer may not log in
      ConnectionFailed          no connection to a gateway could be made in time
      RegistrationError         a method or stream cannot be offered
      SignatureError            an accepts or returns does not follow the grammar
      SubscriptionError         a subscription was refused, or ended by a failure
        SubscriptionClosed      the subscription was closed, and all its data was taken
      SubscriptionTimeout       a subscription brought nothing in time
      ContextError              a context could not be read or written
        InvalidContext          a name, data, a path or a version cannot be used
        ContextNotFound         there is no context of that name
          ChannelNotFound       there is no channel of that name, or none was joined
        ContextConflict         the context is not at the version that the write is meant for
        ContextTimeout          the gateway did not answer in time
      TunnelError               a tunnel could not be used
        InvalidMessage          what was given is no message, or no version
        TunnelEnded             the tunnel is gone
        Superseded              a newer request over the tunnel has been made
      InvocationError           a method invocation did not succeed
        InvalidInvoke           the invocation itself cannot be understood
        NotConnected            there was no connection to the gateway, nothing was sent
        MethodNotFound          nobody offers the method, or nobody whom the target means
        InvalidArguments        the arguments do not fit what the method accepts
        InvalidResult           what the handler returned does not fit what the method returns
        HandlerFailed           the handler raised, or answered with an error
        NoResult                a page's handler ended without a result, or was not run
        InvocationTimeout       no answer in time
        InvocationCancelled     the caller did not wait any longer
        Overloaded              the queue of the method is full
        MessageTooLarge         arguments, a result or data above what the gateway takes
        ServerGone              the server left, or withdrew the method, before it answered
        ConnectionLost          the connection to the gateway broke before the answer came

Each kind of ``InvocationError`` has a ``type``, a word that also stands in the ``result`` of a
``MethodInvoke``. ``BY_TYPE`` has the class for each type, ``BY_REASON_URI`` that for errors of a
gateway; ``src/client/errors.ts`` is the same table for pages.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

__all__ = [
    "BY_REASON_URI",
    "BY_TYPE",
    "SAID_BY_SERVERS",
    "AuthenticationFailed",
    "ChannelNotFound",
    "ConfigError",
    "ConnectionFailed",
    "ConnectionLost",
    "ContextConflict",
    "ContextError",
    "ContextNotFound",
    "ContextTimeout",
    "Delivered",
    "HandlerFailed",
    "InteropError",
    "InvalidArguments",
    "InvalidContext",
    "InvalidInvoke",
    "InvalidMessage",
    "InvalidResult",
    "InvocationCancelled",
    "InvocationError",
    "InvocationTimeout",
    "MessageTooLarge",
    "MethodNotFound",
    "NoResult",
    "NotConnected",
    "Overloaded",
    "ProtocolError",
    "RegistrationError",
    "ServerGone",
    "SignatureError",
    "SubscriptionClosed",
    "SubscriptionError",
    "SubscriptionTimeout",
    "Superseded",
    "TunnelEnded",
    "TunnelError",
]


Delivered: TypeAlias = Literal["no", "yes", "unknown"]
"""Whether an invocation that has no answer has reached the handler."""


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


class ConnectionFailed(InteropError):
    """No connection to a gateway could be made in time. The text says where and why."""


class RegistrationError(InteropError):
    """A method or stream cannot be offered. The text names the method and what is wrong."""


class SignatureError(InteropError, ValueError):
    """
    The ``accepts`` or ``returns`` of a method does not follow the grammar of signatures.

    Attributes:
        problem: What is wrong, without the position.
        text: The signature.
        position: Offset of the character that is wrong, from 0; the length of ``text`` when it
            ends too early.
    """

    def __init__(self, problem: str, text: str, position: int) -> None:
        super().__init__(problem, text, position)
        self.problem = problem
        self.text = text
        self.position = position

    def __str__(self) -> str:
        return f"{self.problem} at character {self.position + 1}"


class SubscriptionError(InteropError):
    """A subscription was refused, got no answer in time, or ended by a failure."""


class SubscriptionClosed(SubscriptionError):
    """A subscription was closed by either side, and all its data was taken."""


class SubscriptionTimeout(InteropError, TimeoutError):
    """A subscription brought nothing in time. It goes on."""


class ContextError(InteropError):
    """A context could not be read or written. The text names it and says why."""


class InvalidContext(ContextError, ValueError):
    """
    A name, data, a path, a version or a time that cannot be used with a context. Nothing was sent.
    """


class ContextNotFound(ContextError, LookupError):
    """There is no context of that name. Nothing was changed."""


class ChannelNotFound(ContextNotFound):
    """There is no channel of that name; or no channel was joined, and none was named."""


class ContextConflict(ContextError):
    """
    The context is not at the version that the write is meant for, as somebody has written since;
    or it exists already, and the write was to make it. Nothing was changed.
    """


class ContextTimeout(ContextError, TimeoutError):
    """The gateway did not answer in time. What was asked for may have been done."""


class TunnelError(InteropError):
    """A tunnel could not be used, or a request over it has no answer. The text says why."""


class InvalidMessage(TunnelError, ValueError):
    """What was given cannot travel, is not a version, or cannot be called. Nothing was sent."""


class TunnelEnded(TunnelError):
    """The tunnel is gone, such as by ``close``. A request may have reached the page."""


class Superseded(TunnelError):
    """A newer request has been made with ``newest_only``, so this one has no answer."""


class InvocationError(InteropError):
    """
    A method invocation did not succeed.

    Attributes:
        message: What the server or the library said, in words.
        invocation_id: The ``invocationId`` given with ``MethodInvoke.invoke``, or ``None``.
        all_errors: One dict for each server that failed, with ``message``, ``executed_by``,
            ``type``, for a handler that failed ``exception``, and for a connection that was lost
            ``delivered``, as far as they are known.
        delivered: Where a connection was lost, whether the invocation has reached the handler:
            ``"no"``, so that it may be made again; ``"yes"``; or ``"unknown"``. ``None`` for other
            errors.
        type: One word for what went wrong, the same in all languages; ``None`` for an error of a
            gateway that is not ours.
    """

    type: str | None = None
    delivered: Delivered | None = None

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


class InvalidInvoke(InvocationError, ValueError):
    """
    The invocation itself cannot be understood: an unknown key or target, a definition or time that
    is not valid, or a stream where a method is needed. Nothing was sent.
    """

    type = "InvalidInvoke"


class NotConnected(InvocationError):
    """There was no connection to the gateway within the wait. Nothing was sent."""

    type = "NotConnected"


class MethodNotFound(InvocationError):
    """Nobody offers the method, or nobody whom the target means."""

    type = "MethodNotFound"


class InvalidArguments(InvocationError):
    """The arguments do not fit what the method accepts; the handler did not run."""

    type = "InvalidArguments"


class InvalidResult(InvocationError):
    """
    What the handler returned does not fit what the method says it returns, cannot travel, or is
    not an answer.
    """

    type = "InvalidResult"


class HandlerFailed(InvocationError):
    """
    The handler raised or answered with an error. The traceback is in the log of its server.

    Attributes:
        exception: Name of the exception's class, or what the handler said in its place; ``None``
            where it said nothing.
    """

    type = "HandlerFailed"

    def __init__(
        self,
        message: str,
        invocation_id: str | None = None,
        all_errors: list[dict[str, Any]] | None = None,
        exception: str | None = None,
    ) -> None:
        super().__init__(message, invocation_id, all_errors)
        self.exception = exception


class NoResult(InvocationError):
    """
    The handler of a page ended without a result, or its Dash server did not run it. The text says
    what is known of it.
    """

    type = "NoResult"


class InvocationTimeout(InvocationError):
    """No answer in time. The handler may still run, where it cannot be stopped."""

    type = "Timeout"


class InvocationCancelled(InvocationError):
    """The caller did not wait any longer. The handler may still run, where it cannot be stopped."""

    type = "cancelled"


class Overloaded(InvocationError):
    """A queue is full; the handler did not run. Try again later, or less often."""

    type = "Overloaded"


class MessageTooLarge(InvocationError, ValueError):
    """Arguments, a result or stream data are above what the gateway takes; nothing was sent."""

    type = "TooLarge"

    @classmethod
    def of(cls, size: int, limit: int) -> MessageTooLarge:
        """
        Args:
            size: Bytes of the message.
            limit: Bytes that the gateway takes.
        """
        return cls(f"the message has {size} bytes as JSON, and the gateway takes {limit} at most")


class ServerGone(InvocationError):
    """
    The server left, or withdrew the method, before it answered. The handler may have run:
    ``delivered`` says what is known of it.
    """

    type = "ServerGone"
    delivered: Delivered | None = "unknown"


class ConnectionLost(InvocationError):
    """
    The connection to the gateway broke before the answer came. What was asked for may have been
    done: the handler may have run, which ``delivered`` tells more of; the context may have been
    written.
    """

    type = "ConnectionLost"
    delivered: Delivered | None = "unknown"


BY_TYPE: Final[dict[str, type[InvocationError]]] = {
    str(kind.type): kind
    for kind in (
        InvalidInvoke,
        NotConnected,
        MethodNotFound,
        InvalidArguments,
        InvalidResult,
        HandlerFailed,
        NoResult,
        InvocationTimeout,
        InvocationCancelled,
        Overloaded,
        MessageTooLarge,
        ServerGone,
        ConnectionLost,
    )
}
"""The class for each ``type``."""

SAID_BY_SERVERS: Final[frozenset[str]] = frozenset(
    str(kind.type)
    for kind in (
        InvalidArguments,
        InvalidResult,
        NoResult,
        InvocationTimeout,
        Overloaded,
        MessageTooLarge,
        ServerGone,
    )
)
"""The types that the library itself reports at a server; other errors come from handlers."""

BY_REASON_URI: Final[dict[str, type[InvocationError]]] = {
    "agm.errors.client_error": HandlerFailed,
    "agm.errors.invocation.failure": ServerGone,
    "agm.errors.failure": ServerGone,
    "global.errors.limits_exceeded": Overloaded,
    "global.errors.going_away": ConnectionLost,
}
"""The class for each ``reason_uri`` of a gateway; other errors are plain ``InvocationError``."""
