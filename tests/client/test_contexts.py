"""Contexts of Python clients, at both gateways and together with JavaScript peers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from dash_interop.client import ContextSubscription, InteropClient
from dash_interop.errors import (
    ContextConflict,
    ContextError,
    ContextNotFound,
    InteropError,
    InvalidContext,
    SubscriptionClosed,
    SubscriptionTimeout,
)
from tests.client.peers import Heard, blocking_peers, in_time, peers
from tests.support.gateways import GatewayProcess
from tests.support.js_peer import JsPeer

JsPeerFactory = Callable[..., JsPeer]


@pytest.fixture
def order() -> str:
    """
    The name of a context that no other test knows: the published gateway tells newcomers of those
    of all users.
    """
    return f"Order-{secrets.token_hex(5)}"


async def has(subscription: ContextSubscription, data: dict[str, Any]) -> None:
    """Take changes until one brings this value."""
    while (await subscription.get(5)).data != data:
        pass


async def knows(client: InteropClient, name: str) -> None:
    """Return when a client knows of a context."""
    heard = Heard()
    stop = client.contexts.on_context_added(heard.add)
    await heard.until(lambda names: name in names)
    stop()


# Writing and reading -------------------------------------------------------------------------


async def test_all_kinds_of_writes_are_read_by_others(
    gateway: GatewayProcess, user: str, order: str
):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        contexts = one.contexts
        assert await contexts.get(order) == {}
        await contexts.update(order, {"price": 1, "side": "buy", "lines": [{"n": 1}]})
        assert await two.contexts.get(order) == {"price": 1, "side": "buy", "lines": [{"n": 1}]}
        await two.contexts.update(order, {"price": 2, "side": None})
        assert await contexts.get(order) == {"price": 2, "lines": [{"n": 1}]}
        await contexts.set_path(order, "client.name", "Anna")
        await contexts.set_paths(order, {"client.city": "Rome", "client.name": None})
        await contexts.set_paths(order, [("client.zip", 1), ("client.zip", 2)])
        assert (await two.contexts.get(order))["client"] == {"city": "Rome", "zip": 2}
        await two.contexts.set(order, {"n": None})
        assert await contexts.get(order) == {"n": None}
        await contexts.destroy(order)
        assert await two.contexts.get(order) == {}
        with pytest.raises(ContextNotFound, match=f"There is no context {order}"):
            await two.contexts.destroy(order)


async def test_lists_are_written_by_index(
    our_shared_gateway: GatewayProcess, user: str, order: str
):
    async with peers(our_shared_gateway.url, user, "one", "two") as [one, two]:
        await one.contexts.set(order, {"lines": [{"n": 1}, {"n": 2}]})
        await one.contexts.set_path(order, "lines.1.n", 3)
        await one.contexts.set_path(order, "lines.2", {"n": 4})
        assert await two.contexts.get(order) == {"lines": [{"n": 1}, {"n": 3}, {"n": 4}]}
        with pytest.raises(ContextError, match="'lines.last' cannot be used"):
            await one.contexts.set_paths(order, {"n": 1, "lines.last": 5})
        assert "n" not in await two.contexts.get(order)


async def test_dates_and_other_values_travel(gateway: GatewayProcess, user: str, order: str):
    when = datetime(2024, 2, 29, 12, 30, 15, 250_000, timezone.utc)
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        subscription = two.contexts.subscribe(order)
        await one.contexts.update(order, {"when": when, "times": [{"at": when}], "set": {1}})
        value = {"when": when, "times": [{"at": when}], "set": [1]}
        assert await two.contexts.get(order) == value
        assert (await subscription.get(5)).data == value
        await one.contexts.set_path(order, "later", when)
        assert (await subscription.get(5)).delta == {"later": when}


BAD_WRITES = {
    "no name": (lambda it: it.update("", {"n": 1}), "name of a context"),
    "a name that is no text": (lambda it: it.set(None, {}), "name of a context"),
    "a reserved name": (lambda it: it.update("___channel___Red", {}), "channels and windows"),
    "data that is a list": (lambda it: it.set("C", [1, 2]), "has to be a dict, not list"),
    "data that is a text": (lambda it: it.update("C", "text"), "has to be a dict, not str"),
    "data that cannot travel": (lambda it: it.set("C", {"n": 1j}), r"data\.n is of type complex"),
    "a key with a dot": (lambda it: it.update("C", {"EUR.USD": 1}), "take the dot for a way"),
    "an empty key": (lambda it: it.update("C", {"": 1}), "part of it is empty"),
    "a key of JavaScript": (lambda it: it.update("C", {"__proto__": 1}), "JavaScript keeps"),
    "an empty path": (lambda it: it.set_path("C", "", 1), "part of it is empty"),
    "a path with an empty segment": (lambda it: it.set_path("C", "a..b", 1), "part of it is empty"),
    "a path of JavaScript": (lambda it: it.set_path("C", "a.constructor.b", 1), "JavaScript keeps"),
    "a path that is no text": (lambda it: it.set_paths("C", {1: 1}), "has to be a text"),
    "no paths": (lambda it: it.set_paths("C", {}), "or such pairs"),
    "paths that are no pairs": (lambda it: it.set_paths("C", ["a"]), "or such pairs"),
    "a version that is none": (lambda it: it.set("C", {}, if_version="1"), "whole number"),
    "a version below 0": (lambda it: it.set("C", {}, if_version=-1), "whole number"),
    "a destroy of nothing": (lambda it: it.destroy("C", if_version=0), "number from 1 on"),
    "a time that is none": (lambda it: it.set("C", {}, timeout=0), "timeout"),
    "a time to read": (lambda it: it.get("C", timeout=-1), "timeout"),
    "a name to read": (lambda it: it.get(""), "name of a context"),
    "half an emoji as a name": (lambda it: it.set("\ud83d", {}), "half of a surrogate pair"),
    "half an emoji in a path": (lambda it: it.set_path("C", "a.\ud83d", 1), "half of a surrogate"),
}


@pytest.mark.parametrize("case", BAD_WRITES)
async def test_bad_input_is_refused_with_words_and_nothing_is_sent(
    our_shared_gateway: GatewayProcess, user: str, case: str
):
    ask, words = BAD_WRITES[case]
    async with peers(our_shared_gateway.url, user, "one") as [one]:
        with pytest.raises(InvalidContext, match=words) as caught:
            await ask(one.contexts)
        assert isinstance(caught.value, ValueError)
        assert one.contexts.all() == []
        with pytest.raises(InvalidContext, match="name of a context"):
            one.contexts.subscribe("")


async def test_compare_and_set(our_shared_gateway: GatewayProcess, user: str):
    async with peers(our_shared_gateway.url, user, *"abcd") as clients:
        await clients[0].contexts.set("Count", {"n": 0}, if_version=0)

        async def count(client: InteropClient) -> None:
            for _ in range(20):
                while True:
                    data, version = await client.contexts.get_versioned("Count")
                    try:
                        await client.contexts.set("Count", {"n": data["n"] + 1}, if_version=version)
                    except ContextConflict:
                        continue
                    break

        await in_time(asyncio.gather(*map(count, clients)), 20)
        assert await clients[0].contexts.get("Count") == {"n": 80}
        with pytest.raises(ContextConflict):
            await clients[0].contexts.set("Count", {}, if_version=0)


async def test_gateway_without_versions_says_so(started_gateways: Any, user: str, order: str):
    async with peers(started_gateways["published"].url, user, "one") as [one]:
        await one.contexts.set(order, {"n": 1})
        assert await one.contexts.get_versioned(order) == ({"n": 1}, None)
        with pytest.raises(ContextError, match="has no versions"):
            await one.contexts.set(order, {"n": 2}, if_version=3)
        with pytest.raises(ContextConflict):
            await one.contexts.set(order, {"n": 2}, if_version=0)
        assert await one.contexts.get(order) == {"n": 1}


async def test_cancelled_write_and_read_leave_nothing(
    gateway: GatewayProcess, user: str, order: str
):
    async with peers(gateway.url, user, "one") as [one]:
        for ask in (one.contexts.set(order, {"n": 1}), one.contexts.get(order)):
            task = asyncio.ensure_future(ask)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await one.contexts.update(order, {"m": 1})
        assert (await one.contexts.get(order))["m"] == 1


# Names ---------------------------------------------------------------------------------------


async def test_names_are_known_and_told(gateway: GatewayProcess, user: str, order: str):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        first, second = f"{order} 1", f"{order} 2"
        await one.contexts.set(first, {"n": 1})
        await knows(two, first)
        added, removed = Heard(), Heard()
        two.contexts.on_context_added(added.add)
        two.contexts.on_context_removed(removed.add)
        await one.contexts.set(second, {"n": 1})
        assert (await added.until(lambda names: second in names))[-2:] == [first, second]
        for client in (one, two):
            assert [name for name in client.contexts.all() if order in name] == [first, second]
        await one.contexts.destroy(first)
        assert await removed.count(1) == [first]
        assert first not in two.contexts.all()


# Subscriptions -------------------------------------------------------------------------------


async def test_changes_are_iterated_and_told_to_listeners(
    gateway: GatewayProcess, user: str, order: str
):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        heard = Heard()
        listened = two.contexts.subscribe(order, heard.add)
        iterated = two.contexts.subscribe(order)
        await one.contexts.set(order, {"n": 0})
        first = await iterated.get(5)
        assert (first.data, first.delta, first.updater_id) == ({"n": 0}, {}, None)
        for n in range(1, 200):
            await one.contexts.set_path(order, "n", n)
        seen = [first]
        async for change in iterated:
            seen.append(change)
            if change.data["n"] == 199:
                break
        assert [change.data["n"] for change in seen] == list(range(200))
        assert [change.delta for change in seen[1:3]] == [{"n": 1}, {"n": 2}]
        assert {change.updater_id for change in seen[1:]} == {one.instance["peerId"]}
        assert [change.data for change in await heard.count(200)] == [
            change.data for change in seen
        ]
        iterated.close()
        listened.close()
        with pytest.raises(SubscriptionClosed):
            await iterated.get()
        assert iterated.state == "closed"
        await one.contexts.set_path(order, "n", 1000)
        assert await two.contexts.get(order) == {"n": 1000}
        assert len(heard.items) == 200


async def test_waits_for_changes_may_end_in_any_way(gateway: GatewayProcess, user: str, order: str):
    async with peers(gateway.url, user, "one") as [one]:
        subscription = one.contexts.subscribe(order)
        assert subscription.state == "open"
        with pytest.raises(SubscriptionTimeout, match=f"Nothing of {order} came in time"):
            await subscription.get(0)
        stop = subscription.on_change(Heard().add)
        with pytest.raises(InteropError, match="listener of on_change: stop that one first"):
            await subscription.get(0)
        stop()


async def test_own_changes_are_marked(gateway: GatewayProcess, user: str, order: str):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        await one.contexts.set(order, {"n": 0})
        subscription = one.contexts.subscribe(order)
        await subscription.get(5)
        await one.contexts.update(order, {"n": 1})
        change = await subscription.get(5)
        assert (change.data, change.is_mine) == ({"n": 1}, True)
        await two.contexts.update(order, {"m": 2})
        change = await subscription.get(5)
        assert (change.data, change.is_mine) == ({"n": 1, "m": 2}, False)


async def test_destroy_is_heard_and_a_new_context_of_the_name_too(
    gateway: GatewayProcess, user: str, order: str
):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        subscription = two.contexts.subscribe(order)
        for n in range(3):
            await one.contexts.set(order, {"n": n})
            assert (await subscription.get(5)).data == {"n": n}
            await one.contexts.destroy(order)
            change = await subscription.get(5)
            assert (change.is_destroyed, change.data, change.removed) == (True, {}, ["n"])


async def test_users_have_contexts_of_their_own(
    our_shared_gateway: GatewayProcess, user: str, order: str
):
    async with peers(our_shared_gateway.url, user, "one") as [one]:
        await one.contexts.set(order, {"n": 1})
        async with peers(our_shared_gateway.url, f"{user}-other", "two") as [two]:
            assert two.contexts.all() == []
            assert await two.contexts.get(order) == {}
            await two.contexts.set(order, {"n": 2})
        assert await one.contexts.get(order) == {"n": 1}


# The blocking client -------------------------------------------------------------------------


def test_blocking_client_does_the_same(gateway: GatewayProcess, user: str, order: str):
    with blocking_peers(gateway.url, user, "one", "two") as [one, two]:
        subscription = two.contexts.subscribe(order)
        assert one.contexts.get(order, timeout=5) == {}
        one.contexts.update(order, {"n": 1})
        assert subscription.get(5).data == {"n": 1}
        one.contexts.set_path(order, "a.b", 2)
        one.contexts.set_paths(order, {"c": 3})
        one.contexts.set(order, {"n": 4})
        assert [subscription.get(5).delta for _ in range(3)] == [
            {"a": {"b": 2}},
            {"c": 3},
            {"n": 4},
        ]
        assert two.contexts.get_versioned(order)[0] == {"n": 4}
        assert order in one.contexts.all()
        one.contexts.destroy(order)
        assert subscription.get(5).is_destroyed
        subscription.close()
        assert list(subscription) == []
        with pytest.raises(InvalidContext):
            one.contexts.set(order, [])  # pyright: ignore[reportArgumentType]


# With JavaScript peers -----------------------------------------------------------------------


async def test_both_languages_write_and_hear(
    gateway: GatewayProcess, user: str, order: str, js_peer: JsPeerFactory
):
    page = await asyncio.to_thread(js_peer, gateway.url)
    async with peers(gateway.url, user, "one") as [one]:
        handle = await asyncio.to_thread(page.subscribe_context, order)
        subscription = one.contexts.subscribe(order)
        await one.contexts.update(order, {"n": 1, "a": {"b": 1}})
        await asyncio.to_thread(page.wait_context, handle, {"n": 1, "a": {"b": 1}})
        await asyncio.to_thread(page.write_context, order, "update", {"n": 2, "gone": None})
        await has(subscription, {"n": 2, "a": {"b": 1}})
        await asyncio.to_thread(page.write_context, order, "setPath", 3, "a.b")
        await has(subscription, {"n": 2, "a": {"b": 3}})
        await one.contexts.set_path(order, "a.c", 4)
        await one.contexts.update(order, {"n": None})
        await asyncio.to_thread(page.wait_context, handle, {"a": {"b": 3, "c": 4}})
        await asyncio.to_thread(page.write_context, order, "set", {"m": 5})
        await has(subscription, {"m": 5})
        assert await asyncio.to_thread(page.context, order) == {"m": 5}
        assert order in await asyncio.to_thread(page.contexts)
        await asyncio.to_thread(page.write_context, order, "destroy")
        assert (await subscription.get(5)).is_destroyed


async def test_lists_and_dates_are_the_same_in_both_languages(
    our_shared_gateway: GatewayProcess, user: str, order: str, js_peer: JsPeerFactory
):
    when = datetime(2024, 2, 29, 12, 30, 15, 250_000, timezone.utc)
    page = await asyncio.to_thread(js_peer, our_shared_gateway.url)
    async with peers(our_shared_gateway.url, user, "one", "two") as [one, two]:
        await one.contexts.set(order, {"lines": [1, 2], "when": when})
        handle = await asyncio.to_thread(page.subscribe_context, order)
        subscription = two.contexts.subscribe(order)
        await asyncio.to_thread(page.write_context, order, "setPath", 5, "lines.3")
        value = {"lines": [1, 2, None, 5], "when": when}
        await has(subscription, value)
        assert await one.contexts.get(order) == value
        await one.contexts.set_path(order, "lines.0", None)
        await asyncio.to_thread(page.context_changes, handle, 3)
        assert (await asyncio.to_thread(page.context, order))["lines"] == [None, 2, None, 5]
        assert (await one.contexts.get(order))["lines"] == [None, 2, None, 5]


async def test_two_who_make_a_context_lose_nothing(
    gateway: GatewayProcess, user: str, order: str, js_peer: JsPeerFactory
):
    page = await asyncio.to_thread(js_peer, gateway.url)
    async with peers(gateway.url, user, "one") as [one]:
        for round in range(10):
            name = f"{order} {round}"
            await asyncio.gather(
                one.contexts.update(name, {"python": 1}),
                asyncio.to_thread(page.write_context, name, "update", {"js": 1}),
            )
            assert (await one.contexts.get(name))["python"] == 1


async def test_subscribers_that_write_at_the_same_time_end_up_equal(
    our_shared_gateway: GatewayProcess, user: str, order: str, js_peer: JsPeerFactory
):
    page = await asyncio.to_thread(js_peer, our_shared_gateway.url)
    async with peers(our_shared_gateway.url, user, *"abc") as [one, two, three]:
        await one.contexts.set(order, {"n": -1})
        handle = await asyncio.to_thread(page.subscribe_context, order)
        subscriptions = [client.contexts.subscribe(order) for client in (one, two)]
        writes = [{"kind": "setPath", "path": "n", "data": f"js {n}"} for n in range(50)]

        async def write(client: InteropClient, who: str) -> None:
            for n in range(50):
                await client.contexts.set_path(order, "n", f"{who} {n}")

        await in_time(
            asyncio.gather(
                write(one, "one"),
                write(two, "two"),
                asyncio.to_thread(page.write_context_many, order, writes),
            )
        )
        value = await three.contexts.get(order)
        for subscription in subscriptions:
            await has(subscription, value)
        await asyncio.to_thread(page.wait_context, handle, value)
