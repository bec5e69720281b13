"""Python and JavaScript peers together: every kind of caller with every kind of callee."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, Protocol, TypeVar

import pytest

from dash_interop.client import InteropClient, StreamData, connect, sync
from dash_interop.errors import HandlerFailed
from dash_interop.wire.definitions import MethodDefinition
from tests.client.peers import in_thread, results
from tests.support.gateways import GatewayProcess
from tests.support.js_peer import JsError, JsPeer

T = TypeVar("T")

SECONDS = 20.0
"""Longest wait for a burst."""

WHEN = datetime(2024, 2, 29, 12, 30, 15, 250_000, timezone.utc)


class Peer(Protocol):
    """What the tests do with any kind of peer; all of it blocks. Behaviours are those of JsPeer."""

    def register(self, name: str, behaviour: str) -> None: ...

    def handled(self, name: str, count: int) -> list[Any]: ...

    def wait_method(self, name: str) -> None: ...

    def invoke(self, name: str, args: Any) -> Any: ...

    def invoke_many(self, name: str, args: Sequence[Any]) -> list[Any]:
        """All at once, or as near to it as the kind of peer comes."""
        ...

    def create_stream(self, name: str) -> None: ...

    def wait_subscribed(self, name: str) -> None: ...

    def push(self, name: str, data: Any) -> None: ...

    def push_many(self, name: str, count: int) -> None: ...

    def close_stream(self, name: str) -> None: ...

    def subscribe(self, name: str, arguments: Any) -> Any: ...

    def received(self, handle: Any, count: int) -> list[Any]: ...

    def wait_closed(self, handle: Any) -> None: ...

    def close(self) -> None: ...


class Collected:
    """A list that a thread may wait for."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._changed = threading.Condition()

    def add(self, item: Any) -> None:
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()

    def count(self, number: int) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.items) >= number, SECONDS), (
                f"{len(self.items)} of {number} came in time"
            )
            return list(self.items)


class Late:
    """Keeps ``of`` calls, then answers each in the order of their ``turn``."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[None]] = {}

    async def __call__(self, args: dict[str, Any]) -> dict[str, Any]:
        mine = asyncio.get_running_loop().create_future()
        self._waiting[args["turn"]] = mine
        if len(self._waiting) == args["of"]:
            for turn in sorted(self._waiting):
                self._waiting[turn].set_result(None)
                await asyncio.sleep(0)
        await mine
        return args


class PythonPeer:
    """What both Python clients have in common here."""

    def __init__(self) -> None:
        self._handled: dict[str, Collected] = {}
        self._added: dict[str, threading.Event] = {}
        self._closed: dict[int, threading.Event] = {}
        self.streams: dict[str, Any] = {}

    def handler(self, name: str, behaviour: str) -> tuple[Callable[..., Any], dict[str, Any]]:
        handled = self._handled[name] = Collected()
        late = Late()

        async def answer_late(args: dict[str, Any]) -> dict[str, Any]:
            handled.add(args)
            return await late(args)

        def answer(args: dict[str, Any]) -> dict[str, Any]:
            handled.add(args)
            if behaviour == "raise":
                raise ValueError(args["message"])
            return args

        return (answer_late, {"concurrency": 1000}) if behaviour == "late" else (answer, {})

    def handled(self, name: str, count: int) -> list[Any]:
        return self._handled[name].count(count)

    def stream_handlers(self, name: str) -> dict[str, Any]:
        added = self._added[name] = threading.Event()
        return {"subscription_added_handler": lambda _: added.set()}

    def wait_subscribed(self, name: str) -> None:
        assert self._added[name].wait(SECONDS)

    def listeners(self, handle: Collected) -> dict[str, Any]:
        closed = self._closed[id(handle)] = threading.Event()

        def note(data: StreamData) -> None:
            handle.add(data.data)

        return {"on_data": note, "on_closed": closed.set}

    def received(self, handle: Collected, count: int) -> list[Any]:
        return handle.count(count)

    def wait_closed(self, handle: Collected) -> None:
        assert self._closed[id(handle)].wait(SECONDS)

    def push(self, name: str, data: Any) -> None:
        self.streams[name].push(data)


class AioPeer(PythonPeer):
    """The client for asyncio, on a loop in a thread."""

    def __init__(self, url: str, application: str, user: str) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

        async def open_() -> InteropClient:
            return await connect(url, application=application, login=user)

        self._client = self._run(open_())

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SECONDS)

    def register(self, name: str, behaviour: str) -> None:
        handler, settings = self.handler(name, behaviour)
        self._run(self._client.register(name, handler, **settings))

    def wait_method(self, name: str) -> None:
        self._run(self._client.wait_for_method(name))

    def invoke(self, name: str, args: Any) -> Any:
        return self._run(self._client.invoke(name, args)).returned

    def invoke_many(self, name: str, args: Sequence[Any]) -> list[Any]:
        async def invoke() -> list[Any]:
            calls = (self._client.invoke(name, each) for each in args)
            return [result.returned for result in await asyncio.gather(*calls)]

        return self._run(invoke())

    def create_stream(self, name: str) -> None:
        handlers = self.stream_handlers(name)
        self.streams[name] = self._run(self._client.create_stream(name, **handlers))

    def push_many(self, name: str, count: int) -> None:
        async def push() -> None:
            for n in range(count):
                self.streams[name].push({"n": n})

        self._run(push())

    def close_stream(self, name: str) -> None:
        self._run(self.streams[name].close())

    def subscribe(self, name: str, arguments: Any) -> Collected:
        handle = Collected()
        self._run(self._client.subscribe(name, arguments, **self.listeners(handle)))
        return handle

    def close(self) -> None:
        self._run(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class BlockingPeer(PythonPeer):
    """The client for ordinary code."""

    def __init__(self, url: str, application: str, user: str) -> None:
        super().__init__()
        self._client = sync.connect(url, application=application, login=user)

    def register(self, name: str, behaviour: str) -> None:
        handler, settings = self.handler(name, behaviour)
        self._client.register(name, handler, **settings)

    def wait_method(self, name: str) -> None:
        self._client.wait_for_method(name)

    def invoke(self, name: str, args: Any) -> Any:
        return self._client.invoke(name, args).returned

    def invoke_many(self, name: str, args: Sequence[Any]) -> list[Any]:
        # A thread for each, up to what a machine bears; each takes the next ones in their order.
        threads = 100

        def invoke(first: int) -> list[Any]:
            return [self.invoke(name, each) for each in args[first::threads]]

        answers: list[Any] = [None] * len(args)
        calling = [in_thread(invoke, first) for first in range(threads)]
        for first, found in enumerate(results(calling, SECONDS)):
            answers[first::threads] = found
        return answers

    def create_stream(self, name: str) -> None:
        self.streams[name] = self._client.create_stream(name, **self.stream_handlers(name))

    def push_many(self, name: str, count: int) -> None:
        for n in range(count):
            self.streams[name].push({"n": n})

    def close_stream(self, name: str) -> None:
        self.streams[name].close()

    def subscribe(self, name: str, arguments: Any) -> Collected:
        handle = Collected()
        self._client.subscribe(name, arguments, **self.listeners(handle))
        return handle

    def close(self) -> None:
        self._client.close()


class JavaScriptPeer:
    """The published JavaScript client."""

    def __init__(self, url: str, application: str, user: str) -> None:
        self._peer = JsPeer(url, application, user)
        self.wait_method = self._peer.wait_method
        self.push = self._peer.push
        self.push_many = self._peer.push_many
        self.close_stream = self._peer.close_stream
        self.received = self._peer.wait_received
        self.wait_closed = self._peer.wait_closed
        self.close = self._peer.close

    def register(self, name: str, behaviour: str) -> None:
        self._peer.register(name, behaviour)

    def handled(self, name: str, count: int) -> list[Any]:
        return self._peer.wait_handled(name, count)

    def create_stream(self, name: str) -> None:
        self._peer.create_stream(name)

    def subscribe(self, name: str, arguments: Any) -> int:
        return self._peer.subscribe(name, arguments)

    def invoke(self, name: str, args: Any) -> Any:
        return self._peer.invoke(name, args)["returned"]

    def invoke_many(self, name: str, args: Sequence[Any]) -> list[Any]:
        return [each.get("returned", each) for each in self._peer.invoke_many(name, args)]

    def wait_subscribed(self, name: str) -> None:
        # Requested and added.
        self._peer.wait_stream_events(name, 2)


KINDS: dict[str, Callable[[str, str, str], Peer]] = {
    "aio": AioPeer,
    "blocking": BlockingPeer,
    "js": JavaScriptPeer,
}
PAIRINGS = [f"{caller}-{callee}" for caller in KINDS for callee in KINDS]
PAIRINGS.remove("js-js")

Pair = tuple[Peer, Peer]


@pytest.fixture(scope="module", params=PAIRINGS)
def pair(request: pytest.FixtureRequest, shared_gateway: GatewayProcess) -> Iterator[Pair]:
    """One to call and subscribe, one to answer and publish; shared by the tests of a pairing."""
    caller_kind, _, callee_kind = request.param.partition("-")
    user = f"user-{secrets.token_hex(5)}"
    caller = KINDS[caller_kind](shared_gateway.url, "caller", user)
    try:
        callee = KINDS[callee_kind](shared_gateway.url, "callee", user)
        try:
            yield caller, callee
        finally:
            callee.close()
    finally:
        caller.close()


@pytest.fixture
def name() -> str:
    """Of a method or stream that no other test has."""
    return f"Name-{secrets.token_hex(5)}"


def test_a_call_is_answered_with_what_it_carried(pair: Pair, name: str):
    caller, callee = pair
    callee.register(name, "echo")
    caller.wait_method(name)
    args = {
        "text": "Grüße 🚢 \u2028 \x00",
        "null": None,
        "when": WHEN,
        "dates": [WHEN, {"deep": WHEN}],
        "nested": {"list": [1, -2.5, 1e300, True, {}, []]},
        "": 2**53 - 1,
    }
    assert caller.invoke(name, args) == args
    assert callee.handled(name, 1) == [args]


def test_a_call_without_arguments_has_none(pair: Pair, name: str):
    caller, callee = pair
    callee.register(name, "echo")
    caller.wait_method(name)
    assert caller.invoke(name, None) == {}
    assert callee.handled(name, 1) == [{}]


def test_a_megabyte_goes_there_and_back(pair: Pair, name: str):
    caller, callee = pair
    callee.register(name, "echo")
    caller.wait_method(name)
    args = {"blob": "é" * 500_000, "numbers": list(range(20_000))}
    assert caller.invoke(name, args) == args


def test_what_a_handler_raises_is_an_error_at_the_caller(pair: Pair, name: str):
    caller, callee = pair
    callee.register(name, "raise")
    caller.wait_method(name)
    with pytest.raises((HandlerFailed, JsError), match="no such trade: €"):
        caller.invoke(name, {"message": "no such trade: €"})


@pytest.fixture
def scale(shared_gateway: GatewayProcess, started_gateways: dict[str, GatewayProcess]) -> int:
    """A tenth of a burst is enough for the published gateway: it is not what is tested."""
    return 10 if shared_gateway is started_gateways["ours"] else 1


def test_a_burst_of_calls_loses_none_and_keeps_their_order(pair: Pair, name: str, scale: int):
    caller, callee = pair
    many = 100 * scale
    callee.register(name, "echo")
    caller.wait_method(name)
    calls = [{"n": n} for n in range(many)]
    assert caller.invoke_many(name, calls) == calls
    handled = callee.handled(name, many)
    if isinstance(caller, BlockingPeer):
        # Its threads are in no order among themselves; each keeps its own.
        for first in range(100):
            own = [call for call in handled if call["n"] % 100 == first]
            assert own == calls[first::100]
    else:
        assert handled == calls


def test_answers_in_any_order_reach_their_own_callers(pair: Pair, name: str):
    caller, callee = pair
    callee.register(name, "late")
    caller.wait_method(name)
    calls = [{"of": 100, "turn": turn * 37 % 100, "n": turn} for turn in range(100)]
    assert caller.invoke_many(name, calls) == calls


def test_data_are_pushed_with_all_that_they_carry(pair: Pair, name: str):
    caller, callee = pair
    callee.create_stream(name)
    caller.wait_method(name)
    handle = caller.subscribe(name, {"symbol": "VOD", "since": WHEN})
    callee.wait_subscribed(name)
    data = {"text": "Grüße 🚢", "null": None, "when": [WHEN], "n": 1.5}
    callee.push(name, data)
    assert caller.received(handle, 1) == [data]
    callee.close_stream(name)
    caller.wait_closed(handle)


def test_a_burst_of_data_loses_none_and_keeps_their_order(pair: Pair, name: str, scale: int):
    caller, callee = pair
    many = 2000 * scale
    callee.create_stream(name)
    caller.wait_method(name)
    handle = caller.subscribe(name, {})
    callee.wait_subscribed(name)
    callee.push_many(name, many)
    received = caller.received(handle, many)
    assert [each["n"] for each in received] == list(range(many))


def test_half_of_a_character_costs_no_other_call(
    gateway: GatewayProcess, js_peer: Callable[..., JsPeer], user: str, name: str
):
    # As slice() of JavaScript leaves it behind, where it cuts an emoji into two.
    with sync.connect(gateway.url, application="callee", login=user) as callee:
        callee.register(name, lambda args: args)
        caller = js_peer(gateway.url, "caller")
        caller.wait_method(name)
        calls = [{"n": 1}, {"text": "\ud83d"}, {"n": 2}]
        quick = {"waitTimeoutMs": 1000, "methodResponseTimeoutMs": 1000}
        first, _, last = caller.invoke_many(name, calls, options=quick)
        assert (first.get("returned"), last.get("returned")) == ({"n": 1}, {"n": 2})


def test_a_page_goes_on_calling_a_method_that_is_replaced(
    gateway: GatewayProcess, js_peer: Callable[..., JsPeer], user: str
):
    with sync.connect(gateway.url, application="server", login=user) as server:
        server.register("Which", lambda: {"handler": 0})
        caller = js_peer(gateway.url, "caller")
        caller.wait_method("Which")
        for number in range(1, 6):
            accepts = f"int? n{number}"
            definition = MethodDefinition(name="Which", version=number, accepts=accepts)
            server.register(definition, lambda args, *, own=number: {"handler": own}, replace=True)
            assert caller.invoke("Which")["returned"] == {"handler": number}
