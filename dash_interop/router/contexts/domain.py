"""
The domain ``context`` behind the seam of the router.

The gateway decides in which order a context is written. Members get each change in that order; a
writer hears of its success when the others have been told. Peers act in the contexts of their user,
whether they have joined the domain or speak of contexts in the domain ``global``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from msgspec import UNSET, Raw

from ...wire.codec import encode, encode_tail
from ...wire.contexts import (
    CONFLICT,
    CONTEXT,
    DESTROYED,
    FAILURE,
    IN_GLOBAL,
    LIMITS_EXCEEDED,
    NOT_AUTHORIZED,
    PEER_LEFT,
    REF_COUNTED,
    RETAINED,
    UNKNOWN_CONTEXT,
    VOCABULARY,
    ContextAdded,
    ContextCreated,
    ContextDestroyed,
    ContextUpdatedTail,
    CreateContext,
    DestroyContext,
    SubscribeContext,
    SubscribedContext,
    UnsubscribeContext,
    UpdateContext,
)
from ...wire.deltas import DeltaRefused, Path, read_delta
from ...wire.envelope import GLOBAL, Inbound, Success
from ...wire.login import Join
from ..effects import Probe
from ..peers import Peer
from ..switchboard import Switchboard
from .channels import Channel
from .context import Context, Member
from .drafts import Draft, new_value, read_draft
from .healing import Healing, key_of
from .refusals import RequestRefused
from .table import Table
from .value import ValueTooLarge
from .written import Written

__all__ = ["Contexts"]

_IN_CONTEXT: Final = frozenset(VOCABULARY.accepted.values())

_LEFT: Final = "Context destroyed because its owner/last peer left"


class Contexts:
    """
    Args:
        board: Shared with the router.
        channels: The contexts that every user has from the first login on.
    """

    vocabularies = (VOCABULARY, IN_GLOBAL)

    def __init__(self, board: Switchboard, channels: Sequence[Channel] = ()) -> None:
        self._board = board
        self._channels = tuple(channels)
        self._members: dict[str, Member] = {}
        self._table = Table()
        self._healing = Healing(board)
        self._version = 0
        self._unused: dict[Context, float] = {}
        """When those end that are without members; the next one is the first."""
        self._handlers: dict[type[Inbound], Callable[[Member, Any], None]] = {}
        for name, handler in {
            "create-context": self._create,
            "subscribe-context": self._subscribe,
            "unsubscribe-context": self._unsubscribe,
            "update-context": self._update,
            "destroy-context": self._destroy,
        }.items():
            for vocabulary in self.vocabularies:
                self._handlers[vocabulary.accepted[name]] = handler

    # What the router calls

    def arrive(self, peer: Peer) -> None:
        member = self._members[peer.id] = Member(peer)
        if len(self._board.peers.of_user(peer.user)) == 1:
            self._make_channels(peer.user)
        self._announce_all(member)

    def depart(self, peer: Peer) -> None:
        member = self._members.pop(peer.id)
        for context in list(member.writing.values()):
            self._healing.forget(context, member)
        for context in list(member.subscribed.values()):
            self._leave(context, member)
        for context in list(member.owned.values()):
            self._end(context, PEER_LEFT, _LEFT)
        if not self._board.peers.of_user(peer.user):
            for context in list(self._table.of_user(peer.user).values()):
                if context.is_untouched:
                    self._end(context, PEER_LEFT, _LEFT)

    def join(self, peer: Peer, message: Join) -> bool:
        member = self._members[peer.id]
        if member.domain != CONTEXT:
            member.speak_in(CONTEXT)
            self._announce_all(member)
        return True

    def leave(self, peer: Peer, reason_uri: str | None, reason: str | None) -> None:
        self._members[peer.id].speak_in(GLOBAL)

    def handle(self, peer: Peer, message: Any) -> None:
        member = self._members[peer.id]
        try:
            if type(message) in _IN_CONTEXT and member.domain != CONTEXT:
                raise RequestRefused(FAILURE, "Join the domain context first", CONTEXT)
            self._handlers[type(message)](member, message)
        except RequestRefused as refusal:
            domain = refusal.domain or member.domain
            reason_uri = f"{domain}.{refusal.reason_uri}"
            self._board.refuse(peer, message.request_id, reason_uri, str(refusal), domain)

    def passes_over(self, message: Any) -> bool:
        return False

    def heard(self, probe: Probe) -> None:
        context_id, peer_id, moment = key_of(probe)
        context = self._table.get(context_id)
        member = None if context is None else context.members.get(peer_id)
        if context is not None and member is not None:
            self._healing.heard(context, member, moment)

    def end_turn(self) -> None:
        """It puts nothing off."""

    @property
    def is_busy(self) -> bool:
        return False

    def tick(self) -> None:
        for context, due in list(self._unused.items()):
            if due > self._board.now:
                break
            self._end(context, PEER_LEFT, _LEFT)

    def next_deadline(self) -> float | None:
        return next(iter(self._unused.values()), None)

    def counters(self) -> dict[str, int]:
        return {
            "contexts": len(self._table),
            "context_members": sum(len(context.members) for context in self._table),
            "context_probes": self._healing.probes,
            "context_heals": self._healing.heals,
        }

    def snapshot(self) -> dict[str, Any]:
        return {context.id: context.snapshot() for context in self._table}

    # Requests

    def _create(self, member: Member, message: CreateContext) -> None:
        draft = read_draft(message, self._board.limits)
        context = self._table.of_user(member.peer.user).get(draft.name)
        if context is not None:
            self._check_reader(context, member)
            if draft.restored is not None:
                self._restore(context, member, draft, draft.restored)
            self._enter(context, member, message)
        else:
            context = self._make(member, draft)
            answer = ContextCreated(
                message.request_id,
                member.id,
                context.id,
                member.domain,
                context.version,
                context.value.text if draft.is_changed else UNSET,
            )
            self._board.send(member.connection, answer)
        # A client of this family takes this answer up later than updates that come behind it.
        member.echoes = member.echoes or message.echo or draft.restored is not None
        if not member.echoes:
            self._healing.wrote(context, member, [()])

    def _subscribe(self, member: Member, message: SubscribeContext) -> None:
        context = self._find(message.context_id, member)
        self._check_reader(context, member)
        self._enter(context, member, message)
        self._healing.subscribed(context, member)

    def _unsubscribe(self, member: Member, message: UnsubscribeContext) -> None:
        context = self._find(message.context_id, member)
        self._healing.forget(context, member)
        self._leave(context, member)
        self._succeed(member, message)

    def _update(self, member: Member, message: UpdateContext) -> None:
        context = self._find(message.context_id, member)
        if not context.admits_writer(member.peer):
            raise RequestRefused(NOT_AUTHORIZED, "Not authorized to update context")
        _check_version(context, message)
        paths = self._write(context, message.delta)
        self._tell(context, member, message.delta, None if message.echo else member.id)
        self._healing.disturbed(context, member, paths)
        self._succeed(member, message)
        if message.echo:
            member.echoes = True
        else:
            self._healing.wrote(context, member, paths)

    def _destroy(self, member: Member, message: DestroyContext) -> None:
        context = self._find(message.context_id, member)
        owner_id = context.owner_id
        if not (context.admits_writer(member.peer) if owner_id is None else owner_id == member.id):
            raise RequestRefused(NOT_AUTHORIZED, "Not authorized to destroy context")
        _check_version(context, message)
        self._end(context, DESTROYED, "Context destroyed explicitly")
        self._succeed(member, message)

    # Who may

    def _find(self, context_id: str, member: Member) -> Context:
        context = self._table.get(context_id)
        if context is None or context.user != member.peer.user:
            raise RequestRefused(FAILURE, f"{UNKNOWN_CONTEXT} {context_id[:100]}")
        return context

    def _check_reader(self, context: Context, member: Member) -> None:
        if not context.admits_reader(member.peer):
            raise RequestRefused(NOT_AUTHORIZED, "Not authorized to read context")
        if context.id not in member.subscribed:
            self._check_subscriptions(member)

    def _check_subscriptions(self, member: Member) -> None:
        limit = self._board.limits.context_subscriptions_per_peer
        if len(member.subscribed) >= limit:
            reason = f"The limit of contexts that one peer subscribes to is {limit}"
            raise RequestRefused(LIMITS_EXCEEDED, reason)

    # The beginning of a context

    def _make(self, member: Member, draft: Draft) -> Context:
        user = member.peer.user
        limit = self._board.limits.contexts_per_user
        if len(self._table.of_user(user)) >= limit:
            raise RequestRefused(LIMITS_EXCEEDED, f"The limit of contexts of one user is {limit}")
        self._check_subscriptions(member)
        context = self._add(draft, user, member.peer)
        if draft.restored is not None:
            self._version = max(self._version, draft.restored)
            context.version = context.restored = draft.restored
        context.ends_unused = draft.ends_unused
        if context.owner_id is not None:
            member.owned[context.id] = context
        for reader in self._readers(context):
            self._announce(context, reader, member.id)
        context.add(member)
        return context

    def _make_channels(self, user: str) -> None:
        limits = self._board.limits
        for channel in self._channels:
            if channel.context_name not in self._table.of_user(user):
                value = new_value(Raw(channel.value), limits)
                self._add(Draft(channel.context_name, RETAINED, value, Written()), user, None)

    def _add(self, draft: Draft, user: str, creator: Peer | None) -> Context:
        context = Context(
            self._board.new_id("c"),
            draft.name,
            user,
            creator,
            draft.lifetime,
            draft.permissions,
            draft.value,
            self._next_version(),
            draft.written,
        )
        self._table.add(context)
        return context

    def _restore(self, context: Context, member: Member, draft: Draft, version: int) -> None:
        """Take a newer value that was there before this gateway, below what was written here."""
        written = context.written
        if not context.is_restorable or written.is_everywhere or version <= context.restored:
            return
        try:
            written.lay(context.value, draft.value)
        except (DeltaRefused, ValueTooLarge):
            # What was written stays, and its writer was told so.
            return
        context.restored = version
        context.value = draft.value
        self._version = max(self._version, version)
        is_as_it_was = written.is_nowhere and version > context.version
        context.version = version if is_as_it_was else self._next_version()
        self._tell(context, member, Raw(encode({"reset": context.value.text})))
        self._healing.disturbed(context, member, [()])

    def _announce_all(self, member: Member) -> None:
        for context in self._table.of_user(member.peer.user).values():
            if context.admits_reader(member.peer):
                self._announce(context, member, context.owner_id)

    def _announce(self, context: Context, reader: Member, creator_id: str | None) -> None:
        added = ContextAdded(reader.id, creator_id, context.id, context.name, reader.domain)
        self._board.send(reader.connection, added)

    def _readers(self, context: Context) -> list[Member]:
        peers = self._board.peers.of_user(context.user).values()
        return [self._members[peer.id] for peer in peers if context.admits_reader(peer)]

    # Its life

    def _enter(
        self, context: Context, member: Member, message: CreateContext | SubscribeContext
    ) -> None:
        context.add(member)
        self._unused.pop(context, None)
        answer = SubscribedContext(
            message.request_id,
            member.id,
            context.id,
            context.value.text,
            member.domain,
            context.version,
            True if context.is_restorable else UNSET,
        )
        self._board.send(member.connection, answer)

    def _write(self, context: Context, raw: Raw) -> Collection[Path]:
        limits = self._board.limits
        try:
            delta = read_delta(raw)
            if len(delta.commands or ()) > limits.commands_per_delta:
                reason = f"The limit of commands in one delta is {limits.commands_per_delta}"
                raise RequestRefused(LIMITS_EXCEEDED, reason)
            paths = context.value.apply(delta, len(bytes(raw)))
        except DeltaRefused as refusal:
            raise RequestRefused(FAILURE, str(refusal)) from None
        except ValueTooLarge:
            reason = f"The value of a context has at most {limits.context_size} bytes"
            raise RequestRefused(LIMITS_EXCEEDED, reason) from None
        context.version = self._next_version()
        context.written.add(paths)
        return paths

    def _tell(
        self, context: Context, updater: Member, delta: Raw, without: str | None = None
    ) -> None:
        audience = context.audience(without)
        if audience:
            rest = ContextUpdatedTail(updater.id, context.id, delta, context.version)
            self._board.fan_out(audience, encode_tail(rest))

    def _leave(self, context: Context, member: Member) -> None:
        if not context.remove(member) or context.members:
            return
        if context.lifetime == REF_COUNTED:
            self._end(context, PEER_LEFT, _LEFT)
        elif context.ends_unused:
            self._unused[context] = self._board.now + self._board.limits.unused_context_seconds

    def _end(self, context: Context, reason_uri: str, reason: str) -> None:
        self._table.remove(context)
        self._unused.pop(context, None)
        for member in list(context.members.values()):
            context.remove(member)
        for member in map(self._members.get, list(context.writers)):
            assert member is not None
            self._healing.forget(context, member)
        for reader in self._readers(context):
            reader.owned.pop(context.id, None)
            gone = ContextDestroyed(reader.id, context.id, reason_uri, reason, reader.domain)
            self._board.send(reader.connection, gone)

    def _succeed(self, member: Member, message: Inbound) -> None:
        self._board.send(member.connection, Success(message.request_id, member.id, member.domain))

    def _next_version(self) -> int:
        self._version += 1
        return self._version


def _check_version(context: Context, message: UpdateContext | DestroyContext) -> None:
    if message.if_version is not UNSET and message.if_version != context.version:
        reason = f"The context has version {context.version}, not {message.if_version}"
        raise RequestRefused(CONFLICT, reason)
