"""Starts the shared gateway as a process that depends on nobody, and ends one that is stuck."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import Any

from ..transport.threads import new_processes
from .order import FAILED, Order
from .patience import RunningClock
from .place import Holder, Place

__all__ = ["CannotStart", "end", "is_stopped", "start"]

LOOK_SECONDS = 0.01

# What a Python needs to find itself, its files and this user's; the rest concerns the app alone.
_INHERITED = (
    *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ"),
    *("PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONPYCACHEPREFIX"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA"),
)

_PYTHONS = ("python", "pypy", "graalpy")


class CannotStart(Exception):
    """No process of its own can be had here; the text says why."""


def start(order: Order, place: Place, seconds: float) -> int:
    """
    Start the gateway, and wait until it runs.

    Args:
        order: What it has to know.
        place: Where it will be found.
        seconds: How long to wait, as far as this process runs itself.

    Returns:
        How it went, as ``gateway/order.py`` says.

    Raises:
        CannotStart: The system does not let us start a process, or there is no Python to be run.
    """
    process = _process(order, place)
    clock = RunningClock()
    while process.poll() is None:
        if sys.platform == "win32" and _runs(place):
            _never_collected.append(process)
            return 0
        if clock.seconds() > seconds:
            process.kill()
            process.wait()
            return FAILED
        sleep(LOOK_SECONDS)
    return process.returncode


_never_collected: list[Any] = []
"""Processes that go on: Python would warn of those it forgets while they run."""


def _runs(place: Place) -> bool:
    holder = place.holder()
    return holder is not None and place.state_of(holder) is not None


def _process(order: Order, place: Place) -> Any:
    program = sys.executable or ""
    if getattr(sys, "frozen", False) or not Path(program).name.lower().startswith(_PYTHONS):
        raise CannotStart(f"sys.executable is no Python: {program!r}")
    # Where modules are found is up to the process that imports them from there already.
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    processes = new_processes()
    try:
        with _opened_log(place) as log:
            process = processes.Popen(
                [program, "-m", "dash_interop.gateway"],
                cwd=place.directory,
                env={**environment, "PYTHONPATH": paths},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                **_apart(),
            )
    except (OSError, ValueError, processes.SubprocessError) as error:
        raise CannotStart(str(error)) from error
    with suppress(OSError), process.stdin as stdin:
        stdin.write(json.dumps(order._asdict()).encode())
    return process


def _opened_log(place: Place) -> Any:
    """For what Python itself says when it cannot even begin."""
    if sys.platform == "win32":
        # There, the log could not begin anew while somebody else has it open.
        return open(os.devnull, "wb")
    return open(os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")


def _apart() -> dict[str, Any]:
    """Ctrl-C at the terminal, and the end of it, are for the app alone."""
    if sys.platform == "win32":
        # With a console that nobody sees, and not detached: the python.exe of a virtual environment
        # starts another one, which would open a window where there is no console.
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def is_stopped(process: int) -> bool:
    """Whether somebody has stopped it, as SIGSTOP does. ``False`` where the system does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_bytes().rpartition(b") ")[2]
    except OSError:
        return False
    return fields[:1] == b"T"


def end(process: int, holder: Holder, place: Place) -> bool:
    """
    Kill the process that is the gateway, if it still is.

    Returns:
        ``False`` when this user may not do that, or cannot see it.
    """
    descriptor = None
    try:
        # Its number cannot become that of another process between the look and the signal.
        descriptor = _pidfd(process)
        if place.holder() != holder:
            return True
        if descriptor is None:
            os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        else:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except ProcessLookupError:
        return place.holder() != holder
    except OSError:
        return False
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return True


def _pidfd(process: int) -> int | None:
    """What stands for the process as long as it is open; ``None`` where there is no such thing."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(process)
    except ProcessLookupError:
        raise
    except OSError:
        return None
