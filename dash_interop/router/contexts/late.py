"""
Writers that apply what they have written when they hear that it was done, and perhaps later than
what somebody else has written after them: their copies would stay different for good.

What such a writer wrote is remembered until it has surely applied it. When somebody else writes to
the same place meanwhile, the writer's connection is probed, and once it is sure that the writer is
done, the writer is told what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from ...wire.deltas import Path

__all__ = ["LateWriter"]

_PROBE_AT: Final = 64
"""Paths from which on a writer is probed without a reason, so that they can be forgotten."""

_MOST_PATHS: Final = 1024
"""Paths above which only the whole value is remembered."""


class LateWriter:
    """
    What one writer wrote to one context, and may not have applied yet.

    Moments are numbers that grow: what was written or subscribed to has one, and so has a probe.

    Attributes:
        is_probed: Whether a probe is under way.
        updater_id: Who wrote last to a place where this one wrote.
    """

    __slots__ = ("_disturbed", "_written", "is_probed", "updater_id")

    def __init__(self) -> None:
        self._written: dict[Path, int] = {}
        self._disturbed: dict[Path, int] = {}
        """Where somebody else wrote later, and the moment in which this one did."""
        self.is_probed = False
        self.updater_id: str | None = None

    @property
    def is_empty(self) -> bool:
        return not self._written and not self._disturbed

    @property
    def wants_probe(self) -> bool:
        return not self.is_probed and (bool(self._disturbed) or len(self._written) > _PROBE_AT)

    def write(self, paths: Collection[Path], moment: int, writer_id: str) -> None:
        """
        It wrote, and applies that as soon as it hears of it. Clients of this family do so sooner
        where they have set the whole value: what they wrote before may then come behind it.
        """
        if () in paths and self._written:
            earlier = [path for path in self._written if path]
            self._disturbed.update(dict.fromkeys(earlier, moment))
            self.updater_id = writer_id
        self._written.update(dict.fromkeys(paths, moment))
        _bound(self._written, moment)

    def subscribe(self, moment: int) -> None:
        """It gets the present value, and may apply to that what it wrote before."""
        self._written = dict.fromkeys(self._written, moment)
        self._disturbed = dict.fromkeys(self._disturbed, moment)

    def disturb(self, paths: Iterable[Path], updater_id: str | None) -> None:
        """
        Somebody else wrote. Where one path leads on from the other, the two differ at the end of
        the longer one at most. A write of several paths may stop half way through, so that the two
        may differ at all of them then.
        """
        others = set(paths)
        found: dict[Path, int] = {}
        for other in others:
            moments = [
                self._written[other[:length]]
                for length in range(len(other) + 1)
                if other[:length] in self._written
            ]
            if moments:
                found[other] = max(moments)
        for path, moment in self._written.items():
            if any(path[:length] in others for length in range(len(path))):
                found[path] = max(moment, found.get(path, 0))
        if found:
            writes = Counter(self._written.values())
            moments = {at for at in found.values() if writes[at] > 1}
            found |= {path: at for path, at in self._written.items() if at in moments}
            self.updater_id = updater_id
            self._disturbed.update(found)
            _bound(self._disturbed, max(self._disturbed.values()))

    def applied(self, moment: int) -> list[Path]:
        """
        It has applied what it wrote before a moment.

        Returns:
            Where it may have something else than there is.
        """
        self._written = {path: at for path, at in self._written.items() if at >= moment}
        done = [path for path, at in self._disturbed.items() if at < moment]
        for path in done:
            del self._disturbed[path]
        return done


def _bound(paths: dict[Path, int], moment: int) -> None:
    if len(paths) > _MOST_PATHS:
        paths.clear()
        paths[()] = moment
