"""The page of a notebook as a peer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import traitlets

from ..client.access import Access, TokenSource
from ..settings import LOCAL_USER
from .relay import Relay
from .widget import LineWidget

__all__ = ["Page"]


class Page(LineWidget):
    """
    An invisible widget that makes the notebook's page a peer, as pages of Dash apps are: its
    JavaScript registers, invokes, publishes and subscribes.

    The page needs no way to the gateway, such as where the kernel runs on another machine and the
    browser reaches nothing but the notebook (JupyterHub, VS Code, Colab): what it says travels in
    the messages of the widget, and the kernel passes it on. Credentials stay in the kernel.

    In JavaScript, ``await window.glue42dash.glueInstancePromise`` is the Interop API of the page. A
    page has one connection: the widget that was made last has it. It ends when the widget is
    closed, and when the page or the kernel goes.

    Args:
        application: What other peers call the page.
        url: URL of the gateway; by default as for ``dash_interop.client.connect``.
        user: Log in as this user, with a token made from the secret; by default as the pages of
            apps without a login.
        token: A token, or a function that returns a fresh one.
        secret_file: File with the secret of the gateway; by default as for ``connect``.
        login: Log in by name with ``secret``.
        secret: The secret for ``login``.

    Attributes:
        state: ``"connecting"``, ``"connected"`` or ``"disconnected"``, as the page says.
        error: What went wrong with the connection last, in words; empty while it is all right.

    Raises:
        ConfigError: Settings that do not go together, or cannot be used.
    """

    _esm = Path(__file__).parent.parent / "notebook-page.js"

    application = traitlets.Unicode(read_only=True).tag(sync=True)
    state = traitlets.Unicode("connecting", read_only=True)
    error = traitlets.Unicode(read_only=True)

    def __init__(
        self,
        application: str = "Notebook",
        *,
        url: str | None = None,
        user: str | None = None,
        token: TokenSource | None = None,
        secret_file: str | Path | None = None,
        login: str | None = None,
        secret: str | None = None,
        **settings: Any,
    ) -> None:
        if token is None and login is None:
            user = user or LOCAL_USER
        credentials = {"user": user, "token": token, "login": login, "secret": secret}
        access = Access(url, secret_file=secret_file, **credentials)
        self._relay = Relay(access, self.send, lambda: self._line.loop)
        self.set_trait("application", application)
        super().__init__(lambda _: None, self._hear, self._ended, **settings)

    def close(self) -> None:
        """End the connection of the page."""
        super().close()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "status":
            self.set_trait("state", message["state"])
            self.set_trait("error", message["error"] or "")
        else:
            self._relay.receive(message)

    def _ended(self, _why: str) -> None:
        self._relay.close()
        self.set_trait("state", "disconnected")
