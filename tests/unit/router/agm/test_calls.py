"""Calls: from the request to their one end."""

import pytest
from msgspec import UNSET, Raw

from dash_interop.router.effects import Send
from dash_interop.router.limits import Limits
from dash_interop.wire.agm import (
    Call,
    CancelCall,
    CancelInvocation,
    Failure,
    Invoke,
    MethodsRemoved,
    PeerRemoved,
    Progress,
    Progressed,
    Result,
    Unregister,
    Yield,
)
from dash_interop.wire.envelope import Error
from dash_interop.wire.login import Leave
from tests.support.room import Room, raw, sends_of

SUM = {"id": "0", "name": "Sum"}
INVOCATION_FAILURE = "agm.errors.invocation.failure"
LEFT = "Peer has left while waiting for result"
NO_SUCH = "There is no such invocation or subscription any more"


ALL = ("cancel", "delivered", "progress")


def pair(limits=None, extensions=()):
    """A room with a provider ``a`` and a caller ``b``."""
    room = Room(limits)
    return (
        room,
        room.enter("a", "anna", SUM, extensions=extensions),
        room.enter("b", extensions=extensions),
    )


def test_call_reaches_the_callee_and_its_answer_the_caller():
    room, a, b = pair()
    call = Call("c1", b, a, "0", arguments_kv=raw({"a": 2}), context=raw({"x": None}))
    (effect,) = room.handle("b", call)
    assert isinstance(effect, Send) and isinstance(effect.message, Invoke)
    invocation_id = effect.message.invocation_id
    invoke = Invoke(a, invocation_id, "0", b, raw(None), raw({"a": 2}), raw({"x": None}))
    assert effect == Send("a", invoke)
    assert room.handle("a", Yield("y", a, invocation_id, raw({"s": 42}))) == [
        Send("b", Result("c1", b, raw({"s": 42})))
    ]
    assert room.router.counters()["calls"] == 0


def test_payloads_pass_byte_for_byte():
    room, a, b = pair()
    payload = Raw(
        '{ "d":"#T42_DATE#1", "n":null, "e":{}, "l":[], "f":1.0, "u":"\\u00e9é"}'.encode()
    )
    (effect,) = room.handle("b", Call("c1", b, a, "0", arguments_kv=payload))
    assert isinstance(effect, Send) and isinstance(effect.message, Invoke)
    assert bytes(effect.message.arguments_kv) == bytes(payload)


def test_peer_may_call_its_own_method():
    room, a, _ = pair()
    invocation_id = room.call(("a", a), a)
    assert room.handle("a", Yield("y", a, invocation_id, raw(1))) == [
        Send("a", Result("c1", a, raw(1)))
    ]


@pytest.mark.parametrize("request_id", ["c", 7, 1.5, None])
def test_request_id_is_echoed_as_it_came(request_id):
    room, a, b = pair()
    invocation_id = room.call(("b", b), a, request_id=request_id)
    (effect,) = room.handle("a", Yield(None, a, invocation_id))
    assert effect == Send("b", Result(request_id, b, raw(None)))


def test_error_of_the_callee_reaches_the_caller_with_its_context():
    room, a, b = pair()
    invocation_id = room.call(("b", b), a)
    failure = Failure(invocation_id, a, "agm.errors.client_error", "boom", raw({"code": 17}))
    assert room.handle("a", failure) == [
        Send(
            "b", Error("c1", b, "agm.errors.client_error", "boom", "agm", context=raw({"code": 17}))
        )
    ]
    assert room.router.counters()["calls"] == 0


def test_error_without_words_still_has_a_reason_uri():
    room, a, b = pair()
    invocation_id = room.call(("b", b), a)
    assert room.handle("a", Failure(invocation_id, a)) == [
        Send("b", Error("c1", b, "agm.errors.client_error", "", "agm", context=UNSET))
    ]


@pytest.mark.parametrize(
    "server, method, reason_uri, reason",
    [
        ("p-N-99", "0", "agm.errors.failure", "Unknown server"),
        (None, "9", INVOCATION_FAILURE, "Unknown method 9"),
    ],
)
def test_call_that_nobody_can_serve_is_an_error(server, method, reason_uri, reason):
    room, a, b = pair()
    assert room.handle("b", Call("c1", b, server or a, method)) == [
        Send("b", Error("c1", b, reason_uri, reason, "agm"))
    ]


def test_call_to_a_peer_that_left_agm_is_an_error():
    room, a, b = pair()
    room.handle("a", Leave("l", a, "agm"))
    assert room.handle("b", Call("c1", b, a, "0")) == [
        Send("b", Error("c1", b, "agm.errors.failure", "Unknown server", "agm"))
    ]


@pytest.mark.parametrize(
    "arguments, arguments_kv, refused",
    [
        ([1], {"a": 1}, True),
        ([1], {}, False),
        ([1], None, False),
        ([], {"a": 1}, False),
        (None, {"a": 1}, False),
        (None, None, False),
    ],
)
def test_positional_and_named_arguments_exclude_each_other(arguments, arguments_kv, refused):
    room, a, b = pair()
    call = Call("c1", b, a, "0", raw(arguments), raw(arguments_kv))
    (effect,) = room.handle("b", call)
    assert effect.connection == ("b" if refused else "a")
    assert room.router.counters()["calls"] == (0 if refused else 1)
    if refused:
        reason = "Give arguments or arguments_kv, not both"
        assert effect == Send("b", Error("c1", b, INVOCATION_FAILURE, reason, "agm"))


def test_more_calls_than_a_peer_may_wait_for_are_refused():
    room, a, b = pair(Limits(calls_per_peer=1))
    invocation_id = room.call(("b", b), a)
    reason = "The limit of calls that one peer waits for is 1"
    assert room.handle("b", Call("c2", b, a, "0")) == [
        Send("b", Error("c2", b, "global.errors.limits_exceeded", reason, "agm"))
    ]
    room.handle("a", Yield(None, a, invocation_id))
    assert room.call(("b", b), a)


def test_second_answer_is_dropped_and_counted():
    room, a, b = pair()
    invocation_id = room.call(("b", b), a)
    room.handle("a", Yield(None, a, invocation_id, raw(1)))
    assert room.handle("a", Yield(None, a, invocation_id, raw(2))) == []
    assert room.router.counters()["dropped_answers"] == 1


@pytest.mark.parametrize("invocation_id", ["r-N-99", "", "0"])
def test_answer_to_no_call_is_dropped_and_counted(invocation_id):
    room, a, _ = pair()
    assert room.handle("a", Yield("y", a, invocation_id)) == []
    assert room.router.counters()["dropped_answers"] == 1


@pytest.mark.parametrize("request_id", ["r-N-99", None, 5, 1.5])
def test_error_for_no_call_is_counted_and_told(request_id):
    room, a, _ = pair()
    assert room.handle("a", Failure(request_id, a, "x", "y")) == [
        Send(
            "a",
            Error(request_id, a, "agm.errors.subscription.invalid_subscription", NO_SUCH, "agm"),
        )
    ]
    assert room.router.counters()["dropped_answers"] == 1


def test_forged_answer_is_dropped_and_the_call_goes_on():
    room, a, b = pair()
    c = room.enter("c", "anna", SUM)
    invocation_id = room.call(("b", b), a)
    assert room.handle("c", Yield(None, c, invocation_id, raw("forged"))) == []
    (effect,) = room.handle("c", Failure(invocation_id, c, "x", "forged"))
    assert effect.connection == "c"
    assert room.handle("b", Yield(None, b, invocation_id, raw("own"))) == []
    assert room.router.counters()["dropped_answers"] == 3
    assert room.handle("a", Yield(None, a, invocation_id, raw("true"))) == [
        Send("b", Result("c1", b, raw("true")))
    ]


@pytest.mark.parametrize("answer", [Yield, Failure])
def test_late_answer_is_dropped_after_the_caller_has_gone(answer):
    room, a, b = pair()
    invocation_id = room.call(("b", b), a)
    room.disconnect("b")
    assert room.router.counters()["calls"] == 0
    message = (
        Yield(None, a, invocation_id) if answer is Yield else Failure(invocation_id, a, "x", "y")
    )
    assert [effect for effect in room.handle("a", message) if effect.connection != "a"] == []
    assert room.router.counters()["dropped_answers"] == 1


def test_callers_are_told_when_the_callee_leaves_and_other_calls_go_on():
    room, a, b = pair()
    c = room.enter("c", "anna", SUM)
    room.call(("b", b), a, request_id="lost")
    kept = room.call(("b", b), c, request_id="kept")
    effects = room.disconnect("a")
    assert effects[0] == Send("b", Error("lost", b, INVOCATION_FAILURE, LEFT, "agm"))
    assert room.handle("c", Yield(None, c, kept, raw(1))) == [Send("b", Result("kept", b, raw(1)))]


def test_caller_that_hears_of_its_lost_call_knows_who_is_gone_before_the_turn_ends():
    room, a, b = pair()
    room.enter("c")
    room.call(("b", b), a)
    at_once = sends_of(room.router.codec, room.router.disconnect("a", 0.0))
    told = [send.message for send in at_once if send.connection == "b"]
    assert [type(message) for message in told] == [Error, MethodsRemoved, PeerRemoved]


def test_caller_that_leaves_does_not_hurt_the_calls_of_others():
    room, a, b = pair()
    c = room.enter("c")
    room.call(("b", b), a)
    kept = room.call(("c", c), a)
    room.disconnect("b")
    assert room.handle("a", Yield(None, a, kept, raw(1))) == [Send("c", Result("c1", c, raw(1)))]


def test_pending_call_survives_the_removal_of_its_method():
    room, a, b = pair()
    invocation_id = room.call(("b", b), a)
    room.handle("a", Unregister("u", a, ["0"]))
    assert room.handle("a", Yield(None, a, invocation_id, raw(1))) == [
        Send("b", Result("c1", b, raw(1)))
    ]


def test_invocations_keep_the_order_of_the_calls():
    room, a, b = pair()
    ids = [room.call(("b", b), a, request_id=str(number)) for number in range(50)]
    assert len(set(ids)) == 50
    answers = [room.handle("a", Yield(None, a, id)) for id in reversed(ids)]
    assert answers == [
        [Send("b", Result(str(number), b, raw(None)))] for number in reversed(range(50))
    ]


# Calls that nobody answers


def test_nothing_is_due_without_calls():
    room, *_ = pair()
    assert room.router.next_deadline() is None
    assert room.router.tick(1e9) == []


def test_deadline_is_that_of_the_oldest_call():
    room, a, b = pair(Limits(call_seconds=60))
    first = room.call(("b", b), a, now=100.0)
    room.call(("b", b), a, now=130.0)
    assert room.router.next_deadline() == 160.0
    room.handle("a", Yield(None, a, first))
    assert room.router.next_deadline() == 190.0


def test_tick_fails_the_old_calls_only():
    room, a, b = pair(Limits(call_seconds=60))
    room.call(("b", b), a, request_id="old", now=100.0)
    room.call(("b", b), a, request_id="young", now=101.0)
    assert room.router.tick(159.0) == []
    assert room.router.tick(160.0) == [
        Send("b", Error("old", b, INVOCATION_FAILURE, "No answer within 60 s", "agm"))
    ]
    assert room.router.next_deadline() == 161.0


@pytest.mark.parametrize("started", [0.1, 0.3, 1234.567, 86400.1])
def test_something_is_due_at_the_deadline(started):
    room, a, b = pair()
    room.call(("b", b), a, now=started)
    deadline = room.router.next_deadline()
    assert deadline is not None
    assert len(room.router.tick(deadline)) == 1


def test_answer_after_the_call_was_given_up_is_dropped_and_counted():
    room, a, b = pair(Limits(call_seconds=60))
    invocation_id = room.call(("b", b), a)
    room.router.tick(60.0)
    assert room.handle("a", Yield(None, a, invocation_id)) == []
    assert room.router.counters()["dropped_answers"] == 1


# Calls that are given up


@pytest.mark.parametrize("reason", ["cancelled", "timeout"])
def test_call_that_is_cancelled_is_over_and_its_callee_is_told(reason):
    room, a, b = pair(extensions=ALL)
    invocation_id = room.call(("b", b), a)
    assert room.handle("b", CancelCall("c1", b, reason)) == [
        Send("a", CancelInvocation(a, invocation_id, "0", reason))
    ]
    assert room.router.counters()["calls"] == 0
    assert room.router.next_deadline() is None
    assert room.handle("a", Yield(None, a, invocation_id, raw(1))) == []
    assert room.router.counters()["dropped_answers"] == 1


@pytest.mark.parametrize("extensions", [(), ("delivered", "progress", "nonsense")])
def test_callee_that_takes_no_cancellations_is_not_told(extensions):
    room, a, b = pair(extensions=extensions)
    invocation_id = room.call(("b", b), a)
    assert room.handle("b", CancelCall("c1", b)) == []
    assert room.router.counters()["calls"] == 0
    assert room.handle("a", Yield(None, a, invocation_id, raw(1))) == []
    assert room.router.counters()["dropped_answers"] == 1


def test_calls_that_were_cancelled_do_not_count():
    room, a, b = pair(Limits(calls_per_peer=1))
    for number in range(3):
        room.call(("b", b), a, request_id=str(number))
        room.handle("b", CancelCall(str(number), b))


@pytest.mark.parametrize("request_id", ["c2", 1, None])
def test_cancelling_what_is_no_call_is_no_news(request_id):
    room, a, b = pair(extensions=ALL)
    invocation_id = room.call(("b", b), a)
    assert room.handle("b", CancelCall(request_id, b)) == []
    room.handle("a", Yield(None, a, invocation_id))
    assert room.handle("b", CancelCall("c1", b)) == []


def test_peer_cancels_its_own_calls_only():
    room, a, b = pair(extensions=ALL)
    c = room.enter("c", extensions=ALL)
    invocation_id = room.call(("b", b), a)
    assert room.handle("c", CancelCall("c1", c)) == []
    assert room.handle("a", Yield(None, a, invocation_id, raw(1))) == [
        Send("b", Result("c1", b, raw(1)))
    ]


def test_of_calls_with_one_request_id_the_latest_is_cancelled():
    room, a, b = pair(extensions=ALL)
    first, second = (room.call(("b", b), a, request_id="c") for _ in range(2))
    assert room.handle("b", CancelCall("c", b)) == [
        Send("a", CancelInvocation(a, second, "0", "cancelled"))
    ]
    assert room.handle("b", CancelCall("c", b)) == []
    assert room.handle("a", Yield(None, a, first)) == [Send("b", Result("c", b, raw(None)))]


def test_cancelling_without_having_joined_is_no_news():
    room, _, b = pair()
    room.handle("b", Leave("l", b, "agm"))
    assert room.handle("b", CancelCall("c1", b)) == []


def test_cancellation_with_the_peer_id_of_before_is_no_news():
    room, a, b = pair(extensions=ALL)
    room.call(("b", b), a)
    assert room.handle("a", CancelCall("c1", b)) == []
    assert room.handle("b", CancelCall("c1", "p-N-99")) == []
    assert room.router.counters()["calls"] == 1


@pytest.mark.parametrize("leaves", [True, False])
def test_callee_is_told_that_the_caller_has_left(leaves):
    room, a, b = pair(extensions=ALL)
    invocation_id = room.call(("b", b), a)
    effects = room.handle("b", Leave("l", b, "agm")) if leaves else room.router.disconnect("b", 0.0)
    assert effects[0] == Send("a", CancelInvocation(a, invocation_id, "0", "left"))


def test_peer_that_leaves_hears_nothing_of_what_it_called_itself_for():
    room, a, _ = pair(extensions=ALL)
    room.call(("a", a), a)
    messages = [type(effect.message) for effect in room.handle("a", Leave("l", a, "agm"))]
    assert CancelInvocation not in messages
    assert room.router.counters()["calls"] == 0


# Budgets


@pytest.mark.parametrize("extensions, told", [(ALL, 2500), ((), UNSET)])
def test_budget_reaches_a_callee_that_understands_it(extensions, told):
    room, a, b = pair(extensions=extensions)
    assert room.invoke(("b", b), a, timeout_ms=2500).timeout_ms == told


def test_call_ends_soon_after_its_budget():
    room, a, b = pair(extensions=ALL)
    invocation_id = room.call(("b", b), a, timeout_ms=2500, now=100.0)
    assert room.router.next_deadline() == 104.0
    assert room.router.tick(103.9) == []
    assert room.router.tick(104.0) == [
        Send("a", CancelInvocation(a, invocation_id, "0", "timeout")),
        Send("b", Error("c1", b, INVOCATION_FAILURE, "No answer within 3.5 s", "agm")),
    ]
    assert room.router.counters()["calls"] == 0
    assert room.router.next_deadline() is None


@pytest.mark.parametrize("timeout_ms", [59_001, 2**53])
def test_budget_above_the_longest_is_no_longer_than_that(timeout_ms):
    room, a, b = pair(Limits(call_seconds=60))
    room.call(("b", b), a, timeout_ms=timeout_ms)
    assert room.router.next_deadline() == 60.0


def test_calls_end_in_the_order_of_their_budgets():
    room, a, b = pair()
    for number, timeout_ms in enumerate([None, 5000, 1000, 5000]):
        room.call(("b", b), a, request_id=number, timeout_ms=timeout_ms)
    ended = []
    while (deadline := room.router.next_deadline()) is not None:
        effects = sends_of(room.router.codec, room.router.tick(deadline))
        ended.append([e.message.request_id for e in effects if isinstance(e.message, Error)])
    assert ended == [[2], [1, 3], [0]]


def test_calls_that_have_ended_leave_nothing_behind_however_many_there_were():
    room, a, b = pair()
    room.call(("b", b), a, request_id="long", timeout_ms=1000)
    for number in range(1000):
        room.handle("a", Yield(None, a, room.call(("b", b), a, request_id=number)))
    assert room.router.tick(2.0)
    assert room.router.next_deadline() is None


# Progress


def test_progress_reaches_the_caller_that_asked_for_it_in_order():
    room, a, b = pair(extensions=ALL)
    invoke = room.invoke(("b", b), a, progress=True)
    assert invoke.progress is True
    invocation_id = invoke.invocation_id
    for value in (0.5, {"done": 1}, None):
        assert room.handle("a", Progress(None, a, invocation_id, raw(value))) == [
            Send("b", Progressed("c1", b, raw(value)))
        ]
    room.handle("a", Yield(None, a, invocation_id))
    assert room.handle("a", Progress(None, a, invocation_id, raw(1))) == []
    assert room.router.counters()["dropped_progress"] == 1


def test_callee_that_knows_no_progress_is_not_asked_for_it():
    room, a, b = pair()
    assert room.invoke(("b", b), a, progress=True).progress is UNSET


def test_caller_that_did_not_ask_hears_of_no_progress():
    room, a, b = pair(extensions=ALL)
    invoke = room.invoke(("b", b), a)
    assert invoke.progress is UNSET
    assert room.handle("a", Progress(None, a, invoke.invocation_id, raw(1))) == []
    assert room.router.counters()["dropped_progress"] == 1


def test_forged_progress_is_dropped():
    room, a, b = pair(extensions=ALL)
    c = room.enter("c", extensions=ALL)
    invocation_id = room.call(("b", b), a, progress=True)
    assert room.handle("c", Progress(None, c, invocation_id, raw(1))) == []
    assert room.handle("c", Progress(None, a, invocation_id, raw(1))) == []
    assert room.router.counters()["dropped_progress"] == 2


# What is known of a call whose callee has left


@pytest.mark.parametrize("server", ["p-N-99", None])
def test_caller_is_told_that_a_call_has_found_nobody(server):
    room, a, b = pair(extensions=ALL)
    (effect,) = room.handle("b", Call("c1", b, server or a, "9"))
    assert isinstance(effect.message, Error)
    assert effect.message.context == raw({"delivered": "no"})


@pytest.mark.parametrize("reports, delivered", [(0, "unknown"), (1, "yes")])
def test_caller_is_told_whether_the_callee_had_the_call(reports, delivered):
    room, a, b = pair(extensions=ALL)
    invocation_id = room.call(("b", b), a, progress=True)
    for _ in range(reports):
        room.handle("a", Progress(None, a, invocation_id, raw(1)))
    effects = room.router.disconnect("a", 0.0)
    context = raw({"delivered": delivered})
    assert effects[0] == Send("b", Error("c1", b, INVOCATION_FAILURE, LEFT, "agm", context))
