"""The gateway crashes, stops, stalls and comes back: every call ends once, everything returns."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from dash_interop.client import InteropClient, Subscription, connect, sync
from dash_interop.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    InvocationTimeout,
    NotConnected,
    RegistrationError,
    ServerGone,
    SubscriptionError,
)
from dash_interop.gateway.auth import TokenAuthority, read_secret
from dash_interop.router.principals import Principal
from tests.client.peers import Heard, blocking_peers, in_thread, in_time, peers, sees
from tests.support.gateways import GatewayProcess, ours
from tests.support.relay import Relay

BACK_SECONDS = 2.0
"""Promised: so soon after the gateway is back everything is registered again."""

RETURN_SECONDS = 15.0
"""Longest wait for what no time is promised for."""


async def echo(args: dict[str, Any]) -> dict[str, Any]:
    return args


async def kill(gateway: GatewayProcess) -> None:
    await asyncio.to_thread(gateway.kill)


async def restart(gateway: GatewayProcess) -> float:
    """Returns when it listens, and when that was."""
    await asyncio.to_thread(gateway.restart)
    return time.monotonic()


async def reaches(client: InteropClient, *states: str) -> None:
    """Return when a client has been in these states, one after the other."""
    heard = Heard()
    stop = client.on_state_changed(heard.add)
    try:
        if client.state != states[0]:
            await heard.until(lambda items: states[0] in items)
        for state in states[1:]:
            if client.state != state:
                await heard.until(lambda items, state=state: state in items)
    finally:
        stop()


async def flows(stream: Any, subscription: Subscription, data: dict[str, Any]) -> None:
    """Push until it arrives: nobody tells a publisher that all of its subscribers are back."""

    async def arrive() -> None:
        async for each in subscription:
            if each.data == data:
                return

    arriving = asyncio.ensure_future(arrive())
    deadline = time.monotonic() + RETURN_SECONDS
    try:
        while not arriving.done():
            assert time.monotonic() < deadline, "nothing flows"
            stream.push(data)
            await asyncio.wait([arriving], timeout=0.05)
        await arriving
    finally:
        arriving.cancel()


# Crash ---------------------------------------------------------------------------------------


async def test_each_call_ends_once_when_the_gateway_crashes_under_load(
    our_gateway: GatewayProcess, user: str
):
    handled: Counter[str] = Counter()
    answered = Heard()

    async def count(id: str) -> str:
        handled[id] += 1
        await answered.add(id)
        return id

    async def never(id: str) -> None:
        handled[id] += 1
        await asyncio.Event().wait()

    async with peers(our_gateway.url, user, "server", "one", "two") as [server, one, two]:
        await server.register("Count", count, concurrency=4)
        await server.register("Never", never, concurrency=1000)
        stream = await server.create_stream("Prices")
        flowing = Heard()
        await one.subscribe("Prices", on_data=flowing.add)
        await two.wait_for_method("Never")
        ids = [f"{client} {kind} {n}" for client in "12" for kind in "CN" for n in range(300)]
        calls = [
            asyncio.ensure_future(
                (one if id[0] == "1" else two).invoke(
                    "Count" if id[2] == "C" else "Never", {"id": id}
                )
            )
            for id in ids
        ]
        while not flowing.items or len(answered.items) < 50:
            stream.push({"n": 1})
            await asyncio.sleep(0)
        await kill(our_gateway)
        ends = await in_time(asyncio.gather(*calls, return_exceptions=True))

        assert len(ends) == len(ids)
        failed = [end for end in ends if isinstance(end, BaseException)]
        assert {type(end) for end in failed} <= {ConnectionLost, ServerGone}
        assert len(failed) >= 600
        for id, end in zip(ids, ends, strict=True):
            if not isinstance(end, BaseException):
                assert (end.returned, handled[id]) == ({"_value": id}, 1)
        assert set(handled.values()) <= {1}

        # And it is as if nothing had happened.
        listening = await restart(our_gateway)
        again = await in_time(one.invoke("Count", {"id": "again"}))
        assert again.returned == {"_value": "again"}
        assert time.monotonic() - listening < BACK_SECONDS
        assert handled["again"] == 1
        assert all(done.done() for done in calls)


async def test_everything_is_there_again_soon_after_the_gateway(
    our_gateway: GatewayProcess, user: str
):
    names = [f"Method {n}" for n in range(20)]
    async with peers(our_gateway.url, user, "one", "two", "three") as clients:
        for client in clients:
            for name in names:
                await client.register(name, echo)
            await client.create_stream("Prices")

        def sees_all(client: InteropClient) -> bool:
            return all(len(client.servers(name)) == 3 for name in [*names, "Prices"])

        [one, *_] = clients
        for client in clients:
            await sees(client, functools.partial(sees_all, client))
        before = one.instance
        await kill(our_gateway)
        for client in clients:
            await reaches(client, "disconnected")
            assert client.methods() == client.servers() == []
        listening = await restart(our_gateway)
        for client in clients:
            await sees(client, functools.partial(sees_all, client))
        took = time.monotonic() - listening
        assert took < BACK_SECONDS
        assert one.instance["instance"] == before["instance"]
        assert one.instance["peerId"] != before["peerId"]


async def test_subscriptions_flow_again(our_gateway: GatewayProcess, user: str):
    async with peers(our_gateway.url, user, "publisher", "client") as [publisher, client]:
        added, removed, connected_to = Heard(), Heard(), Heard()
        closed, failed = Heard(), Heard()
        stream = await publisher.create_stream(
            "Prices",
            subscription_request_handler=lambda request: request.accept_on_branch("VOD"),
            subscription_added_handler=added.add,
            subscription_removed_handler=removed.add,
        )
        subscription = await client.subscribe(
            "Prices",
            {"symbol": "VOD"},
            on_connected=connected_to.add,
            on_closed=closed.add,
            on_failed=failed.add,
        )
        await added.count(1)
        await kill(our_gateway)
        await removed.count(1)
        await reaches(client, "disconnected")
        assert (subscription.state, subscription.servers) == ("waiting", [])
        assert stream.subscriptions() == stream.branches() == []
        # Nobody is there; that is no error.
        stream.push({"n": "missed"})
        await restart(our_gateway)
        await in_time(connected_to.count(2), RETURN_SECONDS)
        [_, again] = await added.count(2)
        assert again.arguments == {"symbol": "VOD"}
        assert subscription.state == "open"
        stream.push({"n": 1}, "VOD")
        async for data in subscription:
            assert data.data == {"n": 1}
            break
        assert (closed.items, failed.items) == ([], [])


async def test_a_subscription_to_several_publishers_gets_all_of_them_back(
    our_gateway: GatewayProcess, user: str
):
    names = ["client", *(f"publisher {n}" for n in range(6))]
    async with peers(our_gateway.url, user, *names) as [client, *publishers]:
        streams = [await each.create_stream("Prices") for each in publishers]
        await sees(client, lambda: len(client.servers("Prices")) == len(streams))
        heard = Heard()
        subscription = await client.subscribe("Prices", target="all", on_data=heard.add)
        await kill(our_gateway)
        await reaches(client, "disconnected")
        await restart(our_gateway)
        await reaches(client, "connected")
        await sees(client, lambda: len(client.servers("Prices")) == len(streams))
        publishing = asyncio.ensure_future(_push_for_ever(streams))
        try:
            await heard.until(
                lambda items: len({data.server["application"] for data in items}) == len(streams)
            )
        finally:
            publishing.cancel()
        assert len(subscription.servers) == len(streams)


async def _push_for_ever(streams: list[Any]) -> None:
    while True:
        for stream in streams:
            stream.push({"n": 1})
        await asyncio.sleep(0.02)


async def test_listeners_are_told_what_goes_and_what_comes_back(
    our_gateway: GatewayProcess, user: str
):
    async with peers(our_gateway.url, user, "server", "client") as [server, client]:
        await server.register("Echo", echo)
        await client.wait_for_method("Echo")
        told = Heard()

        def listen(event: str) -> None:
            async def note(*arguments: Any) -> None:
                await told.add(event, arguments[0] if event == "state_changed" else len(arguments))

            getattr(client, f"on_{event}")(note)

        for kind in ("added", "removed"):
            for what in ("method", "server", "server_method"):
                listen(f"{what}_{kind}")
        listen("state_changed")
        await told.count(3)
        told.items.clear()
        await kill(our_gateway)
        await told.count(4)
        assert told.items == [
            ("method_removed", 1),
            ("server_method_removed", 2),
            ("server_removed", 1),
            ("state_changed", "disconnected"),
        ]
        told.items.clear()
        await restart(our_gateway)
        await told.count(5)
        assert [item for item in told.items if item[0] == "state_changed"] == [
            ("state_changed", "connecting"),
            ("state_changed", "connected"),
        ]
        assert sorted(item[0] for item in told.items if item[0] != "state_changed") == [
            "method_added",
            "server_added",
            "server_method_added",
        ]


async def test_state_and_error_tell_the_truth(our_gateway: GatewayProcess, user: str):
    async with peers(our_gateway.url, user, "client") as [client]:
        assert (client.state, client.connection_error) == ("connected", None)
        told = Heard()

        async def note(state: str) -> None:
            await told.add(state, client.state)

        client.on_state_changed(note)
        await kill(our_gateway)
        await told.count(1)
        assert told.items == [("disconnected", "disconnected")]
        assert "connection" in (client.connection_error or "")
        # It tries and fails, and that is no news.
        await _until_error(client, "nobody listens")
        assert client.state == "disconnected"
        await restart(our_gateway)
        await told.count(3)
        assert [state for state, _ in told.items] == ["disconnected", "connecting", "connected"]
        assert (client.state, client.connection_error) == ("connected", None)
    assert client.state == "disconnected"


async def _until_error(client: InteropClient, words: str) -> None:
    """Nothing tells of an attempt that failed."""

    async def look() -> None:
        while words not in (client.connection_error or ""):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    await in_time(look())


async def test_a_gateway_that_crashes_again_and_again_loses_nothing(
    our_gateway: GatewayProcess, user: str
):
    async with peers(our_gateway.url, user, "server", "client") as [server, client]:
        await server.register("Echo", echo)
        stream = await server.create_stream("Prices")
        subscription = await client.subscribe("Prices")
        for n in range(3):
            await kill(our_gateway)
            await reaches(client, "disconnected")
            await reaches(server, "disconnected")
            await restart(our_gateway)
            result = await in_time(client.invoke("Echo", {"n": n}), RETURN_SECONDS)
            assert result.returned == {"n": n}
            await flows(stream, subscription, {"round": n})
            assert len(client.servers("Echo")) == 1
            assert len(stream.subscriptions()) == 1


async def test_a_handler_that_outlives_a_crash_does_not_disturb_the_next_call(
    our_gateway: GatewayProcess, user: str
):
    running, may_end = Heard(), asyncio.Event()

    async def slow(n: int) -> int:
        await running.add(n)
        if n < 2:
            await may_end.wait()
        return n

    async with peers(our_gateway.url, user, "server", "client") as [server, client]:
        await server.register("Slow", slow, concurrency=2)
        before = [asyncio.ensure_future(client.invoke("Slow", {"n": n})) for n in range(2)]
        await running.count(2)
        await kill(our_gateway)
        for call in before:
            with pytest.raises(ConnectionLost):
                await in_time(call)
        await restart(our_gateway)
        after = [asyncio.ensure_future(client.invoke("Slow", {"n": n})) for n in range(2, 5)]
        await in_time(client.wait_for_method("Slow"))
        may_end.set()
        results = await in_time(asyncio.gather(*after))
        assert [result.returned["_value"] for result in results] == [2, 3, 4]


async def test_the_client_for_ordinary_code_comes_back_too(our_gateway: GatewayProcess, user: str):
    running = threading.Event()

    def never() -> None:
        running.set()
        threading.Event().wait(10)

    def scenario() -> None:
        with blocking_peers(our_gateway.url, user, "server", "client") as [server, client]:
            server.register("Never", never, response_timeout=1)
            server.register("Echo", lambda args: args)
            stream = server.create_stream("Prices")
            subscription = client.subscribe("Prices")
            call = in_thread(client.invoke, "Never")
            assert running.wait(5)
            our_gateway.kill()
            with pytest.raises(ConnectionLost):
                call.result(5)
            our_gateway.restart()
            assert client.invoke("Echo", {"n": 1}).returned == {"n": 1}
            over = threading.Event()

            def push() -> None:
                while not over.wait(0.02):
                    stream.push({"n": 2})

            pushing = in_thread(push)
            try:
                reading = in_thread(lambda: next(iter(subscription)).data)
                assert reading.result(RETURN_SECONDS) == {"n": 2}
            finally:
                over.set()
                pushing.result(5)

    await asyncio.to_thread(scenario)


# During an outage ----------------------------------------------------------------------------


async def test_what_is_asked_for_during_an_outage_is_done_when_it_is_over(
    our_gateway: GatewayProcess, user: str
):
    async with peers(our_gateway.url, user, "server", "client") as [server, client]:
        await server.register("Withdrawn", echo)
        await client.wait_for_method("Withdrawn")
        await kill(our_gateway)
        await reaches(server, "disconnected")
        await reaches(client, "disconnected")
        await server.unregister("Withdrawn")
        registering = asyncio.ensure_future(server.register("Late", echo, timeout=20))
        creating = asyncio.ensure_future(server.create_stream("Prices", timeout=20))
        calling = asyncio.ensure_future(client.invoke("Late", {"n": 1}, wait_timeout=20))
        waiting = asyncio.ensure_future(client.wait_for_method("Late", 20))
        subscribing = asyncio.ensure_future(client.subscribe("Prices", wait_timeout=20))
        done, _ = await asyncio.wait(
            [registering, creating, calling, waiting, subscribing], timeout=0.2
        )
        assert not done
        await restart(our_gateway)
        await in_time(registering, RETURN_SECONDS)
        stream = await in_time(creating, RETURN_SECONDS)
        assert (await in_time(calling, RETURN_SECONDS)).returned == {"n": 1}
        assert (await in_time(waiting)).name == "Late"
        await flows(stream, await in_time(subscribing), {"n": 1})
        assert client.methods("Withdrawn") == []


async def test_what_is_asked_for_during_an_outage_ends_when_its_own_time_is_up(
    our_gateway: GatewayProcess, user: str
):
    async with peers(our_gateway.url, user, "client") as [client]:
        await client.register("Echo", echo)
        await kill(our_gateway)
        await reaches(client, "disconnected")
        with pytest.raises(RegistrationError, match=r"Late.*0\.1 s: there is no connection"):
            await in_time(client.register("Late", echo, timeout=0.1))
        with pytest.raises(RegistrationError, match="there is no connection"):
            await in_time(client.create_stream("Late", timeout=0.1))
        with pytest.raises(NotConnected, match="Echo"):
            await in_time(client.invoke("Echo", wait_timeout=0.1))
        with pytest.raises(NotConnected, match="Echo"):
            await in_time(client.wait_for_method("Echo", 0.1))
        with pytest.raises(SubscriptionError, match="Prices"):
            await in_time(client.subscribe("Prices", wait_timeout=0.1))
        # What failed is not done after all when the gateway is back.
        await restart(our_gateway)
        await in_time(client.wait_for_method("Echo"), RETURN_SECONDS)
        await client.register("Last", echo)
        assert sorted(method.name for method in client.methods()) == ["Echo", "Last"]


async def test_a_token_that_cannot_be_had_once_does_not_end_the_client(
    gateway_environment: Mapping[str, str], tmp_path: Path, user: str
):
    secret_file = tmp_path / "secret"
    secret_file.write_text("s" * 40)
    secret_file.chmod(0o600)
    authority = TokenAuthority(read_secret(secret_file))
    asked: list[int] = []

    def token() -> str:
        asked.append(1)
        if len(asked) == 2:
            raise RuntimeError("the server of tokens is away")
        return authority.issue(Principal(user))

    with ours(secret_file=secret_file, environment=gateway_environment) as gateway:
        async with connect(gateway.url, token=token) as client:
            await client.register("Echo", echo)
            await kill(gateway)
            await reaches(client, "disconnected")
            await restart(gateway)
            await in_time(client.wait_for_method("Echo"), 5)
            assert len(asked) > 2


async def test_a_token_that_cannot_be_had_is_said_why(our_gateway: GatewayProcess):
    def token() -> str:
        raise RuntimeError("the server of tokens is away")

    with pytest.raises(ConnectionFailed, match="the server of tokens is away"):
        await connect(our_gateway.url, token=token, timeout=0.5)


# No connection -------------------------------------------------------------------------------


async def test_nobody_at_the_gateway_is_an_error_in_time(user: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ConnectionFailed, match=r"nobody listens there.*0\.3 s"):
        await in_time(connect(url, login=user, timeout=0.3).open())


async def test_a_server_that_says_nothing_is_an_error_in_time(user: str):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ConnectionFailed, match=r"cannot connect to .*0\.3 s"):
            await in_time(connect(url, login=user, timeout=0.3).open())


async def test_a_client_may_wait_for_a_gateway_that_starts_later(
    our_gateway: GatewayProcess, user: str
):
    await kill(our_gateway)
    connecting = asyncio.ensure_future(connect(our_gateway.url, login=user, timeout=20).open())
    await restart(our_gateway)
    client = await in_time(connecting, RETURN_SECONDS)
    assert client.state == "connected"
    await client.close()


async def test_a_wrong_token_is_an_error_at_once(our_gateway: GatewayProcess):
    started = time.monotonic()
    with pytest.raises(AuthenticationFailed):
        await in_time(connect(our_gateway.url, token="made up", timeout=30).open())
    assert time.monotonic() - started < 5


# Stop ----------------------------------------------------------------------------------------


async def test_all_comes_back_after_a_graceful_stop(our_gateway: GatewayProcess, user: str):
    names = ["one", "two", "three"]
    async with peers(our_gateway.url, user, *names) as clients:
        streams = {
            client.instance["application"]: await client.create_stream(
                f"Prices {client.instance['application']}"
            )
            for client in clients
        }
        closed, failed = Heard(), Heard()
        subscriptions = [
            (name, await client.subscribe(f"Prices {name}", on_closed=closed.add))
            for client in clients
            for name in names
        ]
        for _, subscription in subscriptions:
            subscription.on_failed(failed.add)
        await asyncio.to_thread(our_gateway.stop)
        for client in clients:
            await reaches(client, "disconnected")
        assert [subscription.state for _, subscription in subscriptions] == ["waiting"] * 9
        await restart(our_gateway)
        await asyncio.gather(
            *(
                flows(streams[name], subscription, {"n": number})
                for number, (name, subscription) in enumerate(subscriptions)
            )
        )
        assert (closed.items, failed.items) == ([], [])


# Stall and half of a connection --------------------------------------------------------------


async def test_a_gateway_that_stalls_holds_up_neither_calls_nor_the_end(
    our_gateway: GatewayProcess, user: str
):
    client = await connect(our_gateway.url, login=user)
    await client.register("Echo", echo)
    await client.wait_for_method("Echo")
    os.kill(our_gateway.pid, signal.SIGSTOP)
    try:
        with pytest.raises(InvocationTimeout):
            await in_time(client.invoke("Echo", response_timeout=0.1))
        with pytest.raises(RegistrationError, match="did not confirm"):
            await in_time(client.register("Late", echo, timeout=0.1))
        with pytest.raises(ConnectionFailed):
            await in_time(connect(our_gateway.url, login=user, timeout=0.2).open())
        await in_time(client.close())
    finally:
        os.kill(our_gateway.pid, signal.SIGCONT)


async def test_a_peer_whose_old_connection_still_seems_open_is_reached_at_its_new_one(
    our_gateway: GatewayProcess, user: str
):
    with Relay(our_gateway.port) as relay:
        url = f"ws://127.0.0.1:{relay.port}"
        async with (
            peers(our_gateway.url, user, "client") as [client],
            peers(url, user, "server") as [server],
        ):
            await server.register("Echo", echo)
            stream = await server.create_stream("Prices")
            await client.wait_for_method("Prices")
            subscription = await client.subscribe("Prices")
            relay.lose_clients()
            await reaches(server, "disconnected", "connected")
            new = server.instance["peerId"]

            def is_seen() -> bool:
                return [each["peerId"] for each in client.servers("Prices")] == [new]

            await sees(client, is_seen)
            for target in ("best", "all"):
                result = await in_time(client.invoke("Echo", {"n": 1}, target))
                assert [each.executed_by["peerId"] for each in result.all_return_values] == [new]
            await flows(stream, await client.subscribe("Prices"), {"n": 1})
            subscription.close()


# The end -------------------------------------------------------------------------------------


async def settled(condition: Any) -> None:
    """Threads and sockets end a little later than what closes them; nothing tells of it."""

    async def look() -> None:
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    try:
        await in_time(look())
    except asyncio.TimeoutError:
        names = [thread.name for thread in threading.enumerate()]
        sockets = psutil.Process().net_connections()
        raise AssertionError(f"left: {asyncio.all_tasks()}, {names}, {sockets}") from None


async def test_nothing_is_left_after_all_clients_are_closed(our_gateway: GatewayProcess, user: str):
    process, tasks = psutil.Process(), asyncio.all_tasks()

    async def use() -> None:
        async with peers(our_gateway.url, user, "server", "client") as [server, client]:
            await server.register("Echo", lambda args: args)
            stream = await server.create_stream("Prices", subscription_added_handler=lambda _: None)
            client.on_method_added(lambda _: None)
            subscription = await client.subscribe("Prices")
            waiting = asyncio.ensure_future(client.invoke("Missing"))
            await client.invoke("Echo", {"n": 1})
            await flows(stream, subscription, {"n": 1})
        with pytest.raises(ConnectionLost):
            await in_time(waiting)

    # The first time, the loop and the interpreter make what they keep.
    await use()
    threads = set(threading.enumerate())
    descriptors = process.num_fds()
    for _ in range(20):
        await use()
    await settled(lambda: asyncio.all_tasks() - {asyncio.current_task()} <= tasks)
    await settled(lambda: set(threading.enumerate()) <= threads)
    await settled(lambda: process.num_fds() <= descriptors)


async def test_nothing_is_left_of_clients_that_were_closed_during_an_outage(
    our_gateway: GatewayProcess, user: str
):
    process = psutil.Process()
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    descriptors = process.num_fds()
    async with peers(our_gateway.url, user, "one", "two") as [one, two]:
        await one.register("Echo", lambda args: args)
        await two.invoke("Echo")
        await asyncio.to_thread(our_gateway.kill)
        await reaches(one, "disconnected")
        waiting = asyncio.ensure_future(two.invoke("Echo"))
        await asyncio.sleep(0)
    with pytest.raises(ConnectionLost):
        await in_time(waiting)
    pool = "asyncio_"
    await settled(lambda: asyncio.all_tasks() - {asyncio.current_task()} <= tasks)
    await settled(
        lambda: {t for t in threading.enumerate() if not t.name.startswith(pool)} <= threads
    )
    # Less those of the gateway's process, which has ended.
    await settled(lambda: process.num_fds() <= descriptors)


def test_nothing_is_left_of_blocking_clients(our_gateway: GatewayProcess, user: str):
    process = psutil.Process()

    def use() -> None:
        with sync.connect(our_gateway.url, login=user) as client:
            client.register("Echo", lambda args: args)
            assert client.invoke("Echo", {"n": 1}).returned == {"n": 1}

    use()
    threads, descriptors = set(threading.enumerate()), process.num_fds()
    for _ in range(20):
        use()

    def is_settled() -> bool:
        return set(threading.enumerate()) <= threads and process.num_fds() <= descriptors

    deadline = time.monotonic() + 5
    while not is_settled():
        assert time.monotonic() < deadline, (threading.enumerate(), process.open_files())
        threading.Event().wait(0.01)
