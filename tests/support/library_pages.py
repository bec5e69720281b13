"""Pages without Dash, with the client libraries of io.Connect as they are published."""

from __future__ import annotations

import re
from pathlib import Path

from dash import Dash
from flask import Response

from .browser_apps import Apps
from .browser_pages import Page, eventually

__all__ = ["open_channels_page", "open_core_page", "serve_library_page"]

LIBRARIES = Path(__file__).resolve().parents[2] / "node_modules" / "@interopio"
CORE = LIBRARIES / "core" / "dist" / "core.umd.min.js"
BROWSER = LIBRARIES / "browser" / "dist" / "browser.umd.js"

PAGE = """
    <!doctype html>
    <link rel="icon" href="data:,">
    <script src="/core.js"></script>
    <!-- The other library takes core's name out of the page. -->
    <script>window.makeCore = window.IOConnectCore;</script>
    <script src="/io-channels.js"></script>
"""

CONNECT = """
    const answer = await fetch('/_dash-interop/session', {method: 'POST'});
    const {url, token} = await answer.json();
    window.io = await makeCore({
        application: args[0], gateway: {ws: url}, auth: {token}, metrics: false, insights: false,
    });
"""

START_CHANNELS = """
    // What a platform does for its pages: it makes channels, and tells a page to join one.
    const controller = new ioChannels.ChannelsController();
    const answers = {
        operationCheck: () => ({isSupported: true}),
        appHello: () => ({mode: 'single', channels: [], restrictions: []}),
        addChannel: ({name, meta, data}) =>
            io.contexts.set(`___channel___${name}`, {name, meta, data: data ?? {}}),
        removeChannel: ({name}) => io.contexts.destroy(`___channel___${name}`),
        joinChannel: (data) => controller.handleBridgeMessage({operation: 'joinChannel', data}),
        leaveChannel: (data) => controller.handleBridgeMessage({operation: 'leaveChannel', data}),
        notifyChannelsChanged: () => undefined,
    };
    const bridge = {send: async (domain, {name}, data) => answers[name](data)};
    const windowsController = {my: () => ({id: 'g42-window'}), findById: () => undefined};
    const channelsStorage = new ioChannels.ChannelsStorage();
    await controller.start(io, {bridge, windowsController, channelsStorage});
"""


def open_core_page(apps: Apps, app: Dash, application: str) -> Page:
    """
    A page with ``@interopio/core`` as ``window.io``, connected to the gateway of an app.

    The app has to be one for which ``serve_library_page`` was called.
    """
    page = apps.browser.open(f"{apps.serve(app)}/library-page", connected=False)
    eventually(lambda: page.js("return Boolean(window.ioChannels)"), "the libraries are loaded")
    page.run(CONNECT, application)
    return page


def open_channels_page(apps: Apps, app: Dash, application: str) -> Page:
    """
    A page with the channels of ``@interopio/browser`` as ``window.io.channels``.

    That library reaches nothing but a platform, so its channels are started without the rest of it,
    beside core and with what a platform answers.
    """
    page = open_core_page(apps, app, application)
    page.run(START_CHANNELS)
    return page


def serve_library_page(app: Dash) -> None:
    """Have the server of an app serve such a page, too; before it has served anything."""

    def script(text: str) -> Response:
        return Response(text, mimetype="text/javascript")

    pages = {
        "/library-page": lambda: PAGE,
        "/core.js": lambda: script(CORE.read_text(encoding="utf-8")),
        "/io-channels.js": lambda: script(_channels_of_browser()),
    }
    for path, view in pages.items():
        app.server.add_url_rule(path, path, view)


def _channels_of_browser() -> str:
    """The library, which gives nothing away but its factory, and beside it its channels."""
    text = BROWSER.read_text(encoding="utf-8")
    # Not its source map, which nobody serves.
    text = re.sub(r"//# sourceMappingURL=\S+", "", text)
    end = "return iOConnectBrowserFactory;"
    assert text.count(end) == 1
    return text.replace(
        end, f"globalThis.ioChannels = {{ChannelsController, ChannelsStorage}}; {end}"
    )
