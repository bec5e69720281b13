"""
Every message of the wire, as its vocabularies have it: a message that is added is made here, too.

Fields get values of their types. Those that only some values make sense for have hints, and ids
are most often those that a gateway has given to somebody.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec
from msgspec import inspect

import dash_interop.wire
from dash_interop.wire.envelope import Error, Success, Vocabulary

__all__ = ["CONTEXTS", "Grammar", "Ids", "Shape", "shapes", "vocabularies"]

KEPT_IDS = 40
"""Of each kind; older ones are forgotten."""

CONTEXTS = [f"Order{number}" for number in range(8)]
"""Names of contexts."""

Message = dict[str, Any]


def vocabularies() -> list[Vocabulary]:
    """All there are."""
    found: list[Vocabulary] = []
    for module in pkgutil.iter_modules(dash_interop.wire.__path__):
        members = vars(importlib.import_module(f"dash_interop.wire.{module.name}")).values()
        found += [each for each in members if isinstance(each, Vocabulary) and each not in found]
    return found


EXTENSIONS = sorted({word for each in vocabularies() for word in each.extensions})
"""What a peer may say that it understands."""


@dataclass(frozen=True)
class Shape:
    """
    A kind of message.

    Attributes:
        is_sent: Whether it is one of a gateway, which no peer may send.
    """

    domain: str
    type: str
    fields: tuple[inspect.Field, ...]
    is_sent: bool = False


def shapes() -> list[Shape]:
    """Every kind of message of every domain."""
    found = []
    for vocabulary in vocabularies():
        for name, type_ in vocabulary.accepted.items():
            found.append(Shape(vocabulary.domain, name, _fields(type_)))
        for sent in (Success, Error, *vocabulary.sent):
            name = str(sent.__struct_config__.tag)
            found.append(Shape(vocabulary.domain, name, _fields(sent), is_sent=True))
    return found


def _fields(type_: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(type_)
    assert isinstance(info, inspect.StructType)
    return info.fields


class Ids:
    """
    What gateways have called things, by the field that it was read from.

    Args:
        shared: What all visitors have heard; what is learnt here is learnt there, too.
    """

    def __init__(self, shared: Ids | None = None) -> None:
        self._shared = shared
        self._known: defaultdict[str, deque[Any]] = defaultdict(lambda: deque(maxlen=KEPT_IDS))

    def learn(self, field: str, value: Any) -> None:
        """Note an id; of the field ``offers`` it is a server and a method of it."""
        self._known[_KINDS.get(field, field)].append(value)
        if self._shared is not None:
            self._shared.learn(field, value)

    def pick(self, field: str, random: Random) -> Any:
        """One that makes sense in that field, most often heard here; ``None`` if there is none."""
        known = self._known.get(_KINDS.get(field, field))
        if self._shared is not None and (not known or random.random() < 0.3):
            return self._shared.pick(field, random)
        return random.choice(known) if known else None


_KINDS = {
    "new_peer_id": "peer_id",
    "removed_id": "peer_id",
    "server_id": "peer_id",
    "caller_id": "peer_id",
    "creator_id": "peer_id",
    "updater_id": "peer_id",
}
"""Fields whose ids are of the same kind."""


class Grammar:
    """
    Makes messages.

    Args:
        random: Chooses.
        ids: What there is at the gateway.
    """

    def __init__(self, random: Random, ids: Ids) -> None:
        self._random = random
        self._ids = ids
        every = shapes()
        self._accepted = [shape for shape in every if not shape.is_sent]
        self._sent = [shape for shape in every if shape.is_sent]
        self._number = 0

    def message(self, peer_id: str | None, *, is_sent: bool = False) -> Message:
        """
        A message of any kind.

        Args:
            peer_id: Of its sender, if there is one.
            is_sent: Whether it is one that only a gateway sends.
        """
        shape = self._random.choice(self._sent if is_sent else self._accepted)
        return self.of(shape, peer_id)

    def of(self, shape: Shape, peer_id: str | None) -> Message:
        """A message of one kind."""
        message: Message = {"domain": shape.domain, "type": shape.type}
        for field in shape.fields:
            if field.name not in ("domain", "type") and self._random.random() < 0.85:
                message[field.encode_name] = self._value(field.encode_name, field.type)
        offer = self._ids.pick("offers", self._random)
        if offer is not None and "server_id" in message and self._random.random() < 0.8:
            message["server_id"], message["method_id"] = offer
        if peer_id is not None:
            message["peer_id"] = peer_id
        self._number += 1
        message["request_id"] = f"q{self._number}"
        return message

    def hello(self, user: str, token: str | None = None) -> Message:
        """A login that is taken."""
        secret = {"method": "secret", "login": user, "secret": ""}
        return {
            "domain": "global",
            "type": "hello",
            "request_id": "hello",
            "identity": self._identity(),
            "authentication": {"method": "access-token", "token": token} if token else secret,
        }

    def join(self, domain: str, peer_id: str) -> Message:
        """How one joins a domain, with some of the extensions, or all, or none."""
        join = {"domain": "global", "type": "join", "request_id": "join", "peer_id": peer_id}
        return {**join, "destination": domain, "extensions": self._extensions()}

    def json(self, depth: int = 3) -> Any:
        """Any value."""
        random = self._random
        kind = random.randrange(9 if depth else 6)
        if kind == 0:
            return random.choice([None, True, False])
        if kind == 1:
            return random.choice([0, -1, 1, 2**31, 2**53, 2**63, -(2**64), random.randrange(1000)])
        if kind == 2:
            return random.choice([0.5, -0.0, 1e308, 5e-324, random.random()])
        if kind < 6:
            return self.text()
        if kind == 6:
            return [self.json(depth - 1) for _ in range(random.randrange(4))]
        keys = ["a", "b", "type", "_value", "interopType", "recover", self.text()]
        return {random.choice(keys): self.json(depth - 1) for _ in range(random.randrange(4))}

    def text(self) -> str:
        """A text, most often an ordinary one."""
        return self._random.choice(_TEXTS)(self._random)

    def _value(self, name: str, type_: inspect.Type) -> Any:
        random = self._random
        hint = _HINTS.get((name, type(type_))) or _HINTS.get((name, None))
        if hint is not None and random.random() < 0.9:
            return hint(self)
        known = self._ids.pick(name, random)
        if known is not None and random.random() < 0.9:
            return known
        return self._of_type(name, type_)

    def _of_type(self, name: str, type_: inspect.Type) -> Any:
        random = self._random
        match type_:
            case inspect.UnionType():
                return self._of_type(name, random.choice(type_.types))
            case inspect.StrType():
                return self.text()
            case inspect.IntType():
                return random.choice([0, 1, -1, 5, 2**48, random.randrange(100_000)])
            case inspect.FloatType():
                return random.choice([0.0, 1.5, -2.0])
            case inspect.BoolType():
                return random.random() < 0.5
            case inspect.NoneType():
                return None
            case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
                items = range(random.randrange(4))
                return [self._value(name, type_.item_type) for _ in items]
            case inspect.DictType():
                return {self.text(): self.json() for _ in range(random.randrange(3))}
            case inspect.StructType():
                return {
                    field.encode_name: self._value(field.encode_name, field.type)
                    for field in type_.fields
                }
            case inspect.LiteralType():
                return random.choice(type_.values)
            case _:
                return self.json()

    # What makes sense ------------------------------------------------------------------------

    def _identity(self) -> Message:
        random = self._random
        identity: Message = {"application": f"fuzz-{random.randrange(20)}"}
        if random.random() < 0.3:
            identity["instance"] = f"i{random.randrange(30)}"
        if random.random() < 0.2:
            identity[self.text()] = self.json()
        return identity

    def _extensions(self) -> list[str]:
        return self._random.sample(EXTENSIONS, self._random.randint(0, len(EXTENSIONS)))

    def _definitions(self) -> list[Message]:
        return [self._definition() for _ in range(self._random.randrange(1, 4))]

    def _definition(self) -> Message:
        random = self._random
        definition: Message = {
            "id": self._method_id(),
            "name": f"Method{random.randrange(12)}",
            "flags": {"streaming": random.random() < 0.5},
        }
        for field, make in _OF_DEFINITIONS.items():
            if random.random() < 0.2:
                definition[field] = make(self)
        return definition

    def _method_id(self) -> str | int:
        return self._random.choice(["0", "1", "2", "3", 0, 1, 7])

    def _restriction(self) -> str | None:
        return self._random.choice(
            [
                None,
                "",
                "$user == #user",
                "$application ? 'fuzz-.*'",
                "($user == 'anna' || $instance != #instance) && $n == 3",
                "((((((((((((((((((((((((((($user == 1",
                "$user ==",
                "$x ? '('",
                "\u00e4",
            ]
        )

    def _delta(self) -> Any:
        random = self._random
        if random.random() < 0.5:
            return {"commands": [self._command() for _ in range(random.randrange(4))]}
        delta: Message = {}
        for key in ("added", "updated", "reset"):
            if random.random() < 0.4:
                delta[key] = {random.choice("abc"): self.json() for _ in range(2)}
        if random.random() < 0.4:
            delta["removed"] = [random.choice("abc")]
        return delta

    def _command(self) -> Message:
        random = self._random
        path = random.choice(["a", "a.b", "a.b.0", "b.2", "", "..", "c.length", "a." * 20, None, 3])
        return {"type": random.choice(["set", "remove", "x"]), "path": path, "value": self.json()}


def _one_of(*values: Any) -> Callable[[Grammar], Any]:
    return lambda grammar: grammar._random.choice(values)  # pyright: ignore[reportPrivateUsage]


_HINTS: dict[tuple[str, Any], Callable[[Any], Any]] = {
    ("methods", inspect.ListType): lambda g: (
        g._definitions() if g._random.random() < 0.7 else [g._method_id() for _ in range(2)]
    ),
    ("method_id", None): lambda g: g._method_id(),
    ("stream_id", None): _one_of("0", "1", 0, None),
    ("identity", None): lambda g: g._identity(),
    ("restrictions", None): lambda g: g._restriction(),
    ("read_permissions", None): lambda g: g._restriction(),
    ("write_permissions", None): lambda g: g._restriction(),
    ("extensions", None): lambda g: g._extensions(),
    ("delta", None): lambda g: g._delta(),
    ("destination", None): _one_of("agm", "bus", "context", "metrics", "global", "x"),
    ("lifetime", None): _one_of("retained", "ownership", "ref-counted", None, 5),
    ("name", inspect.StrType): _one_of(*CONTEXTS),
    # Not by secrets: who tries wrong ones waits for each.
    ("method", None): _one_of("access-token", "access-token", "gateway-token", "other", None),
    ("topic", None): _one_of("prices", "prices.fx", "*", ""),
    ("routing_key", None): _one_of("a", "b", None),
}
"""What makes sense in a field: by its name, and its type where that matters."""

_OF_DEFINITIONS: dict[str, Callable[[Any], Any]] = {
    "display_name": lambda g: g.text(),
    "description": lambda g: g.text(),
    "version": lambda g: g.json(),
    "input_signature": _one_of("int a, int b", "string? x", "composite: {", "int[] [] a", "", 5),
    "result_signature": _one_of("double y", ",,,", None),
    "object_types": lambda g: g.json(),
    "restrictions": lambda g: g._restriction(),
    "flags": lambda g: g.json(),
}


def _long(random: Random) -> str:
    return "x" * random.choice([255, 256, 257, 1000, 5000])


def _control(random: Random) -> str:
    return "".join(chr(random.randrange(32)) for _ in range(5)) + "\x7f\u2028"


def _halves(random: Random) -> str:
    return random.choice(["\ud800", "\udc00\ud800", "a\udfff", "\ud83d\ude00"])


_TEXTS: list[Callable[[Random], str]] = [
    *([lambda random: f"text{random.randrange(50)}"] * 6),
    lambda random: "",
    _long,
    _control,
    _halves,
    lambda random: random.choice(
        ["\u00e4\u6f22\U0001f600", "null", "0", "p-1-1", "__proto__", "%s"]
    ),
]
