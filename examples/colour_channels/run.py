"""
Colour channels: a watchlist publishes on its channel, and details on the same channel follow it.

    python examples/colour_channels/run.py    port 8120, or --port N
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from contextlib import suppress
from pathlib import Path

from details import make_details
from flask import Flask, render_template
from watchlist import make_watchlist
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"

APPS = {"watchlist": "Watchlist", "details": "Details", "other-details": "Other details"}


def make_apps() -> Flask:
    server = Flask(__name__, static_folder=None, template_folder=str(HERE))
    make_watchlist(server, "watchlist", "Red")
    make_details(server, "details", "Details", "Red")
    make_details(server, "other-details", "Other details", "Green")

    @server.route("/")
    def side_by_side() -> str:
        return render_template("side_by_side.html", apps=APPS)

    return server


def main() -> int:
    parser = argparse.ArgumentParser(description="Apps that are on colour channels.")
    parser.add_argument("--port", type=int, default=8120)
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
  Colour channels: open {base}/

    Watchlist:     {base}/watchlist/
    Details:       {base}/details/
    Other details: {base}/other-details/

  Choose companies and channels. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, make_apps(), threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
