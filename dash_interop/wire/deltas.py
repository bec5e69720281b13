"""
What the delta of a context means: the rules of live clients, for the gateway and for peers.

A delta replaces everything (``reset``), or it is a list of ``commands`` that act in their order, or
it adds, merges and takes away top-level keys (``added``, ``updated``, ``removed``); the first of
these that it has counts. Where a live client would fail half way through, or make something that no
JSON can hold, the whole delta is refused and changes nothing.

The gateway holds a value as text that it opens where a path leads, and changes it in place. A peer
holds Python values that its listeners may keep, and copies what a path leads through. Both are a
``Tree`` to the ``Edit`` that has the rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Final, Generic, Protocol, TypeAlias, TypeVar, cast

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

__all__ = [
    "MAX_HOLES",
    "MAX_SEGMENTS",
    "Command",
    "Container",
    "Delta",
    "DeltaRefused",
    "Edit",
    "Path",
    "Texts",
    "Tree",
    "apply_delta",
    "read_delta",
]

MAX_HOLES: Final = 10_000
"""Elements that one delta may add to lists without saying what they are."""

MAX_SEGMENTS: Final = 100
"""Of a path: what is nested more deeply, many clients cannot read."""

Node = TypeVar("Node")

Container: TypeAlias = dict[str, Any] | list[Any]

Path: TypeAlias = tuple[str, ...]
"""Keys from the top of a value on; the empty one is the whole value."""

_FORBIDDEN: Final = ("__proto__", "constructor", "prototype")
_INDEX: Final = re.compile("0|[1-9][0-9]*")
_MISSING: Final = object()


class DeltaRefused(ValueError):
    """A delta cannot be applied; the text names the path or the part and says why."""


class Command(Struct, Generic[Node], frozen=True):
    """``set`` or ``remove``; other types mean nothing."""

    type: Any = None
    path: Any = None
    value: Node | UnsetType = UNSET


class Delta(Struct, Generic[Node], frozen=True):
    """
    One change of a context.

    Attributes:
        reset: The new value, in place of the former; ``None`` for none.
        commands: Changes in their order.
        added: Top-level keys that are set.
        updated: Top-level keys that are merged, map into map, or set.
        removed: Top-level keys that are taken away.
    """

    reset: Node | UnsetType = UNSET
    commands: list[Command[Node]] | None = None
    added: dict[str, Node] | None = None
    updated: dict[str, Node] | None = None
    removed: list[str | int] | None = None


_text_decoder: Final = msgspec.json.Decoder(Delta[Raw])


def read_delta(raw: Raw) -> Delta[Raw]:
    """
    Raises:
        DeltaRefused: It is malformed.
    """
    try:
        return _text_decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DeltaRefused(f"The delta is malformed: {error}") from error
    except RecursionError:
        raise DeltaRefused("The delta is nested too deeply") from None


def apply_delta(value: dict[str, Any], delta: Any) -> dict[str, Any]:
    """
    The value after a change. What did not change is shared with the former value, which stays as it
    was.

    Args:
        value: Of a context.
        delta: As it travels, decoded.

    Raises:
        DeltaRefused: It cannot be applied.
    """
    try:
        parts: Delta[Any] = msgspec.convert(delta, Delta[Any])
    except msgspec.ValidationError as error:
        raise DeltaRefused(f"The delta is malformed: {error}") from error
    edit = Edit(_Copies(), value)
    edit.apply(parts)
    return edit.value


class Tree(Protocol):
    """How the nodes of a value are held."""

    null: ClassVar[Any]
    """The node that is ``null``."""

    def is_falsy(self, node: Any) -> bool:
        """Whether JavaScript takes it for false: ``null``, ``false``, 0 and the empty text."""
        ...

    def is_map(self, node: Any) -> bool: ...

    def is_text(self, node: Any) -> bool: ...

    def number(self, node: Any) -> Any:
        """The value of a node that is a number; something else for others."""
        ...

    def keep(self, node: Any) -> Any:
        """A node of a delta as it becomes part of the value."""
        ...

    def enter(self, node: Any) -> Container | None:
        """
        What may be changed in place of a node, which then has to take its place; ``None`` where the
        node is neither a map nor a list.
        """
        ...


class Texts:
    """Nodes are JSON text, or maps and lists of nodes where a path has led before."""

    null: ClassVar[Any] = Raw(b"null")

    def is_falsy(self, node: Any) -> bool:
        if not isinstance(node, Raw):
            return False
        text = bytes(node)
        if text[0] in b"-0123456789":
            return float(text) == 0
        return text in (b"null", b"false", b'""')

    def is_map(self, node: Any) -> bool:
        return isinstance(node, dict) or (isinstance(node, Raw) and bytes(node)[:1] == b"{")

    def is_text(self, node: Any) -> bool:
        return isinstance(node, Raw) and bytes(node)[:1] == b'"'

    def number(self, node: Any) -> Any:
        try:
            return _number.decode(node) if isinstance(node, Raw) else None
        except msgspec.MsgspecError:
            return None

    def keep(self, node: Any) -> Any:
        # Else it would keep all that it came with.
        return node.copy()

    def enter(self, node: Any) -> Container | None:
        if not isinstance(node, Raw):
            return node
        kind = bytes(node)[:1]
        if kind == b"{":
            return {key: each.copy() for key, each in _map.decode(node).items()}
        if kind == b"[":
            return [each.copy() for each in _list.decode(node)]
        return None


_number: Final[msgspec.json.Decoder[int | float]] = msgspec.json.Decoder(int | float)
_map: Final = msgspec.json.Decoder(dict[str, Raw])
_list: Final = msgspec.json.Decoder(list[Raw])


class _Copies:
    """Nodes are Python values. The first time that a path leads through one, it is copied."""

    null: ClassVar[Any] = None

    def __init__(self) -> None:
        self._made: dict[int, Container] = {}

    def is_falsy(self, node: Any) -> bool:
        return node is None or node == "" or (isinstance(node, int | float) and node == 0)

    def is_map(self, node: Any) -> bool:
        return isinstance(node, dict)

    def is_text(self, node: Any) -> bool:
        return isinstance(node, str)

    def number(self, node: Any) -> Any:
        return node

    def keep(self, node: Any) -> Any:
        return node

    def enter(self, node: Any) -> Container | None:
        if not isinstance(node, dict | list):
            return None
        container = cast(Container, node)
        if id(container) in self._made:
            return container
        copy = container.copy()
        self._made[id(copy)] = copy
        return copy


class Edit:
    """
    Changes of a value that can be undone.

    Args:
        tree: How the value is held.
        value: The value, a map.

    Attributes:
        value: After the changes.
        holes: How many elements of lists were added without a value.
        paths: What was written, each with whether the maps on the way were made where they were
            missing. A path ends at the first list that it leads through, as elements of a list
            depend on each other.
    """

    def __init__(self, tree: Tree, value: Any) -> None:
        self._tree = tree
        self._former = value
        self._undo: list[Callable[[], Any]] = []
        self.holes = 0
        self.value = value
        self.paths: dict[Path, bool] = {}

    def apply(self, delta: Delta[Any]) -> None:
        """
        Raises:
            DeltaRefused: It cannot be applied; the value is as it was before all changes.
        """
        try:
            self._apply(delta)
        except DeltaRefused:
            self.undo()
            raise

    def undo(self) -> None:
        """Have the value as it was before all changes."""
        while self._undo:
            self._undo.pop()()
        self.value = self._former
        self.paths.clear()

    def _apply(self, delta: Delta[Any]) -> None:
        if delta.reset is not UNSET and not self._tree.is_falsy(delta.reset):
            self.value = self._map_of(delta.reset)
            self._note(())
            return
        # What is entered takes the node's place, also when the delta is refused: it is the same.
        root = self._tree.enter(self.value)
        assert isinstance(root, dict)
        self.value = root
        if delta.commands is not None:
            for command in delta.commands:
                self._command(root, command)
            return
        for key, node in (delta.added or {}).items():
            self._add(root, key, node)
        for key, node in (delta.updated or {}).items():
            self._update(root, key, node)
        for key in delta.removed or ():
            self._take(root, str(key))
            self._note((str(key),))

    def _map_of(self, node: Any) -> Any:
        """A value as clients hold it, which make a map of a list."""
        if self._tree.is_map(node):
            return self._tree.keep(node)
        container = self._tree.enter(node)
        if container is None:
            raise DeltaRefused("The reset of a context has to be a map")
        return {str(index): each for index, each in enumerate(container)}

    def _add(self, root: dict[str, Any], key: str, node: Any) -> None:
        _check_key(key)
        self._put(root, key, self._tree.keep(node))
        self._note((key,))

    def _update(self, root: dict[str, Any], key: str, node: Any) -> None:
        former = root.get(key, _MISSING)
        left = None if former is _MISSING else self._tree.enter(former)
        right = self._tree.enter(node) if isinstance(left, dict) else None
        if not isinstance(left, dict) or not isinstance(right, dict):
            self._add(root, key, node)
            return
        root[key] = left
        for inner, each in right.items():
            _check_key(inner)
            self._put(left, inner, each)
        self._note((key,))

    def _command(self, root: dict[str, Any], command: Command[Any]) -> None:
        if command.type not in ("set", "remove"):
            return
        path = command.path
        if not isinstance(path, str):
            raise DeltaRefused(f"The path of a command has to be a text, not {path!r:.100}")
        steps = path.split(".")
        if len(steps) > MAX_SEGMENTS:
            raise _refused(path, f"it has more than {MAX_SEGMENTS} segments")
        if any(step in _FORBIDDEN for step in steps[:-1]) or steps[-1] == "__proto__":
            words = "it has a segment that JavaScript keeps for itself"
            raise _refused(path, f"{words}: {', '.join(_FORBIDDEN)}")
        if command.type == "set":
            self._set(root, path, steps, command.value)
        else:
            self._remove(root, path, steps)

    def _set(self, parent: Container, path: str, steps: list[str], node: Any) -> None:
        *before, last = steps
        written = len(steps)
        for depth, step in enumerate(before):
            if isinstance(parent, list):
                written = min(written, depth)
                self._reach(parent, path, _index(path, step))
            parent = self._enter_or_make(parent, step)
        if not isinstance(parent, list):
            if node is UNSET:
                self._take(parent, last)
            else:
                self._put(parent, last, self._tree.keep(node))
        else:
            written = min(written, len(before))
            if last == "length":
                self._set_length(parent, path, node)
            else:
                index = _index(path, last)
                self._reach(parent, path, index)
                null = self._tree.null
                self._put(parent, index, null if node is UNSET else self._tree.keep(node))
        self._note(tuple(steps[:written]), makes_way=True)

    def _remove(self, parent: Container, path: str, steps: list[str]) -> None:
        *before, last = steps
        written = len(steps)
        for depth, step in enumerate(before):
            key: Any = step
            if isinstance(parent, list):
                written = min(written, depth)
                key = _index(path, step)
            former = _get(parent, key)
            inner = None if former is _MISSING else self._tree.enter(former)
            if inner is None:
                self._check_scalar(former, path, steps[depth + 1])
                self._note(tuple(steps[:written]))
                return
            cast(Any, parent)[key] = inner
            parent = inner
        if isinstance(parent, list):
            written = min(written, len(before))
            index = _index(path, last)
            if index < len(parent):
                self._put(parent, index, self._tree.null)
        else:
            self._take(parent, last)
        self._note(tuple(steps[:written]))

    def _note(self, path: Path, *, makes_way: bool = False) -> None:
        self.paths[path] = makes_way or self.paths.get(path, False)

    def _check_scalar(self, node: Any, path: str, step: str) -> None:
        """Letters of a text cannot be removed, and clients fail where that is tried."""
        if node is _MISSING or not self._tree.is_text(node) or self._tree.is_falsy(node):
            return
        if step == "length" or _INDEX.fullmatch(step):
            raise _refused(path, "it leads into a text")

    def _enter_or_make(self, parent: Container, step: str) -> Container:
        key: Any = int(step) if isinstance(parent, list) else step
        former = _get(parent, key)
        inner = None if former is _MISSING else self._tree.enter(former)
        if inner is None:
            made: dict[str, Any] = {}
            self._put(parent, key, made)
            return made
        cast(Any, parent)[key] = inner
        return inner

    def _set_length(self, parent: list[Any], path: str, node: Any) -> None:
        length = None if node is UNSET else self._tree.number(node)
        if isinstance(length, float) and length.is_integer():
            length = int(length)
        if isinstance(length, bool) or not isinstance(length, int) or length < 0:
            raise _refused(path, "the length of a list has to be a whole number")
        if length < len(parent):
            tail = parent[length:]
            del parent[length:]
            self._undo.append(partial(parent.extend, tail))
        else:
            self._lengthen(parent, path, length)

    def _reach(self, parent: list[Any], path: str, index: int) -> None:
        """Have a list so long that it has an element with this index."""
        if index >= len(parent):
            # The element itself is no hole.
            self.holes -= 1
            self._lengthen(parent, path, index + 1)

    def _lengthen(self, parent: list[Any], path: str, length: int) -> None:
        former = len(parent)
        self.holes += length - former
        if self.holes > MAX_HOLES:
            raise _refused(path, f"it would leave more than {MAX_HOLES} elements without a value")
        parent.extend([self._tree.null] * (length - former))
        self._undo.append(partial(parent.__delitem__, slice(former, None)))

    def _put(self, parent: Container, key: Any, node: Any) -> None:
        former = _get(parent, key)
        place = cast(Any, parent)
        place[key] = node
        if former is _MISSING:
            self._undo.append(partial(place.pop, key))
        else:
            self._undo.append(partial(place.__setitem__, key, former))

    def _take(self, parent: dict[str, Any], key: str) -> None:
        former = parent.pop(key, _MISSING)
        if former is not _MISSING:
            self._undo.append(partial(parent.__setitem__, key, former))


def _get(parent: Container, key: Any) -> Any:
    if isinstance(parent, list):
        return parent[key] if key < len(parent) else _MISSING
    return parent.get(key, _MISSING)


def _index(path: str, step: str) -> int:
    if not _INDEX.fullmatch(step):
        raise _refused(path, f"it leads into a list, where {step!r} is not an index")
    # Python reads no number of thousands of digits, and no list is so long.
    return int(step) if len(step) < 16 else 10**16


def _check_key(key: str) -> None:
    if key == "__proto__":
        raise DeltaRefused("The key __proto__ cannot be set: JavaScript keeps it for itself")


def _refused(path: str, why: str) -> DeltaRefused:
    return DeltaRefused(f"The path {path[:200]!r} cannot be used: {why}")
