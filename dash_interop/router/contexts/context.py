"""Contexts, and what each peer has to do with them."""

from __future__ import annotations

from typing import Any, Final

from ...wire.codec import encode_head
from ...wire.contexts import OWNERSHIP, RETAINED, ContextUpdatedHead
from ...wire.envelope import GLOBAL
from ..effects import Audience, ConnectionId
from ..peers import Peer
from ..restrictions import Restriction
from .late import LateWriter
from .value import Value
from .written import Written

__all__ = ["Context", "Member"]

_MOST_AUDIENCES: Final = 8
"""Kept of one context. Each is as long as there are members, and each late writer has its own."""


class Member:
    """
    A peer, and everything of it that ends when it is gone.

    Attributes:
        domain: Where it is spoken to.
        echoes: Whether it has said that it changes its copies by updates alone.
        subscribed: The contexts whose updates it gets, by id.
        owned: Those that end with it.
        writing: Those to which it may have to apply its writes yet.
    """

    __slots__ = ("connection", "domain", "echoes", "id", "owned", "peer", "subscribed", "writing")

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.id = peer.id
        self.connection = peer.connection
        self.domain = GLOBAL
        self.echoes = False
        self.subscribed: dict[str, Context] = {}
        self.owned: dict[str, Context] = {}
        self.writing: dict[str, Context] = {}

    def speak_in(self, domain: str) -> None:
        """From now on, it is spoken to in another domain."""
        self.domain = domain
        for context in self.subscribed.values():
            context.address_anew()


class Context:
    """
    Attributes:
        user: Whose it is.
        creator: Who made it; ``None`` for one that the gateway made. It may be gone.
        version: Of the value.
        restored: Version that the newest value had that came from a gateway that is gone; 0 where
            none has come.
        ends_unused: Whether it ends when it has been without members for long.
        written: What was written here. It stays when a newer value comes from such a gateway.
        members: Who gets its updates.
        writers: Those who may have to apply their writes yet, by the id of the peer.
    """

    def __init__(
        self,
        id: str,
        name: str,
        user: str,
        creator: Peer | None,
        lifetime: str,
        permissions: tuple[Restriction | None, Restriction | None],
        value: Value,
        version: int,
        written: Written,
    ) -> None:
        self.id = id
        self.name = name
        self.user = user
        self.creator = creator
        self.lifetime = lifetime
        self._may_read, self._may_write = permissions
        self.value = value
        self.version = version
        self.written = written
        self.restored = 0
        self.ends_unused = False
        self.members: dict[str, Member] = {}
        self.writers: dict[str, LateWriter] = {}
        self._audiences: dict[str | None, Audience] = {}

    @property
    def owner_id(self) -> str | None:
        """With whom it ends."""
        return self.creator.id if self.lifetime == OWNERSHIP and self.creator else None

    @property
    def is_restorable(self) -> bool:
        """Whether its members may make it anew at another gateway."""
        return self.lifetime == RETAINED and self._may_read is None and self._may_write is None

    @property
    def is_untouched(self) -> bool:
        """Whether the gateway made it and nobody has written since."""
        return self.creator is None and self.restored == 0 and self.written.is_nowhere

    def admits_reader(self, peer: Peer) -> bool:
        return (
            self._may_read is None
            or self._holds(self._may_read, peer)
            or (self._may_write is not None and self._holds(self._may_write, peer))
        )

    def admits_writer(self, peer: Peer) -> bool:
        if self._may_write is None:
            return self.admits_reader(peer)
        return self._holds(self._may_write, peer)

    def _holds(self, permission: Restriction, peer: Peer) -> bool:
        creator = self.creator
        return creator is not None and (
            peer.id == creator.id or permission(creator.identity, peer.identity)
        )

    def add(self, member: Member) -> None:
        self.members[member.id] = member
        member.subscribed[self.id] = self
        self._audiences.clear()

    def remove(self, member: Member) -> bool:
        """Whether it was a member."""
        if self.members.pop(member.id, None) is None:
            return False
        del member.subscribed[self.id]
        self._audiences.clear()
        return True

    def address_anew(self) -> None:
        """A member is spoken to in another domain."""
        self._audiences.clear()

    def audience(self, without: str | None = None) -> Audience:
        """
        The members, with the head of a ``ContextUpdated`` for each.

        Args:
            without: The id of a peer that is left out.
        """
        audience = self._audiences.get(without)
        if audience is None:
            if len(self._audiences) == _MOST_AUDIENCES:
                self._audiences.clear()
            heads: dict[ConnectionId, list[bytes]] = {}
            for member in self.members.values():
                if member.id != without:
                    head = encode_head(ContextUpdatedHead(member.id, member.domain))
                    heads.setdefault(member.connection, []).append(head)
            audience = tuple((each, tuple(its)) for each, its in heads.items())
            self._audiences[without] = audience
        return audience

    def snapshot(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "user": self.user,
            "version": self.version,
            "lifetime": self.lifetime,
            "members": list(self.members),
            "writers": list(self.writers),
        }
