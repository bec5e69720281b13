"""
What has to be true after every sequence, given what was seen of it.

- Each write made one call, and its result was given to the callbacks once.
- Each invocation that was acknowledged or that returned a result was given to its callback once.
  Nothing is given twice, so where an answer was bad, a callback may not have run; then the page
  says so in its console, and the caller of a method that returns is told that it failed.
- No method left, and at the end everything works.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.soak.answers import Request

METHODS = {"Sum": "sum.invoke", "Grow": "grow.invoke"}
"""Those that return a result, and what their callbacks listen to."""


@dataclass(frozen=True)
class Outcome:
    """What the caller of a method that returns a result was told."""

    method: str
    number: int
    returned: int | None = None
    error: str | None = None


@dataclass
class Seen:
    """What was seen of a sequence."""

    failing: frozenset[int] = frozenset()
    written: list[int] = field(default_factory=list)
    """Values that the page was given to invoke."""
    called: list[int] = field(default_factory=list)
    """Calls that arrived."""
    acknowledged: list[int] = field(default_factory=list)
    """Void invocations that were accepted."""
    noted: list[int] = field(default_factory=list)
    """Void invocations that ran."""
    outcomes: list[Outcome] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    said_lost: int = 0
    """How many void invocations may not have run, as the page's console says."""
    gone: list[str] = field(default_factory=list)
    """Methods that were withdrawn."""
    stuck: list[str] = field(default_factory=list)
    """What did not end, or does not work any more."""


def faults(seen: Seen) -> list[str]:
    """Every way in which the promise was broken; empty where it was kept."""
    return [*_in_writes(seen), *_in_voids(seen), *_in_calls(seen), *_in_components(seen)]


def _in_writes(seen: Seen) -> Iterator[str]:
    written = Counter(seen.written)
    yield from _differences("calls", written, Counter(seen.called))
    yield from _differences("results", written, _given(seen, "invoke.result"))


def _in_voids(seen: Seen) -> Iterator[str]:
    accepted = Counter(seen.acknowledged)
    yield from _differences("void invocations", accepted, _given(seen, "note.invoke"))
    ran = Counter(
        request.number
        for request in seen.requests
        if request.prop == "note.invoke" and request.kind.runs
    )
    yield from _differences("runs of the void handler", ran, Counter(seen.noted))
    lost = accepted.total() - Counter(seen.noted).total()
    if lost > seen.said_lost:
        yield f"{lost} void invocations did not run, and the console knows of {seen.said_lost}"


def _in_calls(seen: Seen) -> Iterator[str]:
    for method, prop in METHODS.items():
        told = Counter(outcome.number for outcome in seen.outcomes if outcome.method == method)
        yield from _differences(f"runs of {method}", told, _given(seen, prop))
    for outcome in seen.outcomes:
        yield from _in_outcome(outcome, seen)


def _in_outcome(outcome: Outcome, seen: Seen) -> Iterator[str]:
    name = f"{outcome.method} {outcome.number}"
    prop = METHODS[outcome.method]
    may_fail = outcome.number in seen.failing or any(
        not request.kind.arrives
        for request in seen.requests
        if (request.prop, request.number) == (prop, outcome.number)
    )
    if outcome.error is not None and not may_fail:
        yield f"{name} failed: {outcome.error}"
    if outcome.error is None and outcome.returned != outcome.number:
        yield f"{name} returned {outcome.returned}"


def _in_components(seen: Seen) -> Iterator[str]:
    yield from (f"{method} was withdrawn" for method in seen.gone)
    yield from (f"stuck: {what}" for what in seen.stuck)


def _given(seen: Seen, prop: str) -> Counter[int]:
    return Counter(request.number for request in seen.requests if request.prop == prop)


def _differences(what: str, expected: Counter[int], found: Counter[int]) -> Iterable[str]:
    for number in sorted(expected.keys() | found.keys()):
        if found[number] != expected[number]:
            yield f"{found[number]} {what} with {number} instead of {expected[number]}"
