"""
The methods on offer: their identity and who may see them.

A method is relayed as its server described it, with one field added: ``registration``, a number
that grows with every registration at this gateway, so that a client can choose the server that
registered first. Clients that do not know the field ignore it.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from ..errors import RegistrationError
from .codec import encode
from .limits import Limits
from .messages import MethodId
from .peers import Peer
from .restrictions import Restriction, RestrictionError, parse

__all__ = ["Method", "read_method", "visible_methods"]


class Method:
    """A method that ``owner`` offers."""

    __slots__ = ("definition", "id", "identity", "owner", "registration", "restriction")

    def __init__(
        self,
        owner: Peer,
        id: MethodId,
        identity: tuple[str, str, str],
        restriction: Restriction | None,
        registration: int,
        definition: Raw,
    ) -> None:
        self.owner = owner
        self.id = id
        self.identity = identity
        self.restriction = restriction
        self.registration = registration
        self.definition = definition

    def admits(self, peer: Peer) -> bool:
        return (
            self.restriction is None
            or peer is self.owner
            or self.restriction(self.owner.identity, peer.identity)
        )


def read_method(
    owner: Peer, description: dict[str, Any], registration: int, limits: Limits
) -> Method:
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
    return Method(owner, id, identity, restriction, registration, Raw(definition))


def read_restriction(text: Any, limits: Limits) -> Restriction | None:
    """A parsed restriction, ``None`` where there is none.

    Raises:
        RegistrationError: Not a string, too long or malformed.
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
        raise RegistrationError(f"Malformed restrictions: {error}") from error


def _signature(description: dict[str, Any], field: str, name: str) -> str:
    signature = description.get(field)
    if signature is not None and not isinstance(signature, str):
        raise RegistrationError(f"The {field} of method {name} has to be a string")
    return signature or ""


def visible_methods(owner: Peer, viewer: Peer) -> list[Method]:
    return [method for method in owner.methods.values() if method.admits(viewer)]
