"""The addresses of the demo: whether they answer, and how they are shown."""

from __future__ import annotations

import http.client
import os
import sys
import threading
import webbrowser
from typing import NamedTuple

import click

from .server import HOST

__all__ = ["Page", "announce", "show_once_they_answer"]

# Far longer than a page of the demo takes.
TIMEOUT_SECONDS = 10.0


class Page(NamedTuple):
    """Where a page is."""

    port: int
    path: str

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}{self.path}"

    def answers(self) -> bool:
        """Whether the page can be loaded; waits where a server listens that is not ready yet."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", self.path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def announce(start: str, page_a: Page, page_b: Page) -> None:
    """Say what to open."""
    click.echo(
        f"""
  Two apps that call each other: open {start}

    App A invokes: {page_a.url}
    App B answers: {page_b.url}

  Press "Sum" or "Send" in app A while app B is open. Ctrl-C ends.
"""
    )


def show_once_they_answer(*pages: Page) -> None:
    """Open pages in the browser of this desktop, if there is one, and wait for neither."""

    def show() -> None:
        # The ports are taken already, so this waits for the servers.
        if all(page.answers() for page in pages):
            for page in pages:
                webbrowser.open(page.url)

    if _has_desktop():
        threading.Thread(target=show, daemon=True).start()


def _has_desktop() -> bool:
    # Elsewhere webbrowser starts a text browser, which would take this terminal.
    named = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return named or sys.platform in ("darwin", "win32")
