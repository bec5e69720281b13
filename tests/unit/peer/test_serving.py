"""What a peer offers: registrations and their ends, and the invocations of it."""

import json

import pytest
from msgspec import Raw

from dash_interop.errors import (
    ConnectionLost,
    HandlerFailed,
    InvalidArguments,
    InvocationTimeout,
    MethodNotFound,
    Overloaded,
    RegistrationError,
    ServerGone,
)
from dash_interop.router.limits import Limits
from dash_interop.wire.agm import Invoke
from dash_interop.wire.definitions import MethodDefinition
from tests.support.wired import DOWN, UP, Wired, arguments


def served(**settings):
    """A server of ``Sum`` and a caller."""
    wired = Wired()
    server, caller = wired.peer("server"), wired.peer("caller")
    offering = server.register("Sum", **settings)
    return wired, server, caller, offering


def numbers(invocations):
    return [arguments(invocation)["n"] for invocation in invocations]


# Registering


def test_registration_is_settled_when_the_gateway_has_confirmed_it():
    wired = Wired()
    a = wired.peer("a")
    wired.hold(a, DOWN)
    offering = a.register("Sum", token="t")
    assert not a.is_settled("t")
    wired.release(a)
    assert a.outcome("t") is None
    assert (a.pending_requests(), a.timers()) == (0, 0)
    assert list(a.agm.serving) == [offering]
    assert a.agm.serving.find("SUM") is offering
    assert a.agm.serving.get(offering.id) is offering


@pytest.mark.parametrize("name", ["Sum", "sum", "SUM"])
def test_name_can_be_registered_once(name):
    wired = Wired()
    a = wired.peer("a")
    offering = a.register("Sum")
    with pytest.raises(RegistrationError, match=f"{name} is registered already"):
        a.register(name, token="second")
    with pytest.raises(RegistrationError, match="registered already"):
        a.create_stream(name)
    assert "second" not in a.settled
    assert list(a.agm.serving) == [offering]
    assert wired.router.counters()["methods"] == 1
    a.unregister(offering)
    again = a.register(name, token="third")
    assert a.outcome("third") is None
    assert list(a.agm.serving) == [again]


def test_name_is_taken_while_its_registration_waits():
    a = Wired().stranger("a")
    a.register("Sum")
    with pytest.raises(RegistrationError, match="registered already"):
        a.register("Sum")


def test_registration_that_the_gateway_refuses_says_why_and_frees_the_name():
    wired = Wired(Limits(methods_per_peer=1))
    a = wired.peer("a")
    offering = a.register("Sum")
    a.register("Product", token="t")
    reason = "Product was refused by the gateway: The limit of methods for one peer is 1"
    assert str(a.error("t", RegistrationError)) == reason
    assert a.agm.serving.find("Product") is None
    assert a.timers() == 0
    assert a.told("problem") == []
    a.unregister(offering)
    a.register("Product", token="again")
    assert a.outcome("again") is None
    assert a.servers("Product") == ["a"]


def test_registration_during_an_outage_waits_for_the_connection():
    wired = Wired()
    a, b = wired.stranger("a"), wired.peer("b")
    a.register("Sum", token="t", timeout=5)
    wired.tick(4)
    assert not a.is_settled("t")
    wired.connect(a)
    assert a.outcome("t") is None
    assert b.servers("Sum") == ["a"]
    wired.tick(10)
    assert len(a.settled["t"]) == 1
    assert b.servers("Sum") == ["a"]


def test_registration_without_a_connection_is_withdrawn_in_time():
    wired = Wired()
    a, b = wired.stranger("a"), wired.peer("b")
    a.register("Sum", token="t", timeout=5)
    wired.tick(5)
    reason = "Sum could not be registered within 5 s: there is no connection"
    assert str(a.error("t", RegistrationError)) == reason
    wired.connect(a)
    assert b.servers("Sum") == []
    a.register("Sum", token="again")
    assert a.outcome("again") is None
    assert b.servers("Sum") == ["a"]


def test_registration_that_does_not_wait_is_settled_at_once_and_made_when_it_can_be():
    wired = Wired()
    a, b = wired.stranger("a"), wired.peer("b")
    a.register("Sum", token="t", timeout=0)
    assert a.outcome("t") is None
    assert a.session.next_deadline() is None
    wired.tick(10_000)
    wired.connect(a)
    assert b.servers("Sum") == ["a"]


def test_refusal_of_a_registration_that_does_not_wait_is_a_problem_and_tried_again():
    wired = Wired(Limits(methods_per_peer=1))
    a = wired.peer("a")
    first = a.register("Sum")
    a.register("Product", token="t", timeout=0)
    assert a.outcome("t") is None
    assert len(a.told("problem")) == 1
    a.unregister(first)
    wired.reconnect(a)
    assert wired.peer("b").servers("Product") == ["a"]


def test_registration_that_the_gateway_does_not_confirm_in_time_is_withdrawn_there_too():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    wired.hold(a, DOWN)
    a.register("Sum", token="t", timeout=5)
    assert b.servers("Sum") == ["a"]
    wired.tick(5)
    reason = "Sum could not be registered within 5 s: the gateway did not confirm it"
    assert str(a.error("t", RegistrationError)) == reason
    assert b.servers("Sum") == []
    wired.release(a)
    assert len(a.settled["t"]) == 1
    assert a.agm.directory.methods() == []
    assert a.pending_requests() == 0
    wired.reconnect(a)
    assert b.servers("Sum") == []


def test_confirmation_that_the_cut_swallowed_comes_with_the_next_connection():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    wired.hold(a, DOWN)
    a.register("Sum", token="t")
    wired.cut(a)
    assert not a.is_settled("t")
    a.held.clear()
    wired.connect(a)
    assert a.outcome("t") is None
    assert b.servers("Sum") == ["a"]


def test_refusal_after_a_reconnect_is_a_problem_and_is_tried_again_at_the_next():
    wired = Wired(Limits(methods_per_peer=2))
    a, b = wired.peer("a"), wired.peer("b")
    a.register("Sum")
    a.register("Product", token="t")
    wired.limits = Limits(methods_per_peer=1)
    wired.restart()
    wired.connect(a, b)
    assert len(a.settled["t"]) == 1
    problem = "Product was refused by the gateway: The limit of methods for one peer is 1"
    assert a.told("problem") == [("problem", problem)]
    assert b.servers("Product") == []
    wired.limits = None
    wired.restart()
    wired.connect(a, b)
    assert b.servers("Product") == ["a"]
    assert len(a.told("problem")) == 1


def test_refusal_of_what_was_withdrawn_meanwhile_is_no_problem():
    wired = Wired(Limits(methods_per_peer=1))
    a = wired.peer("a")
    a.register("Sum")
    wired.hold(a, DOWN)
    offering = a.register("Product", token="t")
    a.unregister(offering)
    wired.release(a)
    assert str(a.error("t", RegistrationError)).endswith("unregistered before it was confirmed")
    assert a.told("problem") == []


# Unregistering


def test_method_that_was_unregistered_is_gone_for_everybody():
    wired, server, caller, offering = served()
    token = server.unregister(offering)
    assert server.outcome(token) is None
    assert server.agm.serving.find("Sum") is None
    assert list(server.agm.serving) == []
    token = caller.invoke("Sum", wait_timeout=1)
    wired.tick(1)
    caller.error(token, MethodNotFound)


def test_unregistering_is_settled_when_the_gateway_has_confirmed_it():
    wired, server, caller, offering = served()
    wired.hold(server, DOWN)
    token = server.unregister(offering)
    assert not server.is_settled(token)
    wired.release(server)
    assert server.outcome(token) is None


def test_unregistering_is_settled_when_the_connection_is_lost_on_the_way():
    wired, server, caller, offering = served()
    wired.hold(server, UP)
    token = server.unregister(offering)
    assert not server.is_settled(token)
    wired.cut(server)
    assert server.outcome(token) is None
    server.held.clear()
    wired.connect(server)
    assert caller.servers("Sum") == []


def test_method_that_is_unregistered_before_it_is_confirmed_was_not_registered():
    wired = Wired()
    a, b = wired.peer("a"), wired.peer("b")
    wired.hold(a, DOWN)
    offering = a.register("Sum", token="t")
    token = a.unregister(offering)
    wired.release(a)
    reason = "Sum was unregistered before it was confirmed"
    assert str(a.error("t", RegistrationError)) == reason
    assert a.outcome(token) is None
    assert b.servers("Sum") == []
    assert a.timers() == 0


def test_other_method_of_the_server_stays():
    wired, server, caller, offering = served()
    server.register("Product")
    server.unregister(offering)
    caller.invoke("Product")
    assert len(server.running) == 1


def test_invocation_in_flight_survives_unregistering():
    wired, server, caller, offering = served()
    tokens = [caller.invoke("Sum", {"n": n}) for n in range(3)]
    server.unregister(offering)
    for n in range(3):
        (invocation,) = server.running
        server.answer(invocation, {"n": n})
    assert [caller.outcome(token).returned for token in tokens] == [{"n": n} for n in range(3)]
    assert (server.timers(), caller.timers()) == (0, 0)


def test_invocation_that_crosses_its_methods_end_hears_that_the_server_withdrew_it():
    wired, server, caller, offering = served()
    wired.hold(server, DOWN)
    token = caller.invoke("Sum")
    server.unregister(offering)
    wired.release(server)
    assert caller.error(token, ServerGone).message == "The method is no longer offered"
    assert server.started == []


def test_same_method_registered_anew_answers_for_itself():
    wired, server, caller, offering = served()
    first = caller.invoke("Sum", {"n": 1})
    server.unregister(offering)
    again = server.register("Sum", "another handler")
    second = caller.invoke("Sum", {"n": 2})
    one, two = server.running
    assert (one.offering, two.offering) == (offering, again)
    assert two.offering.handler == "another handler"
    server.answer(two, {"n": 2})
    server.answer(one, {"n": 1})
    assert caller.outcome(first).returned == {"n": 1}
    assert caller.outcome(second).returned == {"n": 2}


# Replacing


def test_replacement_takes_over_what_waits_and_leaves_what_runs():
    wired, server, caller, offering = served()
    tokens = [caller.invoke("Sum", {"n": n}) for n in range(3)]
    assert server.register("sum", "new", token="t", replace=True) is offering
    assert server.outcome("t") is None
    assert (offering.handler, len(server.running)) == ("new", 1)
    for n in range(3):
        (invocation,) = server.running
        server.answer(invocation, {"n": n})
    assert [caller.outcome(token).returned["n"] for token in tokens] == [0, 1, 2]


def test_replacement_of_the_same_definition_is_told_to_nobody_and_needs_no_gateway():
    wired, server, caller, offering = served()
    before = list(caller.emitted)
    server.register("Sum", "new", replace=True)
    assert caller.emitted == before
    wired.cut(server)
    server.register("Sum", "newer", token="t", replace=True, timeout=5)
    assert server.outcome("t") is None
    assert (offering.handler, server.timers()) == ("newer", 0)


def test_replacement_has_settings_of_its_own_but_what_has_arrived_keeps_its_time():
    wired, server, caller, offering = served(response_timeout=5)
    tokens = [caller.invoke("Sum", {"n": n}) for n in range(3)]
    server.register("Sum", "new", replace=True, response_timeout=20, concurrency=2)
    assert numbers(server.running) == [0, 1]
    last = caller.invoke("Sum", {"n": 3})
    wired.tick(5)
    errors = [caller.error(token, InvocationTimeout).message for token in tokens]
    assert errors[2] == "The invocation waited 5 s for its turn and was not run"
    assert set(errors[:2]) == {"The handler of Sum did not answer within 5 s"}
    assert not caller.is_settled(last)


def test_replacement_with_another_definition_is_never_away():
    wired, server, caller, offering = served()
    wired.hold(caller, DOWN)
    early = caller.invoke("Sum", {"n": 1})
    server.register({"name": "Sum", "accepts": "int n"}, "new", token="t", replace=True)
    late = caller.invoke("Sum", {"n": 2})
    assert server.outcome("t") is None
    wired.release(caller)
    (method,) = caller.agm.directory.methods()
    assert method.accepts == "int n"
    for n in (1, 2):
        server.answer(server.running[0], {"n": n})
    assert [caller.outcome(token).returned["n"] for token in (early, late)] == [1, 2]
    assert wired.router.counters()["methods"] == 1


def test_replacement_during_an_outage_is_what_is_offered_afterwards():
    wired, server, caller, offering = served()
    wired.cut(server)
    server.register({"name": "Sum", "accepts": "int n"}, "new", token="t", replace=True)
    assert not server.is_settled("t")
    wired.connect(server)
    assert server.outcome("t") is None
    assert [method.accepts for method in caller.agm.directory.methods()] == ["int n"]


@pytest.mark.parametrize("waits", [True, False])
def test_replacement_that_is_refused_leaves_the_former_one(waits):
    wired, server, caller, offering = served()
    definition = MethodDefinition(name="Sum", description="x" * 100_000)
    timeout = 5 if waits else 0
    server.register(definition, "new", token="t", replace=True, timeout=timeout)
    if waits:
        assert "was refused by the gateway" in str(server.error("t", RegistrationError))
    else:
        assert len(server.told("problem")) == 1
    assert (offering.handler, offering.definition.description) == ("handler", None)
    assert caller.servers("Sum") == ["server"]
    caller.invoke("Sum")
    assert len(server.running) == 1
    wired.reconnect(server)
    assert caller.servers("Sum") == ["server"]


@pytest.mark.parametrize("ends", ["in time", "cancelled"])
def test_replacement_that_is_not_confirmed_leaves_the_former_one(ends):
    wired, server, caller, offering = served()
    wired.hold(server, DOWN)
    definition = MethodDefinition(name="Sum", accepts="int n")
    server.register(definition, "new", token="t", replace=True, timeout=5)
    if ends == "cancelled":
        server.ask(lambda: server.agm.serving.take_back("t", offering))
    else:
        wired.tick(5)
    server.error("t", RegistrationError)
    wired.release(server)
    assert offering.handler == "handler"
    assert [method.accepts for method in caller.agm.directory.methods()] == [None]
    assert (server.pending_requests(), server.timers()) == (0, 0)


def test_replacement_of_what_waits_for_its_confirmation_is_settled_with_it():
    wired = Wired()
    a = wired.peer("a")
    wired.hold(a, DOWN)
    a.register("Sum", "old", token="first", timeout=5)
    a.register({"name": "Sum", "accepts": "int n"}, "new", token="second", replace=True)
    assert a.outcome("first") is None and not a.is_settled("second")
    wired.tick(6)
    wired.release(a)
    assert a.outcome("second") is None
    assert wired.peer("b").servers("Sum") == ["a"]


def test_name_that_is_free_is_registered_as_ever():
    a = Wired().peer("a")
    a.register("Sum", token="t", replace=True)
    assert a.outcome("t") is None


def test_error_of_a_name_that_is_taken_says_what_to_do():
    a = Wired().peer("a")
    a.register("Sum")
    a.create_stream("Prices")
    with pytest.raises(RegistrationError, match="Sum is registered already: unregister it first, or"
                       " register it with replace=True"):  # fmt: skip
        a.register("Sum")
    for replace in (True, False):
        with pytest.raises(RegistrationError, match="registered already: close the stream first"):
            a.register("Prices", replace=replace)


# The handler's side of an invocation


def test_handler_gets_arguments_and_caller():
    wired, server, caller, offering = served()
    caller.invoke("Sum", {"a": 2, "b": [40, None]})
    (invocation,) = server.running
    assert arguments(invocation) == {"a": 2, "b": [40, None]}
    assert invocation.offering is offering
    assert (invocation.caller_id, invocation.peer_id) == (caller.id, server.id)
    instance = server.agm.directory.instance(invocation.caller_id)
    assert instance["application"] == "caller"


@pytest.mark.parametrize(
    "error",
    [
        HandlerFailed("Not today"),
        HandlerFailed("Not today", exception="ValueError"),
        HandlerFailed("Not today", exception="Timeout"),
        InvalidArguments("Not today"),
        Overloaded("Not today"),
        InvocationTimeout("Not today"),
    ],
    ids=repr,
)
def test_refusal_reaches_the_caller_as_what_it_is(error):
    wired, server, caller, offering = served()
    token = caller.invoke("Sum", {"n": 1})
    server.refuse(server.running[0], error)
    heard = caller.error(token, type(error))
    exception = getattr(error, "exception", None)
    assert (heard.message, heard.type) == ("Not today", error.type)
    assert getattr(heard, "exception", None) == exception
    (described,) = heard.all_errors
    assert described["executed_by"]["application"] == "server"
    assert (described["message"], described["type"]) == ("Not today", error.type)
    assert described.get("exception") == exception


def test_second_answer_to_an_invocation_is_dropped_and_counted():
    wired, server, caller, offering = served()
    first, second = caller.invoke("Sum", {"n": 1}), caller.invoke("Sum", {"n": 2})
    invocation = server.running[0]
    server.answer(invocation, {"n": 1})
    server.answer(invocation, {"n": "again"})
    server.refuse(invocation, "again")
    assert caller.outcome(first).returned == {"n": 1}
    assert not caller.is_settled(second)
    assert offering.queue.dropped_answers == 2
    assert wired.router.counters()["dropped_answers"] == 0
    assert numbers(server.running) == [2]


def test_invocation_of_what_is_not_offered_is_refused():
    wired, server, caller, offering = served()
    stream = server.create_stream("Prices")
    null = Raw(b"null")
    for method_id, reason in [
        ("no such", "The method is no longer offered"),
        (stream.id, "Prices is a stream"),
    ]:
        wired.hold(server, UP)
        wired.say(server, Invoke(server.id, "i", method_id, caller.id, null, null, null))
        refusal = json.loads(server.frames[UP].pop())
        assert (refusal["request_id"], refusal["reason"]) == ("i", reason)
        assert refusal["type"] == "error"
        server.held.clear()
    assert server.started == []


def test_method_id_that_is_a_number_means_the_same_method():
    wired, server, caller, offering = served()
    null = Raw(b"null")
    wired.say(server, Invoke(server.id, "i", int(offering.id), caller.id, null, null, null))
    assert [invocation.id for invocation in server.running] == ["i"]


# The queue, through the whole stack


def test_invocations_reach_the_handler_one_by_one_in_the_order_of_their_arrival():
    wired, server, caller, offering = served()
    other = wired.peer("other")
    tokens = [
        (each, each.invoke("Sum", {"n": n}), n)
        for n in range(10)
        for each in [[caller, other][n % 2]]
    ]
    for n in range(10):
        assert numbers(server.running) == [n]
        server.answer(server.running[0], {"n": n})
    assert numbers(server.started) == list(range(10))
    for each, token, n in tokens:
        assert each.outcome(token).returned == {"n": n}


def test_methods_do_not_wait_for_one_another():
    wired, server, caller, offering = served()
    server.register("Product")
    caller.invoke("Sum", {"n": 1})
    caller.invoke("Product", {"n": 2})
    assert numbers(server.running) == [1, 2]


def test_as_many_run_at_a_time_as_the_settings_say():
    wired, server, caller, offering = served(concurrency=3)
    for n in range(5):
        caller.invoke("Sum", {"n": n})
    assert numbers(server.running) == [0, 1, 2]
    server.answer(server.running[1])
    assert numbers(server.running) == [0, 2, 3]


def test_full_queue_says_so_at_once():
    wired, server, caller, offering = served(max_queue=2)
    tokens = [caller.invoke("Sum", {"n": n}) for n in range(5)]
    for token in tokens[3:]:
        reason = "Sum is overloaded: 2 invocations are waiting"
        assert caller.error(token, Overloaded).message == reason
    for _ in range(3):
        server.answer(server.running[0])
    assert numbers(server.started) == [0, 1, 2]
    assert [caller.outcome(token).returned for token in tokens[:3]] == [{}] * 3


def test_time_of_an_invocation_runs_from_its_arrival_on():
    wired, server, caller, offering = served(response_timeout=5)
    first = caller.invoke("Sum", {"n": 1})
    wired.tick(2)
    second = caller.invoke("Sum", {"n": 2})
    wired.tick(3)
    reason = "The handler of Sum did not answer within 5 s"
    assert caller.error(first, InvocationTimeout).message == reason
    assert numbers(server.stopped) == [1]
    assert numbers(server.running) == [2]
    wired.tick(2)
    caller.error(second, InvocationTimeout)
    assert (server.timers(), caller.timers()) == (0, 0)


def test_waiting_invocation_whose_time_is_up_is_never_run():
    wired, server, caller, offering = served(response_timeout=5)
    first, second = caller.invoke("Sum", {"n": 1}), caller.invoke("Sum", {"n": 2})
    wired.tick(5)
    caller.error(first, InvocationTimeout)
    reason = "The invocation waited 5 s for its turn and was not run"
    assert caller.error(second, InvocationTimeout).message == reason
    assert numbers(server.started) == [1]
    third = caller.invoke("Sum", {"n": 3})
    server.answer(server.running[0], {"n": 3})
    assert caller.outcome(third).returned == {"n": 3}


def test_answer_that_comes_after_the_timeout_is_dropped_and_counted():
    wired, server, caller, offering = served(response_timeout=5)
    first = caller.invoke("Sum", {"n": 1})
    wired.tick(5)
    second = caller.invoke("Sum", {"n": 2})
    server.answer(server.stopped[0], {"n": 1})
    assert offering.queue.dropped_answers == 1
    assert not caller.is_settled(second)
    assert len(caller.settled[first]) == 1
    server.answer(server.running[0], {"n": 2})
    assert caller.outcome(second).returned == {"n": 2}
    assert wired.router.counters()["dropped_answers"] == 0


def test_queue_goes_on_after_a_refusal():
    wired, server, caller, offering = served()
    caller.invoke("Sum", {"n": 1})
    caller.invoke("Sum", {"n": 2})
    server.refuse(server.running[0], "no")
    assert numbers(server.running) == [2]


# Callers that leave


def test_waiting_invocations_of_a_caller_that_leaves_are_never_run():
    wired, server, caller, offering = served()
    other = wired.peer("other")
    for n in range(6):
        [caller, other][n % 2].invoke("Sum", {"n": n})
    wired.cut(caller)
    assert len(offering.queue) == 4
    server.answer(server.stopped[0])
    for _ in range(3):
        server.answer(server.running[0])
    assert numbers(server.started) == [0, 1, 3, 5]
    assert (len(offering.queue), server.timers()) == (0, 0)


def test_handler_of_a_caller_that_leaves_is_stopped_and_keeps_its_place_until_it_ends():
    wired, server, caller, offering = served()
    other = wired.peer("other")
    caller.invoke("Sum", {"n": 1})
    token = other.invoke("Sum", {"n": 2})
    wired.cut(caller)
    assert (numbers(server.stopped), numbers(server.started)) == ([1], [1])
    server.answer(server.stopped[0])
    server.answer(server.running[0], {"n": 2})
    assert other.outcome(token).returned == {"n": 2}
    assert offering.queue.dropped_answers == 1
    assert server.session.link.ignored_answers == 0


def test_refusal_for_a_caller_that_has_left_does_no_harm():
    wired, server, caller, offering = served()
    caller.invoke("Sum", {"n": 1})
    wired.cut(caller)
    server.refuse(server.stopped[0], "too late")
    token = wired.peer("other").invoke("Sum", {"n": 2})
    server.answer(server.running[0])
    assert wired.peers["other"].outcome(token).returned == {}


def test_caller_that_leaves_takes_its_waiting_ones_from_a_method_that_was_unregistered():
    wired, server, caller, offering = served()
    other = wired.peer("other")
    caller.invoke("Sum", {"n": 1})
    caller.invoke("Sum", {"n": 2})
    other.invoke("Sum", {"n": 3})
    server.unregister(offering)
    wired.cut(caller)
    server.answer(server.stopped[0])
    assert numbers(server.started) == [1, 3]


# Outages of the server


def test_server_that_leaves_fails_its_invocations_at_once():
    wired, server, caller, offering = served()
    tokens = [caller.invoke("Sum", {"n": n}) for n in range(3)]
    wired.cut(server)
    for token in tokens:
        caller.error(token, ServerGone)
    assert caller.timers() == 0


def test_answer_of_an_invocation_that_came_before_the_reconnect_is_not_sent():
    wired, server, caller, offering = served(concurrency=2)
    first, second = caller.invoke("Sum", {"n": 1}), caller.invoke("Sum", {"n": 2})
    earlier = list(server.running)
    wired.reconnect(server)
    wired.hold(server, UP)
    server.answer(earlier[0], {"n": 1})
    server.refuse(earlier[1], "no")
    assert list(server.frames[UP]) == []
    wired.release(server)
    for token in (first, second):
        caller.error(token, ServerGone)
    assert wired.router.counters()["dropped_answers"] == 0


def test_waiting_invocations_are_never_run_after_an_outage():
    wired, server, caller, offering = served()
    for n in range(3):
        caller.invoke("Sum", {"n": n})
    wired.reconnect(server)
    token = caller.invoke("Sum", {"n": 3})
    # The handler that was running still is: one at a time.
    assert numbers(server.running) == [0]
    server.answer(server.running[0])
    server.answer(server.running[0], {"n": 3})
    assert numbers(server.started) == [0, 3]
    assert caller.outcome(token).returned == {"n": 3}


def test_waiting_invocations_of_an_unregistered_method_are_never_run_after_an_outage():
    wired, server, caller, offering = served()
    for n in range(3):
        caller.invoke("Sum", {"n": n})
    server.unregister(offering)
    wired.reconnect(server)
    server.answer(server.running[0])
    assert numbers(server.started) == [0]
    assert server.timers() == 0


def test_time_that_is_up_during_an_outage_is_told_to_nobody_but_the_handler():
    wired, server, caller, offering = served(response_timeout=5)
    token = caller.invoke("Sum", {"n": 1})
    wired.cut(server)
    wired.tick(5)
    assert numbers(server.stopped) == [1]
    caller.error(token, ServerGone)
    wired.connect(server)
    again = caller.invoke("Sum", {"n": 2})
    server.answer(server.running[0], {"n": 2})
    assert caller.outcome(again).returned == {"n": 2}


def test_server_that_invokes_itself_hears_of_the_lost_connection_once():
    wired = Wired()
    a = wired.peer("a")
    a.register("Sum")
    token = a.invoke("Sum")
    wired.reconnect(a)
    a.error(token, ConnectionLost)
    a.answer(a.running[0])
    assert len(a.settled[token]) == 1


def test_nothing_is_kept_of_a_method_whose_last_invocation_ends_by_its_time():
    wired, server, caller, offering = served(response_timeout=5)
    caller.invoke("Sum")
    server.unregister(offering)
    wired.tick(5)
    assert server.agm.serving._ending == {}
