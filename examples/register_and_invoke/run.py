"""
Register and invoke: the two apps of the documentation of dash_glue42.

App A (app_a.py) invokes the methods Sum and SendMessage, which app B (app_b.py) registers. They
are there while a page of app B is open.

    python examples/register_and_invoke/run.py                    one process, port 8050
    python examples/register_and_invoke/run.py --two-processes    ports 8050 and 8051

Options: --port N is the port of the first server; --only a or --only b serves one app alone.
"""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"

# Dash takes a Flask server, but its annotation does not say so.
server: Any = Flask(__name__, static_folder=None)


@server.route("/style.css")
def style() -> Response:
    return send_from_directory(HERE.parent / "assets", "style.css")


def side_by_side() -> Response:
    return send_from_directory(HERE, "side_by_side.html")


def main() -> int:
    parser = argparse.ArgumentParser(description="The two apps of dash_glue42's documentation.")
    parser.add_argument("--port", type=int, default=8050, help="port of the first server")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--two-processes", action="store_true", help="use the next port, too")
    mode.add_argument("--only", choices=["a", "b"], help="serve one app alone")
    options = parser.parse_args()
    # Not every request is worth a line.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        if options.two_processes:
            return serve_two_processes(options.port, options.port + 1)
        if options.only:
            return serve_one_app(options.only, options.port)
        return serve_both_apps(options.port)
    except PortTaken as error:
        print(f"{error}: choose another with --port", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def serve_both_apps(port: int) -> int:
    """Both apps on one Flask server."""
    with listen(port) as listener:
        import_module("app_a")
        import_module("app_b")
        server.add_url_rule("/", view_func=side_by_side)
        base = f"http://{HOST}:{port}"
        announce(f"{base}/", f"{base}/app-a/", f"{base}/app-b/")
        make_server(HOST, port, server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


def serve_one_app(letter: str, port: int) -> int:
    """One app, the way an app is run by itself."""
    listen(port).close()
    import_module(f"app_{letter}").app.run(host=HOST, port=port)
    return 0


def serve_two_processes(port_a: int, port_b: int) -> int:
    """Each app in a process of its own. They find each other like any apps of one user."""
    for port in (port_a, port_b):
        listen(port).close()
    # To stop the processes also when this one is asked to end.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for letter, port in (("a", port_a), ("b", port_b)):
            command = [sys.executable, __file__, "--only", letter, "--port", str(port)]
            processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        announced = False
        while all(process.poll() is None for process in processes):
            if not announced and answers(port_a) and answers(port_b):
                url_a, url_b = f"http://{HOST}:{port_a}/app-a/", f"http://{HOST}:{port_b}/app-b/"
                announce(f"{url_a} and {url_b}", url_a, url_b)
                announced = True
            time.sleep(0.1)
        return 1
    finally:
        for process in processes:
            process.terminate()
            process.wait()


class PortTaken(Exception):
    """Another program listens on the port, or it must not be used."""


def listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        raise PortTaken(f"Port {port} is taken or not allowed") from error


def answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def announce(start: str, url_a: str, url_b: str) -> None:
    print(
        f"""
  Register and invoke: open {start}

    App A invokes: {url_a}
    App B answers: {url_b}

  Press "Sum" or "Send" in app A while app B is open. Ctrl-C ends.
""",
        flush=True,
    )


if __name__ == "__main__":
    # The apps import this file as the module run: the server has to be that module's.
    from run import main as main_of_module

    sys.exit(main_of_module())
