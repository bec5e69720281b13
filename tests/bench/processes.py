"""Child processes of the benchmark: started, awaited with a deadline, always ended."""

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BenchError", "Command", "Server", "complaint", "on_one_core", "output_of", "started"]

START_SECONDS = 30.0
"""Longest time until a server has printed the line that says where it listens."""
STOP_SECONDS = 5.0
"""Longest time a process gets to end by itself before it is killed."""


class BenchError(Exception):
    """The benchmark cannot go on; the text says why in one line."""


@dataclass(frozen=True)
class Server:
    """A running server process."""

    url: str
    """Where it listens; empty when it does not say so."""
    pid: int


@dataclass(frozen=True)
class Command:
    """A program, its arguments, and where it runs."""

    arguments: Sequence[str]
    folder: Path


@contextmanager
def on_one_core(pids: Sequence[int]) -> Iterator[None]:
    """Pin processes, and those that are started meanwhile, to one core where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    try:
        for pid in (0, *pids):
            _pin(pid, {max(cores)})
        yield
    finally:
        for pid in (0, *pids):
            _pin(pid, cores)


def _pin(pid: int, cores: set[int]) -> None:
    # One thread at a time is what the system pins; a process may have several by now.
    tasks = Path(f"/proc/{pid or 'self'}/task")
    threads = [int(task.name) for task in tasks.iterdir()] if pid and tasks.is_dir() else [pid]
    for thread in threads:
        with suppress(ProcessLookupError):  # It has ended meanwhile.
            os.sched_setaffinity(thread, cores)


@asynccontextmanager
async def started(
    name: str, command: Command, says: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Server]:
    """
    Run a server for the length of a ``with`` block.

    Args:
        name: What to call it in an error.
        command: What to start.
        says: Pattern of the line that it prints once it is ready; a group in it is the URL.
        environment: All of its environment variables; ours when ``None``.

    Raises:
        BenchError: It ended or said nothing within :data:`START_SECONDS`.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = await asyncio.create_subprocess_exec(
                *command.arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                cwd=command.folder,
                env=environment,
            )
        except OSError as error:
            raise BenchError(f"{name} cannot be started: {error}") from error
        try:
            url = await _ready(process, says)
            if url is None:
                errors.seek(0)
                raise BenchError(f"{name} failed to start: {complaint(errors.read())}")
            draining = asyncio.ensure_future(_drain(process))
            yield Server(url, process.pid)
            draining.cancel()
        finally:
            await _stop(process)


async def output_of(name: str, command: Command, seconds: float) -> bytes:
    """
    Run a command to its end and return what it printed.

    Raises:
        BenchError: It failed, or took longer than ``seconds``.
    """
    process = await asyncio.create_subprocess_exec(
        *command.arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=command.folder,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), seconds)
    except asyncio.TimeoutError as error:
        raise BenchError(f"{name} took longer than {seconds:.0f} s") from error
    finally:
        await _stop(process)
    if process.returncode != 0:
        raise BenchError(f"{name} failed: {complaint(errors)}")
    return output


async def _ready(process: asyncio.subprocess.Process, says: str) -> str | None:
    """Return the URL of a server that got ready, or ``None`` for one that did not."""
    try:
        return await asyncio.wait_for(_url_said(process, says), START_SECONDS)
    except asyncio.TimeoutError:
        return None


async def _url_said(process: asyncio.subprocess.Process, says: str) -> str | None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if found := re.search(says, line.decode(errors="replace")):
            return found[1] if found.re.groups else ""
    return None


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read on, so that a talkative server never waits for us."""
    assert process.stdout is not None
    while await process.stdout.read(65536):
        pass


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()


def complaint(output: bytes) -> str:
    """Pick the line that says what went wrong: the last that names an error, or the last."""
    lines = [line.strip() for line in output.decode(errors="replace").split("\n") if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["it said nothing"])[-1]
