"""What the system has taken for a socket and the other end has not acknowledged yet."""

from __future__ import annotations

import socket
import struct
import sys

__all__ = ["unacknowledged"]


def unacknowledged(connected: socket.socket | None) -> int:
    """Bytes; 0 where the system does not say, as all but Linux."""
    if connected is None or sys.platform != "linux":
        return 0
    # Loaded here: not every system has them.
    import fcntl
    import termios

    try:
        answer = fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError):
        return 0
    return struct.unpack("i", answer)[0]
