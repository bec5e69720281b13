"""Turns and rates, with a clock that the tests move."""

import pytest

from dash_interop.gateway.pace import (
    FRAME_COST,
    LONGEST_PAUSE,
    SHARE,
    Bucket,
    Pace,
    Rate,
    Rates,
    Sender,
)

PLENTY = Rate(1e9, 1e12)


def sender_of(rate=PLENTY, user=PLENTY, patience=30.0):
    return Sender(Rates(rate, user, patience), Pace(user, 0.0), 0.0)


def test_bucket_gives_what_is_there_and_then_at_its_rate():
    bucket = Bucket(10.0, 0.0)
    assert bucket.take(10, 0.0) == 0
    assert bucket.take(5, 0.0) == 0.5
    assert bucket.take(0, 0.5) == 0
    assert bucket.take(10, 1.0) == 0.5


def test_bucket_never_has_more_than_a_second_of_it():
    bucket = Bucket(10.0, 0.0)
    assert bucket.take(20, 1000.0) == 1.0


@pytest.mark.parametrize("sent", [0, 1, 1000, SHARE])
def test_turn_is_over_when_its_frames_and_who_they_were_for_make_a_share(sent):
    sender = sender_of()
    count = 1
    while not sender.handled(10, sent):
        count += 1
    assert (count - 1) * (FRAME_COST + sent) < SHARE <= count * (FRAME_COST + sent)
    sender.rest(0.0)
    assert sender.handled(10, SHARE)


def test_who_is_in_time_does_not_pause():
    sender = sender_of(Rate(100, 1e9))
    for second in range(100):
        for _ in range(100):
            sender.handled(10, 0)
        assert sender.rest(float(second)) == (0.0, False)


@pytest.mark.parametrize(
    "rate, user",
    [(Rate(10, 1e9), PLENTY), (Rate(1e9, 100), PLENTY), (PLENTY, Rate(10, 1e9))],
)
def test_who_is_ahead_pauses_and_is_told_of_once(rate, user):
    sender = sender_of(rate, user)
    firsts = []
    now = 0.0
    for _ in range(5):
        for _ in range(15):
            sender.handled(10, 0)
        pause, is_first = sender.rest(now)
        assert 0 < pause <= LONGEST_PAUSE
        firsts.append(is_first)
        now += pause
    assert firsts == [True, False, False, False, False]
    sender.handled(10, 0)
    assert sender.rest(now + 100) == (0.0, False)
    for _ in range(30):
        sender.handled(10, 0)
    assert sender.rest(now + 100)[1]


def test_connections_of_a_user_share_its_pace():
    user = Pace(Rate(10, 1e9), 0.0)
    one, other = (Sender(Rates(PLENTY, PLENTY, 30.0), user, 0.0) for _ in range(2))
    for sender in (one, other):
        for _ in range(10):
            sender.handled(10, 0)
    assert one.rest(0.0) == (0.0, False)
    assert other.rest(0.0) == (1.0, True)


def test_patience_ends_with_the_seconds_of_pause_at_a_stretch():
    sender = sender_of(Rate(10, 1e9), patience=2.5)
    for number in range(3):
        assert not sender.is_out_of_patience
        for _ in range(100):
            sender.handled(10, 0)
        assert sender.rest(float(number))[0] == 1.0
    assert sender.is_out_of_patience
    sender.rest(1000.0)
    assert not sender.is_out_of_patience
