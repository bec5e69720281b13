"""What was written to a context at this gateway, which stays when an older value comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...wire.deltas import Path
from .value import Value

__all__ = ["Written"]

_MOST_PATHS: Final = 1024
"""Paths above which all of the value counts as written."""


class Written:
    """
    Where a value was written since it came from another gateway, or was made.

    Args:
        paths: As ``Value.apply`` returns them.
    """

    __slots__ = ("_paths",)

    def __init__(self, paths: Mapping[Path, bool] | None = None) -> None:
        self._paths: dict[Path, bool] = {}
        self.add(paths or {})

    @classmethod
    def everywhere(cls) -> Written:
        return cls({(): True})

    @property
    def is_everywhere(self) -> bool:
        return () in self._paths

    @property
    def is_nowhere(self) -> bool:
        return not self._paths

    def add(self, paths: Mapping[Path, bool]) -> None:
        """What ``Value.apply`` returned for one more write."""
        written = self._paths
        for path, makes_way in paths.items():
            written[path] = makes_way or written.get(path, False)
        if () in written or len(written) > _MOST_PATHS:
            self._paths = {(): True}

    def lay(self, upper: Value, lower: Value) -> None:
        """
        Have in one value what was written to the other, as if all of that had come after it.

        Raises:
            DeltaRefused: What was written cannot be there; the lower value is of no use then.
            ValueTooLarge: As before.
        """
        if self._paths:
            lower.take_over(upper, self._paths)
