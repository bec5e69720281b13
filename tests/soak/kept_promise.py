"""
What has to be true of a gateway after anything that happens, given what was seen of it.

- Each call ends, once. It succeeds where nothing happened to its two peers, its method and the
  gateway while it was under way.
- Nothing is handled twice; what succeeded was handled; what was said not to have been delivered was
  not handled.
- A callee handles the calls of one caller to one method in their order.
- Data come in order, none twice, and all of them where nothing happened to the two ends.
- Nothing is left in the tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Ended", "Handled", "Seen", "broken"]


@dataclass(frozen=True)
class Ended:
    """How a call ended."""

    number: int
    is_undisturbed: bool
    """Whether it has to have succeeded."""
    kind: str
    returned: int | None = None
    error: str | None = None
    delivered: str | None = None
    """What the error says of whether the callee has got it."""


@dataclass(frozen=True)
class Handled:
    """An invocation that reached a handler."""

    callee: str
    method: int
    caller: str
    number: int


@dataclass
class Seen:
    """What was seen of some happenings."""

    called: list[int] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    handled: list[Handled] = field(default_factory=list)
    data: dict[int, list[int]] = field(default_factory=dict)
    """What each subscription was told, in order."""
    owed: dict[int, list[int]] = field(default_factory=dict)
    """What it must have been told."""
    stuck: list[str] = field(default_factory=list)
    """What did not end, or does not work any more."""
    left: dict[str, int] = field(default_factory=dict)
    """What there was in the tables of the gateway beyond what has to be there."""


def broken(seen: Seen) -> list[str]:
    """Every way in which the promise was broken; empty where it was kept."""
    return [*_of_calls(seen), *_of_handlers(seen), *_of_data(seen), *_of_the_end(seen)]


def _of_calls(seen: Seen) -> Iterator[str]:
    ended = Counter(end.number for end in seen.ended)
    for number in seen.called:
        if ended[number] != 1:
            yield f"call {number} ended {ended[number]} times"
    handled = {each.number for each in seen.handled}
    for end in seen.ended:
        if end.error is None:
            if end.returned != end.number:
                yield f"call {end.number} returned {end.returned}"
            if end.number not in handled:
                yield f"call {end.number} succeeded and was not handled"
        elif end.is_undisturbed and not (end.kind == "failing" and "ValueError" in end.error):
            yield f"call {end.number} failed, and nothing had happened: {end.error}"
        if end.delivered == "no" and end.number in handled:
            yield f"call {end.number} was handled, and is said not to have been delivered"


def _of_handlers(seen: Seen) -> Iterator[str]:
    for number, count in Counter(each.number for each in seen.handled).items():
        if count > 1:
            yield f"call {number} was handled {count} times"
    last: dict[tuple[str, int, str], int] = {}
    for each in seen.handled:
        line = (each.callee, each.method, each.caller)
        if each.number < last.get(line, 0):
            yield f"call {each.number} was handled after {last[line]}, which came later"
        last[line] = each.number


def _of_data(seen: Seen) -> Iterator[str]:
    for subscription, told in seen.data.items():
        if any(later <= earlier for earlier, later in zip(told, told[1:], strict=False)):
            yield f"subscription {subscription} was told {told}"
        missing = sorted(set(seen.owed.get(subscription, ())) - set(told))
        if missing:
            yield f"subscription {subscription} was never told {missing[:10]}, of {len(missing)}"


def _of_the_end(seen: Seen) -> Iterator[str]:
    yield from (f"stuck: {what}" for what in seen.stuck)
    yield from (f"left over: {count} {name}" for name, count in seen.left.items())
