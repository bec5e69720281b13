"""One peer's connection from its login on, what it sees of others, and what outlives an outage."""

import json
import random
from datetime import datetime, timezone

import pytest
from msgspec import Raw

from dash_interop.errors import (
    AuthenticationFailed,
    ConnectionLost,
    HandlerFailed,
    MethodNotFound,
    NotConnected,
)
from dash_interop.router.limits import Limits
from dash_interop.wire.agm import PeerAdded
from dash_interop.wire.definitions import MethodDefinition
from dash_interop.wire.envelope import Error, Success
from dash_interop.wire.login import Welcome
from dash_interop.wire.payloads import encode_payload
from tests.support.wired import DOWN, UP, Wired, arguments


def names(events):
    """Events as (name, application or method name...)."""
    return [
        (
            event[0],
            *(
                each.get("application") if isinstance(each, dict) else each.name
                for each in event[1:]
            ),
        )
        for event in events
    ]


LOST = [
    "method_removed",
    "server_method_removed",
    "server_removed",
]

ADDED = [
    "server_added",
    "method_added",
    "server_method_added",
]


# Logging in


def test_peer_that_logs_in_is_connecting_then_connected():
    wired = Wired()
    a = wired.stranger("a")
    assert (a.state, a.session.link.peer_id) == ("disconnected", None)
    wired.hold(a, UP)
    wired.connect(a)
    assert a.state == "connecting"
    wired.release(a)
    assert a.state == "connected"
    assert a.told() == [("state_changed", "connecting"), ("state_changed", "connected")]
    assert (a.pending_requests(), a.timers()) == (0, 0)


def test_instance_is_what_it_introduces_itself_as_until_the_gateway_says_what_others_see():
    wired = Wired()
    a = wired.stranger("a", desk=7)
    assert a.agm.instance == {"application": "a", "instance": "a", "peerId": "?", "desk": 7}
    wired.connect(a)
    seen = {
        "application": "a",
        "instance": "a",
        "peerId": a.id,
        "desk": 7,
        "user": "anna",
        "login": "anna",
        "machine": "127.0.0.1",
    }
    assert a.agm.instance == seen
    wired.cut(a)
    assert a.agm.instance == seen


def test_instance_says_what_it_offers():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.register("Sum")
    a.create_stream("Prices")
    for instance in (a.agm.instance, b.agm.directory.servers()[0]):
        assert [method.name for method in instance.get_methods()] == ["Sum"]
        assert [method.name for method in instance.get_streams()] == ["Prices"]


def test_peer_that_is_not_let_in_hears_why():
    wired = Wired()
    a = wired.stranger("a", user="")
    wired.connect(a)
    ((_, error),) = a.told("refused")
    assert type(error) is AuthenticationFailed
    assert str(error) == "Missing login/secret"
    assert a.state == "connecting"
    assert a.session.link.peer_id is None


def test_peer_that_may_not_join_hears_why():
    wired = Wired(at_once=False)
    a = wired.stranger("a")
    wired.connect(a)
    wired.deliver_one(a, UP)
    wired.deliver_one(a, DOWN)
    join = json.loads(a.frames[UP].popleft())
    assert join["type"] == "join"
    wired.say(a, Error(join["request_id"], a.id, "agm.errors.failure", "Not here", "agm"))
    ((_, error),) = a.told("refused")
    assert type(error) is AuthenticationFailed
    assert str(error) == "Not here"
    assert (a.state, a.session.link.is_joined) == ("connecting", False)


def test_refusal_for_want_of_room_says_so():
    wired = Wired(Limits(peers_per_user=1))
    wired.peer("a")
    b = wired.peer("b")
    ((_, error),) = b.told("refused")
    assert "The limit of peers for one user is 1" in str(error)


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_connection_cut_during_the_login_leaves_nothing_behind(frames):
    wired = Wired(at_once=False)
    a = wired.stranger("a")
    wired.connect(a)
    for _ in range(frames):
        assert wired.deliver_one(a, UP) or wired.deliver_one(a, DOWN)
    wired.cut(a)
    assert a.state == "disconnected"
    assert (a.pending_requests(), a.timers()) == (0, 0)
    assert a.told("refused") == []
    wired.connect(a)
    wired.deliver()
    assert a.state == "connected"


def test_each_state_is_told_once():
    wired = Wired()
    a = wired.peer("a")
    wired.cut(a)
    a.ask(lambda: a.session.disconnect())
    wired.connect(a)
    states = [state for _, state in a.told("state_changed")]
    assert states == ["connecting", "connected", "disconnected", "connecting", "connected"]


def test_message_to_no_request_of_ours_is_counted():
    wired = Wired()
    a = wired.peer("a")
    before = a.session.link.ignored_answers
    wired.say(a, Success("forged", a.id, "agm"))
    wired.say(a, Error(None, a.id, "x", "y", "agm"))
    assert a.session.link.ignored_answers == before + 2
    assert a.state == "connected"


# Seeing others


def test_peer_hears_of_the_others_and_of_their_methods():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    sum_of_a = a.register("Sum")
    c = wired.peer("c")
    c.register("sum")
    a.unregister(sum_of_a)
    wired.cut(c)
    assert names(b.told(*ADDED, *LOST)) == [
        ("server_added", "a"),
        ("method_added", "Sum"),
        ("server_method_added", "a", "Sum"),
        ("server_added", "c"),
        ("server_method_added", "c", "sum"),
        ("server_method_removed", "a", "Sum"),
        ("server_removed", "a"),
        ("method_removed", "sum"),
        ("server_method_removed", "c", "sum"),
        ("server_removed", "c"),
    ]


def test_newcomer_hears_of_what_there_is():
    wired = Wired()
    wired.peer("a").register("Sum")
    b = wired.peer("b")
    assert names(b.told(*ADDED)) == [
        ("server_added", "a"),
        ("method_added", "Sum"),
        ("server_method_added", "a", "Sum"),
    ]


def test_peer_hears_of_its_own_methods():
    wired = Wired()
    a = wired.peer("a")
    a.unregister(a.register("Sum"))
    assert names(a.told(*ADDED, *LOST)) == [
        ("server_added", "a"),
        ("method_added", "Sum"),
        ("server_method_added", "a", "Sum"),
        ("method_removed", "Sum"),
        ("server_method_removed", "a", "Sum"),
        ("server_removed", "a"),
    ]


def test_peers_of_other_users_are_not_seen():
    wired = Wired()
    wired.peer("a", user="anna").register("Sum")
    b = wired.peer("b", user="ben")
    assert b.servers("Sum") == []
    token = b.invoke("Sum", wait_timeout=1)
    wired.tick(1)
    b.error(token, MethodNotFound)


def test_service_serves_the_users_all_of_whom_prefer_their_own_servers():
    wired = Wired()
    service = wired.peer("service", user="service")
    service.register("Sum")
    anna, ben = wired.peer("a", user="anna"), wired.peer("b", user="ben")
    wired.peer("own", user="ben").register("Sum")
    assert anna.servers("Sum") == ["service"]
    assert ben.servers("Sum") == ["own", "service"]
    token = anna.invoke("Sum")
    (invocation,) = service.running
    service.answer(invocation, {"n": 1})
    assert anna.outcome(token).returned == {"n": 1}


def test_service_invokes_the_methods_of_all_users():
    wired = Wired()
    wired.peer("a", user="anna").register("Sum")
    wired.peer("b", user="ben").register("Sum")
    service = wired.peer("service", user="service")
    assert service.servers("Sum") == ["a", "b"]
    token = service.invoke("Sum", None, {"user": "ben"})
    (invocation,) = wired.peers["b"].running
    wired.peers["b"].answer(invocation, {"n": 2})
    assert service.outcome(token).executed_by["user"] == "ben"


# Waiting for a method


def test_method_that_is_there_is_not_waited_for():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.register({"name": "Sum", "version": 2})
    found = b.outcome(b.wait_for_method("sum"))
    assert (found.name, found.version) == ("Sum", 2)
    assert [server["application"] for server in found.get_servers()] == ["a"]
    assert b.timers() == 0


def test_method_is_waited_for_until_somebody_offers_it():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    token = b.wait_for_method({"name": "Sum", "accepts": "int a"}, timeout=5)
    wired.tick(4)
    a.register({"name": "Sum", "accepts": "int b"})
    wired.peer("c").register({"name": "Product", "accepts": "int a"})
    assert not b.is_settled(token)
    wired.peer("d").register({"name": "Sum", "accepts": "int a"})
    assert b.outcome(token).accepts == "int a"
    wired.tick(10)
    assert len(b.settled[token]) == 1


def test_method_is_found_although_the_first_server_describes_it_otherwise():
    wired = Wired()
    wired.peer("a").register({"name": "Sum", "version": 1})
    wired.peer("c").register({"name": "Sum", "version": 2})
    b = wired.peer("b")
    assert b.servers("Sum") == ["a", "c"]
    b.invoke({"name": "Sum", "version": 2}, wait_timeout=5)
    assert len(wired.peers["c"].running) == 1
    token = b.wait_for_method({"name": "Sum", "version": 2}, timeout=5)
    assert b.is_settled(token), "what can be invoked is not found"


def test_method_is_waited_for_through_an_outage():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    token = b.wait_for_method("Sum", timeout=10)
    wired.cut(b)
    a.register("Sum")
    assert not b.is_settled(token)
    wired.connect(b)
    assert b.outcome(token).name == "Sum"


@pytest.mark.parametrize(
    "is_connected, kind, message",
    [
        (True, MethodNotFound, "Nobody offered Sum within 2.5 s"),
        (
            False,
            NotConnected,
            "Nobody offered Sum within 2.5 s: there is no connection to the gateway",
        ),
    ],
)
def test_wait_for_a_method_that_nobody_offers_says_why_it_ended(is_connected, kind, message):
    wired = Wired()
    b = wired.peer("b") if is_connected else wired.stranger("b")
    token = b.wait_for_method("Sum", timeout=2.5)
    wired.tick(2)
    assert not b.is_settled(token)
    wired.tick(0.5)
    assert b.error(token, kind).message == message
    wired.peer("a").register("Sum")
    assert len(b.settled[token]) == 1
    assert b.timers() == 0


# Outages


def test_outage_takes_all_servers_away_and_the_reconnect_brings_them_back():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.register("Sum")
    b.register("Sum")
    b.emitted.clear()
    wired.cut(b)
    assert b.agm.directory.methods() == []
    assert names(b.told(*ADDED, *LOST)) == [
        ("server_method_removed", "b", "Sum"),
        ("server_removed", "b"),
        ("method_removed", "Sum"),
        ("server_method_removed", "a", "Sum"),
        ("server_removed", "a"),
    ]
    assert b.told()[-1] == ("state_changed", "disconnected")
    b.emitted.clear()
    wired.connect(b)
    assert names(b.told(*ADDED, *LOST)) == [
        ("server_added", "a"),
        ("method_added", "Sum"),
        ("server_method_added", "a", "Sum"),
        ("server_added", "b"),
        ("server_method_added", "b", "Sum"),
    ]


def test_others_hear_that_a_peer_was_away():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.register("Sum")
    b.emitted.clear()
    wired.reconnect(a)
    assert names(b.told()) == [
        ("method_removed", "Sum"),
        ("server_method_removed", "a", "Sum"),
        ("server_removed", "a"),
        ("server_added", "a"),
        ("method_added", "Sum"),
        ("server_method_added", "a", "Sum"),
    ]


def test_everything_is_registered_again_after_a_reconnect():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.register({"name": "Sum", "accepts": "int a"})
    a.register("Product")
    a.create_stream("Prices")
    wired.cut(a)
    assert b.agm.directory.methods() == []
    wired.connect(a)
    methods = b.agm.directory.methods()
    assert [(m.name, m.accepts, m.supports_streaming) for m in methods] == [
        ("Sum", "int a", False),
        ("Product", None, False),
        ("Prices", None, True),
    ]
    token = b.invoke("Sum")
    a.answer(a.running[0])
    assert b.outcome(token).returned == {}


def test_everything_works_again_after_a_restart_of_the_router():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.register("Sum")
    former = a.id
    wired.restart()
    assert (a.state, b.state) == ("disconnected", "disconnected")
    wired.connect(b)
    token = b.invoke("Sum", {"n": 1})
    wired.connect(a)
    assert a.id != former
    (invocation,) = a.running
    assert arguments(invocation) == {"n": 1}
    a.answer(invocation, {"n": 2})
    assert b.outcome(token).returned == {"n": 2}


def test_what_was_withdrawn_during_an_outage_is_not_registered_again():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    offering = a.register("Sum")
    wired.cut(a)
    assert a.outcome(a.unregister(offering)) is None
    wired.connect(a)
    assert b.servers("Sum") == []
    assert wired.router.counters()["methods"] == 0


def test_calls_in_flight_when_the_router_ends_fail_at_their_callers_once():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.register("Sum", concurrency=10)
    tokens = [b.invoke("Sum") for _ in range(5)]
    running = list(a.running)
    wired.restart()
    for token in tokens:
        assert "connection was lost" in b.error(token, ConnectionLost).message
    wired.connect(a, b)
    for invocation in running:
        a.answer(invocation, {"late": True})
    wired.tick(100)
    assert [len(b.settled[token]) for token in tokens] == [1] * 5
    assert wired.router.counters()["dropped_answers"] == 0


def test_nothing_is_left_when_all_that_was_asked_has_ended():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    offering = a.register("Sum")
    stream = a.create_stream("Prices")
    tokens = [b.invoke("Sum", {"n": n}) for n in range(20)]
    line = b.subscribe("Prices")
    for n in range(20):
        (invocation,) = a.running
        assert arguments(invocation) == {"n": n}
        a.answer(invocation, n)
    assert [b.outcome(token).returned for token in tokens] == [{"_value": n} for n in range(20)]
    b.close(line)
    a.unregister(offering)
    a.close_stream(stream)
    for peer in (a, b):
        assert (peer.pending_requests(), peer.timers()) == (0, 0)
        assert peer.agm.directory.methods() == []
    counters = wired.router.counters()
    assert counters == dict.fromkeys(counters, 0) | {
        "connections": 2,
        "peers": 2,
        "methods": 0,
        "calls": 0,
        "subscriptions": 0,
    }


def test_hundred_overlapping_calls_answered_in_any_order_each_reach_their_caller():
    wired = Wired()
    server = wired.peer("server")
    server.register("Echo", concurrency=100)
    callers = [wired.peer(f"caller{n}") for n in range(4)]
    tokens = [(callers[n % 4], callers[n % 4].invoke("Echo", {"n": n}), n) for n in range(100)]
    assert len(server.running) == 100
    for invocation in random.Random(1).sample(server.running, 100):
        n = arguments(invocation)["n"]
        if n % 10 == 0:
            server.refuse(invocation, HandlerFailed(f"not {n}", exception="ValueError"))
        else:
            server.answer(invocation, {"echo": n})
    for caller, token, n in tokens:
        outcome = caller.outcome(token)
        if n % 10 == 0:
            assert (outcome.message, outcome.exception) == (f"not {n}", "ValueError")
        else:
            assert outcome.returned == {"echo": n}
            assert outcome.called_with == {"n": n}


def test_time_of_a_deadline_is_that_of_the_first_thing_due():
    wired = Wired()
    a = wired.stranger("a")
    assert a.session.next_deadline() is None
    wired.tick(10)
    a.invoke("Sum", wait_timeout=5)
    a.wait_for_method("Sum", timeout=3)
    # When the log says what the invocation waits for.
    assert a.session.next_deadline() == 11
    wired.tick(1)
    assert a.session.next_deadline() == 13
    wired.tick(2)
    assert a.session.next_deadline() == 15
    wired.tick(2)
    assert a.session.next_deadline() is None


def test_every_wait_begins_when_it_is_asked_for():
    wired = Wired()
    a = wired.stranger("a")
    for number, ask in enumerate(
        [
            lambda seconds: a.register("Sum", token="t", timeout=seconds),
            lambda seconds: a.create_stream("Prices", token="t", timeout=seconds),
            lambda seconds: a.invoke("Nothing", wait_timeout=seconds),
            lambda seconds: a.subscribe("Nothing", wait_timeout=seconds),
            lambda seconds: a.wait_for_method("Nothing", timeout=seconds),
        ]
    ):
        assert a.session.next_deadline() is None
        wired.tick(10)
        # Too short for anything to be said in between.
        ask(0.5)
        assert a.session.next_deadline() == wired.now + 0.5, number
        wired.tick(0.5)


def test_every_answer_is_waited_for_from_the_time_of_the_last_message_on():
    wired = Wired()
    server, caller = wired.peer("server"), wired.peer("caller")
    offering = server.register("Sum", response_timeout=3)
    for _ in range(2):
        wired.tick(10)
        caller.invoke("Sum")
        (invocation,) = server.running
        assert server.session.next_deadline() == wired.now + 3
        server.answer(invocation)
    wired.tick(10)
    caller.invoke("Sum")
    caller.invoke("Sum")
    wired.tick(1)
    server.unregister(offering)
    wired.tick(2)
    assert len(server.stopped) == 1


def test_connected_peer_is_never_silent_for_long():
    wired = Wired()
    a = wired.peer("a")
    wired.hold(a, UP)
    wired.tick(29)
    assert list(a.frames[UP]) == []
    wired.tick(61)
    assert [json.loads(frame) for frame in a.frames[UP]] == [
        {"domain": "global", "type": "ping"}
    ] * 3
    wired.cut(a)
    assert a.session.next_deadline() is None


def test_peer_that_slept_through_its_pings_makes_one():
    wired = Wired()
    a = wired.peer("a")
    wired.hold(a, UP)
    wired.jump(1000)
    assert len(a.frames[UP]) == 1
    assert a.session.next_deadline() == 1030


def test_definition_of_a_stream_says_that_it_is_one():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    a.create_stream(MethodDefinition(name="Prices", flags={"colour": "red"}))
    (method,) = b.agm.directory.methods()
    assert (method.supports_streaming, method.flags) == (True, {"colour": "red"})


@pytest.mark.parametrize(
    "since, read",
    [
        (1_800_000_000_250, datetime(2027, 1, 15, 8, 0, 0, 250_000, timezone.utc)),
        (None, None),
        (True, None),
        ("soon", None),
        (10**30, None),
    ],
)
def test_since_when_a_peer_is_connected_is_as_the_gateway_says(since, read):
    a = Wired().peer("a")
    meta = Raw(json.dumps({"local": True, "since": since}).encode())
    identity = encode_payload({"application": "b"})
    a.ask(lambda: a.session.receive(PeerAdded(a.id, "b", identity, meta)))
    (other,) = a.agm.directory.others()
    assert (other["application"], other.since) == ("b", read)


@pytest.mark.parametrize("version, read", [("1.2.3", "1.2.3"), (None, None), (5, None)])
def test_version_of_the_gateway_is_as_it_says(version, read):
    a = Wired().peer("a")
    assert a.session.gateway_version is None
    welcome = Welcome(None, "p", {}, (), {"version": version})
    a.ask(lambda: a.session.receive(welcome))
    assert a.session.gateway_version == read
