"""Python programs that the tests start, and may kill."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

START_SECONDS = 20.0
ROOT = Path(__file__).resolve().parents[2]


class AppProcess:
    """
    ``python -m <arguments>``, which prints a line with its URL when it listens.

    Attributes:
        url: Where it listens, without a slash at the end.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output: list[str] = []
        self._listening = threading.Event()
        self._url: str | None = None
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._listening.wait(START_SECONDS)
        if self._url is None:
            self.kill()
            raise AssertionError(f"{arguments} did not start:\n{''.join(self.output)}")
        self.url = self._url

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._process.terminate()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.output.append(line)
                found = re.search(r"listening on (\S+)", line)
                if found and self._url is None:
                    self._url = found.group(1).rstrip("/")
                    self._listening.set()
        self._listening.set()
