"""
A search box: the JavaScript of a page asks Python at each key that is pressed.

    python examples/search_box/run.py    port 8160, or --port N
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
    parser = argparse.ArgumentParser(description="A search box that asks Python at each key.")
    parser.add_argument("--port", type=int, default=8160)
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
  Search box: open http://{HOST}:{port}/

  Type the name of a module, quickly. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, app.server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
