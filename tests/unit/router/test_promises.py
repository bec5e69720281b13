"""
Random histories of a gateway against a model that is simple enough to be right.

What has to hold whatever happens: each call ends exactly once, at its caller; nobody answers what
it does not serve; nothing is sent to another user (but services see all, and all see services) or
to a closed connection; invocations and events keep their order; and nothing is left behind when
everybody has gone.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dash_interop.router.effects import RouterEffect, Send
from dash_interop.router.limits import Limits
from dash_interop.router.principals import Principal, Remote
from dash_interop.router.router import Router
from dash_interop.wire.agm import (
    Accepted,
    AddInterest,
    Call,
    CancelCall,
    CancelInvocation,
    DropSubscription,
    Event,
    Failure,
    Invoke,
    MethodsAdded,
    MethodsRemoved,
    PeerAdded,
    PeerRemoved,
    Post,
    Progress,
    Progressed,
    Publish,
    Register,
    RemoveInterest,
    Result,
    Subscribe,
    Subscribed,
    SubscriptionCancelled,
    Unregister,
    Unsubscribe,
    Yield,
)
from dash_interop.wire.envelope import Error, Inbound, Success
from dash_interop.wire.login import Authentication, Hello, Join, Leave, Welcome
from tests.support.room import DOMAINS, BelieveLogins, credentials, raw, sends_of, settled

CALL_SECONDS = 10.0
LIMITS = Limits(call_seconds=CALL_SECONDS)

SERVICE = "service"
"""The login of those that see, and are seen by, the peers of all users."""

ANY = st.integers(0, 10_000)
"""Picks one of whatever there is by then."""

WILD = st.none() | st.none() | st.none() | ANY
"""Mostly ``None``: what is likely to work."""


def recipient(send: Send) -> str | None:
    message: Any = send.message
    return message.peer_id


class BelieveServices(BelieveLogins):
    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        principal = super().authenticate(authentication, remote)
        return Principal(principal.user, is_service=principal.user == SERVICE)


@dataclass
class ModelPeer:
    id: str
    user: str
    instance: str
    connection: str
    joined: bool = False
    cancels: bool = False
    methods: set[str] = field(default_factory=set)


@dataclass
class ModelCall:
    id: str
    caller: ModelPeer
    request_id: str
    callee: ModelPeer
    method: str
    due: float
    progress: bool


@dataclass
class ModelSubscription:
    id: str
    subscriber: ModelPeer
    request_id: str
    publisher: ModelPeer
    method: str
    streams: list[str] = field(default_factory=list)


class Promises(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.router = Router(BelieveServices(), DOMAINS, node="N", limits=LIMITS)
        self.now = 0.0
        self.count = 0
        self.open: list[str] = []
        self.peers: dict[str, ModelPeer] = {}
        self.calls: dict[str, ModelCall] = {}
        self.subscriptions: dict[str, ModelSubscription] = {}
        # Accepted subscriptions of (publisher, stream) in the order of their acceptance.
        self.streams: dict[tuple[str, str], list[str]] = {}
        self.dropped = 0
        self.dropped_progress = 0
        self.ended: dict[str, int] = {}
        self.last_invoked: dict[tuple[str, str], int] = {}
        self.last_event: dict[str, int] = {}
        self.every_id: set[str] = set()

    # The machinery

    def fresh(self) -> int:
        self.count += 1
        return self.count

    def pick(self, number: int) -> ModelPeer:
        peers = list(self.peers.values())
        return peers[number % len(peers)]

    def handle(self, connection: str, message: Inbound) -> list[Send]:
        return self.check(self.router.handle(connection, message, self.now))

    def check(self, effects: Iterable[RouterEffect]) -> list[Send]:
        """What has to hold for whatever is sent."""
        sends: list[Send] = []
        effects = settled(self.router, effects, self.now)
        for effect in sends_of(self.router.codec, effects):
            assert effect.connection in self.open, "sent to a closed connection"
            message: Any = effect.message
            if isinstance(message, Welcome):
                continue
            if message.peer_id is not None:
                peer = self.peers[message.peer_id]
                assert peer.connection == effect.connection, "sent to another's connection"
                self.check_user(peer, message)
            if isinstance(message, Progressed):
                assert self.ended[str(message.request_id)] == 0, "progress of a call that is over"
            if isinstance(message, Result | Error) and str(message.request_id).startswith("call"):
                request_id = str(message.request_id)
                assert self.ended[request_id] == 0, "a call ended twice"
                self.ended[request_id] += 1
            sends.append(effect)
        return sends

    def check_user(self, receiver: ModelPeer, message: object) -> None:
        for name in ("new_peer_id", "removed_id", "server_id", "caller_id"):
            other = getattr(message, name, None)
            if other is not None:
                assert self.may_see(receiver, self.peers[other]), f"{name} of another user"

    @staticmethod
    def may_see(peer: ModelPeer, other: ModelPeer) -> bool:
        return peer.user == other.user or SERVICE in (peer.user, other.user)

    def sees(self, peer: ModelPeer, other: ModelPeer) -> bool:
        return peer.joined and other.joined and self.may_see(peer, other)

    def aim(self, which: int, wild: int | None, id: str) -> tuple[ModelPeer, ModelPeer, str]:
        """A caller, a callee and a method of it; when ``wild``, any two peers and any method."""
        targets = [
            (caller, callee, method)
            for caller in self.peers.values()
            for callee in self.peers.values()
            if self.sees(caller, callee)
            for method in sorted(callee.methods)
        ]
        if wild is None and targets:
            return targets[which % len(targets)]
        return self.pick(which), self.pick(wild or 0), id

    def is_busy(self) -> bool:
        """Whether somebody's leaving would be of consequence."""
        return len(self.calls) + len(self.subscriptions) > 3

    def others(self, peer: ModelPeer) -> list[ModelPeer]:
        return [
            other for other in self.peers.values() if other is not peer and self.sees(peer, other)
        ]

    def drop(self, subscription: ModelSubscription) -> None:
        del self.subscriptions[subscription.id]
        for stream in subscription.streams:
            self.streams[subscription.publisher.id, stream].remove(subscription.id)

    def end(self, leaving: list[ModelPeer]) -> tuple[list[str], ...]:
        """
        What the rest must hear: failed calls, cancelled subscriptions, lost interests, invocations
        that nobody waits for.
        """
        failed, cancelled, lost, left = [], [], [], []
        gone = [peer.id for peer in leaving]
        for call in list(self.calls.values()):
            if call.caller.id in gone or call.callee.id in gone:
                del self.calls[call.id]
                if call.caller.id not in gone:
                    failed.append(call.request_id)
                elif call.callee.id not in gone and call.callee.cancels:
                    left.append(call.id)
        for subscription in list(self.subscriptions.values()):
            at, by = subscription.publisher.id in gone, subscription.subscriber.id in gone
            if at or by:
                self.drop(subscription)
            if at and not by:
                cancelled.append(subscription.id)
            if by and not at:
                lost.append(subscription.id)
        return sorted(failed), sorted(cancelled), sorted(lost), sorted(left)

    @staticmethod
    def heard(sends: list[Send]) -> tuple[list[str], ...]:
        messages = [send.message for send in sends]
        return (
            sorted(str(m.request_id) for m in messages if isinstance(m, Error)),
            sorted(m.subscription_id for m in messages if isinstance(m, SubscriptionCancelled)),
            sorted(m.subscription_id for m in messages if isinstance(m, RemoveInterest)),
            sorted(m.invocation_id for m in messages if isinstance(m, CancelInvocation)),
        )

    # Connections and peers

    @initialize()
    def begin_with_company(self) -> None:
        for number, user in enumerate(["anna", "anna", "anna", "ben", SERVICE]):
            self.connect()
            self.hello(number, user, "?")
            self.join(number, cancels=number % 2 == 0)
            self.register(number, "0")
        for number in (0, 0, 1):
            self.subscribe(number, None, "0", "p")
            self.call(number, None, "0")

    @precondition(lambda self: len(self.open) < 7)
    @rule()
    def connect(self) -> None:
        connection = f"k{self.fresh()}"
        self.open.append(connection)
        self.router.connect(connection, Remote("127.0.0.1"))

    @precondition(lambda self: len(self.peers) < 9 and self.open)
    @rule(
        number=ANY, user=st.sampled_from(["anna", "ben", SERVICE]), instance=st.sampled_from("xyz?")
    )
    def hello(self, number: int, user: str, instance: str) -> None:
        connection = self.open[number % len(self.open)]
        replaced = [
            peer
            for peer in self.peers.values()
            if peer.connection == connection and peer.instance == instance
        ]
        seen = instance != "?" and any(
            peer.instance == instance and peer.user == user
            for peer in self.peers.values()
            if peer not in replaced
        )
        message = Hello(identity={"instance": instance}, authentication=credentials(user))
        effects = self.router.handle(connection, message, self.now)
        effects = settled(self.router, effects, self.now)
        (answer,) = [
            each
            for each in sends_of(self.router.codec, effects)
            if isinstance(each.message, Welcome)
            or (isinstance(each.message, Error) and each.message.request_id is None)
        ]
        told = [each for each in effects if each != answer]
        assert isinstance(answer, Send) and answer.connection == connection
        if seen:
            assert isinstance(answer.message, Error)
            assert told == []
            return
        expected = self.end(replaced)
        assert self.heard(self.check(told)) == expected
        for peer in replaced:
            del self.peers[peer.id]
        assert isinstance(answer.message, Welcome)
        peer_id = answer.message.peer_id
        assert peer_id not in self.every_id, "a peer id was used again"
        self.every_id.add(peer_id)
        self.peers[peer_id] = ModelPeer(peer_id, user, instance, connection)

    @precondition(lambda self: self.peers)
    @rule(number=ANY, cancels=st.booleans())
    def join(self, number: int, cancels: bool) -> None:
        peer = self.pick(number)
        was_in = peer.joined
        peer.joined = True
        peer.cancels = peer.cancels if was_in else cancels
        message = Join("j", peer.id, "agm", extensions=["cancel", "progress"] if cancels else [])
        *told, success = self.handle(peer.connection, message)
        assert success == Send(peer.connection, Success("j", peer.id, "agm"))
        added = {
            (m.message.peer_id, m.message.new_peer_id)
            for m in told
            if isinstance(m.message, PeerAdded)
        }
        others = [] if was_in else [other.id for other in self.others(peer)]
        assert added == {pair for other in others for pair in ((peer.id, other), (other, peer.id))}
        offered = {
            (m.message.server_id, *sorted(json.loads(bytes(d))["id"] for d in m.message.methods))
            for m in told
            if isinstance(m.message, MethodsAdded)
        }
        assert offered == {
            (other, *sorted(self.peers[other].methods))
            for other in others
            if self.peers[other].methods
        }

    @precondition(lambda self: self.is_busy())
    @rule(number=ANY)
    def leave(self, number: int) -> None:
        peer = self.pick(number)
        others = {other.id for other in self.others(peer)}
        expected = self.end([peer])
        sends = self.handle(peer.connection, Leave("l", peer.id, "agm"))
        assert sends[-1] == Send(peer.connection, Success("l", peer.id, "agm"))
        assert self.heard(sends) == expected
        assert told_of_removal(sends, peer) == others
        peer.joined = False
        peer.methods.clear()

    @precondition(lambda self: self.is_busy())
    @rule(number=ANY)
    def disconnect(self, number: int) -> None:
        connection = self.open.pop(number % len(self.open))
        leaving = [peer for peer in self.peers.values() if peer.connection == connection]
        audience = {
            peer.id: {other.id for other in self.others(peer) if other.connection != connection}
            for peer in leaving
        }
        expected = self.end(leaving)
        sends = self.check(self.router.disconnect(connection, self.now))
        assert self.heard(sends) == expected
        for peer in leaving:
            assert told_of_removal(sends, peer) == audience[peer.id]
            del self.peers[peer.id]

    # Methods

    @precondition(lambda self: self.peers)
    @rule(number=ANY, id=st.sampled_from("001"))
    def register(self, number: int, id: str) -> None:
        peer = self.pick(number)
        sends = self.handle(peer.connection, Register("r", peer.id, [{"id": id, "name": f"M{id}"}]))
        if not peer.joined:
            assert isinstance(sends[-1].message, Error)
            return
        peer.methods.add(id)
        told = {m.message.peer_id for m in sends if isinstance(m.message, MethodsAdded)}
        assert told == {peer.id, *(other.id for other in self.others(peer))}
        assert sends[-1] == Send(peer.connection, Success("r", peer.id, "agm"))

    @precondition(lambda self: self.is_busy())
    @rule(number=ANY, id=st.sampled_from("001"))
    def unregister(self, number: int, id: str) -> None:
        peer = self.pick(number)
        sends = self.handle(peer.connection, Unregister("u", peer.id, [id]))
        if id not in peer.methods:
            assert [type(send.message) for send in sends] == [Error]
            return
        peer.methods.remove(id)
        told = {m.message.peer_id for m in sends if isinstance(m.message, MethodsRemoved)}
        assert told == {peer.id, *(other.id for other in self.others(peer))}
        cancelled = []
        for subscription in list(self.subscriptions.values()):
            if subscription.publisher is peer and subscription.method == id:
                cancelled.append(subscription.id)
                self.drop(subscription)
        assert self.heard(sends) == ([], sorted(cancelled), [], [])

    # Calls

    @precondition(lambda self: self.peers)
    @rule(
        which=ANY,
        wild=WILD,
        id=st.sampled_from("001"),
        seconds=st.none() | st.integers(0, 12),
        progress=st.booleans(),
    )
    def call(
        self,
        which: int,
        wild: int | None,
        id: str,
        seconds: int | None = None,
        progress: bool = False,
    ) -> None:
        a, b, id = self.aim(which, wild, id)
        number = self.fresh()
        request_id = f"call-{number}"
        self.ended[request_id] = 0
        message = Call(
            request_id,
            a.id,
            b.id,
            id,
            arguments=raw([number]),
            timeout_ms=None if seconds is None else seconds * 1000,
            progress=progress,
        )
        (send,) = self.handle(a.connection, message)
        if not (self.sees(a, b) and id in b.methods):
            assert isinstance(send.message, Error)
            assert (send.connection, send.message.peer_id) == (a.connection, a.id)
            return
        invoke = send.message
        assert isinstance(invoke, Invoke)
        assert (invoke.peer_id, invoke.caller_id, invoke.method_id) == (b.id, a.id, id)
        assert invoke.invocation_id not in self.every_id
        self.every_id.add(invoke.invocation_id)
        assert (invoke.progress is True) == (progress and b.cancels)
        (payload,) = json.loads(bytes(invoke.arguments))
        assert payload > self.last_invoked.get((a.id, b.id), 0), "invocations out of order"
        self.last_invoked[a.id, b.id] = payload
        allowed = CALL_SECONDS if seconds is None else min(seconds + 1, CALL_SECONDS)
        self.calls[invoke.invocation_id] = ModelCall(
            invoke.invocation_id, a, request_id, b, id, self.now + allowed, progress
        )

    @precondition(lambda self: self.calls and self.peers)
    @rule(which=ANY, by=WILD)
    def report_progress(self, which: int, by: int | None) -> None:
        """By the callee, or by anybody."""
        call = list(self.calls.values())[which % len(self.calls)]
        peer = call.callee if by is None else self.pick(by)
        sends = self.handle(peer.connection, Progress(None, peer.id, call.id, raw(which)))
        if peer is call.callee and call.progress:
            progressed = Progressed(call.request_id, call.caller.id, raw(which))
            assert sends == [Send(call.caller.connection, progressed)]
        else:
            assert sends == []
            self.dropped_progress += 1

    @precondition(lambda self: self.calls and self.peers)
    @rule(which=ANY, by=WILD, twice=st.booleans())
    def cancel(self, which: int, by: int | None, twice: bool) -> None:
        """By the caller, or by anybody; perhaps twice."""
        call = list(self.calls.values())[which % len(self.calls)]
        peer = call.caller if by is None else self.pick(by)
        for _ in range(2 if twice else 1):
            sends = self.handle(peer.connection, CancelCall(call.request_id, peer.id, "timeout"))
            told = []
            if peer is call.caller and call.id in self.calls:
                del self.calls[call.id]
                # Nothing that its callee still says may reach the caller.
                self.ended[call.request_id] += 1
                if call.callee.cancels:
                    cancelled = CancelInvocation(call.callee.id, call.id, call.method, "timeout")
                    told = [Send(call.callee.connection, cancelled)]
            assert sends == told

    @precondition(lambda self: self.calls and self.peers)
    @rule(which=ANY, by=WILD, failing=st.booleans(), twice=st.booleans())
    def answer(self, which: int, by: int | None, failing: bool, twice: bool) -> None:
        """By its callee, or by anybody; perhaps twice."""
        call = list(self.calls.values())[which % len(self.calls)]
        peer = call.callee if by is None else self.pick(by)
        message = (
            Failure(call.id, peer.id, "my.uri", "boom")
            if failing
            else Yield("y", peer.id, call.id, raw(call.id))
        )
        for _ in range(2 if twice else 1):
            sends = self.handle(peer.connection, message)
            if peer is call.callee and call.id in self.calls:
                del self.calls[call.id]
                outcome = (
                    Error(call.request_id, call.caller.id, "my.uri", "boom", "agm")
                    if failing
                    else Result(call.request_id, call.caller.id, raw(call.id))
                )
                assert sends == [Send(call.caller.connection, outcome)]
            else:
                self.dropped += 1
                assert all(recipient(send) == peer.id for send in sends)
                assert [type(send.message) for send in sends] == ([Error] if failing else [])

    @precondition(lambda self: len(self.open) > 1 and self.peers)
    @rule(number=ANY, through=ANY, data=st.sampled_from(["call", "yield", "publish", "leave"]))
    def pretend(self, number: int, through: int, data: str) -> None:
        """Use the peer id of another connection."""
        peer = self.pick(number)
        others = [connection for connection in self.open if connection != peer.connection]
        connection = others[through % len(others)]
        message = {
            "call": Call("x", peer.id, peer.id, "0"),
            "yield": Yield("x", peer.id, next(iter(self.calls), "r-N-1")),
            "publish": Publish("x", peer.id, "0", raw(1)),
            "leave": Leave("x", peer.id, "agm"),
        }[data]
        sends = self.handle(connection, message)
        assert all(send.connection == connection for send in sends)
        assert [type(send.message) for send in sends] == [Error] * (data in ("call", "leave"))
        self.dropped += data == "yield"

    @rule(seconds=st.integers(0, 12))
    def tick(self, seconds: int) -> None:
        self.now += seconds
        deadline = self.router.next_deadline()
        assert deadline == min((call.due for call in self.calls.values()), default=None)
        expired = [call for call in self.calls.values() if call.due <= self.now]
        expired.sort(key=lambda call: call.due)
        sends = self.check(self.router.tick(self.now))
        assert [
            (send.connection, recipient(send)) for send in sends if isinstance(send.message, Error)
        ] == [(call.caller.connection, call.caller.id) for call in expired]
        assert self.heard(sends) == (
            sorted(call.request_id for call in expired),
            [],
            [],
            sorted(call.id for call in expired if call.callee.cancels),
        )
        for call in expired:
            del self.calls[call.id]

    # Streams

    @precondition(lambda self: self.peers)
    @rule(which=ANY, wild=WILD, id=st.sampled_from("001"), stream=st.sampled_from([None, "p", "p"]))
    def subscribe(self, which: int, wild: int | None, id: str, stream: str | None) -> None:
        a, b, id = self.aim(which, wild, id)
        request_id = f"subscribe-{self.fresh()}"
        (send,) = self.handle(a.connection, Subscribe(request_id, a.id, b.id, id))
        if not (self.sees(a, b) and id in b.methods):
            assert isinstance(send.message, Error) and send.message.peer_id == a.id
            return
        interest = send.message
        assert isinstance(interest, AddInterest)
        assert (interest.peer_id, interest.caller_id) == (b.id, a.id)
        assert interest.subscription_id not in self.every_id
        self.every_id.add(interest.subscription_id)
        subscription = ModelSubscription(interest.subscription_id, a, request_id, b, id)
        self.subscriptions[subscription.id] = subscription
        if stream is not None:
            self.accept(len(self.subscriptions) - 1, None, stream)

    def subscription(self, which: int) -> ModelSubscription:
        return list(self.subscriptions.values())[which % len(self.subscriptions)]

    @precondition(lambda self: self.subscriptions)
    @rule(which=ANY, by=WILD, stream=st.sampled_from("pq"))
    def accept(self, which: int, by: int | None, stream: str) -> None:
        subscription = self.subscription(which)
        peer = subscription.publisher if by is None else self.pick(by)
        sends = self.handle(peer.connection, Accepted(None, peer.id, subscription.id, stream))
        if peer is not subscription.publisher:
            assert sends == []
            return
        subscriber = subscription.subscriber
        subscribed = Subscribed(subscription.request_id, subscriber.id, subscription.id)
        assert sends == [Send(subscriber.connection, subscribed)]
        if stream not in subscription.streams:
            subscription.streams.append(stream)
            self.streams.setdefault((peer.id, stream), []).append(subscription.id)

    @precondition(lambda self: self.subscriptions)
    @rule(which=ANY, by=WILD, dropping=st.booleans())
    def reject_or_drop(self, which: int, by: int | None, dropping: bool) -> None:
        subscription = self.subscription(which)
        peer = subscription.publisher if by is None else self.pick(by)
        message = (
            DropSubscription(None, peer.id, subscription.id, "my.uri", "No")
            if dropping
            else Failure(subscription.id, peer.id, "my.uri", "No")
        )
        (send,) = self.handle(peer.connection, message)
        accepted = bool(subscription.streams)
        if peer is not subscription.publisher or (dropping and not accepted):
            assert isinstance(send.message, Error) and send.message.peer_id == peer.id
            self.dropped += not dropping
            return
        self.drop(subscription)
        subscriber = subscription.subscriber
        ending = (
            SubscriptionCancelled(subscriber.id, subscription.id, "my.uri", "No")
            if accepted
            else Error(subscription.request_id, subscriber.id, "my.uri", "No", "agm")
        )
        assert send == Send(subscriber.connection, ending)

    @precondition(lambda self: self.peers)
    @rule(which=ANY, wild=WILD, stream=st.sampled_from("pq"))
    def publish(self, which: int, wild: int | None, stream: str) -> None:
        fed = [key for key, subscriptions in self.streams.items() if subscriptions]
        if wild is None and fed:
            peer_id, stream = fed[which % len(fed)]
            peer = self.peers[peer_id]
        else:
            peer = self.pick(which)
        data = self.fresh()
        sends = self.handle(peer.connection, Publish(None, peer.id, stream, raw(data)))
        wanted = self.streams.get((peer.id, stream), [])
        # Connection by connection: what the order among them is does not matter.
        connections = {each: self.subscriptions[each].subscriber.connection for each in wanted}
        places = list(connections.values())
        wanted = sorted(wanted, key=lambda each: places.index(connections[each]))
        assert [self.event(send, data, oob=False) for send in sends] == wanted

    @precondition(lambda self: self.subscriptions)
    @rule(which=ANY, by=WILD)
    def post(self, which: int, by: int | None) -> None:
        subscription = self.subscription(which)
        peer = subscription.publisher if by is None else self.pick(by)
        data = self.fresh()
        sends = self.handle(peer.connection, Post(None, peer.id, subscription.id, raw(data)))
        wanted = [subscription.id] if peer is subscription.publisher else []
        assert [self.event(send, data, oob=True) for send in sends] == wanted

    def event(self, send: Send, data: int, *, oob: bool) -> str:
        message = send.message
        assert isinstance(message, Event)
        subscription = self.subscriptions[message.subscription_id]
        assert message.peer_id == subscription.subscriber.id
        assert (message.oob, message.data) == (oob, raw(data))
        assert data > self.last_event.get(subscription.id, 0), "events out of order"
        self.last_event[subscription.id] = data
        return subscription.id

    @precondition(lambda self: self.subscriptions)
    @rule(which=ANY, by=WILD)
    def unsubscribe(self, which: int, by: int | None) -> None:
        subscription = self.subscription(which)
        peer = subscription.subscriber if by is None else self.pick(by)
        sends = self.handle(peer.connection, Unsubscribe("u", peer.id, subscription.id))
        if peer is not subscription.subscriber:
            assert [type(send.message) for send in sends] == [Error]
            return
        self.drop(subscription)
        assert self.heard(sends) == ([], [], [subscription.id], [])
        assert sends[-1] == Send(peer.connection, Success("u", peer.id, "agm"))

    # What holds at all times

    @invariant()
    def tables_are_those_of_the_model(self) -> None:
        nothing = dict.fromkeys(self.router.counters(), 0)
        assert self.router.counters() == nothing | {
            "connections": len(self.open),
            "peers": len(self.peers),
            "methods": sum(len(peer.methods) for peer in self.peers.values()),
            "calls": len(self.calls),
            "subscriptions": len(self.subscriptions),
            "dropped_answers": self.dropped,
            "dropped_progress": self.dropped_progress,
        }

    @invariant()
    def call_that_has_not_ended_is_pending_or_has_lost_its_caller(self) -> None:
        for call in self.calls.values():
            assert self.ended[call.request_id] == 0

    def teardown(self) -> None:
        while self.open:
            self.disconnect(0)
        self.tables_are_those_of_the_model()
        assert self.router.next_deadline() is None


def told_of_removal(sends: list[Send], peer: ModelPeer) -> set[str]:
    return {
        send.message.peer_id
        for send in sends
        if isinstance(send.message, PeerRemoved) and send.message.removed_id == peer.id
    }


TestPromises = Promises.TestCase
TestPromises.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
