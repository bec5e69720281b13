"""The report, as tables for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import browser, client, faults, joining, notebook, page_data, routers, tunnel
from tests.bench.trees import OTHER, PRESENT

__all__ = ["heading", "print_tables"]

FILE_WIDTH = 160
"""Characters of a line where no terminal says how long one may be."""

COMPARED: dict[str, tuple[str, Mapping[str, str]]] = {
    routers.OURS: ("gateway", routers.FIGURES),
    **{
        name: (f"Python client: {candidate.title}", client.FIGURES)
        for name, candidate in client.CANDIDATES.items()
    },
    "browser": ("pages", browser.COMPARED),
}
"""The title and the figures of each candidate of a comparison."""


def print_tables(report: Mapping[str, Any]) -> None:
    """Print the report for people."""
    console = Console()
    if not console.is_terminal:
        console.width = FILE_WIDTH
    if "comparison" in report:
        console.print(comparison_table(report["trees"], report["comparison"]))
    if "routers" in report:
        table = compared_table(routers.TITLES, routers.FIGURES, report["routers"], report["ratios"])
        table.title = "Routers (in brackets: times the reference)"
        console.print(table)
    if "joining" in report:
        table = compared_table(
            joining.TITLES, joining.FIGURES, report["joining"], report["joining_ratios"]
        )
        table.title = "Many that join at once (in brackets: times the reference)"
        console.print(table)
    if "client" in report:
        titles = {name: candidate.title for name, candidate in client.CANDIDATES.items()}
        table = compared_table(titles, client.FIGURES, report["client"], report["client_ratios"])
        table.title = "Python client (in brackets: times the load client)"
        console.print(table)
    if "browser" in report:
        console.print(figures_table("Browser", browser.FIGURES, report["browser"]))
    if "page_data" in report:
        console.print(figures_table("Data into a page", page_data.FIGURES, report["page_data"]))
    if "tunnel" in report:
        console.print(figures_table("Tunnel", tunnel.FIGURES, report["tunnel"]))
    if "notebook" in report:
        console.print(figures_table("Notebook", notebook.FIGURES, report["notebook"]))
    if "faults" in report:
        console.print(faults_table(report.get("trees", {}), report["faults"]))


def heading(trees: Mapping[str, Mapping[str, Any]]) -> str:
    """Say which trees are compared, a line for each."""
    lines = []
    for tree in trees.values():
        changed = ", with uncommitted changes" if tree["uncommitted"] else ""
        lines.append(f"{tree['title']}: {tree['commit']} {tree['subject']!r}{changed}")
    return "\n".join(lines)


def comparison_table(
    trees: Mapping[str, Mapping[str, Any]],
    comparison: Mapping[str, Mapping[str, Mapping[str, float | None]]],
) -> Table:
    """One row per figure: the two trees, and how much better the present one is."""
    table = Table(
        "",
        title=heading(trees),
        caption="Medians of all rounds. Times better: of the present tree, in the same round; "
        "below 1 it is worse.",
    )
    titles = (trees[PRESENT]["title"], trees[OTHER]["title"])
    for column in (*titles, "times better", "half of the rounds"):
        table.add_column(column, justify="right")
    for name, compared in comparison.items():
        title, rows = COMPARED[name]
        table.add_row(title, style="bold")
        for key in rows:
            if key in compared:
                table.add_row(f"  {rows[key]}", *_cells(compared[key]))
        table.add_section()
    return table


def _cells(one: Mapping[str, float | None]) -> list[str]:
    if one["ratio"] is None:
        return [cell(one["present"]), cell(one["other"]), "-", "-"]
    spread = f"{one['low']:.2f} to {one['high']:.2f}"
    return [cell(one["present"]), cell(one["other"]), f"{one['ratio']:.2f}x", spread]


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


def figures_table(title: str, titles: Mapping[str, str], figures: Mapping[str, float]) -> Table:
    """One row per figure."""
    table = Table("", "", title=title)
    for key, name in titles.items():
        table.add_row(name, cell(figures[key]))
    return table


def faults_table(
    trees: Mapping[str, Mapping[str, Any]],
    measured: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> Table:
    """
    One part per fault, one row per figure; one column for the other tree, then for the present one,
    then for the published gateway.
    """
    table = Table("", title="\n".join(["What one takes from the others", heading(trees)]).strip())
    titles = {key: tree["title"] for key, tree in trees.items()} | routers.TITLES
    found = {key for figures in measured.values() for key in figures}
    keys = [key for key in (OTHER, PRESENT, routers.REFERENCE) if key in found]
    for key in keys:
        table.add_column(titles.get(key, key), justify="right")
    for what, figures in measured.items():
        table.add_row(what, style="bold")
        for name, title in faults.FIGURES.items():
            cells = [figures.get(key, {}).get(name) for key in keys]
            if any(value is not None for value in cells):
                table.add_row(f"  {title}", *map(cell, cells))
        table.add_section()
    return table


def cell(value: float | None, ratio: float | None = None) -> str:
    """Write a figure, and its ratio if there is one."""
    if value is None:
        return "-"
    text = f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
    return text if ratio is None else f"{text} ({ratio:.2f}x)"
