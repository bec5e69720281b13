"""Keys and words that mean nothing, and which were meant: the rules of ``src/client/keys.ts``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["hint", "nearest", "unknown_key"]

_LEAST_LIKENESS = 0.65
_SHORTEST_PART = 4
"""Fewer characters are part of a word by chance."""
_BEGINNING = 3
"""So many characters at the beginning make words look alike."""


def unknown_key(what: str, given: Iterable[Any], known: Sequence[str]) -> str | None:
    """
    What is wrong with the keys of a dict, in words; ``None`` when all are known.

    Args:
        what: The dict, for people, such as ``"The definition"``.
        given: Its keys.
        known: Those that mean something.
    """
    for key in given:
        if key not in known:
            return f"{what} has an unknown key {key!r}: {hint(str(key), known)}"
    return None


def hint(word: str, known: Sequence[str]) -> str:
    """``did you mean 'accepts'?``, or which words there are where none is near."""
    meant = nearest(word, known)
    if meant is not None:
        return f"did you mean {meant!r}?"
    return f"known are {', '.join(map(repr, known))}"


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that was meant; ``None`` where none is near."""
    plain = {_plain(each): each for each in reversed(known)}
    asked = _plain(word)
    close = difflib.get_close_matches(asked, plain, n=1, cutoff=_LEAST_LIKENESS)
    if close:
        return plain[close[0]]
    if len(asked) < _SHORTEST_PART:
        return None
    beginning = asked[:_BEGINNING]
    containing = [each for each in known if asked in _plain(each)]
    beginning_alike = [each for each in known if _plain(each).startswith(beginning)]
    return next(iter(containing + beginning_alike), None)


def _plain(word: str) -> str:
    """Neither case nor underscores tell words apart."""
    return word.lower().replace("_", "")
