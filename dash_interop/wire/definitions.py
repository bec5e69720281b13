"""Method definitions as authors write them, and as they travel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

import msgspec
from msgspec import Struct

from ..errors import RegistrationError
from ..types import DefinitionDict, FilterDict
from .agm import MethodId
from .keys import unknown_key

__all__ = [
    "Definition",
    "Filter",
    "Method",
    "MethodDefinition",
    "from_wire",
    "read_definition",
    "read_filter",
    "to_wire",
]

_LONGEST_NAME: Final = 256


class MethodDefinition(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """
    What a method or stream is. As a dict its keys are camelCase, as in ``MethodRegister``.

    Attributes:
        name: 1 to 256 characters; compared without regard to case.
        accepts: Signature of the arguments, such as ``"double a, double? b"``.
        returns: Signature of the result.
        display_name: For people.
        description: For people.
        object_types: Names of the data structures it works with, such as ``["Instrument"]``.
        version: A number.
        supports_streaming: Whether it is a stream; ``create_stream`` sets it.
        flags: Whatever else belongs to it; any JSON object.
    """

    name: str
    accepts: str | None = None
    returns: str | None = None
    display_name: str | None = None
    description: str | None = None
    object_types: list[str] | None = None
    version: int | float | None = None
    supports_streaming: bool = False
    flags: dict[str, Any] | None = None


_KEYS: Final = [field.encode_name for field in msgspec.structs.fields(MethodDefinition)]


class Method(
    MethodDefinition, frozen=True, kw_only=True, rename="camel", omit_defaults=True, dict=True
):
    """A method that somebody offers: its definition, as the first server to offer it gave it."""

    def get_servers(self) -> list[Any]:
        """The instances that offer it now, the one that registered it first in front."""
        find: Callable[[Method], list[Any]] = vars(self)["find_servers"]
        return find(self)


Definition: TypeAlias = "str | DefinitionDict | MethodDefinition"
"""A method as authors name it: its name, or a dict or object with the name and more."""

Filter: TypeAlias = "str | FilterDict | MethodDefinition | None"
"""A name, or a dict of fields that have to match; ``None`` for everything."""


def read_definition(definition: Definition | Mapping[str, Any]) -> MethodDefinition:
    """
    Raises:
        RegistrationError: It is not a valid definition; the text names the field.
    """
    if isinstance(definition, Method):
        read: MethodDefinition = definition
    elif isinstance(definition, str):
        read = MethodDefinition(name=definition)
    elif not isinstance(definition, (Mapping, MethodDefinition)):  # pyright: ignore[reportUnnecessaryIsInstance]
        reason = f"it has to be a name, such as 'Sum', or a dict, and not {definition!r}"
        raise RegistrationError(f"The definition is not usable: {reason}")
    else:
        if isinstance(definition, Mapping):
            problem = unknown_key("The definition", definition, _KEYS)
            if problem is not None:
                raise RegistrationError(problem)
        try:
            # A definition that was made as an object is checked, too: its fields may be anything.
            fields = dict(definition) if isinstance(definition, Mapping) else definition
            read = msgspec.convert(msgspec.to_builtins(fields), MethodDefinition)
        except (msgspec.ValidationError, TypeError) as error:
            raise RegistrationError(f"The definition is not usable: {error}") from error
    if not 0 < len(read.name) <= _LONGEST_NAME:
        raise RegistrationError(f"The name of a method has 1 to {_LONGEST_NAME} characters")
    return read


def read_filter(wanted: Filter | Mapping[str, Any]) -> MethodDefinition | None:
    """
    A definition of which each field may be missing, also the name; ``None`` stands for any method.

    Raises:
        RegistrationError: It is not a valid filter; the text names the field.
    """
    if wanted is None:
        return None
    if isinstance(wanted, Mapping) and "name" not in wanted:
        return msgspec.structs.replace(read_definition({**wanted, "name": "*"}), name="")
    return read_definition(wanted)


def to_wire(definition: MethodDefinition, id: MethodId) -> dict[str, Any]:
    """An entry of ``register.methods``."""
    fields = {
        "id": id,
        "name": definition.name,
        "display_name": definition.display_name,
        "description": definition.description,
        "version": definition.version,
        "object_types": definition.object_types,
        "input_signature": definition.accepts,
        "result_signature": definition.returns,
        "flags": {"streaming": definition.supports_streaming, "metadata": definition.flags or {}},
    }
    return {key: value for key, value in fields.items() if value is not None}


class WireMethod(Struct):
    """A method as a gateway announces it; ``registration`` is only known to ours."""

    id: MethodId
    name: str
    display_name: Any = None
    description: Any = None
    version: Any = None
    object_types: Any = None
    input_signature: Any = None
    result_signature: Any = None
    flags: Any = None
    registration: Any = None


def from_wire(raw: msgspec.Raw) -> tuple[WireMethod, Method] | None:
    """A method as announced; ``None`` where it has no usable id or name."""
    try:
        wire = _decoder.decode(raw)
    except msgspec.ValidationError:
        return None
    if not wire.name:
        return None
    if not isinstance(wire.registration, int) or isinstance(wire.registration, bool):
        wire.registration = None
    flags = _dict(wire.flags)
    return wire, Method(
        name=wire.name,
        accepts=_text(wire.input_signature),
        returns=_text(wire.result_signature),
        display_name=_text(wire.display_name),
        description=_text(wire.description),
        object_types=_texts(wire.object_types),
        version=_number(wire.version),
        supports_streaming=flags.get("streaming") is True,
        flags=_dict(flags.get("metadata")) or None,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _texts(value: Any) -> list[str] | None:
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    return [str(entry) for entry in entries] or None


def _dict(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


_decoder: Final = msgspec.json.Decoder(WireMethod)
