"""Channels of Python clients, in the form in which io.Connect has them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from dash_interop.client import ChannelSubscription
from dash_interop.errors import (
    ChannelNotFound,
    ContextConflict,
    ContextNotFound,
    InvalidContext,
    SubscriptionTimeout,
)
from tests.client.peers import Heard, blocking_peers, peers
from tests.support.gateways import GatewayProcess
from tests.support.js_peer import JsPeer

JsPeerFactory = Callable[..., JsPeer]

DEFAULT = ["Red", "Orange", "Yellow", "Green", "Cyan", "Blue", "Purple", "Pink"]


@pytest.fixture
def red() -> str:
    """A channel that no other test knows; so is the other."""
    return f"Red {secrets.token_hex(4)}"


@pytest.fixture
def green() -> str:
    return f"Green {secrets.token_hex(4)}"


async def nothing_more(subscription: ChannelSubscription) -> None:
    with pytest.raises(SubscriptionTimeout):
        await subscription.get(0)


# The channels that there are -----------------------------------------------------------------


async def test_default_channels_are_there(our_shared_gateway: GatewayProcess, user: str):
    async with peers(our_shared_gateway.url, user, "one") as [one]:
        assert one.channels.all() == DEFAULT
        channels = await one.channels.list()
        assert [channel["name"] for channel in channels] == DEFAULT
        assert all(channel["meta"]["color"] for channel in channels)
        assert {str(channel["data"]) for channel in channels} == {"{}"}
        assert one.contexts.all() == []


async def test_channels_are_made_and_removed(gateway: GatewayProcess, user: str, red: str):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        added, removed = Heard(), Heard()
        two.channels.on_channel_added(added.add)
        two.channels.on_channel_removed(removed.add)
        await one.channels.add(red, "#c0392b", label="Desk")
        await added.until(lambda names: red in names)
        channel = {"name": red, "meta": {"color": "#c0392b", "label": "Desk"}, "data": {}}
        assert await two.channels.get(red) == channel
        assert channel in await two.channels.list()
        with pytest.raises(ContextConflict, match=f"There is a channel {red} already"):
            await two.channels.add(red, "blue")
        assert await one.channels.get(red) == channel
        await two.channels.remove(red)
        assert await removed.count(1) == [red]
        for ask in (one.channels.remove(red), one.channels.get(red)):
            with pytest.raises(ChannelNotFound, match=f"There is no channel {red}"):
                await ask
        for client in (one, two):
            assert red not in client.channels.all()


async def test_channel_that_several_add_at_once_is_that_of_the_first(
    gateway: GatewayProcess, user: str, red: str
):
    async with peers(gateway.url, user, *"abc") as clients:
        adding = (client.channels.add(red, client.instance["application"]) for client in clients)
        outcomes = await asyncio.gather(*adding, return_exceptions=True)
        (first,) = (
            client.instance["application"]
            for client, outcome in zip(clients, outcomes, strict=True)
            if outcome is None
        )
        assert [str(each) for each in outcomes if each is not None] == [
            f"There is a channel {red} already"
        ] * 2
        for client in clients:
            assert (await client.channels.get(red))["meta"] == {"color": first}


# Publishing and hearing ----------------------------------------------------------------------


async def test_publishing_merges_by_top_level_key(gateway: GatewayProcess, user: str, red: str):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        await one.channels.add(red, "red")
        changes = two.channels.subscribe(name=red)
        first = await changes.get(5)
        assert (first.channel, first.data, first.delta) == (red, {}, {})
        assert first.meta == {"color": "red"}
        await one.channels.publish({"client": {"id": 1, "name": "Anna"}, "n": 1}, red)
        await one.channels.publish({"client": {"id": 2}, "n": None}, red)
        one_change, other = await changes.get(5), await changes.get(5)
        assert one_change.data == one_change.delta == {"client": {"id": 1, "name": "Anna"}, "n": 1}
        assert (other.data, other.delta) == (
            {"client": {"id": 2}},
            {"client": {"id": 2}, "n": None},
        )
        assert (other.updater_id, other.is_mine) == (one.instance["peerId"], False)
        assert (await two.channels.get(red))["data"] == {"client": {"id": 2}}


async def test_what_is_published_reaches_those_on_the_channel_and_no_others(
    gateway: GatewayProcess, user: str, red: str, green: str
):
    async with peers(gateway.url, user, "one", "two", "three") as [one, two, three]:
        for name in (red, green):
            await one.channels.add(name, "red")
        on_red, on_green = two.channels.subscribe(), three.channels.subscribe()
        for client, name in ((one, red), (two, red), (three, green)):
            await client.channels.join(name)
        assert [(await each.get(5)).channel for each in (on_red, on_green)] == [red, green]
        for n in range(50):
            await one.channels.publish({"n": n})
        assert [(await on_red.get(5)).data["n"] for _ in range(50)] == list(range(50))
        assert (await three.channels.get(green))["data"] == {}
        await nothing_more(on_green)


async def test_own_publishes_are_marked_and_may_be_left_out(
    gateway: GatewayProcess, user: str, red: str
):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        await one.channels.add(red, "red")
        await one.channels.join(red)
        every, others = one.channels.subscribe(), one.channels.subscribe(skip_own=True)
        for subscription in (every, others):
            assert (await subscription.get(5)).data == {}
        await one.channels.publish({"n": 1})
        await two.channels.publish({"n": 2}, red)
        assert [((await every.get(5)).is_mine) for _ in range(2)] == [True, False]
        assert (await others.get(5)).data == {"n": 2}
        await nothing_more(others)


async def test_subscription_follows_what_is_joined(
    gateway: GatewayProcess, user: str, red: str, green: str
):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        for name in (red, green):
            await one.channels.add(name, "red")
            await one.channels.publish({"from": name}, name)
        heard, my = Heard(), Heard()
        stop = two.channels.on_my_changed(my.add)
        subscription = two.channels.subscribe(heard.add)
        await two.channels.join(red)
        assert [(each.channel, each.data) for each in await heard.count(1)] == [
            (red, {"from": red})
        ]
        await two.channels.join(green)
        await heard.count(2)
        await one.channels.publish({"n": 1}, red)
        await one.channels.publish({"n": 2}, green)
        assert [each.channel for each in await heard.count(3)] == [red, green, green]
        await two.channels.leave()
        await one.channels.publish({"n": 3}, green)
        assert await my.count(3) == [[red], [green], []]
        stop()
        await two.channels.join(red)
        assert [each.data for each in (await heard.count(4))[3:]] == [{"from": red, "n": 1}]
        subscription.close()
        await one.channels.publish({"n": 4}, red)
        assert (await two.channels.get(red))["data"]["n"] == 4
        assert len(heard.items) == 4


# Membership ----------------------------------------------------------------------------------


async def test_single_and_several(gateway: GatewayProcess, user: str, red: str, green: str):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        for name in (red, green):
            await one.channels.add(name, "red")
        channels = two.channels
        assert (channels.mode, channels.my) == ("single", [])
        await channels.join(red)
        await channels.join(green)
        await channels.join(green)
        assert channels.my == [green]
        channels.mode = "multi"
        await channels.join(red)
        assert channels.my == [green, red]
        await channels.publish({"n": 1})
        for name in (red, green):
            assert (await one.channels.get(name))["data"] == {"n": 1}
        channels.mode = "single"
        assert channels.my == [red]
        channels.mode = "multi"
        await channels.join(green)
        await channels.leave(red)
        await channels.leave(red)
        assert channels.my == [green]
        await channels.leave()
        assert channels.my == []
        with pytest.raises(InvalidContext, match="'single' or 'multi'"):
            channels.mode = "both"  # pyright: ignore[reportAttributeAccessIssue]


async def test_joins_and_leaves_happen_in_the_order_in_which_they_were_asked_for(
    gateway: GatewayProcess, user: str, red: str, green: str
):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        for name in (red, green):
            await one.channels.add(name, "red")
        for _ in range(5):
            await asyncio.gather(
                two.channels.join(red),
                two.channels.leave(),
                two.channels.join(green),
                two.channels.publish({"n": 1}),
                two.channels.join(red),
            )
            assert two.channels.my == [red]
            assert (await one.channels.get(red))["data"] == {}
            assert (await one.channels.get(green))["data"] == {"n": 1}


async def test_removed_channel_stays_joined_and_is_heard_again(
    gateway: GatewayProcess, user: str, red: str
):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        await one.channels.add(red, "red")
        await two.channels.join(red)
        changes = two.channels.subscribe()
        assert (await changes.get(5)).data == {}
        await one.channels.remove(red)
        assert (await changes.get(5)).is_removed
        with pytest.raises(ChannelNotFound):
            await two.channels.publish({"n": 1})
        await one.channels.add(red, "red")
        assert (await changes.get(5)).data == {}
        await two.channels.publish({"n": 2})
        assert (await changes.get(5)).data == {"n": 2}


BAD = {
    "publish without a channel": (lambda it: it.publish({}), ChannelNotFound, "join one, or name"),
    "publish on an unknown one": (lambda it: it.publish({}, "Rot"), ChannelNotFound, "channel Rot"),
    "join an unknown one": (lambda it: it.join("Rot"), ChannelNotFound, "There is no channel Rot"),
    "leave an unknown one": (lambda it: it.leave("Rot"), ChannelNotFound, "no channel Rot"),
    "get an unknown one": (lambda it: it.get("Rot"), ContextNotFound, "There is no channel Rot"),
    "publish a list": (lambda it: it.publish([1], "Red"), InvalidContext, "dict, not list"),
    "publish a dotted key": (lambda it: it.publish({"a.b": 1}, "Red"), InvalidContext, "the dot"),
    "publish what cannot travel": (
        lambda it: it.publish({"a": 1j}, "Red"),
        InvalidContext,
        r"data\.a is of type complex",
    ),
    "join nothing": (lambda it: it.join(""), InvalidContext, "name of a channel"),
    "join no name": (lambda it: it.join(None), InvalidContext, "name of a channel"),
    "add without a color": (lambda it: it.add("Mine", ""), InvalidContext, "color"),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_input_is_an_error_and_changes_nothing(
    our_shared_gateway: GatewayProcess, user: str, case: str
):
    ask, kind, words = BAD[case]
    async with peers(our_shared_gateway.url, user, "one") as [one]:
        with pytest.raises(kind, match=words):
            await ask(one.channels)
        assert one.channels.my == []
        assert one.channels.all() == DEFAULT
        assert (await one.channels.get("Red"))["data"] == {}


# The blocking client -------------------------------------------------------------------------


def test_blocking_client_does_the_same(gateway: GatewayProcess, user: str, red: str):
    with blocking_peers(gateway.url, user, "one", "two") as [one, two]:
        one.channels.add(red, "red")
        two.channels.mode = "multi"
        two.channels.join(red)
        changes = two.channels.subscribe()
        assert changes.get(5).data == {}
        one.channels.publish({"n": 1}, red)
        change = changes.get(5)
        assert (change.channel, change.data) == (red, {"n": 1})
        assert (two.channels.my, two.channels.mode) == ([red], "multi")
        assert one.channels.get(red)["data"] == {"n": 1}
        assert red in [channel["name"] for channel in one.channels.list()]
        assert red in two.channels.all()
        one.channels.remove(red)
        assert changes.get(5).is_removed
        two.channels.leave()
        changes.close()
        assert list(changes) == []
        with pytest.raises(ChannelNotFound):
            two.channels.join(red)


# With JavaScript peers, which have contexts only ---------------------------------------------


async def test_channel_is_the_context_that_others_know_it_as(
    gateway: GatewayProcess, user: str, js_peer: JsPeerFactory, red: str
):
    page = await asyncio.to_thread(js_peer, gateway.url)
    context = f"___channel___{red}"
    async with peers(gateway.url, user, "one") as [one]:
        handle = await asyncio.to_thread(page.subscribe_context, context)
        await one.channels.add(red, "red", label="Desk")
        value: dict[str, Any] = {
            "name": red,
            "meta": {"color": "red", "label": "Desk"},
            "data": {},
        }
        await asyncio.to_thread(page.wait_context, handle, value)
        await one.channels.publish({"client": {"id": 1}, "n": 2}, red)
        value["data"] = {"client": {"id": 1}, "n": 2}
        await asyncio.to_thread(page.wait_context, handle, value)
        (*_, last) = await asyncio.to_thread(page.context_changes, handle)
        assert last["delta"] == {"data": {"client": {"id": 1}, "n": 2}}

        changes = one.channels.subscribe(name=red)
        assert (await changes.get(5)).data == value["data"]
        await asyncio.to_thread(page.write_context, context, "setPath", 3, "data.n")
        change = await changes.get(5)
        assert (change.data, change.delta) == ({"client": {"id": 1}, "n": 3}, {"n": 3})


@pytest.mark.parametrize("data", ["a text", [1, 2], 7])
async def test_a_page_that_puts_no_dict_on_a_channel_harms_nobody(
    gateway: GatewayProcess, user: str, js_peer: JsPeerFactory, red: str, data: Any
):
    page = await asyncio.to_thread(js_peer, gateway.url)
    async with peers(gateway.url, user, "one") as [one]:
        await one.channels.add(red, "red")
        changes = one.channels.subscribe(name=red)
        await changes.get(5)
        await asyncio.to_thread(page.write_context, f"___channel___{red}", "update", {"data": data})
        change = await changes.get(5)
        assert (change.data, change.delta) == ({}, {})


async def test_fdc3_data_is_read_as_io_connect_reads_it(
    gateway: GatewayProcess, user: str, js_peer: JsPeerFactory, red: str
):
    page = await asyncio.to_thread(js_peer, gateway.url)
    context = f"___channel___{red}"
    async with peers(gateway.url, user, "one") as [one]:
        await one.channels.add(red, "red")
        changes = one.channels.subscribe(name=red)
        assert (await changes.get(5)).data == {}
        value = {
            "name": red,
            "meta": {"color": "red"},
            "data": {"n": 1, "fdc3_fdc3&instrument": {"id": {"ticker": "VOD"}}},
            "latest_fdc3_type": "fdc3&instrument",
        }
        await asyncio.to_thread(page.write_context, context, "set", value)
        expected = {"n": 1, "fdc3": {"type": "fdc3.instrument", "id": {"ticker": "VOD"}}}
        assert (await changes.get(5)).data == expected
        assert (await one.channels.get(red))["data"] == expected
        await one.channels.publish({"fdc3_fdc3&contact": {"name": "Anna"}}, red)
        assert (await changes.get(5)).data["fdc3"] == {"type": "fdc3.contact", "name": "Anna"}
