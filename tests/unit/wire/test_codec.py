"""Frames to messages; whatever arrives, nothing but ProtocolError comes out."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dash_interop.errors import ProtocolError
from dash_interop.router.effects import Send
from dash_interop.wire import agm, login, metrics
from dash_interop.wire.agm import (
    AddedMethods,
    AddedPeer,
    AddInterest,
    Announcements,
    Call,
    CancelInvocation,
    Event,
    EventHead,
    EventTail,
    Invoke,
    MethodsAdded,
    MethodsRemoved,
    PeerAdded,
    PeerRemoved,
    Progressed,
    Publish,
    Register,
    RemovedMethods,
    RemovedPeer,
    RemoveInterest,
    Result,
    Subscribe,
    Subscribed,
    SubscriptionCancelled,
    Unregister,
    Widen,
    Yield,
)
from dash_interop.wire.codec import Codec, encode, encode_head, encode_tail
from dash_interop.wire.envelope import Error, Inbound, Outbound, Refused, Success, Vocabulary
from dash_interop.wire.login import Hello, Join, Leave, OfferedDomain, Ping, Token, Welcome
from tests.support.room import Room, credentials, raw

VOCABULARIES = (login.VOCABULARY, agm.VOCABULARY, metrics.VOCABULARY)
DOMAINS = {vocabulary.domain for vocabulary in VOCABULARIES}
ACCEPTED = {
    (vocabulary.domain, name): type_
    for vocabulary in VOCABULARIES
    for name, type_ in vocabulary.accepted.items()
}
SENT = {Success, Error, *(type_ for vocabulary in VOCABULARIES for type_ in vocabulary.sent)}
CODEC = Codec(VOCABULARIES)
decode, to_gateway, from_gateway = CODEC.decode, CODEC.to_gateway, CODEC.from_gateway

# What is read


def test_hello_is_read():
    text = (
        '{"domain":"global","type":"hello","request_id":"h","identity":{"application":"x"},'
        '"authentication":{"method":"secret","login":"anna","secret":"","providerContext":{}}}'
    )
    assert decode(text) == Hello(
        "h", identity={"application": "x"}, authentication=credentials("anna")
    )


def test_missing_or_null_domain_is_global():
    assert decode('{"type":"ping"}') == decode('{"domain":null,"type":"ping"}') == Ping()


def test_payload_stays_undecoded_and_unknown_fields_are_ignored():
    text = (
        '{"domain":"agm","type":"call","server_id":"p","method_id":3,"x":{},'
        '"arguments_kv":{ "a" : 1.0 },"arguments":null}'
    )
    message = decode(text)
    assert isinstance(message, Call)
    assert message == Call(server_id="p", method_id=3, arguments_kv=message.arguments_kv)
    assert bytes(message.arguments_kv) == b'{ "a" : 1.0 }'


def test_bytes_and_text_are_read_alike():
    text = '{"type":"join","destination":"é"}'
    assert decode(text) == decode(text.encode()) == Join(destination="é")


# What is refused


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "5",
        '"x"',
        "hello",
        "[{}]",
        "{}{}",
        '{"type":"ping"',
        "{\"type\":'ping'}",
        '{"a":NaN}',
        "\ud800",
        b"\xff\xfe",
        b'{"type":"\xff"}',
        "[" * 100_000,
        '{"type":' + "[" * 100_000,
        # From Python 3.14 on, depth is bounded by the size of the stack.
        '{"a":' * 1_000_000 + "1" + "}" * 1_000_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_is_no_json_object_is_a_protocol_error(text):
    with pytest.raises(ProtocolError) as caught:
        decode(text)
    assert caught.value.close_code == 1007


UNHANDLED = "errors.unhandled_message"
UNKNOWN = "global.errors.failure"


@pytest.mark.parametrize(
    "text, request_id, peer_id, domain, reason_uri",
    [
        ("{}", -1, None, "global", f"global.{UNHANDLED}"),
        ('{"type":"zz","request_id":"x"}', "x", None, "global", f"global.{UNHANDLED}"),
        ('{"domain":"agm","type":5}', -1, None, "agm", f"agm.{UNHANDLED}"),
        ('{"domain":"metrics","type":[]}', -1, None, "metrics", f"metrics.{UNHANDLED}"),
        ('{"domain":"agm","type":{}}', -1, None, "agm", f"agm.{UNHANDLED}"),
        ('{"domain":"bus","type":"publish"}', -1, None, "bus", UNKNOWN),
        ('{"domain":{},"type":"hello"}', -1, None, None, UNKNOWN),
        ('{"domain":[],"type":[]}', -1, None, None, UNKNOWN),
        ('{"domain":7,"type":"hello","request_id":7}', 7, None, None, UNKNOWN),
        ('{"type":1,"request_id":true,"peer_id":5}', -1, None, "global", f"global.{UNHANDLED}"),
        ('{"type":1,"request_id":[],"peer_id":"p"}', -1, "p", "global", f"global.{UNHANDLED}"),
    ],
)
def test_unknown_domain_or_type_is_refused(text, request_id, peer_id, domain, reason_uri):
    message = decode(text)
    assert isinstance(message, Refused)
    reason = "Unknown domain" if reason_uri == UNKNOWN else "Unknown message type"
    assert message == Refused(request_id, peer_id, domain, reason_uri, reason)


@pytest.mark.parametrize(
    "type_", ["welcome", "success", "result", "invoke", "peer-added", "refused", "Hello", "HELLO",
              "hello ", "authenticated", "__init__", "on-connect", "agm.call", "handle", "tick"],
)  # fmt: skip
@pytest.mark.parametrize("domain", ["global", "agm", "metrics"])
def test_type_that_is_not_on_the_list_is_refused(domain, type_):
    message = decode(json.dumps({"domain": domain, "type": type_, "peer_id": "p"}))
    assert isinstance(message, Refused)
    assert message.reason_uri == f"{domain}.errors.unhandled_message"


@pytest.mark.parametrize("domain, type_", [("agm", "hello"), ("global", "call"), ("agm", "define")])
def test_type_of_another_domain_is_refused(domain, type_):
    assert isinstance(decode(json.dumps({"domain": domain, "type": type_})), Refused)


INVALID = "agm.errors.subscription.invalid_subscription"


@pytest.mark.parametrize(
    "domain, type_, field, value, reason_uri",
    [
        ("global", "hello", "identity", [], "global.errors.authentication.failure"),
        ("global", "hello", "authentication", {"login": 5}, "global.errors.authentication.failure"),
        ("global", "join", "destination", None, "global.errors.failure"),
        ("global", "ping", "peer_id", 5, "global.errors.failure"),
        ("agm", "register", "methods", {}, "agm.errors.registration.failure"),
        ("agm", "register", "methods", ["0"], "agm.errors.registration.failure"),
        ("agm", "unregister", "methods", [None], "agm.errors.unregistration.failure"),
        ("agm", "call", "server_id", 5, "agm.errors.invocation.failure"),
        ("agm", "call", "method_id", {}, "agm.errors.invocation.failure"),
        ("agm", "call", "request_id", {}, "agm.errors.invocation.failure"),
        ("agm", "yield", "invocation_id", 5, "agm.errors.failure"),
        ("agm", "subscribe", "method_id", None, "agm.errors.failure"),
        ("agm", "unsubscribe", "subscription_id", 5, INVALID),
        ("agm", "accepted", "stream_id", [], INVALID),
        ("agm", "drop-subscription", "subscription_id", {}, INVALID),
        ("agm", "publish", "stream_id", True, "agm.errors.failure"),
        ("metrics", "define", "peer_id", [], "metrics.errors.failure"),
    ],
)
def test_mistyped_field_is_refused_by_name(domain, type_, field, value, reason_uri):
    frame = {"domain": domain, "type": type_, "request_id": "x", field: value}
    message = decode(json.dumps(frame))
    assert isinstance(message, Refused)
    assert (message.domain, message.reason_uri) == (domain, reason_uri)
    assert message.reason.startswith(f"Malformed {type_}: ")
    assert f"$.{field}" in message.reason


# What is written


def test_message_is_written_with_its_type_and_domain():
    assert json.loads(encode(Success("x", "p", "agm"))) == {
        "type": "success",
        "domain": "agm",
        "request_id": "x",
        "peer_id": "p",
    }


def test_error_context_is_written_only_when_there_is_one():
    assert "context" not in json.loads(encode(Error(None, None, "u", "r", "agm")))
    assert json.loads(encode(Error(None, None, "u", "r", "agm", context=raw({}))))["context"] == {}


# Hostile frames, from the text to what is sent because of it

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["a", "p-N-1", "r-N-1", "s-N-1", "agm", "?", "0"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)
FIELDS = sorted(
    {name for type_ in ACCEPTED.values() for name in type_.__struct_fields__} | {"type", "domain"}
)
VALID = [
    {"domain": domain, "type": name, "peer_id": "p-N-1", "request_id": "x", "destination": "agm",
     "server_id": "p-N-1", "method_id": "0", "invocation_id": "r-N-1", "subscription_id": "s-N-1",
     "stream_id": "0", "identity": {"instance": "i"}, "authentication": {"login": "anna"},
     "methods": ["0"] if name == "unregister" else [{"id": "0", "name": "Sum"}]}
    for domain, name in ACCEPTED
]  # fmt: skip
MUTATIONS = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3)
FAST = settings(max_examples=300, deadline=None, database=None)


def feed(room: Room, text: str | bytes, connection: str = "a") -> list[Send]:
    """Handle a frame as a gateway does; all that comes of it has to be sendable."""
    try:
        message = decode(text)
    except ProtocolError:
        return []
    effects = room.handle(connection, message)
    for effect in effects:
        assert isinstance(effect, Send)
        assert encode(effect.message).startswith(b"{")
    return effects


def hostile_room() -> Room:
    room = Room()
    a = room.enter("a", "anna", {"id": "0", "name": "Sum"}, instance="i")
    assert a == "p-N-1"
    room.call(("a", a), a)
    room.subscribe(("a", a), a)
    return room


@FAST
@given(st.text() | st.binary() | st.characters(categories=["Cs"]))
def test_random_text_and_bytes_do_no_harm(text: str | bytes):
    feed(hostile_room(), text)


@FAST
@given(JSON, st.booleans())
def test_random_json_does_no_harm(value: Any, ascii: bool):
    for effect in feed(hostile_room(), json.dumps(value, ensure_ascii=ascii)):
        assert isinstance(effect, Send)
        json.loads(encode(effect.message))


@FAST
@given(st.lists(st.tuples(st.sampled_from(VALID), MUTATIONS), max_size=5))
def test_mutated_messages_do_no_harm(frames: list[tuple[dict[str, Any], dict[str, Any]]]):
    room = hostile_room()
    for frame, mutation in frames:
        feed(room, json.dumps({**frame, **mutation}))
    room.router.disconnect("a", 0.0)
    counters = room.router.counters()
    dropped = {"dropped_answers": 0, "dropped_progress": 0}
    assert counters | dropped == dict.fromkeys(counters, 0)


@FAST
@given(st.sampled_from(VALID), st.data())
def test_truncated_and_damaged_messages_do_no_harm(frame: dict[str, Any], data: st.DataObject):
    text = json.dumps(frame)
    position = data.draw(st.integers(0, len(text)))
    feed(hostile_room(), text[:position] + data.draw(st.text(max_size=3)) + text[position + 1 :])


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [None, True, -1, 1e300, 10**400, "", "\0", "𝄞", [], {}, [[]]])
def test_wrong_type_in_any_field_does_no_harm(field: str, value: Any):
    room = hostile_room()
    for frame in VALID:
        feed(room, json.dumps({**frame, field: value}))


def test_lone_surrogates_do_no_harm():
    for field in FIELDS:
        for frame in VALID:
            room = hostile_room()
            # Mended, it may even be a message.
            feed(room, json.dumps({**frame, field: "\ud800"}))


@pytest.mark.parametrize("depth", [100, 100_000])
@pytest.mark.parametrize("field", FIELDS)
def test_deep_nesting_in_any_field_does_no_harm(field: str, depth: int):
    for frame in VALID:
        rest = json.dumps({key: value for key, value in frame.items() if key != field})
        feed(hostile_room(), f'{rest[:-1]},"{field}":{"[" * depth}{"]" * depth}}}')


# Nesting that the decoder just about takes must not be too deep for what works with its values.


def nested(depth: int) -> str:
    return f'{{"x":{"[" * depth}{"]" * depth}}}'


def hello_nested(depth: int) -> str:
    return f'{{"type":"hello","authentication":{{"login":"anna"}},"identity":{nested(depth)}}}'


@pytest.fixture(scope="module")
def depths() -> range:
    accepted, refused = 1, 1_000_000
    while refused - accepted > 1:
        middle = (accepted + refused) // 2
        try:
            deep = not isinstance(decode(hello_nested(middle)), Hello)
        except ProtocolError:
            deep = True
        accepted, refused = (accepted, middle) if deep else (middle, refused)
    return range(max(1, accepted - 60), accepted + 5)


def test_deepest_nesting_does_no_harm_in_an_identity(depths: range):
    for depth in depths:
        room = Room()
        room.connect("a")
        for _ in range(2):
            feed(room, hello_nested(depth))


def test_deepest_nesting_does_no_harm_in_a_definition(depths: range):
    start = (
        '{"domain":"agm","type":"register","peer_id":"p-N-1","methods":[{"id":"1","name":"X","f":'
    )
    for depth in depths:
        feed(hostile_room(), f"{start}{nested(depth)}}}]}}")


def test_deepest_nesting_does_no_harm_in_a_restriction(depths: range):
    for depth in depths:
        room = Room()
        for connection in "ab":
            room.connect(connection)
            for effect in feed(room, hello_nested(depth), connection):
                assert isinstance(effect, Send)
                if isinstance(effect.message, Welcome):
                    join = Join("j", effect.message.peer_id, "agm", "$x == #x")
                    room.handle(connection, join)
        for connection in "ab":
            room.router.disconnect(connection, 0.0)
        assert set(room.router.counters().values()) == {0}


@pytest.mark.parametrize(
    "payload",
    ['"\\q"', '"\x01"', "01", "1.", "-", "tru", "[1,]", '{"a":1,}', "{1:2}", "NaN", '"\n"'],
)
def test_malformed_payload_never_reaches_another_peer(payload: str):
    with pytest.raises(ProtocolError):
        decode(
            '{"domain":"agm","type":"call","peer_id":"p-N-1","server_id":"p-N-1","method_id":"0",'
            f'"arguments":{payload}}}'
        )


@FAST
@given(st.text(alphabet='{}[]",:\\u0123456789eE+-. truefalsn\n\t\x7fé', max_size=12))
def test_payload_that_is_relayed_is_json(payload: str):
    room = hostile_room()
    frame = '{"domain":"agm","type":"call","peer_id":"p-N-1","server_id":"p-N-1","method_id":"0"'
    for effect in feed(room, f'{frame},"arguments_kv":{payload}}}'):
        assert isinstance(effect, Send)
        if isinstance(effect.message, Invoke):
            json.loads(bytes(effect.message.arguments_kv))


def test_bad_frame_leaves_the_peer_connected():
    room = hostile_room()
    (effect,) = feed(room, '{"domain":"agm","type":"register","peer_id":"p-N-1","methods":5}')
    assert isinstance(effect, Send) and isinstance(effect.message, Error)
    methods = [{"id": "1", "name": "Product"}]
    assert room.handle("a", Register("r", "p-N-1", methods))[-1] == Send(
        "a", Success("r", "p-N-1", "agm")
    )


# The peer's end: what it writes, a gateway reads; what a gateway writes, it reads

FILLED = {
    "request_id": "x", "peer_id": "p", "identity": {"application": "a", "peerId": "?"},
    "authentication": credentials("anna"), "destination": "agm", "restrictions": "$a == #a",
    "reason_uri": "my.uri", "reason": "timeout", "server_id": "p-2", "method_id": 7,
    "arguments": raw([1]), "arguments_kv": raw({"a": 1}), "context": raw({"b": None}),
    "invocation_id": "r-1", "result": raw({"c": 3}), "flags": raw(5), "subscription_id": "s-1",
    "extensions": ["batches"], "interest": ["Sum"],
    "stream_id": "branch", "data": raw("é"), "sequence": raw(1), "snapshot": raw(False),
    "timeout_ms": 500, "progress": True, "value": raw(0.5), "instance_key": "k",
}  # fmt: skip
"""A value other than the default for each field of a message to the gateway."""

INBOUND = [type_ for type_ in dict.fromkeys(ACCEPTED.values()) if type_.__name__ != "Report"]


def filled(type_: type[Inbound]) -> Inbound:
    fields: dict[str, Any] = {
        name: FILLED[name] for name in type_.__struct_fields__ if name != "methods"
    }
    if "methods" in type_.__struct_fields__:
        lists = {Unregister: ["0", 1], Widen: ["Sum"]}
        fields["methods"] = lists.get(type_, [{"id": "0", "name": "Sum"}])
    return type_(**fields)


@pytest.mark.parametrize("type_", INBOUND)
def test_message_of_a_peer_is_read_as_it_was_written(type_: type[Inbound]):
    message = filled(type_)
    assert all(
        getattr(message, name) != default
        for name, default in zip(
            type_.__struct_fields__[-len(type_.__struct_defaults__) :],
            type_.__struct_defaults__,
            strict=True,
        )
    )
    assert decode(to_gateway(message)) == message


@pytest.mark.parametrize("type_", INBOUND)
def test_empty_message_of_a_peer_is_read_as_it_was_written(type_: type[Inbound]):
    assert decode(to_gateway(type_())) == type_()


@pytest.mark.parametrize(
    "message, frame",
    [
        (Ping(), {"domain": "global", "type": "ping"}),
        (
            Join("j", "p", "agm"),
            {"domain": "global", "type": "join", "request_id": "j", "peer_id": "p",
             "destination": "agm"},
        ),
        (
            Call("c", "p", "p2", "0", arguments_kv=raw({"a": 1})),
            {"domain": "agm", "type": "call", "request_id": "c", "peer_id": "p",
             "server_id": "p2", "method_id": "0", "arguments_kv": {"a": 1}},
        ),
        (
            Yield(None, "p", "r-1", raw({})),
            {"domain": "agm", "type": "yield", "peer_id": "p", "invocation_id": "r-1",
             "result": {}},
        ),
        (
            Publish(None, "p", "b", raw(1)),
            {"domain": "agm", "type": "publish", "peer_id": "p", "stream_id": "b", "data": 1},
        ),
        (
            Subscribe("s", "p", "p2", 0),
            {"domain": "agm", "type": "subscribe", "request_id": "s", "peer_id": "p",
             "server_id": "p2", "method_id": 0},
        ),
        (
            Leave("l", "p", "agm"),
            {"domain": "global", "type": "leave", "request_id": "l", "peer_id": "p",
             "destination": "agm"},
        ),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_message_of_a_peer_is_written_without_what_it_does_not_say(message: Inbound, frame: Any):
    assert json.loads(to_gateway(message)) == frame


DOMAINS_OF_A_GATEWAY = (OfferedDomain("agm"), OfferedDomain("global", 2, "x"))

OUTBOUND = [
    Welcome(
        "h",
        "p",
        {"user": "anna"},
        (OfferedDomain("agm"), OfferedDomain("global", 2, "x")),
        {"t": None},
    ),
    Token("t", "p", "secret"),
    Success(1.5, "p", "metrics"),
    Error("c", None, "my.uri", "No", None),
    Error(None, "p", "my.uri", "No", "agm", context=raw({"type": "ValueError"})),
    Announcements(
        "p",
        [
            AddedPeer("p2", raw({"user": "anna"})),
            AddedMethods("p2", [raw({"id": "0", "name": "Sum"})]),
            RemovedMethods("p2", ["0", 1]),
            RemovedPeer("p2", "my.uri", "No"),
        ],
    ),
    PeerAdded("p", "p2", raw({"user": "anna"})),
    PeerRemoved("p", "p2", None, None),
    MethodsAdded("p", "p2", [raw({"id": "0", "name": "Sum"}), raw({})]),
    MethodsRemoved("p", "p2", ["0", 1]),
    Invoke("p", "r-1", "0", "p2", raw(None), raw({"a": 1}), raw({})),
    Invoke("p", "r-1", "0", "p2", raw(None), raw({"a": 1}), raw({}), timeout_ms=500, progress=True),
    CancelInvocation("p", "r-1", "0", "left"),
    Progressed("c", "p", raw(0.5)),
    Result("c", "p", raw({"a": [1, None]})),
    AddInterest("p", "s-1", 3, "p2", raw([]), raw(None), raw({}), raw(None)),
    RemoveInterest("p", "s-1", 3, "p2", "my.uri", None),
    Subscribed("s", "p", "s-1"),
    Event("p", "s-1", True, raw(None), raw(False), raw({"x": "é"})),
    SubscriptionCancelled("p", "s-1", None, "Gone"),
]


def test_every_message_of_a_gateway_is_among_those_that_are_tried():
    assert {type(message) for message in OUTBOUND} == SENT


@pytest.mark.parametrize("message", OUTBOUND, ids=lambda message: type(message).__name__)
def test_message_of_the_gateway_is_read_as_it_was_written(message: Outbound):
    assert from_gateway(encode(message)) == from_gateway(encode(message).decode()) == message


def test_event_in_two_parts_is_the_event():
    head = encode_head(EventHead("p", "s-1"))
    tail = encode_tail(EventTail(True, raw(7), raw(False), raw({"x": "é"})))
    assert head + tail == encode(Event("p", "s-1", True, raw(7), raw(False), raw({"x": "é"})))


def test_field_order_of_a_frame_does_not_matter():
    frame = json.loads(encode(Subscribed("s", "p", "s-1")))
    backwards = dict(reversed(frame.items()))
    assert from_gateway(json.dumps(backwards)) == Subscribed("s", "p", "s-1")


# Frames as a published gateway of this family writes them: other fields, nulls, other options

WELCOME = {
    "domain": "global", "type": "welcome", "request_id": "h1", "peer_id": "p-1",
    "available_domains": [
        {"uri": "agm", "description": "", "version": 1},
        {"uri": "activity", "description": "", "version": 2},
    ],
    "resolved_identity": {"application": "Prices", "user": "anna", "instance": "i-1"},
    "options": {"access_token": "t"},
}  # fmt: skip


def test_welcome_of_another_gateway_is_read():
    message = from_gateway(json.dumps(WELCOME))
    assert isinstance(message, Welcome)
    assert message.peer_id == "p-1"
    assert message.available_domains[1] == OfferedDomain("activity", 2)


def test_welcome_without_options_is_read():
    frame = {name: value for name, value in WELCOME.items() if name != "options"}
    assert isinstance(from_gateway(json.dumps(frame)), Welcome)


@pytest.mark.parametrize(
    "frame, message",
    [
        (
            {"type": "success", "domain": "agm", "request_id": "j", "peer_id": "p", "extra": [{}]},
            Success("j", "p", "agm"),
        ),
        (
            {"type": "error", "domain": "global", "request_id": "h", "peer_id": None,
             "reason_uri": "global.errors.authentication.failure", "reason": "No"},
            Error("h", None, "global.errors.authentication.failure", "No", "global"),
        ),
        (
            {"type": "error", "domain": None, "request_id": -1, "peer_id": "p",
             "reason_uri": "global.errors.failure", "reason": "Unable to find domain"},
            Error(-1, "p", "global.errors.failure", "Unable to find domain", None),
        ),
        (
            {"type": "error", "domain": "agm", "request_id": "c", "peer_id": "p",
             "reason_uri": "agm.errors.client_error", "reason": "", "context": None},
            Error("c", "p", "agm.errors.client_error", "", "agm", context=raw(None)),
        ),
        (
            {"type": "peer-added", "domain": "agm", "peer_id": "p", "new_peer_id": "p2",
             "identity": {"user": "anna"}, "meta": {"local": False, "node": "x"}},
            PeerAdded("p", "p2", raw({"user": "anna"}), raw({"local": False, "node": "x"})),
        ),
        (
            {"type": "peer-removed", "domain": "agm", "peer_id": "p", "removed_id": "p2",
             "reason_uri": None, "reason": None},
            PeerRemoved("p", "p2", None, None),
        ),
        (
            {"type": "methods-added", "domain": "agm", "peer_id": "p", "server_id": "p2",
             "source_type": "cluster", "methods": [{"id": 1, "name": "Sum", "flags": None}]},
            MethodsAdded("p", "p2", [raw({"id": 1, "name": "Sum", "flags": None})], "cluster"),
        ),
        (
            {"type": "invoke", "domain": "agm", "peer_id": "p", "invocation_id": "r-1",
             "method_id": "0", "caller_id": "p2", "arguments": None, "arguments_kv": {"a": 1},
             "context": None},
            Invoke("p", "r-1", "0", "p2", raw(None), raw({"a": 1}), raw(None)),
        ),
        (
            {"type": "event", "domain": "agm", "peer_id": "p", "subscription_id": "s-1",
             "oob": False, "sequence": None, "snapshot": None, "data": {"a": 1}},
            Event("p", "s-1", False, raw(None), raw(None), raw({"a": 1})),
        ),
        (
            {"type": "result", "domain": "agm", "peer_id": "p", "request_id": "c", "result": None},
            Result("c", "p", raw(None)),
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)  # fmt: skip
def test_frame_of_another_gateway_is_read(frame: dict[str, Any], message: Outbound):
    text = json.dumps(frame, separators=(",", ":"))
    assert from_gateway(text) == from_gateway(text.encode()) == message


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "context-added", "domain": "global", "peer_id": "p", "context_id": "c"},
        {"type": "context-updated", "domain": "global", "delta": {"added": {}}},
        {"type": "ping"},
        {"type": ""},
        {"type": "Success", "domain": "agm", "request_id": "j", "peer_id": "p"},
        {"type": "success", "domain": "bus", "request_id": "j", "peer_id": "p"},
    ],
)
def test_frame_of_a_type_that_is_not_spoken_here_is_passed_over(frame: dict[str, Any]):
    assert from_gateway(json.dumps(frame)) is None


class BusSubscribed(Outbound, frozen=True, tag="subscribed"):
    topic: str
    domain: str = "bus"


def test_a_type_that_two_domains_have_is_read_as_each_of_them_has_it():
    bus = Vocabulary(domain="bus", accepted={}, sent=(BusSubscribed,))
    codec = Codec([*VOCABULARIES, bus])
    for message in (BusSubscribed("x"), Subscribed("s", "p", "s-1")):
        assert codec.from_gateway(encode(message)) == message
    assert from_gateway(encode(BusSubscribed("x"))) is None


def test_event_of_the_bus_is_passed_over():
    frame = {"type": "event", "domain": "bus", "peer_id": "p", "subscription_id": "r-1",
             "publisher-identity": {"user": "anna"}, "data": {"x": 1}}  # fmt: skip
    assert from_gateway(json.dumps(frame)) is None


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{", "not a JSON object"),
        ("\ud800", "not a JSON object"),
        (b"\xff", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ('{"a":' + "[" * 100_000, "not a JSON object"),
        ('{"type":"x"} ]', "not a JSON object"),
        ("{}", "malformed None"),
        ('{"type":null}', "malformed None"),
        ('{"type":["success"]}', "malformed"),
        ('{"type":"success"}', "malformed success"),
        ('{"type":"success","request_id":{},"peer_id":"p"}', r"malformed success: .*request_id"),
        ('{"type":"event","domain":"agm","peer_id":5}', r"malformed event: .*peer_id"),
        (
            '{"type":"methods-added","domain":"agm","peer_id":"p","server_id":"p2","methods":{}}',
            "methods",
        ),
        ('{"type":"result","request_id":"c","peer_id":"p","result":NaN}', "not a JSON object"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_frame_that_breaks_the_protocol_is_a_protocol_error(text: Any, words: str):
    with pytest.raises(ProtocolError, match=words):
        from_gateway(text)


TYPES = [str(type_.__struct_config__.tag) for type_ in SENT]
KEYS = sorted({name for type_ in SENT for name in type_.__struct_fields__} | {"type"})


@FAST
@given(st.text() | st.binary() | st.characters(categories=["Cs"]) | JSON.map(json.dumps))
def test_random_text_from_a_gateway_is_passed_over_or_a_protocol_error(text: str | bytes):
    try:
        message = from_gateway(text)
    except ProtocolError:
        return
    assert message is None


@FAST
@given(st.sampled_from(OUTBOUND), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3))
def test_mutated_frame_of_a_gateway_is_read_or_a_protocol_error(message: Any, mutation: Any):
    frame = {**json.loads(encode(message)), **mutation}
    try:
        mutated = from_gateway(json.dumps(frame))
    except ProtocolError:
        return
    if mutated is None:
        # What is malformed is passed over where others may understand it.
        assert frame["type"] not in TYPES or frame["domain"] not in DOMAINS
    else:
        assert frame["type"] in TYPES


@FAST
@given(st.sampled_from(OUTBOUND), st.data())
def test_damaged_frame_of_a_gateway_is_read_or_a_protocol_error(message: Any, data: st.DataObject):
    text = encode(message).decode()
    position = data.draw(st.integers(0, len(text)))
    damaged = text[:position] + data.draw(st.text(max_size=3)) + text[position + 1 :]
    try:
        from_gateway(damaged)
    except ProtocolError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r"cut \ud83d", "cut \ufffd"),
        (r"\ude00 cut", "\ufffd cut"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\\ud83d \ud83d", "\\ud83d \ufffd"),
    ],
)
def test_half_of_an_emoji_is_mended_and_ends_no_connection(sent, read):
    call = f'{{"domain":"agm","type":"call","peer_id":"p","arguments_kv":{{"a":"{sent}"}}}}'
    message = decode(call)
    assert isinstance(message, Call)
    assert json.loads(bytes(message.arguments_kv)) == {"a": read}
    result = from_gateway(
        f'{{"domain":"agm","type":"result","request_id":"1","peer_id":"p","result":"{sent}"}}'
    )
    assert isinstance(result, Result)
    assert json.loads(bytes(result.result)) == read


ESCAPES = st.sampled_from(
    [
        r"\ud83d",
        r"\uDE00",
        r"\ud7ff",
        r"\ue000",
        r"\\",
        r"\"",
        r"\n",
        "u",
        "d83d",
        "é",
        "\U0001f600",
    ]
)


@FAST
@given(st.lists(ESCAPES, max_size=12).map("".join))
def test_halves_are_mended_wherever_they_stand_and_nothing_else_is_changed(text: str):
    frame = f'{{"domain":"agm","type":"result","request_id":"1","peer_id":"p","result":"{text}"}}'
    result = from_gateway(frame)
    assert isinstance(result, Result)
    # Python's reader joins what is whole, and keeps halves.
    expected = re.sub("[\ud800-\udfff]", "\ufffd", json.loads(f'"{text}"'))
    assert json.loads(bytes(result.result)) == expected


@pytest.mark.parametrize("rest", ["", r"\\", "x"])
def test_frame_of_nothing_but_halves_is_refused_before_all_of_them_are_mended(rest):
    # To mend millions of them took seconds, for which everybody waited.
    text = (r"\ud800" + rest) * 100_001
    frame = f'{{"domain":"agm","type":"call","peer_id":"p","arguments_kv":{{"a":"{text}"}}}}'
    with pytest.raises(ProtocolError, match="more than 100000 halves of surrogate pairs"):
        decode(frame)
