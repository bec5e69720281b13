"""A domain that the package does not know: it is handed to a router, and nothing else changes."""

import asyncio
from typing import Any

import pytest
from msgspec import json

from dash_interop.gateway.config import GatewayConfig
from dash_interop.gateway.hub import Hub
from dash_interop.router.domain import Domain
from dash_interop.router.effects import Probe, RouterEffect, Send
from dash_interop.router.peers import Peer
from dash_interop.router.principals import Remote
from dash_interop.router.router import Router
from dash_interop.router.switchboard import Switchboard
from dash_interop.transport.memory import memory_pair
from dash_interop.wire.envelope import Inbound, Outbound, Vocabulary
from dash_interop.wire.login import Join
from tests.support.room import DOMAINS, BelieveLogins, sends_of

PATIENCE = 10.0


class Add(Inbound, frozen=True):
    number: int = 0


class Total(Outbound, frozen=True, tag="total"):
    peer_id: str
    total: int
    domain: str = "sums"


SUMS = Vocabulary(
    domain="sums", version=3, accepted={"add": Add}, sent=(Total,), malformed={Add: "sums.bad"}
)


class Sums:
    """Members add numbers, and all of them hear the total; it is forgotten after a while."""

    vocabularies = (SUMS,)

    def __init__(self, board: Switchboard) -> None:
        self.board = board
        self.members: dict[str, Peer] = {}
        self.total = 0
        self.since: float | None = None

    def arrive(self, peer: Peer) -> None: ...

    def depart(self, peer: Peer) -> None: ...

    def heard(self, probe: Probe) -> None: ...

    def end_turn(self) -> None: ...

    def join(self, peer: Peer, message: Join) -> bool:
        if message.restrictions is not None:
            self.board.refuse(peer, message.request_id, "sums.closed", "No restrictions", "sums")
            return False
        self.members[peer.id] = peer
        return True

    def leave(self, peer: Peer, reason_uri: str | None, reason: str | None) -> None:
        self.members.pop(peer.id, None)

    def handle(self, peer: Peer, message: Add) -> None:
        self.total += message.number
        self.since = self.board.now
        self.tell()

    def passes_over(self, message: Any) -> bool:
        return False

    @property
    def is_busy(self) -> bool:
        return False

    def tick(self) -> None:
        deadline = self.next_deadline()
        if deadline is not None and deadline <= self.board.now:
            self.total, self.since = 0, None
            self.tell()

    def next_deadline(self) -> float | None:
        return None if self.since is None else self.since + PATIENCE

    def counters(self) -> dict[str, int]:
        return {"summing": len(self.members)}

    def snapshot(self) -> dict[str, Any]:
        return {"total": self.total}

    def tell(self) -> None:
        for member in self.members.values():
            self.board.send(member.connection, Total(member.id, self.total))


class Nobody:
    """An observer that looks away."""

    def handled(self, remote: Remote, message: Inbound, effects: list[RouterEffect]) -> None: ...

    def slowed(self, remote: Remote, who: str) -> None: ...

    def failed(self, remote: Remote, error: Exception) -> None:
        raise error


def new_router() -> Router:
    return Router(BelieveLogins(), [*DOMAINS, Sums], node="N")


class Talk:
    """A peer that writes JSON to a hub over a connection in memory."""

    def __init__(self, hub: Hub) -> None:
        self.mine, other = memory_pair()
        self.frames = self.mine.frames()
        self.conversation = asyncio.ensure_future(hub.converse(other, Remote("here")))
        self.peer_id: str | None = None

    def say(self, **message: Any) -> None:
        self.mine.send([json.encode({"peer_id": self.peer_id, **message})])

    async def hear(self) -> dict[str, Any]:
        return json.decode(await anext(self.frames))

    async def log_in(self, user: str) -> dict[str, Any]:
        login = {"method": "secret", "login": user, "secret": ""}
        self.say(type="hello", request_id="h", identity={}, authentication=login)
        welcome = await self.hear()
        self.peer_id = welcome["peer_id"]
        return welcome

    async def join(self) -> dict[str, Any]:
        self.say(type="join", request_id="j", destination="sums")
        return await self.hear()


async def two_members(hub: Hub) -> tuple[Talk, Talk]:
    one, other = Talk(hub), Talk(hub)
    for talk in (one, other):
        await talk.log_in("anna")
        assert (await talk.join())["type"] == "success"
    return one, other


def converse(scenario: Any) -> Any:
    async def whole() -> Any:
        hub = Hub(new_router(), GatewayConfig(), Nobody())
        try:
            return await scenario(hub)
        finally:
            hub.close()

    return asyncio.run(asyncio.wait_for(whole(), 5))


def test_it_is_a_domain():
    domain: Domain = Sums(Switchboard("N", new_router()._board.limits))
    assert domain.counters() == {"summing": 0}


def test_login_offers_it_with_its_version():
    async def scenario(hub: Hub) -> Any:
        return (await Talk(hub).log_in("anna"))["available_domains"]

    offered = {each["uri"]: each["version"] for each in converse(scenario)}
    assert offered == {"agm": 1, "bus": 1, "context": 2, "global": 1, "metrics": 1, "sums": 3}


def test_its_messages_reach_it_and_what_it_sends_reaches_its_members():
    async def scenario(hub: Hub) -> Any:
        one, other = await two_members(hub)
        one.say(domain="sums", type="add", number=2)
        other.say(domain="sums", type="add", number=40)
        heard = [await talk.hear() for talk in (one, one, other, other)]
        return [each["total"] for each in heard], hub.counters()["summing"]

    assert converse(scenario) == ([2, 42] * 2, 2)


@pytest.mark.parametrize("way", ["leaves", "connection ends"])
def test_who_is_gone_is_out_of_it(way):
    async def scenario(hub: Hub) -> Any:
        one, other = await two_members(hub)
        if way == "leaves":
            one.say(type="leave", request_id="l", destination="sums")
            assert (await one.hear())["domain"] == "sums"
        else:
            await one.mine.close(1000, "")
            await one.conversation
        return hub.counters()["summing"], other.peer_id is not None

    assert converse(scenario) == (1, True)


@pytest.mark.parametrize(
    "message, reason_uri",
    [
        ({"domain": "sums", "type": "add", "number": "two"}, "sums.bad"),
        ({"domain": "sums", "type": "divide"}, "sums.errors.unhandled_message"),
        ({"domain": "sums", "type": "add", "peer_id": "p-other"}, "sums.errors.failure"),
        ({"type": "join", "destination": "sums", "restrictions": "$x == 1"}, "sums.closed"),
        ({"type": "join", "destination": "products"}, "global.errors.invalid_domain"),
    ],
)
def test_what_it_cannot_take_is_refused_in_its_name(message, reason_uri):
    async def scenario(hub: Hub) -> Any:
        talk = Talk(hub)
        await talk.log_in("anna")
        talk.say(request_id="x", **message)
        return await talk.hear()

    error = converse(scenario)
    assert (error["type"], error["request_id"], error["reason_uri"]) == ("error", "x", reason_uri)


def test_it_is_told_when_its_time_has_come():
    router = new_router()
    router.connect("a", Remote())
    peer = log_in(router, "a")
    router.handle("a", Add(None, peer, 5), 1.0)
    assert router.next_deadline() == 11.0
    assert router.tick(10.9) == []
    assert router.tick(11.0) == [Send("a", Total(peer, 0))]
    assert router.next_deadline() is None


def test_snapshot_has_what_it_keeps():
    router = new_router()
    router.connect("a", Remote())
    peer = log_in(router, "a")
    router.handle("a", Add(None, peer, 5), 1.0)
    snapshot = router.snapshot()
    assert list(snapshot["peers"]) == [peer]
    assert (snapshot["sums"], snapshot["agm"], snapshot["metrics"]) == ({"total": 5}, {}, {})


def log_in(router: Router, connection: str) -> str:
    login = {"method": "secret", "login": "anna", "secret": ""}
    hello = json.encode({"type": "hello", "authentication": login})
    (welcome,) = sends_of(router.codec, router.handle(connection, router.codec.decode(hello), 0.0))
    message: Any = welcome.message
    router.handle(connection, Join("j", message.peer_id, "sums"), 0.0)
    return message.peer_id
