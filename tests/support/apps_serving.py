"""Serves Dash apps from threads of the test process, on Flask, FastAPI and Quart."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from inspect import signature
from typing import Any

from dash import Dash

from tests.support.ports import HOST, page_port

STOP_SECONDS = 10.0


def backends() -> list[str]:
    """The backends that ``DASH_INTEROP_TEST_BACKENDS`` names."""
    named = os.environ.get("DASH_INTEROP_TEST_BACKENDS", "flask")
    return [name.strip() for name in named.split(",") if name.strip()]


def make_app(name: str, backend: str = "flask", **options: Any) -> Dash:
    """A Dash app whose pages are called ``name`` by other pages."""
    if backend != "flask":
        options["backend"] = backend
    elif "use_async" in signature(Dash.__init__).parameters:
        # As without the extra for it, which handlers that stream need.
        options.setdefault("use_async", False)
    return Dash(name, **options)


class Server:
    """A running server; ``url`` ends without a slash."""

    def __init__(self, url: str, stop: Callable[[], None]) -> None:
        self.url = url
        self.stop = stop


def serve(server: Any) -> Server:
    """Serve a Flask, FastAPI or Quart application, such as ``app.server``."""
    framework = type(server).__module__.partition(".")[0]
    if framework == "fastapi" or any(
        base.__module__.startswith("fastapi") for base in type(server).__mro__
    ):
        return _serve_uvicorn(server)
    if any(base.__module__.startswith("quart") for base in type(server).__mro__):
        return _serve_hypercorn(server)
    return _serve_werkzeug(server)


def _serve_werkzeug(server: Any) -> Server:
    from werkzeug.serving import WSGIRequestHandler, make_server

    unused: set[socket.socket] = set()

    class Handler(WSGIRequestHandler):
        def setup(self) -> None:
            super().setup()
            unused.add(self.connection)

        def parse_request(self) -> bool:
            unused.discard(self.connection)
            return super().parse_request()

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = make_server(HOST, page_port(), server, threaded=True, request_handler=Handler)
    thread = threading.Thread(
        target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()

    def stop() -> None:
        running.shutdown()
        _join(thread)
        running.server_close()
        # A browser connects before it has a request. It would send the next one for this port here,
        # and get the answer of the app that was there before.
        for connection in list(unused):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    return Server(f"http://{HOST}:{running.port}", stop)


def _serve_uvicorn(server: Any) -> Server:
    import uvicorn

    listener = socket.create_server((HOST, page_port()))
    config = uvicorn.Config(server, log_level="warning", timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()

    def stop() -> None:
        running.should_exit = True
        _join(thread)
        listener.close()

    return Server(f"http://{HOST}:{listener.getsockname()[1]}", stop)


def _serve_hypercorn(server: Any) -> Server:
    from hypercorn.asyncio import serve as serve_asgi
    from hypercorn.config import Config

    listener = socket.create_server((HOST, page_port()))
    config = Config()
    port = listener.getsockname()[1]
    # From here on it is hypercorn's to close.
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = 0.5
    config.loglevel = "WARNING"
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        trigger: Any = ended.wait
        loop.run_until_complete(serve_asgi(server, config, shutdown_trigger=trigger))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def stop() -> None:
        loop.call_soon_threadsafe(ended.set)
        _join(thread)

    return Server(f"http://{HOST}:{port}", stop)


def _join(thread: threading.Thread) -> None:
    thread.join(STOP_SECONDS)
    assert not thread.is_alive(), "the server did not stop"
