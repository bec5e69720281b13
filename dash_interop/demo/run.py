"""Serves the two apps and shows them, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import threading

from .ending import Ending
from .pages import Page, announce, show_once_they_answer
from .server import POLL_SECONDS, listen, server, side_by_side, web_server
from .two_processes import serve_two_processes

__all__ = ["run"]


def run(port: int, *, two_processes: bool, browser: bool) -> int:
    """
    Serve the demo.

    Args:
        port: The port, or the first of the two.
        two_processes: Whether each app gets a process and a port of its own.
        browser: Whether to open the pages in the browser, too, once they answer.

    Returns:
        The exit code: 0 after Ctrl-C or SIGTERM, 1 when a process of the demo ended by itself.

    Raises:
        ConfigError: A port cannot be used.
    """
    with Ending() as ending:
        if two_processes:
            serve_two_processes(port, port + 1, ending, browser=browser)
        else:
            serve_together(port, ending, browser=browser)
        return 0 if ending.asked else 1


def serve_together(port: int, ending: Ending, *, browser: bool) -> None:
    """Serve both apps from this process."""
    with listen(port) as listener:
        running = web_server(listener, "a", "b")
        server.add_url_rule("/", view_func=side_by_side)
        start, page_a, page_b = (Page(port, path) for path in ("/", "/app-a/", "/app-b/"))
        announce(start.url, page_a, page_b)
        serving = threading.Thread(target=running.serve_forever, args=[POLL_SECONDS], daemon=True)
        serving.start()
        if browser:
            show_once_they_answer(start)
        while serving.is_alive() and not ending.asked:
            serving.join(POLL_SECONDS)
        running.shutdown()
