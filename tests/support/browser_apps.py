"""The Dash apps of one test, and the windows that show them."""

from __future__ import annotations

import os
from typing import Any

from dash import Dash

from dash_interop import Glue42
from tests.support.apps_process import AppProcess
from tests.support.apps_serving import Server, make_app, serve
from tests.support.browser_pages import Browser, Page


class Apps:
    """Makes, serves and opens the Dash apps of one test."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._servers: dict[int, Server] = {}
        self._processes: list[AppProcess] = []
        self.plugins: list[Any] = []
        """Those of apps that are made without any."""

    def make(self, name: str, *children: Any, backend: str = "flask", **options: Any) -> Dash:
        """An app with a root around ``children``."""
        options.setdefault("suppress_callback_exceptions", True)
        options.setdefault("plugins", self.plugins)
        app = make_app(name, backend, **options)
        app.layout = Glue42(id="glue42", children=list(children))
        return app

    def serve(self, server: Any) -> str:
        """Serve an app or its server; the answer is the URL, without a slash at the end."""
        server = server.server if isinstance(server, Dash) else server
        if id(server) not in self._servers:
            self._servers[id(server)] = serve(server)
        return self._servers[id(server)].url

    def open(self, app: Dash, *, connected: bool = True) -> Page:
        """Open a window with an app, which is served when it is not yet."""
        return self.browser.open(f"{self.serve(app)}/", connected=connected)

    def caller(self, name: str = "caller") -> Page:
        """A page with nothing but a connection, for tests that call from JavaScript."""
        return self.open(self.make(name))

    def process(self, *arguments: str, **environment: str) -> AppProcess:
        """Run ``python -m`` with arguments; it has said where it listens on return."""
        process = AppProcess(arguments, {**os.environ, **environment})
        self._processes.append(process)
        return process

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
        for server in self._servers.values():
            server.stop()
