"""
A long report: one app asks another one for it, sees how far it is, and can cancel it.

    pip install 'dash[diskcache]'
    python examples/long_report/run.py    port 8180, or --port N
"""

from __future__ import annotations

import argparse
import logging
import math
import socket
import sys
from contextlib import suppress
from pathlib import Path

from archive import make_archive
from desk import make_desk
from flask import Flask, Response, send_from_directory
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"


def make_apps(seconds: float) -> Flask:
    """
    Args:
        seconds: How long one report takes.
    """
    server = Flask(__name__, static_folder=None)
    make_desk(server, "desk", "Desk")
    make_archive(server, "archive", "Archive", seconds)

    @server.route("/")
    def side_by_side() -> Response:
        return send_from_directory(HERE, "side_by_side.html")

    return server


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def main() -> int:
    parser = argparse.ArgumentParser(description="A report that takes long.")
    parser.add_argument("--port", type=int, default=8180)
    parser.add_argument(
        "--seconds", type=positive, default=20.0, help="time that one report takes, 20 by default"
    )
    options = parser.parse_args()
    port = options.port
    # Not every request is worth a line.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        listener = socket.create_server((HOST, port))
    except (OSError, OverflowError):
        print(f"Port {port} is taken or not allowed: choose another with --port", file=sys.stderr)
        return 2
    base = f"http://{HOST}:{port}"
    with suppress(KeyboardInterrupt):
        print(
            f"""
  A long report: open {base}/

    The desk:    {base}/desk/
    The archive: {base}/archive/

  Ask for a report at the desk, and cancel it. Ctrl-C ends.
""",
            flush=True,
        )
        server = make_apps(options.seconds)
        make_server(HOST, port, server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
