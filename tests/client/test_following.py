"""
Invocations that are followed and given up, over sockets: with the client for asyncio, with peers of
the published library, which notice nothing of it, and at a gateway that relays none of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dash_interop.client import InteropClient
from dash_interop.errors import InvocationTimeout, ServerGone
from tests.client.peers import in_time, peers
from tests.support.gateways import GatewayProcess
from tests.support.js_peer import JsError, JsPeer

JsPeerFactory = Callable[..., JsPeer]

VALUES = [0.5, {"step": 2}, "last"]


class Slow:
    """A handler that ends when it is told to, or is cancelled."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.going_on = asyncio.Event()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.begun.set()
        try:
            await self.going_on.wait()
        except asyncio.CancelledError:
            self.ended.set_result("cancelled")
            raise
        self.ended.set_result("done")
        return "done"


def relays(client: InteropClient) -> bool:
    """Whether its gateway is ours."""
    return client.gateway_version is not None


async def report(progress: Callable[[Any], None]) -> str:
    for value in VALUES:
        progress(value)
    return "done"


async def give_up(invoking: asyncio.Task[Any]) -> None:
    invoking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await invoking


async def test_cancelled_invocation_ends_its_handler_where_the_gateway_relays_it(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        slow = Slow()
        await server.register("Slow", slow)
        invoking = asyncio.ensure_future(client.invoke("Slow"))
        await in_time(slow.begun.wait())
        await give_up(invoking)
        if not relays(client):
            slow.going_on.set()
        assert await in_time(slow.ended) == ("cancelled" if relays(client) else "done")
        assert client.state == "connected"
        # What it answers late reaches nobody else.
        await server.register("Report", report)
        assert await client.call("Report") == "done"


async def test_time_of_a_caller_that_is_over_ends_the_handler_where_the_gateway_relays_it(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        slow = Slow()
        await server.register("Slow", slow)
        with pytest.raises(InvocationTimeout):
            await client.invoke("Slow", response_timeout=0.3)
        if not relays(client):
            slow.going_on.set()
        assert await in_time(slow.ended) == ("cancelled" if relays(client) else "done")


async def test_handler_ends_when_its_caller_leaves(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server") as [server]:
        slow = Slow()
        await server.register("Slow", slow)
        async with peers(gateway.url, user, "client") as [client]:
            invoking = asyncio.ensure_future(client.invoke("Slow"))
            await in_time(slow.begun.wait())
        await asyncio.gather(invoking, return_exceptions=True)
        assert await in_time(slow.ended) == "cancelled"


async def test_progress_comes_where_the_gateway_relays_it(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Report", report)
        told: list[Any] = []
        result = await client.invoke("Report", on_progress=told.append)
        expected = VALUES if relays(client) else []
        assert (result.value, told) == ("done", expected)
        async with client.invocation("Report") as invocation:
            assert [value async for value in invocation] == expected
            assert (await invocation.result()).value == "done"


async def test_server_that_is_gone_says_whether_it_had_the_invocation(
    gateway: GatewayProcess, user: str
):
    async def begin(progress: Callable[[Any], None]) -> None:
        progress("begun")
        begun.set()
        await asyncio.Event().wait()

    begun = asyncio.Event()
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Begin", begin)
        async with client.invocation("Begin") as invocation:
            await in_time(begun.wait())
            if relays(client):
                assert await in_time(anext(invocation)) == "begun"
            await server.close()
            with pytest.raises(ServerGone) as caught:
                await invocation.result()
            assert caught.value.delivered == ("yes" if relays(client) else "unknown")


# Peers of the published library


async def test_published_callee_notices_nothing(
    gateway: GatewayProcess, user: str, js_peer: JsPeerFactory
):
    server = await asyncio.to_thread(js_peer, gateway.url, "server")
    await asyncio.to_thread(server.register, "Never", "never")
    await asyncio.to_thread(server.register, "Late", "late")
    async with peers(gateway.url, user, "client") as [client]:
        invoking = asyncio.ensure_future(client.invoke("Never", {"n": 1}))
        await asyncio.to_thread(server.wait_handled, "Never", 1)
        await give_up(invoking)
        # It answers one that was given up, and one that was not, together.
        first = asyncio.ensure_future(client.invoke("Late", {"of": 2, "turn": 0}))
        await asyncio.to_thread(server.wait_handled, "Late", 1)
        await give_up(first)
        told: list[Any] = []
        result = await client.invoke("Late", {"of": 2, "turn": 1}, on_progress=told.append)
        assert (result.returned, told) == ({"of": 2, "turn": 1}, [])
        assert await asyncio.to_thread(server.handled, "Never") == [{"n": 1}]


async def test_published_caller_notices_nothing(
    gateway: GatewayProcess, user: str, js_peer: JsPeerFactory
):
    async with peers(gateway.url, user, "server") as [server]:
        slow = Slow()
        await server.register("Report", report)
        await server.register("Slow", slow)
        client = await asyncio.to_thread(js_peer, gateway.url, "client")
        await asyncio.to_thread(client.wait_method, "Slow")
        result = await asyncio.to_thread(client.invoke, "Report")
        assert result["returned"] == {"_value": "done"}
        with pytest.raises(JsError):
            await asyncio.to_thread(client.invoke, "Slow", options={"methodResponseTimeoutMs": 200})
        # It has not said that it does not wait any longer.
        assert not slow.ended.done()
        await asyncio.to_thread(client.close)
        assert await in_time(slow.ended) == "cancelled"


async def test_published_caller_is_told_of_a_server_that_is_gone_as_ever(
    gateway: GatewayProcess, user: str, js_peer: JsPeerFactory
):
    client = await asyncio.to_thread(js_peer, gateway.url, "client")
    async with peers(gateway.url, user, "server") as [server]:
        slow = Slow()
        await server.register("Slow", slow)
        await asyncio.to_thread(client.wait_method, "Slow")
        invoking = asyncio.ensure_future(asyncio.to_thread(client.invoke, "Slow"))
        await in_time(slow.begun.wait())
    with pytest.raises(JsError) as caught:
        await invoking
    assert len(caught.value.details["all_errors"]) == 1
    assert "delivered" not in str(caught.value.details)
