"""One app of the demo, ``a`` or ``b``, alone in a process that ends when its input does."""

from __future__ import annotations

import os
import sys
import threading

from werkzeug.serving import BaseWSGIServer

from ..errors import ConfigError
from .server import POLL_SECONDS, listen, web_server

__all__ = ["serve_one_app"]


def serve_one_app(letter: str, port: int) -> None:
    with listen(port) as listener:
        running = web_server(listener, letter)
        threading.Thread(target=_end_with_input, args=[running], daemon=True).start()
        running.serve_forever(POLL_SECONDS)


def _end_with_input(running: BaseWSGIServer) -> None:
    # Not through sys.stdin, which Python waits for when it ends.
    while os.read(0, 1):
        pass
    running.shutdown()


if __name__ == "__main__":
    try:
        serve_one_app(sys.argv[1], int(sys.argv[2]))
    except ConfigError as error:
        sys.exit(f"dash-interop: {error}")
