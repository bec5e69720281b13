"""The command line of the benchmark, and the tables of a comparison."""

import io
import subprocess
import sys
from dataclasses import asdict

import pytest
from rich.console import Console

from tests.bench import browser, client, faults, routers
from tests.bench.__main__ import parse_options
from tests.bench.rounds import Comparison, compare
from tests.bench.tables import comparison_table, faults_table, heading
from tests.bench.trees import ROOT

TREES = {
    "present": {
        "title": "present tree",
        "commit": "1234567",
        "subject": "Mend the burst",
        "uncommitted": True,
    },
    "other": {
        "title": "HEAD~1",
        "commit": "89abcde",
        "subject": "Break the burst",
        "uncommitted": False,
    },
}


def text_of(table):
    text = io.StringIO()
    Console(file=text, width=160).print(table)
    return text.getvalue()


def test_everything_is_measured_unless_told_otherwise():
    assert list(parse_options([]).only) == [
        "ours",
        "reference",
        "echo",
        "broadcast",
        "joining",
        "client",
        "browser",
        "page-data",
        "tunnel",
        "notebook",
    ]
    assert parse_options(["--only", "echo"]).only == ["echo"]


def test_a_comparison_is_of_what_another_commit_has_too():
    assert list(parse_options(["--compare", "HEAD~1"]).only) == ["ours", "client", "browser"]
    options = parse_options(["--compare", "v1", "--only", "browser", "--quick", "--json"])
    assert (options.compare, options.only) == ("v1", ["browser"])
    assert options.quick and options.json


def test_what_is_the_same_in_both_trees_is_measured_beside_what_is_compared():
    options = parse_options(["--compare", "HEAD", "--only", "ours", "reference", "broadcast"])
    assert options.only == ["ours", "reference", "broadcast"]


def test_faults_are_measured_where_they_are_named(capsys):
    options = parse_options(["--only", "faults", "--faults", "7", "18", "--compare", "HEAD"])
    assert (options.only, options.faults) == (["faults"], ["7", "18"])
    with pytest.raises(SystemExit, match="2"):
        parse_options(["--only", "faults", "--faults", "99"])
    assert "3-large" in capsys.readouterr().err


def test_faults_are_shown_one_after_the_other_with_the_other_tree_first():
    measured = {"7: a long frame": {"present": {"p99_ms": 3.0}, "other": {"p99_ms": 652.0}}}
    rows = text_of(faults_table(TREES, measured)).splitlines()
    head = next(row for row in rows if "present tree" in row and "HEAD~1" in row)
    assert head.index("HEAD~1") < head.index("present tree")
    assert any("7: a long frame" in row for row in rows)
    row = next(row for row in rows if "p99, ms" in row)
    assert [cell.strip() for cell in row.split("│")[2:4]] == ["652", "3"]


def test_each_fault_says_how_much_there_is_of_it():
    full, quick = (faults.Plan(is_quick=is_quick) for is_quick in (False, True))
    titles = [plan.title_of(row) for plan in (full, quick) for row in faults.ROWS]
    assert len(set(titles)) > len(faults.ROWS)
    assert not any("{" in title for title in titles)
    assert "9: 10,500 connections of one user" in titles
    assert "9: 1,000 connections of one user" in titles


def test_what_is_the_same_in_both_trees_cannot_be_compared(capsys):
    with pytest.raises(SystemExit) as raised:
        parse_options(["--compare", "HEAD", "--only", "reference", "echo", "broadcast"])
    assert raised.value.code == 2
    assert "--compare is for ours, client, browser, faults" in capsys.readouterr().err


def test_a_commit_that_does_not_exist_ends_the_command_with_2_and_one_line():
    command = (sys.executable, "-m", "tests.bench", "--compare", "no-such-commit", "--only", "ours")
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    announced, error = ended.stderr.splitlines()
    assert announced == "building no-such-commit, if it is not built yet"
    assert error.startswith("--compare no-such-commit: there is no such commit")


def test_the_heading_says_which_is_which_and_what_is_not_committed():
    assert heading(TREES).splitlines() == [
        "present tree: 1234567 'Mend the burst', with uncommitted changes",
        "HEAD~1: 89abcde 'Break the burst'",
    ]


def test_the_table_has_medians_ratios_and_their_spread():
    compared = compare({"burst_ms": [2000.0] * 3}, {"burst_ms": [1900.0, 2000.0, 2100.0]})
    report = {"browser": {key: asdict(comparison) for key, comparison in compared.items()}}
    rows = text_of(comparison_table(TREES, report)).splitlines()
    head = next(row for row in rows if "present tree" in row and "HEAD~1" in row)
    assert head.index("present tree") < head.index("HEAD~1") < head.index("times better")
    burst = next(row for row in rows if "zero-loss burst" in row)
    assert [cell.strip() for cell in burst.split("│")[2:6]] == [
        "2,000",
        "2,000",
        "1.00x",
        "0.97 to 1.02",
    ]


def test_a_figure_without_ratio_is_shown_all_the_same():
    nothing = asdict(Comparison(0.0, 0.25, None, None, None))
    table = comparison_table(TREES, {"ours": {"cpu_seconds_per_10000_calls": nothing}})
    row = next(row for row in text_of(table).splitlines() if "gateway CPU s" in row)
    assert [cell.strip() for cell in row.split("│")[2:6]] == ["0", "0.25", "-", "-"]


@pytest.mark.parametrize("figures", [routers.FIGURES, client.FIGURES, browser.COMPARED])
def test_the_name_of_a_figure_says_which_way_is_better(figures):
    for key, title in figures.items():
        assert key.endswith("_per_second") == ("/s" in title), key


def test_round_trip_and_burst_are_among_the_figures():
    assert {"call_ms", "burst_ms", "glue_ready_ms"} <= set(browser.COMPARED)
