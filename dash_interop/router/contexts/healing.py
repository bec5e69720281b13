"""Having the copies of late writers equal to the value again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ...wire.contexts import CONTEXT, ContextUpdated
from ...wire.deltas import Path
from ..effects import Probe
from ..switchboard import Switchboard
from .context import Context, Member
from .late import LateWriter

__all__ = ["Healing"]


class Healing:
    """
    Attributes:
        probes: How many connections were probed.
        heals: How often a writer was told what there is where it had written.
    """

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._moment = 0
        self.probes = 0
        self.heals = 0

    def wrote(self, context: Context, member: Member, paths: Collection[Path]) -> None:
        """A late writer was told of its success, so it will apply what it wrote."""
        writer = context.writers.setdefault(member.id, LateWriter())
        member.writing[context.id] = context
        writer.write(paths, self._next_moment(), member.id)
        self._look_after(context, member, writer)

    def disturbed(self, context: Context, updater: Member, paths: Collection[Path]) -> None:
        """Somebody has written, which late writers may undo for themselves."""
        for peer_id, writer in context.writers.items():
            if peer_id != updater.id:
                writer.disturb(paths, updater.id)
                member = context.members.get(peer_id)
                if member is not None:
                    self._look_after(context, member, writer)

    def subscribed(self, context: Context, member: Member) -> None:
        """A member was sent the value, to which it may apply what it wrote before."""
        writer = context.writers.get(member.id)
        if writer is not None:
            writer.subscribe(self._next_moment())
            self._look_after(context, member, writer)

    def heard(self, context: Context, member: Member, moment: int) -> None:
        """A member has applied all that was sent to it before a moment."""
        writer = context.writers.get(member.id)
        if writer is None:
            return
        writer.is_probed = False
        paths = writer.applied(moment)
        if paths:
            self.heals += 1
            updated = ContextUpdated(
                member.id,
                writer.updater_id,
                context.id,
                context.value.delta_at(paths),
                member.domain,
                context.version,
            )
            self._board.send(member.connection, updated)
        if writer.is_empty:
            self.forget(context, member)
        else:
            self._look_after(context, member, writer)

    def forget(self, context: Context, member: Member) -> None:
        """It has no copy, or it has applied all that it wrote."""
        if context.writers.pop(member.id, None) is not None:
            del member.writing[context.id]

    def _look_after(self, context: Context, member: Member, writer: LateWriter) -> None:
        if writer.wants_probe and member.id in context.members:
            writer.is_probed = True
            self.probes += 1
            key = (context.id, member.id, self._next_moment())
            self._board.probe(member.connection, CONTEXT, key)

    def _next_moment(self) -> int:
        self._moment += 1
        return self._moment


def key_of(probe: Probe) -> tuple[str, str, int]:
    """The context, the member and the moment of a probe."""
    key: Any = probe.key
    return key
