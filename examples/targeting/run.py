"""
Targeting: one caller, and several apps that offer the method it invokes.

    python examples/targeting/run.py    port 8070, or --port N
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from contextlib import suppress
from pathlib import Path

from apps import make_desk, make_head_office
from flask import Flask, Response, send_from_directory
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"

server = Flask(__name__, static_folder=None)
make_head_office(server, "head-office")
make_desk(server, "london", "Desk London", 12)
make_desk(server, "new-york", "Desk New York", 34)
make_desk(server, "tokyo", "Desk Tokyo", 56)


@server.route("/")
def overview() -> Response:
    return send_from_directory(HERE, "overview.html")


def main() -> int:
    parser = argparse.ArgumentParser(description="One caller, and several apps to choose from.")
    parser.add_argument("--port", type=int, default=8070)
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
  Targeting: open {base}/

    The caller:    {base}/head-office/
    The providers: {base}/london/
                   {base}/new-york/
                   {base}/tokyo/

  Press the buttons of the head office while some desks are open. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
