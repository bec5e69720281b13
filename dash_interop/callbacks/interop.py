"""The settings of one Dash app: who its users are and which gateway its pages use."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from dash import Dash

from ..errors import ConfigError
from ..gateway.auth import TokenAuthority, read_secret, runtime_secret
from ..gateway.embedded import shared_gateway

__all__ = ["Interop"]

UserOf: TypeAlias = Callable[[Any], "str | None"]

LOCAL_USER = "local"
"""The one user of an app whose author gave no ``user=``."""


class Interop:
    """
    Settings for ``Dash(plugins=[Interop(...)])``. Apps without it get the defaults.

    Args:
        user: Says who is logged in. Called with the request (it has ``headers``, ``cookies`` and
            ``url`` on Flask, FastAPI and Quart) each time a page connects; returns a non-empty
            name, or ``None`` when nobody is logged in, and then the page may not connect. Pages
            of different users never see each other. By default all are the user ``"local"``.
        application: Name under which the pages of this app appear to others, whatever the page
            says. By default the app's title, or the name of its module, which
            ``Glue42(settings=...)`` may override.
        gateway: URL of the gateway as the pages reach it, ``ws://`` or ``wss://``. By default
            ``DASH_INTEROP_GATEWAY`` from the environment, else the gateway that the processes of
            this machine share.
        secret_file: File with the secret that a named gateway was started with. By default
            ``DASH_INTEROP_SECRET_FILE`` from the environment, else the secret that this user's
            processes share on this machine.

    Raises:
        ConfigError: A URL or a file cannot be used.

    Example:
        ::

            app = Dash(plugins=[Interop(user=lambda request: request.headers["X-User"])])
    """

    def __init__(
        self,
        *,
        user: UserOf | None = None,
        application: str | None = None,
        gateway: str | None = None,
        secret_file: str | Path | None = None,
    ) -> None:
        if inspect.iscoroutinefunction(user):
            raise ConfigError("user has to be a plain function, not an async one")
        self.application = application
        self._user = user
        url = gateway or os.environ.get("DASH_INTEROP_GATEWAY") or None
        self._gateway = None if url is None else _checked_url(url)
        file = secret_file or os.environ.get("DASH_INTEROP_SECRET_FILE") or None
        self._secret = None if file is None else read_secret(file)
        if self._secret is not None and self._gateway is None:
            raise ConfigError("a secret file needs a gateway: name one with gateway=...")
        self._authority: TokenAuthority | None = None

    def plug(self, app: Dash) -> None:
        """Called by Dash."""
        _settings[app] = self

    @property
    def is_embedded(self) -> bool:
        """Whether the pages use the gateway that this machine's processes share."""
        return self._gateway is None

    def user_of(self, request: Any) -> str | None:
        """Who is logged in, as the author's callable says; ``None`` when nobody is."""
        return LOCAL_USER if self._user is None else self._user(request)

    def gateway_url(self) -> str:
        """
        Where the pages connect; starts the shared gateway when nobody hosts it.

        Raises:
            ConfigError: No gateway can be had.
        """
        return shared_gateway().ensure() if self._gateway is None else self._gateway

    def authority(self) -> TokenAuthority:
        """
        Makes the tokens of this app's pages.

        Raises:
            ConfigError: The secret cannot be read.
        """
        if self._gateway is None:
            return shared_gateway().authority
        if self._authority is None:
            self._authority = TokenAuthority(self._secret or runtime_secret())
        return self._authority


_settings: WeakKeyDictionary[Dash, Interop] = WeakKeyDictionary()


def settings_of(app: Dash) -> Interop:
    """The settings an app was made with, or the defaults."""
    settings = _settings.get(app)
    if settings is None:
        settings = _settings[app] = Interop()
    return settings


def application_name(app: Dash) -> str:
    """What the pages of an app are called when nobody says otherwise."""
    title = str(app.title or "")
    if title and title != "Dash":
        return title
    name = str(app.config.name)
    if name == "__main__":
        main = getattr(sys.modules["__main__"], "__file__", None)
        return Path(main).stem if main else "dash"
    return name


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"not the URL of a gateway: {url!r} (expected such as ws://host:8385)")
    return url
