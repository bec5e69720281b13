"""
The methods on offer: what is registered, and who is told of it.

A method is relayed as its server described it, with one field added: ``registration``, a number
that grows with every registration at this gateway, so that a client can choose the server that
registered first. Clients that do not know the field ignore it.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from .announcing import Announcing
from .member import Member, Members, OfferedMethod
from .streams import Streams

__all__ = ["Methods", "read_method", "read_restriction"]


class Methods:
    """Registrations. When a stream is no longer offered, its subscriptions are cancelled."""

    def __init__(
        self, board: Switchboard, members: Members, announcing: Announcing, streams: Streams
    ) -> None:
        self._board = board
        self._members = members
        self._announcing = announcing
        self._streams = streams
        self._registrations = 0

    def register(self, member: Member, message: Register) -> None:
        first = self._registrations + 1
        try:
            methods = self._read(member, message)
        except RegistrationError as error:
            reason = str(error)
            self._board.refuse(member.peer, message.request_id, REGISTRATION_FAILURE, reason, AGM)
            return
        replaced: list[OfferedMethod] = []
        for method in methods:
            # A register made during an outage reaches us twice, the first under an id that the
            # client no longer answers for: the later one takes its place.
            for earlier in (
                member.by_identity.get(method.identity),
                member.methods.get(method.id),
            ):
                if earlier is not None and member.methods.get(earlier.id) is earlier:
                    self._members.withdraw(earlier)
                    if earlier.registration < first:
                        replaced.append(earlier)
            self._members.offer(method)
        self._announce_removed(member, replaced)
        shown = [method for method in methods if member.methods.get(method.id) is method]
        if shown:
            self._announcing.registered(member, shown)
            definitions = [method.definition for method in shown]
            self._board.answer(member.connection, MethodsAdded(member.id, member.id, definitions))
        self._board.answer(member.connection, Success(message.request_id, member.id, AGM))

    def unregister(self, member: Member, message: Unregister) -> None:
        missing = [id for id in message.methods if id not in member.methods]
        if missing:
            reason = f"Unable to unregister missing method {missing[0]}"
            self._board.refuse(member.peer, message.request_id, UNREGISTRATION_FAILURE, reason, AGM)
            return
        gone = [member.methods[id] for id in dict.fromkeys(message.methods)]
        for method in gone:
            self._members.withdraw(method)
        self._announce_removed(member, gone)
        self._board.answer(member.connection, Success(message.request_id, member.id, AGM))

    def _read(self, member: Member, message: Register) -> list[OfferedMethod]:
        limit = self._board.limits.methods_per_peer
        if len(message.methods) > limit:
            raise RegistrationError(f"The limit of methods for one peer is {limit}")
        methods: list[OfferedMethod] = []
        for entry in message.methods:
            self._registrations += 1
            methods.append(read_method(member, entry, self._registrations, self._board.limits))
        new = {method.id for method in methods if method.id not in member.methods}
        if len(member.methods) + len(new) > limit:
            raise RegistrationError(f"The limit of methods for one peer is {limit}")
        self._check_user(member, methods, len(new))
        restrictions = {each.restriction for each in methods if each.restriction is not None}
        most = self._board.limits.restrictions_per_peer
        if len(restrictions.union(member.restrictions)) > most:
            raise RegistrationError(f"The limit of different restrictions of one peer is {most}")
        return methods

    def _check_user(self, member: Member, methods: Sequence[OfferedMethod], new: int) -> None:
        limits, usage = self._board.limits, member.peer.usage
        if usage.methods + new > limits.methods_per_user:
            reason = f"The limit of methods for one user is {limits.methods_per_user}"
            raise RegistrationError(reason)
        size = sum(len(bytes(method.definition)) for method in methods)
        if usage.definitions_size + size > limits.definitions_size_per_user:
            limit = limits.definitions_size_per_user
            raise RegistrationError(f"The definitions of one user have at most {limit} bytes")

    def _announce_removed(self, member: Member, methods: Sequence[OfferedMethod]) -> None:
        """Tell of methods that are gone, or that something else stands in for."""
        if not methods:
            return
        gone = [method.id for method in methods if method.id not in member.methods]
        for id in gone:
            self._streams.remove_method(member, id, METHOD_REMOVED, "Method has been removed")
        self._announcing.withdrawn(member, methods)
        if gone:
            self._board.answer(member.connection, MethodsRemoved(member.id, member.id, gone))


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
