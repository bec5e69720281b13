"""Data of a subscription taken one by one: none is lost, whoever takes it, however a wait ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from dash_interop.client import InteropClient, Stream, Subscription, sync
from dash_interop.errors import (
    InteropError,
    SubscriptionClosed,
    SubscriptionError,
    SubscriptionTimeout,
)
from tests.client.peers import DEADLINE, Heard, blocking_peers, in_thread, in_time, peers
from tests.support.client import until
from tests.support.gateways import GatewayProcess


async def opened(publisher: InteropClient, client: InteropClient) -> tuple[Stream, Subscription]:
    """A stream of numbers and a subscription that both sides know of."""
    stream = await publisher.create_stream("Numbers")
    subscription = await client.subscribe("Numbers")
    await until(stream.subscriptions)
    return stream, subscription


async def push(stream: Stream, subscription: Subscription, *numbers: int) -> None:
    """Push numbers, and return when the subscription has them."""
    there = len(subscription._kept) + len(numbers)
    for number in numbers:
        stream.push({"n": number})
    await until(lambda: len(subscription._kept) >= there)


# With asyncio --------------------------------------------------------------------------------


async def by_break(subscription: Subscription, count: int) -> list[int]:
    taken: list[int] = []
    async for data in subscription:
        taken.append(data.data["n"])
        if len(taken) == count:
            break
    return taken


async def by_next(subscription: Subscription, count: int) -> list[int]:
    return [(await anext(aiter(subscription))).data["n"] for _ in range(count)]


async def by_get(subscription: Subscription, count: int) -> list[int]:
    return [(await subscription.get()).data["n"] for _ in range(count)]


async def by_get_in_time(subscription: Subscription, count: int) -> list[int]:
    return [(await subscription.get(DEADLINE)).data["n"] for _ in range(count)]


async def by_failing_loop(subscription: Subscription, count: int) -> list[int]:
    taken: list[int] = []
    with pytest.raises(ZeroDivisionError):
        async for data in subscription:
            taken.append(data.data["n"])
            if len(taken) == count:
                raise ZeroDivisionError
    return taken


WAYS = [by_break, by_next, by_get, by_get_in_time, by_failing_loop]


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
async def test_what_one_iteration_leaves_is_for_the_next(
    gateway: GatewayProcess, user: str, first: Any, second: Any
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream, subscription = await opened(publisher, client)
        await push(stream, subscription, *range(6))
        taken = await in_time(first(subscription, 2))
        await push(stream, subscription, 6, 7)
        taken += await in_time(second(subscription, 3))
        await stream.close()
        taken += [data.data["n"] async for data in subscription]
        assert taken == list(range(8))


async def test_an_iterator_goes_on_after_a_wait_that_was_too_long(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream, subscription = await opened(publisher, client)
        iterator = aiter(subscription)
        for n in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(iterator), 0.01)
            assert subscription.state == "open"
            stream.push({"n": n})
            assert (await in_time(anext(iterator))).data == {"n": n}


async def test_a_wait_that_ends_as_data_come_loses_none(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream, subscription = await opened(publisher, client)
        taken: list[int] = []
        for n in range(200):
            stream.push({"n": n})
            # Some turns of the loop before, at, and after the arrival.
            taking = asyncio.ensure_future(subscription.get())
            for _ in range(n % 7):
                await asyncio.sleep(0)
            taking.cancel()
            try:
                taken.append((await taking).data["n"])
            except asyncio.CancelledError:
                pass
        await stream.close()
        taken += [data.data["n"] async for data in subscription]
        assert taken == list(range(200))


async def test_several_that_take_get_each_datum_once_and_in_order(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream, subscription = await opened(publisher, client)
        taken: list[list[int]] = [[], [], []]

        async def take(into: list[int]) -> None:
            async for data in subscription:
                into.append(data.data["n"])
                await asyncio.sleep(0)

        taking = [asyncio.ensure_future(take(into)) for into in taken]
        for n in range(100):
            stream.push({"n": n})
            await asyncio.sleep(0)
        await stream.close()
        await in_time(asyncio.gather(*taking))
        assert sorted(sum(taken, [])) == list(range(100))
        assert all(into == sorted(into) for into in taken)


async def test_nothing_in_time_is_an_error_and_the_subscription_goes_on(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream, subscription = await opened(publisher, client)
        for timeout in (0, 0.01):
            with pytest.raises(SubscriptionTimeout, match="Nothing of Numbers came in time"):
                await subscription.get(timeout)
        # The builtin one, which is what others catch.
        with pytest.raises(TimeoutError):
            await subscription.get(0)
        await push(stream, subscription, 1)
        assert (await subscription.get(0)).data == {"n": 1}


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf"), "1"])
async def test_a_time_limit_that_is_none_is_refused(
    gateway: GatewayProcess, user: str, timeout: Any
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        _, subscription = await opened(publisher, client)
        with pytest.raises(ValueError, match="timeout has to be a number of seconds"):
            await subscription.get(timeout)


@pytest.mark.parametrize("closer", ["publisher", "subscriber", "client"])
async def test_an_ended_subscription_gives_what_is_left_and_then_says_so(
    gateway: GatewayProcess, user: str, closer: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream, subscription = await opened(publisher, client)
        await push(stream, subscription, 1, 2)
        if closer == "publisher":
            await stream.close()
            await until(lambda: subscription.state == "closed")
        elif closer == "subscriber":
            subscription.close()
        else:
            await client.close()
        assert [(await subscription.get()).data["n"] for _ in range(2)] == [1, 2]
        for timeout in (None, 0, 5):
            with pytest.raises(SubscriptionClosed, match="The subscription to Numbers is closed"):
                await subscription.get(timeout)
        assert [data async for data in subscription] == []


async def test_somebody_who_waits_hears_of_the_end(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream, subscription = await opened(publisher, client)
        waiting = [asyncio.ensure_future(subscription.get(limit)) for limit in (None, 20)]
        await asyncio.sleep(0)
        await stream.close()
        for each in waiting:
            with pytest.raises(SubscriptionClosed):
                await in_time(each)


async def test_a_listener_has_the_data_to_itself_until_it_is_stopped(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream, subscription = await opened(publisher, client)
        await push(stream, subscription, 0)
        waiting_in_vain = asyncio.ensure_future(by_get(subscription, 2))
        await until(lambda: not subscription._kept)
        heard = Heard()
        stop = subscription.on_data(heard.add)
        for take in (waiting_in_vain, subscription.get(5), anext(aiter(subscription))):
            with pytest.raises(InteropError, match="on_data: stop that one first"):
                await in_time(take)
        stream.push({"n": 1})
        await heard.count(1)
        stop()
        await push(stream, subscription, 2, 3)
        assert [each.data["n"] for each in heard.items] == [1]
        assert await by_get(subscription, 2) == [2, 3]


# Ordinary code -------------------------------------------------------------------------------


def blocking_by_break(subscription: sync.Subscription, count: int) -> list[int]:
    taken: list[int] = []
    for data in subscription:
        taken.append(data.data["n"])
        if len(taken) == count:
            break
    return taken


def blocking_by_next(subscription: sync.Subscription, count: int) -> list[int]:
    return [next(iter(subscription)).data["n"] for _ in range(count)]


def blocking_by_slice(subscription: sync.Subscription, count: int) -> list[int]:
    return [data.data["n"] for data in islice(subscription, count)]


def blocking_by_get(subscription: sync.Subscription, count: int) -> list[int]:
    return [subscription.get(DEADLINE).data["n"] for _ in range(count)]


BLOCKING_WAYS = [blocking_by_break, blocking_by_next, blocking_by_slice, blocking_by_get]


@pytest.fixture
def numbers(
    gateway: GatewayProcess, user: str
) -> Iterator[tuple[sync.Stream, sync.Subscription, sync.InteropClient]]:
    """A stream, a subscription that both sides know of, and whose that is."""
    with blocking_peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        known = threading.Event()
        stream = publisher.create_stream(
            "Numbers", subscription_added_handler=lambda _: known.set()
        )
        subscription = client.subscribe("Numbers")
        assert known.wait(DEADLINE)
        yield stream, subscription, client


@pytest.mark.parametrize("first", BLOCKING_WAYS)
@pytest.mark.parametrize("second", BLOCKING_WAYS)
def test_what_a_blocking_iteration_leaves_is_for_the_next(
    numbers: Any, first: Callable[..., list[int]], second: Callable[..., list[int]]
):
    stream, subscription, _ = numbers
    for n in range(6):
        stream.push({"n": n})
    taken = in_thread(first, subscription, 2).result(DEADLINE)
    for n in (6, 7):
        stream.push({"n": n})
    taken += in_thread(second, subscription, 3).result(DEADLINE)
    stream.close()
    taken += in_thread(lambda: [data.data["n"] for data in subscription]).result(DEADLINE)
    assert taken == list(range(8))


def test_threads_that_take_get_each_datum_once_and_in_order(numbers: Any):
    stream, subscription, _ = numbers

    def take() -> list[int]:
        return [data.data["n"] for data in subscription]

    taking = [in_thread(take) for _ in range(4)]
    for n in range(500):
        stream.push({"n": n})
    stream.close()
    taken = [each.result(DEADLINE) for each in taking]
    assert sorted(sum(taken, [])) == list(range(500))
    assert all(each == sorted(each) for each in taken)


def test_blocking_code_waits_for_one_datum_only_so_long(numbers: Any):
    stream, subscription, client = numbers
    for timeout in (0, 0.01):
        with pytest.raises(SubscriptionTimeout, match="Nothing of Numbers came in time"):
            subscription.get(timeout)
    with pytest.raises(ValueError, match="timeout has to be"):
        subscription.get(-1)
    stream.push({"n": 1})
    assert subscription.get(DEADLINE).data == {"n": 1}
    stop = subscription.on_data(lambda _: None)
    with pytest.raises(InteropError, match="on_data: stop that one first"):
        in_thread(subscription.get).result(DEADLINE)
    stop()
    waiting = in_thread(subscription.get)
    client.close()
    with pytest.raises(SubscriptionClosed, match="Numbers is closed"):
        waiting.result(DEADLINE)
    with pytest.raises(SubscriptionClosed, match="Numbers is closed"):
        subscription.get(5)


# A publisher that comes and goes -------------------------------------------------------------


async def test_a_follower_waits_for_its_publisher_and_goes_on_with_the_next(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "client") as [client]:
        connected, waiting = Heard(), Heard()
        subscription = await client.subscribe(
            "Numbers",
            follow=True,
            wait_timeout=0,
            on_connected=connected.add,
            on_waiting=waiting.add,
        )
        assert (subscription.state, subscription.servers) == ("waiting", [])
        with pytest.raises(SubscriptionTimeout, match="in time, as its publisher is away"):
            await subscription.get(0.01)
        for n in range(3):
            getting = asyncio.ensure_future(subscription.get(DEADLINE))
            async with peers(gateway.url, user, f"publisher {n}") as [publisher]:
                stream = await publisher.create_stream("Numbers")
                await connected.count(n + 1)
                assert subscription.state == "open"
                await until(stream.subscriptions)
                stream.push({"n": n})
                data = await in_time(getting)
                assert (data.data, data.server["application"]) == ({"n": n}, f"publisher {n}")
                if n == 1:
                    await stream.close()
                    await waiting.count(2)
            await waiting.count(n + 1)
            assert subscription.state == "waiting"
        subscription.close()
        assert [data async for data in subscription] == []
        assert len(connected.items) == len(waiting.items) == 3


async def test_a_follower_closed_while_it_waits_is_not_subscribed_later(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream, _ = await opened(publisher, client)
        subscription = await client.subscribe("Numbers", follow=True)
        await until(lambda: len(stream.subscriptions()) == 2)
        await stream.close()
        await until(lambda: subscription.state == "waiting")
        subscription.close()
        asked = Heard()
        await publisher.create_stream("Numbers", subscription_request_handler=asked.add)
        await client.wait_for_method("Numbers")
        with pytest.raises(SubscriptionError):
            await client.subscribe("Numbers", {"n": 2}, response_timeout=0.1)
        assert [each.arguments for each in asked.items] == [{"n": 2}]


async def test_a_follower_is_refused_at_once_by_a_publisher_that_is_there(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        await publisher.create_stream(
            "Numbers", subscription_request_handler=lambda request: request.reject("not you")
        )
        with pytest.raises(SubscriptionError, match="not you"):
            await client.subscribe("Numbers", follow=True)


def test_blocking_code_follows(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "client") as [client]:
        subscription = client.subscribe("Numbers", follow=True, wait_timeout=0)
        taking = in_thread(lambda: [data.data["n"] for data in islice(subscription, 2)])
        for n in range(2):
            known = threading.Event()
            with blocking_peers(gateway.url, user, "publisher") as [publisher]:
                stream = publisher.create_stream(
                    "Numbers", subscription_added_handler=lambda _, known=known: known.set()
                )
                assert known.wait(DEADLINE)
                stream.push({"n": n})
                stream.flush()
        assert taking.result(DEADLINE) == [0, 1]
