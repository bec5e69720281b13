"""Lines in the log about those who connect: enough to see, too few to fill a disk."""

import logging

import pytest

from dash_interop.gateway.notices import ADDRESSES, LINES, SECONDS, Notices


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def notices(clock, caplog):
    caplog.set_level(logging.INFO, "dash_interop")
    return Notices(clock)


def test_line_has_address_and_reason(notices, caplog):
    notices.tell("10.0.0.7", "refused a login: Wrong secret")
    notices.tell("", "something", logging.INFO)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "10.0.0.7: refused a login: Wrong secret"),
        ("INFO", "unknown address: something"),
    ]


def test_traceback_counts_as_a_line(notices, caplog):
    for _ in range(1000):
        notices.tell("10.0.0.7", "a connection failed", logging.ERROR, ValueError("x"))
    assert [record.exc_info is not None for record in caplog.records] == [True] * LINES


def test_address_gets_so_many_lines_and_others_theirs(notices, caplog):
    for _ in range(1000):
        notices.tell("10.0.0.7", "refused")
    notices.tell("10.0.0.8", "refused")
    assert len(caplog.records) == LINES + 1
    assert caplog.messages[-1] == "10.0.0.8: refused"


def test_what_was_left_out_is_counted_and_then_there_is_room_again(notices, clock, caplog):
    for _ in range(LINES + 5):
        notices.tell("10.0.0.7", "refused")
    for _ in range(LINES + 2):
        notices.tell("10.0.0.8", "refused")
    caplog.clear()
    clock.now += SECONDS
    notices.tell("10.0.0.7", "refused again")
    assert caplog.messages == [
        "left out 7 lines about 2 addresses, 5 of them about 10.0.0.7",
        "10.0.0.7: refused again",
    ]


def test_end_counts_what_was_left_out_once(notices, caplog):
    for _ in range(LINES + 1):
        notices.tell("10.0.0.7", "refused")
    caplog.clear()
    notices.close()
    notices.close()
    assert caplog.messages == ["left out 1 lines about 1 addresses, 1 of them about 10.0.0.7"]


def test_many_addresses_together_write_no_more_than_a_bound(notices, caplog):
    for number in range(10_000):
        notices.tell(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}", "refused")
    assert len(caplog.records) == ADDRESSES + LINES


@pytest.mark.parametrize(
    "addresses, lines",
    [
        # Somebody who has one address of version 6 has 2**64.
        ([f"2001:db8:0:1::{number:x}" for number in range(50)], LINES),
        ([f"fe80::{number:x}%eth0" for number in range(50)], LINES),
        ([f"2001:db8:0:{number:x}::1" for number in range(50)], 50),
        (["::1"] * 50, LINES),
        ([f"::ffff:10.0.0.{number}" for number in range(50)], 50),
        (["10.0.0.1", "::ffff:10.0.0.1"] * 25, LINES),
    ],
)
def test_network_of_version_6_is_one_address(notices, caplog, addresses, lines):
    for address in addresses:
        notices.tell(address, "refused")
    assert len(caplog.records) == lines


def test_words_of_strangers_are_one_short_harmless_line(notices, caplog):
    notices.tell("10.0.0.7", "as 'x\n2026 ERROR forged\x1b[2J\u202e\ud800é'" + "y" * 10_000)
    (line,) = caplog.messages
    assert line.startswith("10.0.0.7: as 'x\\n2026 ERROR forged\\x1b[2J\\u202e\\ud800é'yyy")
    assert len(line) < 400


def test_lines_below_the_level_cost_an_address_nothing(notices, caplog):
    caplog.set_level(logging.WARNING, "dash_interop")
    for _ in range(100):
        notices.tell("10.0.0.7", "asked", logging.INFO)
    notices.tell("10.0.0.7", "refused")
    assert caplog.messages == ["10.0.0.7: refused"]
