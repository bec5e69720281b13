"""
A peer's brain: logs in, offers and invokes methods, publishes and subscribes.

Like the router it knows no socket and no clock. The shell calls it with the time in seconds of any
monotonic clock, feeds it what the gateway sends, and after each call carries out the effects that
``take`` returns, in their order.

::

    disconnected --log_in--> connecting --welcome, join--> connected --disconnect--> disconnected

Whatever the state, everything may be asked for: what needs the gateway waits for it, up to its own
timeout. Methods, streams, subscriptions and listeners outlive any number of connections; calls do
not: one in flight when the connection breaks ends with ``ConnectionLost``, as it may have run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, Final

from msgspec import Raw, structs

from ..errors import AuthenticationFailed, MethodNotFound, NotConnected
from ..wire.agm import (
    AGM,
    AddInterest,
    Event,
    Invoke,
    MethodsAdded,
    MethodsRemoved,
    PeerAdded,
    PeerRemoved,
    RemoveInterest,
    Result,
    Subscribed,
    SubscriptionCancelled,
)
from ..wire.definitions import MethodDefinition
from ..wire.envelope import Error, Outbound, Success
from ..wire.login import Authentication, Hello, Join, Ping, Welcome
from ..wire.payloads import decode_object
from .deadlines import Timer
from .directory import Instance
from .effects import PeerEffect
from .invoking import Invoking
from .link import Link, Wait
from .publishing import Publication, Publishing
from .queue import QueueSettings
from .serving import Offering, Serving
from .subscribing import Subscribing, SubscriptionLine
from .targets import Target

__all__ = ["Session"]

_PING_SECONDS: Final = 30.0


class Session:
    """
    Args:
        identity: What others see of this peer.

    Attributes:
        state: ``"disconnected"``, ``"connecting"`` or ``"connected"``.
        gateway_version: That of the gateway of the last login, if it is one of ours.
    """

    def __init__(self, identity: Mapping[str, Any]) -> None:
        self.identity = dict(identity)
        self.state = "disconnected"
        self.gateway_version: str | None = None
        link = Link()
        self.link: Final = link
        self.directory: Final = link.directory
        self.serving: Final = Serving(link)
        self.publishing: Final = Publishing(link)
        self.subscribing: Final = Subscribing(link)
        self._ping: Timer | None = None
        self._instance: Instance = Instance(self.identity, link.directory)
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            Welcome: self._welcome,
            Success: self._answered,
            Result: self._answered,
            Subscribed: self._answered,
            Error: self._answered,
            PeerAdded: self._peer_added,
            PeerRemoved: self._peer_removed,
            MethodsAdded: self._methods_added,
            MethodsRemoved: self._methods_removed,
            Invoke: self.serving.invoke,
            AddInterest: self.publishing.request,
            RemoveInterest: self.publishing.end,
            Event: self.subscribing.receive,
            SubscriptionCancelled: self.subscribing.cancelled,
        }

    @property
    def instance(self) -> Instance:
        """This peer as others see it; before the first login, as it will introduce itself."""
        return self._instance

    def take(self) -> list[PeerEffect]:
        """The effects since the last time; the shell has to carry them out."""
        return self.link.take()

    # The connection

    def log_in(self, authentication: Authentication, now: float) -> None:
        """A connection was opened: introduce yourself over it."""
        self.link.now = now
        self._change("connecting")

        # A welcome is handled as such.
        self.link.request(
            lambda request_id, _: Hello(request_id, None, self.identity, authentication),
            self._check_refusal,
        )

    def receive(self, message: Outbound, now: float) -> None:
        """Handle one message of the gateway."""
        self.link.now = now
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(message)

    def disconnect(self, now: float) -> None:
        """The connection has ended."""
        self.link.now = now
        if self._ping is not None:
            self._ping.cancel()
        self.link.lose()
        self.serving.lose()
        self.publishing.lose()
        self.subscribing.lose()
        self._change("disconnected")

    def tick(self, now: float) -> None:
        self.link.now = now
        self.link.deadlines.fire(now)

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do, unless something else happens first."""
        return self.link.deadlines.next()

    # What the shell asks for; the answer comes as a ``Settle`` of the token

    def invoke(
        self,
        token: Any,
        method: MethodDefinition,
        arguments: Any,
        encoded: Raw,
        target: Target,
        *,
        wait_timeout: float,
        response_timeout: float,
        now: float,
    ) -> Invoking:
        """
        Raises:
            InvalidInvoke: ``target`` is none.
        """
        self.link.now = now
        invoking = Invoking(self.link, token, method, arguments, encoded, target, response_timeout)
        invoking.start(wait_timeout)
        return invoking

    def register(
        self,
        token: Any,
        definition: MethodDefinition,
        handler: Any,
        *,
        timeout: float,
        settings: QueueSettings,
        now: float,
        replace: bool = False,
    ) -> Offering:
        """
        Raises:
            RegistrationError: This peer offers one of that name already, which is not replaced.
        """
        self.link.now = now
        return self.serving.register(definition, handler, token, timeout, settings, replace=replace)

    def take_back(self, token: Any, offering: Offering, now: float) -> None:
        """Nobody waits for its registration any more."""
        self.link.now = now
        self.serving.take_back(offering, token)

    def create_stream(
        self,
        token: Any,
        definition: MethodDefinition,
        owner: Any,
        *,
        decides: bool,
        timeout: float,
        now: float,
    ) -> Publication:
        """
        Raises:
            RegistrationError: This peer offers a method or stream of that name already.
        """
        self.link.now = now
        streaming = structs.replace(definition, supports_streaming=True)
        offering = self.serving.register(streaming, None, token, timeout, QueueSettings())
        publication = Publication(offering.id, owner, decides=decides)
        self.publishing.add(publication)
        offering.on_end = lambda: self.publishing.remove(publication)
        return publication

    def unregister(self, token: Any, offering: Offering, now: float) -> None:
        self.link.now = now
        self.serving.unregister(offering, token)

    def close_stream(self, token: Any, publication: Publication, now: float) -> None:
        self.link.now = now
        offering = self.serving.get(publication.id)
        if offering is None:
            self.link.settle(token)
        else:
            self.serving.unregister(offering, token)

    def subscribe(
        self,
        token: Any,
        owner: Any,
        method: MethodDefinition,
        arguments: dict[str, Any],
        encoded: Raw,
        target: Target,
        *,
        follows: bool,
        wait_timeout: float,
        response_timeout: float,
        now: float,
    ) -> SubscriptionLine:
        """
        Raises:
            InvalidInvoke: ``target`` is none.
        """
        self.link.now = now
        line = SubscriptionLine(
            self.subscribing,
            self.link,
            owner,
            token,
            method,
            arguments,
            encoded,
            target,
            response_timeout,
            follows=follows,
        )
        self.subscribing.add(line)
        line.start(wait_timeout)
        return line

    def wait_for_method(
        self, token: Any, wanted: MethodDefinition, *, timeout: float, now: float
    ) -> Wait | None:
        """Settled with the ``Method``, or with ``MethodNotFound``."""
        self.link.now = now

        def is_there() -> bool:
            found = self.directory.methods(wanted)
            if found:
                self.link.settle(token, found[0])
            return bool(found)

        def give_up() -> None:
            message = f"Nobody offered {wanted.name} within {timeout:g} s"
            if self.link.is_joined:
                error = MethodNotFound(message)
            else:
                error = NotConnected(f"{message}: there is no connection to the gateway")
            self.link.settle(token, error=error)

        return self.link.wait(is_there, now + timeout, give_up)

    # What the gateway tells

    def _welcome(self, message: Welcome) -> None:
        link = self.link
        link.answered(message.request_id, message)
        self.gateway_version = _text(message.options.get("version"))
        link.peer_id = self.directory.own_id = message.peer_id
        link.max_size = message.max_size or None
        self._instance = self.directory.add_instance(message.peer_id, message.resolved_identity)

        def joined(answer: Outbound | None) -> None:
            self._check_refusal(answer)
            if isinstance(answer, Success):
                self._joined()

        link.request(lambda request_id, peer_id: Join(request_id, peer_id, AGM), joined)

    def _check_refusal(self, answer: Outbound | None) -> None:
        if isinstance(answer, Error):
            self.link.emit(self.link, "refused", AuthenticationFailed(answer.reason))

    def _joined(self) -> None:
        self.link.is_joined = True
        self.serving.announce()
        self._change("connected")
        self.link.look_again()
        self._ping_later()

    def _ping_later(self) -> None:
        """Some gateways drop a client that is silent for a minute."""

        def ping(_: float) -> None:
            self.link.transmit(Ping())
            self._ping_later()

        self._ping = self.link.deadlines.at(self.link.now + _PING_SECONDS, ping)

    def _answered(self, message: Success | Result | Subscribed | Error) -> None:
        self.link.answered(message.request_id, message)

    def _peer_added(self, message: PeerAdded) -> None:
        identity, meta = decode_object(message.identity), decode_object(message.meta)
        self.directory.add_instance(message.new_peer_id, identity, _time(meta.get("since")))

    def _peer_removed(self, message: PeerRemoved) -> None:
        self.subscribing.publisher_left(message.removed_id)
        self.directory.remove_instance(message.removed_id)
        self.serving.caller_left(message.removed_id)

    def _methods_added(self, message: MethodsAdded) -> None:
        self.directory.add_methods(message.server_id, message.methods)
        self.link.look_again()

    def _methods_removed(self, message: MethodsRemoved) -> None:
        self.subscribing.publisher_left(message.server_id, message.methods)
        self.directory.remove_methods(message.server_id, message.methods)

    def _change(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.link.emit(self.link, "state_changed", state)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _time(milliseconds: Any) -> datetime | None:
    """A point in time that a gateway named; ``None`` where it is none."""
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None
