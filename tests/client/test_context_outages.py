"""Connections that break and gateways that restart: no write runs twice, no value is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dash_interop.client import ContextSubscription, InteropClient, sync
from dash_interop.errors import ConnectionLost, NotConnected
from tests.client.peers import Heard, blocking_peers, in_time, peers
from tests.support.gateways import GatewayProcess
from tests.support.js_peer import JsPeer
from tests.support.relay import Relay

JsPeerFactory = Callable[..., JsPeer]

RETURN_SECONDS = 15.0
"""Longest wait for what no time is promised for."""


async def has(subscription: ContextSubscription, data: dict[str, Any]) -> None:
    """Take changes until one brings this value."""
    while (await subscription.get(RETURN_SECONDS)).data != data:
        pass


async def returns(*clients: InteropClient) -> None:
    """Return when all of them have lost the connection and have it again."""
    heard = [Heard() for _ in clients]
    for client, each in zip(clients, heard, strict=True):
        client.on_state_changed(each.add)
    for each in heard:
        await each.until(lambda states: "connected" in states)


async def while_back(clients: list[InteropClient], cut: Awaitable[Any]) -> None:
    """Do something that cuts the clients off, and wait until they are back."""
    back = asyncio.ensure_future(in_time(returns(*clients), RETURN_SECONDS))
    await asyncio.sleep(0)
    await cut
    await back


# A connection that breaks --------------------------------------------------------------------


async def test_client_that_comes_back_never_overwrites_newer_values(
    our_shared_gateway: GatewayProcess, user: str, js_peer: JsPeerFactory
):
    with Relay(our_shared_gateway.port) as relay:
        url = f"ws://127.0.0.1:{relay.port}"
        async with peers(url, user, "away") as [away]:
            async with peers(our_shared_gateway.url, user, "there") as [there]:
                page = await asyncio.to_thread(js_peer, our_shared_gateway.url)
                handle = await asyncio.to_thread(page.subscribe_context, "Order")
                await away.contexts.set("Order", {"n": 1, "old": 1})
                subscription = away.contexts.subscribe("Order")
                assert (await subscription.get(5)).data == {"n": 1, "old": 1}

                async def cut_and_write() -> None:
                    await asyncio.to_thread(relay.lose_clients)
                    await there.contexts.set("Order", {"n": 2})

                await while_back([away], cut_and_write())
                await has(subscription, {"n": 2})
                assert await there.contexts.get("Order") == {"n": 2}
                await asyncio.to_thread(page.wait_context, handle, {"n": 2})
                await there.contexts.update("Order", {"m": 3})
                await has(subscription, {"n": 2, "m": 3})


async def test_write_waits_for_the_connection_and_no_longer_than_it_wants(
    our_gateway: GatewayProcess, user: str
):
    async with peers(our_gateway.url, user, "one") as [one]:
        await one.contexts.set("Order", {"n": 1})
        await asyncio.to_thread(our_gateway.kill)
        lost = Heard()
        one.on_state_changed(lost.add)
        if one.state != "disconnected":
            await lost.until(lambda states: "disconnected" in states)
        with pytest.raises(NotConnected, match="there is no connection to the gateway"):
            await one.contexts.set("Order", {"n": 2}, timeout=0.2)
        with pytest.raises(NotConnected, match="there is no connection to the gateway"):
            await one.contexts.get("Order", timeout=0.2)
        waiting = asyncio.ensure_future(one.contexts.update("Order", {"n": 3}, timeout=60))
        reading = asyncio.ensure_future(one.channels.list(timeout=60))
        await asyncio.to_thread(our_gateway.restart)
        await in_time(waiting, RETURN_SECONDS)
        assert await one.contexts.get("Order") == {"n": 3}
        assert [channel["name"] for channel in await reading][:2] == ["Red", "Orange"]


async def test_write_under_way_ends_with_a_lost_connection_and_is_not_repeated(
    our_shared_gateway: GatewayProcess, user: str
):
    with Relay(our_shared_gateway.port) as relay:
        async with peers(f"ws://127.0.0.1:{relay.port}", user, "away") as [away]:
            async with peers(our_shared_gateway.url, user, "there") as [there]:
                await away.contexts.set("Order", {"n": 1})
                watching = there.contexts.subscribe("Order")
                assert (await watching.get(5)).data == {"n": 1}
                relay.fall_silent()
                write = asyncio.ensure_future(away.contexts.set("Order", {"n": 2}))
                await asyncio.sleep(0)
                await asyncio.to_thread(relay.lose_clients)
                with pytest.raises(ConnectionLost, match="may have been written or not"):
                    await in_time(write, RETURN_SECONDS)
                await away.contexts.update("Order", {"m": 3})
                assert (await watching.get(5)).data == {"n": 1, "m": 3}


# A gateway that restarts ---------------------------------------------------------------------


async def test_values_come_back_with_those_who_were_subscribed_or_have_written(
    our_gateway: GatewayProcess, user: str
):
    async with peers(our_gateway.url, user, "one", "two", "three") as [one, two, three]:
        await one.contexts.set("Order", {"n": 1, "a": {"b": [1, 2]}})
        subscriptions = [client.contexts.subscribe("Order") for client in (one, two)]
        await one.contexts.set_path("Order", "a.b.1", 3)
        value = {"n": 1, "a": {"b": [1, 3]}}
        for subscription in subscriptions:
            await has(subscription, value)
        await three.contexts.set("Written", {"n": 1})
        version = (await one.contexts.get_versioned("Order"))[1]

        await while_back([one, two, three], asyncio.to_thread(our_gateway.restart))
        data, restored = await two.contexts.get_versioned("Order")
        assert (data, restored) == (value, version)
        assert await three.contexts.get("Order") == value
        assert await three.contexts.get("Written") == {"n": 1}
        await three.contexts.update("Order", {"n": 2})
        for subscription in subscriptions:
            assert (await subscription.get(5)).data == {**value, "n": 2}


async def test_joined_channels_come_back_with_their_data(our_gateway: GatewayProcess, user: str):
    async with peers(our_gateway.url, user, "one", "two") as [one, two]:
        await one.channels.add("Desk 7", "#123456", room=3)
        changes = two.channels.subscribe()
        await two.channels.join("Desk 7")
        assert (await changes.get(5)).data == {}
        await one.channels.publish({"symbol": "VOD"}, "Desk 7")
        assert (await changes.get(5)).data == {"symbol": "VOD"}
        await while_back([one, two], asyncio.to_thread(our_gateway.restart))
        assert two.channels.my == ["Desk 7"]
        channel = await one.channels.get("Desk 7")
        assert channel == {
            "name": "Desk 7",
            "meta": {"color": "#123456", "room": 3},
            "data": {"symbol": "VOD"},
        }
        await one.channels.publish({"symbol": "BARC"}, "Desk 7")
        assert (await changes.get(5)).data == {"symbol": "BARC"}


def test_blocking_client_waits_and_comes_back(our_gateway: GatewayProcess, user: str):
    with blocking_peers(our_gateway.url, user, "one") as [one]:
        one.contexts.set("Order", {"n": 1})
        subscription = one.contexts.subscribe("Order")
        assert subscription.get(5).data == {"n": 1}
        our_gateway.restart()
        one.contexts.update("Order", {"m": 2}, timeout=60)
        assert one.contexts.get("Order") == {"n": 1, "m": 2}
        assert subscription.get(5).data == {"n": 1, "m": 2}


def test_client_in_the_background_takes_writes_before_its_first_connection(
    our_gateway: GatewayProcess, user: str
):
    our_gateway.kill()
    with sync.connect(our_gateway.url, application="one", login=user, in_background=True) as one:
        subscription = one.contexts.subscribe("Order")
        assert subscription.state == "waiting"
        assert (one.contexts.all(), one.channels.all()) == ([], [])
        with pytest.raises(NotConnected):
            one.channels.join("Red", timeout=0.2)
        our_gateway.restart()
        one.channels.join("Red", timeout=60)
        one.contexts.set("Order", {"n": 1}, timeout=60)
        assert subscription.get(5).data == {"n": 1}
