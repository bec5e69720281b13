"""
Notifications: one app raises them, and their clicks and actions invoke methods of another one.

    python examples/notifications/run.py    port 8130, or --port N
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from contextlib import suppress
from pathlib import Path

from desk import make_desk
from flask import Flask, Response, send_from_directory
from reviewer import make_reviewer
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"

server = Flask(__name__, static_folder=None)
make_desk(server, "desk")
make_reviewer(server, "reviewer")


@server.route("/")
def side_by_side() -> Response:
    return send_from_directory(HERE, "side_by_side.html")


def main() -> int:
    parser = argparse.ArgumentParser(description="Notifications whose clicks invoke methods.")
    parser.add_argument("--port", type=int, default=8130)
    port = parser.parse_args().port
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
  Notifications: open {base}/

    The desk:     {base}/desk/
    The reviewer: {base}/reviewer/

  Raise notifications at the desk, and click them. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
