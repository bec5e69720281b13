"""Clients for asyncio and the one loop that each belongs to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dash_interop.client import InteropClient, Stream, Subscription, connect
from dash_interop.errors import InteropError
from tests.client.peers import DEADLINE, blocking_peers, in_thread
from tests.support.gateways import GatewayProcess


class Away:
    """A client, a stream and a subscription on a loop of another thread, which may be stopped."""

    def __init__(self, url: str, user: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self.start()
        self.client: InteropClient = self.run(self._connect(url, user))
        self.stream: Stream = self.run(self.client.create_stream("Prices"))
        self.subscription: Subscription = self.run(self.client.subscribe("Prices"))

    def start(self) -> None:
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        assert self._thread is not None
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(DEADLINE)

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(DEADLINE)

    def end(self) -> None:
        self.run(self.client.close())
        self.stop()
        self.loop.close()

    async def _connect(self, url: str, user: str) -> InteropClient:
        return await connect(url, application="away", login=user)


@pytest.fixture
def away(our_shared_gateway: GatewayProcess, user: str) -> Iterator[Away]:
    away = Away(our_shared_gateway.url, user)
    yield away
    away.end()


COROUTINES: dict[str, Callable[[Away], Any]] = {
    "invoke": lambda away: away.client.invoke("Echo"),
    "register": lambda away: away.client.register("Mine", lambda: None),
    "register, not confirmed": lambda away: away.client.register("My", lambda: None, timeout=0),
    "unregister": lambda away: away.client.unregister("Offered"),
    "wait_for_method": lambda away: away.client.wait_for_method("Echo"),
    "create_stream": lambda away: away.client.create_stream("Mine"),
    "subscribe": lambda away: away.client.subscribe("Prices", {"sent": True}),
    "close": lambda away: away.client.close(),
    "async with": lambda away: away.client.__aexit__(None, None, None),
    "wait_closed": lambda away: away.client.wait_closed(),
    "stream.close": lambda away: away.stream.close(),
    "stream.flush": lambda away: away.stream.flush(),
    "subscription.get": lambda away: away.subscription.get(),
    "subscription.get(0)": lambda away: away.subscription.get(0),
    "async for": lambda away: anext(aiter(away.subscription)),
}


@pytest.mark.parametrize("use", COROUTINES.values(), ids=COROUTINES.keys())
def test_what_is_awaited_on_another_loop_is_refused_before_anything_is_sent(
    away: Away, our_shared_gateway: GatewayProcess, user: str, use: Callable[[Away], Any]
):
    calls: list[Any] = []
    with blocking_peers(our_shared_gateway.url, user, "server") as [server]:
        server.register("Echo", lambda: calls.append("called"))
        away.run(away.client.wait_for_method("Echo"))
        away.run(away.client.register("Offered", lambda: None))
        server.wait_for_method("Offered")
        before = [method.name for method in server.methods()]

        async def elsewhere() -> None:
            await asyncio.wait_for(use(away), DEADLINE)

        with pytest.raises(InteropError, match="belongs to the event loop that it was connected"):
            asyncio.run(elsewhere())
        # It works on, where it belongs, and whatever was sent before this was handled by now.
        away.run(away.client.invoke("Echo"))
        assert calls == ["called"]
        assert [method.name for method in server.methods()] == before
        assert [each.arguments for each in away.stream.subscriptions()] == [{}]


SYNCHRONOUS: dict[str, Callable[[Away], Any]] = {
    "methods": lambda away: away.client.methods(),
    "servers": lambda away: away.client.servers(),
    "methods_for_instance": lambda away: away.client.methods_for_instance({"application": "x"}),
    "on_state_changed": lambda away: away.client.on_state_changed(print),
    "on_method_added": lambda away: away.client.on_method_added(print),
    "push": lambda away: away.stream.push({"n": 1}),
    "subscriptions": lambda away: away.stream.subscriptions(),
    "branches": lambda away: away.stream.branches(),
    "servers of a subscription": lambda away: away.subscription.servers,
    "on_data": lambda away: away.subscription.on_data(print),
    "on_waiting": lambda away: away.subscription.on_waiting(print),
    "close of a subscription": lambda away: away.subscription.close(),
}


@pytest.mark.parametrize("use", SYNCHRONOUS.values(), ids=SYNCHRONOUS.keys())
def test_what_is_not_awaited_works_on_any_loop_while_the_clients_runs(
    away: Away, use: Callable[[Away], Any]
):
    async def elsewhere() -> None:
        use(away)

    asyncio.run(elsewhere())


@pytest.mark.parametrize("use", SYNCHRONOUS.values(), ids=SYNCHRONOUS.keys())
def test_what_needs_a_loop_that_does_not_run_is_refused(away: Away, use: Callable[[Away], Any]):
    away.stop()
    try:
        with pytest.raises(InteropError, match="connected on does not run"):
            in_thread(use, away).result(DEADLINE)
    finally:
        away.start()


def test_a_loop_that_stops_meanwhile_leaves_nobody_waiting(away: Away):
    blocked, may_go = threading.Event(), threading.Event()

    def hold_up() -> None:
        blocked.set()
        assert may_go.wait(DEADLINE)
        away.loop.stop()

    away.loop.call_soon_threadsafe(hold_up)
    assert blocked.wait(DEADLINE)
    asking = in_thread(away.client.on_method_added, print)
    may_go.set()
    try:
        with pytest.raises(InteropError, match="connected on does not run"):
            asking.result(DEADLINE)
    finally:
        away.start()


def test_a_client_whose_loop_has_ended_says_so(our_shared_gateway: GatewayProcess, user: str):
    async def make() -> InteropClient:
        return await connect(our_shared_gateway.url, login=user)

    client = asyncio.run(make())
    with pytest.raises(InteropError, match="connected on does not run"):
        client.methods()

    async def use() -> None:
        await client.invoke("Echo")

    with pytest.raises(InteropError, match="connected on does not run"):
        asyncio.run(use())


def test_a_blocking_client_is_used_from_any_loop(our_shared_gateway: GatewayProcess, user: str):
    with blocking_peers(our_shared_gateway.url, user, "server", "client") as [server, client]:
        server.register("Echo", lambda n: {"n": n})
        stream = server.create_stream("Prices")

        async def use() -> Any:
            subscription = client.subscribe("Prices")
            answer = await asyncio.to_thread(client.invoke, "Echo", {"n": 1})
            stream.push({"n": 2})
            return answer.returned, (await asyncio.to_thread(subscription.get, DEADLINE)).data

        for _ in range(2):
            assert asyncio.run(use()) == ({"n": 1}, {"n": 2})
