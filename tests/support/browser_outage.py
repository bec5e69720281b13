"""A page that is away from its gateway until the test lets it back."""

from __future__ import annotations

from tests.support.browser_pages import Page
from tests.support.relay import Relay

__all__ = ["Outage"]

CLOSED_PORT = "ws://127.0.0.1:9"


class Outage:
    """
    Begins with the object and ends with its ``with`` block. New connections of the page go nowhere
    meanwhile.
    """

    def __init__(self, page: Page, relay: Relay) -> None:
        self._page = page
        page.js(
            """
            const [closed] = args;
            window.isAway = true;
            if (!window.RealWebSocket) {
                window.RealWebSocket = window.WebSocket;
                window.WebSocket = class extends window.RealWebSocket {
                    constructor(url) {
                        super(window.isAway ? closed : url);
                    }
                };
            }
            """,
            CLOSED_PORT,
        )
        page.is_altered = True
        relay.lose_clients()

    def __enter__(self) -> Outage:
        return self

    def __exit__(self, *_: object) -> None:
        self._page.js("window.isAway = false")
