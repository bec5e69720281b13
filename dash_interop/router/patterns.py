"""
Regular expressions of strangers: matched in linear time by RE2, or not at all. The package
``google-re2`` has no wheels for some systems, so it is not a requirement.
"""

from __future__ import annotations

import functools
from typing import Any, Final, cast

try:
    import re2  # pyright: ignore[reportMissingTypeStubs]
except ImportError:
    re2 = None

__all__ = ["HAS_RE2", "compiled"]

HAS_RE2: Final = re2 is not None
"""Whether ``google-re2`` is installed, without which nothing can be compiled."""

_MAX_PATTERN: Final = 1000
"""Characters of a regular expression."""

_MAX_MEMORY: Final = 128 * 1024
"""Bytes that RE2 may take for one, which are kept as long as its restriction holds."""

_RE2: Final = cast(Any, re2)


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """A compiled regular expression; ``None`` when it is malformed or too large."""
    if len(pattern) > _MAX_PATTERN:
        return None
    options = _RE2.Options()
    # RE2 would write every bad pattern, a stranger's text, to stderr.
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return _RE2.compile(pattern, options)
    except _RE2.error:
        return None
