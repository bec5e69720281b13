"""``dash-interop offer``: a method whose handler is a command."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ..wire.definitions import MethodDefinition
from .arguments import decode
from .connecting import joining, tell_outages
from .output import as_json_text, complain, show_line
from .parameters import SECONDS, read_name

if TYPE_CHECKING:
    from ..client.sync import InteropClient

__all__ = ["CommandFailed", "offer"]

MAX_OUTPUT = 16 * 1024 * 1024
"""Bytes of a result."""

_KEPT_COMPLAINT = 8 * 1024
"""Bytes of stderr in which its last line is looked for."""

_CHUNK = 64 * 1024

_ENDINGS = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
"""Signals that end it as Ctrl-C does, so that no command is left running."""

_MERCY = 2.0
"""Seconds between SIGTERM and SIGKILL."""


class CommandFailed(Exception):
    """The command ended with another exit code than 0, or what it printed is not JSON."""


@click.command()
@click.argument("name", callback=read_name)
@click.option(
    "--exec",
    "command",
    required=True,
    metavar="CMD",
    help="Run by the shell for each invocation, with the arguments as JSON on stdin.",
)
@click.option("--accepts", metavar="SIGNATURE", help="Of the arguments, such as 'double a'.")
@click.option("--returns", metavar="SIGNATURE", help="Of the result.")
@click.option("--description", metavar="TEXT", help="For people.")
@click.option(
    "--concurrency",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many may run at a time; others wait for their turn.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=30.0,
    show_default=True,
    type=SECONDS,
    help="Longest time from an invocation to its result, the wait for its turn included.",
)
@joining
def offer(
    interop: InteropClient,
    name: str,
    command: str,
    accepts: str | None,
    returns: str | None,
    description: str | None,
    concurrency: int,
    timeout: float,
) -> int:
    """Offer a method that a command handles, until Ctrl-C.

    CMD is run by the shell for each invocation of NAME. It reads the arguments from stdin, a JSON
    object, and writes the result to stdout, as JSON; no output is an empty result. When it ends
    with another exit code than 0, the caller gets an error with the last line of its stderr, which
    is shown here, too. DASH_INTEROP_CALLER in its environment says who invokes, as JSON. A command
    that does not end in time, or still runs at Ctrl-C or when its caller has given it up, gets
    SIGTERM and two seconds later SIGKILL, together with all that it started.

    \b
    Examples:
      dash-interop offer Sum --exec 'jq "{sum: (.a + .b)}"'
      dash-interop offer Report --exec ./report.sh --concurrency 4 --timeout 600
      dash-interop offer Disk --exec 'df --output=pcent / | tail -1 | jq -R .'
    """
    tell_outages(interop)
    definition = MethodDefinition(
        name=name, accepts=accepts, returns=returns, description=description
    )
    for number in _ENDINGS:
        signal.signal(number, signal.default_int_handler)
    try:
        interop.register(
            definition,
            _handler(name, command),
            concurrency=concurrency,
            response_timeout=timeout,
        )
        show_line(f"{name} is on offer")
        interop.wait_closed()
    except KeyboardInterrupt:
        # The usual end of this command. It ends the commands that run, too.
        interop.close()
    return 0


def _handler(name: str, command: str) -> Callable[..., Awaitable[Any]]:
    async def handle(args: dict[str, Any], caller: dict[str, Any]) -> Any:
        environment = {**os.environ, "DASH_INTEROP_CALLER": as_json_text(caller)}
        process = await _started(command, environment)
        try:
            output, complaint, _ = await asyncio.gather(
                _read_output(process), _pass_on(process), _write(process, args)
            )
            code = await process.wait()
        finally:
            if process.returncode is None:
                complain(f"{name}: the command is ended before it was done")
                await _end(process)
        if code != 0:
            raise CommandFailed(complaint or _words(code))
        return _result(output)

    # The log names the handler by this.
    handle.__qualname__ = name
    return handle


async def _started(command: str, environment: Mapping[str, str]) -> Process:
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_shell(
            command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
        )
    )
    try:
        # asyncio itself would end the shell only, and not what the shell has started by then.
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _end(await starting)
        raise


async def _write(process: Process, args: dict[str, Any]) -> None:
    stdin = process.stdin
    assert stdin is not None
    # The command need not read its arguments.
    with suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(as_json_text(args).encode())
        await stdin.drain()
    stdin.close()


async def _read_output(process: Process) -> bytes:
    assert process.stdout is not None
    output = bytearray()
    while chunk := await process.stdout.read(_CHUNK):
        output += chunk
        if len(output) > MAX_OUTPUT:
            raise CommandFailed(f"its output is longer than {MAX_OUTPUT} bytes")
    return bytes(output)


async def _pass_on(process: Process) -> str:
    """Show its stderr as it comes; returns the last line of it."""
    assert process.stderr is not None
    end = b""
    while chunk := await process.stderr.read(_CHUNK):
        sys.stderr.buffer.write(chunk)
        sys.stderr.buffer.flush()
        end = (end + chunk)[-_KEPT_COMPLAINT:]
    lines = end.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


async def _end(process: Process) -> None:
    """End it and all that it started."""
    _signal(process, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _MERCY)
    except asyncio.TimeoutError:
        pass
    finally:
        # Also the processes that outlive the shell.
        if os.name == "posix":
            _signal(process, signal.SIGKILL)


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _words(code: int) -> str:
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it ended with exit code {code}"


def _result(output: bytes) -> Any:
    if not output.strip():
        return None
    try:
        return decode(output)
    except ValueError as error:
        raise CommandFailed(f"its output is not JSON: {error}") from None
