"""The web server of the demo, which the apps of one process share."""

from __future__ import annotations

import errno
import logging
import socket
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory
from werkzeug.serving import BaseWSGIServer, make_server

from ..errors import ConfigError

__all__ = ["HOST", "POLL_SECONDS", "listen", "server", "side_by_side", "web_server"]

HOST = "127.0.0.1"

# How soon each process of the demo notices that something ended, or that it should end.
POLL_SECONDS = 0.05

# Dash takes a Flask server, but its annotation does not say so.
server: Any = Flask(__name__, static_folder=None)


def side_by_side() -> Response:
    """The page that shows both apps."""
    return send_from_directory(Path(__file__).parent, "side_by_side.html")


def listen(port: int) -> socket.socket:
    """
    Take a port.

    Raises:
        ConfigError: Another program has the port, or this user may not listen on it.
    """
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "the port is taken" if taken else error
        message = f"cannot listen on {HOST}:{port}: {reason}; choose another with --port"
        raise ConfigError(message) from error


def web_server(listener: socket.socket, *letters: str) -> BaseWSGIServer:
    """A server of the apps ``a`` and ``b``, or of one of them, that is yet to be started."""
    for letter in letters:
        import_module(f"{__package__}.app_{letter}")
    # A line for each request would hide the addresses.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    port = listener.getsockname()[1]
    return make_server(HOST, port, server, threaded=True, fd=listener.fileno())
