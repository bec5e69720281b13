"""
A peer's brain: logs in, joins its domains, and hands them what the gateway says.

Like the router it knows no socket and no clock. The shell opens each turn with ``begin`` and the
time in seconds of any monotonic clock, then feeds the session what the gateway sends, or asks one
of its domains for something, and at the end carries out the effects that ``take`` returns, in their
order.

::

    disconnected --log_in--> connecting --welcome, joined--> connected --disconnect--> disconnected

Whatever the state, everything may be asked of the domains: what needs the gateway waits for it, up
to its own timeout. Methods, streams, subscriptions and listeners outlive any number of connections;
calls do not: one in flight when the connection breaks ends with ``ConnectionLost``, as it may have
run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from ..errors import AuthenticationFailed
from ..wire.envelope import GLOBAL, Error, Outbound, Success
from ..wire.login import Authentication, Hello, Join, Ping, Welcome
from .deadlines import Timer
from .domain import Domain, MakeDomain
from .effects import PeerEffect
from .link import Link

__all__ = ["Session"]

D = TypeVar("D", bound=Domain)

_PING_SECONDS: Final = 30.0


class Session:
    """
    Args:
        identity: What others see of this peer.
        domains: What it takes part in. One whose messages come in the domain ``global``, in which
            everybody is from the login on, is not joined; at least one has to be.
        instance_key: Known to nobody else: by it a gateway of ours tells this peer, when it comes
            back, from another one that claims its ``instance``.

    Attributes:
        state: ``"disconnected"``, ``"connecting"`` or ``"connected"``.
        gateway_version: That of the gateway of the last login, if it is one of ours.
        codec: Reads and writes the messages of its domains.
    """

    def __init__(
        self,
        identity: Mapping[str, Any],
        domains: Iterable[MakeDomain],
        instance_key: str | None = None,
    ) -> None:
        makers = tuple(domains)
        self.state = "disconnected"
        self.gateway_version: str | None = None
        link = Link(identity, [make.vocabulary for make in makers])
        self.link: Final = link
        self.codec: Final = link.codec
        self._introduction = link.identity
        self._instance_key = instance_key
        self._domains = tuple(make(link) for make in makers)
        self._unjoined = 0
        self._ping: Timer | None = None
        self._handlers: dict[type[Outbound], Callable[[Any], None]] = {
            Welcome: self._welcome,
            Success: link.answered,
            Error: link.answered,
        }
        for domain in self._domains:
            self._handlers |= domain.handlers

    def domain(self, kind: type[D]) -> D:
        """The domain of that class, which has to be among those of this session."""
        return next(domain for domain in self._domains if isinstance(domain, kind))

    # What the shell calls

    def begin(self, now: float) -> None:
        """A turn begins: whatever is asked until ``take`` happens at this time."""
        self.link.now = now

    def take(self) -> list[PeerEffect]:
        """The effects since the last time; the shell has to carry them out."""
        return self.link.take()

    def log_in(self, authentication: Authentication) -> None:
        """A connection was opened: introduce yourself over it."""
        self._change("connecting")

        # A welcome is handled as such.
        request_id = self.link.new_request_id()
        hello = Hello(request_id, None, self._introduction, authentication, self._instance_key)
        self.link.request(hello, self._check_refusal)

    def receive(self, message: Outbound) -> None:
        """Handle one message of the gateway."""
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(message)

    def disconnect(self) -> None:
        """The connection has ended."""
        if self._ping is not None:
            self._ping.cancel()
        self.link.lose()
        for domain in self._domains:
            domain.lost()
        self._change("disconnected")

    def tick(self) -> None:
        """Do what is due."""
        self.link.deadlines.fire(self.link.now)

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do, unless something else happens first."""
        return self.link.deadlines.next()

    # Logging in and joining

    def _welcome(self, message: Welcome) -> None:
        link = self.link
        link.answered(message)
        self.gateway_version = _text(message.options.get("version"))
        link.node = _text(message.options.get("node"))
        link.peer_id = message.peer_id
        link.identity = message.resolved_identity
        link.max_size = message.max_size or None
        link.extensions = frozenset(
            word for each in message.available_domains for word in each.extensions or ()
        )
        to_join = [domain for domain in self._domains if domain.vocabulary.domain != GLOBAL]
        self._unjoined = len(to_join)
        for domain in self._domains:
            domain.logged_in()
        for domain in to_join:
            self._join(domain)

    def _join(self, domain: Domain) -> None:
        link, vocabulary = self.link, domain.vocabulary
        # Other gateways are told of no extensions.
        extensions = [word for word in vocabulary.extensions if word in link.extensions]
        join = Join(link.new_request_id(), link.peer_id, vocabulary.domain, extensions=extensions)
        link.request(domain.joining(join), self._join_answered)

    def _join_answered(self, answer: Outbound | None) -> None:
        self._check_refusal(answer)
        if isinstance(answer, Success):
            self._unjoined -= 1
            if self._unjoined == 0:
                self._joined()

    def _check_refusal(self, answer: Outbound | None) -> None:
        if isinstance(answer, Error):
            self.link.tell("refused", AuthenticationFailed(answer.reason))

    def _joined(self) -> None:
        self.link.is_joined = True
        for domain in self._domains:
            domain.joined()
        self._change("connected")
        self.link.look_again()
        self._ping_later()

    def _ping_later(self) -> None:
        """Some gateways drop a client that is silent for a minute."""

        def ping(_: float) -> None:
            self.link.transmit(Ping())
            self._ping_later()

        self._ping = self.link.deadlines.at(self.link.now + _PING_SECONDS, ping)

    def _change(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.link.tell("state_changed", state)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
