"""Logging in, domains, refusals and disconnects."""

from typing import Any

import pytest

from dash_interop.router.effects import Send
from dash_interop.router.limits import Limits
from dash_interop.router.principals import Principal, Remote
from dash_interop.router.router import Router
from dash_interop.wire.agm import (
    Accepted,
    Call,
    DropSubscription,
    Failure,
    MethodsAdded,
    MethodsRemoved,
    PeerAdded,
    PeerRemoved,
    Post,
    Publish,
    Register,
    RemoveInterest,
    Subscribe,
    SubscriptionCancelled,
    Unregister,
    Unsubscribe,
    Yield,
)
from dash_interop.wire.envelope import Error, Refused, Success
from dash_interop.wire.login import (
    Authentication,
    CreateToken,
    Hello,
    Join,
    Leave,
    Ping,
    Token,
    Welcome,
)
from dash_interop.wire.metrics import Report
from tests.support.room import DOMAINS, BelieveLogins, Room, credentials, definition, raw

REMOVED = ("agm.peer-removed", "Peer has been removed")


def welcome_of(effects):
    (effect,) = effects
    assert isinstance(effect.message, Welcome), effect
    return effect.message


# Logging in


def test_welcome_says_which_version_the_gateway_has():
    router = Router(BelieveLogins(), DOMAINS, node="n", version="1.2.3")
    router.connect("a", Remote())
    effects = router.handle("a", Hello("h", authentication=credentials("anna")), 0.0)
    assert welcome_of(effects).options["version"] == "1.2.3"


def test_hello_is_answered_by_one_welcome():
    room = Room()
    room.connect("a")
    effects = room.handle(
        "a", Hello("h", identity={"instance": "one"}, authentication=credentials("anna"))
    )
    welcome = welcome_of(effects)
    assert effects[0].connection == "a"
    assert welcome.request_id == "h"
    assert welcome.resolved_identity == {
        "instance": "one",
        "user": "anna",
        "login": "anna",
        "machine": "127.0.0.1",
    }
    assert {domain.uri: domain.version for domain in welcome.available_domains} == {
        "agm": 1,
        "bus": 1,
        "context": 2,
        "global": 1,
        "metrics": 1,
    }
    assert welcome.options == {"node": "N", "access_token": "token anna "}


def test_identity_is_kept_except_for_what_the_credentials_say():
    room = Room()
    room.connect("a")
    sent = {"instance": "one", "machine": "m", "user": "eve", "login": "eve", "x": None, "y": [1]}
    welcome = welcome_of(room.handle("a", Hello(identity=sent, authentication=credentials("anna"))))
    assert welcome.resolved_identity == {**sent, "user": "anna", "login": "anna"}


def test_application_of_the_credentials_replaces_the_one_in_the_identity():
    room = Room()
    room.connect("a")
    token = Authentication("access-token", token="token anna Prices")
    hello = Hello(identity={"application": "Bank"}, authentication=token)
    assert welcome_of(room.handle("a", hello)).resolved_identity["application"] == "Prices"


def test_missing_instance_is_made_and_differs_between_peers():
    room = Room()
    instances = set()
    for connection in "ab":
        room.connect(connection)
        hello = Hello(authentication=credentials("anna"))
        identity = welcome_of(room.handle(connection, hello)).resolved_identity
        instances.add(identity["instance"])
    assert len(instances) == 2
    assert all(instances)


@pytest.mark.parametrize("field", ["instance", "machine", "anything"])
def test_question_mark_in_the_identity_becomes_the_peer_id(field):
    room = Room()
    room.connect("a")
    welcome = welcome_of(
        room.handle("a", Hello(identity={field: "?"}, authentication=credentials("anna")))
    )
    assert welcome.resolved_identity[field] == welcome.peer_id


def test_failed_login_is_told_and_may_be_tried_again():
    room = Room()
    room.connect("a")
    assert room.handle("a", Hello("h")) == [
        Send(
            "a",
            Error(
                "h", None, "global.errors.authentication.failure", "Missing login/secret", "global"
            ),
        )
    ]
    assert room.router.counters()["peers"] == 0
    assert room.hello("a")


def test_identity_with_its_own_instance_is_connected_once():
    room = Room()
    for connection in "ab":
        room.connect(connection)
    room.hello("a", instance="one")
    hello = Hello("h", identity={"instance": "one"}, authentication=credentials("anna"))
    reason = "A peer with this identity is connected already"
    assert room.handle("b", hello) == [
        Send("b", Error("h", None, "global.errors.already_seen", reason, "global"))
    ]


def login(room, connection, key, user="anna", **identity) -> Any:
    """Log in as our clients do; returns the answer."""
    room.connect(connection)
    sent = {"instance": "one", "peerId": "?", **identity}
    hello = Hello("h", None, sent, credentials(user), instance_key=key)
    (effect,) = room.handle(connection, hello)
    return effect.message


def test_client_that_comes_back_is_known_by_its_key():
    room = Room()
    assert isinstance(login(room, "a", "key"), Welcome)
    # Its former connection has ended, which the gateway has not noticed yet.
    assert isinstance(login(room, "b", "key"), Welcome)
    assert room.router.counters()["peers"] == 2


@pytest.mark.parametrize("key", [None, "", "other", "KEY"])
def test_instance_of_another_client_is_refused(key):
    room = Room()
    login(room, "a", "key")
    reason = "Another client with this instance is connected"
    refused = Error("h", None, "global.errors.already_seen", reason, "global")
    assert login(room, "b", key) == refused
    # Over the same connection, too.
    hello = Hello("h", None, {"instance": "one", "x": 1}, credentials("anna"), instance_key=key)
    (effect,) = room.handle("a", hello)
    assert effect.message == refused
    assert room.router.counters()["peers"] == 1
    room.router.disconnect("a", 0.0)
    assert isinstance(login(room, "c", key), Welcome)


@pytest.mark.parametrize("user, identity", [("ben", {}), ("anna", {"instance": "two"})])
def test_key_says_nothing_of_other_instances(user, identity):
    room = Room()
    login(room, "a", "key")
    assert isinstance(login(room, "b", "other", user, **identity), Welcome)


def test_clients_without_a_key_come_back_as_before():
    room = Room()
    assert isinstance(login(room, "a", None), Welcome)
    assert isinstance(login(room, "b", None), Welcome)
    assert isinstance(login(room, "c", "key"), Welcome)


def test_key_is_told_to_nobody():
    room = Room()
    welcome = login(room, "a", "very secret")
    room.handle("a", Join("j", welcome.peer_id, "agm"))
    other = room.enter("b")
    room.handle("b", Join("j", other, "agm"))
    assert "very secret" not in str(welcome) + str(room.router.snapshot())


@pytest.mark.parametrize(
    "user, identity",
    [("ben", {"instance": "one"}), ("anna", {"instance": "two"}), ("anna", {})],
)
def test_other_identities_may_connect_beside_it(user, identity):
    room = Room()
    for connection in "ab":
        room.connect(connection)
    room.hello("a", instance="one")
    assert room.hello("b", user, **identity)


def test_identity_is_free_again_after_the_disconnect():
    room = Room()
    for connection in "ab":
        room.connect(connection)
    room.hello("a", instance="one")
    room.disconnect("a")
    assert room.hello("b", instance="one")


def test_same_hello_on_the_same_connection_replaces_the_earlier_peer():
    room = Room()
    other = room.enter("b")
    first = room.enter("a", "anna", {"id": "0", "name": "Sum"}, instance="one")
    hello = Hello("h", identity={"instance": "one"}, authentication=credentials("anna"))
    welcome, *told = room.handle("a", hello)
    assert told == [
        Send("b", MethodsRemoved(other, first, ["0"])),
        Send("b", PeerRemoved(other, first, *REMOVED)),
    ]
    assert isinstance(welcome, Send) and isinstance(welcome.message, Welcome)
    assert welcome.message.peer_id != first
    assert room.router.counters()["peers"] == 2


def test_different_hellos_on_one_connection_are_several_peers():
    room = Room()
    first = room.enter("a", instance="one")
    second = room.hello("a", instance="two")
    assert room.handle("a", Join("j", second, "agm")) == [
        Send("a", PeerAdded(first, second, raw(identity("two")))),
        Send("a", PeerAdded(second, first, raw(identity("one")))),
        Send("a", Success("j", second, "agm")),
    ]


def identity(instance, user="anna"):
    return {"instance": instance, "user": user, "login": user, "machine": "127.0.0.1"}


def test_more_peers_than_a_user_may_have_are_refused():
    room = Room(Limits(peers_per_user=1))
    for connection in "abc":
        room.connect(connection)
    room.hello("a")
    hello = Hello("h", authentication=credentials("anna"))
    assert room.handle("b", hello) == [
        Send(
            "b",
            Error(
                "h",
                None,
                "global.errors.limits_exceeded",
                "The limit of peers for one user is 1",
                "global",
            ),
        )
    ]
    assert room.hello("c", "ben")


def test_token_made_for_a_peer_logs_in_as_its_user():
    room = Room()
    for connection in "ab":
        room.connect(connection)
    peer = room.hello("a", "anna")
    (effect,) = room.handle("a", CreateToken("t", peer))
    assert effect == Send("a", Token("t", peer, "token anna "))
    again = Hello(authentication=Authentication("access-token", token="token anna Prices"))
    resolved = welcome_of(room.handle("b", again)).resolved_identity
    assert (resolved["user"], resolved["application"]) == ("anna", "Prices")


def test_authenticator_sees_where_the_connection_comes_from():
    room = Room()
    room.router.connect("a", Remote("10.0.0.7", "https://app.corp:443"))
    hello = Hello(authentication=credentials("anna"))
    assert welcome_of(room.handle("a", hello)).resolved_identity["machine"] == "10.0.0.7"


@pytest.mark.parametrize("message", [Ping(), Ping("p", "x"), Report("m", "x")])
def test_ping_and_metrics_are_not_answered(message):
    room = Room()
    room.connect("a")
    assert room.handle("a", message) == []


# Joining and leaving domains


def test_join_announces_both_sides_and_ends_with_success_in_the_joined_domain():
    room = Room()
    a = room.enter("a", "anna", {"id": "0", "name": "Sum", "colour": "red"}, instance="one")
    room.connect("b")
    b = room.hello("b", instance="two")
    assert room.handle("b", Join("j", b, "agm")) == [
        Send("a", PeerAdded(a, b, raw(identity("two")))),
        Send("b", PeerAdded(b, a, raw(identity("one")))),
        Send("b", MethodsAdded(b, a, [definition("0", "Sum", 1, colour="red")])),
        Send("b", Success("j", b, "agm")),
    ]


def test_peers_are_announced_in_the_order_of_their_first_registration():
    room = Room()
    late = room.enter("a")
    none = room.enter("b")
    early = room.enter("c", "anna", {"id": "0", "name": "Sum"})
    room.handle("a", Register("r", late, [{"id": "0", "name": "Sum"}]))
    room.connect("d")
    d = room.hello("d")
    announced = [
        effect.message.new_peer_id
        for effect in room.handle("d", Join("j", d, "agm"))
        if effect.connection == "d" and isinstance(effect, Send)
        if isinstance(effect.message, PeerAdded)
    ]
    assert announced == [early, late, none]


def test_methods_of_a_peer_are_announced_after_the_peer():
    room = Room()
    for connection in "abc":
        room.enter(connection, "anna", {"id": "0", "name": "Sum"})
    room.connect("d")
    d = room.hello("d")
    known = set()
    for effect in room.handle("d", Join("j", d, "agm")):
        assert isinstance(effect, Send)
        if isinstance(effect.message, PeerAdded):
            known.add(effect.message.new_peer_id)
        if isinstance(effect.message, MethodsAdded):
            assert effect.message.server_id in known
    assert len(known) == 4


def test_peer_that_did_not_join_is_neither_announced_nor_told():
    room = Room()
    room.connect("a")
    room.hello("a")
    room.connect("b")
    b = room.hello("b")
    assert room.handle("b", Join("j", b, "agm")) == [Send("b", Success("j", b, "agm"))]


@pytest.mark.parametrize("domain", ["agm", "global", "metrics"])
def test_joining_again_is_success_and_nothing_else(domain):
    room = Room()
    room.enter("a")
    b = room.enter("b")
    assert room.handle("b", Join("j", b, domain)) == [Send("b", Success("j", b, domain))]


@pytest.mark.parametrize("domain", ["agm", "global", "metrics"])
def test_leaving_a_domain_one_is_not_in_is_success(domain):
    room = Room()
    room.enter("a")
    room.connect("b")
    b = room.hello("b")
    assert room.handle("b", Leave("l", b, domain)) == [Send("b", Success("l", b, domain))]


@pytest.mark.parametrize("message", [Join, Leave])
def test_unknown_domain_is_an_error(message):
    room = Room()
    a = room.enter("a")
    assert room.handle("a", message("x", a, "tea")) == [
        Send("a", Error("x", a, "global.errors.invalid_domain", "Unknown domain tea", "global"))
    ]


def test_unknown_domain_is_quoted_in_part_only():
    room = Room(Limits(name_length=3))
    a = room.enter("a")
    (effect,) = room.handle("a", Join("x", a, "abcdefgh"))
    assert isinstance(effect, Send) and isinstance(effect.message, Error)
    assert effect.message.reason == "Unknown domain abc"


def test_leaver_gets_success_only_and_its_reason_reaches_the_others():
    room = Room()
    a = room.enter("a", "anna", {"id": "0", "name": "Sum"})
    b = room.enter("b")
    assert room.handle("a", Leave("l", a, "agm", "my.uri", "Lunch")) == [
        Send("b", MethodsRemoved(b, a, ["0"])),
        Send("b", PeerRemoved(b, a, "my.uri", "Lunch")),
        Send("a", Success("l", a, "agm")),
    ]


def test_leaving_without_a_reason_gives_the_usual_one():
    room = Room()
    a = room.enter("a")
    b = room.enter("b")
    assert room.handle("a", Leave("l", a, "agm"))[0] == Send("b", PeerRemoved(b, a, *REMOVED))


def test_methods_are_gone_after_leaving_and_joining_again():
    room = Room()
    a = room.enter("a", "anna", {"id": "0", "name": "Sum"}, instance="one")
    room.handle("a", Leave("l", a, "agm"))
    room.handle("a", Join("j", a, "agm"))
    room.connect("b")
    b = room.hello("b", instance="two")
    assert room.handle("b", Join("j", b, "agm"))[0:2] == [
        Send("a", PeerAdded(a, b, raw(identity("two")))),
        Send("b", PeerAdded(b, a, raw(identity("one")))),
    ]
    assert room.router.counters()["methods"] == 0


def test_malformed_restrictions_of_a_join_are_told_in_the_joined_domain():
    room = Room()
    room.connect("a")
    a = room.hello("a")
    reason = "These restrictions cannot be used: unexpected character at position 0"
    assert room.handle("a", Join("j", a, "agm", "&x")) == [
        Send("a", Error("j", a, "agm.errors.failure", reason, "agm"))
    ]
    assert room.handle("a", Call("c", a, a, "0"))[0] == Send(
        "a", Error("c", a, "agm.errors.failure", "Join the domain agm first", "agm")
    )


# Who may say what


NEEDS_AGM = [
    Register(methods=[{"id": "0", "name": "Sum"}]),
    Unregister(methods=["0"]),
    Call(server_id="x", method_id="0"),
    Subscribe(server_id="x", method_id="0"),
    Unsubscribe(subscription_id="s"),
]


def addressed(message, request_id, peer_id):
    fields = {name: getattr(message, name) for name in message.__struct_fields__}
    return type(message)(**{**fields, "request_id": request_id, "peer_id": peer_id})


@pytest.mark.parametrize("message", NEEDS_AGM, ids=lambda message: type(message).__name__)
def test_agm_has_to_be_joined_first(message):
    room = Room()
    room.connect("a")
    a = room.hello("a")
    assert room.handle("a", addressed(message, "x", a)) == [
        Send("a", Error("x", a, "agm.errors.failure", "Join the domain agm first", "agm"))
    ]


@pytest.mark.parametrize("peer_id, reason", [(None, "Peer id is missing"), ("p-N-1", None)])
@pytest.mark.parametrize(
    "message, reason_uri, domain",
    [
        *[(message, "agm.errors.failure", "agm") for message in NEEDS_AGM],
        (DropSubscription(subscription_id="s"), "agm.errors.failure", "agm"),
        (Join(destination="agm"), "global.errors.invalid_peer", "global"),
        (Leave(destination="agm"), "global.errors.invalid_peer", "global"),
        (CreateToken(), "global.errors.failure", "global"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_request_of_a_stranger_is_an_error(message, reason_uri, domain, peer_id, reason):
    room = Room()
    room.connect("b")
    assert room.hello("b", instance="x") == "p-N-1"
    room.connect("a")
    before = room.router.counters()
    assert room.handle("a", addressed(message, "x", peer_id)) == [
        Send(
            "a",
            Error("x", None, reason_uri, reason or "Not a peer of this connection", domain),
        )
    ]
    assert room.router.counters() == before


@pytest.mark.parametrize(
    "message, dropped",
    [
        (Yield(invocation_id="i"), 1),
        (Failure("i"), 1),
        (Accepted(subscription_id="s"), 0),
        (Publish(stream_id="0"), 0),
        (Post(subscription_id="s"), 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_stale_frame_with_a_former_peer_id_is_ignored(message, dropped):
    room = Room()
    former = room.enter("a", instance="one")
    room.disconnect("a")
    room.connect("a2")
    assert room.handle("a2", addressed(message, message.request_id, former)) == []
    assert room.router.counters()["dropped_answers"] == dropped
    assert room.hello("a2", instance="one")


def test_what_the_codec_refused_is_told_with_the_peers_own_id_only():
    room = Room()
    a, b = room.enter("a"), room.enter("b")
    refused = Refused("x", a, "agm", "agm.errors.unhandled_message", "Unknown message type")
    error = Error("x", a, "agm.errors.unhandled_message", "Unknown message type", "agm")
    assert room.handle("a", refused) == [Send("a", error)]
    for peer_id in (b, "p-N-99", None):
        (effect,) = room.handle("a", addressed(refused, "x", peer_id))
        assert isinstance(effect, Send) and isinstance(effect.message, Error)
        assert (effect.connection, effect.message.peer_id) == ("a", None)


# Disconnects


def test_disconnect_tells_the_others_in_order():
    room = Room()
    a = room.enter("a", "anna", {"id": "0", "name": "Sum"})
    b = room.enter("b", "anna", {"id": "0", "name": "Show"})
    room.call(("b", b), a, request_id="c1")
    pending = room.subscribe(("b", b), a)
    interest = room.subscribe(("a", a), b)
    failure = "Peer has left while waiting for result"
    assert room.disconnect("a") == [
        Send("b", Error("c1", b, "agm.errors.invocation.failure", failure, "agm")),
        Send("b", RemoveInterest(b, interest, "0", a, *REMOVED)),
        Send("b", SubscriptionCancelled(b, pending, *REMOVED)),
        Send("b", MethodsRemoved(b, a, ["0"])),
        Send("b", PeerRemoved(b, a, *REMOVED)),
    ]


def test_all_peers_of_a_connection_end_with_it_and_hear_nothing():
    room = Room()
    b = room.enter("b")
    first = room.enter("a", instance="one")
    second = room.hello("a", instance="two")
    room.handle("a", Join("j", second, "agm"))
    assert room.disconnect("a") == [
        Send("b", PeerRemoved(b, first, *REMOVED)),
        Send("b", PeerRemoved(b, second, *REMOVED)),
    ]


def test_disconnect_before_the_hello_tells_nobody():
    room = Room()
    room.enter("b")
    room.connect("a")
    assert room.disconnect("a") == []
    assert room.router.counters()["connections"] == 1


def test_tables_are_empty_when_everybody_has_left():
    room = Room()
    peers = {name: room.enter(name, "anna", {"id": "0", "name": "Sum"}) for name in "abc"}
    for name, peer in peers.items():
        for other in peers.values():
            room.call((name, peer), other)
            subscription = room.subscribe((name, peer), other)
            owner = next(key for key, value in peers.items() if value == other)
            room.accept((owner, other), subscription, "branch")
    for name in "abc":
        room.router.disconnect(name, 0.0)
    assert set(room.router.counters().values()) == {0}
    assert room.router.next_deadline() is None


# What a token, a connection and a registration may not do


def only_message(effects: list[Send]) -> Any:
    (effect,) = effects
    return effect.message


def test_peer_that_logged_in_with_a_token_gets_no_further_ones():
    room = Room()
    room.connect("a")
    hello = Hello(authentication=Authentication("access-token", token="token anna "))
    welcome = only_message(room.handle("a", hello))
    assert welcome.options == {"node": "N"}
    refusal = only_message(room.handle("a", CreateToken("t", welcome.peer_id)))
    assert refusal.reason_uri == "global.errors.not_authorized"
    assert refusal.domain == "global"


def test_application_of_a_token_is_stamped_over_both_names():
    room = Room()
    room.connect("a")
    credentials_of_prices = Authentication("access-token", token="token anna Prices")
    claimed = {"application": "Trades", "applicationName": "Trades"}
    hello = Hello(identity=claimed, authentication=credentials_of_prices)
    identity = only_message(room.handle("a", hello)).resolved_identity
    assert (identity["application"], identity["applicationName"]) == ("Prices", "Prices")


def test_peers_of_one_connection_are_bounded():
    room = Room(Limits(peers_per_connection=2))
    room.connect("a")
    room.hello("a", instance="1")
    room.hello("a", instance="2")
    third = Hello(identity={"instance": "3"}, authentication=credentials("anna"))
    refusal = only_message(room.handle("a", third))
    assert refusal.reason_uri == "global.errors.limits_exceeded"
    assert isinstance(
        only_message(
            room.handle("a", Hello(identity={"instance": "2"}, authentication=credentials("anna")))
        ),
        Welcome,
    ), "one that takes the place of an earlier one is not one more"
    room.connect("b")
    room.hello("b", instance="3")


def test_entries_of_one_registration_are_bounded_also_when_they_are_the_same():
    room = Room(Limits(methods_per_peer=2))
    peer = room.enter("a")
    entries = [{"id": "1", "name": "Sum"}] * 3
    refusal = only_message(room.handle("a", Register("r", peer, entries)))
    assert refusal.reason_uri == "agm.errors.registration.failure"


# Services


class BelieveServices(BelieveLogins):
    """Believes, too, whoever says to be a service."""

    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        if authentication.login == "service":
            return Principal("local", is_service=True)
        return super().authenticate(authentication, remote)


def room_with_services(limits: Limits | None = None) -> Room:
    room = Room()
    room.router = Router(BelieveServices(), DOMAINS, node="N", limits=limits)
    return room


def test_service_is_a_peer_of_its_user_with_an_identity_as_any_other():
    room = room_with_services(Limits(peers_per_user=1))
    room.connect("s")
    hello = Hello("h", identity={"instance": "one"}, authentication=credentials("service"))
    welcome = only_message(room.handle("s", hello))
    assert welcome.resolved_identity == identity("one", "local")
    room.connect("l")
    refusal = only_message(room.handle("l", Hello("h", authentication=credentials("local"))))
    assert refusal.reason_uri == "global.errors.limits_exceeded"


def test_services_alone_are_told_since_when_a_peer_is_connected():
    room = room_with_services()
    joined = {}
    for connection, user in (("a", "anna"), ("s", "service"), ("b", "anna")):
        room.router.connect(connection, Remote("", None, 1_800_000_000.25))
        peer = room.hello(connection, user)
        joined[connection] = room.handle(connection, Join("j", peer, "agm"))
    metas = [
        (effect.connection, bytes(effect.message.meta))
        for effects in joined.values()
        for effect in effects
        if isinstance(effect.message, PeerAdded)
    ]
    plain = bytes(raw({"local": True}))
    dated = bytes(raw({"local": True, "since": 1_800_000_000_250}))
    assert {meta for connection, meta in metas if connection == "s"} == {dated}
    assert {meta for connection, meta in metas if connection != "s"} == {plain}


def test_peers_of_all_users_are_announced_to_a_service_in_the_order_of_registration():
    room = room_with_services()
    late = room.enter("a", "anna")
    early = room.enter("b", "ben", {"id": "0", "name": "Sum"})
    room.handle("a", Register("r", late, [{"id": "0", "name": "Sum"}]))
    room.connect("s")
    service = room.hello("s", "service")
    announced = [
        effect.message.new_peer_id
        for effect in room.handle("s", Join("j", service, "agm"))
        if effect.connection == "s" and isinstance(effect.message, PeerAdded)
    ]
    assert announced == [early, late]


def test_service_that_says_hello_again_replaces_its_earlier_peer_for_all_users():
    room = room_with_services()
    a, b = room.enter("a", "anna"), room.enter("b", "ben")
    first = room.enter("s", "service", instance="one")
    hello = Hello("h", identity={"instance": "one"}, authentication=credentials("service"))
    welcome, *told = room.handle("s", hello)
    assert told == [
        Send("a", PeerRemoved(a, first, *REMOVED)),
        Send("b", PeerRemoved(b, first, *REMOVED)),
    ]
    second = welcome.message
    assert isinstance(second, Welcome)
    effects = room.handle("s", Join("j", second.peer_id, "agm"))
    assert sorted(str(effect.connection) for effect in effects) == ["a", "b", "s", "s", "s"]
