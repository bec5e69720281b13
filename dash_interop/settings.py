"""
The settings of a process that uses a gateway.

An argument counts before its environment variable, and the variable before the default. An argument
or a variable that is empty counts as missing.

================================  ==================================================================
``DASH_INTEROP_GATEWAY``          URL of the gateway, ``ws://`` or ``wss://``. Default: the gateway
                                  that the processes of this user share on this machine.
``DASH_INTEROP_INTERNAL_GATEWAY`` The same gateway's URL as a Dash server reaches it, where that is
                                  not as its pages do. Default: ``DASH_INTEROP_GATEWAY``.
``DASH_INTEROP_SECRET_FILE``      File with the secret of a named gateway. Default: the secret that
                                  the processes of this user share on this machine.
``DASH_INTEROP_PORT``             First of the ports where the gateway of this machine may listen.
                                  Each has a gateway of its own. Default: 8385.
``DASH_INTEROP_EMBEDDED``         As what this process starts the gateway of this machine, where it
                                  has to: ``process``, one of its own, or ``thread``, one of this
                                  process. Default: ``process``.
``DASH_INTEROP_CHANNELS``         The channels that a gateway of this machine makes for each user:
                                  ``Red=#d32f2f,Sales=navy``, the path of a JSON file, or ``none``.
                                  Default: Red, Orange, Yellow, Green, Cyan, Blue, Purple, Pink.
================================  ==================================================================
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from .errors import ConfigError

__all__ = [
    "AS_A_PROCESS",
    "CHANNELS",
    "DEFAULT_PORT",
    "EMBEDDED",
    "GATEWAY",
    "INTERNAL_GATEWAY",
    "IN_A_THREAD",
    "LOCAL_USER",
    "PORT",
    "SECRET_FILE",
    "SecretFile",
    "channels",
    "checked_url",
    "embedded_gateway",
    "first_port",
    "gateway_url",
    "internal_gateway_url",
    "secret_file",
    "secret_file_of",
]

GATEWAY: Final = "DASH_INTEROP_GATEWAY"
INTERNAL_GATEWAY: Final = "DASH_INTEROP_INTERNAL_GATEWAY"
SECRET_FILE: Final = "DASH_INTEROP_SECRET_FILE"
PORT: Final = "DASH_INTEROP_PORT"
EMBEDDED: Final = "DASH_INTEROP_EMBEDDED"
CHANNELS: Final = "DASH_INTEROP_CHANNELS"

AS_A_PROCESS: Final = "process"
IN_A_THREAD: Final = "thread"

DEFAULT_PORT: Final = 8385
"""The port that Glue42 and io.Connect clients try by themselves."""

LOCAL_USER: Final = "local"
"""The one user of an app whose author did not say who its users are."""

SecretFile: TypeAlias = "str | Path"


def gateway_url(given: str | None = None) -> str | None:
    """
    The URL of the named gateway; ``None`` for the one of this machine.

    Raises:
        ConfigError: It is not the URL of a WebSocket.
    """
    url = given or _variable(GATEWAY)
    return None if url is None else checked_url(url)


def internal_gateway_url(given: str | None, gateway: str | None) -> str | None:
    """
    The URL by which a Dash server itself reaches its gateway.

    Args:
        given: The argument.
        gateway: The URL by which the pages reach it; ``None`` for the gateway of this machine.

    Raises:
        ConfigError: It is not the URL of a WebSocket, or the pages use the gateway of this machine.
    """
    internal = given or _variable(INTERNAL_GATEWAY)
    if internal is None:
        return gateway
    if gateway is None:
        raise ConfigError("an internal gateway needs one for the pages: name it with gateway=")
    return checked_url(internal)


def secret_file(given: SecretFile | None = None) -> SecretFile | None:
    """The file with the secret; ``None`` where it is the secret of this user's processes."""
    return given or _variable(SECRET_FILE)


def secret_file_of(gateway: str | None, given: SecretFile | None = None) -> SecretFile | None:
    """
    As ``secret_file``, for the gateway of that URL.

    Raises:
        ConfigError: There is a file, and the gateway is the one of this machine.
    """
    file = secret_file(given)
    if file is not None and gateway is None:
        raise ConfigError("a secret file needs a gateway: name one by its URL")
    return file


def first_port(given: int | None = None) -> int:
    """
    The first of the ports where the gateway of this machine may listen.

    Raises:
        ConfigError: The variable holds something else than a port.
    """
    text = _variable(PORT)
    if given is not None or text is None:
        return DEFAULT_PORT if given is None else given
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise ConfigError(f"{PORT} is not a port: {text!r}")
    return int(text)


def embedded_gateway() -> str:
    """
    As what this process starts the gateway of this machine, where it has to: ``AS_A_PROCESS`` or
    ``IN_A_THREAD``.

    Raises:
        ConfigError: The variable holds something else.
    """
    text = _variable(EMBEDDED) or AS_A_PROCESS
    if text not in (AS_A_PROCESS, IN_A_THREAD):
        raise ConfigError(f"{EMBEDDED} is neither {AS_A_PROCESS} nor {IN_A_THREAD}: {text!r}")
    return text


def channels(given: str | None = None) -> str | None:
    """Which channels a gateway makes, as text; ``None`` for the defaults."""
    return given or _variable(CHANNELS)


def checked_url(url: str) -> str:
    """
    Raises:
        ConfigError: It is not the URL of a WebSocket.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"not the URL of a gateway: {url!r} (expected such as ws://host:8385)")
    return url


def _variable(name: str) -> str | None:
    return os.environ.get(name) or None
