"""Timers without a clock."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.peer.deadlines import Deadlines


class Log:
    """Remembers which timers fired, and when they were told it was."""

    def __init__(self):
        self.deadlines = Deadlines()
        self.fired = []

    def at(self, when, name):
        return self.deadlines.at(when, lambda now: self.fired.append((name, now)))


def test_nothing_is_due_where_there_are_no_timers():
    deadlines = Deadlines()
    deadlines.fire(100.0)
    assert deadlines.next() is None
    assert len(deadlines) == 0


def test_timer_fires_at_its_time_and_not_before():
    log = Log()
    log.at(5.0, "a")
    log.deadlines.fire(4.999)
    assert (log.fired, log.deadlines.next()) == ([], 5.0)
    log.deadlines.fire(5.0)
    assert (log.fired, log.deadlines.next()) == ([("a", 5.0)], None)


def test_late_timer_is_told_the_present_time():
    log = Log()
    log.at(5.0, "a")
    log.deadlines.fire(70.0)
    assert log.fired == [("a", 70.0)]


def test_timer_fires_once():
    log = Log()
    log.at(5.0, "a")
    for now in (5.0, 5.0, 6.0):
        log.deadlines.fire(now)
    assert log.fired == [("a", 5.0)]


def test_timers_of_one_time_fire_in_the_order_in_which_they_were_made():
    log = Log()
    for name in "cab":
        log.at(5.0, name)
    log.at(4.0, "first")
    log.deadlines.fire(5.0)
    assert [name for name, _ in log.fired] == ["first", "c", "a", "b"]


def test_cancelled_timer_does_not_fire():
    log = Log()
    timer = log.at(5.0, "a")
    log.at(6.0, "b")
    timer.cancel()
    assert (log.deadlines.next(), len(log.deadlines)) == (6.0, 1)
    log.deadlines.fire(10.0)
    assert log.fired == [("b", 10.0)]


def test_cancelling_twice_or_after_firing_does_no_harm():
    log = Log()
    cancelled, fired = log.at(5.0, "a"), log.at(1.0, "b")
    log.at(9.0, "c")
    log.deadlines.fire(1.0)
    for timer in (cancelled, cancelled, fired, fired):
        timer.cancel()
    assert len(log.deadlines) == 1
    assert log.deadlines.next() == 9.0
    assert len(log.deadlines) == 1


def test_action_may_cancel_a_timer_that_is_due_with_it():
    log = Log()
    log.deadlines.at(5.0, lambda now: other.cancel())
    other = log.at(5.0, "other")
    log.deadlines.fire(5.0)
    assert log.fired == []
    assert len(log.deadlines) == 0


def test_action_may_make_a_timer_that_is_due_at_once():
    log = Log()

    def make_two(now):
        log.at(now, "at once")
        log.at(now + 1, "later")

    log.deadlines.at(5.0, make_two)
    log.deadlines.fire(5.0)
    assert log.fired == [("at once", 5.0)]
    assert log.deadlines.next() == 6.0


def test_action_may_cancel_its_own_timer():
    deadlines = Deadlines()
    timer = deadlines.at(5.0, lambda now: timer.cancel())
    deadlines.at(6.0, lambda now: None)
    deadlines.fire(5.0)
    assert len(deadlines) == 1


def held(deadlines):
    """How many timers it keeps, cancelled ones included."""
    return len(deadlines._heap)


def test_cancelled_timers_are_cleared_away():
    log = Log()
    staying = [log.at(1000.0 + number, number) for number in range(10)]
    for number in range(1000):
        log.at(5.0 + number, "gone").cancel()
        assert held(log.deadlines) < 200
    assert len(log.deadlines) == len(staying)
    log.deadlines.fire(10_000.0)
    assert [name for name, _ in log.fired] == list(range(10))


def test_timers_cancelled_in_the_middle_are_cleared_away_and_the_others_keep_their_order():
    log = Log()
    timers = [log.at(float(number % 50), number) for number in range(1000)]
    for timer in timers[:900]:
        timer.cancel()
    assert held(log.deadlines) < 300
    log.deadlines.fire(100.0)
    staying = sorted(range(900, 1000), key=lambda number: (number % 50, number))
    assert [name for name, _ in log.fired] == staying


STEPS = st.lists(
    st.tuples(st.just("at"), st.integers(0, 20))
    | st.tuples(st.just("cancel"), st.integers(0, 500))
    | st.tuples(st.just("cancel all but"), st.integers(0, 3))
    | st.tuples(st.just("fire"), st.integers(0, 6)),
    max_size=40,
)
MANY = st.sampled_from([1, 2, 80])
"""So many timers are made at a time: enough of them and the cancelled ones are cleared away."""


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(STEPS, MANY)
def test_each_live_timer_fires_once_in_time_order_and_none_early(steps, many):
    log = Log()
    now, made = 0, 0
    timers = {}
    live = {}
    for step, number in steps:
        if step == "at":
            for _ in range(many):
                timers[made] = log.at(float(now + number), made)
                live[made] = float(now + number)
                made += 1
        elif step == "cancel" and timers:
            which = number % len(timers)
            timers[which].cancel()
            live.pop(which, None)
        elif step == "cancel all but":
            for which, timer in timers.items():
                if which % 4 != number:
                    timer.cancel()
                    live.pop(which, None)
        elif step == "fire":
            now += number
            due = sorted((when, which) for which, when in live.items() if when <= now)
            log.fired.clear()
            log.deadlines.fire(float(now))
            assert log.fired == [(which, float(now)) for _, which in due]
            for _, which in due:
                del live[which]
        assert len(log.deadlines) == len(live)
        assert log.deadlines.next() == min(live.values(), default=None)
        assert held(log.deadlines) <= max(2 * len(live), len(live) + 64) + 1
