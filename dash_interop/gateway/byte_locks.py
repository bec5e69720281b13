"""
Bytes of a file that a process holds until it ends, however it ends: the system gives them back.

A lock belongs to the process: a forked child has none of its parent's, and whoever closes one of
several descriptors of a file loses what it holds there. So a process opens such a file once.
"""

from __future__ import annotations

import os
import struct
import sys

__all__ = ["UNKNOWN", "give_back", "holder", "take"]

UNKNOWN = 0
"""In place of a process id: somebody holds the byte, and the system does not say who."""

if sys.platform == "win32":
    import msvcrt

    def take(descriptor: int, byte: int) -> bool:
        """Hold a byte from now on; ``False`` when another process does."""
        os.lseek(descriptor, byte, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def give_back(descriptor: int, byte: int) -> None:
        """Let others hold it."""
        os.lseek(descriptor, byte, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def holder(descriptor: int, byte: int) -> int | None:
        """Id of the other process that holds a byte; ``None`` when none does."""
        if take(descriptor, byte):
            give_back(descriptor, byte)
            return None
        return UNKNOWN

else:
    import fcntl

    def take(descriptor: int, byte: int) -> bool:
        """Hold a byte from now on; ``False`` when another process does."""
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def give_back(descriptor: int, byte: int) -> None:
        """Let others hold it."""
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)

    _IS_LINUX = sys.platform.startswith("linux")
    # The C struct flock: on Linux type, whence, start, length, process; on macOS and the BSDs
    # start, length, process, type, whence (and on FreeBSD a system).
    _FLOCK = struct.Struct("hhqqi" if _IS_LINUX else "qqihhi")

    def holder(descriptor: int, byte: int) -> int | None:
        """Id of the other process that holds a byte; ``None`` when none does."""
        asked = (fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
        if not _IS_LINUX:
            asked = (byte, 1, 0, fcntl.F_WRLCK, os.SEEK_SET, 0)
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, _FLOCK.pack(*asked))
        fields = _FLOCK.unpack(answer)
        kind, process = (fields[0], fields[4]) if _IS_LINUX else (fields[3], fields[2])
        if kind == fcntl.F_UNLCK:
            return None
        # Not above 0: the process is one of another container.
        return max(process, UNKNOWN)
