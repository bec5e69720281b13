"""
Where the processes of a user meet to share one gateway: three files in their runtime directory.

The lock says whether there is a gateway, and which process it is; the state says how to reach it,
and the log what it has to tell. There is one set for each first port and each secret.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .byte_locks import UNKNOWN, give_back, holder, take

__all__ = ["OLDEST_PROTOCOL", "PROTOCOL", "Holder", "Place", "State"]

PROTOCOL = 1
"""
Version of what processes and their shared gateway agree on: the names and contents of these files,
the proof of the secret, and how a gateway is asked to end. How it is asked to end never changes.
"""

OLDEST_PROTOCOL = 1
"""The oldest version that is served, too."""

_GATEWAY = 0
_KEPT = 1
_STARTING = 2
"""Bytes of the lock: being the gateway, being more than that, and starting one."""


class Holder(NamedTuple):
    """
    Attributes:
        process: Its id, as the lock says; 0 where the system does not say.
        is_kept: It is more than the shared gateway, such as an app: nobody else may end it.
    """

    process: int
    is_kept: bool


class State(NamedTuple):
    """
    Attributes:
        process: Id of the process that is the gateway.
        port: Where it listens, on 127.0.0.1.
        instance: Says which gateway is asked to end; known to processes of its user only.
        version: Of the library.
        protocol: The newest it speaks with other processes.
        oldest_protocol: The oldest it speaks with them.
    """

    process: int
    port: int
    instance: str
    version: str
    protocol: int = PROTOCOL
    oldest_protocol: int = OLDEST_PROTOCOL


class Place:
    """
    Args:
        directory: The user's runtime directory of this library; nobody else may write there.
        first_port: The first port of the gateway.
        secret: What it checks logins with.
    """

    def __init__(self, directory: Path, first_port: int, secret: str) -> None:
        # No secret is told by it: it only keeps those with different secrets apart.
        mark = hmac.new(secret.encode(), b"place", "sha256").hexdigest()[:8]
        name = f"gateway-{first_port}-{mark}"
        self.directory = directory
        self.log = directory / f"{name}.log"
        self._lock = _lock_file(directory / f"{name}.lock")
        self._state = directory / f"{name}.json"

    def take(self, *, is_kept: bool) -> bool:
        """
        Be the gateway, until ``leave`` or the end of this process.

        Returns:
            ``False`` when there is one.

        Raises:
            OSError: The runtime directory cannot be used.
        """
        if not self._lock.take(_GATEWAY):
            return False
        if is_kept:
            self._lock.take(_KEPT)
        return True

    def leave(self) -> None:
        """Be the gateway no longer. What was said of it stays: the next one takes its port."""
        self._lock.give_back(_KEPT)
        self._lock.give_back(_GATEWAY)

    def is_ours(self) -> bool:
        """Whether this process holds the lock, and others see that it does."""
        return self._lock.is_held(_GATEWAY) and self._lock.is_in_place()

    def refresh(self) -> None:
        """Keep those away who tidy up files that are old."""
        for path in (self._lock.path, self._state):
            with suppress(OSError):
                os.utime(path)

    def holder(self) -> Holder | None:
        """
        Which process is the gateway; ``None`` when there is none.

        Raises:
            OSError: The runtime directory cannot be used.
        """
        process = self._lock.holder(_GATEWAY)
        return None if process is None else Holder(process, self._lock.holder(_KEPT) is not None)

    def begin_to_start(self) -> bool:
        """Be the one who starts the gateway; ``False`` when another process is about to do so."""
        return self._lock.take(_STARTING)

    def end_of_start(self) -> None:
        self._lock.give_back(_STARTING)

    def state(self) -> State | None:
        """What was last said of a gateway; it may be gone. ``None`` when nothing was."""
        try:
            told = json.loads(self._state.read_bytes())
            return State(**{name: told[name] for name in State._fields})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def state_of(self, holder: Holder) -> State | None:
        """What this gateway says of itself; ``None`` when it has not said it yet."""
        state = self.state()
        if state is None or holder.process not in (state.process, UNKNOWN):
            return None
        return state

    def tell(self, state: State) -> None:
        """Say how the gateway is reached. Nobody ever reads half of it."""
        draft = self._state.with_name(f"{self._state.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(
                os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
            ) as file:
                json.dump(state._asdict(), file)
            os.replace(draft, self._state)
        finally:
            draft.unlink(missing_ok=True)


class _LockFile:
    """A file whose bytes are locks. There is one for each path in a process, see ``byte_locks``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._held: dict[int, int] = {}
        """Which bytes are held, and by which process: a forked child has none of them."""

    def take(self, byte: int) -> bool:
        if not self.is_held(byte):
            if not take(self._open(), byte):
                return False
            self._held[byte] = os.getpid()
        return True

    def give_back(self, byte: int) -> None:
        if self.is_held(byte) and self._descriptor is not None:
            del self._held[byte]
            give_back(self._descriptor, byte)

    def is_held(self, byte: int) -> bool:
        return self._held.get(byte) == os.getpid()

    def holder(self, byte: int) -> int | None:
        return os.getpid() if self.is_held(byte) else holder(self._open(), byte)

    def is_in_place(self) -> bool:
        """Whether others who open the file get this one: somebody may have removed it."""
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self.path))
        except OSError:
            return False

    def _open(self) -> int:
        if self._descriptor is not None and not self.is_in_place():
            if any(map(self.is_held, self._held)):
                return self._descriptor
            os.close(self._descriptor)
            self._descriptor = None
        if self._descriptor is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        return self._descriptor


_lock_files: dict[Path, _LockFile] = {}


def _lock_file(path: Path) -> _LockFile:
    return _lock_files.setdefault(path, _LockFile(path))
