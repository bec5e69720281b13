"""Which servers an invocation or a subscription goes to: the rules of ``src/client/targets.ts``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias, cast

from ..errors import InvalidInvoke
from ..wire.keys import nearest, unknown_key
from .directory import Instance, Offer

__all__ = [
    "SAY_FOR_WHOM",
    "BestOf",
    "Choice",
    "Target",
    "describe_target",
    "is_for_nobody",
    "read_filters",
    "read_instances",
    "read_target",
]


SAY_FOR_WHOM: Final = (
    "is offered for other users only, and a service sees those of all: say whose is meant, such as "
    'with target={"user": "anna"}'
)


class BestOf(NamedTuple):
    """The best server of the first of these users that has one."""

    users: tuple[str, ...]


Target: TypeAlias = "str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | BestOf | None"
"""``"best"`` (or ``None``), ``"all"``, ``"skipMine"``, an instance or part of one, or a list."""

Choice: TypeAlias = Callable[[list[Offer], "str | None"], list[Offer]]
"""Chooses among offers, the preferred one in front, given the own peer id."""

Filter: TypeAlias = "Mapping[str, Any]"

_PASSING: Final = ("peerId", "pid", "isLocal")
"""What an instance says of one connection or one viewer, beside the ``instance`` that stays."""

_PATTERN_KEYS: Final = ("regex", "flags")
_OF_JAVASCRIPT: Final = "dguvy"
"""Flags of JavaScript that make no difference to whether a pattern is found."""

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_NAMED: Final[dict[str, Choice]] = {
    "best": lambda offers, own_id: offers[:1],
    "all": lambda offers, own_id: offers,
    "skipMine": lambda offers, own_id: [
        offer for offer in offers if offer.server["peerId"] != own_id
    ],
}


def read_target(target: Target) -> Choice:
    """
    Raises:
        InvalidInvoke: It is not a valid target; the text says what is.
    """
    if target is None:
        return _NAMED["best"]
    if isinstance(target, str) and target in _NAMED:
        return _NAMED[target]
    if isinstance(target, BestOf):
        return partial(_best_of, target.users)
    matches = read_filters(target)
    return lambda offers, own_id: [offer for offer in offers if matches(offer.server)]


def is_for_nobody(target: Target, chosen: list[Offer], own_user: Any) -> bool:
    """
    Whether a service, which sees the peers of all users, would take the best server of just any of
    them: it has to say for whom it works.
    """
    # The gateway tells services alone since when somebody is there.
    return (
        target in (None, "best")
        and chosen[0].server.since is not None
        and chosen[0].server.get("user") != own_user
    )


def describe_target(target: Target) -> str:
    """For errors and the log."""
    if isinstance(target, BestOf):
        return f"'best' of the user {target.users[0]!r}"
    if isinstance(target, str) or target is None:
        return f"'{target or 'best'}'"
    return repr([dict(entry) for entry in target] if isinstance(target, list) else target)


def read_filters(target: Any) -> Callable[[Instance], bool]:
    """
    Tell whether an instance is one of those meant.

    Raises:
        InvalidInvoke: Neither a dict nor a list of dicts, or a pattern is malformed.
    """
    entries = _entries(target)
    if entries is None:
        raise InvalidInvoke(f"Unknown target {target!r}: {_what_there_is(target)}")
    if not entries:
        raise InvalidInvoke("No server is meant: the target is an empty list")
    return read_instances(entries, "target's")


def read_instances(
    filters: Sequence[Mapping[str, Any]], whose: str
) -> Callable[[Mapping[str, Any]], bool]:
    """
    Tell whether an instance matches one of ``filters``.

    Args:
        filters: Fields of an instance, or patterns for them.
        whose: What messages call the filter that a value belongs to, such as ``"target's"``.

    Raises:
        InvalidInvoke: A pattern is malformed.
    """
    tests = [_read_filter(entry, whose) for entry in filters]
    return lambda instance: any(test(instance) for test in tests)


def _best_of(users: tuple[str, ...], offers: list[Offer], own_id: str | None) -> list[Offer]:
    for user in users:
        best = [offer for offer in offers if offer.server.get("user") == user][:1]
        if best:
            return best
    return []


def _what_there_is(target: Any) -> str:
    meant = nearest(target, list(_NAMED)) if isinstance(target, str) else None
    if meant is not None:
        return f"did you mean {meant!r}?"
    return "use 'best', 'all', 'skipMine', an instance or a list of instances"


def _entries(target: Any) -> list[Filter] | None:
    if isinstance(target, Mapping):
        return [cast("Filter", target)]
    if isinstance(target, list | tuple):
        entries = cast("list[Filter]", target)
        if all(isinstance(entry, Mapping) for entry in entries):  # pyright: ignore[reportUnnecessaryIsInstance]
            return list(entries)
    return None


def _read_filter(entry: Filter, whose: str) -> Callable[[Mapping[str, Any]], bool]:
    tests = [
        (key, _read_test(f"{whose} {key}", wanted))
        for key, wanted in entry.items()
        if wanted is not None and not (key in _PASSING and entry.get("instance"))
    ]
    return lambda instance: all(test(instance.get(key)) for key, test in tests)


def _read_test(what: str, wanted: Any) -> Callable[[Any], bool]:
    pattern = _read_pattern(what, wanted)
    if pattern is not None:
        return lambda value: value is not None and pattern.search(str(value)) is not None
    text = str(wanted).lower()
    return lambda value: value is not None and str(value).lower() == text


def _read_pattern(what: str, wanted: Any) -> re.Pattern[str] | None:
    if isinstance(wanted, re.Pattern):
        return cast("re.Pattern[str]", wanted)
    if not isinstance(wanted, Mapping):
        return None
    entry = cast("Filter", wanted)
    text = entry.get("regex")
    if not isinstance(text, str):
        _check_no_pattern(what, entry)
        return None
    problem = unknown_key(f"The pattern of the {what}", entry, _PATTERN_KEYS)
    if problem is not None:
        raise InvalidInvoke(problem)
    try:
        return re.compile(text, _read_flags(what, entry.get("flags")))
    except (re.error, OverflowError) as error:
        raise InvalidInvoke(f"The {what} is not a valid regular expression: {error}") from error


def _check_no_pattern(what: str, entry: Filter) -> None:
    """Instances may have dicts among their values, but not one that looks like a pattern."""
    for each in entry:
        if nearest(str(each), _PATTERN_KEYS) == "regex":
            raise InvalidInvoke(
                f"The pattern of the {what} needs a 'regex', a string, and has {each!r}"
            )


def _read_flags(what: str, letters: Any) -> re.RegexFlag:
    flags = re.RegexFlag(0)
    for letter in str(letters or ""):
        if letter not in _FLAGS and letter not in _OF_JAVASCRIPT:
            raise InvalidInvoke(f"The {what} has an unknown flag {letter!r}: use i, m or s")
        flags |= _FLAGS.get(letter, re.RegexFlag(0))
    return flags
