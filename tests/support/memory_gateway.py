"""A gateway on the loop of a test, whose clients are joined to it in memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from dash_interop.client import aio
from dash_interop.errors import ConnectionFailed
from dash_interop.gateway.config import GatewayConfig
from dash_interop.gateway.hub import Hub
from dash_interop.router.effects import RouterEffect
from dash_interop.router.principals import Remote
from dash_interop.router.router import Router
from dash_interop.transport.memory import MemoryConnection, memory_pair
from dash_interop.wire.envelope import Inbound
from tests.support.room import DOMAINS, BelieveLogins

__all__ = ["URL", "MemoryGateway", "connecting"]

URL = "ws://memory"


class _Strict:
    """
    An observer for which a fault of the gateway is one of the test.

    Args:
        heard: Where it notes what comes in.
    """

    def __init__(self, heard: list[Inbound]) -> None:
        self._heard = heard

    def handled(self, remote: Remote, message: Inbound, effects: list[RouterEffect]) -> None:
        self._heard.append(message)

    def slowed(self, remote: Remote, who: str) -> None:
        raise AssertionError(f"{who} is slowed")

    def failed(self, remote: Remote, error: Exception) -> None:
        raise error


class MemoryGateway:
    """
    Args:
        max_size: Bytes of the longest frame, which clients are told.

    Attributes:
        is_down: Whether it lets nobody connect.
        is_mute: Whether it reads nothing over the connections that are opened from now on.
        heard: All that clients have said, in order.
        ends: Our end of each connection that was ever opened, and theirs.
    """

    def __init__(self, max_size: int | None = None, config: GatewayConfig | None = None) -> None:
        self._config = config or GatewayConfig()
        self._options: dict[str, Any] = {} if max_size is None else {"max_size": max_size}
        self._nodes = 0
        self.is_down = self.is_mute = False
        self.heard: list[Inbound] = []
        self.ends: list[tuple[MemoryConnection, MemoryConnection]] = []
        self._conversations: set[asyncio.Task[str | None]] = set()
        self._begin()

    def _begin(self) -> None:
        self._nodes += 1
        self.router = Router(BelieveLogins(), DOMAINS, node=f"N{self._nodes}", **self._options)
        self.hub = Hub(self.router, self._config, _Strict(self.heard))

    async def open(self, url: str) -> MemoryConnection:
        """How a client gets a connection."""
        assert url == URL
        if self.is_down:
            raise ConnectionFailed(f"cannot connect to {url}: nobody listens there")
        ours, theirs = memory_pair()
        self.ends.append((ours, theirs))
        if not self.is_mute:
            self.converse(ours)
        return theirs

    def converse(self, ours: MemoryConnection) -> None:
        conversation = asyncio.ensure_future(self.hub.converse(ours, Remote("here")))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    def cut(self) -> None:
        """All connections break; what was under way is lost."""
        for ours, _ in self.ends:
            ours.abort()

    def restart(self) -> None:
        """It forgets everybody, and another one takes its place."""
        self.cut()
        self.hub.close()
        self._begin()

    async def close(self) -> None:
        self.cut()
        if self._conversations:
            await asyncio.wait(self._conversations)
        self.hub.close()

    @asynccontextmanager
    async def client(
        self, application: str, user: str = "anna"
    ) -> AsyncIterator[aio.InteropClient]:
        """A client of this gateway, connected."""
        client = aio.InteropClient(await connecting(application, user).start_engine(self.open))
        try:
            yield client
        finally:
            await client.close()


def connecting(application: str = "app", user: str = "anna", **options: Any) -> aio.connect:
    """What connects a client; its ``start_engine`` takes how to open a connection."""
    identity: Mapping[str, Any] = {"instance": application}
    return aio.connect(URL, application=application, login=user, identity=identity, **options)
