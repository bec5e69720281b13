"""Giving memory that was freed back to the system, where the allocator keeps it otherwise."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

__all__ = ["give_back"]


def _find() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # Not glibc; Windows takes no None.
        return None


_trim = _find()


def give_back() -> None:
    """Have the C library give back what it has kept for later; nothing happens with others."""
    if _trim is not None:
        _trim(0)
