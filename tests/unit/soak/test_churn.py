"""Whether a gateway stays as it was while peers come and go."""

from __future__ import annotations

import asyncio

import pytest

from tests.soak.churn import Report, churn, growth
from tests.support.watched_gateway import State


def test_growth_is_that_of_the_time_after_the_warm_up() -> None:
    times = [float(second) for second in range(91)]
    warming_up = [min(second, 30.0) for second in times]
    assert growth(times, warming_up) == pytest.approx(0, abs=1e-6)
    assert growth(times, [40 + second / 10 for second in times]) == pytest.approx(6)
    assert growth(times, [50 - second / 10 for second in times]) == pytest.approx(-6)


def test_a_report_says_what_is_flat_and_what_is_not() -> None:
    report = Report(1.0)
    for second in range(60):
        report.times.append(float(second))
        report.samples.append(State({}, 20, 3, 30 + second, 40.0))
    lines = "\n".join(report.lines())
    assert "megabytes: 40.0 at first, 40.0 to 40.0, 40.0 at last; +0.00 " in lines
    assert "descriptors: 30.0 at first, 30.0 to 89.0, 89.0 at last; +39.00 " in lines
    flat = {line.partition(":")[0] for line in lines.splitlines() if line.endswith(": flat")}
    assert flat == {"megabytes", "tasks", "threads"}
    assert lines.count("NOT FLAT") == 1


def test_peers_come_and_go_and_leave_nothing_behind() -> None:
    seen = asyncio.run(churn(0.04, 1, print))
    left = [fault for fault in seen.faults if "has grown" not in fault]
    assert left == []
    assert seen.operations["calls"] > 0
    assert len(seen.samples) > 10
