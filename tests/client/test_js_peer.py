"""JavaScript peers among themselves: what tests of other clients build upon works."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from tests.support.gateways import GatewayProcess
from tests.support.js_peer import JsError, JsPeer

JsPeerFactory = Callable[..., JsPeer]
Pair = tuple[JsPeer, JsPeer]


@pytest.fixture
def pair(gateway: GatewayProcess, js_peer: JsPeerFactory) -> Pair:
    """One peer to offer, one to use."""
    return js_peer(gateway.url, "server"), js_peer(gateway.url, "client")


# Calls ---------------------------------------------------------------------------------------


def test_a_call_is_answered_by_the_other_peer(pair: Pair):
    server, client = pair
    server.register({"name": "Add", "accepts": "Int a, Int b"}, "sum")
    client.wait_method("Add")
    result = client.invoke("Add", {"a": 1, "b": 2})
    assert result["returned"] == {"sum": 3}
    assert result["executed_by"]["application"] == "server"
    assert server.handled("Add") == [{"a": 1, "b": 2}]
    assert [caller["application"] for caller in server.callers("Add")] == ["client"]


def test_dates_go_there_and_back(pair: Pair):
    server, client = pair
    when = datetime(2024, 2, 29, 12, 30, 15, 250_000, timezone.utc)
    server.register("Echo")
    client.wait_method("Echo")
    assert client.invoke("Echo", {"when": when})["returned"] == {"when": when}
    assert server.handled("Echo") == [{"when": when}]


def test_what_a_method_throws_reaches_the_caller(pair: Pair):
    server, client = pair
    server.register("Fail", "raise")
    client.wait_method("Fail")
    with pytest.raises(JsError, match="no such trade") as caught:
        client.invoke("Fail", {"message": "no such trade"})
    assert caught.value.details["executed_by"]["application"] == "server"


def test_a_burst_of_calls_is_handled_in_order_and_answered(pair: Pair):
    server, client = pair
    server.register("Count", "count")
    client.wait_method("Count")
    calls = [{"n": n} for n in range(1000)]
    results = client.invoke_many("Count", calls)
    assert [result["returned"] for result in results] == [{"n": n} for n in range(1, 1001)]
    assert server.handled("Count") == calls


def test_late_answers_reach_their_own_callers(pair: Pair):
    server, client = pair
    server.register("Late", "late")
    client.wait_method("Late")
    calls = [{"of": 4, "turn": turn} for turn in (2, 0, 3, 1)]
    results = client.invoke_many("Late", calls)
    assert [result["returned"] for result in results] == calls


def test_a_method_that_does_not_answer_times_out(pair: Pair):
    server, client = pair
    server.register("Never", "never")
    client.wait_method("Never")
    quick = {"methodResponseTimeoutMs": 100}
    [result] = client.invoke_many("Never", [{"n": 1}], options=quick)
    assert "error" in result
    assert server.handled("Never") == [{"n": 1}]


def test_a_call_can_be_for_all_or_for_one_server(
    pair: Pair, gateway: GatewayProcess, js_peer: JsPeerFactory
):
    server, client = pair
    other = js_peer(gateway.url, "other")
    for each in (server, other):
        each.register("Both")
    client.wait_method("Both", servers=2)
    answers = client.invoke("Both", {"n": 1}, "all")["all_return_values"]
    assert {each["executed_by"]["application"] for each in answers} == {"server", "other"}
    client.invoke("Both", {"n": 2}, other.instance)
    assert (server.handled("Both"), other.handled("Both")) == ([{"n": 1}], [{"n": 1}, {"n": 2}])


# Discovery -----------------------------------------------------------------------------------


def test_methods_come_and_go_with_events(pair: Pair):
    server, client = pair
    server.register({"name": "Shown", "description": "to be seen"})
    client.wait_method("Shown")
    [method] = client.methods("Shown")
    assert method["description"] == "to be seen"
    assert [each["application"] for each in method["servers"]] == ["server"]
    assert "server" in {each["application"] for each in client.servers()}

    server.unregister("Shown")
    client.wait_method_gone("Shown")
    about_it = [each["event"] for each in client.events() if each.get("method") == "Shown"]
    assert sorted(about_it[:2]) == ["methodAdded", "serverMethodAdded"]
    assert sorted(about_it[2:]) == ["methodRemoved", "serverMethodRemoved"]


def test_a_killed_peer_takes_its_methods_along(pair: Pair):
    server, client = pair
    server.register("Brief")
    client.wait_method("Brief")
    server.kill()
    client.wait_method_gone("Brief")
    with pytest.raises(AssertionError, match="was ended"):
        server.servers()


def test_users_do_not_see_each_other(pair: Pair, gateway: GatewayProcess, js_peer: JsPeerFactory):
    server, client = pair
    server.register("Private")
    client.wait_method("Private")
    stranger = js_peer(gateway.url, "stranger", user="somebody else")
    assert stranger.methods("Private") == []


# Streams -------------------------------------------------------------------------------------


def test_many_data_of_one_tick_arrive_in_order(pair: Pair):
    server, client = pair
    server.create_stream("Ticks")
    client.wait_method("Ticks")
    handle = client.subscribe("Ticks", {"symbol": "VOD"})
    server.wait_stream_events("Ticks", 2)
    server.push_many("Ticks", 20_000)
    assert client.wait_received(handle, 20_000) == [{"n": n} for n in range(20_000)]


def test_subscriptions_begin_and_end(pair: Pair):
    server, client = pair
    server.create_stream("Prices")
    client.wait_method("Prices")
    handle = client.subscribe("Prices", {"symbol": "VOD"})
    server.wait_stream_events("Prices", 2)
    [subscription] = server.subscriptions("Prices")
    assert subscription["arguments"] == {"symbol": "VOD"}
    assert subscription["instance"]["application"] == "client"
    client.unsubscribe(handle)
    events = server.wait_stream_events("Prices", 3)
    assert [each["event"] for each in events] == ["requested", "added", "removed"]
    assert server.subscriptions("Prices") == []


def test_a_rejected_subscription_says_why(pair: Pair):
    server, client = pair
    server.create_stream("Closed", "reject:not for you")
    client.wait_method("Closed")
    with pytest.raises(JsError) as caught:
        client.subscribe("Closed")
    assert "not for you" in str(caught.value)


def test_a_request_nobody_decides_about_times_out(pair: Pair):
    server, client = pair
    server.create_stream("Silent", "ignore")
    client.wait_method("Silent")
    with pytest.raises(JsError):
        client.subscribe("Silent", methodResponseTimeout=100)
    assert [each["event"] for each in server.stream_events("Silent")] == ["requested"]


def test_a_branch_gets_what_is_pushed_to_it(pair: Pair):
    server, client = pair
    server.create_stream("Branched", "branch")
    client.wait_method("Branched")
    handles = [client.subscribe("Branched", {"symbol": symbol}) for symbol in ("VOD", "BT")]
    server.wait_stream_events("Branched", 4)
    server.push("Branched", {"px": 1}, "VOD")
    server.push("Branched", {"px": 2}, ["VOD", "BT"])
    server.push("Branched", {"px": 3})
    vod, bt = handles
    assert client.wait_received(vod, 3) == [{"px": 1}, {"px": 2}, {"px": 3}]
    assert client.wait_received(bt, 2) == [{"px": 2}, {"px": 3}]


def test_a_closed_stream_ends_its_subscriptions(pair: Pair):
    server, client = pair
    server.create_stream("Ending")
    client.wait_method("Ending")
    handle = client.subscribe("Ending")
    server.wait_stream_events("Ending", 2)
    server.close_stream("Ending")
    client.wait_closed(handle)
    client.wait_method_gone("Ending")


# The gateway of one test ---------------------------------------------------------------------


def test_peers_come_back_to_a_gateway_that_was_killed(
    our_gateway: GatewayProcess, js_peer: JsPeerFactory
):
    server, client = js_peer(our_gateway.url, "server"), js_peer(our_gateway.url, "client")
    server.register("Echo")
    client.wait_method("Echo")
    first = our_gateway.pid
    our_gateway.kill()
    client.wait_method_gone("Echo")
    our_gateway.restart()
    assert our_gateway.pid != first
    client.wait_method("Echo")
    assert client.invoke("Echo", {"n": 1})["returned"] == {"n": 1}


def test_a_refused_login_is_an_error(our_gateway: GatewayProcess, js_peer: JsPeerFactory):
    with pytest.raises(JsError, match="token"):
        js_peer(our_gateway.url, token="made up")
