"""The end of a gateway: whom it sends away and when, and what it takes on meanwhile."""

import pytest

from dash_interop.router.effects import Close, Send
from dash_interop.router.principals import Remote
from dash_interop.wire.agm import Call, Failure, Invoke, Result, Subscribe, Yield
from dash_interop.wire.envelope import Error
from dash_interop.wire.login import Hello, Join
from tests.support.room import Room, credentials, raw

SUM = {"id": "0", "name": "Sum"}
WORDS = "The gateway is stopping: come back"
GOING_AWAY = "global.errors.going_away"


def sent_away(effects):
    """Who is closed, always in the same words."""
    closes = [effect for effect in effects if isinstance(effect, Close)]
    assert all((close.code, close.reason) == (1001, WORDS) for close in closes)
    return sorted(str(close.connection) for close in closes)


class Busy(Room):
    """``callee`` offers Sum and ``other`` does, ``caller`` waits for an answer of the callee."""

    def __init__(self):
        super().__init__()
        self.callee = self.enter("callee", "anna", SUM)
        self.other = self.enter("other", "anna", SUM)
        self.caller = self.enter("caller")
        self.invocation = self.call(("caller", self.caller), self.callee)


@pytest.fixture
def room():
    return Busy()


def refusal(request_id, peer):
    return Error(request_id, peer, GOING_AWAY, WORDS, "agm")


def test_everybody_goes_at_once_where_no_call_is_under_way():
    room = Room()
    room.enter("a", "anna", SUM)
    room.enter("b", "ben")
    room.connect("stranger")
    assert sent_away(room.router.drain(0.0)) == ["a", "b", "stranger"]


def test_nobody_to_send_away_is_fine():
    assert Room().router.drain(0.0) == []


def test_strangers_go_at_once_and_the_others_when_the_last_call_has_ended(room):
    room.connect("stranger")
    second = room.call(("caller", room.caller), room.other, request_id="c2")
    assert sent_away(room.router.drain(0.0)) == ["stranger"]
    first = room.router.handle("callee", Yield(None, room.callee, room.invocation, raw(1)), 1.0)
    assert [type(effect.message) for effect in first] == [Result]
    last = room.router.handle("other", Yield(None, room.other, second, raw(2)), 2.0)
    # The answer comes before the close frame.
    assert isinstance(last[0], Send) and isinstance(last[0].message, Result)
    assert sent_away(last) == ["callee", "caller", "other"]


@pytest.mark.parametrize("leaver", ["callee", "caller"])
def test_call_that_ends_with_a_peer_keeps_nobody_either(room, leaver):
    room.router.drain(0.0)
    gone = room.router.disconnect(leaver, 1.0)
    assert sent_away(gone) == sorted({"callee", "caller", "other"} - {leaver})


def test_call_that_failed_has_ended(room):
    room.router.drain(0.0)
    failed = room.router.handle("callee", Failure(room.invocation, room.callee), 1.0)
    assert sent_away(failed) == ["callee", "caller", "other"]


def test_new_call_is_refused_in_words(room):
    room.router.drain(0.0)
    refused = room.handle("caller", Call("c2", room.caller, room.other, "0"))
    assert refused == [Send("caller", refusal("c2", room.caller))]


def test_caller_that_takes_it_hears_that_nothing_was_delivered(room):
    other = room.enter("second", extensions=["delivered"])
    room.router.drain(0.0)
    (effect,) = room.handle("second", Call("c2", other, room.other, "0"))
    assert bytes(effect.message.context) == b'{"delivered":"no"}'


def test_call_of_a_callee_is_part_of_the_call_that_it_answers(room):
    room.router.drain(0.0)
    (effect,) = room.handle("callee", Call("nested", room.callee, room.other, "0"))
    assert effect.connection == "other" and isinstance(effect.message, Invoke)
    room.handle("callee", Yield(None, room.callee, room.invocation, raw(1)))
    # Its own call has ended, and so has what it may ask for.
    refused = room.handle("callee", Call("more", room.callee, room.other, "0"))
    assert refused == [Send("callee", refusal("more", room.callee))]


def test_what_is_no_call_goes_on(room):
    room.router.drain(0.0)
    interest = room.handle("caller", Subscribe("s", room.caller, room.other, "0"))
    assert [effect.connection for effect in interest] == ["other"]


def test_login_over_a_new_connection_is_told_to_come_back(room):
    room.router.drain(0.0)
    room.router.connect("late", Remote())
    effects = room.router.handle("late", Hello("h", authentication=credentials("anna")), 0.0)
    # Without an error, which clients would take for a no.
    assert effects == [Close("late", 1001, WORDS)]
    assert room.router.handle("late", Hello("h", authentication=credentials("anna")), 0.0) == []


def test_login_over_a_connection_in_use_is_an_error(room):
    room.router.drain(0.0)
    hello = Hello("h", identity={"instance": "x"}, authentication=credentials("anna"))
    assert room.handle("caller", hello) == [
        Send("caller", Error("h", None, GOING_AWAY, WORDS, "global"))
    ]


def test_peer_that_had_not_joined_yet_may(room):
    room.connect("fresh")
    fresh = room.hello("fresh", "ben")
    room.router.drain(0.0)
    assert room.handle("fresh", Join("j", fresh, "agm"))


def test_end_of_patience_sends_everybody_away_once(room):
    room.router.drain(0.0)
    assert sent_away(room.router.end(5.0)) == ["callee", "caller", "other"]
    assert room.router.end(6.0) == []
    assert sent_away(room.router.disconnect("callee", 6.0)) == []


def test_end_without_a_beginning_is_one(room):
    assert sent_away(room.router.end(0.0)) == ["callee", "caller", "other"]
    refused = room.handle("caller", Call("c2", room.caller, room.other, "0"))
    assert refused == [Send("caller", refusal("c2", room.caller))]
