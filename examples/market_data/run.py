"""
Market data: a process publishes 500 prices a second, one app charts them, another one lists them.

    python examples/market_data/run.py    port 8100, or --port N
"""

from __future__ import annotations

import argparse
import logging
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from chart import make_chart
from flask import Flask, Response, send_from_directory
from table import make_table
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"

server = Flask(__name__, static_folder=None)
make_chart(server, "chart")
make_table(server, "quotes")


@server.route("/")
def side_by_side() -> Response:
    return send_from_directory(HERE, "side_by_side.html")


@server.route("/chart.js")
def chart_script() -> Response:
    return send_from_directory(HERE, "chart.js")


def start_publisher() -> subprocess.Popen[bytes]:
    # In a session of its own it does not get Ctrl-C. It ends when its input does, which is also
    # when this process is killed.
    command = [HERE / "publisher.py", "--end-with-input"]
    return subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, start_new_session=True
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="A publisher of prices, a chart and a table.")
    parser.add_argument("--port", type=int, default=8100)
    port = parser.parse_args().port
    # Not every request is worth a line.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        listener = socket.create_server((HOST, port))
    except (OSError, OverflowError):
        print(
            f"Port {port} is taken or not allowed: choose another with --port",
            file=sys.stderr,
        )
        return 2
    base = f"http://{HOST}:{port}"
    publisher = start_publisher()
    with suppress(KeyboardInterrupt):
        print(
            f"""
  Market data: open {base}/

    The chart: {base}/chart/
    The table: {base}/quotes/

  A process of its own publishes the prices. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, server, threaded=True, fd=listener.fileno()).serve_forever()
    publisher.communicate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
