"""
Where the gateway is and how to log in there; asked anew before each attempt to connect.

This is the only module of the client that knows ``gateway/``: a process that has the secret makes
its own tokens, and starts the gateway of this machine when it does not run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ConfigError
from ..gateway.auth import TokenAuthority, read_secret, runtime_secret
from ..router.principals import Principal
from ..settings import LOCAL_USER, gateway_url, secret_file_of
from ..wire.login import Authentication

if TYPE_CHECKING:
    from ..gateway.embedded import EmbeddedGateway

__all__ = ["Access", "TokenSource"]

TokenSource: TypeAlias = "str | Callable[[], str]"

RunInThread: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]


class Access:
    """
    Args:
        url: URL of the gateway; by default as ``settings`` says.
        user: Log in as this user, with a token made from the secret. ``None``: as a service, which
            sees the peers of all users.
        token: A token, or a function that returns a fresh one.
        secret_file: File with the secret of the gateway; by default as ``settings`` says.
        login: Log in by name with ``secret``, as other gateways and ``--no-auth`` have it.
        secret: The secret for ``login``.

    Raises:
        ConfigError: Settings that do not go together, or cannot be used.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        user: str | None = None,
        token: TokenSource | None = None,
        secret_file: str | Path | None = None,
        login: str | None = None,
        secret: str | None = None,
    ) -> None:
        given = {"user": user, "token": token, "login": login}
        named = [name for name, value in given.items() if value is not None]
        if len(named) > 1:
            raise ConfigError(f"give one of {' and '.join(named)}, not both")
        if "" in (user, login):
            raise ConfigError(f"{named[0]} is empty")
        if secret_file is not None and (token is not None or login is not None):
            raise ConfigError(f"a secret file does not go with {named[0]}")
        if secret is not None and login is None:
            raise ConfigError("a secret goes with a login; in a file, it goes without")
        self._url = gateway_url(url)
        self._token = token
        self._login = login
        self._secret = secret or ""
        self._principal = Principal(user or LOCAL_USER, is_service=user is None)
        self._authority: TokenAuthority | None = None
        if token is None and login is None:
            self._authority = self._make_authority(secret_file)

    @property
    def where(self) -> str:
        return self._url or "the gateway of this machine"

    async def ask(self, run_in_thread: RunInThread) -> tuple[str, Authentication]:
        """
        The gateway's URL and the credentials for the next login.

        Args:
            run_in_thread: Runs functions that may block.

        Raises:
            ConfigError: No gateway was found, and none could be started.
        """
        url = self._url
        if url is None:
            # Takes a millisecond, and some tenths of a second where it has to be started.
            url = await run_in_thread(_shared_gateway().ensure)
        return url, await self._authentication(run_in_thread)

    async def _authentication(self, run_in_thread: RunInThread) -> Authentication:
        if self._login is not None:
            return Authentication("secret", self._login, self._secret)
        if self._authority is not None:
            token = self._authority.issue(self._principal)
        elif callable(self._token):
            token = await run_in_thread(self._token)
        else:
            token = self._token
        return Authentication("access-token", token=token)

    def _make_authority(self, secret_file: str | Path | None) -> TokenAuthority:
        file = secret_file_of(self._url, secret_file)
        if self._url is None:
            return _shared_gateway().authority
        return TokenAuthority(runtime_secret() if file is None else read_secret(file))


def _shared_gateway() -> EmbeddedGateway:
    # Loaded here: a client most often is told a URL.
    from ..gateway.embedded import shared_gateway

    return shared_gateway()
