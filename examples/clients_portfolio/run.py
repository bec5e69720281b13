"""
Clients and portfolio: two apps that share contexts, which client is looked at and who has what.

    python examples/clients_portfolio/run.py    port 8150, or --port N
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from contextlib import suppress
from pathlib import Path

from clients import make_clients
from flask import Flask, Response, send_file
from portfolio import make_portfolio
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"


def make_apps() -> Flask:
    server = Flask(__name__, static_folder=None)
    make_clients(server, "clients")
    make_portfolio(server, "portfolio")

    @server.route("/")
    def side_by_side() -> Response:
        return send_file(HERE / "side_by_side.html")

    return server


def main() -> int:
    parser = argparse.ArgumentParser(description="Two apps that share contexts.")
    parser.add_argument("--port", type=int, default=8150)
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
  Clients and portfolio: open {base}/

    Clients:   {base}/clients/
    Portfolio: {base}/portfolio/

  Choose a client, buy and sell: both apps share what they know. Ctrl-C ends.
""",
            flush=True,
        )
        server = make_apps()
        make_server(HOST, port, server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
