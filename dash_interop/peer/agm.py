"""
The domain ``agm`` at a peer: the methods and streams that others offer, those that it offers
itself, and what it invokes and subscribes to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, ClassVar, Final

from msgspec import structs

from ..errors import MethodNotFound, NotConnected
from ..wire.agm import (
    VOCABULARY,
    AddedMethods,
    AddedPeer,
    AddInterest,
    Announcements,
    CancelInvocation,
    Event,
    Invoke,
    MethodsAdded,
    MethodsRemoved,
    PeerAdded,
    PeerRemoved,
    Progressed,
    RemovedMethods,
    RemovedPeer,
    RemoveInterest,
    Result,
    Subscribed,
    SubscriptionCancelled,
)
from ..wire.definitions import MethodDefinition
from ..wire.envelope import Outbound, Vocabulary
from ..wire.login import Join
from ..wire.payloads import decode_object
from .directory import Directory, Instance
from .history import StreamHistory
from .interest import Interest
from .invoking import Invoking
from .link import Link, Wait
from .publishing import Publication, Publishing
from .queue import QueueSettings
from .requests import ServerRequest
from .serving import Serving
from .subscribing import Subscribing, SubscriptionLine

__all__ = ["Agm"]


class Agm:
    """
    What is asked with a token is answered by a ``Settle`` of that token.

    Attributes:
        directory: What others offer, as far as it is known.
        interest: What shall be known of it.
        serving: What this peer offers.
        publishing: Who subscribes to its streams.
        subscribing: What it subscribes to.
    """

    vocabulary: ClassVar[Vocabulary] = VOCABULARY

    def __init__(self, link: Link) -> None:
        self._link = link
        self.interest: Final = Interest(link)
        self.directory: Final = Directory(link.tell, self.interest)
        self.serving: Final = Serving(link)
        self.publishing: Final = Publishing(link, self.directory)
        self.subscribing: Final = Subscribing(link)
        self._instance = Instance(link.identity, self.directory)
        self._announce: Mapping[type[Any], Callable[[Any], None]] = {
            AddedPeer: self._peer_added,
            RemovedPeer: self._peer_removed,
            AddedMethods: self._hear_of_methods,
            RemovedMethods: self._methods_removed,
        }

    @property
    def handlers(self) -> Mapping[type[Outbound], Callable[[Any], None]]:
        return {
            Result: self._link.answered,
            Progressed: self._link.progressed,
            Subscribed: self._link.answered,
            Announcements: self._announced,
            PeerAdded: self._peer_added,
            PeerRemoved: self._peer_removed,
            MethodsAdded: self._methods_added,
            MethodsRemoved: self._methods_removed,
            Invoke: self.serving.invoke,
            CancelInvocation: self.serving.cancel,
            AddInterest: self.publishing.request,
            RemoveInterest: self.publishing.end,
            Event: self.subscribing.receive,
            SubscriptionCancelled: self.subscribing.cancelled,
        }

    @property
    def instance(self) -> Instance:
        """This peer as others see it; before the first login, as it will introduce itself."""
        return self._instance

    # From login to outage

    def logged_in(self) -> None:
        peer_id = self._link.peer_id
        assert peer_id is not None
        self.directory.own_id = peer_id
        self._instance = self.directory.add_instance(peer_id, self._link.identity)

    def joining(self, join: Join) -> Join:
        return self.interest.joining(join)

    def joined(self) -> None:
        self.interest.joined()
        self.serving.announce()

    def lost(self) -> None:
        self.directory.clear()
        self.serving.lose()
        self.publishing.lose()
        self.subscribing.lose()

    # What the shell asks for

    def invoke(self, token: Any, request: ServerRequest, listener: Any = None) -> Invoking:
        """
        Settled with an ``InvocationResult`` or an ``InvocationError``.

        Args:
            listener: As for ``Invoking``.

        Raises:
            InvalidInvoke: The target of the request is not a valid one.
        """
        invoking = Invoking(self._link, self.directory, token, request, listener)
        invoking.start()
        return invoking

    def subscribe(
        self, token: Any, owner: Any, request: ServerRequest, *, follows: bool
    ) -> SubscriptionLine:
        """
        Args:
            token: As that of a ``SubscriptionLine``; so are the others.

        Raises:
            InvalidInvoke: The target of the request is not a valid one.
        """
        line = SubscriptionLine(
            self.subscribing, self._link, self.directory, token, owner, request, follows=follows
        )
        self.subscribing.add(line)
        line.start()
        return line

    def create_stream(
        self,
        token: Any,
        definition: MethodDefinition,
        owner: Any,
        *,
        decides: bool,
        history: StreamHistory | None = None,
        timeout: float,
    ) -> Publication:
        """
        Args:
            owner: Hears ``requested``, ``added`` and ``removed``, each with a ``StreamInterest``.
            decides: Whether the owner answers each request to subscribe.
            history: What is kept of it.
            timeout: As for ``Serving.register``.

        Raises:
            RegistrationError: This peer offers a method or stream of that name already.
        """
        streaming = structs.replace(definition, supports_streaming=True)
        offering = self.serving.register(token, streaming, None, QueueSettings(), timeout=timeout)
        publication = Publication(offering.id, owner, decides=decides, history=history)
        self.publishing.add(publication)
        offering.on_end = lambda: self.publishing.remove(publication)
        return publication

    def close_stream(self, token: Any, publication: Publication) -> None:
        offering = self.serving.get(publication.id)
        if offering is None:
            self._link.settle(token)
        else:
            self.serving.unregister(token, offering)

    def wait_for_method(
        self, token: Any, wanted: MethodDefinition, *, timeout: float
    ) -> Wait | None:
        """Settled with the ``Method``, or with ``MethodNotFound``; ``Link.end_wait`` ends it."""
        link = self._link

        def is_there() -> bool:
            found = self.directory.methods(wanted)
            if found:
                link.settle(token, found[0])
            return bool(found)

        def give_up() -> None:
            message = f"Nobody offered {wanted.name} within {timeout:g} s"
            if link.is_joined:
                error = MethodNotFound(message)
            else:
                error = NotConnected(f"{message}: there is no connection to the gateway")
            link.settle(token, error=error)

        deadline = link.now + timeout
        return self.interest.wait(wanted.name, is_there, deadline, give_up)

    def learn(self, token: Any, name: str | None) -> Wait | None:
        """
        Settled when the gateway has told what is offered under a name, or all that there is, or is
        too late with it; at once where there is no connection.
        """
        link = self._link

        def end() -> bool:
            link.settle(token)
            return True

        if not link.is_joined:
            self.interest.want(name)
            end()
            return None
        return self.interest.wait(name, end, link.now, lambda: link.settle(token))

    # What the gateway tells

    def _announced(self, message: Announcements) -> None:
        announce = self._announce
        for announcement in message.announcements:
            announce[type(announcement)](announcement)
        self._link.look_again()

    def _peer_added(self, message: PeerAdded | AddedPeer) -> None:
        if message.new_peer_id == self._link.peer_id:
            # What is told to many alike is told to those, too, of whom it tells.
            return
        self.directory.hear(message.new_peer_id, self._add_peer, message)

    def _add_peer(self, message: PeerAdded | AddedPeer) -> None:
        identity, meta = decode_object(message.identity), decode_object(message.meta)
        self.directory.add_instance(message.new_peer_id, identity, _time(meta.get("since")))

    def _peer_removed(self, message: PeerRemoved | RemovedPeer) -> None:
        self.subscribing.publisher_left(message.removed_id)
        id = message.removed_id
        self.directory.hear(id, self.directory.remove_instance, id)
        self.serving.caller_left(message.removed_id)

    def _methods_added(self, message: MethodsAdded) -> None:
        self._hear_of_methods(message)
        self._link.look_again()

    def _hear_of_methods(self, message: MethodsAdded | AddedMethods) -> None:
        self.directory.hear(message.server_id, self._add_methods, message)

    def _add_methods(self, message: MethodsAdded | AddedMethods) -> None:
        self.directory.add_methods(message.server_id, message.methods)

    def _methods_removed(self, message: MethodsRemoved | RemovedMethods) -> None:
        self.subscribing.publisher_left(message.server_id, message.methods)
        self.directory.hear(message.server_id, self._remove_methods, message)

    def _remove_methods(self, message: MethodsRemoved | RemovedMethods) -> None:
        self.directory.remove_methods(message.server_id, message.methods)


def _time(milliseconds: Any) -> datetime | None:
    """The point in time that a gateway named; ``None`` where it did not name one."""
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None
