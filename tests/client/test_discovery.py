"""What a client knows of methods and servers, and what it tells its listeners of them."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from dash_interop.client import Instance, InteropClient, Method
from dash_interop.errors import ConnectionLost, InvocationError, MethodNotFound, RegistrationError
from dash_interop.types import DefinitionDict
from tests.client.peers import Heard, in_time, peers, sees
from tests.support.gateways import GatewayProcess

EVENTS = (
    "method_added",
    "method_removed",
    "server_added",
    "server_removed",
    "server_method_added",
    "server_method_removed",
)


async def nothing() -> None:
    return None


def names(methods: list[Method]) -> list[str]:
    return [method.name for method in methods]


def applications(servers: list[Instance]) -> list[str]:
    return [server["application"] for server in servers]


class Diary(Heard):
    """What a client tells of all events: ``("server_method_added", "server", "Echo")``."""

    def __init__(self, client: InteropClient) -> None:
        super().__init__()
        self.stops = [self._listen(client, event) for event in EVENTS]

    def _listen(self, client: InteropClient, event: str) -> Any:
        async def note(*arguments: Any) -> None:
            shown = [
                each.name if isinstance(each, Method) else each["application"] for each in arguments
            ]
            await self.add(event, *shown)

        return getattr(client, f"on_{event}")(note)


# Asking --------------------------------------------------------------------------------------


async def test_methods_of_all_peers_are_listed_once(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "one", "two") as [one, two]:
        assert one.methods() == []
        await one.register("Mine", nothing)
        await two.register("Shared", nothing)
        await one.register("shared", nothing)
        await two.create_stream("Prices")
        await sees(one, lambda: len(one.methods()) == 3 and len(one.servers("Shared")) == 2)
        assert sorted(name.lower() for name in names(one.methods())) == ["mine", "prices", "shared"]


async def test_methods_with_other_signatures_are_other_methods(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "one", "two", "client") as [one, two, client]:
        await one.register({"name": "Add", "accepts": "int a"}, nothing)
        await two.register({"name": "Add", "accepts": "double a"}, nothing)
        await sees(client, lambda: len(client.methods("Add")) == 2)
        by_accepts = client.methods({"name": "Add", "accepts": "double a"})
        assert [applications(method.get_servers()) for method in by_accepts] == [["two"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, ["Filt", "Other"]),
        ("Filt", ["Filt"]),
        ("filt", ["Filt"]),
        ("Fil", []),
        ({"name": "FILT"}, ["Filt"]),
        ({"accepts": "int a"}, ["Filt"]),
        ({"accepts": "int"}, []),
        ({"returns": "int b"}, ["Filt"]),
        ({"displayName": "A filter"}, ["Filt"]),
        ({"description": "Filters"}, ["Filt"]),
        ({"objectTypes": ["Client"]}, ["Filt"]),
        ({"objectTypes": ["Trade", "Client"]}, ["Filt"]),
        ({"objectTypes": ["Client", "Order"]}, []),
        ({"version": 3}, ["Filt"]),
        ({"name": "Filt", "version": 4}, []),
        ({"supportsStreaming": True}, []),
        ({}, ["Filt", "Other"]),
    ],
)
async def test_methods_are_found_by_any_field(
    our_shared_gateway: GatewayProcess, user: str, wanted: Any, found: list[str]
):
    definition: DefinitionDict = {
        "name": "Filt",
        "accepts": "int a",
        "returns": "int b",
        "displayName": "A filter",
        "description": "Filters",
        "objectTypes": ["Client", "Trade"],
        "version": 3,
    }
    async with peers(our_shared_gateway.url, user, "server", "client") as [server, client]:
        await server.register(definition, nothing)
        await server.register("Other", nothing)
        await sees(client, lambda: len(client.methods()) == 2)
        assert names(client.methods(wanted)) == found
        assert applications(client.servers(wanted)) == (["server"] if found else [])


async def test_a_filter_that_is_none_is_refused(our_shared_gateway: GatewayProcess, user: str):
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        with pytest.raises(RegistrationError, match="colour"):
            client.methods({"colour": "red"})  # pyright: ignore[reportArgumentType]
        with pytest.raises(RegistrationError):
            client.servers({"version": "1"})  # pyright: ignore[reportArgumentType]


async def test_servers_are_those_who_offer_something(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "one", "two", "idle") as [one, two, client]:
        await one.register("A", nothing)
        await two.create_stream("B")
        await sees(client, lambda: len(client.methods()) == 2)
        assert sorted(applications(client.servers())) == ["one", "two"]
        assert applications(client.servers("a")) == ["one"]
        assert applications(client.servers({"supportsStreaming": True})) == ["two"]
        assert client.servers("C") == []


async def test_instances_say_what_they_offer(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Method", nothing)
        await server.create_stream("Stream")
        await sees(client, lambda: len(client.methods()) == 2)
        assert names(server.instance.get_methods()) == ["Method"]
        assert names(server.instance.get_streams()) == ["Stream"]
        assert client.instance.get_methods() == []
        [seen] = client.servers("Method")
        assert names(seen.get_methods()) == ["Method"]
        assert names(seen.get_streams()) == ["Stream"]


async def test_an_instance_is_seen_by_others_as_it_sees_itself(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Method", nothing)
        await client.wait_for_method("Method")
        [seen] = client.servers("Method")
        for key in ("application", "applicationName", "instance", "user", "peerId", "process"):
            assert seen[key] == server.instance[key], key
        assert seen["user"] == user


async def test_methods_of_an_instance_or_of_those_that_match(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "one", "two", "client") as [one, two, client]:
        await one.register("A", nothing)
        await two.register("B", nothing)
        await two.create_stream("C")
        await sees(client, lambda: len(client.methods()) == 3)
        assert names(client.methods_for_instance(one.instance)) == ["A"]
        assert names(client.methods_for_instance({"application": "TWO"})) == ["B", "C"]
        assert names(client.methods_for_instance({"application": re.compile("o")})) == [
            "A",
            "B",
            "C",
        ]
        assert client.methods_for_instance({"application": "nobody"}) == []
        with pytest.raises(InvocationError):
            client.methods_for_instance("one")  # pyright: ignore[reportArgumentType]


async def test_a_method_says_who_offers_it_now(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "one", "two") as [client, one, two]:
        await one.register("Shared", nothing)
        method = await client.wait_for_method("Shared")
        await two.register("Shared", nothing)
        await sees(client, lambda: len(method.get_servers()) == 2)
        assert applications(method.get_servers()) == ["one", "two"]
        await one.close()
        await sees(client, lambda: len(method.get_servers()) == 1)
        assert applications(method.get_servers()) == ["two"]
        await two.close()
        await sees(client, lambda: not client.methods())
        assert method.get_servers() == []


# Waiting -------------------------------------------------------------------------------------


async def test_a_method_is_waited_for(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        waiting = [
            asyncio.ensure_future(client.wait_for_method(wanted))  # pyright: ignore[reportArgumentType]
            for wanted in ("LATE", {"objectTypes": ["Client"]}, {"version": 2})
        ]
        await server.register("Other", nothing)
        await client.wait_for_method("Other")
        assert not any(each.done() for each in waiting)
        await server.register({"name": "Late", "objectTypes": ["Client"], "version": 2}, nothing)
        found = await in_time(asyncio.gather(*waiting))
        assert names(found) == ["Late"] * 3
        # It is there already.
        assert (await in_time(client.wait_for_method("late", 0))).name == "Late"


@pytest.mark.parametrize("seconds", [0, 0.05])
async def test_a_method_that_does_not_come_is_an_error(
    gateway: GatewayProcess, user: str, seconds: float
):
    async with peers(gateway.url, user, "client") as [client]:
        with pytest.raises(MethodNotFound, match=f"Nobody offered Missing within {seconds:g} s"):
            await in_time(client.wait_for_method("Missing", seconds))


async def test_a_wait_that_is_cancelled_is_over(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client") as [client]:
        waiting = asyncio.ensure_future(client.wait_for_method("Late"))
        with pytest.raises(MethodNotFound):
            await client.wait_for_method("Other", 0)
        waiting.cancel()
        await client.register("Late", nothing)
        with pytest.raises(asyncio.CancelledError):
            await waiting


# Events --------------------------------------------------------------------------------------


async def test_events_tell_of_the_first_and_the_last_server(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "one", "two") as [client, one, two]:
        diary = Diary(client)
        await one.register("Shared", nothing)
        await diary.count(3)
        await two.register("Shared", nothing)
        await diary.count(5)
        await one.unregister("Shared")
        await diary.count(7)
        await two.unregister("Shared")
        await diary.count(10)
        assert diary.items == [
            ("server_added", "one"),
            ("method_added", "Shared"),
            ("server_method_added", "one", "Shared"),
            ("server_added", "two"),
            ("server_method_added", "two", "Shared"),
            ("server_method_removed", "one", "Shared"),
            ("server_removed", "one"),
            ("method_removed", "Shared"),
            ("server_method_removed", "two", "Shared"),
            ("server_removed", "two"),
        ]


async def test_a_second_method_of_a_server_is_no_second_server(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "one") as [client, one]:
        diary = Diary(client)
        await one.register("A", nothing)
        await one.register("B", nothing)
        await one.unregister("A")
        await diary.count(7)
        assert diary.items == [
            ("server_added", "one"),
            ("method_added", "A"),
            ("server_method_added", "one", "A"),
            ("method_added", "B"),
            ("server_method_added", "one", "B"),
            ("method_removed", "A"),
            ("server_method_removed", "one", "A"),
        ]


async def test_the_death_of_an_app_is_told_in_order_and_once(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "one", "after") as [client, one, after]:
        await one.register("Only", nothing)
        await client.wait_for_method("Only")
        diary = Diary(client)
        await diary.count(3)
        diary.items.clear()
        await one.close()
        await diary.count(3)
        # Nothing more comes before what comes next.
        await after.register("Next", nothing)
        await diary.count(4)
        assert diary.items[:4] == [
            ("method_removed", "Only"),
            ("server_method_removed", "one", "Only"),
            ("server_removed", "one"),
            ("server_added", "after"),
        ]


async def test_what_an_app_with_several_methods_takes_along_is_told_once_each(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "client", "one") as [client, one]:
        for name in ("A", "B", "C"):
            await one.register(name, nothing)
        await one.create_stream("D")
        await sees(client, lambda: len(client.methods()) == 4)
        diary = Diary(client)
        await diary.count(9)
        diary.items.clear()
        await one.close()
        await diary.until(lambda items: ("server_removed", "one") in items)
        assert diary.items[-1] == ("server_removed", "one")
        removed = [item[-1] for item in diary.items if item[0] == "method_removed"]
        pairs = [item[1:] for item in diary.items if item[0] == "server_method_removed"]
        assert sorted(removed) == ["A", "B", "C", "D"]
        assert sorted(pairs) == [("one", name) for name in "ABCD"]
        assert len(diary.items) == 9


async def test_who_listens_late_is_told_of_what_there_is(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "one", "two") as [client, one, two]:
        await one.register("Shared", nothing)
        await client.wait_for_method("Shared")
        await two.register("Shared", nothing)
        await sees(client, lambda: len(client.servers("Shared")) == 2)
        diary = Diary(client)
        await diary.count(5)
        assert sorted(diary.items) == [
            ("method_added", "Shared"),
            ("server_added", "one"),
            ("server_added", "two"),
            ("server_method_added", "one", "Shared"),
            ("server_method_added", "two", "Shared"),
        ]


async def test_a_plain_listener_is_told_the_same_in_the_same_order(
    gateway: GatewayProcess, user: str
):
    told: list[str] = []
    async with peers(gateway.url, user, "client", "server") as [client, server]:
        client.on_method_added(lambda method: told.append(method.name))
        heard = Heard()
        client.on_method_added(heard.add)
        wanted = [f"M{number}" for number in range(50)]
        for name in wanted:
            await server.register(name, nothing)
        # Told one after the other: the plain one came first.
        await heard.count(50)
        assert told == wanted
        assert names(heard.items) == wanted


async def test_a_listener_that_was_stopped_hears_nothing_more(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "one") as [client, one]:
        diary, staying = Diary(client), Diary(client)
        await one.register("A", nothing)
        await diary.count(3)
        for stop in diary.stops:
            stop()
            stop()
        await one.unregister("A")
        await one.register("B", nothing)
        await staying.count(9)
        assert len(diary.items) == 3


async def test_a_listener_that_fails_does_not_silence_the_others(
    gateway: GatewayProcess, user: str
):
    async def fail(_: Method) -> None:
        raise ValueError("listener")

    def fail_in_thread(_: Method) -> None:
        raise ValueError("listener")

    async with peers(gateway.url, user, "client") as [client]:
        heard = Heard()
        for listener in (fail, fail_in_thread, heard.add):
            client.on_method_added(listener)
        await client.register("A", nothing)
        await client.register("B", nothing)
        assert names(await heard.count(2)) == ["A", "B"]


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()])
async def test_a_plain_listener_cannot_end_the_notifications(
    our_shared_gateway: GatewayProcess, user: str, error: BaseException
):
    def leave(_: Method) -> None:
        raise error

    async with peers(our_shared_gateway.url, user, "client") as [client]:
        heard = Heard()
        client.on_method_added(leave)
        client.on_method_added(heard.add)
        await client.register("A", nothing)
        assert names(await heard.count(1)) == ["A"]


async def test_an_async_listener_that_is_cancelled_does_not_end_the_notifications(
    our_shared_gateway: GatewayProcess, user: str
):
    async def cancelled(_: Method) -> None:
        raise asyncio.CancelledError

    async with peers(our_shared_gateway.url, user, "client") as [client]:
        heard = Heard()
        client.on_method_added(cancelled)
        client.on_method_added(heard.add)
        await client.register("A", nothing)
        assert names(await heard.count(1)) == ["A"]


async def test_a_listener_may_ask_and_call(gateway: GatewayProcess, user: str):
    heard = Heard()
    async with peers(gateway.url, user, "client", "server") as [client, server]:

        async def call(method: Method) -> None:
            await heard.add((await client.invoke(method.name)).executed_by["application"])

        client.on_method_added(call)
        await server.register("A", nothing)
        assert await heard.count(1) == ["server"]


async def test_a_listener_has_to_be_a_function(our_shared_gateway: GatewayProcess, user: str):
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        with pytest.raises(TypeError, match="listener"):
            client.on_method_added("listener")  # pyright: ignore[reportArgumentType]


async def test_a_listener_may_close_its_client(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "server") as [client, server]:
        closed = Heard()

        async def leave(_: Method) -> None:
            await client.close()
            await closed.add()

        waiting = asyncio.ensure_future(client.wait_for_method("Never"))
        client.on_method_added(leave)
        await server.register("A", nothing)
        with pytest.raises(InvocationError, match="closed"):
            await in_time(waiting, 1)


async def test_users_do_not_see_each_other(gateway: GatewayProcess, user: str):
    async with (
        peers(gateway.url, user, "server", "client") as [server, client],
        peers(gateway.url, f"{user}-2", "stranger") as [stranger],
    ):
        diary = Diary(stranger)
        await server.register("Private", nothing)
        await client.wait_for_method("Private")
        await stranger.register("Own", nothing)
        await diary.count(3)
        assert {item[1] for item in diary.items} <= {"stranger", "Own"}
        assert names(stranger.methods()) == ["Own"]


async def test_peers_are_all_others_whether_they_offer_something_or_not(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "server", "silent", "client") as [server, _, client]:
        await server.register("Sum", nothing)
        await client.wait_for_method("Sum")
        assert sorted(peer["application"] for peer in client.peers()) == ["server", "silent"]
        assert [peer["instance"] for peer in client.peers() if peer.get_methods()] == [
            server.instance["instance"]
        ]
        await client.close()
        with pytest.raises(ConnectionLost):
            client.peers()
