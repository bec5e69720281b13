"""A peer over a real socket, in a few lines; it speaks JSON and waits for no longer than 5 s."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

__all__ = ["DEADLINE", "Client", "closed_with", "connected", "run", "until"]

DEADLINE = 5.0

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run the body of a test on a loop of its own."""
    return asyncio.run(asyncio.wait_for(coroutine, 60))


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something holds."""

    async def turn() -> None:
        while not condition():  # noqa: ASYNC110 - nothing would set the event
            await asyncio.sleep(0)

    await asyncio.wait_for(turn(), DEADLINE)


async def closed_with(socket: ClientConnection) -> int | None:
    """Read to the end of a connection; returns the close code."""

    async def drain() -> None:
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return

    await asyncio.wait_for(drain(), DEADLINE)
    return socket.close_code


class Client:
    """One peer on one socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.peer_id: str | None = None

    async def send(self, type_: str, **fields: Any) -> None:
        frame = {"domain": "agm", "type": type_, "peer_id": self.peer_id, **fields}
        await self.socket.send(json.dumps(frame))

    async def receive(self, type_: str) -> dict[str, Any]:
        """The next frame of a type; others before it are passed over."""

        async def search() -> dict[str, Any]:
            while True:
                frame = json.loads(await self.socket.recv())
                if frame["type"] == type_:
                    return frame

        return await asyncio.wait_for(search(), DEADLINE)

    async def hello(self, login: str = "anna", **authentication: Any) -> dict[str, Any]:
        """Log in; returns the welcome or the error."""
        credentials = {"method": "secret", "login": login, "secret": "", **authentication}
        await self.send("hello", domain="global", identity={}, authentication=credentials)
        answer = json.loads(await asyncio.wait_for(self.socket.recv(), DEADLINE))
        self.peer_id = answer["peer_id"]
        return answer

    async def join(self) -> None:
        await self.send("join", domain="global", destination="agm")
        await self.receive("success")

    async def register(self, name: str) -> None:
        await self.send("register", methods=[{"id": name, "name": name}])
        await self.receive("success")


@asynccontextmanager
async def connected(url: str, login: str = "anna", **options: Any) -> AsyncIterator[Client]:
    """A peer that is logged in and has joined agm."""
    async with connect(url, max_size=None, compression=None, **options) as socket:
        client = Client(socket)
        assert (await client.hello(login))["type"] == "welcome"
        await client.join()
        yield client
