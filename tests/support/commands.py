"""Commands of ``dash-interop`` that end by themselves, and what they printed."""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dash_interop.cli import main

__all__ = ["MODULE", "run_command", "run_process"]

MODULE = [sys.executable, "-m", "dash_interop"]
SECONDS = 20
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_command(
    *arguments: str, input: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """
    Run a command in this process, between pipes as it seems to it: starting Python for each would
    be most of the work of its tests.

    For what belongs to a process, there is ``run_process``: signals, encodings, the time zone, what
    is still running at its end, and a log that only the command writes to.

    Args:
        arguments: What is typed after ``dash-interop``.
        input: What is on stdin.
        environment: What differs from the environment of the tests.
    """
    stdin = io.TextIOWrapper(io.BytesIO(input.encode()), encoding="utf-8")
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    stderr = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    with pytest.MonkeyPatch.context() as patch, _left_as_it_was():
        for name, stream in {"stdin": stdin, "stdout": stdout, "stderr": stderr}.items():
            patch.setattr(sys, name, stream)
        # Help would be as wide as the terminal that the tests run in.
        for name, value in {"COLUMNS": "80", **environment}.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    code = ended.value.code or 0
    assert isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code, _text(stdout), _text(stderr))


def run_process(
    *arguments: str | bytes, input: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return subprocess.run(
        [*MODULE, *arguments],
        input=input,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, **environment},
    )


@contextmanager
def _left_as_it_was() -> Iterator[None]:
    """Take back what a command changes of its process, which usually ends with it."""
    loggers = [logging.getLogger(), logging.getLogger("dash_interop")]
    logs = [(logger, logger.handlers[:], logger.level) for logger in loggers]
    disabled = logging.root.manager.disable
    endings = {number: signal.getsignal(number) for number in ENDINGS}
    try:
        yield
    finally:
        for logger, handlers, level in logs:
            logger.handlers[:] = handlers
            logger.setLevel(level)
        logging.disable(disabled)
        for number, handler in endings.items():
            signal.signal(number, handler)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
