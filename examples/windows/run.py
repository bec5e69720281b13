"""
Windows: a list of clients opens a window for each, and gives it the client as its context.

    python examples/windows/run.py    port 8140, or --port N
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from contextlib import suppress

from clients import make_clients
from flask import Flask, redirect
from portfolio import make_portfolio
from werkzeug import Response
from werkzeug.serving import make_server

HOST = "127.0.0.1"

server = Flask(__name__, static_folder=None)
make_clients(server, "clients")
make_portfolio(server, "portfolio")


@server.route("/")
def home() -> Response:
    return redirect("/clients/")


def main() -> int:
    parser = argparse.ArgumentParser(description="Windows with contexts, and what becomes of them.")
    parser.add_argument("--port", type=int, default=8140)
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
  Windows: open {base}/

    The clients:   {base}/clients/
    A portfolio:   {base}/portfolio/

  Open the windows of clients, and close them. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
