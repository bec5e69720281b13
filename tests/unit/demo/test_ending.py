"""The demo ends when it is asked to, wherever the signal meets it."""

from __future__ import annotations

import signal

import pytest

from dash_interop.demo.ending import Ending

SIGNALS = [signal.SIGINT, signal.SIGTERM]


class Deleted:
    def __init__(self, number: signal.Signals) -> None:
        self._number = number

    def __del__(self) -> None:
        signal.raise_signal(self._number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_seen_where_python_ignores_exceptions(number):
    with Ending() as ending:
        assert not ending.asked
        Deleted(number)
        assert ending.asked


def test_signals_are_handled_as_before_afterwards():
    before = [signal.getsignal(number) for number in SIGNALS]
    with Ending():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before
