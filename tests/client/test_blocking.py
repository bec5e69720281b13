"""The client for ordinary code: what the one for asyncio does, from any thread, never hanging."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from dash_interop.client import InteropClient, Stream, Subscription, connect, sync
from dash_interop.client.publishing import StreamBase
from dash_interop.client.subscribing import SubscriptionBase
from dash_interop.errors import (
    ConnectionFailed,
    ConnectionLost,
    HandlerFailed,
    InteropError,
    InvocationError,
    MessageTooLarge,
    MethodNotFound,
    RegistrationError,
    SubscriptionError,
)
from tests.client.peers import DEADLINE, blocking_peers, in_thread, results
from tests.support.gateways import GatewayProcess

ROOT = Path(__file__).resolve().parents[2]


def echo(args: dict[str, Any]) -> dict[str, Any]:
    return args


def wait_until(condition: Callable[[], object]) -> None:
    """Ask again and again, where nothing tells; fails when it takes too long."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {inspect.getsource(condition)}"
        threading.Event().wait(0.005)


# The same as the client for asyncio ----------------------------------------------------------

PLUMBING = {"until_there_is"}
"""What the blocking classes do in their own way, and users do not call."""


def public(class_: type[Any]) -> dict[str, Any]:
    return {
        name: member
        for name, member in inspect.getmembers(class_)
        if not name.startswith("_") and name not in PLUMBING
    }


def parameters(function: Any) -> list[tuple[Any, ...]]:
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in inspect.signature(function).parameters.values()
    ]


@pytest.mark.parametrize(
    ("blocking", "aio"),
    [
        (sync.InteropClient, InteropClient),
        (sync.Stream, Stream),
        (sync.Subscription, Subscription),
    ],
    ids=["client", "stream", "subscription"],
)
def test_names_parameters_and_defaults_are_those_of_the_client_for_asyncio(
    blocking: type[Any], aio: type[Any]
):
    here, there = public(blocking), public(aio)
    if blocking is not sync.InteropClient:
        # What they inherit is the same by itself, some of it for the client alone.
        inherited = public(StreamBase if blocking is sync.Stream else SubscriptionBase)
        here = {name: member for name, member in here.items() if inherited.get(name) != member}
        there = {name: member for name, member in there.items() if inherited.get(name) != member}
    assert here.keys() - {"push"} == there.keys() - {"push"}
    for name in here:
        if callable(here[name]) and name in there:
            assert parameters(here[name]) == parameters(there[name]), name
            assert not inspect.iscoroutinefunction(here[name]), name


def test_connect_takes_what_the_one_for_asyncio_takes():
    assert parameters(sync.connect) == parameters(connect)


# What it does --------------------------------------------------------------------------------


def test_methods_are_registered_invoked_and_unregistered(gateway: GatewayProcess, user: str):
    async def echo_async(args: dict[str, Any]) -> dict[str, Any]:
        return args

    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        server.register("Plain", echo)
        server.register({"name": "Async", "version": 1}, echo_async)
        when = datetime(2024, 2, 29, tzinfo=timezone.utc)
        for name in ("Plain", "Async"):
            result = client.invoke(name, {"n": 1, "when": when})
            assert result.returned == {"n": 1, "when": when}
            assert result.executed_by["application"] == "server"
        server.unregister("Plain")
        with pytest.raises(RegistrationError, match="not registered"):
            server.unregister("Plain")
        with pytest.raises(MethodNotFound):
            client.invoke("Plain", target={"application": "nobody"}, wait_timeout=0)


def test_call_replace_and_peers_are_those_of_the_client_for_asyncio(
    gateway: GatewayProcess, user: str
):
    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        server.register("Sum", lambda a, b: a + b)
        assert client.call("Sum", a=37, b=5) == 42
        with pytest.raises(RegistrationError, match="replace=True"):
            server.register("Sum", lambda a, b: a * b)
        server.register("Sum", lambda a, b: a * b, replace=True)
        assert client.call("Sum", a=37, b=5) == 185
        assert [peer["application"] for peer in client.peers()] == ["server"]


def test_errors_are_raised_where_the_call_was_made(gateway: GatewayProcess, user: str):
    def fail() -> None:
        raise ValueError("no such trade")

    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        server.register("Fail", fail)
        with pytest.raises(HandlerFailed, match="no such trade") as caught:
            client.invoke("Fail")
        assert caught.value.exception == "ValueError"
        with pytest.raises(MethodNotFound, match="Nobody offered"):
            client.wait_for_method("Nothing", 0)
        with pytest.raises(SubscriptionError, match="No server"):
            client.subscribe("Nothing", wait_timeout=0)
        with pytest.raises(RegistrationError, match="function"):
            client.register("X", None)  # pyright: ignore[reportArgumentType]


def test_discovery_and_its_events(gateway: GatewayProcess, user: str):
    told: list[str] = []
    added, removed = threading.Event(), threading.Event()
    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:

        def note(method: Any) -> None:
            told.append(method.name)
            added.set()

        client.on_method_removed(lambda _: removed.set())
        stop = client.on_method_added(note)
        server.register("Shown", echo)
        assert added.wait(DEADLINE)
        assert client.wait_for_method("shown").name == "Shown"
        assert [each["application"] for each in client.servers("Shown")] == ["server"]
        assert [each.name for each in client.methods_for_instance(server.instance)] == ["Shown"]
        assert [each.name for each in server.instance.get_methods()] == ["Shown"]
        stop()
        server.unregister("Shown")
        assert removed.wait(DEADLINE)
        assert (client.methods(), told) == ([], ["Shown"])


def test_a_stream_is_iterated_until_it_is_closed(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = publisher.create_stream(
            "Prices",
            subscription_request_handler=lambda request: request.accept_on_branch("VOD"),
            subscription_added_handler=lambda theirs: theirs.push({"n": "snapshot"}),
        )
        subscription = client.subscribe("Prices", {"symbol": "VOD"})
        wait_until(lambda: stream.branch("VOD"))
        taken: list[Any] = []
        for data in subscription:
            taken.append(data.data["n"])
            if data.data["n"] == "snapshot":
                for n in range(3):
                    stream.push({"n": n}, "VOD")
                stream.flush()
            elif data.data["n"] == 2:
                stream.close()
        assert taken == ["snapshot", 0, 1, 2]
        assert subscription.state == "closed"


def test_an_iteration_raises_what_a_subscription_fails_by(
    our_shared_gateway: GatewayProcess, user: str
):
    with blocking_peers(our_shared_gateway.url, user, "publisher", "client") as clients:
        [publisher, client] = clients
        stream = publisher.create_stream("Prices")
        subscription = client.subscribe("Prices")
        wait_until(stream.subscriptions)
        # One more than may wait.
        for n in range(100_001):
            stream.push({"n": n})
        wait_until(lambda: subscription.state == "closed")
        taken: list[int] = []
        with pytest.raises(SubscriptionError, match="wait for their listeners"):
            for data in subscription:
                taken.append(data.data["n"])
        assert taken == list(range(100_000))


def test_a_push_waits_when_too_much_waits_to_be_sent(our_shared_gateway: GatewayProcess, user: str):
    held, may_go = threading.Event(), threading.Event()

    async def hold_up() -> None:
        held.set()
        assert may_go.wait(20)

    with blocking_peers(our_shared_gateway.url, user, "publisher", "client") as clients:
        [publisher, client] = clients
        publisher.register("Hold up", hold_up)
        stream = publisher.create_stream("Prices")
        blob, pushed = "x" * 2_000_000, []

        def push() -> None:
            for n in range(12):
                stream.push({"blob": blob}, "nobody")
                pushed.append(n)

        holding = in_thread(client.invoke, "Hold up")
        try:
            # Its loop does nothing from here on.
            assert held.wait(DEADLINE)
            pushing = in_thread(push)
            wait_until(lambda: len(pushed) == 8)
            with pytest.raises(concurrent.futures.TimeoutError):
                pushing.result(0.2)
            assert len(pushed) == 8
        finally:
            may_go.set()
        pushing.result(DEADLINE)
        assert len(pushed) == 12
        holding.result(DEADLINE)


def test_data_too_large_for_any_wait_is_refused(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "publisher") as [publisher]:
        stream = publisher.create_stream("Prices")
        blob = "x" * (16 * 1024 * 1024)
        with pytest.raises(MessageTooLarge, match="16777227 bytes .* 16777216 "):
            in_thread(stream.push, {"blob": blob}).result(3)


# Threads -------------------------------------------------------------------------------------


def test_threads_share_a_client_and_each_gets_its_own_answers(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        server.register("Echo", echo, concurrency=8)

        def call(thread: int) -> list[Any]:
            return [client.invoke("Echo", {"thread": thread, "n": n}).returned for n in range(30)]

        answers = results(in_thread(call, thread) for thread in range(8))
        for thread, answer in enumerate(answers):
            assert answer == [{"thread": thread, "n": n} for n in range(30)]


def test_threads_use_everything_at_once(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        stream = server.create_stream("Prices")

        def use(thread: int) -> str:
            name = f"Method {thread}"
            for n in range(10):
                server.register(name, echo)
                subscription = client.subscribe("Prices")
                assert client.invoke(name, {"n": n}).returned == {"n": n}
                assert client.methods(name)
                stream.push({"n": n})
                subscription.close()
                server.unregister(name)
            return name

        assert results(in_thread(use, each) for each in range(6)) == [
            f"Method {each}" for each in range(6)
        ]


def test_an_instance_answers_any_thread_while_its_methods_change(
    our_shared_gateway: GatewayProcess, user: str
):
    with blocking_peers(our_shared_gateway.url, user, "server") as [server]:
        for n in range(300):
            server.register(f"Staying {n}", echo)
        over = threading.Event()

        def ask() -> int:
            asked = 0
            while not over.is_set():
                assert len(server.instance.get_methods()) >= 300
                asked += 1
            return asked

        asking = [in_thread(ask) for _ in range(2)]
        usual = sys.getswitchinterval()
        # The threads take turns in the middle of an answer, and a registration is not kept waiting.
        sys.setswitchinterval(1e-5)
        try:
            for n in range(150):
                server.register(f"Passing {n}", echo)
        finally:
            sys.setswitchinterval(usual)
            over.set()
        assert min(results(asking)) > 0


def test_a_plain_handler_may_use_its_own_client(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        server.register("Inner", echo)
        server.register("Outer", lambda n: server.invoke("Inner", {"n": n}).returned)
        assert client.invoke("Outer", {"n": 1}).returned == {"n": 1}


def test_an_async_handler_that_would_wait_for_itself_gets_an_error(
    gateway: GatewayProcess, user: str
):
    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:

        async def outer() -> None:
            server.invoke("Inner")

        async def leave() -> None:
            server.close()

        server.register("Inner", echo)
        server.register("Outer", outer)
        server.register("Leave", leave)
        for name in ("Outer", "Leave"):
            with pytest.raises(HandlerFailed, match="would wait for itself"):
                in_thread(client.invoke, name).result(DEADLINE)
        assert client.invoke("Inner", {"n": 1}).returned == {"n": 1}


def test_an_async_handler_may_ask_its_own_client_what_needs_no_wait(
    gateway: GatewayProcess, user: str
):
    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        stream = server.create_stream("Prices")

        async def look() -> list[str]:
            stream.push({"n": 1})
            return [each.name for each in server.methods()]

        server.register("Look", look)
        subscription = client.subscribe("Prices")
        wait_until(stream.subscriptions)
        seen = in_thread(client.invoke, "Look").result(DEADLINE)
        assert seen.returned == {"_value": ["Prices", "Look"]}
        assert next(iter(subscription)).data == {"n": 1}


def test_an_async_listener_that_would_wait_for_itself_does_not_hang(
    gateway: GatewayProcess, user: str
):
    errors: list[BaseException] = []
    done = threading.Event()
    with blocking_peers(gateway.url, user, "client") as [client]:

        async def listen(_: Any) -> None:
            try:
                client.invoke("Echo")
            except InteropError as error:
                errors.append(error)
            done.set()

        client.on_method_added(listen)
        client.register("Echo", echo)
        assert done.wait(DEADLINE)
        assert "would wait for itself" in str(errors[0])


# Interruption --------------------------------------------------------------------------------


def test_ctrl_c_ends_a_call_and_nothing_else(gateway: GatewayProcess, user: str):
    may_end = threading.Event()

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert may_end.wait(20)

    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        server.register("Interrupt", interrupt)
        server.register("Echo", echo)
        client.wait_for_method("Interrupt")
        try:
            with pytest.raises(KeyboardInterrupt):
                client.invoke("Interrupt")
            assert client.invoke("Echo", {"n": 1}).returned == {"n": 1}
        finally:
            may_end.set()


def test_ctrl_c_ends_an_iteration_and_nothing_is_lost(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "publisher", "client") as [publisher, client]:
        stream = publisher.create_stream("Prices")
        subscription = client.subscribe("Prices")
        wait_until(stream.subscriptions)
        main = threading.main_thread().ident
        assert main is not None

        def is_waiting() -> bool:
            frame = sys._current_frames()[main]
            files = {caller.filename for caller in traceback.extract_stack(frame)}
            return frame.f_code.co_name == "wait" and sync.__file__ in files

        def interrupt() -> None:
            # Of that wait nobody tells.
            wait_until(is_waiting)
            os.kill(os.getpid(), signal.SIGINT)

        interrupting = in_thread(interrupt)
        with pytest.raises(KeyboardInterrupt):
            for _ in subscription:
                raise AssertionError("nothing was pushed")
        interrupting.result(DEADLINE)
        stream.push({"n": 1})
        assert next(iter(subscription)).data == {"n": 1}


# The end -------------------------------------------------------------------------------------


def test_nobody_at_the_gateway_is_an_error_in_time(user: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
    before = set(threading.enumerate())
    with pytest.raises(ConnectionFailed, match=r"nobody listens.*0\.2 s"):
        sync.connect(url, login=user, timeout=0.2)
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_no_thread_is_left_after_close(gateway: GatewayProcess, user: str):
    before = set(threading.enumerate())
    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        server.register("Echo", echo, concurrency=4)
        client.on_method_added(lambda _: None)
        results(in_thread(client.invoke, "Echo") for _ in range(10))
    wait_until(lambda: set(threading.enumerate()) <= before)


def closed_client(url: str, user: str) -> tuple[sync.InteropClient, Any, Any]:
    client = sync.connect(url, application="closed", login=user)
    client.register("Echo", echo)
    stream = client.create_stream("Prices")
    subscription = client.subscribe("Prices")
    client.close()
    return client, stream, subscription


def test_a_closed_client_says_so_whatever_is_asked(gateway: GatewayProcess, user: str):
    client, stream, _ = closed_client(gateway.url, user)
    uses: list[Callable[[], Any]] = [
        lambda: client.register("X", echo),
        lambda: client.unregister("Echo"),
        lambda: client.invoke("Echo"),
        lambda: client.wait_for_method("Echo"),
        lambda: client.create_stream("X"),
        lambda: client.subscribe("Prices"),
        lambda: client.methods(),
        lambda: client.servers(),
        lambda: client.methods_for_instance({}),
        lambda: client.on_method_added(print),
        lambda: client.on_state_changed(print),
        lambda: stream.flush(),
        lambda: stream.close(),
        lambda: stream.push({"n": 1}),
        lambda: stream.push({"n": 2}),
    ]
    for use in uses:
        with pytest.raises(ConnectionLost, match="closed"):
            use()
        # Whose id may be that of the thread that the client had.
        with pytest.raises(ConnectionLost, match="closed"):
            in_thread(use).result(DEADLINE)
    assert client.state == "disconnected"


def test_what_may_be_done_twice_may_be_done_to_a_closed_client(gateway: GatewayProcess, user: str):
    client, _, subscription = closed_client(gateway.url, user)
    client.close()
    subscription.close()
    assert subscription.state == "closed"
    assert list(subscription) == []


def test_closing_ends_what_other_threads_wait_for(gateway: GatewayProcess, user: str):
    may_end, running = threading.Event(), threading.Event()

    def block() -> None:
        running.set()
        assert may_end.wait(20)

    with blocking_peers(gateway.url, user, "server", "client") as [server, client]:
        server.register("Block", block)
        server.create_stream("Prices")
        subscription = client.subscribe("Prices")
        calls: list[Future[Any]] = [
            in_thread(client.invoke, "Block"),
            in_thread(client.invoke, "Missing"),
            in_thread(client.wait_for_method, "Missing"),
            in_thread(client.subscribe, "Missing"),
        ]
        reading = in_thread(list, subscription)
        try:
            assert running.wait(DEADLINE)
            client.close()
            for call in calls:
                with pytest.raises(ConnectionLost):
                    call.result(DEADLINE)
            assert reading.result(DEADLINE) == []
        finally:
            may_end.set()


def test_threads_that_call_while_another_closes_all_come_back(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "server") as [server]:
        server.register("Echo", echo, concurrency=20)
        for _ in range(10):
            client = sync.connect(gateway.url, application="client", login=user)
            client.wait_for_method("Echo")
            started = threading.Barrier(9)

            def call(client: sync.InteropClient, started: threading.Barrier) -> str:
                started.wait()
                try:
                    while True:
                        client.invoke("Echo")
                        client.methods()
                except InteropError as error:
                    return str(error)

            calling = [in_thread(call, client, started) for _ in range(8)]
            started.wait()
            client.close()
            assert all(results(calling))


def test_two_threads_may_close_at_once(gateway: GatewayProcess, user: str):
    with blocking_peers(gateway.url, user, "caller") as [caller]:
        client = sync.connect(gateway.url, application="client", login=user)
        running, cancelled, may_end = threading.Event(), threading.Event(), threading.Event()

        async def slow_to_leave() -> None:
            running.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
                await asyncio.to_thread(may_end.wait, 5)

        client.register("Slow", slow_to_leave)
        calling = in_thread(caller.invoke, "Slow")
        assert running.wait(DEADLINE)
        first = in_thread(client.close)
        assert cancelled.wait(DEADLINE)
        second = in_thread(client.close)
        # Long enough for the second one to do what it does, if it does not wait.
        with pytest.raises(InvocationError):
            caller.invoke("Missing", wait_timeout=0.1)
        may_end.set()
        results([first, second])
        with pytest.raises(InvocationError):
            calling.result(DEADLINE)


# Processes -----------------------------------------------------------------------------------

FORKING = """
import json, os, signal, sys, threading, warnings
# Newer versions of Python say so themselves, whenever a process with threads forks.
warnings.filterwarnings("ignore", "This process .* is multi-threaded")
from dash_interop.client import sync

client = sync.connect(sys.argv[1], login=sys.argv[2])
client.register("Echo", lambda args: args)
stream = client.create_stream("Prices")
subscription = client.subscribe("Prices")
uses = {
    "register": lambda: client.register("X", print),
    "unregister": lambda: client.unregister("Echo"),
    "invoke": lambda: client.invoke("Echo"),
    "wait_for_method": lambda: client.wait_for_method("Echo"),
    "create_stream": lambda: client.create_stream("Y"),
    "subscribe": lambda: client.subscribe("Prices"),
    "methods": lambda: client.methods(),
    "servers": lambda: client.servers(),
    "on_method_added": lambda: client.on_method_added(print),
    "push": lambda: stream.push({"n": 1}),
    "subscriptions": lambda: stream.subscriptions(),
    "iterate": lambda: next(iter(subscription)),
    "on_data": lambda: subscription.on_data(print),
    "close a subscription": lambda: subscription.close(),
}

def outcome_of(use):
    try:
        use()
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "no error"

def hangs(*_):
    raise RuntimeError("hangs")

outcomes = {}
for name, use in uses.items():
    for where in ("the main thread", "another thread"):
        here, there = os.pipe()
        child = os.fork()
        if child == 0:
            def work():
                os.write(there, outcome_of(use).encode())
                os._exit(0)
            signal.signal(signal.SIGALRM, hangs)
            signal.alarm(2)
            if where == "the main thread":
                work()
            threading.Thread(target=work, daemon=True).start()
            try:
                threading.Event().wait()
            finally:
                os.write(there, b"hangs")
                os._exit(1)
        os.close(there)
        outcomes[f"{name} in {where}"] = os.read(here, 10_000).decode()
        os.close(here)
        os.waitpid(child, 0)
outcomes["close"] = "done"
child = os.fork()
if child == 0:
    client.close()
    os._exit(0)
os.waitpid(child, 0)
outcomes["parent"] = client.invoke("Echo", {"n": 1}).returned
stream.push({"n": 2})
outcomes["parent's stream"] = next(iter(subscription)).data
print(json.dumps(outcomes))
client.close()
"""


def run_script(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_after_a_fork_the_child_gets_clear_errors_and_the_parent_goes_on(
    our_shared_gateway: GatewayProcess, user: str
):
    done = run_script(FORKING, our_shared_gateway.url, user)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert outcomes.pop("parent") == {"n": 1}
    assert outcomes.pop("parent's stream") == {"n": 2}
    assert outcomes.pop("close") == "done"
    unclear = {name: text for name, text in outcomes.items() if "connect anew" not in text}
    assert unclear == {}
    assert done.stderr == ""


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()"])
def test_an_async_handler_cannot_end_the_loop_of_its_client(
    our_shared_gateway: GatewayProcess, user: str, error: str
):
    # A process of its own: the loop it would end takes everything else along.
    script = """
import sys, threading
from dash_interop.client import sync

async def leave():
    raise eval(sys.argv[3])

client = sync.connect(sys.argv[1], login=sys.argv[2])
client.register("Leave", leave)
client.register("Echo", lambda args: args)

def use():
    try:
        client.invoke("Leave")
    except Exception as error:
        print(type(error).__name__)
    print(client.invoke("Echo", {"n": 1}).returned)

using = threading.Thread(target=use, daemon=True)
using.start()
using.join(3)
print("hangs" if using.is_alive() else "ends", flush=True)
client.close()
"""
    done = run_script(script, our_shared_gateway.url, user, error)
    assert done.stdout.splitlines() == ["HandlerFailed", "{'n': 1}", "ends"], done.stderr


def test_ctrl_c_while_connecting_leaves_nothing_behind():
    # A process of its own: what is left behind would be complained of in other tests.
    script = """
import gc, os, signal, socket, threading
from dash_interop.client import sync

listener = socket.create_server(("127.0.0.1", 0))
ends = []

def interrupt():
    visitor, _ = listener.accept()
    with visitor:
        visitor.settimeout(5)
        visitor.recv(10_000)
        os.kill(os.getpid(), signal.SIGINT)
        ends.append(visitor.recv(1))

interrupting = threading.Thread(target=interrupt)
interrupting.start()
try:
    sync.connect(f"ws://127.0.0.1:{listener.getsockname()[1]}", login="anna")
except KeyboardInterrupt:
    print("interrupted")
interrupting.join(5)
gc.collect()
print(ends, [thread.name for thread in threading.enumerate()])
"""
    done = run_script(script)
    assert (done.stdout, done.stderr) == ("interrupted\n[b''] ['MainThread']\n", "")


def test_a_process_ends_without_closing_its_client(our_shared_gateway: GatewayProcess, user: str):
    script = """
import sys
from dash_interop.client import sync
client = sync.connect(sys.argv[1], login=sys.argv[2])
client.register("Echo", lambda args: args)
print(client.invoke("Echo", {"n": 1}).returned)
"""
    done = run_script(script, our_shared_gateway.url, user)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{'n': 1}\n", "")
