"""Streams that keep a history, as clients see them, in Python and in JavaScript."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dash_interop.client import Stream, Subscription, SubscriptionRequest
from dash_interop.errors import RegistrationError
from tests.client.peers import Heard, blocking_peers, peers
from tests.support.client import until
from tests.support.gateways import GatewayProcess
from tests.support.js_peer import JsPeer

MANY = 10_000


async def take(subscription: Subscription, count: int) -> list[Any]:
    return [(await subscription.get(timeout=5)).data["n"] for _ in range(count)]


def push(stream: Stream, *numbers: int, branch: str | None = None) -> None:
    for n in numbers:
        stream.push({"n": n}, branch)


async def test_a_newcomer_gets_what_is_kept_and_then_what_comes_live(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", history=3)
        push(stream, 1, 2, 3)
        subscription = await client.subscribe("Prices")
        assert subscription.recovered is True
        push(stream, 4)
        assert await take(subscription, 4) == [1, 2, 3, 4]
        late = await client.subscribe("Prices")
        assert (late.recovered, await take(late, 3)) == (False, [2, 3, 4])


async def test_data_that_is_kept_looks_as_data_that_comes_live(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream(
            "Prices", history=3, subscription_added_handler=lambda one: one.push({"n": 2})
        )
        push(stream, 1)
        subscription = await client.subscribe("Prices", {"a": 1})
        data = [await subscription.get(timeout=5) for _ in range(2)]
        assert [(each.data["n"], each.private, each.sequence) for each in data] == [
            (1, False, 1),
            (2, True, 2),
        ]
        assert data[0].server["application"] == "publisher"
        assert data[0].request_arguments == {"a": 1}


async def test_the_newest_of_each_key_is_kept(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", history={"size": 10, "key": "symbol"})
        for n, symbol in enumerate(["VOD", "BT", "VOD", "VOD"]):
            stream.push({"symbol": symbol, "n": n})
        subscription = await client.subscribe("Prices")
        assert (subscription.recovered, await take(subscription, 2)) == (True, [1, 3])
        with pytest.raises(ValueError, match="no field 'symbol'"):
            stream.push({"n": 1})


async def test_branches_have_histories_of_their_own(gateway: GatewayProcess, user: str):
    def decide(request: SubscriptionRequest) -> None:
        request.accept_on_branch(request.arguments["symbol"])

    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream(
            "Prices", history=10, subscription_request_handler=decide
        )
        push(stream, 1)
        push(stream, 2, branch="VOD")
        push(stream, 3, branch="BT")
        push(stream, 4)
        for symbol, numbers in [("VOD", [1, 2, 4]), ("BT", [1, 3, 4])]:
            subscription = await client.subscribe("Prices", {"symbol": symbol})
            assert await take(subscription, 3) == numbers


async def test_without_a_history_nothing_is_recovered(gateway: GatewayProcess, user: str):
    heard = Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        push(stream, 1)
        subscription = await client.subscribe("Prices", on_recovered=heard.add)
        push(stream, 2)
        assert await take(subscription, 1) == [2]
        assert (subscription.recovered, heard.items) == (None, [])


async def test_all_of_a_long_history_arrives_in_order(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", history=MANY)
        for n in range(MANY):
            stream.push({"n": n, "text": "x" * 200})
        subscription = await client.subscribe("Prices")
        assert subscription.recovered is True
        assert await take(subscription, MANY) == list(range(MANY))


@pytest.mark.parametrize("bound", [100, 2])
async def test_an_outage_is_made_up_for_or_told(our_gateway: GatewayProcess, user: str, bound: int):
    """What is pushed while the gateway is away comes first when it is back."""
    heard = Heard()
    async with peers(our_gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", history=bound)
        subscription = await client.subscribe("Prices", on_recovered=heard.add)
        push(stream, 1)
        assert await take(subscription, 1) == [1]
        await asyncio.to_thread(our_gateway.kill)
        await until(lambda: {publisher.state, client.state}.isdisjoint({"connected"}))
        push(stream, 2, 3, 4)
        await asyncio.to_thread(our_gateway.restart)
        expected = [2, 3, 4] if bound == 100 else [3, 4]
        assert await take(subscription, len(expected)) == expected
        push(stream, 5)
        assert await take(subscription, 1) == [5]
        assert subscription.recovered is (bound == 100)
        await heard.count(2)
        assert [whole for whole, _ in heard.items] == [True, bound == 100]
        assert heard.items[1][1]["application"] == "publisher"


async def test_a_follower_of_a_publisher_that_was_started_again_is_told_of_the_gap(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "client") as [client]:
        async with peers(gateway.url, user, "publisher") as [publisher]:
            stream = await publisher.create_stream("Prices", history=10)
            push(stream, 1)
            subscription = await client.subscribe("Prices", follow=True)
            assert await take(subscription, 1) == [1]
        await until(lambda: subscription.state == "waiting")
        async with peers(gateway.url, user, "publisher") as [publisher]:
            stream = await publisher.create_stream("Prices", history=10)
            push(stream, 2)
            assert await take(subscription, 1) == [2]
            assert subscription.recovered is False


@pytest.mark.parametrize("history", [0, "10", {"key": "symbol"}, {"size": 1, "kye": "symbol"}])
async def test_a_history_that_is_not_a_valid_one_is_refused(
    our_shared_gateway: GatewayProcess, user: str, history: Any
):
    async with peers(our_shared_gateway.url, user, "publisher") as [publisher]:
        with pytest.raises(RegistrationError, match="history"):
            await publisher.create_stream("Prices", history=history)
        assert publisher.methods() == []


def test_the_blocking_client_recovers_as_well(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = publisher.create_stream("Prices", history=2)
        for n in range(3):
            stream.push({"n": n})
        stream.flush()
        subscription = client.subscribe("Prices")
        assert subscription.recovered is False
        assert [subscription.get(timeout=5).data["n"] for _ in range(2)] == [1, 2]


# With peers that know nothing of it


async def test_a_plain_subscriber_sees_an_ordinary_stream(
    gateway: GatewayProcess, user: str, js_peer: Callable[..., JsPeer]
):
    plain = js_peer(gateway.url, "plain")
    async with peers(gateway.url, user, "publisher") as [publisher]:
        stream = await publisher.create_stream("Prices", history=10)
        push(stream, 1, 2)
        await asyncio.to_thread(plain.wait_method, "Prices")
        handle = await asyncio.to_thread(plain.subscribe, "Prices")
        await until(lambda: stream.subscriptions())
        push(stream, 3, 4)
        received = await asyncio.to_thread(plain.wait_received, handle, 2)
        assert received == [{"n": 3}, {"n": 4}]


async def test_a_plain_publisher_is_an_ordinary_one(
    gateway: GatewayProcess, user: str, js_peer: Callable[..., JsPeer]
):
    plain = js_peer(gateway.url, "plain")
    await asyncio.to_thread(plain.create_stream, "Prices")
    async with peers(gateway.url, user, "client") as [client]:
        subscription = await client.subscribe("Prices")
        await asyncio.to_thread(plain.wait_stream_events, "Prices", 1)
        await asyncio.to_thread(plain.push, "Prices", {"n": 1})
        assert await take(subscription, 1) == [1]
        assert subscription.recovered is None
