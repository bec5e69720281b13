"""
JavaScript page: a Dash app and a page without Dash call each other.

The page is plain HTML and JavaScript with the published client library, @interopio/core, which
"npm ci" installs. It asks the Dash app for the gateway and a token, like Dash's own pages do.

    python examples/javascript_page/run.py    port 8080, or --port N
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from contextlib import suppress
from pathlib import Path

from app import app
from flask import Response, send_file
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parents[1] / "node_modules/@interopio/core/dist/core.umd.min.js"
HOST = "127.0.0.1"

server = app.server


@server.route("/both")
def side_by_side() -> Response:
    return send_file(HERE / "side_by_side.html")


@server.route("/page")
def page() -> Response:
    return send_file(HERE / "page.html")


@server.route("/page.js")
def script() -> Response:
    return send_file(HERE / "page.js")


@server.route("/interopio-core.js")
def library() -> Response:
    return send_file(LIBRARY)


def main() -> int:
    parser = argparse.ArgumentParser(description="A Dash app and a page with plain JavaScript.")
    parser.add_argument("--port", type=int, default=8080)
    port = parser.parse_args().port
    # Not every request is worth a line.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    if not LIBRARY.exists():
        print('@interopio/core is missing: run "npm ci" in the repository first', file=sys.stderr)
        return 1
    try:
        listener = socket.create_server((HOST, port))
    except (OSError, OverflowError):
        print(f"Port {port} is taken or not allowed: choose another with --port", file=sys.stderr)
        return 2
    base = f"http://{HOST}:{port}"
    with suppress(KeyboardInterrupt):
        print(
            f"""
  JavaScript page: open {base}/both

    The Dash app:        {base}/
    The JavaScript page: {base}/page

  Press "Invoke" in either while the other is open. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
