"""The bound for all readers together, over outboxes that only say how much waits in them."""

from hypothesis import given
from hypothesis import strategies as st

from dash_interop.transport.outboxes import LOOKS, Outboxes, furthest_behind


class Waiting:
    """An outbox whose reader takes nothing."""

    def __init__(self, bound: Outboxes, backlog: int = 0) -> None:
        self._bound = bound
        self.backlog = backlog
        self.looks = 0
        self.is_given_up = False
        bound.add(self)

    def send(self, size: int) -> None:
        self.backlog += size
        self._bound.wrote(size)

    def give_up(self) -> None:
        self.is_given_up = True
        self._bound.remove(self)


def test_as_few_as_possible_are_given_up_those_furthest_behind():
    backlogs = {"a": 10, "b": 50, "c": 30, "d": 40}
    assert furthest_behind(backlogs, 130) == []
    assert furthest_behind(backlogs, 129) == ["b"]
    assert furthest_behind(backlogs, 60) == ["b", "d"]
    assert furthest_behind(backlogs, 0) == ["b", "d", "c", "a"]


@given(st.dictionaries(st.integers(0, 30), st.integers(0, 100), max_size=15), st.integers(0, 1000))
def test_what_stays_fits_and_none_who_stays_is_further_behind(backlogs, size):
    given_up = furthest_behind(backlogs, size)
    stays = {each: backlogs[each] for each in backlogs if each not in given_up}
    assert sum(stays.values()) <= size
    for one in given_up:
        assert all(backlogs[one] >= each for each in stays.values())
        assert sum(stays.values()) + backlogs[given_up[-1]] > size


def test_nobody_is_given_up_within_the_bound():
    bound = Outboxes(1000)
    readers = [Waiting(bound) for _ in range(10)]
    for reader in readers:
        reader.send(100)
    assert not any(reader.is_given_up for reader in readers)


def test_who_reads_is_not_counted_for_what_it_was_once_sent():
    bound = Outboxes(1000)
    stalled, reads = Waiting(bound, 400), Waiting(bound)
    for _ in range(1000):
        reads.send(90)
        reads.backlog = 0
    assert not (stalled.is_given_up or reads.is_given_up)


def test_the_furthest_behind_goes_whoever_is_written_to():
    bound = Outboxes(1000)
    stalled, other = Waiting(bound), Waiting(bound)
    stalled.send(700)
    other.send(200)
    assert not stalled.is_given_up
    other.send(200)
    assert (stalled.is_given_up, other.is_given_up) == (True, False)


def test_what_waits_is_never_more_than_the_bound_and_a_look_beyond():
    size = 100_000
    bound = Outboxes(size)
    readers = [Waiting(bound) for _ in range(50)]
    most = 0
    for number in range(20_000):
        reader = readers[number * number % 50]
        if not reader.is_given_up:
            reader.send(37)
        most = max(most, sum(each.backlog for each in readers if not each.is_given_up))
    assert size * 0.9 < most <= size * (1 + 1 / LOOKS) + 37


def test_looks_are_few_however_full_they_are():
    size, looks = 16_000, 0

    class Looked(Waiting):
        def __init__(self, bound: Outboxes) -> None:
            self._backlog = 0
            super().__init__(bound)

        @property
        def backlog(self) -> int:
            nonlocal looks
            looks += 1
            return self._backlog

        @backlog.setter
        def backlog(self, value: int) -> None:
            self._backlog = min(value, size - 1)

    bound = Outboxes(size)
    reader = Looked(bound)
    for _ in range(16_000):
        reader._backlog = size - 1
        bound.wrote(10)
    assert looks <= 10 * LOOKS
    assert not reader.is_given_up
