"""Who listens on a port of this machine, and the question to a shared gateway to end."""

from __future__ import annotations

import hmac
import secrets
import socket
from enum import Enum

from .auth import TokenAuthority
from .paths import END_PATH, IDENTITY_PATH
from .patience import RunningClock

__all__ = ["ADDRESS", "Listener", "ask_to_end", "probe"]

ADDRESS = "127.0.0.1"

MAX_PROOF = 4096
"""Bytes of an answer that are looked at."""

LOOK_SECONDS = 0.05


class Listener(Enum):
    """
    ``SILENT`` has not answered in time, which may be a gateway of ours that is held up.
    """

    OURS = "ours"
    FOREIGN = "foreign"
    SILENT = "silent"
    NOBODY = "nobody"


def probe(port: int, authority: TokenAuthority, seconds: float, clock: RunningClock) -> Listener:
    """
    Who listens on a port: asks for a proof of the secret.

    Args:
        port: On 127.0.0.1.
        authority: Knows the secret.
        seconds: How long to wait for the answer.
        clock: By which.
    """
    nonce = secrets.token_urlsafe(16)
    expected = authority.prove(nonce, port).encode()
    try:
        answer = _ask(port, f"{IDENTITY_PATH}?nonce={nonce}", seconds, clock)
    except ConnectionRefusedError:
        return Listener.NOBODY
    except TimeoutError:
        return Listener.SILENT
    except OSError:
        return Listener.FOREIGN
    return Listener.OURS if hmac.compare_digest(answer, expected) else Listener.FOREIGN


def ask_to_end(port: int, authority: TokenAuthority, instance: str, seconds: float) -> bool:
    """
    Ask the shared gateway on a port to end, with a proof that we know the secret.

    Args:
        port: On 127.0.0.1.
        authority: Knows the secret.
        instance: Of the gateway, as its state says.
        seconds: How long to wait for the answer.

    Returns:
        ``False`` when it answers that it will not. One that does not answer may be ending.
    """
    proof = authority.prove_end(instance, port)
    try:
        return _ask(port, f"{END_PATH}?proof={proof}", seconds, RunningClock()) == b"ends"
    except OSError:
        return True


def _ask(port: int, path: str, seconds: float, clock: RunningClock) -> bytes:
    """
    The body of the answer, until the connection ends or there is enough of it.

    Raises:
        TimeoutError: There was none in time.
        OSError: There is nobody, or nobody who speaks.
    """
    deadline = clock.seconds() + seconds
    answer = b""
    with socket.create_connection((ADDRESS, port), timeout=seconds) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {ADDRESS}:{port}\r\n\r\n".encode())
        connection.settimeout(LOOK_SECONDS)
        while len(answer) < MAX_PROOF:
            try:
                received = connection.recv(MAX_PROOF)
            except TimeoutError:
                received = None
            if received == b"":
                break
            answer += received or b""
            if clock.seconds() > deadline:
                raise TimeoutError
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        raise ConnectionAbortedError(f"hung up after {len(head)} bytes")
    return body
