"""Sessions joined to one router by lists instead of sockets, and a clock that tests move."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import UNSET, Raw, UnsetType, structs

from dash_interop.errors import HandlerFailed, InteropError, InvocationError
from dash_interop.peer.agm import Agm
from dash_interop.peer.context_changes import ContextChange
from dash_interop.peer.context_requests import Watch
from dash_interop.peer.contexts import Contexts
from dash_interop.peer.directory import Instance
from dash_interop.peer.domain import MakeDomain as MakePeerDomain
from dash_interop.peer.effects import Emit, PeerEffect, Settle, Transmit
from dash_interop.peer.history import StreamHistory
from dash_interop.peer.invoking import Invoking
from dash_interop.peer.link import Wait
from dash_interop.peer.publishing import Publication, StreamInterest
from dash_interop.peer.queue import Invocation, QueueSettings, Row
from dash_interop.peer.requests import ServerRequest
from dash_interop.peer.serving import Offering, Run, Stop
from dash_interop.peer.session import Session
from dash_interop.peer.subscribing import SubscriptionLine
from dash_interop.peer.targets import Target
from dash_interop.router.domain import MakeDomain as MakeRouterDomain
from dash_interop.router.effects import RouterEffect
from dash_interop.router.limits import Limits
from dash_interop.router.principals import Principal, Remote
from dash_interop.router.router import Router
from dash_interop.wire.codec import encode
from dash_interop.wire.definitions import Definition, read_definition
from dash_interop.wire.envelope import Outbound
from dash_interop.wire.login import Authentication, Hello, Ping
from dash_interop.wire.payloads import as_object, decode_object, encode_payload
from tests.support.room import DOMAINS, BelieveLogins, credentials, frames_of, settled

__all__ = ["DOWN", "HARD_TO_READ", "UP", "Wired", "WiredPeer", "arguments"]

UP = "up"
"""From a peer to the gateway."""

DOWN = "down"
"""From the gateway to a peer."""

HARD_TO_READ = {
    "number out of range": "1e999",
    "integer out of range": "9" * 5000,
    "date nested deeply": "[" * 700 + '"#T42_DATE#1"' + "]" * 700,
}
"""JSON that is correct, so that gateways relay it."""


class _Logins(BelieveLogins):
    """As in ``Room``; the user ``service`` is one."""

    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        principal = super().authenticate(authentication, remote)
        return structs.replace(principal, is_service=principal.user == "service")


class WiredPeer:
    """
    A session and its shell: carries out the effects, and keeps them for the test to look at.

    Attributes:
        connection: The router's name of its connection; ``None`` while there is none.
        frames: Text under way, by direction.
        held: Directions in which nothing is delivered for now.
        settled: What each token was settled with, in order; more than once is a fault.
        running: Invocations that the test has to answer, in the order in which they were started.
        started: All invocations that were ever started.
        stopped: Those that nobody waited for any longer while they ran.
        emitted: All events: source, name and arguments.
    """

    def __init__(self, wired: "Wired", name: str, user: str, identity: dict[str, Any]) -> None:
        self.wired = wired
        self.name = name
        self.user = user
        introduction = {"application": name, "instance": name, "peerId": "?", **identity}
        self.session = Session(introduction, wired.peer_domains)
        self.agm = self.session.domain(Agm)
        self.connection: str | None = None
        self.frames: dict[str, deque[str]] = {UP: deque(), DOWN: deque()}
        self.held: set[str] = set()
        self.settled: dict[Any, list[Settle]] = {}
        self.running: list[Invocation] = []
        self.started: list[Invocation] = []
        self._rows: dict[Invocation, Row] = {}
        self.stopped: list[Invocation] = []
        self.emitted: list[tuple[Any, str, tuple[Any, ...]]] = []
        self._tokens = 0

    @property
    def id(self) -> str:
        """Its peer id, while it is logged in."""
        peer_id = self.session.link.peer_id
        assert peer_id is not None
        return peer_id

    @property
    def state(self) -> str:
        return self.session.state

    # What it was told

    def outcome(self, token: Any) -> Any:
        """What a token was settled with, a value or an error; it has to be so by now, once."""
        (settle,) = self.settled.get(token, [])
        assert not isinstance(settle.value, InteropError), "an error as a value"
        return settle.value if settle.error is None else settle.error

    def error(self, token: Any, kind: type[InteropError]) -> Any:
        """The error that a token was settled with, of exactly that class."""
        error = self.outcome(token)
        assert type(error) is kind, error
        return error

    def is_settled(self, token: Any) -> bool:
        return bool(self.settled.get(token))

    def heard(self, source: Any, *events: str) -> list[tuple[Any, ...]]:
        """The events of a source in order, as (name, arguments...), or those of some names."""
        return [
            (event, *arguments)
            for emitter, event, arguments in self.emitted
            if emitter is source and (not events or event in events)
        ]

    def told(self, *events: str) -> list[tuple[Any, ...]]:
        """The events of the session itself."""
        return self.heard(self.session.link, *events)

    def data(self, source: Any) -> list[Any]:
        """What a subscription got."""
        return [event[1].data for event in self.heard(source, "data")]

    # What it asks for; what comes of it is delivered at once, unless it is held back

    def ask(self, function: Callable[[], Any]) -> Any:
        """Ask the session, or a part of it, for something."""
        self.session.begin(self.wired.now)
        result = function()
        self.carry_out()
        if self.wired.at_once:
            self.wired.deliver()
        return result

    def token(self) -> str:
        self._tokens += 1
        return f"{self.name}-{self._tokens}"

    def register(
        self,
        definition: Definition,
        handler: Any = "handler",
        *,
        token: Any = None,
        timeout: float = 30.0,
        replace: bool = False,
        **settings: Any,
    ) -> Offering:
        return self.ask(
            lambda: self.agm.serving.register(
                token or self.token(),
                read_definition(definition),
                handler,
                QueueSettings(**settings),
                timeout=timeout,
                replace=replace,
            )
        )

    def unregister(self, offering: Offering) -> str:
        token = self.token()
        self.ask(lambda: self.agm.serving.unregister(token, offering))
        return token

    def start_invoking(
        self,
        token: Any,
        method: Definition,
        args: Any = None,
        target: Target = None,
        *,
        wait_timeout: float = 30.0,
        response_timeout: float = 30.0,
        listener: Any = None,
    ) -> Invoking:
        return self.ask(
            lambda: self.agm.invoke(
                token,
                ServerRequest(
                    method=read_definition(method),
                    arguments=args,
                    encoded=encode_payload({} if args is None else args),
                    target=target,
                    wait_timeout=wait_timeout,
                    response_timeout=response_timeout,
                ),
                listener,
            )
        )

    def invoke(
        self, method: Definition, args: Any = None, target: Target = None, **times: float
    ) -> str:
        """Returns the token."""
        token = self.token()
        self.start_invoking(token, method, args, target, **times)
        return token

    def answer(self, invocation: Invocation, value: Any = None) -> None:
        """The handler returns."""
        self.answer_json(invocation, encode_payload(as_object(value)))

    def answer_json(self, invocation: Invocation, result: Raw) -> None:
        self._finish(invocation, result)

    def end(self, invocation: Invocation) -> None:
        """The handler, which was stopped, ends without an answer."""
        self._finish(invocation, None)

    def refuse(self, invocation: Invocation, failure: str | InvocationError) -> None:
        """The handler raises, with these words, or was not run."""
        self._finish(invocation, HandlerFailed(failure) if isinstance(failure, str) else failure)

    def wait_for_method(self, wanted: Definition, timeout: float = 30.0) -> str:
        token = self.token()

        def wait() -> Wait | None:
            return self.agm.wait_for_method(token, read_definition(wanted), timeout=timeout)

        self.ask(wait)
        return token

    def create_stream(
        self,
        definition: Definition,
        *,
        token: Any = None,
        owner: Any = "stream",
        decides: bool = False,
        history: StreamHistory | None = None,
        timeout: float = 30.0,
    ) -> Publication:
        """Events of it come from ``owner``."""
        return self.ask(
            lambda: self.agm.create_stream(
                token or self.token(),
                read_definition(definition),
                owner,
                decides=decides,
                history=history,
                timeout=timeout,
            )
        )

    def close_stream(self, publication: Publication) -> str:
        token = self.token()
        self.ask(lambda: self.agm.close_stream(token, publication))
        return token

    def requests(self, owner: Any = "stream") -> list[StreamInterest]:
        """Those who asked to subscribe to a stream whose owner decides."""
        return [event[1] for event in self.heard(owner, "requested")]

    def accept(self, interest: StreamInterest, key: str = "") -> None:
        self.ask(lambda: self.agm.publishing.accept(interest, key))

    def reject(self, interest: StreamInterest, reason: str) -> None:
        self.ask(lambda: self.agm.publishing.reject(interest, reason))

    def push(self, publication: Publication, data: Any, *keys: str) -> None:
        """To all branches, or to those of some keys."""
        encoded = encode_payload(data)
        slot = publication.slot(encoded)
        self.ask(lambda: self.agm.publishing.push(publication, encoded, keys or None, slot))

    def push_to(self, interest: StreamInterest, data: Any) -> None:
        encoded = encode_payload(data)
        self.ask(lambda: self.agm.publishing.push_to(interest, encoded))

    def close_interests(self, *interests: StreamInterest) -> None:
        self.ask(lambda: self.agm.publishing.close(interests))

    def subscribe(
        self,
        stream: Definition,
        arguments: dict[str, Any] | None = None,
        target: Target = None,
        *,
        token: Any = None,
        owner: Any = "subscription",
        follows: bool = False,
        wait_timeout: float = 30.0,
        response_timeout: float = 30.0,
    ) -> SubscriptionLine:
        """Events of it come from ``owner``, which is its token, too, unless there is another."""
        return self.ask(
            lambda: self.agm.subscribe(
                token or owner,
                owner,
                ServerRequest(
                    method=read_definition(stream),
                    arguments=arguments or {},
                    encoded=encode_payload(arguments or {}),
                    target=target,
                    wait_timeout=wait_timeout,
                    response_timeout=response_timeout,
                ),
                follows=follows,
            )
        )

    def close(self, line: SubscriptionLine) -> None:
        self.ask(line.close)

    @property
    def contexts(self) -> Contexts:
        return self.session.domain(Contexts)

    def write(
        self,
        name: str,
        delta: dict[str, Any] | None,
        *,
        if_version: int | None = None,
        creates: bool = True,
        timeout: float = 30.0,
    ) -> str:
        """Write a delta to a context, ``None`` to destroy it; returns the token."""
        token = self.token()
        self.ask(
            lambda: self.contexts.writing.write(
                token, name, delta, if_version=if_version, creates=creates, timeout=timeout
            )
        )
        return token

    def set(self, name: str, /, **data: Any) -> str:
        """Put a value in the place of what a context has."""
        return self.write(name, {"reset": data})

    def put(self, name: str, path: str, value: Any, **options: Any) -> str:
        """Set what a path in a context leads to."""
        command = {"type": "set", "path": path, "value": value}
        return self.write(name, {"commands": [command]}, **options)

    def read(self, name: str, timeout: float = 30.0) -> str:
        token = self.token()
        self.ask(lambda: self.contexts.read(token, name, timeout=timeout))
        return token

    def value(self, name: str) -> dict[str, Any]:
        """What a context has, which is known at once."""
        return self.outcome(self.read(name))[0]

    def watch(self, name: str, owner: Any = "watch") -> Watch:
        """Changes of the context come from ``owner``."""
        return self.ask(lambda: self.contexts.watch(name, owner))

    def changes(self, owner: Any = "watch") -> list[ContextChange]:
        return [event[1] for event in self.heard(owner, "change")]

    # What it knows

    def servers(self, name: str) -> list[str]:
        """The applications that offer a method, in the order of preference."""
        servers: list[Instance] = self.agm.directory.servers(read_definition(name))
        return [server["application"] for server in servers]

    def pending_requests(self) -> int:
        """How many requests the gateway has not answered."""
        return len(self.session.link._requests)  # pyright: ignore[reportPrivateUsage]

    def timers(self) -> int:
        """How many there are, that of the next ping left out."""
        return len(self.session.link.deadlines) - (self.state == "connected")

    # The machinery

    def carry_out(self) -> None:
        for effect in self.session.take():
            self._carry_out_one(effect)

    def _carry_out_one(self, effect: PeerEffect) -> None:
        match effect:
            case Transmit(frame):
                assert self.connection is not None, f"sent without a connection: {frame}"
                message = self.session.codec.decode(frame)
                is_anonymous = isinstance(message, Hello | Ping)
                assert is_anonymous or message.peer_id == self.id, message
                assert not self.wired.max_size or len(frame) <= self.wired.max_size
                self.frames[UP].append(frame.decode())
            case Settle(token):
                self.settled.setdefault(token, []).append(effect)
            case Run(row):
                self._begin_next(row)
            case Stop(invocation):
                # One that goes on all the same is stopped once more when its time is up.
                if invocation in self.running:
                    self.running.remove(invocation)
                    self.stopped.append(invocation)
            case Emit(source, event, arguments):
                assert event != "progress" or not self.is_settled(source), "progress after the end"
                self.emitted.append((source, event, arguments))

    def _begin_next(self, row: Row) -> None:
        invocation = row.next(self.wired.now)
        if invocation is None:
            row.end()
        else:
            self._rows[invocation] = row
            self.running.append(invocation)
            self.started.append(invocation)

    def _finish(self, invocation: Invocation, outcome: Raw | InvocationError | None) -> None:
        if invocation in self.running:
            self.running.remove(invocation)

        def answer() -> None:
            self.agm.serving.answer(invocation, outcome)
            row = self._rows.pop(invocation, None)
            if row is not None:
                self._begin_next(row)

        self.ask(answer)


class Wired:
    """
    Args:
        limits: The router's.
        max_size: Bytes of the longest frame that it takes; by default it does not say.
        at_once: Whether all that is said is delivered at once, unless a direction is held; else a
            test has to deliver it.
        domains: The router's.
        peer_domains: Those that every peer takes part in.

    Attributes:
        now: The time, in seconds.
        peers: By name.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        max_size: int | UnsetType = UNSET,
        at_once: bool = True,
        domains: Iterable[MakeRouterDomain] = DOMAINS,
        peer_domains: Sequence[MakePeerDomain] = (Agm, Contexts),
    ) -> None:
        self.limits = limits
        self.max_size = max_size
        self.at_once = at_once
        self.domains = tuple(domains)
        self.peer_domains = peer_domains
        self.now = 0.0
        self.peers: dict[str, WiredPeer] = {}
        self._connections: dict[str, WiredPeer] = {}
        self._count = 0
        self.router = self._new_router()

    # Connections

    def peer(self, name: str, user: str = "anna", **identity: Any) -> WiredPeer:
        """A peer that is connected."""
        peer = self.stranger(name, user, **identity)
        self.connect(peer)
        return peer

    def stranger(self, name: str, user: str = "anna", **identity: Any) -> WiredPeer:
        """A peer that is not connected yet."""
        peer = self.peers[name] = WiredPeer(self, name, user, identity)
        return peer

    def connect(self, *peers: WiredPeer) -> None:
        """Open a connection for each and log in over it."""
        for peer in peers:
            assert peer.connection is None
            self._count += 1
            peer.connection = f"k{self._count}"
            self._connections[peer.connection] = peer
            self.router.connect(peer.connection, Remote("127.0.0.1"))
            peer.ask(lambda peer=peer: peer.session.log_in(credentials(peer.user)))

    def cut(self, *peers: WiredPeer) -> None:
        """The connections end, and with them what was under way over them."""
        for peer in peers:
            connection = self._unplug(peer)
            self._send(self.router.disconnect(connection, self.now))
            peer.ask(peer.session.disconnect)

    def reconnect(self, *peers: WiredPeer) -> None:
        self.cut(*peers)
        self.connect(*peers)

    def restart(self) -> None:
        """The router ends, and with it all connections; another one takes its place."""
        unplugged = [peer for peer in self.peers.values() if peer.connection is not None]
        for peer in unplugged:
            self._unplug(peer)
        self.router = self._new_router()
        for peer in unplugged:
            peer.ask(peer.session.disconnect)

    # Frames

    def hold(self, peer: WiredPeer, direction: str) -> None:
        """Deliver nothing in that direction until ``release``."""
        peer.held.add(direction)

    def release(self, peer: WiredPeer) -> None:
        peer.held.clear()
        self.deliver()

    def deliver(self) -> None:
        """Deliver what is under way, and what comes of it, until all is quiet."""
        while any(
            [
                self.deliver_one(peer, direction)
                for peer in self.peers.values()
                for direction in (UP, DOWN)
            ]
        ):
            pass

    def deliver_one(self, peer: WiredPeer, direction: str) -> bool:
        """Deliver the next frame of a peer in one direction; whether there was one."""
        if direction in peer.held or not peer.frames[direction]:
            return False
        text = peer.frames[direction].popleft()
        if direction == UP:
            assert peer.connection is not None
            self._send(
                self.router.handle(peer.connection, self.router.codec.decode(text), self.now)
            )
        else:
            self.tell(peer, text)
        return True

    def tell(self, peer: WiredPeer, text: str) -> None:
        """The gateway says something to a peer."""
        message = peer.session.codec.from_gateway(text)
        assert message is not None, text
        peer.session.begin(self.now)
        peer.session.receive(message)
        peer.carry_out()

    def say(self, peer: WiredPeer, message: Outbound) -> None:
        """The gateway says something that this one would not."""
        self.tell(peer, encode(message).decode())
        self.deliver()

    # Time

    def tick(self, seconds: float) -> None:
        """Let time pass: everybody's timers fire when they are due, one after the other."""
        end = self.now + seconds
        while (due := self._next_deadline()) is not None and due <= end:
            self.now = max(due, self.now)
            self._fire()
        self.now = end
        self._fire()

    def jump(self, seconds: float) -> None:
        """Let time pass while nobody looks at the clock, as when a laptop sleeps."""
        self.now += seconds
        self._fire()

    def _fire(self) -> None:
        """Wake those who have something to do; nobody else hears what time it is."""
        self._send(self.router.tick(self.now))
        for peer in self.peers.values():
            due = peer.session.next_deadline()
            if due is not None and due <= self.now:
                peer.ask(peer.session.tick)

    def _next_deadline(self) -> float | None:
        deadlines = [peer.session.next_deadline() for peer in self.peers.values()]
        known = [each for each in (*deadlines, self.router.next_deadline()) if each is not None]
        return min(known, default=None)

    def _new_router(self) -> Router:
        self._count += 1
        return Router(
            _Logins(),
            self.domains,
            node=f"N{self._count}",
            limits=self.limits,
            max_size=self.max_size,
        )

    def _unplug(self, peer: WiredPeer) -> str:
        connection = peer.connection
        assert connection is not None
        peer.connection = None
        del self._connections[connection]
        for frames in peer.frames.values():
            frames.clear()
        return connection

    def _send(self, effects: list[RouterEffect]) -> None:
        for connection, frame in frames_of(settled(self.router, effects, self.now)):
            peer = self._connections[str(connection)]
            peer.frames[DOWN].append(frame.decode())


def arguments(invocation: Invocation) -> Mapping[str, Any]:
    """What an invocation was made with."""
    return decode_object(invocation.arguments)
