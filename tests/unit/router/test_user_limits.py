"""What one user may have in all its peers together, and that others have their own."""

from typing import Any

import pytest

from dash_interop.router.limits import Limits
from dash_interop.router.principals import Principal, Remote
from dash_interop.router.router import Router
from dash_interop.wire.agm import Call, Register, Subscribe, Unregister, Unsubscribe, Yield
from dash_interop.wire.envelope import Error
from dash_interop.wire.login import Hello, Welcome
from tests.support.room import DOMAINS, BelieveLogins, Room, credentials, raw


def definition(id, **fields):
    return {"id": id, "name": id, **fields}


EXCEEDED = "global.errors.limits_exceeded"
STREAM = definition("s", flags={"streaming": True})


def last(effects) -> Any:
    return effects[-1].message


def refusal(effects):
    message = last(effects)
    assert isinstance(message, Error), message
    return message.reason


# Connections


class ServicesByName(BelieveLogins):
    def authenticate(self, authentication, remote):
        principal = super().authenticate(authentication, remote)
        return Principal(principal.user, is_service=principal.user == "server")


def log_in(router, connection, user) -> Any:
    router.connect(connection, Remote())
    return hello(router, connection, user)


def hello(router, connection, user, **identity) -> Any:
    message = Hello("h", identity=identity, authentication=credentials(user))
    return router.handle(connection, message, 0.0)[0].message


def logged_in(router, connection, user):
    return isinstance(log_in(router, connection, user), Welcome)


def test_user_with_all_its_connections_gets_no_further_one_and_others_do():
    router = Router(ServicesByName(), DOMAINS, node="N", limits=Limits(connections_per_user=2))
    assert logged_in(router, "a", "anna") and logged_in(router, "b", "anna")
    answer = log_in(router, "c", "anna")
    assert (answer.reason_uri, answer.reason) == (
        EXCEEDED,
        "The limit of connections for one user is 2",
    )
    assert logged_in(router, "d", "bob")
    router.disconnect("a", 0.0)
    assert logged_in(router, "e", "anna")


def test_second_peer_of_a_connection_is_no_further_connection():
    router = Router(ServicesByName(), DOMAINS, node="N", limits=Limits(connections_per_user=1))
    assert logged_in(router, "a", "anna")
    assert isinstance(hello(router, "a", "anna", x=1), Welcome)
    router.disconnect("a", 0.0)
    assert logged_in(router, "b", "anna")


def test_users_leave_room_for_services_and_services_have_no_limit_of_a_user():
    limits = Limits(connections=3, connections_per_user=2)
    router = Router(ServicesByName(), DOMAINS, node="N", limits=limits)
    for connection, user in (("a", "anna"), ("b", "anna"), ("c", "bob")):
        assert logged_in(router, connection, user)
    assert log_in(router, "d", "carl").reason == "The limit of connections for all users is 3"
    assert all(logged_in(router, f"s{number}", "server") for number in range(5))


# Methods


def registering(room, connection, peer, *methods):
    return room.handle(connection, Register("r", peer, list(methods)))


def test_methods_of_all_peers_of_a_user_are_counted_together():
    room = Room(Limits(methods_per_user=2))
    a, b, c = room.enter("a"), room.enter("b"), room.enter("c", "bob")
    registering(room, "a", a, definition("m"), definition("n"))
    expected = "The limit of methods for one user is 2"
    assert refusal(registering(room, "b", b, definition("o"))) == expected
    # One that is registered again is none more.
    assert not isinstance(last(registering(room, "a", a, definition("m"))), Error)
    assert not isinstance(last(registering(room, "c", c, definition("o"))), Error)
    room.handle("a", Unregister("u", a, ["m"]))
    assert not isinstance(last(registering(room, "b", b, definition("o"))), Error)
    room.disconnect("a")
    assert not isinstance(last(registering(room, "b", b, definition("p"))), Error)


def test_definitions_of_all_peers_of_a_user_have_a_size_together():
    room = Room(Limits(definitions_size_per_user=3000))
    a, b = room.enter("a"), room.enter("b")
    long = "x" * 2000
    registering(room, "a", a, definition("m", description=long))
    expected = "The definitions of one user have at most 3000 bytes"
    assert refusal(registering(room, "b", b, definition("n", description=long))) == expected
    room.disconnect("a")
    assert not isinstance(last(registering(room, "b", b, definition("n", description=long))), Error)


# Calls and subscriptions


@pytest.mark.parametrize("ends", ["answered", "callee gone", "caller gone"])
def test_calls_of_all_peers_of_a_user_are_counted_until_they_end(ends):
    room = Room(Limits(calls_per_user=1))
    server = room.enter("s", "anna", definition("m"))
    a, b = room.enter("a"), room.enter("b")
    invoke = last(room.handle("a", Call("1", a, server, "m")))
    expected = "The limit of calls that one user waits for is 1"
    assert refusal(room.handle("b", Call("2", b, server, "m"))) == expected
    if ends == "answered":
        invocation_id = invoke.invocation_id
        room.handle("s", Yield(None, server, invocation_id, raw({})))
    elif ends == "callee gone":
        room.disconnect("s")
        server = room.enter("s2", "anna", definition("m"))
    else:
        room.disconnect("a")
    assert not isinstance(last(room.handle("b", Call("3", b, server, "m"))), Error)


@pytest.mark.parametrize("ends", ["unsubscribed", "publisher gone", "subscriber gone"])
def test_subscriptions_of_all_peers_of_a_user_are_counted_until_they_end(ends):
    room = Room(Limits(subscriptions_per_user=1))
    publisher = room.enter("p", "anna", STREAM)
    a, b = room.enter("a"), room.enter("b")
    interest = last(room.handle("a", Subscribe("1", a, publisher, "s")))
    expected = "The limit of subscriptions for one user is 1"
    assert refusal(room.handle("b", Subscribe("2", b, publisher, "s"))) == expected
    if ends == "unsubscribed":
        room.handle("a", Unsubscribe("u", a, interest.subscription_id))
    elif ends == "publisher gone":
        room.disconnect("p")
        publisher = room.enter("p2", "anna", STREAM)
    else:
        room.disconnect("a")
    assert not isinstance(last(room.handle("b", Subscribe("3", b, publisher, "s"))), Error)
