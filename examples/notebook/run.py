"""
Notebook: analysis.ipynb calls a Dash app, offers it a method and publishes a stream to it.

    python examples/notebook/run.py    port 8170, or --port N

Then open analysis.ipynb in JupyterLab and run it, with the app in a window beside it.
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from contextlib import suppress

from clients_app import make_app
from werkzeug.serving import make_server

HOST = "127.0.0.1"


def main() -> int:
    parser = argparse.ArgumentParser(description="The Dash app that analysis.ipynb works with.")
    parser.add_argument("--port", type=int, default=8170)
    port = parser.parse_args().port
    # Not every request is worth a line.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app = make_app()
    try:
        listener = socket.create_server((HOST, port))
    except (OSError, OverflowError):
        print(f"Port {port} is taken or not allowed: choose another with --port", file=sys.stderr)
        return 2
    with suppress(KeyboardInterrupt):
        print(
            f"""
  Notebook: open http://{HOST}:{port}/

    Then run examples/notebook/analysis.ipynb in JupyterLab. Ctrl-C ends.
""",
            flush=True,
        )
        make_server(HOST, port, app.server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
