"""WebDriver servers, as processes of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from http.client import HTTPConnection

from tests.support.ports import HOST, free_range

__all__ = ["DriverServer", "find"]

START_SECONDS = 20.0
POLL_SECONDS = 0.02


def find(program: str) -> str:
    """Where a program is that the browser tests need."""
    path = shutil.which(program)
    assert path is not None, (
        f"{program} is not on PATH: `make browser` installs what the browser tests need, and "
        "DASH_INTEROP_TEST_ENGINES names the engines that they use."
    )
    return path


class DriverServer:
    """
    A program that lets a browser be driven, and that takes ``--port``.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, program: str, environment: Mapping[str, str] | None = None) -> None:
        port = free_range(1)
        self.url = f"http://{HOST}:{port}"
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [program, f"--port={port}"],
            env={**os.environ, **(environment or {})},
            stdout=self._said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._said.seek(0)
                said = self._said.read().decode(errors="replace")
                self.stop()
                raise AssertionError(f"{program} did not start: {said}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End it, and a browser that it left behind."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._said.close()


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=START_SECONDS)
    try:
        connection.request("GET", "/status")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
