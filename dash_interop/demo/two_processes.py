"""Each app in a process of its own: they find each other as any two apps of one user do."""

from __future__ import annotations

import contextlib
import subprocess
import sys

from .ending import Ending
from .pages import Page, announce, show_once_they_answer
from .server import POLL_SECONDS, listen

__all__ = ["serve_two_processes"]

Process = subprocess.Popen[bytes]


def serve_two_processes(port_a: int, port_b: int, ending: Ending, *, browser: bool) -> None:
    """Serve the apps until one of them ends, which says why on stderr, or all shall end."""
    for port in (port_a, port_b):
        listen(port).close()
    pages = Page(port_a, "/app-a/"), Page(port_b, "/app-b/")
    processes: list[Process] = []
    try:
        for letter, page in zip("ab", pages, strict=True):
            processes.append(_start(letter, page.port))
        while not all(page.answers() for page in pages):
            if ending.asked or _one_ends(processes):
                return
        announce(" and ".join(page.url for page in pages), *pages)
        if browser:
            show_once_they_answer(*pages)
        while not (ending.asked or _one_ends(processes)):
            pass
    finally:
        _stop(processes)


def _start(letter: str, port: int) -> Process:
    command = [sys.executable, "-m", f"{__package__}.one_app", letter, str(port)]
    # In a session of its own, the process does not get Ctrl-C. It ends when its input ends, which
    # also happens when this process is killed.
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )


def _one_ends(processes: list[Process]) -> bool:
    """Whether a process has ended; waits a moment for that."""
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(POLL_SECONDS)
            return True
    return False


def _stop(processes: list[Process]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    for process in processes:
        process.wait()
