"""Command line of the benchmark; ``--help`` lists the options."""

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import tests.bench
from tests.bench import browser, client, faults, joining, notebook, page_data, routers, tunnel
from tests.bench.processes import BenchError
from tests.bench.rounds import Samples, compare, medians, ratios
from tests.bench.tables import heading, print_tables
from tests.bench.trees import OTHER, PRESENT, Tree, about, is_changed, present_tree, tree_of

NAMES = (
    *routers.TITLES,
    "joining",
    "client",
    "browser",
    "page-data",
    "tunnel",
    "notebook",
    "faults",
)
OF_A_TREE = (routers.OURS, "client", "browser", "faults")
"""What another commit has, too; the others are the same whatever the commit, and measured once."""
UNLESS_ASKED = ("faults",)
"""What takes long and says nothing of speed: only where it is named."""

Report = dict[str, Any]


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=tests.bench.__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object, no tables")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and calls")
    parser.add_argument("--rounds", type=int, help="rounds, 5 or 2 if quick; not of pages")
    only = f"measure only these: {', '.join(NAMES)}"
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=only)
    rows = f"of the faults, only these: {', '.join(row.name for row in faults.ROWS)}"
    names = [row.name for row in faults.ROWS]
    parser.add_argument("--faults", nargs="+", choices=names, metavar="ROW", default=(), help=rows)
    parser.add_argument(
        "--compare",
        metavar="REV",
        help="build another commit and measure it in turn with the present tree, uncommitted "
        f"changes included: {', '.join(OF_A_TREE)}, unless --only says what",
    )
    options = parser.parse_args(arguments)
    if options.only is None:
        every = NAMES if options.compare is None else OF_A_TREE
        options.only = [name for name in every if name not in UNLESS_ASKED]
    elif options.compare is not None and not set(options.only) & set(OF_A_TREE):
        parser.error(f"--compare is for {', '.join(OF_A_TREE)}: the others are the same in both")
    return options


async def run(options: argparse.Namespace, trees: Mapping[str, Tree], report: Report) -> bool:
    """Measure what was asked for, into ``report``; return whether all of it worked."""
    plan = routers.Plan.quick() if options.quick else routers.Plan()
    client_plan = client.Plan.quick() if options.quick else client.Plan()
    if options.rounds:
        plan = replace(plan, rounds=options.rounds)
        client_plan = replace(client_plan, rounds=options.rounds)
    worked = True
    if names := [name for name in routers.TITLES if name in options.only]:
        worked = await attempt(measure_routers(names, trees, plan, report))
    if "joining" in options.only:
        joining_plan = joining.Plan.quick() if options.quick else joining.Plan()
        worked &= await attempt(measure_joining(trees, joining_plan, report))
    if "client" in options.only:
        worked &= await attempt(measure_client(trees, client_plan, report))
    if "browser" in options.only:
        browser_plan = browser.Plan.quick() if options.quick else browser.Plan()
        worked &= await attempt(measure_browser(trees, browser_plan, report))
    if "page-data" in options.only:
        data_plan = page_data.Plan.quick() if options.quick else page_data.Plan()
        worked &= await attempt(measure_page_data(trees, data_plan, report))
    if "tunnel" in options.only:
        tunnel_plan = tunnel.Plan.quick() if options.quick else tunnel.Plan()
        worked &= await attempt(measure_tunnel(trees, tunnel_plan, report))
    if "notebook" in options.only:
        notebook_plan = notebook.Plan.quick() if options.quick else notebook.Plan()
        worked &= await attempt(measure_notebook(notebook_plan, report))
    if "faults" in options.only:
        faults_plan = faults.Plan(is_quick=options.quick, rows=options.faults)
        report["faults"] = await faults.measure(trees, faults_plan, progress)
    return worked


async def attempt(measurement: Awaitable[None]) -> bool:
    """Wait for a measurement; when it cannot be made, say why and return ``False``."""
    try:
        await measurement
    except BenchError as error:
        progress(str(error))
        return False
    return True


async def measure_routers(
    names: Sequence[str], trees: Mapping[str, Tree], plan: routers.Plan, report: Report
) -> None:
    """Put the figures of the routers and their ratios into ``report``."""
    samples = await routers.measure(names, trees, plan, progress)
    if OTHER in trees and routers.OURS in samples:
        put_comparison({routers.OURS: samples[routers.OURS]}, report)
    if OTHER not in trees or len(samples) > 1:
        report["routers"] = of_the_present(samples)
        report["ratios"] = ratios(report["routers"], routers.REFERENCE)


async def measure_joining(trees: Mapping[str, Tree], plan: joining.Plan, report: Report) -> None:
    """Put the figures of many that join at once, and their ratios, into ``report``."""
    samples = await joining.measure(trees[PRESENT], plan, progress)
    report["joining"] = {name: medians(each) for name, each in samples.items()}
    report["joining_ratios"] = ratios(report["joining"], routers.REFERENCE)


async def measure_client(trees: Mapping[str, Tree], plan: client.Plan, report: Report) -> None:
    """Put the figures of the Python client and their ratios into ``report``."""
    if OTHER in trees:
        names = [name for name in client.CANDIDATES if name != client.RAW]
        put_comparison(await client.measure(names, trees, plan, progress), report)
    else:
        names = list(client.CANDIDATES)
        report["client"] = of_the_present(await client.measure(names, trees, plan, progress))
        report["client_ratios"] = ratios(report["client"], client.RAW)


async def measure_browser(trees: Mapping[str, Tree], plan: browser.Plan, report: Report) -> None:
    """Put the figures of the browser into ``report``."""
    samples = await browser.measure(trees, plan, progress)
    if OTHER in trees:
        put_comparison({"browser": samples}, report)
    else:
        report["browser"] = browser.figures(samples[PRESENT])


async def measure_page_data(
    trees: Mapping[str, Tree], plan: page_data.Plan, report: Report
) -> None:
    """Put the figures of data that reach a page into ``report``."""
    samples = await page_data.measure(trees[PRESENT], plan, progress)
    report["page_data"] = page_data.figures(samples)


async def measure_tunnel(trees: Mapping[str, Tree], plan: tunnel.Plan, report: Report) -> None:
    """Put the figures of tunnels into ``report``."""
    samples = await tunnel.measure(trees[PRESENT], plan, progress)
    report["tunnel"] = tunnel.figures(samples)


async def measure_notebook(plan: notebook.Plan, report: Report) -> None:
    """Put the figures of tunnels in notebooks into ``report``."""
    report["notebook"] = notebook.figures(await notebook.measure(plan, progress))


def of_the_present(samples: Mapping[str, Mapping[str, Samples]]) -> dict[str, dict[str, float]]:
    """Return the medians of each candidate."""
    return {name: medians(of_trees[PRESENT]) for name, of_trees in samples.items()}


def put_comparison(samples: Mapping[str, Mapping[str, Samples]], report: Report) -> None:
    """Add each candidate, compared between the trees, to ``report``."""
    for name, of_trees in samples.items():
        compared = compare(of_trees[PRESENT], of_trees[OTHER])
        report.setdefault("comparison", {})[name] = {
            key: asdict(comparison) for key, comparison in compared.items()
        }


def machine() -> Report:
    """Describe where the figures come from."""
    packages = ("websockets", "uvloop", "msgspec", "dash")
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in packages},
    }


def trees_to_measure(revision: str | None, report: Report) -> dict[str, Tree]:
    """
    Return the present tree and, where one is named, that of another commit, built.

    Raises:
        BenchError: There is no such commit, or it does not build.
    """
    trees = {PRESENT: present_tree()}
    if revision is not None:
        progress(f"building {revision}, if it is not built yet")
        trees[OTHER] = tree_of(revision)
        present = {"title": trees[PRESENT].title, **about("HEAD"), "uncommitted": is_changed()}
        other = {"title": revision, **about(revision), "uncommitted": False}
        report["trees"] = {PRESENT: present, OTHER: other}
        progress(heading(report["trees"]))
    return trees


def progress(text: str) -> None:
    """Tell on stderr how far we are."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run the command and return its exit code: 2 when something could not be measured."""
    options = parse_options()
    # A terminated benchmark ends its processes as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = machine()
    try:
        trees = trees_to_measure(options.compare, report)
        worked = asyncio.run(run(options, trees, report))
    except BenchError as error:
        progress(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(report))
    else:
        print_tables(report)
    return 0 if worked else 2


if __name__ == "__main__":
    sys.exit(main())
