"""Streams of the client for asyncio: published, subscribed, pushed and closed."""

from __future__ import annotations

import asyncio
import re
import threading
from datetime import datetime, timezone
from typing import Any

import pytest

from dash_interop.client import (
    InteropClient,
    Stream,
    StreamData,
    StreamSubscription,
    Subscription,
    SubscriptionRequest,
)
from dash_interop.errors import (
    InvalidArguments,
    InvalidInvoke,
    Overloaded,
    RegistrationError,
    SubscriptionError,
)
from dash_interop.types import DefinitionDict
from tests.client.peers import DEADLINE, Heard, in_thread, in_time, peers, sees
from tests.support.client import connected, until
from tests.support.gateways import GatewayProcess


async def take(subscription: Subscription, count: int) -> list[Any]:
    """The next data of a subscription."""

    async def read() -> list[Any]:
        taken: list[Any] = []
        async for each in subscription:
            taken.append(each.data)
            if len(taken) == count:
                break
        return taken

    return await in_time(read())


async def rest(subscription: Subscription) -> list[Any]:
    """All data until a subscription ends."""

    async def read() -> list[Any]:
        return [each.data async for each in subscription]

    return await in_time(read())


async def opened(stream: Stream, client: InteropClient, **options: Any) -> Subscription:
    """A subscription that both sides know of."""
    before = len(stream.subscriptions())
    subscription = await client.subscribe(stream.name, **options)
    await until(lambda: len(stream.subscriptions()) > before)
    return subscription


def by_symbol(request: SubscriptionRequest) -> None:
    request.accept_on_branch(request.arguments["symbol"])


# Publishing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("definition", ["Prices", {"name": "Prices"}])
async def test_a_stream_is_a_method_that_streams(
    gateway: GatewayProcess, user: str, definition: Any
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream(definition)
        assert stream.name == stream.definition.name == "Prices"
        method = await client.wait_for_method("Prices")
        assert method.supports_streaming
        assert [each.name for each in client.methods({"supportsStreaming": True})] == ["Prices"]


async def test_the_definition_of_a_stream_is_seen(gateway: GatewayProcess, user: str):
    definition: DefinitionDict = {
        "name": "Prices",
        "accepts": "string symbol",
        "objectTypes": ["Price"],
    }
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        await publisher.create_stream({**definition, "displayName": "Ticks", "version": 3})
        method = await client.wait_for_method("Prices")
        assert (method.accepts, method.object_types) == ("string symbol", ["Price"])
        assert (method.display_name, method.version) == ("Ticks", 3)


async def test_a_stream_and_a_method_do_not_share_a_name(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher") as [publisher]:
        await publisher.create_stream("Prices")
        with pytest.raises(RegistrationError, match="registered already"):
            await publisher.register("prices", lambda: None)
        with pytest.raises(RegistrationError, match="registered already"):
            await publisher.create_stream("PRICES")
        with pytest.raises(RegistrationError, match="not registered here"):
            await publisher.unregister("Prices")


async def test_without_a_handler_subscriptions_are_accepted(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        subscription = await opened(stream, client, arguments={"symbol": "VOD"})
        [theirs] = stream.subscriptions()
        assert theirs.arguments == {"symbol": "VOD"}
        assert theirs.instance["application"] == "client"
        assert theirs.branch_key == ""
        assert theirs.stream is stream
        stream.push({"px": 1})
        assert await take(subscription, 1) == [{"px": 1}]


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_handlers_hear_of_request_addition_and_removal_in_order(
    gateway: GatewayProcess, user: str, kind: str
):
    heard, loop = Heard(), asyncio.get_running_loop()

    async def request_async(request: SubscriptionRequest) -> None:
        await heard.add("requested", request.arguments, request.instance["application"])
        request.accept()

    def request_plain(request: SubscriptionRequest) -> None:
        asyncio.run_coroutine_threadsafe(request_async(request), loop).result(5)

    def noting(event: str) -> Any:
        async def note(subscription: StreamSubscription) -> None:
            await heard.add(event, subscription.arguments, subscription.instance["application"])

        def note_plain(subscription: StreamSubscription) -> None:
            asyncio.run_coroutine_threadsafe(note(subscription), loop).result(5)

        return note if kind == "async" else note_plain

    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        await publisher.create_stream(
            "Prices",
            subscription_request_handler=request_async if kind == "async" else request_plain,
            subscription_added_handler=noting("added"),
            subscription_removed_handler=noting("removed"),
        )
        subscription = await client.subscribe("Prices", {"n": 1})
        await heard.count(2)
        subscription.close()
        await heard.count(3)
        assert heard.items == [
            (event, {"n": 1}, "client") for event in ("requested", "added", "removed")
        ]


async def test_a_rejected_subscriber_hears_why_and_is_not_added(gateway: GatewayProcess, user: str):
    added = Heard()

    async def decide(request: SubscriptionRequest) -> None:
        if request.arguments.get("good"):
            request.accept()
        else:
            request.reject("not for you: €")

    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream(
            "Prices", subscription_request_handler=decide, subscription_added_handler=added.add
        )
        with pytest.raises(SubscriptionError, match="not for you: €"):
            await in_time(client.subscribe("Prices"))
        await client.subscribe("Prices", {"good": True})
        [only] = await added.count(1)
        assert only.arguments == {"good": True}
        assert len(stream.subscriptions()) == 1


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_a_request_handler_that_raises_rejects(gateway: GatewayProcess, user: str, kind: str):
    def fail(_: SubscriptionRequest) -> None:
        raise ValueError("broken")

    async def fail_async(_: SubscriptionRequest) -> None:
        raise ValueError("broken")

    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        handler = fail if kind == "plain" else fail_async
        await publisher.create_stream("Prices", subscription_request_handler=handler)
        with pytest.raises(SubscriptionError, match="ValueError: broken"):
            await in_time(client.subscribe("Prices"))


async def test_a_request_is_answered_once_now_or_later_from_any_thread(
    gateway: GatewayProcess, user: str
):
    heard = Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        await publisher.create_stream("Prices", subscription_request_handler=heard.add)
        subscribing = asyncio.ensure_future(client.subscribe("Prices"))
        [request] = await heard.count(1)
        await asyncio.wrap_future(in_thread(request.accept_on_branch, "later"))
        await in_time(subscribing)
        for again in (request.accept, request.reject):
            with pytest.raises(SubscriptionError, match="answered already"):
                again()


async def test_a_request_that_nobody_answers_ends_in_time(gateway: GatewayProcess, user: str):
    heard = Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", subscription_request_handler=heard.add)
        with pytest.raises(SubscriptionError, match=r"Nobody accepted .* within 0\.1 s"):
            await in_time(client.subscribe("Prices", response_timeout=0.1))
        # An answer that comes too late finds nobody.
        removed = Heard()
        stream.listen("removed", removed.add)
        heard.items[0].accept()
        await removed.count(1)
        assert stream.subscriptions() == []


# Branches ------------------------------------------------------------------------------------


async def test_branches_come_with_their_first_and_go_with_their_last_subscriber(
    gateway: GatewayProcess, user: str
):
    removed = Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream(
            "Prices",
            subscription_request_handler=by_symbol,
            subscription_removed_handler=removed.add,
        )
        assert stream.branches() == []
        first = await opened(stream, client, arguments={"symbol": "VOD"})
        await opened(stream, client, arguments={"symbol": "VOD"})
        third = await opened(stream, client, arguments={"symbol": "BT"})
        assert [branch.key for branch in stream.branches()] == ["VOD", "BT"]
        branch = stream.branch("VOD")
        assert branch is not None and branch.key == "VOD"
        assert [each.branch_key for each in branch.subscriptions()] == ["VOD", "VOD"]
        third.close()
        await removed.count(1)
        assert stream.branch("BT") is None
        first.close()
        await removed.count(2)
        assert len(branch.subscriptions()) == 1


async def test_data_goes_to_all_or_to_the_branches_that_are_named(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", subscription_request_handler=by_symbol)
        vod, bt, other = [
            await opened(stream, client, arguments={"symbol": symbol})
            for symbol in ("VOD", "BT", "")
        ]
        branch = stream.branch("BT")
        assert branch is not None
        stream.push({"n": 1})
        stream.push({"n": 2}, "VOD")
        stream.push({"n": 3}, ["BT", "VOD", "BT"])
        stream.push({"n": 4}, "nobody")
        stream.push({"n": 5}, [])
        branch.push({"n": 6})
        stream.push({"n": 7})
        for subscription, expected in ((vod, [1, 2, 3, 7]), (bt, [1, 3, 6, 7]), (other, [1, 7])):
            assert await take(subscription, len(expected)) == [{"n": n} for n in expected]


async def test_a_branch_is_one_message_however_many_subscribe(
    our_shared_gateway: GatewayProcess, user: str
):
    url = our_shared_gateway.url
    async with peers(url, user, "client") as [client], connected(url, user) as publisher:
        await publisher.send(
            "register", methods=[{"id": "s", "name": "Prices", "flags": {"streaming": True}}]
        )
        subscribing = [asyncio.ensure_future(client.subscribe("Prices")) for _ in range(3)]
        for _ in subscribing:
            asked = await publisher.receive("add-interest")
            await publisher.send(
                "accepted", subscription_id=asked["subscription_id"], stream_id="all"
            )
        subscriptions = await in_time(asyncio.gather(*subscribing))
        await publisher.send("publish", stream_id="all", data={"n": 1})
        for each in subscriptions:
            assert await take(each, 1) == [{"n": 1}]


async def test_a_branch_can_be_closed(gateway: GatewayProcess, user: str):
    removed = Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream(
            "Prices",
            subscription_request_handler=by_symbol,
            subscription_removed_handler=removed.add,
        )
        vod = await opened(stream, client, arguments={"symbol": "VOD"})
        bt = await opened(stream, client, arguments={"symbol": "BT"})
        branch = stream.branch("VOD")
        assert branch is not None
        stream.push({"n": 1})
        branch.close()
        assert await rest(vod) == [{"n": 1}]
        assert [each.branch_key for each in await removed.count(1)] == ["VOD"]
        assert stream.branch("VOD") is None
        stream.push({"n": 2})
        assert await take(bt, 2) == [{"n": 1}, {"n": 2}]


async def test_one_subscriber_can_be_pushed_to_alone(gateway: GatewayProcess, user: str):
    def snapshot(subscription: StreamSubscription) -> None:
        subscription.push({"snapshot": subscription.arguments["n"]})

    heard = [Heard(), Heard()]
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", subscription_added_handler=snapshot)
        for n in range(2):
            await client.subscribe("Prices", {"n": n}, on_data=heard[n].add)
            await heard[n].count(1)
        stream.push({"for": "all"})
        for n in range(2):
            private, public = await heard[n].count(2)
            assert isinstance(private, StreamData)
            assert (private.data, private.private) == ({"snapshot": n}, True)
            assert (public.data, public.private) == ({"for": "all"}, False)
            assert private.request_arguments == public.request_arguments == {"n": n}
            assert private.server["application"] == "publisher"


async def test_one_subscription_can_be_closed_by_its_publisher(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        first, second = await opened(stream, client), await opened(stream, client)
        [theirs, _] = stream.subscriptions()
        theirs.push({"n": 1})
        theirs.close()
        theirs.close()
        theirs.push({"n": 2})
        stream.push({"n": 3})
        assert await rest(first) == [{"n": 1}]
        assert (first.state, second.state) == ("closed", "open")
        assert await take(second, 1) == [{"n": 3}]


# Pushing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [1, "text", None, [1], True, datetime(2024, 1, 1)])
async def test_data_that_is_no_dict_is_refused(
    our_shared_gateway: GatewayProcess, user: str, data: Any
):
    async with peers(our_shared_gateway.url, user, "publisher") as [publisher]:
        stream = await publisher.create_stream("Prices")
        subscription = await opened(stream, publisher)
        with pytest.raises(TypeError, match="has to be a dict"):
            stream.push(data)
        with pytest.raises(TypeError, match="has to be a dict"):
            stream.subscriptions()[0].push(data)
        stream.push({"n": 1})
        assert await take(subscription, 1) == [{"n": 1}]


async def test_data_that_cannot_travel_is_refused(our_shared_gateway: GatewayProcess, user: str):
    async with peers(our_shared_gateway.url, user, "publisher") as [publisher]:
        stream = await publisher.create_stream("Prices")
        with pytest.raises(ValueError, match="object"):
            stream.push({"x": object()})


async def test_dates_and_text_travel_in_streams(gateway: GatewayProcess, user: str):
    when = datetime(2024, 2, 29, 12, 30, 15, 250_000, timezone.utc)
    data = {"when": when, "text": "Grüße 🚢", "null": None, "deep": [{"when": [when]}]}
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        subscription = await opened(stream, client, arguments={"since": when})
        assert stream.subscriptions()[0].arguments == {"since": when}
        stream.push(data)
        assert await take(subscription, 1) == [data]


async def test_data_arrive_in_the_order_in_which_they_were_pushed(
    gateway: GatewayProcess, user: str
):
    heard = Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        await opened(stream, client, on_data=heard.add)
        [theirs] = stream.subscriptions()
        for n in range(1000):
            if n % 3:
                stream.push({"n": n})
            else:
                theirs.push({"n": n})
        await heard.count(1000)
        assert [each.data["n"] for each in heard.items] == list(range(1000))


async def test_threads_push_and_each_keeps_its_order(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        subscription = await opened(stream, client)

        def push(thread: int) -> None:
            for n in range(500):
                stream.push({"thread": thread, "n": n})

        await in_time(
            asyncio.gather(*(asyncio.wrap_future(in_thread(push, each)) for each in range(4)))
        )
        taken = await take(subscription, 2000)
        for thread in range(4):
            assert [d["n"] for d in taken if d["thread"] == thread] == list(range(500))


async def test_a_flush_returns_when_the_gateway_has_read_all(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        subscription = await opened(stream, client)
        blob = "x" * 1_000_000
        for n in range(20):
            stream.push({"n": n, "blob": blob})
            await in_time(stream.flush())
        assert [each["n"] for each in await take(subscription, 20)] == list(range(20))


async def test_a_push_is_refused_when_too_much_waits(our_shared_gateway: GatewayProcess, user: str):
    async with peers(our_shared_gateway.url, user, "publisher") as [publisher]:
        stream = await publisher.create_stream("Prices")
        subscription = await opened(stream, publisher)
        blob = "x" * 2_000_000

        def push() -> int:
            for pushed in range(20):
                try:
                    stream.push({"blob": blob}, "nobody")
                except Overloaded as error:
                    assert "flush" in str(error)
                    return pushed
            return 20

        # Waiting like this holds up the loop, so that nothing leaves meanwhile.
        assert in_thread(push).result(DEADLINE) == 16 * 1024 * 1024 // 2_000_000
        await in_time(stream.flush())
        stream.push({"n": 1})
        assert await take(subscription, 1) == [{"n": 1}]


# Subscribing ---------------------------------------------------------------------------------


async def test_a_subscription_knows_its_stream_arguments_and_server(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        connected_to = Heard()
        subscription = await opened(
            stream, client, arguments={"n": 1}, on_connected=connected_to.add
        )
        assert subscription.stream.name == "Prices"
        assert subscription.request_arguments == {"n": 1}
        assert [server["application"] for server in subscription.servers] == ["publisher"]
        assert subscription.server_instance == subscription.servers[0]
        assert subscription.state == "open"
        assert await connected_to.count(1) == subscription.servers


async def test_what_comes_before_anyone_listens_is_kept(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        first, second = await opened(stream, client), await opened(stream, client)
        for n in range(3):
            stream.push({"n": n})
        assert await take(first, 3) == [{"n": 0}, {"n": 1}, {"n": 2}]
        # Those of the second one are there, too: it was asked for after the first one.
        late = Heard()
        second.on_data(late.add)
        stream.push({"n": 3})
        assert [each.data["n"] for each in await late.count(4)] == [0, 1, 2, 3]


async def test_a_plain_listener_gets_all_data_in_order(gateway: GatewayProcess, user: str):
    told: list[Any] = []
    done = threading.Event()

    def note(data: StreamData) -> None:
        told.append(data.data["n"])
        if len(told) == 100:
            done.set()

    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        await opened(stream, client, on_data=note)
        for n in range(100):
            stream.push({"n": n})
        assert await asyncio.to_thread(done.wait, 5)
        assert told == list(range(100))


async def test_a_data_listener_can_be_stopped(gateway: GatewayProcess, user: str):
    first, second = Heard(), Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        subscription = await opened(stream, client)
        stop = subscription.on_data(first.add)
        subscription.on_data(second.add)
        stream.push({"n": 1})
        await first.count(1)
        stop()
        stream.push({"n": 2})
        await second.count(2)
        assert [each.data for each in first.items] == [{"n": 1}]


async def test_after_its_subscriber_closed_it_nothing_more_comes(
    gateway: GatewayProcess, user: str
):
    removed = Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", subscription_removed_handler=removed.add)
        subscription = await opened(stream, client)
        stream.push({"n": 1})
        assert await take(subscription, 1) == [{"n": 1}]
        subscription.close()
        subscription.close()
        await removed.count(1)
        stream.push({"n": 2})
        assert await rest(subscription) == []
        assert subscription.state == "closed"
        assert subscription.servers == []
        assert stream.subscriptions() == []


async def test_closing_from_a_thread_ends_an_iteration(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        subscription = await opened(stream, client)
        reading = asyncio.ensure_future(rest(subscription))
        await asyncio.wrap_future(in_thread(subscription.close))
        assert await in_time(reading) == []


async def test_a_stream_that_is_closed_ends_its_subscriptions(gateway: GatewayProcess, user: str):
    closed, removed = Heard(), Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", subscription_removed_handler=removed.add)
        subscription = await opened(stream, client, on_closed=closed.add)
        stream.push({"n": 1})
        await stream.close()
        await closed.count(1)
        await removed.count(1)
        assert await rest(subscription) == [{"n": 1}]
        assert subscription.state == "closed"
        await sees(client, lambda: not client.methods())
        with pytest.raises(SubscriptionError, match="No server offers the stream Prices"):
            await client.subscribe("Prices", wait_timeout=0)
        await publisher.create_stream("Prices")


async def test_a_stream_can_be_closed_twice(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher") as [publisher]:
        stream = await publisher.create_stream("Prices")
        await stream.close()
        await in_time(stream.close())
        with pytest.raises(RegistrationError, match="The stream Prices was closed"):
            stream.push({"n": 1})
        assert stream.subscriptions() == []


async def test_a_publisher_that_leaves_ends_its_subscriptions(gateway: GatewayProcess, user: str):
    closed = Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices")
        subscription = await opened(stream, client, on_closed=closed.add)
        await publisher.close()
        await closed.count(1)
        assert await rest(subscription) == []


async def test_a_subscriber_that_leaves_is_removed(gateway: GatewayProcess, user: str):
    removed = Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream("Prices", subscription_removed_handler=removed.add)
        await opened(stream, client)
        await client.close()
        await removed.count(1)
        assert stream.subscriptions() == []


# Which publishers ----------------------------------------------------------------------------


async def test_data_of_several_publishers_are_merged(gateway: GatewayProcess, user: str):
    names = ("client", "one", "two")
    async with peers(gateway.url, user, *names) as [client, one, two]:
        streams: list[Stream] = []
        for publisher in (one, two):
            streams.append(await publisher.create_stream("Prices"))
            await sees(client, lambda: len(client.servers("Prices")) == len(streams))
        heard, connected_to = Heard(), Heard()
        subscription = await client.subscribe(
            "Prices", target="all", on_data=heard.add, on_connected=connected_to.add
        )
        await connected_to.count(2)
        assert len(subscription.servers) == 2
        for n in range(10):
            for stream in streams:
                stream.push({"n": n})
        await heard.count(20)
        for name in ("one", "two"):
            from_one = [each for each in heard.items if each.server["application"] == name]
            assert [each.data["n"] for each in from_one] == list(range(10))


async def test_a_subscription_lives_as_long_as_one_of_its_publishers(
    gateway: GatewayProcess, user: str
):
    names = ("client", "one", "two")
    async with peers(gateway.url, user, *names) as [client, one, two]:
        streams = [await each.create_stream("Prices") for each in (one, two)]
        await sees(client, lambda: len(client.servers("Prices")) == 2)
        closed, connected_to = Heard(), Heard()
        subscription = await client.subscribe(
            "Prices", target="all", on_closed=closed.add, on_connected=connected_to.add
        )
        await connected_to.count(2)
        await streams[0].close()
        streams[1].push({"n": 1})
        assert await take(subscription, 1) == [{"n": 1}]
        await sees(client, lambda: len(client.servers("Prices")) == 1)
        assert closed.items == []
        await streams[1].close()
        await closed.count(1)


async def test_a_target_chooses_the_publisher(gateway: GatewayProcess, user: str):
    names = ("client", "one", "two")
    async with peers(gateway.url, user, *names) as [client, one, two]:
        for publisher in (one, two):
            await publisher.create_stream("Prices")
        await sees(client, lambda: len(client.servers("Prices")) == 2)
        for target in ({"application": "two"}, two.instance, {"application": re.compile("wo$")}):
            subscription = await client.subscribe("Prices", target=target)
            assert [each["application"] for each in subscription.servers] == ["two"]
        best = await client.subscribe("Prices")
        assert len(best.servers) == 1
        with pytest.raises(SubscriptionError, match="nobody"):
            await client.subscribe("Prices", target={"application": "nobody"}, wait_timeout=0.01)


async def test_one_publisher_that_refuses_does_not_spoil_the_others(
    gateway: GatewayProcess, user: str
):
    async def refuse(request: SubscriptionRequest) -> None:
        request.reject("no")

    names = ("client", "one", "two")
    async with peers(gateway.url, user, *names) as [client, one, two]:
        await one.create_stream("Prices", subscription_request_handler=refuse)
        stream = await two.create_stream("Prices")
        await sees(client, lambda: len(client.servers("Prices")) == 2)
        subscription = await in_time(client.subscribe("Prices", target="all"))
        assert [each["application"] for each in subscription.servers] == ["two"]
        await until(stream.subscriptions)
        stream.push({"n": 1})
        assert await take(subscription, 1) == [{"n": 1}]


# What cannot be subscribed -------------------------------------------------------------------


async def test_a_stream_is_waited_for(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        subscribing = asyncio.ensure_future(client.subscribe("Prices"))
        with pytest.raises(SubscriptionError, match=r"Nothing.*waited 0\.05 s"):
            await in_time(client.subscribe("Nothing", wait_timeout=0.05))
        await publisher.create_stream("Prices")
        assert (await in_time(subscribing)).state == "open"


async def test_a_method_is_not_subscribed_to(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Echo", lambda: None)
        await client.wait_for_method("Echo")
        with pytest.raises(SubscriptionError, match="is a method, not a stream"):
            await in_time(client.subscribe("Echo"))


async def test_what_is_no_definition_or_target_is_refused(
    our_shared_gateway: GatewayProcess, user: str
):
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        await client.create_stream("Prices")
        with pytest.raises(SubscriptionError, match="name"):
            await client.subscribe({"version": 1})  # pyright: ignore[reportArgumentType]
        with pytest.raises(InvalidInvoke, match="Unknown target"):
            await client.subscribe("Prices", target="first")
        with pytest.raises(InvalidArguments, match="dict"):
            await client.subscribe("Prices", [1])  # pyright: ignore[reportArgumentType]
        with pytest.raises(InvalidArguments, match="cannot travel"):
            await client.subscribe("Prices", {"x": object()})
        with pytest.raises(ValueError, match="response_timeout"):
            await client.subscribe("Prices", response_timeout=0)


async def test_a_subscription_that_is_cancelled_while_asking_is_withdrawn(
    gateway: GatewayProcess, user: str
):
    requests, removed = Heard(), Heard()
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = await publisher.create_stream(
            "Prices",
            subscription_request_handler=requests.add,
            subscription_removed_handler=removed.add,
        )
        subscribing = asyncio.ensure_future(client.subscribe("Prices"))
        [request] = await requests.count(1)
        subscribing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await subscribing
        request.accept()
        await removed.count(1)
        assert stream.subscriptions() == []


# What others send ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ['{"a":' * 600 + '"#T42_DATE#0"' + "}" * 600, '{"n":1e999}'],
    ids=["deep", "number"],
)
async def test_data_that_cannot_be_read_do_not_end_the_client(
    our_shared_gateway: GatewayProcess, user: str, text: str
):
    url = our_shared_gateway.url
    async with peers(url, user, "client") as [client], connected(url, user) as publisher:
        await publisher.send(
            "register", methods=[{"id": "s", "name": "Prices", "flags": {"streaming": True}}]
        )
        subscribing = asyncio.ensure_future(client.subscribe("Prices"))
        asked = await publisher.receive("add-interest")
        await publisher.send("accepted", subscription_id=asked["subscription_id"], stream_id="s")
        await in_time(subscribing)
        publish = f'{{"domain":"agm","type":"publish","peer_id":"{publisher.peer_id}",'
        await publisher.socket.send(f'{publish}"stream_id":"s","data":{text}}}')
        # The client can still be heard and hear, if need be over a new connection.
        await client.register("Echo", lambda args: args)
        result = await in_time(client.invoke("Echo", {"n": 1}), 1)
        assert result.returned == {"n": 1}


@pytest.mark.parametrize("kind", ["async def", "def"])
async def test_a_listener_may_close_the_client_that_tells_it(
    gateway: GatewayProcess, user: str, kind: str
):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        removed = Heard()
        stream = await publisher.create_stream("Prices", subscription_removed_handler=removed.add)
        subscription = await opened(stream, client)
        loop = asyncio.get_running_loop()

        async def close(_: Any) -> None:
            await client.close()

        def close_from_thread(_: Any) -> None:
            asyncio.run_coroutine_threadsafe(client.close(), loop)

        subscription.on_data(close if kind == "async def" else close_from_thread)
        stream.push({"n": 1})
        await in_time(client.wait_closed())
        await removed.count(1)


async def test_nothing_is_left_of_what_was_cancelled(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        for asking in (
            publisher.create_stream("Prices"),
            publisher.register("Sum", lambda: None),
        ):
            task = asyncio.ensure_future(asking)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        # Confirmed after what came before it.
        await publisher.create_stream("Confirmed")
        await in_time(client.wait_for_method("Confirmed"))
        assert [method.name for method in client.methods()] == ["Confirmed"]
        await in_time(publisher.create_stream("Prices"))
