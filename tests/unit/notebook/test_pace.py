"""How often a widget may send."""

from __future__ import annotations

import threading

from dash_interop.notebook.pace import BURST, Pace

DEADLINE = 20.0


def test_a_burst_is_admitted_at_once_and_what_follows_is_told_when_it_is() -> None:
    resumed = threading.Semaphore(0)
    pace = Pace(resumed.release)
    admitted = 0
    while pace.admits():
        admitted += 1
    assert admitted >= BURST
    assert resumed.acquire(timeout=DEADLINE)
    assert pace.admits()


def test_those_that_were_not_admitted_meanwhile_are_told_once() -> None:
    resumed = threading.Semaphore(0)
    release = threading.Event()

    def resume() -> None:
        resumed.release()
        release.set()

    pace = Pace(resume)
    while pace.admits():
        pass
    for _ in range(10):
        if release.is_set():
            break
        pace.admits()
    assert release.wait(DEADLINE)
    assert resumed.acquire(timeout=DEADLINE)
    assert not resumed.acquire(blocking=False)
