"""Command line of the benchmark; ``--help`` lists the options."""

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
from collections.abc import Awaitable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import browser, routers
from tests.bench.processes import BenchError
from tests.bench.routers import REFERENCE, ROUTERS, Plan

NAMES = (*ROUTERS, "browser")

Report = dict[str, Any]


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=routers.__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object, no tables")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and calls")
    parser.add_argument("--rounds", type=int, help="rounds of the routers; 5, or 2 if quick")
    only = f"measure only these: {', '.join(NAMES)}"
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=only
    )
    return parser.parse_args(arguments)


async def run(options: argparse.Namespace, report: Report) -> bool:
    """Measure what was asked for, into ``report``; return whether all of it worked."""
    plan = Plan.quick() if options.quick else Plan()
    if options.rounds:
        plan = Plan(options.rounds, plan.calls, plan.sequential, plan.events)
    names = [name for name in ROUTERS if name in options.only]
    worked = True
    if names:
        worked = await attempt(measure_routers(names, plan, report))
    if "browser" in options.only:
        worked &= await attempt(measure_browser(15 if options.quick else 60, report))
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
    report["ratios"] = ratios(report["routers"])


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


def ratios(figures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Divide the figures of each other router by those of the reference, if that was measured."""
    reference = figures.get(REFERENCE, {})
    return {
        name: {
            key: own[key] / reference[key]
            for key in routers.FIGURES
            if key in own and reference.get(key)
        }
        for name, own in figures.items()
        if reference and name != REFERENCE
    }


def print_tables(report: Report) -> None:
    """Print the report for people."""
    console = Console()
    if "routers" in report:
        console.print(router_table(report["routers"], report["ratios"]))
    if "browser" in report:
        console.print(browser_table(report["browser"]))


def router_table(
    figures: Mapping[str, Mapping[str, float]], compared: Mapping[str, Mapping[str, float]]
) -> Table:
    """One row per figure; in brackets the multiple of the reference's."""
    table = Table("", title="Routers (in brackets: times the reference)")
    for name in figures:
        table.add_column(ROUTERS[name].title, justify="right")
    for key, title in routers.FIGURES.items():
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
