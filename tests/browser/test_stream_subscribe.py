"""StreamSubscribe: what reaches its callbacks, and how long its subscription lasts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import Input, Output, State, html

from dash_interop import (
    ClientsideHandlerDict,
    Interop,
    MethodRegister,
    StreamPublish,
    StreamSubscribe,
    stream_handler,
)
from dash_interop.client import sync
from dash_interop.client.sync import InteropClient, Stream
from tests.support.apps_parts import Gate, record
from tests.support.apps_serving import backends
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually
from tests.support.gateways import GatewayProcess, ours
from tests.support.relay import Relay


@pytest.fixture
def publisher() -> Iterator[InteropClient]:
    with sync.connect(application="publisher") as client:
        yield client


class Received:
    """What the callbacks of a ``StreamSubscribe`` got."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.statuses: list[Any] = []
        self.errors: list[Any] = []

    def wait_for_state(self, state: str, times: int = 1) -> dict[str, Any]:
        """The newest status, once the state was told so many times."""

        def is_told() -> bool:
            told = [each for each in self.states if each == state]
            return len(told) >= times and self.states[-1] == state

        eventually(is_told, lambda: f"{state}, but {self.statuses}", 20)
        return self.statuses[-1]

    def wait_for(self, *numbers: Any) -> None:
        """Until the data with these numbers has come, and no other one."""
        expected = list(numbers)
        eventually(
            lambda: len(self.numbers) >= len(expected), lambda: f"{expected}, but {self.numbers}"
        )
        assert self.numbers == expected

    @property
    def states(self) -> list[str]:
        return [each["state"] for each in self.statuses if each is not None]

    @property
    def data(self) -> list[dict[str, Any]]:
        """All data, out of its lists."""
        told = [each for each in self.values if each is not None]
        return [one for each in told for one in (each if isinstance(each, list) else [each])]

    @property
    def numbers(self) -> list[Any]:
        return [each["data"]["n"] for each in self.data]


def subscriber(
    apps: Apps, *, plugins: Any = None, gate: Gate | None = None, **props: Any
) -> tuple[Page, Received]:
    """
    Open a page with a ``StreamSubscribe``.

    Args:
        gate: Holds each callback back that gets data.
    """
    received = Received()
    app = apps.make(
        "subscriber",
        StreamSubscribe(id="sub", **{"definition": "Prices", **props}),
        html.P(id="count"),
        plugins=plugins or [],
    )
    record(app, "sub", "status", received.statuses)
    record(app, "sub", "error", received.errors)

    @app.callback(Output("count", "children"), Input("sub", "data"))
    def take(value: Any) -> int:
        received.values.append(value)
        if gate is not None and value is not None:
            gate.pass_through(value)
        return len(received.values)

    return apps.open(app), received


def push_numbers(stream: Stream, *numbers: int) -> None:
    for n in numbers:
        stream.push({"n": n, "symbol": "odd" if n % 2 else "even"})


# Data --------------------------------------------------------------------------------------------


@pytest.mark.every_engine
def test_sub001_each_datum_reaches_the_callback_once_and_in_order(
    apps: Apps, publisher: InteropClient
) -> None:
    stream = publisher.create_stream("Prices")
    _, received = subscriber(apps, arguments={"isin": "X"})
    status = received.wait_for_state("open")
    (server,) = status.pop("servers")
    assert server["application"] == "publisher"
    expected = {"state": "open", "reason": None, "gap": False, "recovered": None, "lost": 0}
    assert status == expected
    push_numbers(stream, *range(1, 101))
    received.wait_for(*range(1, 101))
    assert received.values[0] is None
    assert received.values[1] == {
        "data": {"n": 1, "symbol": "odd"},
        "private": False,
        "requestArguments": {"isin": "X"},
        "server": server,
        "sequence": 1,
    }
    assert [each["sequence"] for each in received.data] == list(range(1, 101))
    assert received.errors == [None]


def test_sub002_what_waits_comes_as_a_batch(apps: Apps, publisher: InteropClient) -> None:
    stream = publisher.create_stream("Prices")
    gate = Gate()
    page, received = subscriber(apps, gate=gate, delivery="batch")
    received.wait_for_state("open")
    push_numbers(stream, 1)
    received.wait_for(1)
    push_numbers(stream, *range(2, 501))
    wait_until_received(page, stream, publisher)
    gate.let(2)
    received.wait_for(*range(1, 501))
    assert [len(each) for each in received.values[1:]] == [1, 499]


def wait_until_received(page: Page, stream: Stream, publisher: InteropClient) -> None:
    """
    Until the page has what was pushed to it: what one publisher sends reaches a page in order, so a
    method that it offers afterwards is seen after it.
    """
    name = f"After{stream.name}"
    publisher.register(name, lambda: None)
    page.wait_for_servers(name, 1)


def test_sub003_the_latest_counts_what_it_replaced(apps: Apps, publisher: InteropClient) -> None:
    stream = publisher.create_stream("Prices")
    gate = Gate()
    page, received = subscriber(apps, gate=gate, delivery="latest")
    received.wait_for_state("open")
    push_numbers(stream, 1)
    received.wait_for(1)
    push_numbers(stream, *range(2, 501))
    wait_until_received(page, stream, publisher)
    gate.let(2)
    received.wait_for(1, 500)
    assert [each["replaced"] for each in received.data] == [0, 498]


def test_sub004_the_latest_of_each_key(apps: Apps, publisher: InteropClient) -> None:
    stream = publisher.create_stream("Prices")
    gate = Gate()
    page, received = subscriber(apps, gate=gate, delivery="latest", key="symbol")
    received.wait_for_state("open")
    push_numbers(stream, 1)
    received.wait_for(1)
    push_numbers(stream, *range(2, 502))
    wait_until_received(page, stream, publisher)
    gate.let(2)
    received.wait_for(1, 500, 501)
    assert [each["replaced"] for each in received.data] == [0, 249, 249]


def test_sub005_max_rate_keeps_values_apart(apps: Apps, publisher: InteropClient) -> None:
    stream = publisher.create_stream("Prices")
    page, received = subscriber(
        apps,
        delivery="batch",
        maxRate=5,
        active=False,
        clientsideHandler={"namespace": "tests", "function_name": "take"},
    )
    page.js("""
        window.taken = [];
        dash_clientside.tests = {
            take: (batch) => taken.push([performance.now(), batch.map(({data}) => data.n)]),
        };
    """)
    page.set_props("sub", active=True)
    received.wait_for_state("open")
    for n in range(1, 5):
        push_numbers(stream, 2 * n - 1, 2 * n)
        eventually(lambda n=n: 2 * n in page.js("return taken.at(-1)?.[1] ?? []"), f"value {n}")
    times, batches = zip(*page.js("return taken"), strict=True)
    assert [n for batch in batches for n in batch] == list(range(1, 9))
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(pauses) > 190


def test_sub006_paused_keeps_data_and_max_waiting_bounds_it(
    apps: Apps, publisher: InteropClient
) -> None:
    stream = publisher.create_stream("Prices")
    page, received = subscriber(apps, paused=True, maxWaiting=3)
    received.wait_for_state("open")
    push_numbers(stream, *range(1, 6))
    eventually(lambda: received.statuses[-1]["lost"] == 2, lambda: f"{received.statuses}")
    assert received.data == []
    assert any("more than 3 data wait" in each for each in apps.browser.console())
    page.set_props("sub", paused=False)
    received.wait_for(3, 4, 5)


def test_sub007_what_is_pushed_to_one_subscription_is_private(
    apps: Apps, publisher: InteropClient
) -> None:
    def snapshot(subscription: Any) -> None:
        subscription.push({"n": 0})

    stream = publisher.create_stream("Prices", subscription_added_handler=snapshot)
    _, received = subscriber(apps)
    received.wait_for(0)
    push_numbers(stream, 1)
    received.wait_for(0, 1)
    assert [each["private"] for each in received.data] == [True, False]


def test_sub008_components_that_come_beside_it_change_nothing(
    apps: Apps, publisher: InteropClient
) -> None:
    accept = Accepting()
    stream = publisher.create_stream("Prices", subscription_request_handler=accept)
    numbers: list[int] = []
    statuses: list[Any] = []
    app = apps.make(
        "subscriber",
        html.Div(id="rows", children=[StreamSubscribe(id="sub", definition="Prices")]),
        html.Button("Add", id="add"),
        html.P(id="last"),
    )
    record(app, "sub", "status", statuses)

    @app.callback(
        Output("rows", "children"),
        Input("add", "n_clicks"),
        State("rows", "children"),
        prevent_initial_call=True,
    )
    def add(clicks: int, rows: list[Any]) -> list[Any]:
        row = html.P(f"row {clicks}", id=f"row-{clicks}")
        return [*rows, row] if clicks % 2 else [row, *rows]

    @stream_handler("sub", output=Output("last", "children"), app=app)
    def take(n: int) -> str:
        numbers.append(n)
        return f"{n}"

    page = apps.open(app)
    eventually(lambda: statuses and statuses[-1] and statuses[-1]["state"] == "open", "open")
    for clicks in range(1, 7):
        push_numbers(stream, *range(clicks * 20 - 19, clicks * 20 + 1))
        page.click("add")
        page.wait_for(f"row-{clicks}")
    page.wait_for_text("last", "120")
    assert numbers == list(range(1, 121))
    assert accept.count == 1


# The subscription --------------------------------------------------------------------------------


def test_sub009_other_arguments_subscribe_anew_and_active_closes(
    apps: Apps, publisher: InteropClient
) -> None:
    def decide(request: Any) -> None:
        request.accept_on_branch(request.arguments["symbol"])

    stream = publisher.create_stream("Prices", subscription_request_handler=decide)
    page, received = subscriber(apps, arguments={"symbol": "even"})
    received.wait_for_state("open")
    stream.push({"n": 2}, "even")
    received.wait_for(2)
    page.set_props("sub", arguments={"symbol": "odd"})
    received.wait_for_state("open", 2)
    eventually(lambda: branches(stream) == ["odd"], lambda: f"{branches(stream)}")
    stream.push({"n": 4}, "even")
    stream.push({"n": 5}, "odd")
    received.wait_for(2, 5)
    page.set_props("sub", active=False)
    assert received.wait_for_state("closed")["reason"] == "active is False"
    eventually(lambda: branches(stream) == [], lambda: f"{branches(stream)}")
    page.set_props("sub", active=True)
    assert received.wait_for_state("open", 3)["gap"] is False


def branches(stream: Stream) -> list[str]:
    return [branch.key for branch in stream.branches()]


def test_sub010_a_rejection_ends_it_with_the_reason(apps: Apps, publisher: InteropClient) -> None:
    def decide(request: Any) -> None:
        if request.arguments.get("password") == "please":
            request.accept()
        else:
            request.reject("say please")

    publisher.create_stream("Prices", subscription_request_handler=decide)
    page, received = subscriber(apps)
    assert received.wait_for_state("rejected")["reason"] == "say please"
    page.set_props("sub", arguments={"password": "please"})
    received.wait_for_state("open")
    assert received.errors == [None]


def test_sub011_the_publisher_closes_it(apps: Apps, publisher: InteropClient) -> None:
    stream = publisher.create_stream("Prices")
    _, received = subscriber(apps)
    received.wait_for_state("open")
    push_numbers(stream, 1)
    for subscription in stream.subscriptions():
        subscription.close()
    status = received.wait_for_state("closed")
    assert status["reason"] == "The publisher has closed the subscription"
    assert status["servers"] == []
    received.wait_for(1)


@pytest.mark.every_engine
def test_sub012_a_publisher_that_restarts_is_subscribed_to_again(apps: Apps) -> None:
    _, received = subscriber(apps)
    received.wait_for_state("connecting")
    for n in (1, 2):
        with sync.connect(application="publisher") as publisher:
            stream = publisher.create_stream("Prices")
            assert received.wait_for_state("open", n)["gap"] is (n > 1)
            push_numbers(stream, n)
            received.wait_for(*range(1, n + 1))
        assert received.wait_for_state("connecting", n + 1)["reason"] == "The publisher left"
    with sync.connect(application="publisher") as publisher:
        for n in (3, 4):
            stream = publisher.create_stream("Prices")
            received.wait_for_state("open", n)
            stream.close()
            status = received.wait_for_state("connecting", n + 1)
            assert status["reason"] == "The publisher withdrew the stream"


def test_sub013_target_all_joins_publishers_and_newcomers(
    apps: Apps, publisher: InteropClient
) -> None:
    first = publisher.create_stream("Prices")
    _, received = subscriber(apps, target="all")
    received.wait_for_state("open")
    with sync.connect(application="newcomer") as newcomer:
        second = newcomer.create_stream("Prices")
        eventually(lambda: len(received.statuses[-1]["servers"]) == 2, "both publish")
        push_numbers(first, 1)
        received.wait_for(1)
        push_numbers(second, 2)
        received.wait_for(1, 2)
    eventually(lambda: len(received.statuses[-1]["servers"]) == 1, "one is left")
    assert received.states.count("connecting") == 1
    applications = [each["server"]["application"] for each in received.data]
    assert applications == ["publisher", "newcomer"]


@pytest.fixture
def gateway(secret_file: Path) -> Iterator[GatewayProcess]:
    with ours(secret_file=secret_file) as gateway:
        yield gateway


class Accepting:
    """Accepts all who ask, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, request: Any) -> None:
        self.count += 1
        request.accept()


def lose_connection(relay: Relay, page: Page) -> None:
    """Until the page is back, and has offered again and asked for what it wants."""
    own = "return glue42dash.glueInstance.interop.instance.peerId"
    before = page.js(own)
    relay.lose_clients()
    eventually(lambda: page.js(own) != before, "the page is back", 20)


def test_sub014_it_comes_back_after_an_outage_of_the_gateway(
    apps: Apps, gateway: GatewayProcess, secret_file: Path
) -> None:
    apps.browser.allow_lost_connections()
    plugin = Interop(gateway=gateway.url, secret_file=secret_file)
    with sync.connect(gateway.url, application="publisher", secret_file=secret_file) as publisher:
        stream = publisher.create_stream("Prices")
        page, received = subscriber(apps, plugins=[plugin])
        received.wait_for_state("open")
        push_numbers(stream, 1)
        received.wait_for(1)
        for outage in (1, 2):
            gateway.kill()
            received.wait_for_state("connecting", outage + 1)
            gateway.restart()
            assert received.wait_for_state("open", outage + 1)["gap"] is True
            eventually(lambda: len(stream.subscriptions()) == 1, "one subscription")
            push_numbers(stream, outage + 1)
            received.wait_for(*range(1, outage + 2))
        assert len(stream.subscriptions()) == 1
        page.close()


def test_sub015_it_comes_back_when_its_own_connection_was_lost(
    apps: Apps, gateway: GatewayProcess, secret_file: Path
) -> None:
    apps.browser.allow_lost_connections()
    accept = Accepting()
    with (
        Relay(gateway.port) as relay,
        sync.connect(gateway.url, application="publisher", secret_file=secret_file) as publisher,
    ):
        stream = publisher.create_stream("Prices", subscription_request_handler=accept)
        url = f"ws://127.0.0.1:{relay.port}"
        page, received = subscriber(apps, plugins=[Interop(gateway=url, secret_file=secret_file)])
        received.wait_for_state("open")
        push_numbers(stream, 1)
        received.wait_for(1)
        lose_connection(relay, page)
        status = received.wait_for_state("open", 2)
        assert accept.count == 2
        assert status["gap"] is True
        told = received.statuses[received.states.index("connecting", 1) + 1]
        assert told["reason"] == "The connection to the gateway was lost"
        push_numbers(stream, 2)
        received.wait_for(1, 2)
        page.close()


def test_sub016_what_the_publisher_closed_stays_closed_after_an_outage(
    apps: Apps, gateway: GatewayProcess, secret_file: Path
) -> None:
    apps.browser.allow_lost_connections()
    accept = Accepting()
    with (
        Relay(gateway.port) as relay,
        sync.connect(gateway.url, application="publisher", secret_file=secret_file) as publisher,
    ):
        stream = publisher.create_stream("Prices", subscription_request_handler=accept)
        url = f"ws://127.0.0.1:{relay.port}"
        page, received = subscriber(apps, plugins=[Interop(gateway=url, secret_file=secret_file)])
        received.wait_for_state("open")
        stream.subscriptions()[0].close()
        received.wait_for_state("closed")
        lose_connection(relay, page)
        # What a page asks for when it comes back has been asked for by then.
        wait_until_received(page, stream, publisher)
        assert publisher.invoke("AfterPrices").value is None
        assert accept.count == 1
        assert stream.subscriptions() == []
        assert received.states[-1] == "closed"
        page.close()


# History -----------------------------------------------------------------------------------------


@pytest.mark.every_engine
def test_sub017_what_the_publisher_has_kept_comes_first(
    apps: Apps, publisher: InteropClient
) -> None:
    stream = publisher.create_stream("Prices", history=3)
    push_numbers(stream, 1, 2, 3)
    page, received = subscriber(apps)
    status = received.wait_for_state("open")
    assert (status["recovered"], status["gap"]) == (True, False)
    push_numbers(stream, 4)
    received.wait_for(1, 2, 3, 4)
    assert [each["private"] for each in received.data] == [False] * 4
    assert [each["sequence"] for each in received.data] == [1, 2, 3, 4]
    page.close()
    _, late = subscriber(apps)
    status = late.wait_for_state("open")
    # It has missed something, but was not there before.
    assert (status["recovered"], status["gap"]) == (False, False)
    late.wait_for(2, 3, 4)


@pytest.mark.parametrize("bound", [10, 2])
def test_sub018_what_was_pushed_in_an_outage_comes_first_or_is_told_as_a_gap(
    apps: Apps, gateway: GatewayProcess, secret_file: Path, bound: int
) -> None:
    apps.browser.allow_lost_connections()
    plugin = Interop(gateway=gateway.url, secret_file=secret_file)
    with sync.connect(gateway.url, application="publisher", secret_file=secret_file) as publisher:
        stream = publisher.create_stream("Prices", history=bound)
        page, received = subscriber(apps, plugins=[plugin])
        received.wait_for_state("open")
        push_numbers(stream, 1)
        received.wait_for(1)
        expected = [1]
        for outage in (1, 2):
            gateway.kill()
            received.wait_for_state("connecting", outage + 1)
            eventually(lambda: publisher.state != "connected", "the publisher is away, too")
            meanwhile = [10 * outage + n for n in range(3)]
            push_numbers(stream, *meanwhile)
            gateway.restart()
            status = received.wait_for_state("open", outage + 1)
            assert (status["recovered"], status["gap"]) == (bound == 10, bound != 10)
            expected += meanwhile[-bound:]
            received.wait_for(*expected)
        push_numbers(stream, 99)
        received.wait_for(*expected, 99)
        page.close()


def test_sub019_a_page_beside_it_that_asks_for_nothing_sees_an_ordinary_stream(
    apps: Apps, publisher: InteropClient
) -> None:
    stream = publisher.create_stream("Prices", history=3)
    push_numbers(stream, 1)
    page, received = subscriber(apps)
    received.wait_for(1)
    page.run(
        """
        window.plain = [];
        await interop.subscribe("Prices", { onData: ({ data }) => window.plain.push(data.n) });
        """
    )
    push_numbers(stream, 2)
    received.wait_for(1, 2)
    eventually(lambda: page.run("return window.plain") == [2], "it gets what comes live")


# Handlers in the page ----------------------------------------------------------------------------

HANDLERS = """
window.dash_clientside = window.dash_clientside ?? {};
window.taken = [];
dash_clientside.tests = {
    take: ({data}) => {
        if (data.n === 2) throw new Error("two is odd");
        taken.push(data.n);
    },
    add: async ({a, b}, caller) => {
        if (a > 9) throw new RangeError("a is too large");
        return {sum: a + b, caller: caller.application};
    },
};
"""


@pytest.fixture
def assets(tmp_path: Path) -> str:
    (tmp_path / "handlers.js").write_text(HANDLERS)
    return str(tmp_path)


def test_sub020_a_function_of_the_assets_takes_the_data(
    apps: Apps, publisher: InteropClient, assets: str
) -> None:
    apps.browser.allow_in_console("two is odd")
    stream = publisher.create_stream("Prices")
    statuses: list[Any] = []
    values: list[Any] = []
    errors: list[Any] = []
    app = apps.make(
        "subscriber",
        StreamSubscribe(
            id="sub",
            definition="Prices",
            clientsideHandler={"namespace": "tests", "function_name": "take"},
        ),
        assets_folder=assets,
    )
    record(app, "sub", "status", statuses)
    record(app, "sub", "data", values)
    record(app, "sub", "error", errors)
    page = apps.open(app)
    eventually(lambda: statuses and statuses[-1] and statuses[-1]["state"] == "open", "open")
    push_numbers(stream, *range(5))
    eventually(lambda: page.js("return taken") == [0, 1, 3, 4], lambda: page.js("return taken"))
    eventually(lambda: errors == [None, {"message": "two is odd"}, None], lambda: f"{errors}")
    assert values == [None]


def test_sub021_a_function_of_the_assets_handles_a_method(apps: Apps, assets: str) -> None:
    invocations: list[Any] = []
    handler: ClientsideHandlerDict = {"namespace": "tests", "function_name": "add"}
    app = apps.make(
        "provider",
        MethodRegister(id="add", definition="Add", returns=True, clientsideHandler=handler),
        assets_folder=assets,
    )
    record(app, "add", "invoke", invocations)
    apps.open(app)
    caller = apps.caller()
    caller.wait_for_servers("Add", 1)
    assert caller.invoke("Add", {"a": 1, "b": 2}) == {"sum": 3, "caller": "caller"}
    reason = caller.invoke_error("Add", {"a": 10, "b": 2})
    assert reason == "The handler in the page failed: RangeError: a is too large"
    eventually(lambda: invocations == [None], lambda: f"{invocations}")


def test_sub022_a_function_that_is_missing_is_named(apps: Apps, publisher: InteropClient) -> None:
    apps.browser.allow_in_console("dash_interop: StreamSubscribe sub: clientsideHandler")
    stream = publisher.create_stream("Prices")
    _, received = subscriber(
        apps, clientsideHandler={"namespace": "charts", "function_name": "draw"}
    )
    received.wait_for_state("open")
    push_numbers(stream, 1)
    message = (
        'clientsideHandler: window.dash_clientside has no namespace "charts". Is the file that has '
        "it among the app's assets?"
    )
    eventually(lambda: received.errors[-1] == {"message": message}, lambda: f"{received.errors}")


# Handlers in Python ------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("delivery", ["every", "batch"])
def test_sub023_a_plain_function_gets_each_datum(
    apps: Apps, publisher: InteropClient, backend: str, delivery: Any
) -> None:
    stream = publisher.create_stream("Prices")
    app = apps.make(
        "subscriber",
        StreamSubscribe(id="sub", definition="Prices", delivery=delivery),
        html.P(id="last"),
        backend=backend,
    )
    seen: list[Any] = []
    statuses: list[Any] = []
    record(app, "sub", "status", statuses)

    @stream_handler("sub", output=Output("last", "children"), app=app)
    def take(n: int, symbol: str, sequence: int, server: dict[str, Any]) -> str:
        seen.append((n, sequence))
        return f"{server['application']}: {symbol} {n}"

    page = apps.open(app)
    eventually(lambda: statuses and statuses[-1] and statuses[-1]["state"] == "open", "open")
    push_numbers(stream, *range(1, 51))
    page.wait_for_text("last", "publisher: even 50")
    assert seen == [(n, n) for n in range(1, 51)]


def test_sub024_one_that_a_callback_returns_again_keeps_its_status(
    apps: Apps, publisher: InteropClient
) -> None:
    stream = publisher.create_stream("Prices")
    received = Received()
    app = apps.make("subscriber", html.Button("again", id="again"), html.Div(id="place"))

    @app.callback(Output("place", "children"), Input("again", "n_clicks"))
    def again(clicks: int | None) -> Any:
        return [StreamSubscribe(id="sub", definition="Prices"), html.P(id=f"place-{clicks}")]

    record(app, "sub", "status", received.statuses)
    page = apps.open(app)
    received.wait_for_state("open")
    page.click("again")
    page.wait_for("place-1")
    received.wait_for_state("open", 2)
    assert len(stream.subscriptions()) == 1


@pytest.mark.parametrize("identity", [{"id": "one"}, {}], ids=["an id", "no id"])
def test_sub025_a_component_of_another_type_that_takes_its_place_ends_it(
    apps: Apps, publisher: InteropClient, identity: dict[str, Any]
) -> None:
    stream = publisher.create_stream("Prices")
    app = apps.make("subscriber", html.Button("next", id="next"), html.Div(id="place"))
    made = [
        lambda: StreamSubscribe(definition="Prices", **identity),
        lambda: StreamPublish(definition="Mine", **identity),
        lambda: MethodRegister(definition="Method", returns=False, **identity),
    ]

    @app.callback(Output("place", "children"), Input("next", "n_clicks"))
    def take_the_place(clicks: int | None) -> Any:
        return [made[(clicks or 0) % 3](), html.P(id=f"place-{clicks}")]

    page = apps.open(app)

    def there() -> list[int]:
        offered = [len(page.servers(name)) for name in ("Mine", "Method")]
        return [len(stream.subscriptions()), *offered]

    def wait_for(*expected: int) -> None:
        eventually(lambda: there() == [*expected], lambda: f"{expected}, but {there()}")

    wait_for(1, 0, 0)
    for clicks in range(1, 7):
        page.click("next")
        page.wait_for(f"place-{clicks}")
        wait_for(*(int(clicks % 3 == number) for number in range(3)))
