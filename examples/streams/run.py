"""
Streams: publishing, the events of a stream, and deciding who may subscribe.

    python examples/streams/run.py    port 8090, or --port N
"""

from __future__ import annotations

import argparse
import logging
import math
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import basic_publisher
import deciding_publisher
import events_publisher
from flask import Flask, render_template
from subscriber import make_subscriber
from werkzeug.serving import make_server

HERE = Path(__file__).resolve().parent
HOST = "127.0.0.1"

EXAMPLES: dict[str, dict[str, Any]] = {
    "basic": {
        "title": "Publish and subscribe",
        "text": "Subscribe on the right, then start publishing on the left.",
        "apps": {"basic-publisher": "Publisher", "basic-subscriber": "Subscriber"},
    },
    "events": {
        "title": "Events of a stream",
        "text": "Create the stream, subscribe, unsubscribe and close the stream: each side prints "
        "what the other one does.",
        "apps": {"events-publisher": "Publisher", "events-subscriber": "Subscriber"},
    },
    "managed": {
        "title": "Who may subscribe",
        "text": "Subscribe in both subscribers. The publisher accepts each of them, accepts it on "
        "the branch Private, or rejects it, and pushes to all or to that branch.",
        "apps": {
            "managed-publisher": "Publisher",
            "managed-subscriber-a": "Subscriber A",
            "managed-subscriber-b": "Subscriber B",
        },
    },
}
"""What ``side_by_side.html`` shows for each of the examples."""


def make_apps(seconds: float) -> Flask:
    """
    Args:
        seconds: How long the publishers wait between two data.
    """
    server = Flask(__name__, static_folder=None, template_folder=str(HERE))
    basic_publisher.make_basic_publisher(server, "basic-publisher", seconds)
    make_subscriber(server, "basic-subscriber", "Subscriber", basic_publisher.STREAM)
    events_publisher.make_events_publisher(server, "events-publisher", seconds)
    make_subscriber(server, "events-subscriber", "Subscriber", events_publisher.STREAM)
    deciding_publisher.make_deciding_publisher(server, "managed-publisher")
    for letter in "AB":
        path, application = f"managed-subscriber-{letter.lower()}", f"Subscriber {letter}"
        make_subscriber(server, path, application, deciding_publisher.STREAM)

    @server.route("/", defaults={"name": "basic"})
    @server.route("/<any(basic, events, managed):name>")
    def side_by_side(name: str) -> str:
        return render_template("side_by_side.html", examples=EXAMPLES, **EXAMPLES[name])

    return server


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def main() -> int:
    parser = argparse.ArgumentParser(description="Publishers and subscribers of streams.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument(
        "--seconds", type=positive, default=3.0, help="time between two data, 3 by default"
    )
    options = parser.parse_args()
    # Not every request is worth a line.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        listener = socket.create_server((HOST, options.port))
    except (OSError, OverflowError):
        print(
            f"Port {options.port} is taken or not allowed: choose another with --port",
            file=sys.stderr,
        )
        return 2
    base = f"http://{HOST}:{options.port}"
    with suppress(KeyboardInterrupt):
        print(
            f"""
  Streams: open {base}/

    Publish and subscribe: {base}/basic
    Events of a stream:    {base}/events
    Who may subscribe:     {base}/managed

  Press the buttons of publishers and subscribers. Ctrl-C ends.
""",
            flush=True,
        )
        server = make_apps(options.seconds)
        make_server(HOST, options.port, server, threaded=True, fd=listener.fileno()).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
