"""Conversations over connections in memory: no socket, no port, no waiting."""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

import pytest
from msgspec import json

from dash_interop.gateway.config import GatewayConfig
from dash_interop.gateway.hub import Hub
from dash_interop.router.effects import RouterEffect, Send
from dash_interop.router.limits import Limits
from dash_interop.router.principals import Principal, Remote
from dash_interop.router.router import Router
from dash_interop.transport.broadcast import MAX_SIZE, Outgoing, texts_of
from dash_interop.transport.memory import MemoryConnection
from dash_interop.wire.envelope import Inbound
from dash_interop.wire.login import Authentication
from tests.support.room import DOMAINS, BelieveLogins

SUM = {"id": "0", "name": "Sum"}
PRICES = {"id": "p", "name": "Prices", "flags": {"streaming": True}}


class Witness:
    """Keeps what a hub tells its observer."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, list[str]]] = []
        self.errors: list[tuple[str, Exception]] = []
        self.slow: list[tuple[str, str]] = []

    def handled(self, remote: Remote, message: Inbound, effects: list[RouterEffect]) -> None:
        answers = [
            type(effect.message if isinstance(effect, Send) else effect).__name__
            for effect in effects
        ]
        self.seen.append((remote.machine, type(message).__name__, answers))

    def slowed(self, remote: Remote, who: str) -> None:
        self.slow.append((remote.machine, who))

    def failed(self, remote: Remote, error: Exception) -> None:
        self.errors.append((remote.machine, error))


class BrokenLogins(BelieveLogins):
    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        raise RuntimeError("the table of users is broken")


class Draining(MemoryConnection):
    """A gateway's end whose reader takes long frames at once, and forgets them."""

    def send(self, frames: Sequence[Outgoing]) -> None:
        super().send([text for text in texts_of(frames) if len(text) < 100_000])


class Visitor:
    """The other end of a conversation."""

    def __init__(
        self, hub: Hub, machine: str = "here", kind: type[MemoryConnection] = MemoryConnection
    ) -> None:
        ended = asyncio.Event()
        self.connection, other = MemoryConnection(ended), kind(ended)
        self.connection.other, other.other = other, self.connection
        self.frames = self.connection.frames()
        self.conversation = asyncio.ensure_future(hub.converse(other, Remote(machine)))
        self.peer_id: str | None = None

    def say(self, **message: Any) -> None:
        frame = {"domain": "agm", "request_id": "x", "peer_id": self.peer_id, **message}
        self.connection.send([json.encode(frame)])

    async def hear(self, type_: str) -> dict[str, Any]:
        """The next message of a type; others are passed over."""
        async for frame in self.frames:
            message = json.decode(frame)
            if message["type"] == type_:
                return message
        raise EOFError(f"the conversation ended before {type_}: {self.end()}")

    def end(self) -> tuple[int | None, str]:
        return self.connection.close_code, self.connection.close_reason

    def say_hello(self, **identity: Any) -> None:
        login = {"method": "secret", "login": "anna", "secret": ""}
        self.say(domain="global", type="hello", identity=identity, authentication=login)

    async def subscribe(self, publisher: "Visitor", *streams: str) -> str:
        """Subscribe to ``PRICES``, accepted on these streams; the id of the subscription."""
        self.say(type="subscribe", server_id=publisher.peer_id, method_id="p")
        subscription_id = (await publisher.hear("add-interest"))["subscription_id"]
        for stream in streams:
            publisher.say(type="accepted", subscription_id=subscription_id, stream_id=stream)
            await self.hear("subscribed")
        return subscription_id

    async def enter(self, *methods: dict[str, Any]) -> str:
        self.say_hello()
        self.peer_id = (await self.hear("welcome"))["peer_id"]
        self.say(domain="global", type="join", destination="agm")
        await self.hear("success")
        self.say(type="register", methods=list(methods))
        await self.hear("success")
        assert self.peer_id is not None
        return self.peer_id


def converse(
    scenario: Callable[[Hub, Witness], Awaitable[Any]],
    logins: BelieveLogins | None = None,
    limits: Limits | None = None,
    **config: Any,
) -> Any:
    async def whole() -> Any:
        witness = Witness()
        router = Router(logins or BelieveLogins(), DOMAINS, node="N", limits=limits)
        hub = Hub(router, GatewayConfig(**config), witness)
        try:
            return await scenario(hub, witness)
        finally:
            hub.close()

    return asyncio.run(asyncio.wait_for(whole(), 5))


def test_call_goes_from_one_conversation_to_another_and_back():
    async def scenario(hub: Hub, _: Witness) -> Any:
        server, client = Visitor(hub), Visitor(hub)
        server_id = await server.enter(SUM)
        await client.enter()
        client.say(type="call", server_id=server_id, method_id="0", arguments_kv={"a": 1})
        invoke = await server.hear("invoke")
        server.say(type="yield", invocation_id=invoke["invocation_id"], result={"sum": 2})
        return invoke["arguments_kv"], (await client.hear("result"))["result"], hub.counters()

    arguments, result, counters = converse(scenario)
    assert (arguments, result) == ({"a": 1}, {"sum": 2})
    assert (counters["connections"], counters["methods"], counters["calls"]) == (2, 1, 0)


def test_end_of_a_connection_is_the_end_of_its_peers():
    async def scenario(hub: Hub, _: Witness) -> Any:
        server, client = Visitor(hub), Visitor(hub)
        server_id = await server.enter(SUM)
        await client.enter()
        client.say(type="call", server_id=server_id, method_id="0")
        await server.hear("invoke")
        server.connection.abort()
        error = await client.hear("error")
        return error["reason"], await server.conversation, hub.logged_in

    reason, who, connections = converse(scenario)
    assert reason == "Peer has left while waiting for result"
    assert (who, connections) == ("'anna'", 1)


def test_connection_over_which_nobody_logs_in_is_closed():
    async def scenario(hub: Hub, _: Witness) -> Any:
        visitor = Visitor(hub)
        return await visitor.conversation, visitor.end(), hub.logged_in

    assert converse(scenario, login_timeout=0.01) == (None, (4009, "Nobody logged in"), 0)


def test_login_ends_the_waiting_for_it():
    async def scenario(hub: Hub, _: Witness) -> Any:
        late, early = Visitor(hub), Visitor(hub)
        await early.enter()
        await late.conversation
        early.say(type="register", methods=[SUM])
        return (await early.hear("success"))["type"], late.end()[0]

    assert converse(scenario, login_timeout=0.05) == ("success", 4009)


@pytest.mark.parametrize(
    "frame, code, reason",
    [
        (b"[]", 1007, "not a JSON object"),
        (b'{"type":"ping","x":"' + b"x" * 1000 + b'"}', 1009, "Log in before you send long frames"),
    ],
)
def test_frame_that_breaks_a_rule_ends_the_conversation_only(frame, code, reason):
    async def scenario(hub: Hub, witness: Witness) -> Any:
        other, visitor = Visitor(hub), Visitor(hub)
        await other.enter()
        visitor.connection.send([frame])
        assert await visitor.conversation is None
        other.say(type="register", methods=[SUM])
        await other.hear("success")
        return visitor.end(), witness.errors

    (seen_code, seen_reason), errors = converse(scenario, login_size=500)
    assert (seen_code, errors) == (code, [])
    assert seen_reason.startswith(reason)


def test_logged_in_peer_may_send_long_frames():
    async def scenario(hub: Hub, _: Witness) -> Any:
        visitor = Visitor(hub)
        await visitor.enter()
        visitor.say(type="register", methods=[{**SUM, "description": "x" * 1000}])
        return (await visitor.hear("success"))["type"]

    assert converse(scenario, login_size=500) == "success"


def test_fault_of_ours_ends_one_conversation_and_is_told_to_the_observer():
    async def scenario(hub: Hub, witness: Witness) -> Any:
        visitor = Visitor(hub, "there")
        visitor.say_hello()
        assert await visitor.conversation is None
        return visitor.end(), witness.errors, hub.logged_in

    end, [(machine, error)], connections = converse(scenario, BrokenLogins())
    assert (end, machine, connections) == ((1011, "Internal error"), "there", 0)
    assert str(error) == "the table of users is broken"


def test_observer_sees_each_message_with_what_came_of_it():
    async def scenario(hub: Hub, witness: Witness) -> Any:
        server, client = Visitor(hub, "s"), Visitor(hub, "c")
        server_id = await server.enter(SUM)
        await client.enter()
        client.say(type="call", server_id=server_id, method_id="0")
        await server.hear("invoke")
        client.say(type="call", server_id="nobody", method_id="0")
        await client.hear("error")
        return witness.seen

    seen = converse(scenario)
    assert seen[:3] == [
        ("s", "Hello", ["Welcome"]),
        ("s", "Join", ["EndTurn"]),
        ("s", "Register", ["MethodsAdded", "Success"]),
    ]
    assert seen[-2:] == [("c", "Call", ["Invoke"]), ("c", "Call", ["Error"])]


def test_reader_that_falls_behind_is_given_up_and_counted():
    async def scenario(hub: Hub, _: Witness) -> Any:
        slow, other = Visitor(hub), Visitor(hub)
        await slow.enter()
        await other.enter()
        methods = [{"id": str(n), "name": f"m{n}", "description": "x" * 1000} for n in range(20)]
        other.say(type="register", methods=methods)
        await slow.conversation
        await other.conversation
        return slow.end(), hub.counters()["slow_readers"]

    # Neither of the two reads what the registration says to both.
    assert converse(scenario, outbox_size=10_000) == ((4008, "Too slow in reading"), 2)


def test_what_is_due_in_the_router_happens_without_any_message():
    async def scenario(hub: Hub, _: Witness) -> Any:
        server, client = Visitor(hub), Visitor(hub)
        server_id = await server.enter(SUM)
        await client.enter()
        client.say(type="call", server_id=server_id, method_id="0")
        return (await client.hear("error"))["reason"]

    assert converse(scenario, limits=Limits(call_seconds=0.01)) == "No answer within 0.01 s"


# Streams


def test_call_with_little_time_ends_though_one_with_much_came_first():
    async def scenario(hub: Hub, witness: Witness) -> Any:
        callee, caller = Visitor(hub), Visitor(hub)
        await callee.enter(SUM)
        await caller.enter()
        for request_id, timeout_ms in (("much", 3_600_000), ("little", 0)):
            caller.say(
                type="call",
                request_id=request_id,
                server_id=callee.peer_id,
                method_id="0",
                timeout_ms=timeout_ms,
            )
        return await caller.hear("error")

    assert converse(scenario)["request_id"] == "little"


@pytest.mark.parametrize("seed", range(10))
def test_each_reader_gets_what_is_pushed_in_the_order_of_the_pushes(seed):
    chance = Random(seed)

    async def scenario(hub: Hub, witness: Witness) -> None:
        publisher, *readers = (Visitor(hub) for _ in range(5))
        await publisher.enter(PRICES)
        subscriptions: list[tuple[Visitor, str, Sequence[str]]] = []
        for reader in readers:
            await reader.enter()
            for _ in range(chance.randint(1, 3)):
                streams = chance.choice(["a", "b", "ab"])
                subscriptions.append((reader, await reader.subscribe(publisher, *streams), streams))
        expected: dict[Visitor, list[tuple[str, int]]] = {reader: [] for reader in readers}
        number = 0
        for _ in range(40):
            to_one, stream = chance.random() < 0.2, chance.choice("ab")
            # As long as nothing else comes, the hub makes one step for all readers.
            for _ in range(chance.choice([1, 2, 20, 70])):
                number += 1
                if to_one:
                    reader, its_id, _ = chance.choice(subscriptions)
                    publisher.say(type="post", subscription_id=its_id, data=number)
                    expected[reader].append((its_id, number))
                else:
                    publisher.say(type="publish", stream_id=stream, data=number)
                    for reader, its_id, streams in subscriptions:
                        if stream in streams:
                            expected[reader].append((its_id, number))
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        for reader in readers:
            heard = [await reader.hear("event") for _ in expected[reader]]
            got = [(event["subscription_id"], event["data"]) for event in heard]
            assert got == expected[reader]
            assert {event["peer_id"] for event in heard} == {reader.peer_id}

    converse(scenario)


def test_who_left_gets_nothing_more_and_who_came_nothing_from_before():
    async def scenario(hub: Hub, _: Witness) -> Any:
        publisher, stays, leaves, comes = (Visitor(hub) for _ in range(4))
        await publisher.enter(PRICES)
        for reader in (stays, leaves, comes):
            await reader.enter()
        await stays.subscribe(publisher, "s")
        its_id = await leaves.subscribe(publisher, "s")
        for number in range(3):
            publisher.say(type="publish", stream_id="s", data=number)
        await asyncio.sleep(0)
        leaves.say(type="unsubscribe", subscription_id=its_id)
        before = [(await leaves.hear("event"))["data"] for _ in range(3)]
        await leaves.hear("success")
        await comes.subscribe(publisher, "s")
        for number in range(3, 6):
            publisher.say(type="publish", stream_id="s", data=number)
        after = [(await comes.hear("event"))["data"] for _ in range(3)]
        leaves.say(domain="global", type="join", destination="agm")
        frame = await anext(leaves.frames)
        return before, after, json.decode(frame)["type"]

    assert converse(scenario) == ([0, 1, 2], [3, 4, 5], "success")


def test_long_datum_is_in_the_memory_once_while_it_waits_to_be_written():
    async def scenario(hub: Hub, witness: Witness) -> int:
        publisher, *readers = (Visitor(hub, kind=Draining) for _ in range(31))
        await publisher.enter(PRICES)
        for reader in readers:
            await reader.enter()
            await reader.subscribe(publisher, "s")
        tracemalloc.start()
        for _ in range(3):
            publisher.say(type="publish", stream_id="s", data="x" * 1_000_000)
        # Its own answer comes after all that it has published.
        publisher.say(domain="global", type="join", destination="agm")
        await publisher.hear("success")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    # Three data, each as it came, as text, as a payload and once more for the readers.
    assert converse(scenario) < 15_000_000


@pytest.mark.parametrize("burst", [1, 2, 40])
def test_stalled_subscriber_takes_its_outbox_and_nothing_from_the_others(burst):
    size, datum = 200_000, "x" * 1000
    most = 0

    async def scenario(hub: Hub, _: Witness) -> Any:
        nonlocal most
        publisher, stalled, *others = (Visitor(hub) for _ in range(5))
        await publisher.enter(PRICES)
        for reader in (stalled, *others):
            await reader.enter()
            await reader.subscribe(publisher, "s")
        gateway_end = stalled.connection.other
        for number in range(0, 800, burst):
            for each in range(number, number + burst):
                publisher.say(type="publish", stream_id="s", data={"n": each, "note": datum})
            for reader in others:
                heard = [(await reader.hear("event"))["data"]["n"] for _ in range(burst)]
                assert heard == list(range(number, number + burst))
            most = max(most, gateway_end.backlog)
        return stalled.end(), hub.counters()["slow_readers"], hub.counters()["subscriptions"]

    assert converse(scenario, outbox_size=size) == ((4008, "Too slow in reading"), 1, 3)
    assert size - 2 * len(datum) < most <= size + MAX_SIZE + 2 * len(datum)


def test_peer_is_probed_behind_what_it_was_sent_and_mended_once_it_has_read_it():
    async def scenario(hub: Hub, _: Witness) -> Any:
        late, other = Visitor(hub), Visitor(hub)
        await late.enter()
        await other.enter()

        def ask(visitor: Visitor, type_: str, **fields: Any) -> None:
            visitor.say(domain="global", type=type_, **fields)

        context = {"name": "x", "data": {"k": 0}, "lifetime": "retained", "echo": True}
        ask(other, "create-context", **context)
        context_id = (await other.hear("context-created"))["context_id"]
        ask(late, "subscribe-context", context_id=context_id)
        await late.hear("subscribed-context")
        for visitor, value in ((late, "mine"), (other, "theirs")):
            delta = {"added": {"k": value}}
            update = {"context_id": context_id, "delta": delta, "echo": visitor is other}
            ask(visitor, "update-context", **update)
            await other.hear("context-updated")
        probes = hub.counters()["context_probes"], hub.counters()["context_heals"]
        heard = [(await late.hear("context-updated"))["delta"] for _ in range(2)]
        return probes, heard, hub.counters()["context_heals"]

    probes, heard, heals = converse(scenario)
    assert probes == (1, 0)
    assert heard == [
        {"added": {"k": "theirs"}},
        {"commands": [{"type": "set", "path": "k", "value": "theirs"}]},
    ]
    assert heals == 1


def test_probe_of_a_connection_that_has_ended_leads_to_nothing():
    async def scenario(hub: Hub, _: Witness) -> Any:
        late, other = Visitor(hub), Visitor(hub)
        await late.enter()
        await other.enter()
        create = {"name": "x", "data": {}, "lifetime": "retained"}
        late.say(domain="global", type="create-context", **create)
        context_id = (await late.hear("context-created"))["context_id"]
        delta = {"added": {"k": 1}}
        other.say(domain="global", type="update-context", context_id=context_id, delta=delta)
        await other.hear("success")
        assert hub.counters()["context_probes"] == 1
        late.connection.abort()
        await late.conversation
        return hub.counters()

    counters = converse(scenario)
    assert (counters["connections"], counters["context_heals"]) == (1, 0)
