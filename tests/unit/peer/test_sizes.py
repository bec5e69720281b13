"""Frames above what the gateway takes are refused by who would send them, to the byte."""

from typing import Any

import pytest
from msgspec import UNSET, Raw

from dash_interop.errors import (
    HandlerFailed,
    MessageTooLarge,
    RegistrationError,
    SubscriptionError,
)
from dash_interop.peer.agm import Agm
from dash_interop.peer.link import Link
from dash_interop.wire.agm import Call, Post, Publish, Subscribe, Yield
from dash_interop.wire.envelope import NULL
from dash_interop.wire.history import NEWCOMER, context_of
from tests.support.wired import Wired, arguments

LIMIT = 2000
TO_GATEWAY = Link({}, [Agm.vocabulary]).codec.to_gateway


def company(max_size: Any = LIMIT) -> Any:
    wired = Wired(max_size=max_size)
    return wired, wired.peer("a"), wired.peer("b")


def filling(make):
    """The longest text that a frame of exactly ``LIMIT`` bytes has room for, as ``{"t": text}``."""
    return "x" * (LIMIT - len(TO_GATEWAY(make(Raw(b'{"t":""}')))))


def words(size, limit=LIMIT):
    return f"the message has {size} bytes as JSON, and the gateway takes {limit} at most"


def call(caller, callee, method, arguments):
    request_id = next_request(caller)
    return Call(request_id, caller.id, callee.id, method.id, NULL, arguments, timeout_ms=30_000)


def next_request(peer):
    return str(peer.session.link._count + 1)


def test_welcome_says_how_much_is_taken():
    _, a, _ = company()
    assert a.session.link.max_size == LIMIT
    a.wired.cut(a)
    assert a.session.link.max_size is None


def test_gateway_that_does_not_say_gets_everything():
    wired, a, b = company(UNSET)
    assert a.session.link.max_size is None
    b.register("Echo")
    token = a.invoke("Echo", {"t": "x" * 10 * LIMIT})
    b.answer(b.running[0], arguments(b.running[0]))
    assert len(a.outcome(token).returned["t"]) == 10 * LIMIT


@pytest.mark.parametrize("more", [0, 1])
def test_arguments_up_to_the_last_byte(more):
    wired, a, b = company()
    method = b.register("Echo")
    text = filling(lambda raw: call(a, b, method, raw)) + "x" * more
    token = a.invoke("Echo", {"t": text})
    if more:
        error = a.error(token, MessageTooLarge)
        assert str(error) == f"Echo was not invoked: {words(LIMIT + 1)}"
        assert error.all_errors[0]["type"] == "TooLarge"
        assert (b.started, a.pending_requests(), a.timers()) == ([], 0, 0)
    else:
        assert arguments(b.running[0]) == {"t": text}


def test_size_is_that_of_the_text_in_utf_8():
    wired, a, b = company()
    method = b.register("Echo")
    text = filling(lambda raw: call(a, b, method, raw))
    token = a.invoke("Echo", {"t": text[3:] + "\N{EURO SIGN}"})
    assert not a.is_settled(token)
    error = a.error(a.invoke("Echo", {"t": text[1:] + "\N{EURO SIGN}"}), MessageTooLarge)
    assert words(LIMIT + 2) in str(error)


def test_other_calls_go_on():
    wired, a, b = company()
    b.register("Echo")
    before = a.invoke("Echo", {"n": 1})
    a.error(a.invoke("Echo", {"t": "x" * LIMIT}), MessageTooLarge)
    after = a.invoke("Echo", {"n": 2})
    while b.running:
        b.answer(b.running[0], arguments(b.running[0]))
    assert [a.outcome(token).returned for token in (before, after)] == [{"n": 1}, {"n": 2}]


def test_arguments_for_many_fail_at_each():
    wired, a, b = company()
    for peer in (a, b):
        peer.register("Echo")
    error = a.error(a.invoke("Echo", {"t": "x" * LIMIT}, "all"), MessageTooLarge)
    assert [each["executed_by"]["application"] for each in error.all_errors] == ["a", "b"]


@pytest.mark.parametrize("more", [0, 1])
def test_result_up_to_the_last_byte(more):
    wired, a, b = company()
    b.register("Big")
    token = a.invoke("Big")
    (invocation,) = b.running
    text = filling(lambda raw: Yield(None, b.id, invocation.id, raw)) + "x" * more
    b.answer(invocation, {"t": text})
    if more:
        reason = f"What Big returned is not sent: {words(LIMIT + 1)}"
        assert str(a.error(token, MessageTooLarge)) == reason
        assert b.told("problem") == [("problem", reason)]
    else:
        assert a.outcome(token).returned == {"t": text}


def test_invocation_after_a_result_that_is_too_large_is_run():
    wired, a, b = company()
    b.register("Big")
    first, second = a.invoke("Big"), a.invoke("Big")
    b.answer(b.running[0], {"t": "x" * LIMIT})
    b.answer(b.running[0], {"n": 1})
    a.error(first, MessageTooLarge)
    assert a.outcome(second).returned == {"n": 1}


@pytest.mark.parametrize("letter", ["y", "\0"])
def test_error_that_is_too_large_is_cut(letter):
    wired, a, b = company(1024)
    b.register("Fail")
    token = a.invoke("Fail")
    failure = HandlerFailed(letter * 10_000, exception="ValueError")
    b.refuse(b.running[0], failure)
    error = a.outcome(token)
    assert error.exception == "ValueError"
    # A letter that JSON writes with six leaves no room.
    begins = "y" * 200 + "... (the message has " if letter == "y" else "the message has "
    assert error.message.startswith(begins)


@pytest.mark.parametrize("more", [0, 1])
def test_arguments_of_a_subscription_up_to_the_last_byte(more):
    wired, a, b = company()
    stream = b.create_stream("Prices", decides=True)
    text = filling(
        lambda raw: Subscribe(
            next_request(a), a.id, b.id, stream.id, NULL, raw, NULL, context_of(NEWCOMER)
        )
    )
    line = a.subscribe("Prices", {"t": text + "x" * more})
    if more:
        error = a.error("subscription", SubscriptionError)
        assert str(error) == f"Prices was not subscribed to: {words(LIMIT + 1)}"
        assert (line.state, a.timers(), a.pending_requests()) == ("closed", 0, 0)
    else:
        assert b.requests()[0].arguments == {"t": text}


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("more", [0, 1])
def test_stream_data_up_to_the_last_byte(more, private):
    wired, a, b = company()
    stream = b.create_stream("Prices")
    line = a.subscribe("Prices")
    interest = b.heard("stream", "added")[0][1]
    if private:
        text = filling(lambda raw: Post(None, b.id, interest.id, raw)) + "x" * more
    else:
        text = filling(lambda raw: Publish(None, b.id, stream.stream_id(""), raw)) + "x" * more

    def push():
        if private:
            b.push_to(interest, {"t": text})
        else:
            b.push(stream, {"t": text})

    if more:
        with pytest.raises(MessageTooLarge) as caught:
            push()
        assert str(caught.value) == words(LIMIT + 1)
    else:
        push()
    b.push(stream, {"n": 1})
    assert a.data("subscription") == [{"t": text}] * (1 - more) + [{"n": 1}]
    assert line.state == "open"


def test_refusal_of_a_subscription_that_is_too_large_is_cut():
    wired, a, b = company(10_000)
    b.create_stream("Prices", decides=True)
    a.subscribe("Prices")
    b.reject(b.requests()[0], "z" * 10_000)
    error = a.error("subscription", SubscriptionError)
    assert str(error).startswith("z" * 200 + "... (the message has ")


@pytest.mark.parametrize("is_connected", [True, False])
def test_definition_that_is_too_large_is_refused(is_connected):
    wired, a, b = company()
    if not is_connected:
        wired.cut(a)
    a.register({"name": "Long", "description": "x" * LIMIT}, token="long")
    a.register("Short", token="short")
    if not is_connected:
        wired.connect(a)
    error = a.error("long", RegistrationError)
    assert str(error).startswith("Long was not offered: the message has ")
    assert a.outcome("short") is None
    assert b.servers("Short") == ["a"]


def test_definition_that_became_too_large_is_told():
    wired = Wired(max_size=10_000)
    a, b = wired.peer("a"), wired.peer("b")
    a.register({"name": "Long", "description": "x" * LIMIT})
    wired.max_size = LIMIT
    wired.restart()
    wired.connect(a, b)
    ((_, reason),) = a.told("problem")
    assert reason.startswith("Long was not offered: the message has ")
    assert (b.servers("Long"), a.state) == ([], "connected")
