"""Command line of the benchmark; ``--help`` lists the options."""

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from rich.console import Console
from rich.table import Table

import tests.bench
from tests.bench import browser, client, routers
from tests.bench.processes import BenchError
from tests.bench.routers import REFERENCE, ROUTERS, Plan

NAMES = (*ROUTERS, "client", "browser")

FILE_WIDTH = 160
"""Characters of a line where no terminal says how long one may be."""

Report = dict[str, Any]


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=tests.bench.__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object, no tables")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and calls")
    parser.add_argument("--rounds", type=int, help="rounds, 5 or 2 if quick; not of the browser")
    only = f"measure only these: {', '.join(NAMES)}"
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=only
    )
    return parser.parse_args(arguments)


async def run(options: argparse.Namespace, report: Report) -> bool:
    """Measure what was asked for, into ``report``; return whether all of it worked."""
    plan = Plan.quick() if options.quick else Plan()
    client_plan = client.Plan.quick() if options.quick else client.Plan()
    if options.rounds:
        plan = replace(plan, rounds=options.rounds)
        client_plan = replace(client_plan, rounds=options.rounds)
    names = [name for name in ROUTERS if name in options.only]
    worked = True
    if names:
        worked = await attempt(measure_routers(names, plan, report))
    if "client" in options.only:
        worked &= await attempt(measure_client(client_plan, report))
    if "browser" in options.only:
        worked &= await attempt(measure_browser(15 if options.quick else 100, report))
    return worked


async def attempt(measurement: Awaitable[None]) -> bool:
    """Wait for a measurement; when it cannot be made, say why and return ``False``."""
    try:
        await measurement
    except BenchError as error:
        progress(str(error))
        return False
    return True


async def measure_routers(names: Sequence[str], plan: Plan, report: Report) -> None:
    """Put the figures of the routers and their ratios into ``report``."""
    report["routers"] = await routers.compare(names, plan, progress)
    report["ratios"] = ratios(report["routers"], REFERENCE)


async def measure_client(plan: client.Plan, report: Report) -> None:
    """Put the figures of the Python client and their ratios into ``report``."""
    report["client"] = await client.compare(plan, progress)
    report["client_ratios"] = ratios(report["client"], client.RAW)


async def measure_browser(rounds: int, report: Report) -> None:
    """Put the figures of the browser into ``report``."""
    progress("browser: clicks and page loads")
    report["browser"] = await browser.measure(rounds)


def about() -> Report:
    """Describe where the figures come from."""
    packages = ("websockets", "uvloop", "msgspec", "dash")
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "packages": {name: version(name) for name in packages},
    }


def ratios(
    figures: Mapping[str, Mapping[str, float]], name_of_reference: str
) -> dict[str, dict[str, float]]:
    """Divide the figures of each other candidate by those of the reference, where there are any."""
    reference = figures.get(name_of_reference, {})
    return {
        name: {key: value / reference[key] for key, value in own.items() if reference.get(key)}
        for name, own in figures.items()
        if reference and name != name_of_reference
    }


def print_tables(report: Report) -> None:
    """Print the report for people."""
    console = Console()
    if not console.is_terminal:
        console.width = FILE_WIDTH
    if "routers" in report:
        titles = {name: router.title for name, router in ROUTERS.items()}
        table = compared_table(titles, routers.FIGURES, report["routers"], report["ratios"])
        table.title = "Routers (in brackets: times the reference)"
        console.print(table)
    if "client" in report:
        titles = {name: candidate.title for name, candidate in client.CANDIDATES.items()}
        table = compared_table(titles, client.FIGURES, report["client"], report["client_ratios"])
        table.title = "Python client (in brackets: times the load client)"
        console.print(table)
    if "browser" in report:
        console.print(browser_table(report["browser"]))


def compared_table(
    titles: Mapping[str, str],
    rows: Mapping[str, str],
    figures: Mapping[str, Mapping[str, float]],
    compared: Mapping[str, Mapping[str, float]],
) -> Table:
    """One row per figure, one column per candidate; in brackets the multiple of the reference's."""
    table = Table("")
    for name in figures:
        table.add_column(titles[name], justify="right")
    for key, title in rows.items():
        cells = [cell(figures[name].get(key), compared.get(name, {}).get(key)) for name in figures]
        table.add_row(title, *cells)
    return table


def browser_table(figures: Mapping[str, float]) -> Table:
    """One row per figure."""
    table = Table("", "", title="Browser")
    for key, title in browser.FIGURES.items():
        table.add_row(title, cell(figures[key], None))
    return table


def cell(value: float | None, ratio: float | None) -> str:
    """Write a figure, and its ratio if there is one."""
    if value is None:
        return "-"
    text = f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
    return text if ratio is None else f"{text} ({ratio:.2f}x)"


def progress(text: str) -> None:
    """Tell on stderr how far we are."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run the command and return its exit code: 2 when something could not be measured."""
    options = parse_options()
    # A terminated benchmark ends its processes as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = about()
    try:
        worked = asyncio.run(run(options, report))
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(report))
    else:
        print_tables(report)
    return 0 if worked else 2


if __name__ == "__main__":
    sys.exit(main())
