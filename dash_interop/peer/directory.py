"""
What one peer knows of the others: the instances it sees and the methods they offer.

A *server* is an instance that offers at least one method. Two offers are of the same method when
name (without regard to case), signatures and kind (method or stream) are equal. Changes are told
as events, in this order:

* a method comes: ``server_added`` (its first), ``method_added`` (nobody offered it before),
  ``server_method_added``;
* a method goes: ``method_removed`` (nobody offers it any more), ``server_method_removed``,
  ``server_removed`` (its last).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, TypeAlias

from msgspec import Raw

from ..wire.agm import MethodId
from ..wire.definitions import Method, MethodDefinition, from_wire
from .interest import Interest

__all__ = ["EVENTS", "Caller", "Directory", "Instance", "Offer"]

EVENTS: Final = (
    "method_added",
    "method_removed",
    "server_added",
    "server_removed",
    "server_method_added",
    "server_method_removed",
)

_MOST_UNTAKEN: Final = 10_000
"""Changes that are kept to be made later, beside as many as there may be of those that are known
already."""

Key: TypeAlias = tuple[str, str, str, bool]


class Instance(dict[str, Any]):
    """
    A running app as others see it: a dict with ``application``, ``instance``, ``user``,
    ``machine``, ``peerId`` and whatever else it says of itself.

    Attributes:
        since: When it connected, an aware ``datetime``; ``None`` where the gateway does not say,
            as it does to services only.
    """

    __slots__ = ("_directory", "since")

    def __init__(
        self, identity: dict[str, Any], directory: Directory, since: datetime | None = None
    ) -> None:
        super().__init__(identity)
        self._directory = directory
        self.since = since

    def get_methods(self) -> list[Method]:
        """The methods it offers now, streams left out."""
        offered = self._directory.offered_by(self["peerId"])
        return [method for method in offered if not method.supports_streaming]

    def get_streams(self) -> list[Method]:
        """The streams it offers now."""
        offered = self._directory.offered_by(self["peerId"])
        return [method for method in offered if method.supports_streaming]

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        # In another process, such as a worker of a task queue, it is a plain dict.
        return dict, (dict(self),)


class Caller(Instance):
    """
    The instance that invokes, as a handler gets it.

    Attributes:
        cancelled: Says whether it still waits for the answer.
    """

    __slots__ = ("cancelled",)

    def __init__(self, instance: Instance, cancelled: Any) -> None:
        super().__init__(instance, instance._directory, instance.since)
        self.cancelled = cancelled


class Offer:
    """One method at one server."""

    __slots__ = ("id", "key", "method", "registration", "server")

    def __init__(
        self, server: Instance, id: MethodId, method: Method, registration: tuple[int, int]
    ) -> None:
        self.server = server
        self.id = id
        self.method = method
        self.key = _key(method)
        self.registration = registration


class Directory:
    """
    Most peers never ask what the others offer. So what the gateway tells is kept as it came, and
    taken up when something is asked, unless somebody listens to the events.

    Args:
        emit: Told of each change: the name of the event and its arguments.
        interest: What this peer is told of.
    """

    def __init__(self, emit: Callable[..., None], interest: Interest) -> None:
        self._emit = emit
        self.interest: Final = interest
        self.look_around: Callable[[str | None], None] = lambda name: self.take_up()
        """Called from any thread before it is read who offers a method of that name, or, with
        ``None``, what an instance offers: all of that has to be known then."""
        self._is_heard = True
        self._untaken: list[tuple[Callable[[Any], None], Any]] = []
        self._instances: dict[str, Instance] = {}
        self._offers: dict[str, dict[MethodId, Offer]] = {}
        self._methods: dict[Key, dict[tuple[str, MethodId], Offer]] = {}
        self._by_name: dict[str, dict[tuple[str, MethodId], Offer]] = {}
        self._seen = 0
        self.own_id: str | None = None

    # Whether somebody listens

    def defer(self) -> None:
        """Nobody listens to the events: there are none until ``attend``."""
        self._is_heard = False

    def attend(self) -> None:
        """Somebody listens from now on."""
        self.take_up()
        self._is_heard = True

    # What the gateway tells

    @property
    def has_untaken(self) -> bool:
        """Whether there is something to take up."""
        return bool(self._untaken)

    def hear(self, peer_id: str, change: Callable[[Any], None], message: Any) -> None:
        """Make a change of a peer that the gateway has told of, now or when something is asked."""
        if self._is_heard or peer_id == self.own_id:
            change(message)
            return
        self._untaken.append((change, message))
        if len(self._untaken) > _MOST_UNTAKEN + 2 * len(self._instances):
            self.take_up()

    def take_up(self) -> None:
        """Make the changes that were told of."""
        if self._untaken:
            untaken, self._untaken = self._untaken, []
            for change, message in untaken:
                change(message)

    def add_instance(
        self, peer_id: str, identity: dict[str, Any], since: datetime | None = None
    ) -> Instance:
        instance = Instance({**identity, "peerId": peer_id}, self, since)
        self._instances[peer_id] = instance
        self._offers.setdefault(peer_id, {})
        return instance

    def add_methods(self, peer_id: str, methods: Iterable[Raw]) -> None:
        server = self._instances.get(peer_id)
        if server is None:
            return
        for raw in methods:
            read = from_wire(raw)
            if read is not None:
                wire, method = read
                self._seen += 1
                order = (self._seen if wire.registration is None else wire.registration, self._seen)
                self._add(Offer(server, wire.id, method, order))

    def remove_methods(self, peer_id: str, ids: Iterable[MethodId]) -> None:
        for id in ids:
            offer = self._offers.get(peer_id, {}).get(id)
            if offer is not None:
                self._remove(offer)

    def remove_instance(self, peer_id: str) -> None:
        self.remove_methods(peer_id, list(self._offers.get(peer_id, {})))
        self._instances.pop(peer_id, None)
        self._offers.pop(peer_id, None)

    def clear(self) -> None:
        """The connection is lost, and with it the sight of all others."""
        self._untaken.clear()
        for peer_id in list(self._instances):
            self.remove_instance(peer_id)
        self.own_id = None

    # What can be asked

    def instance(self, peer_id: str) -> Instance:
        """The instance of a peer; of one that has just left, only the id is known."""
        self.take_up()
        return self._instances.get(peer_id) or Instance({"peerId": peer_id}, self)

    def others(self) -> list[Instance]:
        """All peers that are seen, this one left out."""
        self.take_up()
        return [each for each in self._instances.values() if each["peerId"] != self.own_id]

    def offered_by(self, peer_id: str) -> list[Method]:
        if peer_id != self.own_id:
            self.look_around(None)
        # A copy first: instances are asked from other threads, too.
        return [offer.method for offer in list(self._offers.get(peer_id, {}).values())]

    def methods(self, wanted: MethodDefinition | None = None) -> list[Method]:
        """The methods that match, each once, in the order in which they appeared."""
        self.take_up()
        found: list[Method] = []
        for offers in self._methods.values():
            # One server may describe it as wanted, and another not.
            matching = (
                offer.method
                for offer in offers.values()
                if wanted is None or _matches(offer.method, wanted)
            )
            first = next(matching, None)
            if first is not None:
                found.append(first)
        return found

    def methods_of(self, matches: Callable[[Instance], bool]) -> list[Method]:
        """The methods of the instances that match, each once."""
        self.take_up()
        offers = {
            offer.key: offer.method
            for peer_id, instance in self._instances.items()
            if matches(instance)
            for offer in self._offers[peer_id].values()
        }
        return list(offers.values())

    def pairs(self) -> list[tuple[Instance, Method]]:
        """Each server with each of its methods."""
        self.take_up()
        return [
            (offer.server, offer.method)
            for offers in self._offers.values()
            for offer in offers.values()
        ]

    def servers(self, wanted: MethodDefinition | None = None) -> list[Instance]:
        """The servers of the methods that match, or all servers."""
        if wanted is not None:
            return [offer.server for offer in self.offers(wanted)]
        self.take_up()
        offering = [
            instance for peer_id, instance in self._instances.items() if self._offers.get(peer_id)
        ]
        return list({_identity(instance): instance for instance in offering}.values())

    def offers(self, wanted: MethodDefinition, *, streaming: bool | None = None) -> list[Offer]:
        """
        One offer for each server, in the order of preference: servers of the own user first, then
        the one that registered first.
        """
        self.take_up()
        found = [
            offer
            for offer in self._candidates(wanted)
            if _matches(offer.method, wanted)
            and (streaming is None or offer.method.supports_streaming is streaming)
        ]
        if len(found) > 1:
            found = self._rank(found)
        return found

    def _candidates(self, wanted: MethodDefinition) -> Iterable[Offer]:
        if wanted.name:
            return self._by_name.get(wanted.name.lower(), {}).values()
        return (offer for offers in self._methods.values() for offer in offers.values())

    def _rank(self, offers: list[Offer]) -> list[Offer]:
        own = self._instances.get(self.own_id or "")
        user = own and own.get("user")
        first: dict[str, Offer] = {}
        for offer in sorted(offers, key=lambda offer: offer.registration):
            first.setdefault(offer.server["peerId"], offer)
        # An instance that came back before the gateway noticed the end of its last connection is
        # seen twice, and only the later of the two answers.
        latest = {_identity(offer.server): offer for offer in first.values()}
        staying = [offer for offer in first.values() if latest[_identity(offer.server)] is offer]
        return sorted(staying, key=lambda offer: offer.server.get("user") != user)

    # Changes

    def _tell(self, event: str, *arguments: Any) -> None:
        if self._is_heard:
            self._emit(event, *arguments)

    def _add(self, offer: Offer) -> None:
        peer_id = offer.server["peerId"]
        earlier = self._offers[peer_id].get(offer.id)
        if earlier is not None:
            self._remove(earlier)
        vars(offer.method)["find_servers"] = self._servers_of
        place = (peer_id, offer.id)
        is_first_of_server = not self._offers[peer_id]
        is_first_of_method = offer.key not in self._methods
        self._offers[peer_id][offer.id] = offer
        self._methods.setdefault(offer.key, {})[place] = offer
        self._by_name.setdefault(offer.key[0], {})[place] = offer
        if is_first_of_server:
            self._tell("server_added", offer.server)
        if is_first_of_method:
            self._tell("method_added", offer.method)
        self._tell("server_method_added", offer.server, offer.method)

    def _remove(self, offer: Offer) -> None:
        peer_id = offer.server["peerId"]
        place = (peer_id, offer.id)
        del self._offers[peer_id][offer.id]
        is_last_of_method = _drop(self._methods, offer.key, place)
        _drop(self._by_name, offer.key[0], place)
        if is_last_of_method:
            self._tell("method_removed", offer.method)
        self._tell("server_method_removed", offer.server, offer.method)
        if not self._offers[peer_id]:
            self._tell("server_removed", offer.server)

    def _servers_of(self, method: Method) -> list[Instance]:
        self.look_around(method.name)
        offers = list(self._methods.get(_key(method), {}).values())
        return [offer.server for offer in self._rank(offers)]


def _identity(server: Instance) -> tuple[Any, ...]:
    """What stays when an instance comes back."""
    if not server.get("instance"):
        return (server["peerId"],)
    return (server["instance"], server.get("application"), server.get("user"))


def _key(method: MethodDefinition) -> Key:
    return (
        method.name.lower(),
        method.accepts or "",
        method.returns or "",
        method.supports_streaming,
    )


def _matches(method: MethodDefinition, wanted: MethodDefinition) -> bool:
    """Whether a method has what is given of another; of the object types, all that are given."""
    # Written out, as every invocation asks it.
    return (
        (not wanted.name or method.name.lower() == wanted.name.lower())
        and (wanted.accepts is None or method.accepts == wanted.accepts)
        and (wanted.returns is None or method.returns == wanted.returns)
        and (wanted.display_name is None or method.display_name == wanted.display_name)
        and (wanted.description is None or method.description == wanted.description)
        and (wanted.version is None or method.version == wanted.version)
        and (not wanted.object_types or set(wanted.object_types) <= set(method.object_types or ()))
        and (not wanted.supports_streaming or method.supports_streaming)
    )


def _drop(table: dict[Any, dict[Any, Offer]], key: Any, place: Any) -> bool:
    """Take an offer out of a table; whether it was the last one under that key."""
    offers = table[key]
    del offers[place]
    if not offers:
        del table[key]
        return True
    return False
