"""The process of a Dash app as a peer: what it offers, invokes and publishes without any page."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dill
import pytest
from dash import Dash, Input, Output, html

from dash_interop import Interop
from dash_interop.app.server_peer import HostedStream
from dash_interop.client import Caller, Cancelled, sync
from dash_interop.client.sync import InteropClient
from dash_interop.errors import (
    HandlerFailed,
    InteropError,
    InvalidArguments,
    InvalidInvoke,
    InvocationTimeout,
    MethodNotFound,
    RegistrationError,
    ServerGone,
    SubscriptionError,
)
from dash_interop.gateway.embedded import EmbeddedGateway
from tests.support.ports import HOST, free_range
from tests.support.watching import DEADLINE, Heard, wait_for_offers

ROOT = Path(__file__).resolve().parents[3]
SECRET = "a secret that is long enough for a gateway"

MakeInterop = Callable[..., Interop]
MakeClient = Callable[..., InteropClient]


@pytest.fixture
def make_interop() -> Iterator[MakeInterop]:
    """Makes apps' servers as peers; they leave at the end."""
    made: list[Interop] = []

    def make(**settings: Any) -> Interop:
        made.append(Interop(**{"application": "server", **settings}))
        return made[-1]

    yield make
    for interop in made:
        interop.stop()


@pytest.fixture
def interop(make_interop: MakeInterop) -> Interop:
    return make_interop()


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Makes plain Python clients; they leave at the end."""
    made: list[InteropClient] = []

    def make(*arguments: Any, **settings: Any) -> InteropClient:
        made.append(sync.connect(*arguments, **{"application": "client", **settings}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> InteropClient:
    return make_client()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


def returned(client: InteropClient, method: str, args: Any = None, **options: Any) -> Any:
    """What a method returned; waits until it is on offer."""
    return client.invoke(method, args, **options).returned


def gone(client: InteropClient, method: str) -> None:
    """Return when nobody offers a method."""
    wait_for_offers(client, method, lambda pids: not pids)


def run_to_its_end(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def run_program(program: str, *arguments: str) -> Any:
    """What a Python program of its own prints last, as JSON."""
    done = run_to_its_end(program, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# Methods ---------------------------------------------------------------------------------------


def test_method_is_invoked_without_any_page(interop: Interop, client: InteropClient):
    @interop.method("Sum")
    def add(a: float, b: float) -> float:
        return a + b

    interop.start()
    result = client.invoke("Sum", {"a": 37, "b": 5})
    assert result.returned == {"_value": 42}
    assert result.executed_by["application"] == "server"
    assert result.executed_by["process"] == os.getpid()


def test_decorated_function_is_returned_unchanged(interop: Interop):
    def add(a: float, b: float) -> float:
        return a + b

    assert interop.method("Sum")(add) is add


def test_definition_and_hints_are_seen_by_others(interop: Interop, client: InteropClient):
    @interop.method({"name": "Sum", "description": "adds", "objectTypes": ["Number"]})
    def add(a: float, b: float) -> float:
        return a + b

    interop.start()
    method = client.wait_for_method("Sum")
    assert method.description == "adds"
    assert method.object_types == ["Number"]
    assert method.accepts == "double a, double b"


def test_handlers_of_all_kinds_are_invoked(interop: Interop, client: InteropClient):
    class Counter:
        def __init__(self) -> None:
            self.count = 0

        def add(self, by: int) -> dict[str, int]:
            self.count += by
            return {"count": self.count}

    @interop.method("Async")
    async def echo(args: Any) -> Any:
        await asyncio.sleep(0)
        return args

    interop.method("Bound")(Counter().add)
    interop.method("Lambda")(lambda n: {"n": n})
    interop.start()
    assert returned(client, "Async", {"n": 1}) == {"n": 1}
    assert [returned(client, "Bound", {"by": 2}) for _ in range(2)] == [{"count": 2}, {"count": 4}]
    assert returned(client, "Lambda", {"n": 3}) == {"n": 3}


def test_handlers_say_how_far_they_are_and_hear_that_nobody_waits(
    interop: Interop, client: InteropClient
):
    ended, reasons = threading.Event(), []

    @interop.method("Count")
    def count(to: int, progress: Callable[[Any], None], cancelled: Cancelled) -> str:
        for n in range(to):
            progress(n)
        if to > 3:
            cancelled.wait(DEADLINE)
            reasons.append(cancelled.reason)
            ended.set()
        return "done"

    interop.start()
    told: list[int] = []
    result = client.invoke("Count", {"to": 3}, on_progress=told.append)
    assert (result.value, told) == ("done", [0, 1, 2])
    (method,) = client.methods("Count")
    assert method.accepts == "int to"
    with client.invocation("Count", {"to": 4}) as invocation:
        assert next(invocation) == 0
    assert ended.wait(DEADLINE)
    assert reasons == ["cancelled"]


def test_server_follows_and_gives_up_what_it_invokes(interop: Interop, client: InteropClient):
    ended = threading.Event()

    def count(progress: Callable[[Any], None], caller: Caller) -> None:
        progress("begun")
        if caller.cancelled.wait(DEADLINE):
            ended.set()

    client.register("Count", count)
    with interop.invocation("Count", wait_timeout=DEADLINE) as invocation:
        assert next(invocation) == "begun"
    assert ended.wait(DEADLINE)
    told: list[str] = []
    with pytest.raises(InvocationTimeout):
        interop.invoke("Count", response_timeout=0.5, on_progress=told.append)
    assert told == ["begun"]


def test_what_a_method_raises_reaches_the_caller(interop: Interop, client: InteropClient):
    @interop.method("Fail")
    def fail() -> None:
        raise LookupError("no such trade")

    interop.start()
    with pytest.raises(HandlerFailed, match="no such trade") as caught:
        client.invoke("Fail")
    assert caught.value.exception == "LookupError"


def test_settings_of_a_method_are_those_of_register(interop: Interop, client: InteropClient):
    entered = threading.Barrier(3)

    @interop.method("Together", concurrency=3)
    def together() -> None:
        entered.wait(DEADLINE)

    @interop.method({"name": "Strict", "accepts": "int n"}, validate="strict")
    def strict(args: Any) -> Any:
        return args

    interop.start()
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda _: returned(client, "Together"), range(3))) == [{}, {}, {}]
    with pytest.raises(InvalidArguments, match="n has to be an int"):
        client.invoke("Strict", {"n": "one"})


@pytest.mark.parametrize(
    "definition", ["", 7, {"accepts": "int a"}, {"name": "Sum", "wrong": 1}, "x" * 257]
)
def test_definition_that_is_none_is_an_error_at_once(interop: Interop, definition: Any):
    with pytest.raises(RegistrationError):
        interop.method(definition)
    with pytest.raises(RegistrationError):
        interop.stream(definition)


@pytest.mark.parametrize("field", ["accepts", "returns"])
def test_malformed_signature_is_an_error_where_the_method_is_declared(interop: Interop, field: str):
    with pytest.raises(RegistrationError, match=f"{field} of Sum is malformed"):
        interop.method({"name": "Sum", field: "double double double"})(lambda: None)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("field", ["accepts", "returns"])
def test_malformed_signature_is_an_error_where_the_stream_is_declared(interop: Interop, field: str):
    with pytest.raises(RegistrationError, match=f"{field} of Prices is malformed"):
        interop.stream({"name": "Prices", field: "double double double"})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "settings",
    [
        {"response_timeout": 0},
        {"response_timeout": float("inf")},
        {"concurrency": 0},
        {"max_queue": -1},
        {"validate": "always"},
    ],
)
def test_setting_that_is_none_is_an_error_where_the_method_is_declared(
    interop: Interop, settings: Any
):
    with pytest.raises(RegistrationError):
        interop.method("Sum", **settings)(lambda: None)


@pytest.mark.parametrize("function", [None, "add", lambda a, /: a])
def test_function_that_is_none_is_an_error_at_the_decorator(interop: Interop, function: Any):
    with pytest.raises(RegistrationError):
        interop.method("Sum")(function)


def test_second_method_of_a_name_is_an_error_at_the_decorator(interop: Interop):
    interop.method("Sum")(lambda: 1)
    with pytest.raises(RegistrationError, match="Sum"):
        interop.method("sum")(lambda: 2)


def test_mistake_leaves_nothing_behind_that_would_be_offered(
    interop: Interop, client: InteropClient
):
    with pytest.raises(RegistrationError):
        interop.method("Wrong", concurrency=0)(lambda: None)
    interop.method("Right")(lambda: None)
    interop.start()
    client.wait_for_method("Right")
    assert client.servers("Wrong") == []


def test_handler_of_a_stream_that_is_no_function_is_an_error_where_it_is_declared(
    interop: Interop,
):
    with pytest.raises(TypeError, match="listener has to be a function"):
        interop.stream("Prices", subscription_added_handler=7)  # pyright: ignore[reportArgumentType]


def test_history_that_is_not_a_valid_one_is_an_error_where_the_stream_is_declared(
    interop: Interop,
):
    with pytest.raises(RegistrationError, match="history"):
        interop.stream("Prices", history=0)


def test_one_declaration_that_cannot_be_offered_does_not_keep_back_the_others(
    interop: Interop, client: InteropClient
):
    try:
        interop.stream("Prices", subscription_added_handler=7)  # pyright: ignore[reportArgumentType]
    except TypeError:
        # Even better: it is refused where it is declared.
        pass
    interop.method("Sum")(lambda: {"sum": 42})
    interop.start()
    assert returned(client, "Sum", wait_timeout=5) == {"sum": 42}


# Starting and stopping -------------------------------------------------------------------------


def test_nothing_is_offered_before_the_start(interop: Interop, client: InteropClient):
    interop.method("Sum")(lambda: 1)
    # It is a peer, but no server: as in a task queue's worker.
    interop.client.register("Marker", lambda: None)
    client.wait_for_method("Marker")
    assert client.servers("Sum") == []


def test_method_declared_after_the_start_is_offered(interop: Interop, client: InteropClient):
    interop.start()
    interop.method("Late")(lambda: {"late": True})
    assert returned(client, "Late") == {"late": True}


def test_second_start_changes_nothing(
    interop: Interop, client: InteropClient, caplog: pytest.LogCaptureFixture
):
    interop.method("Once")(lambda: {"n": 1})
    for _ in range(3):
        interop.start()
    assert len(client.invoke("Once", target="all").all_return_values) == 1
    interop.start()
    interop.method("Marker")(lambda: None)
    client.wait_for_method("Marker")
    assert len(client.servers("Once")) == 1
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_stop_withdraws_and_start_comes_back(interop: Interop, client: InteropClient):
    interop.method("Sum")(lambda: {"sum": 42})
    prices = interop.stream("Prices")
    interop.start()
    assert returned(client, "Sum") == {"sum": 42}
    first = client.subscribe("Prices")
    interop.stop()
    gone(client, "Sum")
    gone(client, "Prices")
    assert list(first) == []

    interop.start()
    assert returned(client, "Sum") == {"sum": 42}
    heard = Heard()
    client.subscribe("Prices", on_data=heard)
    prices.push({"n": 1})
    assert [each.data for each in heard.wait(1)] == [{"n": 1}]


def test_stop_of_a_peer_that_never_started_does_nothing(interop: Interop):
    interop.method("Sum")(lambda: 1)
    interop.stop()
    interop.stop()


def test_what_is_declared_while_stopped_is_offered_by_the_next_start(
    interop: Interop, client: InteropClient
):
    interop.start()
    interop.stop()
    interop.method("Later")(lambda: {"n": 1})
    interop.start()
    assert returned(client, "Later") == {"n": 1}


def test_starts_and_stops_in_a_row_end_as_the_last_one_says(
    interop: Interop, client: InteropClient
):
    for n in range(5):
        interop.method(f"Method{n}")(lambda n=n: {"n": n})
    for _ in range(30):
        interop.start()
        interop.stop()
    interop.start()
    for n in range(5):
        assert returned(client, f"Method{n}", wait_timeout=DEADLINE) == {"n": n}


def test_after_a_stop_nothing_is_offered_by_what_was_under_way(
    make_interop: MakeInterop, client: InteropClient
):
    for _ in range(20):
        interop = make_interop()
        for n in range(3):
            interop.method(f"Method{n}")(lambda: None)
        interop.start()
        client.wait_for_method("Method0")
        interop.stop()
        for n in range(3):
            gone(client, f"Method{n}")


def test_handler_may_stop_the_peer_it_belongs_to(interop: Interop, client: InteropClient):
    interop.method("Stop")(interop.stop)
    interop.start()
    client.wait_for_method("Stop")
    with pytest.raises(ServerGone):
        client.invoke("Stop")
    assert client.servers("Stop") == []


def test_stop_that_is_refused_to_an_async_handler_leaves_the_peer_as_it_was(
    interop: Interop, client: InteropClient
):
    @interop.method("Stop")
    async def stop() -> None:
        interop.stop()

    interop.start()
    # Should it be forgotten, it would go on and disturb the tests that follow.
    with interop.client:
        with pytest.raises(HandlerFailed, match="would wait for itself"):
            client.invoke("Stop")
        assert len(client.servers("Stop")) == 1
        interop.stop()
        wait_for_offers(client, "Stop", lambda pids: not pids, seconds=3)


def test_peer_that_was_closed_as_a_context_may_be_used_again(
    interop: Interop, client: InteropClient
):
    client.register("Echo", lambda args: args)
    with interop.client as own:
        assert own.invoke("Echo", {"n": 1}).returned == {"n": 1}
    assert interop.invoke("Echo", {"n": 2}).returned == {"n": 2}


def test_gateway_may_come_later(
    make_interop: MakeInterop, make_client: MakeClient, secret_file: Path
):
    port = free_range(1)
    url = f"ws://{HOST}:{port}"
    interop = make_interop(gateway=url, secret_file=secret_file)
    interop.method("Sum")(lambda: {"sum": 42})
    failed = Heard()
    interop.client.on_state_changed(failed)
    interop.start()
    assert interop.client.state != "connected"

    gateway = EmbeddedGateway(port, SECRET)
    try:
        assert gateway.ensure() == url
        client = make_client(url, secret_file=secret_file)
        assert returned(client, "Sum") == {"sum": 42}
        assert failed.items[-1] == "connected"
    finally:
        gateway.close()


def test_peer_may_stop_while_there_is_no_gateway_which_is_no_error(
    make_interop: MakeInterop, secret_file: Path, caplog: pytest.LogCaptureFixture
):
    warned = Heard()
    logger = logging.getLogger("dash_interop.client.engine")

    def watch(record: logging.LogRecord) -> bool:
        warned(record)
        return True

    logger.addFilter(watch)
    url = f"ws://{HOST}:{free_range(1)}"
    interop = make_interop(gateway=url, secret_file=secret_file)
    interop.method("Sum")(lambda: None)
    interop.start()
    try:
        # It has tried, and what it declared waits to be offered.
        warned.wait(1)
    finally:
        logger.removeFilter(watch)
    interop.stop()
    for thread in threading.enumerate():
        if thread.name == "dash-interop-offers":
            thread.join(DEADLINE)
    assert "nobody listens there" in caplog.text
    assert [each.message for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_methods_are_there_again_after_the_gateway_was_away(
    make_interop: MakeInterop, make_client: MakeClient, secret_file: Path
):
    port = free_range(1)
    url = f"ws://{HOST}:{port}"
    gateway = EmbeddedGateway(port, SECRET)
    gateway.ensure()
    try:
        interop = make_interop(gateway=url, secret_file=secret_file)
        interop.method("Sum")(lambda: {"sum": 42})
        interop.start()
        client = make_client(url, secret_file=secret_file)
        assert returned(client, "Sum") == {"sum": 42}
        gateway.close()
        gone(client, "Sum")
        gateway.ensure()
        assert returned(client, "Sum") == {"sum": 42}
    finally:
        gateway.close()


def test_serving_the_app_starts_its_peer(
    interop: Interop, client: InteropClient, post: Callable[..., Any]
):
    app = Dash("app", plugins=[interop])
    app.layout = html.Div()
    interop.method("Sum")(lambda: {"sum": 42})
    post(app, "/_dash-interop/session", {}, {"Origin": "http://127.0.0.1:8050"})
    assert returned(client, "Sum") == {"sum": 42}


def test_app_that_declares_nothing_is_no_peer(
    interop: Interop, client: InteropClient, post: Callable[..., Any]
):
    app = Dash("app", plugins=[interop])
    app.layout = html.Div()
    before = {thread.name for thread in threading.enumerate()}
    post(app, "/_dash-interop/session", {}, {"Origin": "http://127.0.0.1:8050"})
    assert {thread.name for thread in threading.enumerate()} == before


@pytest.mark.parametrize(
    "settings, options, name",
    [
        ({"application": "Prices"}, {"title": "My title"}, "Prices"),
        ({"application": None}, {"title": "My title"}, "My title"),
        ({"application": None}, {}, "module"),
    ],
)
def test_peer_is_called_as_the_app_is(
    make_interop: MakeInterop,
    client: InteropClient,
    settings: dict[str, Any],
    options: dict[str, Any],
    name: str,
):
    interop = make_interop(**settings)
    Dash("module", plugins=[interop], **options)
    interop.method("Sum")(lambda: None)
    interop.start()
    assert client.invoke("Sum").executed_by["application"] == name


# Users -----------------------------------------------------------------------------------------


def test_caller_says_who_invokes(interop: Interop, make_client: MakeClient):
    interop.method("Who")(lambda caller: {"user": caller["user"], "app": caller["application"]})
    interop.start()
    anna = make_client(user="anna", application="notebook")
    assert returned(anna, "Who") == {"user": "anna", "app": "notebook"}


def test_users_share_the_server_and_do_not_see_each_other(
    make_interop: MakeInterop, make_client: MakeClient
):
    interop = make_interop(user=lambda request: request.headers["X-User"])
    interop.method("Who")(lambda caller: {"user": caller["user"]})
    interop.start()
    users = {name: make_client(user=name) for name in ("anna", "ben")}
    for name, client in users.items():
        client.register(f"Of {name}", lambda name=name: {"name": name})
        assert returned(client, "Who") == {"user": name}
        assert interop.invoke(f"Of {name}", user=name).returned == {"name": name}
    # What comes last is seen by both, so that all that came before it would have been, too.
    interop.method("Last")(lambda: None)
    for name, client in users.items():
        other = "ben" if name == "anna" else "anna"
        client.wait_for_method("Last")
        assert client.servers(f"Of {other}") == []
        with pytest.raises(MethodNotFound):
            client.invoke(f"Of {other}", wait_timeout=0)
        seen = {server.get("user") for server in client.servers()}
        assert other not in seen


def test_server_reaches_the_peers_of_one_user(interop: Interop, make_client: MakeClient):
    for user in ("anna", "anna", "ben"):
        make_client(user=user).register("Show", lambda user=user: {"user": user})
    wait_for_offers(interop.client, "Show", lambda _: len(interop.client.servers("Show")) == 3)
    values = interop.invoke("Show", target={"user": "anna"}).all_return_values
    assert [value.returned for value in values] == [{"user": "anna"}, {"user": "anna"}]
    assert len(interop.invoke("Show", target="all").all_return_values) == 3
    tabs = interop.invoke("Show", {"n": 1}, "all", user="anna").all_return_values
    assert [tab.returned for tab in tabs] == [{"user": "anna"}] * 2


FOR_WHOM = "Show is offered for other users only.*say whose is meant"


def test_server_asks_for_whom_where_others_than_the_local_user_offer(
    interop: Interop, make_client: MakeClient
):
    make_client(user="anna").register("Show", lambda: {"user": "anna"})
    wait_for_offers(interop.client, "Show", lambda _: interop.client.servers("Show"))
    for invoke in (
        lambda: interop.invoke("Show"),
        lambda: interop.invoke("Show", target="best"),
        lambda: interop.call("Show"),
    ):
        with pytest.raises(InvalidInvoke, match=FOR_WHOM):
            invoke()
    make_client(user="anna").create_stream("Prices")
    with pytest.raises(SubscriptionError, match=FOR_WHOM.replace("Show", "Prices")):
        interop.client.subscribe("Prices")
    assert interop.invoke("Show", user="anna").value == {"user": "anna"}
    with pytest.raises(MethodNotFound, match="for target 'best' of the user 'ben'"):
        interop.invoke("Show", user="ben", wait_timeout=0)
    # What a server offers to all is for whoever has nothing of that name.
    make_client().register("Show", lambda: {"user": "local"})
    wait_for_offers(interop.client, "Show", lambda _: len(interop.client.servers("Show")) == 2)
    assert interop.call("Show") == {"user": "local"}
    assert interop.invoke("Show", user="ben").value == {"user": "local"}
    assert interop.invoke("Show", user="anna").value == {"user": "anna"}


@pytest.mark.parametrize(
    "target, found",
    [
        (None, ["anna 1"]),
        ("all", ["anna 1", "anna 2"]),
        ("skipMine", ["anna 1", "anna 2"]),
        ({"application": "2"}, ["anna 2"]),
        ([{"application": "2"}, {"application": "1"}], ["anna 1", "anna 2"]),
        ({"user": "ben"}, ["anna 1", "anna 2"]),
    ],
)
def test_user_narrows_every_target(
    interop: Interop, make_client: MakeClient, target: Any, found: list[str]
):
    for user, application in (("ben", "1"), ("anna", "1"), ("anna", "2")):
        name = f"{user} {application}"
        client = make_client(user=user, application=application)
        client.register("Show", lambda name=name: {"name": name})
    wait_for_offers(interop.client, "Show", lambda _: len(interop.client.servers("Show")) == 3)
    values = interop.invoke("Show", None, target, user="anna").all_return_values
    assert [value.value["name"] for value in values] == found


@pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
def test_callback_works_for_who_is_logged_in(
    make_interop: MakeInterop, make_client: MakeClient, post: Any, backend: str
):
    interop = make_interop(user=lambda request: request.headers.get("X-User"))
    app = Dash("app", backend=backend, plugins=[interop])
    app.layout = html.Div([html.Div(id="in"), html.Div(id="out")])

    def ask(_: Any) -> str:
        try:
            called, invoked = interop.call("Show"), interop.invoke("Show").value
        except InvalidInvoke as error:
            return str(error)
        assert called == invoked
        return called["user"]

    async def ask_in_thread(_: Any) -> str:
        return await asyncio.to_thread(ask, _)

    callback = app.callback(Output("out", "title"), Input("in", "title"))
    callback(ask if backend == "flask" else ask_in_thread)
    for user in ("anna", "ben"):
        make_client(user=user).register("Show", lambda user=user: {"user": user})
    wait_for_offers(interop.client, "Show", lambda _: len(interop.client.servers("Show")) == 2)
    body = {
        "output": "out.title",
        "outputs": {"id": "out", "property": "title"},
        "inputs": [{"id": "in", "property": "title", "value": "x"}],
        "changedPropIds": ["in.title"],
        "state": [],
    }
    answers: list[str] = []
    for headers in ({"X-User": "ben"}, {"X-User": "anna"}, {}):
        status, answer = post(app, "/_dash-update-component", body, headers)
        assert status == 200
        answers.append(answer["response"]["out"]["title"])
    assert answers[:2] == ["ben", "anna"]
    assert "say whose is meant" in answers[2]
    # Outside of a callback nobody is known.
    with pytest.raises(InvalidInvoke):
        interop.call("Show")


def test_user_that_cannot_be_told_is_in_the_log_and_not_guessed(
    make_interop: MakeInterop, make_client: MakeClient, caplog: pytest.LogCaptureFixture
):
    interop = make_interop(user=lambda request: request.headers["X-User"])
    app = Dash("app", plugins=[interop])
    make_client(user="anna").register("Show", lambda: {"user": "anna"})
    wait_for_offers(interop.client, "Show", lambda _: interop.client.servers("Show"))
    with app.server.test_request_context(), pytest.raises(InvalidInvoke, match=FOR_WHOM):
        interop.call("Show")
    assert "the user of a callback cannot be told" in caplog.text


# Invoking --------------------------------------------------------------------------------------


def test_handler_may_invoke(interop: Interop, client: InteropClient):
    client.register("Inner", lambda n: {"n": n + 1})

    @interop.method("Outer")
    def outer(n: int) -> Any:
        return interop.invoke("Inner", {"n": n}).returned

    interop.start()
    assert returned(client, "Outer", {"n": 1}) == {"n": 2}


def test_handler_may_invoke_the_server_itself(interop: Interop, client: InteropClient):
    @interop.method("Factorial", concurrency=10)
    def factorial(n: int) -> Any:
        if n == 0:
            return {"value": 1}
        return {"value": n * interop.invoke("Factorial", {"n": n - 1}).returned["value"]}

    interop.start()
    assert returned(client, "Factorial", {"n": 6}) == {"value": 720}


def test_async_handler_invokes_in_a_thread_and_hears_so_otherwise(
    interop: Interop, client: InteropClient
):
    client.register("Inner", lambda: {"inner": True})

    @interop.method("InThread")
    async def in_thread() -> Any:
        return (await asyncio.to_thread(interop.invoke, "Inner")).returned

    @interop.method("Directly")
    async def directly() -> Any:
        return interop.invoke("Inner").returned

    interop.start()
    assert returned(client, "InThread") == {"inner": True}
    with pytest.raises(HandlerFailed, match="would wait for itself"):
        client.invoke("Directly")


def test_async_code_invokes_in_a_thread(interop: Interop, client: InteropClient):
    client.register("Echo", lambda args: args)

    async def ask() -> list[Any]:
        calls = [asyncio.to_thread(interop.invoke, "Echo", {"n": n}) for n in range(10)]
        return [result.returned for result in await asyncio.gather(*calls)]

    assert asyncio.run(ask()) == [{"n": n} for n in range(10)]


def test_many_threads_invoke_at_once_and_share_one_peer(interop: Interop, client: InteropClient):
    client.register("Who", lambda args, caller: {**args, "peer": caller["peerId"]}, concurrency=8)
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda n: interop.invoke("Who", {"n": n}).returned, range(200)))
    assert [result["n"] for result in results] == list(range(200))
    assert {result["peer"] for result in results} == {interop.client.instance["peerId"]}


# Streams ---------------------------------------------------------------------------------------


def test_pushes_of_many_threads_arrive_once_and_in_the_order_of_each(
    interop: Interop, client: InteropClient
):
    stream = interop.stream("Prices")
    interop.start()
    heard = Heard()
    client.subscribe("Prices", on_data=heard)
    together = threading.Barrier(8)

    def push(thread: int) -> None:
        together.wait(DEADLINE)
        for n in range(500):
            stream.push({"thread": thread, "n": n})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(push, range(8)))
    data = [each.data for each in heard.wait(4000)]
    assert len(data) == 4000
    for thread in range(8):
        assert [each["n"] for each in data if each["thread"] == thread] == list(range(500))


def test_stream_keeps_what_was_pushed_before_anybody_subscribed(
    interop: Interop, client: InteropClient
):
    stream = interop.stream("Prices", history=2)
    interop.start()
    for n in range(3):
        stream.push({"n": n})
    subscription = client.subscribe("Prices")
    assert subscription.recovered is False
    assert [subscription.get(timeout=DEADLINE).data["n"] for _ in range(2)] == [1, 2]


def test_first_pushes_of_many_threads_create_one_stream(interop: Interop, client: InteropClient):
    stream = interop.stream("Prices")
    together = threading.Barrier(8)

    def push(_: int) -> None:
        together.wait(DEADLINE)
        stream.push({})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(push, range(8)))
    client.wait_for_method("Prices")
    assert len(client.servers("Prices")) == 1


def test_process_that_does_not_serve_publishes_what_it_pushes_and_offers_nothing_else(
    interop: Interop, client: InteropClient
):
    interop.method("Sum")(lambda: 1)
    stream = interop.stream("Prices")
    stream.push({"n": 0})
    heard = Heard()
    client.subscribe("Prices", on_data=heard)
    stream.push({"n": 1})
    assert [each.data for each in heard.wait(1)] == [{"n": 1}]
    assert client.servers("Sum") == []


def test_subscriber_of_all_gets_what_a_process_pushes_that_came_later(
    make_interop: MakeInterop, client: InteropClient
):
    serving, pushing = make_interop(), make_interop()
    streams = [each.stream("Prices") for each in (serving, pushing)]
    serving.start()
    heard = Heard()
    connected = Heard()
    client.subscribe("Prices", target="all", on_data=heard, on_connected=connected)
    connected.wait(1)
    # The first push publishes the stream of that process; its subscribers may come after it.
    streams[1].push({"n": 0})
    connected.wait(2, seconds=5)
    streams[1].push({"n": 1})
    heard.until(lambda items: {"n": 1} in [each.data for each in items], seconds=5)


def test_branches_and_subscriptions_are_those_of_the_stream(
    interop: Interop, client: InteropClient
):
    added = Heard()
    removed = Heard()
    stream = interop.stream(
        "Prices",
        subscription_request_handler=lambda request: request.accept_on_branch(
            request.arguments["symbol"]
        ),
        subscription_added_handler=added,
        subscription_removed_handler=removed,
    )
    interop.start()
    heard = {symbol: Heard() for symbol in ("VOD", "BT")}
    lines = [
        client.subscribe("Prices", {"symbol": symbol}, on_data=heard[symbol]) for symbol in heard
    ]
    added.wait(2)
    assert sorted(branch.key for branch in stream.branches()) == ["BT", "VOD"]
    assert len(stream.subscriptions()) == 2
    stream.push({"n": 1}, "VOD")
    stream.push({"n": 2})
    assert [each.data for each in heard["VOD"].wait(2)] == [{"n": 1}, {"n": 2}]
    assert [each.data for each in heard["BT"].wait(1)] == [{"n": 2}]
    lines[0].close()
    removed.wait(1)
    assert stream.branch("VOD") is None
    assert stream.branch("BT") is not None


@pytest.mark.parametrize(
    "data, error", [(7, TypeError), (["a"], TypeError), ({"n": object()}, ValueError)]
)
def test_data_that_cannot_be_pushed_is_an_error_at_the_push(
    interop: Interop, data: Any, error: type[Exception]
):
    stream = interop.stream("Prices")
    with pytest.raises(error):
        stream.push(data)


def test_stream_whose_name_is_taken_says_so_at_each_push(interop: Interop):
    interop.client.register("Prices", lambda: None)
    stream = interop.stream("Prices")
    for _ in range(2):
        with pytest.raises(RegistrationError, match="Prices"):
            stream.push({"n": 1})
    interop.client.unregister("Prices")
    stream.push({"n": 2})
    assert stream.subscriptions() == []


def test_handler_of_a_stream_may_push(interop: Interop, client: InteropClient):
    stream = interop.stream(
        "Prices", subscription_added_handler=lambda _: stream.push({"welcome": True})
    )
    interop.start()
    heard = Heard()
    client.subscribe("Prices", on_data=heard)
    assert [each.data for each in heard.wait(1)] == [{"welcome": True}]


def test_async_handler_of_a_stream_may_push_to_who_has_waited_for_it(
    make_interop: MakeInterop, client: InteropClient
):
    # Again and again, as it depends on what the gateway says at once.
    for n in range(30):
        interop = make_interop()

        streams: list[HostedStream] = []

        async def welcome(_: Any, streams: list[HostedStream] = streams) -> None:
            streams[0].push({"welcome": True})

        streams.append(interop.stream(f"Prices{n}", subscription_added_handler=welcome))
        heard = Heard()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(client.subscribe, f"Prices{n}", on_data=heard)
            interop.start()
            assert [each.data for each in heard.wait(1, seconds=5)] == [{"welcome": True}]
        interop.stop()


def test_async_handler_pushes_without_waiting_for_itself(interop: Interop, client: InteropClient):
    stream = interop.stream("Prices")

    @interop.method("Push")
    async def push() -> None:
        stream.push({"pushed": True})

    interop.start()
    heard = Heard()
    client.subscribe("Prices", on_data=heard)
    assert returned(client, "Push") == {}
    assert [each.data for each in heard.wait(1)] == [{"pushed": True}]


# Other processes -------------------------------------------------------------------------------

FORK = """
import json, os, sys
from tests.support.apps_hosting import interop, ticks

interop.start()
interop.client.wait_for_method("Process")
interop.client.wait_for_method("Ticks")
parent = interop.client.instance
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    result = interop.invoke("Process", target="all")
    interop.client.register("OfChild", lambda: "child")
    told = {
        "answers": [value.returned["_value"] for value in result.all_return_values],
        "process": interop.client.instance["process"],
        "peer": interop.client.instance["peerId"],
        "offers": [method.name for method in interop.client.methods_for_instance(
            {"peerId": interop.client.instance["peerId"]})],
    }
    os.write(writing, json.dumps(told).encode())
    if sys.argv[1] == "plain":
        sys.exit()
    os._exit(0)
os.close(writing)
told = json.loads(os.fdopen(reading).read())
_, status = os.waitpid(child, 0)
# The parent goes on as before.
interop.invoke("Process")
ticks.push({"n": 1})
interop.stop()
print(json.dumps({
    "told": told,
    "status": status,
    "child": child,
    "parent": os.getpid(),
    "parent_peer": parent["peerId"],
}))
"""


@pytest.mark.parametrize("end", ["plain", "at once"])
def test_forked_child_is_a_peer_of_its_own_that_offers_nothing(end: str):
    said = run_program(FORK, end)
    told = said["told"]
    assert said["status"] == 0
    assert told["answers"] == [said["parent"]]
    assert told["process"] == said["child"]
    assert told["peer"] != said["parent_peer"]
    assert told["offers"] == ["OfChild"]


def test_program_with_a_peer_ends_without_a_complaint():
    program = """
import atexit, threading
ended = threading.Event()
# Runs last: what the loss of the connection leads to has the time to happen.
atexit.register(ended.wait, 2)

from tests.support.apps_hosting import interop

async def hear(state):
    ended.set()

interop.start()
interop.client.wait_for_method("Process")
interop.client.on_state_changed(hear)
"""
    done = run_to_its_end(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


BACKGROUND = """
import json, os, sys
from dash import DiskcacheManager
from diskcache import Cache
from tests.support.apps_hosting import interop, ticks

cache = Cache(sys.argv[1])
manager = DiskcacheManager(cache)
interop.start()
interop.client.wait_for_method("Process")

def work(n):
    ticks.push({"n": n})
    answered = interop.invoke("Process").returned["_value"]
    return {"n": n, "answered": answered, "process": os.getpid()}

job = manager.make_job_fn(work, False)
child = manager.call_job_fn("key", job, [7], {})
os.waitpid(child, 0)
result = manager.get_result("key", None)
print(json.dumps({"result": result, "child": child, "parent": os.getpid()}))
"""


def test_process_of_a_background_callback_invokes_and_pushes(tmp_path: Path):
    said = run_program(BACKGROUND, str(tmp_path / "cache"))
    assert said["result"] == {"n": 7, "answered": said["parent"], "process": said["child"]}


PICKLED = """
import json, sys
import dill
with open(sys.argv[1], "rb") as file:
    job = dill.load(file)
print(json.dumps(job()))
"""


def test_function_that_uses_it_may_go_to_another_process(
    interop: Interop, client: InteropClient, tmp_path: Path
):
    # As a background callback does where processes are not forked.
    interop.method("Sum")(lambda a, b: {"sum": a + b})
    stream = interop.stream("Prices")
    interop.start()
    assert returned(client, "Sum", {"a": 1, "b": 2}) == {"sum": 3}

    def job() -> Any:
        from dash_interop.errors import InteropError

        result = interop.invoke("Sum", {"a": 37, "b": 5})
        try:
            interop.invoke("Sum", target="skipMine", wait_timeout=0)
        except InteropError as error:
            missing = type(error).__name__
        else:
            missing = "nothing"
        stream.push({"n": 1})
        # Confirmed after the stream, which nobody waits for.
        interop.client.register("Confirmed", lambda: None)
        offers = [method.name for method in interop.client.instance.get_streams()]
        return [result.returned, result.executed_by["process"], missing, offers]

    path = tmp_path / "job"
    path.write_bytes(dill.dumps(job, recurse=True))
    assert run_program(PICKLED, str(path)) == [
        {"sum": 42},
        os.getpid(),
        "InvalidArguments",
        ["Prices"],
    ]
    # This one is as it was.
    assert returned(client, "Sum", {"a": 1, "b": 2}) == {"sum": 3}


def test_copy_has_the_settings_and_a_connection_of_its_own(
    make_interop: MakeInterop, client: InteropClient
):
    interop = make_interop(application="Prices")
    assert interop.client.instance["application"] == "Prices"
    copy = pickle.loads(pickle.dumps(interop))
    client.register("Who", lambda caller: {"app": caller["application"], "id": caller["peerId"]})
    try:
        first, second = (each.invoke("Who").returned for each in (interop, copy))
    finally:
        copy.stop()
    assert first["app"] == second["app"] == "Prices"
    assert first["id"] != second["id"]
    assert interop.invoke("Who").returned == first


def test_client_of_another_process_is_told_so(interop: Interop):
    program = """
import json, os
from tests.support.apps_hosting import interop
client = interop.client
child = os.fork()
if child == 0:
    try:
        client.invoke("Process")
    except Exception as error:
        os._exit(7 if "connect anew" in str(error) else 8)
    os._exit(9)
print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
"""
    assert run_program(program) == 7


def test_errors_are_those_of_the_library(interop: Interop):
    # Confirmed by the gateway, so there is a connection from here on.
    interop.client.register("Confirmed", lambda: None)
    with pytest.raises(MethodNotFound):
        interop.invoke("Nothing", wait_timeout=0.01)
    with pytest.raises(InvalidArguments):
        interop.invoke("Nothing", {"n": object()})
    with pytest.raises(InteropError):
        interop.invoke("")


def test_request_does_not_undo_a_stop(interop: Interop, client: InteropClient):
    interop.method("Sum")(lambda: 1)
    interop.begin()
    client.wait_for_method("Sum")
    gone = Heard()
    client.on_method_removed(gone)
    interop.stop()
    gone.wait(1)
    interop.begin()
    assert client.methods("Sum") == []
    interop.start()
    client.wait_for_method("Sum")
