"""A GW3 peer of the load client, for all that comes before the measured stretch."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.bench.wire import Connection, text_frame

__all__ = ["Peer", "encode"]

ANSWER_SECONDS = 20.0
"""Longest time for any one answer or announcement."""


class Peer:
    """A logged-in GW3 peer that has joined the ``agm`` domain."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.peer_id = ""
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        connection.handler = self._keep

    @classmethod
    async def join(cls, url: str, login: str, connect: type[Connection] = Connection) -> "Peer":
        """Connect, log in as user ``login`` and join ``agm``."""
        peer = cls(await connect.open(url))
        welcome = await peer.request(
            domain="global",
            type="hello",
            identity={"application": "bench"},
            authentication={"method": "secret", "login": login, "secret": ""},
        )
        peer.peer_id = welcome["peer_id"]
        await peer.request(domain="global", type="join", destination="agm", peer_id=peer.peer_id)
        return peer

    async def request(self, **fields: Any) -> dict[str, Any]:
        """Send a request and wait for its answer; raise ``RuntimeError`` on a refusal."""
        self.send(request_id="setup", **fields)
        answer = await self.wait_for(lambda message: message.get("request_id") == "setup")
        if answer["type"] == "error":
            raise RuntimeError(f"{fields['type']} was refused: {answer.get('reason')}")
        return answer

    async def offer(self, method_id: str, name: str, *, streaming: bool = False) -> None:
        """Register one method or stream."""
        flags = {"streaming": streaming}
        method = {"id": method_id, "name": name, "display_name": "", "flags": flags}
        await self.request(
            domain="agm", type="register", peer_id=self.peer_id, methods=[method | {"version": 1}]
        )

    async def find_server(self, name: str) -> str:
        """
        Return the id of a peer that offers ``name``, waiting for it if need be.

        Only what was announced after the join is seen here, so ask once per peer.
        """

        def offers(message: dict[str, Any]) -> bool:
            methods = message.get("methods", []) if message["type"] == "methods-added" else []
            return any(method["name"] == name for method in methods)

        return (await self.wait_for(offers))["server_id"]

    async def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first kept message that is ``wanted``; others stay for later."""
        passed: list[dict[str, Any]] = []
        while not wanted(message := await self._next()):
            passed.append(message)
        for other in passed:
            self._messages.put_nowait(other)
        return message

    async def _next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._messages.get(), ANSWER_SECONDS)

    def send(self, **fields: Any) -> None:
        """Send one message."""
        self.connection.send(text_frame(encode(fields)))

    def _keep(self, payload: bytes) -> None:
        self._messages.put_nowait(json.loads(payload))


def encode(fields: dict[str, Any]) -> bytes:
    """Encode a message without spaces, as browsers do."""
    return json.dumps(fields, separators=(",", ":")).encode()
