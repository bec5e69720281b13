"""How many secrets may be tried from one address."""

import pytest

from dash_interop.gateway.guesses import ADDRESSES, AT_ONCE, LONGEST, SECONDS, Guesses

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def guesses(clock):
    return Guesses(clock)


def waits(guesses, address, count):
    return [guesses.wait(address) for _ in range(count)]


def test_some_cost_no_time_and_each_further_one_waits_for_the_one_before(guesses):
    assert waits(guesses, HERE, AT_ONCE + 3) == [0.0] * AT_ONCE + [SECONDS * n for n in (1, 2, 3)]


def test_another_address_does_not_wait(guesses):
    waits(guesses, HERE, 50)
    assert guesses.wait(THERE) == 0.0


def test_network_of_version_6_is_one_address(guesses):
    for number in range(AT_ONCE):
        assert guesses.wait(f"2001:db8::{number}") == 0.0
    assert guesses.wait("2001:db8::ffff") > 0.0
    assert guesses.wait("2001:db8:0:1::1") == 0.0


def test_wait_has_an_end_and_so_has_what_comes_after(guesses, clock):
    assert waits(guesses, HERE, 1000)[-1] == LONGEST
    clock.now += AT_ONCE * SECONDS + LONGEST
    assert waits(guesses, HERE, AT_ONCE) == [0.0] * AT_ONCE


def test_right_one_does_not_count(guesses):
    for _ in range(5 * AT_ONCE):
        assert guesses.wait(HERE) == 0.0
        guesses.was_right(HERE)
    assert waits(guesses, HERE, AT_ONCE + 1)[-1] == SECONDS


def test_memory_is_bounded_and_the_others_share_one_place(guesses, clock):
    addresses = [f"10.0.{n // 256}.{n % 256}" for n in range(ADDRESSES + AT_ONCE + 1)]
    found = [guesses.wait(address) for address in addresses]
    assert found == [0.0] * (ADDRESSES + AT_ONCE) + [SECONDS]
    assert len(guesses._forgotten_at) == ADDRESSES + 1
    clock.now += 60.0
    assert guesses.wait(HERE) == 0.0
    assert len(guesses._forgotten_at) == 1
