"""Unknown keys and words, and which known ones were meant: the rules of ``src/client/keys.ts``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["hint", "nearest", "unknown_key"]

_LEAST_LIKENESS = 0.65
_SHORTEST_PART = 4
"""A shorter text is part of a word by chance."""
_BEGINNING = 3
"""Words that have so many characters at the beginning in common look alike."""


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
    """``did you mean 'accepts'?``, or a list of the known words where none of them is near."""
    meant = nearest(word, known)
    if meant is not None:
        return f"did you mean {meant!r}?"
    return f"known are {', '.join(map(repr, known))}"


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that was meant; ``None`` where no known word is near."""
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
    """The word as it is compared: without regard to case and underscores."""
    return word.lower().replace("_", "")
