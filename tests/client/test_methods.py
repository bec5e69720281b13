"""Methods of the client for asyncio: registered, invoked, answered and withdrawn."""

from __future__ import annotations

import asyncio
import functools
import math
import re
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from dash_interop.client import Instance, InteropClient, MethodDefinition
from dash_interop.errors import (
    ConnectionLost,
    HandlerFailed,
    InvalidArguments,
    InvalidInvoke,
    InvalidResult,
    InvocationError,
    InvocationTimeout,
    MethodNotFound,
    Overloaded,
    RegistrationError,
    ServerGone,
)
from dash_interop.types import DefinitionDict
from tests.client.peers import Heard, in_time, peers, sees
from tests.support.client import connected, until
from tests.support.gateways import GatewayProcess


async def echo(args: dict[str, Any]) -> dict[str, Any]:
    return args


def named(client: InteropClient) -> Any:
    """A handler that says whose it is."""

    async def handler() -> str:
        return client.instance["application"]

    return handler


# Registration --------------------------------------------------------------------------------


async def test_a_method_is_registered_by_its_name(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Echo", echo)
        result = await client.invoke("Echo", {"n": 1})
        assert result.returned == {"n": 1}


async def test_what_a_definition_says_is_seen_by_others(gateway: GatewayProcess, user: str):
    definition: DefinitionDict = {
        "name": "Trades.Show",
        "accepts": "string id, int? count (how many)",
        "returns": "composite: {string id}[] trades",
        "displayName": "Show trades",
        "description": "Shows some",
        "objectTypes": ["Client", "Trade"],
        "version": 2,
        "flags": {"colour": "red"},
    }
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register(definition, echo)
        method = await client.wait_for_method("Trades.Show")
        assert method.name == "Trades.Show"
        assert method.accepts == definition["accepts"]
        assert method.returns == definition["returns"]
        assert method.display_name == "Show trades"
        assert method.description == "Shows some"
        assert method.object_types == ["Client", "Trade"]
        assert method.version == 2
        assert method.flags == {"colour": "red"}
        assert not method.supports_streaming


async def test_a_definition_may_be_an_object(gateway: GatewayProcess, user: str):
    definition = MethodDefinition(name="Echo", description="back")
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register(definition, echo)
        assert (await client.wait_for_method("Echo")).description == "back"
        assert (await client.invoke(definition)).returned == {}


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ({}, "name"),
        ({"accepts": "int a"}, "name"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ("", "name"),
        ("x" * 257, "name"),
        ({"name": "X", "version": "1"}, "version"),
        ({"name": "X", "objectTypes": "Client"}, "objectTypes"),
        ({"name": "X", "objectTypes": [1]}, "objectTypes"),
        ({"name": "X", "flags": []}, "flags"),
        ({"name": "X", "colour": "red"}, "colour"),
        (None, "not usable"),
        (42, "not usable"),
    ],
)
async def test_a_definition_that_is_none_is_refused_in_words(
    our_shared_gateway: GatewayProcess, user: str, definition: Any, says: str
):
    async with peers(our_shared_gateway.url, user, "server") as [server]:
        with pytest.raises(RegistrationError, match=says):
            await server.register(definition, echo)
        assert server.methods() == []


@pytest.mark.parametrize("handler", [None, "handler", 42, {}])
async def test_a_handler_that_cannot_be_called_is_refused(
    our_shared_gateway: GatewayProcess, user: str, handler: Any
):
    async with peers(our_shared_gateway.url, user, "server") as [server]:
        with pytest.raises(RegistrationError, match="has to be a function"):
            await server.register("Echo", handler)
        await server.register("Echo", echo)


async def test_a_handler_with_positional_parameters_is_refused(
    our_shared_gateway: GatewayProcess, user: str
):
    def handler(a: int, /) -> None: ...

    async with peers(our_shared_gateway.url, user, "server") as [server]:
        with pytest.raises(RegistrationError, match="by name"):
            await server.register("Echo", handler)


@pytest.mark.parametrize(
    "settings",
    [
        {"response_timeout": 0},
        {"response_timeout": math.inf},
        {"concurrency": 0},
        {"max_queue": -1},
    ],
)
async def test_settings_that_make_no_sense_are_refused(
    our_shared_gateway: GatewayProcess, user: str, settings: dict[str, Any]
):
    async with peers(our_shared_gateway.url, user, "server") as [server]:
        with pytest.raises(RegistrationError, match=next(iter(settings))):
            await server.register("Echo", echo, **settings)


async def test_a_client_offers_a_name_once_whatever_its_case(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Echo", echo)
        with pytest.raises(RegistrationError, match="registered already"):
            await server.register("ECHO", echo)
        assert (await client.invoke("eCHO", {"n": 1})).returned == {"n": 1}


async def test_a_cell_that_is_run_again_replaces_its_handler_and_no_caller_notices(
    gateway: GatewayProcess, user: str
):
    def cell(number: int) -> Any:
        async def handler(n: int) -> dict[str, int]:
            return {"n": n, "cell": number}

        return handler

    # Each run changes the definition, too.
    definitions = ["Count", {"name": "Count", "description": "Counts"}]
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Count", cell(0))
        await client.wait_for_method("Count")
        seen: list[int] = []

        async def call() -> None:
            while len(set(seen)) < 10:
                result = await client.invoke("Count", {"n": len(seen)}, wait_timeout=0)
                assert result.returned["n"] == len(seen)
                seen.append(result.returned["cell"])

        calling = asyncio.ensure_future(call())
        number = 0
        while not calling.done():
            number += 1
            await server.register(definitions[number % 2], cell(number), replace=True)
        await calling
        assert seen == sorted(seen)


async def test_what_waits_for_its_turn_gets_the_new_handler(gateway: GatewayProcess, user: str):
    started, enough = asyncio.Event(), asyncio.Event()

    async def former() -> str:
        started.set()
        await enough.wait()
        return "former"

    async def new() -> str:
        return "new"

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Which", former)
        calls = [asyncio.ensure_future(client.call("Which")) for _ in range(3)]
        await in_time(started.wait())
        await server.register("Which", new, replace=True)
        enough.set()
        assert await asyncio.gather(*calls) == ["former", "new", "new"]


# The value itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "returned, value",
    [
        (42, 42),
        (None, None),
        ({}, None),
        ([1, 2], [1, 2]),
        ("text", "text"),
        (False, False),
        ({"sum": 42}, {"sum": 42}),
        ({"_value": 1, "unit": "m"}, {"_value": 1, "unit": "m"}),
    ],
)
async def test_call_returns_what_the_handler_returned(
    our_shared_gateway: GatewayProcess, user: str, returned: Any, value: Any
):
    async with peers(our_shared_gateway.url, user, "server", "client") as [server, client]:
        await server.register("Give", lambda: returned)
        assert await client.call("Give") == value
        result = await client.invoke("Give", target="all")
        assert [each.value for each in result.all_return_values] == [value] == [result.value]


async def test_every_keyword_of_call_is_an_argument(our_shared_gateway: GatewayProcess, user: str):
    async with peers(our_shared_gateway.url, user, "server", "client") as [server, client]:
        await server.register("Echo", echo)
        arguments = {"target": "all", "method": 1, "self": 2, "args": 3, "timeout": 4, "a b": 5}
        assert await client.call("Echo", **arguments) == arguments


async def test_call_raises_as_invoke_does(our_shared_gateway: GatewayProcess, user: str):
    async def fail() -> None:
        raise ValueError("no way")

    async with peers(our_shared_gateway.url, user, "server", "client") as [server, client]:
        await server.register("Fail", fail)
        with pytest.raises(HandlerFailed, match="no way"):
            await client.call("Fail")


async def test_a_method_that_is_unregistered_is_not_found_any_more(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register({"name": "Echo", "version": 1}, echo)
        await client.invoke("Echo")
        await server.unregister({"name": "Echo"})
        await sees(client, lambda: not client.methods())
        with pytest.raises(MethodNotFound, match="Echo"):
            await client.invoke("Echo", wait_timeout=0)


async def test_a_method_can_be_registered_again_with_another_handler(
    gateway: GatewayProcess, user: str
):
    async def other() -> str:
        return "other"

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Echo", echo)
        await server.unregister("Echo")
        await server.register("Echo", other)
        await sees(client, lambda: client.methods())
        assert (await client.invoke("Echo")).returned == {"_value": "other"}


async def test_what_is_not_registered_cannot_be_unregistered(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Echo", echo)
        await client.wait_for_method("Echo")
        with pytest.raises(RegistrationError, match="Echo is not registered here"):
            await client.unregister("Echo")
        with pytest.raises(RegistrationError, match="Nothing is not registered here"):
            await server.unregister("Nothing")


async def test_an_invocation_under_way_survives_unregistration(gateway: GatewayProcess, user: str):
    running, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        running.set()
        await may_end.wait()
        return "done"

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Slow", slow)
        call = asyncio.ensure_future(client.invoke("Slow"))
        await in_time(running.wait())
        await server.unregister("Slow")
        may_end.set()
        assert (await in_time(call)).returned == {"_value": "done"}


# Handlers ------------------------------------------------------------------------------------


async def test_a_plain_handler_does_not_hold_up_the_loop(gateway: GatewayProcess, user: str):
    may_end = threading.Event()

    def blocking() -> int:
        assert may_end.wait(20)
        return threading.get_ident()

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Blocking", blocking)
        await server.register("Echo", echo)
        blocked = asyncio.ensure_future(client.invoke("Blocking"))
        try:
            assert (await in_time(client.invoke("Echo", {"n": 1}))).returned == {"n": 1}
            assert not blocked.done()
        finally:
            may_end.set()
        assert (await blocked).returned["_value"] != threading.get_ident()


async def test_an_async_handler_runs_on_the_loop_of_its_client(gateway: GatewayProcess, user: str):
    loop = asyncio.get_running_loop()

    async def handler() -> bool:
        return asyncio.get_running_loop() is loop

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Where", handler)
        assert (await client.invoke("Where")).returned == {"_value": True}


async def test_parameters_get_the_arguments_the_caller_and_the_rest(
    gateway: GatewayProcess, user: str
):
    async def handler(
        args: dict[str, Any], a: int, caller: Instance, b: int = 5, **rest: Any
    ) -> dict[str, Any]:
        return {"args": args, "a": a, "b": b, "caller": caller["application"], "rest": rest}

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("All", handler)
        result = await client.invoke("All", {"a": 1, "c": 3})
        assert result.returned == {
            "args": {"a": 1, "c": 3},
            "a": 1,
            "b": 5,
            "caller": "client",
            "rest": {"c": 3},
        }


async def test_the_order_of_args_and_caller_does_not_matter(gateway: GatewayProcess, user: str):
    def handler(caller: Instance, args: dict[str, Any]) -> str:
        return f"{caller['application']} {args['n']}"

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Who", handler)
        assert (await client.invoke("Who", {"n": 1})).returned == {"_value": "client 1"}


async def test_arguments_that_a_parameter_needs_are_asked_for(gateway: GatewayProcess, user: str):
    ran = Heard()

    async def handler(a: int, b: int, c: int = 0) -> None:
        await ran.add(a)

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Sum", handler)
        with pytest.raises(
            InvalidArguments, match="Sum: argument a is missing; argument b is missing"
        ):
            await client.invoke("Sum", {"c": 1})
        with pytest.raises(InvalidArguments, match="argument b is missing"):
            await client.invoke("Sum", {"a": 1})
        assert ran.items == []
        await client.invoke("Sum", {"a": 1, "b": 2, "unknown": 3})
        assert ran.items == [1]


async def test_handlers_may_be_methods_partials_and_objects(gateway: GatewayProcess, user: str):
    class Adder:
        async def __call__(self, a: int, b: int) -> int:
            return a + b

        def add(self, a: int, b: int) -> int:
            return a + b

    async def add(a: int, b: int) -> int:
        return a + b

    handlers = [Adder(), Adder().add, functools.partial(add, b=2), lambda a, b: a + b]
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        for number, handler in enumerate(handlers):
            await server.register(f"Sum {number}", handler)
            result = await client.invoke(f"Sum {number}", {"a": 1, "b": 2})
            assert result.returned == {"_value": 3}


@dataclass
class Trade:
    id: str
    price: float


@pytest.mark.parametrize(
    ("value", "returned"),
    [
        (None, {}),
        ({}, {}),
        ({"sum": 5}, {"sum": 5}),
        (5, {"_value": 5}),
        (0, {"_value": 0}),
        (False, {"_value": False}),
        ("", {"_value": ""}),
        ("five", {"_value": "five"}),
        ([], {"_value": []}),
        ([1, None], {"_value": [1, None]}),
        ((1, 2), {"_value": [1, 2]}),
        (math.nan, {"_value": None}),
        ({"_value": 1}, {"_value": 1}),
        ({1: "one"}, {"1": "one"}),
    ],
)
async def test_results_that_are_no_dicts_are_wrapped(
    gateway: GatewayProcess, user: str, value: Any, returned: Any
):
    async with peers(gateway.url, user, "server") as [server]:
        await server.register("Give", lambda: value)
        assert (await server.invoke("Give")).returned == returned


async def test_objects_travel_as_the_dict_of_their_fields(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server") as [server]:
        await server.register("Give", lambda trade: {"first": Trade("T1", 1.5), "second": trade})
        returned = (await server.invoke("Give", {"trade": Trade("T2", 2.5)})).returned
        assert returned == {
            "first": {"id": "T1", "price": 1.5},
            "second": {"id": "T2", "price": 2.5},
        }


class Silent(Exception):
    """Says nothing."""


class Broken(Exception):
    """Cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("kind", ["async", "plain"])
@pytest.mark.parametrize(
    ("error", "type_"),
    [
        (ValueError("no such trade: €\nline two"), "ValueError"),
        (KeyError("id"), "KeyError"),
        (Silent(), "Silent"),
        (asyncio.TimeoutError(), "TimeoutError"),
        (InvocationError("elsewhere"), "InvocationError"),
        (Overloaded("elsewhere"), "Overloaded"),
        (InvalidResult("elsewhere"), "InvalidResult"),
    ],
)
async def test_what_a_handler_raises_reaches_the_caller(
    gateway: GatewayProcess, user: str, kind: str, error: Exception, type_: str
):
    def fail() -> None:
        raise error

    async def fail_async() -> None:
        raise error

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Fail", fail if kind == "plain" else fail_async)
        with pytest.raises(HandlerFailed) as caught:
            await in_time(client.invoke("Fail"))
        assert (caught.value.type, caught.value.exception) == ("HandlerFailed", type_)
        assert str(error) in caught.value.message
        [described] = caught.value.all_errors
        assert described["executed_by"]["application"] == "server"
        assert described["message"] == caught.value.message
        # And it is fit for the next one.
        with pytest.raises(HandlerFailed):
            await in_time(client.invoke("Fail"))


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_an_error_that_cannot_be_shown_still_ends_the_call(
    gateway: GatewayProcess, user: str, kind: str
):
    def fail() -> None:
        raise Broken

    async def fail_async() -> None:
        raise Broken

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Fail", fail if kind == "plain" else fail_async)
        with pytest.raises(HandlerFailed, match="Broken"):
            await client.invoke("Fail", response_timeout=1)


@pytest.mark.parametrize(
    "error", [StopIteration("over"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()]
)
async def test_a_plain_handler_cannot_end_its_process(
    gateway: GatewayProcess, user: str, error: BaseException
):
    def leave() -> None:
        raise error

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Leave", leave)
        with pytest.raises(HandlerFailed, match=type(error).__name__):
            await in_time(client.invoke("Leave"))


async def test_a_handler_that_is_cancelled_ends_the_call(gateway: GatewayProcess, user: str):
    async def cancelled() -> None:
        raise asyncio.CancelledError

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Cancelled", cancelled)
        for _ in range(2):
            with pytest.raises(HandlerFailed, match="cancelled"):
                await in_time(client.invoke("Cancelled"))


async def test_a_handler_may_invoke_its_own_client(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:

        async def outer(n: int) -> dict[str, Any]:
            return (await server.invoke("Inner", {"n": n})).returned

        await server.register("Inner", echo)
        await server.register("Outer", outer)
        assert (await client.invoke("Outer", {"n": 1})).returned == {"n": 1}


async def test_a_handler_may_close_its_own_client(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "server", "client") as [server, client]:

        async def leave() -> None:
            await server.close()

        await server.register("Leave", leave)
        await client.wait_for_method("Leave")
        waiting = asyncio.ensure_future(server.invoke("Never offered"))
        with pytest.raises(ServerGone):
            await in_time(client.invoke("Leave"))
        with pytest.raises(ConnectionLost, match="closed"):
            await in_time(waiting, 1)


# Order and load ------------------------------------------------------------------------------


async def test_invocations_are_handled_in_the_order_they_are_made(
    gateway: GatewayProcess, user: str
):
    handled: list[int] = []

    def handler(n: int) -> int:
        handled.append(n)
        return n

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Note", handler)
        results = await asyncio.gather(*(client.invoke("Note", {"n": n}) for n in range(200)))
        assert [result.returned["_value"] for result in results] == list(range(200))
        assert handled == list(range(200))


async def test_one_invocation_runs_at_a_time_unless_more_are_allowed(
    gateway: GatewayProcess, user: str
):
    running = most = 0

    async def handler() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("One", handler)
        await asyncio.gather(*(client.invoke("One") for _ in range(50)))
        assert most == 1


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_so_many_invocations_run_at_a_time_as_are_allowed(
    gateway: GatewayProcess, user: str, kind: str
):
    lock, may_end = threading.Lock(), threading.Event()
    may_end_async, started = asyncio.Event(), Heard()
    loop = asyncio.get_running_loop()
    running = most = 0

    def enter(change: int) -> None:
        nonlocal running, most
        with lock:
            running += change
            most = max(most, running)
        if change > 0:
            asyncio.run_coroutine_threadsafe(started.add(running), loop)

    def plain() -> None:
        enter(1)
        assert may_end.wait(20)
        enter(-1)

    async def on_loop() -> None:
        enter(1)
        await may_end_async.wait()
        enter(-1)

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Three", plain if kind == "plain" else on_loop, concurrency=3)
        calls = [asyncio.ensure_future(client.invoke("Three")) for _ in range(9)]
        try:
            await started.count(3)
        finally:
            may_end.set()
            may_end_async.set()
        await in_time(asyncio.gather(*calls))
        assert most == 3


async def test_an_invocation_too_many_hears_at_once_that_the_method_is_overloaded(
    gateway: GatewayProcess, user: str
):
    may_end, handled = asyncio.Event(), Heard()

    async def slow(n: int) -> int:
        await handled.add(n)
        await may_end.wait()
        return n

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Slow", slow, max_queue=2)
        calls = [asyncio.ensure_future(client.invoke("Slow", {"n": n})) for n in range(5)]
        for late in calls[3:]:
            with pytest.raises(Overloaded, match="Slow is overloaded"):
                await in_time(late)
        assert handled.items == [0]
        may_end.set()
        results = await in_time(asyncio.gather(*calls[:3]))
        assert [result.returned["_value"] for result in results] == [0, 1, 2]


async def test_no_room_to_wait_means_one_runs_and_the_next_is_refused(
    gateway: GatewayProcess, user: str
):
    running, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        running.set()
        await may_end.wait()

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Slow", slow, max_queue=0)
        first = asyncio.ensure_future(client.invoke("Slow"))
        await in_time(running.wait())
        with pytest.raises(Overloaded):
            await in_time(client.invoke("Slow"))
        may_end.set()
        await in_time(first)
        await in_time(client.invoke("Slow"))


async def test_the_time_of_a_handler_can_be_limited(gateway: GatewayProcess, user: str):
    ended: list[str] = []

    async def slow(forever: bool = False) -> str:
        try:
            if forever:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "quick"

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Slow", slow, response_timeout=0.1)
        with pytest.raises(InvocationTimeout, match=r"Slow did not answer within 0\.1 s"):
            await in_time(client.invoke("Slow", {"forever": True}))
        assert (await in_time(client.invoke("Slow"))).returned == {"_value": "quick"}
        assert ended == ["cancelled"]


async def test_an_invocation_whose_turn_does_not_come_in_time_is_not_run(
    gateway: GatewayProcess, user: str
):
    handled: list[int] = []

    async def slow(n: int) -> None:
        handled.append(n)
        await asyncio.Event().wait()

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Slow", slow, response_timeout=0.1)
        calls = [client.invoke("Slow", {"n": n}) for n in range(3)]
        errors = await in_time(asyncio.gather(*calls, return_exceptions=True))
        assert [type(error) for error in errors] == [InvocationTimeout] * 3
        assert "waited 0.1 s for its turn" in str(errors[1])
        assert handled == [0]


async def test_the_late_answer_of_a_thread_is_dropped(gateway: GatewayProcess, user: str):
    may_end = threading.Event()

    def slow(n: int) -> int:
        if n == 0:
            assert may_end.wait(20)
        return n

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Slow", slow, response_timeout=0.1)
        try:
            with pytest.raises(InvocationTimeout):
                await in_time(client.invoke("Slow", {"n": 0}))
        finally:
            may_end.set()
        for n in (1, 2):
            assert (await in_time(client.invoke("Slow", {"n": n}))).returned == {"_value": n}


async def test_a_caller_waits_for_an_answer_as_long_as_it_says(gateway: GatewayProcess, user: str):
    may_end = asyncio.Event()

    async def slow() -> None:
        await may_end.wait()

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Slow", slow)
        with pytest.raises(InvocationTimeout, match=r"Slow did not answer within 0\.05 s"):
            await in_time(client.invoke("Slow", response_timeout=0.05))
        may_end.set()
        await in_time(client.invoke("Slow"))


async def test_a_call_that_is_cancelled_does_not_disturb_others(gateway: GatewayProcess, user: str):
    running, may_end = Heard(), asyncio.Event()

    async def slow(n: int) -> int:
        await running.add(n)
        await may_end.wait()
        return n

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Slow", slow, concurrency=2)
        first, second = (asyncio.ensure_future(client.invoke("Slow", {"n": n})) for n in (1, 2))
        await running.count(2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        may_end.set()
        assert (await in_time(second)).returned == {"_value": 2}


async def test_a_call_that_is_cancelled_while_it_waits_for_a_server_is_not_made(
    gateway: GatewayProcess, user: str
):
    handled: list[int] = []
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        waiting = asyncio.ensure_future(client.invoke("Note", {"n": 1}))
        with pytest.raises(MethodNotFound):
            # When this is over, the first one waits.
            await client.invoke("Other", wait_timeout=0)
        waiting.cancel()
        await server.register("Note", lambda n: handled.append(n))
        await client.invoke("Note", {"n": 2})
        assert handled == [2]


# Whom ----------------------------------------------------------------------------------------


async def test_best_is_the_server_that_registered_first(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "b", "a") as [client, late, early]:
        await early.register("Who", named(early))
        await client.wait_for_method("Who")
        await late.register("Who", named(late))
        await sees(client, lambda: len(client.servers("Who")) == 2)
        for target in (None, "best"):
            result = await client.invoke("Who", target=target)
            assert result.returned == {"_value": "a"}
            assert len(result.all_return_values) == 1


async def test_a_target_chooses_among_the_servers(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "one", "two", "three") as clients:
        [client, *servers] = clients
        for number, server in enumerate(clients, 1):
            await server.register("Who", named(server))
            await sees(client, lambda number=number: len(client.servers("Who")) == number)

        async def invoked(target: Any) -> list[str]:
            values = (await client.invoke("Who", target=target)).all_return_values
            return [value.returned["_value"] for value in values]

        one, two, three = (server.instance for server in servers)
        assert await invoked("all") == ["client", "one", "two", "three"]
        assert await invoked("skipMine") == ["one", "two", "three"]
        assert await invoked(two) == ["two"]
        assert await invoked({"application": "TWO"}) == ["two"]
        assert await invoked({"peerId": three["peerId"]}) == ["three"]
        assert await invoked([{"application": "three"}, one]) == ["one", "three"]
        assert await invoked({"application": re.compile("^t")}) == ["two", "three"]
        assert await invoked([{"application": re.compile("E$", re.I)}]) == ["one", "three"]
        assert await invoked({"application": {"regex": "^T", "flags": "i"}}) == ["two", "three"]
        assert await invoked({"user": user}) == ["client", "one", "two", "three"]
        not_one = [s for s in client.servers("Who") if s["application"] != "one"]
        assert await invoked(not_one) == ["client", "two", "three"]
        assert await invoked({}) == ["client", "one", "two", "three"]


@pytest.mark.parametrize(
    "target, words",
    [
        ("first", "'best', 'all', 'skipMine'"),
        ("ALL", "did you mean 'all'"),
        (7, "'best', 'all', 'skipMine'"),
        ([7], "'best', 'all', 'skipMine'"),
        (True, "'best', 'all', 'skipMine'"),
    ],
)
async def test_what_is_no_target_is_refused_with_those_there_are(
    our_shared_gateway: GatewayProcess, user: str, target: Any, words: str
):
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        await client.register("Echo", echo)
        with pytest.raises(InvalidInvoke, match=words):
            await in_time(client.invoke("Echo", target=target))


async def test_an_empty_list_means_no_server(our_shared_gateway: GatewayProcess, user: str):
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        await client.register("Echo", echo)
        with pytest.raises(InvocationError, match="No server"):
            await in_time(client.invoke("Echo", target=[]))


async def test_a_pattern_that_is_malformed_is_refused(
    our_shared_gateway: GatewayProcess, user: str
):
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        await client.register("Echo", echo)
        with pytest.raises(InvalidInvoke, match="not a valid regular expression"):
            await in_time(client.invoke("Echo", target={"application": {"regex": "("}}))


async def test_a_call_that_nobody_answers_to_is_in_the_log_while_it_waits(
    gateway: GatewayProcess, user: str, caplog: pytest.LogCaptureFixture
):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Echo", echo)
        await sees(client, lambda: client.servers("Echo"))
        calls = [client.invoke("Ehco", wait_timeout=30) for _ in range(2)]
        invoking = asyncio.gather(*calls)
        said = "nobody offers Ehco so far: start what does, or correct the name. On offer: Echo"
        await in_time(until(lambda: said in caplog.text))
        await server.register("Ehco", echo)
        await in_time(invoking)
    assert caplog.text.count("Ehco so far") == 1


@pytest.mark.parametrize("target", ["skipMine", {"application": "nobody"}])
async def test_a_target_that_matches_nobody_is_named(
    gateway: GatewayProcess, user: str, target: Any
):
    async with peers(gateway.url, user, "client") as [client]:
        await client.register("Echo", echo)
        named_in_words = target if isinstance(target, str) else "nobody"
        with pytest.raises(MethodNotFound, match=f"Echo.*{named_in_words}"):
            await client.invoke("Echo", target=target, wait_timeout=0.01)


async def test_a_definition_hits_only_methods_that_have_its_fields(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "client", "plain", "typed") as [client, plain, typed]:
        await plain.register({"name": "Show", "version": 1}, named(plain))
        definition: DefinitionDict = {
            "name": "Show",
            "objectTypes": ["Client", "Trade"],
            "version": 2,
        }
        await typed.register(definition, named(typed))
        await sees(client, lambda: len(client.servers("Show")) == 2)
        for wanted in ({"name": "Show", "objectTypes": ["Client"]}, {"name": "show", "version": 2}):
            result = await client.invoke(wanted, target="all")  # pyright: ignore[reportArgumentType]
            assert [v.returned["_value"] for v in result.all_return_values] == ["typed"]
        with pytest.raises(MethodNotFound):
            await client.invoke({"name": "Show", "objectTypes": ["Order"]}, wait_timeout=0)


# Results -------------------------------------------------------------------------------------


async def test_a_result_says_who_what_and_with_what(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "one", "two") as [client, one, two]:
        await one.register("Who", named(one))
        await client.wait_for_method("Who")
        await two.register("Who", named(two))
        await sees(client, lambda: len(client.servers("Who")) == 2)
        result = await client.invoke("Who", {"n": 1}, "all")
        assert result.returned == {"_value": "one"}
        assert result.executed_by["application"] == "one"
        assert result.method.name == "Who"
        assert result.called_with == {"n": 1}
        assert result.message == ""
        assert result.status == 0
        assert result.all_errors == []
        assert [v.returned for v in result.all_return_values] == [
            {"_value": "one"},
            {"_value": "two"},
        ]
        assert [v.executed_by for v in result.all_return_values] == client.servers("Who")
        assert {v.status for v in result.all_return_values} == {0}
        assert [v.called_with for v in result.all_return_values] == [{"n": 1}] * 2


async def test_servers_that_fail_or_are_late_do_not_take_the_others_along(
    gateway: GatewayProcess, user: str
):
    async def never() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise ValueError("no")

    names = ("client", "failing", "good", "late")
    async with peers(gateway.url, user, *names) as [client, failing, good, late]:
        for server, handler in ((failing, fail), (good, named(good)), (late, never)):
            await server.register("Do", handler)
            await sees(client, lambda server=server: client.methods_for_instance(server.instance))
        result = await in_time(client.invoke("Do", {"n": 1}, "all", response_timeout=0.3))
        assert result.returned == {"_value": "good"}
        assert len(result.all_return_values) == 1
        assert [
            (error["executed_by"]["application"], error["type"]) for error in result.all_errors
        ] == [("failing", "HandlerFailed"), ("late", "Timeout")]
        assert {error["name"] for error in result.all_errors} == {"Do"}
        assert [error["called_with"] for error in result.all_errors] == [{"n": 1}] * 2


async def test_when_all_servers_fail_the_call_fails_with_all_their_errors(
    gateway: GatewayProcess, user: str
):
    async def never() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise ValueError("no")

    async with peers(gateway.url, user, "client", "failing", "late") as [client, failing, late]:
        for server, handler in ((failing, fail), (late, never)):
            await server.register("Do", handler)
            await sees(client, lambda server=server: client.methods_for_instance(server.instance))
        with pytest.raises(HandlerFailed, match="no") as caught:
            await in_time(client.invoke("Do", target="all", response_timeout=0.2))
        assert [error["executed_by"]["application"] for error in caught.value.all_errors] == [
            "failing",
            "late",
        ]


async def test_a_server_that_leaves_fails_its_calls_at_once(gateway: GatewayProcess, user: str):
    running = asyncio.Event()

    async def never() -> None:
        running.set()
        await asyncio.Event().wait()

    async with peers(gateway.url, user, "client", "server") as [client, server]:
        await server.register("Do", never)
        call = asyncio.ensure_future(client.invoke("Do"))
        await in_time(running.wait())
        await server.close()
        with pytest.raises(ServerGone):
            await in_time(call)


async def test_a_stream_is_not_invoked(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "server") as [client, server]:
        await server.create_stream("Prices")
        await client.wait_for_method("Prices")
        with pytest.raises(InvalidInvoke, match="is a stream"):
            await in_time(client.invoke("Prices"))


# Waiting -------------------------------------------------------------------------------------


async def test_a_call_waits_for_a_server(gateway: GatewayProcess, user: str):
    async with peers(gateway.url, user, "client", "server") as [client, server]:
        call = asyncio.ensure_future(client.invoke("Echo", {"n": 1}))
        by_filter = asyncio.ensure_future(
            client.invoke("Echo", {"n": 2}, {"application": "server"}, wait_timeout=20)
        )
        # Its own method does not fit the second target.
        await client.register("Other", echo)
        await server.register("Echo", echo)
        assert (await in_time(call)).returned == {"n": 1}
        assert (await in_time(by_filter)).returned == {"n": 2}


@pytest.mark.parametrize("seconds", [0, 0.05])
async def test_a_call_does_not_wait_longer_than_it_says(
    gateway: GatewayProcess, user: str, seconds: float
):
    async with peers(gateway.url, user, "client") as [client]:
        with pytest.raises(MethodNotFound, match=f"Missing.*'all'.*waited {seconds:g} s"):
            await in_time(client.invoke("Missing", target="all", wait_timeout=seconds))


@pytest.mark.parametrize(
    "times",
    [
        {"wait_timeout": -1},
        {"wait_timeout": math.nan},
        {"wait_timeout": math.inf},
        {"response_timeout": 0},
        {"response_timeout": -1},
        {"response_timeout": math.inf},
    ],
)
async def test_times_that_make_no_sense_are_refused(
    our_shared_gateway: GatewayProcess, user: str, times: Any
):
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        await client.register("Echo", echo)
        with pytest.raises(InvalidInvoke, match=next(iter(times))):
            await client.invoke("Echo", **times)


# Values --------------------------------------------------------------------------------------


async def test_dates_travel_both_ways_with_milliseconds(gateway: GatewayProcess, user: str):
    seen = Heard()

    async def handler(args: dict[str, Any]) -> dict[str, Any]:
        await seen.add(args)
        return {"later": args["when"] + timedelta(days=1), "list": [args["when"]]}

    cet = timezone(timedelta(hours=1))
    when = datetime(2024, 2, 29, 12, 30, 15, 250_999, cet)
    utc = datetime(2024, 2, 29, 11, 30, 15, 250_000, timezone.utc)
    async with peers(gateway.url, user, "client", "server") as [client, server]:
        await server.register("Later", handler)
        result = await client.invoke("Later", {"when": when})
        assert seen.items == [{"when": utc}]
        assert result.returned == {"later": utc + timedelta(days=1), "list": [utc]}
        assert result.returned["later"].utcoffset() == timedelta(0)


async def test_dates_before_1970_and_without_a_zone_travel(gateway: GatewayProcess, user: str):
    naive = datetime(2024, 7, 1, 12)
    old = datetime(1901, 12, 13, 20, 45, 51, 999_000, timezone.utc)
    async with peers(gateway.url, user, "server") as [server]:
        await server.register("Echo", echo)
        returned = (await server.invoke("Echo", {"naive": naive, "old": old})).returned
        assert returned == {"naive": naive.astimezone(), "old": old}


async def test_text_that_looks_like_a_date_stays_text(gateway: GatewayProcess, user: str):
    texts = {"a": "#T42_DATE#", "b": "#T42_DATE#soon", "c": "x#T42_DATE#0", "d": "#T42_DATE#9" * 9}
    async with peers(gateway.url, user, "server") as [server]:
        await server.register("Echo", echo)
        assert (await server.invoke("Echo", texts)).returned == texts


async def test_values_come_back_as_they_went(gateway: GatewayProcess, user: str):
    nested: Any = "core"
    for _ in range(100):
        nested = {"in": [nested]}
    values = {
        "text": 'Grüße 🚢 \u2028 \x00 \\ " \x7f 中',
        "null": None,
        "": {"": ""},
        "key with 🚢 and .": 1,
        "numbers": [0, -1, 1.5, 1e300, -1e-300, 2**53 - 1, -(2**53) + 1],
        "bools": [True, False],
        "empty": [{}, [], ""],
        "nested": nested,
    }
    async with peers(gateway.url, user, "client", "server") as [client, server]:
        await server.register("Echo", echo)
        assert (await client.invoke("Echo", values)).returned == values


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**63 - 1, 2**70])
async def test_integers_that_pages_would_round_are_refused(
    our_shared_gateway: GatewayProcess, user: str, number: int
):
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        await client.register("Echo", echo)
        with pytest.raises(InvalidArguments, match=r"args\.n\[1\] is an int beyond 2\*\*53 - 1"):
            await client.invoke("Echo", {"n": [1, number]})


async def test_a_megabyte_travels_both_ways(gateway: GatewayProcess, user: str):
    values = {"text": "x" * 1_000_000, "numbers": list(range(10_000))}
    async with peers(gateway.url, user, "client", "server") as [client, server]:
        await server.register("Echo", echo)
        assert (await client.invoke("Echo", values)).returned == values


@pytest.mark.parametrize("args", [5, "text", [1], {1, 2}, True, 0, "", []])
async def test_arguments_that_are_no_dict_are_refused(
    our_shared_gateway: GatewayProcess, user: str, args: Any
):
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        await client.register("Echo", echo)
        with pytest.raises(InvalidArguments, match="dict"):
            await client.invoke("Echo", args)


def circle() -> dict[str, Any]:
    itself: dict[str, Any] = {}
    itself["itself"] = itself
    return itself


UNFIT = [{"x": object()}, {"x": threading.Lock()}, {"x": "\ud800"}, circle()]


@pytest.mark.parametrize("value", UNFIT, ids=["object", "lock", "surrogate", "circle"])
async def test_arguments_that_cannot_travel_are_refused(
    our_shared_gateway: GatewayProcess, user: str, value: Any
):
    handled: list[Any] = []
    async with peers(our_shared_gateway.url, user, "client") as [client]:
        await client.register("Note", lambda args: handled.append(args))
        with pytest.raises(InvalidArguments, match="cannot travel"):
            await client.invoke("Note", value)
        await client.invoke("Note", {"n": 1})
        assert handled == [{"n": 1}]


@pytest.mark.parametrize("value", UNFIT, ids=["object", "lock", "surrogate", "circle"])
async def test_a_result_that_cannot_travel_is_an_invalid_one(
    gateway: GatewayProcess, user: str, value: Any
):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Give", lambda: value)
        for _ in range(2):
            with pytest.raises(InvalidResult, match="The result cannot travel"):
                await in_time(client.invoke("Give"))


async def test_an_error_with_half_an_emoji_reaches_the_caller(gateway: GatewayProcess, user: str):
    def cut() -> None:
        raise ValueError("\ud83d")

    async with peers(gateway.url, user, "server", "client") as [server, client]:
        await server.register("Cut", cut)
        with pytest.raises(HandlerFailed, match="ValueError: \ufffd"):
            await in_time(client.invoke("Cut"))


async def test_arguments_are_taken_as_they_are_when_the_call_is_made(
    gateway: GatewayProcess, user: str
):
    async with peers(gateway.url, user, "server", "client") as [server, client]:
        args = {"n": 1}
        call = asyncio.ensure_future(client.invoke("Echo", args))
        await asyncio.sleep(0)
        args["n"] = 2
        await server.register("Echo", echo)
        assert (await in_time(call)).returned == {"n": 1}


# What others send ----------------------------------------------------------------------------

# Deeper than dates are looked for; until Python 3.12, each level took two of its frames.
DEPTH = 600 if sys.version_info < (3, 12) else 960
DEEP_DATE = '{"a":' * DEPTH + '"#T42_DATE#0"' + "}" * DEPTH
TOO_BIG = '{"n":1e999}'
CAREFUL_TEXT = pytest.mark.parametrize("text", [DEEP_DATE, TOO_BIG], ids=["deep", "number"])


def frame(**fields: Any) -> str:
    """A frame as text; of its values those are JSON that are in no quotes of ``repr``."""
    return "{" + ",".join(f'"{key}":{value}' for key, value in fields.items()) + "}"


@CAREFUL_TEXT
async def test_arguments_that_cannot_be_read_are_an_error_at_their_sender(
    our_shared_gateway: GatewayProcess, user: str, text: str
):
    url = our_shared_gateway.url
    async with peers(url, user, "server") as [server], connected(url, user) as foreign:
        await server.register("Echo", echo, response_timeout=1)
        told = await foreign.receive("methods-added")
        await foreign.socket.send(
            frame(
                domain='"agm"',
                type='"call"',
                request_id='"1"',
                peer_id=f'"{foreign.peer_id}"',
                server_id=f'"{told["server_id"]}"',
                method_id=f'"{told["methods"][0]["id"]}"',
                arguments_kv=text,
            )
        )
        answer = await foreign.receive("error")
        assert "did not answer" not in answer["reason"]
        # And it is fit for the next one.
        assert (await in_time(server.invoke("Echo", {"n": 1}))).returned == {"n": 1}


@CAREFUL_TEXT
async def test_a_result_that_cannot_be_read_ends_the_call_and_nothing_else(
    our_shared_gateway: GatewayProcess, user: str, text: str
):
    url = our_shared_gateway.url
    async with peers(url, user, "client") as [client], connected(url, user) as foreign:
        await foreign.register("Give")
        await client.register("Echo", echo)
        call = asyncio.ensure_future(client.invoke("Give"))
        asked = await foreign.receive("invoke")
        await foreign.socket.send(
            frame(
                domain='"agm"',
                type='"yield"',
                peer_id=f'"{foreign.peer_id}"',
                invocation_id=f'"{asked["invocation_id"]}"',
                result=text,
            )
        )
        with pytest.raises(InvocationError):
            await in_time(call, 1)
        assert (await in_time(client.invoke("Echo", {"n": 1}))).returned == {"n": 1}


async def test_integers_keep_all_their_digits(gateway: GatewayProcess, user: str):
    numbers = [2**53 + 1, 2**63 - 1, -(2**63), 2**70]
    async with (
        peers(gateway.url, user, "client") as [client],
        connected(gateway.url, user) as foreign,
    ):
        await foreign.register("Give")
        call = asyncio.ensure_future(client.invoke("Give"))
        asked = await foreign.receive("invoke")
        await foreign.socket.send(
            frame(
                domain='"agm"',
                type='"yield"',
                peer_id=f'"{foreign.peer_id}"',
                invocation_id=f'"{asked["invocation_id"]}"',
                result=f'{{"n":{numbers}}}',
            )
        )
        assert (await in_time(call)).returned == {"n": numbers}
