"""
Correlating results: many calls at once, and each result finds its call.

    python examples/correlating_results/run.py    port 8060, or --port N
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from contextlib import suppress

from app import app
from werkzeug.serving import make_server

HOST = "127.0.0.1"


def main() -> int:
    parser = argparse.ArgumentParser(description="Many calls at once, matched to their results.")
    parser.add_argument("--port", type=int, default=8060)
    port = parser.parse_args().port
    # Not every request is worth a line.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        listener = socket.create_server((HOST, port))
    except (OSError, OverflowError):
        print(f"Port {port} is taken or not allowed: choose another with --port", file=sys.stderr)
        return 2
    with suppress(KeyboardInterrupt):
        print(
            f"""
  Correlating results: open http://{HOST}:{port}/

  Press the buttons quickly, one after the other. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, app.server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
