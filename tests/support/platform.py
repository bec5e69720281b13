"""A platform of Glue42, made by its published library, and the pages that it opens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_file

from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually

PACKAGES = Path(__file__).parents[2] / "node_modules/@glue42"

WEB_LIBRARY = PACKAGES / "web/dist/web.umd.min.js"
"""Of pages that a platform opens. Puts ``GlueWeb`` into the page."""

PLATFORM_LIBRARY = PACKAGES / "web-platform/dist/platform.web.umd.min.js"
"""Of the page that is the platform. Puts ``GlueWebPlatform`` into it."""

PAGE = """<!doctype html>
<title>{title}</title>
<link rel="icon" href="data:,">
<script src="{library}"></script>
<body>
<button id="open" onclick="window.open(toOpen)">Open</button>
<script>
    window.ready = {factory}({config}).then((made) => {{
        window.glue = made.glue ?? made;
        return null;
    }}, (error) => error.message ?? JSON.stringify(error));
</script>
"""

CHANNELS = [
    {"name": "Red", "meta": {"color": "red"}, "data": {}},
    {"name": "Green", "meta": {"color": "green"}, "data": {}},
]


class Platform:
    """The platform in a window of its own, ready as ``window.glue``."""

    def __init__(self, apps: Apps) -> None:
        self._browser = apps.browser
        server = Flask("platform")
        config = {
            "channels": {"definitions": CHANNELS},
            "gateway": {"logging": {"level": "warn"}},
        }

        @server.route("/")
        def platform() -> str:
            library, factory = "platform.js", "GlueWebPlatform"
            return PAGE.format(
                title="Platform", library=library, factory=factory, config=json.dumps(config)
            )

        @server.route("/page")
        def page() -> str:
            return PAGE.format(title="Page", library="web.js", factory="GlueWeb", config="{}")

        @server.route("/platform.js")
        def platform_library() -> Response:
            return send_file(PLATFORM_LIBRARY)

        @server.route("/web.js")
        def web_library() -> Response:
            return send_file(WEB_LIBRARY)

        self.url = apps.serve(server)
        self.web_library = f"{self.url}/web.js"
        """Address of the library, for a Dash app."""
        self.page = self._browser.open(f"{self.url}/", connected=False)
        self.page.is_altered = True
        until_ready(self.page)

    def open(self, url: str, *, connected: bool = True) -> Page:
        """Let the platform open a window, by a click as browsers want it."""
        self.page.js("window.toOpen = args[0]", url)
        self.page.click("open")
        page = self._browser.popup(self.page)
        page.url = url
        if connected:
            page.wait_until_connected()
        return page

    def open_page(self) -> Page:
        """Let the platform open a page with plain JavaScript, ready as ``window.glue``."""
        page = self.open(f"{self.url}/page", connected=False)
        until_ready(page)
        return page


def until_ready(page: Page) -> None:
    # A window that was just opened may not be there yet.
    eventually(lambda: page.js("return Boolean(window.ready)"), "the page")
    failure = page.run("return await window.ready")
    assert failure is None, failure


def run(page: Page, body: str, *args: Any) -> Any:
    """Run the body of an async function with ``args`` and ``glue``, the library of a plain page."""
    return page.run(f"const glue = window.glue; {body}", *args)
