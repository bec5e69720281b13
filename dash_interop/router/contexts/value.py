"""The value of one context, which costs as much to change as the change is long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Raw

from ...wire.codec import encode
from ...wire.deltas import Container, Delta, DeltaRefused, Edit, Path, Texts, read_delta

__all__ = ["Value", "ValueTooLarge"]

_TREE: Final = Texts()
_HOLE_SIZE: Final = len("null,")


class ValueTooLarge(Exception):
    """A value would have more bytes than the limit."""


class Value:
    """
    A map as JSON text, of which those parts are opened that deltas have led through.

    Its size is counted by what was added, and measured only when the count is above the limit.

    Args:
        data: A map or a list; a list becomes the map that clients make of it.
        limit: Bytes that it may have.

    Raises:
        DeltaRefused: ``data`` is neither.
        ValueTooLarge: It is.
    """

    __slots__ = ("_limit", "_node", "_size", "_text")

    def __init__(self, data: Raw, limit: int) -> None:
        self._limit = limit
        self._node: Any = {}
        self._size = 0
        self._text: Raw | None = None
        if bytes(data)[:1] not in (b"{", b"["):
            raise DeltaRefused("The data of a context have to be a map")
        self.apply(Delta(reset=data), len(bytes(data)))

    @property
    def text(self) -> Raw:
        """All of it."""
        if self._text is None:
            self._text = Raw(encode(self._node))
        return self._text

    def apply(self, delta: Delta[Raw], size: int) -> dict[Path, bool]:
        """
        Change it.

        Args:
            size: Bytes of the delta.

        Returns:
            What was written, each path with whether the maps on the way were made.

        Raises:
            DeltaRefused: The delta cannot be applied; nothing was changed.
            ValueTooLarge: It would be above the limit; nothing was changed.
        """
        edit = Edit(_TREE, self._node)
        edit.apply(delta)
        former_text, self._text = self._text, None
        self._node = edit.value
        counted = size + edit.holes * _HOLE_SIZE
        total = counted if () in edit.paths else self._size + counted
        if total > self._limit:
            total = len(bytes(self.text))
            if total > self._limit:
                edit.undo()
                self._node, self._text = edit.value, former_text
                raise ValueTooLarge
        self._size = total
        return edit.paths

    def take_over(self, other: Value, paths: Mapping[Path, bool]) -> None:
        """
        Have at some paths what another value has there, or nothing where that has nothing.

        Args:
            paths: With whether the maps on the way are made where they are missing, also where
                nothing is at the end.

        Raises:
            DeltaRefused: It cannot be there. Some of it may have been written.
            ValueTooLarge: It would be above the limit. Some of it may have been written.
        """
        parts: dict[Path, tuple[Any, bool]] = {}
        for path in sorted(paths, key=len):
            place, node = other._find(path)
            above = next((place[:n] for n in range(len(place) + 1) if place[:n] in parts), None)
            if above is None:
                parts[place] = node, paths[path]
            else:
                parts[above] = parts[above][0], parts[above][1] or paths[path]
        top: dict[str, Any] = {"added": {}, "removed": []}
        commands: list[dict[str, Any]] = []
        for (key, *deeper), (node, makes_way) in parts.items():
            if deeper:
                commands += _commands(".".join((key, *deeper)), node, makes_way)
            elif node is None:
                top["removed"].append(key)
            else:
                top["added"][key] = node
        for delta in (top, {"commands": commands}):
            text = Raw(encode(delta))
            self.apply(read_delta(text), len(bytes(text)))

    def has_map(self, path: Path) -> bool:
        _, node = self._find(path)
        return isinstance(node, dict) or (node is not None and _TREE.is_map(node))

    def delta_at(self, paths: Iterable[Path]) -> Raw:
        """The delta that makes a copy equal to it at some paths, whatever the copy has there."""
        present: dict[Path, Any] = {}
        for path in sorted(map(self._reach, paths), key=len):
            if not any(path[:length] in present for length in range(len(path) + 1)):
                present[path] = self._at(path)
        if () in present:
            return Raw(encode({"reset": self.text}))
        if any("." in step for path in present for step in path):
            return self._delta_of_keys({path[0] for path in present})
        commands: list[dict[str, Any]] = []
        for path, node in present.items():
            where = ".".join(path)
            if node is not None or len(path) > 1:
                # Also where nothing is, as this makes the parents that the copy may lack.
                commands.append({"type": "set", "path": where, "value": node})
            if node is None:
                commands.append({"type": "remove", "path": where})
        return Raw(encode({"commands": commands}))

    def _delta_of_keys(self, keys: set[str]) -> Raw:
        root = self._node
        added = {key: root[key] for key in keys if key in root}
        return Raw(encode({"added": added, "removed": [key for key in keys if key not in root]}))

    def _reach(self, path: Path) -> Path:
        """As much of a path as leads through maps, and the step that leads nowhere."""
        inner = self._open()
        for depth, step in enumerate(path):
            container = _TREE.enter(inner[step]) if step in inner else None
            if not isinstance(container, dict):
                return path[: depth + 1]
            inner[step] = inner = container
        return path

    def _find(self, path: Path) -> tuple[Path, Any]:
        """Where a path ends, at the first list at the latest, and what is there, or ``None``."""
        inner = self._open()
        for depth, step in enumerate(path[:-1]):
            container = _TREE.enter(inner[step]) if step in inner else None
            if container is None:
                return path, None
            inner[step] = container
            if isinstance(container, list):
                return path[: depth + 1], container
            inner = container
        return path, inner.get(path[-1]) if path else inner

    def _at(self, path: Path) -> Any:
        """What is at the end of a path that ``_reach`` has made; ``None`` where nothing is."""
        node: Any = self._open()
        for step in path:
            if step not in node:
                return None
            node = node[step]
        return node

    def _open(self) -> dict[str, Any]:
        root: Container | None = _TREE.enter(self._node)
        assert isinstance(root, dict)
        self._node = root
        return root


def _commands(path: str, node: Any, makes_way: bool) -> list[dict[str, Any]]:
    """What puts a node to a path, or takes away what is there."""
    if node is not None:
        return [{"type": "set", "path": path, "value": node}]
    # A set without a value takes away, too, and makes the maps on the way.
    return [{"type": "set" if makes_way else "remove", "path": path}]
