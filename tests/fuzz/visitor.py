"""One connection of the fuzzer, from its beginning to its end."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from contextlib import suppress
from random import Random
from typing import Any

from websockets.exceptions import InvalidHandshake

from tests.bench.wire import Connection, text_frame
from tests.fuzz.grammar import Grammar, Ids
from tests.fuzz.mutations import Mutator, frames_of, rude, text_of

__all__ = ["Visitor"]

AT_ONCE = 20
"""Frames that are sent before the next answer is waited for."""

SYNC = b'{"domain":"sync","type":"sync","request_id":"sync"}'
"""What is answered with an error, also where nobody has logged in."""

ANSWER_SECONDS = 30.0

RUDE = 0.7
"""How often a visitor ends with what is no message."""

RUDE_SECONDS = 0.05
"""How long it is there then; some of it is the beginning of something that never comes."""
INTERNAL_ERROR = 1011

KEPT_TEXTS = 30
"""Texts that may be sent again, and that a report shows."""

_ID = re.compile(
    rb'"((?:[a-z]+_)?(?:peer|server|caller|removed|invocation|subscription|context|creator)_id)"'
    rb':"([^"\\]{1,60})"'
)
LOOKED_AT = 3_000
"""Bytes of a frame in which ids are looked for."""


class Visitor:
    """
    Args:
        url: Of the gateway.
        user: As whom to log in.
        token: In place of that, if it is one.
        random: Chooses all that is sent.
        ids: What all visitors have heard of the gateway.

    Attributes:
        sent: Frames so far.
        faults: What the gateway must not do.
    """

    def __init__(self, url: str, user: str, token: str | None, random: Random, ids: Ids) -> None:
        self._url = url
        self._user = user
        self._token = token
        self._random = random
        self._ids = Ids(ids)
        if token is not None:
            self._ids.learn("token", token)
        self._grammar = Grammar(random, self._ids)
        self._mutator = Mutator(random, self._grammar.json)
        self._texts: deque[str] = deque(maxlen=KEPT_TEXTS)
        self._peer_ids: list[str] = []
        self._synchronized: asyncio.Future[None] | None = None
        self.sent = 0
        self.faults: list[str] = []

    async def visit(self, frames: int) -> None:
        """Connect and send that many, or fewer, where the gateway ends the connection."""
        try:
            connection = await Connection.open(self._url)
        except (OSError, InvalidHandshake, asyncio.TimeoutError) as error:
            self.faults.append(f"cannot connect: {type(error).__name__}: {error}")
            return
        connection.handler = self._hear
        try:
            if self._random.random() < 0.95:
                await self._log_in(connection)
            while self.sent < frames and not connection.closed.done():
                for _ in range(min(AT_ONCE, frames - self.sent)):
                    connection.send(self._next())
                    self.sent += 1
                if not await self._answered(connection):
                    self.faults.append(f"the gateway answers no more; {self._last()}")
                    break
            if self._random.random() < RUDE:
                connection.send(self._last_words())
                self.sent += 1
                await asyncio.wait([connection.closed], timeout=RUDE_SECONDS)
        finally:
            await self._leave(connection)
        if connection.close_code == INTERNAL_ERROR:
            self.faults.append(f"closed with {INTERNAL_ERROR}; {self._last()}")

    async def _log_in(self, connection: Connection) -> None:
        hello = self._grammar.hello(self._user, self._token)
        connection.send(frames_of(text_of(hello, self._random), self._random))
        self.sent += 1
        await self._answered(connection)
        for domain in ("agm", "bus", "context", "metrics"):
            if self._peer_ids and self._random.random() < 0.8:
                join = self._grammar.join(domain, self._peer_ids[-1])
                text = text_of(join, self._random)
                connection.send(frames_of(text, self._random))
                self.sent += 1

    async def _answered(self, connection: Connection) -> bool:
        """Wait until all that was sent has been handled, or the connection has ended."""
        self._synchronized = asyncio.get_running_loop().create_future()
        connection.send(text_frame(SYNC))
        done, _ = await asyncio.wait(
            [self._synchronized, connection.closed],
            timeout=ANSWER_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        return bool(done)

    def _next(self) -> bytes:
        random = self._random
        chance = random.random()
        if chance < 0.03 and self._texts:
            return frames_of(random.choice(self._texts), random)
        message = self._grammar.message(self._sender(), is_sent=chance > 0.97)
        if random.random() < 0.4:
            message = self._mutator.change(message)
        text = text_of(message, random)
        self._texts.append(text)
        return frames_of(text, random)

    def _last_words(self) -> bytes:
        """Most often what ends a connection."""
        if self._random.random() < 0.4:
            return rude(self._random)
        text = text_of(self._grammar.message(self._sender()), self._random)
        return frames_of(self._mutator.damage(text), self._random)

    def _sender(self) -> str | None:
        """Most often one of its own peers."""
        if self._random.random() < 0.03:
            return self._ids.pick("peer_id", self._random)
        return self._random.choice(self._peer_ids) if self._peer_ids else None

    def _hear(self, payload: bytes) -> None:
        head = payload[:LOOKED_AT]
        for field, value in _ID.findall(head):
            self._ids.learn(field.decode(), value.decode(errors="replace"))
        if b'"type":"welcome"' in head and (found := re.search(rb'"peer_id":"([^"]+)"', head)):
            self._peer_ids.append(found[1].decode())
            del self._peer_ids[:-5]
        elif b'"methods-added"' in head and len(payload) <= LOOKED_AT:
            self._learn_offers(json.loads(payload))
        elif b'"request_id":"sync"' in head and self._synchronized is not None:
            if not self._synchronized.done():
                self._synchronized.set_result(None)

    def _learn_offers(self, message: dict[str, Any]) -> None:
        for each in message.get("announcements", [message]):
            for method in each.get("methods", []) if each["type"] == "methods-added" else []:
                self._ids.learn("offers", (each["server_id"], method["id"]))

    async def _leave(self, connection: Connection) -> None:
        connection.close()
        with suppress(ConnectionError, OSError, asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(connection.closed), ANSWER_SECONDS)

    def _last(self) -> str:
        texts = [text if len(text) < 500 else f"{text[:500]}..." for text in self._texts]
        return "\n  ".join(["the last that was sent:", *texts])
