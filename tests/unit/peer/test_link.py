"""Requests and their answers, what is waited for, and the effects of one peer."""

import pytest

from dash_interop.errors import RegistrationError
from dash_interop.peer.effects import Emit, Settle, Transmit
from dash_interop.peer.link import Link
from dash_interop.wire.envelope import Success
from dash_interop.wire.login import Join


@pytest.fixture
def link():
    link = Link({}, [])
    link.peer_id = "p"
    return link


def ask(link, answers):
    request_id = link.new_request_id()
    link.request(Join(request_id, link.peer_id, "agm"), answers)
    return request_id


def test_request_is_sent_with_a_fresh_id_and_our_peer_id(link):
    first, second = ask(link, print), ask(link, print)
    assert first != second
    assert link.effects == [
        Transmit(link.codec.to_gateway(Join(first, "p", "agm"))),
        Transmit(link.codec.to_gateway(Join(second, "p", "agm"))),
    ]


def test_each_answer_reaches_its_request_once_whatever_the_order(link):
    first, second = [], []
    ids = ask(link, first.append), ask(link, second.append)
    answers = [Success(id, "p", "agm") for id in ids]
    link.answered(answers[1])
    assert (first, second) == ([], [answers[1]])
    link.answered(answers[0])
    link.answered(answers[0])
    assert (first, second) == ([answers[0]], [answers[1]])
    assert link.ignored_answers == 1


@pytest.mark.parametrize("request_id", ["unknown", None, -1, 1.5])
def test_answer_to_no_request_is_counted(link, request_id):
    link.answered(Success(request_id, "p", "agm"))
    assert link.ignored_answers == 1


def test_answer_to_a_forgotten_request_is_counted(link):
    answers = []
    request_id = ask(link, answers.append)
    link.forget(request_id)
    link.forget(request_id)
    link.answered(Success(request_id, "p", "agm"))
    assert answers == []
    assert link.ignored_answers == 1


def test_answer_to_an_abandoned_request_goes_to_who_took_over(link):
    answers, late = [], []
    request_id = ask(link, answers.append)
    link.abandon(request_id, late.append)
    link.answered(Success(request_id, "p", "agm"))
    assert (answers, late) == ([], [Success(request_id, "p", "agm")])
    assert link.ignored_answers == 0


def test_request_that_was_answered_cannot_be_abandoned(link):
    late = []
    request_id = ask(link, lambda _: None)
    link.answered(Success(request_id, "p", "agm"))
    link.abandon(request_id, late.append)
    link.answered(Success(request_id, "p", "agm"))
    assert late == []
    assert link.ignored_answers == 1


def test_lost_connection_answers_every_request_with_nothing_once(link):
    answers = []
    request_id = ask(link, answers.append)
    ask(link, answers.append)
    link.is_joined = True
    link.lose()
    link.lose()
    assert answers == [None, None]
    assert (link.peer_id, link.is_joined) == (None, False)
    link.answered(Success(request_id, "p", "agm"))
    assert answers == [None, None]


def test_who_hears_that_the_connection_is_lost_may_not_be_heard(link):
    """What is asked for on the way down belongs to the next connection, not to this one."""
    seen = []
    ask(link, lambda _: seen.append((link.peer_id, link.is_joined)))
    link.is_joined = True
    link.lose()
    assert seen == [(None, False)]


def test_effects_keep_their_order(link):
    error = RegistrationError("no")
    link.settle("token", 1)
    link.emit("source", "event", 2, 3)
    link.transmit(Join("1", "p", "agm"))
    link.settle("other", error=error)
    assert link.effects == [
        Settle("token", 1),
        Emit("source", "event", (2, 3)),
        Transmit(link.codec.to_gateway(Join("1", "p", "agm"))),
        Settle("other", None, error),
    ]


def test_wait_that_is_over_at_once_leaves_nothing_behind(link):
    gave_up = []
    link.wait(lambda: True, 5.0, lambda: gave_up.append(1))
    assert link.deadlines.next() is None
    link.deadlines.fire(9.0)
    assert gave_up == []


def test_wait_is_over_when_somebody_offers_what_it_is_for(link):
    there, asked, gave_up = [], [], []

    def is_over():
        asked.append(1)
        return bool(there)

    link.wait(is_over, 5.0, lambda: gave_up.append(1))
    link.look_again()
    assert link.deadlines.next() == 5.0
    there.append(1)
    link.look_again()
    assert link.deadlines.next() is None
    link.look_again()
    link.deadlines.fire(9.0)
    assert (len(asked), gave_up) == (3, [])


def test_wait_gives_up_once_and_asks_no_more(link):
    asked, gave_up = [], []
    link.wait(lambda: bool(asked.append(1)), 5.0, lambda: gave_up.append(1))
    link.deadlines.fire(4.9)
    assert gave_up == []
    link.deadlines.fire(5.0)
    link.look_again()
    link.deadlines.fire(9.0)
    assert (len(asked), gave_up) == (1, [1])


def test_wait_without_a_deadline_lasts(link):
    asked = []
    link.wait(lambda: bool(asked.append(1)), None, lambda: asked.append("gave up"))
    assert link.deadlines.next() is None
    link.deadlines.fire(1e9)
    link.look_again()
    assert asked == [1, 1]


def test_ended_wait_hears_nothing(link):
    asked = []
    wait = link.wait(lambda: bool(asked.append(1)), 5.0, lambda: asked.append("gave up"))
    link.end_wait(wait)
    link.end_wait(wait)
    link.look_again()
    link.deadlines.fire(9.0)
    assert asked == [1]


def test_waits_are_asked_in_the_order_in_which_they_began(link):
    there, order = [], []
    for name in "abc":
        link.wait(lambda name=name: bool(there and not order.append(name)), None, lambda: None)
    there.append(1)
    link.look_again()
    assert order == ["a", "b", "c"]


def test_wait_that_another_one_ended_is_not_asked(link):
    order, waits = [], []

    def first():
        if not waits:
            return False
        order.append("first")
        link.end_wait(waits[0])
        return True

    def second():
        order.append("second")
        return False

    link.wait(first, None, lambda: None)
    waits.append(link.wait(second, None, lambda: None))
    link.look_again()
    assert order == ["second", "first"]


def test_waits_outlive_the_connection(link):
    asked = []
    link.wait(lambda: bool(asked.append(1)), 5.0, lambda: asked.append("gave up"))
    link.lose()
    link.look_again()
    link.deadlines.fire(5.0)
    assert asked == [1, 1, "gave up"]
