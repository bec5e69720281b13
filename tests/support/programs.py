"""Programs that may have children, such as gunicorn's workers, and end with their test."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

__all__ = ["Program"]

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
END_SECONDS = 15.0


class Program:
    """
    ``python <arguments>`` in a process group of its own.

    Args:
        arguments: The file, or ``-m`` and a module, and more.
        environment: All of its environment variables.
        ready: What a line says when it is ready.
        folder: Where it runs.

    Attributes:
        pid: Process id of the first process.
        ready: What ``ready`` matched.
    """

    def __init__(
        self, *arguments: str, environment: Mapping[str, str], ready: str, folder: Path = ROOT
    ) -> None:
        self._pattern = re.compile(ready)
        self._lines: list[str] = []
        self._settled = threading.Event()
        self._found: re.Match[str] | None = None
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._settled.wait(START_SECONDS)
        if self._found is None:
            self.kill()
            raise AssertionError(f"{arguments} did not start:\n{self.output}")
        self.ready = self._found

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        # pytest shows it when the test fails.
        print(self.output)  # noqa: T201

    @property
    def output(self) -> str:
        """What it and its children have printed."""
        return "".join(self._lines)

    def stop(self) -> int:
        """Ask the first process to end, as an administrator would; returns its exit code."""
        self._process.terminate()
        return self._process.wait(END_SECONDS)

    def kill(self) -> None:
        """End it and all its children, and wait until they are gone."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.append(line)
                if self._found is None:
                    self._found = self._pattern.search(line)
                    if self._found is not None:
                        self._settled.set()
        self._settled.set()
