"""
The methods on offer: what is registered, and who is told of it.

A method is relayed as its server described it, with one field added: ``registration``, a number
that grows with every registration at this gateway, so that a client can choose the server that
registered first. Clients that do not know the field ignore it.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from ...errors import RegistrationError
from ...wire.agm import (
    AGM,
    METHOD_REMOVED,
    REGISTRATION_FAILURE,
    UNREGISTRATION_FAILURE,
    MethodsAdded,
    MethodsRemoved,
    Register,
    Unregister,
)
from ...wire.codec import encode
from ...wire.envelope import Success
from ..limits import Limits
from ..restrictions import Restriction, RestrictionError, parse
from ..switchboard import Switchboard
from .member import Member, Members, OfferedMethod
from .streams import Streams

__all__ = ["Methods", "read_method", "read_restriction"]


class Methods:
    """Registrations. When a stream is no longer offered, its subscriptions are cancelled."""

    def __init__(self, board: Switchboard, members: Members, streams: Streams) -> None:
        self._board = board
        self._members = members
        self._streams = streams
        self._registrations = 0

    def register(self, member: Member, message: Register) -> None:
        try:
            methods = self._read(member, message)
        except RegistrationError as error:
            reason = str(error)
            self._board.refuse(member.peer, message.request_id, REGISTRATION_FAILURE, reason, AGM)
            return
        before = list(member.methods.values())
        ids = {method.identity: method.id for method in before}
        for method in methods:
            # A register made during an outage reaches us twice, the first under an id that the
            # client no longer answers for: the later one takes its place.
            earlier = member.methods.get(ids.get(method.identity, method.id))
            if earlier is not None and earlier.identity == method.identity:
                del member.methods[earlier.id]
            member.methods[method.id] = method
            ids[method.identity] = method.id
        self._announce_removed(member, before)
        for other in self._audience(member):
            shown = [m for m in methods if member.methods.get(m.id) is m and m.admits(other)]
            self.show(other, member, shown)
        self._board.send(member.connection, Success(message.request_id, member.id, AGM))

    def unregister(self, member: Member, message: Unregister) -> None:
        missing = [id for id in message.methods if id not in member.methods]
        if missing:
            reason = f"Unable to unregister missing method {missing[0]}"
            self._board.refuse(member.peer, message.request_id, UNREGISTRATION_FAILURE, reason, AGM)
            return
        before = list(member.methods.values())
        for id in dict.fromkeys(message.methods):
            del member.methods[id]
        self._announce_removed(member, before)
        self._board.send(member.connection, Success(message.request_id, member.id, AGM))

    def show(self, viewer: Member, server: Member, methods: list[OfferedMethod]) -> None:
        """Tell a viewer of methods, if there are any."""
        if methods:
            definitions = [method.definition for method in methods]
            self._board.send(viewer.connection, MethodsAdded(viewer.id, server.id, definitions))

    def hide(self, viewer: Member, server: Member, methods: list[OfferedMethod]) -> None:
        """Tell a viewer that methods are gone for it, if there are any."""
        if methods:
            ids = [method.id for method in methods]
            self._board.send(viewer.connection, MethodsRemoved(viewer.id, server.id, ids))

    def _read(self, member: Member, message: Register) -> list[OfferedMethod]:
        limit = self._board.limits.methods_per_peer
        if len(message.methods) > limit:
            raise RegistrationError(f"The limit of methods for one peer is {limit}")
        methods: list[OfferedMethod] = []
        for entry in message.methods:
            self._registrations += 1
            methods.append(read_method(member, entry, self._registrations, self._board.limits))
        if len(member.methods.keys() | {method.id for method in methods}) > limit:
            raise RegistrationError(f"The limit of methods for one peer is {limit}")
        return methods

    def _announce_removed(self, member: Member, before: list[OfferedMethod]) -> None:
        """Tell members of the methods that they saw before, and that are gone or hidden now."""
        changed = [method for method in before if member.methods.get(method.id) is not method]
        for method in changed:
            if method.id not in member.methods:
                reason = "Method has been removed"
                self._streams.remove_method(member, method.id, METHOD_REMOVED, reason)
        for other in self._audience(member):
            gone = [
                method
                for method in changed
                if method.admits(other) and not _admits(member.methods.get(method.id), other)
            ]
            self.hide(other, member, gone)

    def _audience(self, member: Member) -> list[Member]:
        """The members that hear of its methods: the others, then itself, as clients expect."""
        return [*self._members.visible_to(member), member]


def _admits(method: OfferedMethod | None, viewer: Member) -> bool:
    return method is not None and method.admits(viewer)


def read_method(
    owner: Member, description: dict[str, Any], registration: int, limits: Limits
) -> OfferedMethod:
    """
    Check one entry of ``register.methods``.

    Raises:
        RegistrationError: A field is missing, mistyped, too long or malformed.
    """
    id = description.get("id")
    if isinstance(id, bool) or not isinstance(id, str | int):
        raise RegistrationError("A method needs an id, a string or an integer")
    name = description.get("name")
    if not isinstance(name, str) or not name:
        raise RegistrationError("A method needs a name, a non-empty string")
    if len(name) > limits.name_length:
        raise RegistrationError(f"Method names have at most {limits.name_length} characters")
    accepts = _signature(description, "input_signature", name)
    returns = _signature(description, "result_signature", name)
    definition = encode({**description, "registration": registration})
    if len(definition) > limits.description_size:
        raise RegistrationError(f"Definitions have at most {limits.description_size} bytes")
    restriction = read_restriction(description.get("restrictions"), limits)
    identity = (name, accepts, returns)
    return OfferedMethod(owner, id, identity, restriction, registration, Raw(definition))


def read_restriction(text: Any, limits: Limits) -> Restriction | None:
    """A parsed restriction; ``None`` where nothing is restricted.

    Raises:
        RegistrationError: Not a string, too long, malformed, or with a pattern that this gateway
            cannot match.
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str) or len(text) > limits.restriction_length:
        raise RegistrationError(
            f"Restrictions are a string of at most {limits.restriction_length} characters"
        )
    try:
        return parse(text)
    except RestrictionError as error:
        raise RegistrationError(f"These restrictions cannot be used: {error}") from error


def _signature(description: dict[str, Any], field: str, name: str) -> str:
    signature = description.get(field)
    if signature is not None and not isinstance(signature, str):
        raise RegistrationError(f"The {field} of method {name} has to be a string")
    return signature or ""
