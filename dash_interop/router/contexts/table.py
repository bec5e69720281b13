"""The table of contexts: found by id, and by name among those of one user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .context import Context

__all__ = ["Table"]


class Table:
    def __init__(self) -> None:
        self._by_id: dict[str, Context] = {}
        self._by_user: dict[str, dict[str, Context]] = {}
        self.get: Final = self._by_id.get
        """The context of an id, or ``None``."""

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Context]:
        return iter(self._by_id.values())

    def of_user(self, user: str) -> dict[str, Context]:
        """By name; not to be changed."""
        return self._by_user.get(user, {})

    def add(self, context: Context) -> None:
        self._by_id[context.id] = context
        self._by_user.setdefault(context.user, {})[context.name] = context

    def remove(self, context: Context) -> None:
        del self._by_id[context.id]
        names = self._by_user[context.user]
        del names[context.name]
        if not names:
            del self._by_user[context.user]
