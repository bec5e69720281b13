"""Messages above what the gateway takes: one error where they were made, and nothing else ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from dash_interop.client import InteropClient
from dash_interop.errors import ConnectionLost, MessageTooLarge, ServerGone, SubscriptionError
from tests.client.peers import DEADLINE, Heard, blocking_peers, in_thread, in_time, peers
from tests.support.client import until
from tests.support.gateways import GatewayProcess, ours

LIMIT = 100_000

SAYS = f"the message has [0-9]+ bytes as JSON, and the gateway takes {LIMIT} at most"


@pytest.fixture(scope="module")
def small_gateway(gateway_environment: Mapping[str, str]) -> Iterator[GatewayProcess]:
    """A gateway that takes less than others."""
    with ours("--max-size", str(LIMIT), environment=gateway_environment) as process:
        yield process


def echo(args: dict[str, Any]) -> dict[str, Any]:
    return args


@pytest.fixture
def limit(small_gateway: GatewayProcess, caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    """The URL of a gateway that takes ``LIMIT`` bytes; nobody's log may have a traceback."""
    with caplog.at_level(logging.WARNING):
        yield small_gateway.url
    assert [record for record in caplog.get_records("call") if record.exc_info] == []
    small_gateway.check()


async def longest(client: InteropClient, method: str) -> int:
    """How long a text reaches a method at most."""
    fits, fails = 0, LIMIT
    while fails - fits > 1:
        middle = (fits + fails) // 2
        try:
            await in_time(client.invoke(method, {"t": "x" * middle}))
            fits = middle
        except MessageTooLarge:
            fails = middle
    return fits


async def test_the_gateway_takes_what_the_client_sends_and_its_peers_what_it_adds(
    limit: str, user: str
):
    async with peers(limit, user, "server", "client") as [server, client]:
        await server.register("Take", lambda t: {"length": len(t)})
        await server.register("Give", lambda n: {"t": "x" * n})
        length = await longest(client, "Take")
        # The frame around them has some hundred bytes.
        assert LIMIT - 400 < length < LIMIT
        assert (await client.invoke("Take", {"t": "x" * length})).returned == {"length": length}
        with pytest.raises(MessageTooLarge, match=f"Take was not invoked: {SAYS}"):
            await client.invoke("Take", {"t": "x" * (length + 1)})
        for given in (LIMIT - 400, LIMIT):
            giving = client.invoke("Give", {"n": given})
            if given < LIMIT:
                assert len((await giving).returned["t"]) == given
            else:
                with pytest.raises(
                    MessageTooLarge, match=f"What Give returned is not sent: {SAYS}"
                ):
                    await giving
        assert client.connection_error is server.connection_error is None


async def test_the_size_of_text_is_that_of_its_bytes(limit: str, user: str):
    async with peers(limit, user, "server", "client") as [server, client]:
        await server.register("Take", lambda t: {"length": len(t)})
        text = "\N{EURO SIGN}" * (LIMIT // 3)
        with pytest.raises(MessageTooLarge, match=SAYS):
            await client.invoke("Take", {"t": text})
        assert (await client.invoke("Take", {"t": text[:-200]})).returned["length"] > 0


async def test_one_call_fails_and_the_others_of_that_connection_go_on(limit: str, user: str):
    may_end = asyncio.Event()

    async def wait() -> dict[str, Any]:
        await may_end.wait()
        return {"waited": True}

    async with peers(limit, user, "server", "client") as [server, client]:
        for peer, name in ((server, "Wait"), (client, "Wait at the client")):
            await peer.register(name, wait)
        await server.register("Echo", echo)
        await server.register("Give", lambda: {"blob": "x" * LIMIT})
        stream = await server.create_stream("Prices")
        subscription = await client.subscribe("Prices")
        await until(stream.subscriptions)
        waiting = [
            asyncio.ensure_future(client.invoke("Wait")),
            asyncio.ensure_future(server.invoke("Wait at the client")),
        ]
        with pytest.raises(MessageTooLarge):
            await client.invoke("Echo", {"blob": "x" * LIMIT})
        with pytest.raises(MessageTooLarge):
            await client.invoke("Give")
        with pytest.raises(MessageTooLarge):
            stream.push({"blob": "x" * LIMIT})
        stream.push({"n": 1})
        assert (await subscription.get(DEADLINE)).data == {"n": 1}
        may_end.set()
        assert [(await in_time(each)).returned for each in waiting] == [{"waited": True}] * 2


async def test_a_handler_is_told_in_one_line_that_its_result_was_lost(
    limit: str, user: str, caplog: pytest.LogCaptureFixture
):
    async with peers(limit, user, "server", "client") as [server, client]:
        await server.register("Give", lambda: {"blob": "x" * LIMIT})
        with pytest.raises(MessageTooLarge):
            await client.invoke("Give")
        [line] = [record.getMessage() for record in caplog.records]
        assert line.startswith("What Give returned is not sent: the message has ")


async def test_arguments_of_a_subscription(limit: str, user: str):
    async with peers(limit, user, "server", "client") as [server, client]:
        stream = await server.create_stream("Prices")
        with pytest.raises(SubscriptionError, match=f"Prices was not subscribed to: {SAYS}"):
            await client.subscribe("Prices", {"blob": "x" * LIMIT})
        with pytest.raises(SubscriptionError, match=f"Prices was not subscribed to: {SAYS}"):
            await client.subscribe("Prices", {"blob": "x" * LIMIT}, follow=True)
        assert stream.subscriptions() == []


@pytest.mark.parametrize("way", ["all", "branch", "one subscriber"])
async def test_stream_data_up_to_the_limit_arrive_and_are_refused_beyond(
    limit: str, user: str, way: str
):
    async with peers(limit, user, "server", "client") as [server, client]:
        stream = await server.create_stream(
            "Prices", subscription_request_handler=lambda request: request.accept_on_branch("b")
        )
        heard = Heard()
        await client.subscribe("Prices", on_data=heard.add)
        await until(stream.subscriptions)

        def push(length: int) -> None:
            data = {"t": "x" * length}
            if way == "one subscriber":
                stream.subscriptions()[0].push(data)
            else:
                stream.push(data, "b" if way == "branch" else None)

        pushed: list[int] = []
        refused = 0
        # Where the limit is depends on the names in the frame: try all lengths around it.
        for length in range(LIMIT - 200, LIMIT - 50, 3):
            try:
                push(length)
                pushed.append(length)
            except MessageTooLarge as error:
                refused += 1
                assert f"and the gateway takes {LIMIT} at most" in str(error)
                await stream.flush()
        assert pushed and refused
        items = await heard.count(len(pushed))
        assert [len(each.data["t"]) for each in items] == pushed
        assert pushed == sorted(pushed) and pushed[-1] - pushed[0] == 3 * (len(pushed) - 1)


def test_threads_are_told_where_they_push(limit: str, user: str):
    with blocking_peers(limit, user, "server", "client") as [server, client]:
        stream = server.create_stream("Prices")
        subscription = client.subscribe("Prices")
        in_thread(stream.push, {"n": 0}).result(DEADLINE)
        for length in (LIMIT - 15, LIMIT, 20 * LIMIT):
            with pytest.raises(MessageTooLarge, match=f"the gateway takes {LIMIT} at most"):
                in_thread(stream.push, {"blob": "x" * length}).result(DEADLINE)
        in_thread(stream.push, {"n": 1}).result(DEADLINE)
        with pytest.raises(MessageTooLarge, match="Echo was not invoked"):
            server.register("Echo", echo)
            client.invoke("Echo", {"blob": "x" * LIMIT})
        assert subscription.state == "open"


def test_more_than_others_take_where_the_gateway_does(
    gateway_environment: Mapping[str, str], user: str
):
    size = 20 * 1024 * 1024
    with ours("--max-size", str(size), environment=gateway_environment) as big:
        with blocking_peers(big.url, user, "server", "client") as [server, client]:
            stream = server.create_stream("Prices")
            subscription = client.subscribe("Prices")
            blob = {"blob": "x" * (size - 400)}
            stream.push(blob)
            assert subscription.get(20).data == blob
            with pytest.raises(MessageTooLarge, match=f"the gateway takes {size} at most"):
                stream.push({"blob": "x" * size})


def test_a_connection_that_is_cut_in_sending_leaves_no_traceback(
    limit: str, user: str, monkeypatch: pytest.MonkeyPatch
):
    """As by a gateway that takes less and does not say so."""
    with blocking_peers(limit, user, "server", "client") as [server, client]:
        server.register("Echo", echo)
        server.register("Give", lambda: {"blob": "x" * 17_000_000})
        for peer in (server, client):
            peer._engine.session.link.max_size = None
        with pytest.raises(ConnectionLost):
            client.invoke("Echo", {"blob": "x" * 17_000_000})
        client.wait_for_method("Give")
        with pytest.raises(ServerGone):
            client.invoke("Give")
        client.wait_for_method("Give")
        assert client.invoke("Echo", {"n": 1}).returned == {"n": 1}
