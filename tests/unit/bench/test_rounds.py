"""The order of turns, and what is made of the rounds."""

import asyncio

import pytest

from tests.bench.rounds import (
    Comparison,
    compare,
    measure_in_turn,
    medians,
    quartiles,
    ratios,
    turn,
)


class Bench:
    """Notes its turns, and gives what it was told to."""

    def __init__(self, name, turns, rates):
        self._name = name
        self._turns = turns
        self._rates = iter(rates)

    async def measure(self):
        self._turns.append(self._name)
        return {"calls_per_second": next(self._rates), "p50_us": 7.0}


def in_turn(benches, rounds):
    said = []
    return asyncio.run(measure_in_turn(benches, rounds, said.append)), said


def test_which_tree_comes_first_alternates():
    trees = ["present", "other"]
    assert [turn(trees, number) for number in range(3)] == [
        ["present", "other"],
        ["other", "present"],
        ["present", "other"],
    ]
    assert trees == ["present", "other"]


def test_every_candidate_is_measured_in_both_trees_right_after_each_other():
    turns = []
    benches = {
        name: {
            tree: Bench((name, tree), turns, rates)
            for tree, rates in {"present": (10.0, 20.0), "other": (30.0, 40.0)}.items()
        }
        for name in ("async", "def")
    }
    samples, said = in_turn(benches, 2)
    assert turns == [
        ("async", "present"),
        ("async", "other"),
        ("def", "present"),
        ("def", "other"),
        ("async", "other"),
        ("async", "present"),
        ("def", "other"),
        ("def", "present"),
    ]
    assert samples["def"]["present"] == {"calls_per_second": [10.0, 20.0], "p50_us": [7.0, 7.0]}
    assert samples["def"]["other"]["calls_per_second"] == [30.0, 40.0]
    assert said[2] == "round 1 of 2: def, present: 10 calls/s"


def test_the_only_tree_is_not_named():
    _, said = in_turn({"async": {"present": Bench("", [], [1234.0])}}, 1)
    assert said == ["round 1 of 1: async: 1,234 calls/s"]


def test_medians_are_those_of_each_figure():
    assert medians({"a": [3.0, 1.0, 2.0], "b": [1.0, 2.0]}) == {"a": 2.0, "b": 1.5}


def test_ratios_are_to_the_reference_and_miss_what_it_does_not_have():
    figures = {"ours": {"a": 6.0, "b": 1.0, "c": 1.0}, "reference": {"a": 2.0, "b": 0.0}}
    assert ratios(figures, "reference") == {"ours": {"a": 3.0}}
    assert ratios(figures, "another") == {}


@pytest.mark.parametrize(
    "key, ratio",
    [
        ("calls_per_second", 2.0),
        ("call_ms", 0.5),
        ("sequential_p50_us", 0.5),
        ("gateway_cpu_seconds_per_10000_calls", 0.5),
    ],
)
def test_a_ratio_above_one_means_that_the_present_tree_is_better(key, ratio):
    compared = compare({key: [200.0, 220.0]}, {key: [100.0, 110.0]})
    assert compared == {key: Comparison(210.0, 105.0, ratio, ratio, ratio)}


def test_ratios_are_made_within_a_round_so_that_drift_of_the_machine_cancels():
    # The machine gets slower and slower, and the present tree is always a tenth faster.
    other = [100.0, 50.0, 25.0, 10.0]
    present = [1.1 * rate for rate in other]
    compared = compare({"x_per_second": present}, {"x_per_second": other})["x_per_second"]
    assert compared.ratio == pytest.approx(1.1)
    assert compared.low == pytest.approx(1.1)
    assert compared.high == pytest.approx(1.1)


def test_half_of_the_rounds_lie_between_low_and_high():
    present = [90.0, 95.0, 100.0, 105.0, 1000.0]
    compared = compare({"x_per_second": present}, {"x_per_second": [100.0] * 5})["x_per_second"]
    assert (compared.low, compared.ratio, compared.high) == pytest.approx((0.95, 1.0, 1.05))


def test_what_was_too_small_to_be_measured_has_no_ratio():
    compared = compare({"a_us": [0.0, 4.0], "b_us": [0.0]}, {"a_us": [1.0, 2.0], "b_us": [1.0]})
    assert compared["a_us"] == Comparison(2.0, 1.5, 0.5, 0.5, 0.5)
    assert compared["b_us"] == Comparison(0.0, 1.0, None, None, None)


def test_quartiles_of_one_value_are_that_value():
    assert quartiles([3.0]) == (3.0, 3.0, 3.0)
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 3.0, 4.0)
