"""StreamPublish: what it offers, who may subscribe, and what reaches whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from dash import Dash, Input, Output, State, dcc, html

from dash_interop import Interop, PushDict, StreamPublish, StreamSubscribe, subscription_handler
from dash_interop.client.sync import Subscription, connect
from dash_interop.errors import InteropError, SubscriptionError, SubscriptionTimeout
from tests.support.apps_parts import record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import eventually
from tests.support.gateways import ours
from tests.support.ports import free_range

KEEP_FRAMES = """
    window.frameTypes = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (text) {
        window.frameTypes.push(JSON.parse(text).type);
        return send.call(this, text);
    };
"""


def deciding(app: Dash, requests: list[Any] | None = None) -> None:
    """Subscribers ask for the decision that they want as their arguments."""

    @app.callback(
        Output("prices", "decision"), Input("prices", "request"), prevent_initial_call=True
    )
    def decide(request: Any) -> Any:
        if requests is not None:
            requests.append(request)
        return {"requestId": request["requestId"], **request["arguments"]}


def on(branch: str) -> dict[str, str]:
    """What to subscribe with, to be accepted on a branch."""
    return {"branch": branch}


def data_of(subscription: Subscription, count: int) -> list[Any]:
    """So many data; there are no more of them for now."""
    taken = [subscription.get(timeout=10).data for _ in range(count)]
    with pytest.raises(SubscriptionTimeout):
        subscription.get(timeout=0)
    return taken


def ends(subscription: Subscription) -> None:
    eventually(lambda: subscription.state == "closed", "the subscriber hears of the end")


def test_pub001_without_a_callback_subscriptions_are_accepted_as_they_come(apps: Apps) -> None:
    added: list[Any] = []
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices"))
    record(app, "prices", "subscriptionAdded", added)
    page = apps.open(app)
    with connect(application="subscriber") as interop:
        subscription = interop.subscribe("Prices", {"symbol": "EUR"})
        eventually(lambda: len(added) == 2, "the subscription is told")
        assert added[1]["arguments"] == {"symbol": "EUR"}
        assert added[1]["branch"] is None
        assert added[1]["subscriber"]["application"] == "subscriber"
        page.set_props("prices", push={"data": {"price": 1.5}})
        datum = subscription.get(timeout=10)
        assert datum.data == {"price": 1.5}
        assert not datum.private
        assert datum.server["application"] == "publisher"


@pytest.mark.every_engine
def test_pub002_a_callback_accepts_puts_on_a_branch_or_rejects_with_a_reason(apps: Apps) -> None:
    requests: list[Any] = []
    added: list[Any] = []
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices"))
    record(app, "prices", "subscriptionAdded", added)
    deciding(app, requests)
    apps.open(app)
    with connect(application="subscriber") as interop:
        interop.subscribe("Prices", {"accept": True})
        interop.subscribe("Prices", on("Private"))
        with pytest.raises(SubscriptionError, match="^not for you$"):
            interop.subscribe("Prices", {"reject": "not for you"})
        with pytest.raises(SubscriptionError, match="The decision cannot be read"):
            interop.subscribe("Prices", {"acept": True})
    assert len(requests) == 4
    assert {request["caller"]["application"] for request in requests} == {"subscriber"}
    eventually(lambda: len(added) == 3, "two subscriptions are told")
    assert [one["branch"] for one in added[1:]] == [None, "Private"]
    assert [one["subscriptionId"] for one in added[1:]] == [
        one["requestId"] for one in requests[:2]
    ]
    warnings = "\n".join(apps.browser.console("WARNING"))
    assert 'decision has an unknown key "acept": did you mean "accept"?' in warnings


def test_pub003_auto_accept_asks_no_callback(apps: Apps) -> None:
    requests: list[Any] = []
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices", autoAccept=True))
    deciding(app, requests)
    apps.open(app)
    with connect() as interop:
        interop.subscribe("Prices", {"reject": "never"})
    assert requests == []


def test_pub004_undecided_requests_are_rejected_in_time_and_one_that_ends_at_once(
    apps: Apps,
) -> None:
    app = apps.make(
        "publisher",
        StreamPublish(id="prices", definition="Prices", requestTimeoutMs=400),
        html.Button("Accept", id="accept"),
        html.P(id="asked"),
        StreamPublish(id="news", definition="News"),
        html.P(id="read"),
    )

    @app.callback(Output("asked", "children"), Input("prices", "request"))
    def ask(request: Any) -> Any:
        return request and request["requestId"]

    @app.callback(
        Output("prices", "decision"),
        Input("accept", "n_clicks"),
        State("asked", "children"),
        prevent_initial_call=True,
    )
    def accept(_: Any, request_id: str) -> Any:
        return {"requestId": request_id, "accept": True}

    @app.callback(Output("read", "children"), Input("news", "request"))
    def read(request: Any) -> Any:
        return request and "read"

    apps.open(app)
    with connect() as interop:
        with pytest.raises(SubscriptionError, match="did not decide .* within 400 ms"):
            interop.subscribe("Prices")
        with pytest.raises(SubscriptionError, match="ended without a decision"):
            interop.subscribe("News")


def test_pub005_a_click_decides_later_and_the_next_request_waits_for_its_turn(apps: Apps) -> None:
    requests: list[Any] = []
    app = apps.make(
        "publisher",
        StreamPublish(id="prices", definition="Prices"),
        html.Button("Accept", id="accept"),
    )
    record(app, "prices", "request", requests)

    @app.callback(
        Output("prices", "decision"),
        Input("accept", "n_clicks"),
        State("prices", "request"),
        prevent_initial_call=True,
    )
    def accept(_: Any, request: Any) -> Any:
        return {"requestId": request["requestId"], "accept": True}

    page = apps.open(app)
    with connect() as first, connect() as second, connect() as third, ThreadPoolExecutor() as pool:
        subscribing = pool.submit(first.subscribe, "Prices", {"n": 0})
        eventually(lambda: len(requests) == 2, "the first request")
        leaving = pool.submit(second.subscribe, "Prices", {"n": 1})
        staying = pool.submit(third.subscribe, "Prices", {"n": 2})
        second.close()
        assert isinstance(leaving.exception(timeout=10), InteropError)
        page.click("accept")
        assert subscribing.result(timeout=10).state == "open"
        eventually(lambda: len(requests) == 3, "the third request")
        assert [request["arguments"]["n"] for request in requests[1:]] == [0, 2]
        page.click("accept")
        assert staying.result(timeout=10).state == "open"


def test_pub006_comers_and_goers_are_told_once_each_and_the_lists_show_who_is_there(
    apps: Apps,
) -> None:
    added: list[Any] = []
    removed: list[Any] = []
    app = apps.make(
        "publisher",
        StreamPublish(id="prices", definition="Prices"),
        html.P(id="subscribers"),
        html.P(id="branches"),
    )
    record(app, "prices", "subscriptionAdded", added)
    record(app, "prices", "subscriptionRemoved", removed)
    deciding(app)

    @app.callback(Output("subscribers", "children"), Input("prices", "subscriptions"))
    def show(subscriptions: Any) -> str:
        return " ".join(one["arguments"].get("branch", "-") for one in subscriptions or [])

    @app.callback(Output("branches", "children"), Input("prices", "branches"))
    def count(branches: Any) -> str:
        return " ".join(f"{one['key']}={one['count']}" for one in branches or [])

    page = apps.open(app)
    with connect() as first:
        with connect() as second:
            subscription = first.subscribe("Prices", on("A"))
            second.subscribe("Prices", on("A"))
            second.subscribe("Prices", on("B"))
            second.subscribe("Prices", {"accept": True})
            page.wait_for_text("subscribers", "A A B -")
            page.wait_for_text("branches", "A=2 B=1")
            subscription.close()
            page.wait_for_text("subscribers", "A B -")
            page.wait_for_text("branches", "A=1 B=1")
        page.wait_for_text("subscribers", "")
        page.wait_for_text("branches", "")
    eventually(lambda: len(removed) == 5, "four have gone")
    assert added[0] is None and removed[0] is None
    assert [one["arguments"] for one in added[1:]] == [*2 * [on("A")], on("B"), {"accept": True}]
    assert sorted(one["subscriptionId"] for one in added[1:]) == sorted(
        one["subscriptionId"] for one in removed[1:]
    )
    assert removed[1] == added[1]


def test_pub007_a_snapshot_reaches_its_subscriber_alone(apps: Apps) -> None:
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices"))

    @app.callback(
        Output("prices", "snapshot"),
        Input("prices", "subscriptionAdded"),
        prevent_initial_call=True,
    )
    def show(added: Any) -> Any:
        return {"subscriptionId": added["subscriptionId"], "data": added["arguments"]}

    apps.open(app)
    with connect() as interop:
        subscriptions = [interop.subscribe("Prices", {"n": n}) for n in range(3)]
        for n, subscription in enumerate(subscriptions):
            datum = subscription.get(timeout=10)
            assert datum.private
            assert datum.data == {"n": n}
        for subscription in subscriptions:
            assert data_of(subscription, 0) == []


def test_pub008_data_go_to_all_to_a_branch_to_several_or_to_one(apps: Apps) -> None:
    added: list[Any] = []
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices"))
    record(app, "prices", "subscriptionAdded", added)
    deciding(app)
    page = apps.open(app)
    with connect() as interop:
        a, b, c = (interop.subscribe("Prices", on(key)) for key in "ABC")
        plain = interop.subscribe("Prices", {"accept": True})
        eventually(lambda: len(added) == 5, "four are there")
        page.set_props(
            "prices",
            push=[
                {"data": {"n": 1}},
                {"data": {"n": 2}, "branch": "A"},
                {"data": {"n": 3}, "branch": ["A", "B", "Nobody"]},
                {"data": {"n": 4}, "branch": []},
                {"data": {"n": 5}, "subscriptionId": added[4]["subscriptionId"]},
                {"data": {"n": 6}},
            ],
        )
        numbers = [
            [one["n"] for one in data_of(subscription, count)]
            for subscription, count in ((a, 4), (b, 3), (c, 2), (plain, 3))
        ]
    assert numbers == [[1, 2, 3, 6], [1, 3, 6], [1, 6], [1, 5, 6]]


@pytest.mark.every_engine
def test_pub009_twenty_pushes_of_one_turn_arrive_equal_ones_too(apps: Apps) -> None:
    app = apps.make(
        "publisher",
        StreamPublish(id="prices", definition="Prices"),
        html.Button("Push", id="push"),
        html.Button("Push a list", id="push-list"),
        html.Button("Push on the server", id="push-on-server"),
    )
    app.clientside_callback(
        """() => {
            for (let n = 0; n < 20; n += 1) {
                dash_clientside.set_props("prices", {push: {data: {n: n >> 1}}});
            }
        }""",
        Input("push", "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        "() => Array.from({length: 20}, (_, n) => ({data: {n}}))",
        Output("prices", "push"),
        Input("push-list", "n_clicks"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("prices", "push", allow_duplicate=True),
        Input("push-on-server", "n_clicks"),
        prevent_initial_call=True,
    )
    def push(_: Any) -> Any:
        return {"data": {"same": True}}

    page = apps.open(app)
    with connect() as interop:
        subscription = interop.subscribe("Prices")
        page.click("push")
        assert [one["n"] for one in data_of(subscription, 20)] == [n // 2 for n in range(20)]
        page.click("push-list")
        assert [one["n"] for one in data_of(subscription, 20)] == list(range(20))
        for _ in range(2):
            page.click("push-on-server")
            assert data_of(subscription, 1) == [{"same": True}]


def test_pub010_subscriptions_branches_and_the_stream_are_closed(apps: Apps) -> None:
    added: list[Any] = []
    removed: list[Any] = []
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices"))
    record(app, "prices", "subscriptionAdded", added)
    record(app, "prices", "subscriptionRemoved", removed)
    deciding(app)
    page = apps.open(app)
    with connect() as interop:
        one, other, branch = (interop.subscribe("Prices", on(key)) for key in "AAB")
        waiting: list[Any] = []
        following = interop.subscribe(
            "Prices", on("C"), follow=True, on_waiting=lambda: waiting.append(1)
        )
        eventually(lambda: len(added) == 5, "four are there")
        page.set_props("prices", close={"subscriptionId": added[1]["subscriptionId"]})
        ends(one)
        assert (other.state, branch.state) == ("open", "open")
        page.set_props("prices", close=[{"branch": "A"}, {"branch": "Nobody"}])
        ends(other)
        assert branch.state == "open"
        page.set_props("prices", active=False)
        ends(branch)
        eventually(lambda: waiting, "the one that follows waits")
        assert interop.methods("Prices") == []
        eventually(lambda: len(removed) == 5, "all are told")
        assert {one["subscriptionId"] for one in removed[1:]} == {
            one["subscriptionId"] for one in added[1:]
        }
        page.set_props("prices", active=True)
        eventually(lambda: following.state == "open", "the one that follows is back")
        page.set_props("prices", push={"data": {"n": 1}})
        assert data_of(following, 1) == [{"n": 1}]


def test_pub011_a_stream_that_leaves_the_layout_is_withdrawn_and_comes_back_with_it(
    apps: Apps,
) -> None:
    app = apps.make(
        "publisher",
        html.Div(StreamPublish(id="prices", definition="Prices"), id="place"),
        html.Button("Toggle", id="toggle"),
        html.P(id="toggled"),
    )

    @app.callback(
        Output("place", "children"),
        Output("toggled", "children"),
        Input("toggle", "n_clicks"),
        prevent_initial_call=True,
    )
    def toggle(clicks: int) -> Any:
        # The last time, it is another component of the same id, in place of the one there is.
        stream = StreamPublish(id="prices", definition="Prices")
        return stream if clicks != 1 else None, clicks

    page = apps.open(app)
    with connect() as interop:
        subscription = interop.subscribe("Prices")
        following = interop.subscribe("Prices", follow=True)
        page.click("toggle")
        ends(subscription)
        page.click("toggle")
        eventually(lambda: following.state == "open", "the one that follows is back")
        page.set_props("prices", push={"data": {"n": 1}})
        assert data_of(following, 1) == [{"n": 1}]
        page.click("toggle")
        page.wait_for_text("toggled", "3")
        page.set_props("prices", push={"data": {"n": 2}})
        assert data_of(following, 1) == [{"n": 2}]


def test_pub012_what_is_wrong_is_told_in_the_error_prop_and_the_console(apps: Apps) -> None:
    errors: list[Any] = []
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices"))
    record(app, "prices", "error", errors)
    page = apps.open(app)
    wrong = {
        "push": [
            ({"data": [1]}, "The data of a stream have to be a dict, not a list"),
            ({"dat": {}}, 'push has an unknown key "dat": did you mean "data"?'),
            ({"data": {}, "branch": 5}, "push: the key of a branch is a non-empty string, not 5"),
            ({"data": {}, "subscriptionId": "x"}, 'there is no subscription "x"'),
            ([{"data": {}}, 7], "push[1] has to be a dict, not 7"),
        ],
        "snapshot": [({"subscriptionId": "y", "data": {}}, 'there is no subscription "y"')],
        "decision": [({"requestId": "z", "accept": True}, "no request z waits for a decision")],
        "close": [({}, "close needs a subscriptionId or a branch, one of them")],
    }
    said = []
    with connect() as interop:
        subscription = interop.subscribe("Prices")
        for prop, cases in wrong.items():
            for value, message in cases:
                page.set_props("prices", **{prop: value})
                eventually(
                    lambda message=message: errors[-1] == {"message": message},
                    lambda message=message: f"{message!r}, and not {errors[-1]!r}",
                )
                said.append(message)
        page.set_props("prices", push={"data": {"n": 1}})
        eventually(lambda: errors[-1] is None, "the error is cleared")
        assert data_of(subscription, 2) == [{}, {"n": 1}]
    page.set_props("prices", active=False)
    page.set_props("prices", push={"data": {"n": 1}})
    eventually(
        lambda: errors[-1] and "active is False" in errors[-1]["message"], "a push while closed"
    )
    warnings = "\n".join(apps.browser.console("WARNING"))
    for message in said:
        assert message.replace('"', r"\"") in warnings or message in warnings


def test_pub013_subscribers_are_told_as_gone_in_an_outage_and_come_back_as_new_ones(
    apps: Apps, secret_file: Path
) -> None:
    port = free_range(1)
    arguments = (
        "--port",
        str(port),
        "--secret-file",
        str(secret_file),
        "--allow-origin",
        "loopback",
    )
    gateway = apps.process("dash_interop", "gateway", *arguments)
    url = f"ws://127.0.0.1:{port}"
    apps.browser.allow_lost_connections()
    added: list[Any] = []
    removed: list[Any] = []
    app = apps.make(
        "publisher",
        StreamPublish(id="prices", definition="Prices"),
        plugins=[Interop(gateway=url, secret_file=secret_file)],
    )
    record(app, "prices", "subscriptionAdded", added)
    record(app, "prices", "subscriptionRemoved", removed)
    page = apps.open(app)
    with connect(url, secret_file=secret_file) as interop:
        subscription = interop.subscribe("Prices", {"n": 1}, follow=True)
        eventually(lambda: len(added) == 2, "the subscriber is told")
        gateway.stop()
        eventually(lambda: len(removed) == 2, "it is gone")
        page.set_props("prices", push={"data": {"lost": True}})
        apps.process("dash_interop", "gateway", *arguments)
        eventually(lambda: len(added) == 3, "it is back", 20)
        page.set_props("prices", push={"data": {"n": 2}})
        assert data_of(subscription, 1) == [{"n": 2}]
    eventually(lambda: len(removed) == 3, "it has left")
    ids = [one["subscriptionId"] for one in added[1:]]
    assert len(set(ids)) == 2
    assert [one["subscriptionId"] for one in removed[1:]] == ids
    assert [one["arguments"] for one in added[1:]] == [{"n": 1}, {"n": 1}]


@pytest.mark.every_engine
def test_pub014_a_push_is_one_frame_however_many_subscribe(apps: Apps) -> None:
    removed: list[Any] = []
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices"))
    record(app, "prices", "subscriptionRemoved", removed)
    deciding(app)
    page = apps.open(app)
    page.js(KEEP_FRAMES)
    page.is_altered = True

    def sent(frame_type: str) -> int:
        return page.js("return frameTypes.filter((type) => type === args[0]).length", frame_type)

    with connect() as interop:
        on_branch = [interop.subscribe("Prices", on("A")) for _ in range(3)]
        gone = interop.subscribe("Prices", on("B"))
        gone.close()
        eventually(lambda: len(removed) == 2, "one has left its branch")
        page.set_props("prices", push=[{"data": {"n": n}} for n in range(10)])
        for subscription in on_branch:
            assert [one["n"] for one in data_of(subscription, 10)] == list(range(10))
        assert sent("publish") == 10


@pytest.mark.every_engine
def test_pub015_many_data_of_a_page_arrive_all_and_in_order(apps: Apps, burst: int) -> None:
    lists, size = burst // 5, 100
    app = apps.make(
        "publisher",
        StreamPublish(id="prices", definition="Prices"),
        html.Button("Push", id="push"),
    )
    app.clientside_callback(
        f"""() => {{
            let n = 0;
            const pushList = () => {{
                const push = Array.from({{length: {size}}}, () => ({{data: {{n: n++}}}}));
                dash_clientside.set_props("prices", {{push}});
                if (n < {lists * size}) {{
                    setTimeout(pushList, 0);
                }}
            }};
            pushList();
        }}""",
        Input("push", "n_clicks"),
        prevent_initial_call=True,
    )
    page = apps.open(app)
    with connect() as interop:
        subscription = interop.subscribe("Prices")
        page.click("push")
        numbers = [one["n"] for one in data_of(subscription, lists * size)]
    assert numbers == list(range(lists * size))


# History -----------------------------------------------------------------------------------------


@pytest.mark.every_engine
def test_pub016_a_page_keeps_what_it_pushes_for_those_who_come_later(apps: Apps) -> None:
    prices = StreamPublish(id="prices", definition="Prices", history={"size": 2, "key": "symbol"})
    app = apps.make("publisher", prices)
    record(app, "prices", "error", errors := [])
    page = apps.open(app)
    with connect(application="subscriber") as interop:
        interop.wait_for_method("Prices")
        quotes = [("VOD", 1), ("BT", 2), ("VOD", 3)]
        push = [{"data": {"symbol": symbol, "n": n}} for symbol, n in quotes]
        page.set_props("prices", push=push)
        page.set_props("prices", push={"data": {"n": 0}})
        eventually(lambda: errors[-1] is not None, "the datum without a key is told")
        assert 'data has no field "symbol"' in errors[-1]["message"]
        subscription = interop.subscribe("Prices")
        assert subscription.recovered is True
        page.set_props("prices", push={"data": {"symbol": "BARC", "n": 4}})
        assert [each["n"] for each in data_of(subscription, 3)] == [2, 3, 4]
        late = interop.subscribe("Prices")
        assert late.recovered is False
        assert [each["n"] for each in data_of(late, 2)] == [3, 4]


def test_pub017_what_a_page_pushed_in_an_outage_comes_first_after_it(
    apps: Apps, secret_file: Path
) -> None:
    apps.browser.allow_lost_connections()
    with ours(secret_file=secret_file) as gateway:
        app = apps.make(
            "publisher",
            StreamPublish(id="prices", definition="Prices", history=10),
            plugins=[Interop(gateway=gateway.url, secret_file=secret_file)],
        )
        page = apps.open(app)
        with connect(gateway.url, secret_file=secret_file) as interop:
            subscription = interop.subscribe("Prices", follow=True)
            page.set_props("prices", push={"data": {"n": 1}})
            assert subscription.get(timeout=10).data == {"n": 1}
            gateway.kill()
            eventually(lambda: subscription.state == "waiting", "the subscriber is away")
            page.set_props("prices", push=[{"data": {"n": n}} for n in (2, 3)])
            gateway.restart()
            assert [subscription.get(timeout=20).data["n"] for _ in range(2)] == [2, 3]
            assert subscription.recovered is True
        page.close()


def test_pub018_branches_of_a_page_have_histories_of_their_own(apps: Apps) -> None:
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices", history=5))
    deciding(app)
    page = apps.open(app)
    with connect(application="subscriber") as interop:
        interop.wait_for_method("Prices")
        to_branches = [{"data": {"n": n}, "branch": key} for n, key in ((2, "a"), (3, "b"))]
        page.set_props("prices", push=[{"data": {"n": 1}}, *to_branches])
        page.set_props("prices", push={"data": {"n": 4}, "branch": ["a", "b"]})
        for branch, expected in [("a", [1, 2, 4]), ("b", [1, 3, 4]), ("c", [1])]:
            subscription = interop.subscribe("Prices", on(branch))
            assert subscription.recovered is True
            assert [each["n"] for each in data_of(subscription, len(expected))] == expected


def test_pub019_a_layout_that_comes_back_repeats_nothing(apps: Apps) -> None:
    added: list[Any] = []
    requests: list[Any] = []
    app = apps.make(
        "publisher",
        html.Div([StreamPublish(id="prices", definition="Prices")], id="place"),
        html.Button("Append", id="append"),
        html.P(id="subscribers"),
    )
    record(app, "prices", "subscriptionAdded", added)
    deciding(app, requests)

    @app.callback(
        Output("place", "children"),
        Input("append", "n_clicks"),
        State("place", "children"),
        prevent_initial_call=True,
    )
    def append(clicks: int, children: list[Any]) -> list[Any]:
        return [*children, html.P(id=f"appended-{clicks}")]

    @app.callback(Output("subscribers", "children"), Input("prices", "subscriptions"))
    def count(subscriptions: Any) -> int:
        return len(subscriptions or [])

    page = apps.open(app)
    with connect() as interop:
        leaving = interop.subscribe("Prices", on("A"))
        staying = interop.subscribe("Prices", on("B"))
        eventually(lambda: len(added) == 3, "two are there")
        identity = {"subscriptionId": added[2]["subscriptionId"]}
        page.set_props("prices", push={"data": {"n": 1}}, snapshot={**identity, "data": {"n": 2}})
        page.set_props("prices", close={"branch": "A"})
        ends(leaving)
        assert data_of(staying, 2) == [{"n": 2}, {"n": 1}]
        again = interop.subscribe("Prices", on("A"))
        eventually(lambda: len(added) == 4, "a third one comes")
        for clicks in range(1, 4):
            page.click("append")
            page.wait_for(f"appended-{clicks}")
        page.set_props("prices", push={"data": {"n": 3}})
        assert data_of(staying, 1) == data_of(again, 1) == [{"n": 3}]
        page.wait_for_text("subscribers", "2")
    assert len(requests) == 3
    assert len(added) == 4


def test_pub020_a_subscription_handler_decides_by_arguments_and_caller(apps: Apps) -> None:
    app = apps.make(
        "publisher",
        StreamPublish(id="prices", definition="Prices"),
        dcc.Input(id="limit", value=2),
    )

    @subscription_handler("prices", State("limit", "value"), app=app)
    def decide(caller: Any, symbol: str, depth: int = 1, limit: int = 0) -> str | None:
        if depth > limit:
            raise ValueError(f"{caller['application']} wants too much of {symbol}")
        return symbol

    page = apps.open(app)
    with connect(application="subscriber") as interop:
        subscription = interop.subscribe("Prices", {"symbol": "EUR"})
        with pytest.raises(SubscriptionError, match="^subscriber wants too much of EUR$"):
            interop.subscribe("Prices", {"symbol": "EUR", "depth": 3})
        with pytest.raises(SubscriptionError, match="argument symbol is missing"):
            interop.subscribe("Prices")
        page.set_props("prices", push={"data": {"n": 1}, "branch": "EUR"})
        assert data_of(subscription, 1) == [{"n": 1}]


def test_pub021_what_is_pushed_before_the_page_is_connected_is_kept_for_a_history(
    apps: Apps,
) -> None:
    first: list[PushDict] = [{"data": {"n": n}} for n in range(3)]
    app = apps.make(
        "publisher",
        StreamPublish(id="prices", definition="Prices", history=10, push=first),
        StreamPublish(id="news", definition="News", push=first),
    )
    page = apps.open(app)
    with connect() as interop:
        interop.wait_for_method("Prices")
        page.set_props("prices", push={"data": {"n": 3}})
        prices, news = interop.subscribe("Prices"), interop.subscribe("News")
        assert [one["n"] for one in data_of(prices, 4)] == [0, 1, 2, 3]
        assert data_of(news, 0) == []


def test_pub022_one_callback_accepts_and_sends_the_snapshot(apps: Apps) -> None:
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices"))

    @app.callback(
        Output("prices", "snapshot"),
        Output("prices", "decision"),
        Input("prices", "request"),
        prevent_initial_call=True,
    )
    def decide(request: Any) -> Any:
        identity = request["requestId"]
        snapshot = {"subscriptionId": identity, "data": request["arguments"]}
        return snapshot, {"requestId": identity, "branch": "A"}

    apps.open(app)
    with connect() as interop:
        assert data_of(interop.subscribe("Prices", {"n": 1}), 1) == [{"n": 1}]


def test_pub023_a_page_that_subscribes_comes_back_with_the_stream(apps: Apps) -> None:
    app = apps.make(
        "both",
        StreamPublish(id="prices", definition="Prices"),
        StreamSubscribe(id="mine", definition="Prices"),
        html.P(id="state"),
        html.P(id="price"),
    )

    @app.callback(Output("state", "children"), Input("mine", "status"))
    def show_state(status: Any) -> Any:
        return status and status["state"]

    @app.callback(Output("price", "children"), Input("mine", "data"))
    def show_price(datum: Any) -> Any:
        return datum and datum["data"]["price"]

    page = apps.open(app)
    page.wait_for_text("state", "open")
    page.set_props("prices", push={"data": {"price": 1}})
    page.wait_for_text("price", "1")
    page.set_props("prices", active=False)
    page.wait_for_text("state", "connecting")
    page.set_props("prices", active=True)
    page.wait_for_text("state", "open")
    page.set_props("prices", push={"data": {"price": 2}})
    page.wait_for_text("price", "2")


def test_pub024_a_request_that_is_open_when_the_stream_is_withdrawn_is_made_again(
    apps: Apps,
) -> None:
    requests: list[Any] = []
    app = apps.make("publisher", StreamPublish(id="prices", definition="Prices"), html.P(id="x"))

    @app.callback(Output("x", "children"), Input("prices", "request"), prevent_initial_call=True)
    def note(request: Any) -> str:
        requests.append(request["requestId"])
        return "noted"

    # That another callback may decide keeps the request open.
    app.clientside_callback(
        "() => window.dash_clientside.no_update",
        Output("prices", "decision"),
        Input("x", "title"),
        prevent_initial_call=True,
    )
    statuses: list[Any] = []
    other = apps.make("subscriber", StreamSubscribe(id="mine", definition="Prices"))
    record(other, "mine", "status", statuses)
    page = apps.open(app)
    apps.open(other)
    eventually(lambda: len(requests) == 1, "it asks")
    page.set_props("prices", active=False)
    page.set_props("prices", active=True)
    eventually(lambda: len(requests) == 2, lambda: f"it asks again, but {statuses}")
    page.set_props("prices", decision={"requestId": requests[1], "accept": True})
    eventually(lambda: statuses[-1]["state"] == "open", lambda: f"{statuses}")
    assert {status and status["state"] for status in statuses} <= {None, "connecting", "open"}
