"""``dash-interop demo``."""

from __future__ import annotations

import click

__all__ = ["demo"]


@click.command()
@click.option(
    "--port",
    default=8050,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="TCP port; with --two-processes the next one is used, too.",
)
@click.option("--two-processes", is_flag=True, help="Give each app a process of its own.")
@click.option("--no-browser", is_flag=True, help="Print the addresses, and leave them to you.")
def demo(port: int, two_processes: bool, no_browser: bool) -> int:
    """Run two apps that call each other, and open them in the browser.

    \b
    Examples:
      dash-interop demo
      dash-interop demo --port 9000 --two-processes --no-browser
    """
    # The other commands do without Dash.
    from ..demo.run import run

    return run(port, two_processes=two_processes, browser=not no_browser)
