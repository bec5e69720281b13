"""
What a peer wants to be told of: all that others offer, or only methods of some names.

A service sees the peers of all users. One that is narrow begins with nothing and asks for more when
it is needed; what it has asked for once, it is told of from then on, also after an outage. Gateways
that do not know of it tell everybody everything.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from ..wire.agm import BATCHES, Widen
from ..wire.envelope import Outbound
from ..wire.login import Join
from .link import Link, Wait

__all__ = ["Interest"]


class Interest:
    """
    Names are compared without regard to case; ``None`` stands for all that is offered, and for all
    peers.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._wants_all = True
        self._names: set[str] = set()
        self._open: set[str | None] = set()
        """What is wanted, and not known to have been told."""

    def narrow(self) -> None:
        """Begin with nothing; before the first login."""
        self._wants_all = False

    def joining(self, join: Join) -> Join:
        """With all that is wanted by now."""
        self._open.clear()
        if self._wants_all or BATCHES not in join.extensions:
            return join
        return structs.replace(join, interest=sorted(self._names))

    def joined(self) -> None:
        """Ask for what is wanted since."""
        for key in list(self._open):
            self._ask(key)

    def covers(self, name: str | None) -> bool:
        """Whether all of that name is known that there was a moment ago."""
        if self._wants_all and None not in self._open:
            return True
        if self._link.is_joined and BATCHES not in self._link.extensions:
            return True
        key = _key(name)
        return key is not None and key in self._names and key not in self._open

    def want(self, name: str | None) -> None:
        """Ask to be told, if that is not done yet."""
        if self._wants_all:
            return
        key = _key(name)
        if key in self._names:
            return
        if key is None:
            self._wants_all = True
        else:
            self._names.add(key)
        self._open.add(key)
        if self._link.is_joined:
            self._ask(key)

    def wait(
        self,
        name: str | None,
        is_over: Callable[[], bool],
        deadline: float | None,
        on_timeout: Callable[[], None],
    ) -> Wait | None:
        """As ``Link.wait``, for what has to be known: time is not up before it is."""
        self.want(name)
        return self._link.wait(is_over, deadline, on_timeout, is_known=lambda: self.covers(name))

    def _ask(self, key: str | None) -> None:
        link = self._link
        names = None if key is None else [key]

        def answered(answer: Outbound | None) -> None:
            if answer is not None:
                self._open.discard(key)
                link.look_again()

        link.request(Widen(link.new_request_id(), link.peer_id, names), answered)


def _key(name: str | None) -> str | None:
    return name.lower() if name else None
