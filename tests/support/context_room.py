"""Peers at a router that share contexts, each with the copies that it makes of what it hears."""

from typing import Any

import msgspec
from msgspec import UNSET

from dash_interop.router.contexts.channels import Channel
from dash_interop.router.contexts.domain import Contexts
from dash_interop.router.effects import Probe, RouterEffect
from dash_interop.router.limits import Limits
from dash_interop.router.principals import Remote
from dash_interop.router.router import Router
from dash_interop.wire.codec import Codec
from dash_interop.wire.contexts import (
    IN_GLOBAL,
    VOCABULARY,
    ContextAdded,
    ContextCreated,
    ContextDestroyed,
    ContextUpdated,
    CreateContext,
    DestroyContext,
    SubscribeContext,
    SubscribedContext,
    UnsubscribeContext,
    UpdateContext,
)
from dash_interop.wire.deltas import DeltaRefused, apply_delta
from dash_interop.wire.envelope import Error, Inbound, Success
from dash_interop.wire.login import VOCABULARY as LOGIN
from dash_interop.wire.login import Hello, Join, Leave, Welcome
from tests.support.room import BelieveLogins, credentials, frames_of, raw

__all__ = ["ContextPeer", "ContextRoom", "error_of"]


class ContextRoom:
    """
    A router that serves contexts alone.

    Attributes:
        probes: What the shell has not answered yet.
    """

    def __init__(
        self, limits: Limits | None = None, channels: tuple[Channel, ...] = (), node: str = "N"
    ) -> None:
        self.router = Router(
            BelieveLogins(), [lambda board: Contexts(board, channels)], node=node, limits=limits
        )
        self.peers: dict[str, ContextPeer] = {}
        self.probes: list[Probe] = []
        self._codec = Codec([LOGIN, IN_GLOBAL, VOCABULARY])
        self._connections = 0

    def enter(self, user: str = "anna", *, echoes: bool = False, **identity: Any) -> "ContextPeer":
        """A peer with a connection of its own."""
        self._connections += 1
        connection = f"connection {self._connections}"
        self.router.connect(connection, Remote("127.0.0.1"))
        peer = ContextPeer(self, connection, echoes)
        self.peers[connection] = peer
        peer.ask(Hello(identity=identity, authentication=credentials(user)))
        return peer

    def handle(self, connection: str, message: Inbound) -> None:
        text = self._codec.to_gateway(message)
        self.take(self.router.handle(connection, self.router.codec.decode(text), 0.0))

    def take(self, effects: list[RouterEffect]) -> None:
        self.probes += [effect for effect in effects if isinstance(effect, Probe)]
        for connection, frame in frames_of(effects):
            peer = self.peers.get(str(connection))
            assert peer is not None, "sent to a closed connection"
            message = self._codec.from_gateway(frame)
            assert message is not None, frame
            peer.hear(message)

    def answer_probes(self) -> None:
        """All have read what was sent to them, and have applied it."""
        while self.probes:
            probe = self.probes.pop(0)
            peer = self.peers.get(str(probe.connection))
            if peer is not None:
                peer.catch_up()
            self.take(self.router.heard(probe, 0.0))

    def read(self, name: str, user: str = "anna") -> Any:
        """The value as a newcomer gets it; ``None`` where there is no such context."""
        newcomer = self.enter(user, echoes=True)
        value = newcomer.subscribe(name) if name in newcomer.ids else None
        newcomer.end()
        return value

    def counters(self) -> dict[str, int]:
        return self.router.counters()


class ContextPeer:
    """
    A client.

    Args:
        echoes: Whether it changes its copies by what it hears alone. Otherwise it applies a write
            of its own only when it catches up, as a client does that has much to do.

    Attributes:
        ids: The contexts that it knows of, by name.
        copies: Its values of those that it is a member of, by id.
        versions: Of the copies.
        changes: The deltas that it heard of, with who had made them.
        answers: To what it has asked, the newest last.
        heard: All frames.
    """

    def __init__(self, room: ContextRoom, connection: str, echoes: bool) -> None:
        self._room = room
        self.connection = connection
        self.echoes = echoes
        self.id = ""
        self.ids: dict[str, str] = {}
        self.copies: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}
        self.changes: list[tuple[str | None, Any]] = []
        self.answers: list[Any] = []
        self.heard: list[Any] = []
        self._late: list[tuple[str, Any]] = []
        """Writes whose success it has heard of, and has not taken up."""

    def ask(self, message: Inbound) -> Any:
        """Say something; returns the answer."""
        before = len(self.answers)
        self._room.handle(self.connection, message)
        assert len(self.answers) == before + 1, message
        return self.answers[-1]

    def join(self) -> Any:
        return self.ask(Join("j", self.id, "context"))

    def leave(self) -> Any:
        return self.ask(Leave("l", self.id, "context"))

    def create(self, name: str, data: Any = None, **more: Any) -> Any:
        fields = {"lifetime": "retained", "echo": self.echoes, **more}
        answer = self.ask(CreateContext("c", self.id, name, raw(data), **fields))
        if isinstance(answer, ContextCreated):
            value = data if answer.data is UNSET else msgspec.json.decode(answer.data)
            self._become_member(answer, value or {})
        elif isinstance(answer, SubscribedContext):
            self._become_member(answer, msgspec.json.decode(answer.data))
        return answer

    def subscribe(self, name: str) -> Any:
        answer = self.ask(SubscribeContext("s", self.id, self.ids[name]))
        if not isinstance(answer, SubscribedContext):
            return answer
        value = msgspec.json.decode(answer.data)
        self._become_member(answer, value)
        return value

    def unsubscribe(self, name: str) -> Any:
        id = self.ids[name]
        self.copies.pop(id, None)
        self._late = [(each, delta) for each, delta in self._late if each != id]
        return self.ask(UnsubscribeContext("u", self.id, id))

    def update(self, name: str, delta: Any, **more: Any) -> Any:
        id = self.ids[name]
        answer = self.ask(UpdateContext("w", self.id, id, raw(delta), self.echoes, **more))
        if isinstance(answer, Success) and not self.echoes:
            self._late.append((id, delta))
        return answer

    def destroy(self, name: str, **more: Any) -> Any:
        return self.ask(DestroyContext("d", self.id, self.ids[name], **more))

    def catch_up(self) -> None:
        """Take up what it has heard of its own writes, in their order."""
        late, self._late = self._late, []
        for id, delta in late:
            for part in _parts(delta):
                if id not in self.copies:
                    break
                if not self._changes(id, part):
                    break

    def end(self) -> None:
        """Its connection ends."""
        del self._room.peers[self.connection]
        self._room.take(self._room.router.disconnect(self.connection, 0.0))

    def copy(self, name: str) -> Any:
        return self.copies.get(self.ids.get(name, ""))

    def hear(self, message: Any) -> None:
        self.heard.append(message)
        if isinstance(message, Welcome):
            self.id = message.peer_id
        if isinstance(message, ContextAdded):
            self.ids[message.name] = message.context_id
        elif isinstance(message, ContextUpdated):
            self._apply(message)
        elif isinstance(message, ContextDestroyed):
            self.copies.pop(message.context_id, None)
            self.ids = {n: id for n, id in self.ids.items() if id != message.context_id}
        else:
            self.answers.append(message)

    def _become_member(self, answer: ContextCreated | SubscribedContext, value: Any) -> None:
        assert answer.version is not UNSET
        self.copies[answer.context_id] = value
        self.versions[answer.context_id] = answer.version

    def _changes(self, id: str, part: Any) -> bool:
        """Change a copy as published clients do, which fail half way through a delta."""
        try:
            self.copies[id] = apply_delta(self.copies[id], part)
        except DeltaRefused:
            return False
        return True

    def _apply(self, message: ContextUpdated) -> None:
        id, version = message.context_id, message.version
        delta = msgspec.json.decode(message.delta)
        self.changes.append((message.updater_id, delta))
        # What it is told while it creates a context again comes with the answer.
        if id in self.copies:
            if self.echoes:
                self.copies[id] = apply_delta(self.copies[id], delta)
            else:
                all(self._changes(id, part) for part in _parts(delta))
            assert version is not UNSET
            if self.echoes:
                assert version > self.versions[id], "a version did not grow"
            self.versions[id] = version


def _parts(delta: Any) -> list[Any]:
    """The delta as deltas of one command each, where it has commands that count."""
    if delta.get("reset") or not delta.get("commands"):
        return [delta]
    return [{"commands": [command]} for command in delta["commands"]]


def error_of(answer: Any) -> str:
    assert isinstance(answer, Error), answer
    return answer.reason_uri
