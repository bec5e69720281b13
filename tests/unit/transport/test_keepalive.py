"""Who is still there, and who is not: with a clock that the tests move."""

import pytest

from dash_interop.transport.keepalive import LATE, Action, Keepalive

INTERVAL, TIMEOUT = 15.0, 10.0


def life(*looks):
    """What each look leads to: pairs of bytes that have left ever since and bytes that wait."""
    keepalive = Keepalive(INTERVAL, TIMEOUT, 100.0)
    return [keepalive.look(keepalive.due, *each) for each in looks]


def test_silent_end_is_asked_and_then_given_up():
    keepalive = Keepalive(INTERVAL, TIMEOUT, 100.0)
    assert keepalive.due == 115
    assert keepalive.look(115.0, 0, 0) is Action.PING
    assert keepalive.due == 125
    assert keepalive.look(125.0, 0, 0) is Action.GIVE_UP


def test_end_that_speaks_is_not_even_asked():
    keepalive = Keepalive(INTERVAL, TIMEOUT, 100.0)
    for _ in range(5):
        keepalive.last_sign = keepalive.due - 1
        assert keepalive.look(keepalive.due, 0, 0) is Action.WAIT
        assert keepalive.due == keepalive.last_sign + INTERVAL


@pytest.mark.parametrize("after", [0.0, 9.0])
def test_any_sign_after_the_question_is_an_answer(after):
    keepalive = Keepalive(INTERVAL, TIMEOUT, 100.0)
    keepalive.look(115.0, 0, 0)
    # A clock of a loop may not move between the two.
    keepalive.last_sign = 115 + after
    assert keepalive.look(125.0, 0, 0) is Action.WAIT
    assert keepalive.due == 130 + after
    assert keepalive.look(keepalive.due, 0, 0) is Action.PING


def test_reader_that_keeps_reading_is_alive_although_its_pong_is_far_behind():
    backlog = 1_000_000
    left = range(0, 500_000, 50_000)
    assert Action.GIVE_UP not in life(*((each, backlog) for each in left))


def test_reader_that_stops_reading_is_given_up_whatever_still_waits():
    assert life((0, 9), (5, 9), (5, 9), (5, 9))[1:] == [Action.WAIT, Action.PING, Action.GIVE_UP]


def test_what_the_system_takes_is_no_sign_of_life_as_long_as_nothing_waits():
    assert life((10, 0), (20, 0)) == [Action.PING, Action.GIVE_UP]


def test_look_that_is_late_only_asks_again():
    keepalive = Keepalive(INTERVAL, TIMEOUT, 100.0)
    keepalive.look(115.0, 0, 0)
    assert keepalive.look(125 + LATE + 40, 0, 0) is Action.PING
    assert keepalive.look(keepalive.due, 0, 0) is Action.GIVE_UP
