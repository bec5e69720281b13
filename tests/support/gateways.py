"""Gateways as processes of their own: ours, and the published one the protocol is known from."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

__all__ = ["GatewayProcess", "node", "ours", "published"]

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "tests" / "conformance" / "reference-gateway.mjs"

START_SECONDS = 20.0
STOP_SECONDS = 5.0
KEPT_LINES = 200


class GatewayProcess:
    """
    A running gateway, started with the object and ended with its ``with`` block.

    Args:
        name: What to call it in a failure.
        command: Makes the command line for a port; port 0 picks a free one.
        environment: All of its environment variables; ours when ``None``.

    Attributes:
        url: Where it listens. Stays the same when it is started again.
        port: The port in the URL.

    Raises:
        AssertionError: It did not listen in time; the text has what it printed.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[int], list[str]],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._name = name
        self._command = command
        self._environment = environment
        self._run = self._started(0)
        self.url = self._run.url
        self.port = int(self.url.rpartition(":")[2].partition("/")[0])

    def __enter__(self) -> GatewayProcess:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of the present run."""
        return self._run.pid

    @property
    def output(self) -> str:
        """The last lines of the present run, from stdout and stderr."""
        return self._run.output

    def check(self) -> None:
        """Fail when it ended although nobody asked it to."""
        code = self._run.unexpected_end
        if code is not None:
            raise AssertionError(f"{self._name} ended with {code} by itself:\n{self.output}")

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would, and wait until it is gone."""
        self._run.end(signal.SIGKILL)

    def restart(self) -> None:
        """Run it again on the same port; kills it first when it still runs."""
        self.kill()
        self._run = self._started(self.port)

    def stop(self) -> None:
        """Ask it to end, and wait until it has. Fails when it had ended by itself."""
        try:
            self.check()
        finally:
            self._run.end(signal.SIGTERM)

    def _started(self, port: int) -> _Run:
        run = _Run(self._command(port), self._environment)
        if not run.wait_listening(START_SECONDS):
            run.end(signal.SIGKILL)
            raise AssertionError(f"{self._name} did not start:\n{run.output}")
        return run


class _Run:
    """One run of a gateway's process, in a process group of its own."""

    def __init__(self, command: list[str], environment: Mapping[str, str] | None) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._guard = _guard(self._process.pid)
        self._asked_to_end = False
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._settled = threading.Event()
        self.url = ""
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        return "".join(self._lines)

    @property
    def unexpected_end(self) -> int | None:
        """The exit code, when it ended by itself."""
        return None if self._asked_to_end else self._process.poll()

    def wait_listening(self, seconds: float) -> bool:
        self._settled.wait(seconds)
        return bool(self.url)

    def end(self, how: signal.Signals) -> None:
        """Signal the whole group and wait; what does not listen in time is killed."""
        self._asked_to_end = True
        self._dismiss_guard()
        self._signal(how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._reader.join()

    def _dismiss_guard(self) -> None:
        # While the process is not yet waited for: nobody else can have its id.
        self._guard.kill()
        self._guard.communicate()

    def _signal(self, how: signal.Signals) -> None:
        # A process that was waited for has given its id away.
        if self._process.returncode is None:
            try:
                os.killpg(self._process.pid, how)
            except ProcessLookupError:
                pass

    def _read(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self._lines.append(line)
                found = re.search(r"gateway listening on (ws://\S+)", line)
                if found and not self.url:
                    self.url = found[1]
                    self._settled.set()
        self._settled.set()


def _guard(group: int) -> subprocess.Popen[bytes]:
    """
    Watch over a process group that no Ctrl-C reaches: its input ends when this process does, even
    by SIGKILL, and then the group is killed.
    """
    return subprocess.Popen(
        ["sh", "-c", 'read -r line; kill -s KILL -- "-$1"', "guard", str(group)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def ours(
    *arguments: str,
    secret_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> GatewayProcess:
    """
    Start the gateway of this package, for pages of this machine, with the door open unless it
    gets a secret.

    Args:
        arguments: More of its command line, such as ``"--max-size", "4096"``.
        secret_file: What it checks logins with.
        environment: All of its environment variables; ours when ``None``.
    """
    door = ["--no-auth"]
    if secret_file is not None:
        door = ["--secret-file", str(secret_file), "--allow-origin", "loopback"]

    def command(port: int) -> list[str]:
        run = [sys.executable, "-m", "dash_interop", "gateway", "--port", str(port)]
        return [*run, *door, *arguments]

    return GatewayProcess("our gateway", command, environment)


def published(*arguments: str, environment: Mapping[str, str] | None = None) -> GatewayProcess:
    """
    Start the published gateway; it believes any login.

    Args:
        arguments: More of its command line, such as ``"--buffer-size", "100"``.
        environment: All of its environment variables; ours when ``None``.
    """
    program = node()

    def command(port: int) -> list[str]:
        return [program, str(REFERENCE), "--port", str(port), *arguments]

    return GatewayProcess("the published gateway", command, environment)


def node() -> str:
    """
    Where Node.js is.

    Raises:
        AssertionError: It, or a package that the tests run in it, is not installed.
    """
    program = shutil.which("node")
    if program is None:
        raise AssertionError("these tests need Node.js, and there is no node on the PATH")
    for package in ("@interopio/core", "@glue42/gateway-web", "ws"):
        if not (ROOT / "node_modules" / package).is_dir():
            raise AssertionError(f"these tests need the npm package {package}: run npm ci")
    return program
