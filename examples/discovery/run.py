"""
Discovery: an explorer finds the methods that two providers offer, and their servers.

    python examples/discovery/run.py    port 8110, or --port N
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from contextlib import suppress
from pathlib import Path

from apps import make_explorer, make_provider
from flask import Flask, Response, send_from_directory
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"

server = Flask(__name__, static_folder=None)
make_explorer(server, "explorer")
make_provider(server, "workshop", "Workshop")
make_provider(server, "studio", "Studio")


@server.route("/")
def overview() -> Response:
    return send_from_directory(HERE, "overview.html")


def main() -> int:
    parser = argparse.ArgumentParser(description="Methods that come and go, and who finds them.")
    parser.add_argument("--port", type=int, default=8110)
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
  Discovery: open {base}/

    The explorer:  {base}/explorer/
    The providers: {base}/workshop/
                   {base}/studio/

  Offer methods in the providers, and find them in the explorer. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
