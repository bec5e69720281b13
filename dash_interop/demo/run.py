"""Serves the two apps and shows them, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import threading

from .pages import Page, announce, show
from .server import listen, server, side_by_side, web_server
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if two_processes:
            serve_two_processes(port, port + 1, browser=browser)
            return 1
        serve_together(port, browser=browser)
    except KeyboardInterrupt:
        pass
    return 0


def serve_together(port: int, *, browser: bool) -> None:
    """Serve both apps from this process."""
    with listen(port) as listener:
        running = web_server(listener, "a", "b")
        server.add_url_rule("/", view_func=side_by_side)
        start, page_a, page_b = (Page(port, path) for path in ("/", "/app-a/", "/app-b/"))
        announce(start.url, page_a, page_b)

        def show_both() -> None:
            # The port is taken already, so these wait for the server.
            if page_a.answers() and page_b.answers():
                show(start)

        if browser:
            threading.Thread(target=show_both, daemon=True).start()
        running.serve_forever()
