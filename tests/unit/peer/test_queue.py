"""The invocations of one method: their order, their times and their one end."""

from contextlib import nullcontext
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dash_interop.errors import InvocationTimeout, Overloaded, RegistrationError
from dash_interop.peer.deadlines import Deadlines
from dash_interop.peer.queue import Invocation, InvocationQueue, QueueSettings
from tests.support.room import raw


class Server:
    """A queue and what it asked for, in order; the time only moves when told to."""

    def __init__(self, **settings):
        self.deadlines = Deadlines()
        self.now = 0.0
        self.log = []
        self.errors = {}
        self.rows = {}
        self.queue = InvocationQueue(
            "Sum", "handler", QueueSettings(**settings), self.deadlines, self, nullcontext()
        )

    def start(self, row):
        invocation = row.next(self.now)
        if invocation is None:
            row.end()
        else:
            self.rows[invocation.id] = row
            self.log.append(("start", invocation.id))

    def stop(self, invocation):
        self.log.append(("stop", invocation.id))

    def fail(self, invocation, error):
        self.log.append(("fail", invocation.id))
        self.errors[invocation.id] = error

    def arrive(self, *ids, caller="anna", budget=None):
        for id in ids:
            invocation = Invocation(id, caller, "me", raw({}), budget=budget)
            self.queue.enqueue(invocation, self.now)

    def answer(self, id):
        return self._end(id, True)

    def end(self, id):
        """The handler ends without an answer, as one that was stopped does."""
        return self._end(id, False)

    def _end(self, id, has_answer):
        is_wanted = self.queue.ended(id, has_answer)
        row = self.rows.pop(id, None)
        if row is not None:
            self.start(row)
        return is_wanted

    def wait(self, seconds):
        self.now += seconds
        self.deadlines.fire(self.now)

    def take(self):
        log, self.log = self.log, []
        return log


# Order


def test_first_one_starts_at_once():
    server = Server()
    server.arrive("1")
    assert server.take() == [("start", "1")]


def test_one_runs_at_a_time_in_the_order_of_arrival():
    server = Server()
    server.arrive("1", "2", "3")
    assert server.take() == [("start", "1")]
    for done, following in [("1", "2"), ("2", "3")]:
        assert server.answer(done)
        assert server.take() == [("start", following)]
    assert server.answer("3")
    assert (server.take(), len(server.queue)) == ([], 0)


def test_as_many_run_at_a_time_as_the_author_says():
    server = Server(concurrency=3)
    server.arrive(*"12345")
    assert server.take() == [("start", "1"), ("start", "2"), ("start", "3")]
    server.answer("2")
    assert server.take() == [("start", "4")]
    server.answer("1")
    assert server.take() == [("start", "5")]
    server.arrive("6")
    assert server.take() == []
    assert len(server.queue) == 4


# The bound


def test_over_the_bound_the_caller_hears_at_once_and_no_handler_runs():
    server = Server(max_queue=2)
    server.arrive(*"1234")
    assert server.take() == [("start", "1"), ("fail", "4")]
    error = server.errors["4"]
    assert isinstance(error, Overloaded)
    assert str(error) == "Sum is overloaded: 2 invocations are waiting"
    server.wait(30.0)
    assert ("start", "4") not in server.take()


def test_running_ones_take_no_place_in_the_queue():
    server = Server(max_queue=0, concurrency=2)
    server.arrive(*"123")
    assert server.take() == [("start", "1"), ("start", "2"), ("fail", "3")]
    server.answer("1")
    server.arrive("4")
    assert server.take() == [("start", "4")]


def test_place_in_the_queue_is_free_again_when_the_next_one_starts():
    server = Server(max_queue=1)
    server.arrive(*"12")
    server.answer("1")
    server.take()
    server.arrive("3")
    assert server.take() == []
    server.arrive("4")
    assert server.take() == [("fail", "4")]


# Time


def test_time_of_a_running_one_is_up_then_it_is_stopped_and_the_next_one_starts():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.wait(4.0)
    server.arrive("2")
    server.wait(5.75)
    assert server.take() == [("start", "1")]
    server.wait(0.25)
    assert server.take() == [("fail", "1"), ("stop", "1"), ("start", "2")]
    assert isinstance(server.errors["1"], InvocationTimeout)
    assert str(server.errors["1"]) == "The handler of Sum did not answer within 10 s"


def test_time_runs_from_the_arrival_on_also_while_waiting():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.wait(4.0)
    server.arrive("2")
    server.wait(5.0)
    server.answer("1")
    assert server.take() == [("start", "1"), ("start", "2")]
    server.wait(4.75)
    assert server.take() == []
    server.wait(0.25)
    assert server.take() == [("fail", "2"), ("stop", "2")]


def test_waiting_one_whose_time_is_up_is_answered_and_never_started():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.wait(4.0)
    server.arrive("2")
    server.wait(5.0)
    server.arrive("3")
    server.take()
    server.wait(6.0)
    assert server.take() == [("fail", "1"), ("stop", "1"), ("start", "3"), ("fail", "2")]
    assert isinstance(server.errors["2"], InvocationTimeout)
    assert str(server.errors["2"]) == "The invocation waited 10 s for its turn and was not run"


def test_answer_that_comes_too_late_for_the_next_one_starts_the_one_after_it():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.now = 4.0
    server.arrive("2")
    server.now = 9.0
    server.arrive("3")
    server.take()
    server.now = 14.0
    assert server.answer("1"), "nobody has told the caller anything yet"
    assert server.take() == [("start", "3")]
    server.wait(0.0)
    assert server.take() == [("fail", "2")]
    assert "was not run" in str(server.errors["2"])


def test_those_due_together_with_one_that_timed_out_are_not_started():
    server = Server(response_timeout=10.0)
    server.arrive(*"123")
    server.wait(9.0)
    server.arrive("4")
    server.take()
    server.wait(1.0)
    assert server.take() == [
        ("fail", "1"),
        ("stop", "1"),
        ("start", "4"),
        ("fail", "2"),
        ("fail", "3"),
    ]
    assert "was not run" in str(server.errors["2"])


def test_one_that_came_a_moment_after_one_that_timed_out_is_not_started_either():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.wait(0.005)
    server.arrive("2")
    server.wait(0.5)
    server.arrive("3")
    server.take()
    server.wait(9.495)
    assert server.take() == [("fail", "1"), ("stop", "1"), ("start", "3")]
    server.wait(0.005)
    assert server.take() == [("fail", "2")]
    assert "was not run" in str(server.errors["2"])
    server.wait(0.005)
    assert server.take() == []


def test_all_that_run_at_a_time_may_time_out_together():
    server = Server(response_timeout=10.0, concurrency=2)
    server.arrive(*"123")
    server.take()
    server.wait(10.0)
    log = server.take()
    assert [entry for entry in log if entry[0] == "fail"] == [
        ("fail", "1"),
        ("fail", "2"),
        ("fail", "3"),
    ]
    assert [entry for entry in log if entry[0] == "stop"] == [("stop", "1"), ("stop", "2")]
    assert not [entry for entry in log if entry[0] == "start"]
    assert len(server.queue) == 0


def test_timer_of_an_answered_one_is_gone():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.answer("1")
    assert server.deadlines.next() is None
    server.take()
    server.wait(20.0)
    assert server.take() == []


def test_refused_one_leaves_no_timer():
    server = Server(max_queue=0)
    server.arrive("1", "2")
    assert len(server.deadlines) == 1


# Answers


def test_late_answer_is_dropped_and_counted():
    server = Server(response_timeout=10.0)
    server.arrive("1", "2")
    server.wait(10.0)
    server.take()
    assert not server.answer("1")
    assert server.queue.dropped_answers == 1
    assert server.take() == []


def test_late_answer_does_not_end_the_one_that_runs_now():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.wait(5.0)
    server.arrive("2", "3")
    server.wait(5.0)
    server.take()
    assert not server.answer("1")
    assert server.take() == []
    assert server.answer("2")
    assert server.take() == [("start", "3")]


def test_second_answer_is_dropped_and_counted():
    server = Server()
    server.arrive("1", "2", "3")
    assert server.answer("1")
    server.take()
    assert not server.answer("1")
    assert (server.take(), server.queue.dropped_answers) == ([], 1)


@pytest.mark.parametrize("id", ["2", "unknown", ""])
def test_answer_to_one_that_does_not_run_is_dropped_and_counted(id):
    server = Server()
    server.arrive("1", "2")
    server.take()
    assert not server.answer(id)
    assert (server.take(), server.queue.dropped_answers, len(server.queue)) == ([], 1, 2)
    assert server.answer("1")
    assert server.take() == [("start", "2")]


# Callers that leave


def test_caller_that_leaves_takes_only_its_own_ones_along():
    server = Server()
    server.arrive("1", "2", caller="anna")
    server.arrive("3", caller="ben")
    server.arrive("4", caller="anna")
    server.arrive("5", caller="cleo")
    server.take()
    server.queue.caller_left("anna")
    assert (server.take(), len(server.queue)) == ([("stop", "1")], 3)
    assert not server.answer("1")
    assert server.take() == [("start", "3")]
    server.answer("3")
    assert server.take() == [("start", "5")]


def test_invocations_of_a_caller_that_left_are_never_answered():
    server = Server(response_timeout=10.0)
    server.arrive("1", caller="anna")
    server.arrive("2", caller="ben")
    server.queue.caller_left("ben")
    assert len(server.deadlines) == 1
    server.wait(10.0)
    assert server.take() == [("start", "1"), ("fail", "1"), ("stop", "1")]


def test_caller_that_is_unknown_leaves_without_a_trace():
    server = Server()
    server.arrive("1", "2")
    server.queue.caller_left("nobody")
    assert len(server.queue) == 2


def test_place_of_one_that_left_is_free():
    server = Server(max_queue=1)
    server.arrive("1", caller="anna")
    server.arrive("2", caller="ben")
    server.queue.caller_left("ben")
    server.take()
    server.arrive("3")
    assert server.take() == []


def test_all_that_wait_leave_with_the_connection_and_one_that_runs_goes_on():
    server = Server(response_timeout=10.0)
    server.arrive("1", caller="anna")
    server.arrive("2", caller="ben")
    server.arrive("3", caller="anna")
    server.take()
    server.queue.callers_left()
    assert (len(server.queue), len(server.deadlines)) == (1, 1)
    server.arrive("4")
    assert server.take() == []
    assert server.answer("1")
    assert server.take() == [("start", "4")]


# Invocations that are given up


def test_waiting_one_that_is_given_up_leaves_the_queue():
    server = Server(max_queue=1)
    server.arrive(*"12")
    server.take()
    server.queue.give_up("2", "cancelled")
    assert (server.take(), len(server.queue), len(server.deadlines)) == ([], 1, 1)
    server.arrive("3")
    server.answer("1")
    assert server.take() == [("start", "3")]


def test_running_one_that_is_given_up_is_stopped_and_keeps_its_place_until_it_ends():
    server = Server()
    server.arrive(*"12")
    server.take()
    server.queue.give_up("1", "cancelled")
    assert server.take() == [("stop", "1")]
    assert not server.end("1")
    assert server.take() == [("start", "2")]
    assert server.queue.dropped_answers == 0


def test_what_a_handler_that_was_stopped_answers_is_dropped_and_counted():
    server = Server()
    server.arrive("1")
    server.queue.give_up("1", "cancelled")
    assert not server.answer("1")
    assert (server.queue.dropped_answers, len(server.queue), len(server.deadlines)) == (1, 0, 0)


def test_handler_that_goes_on_though_stopped_loses_its_place_when_its_time_is_up():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.wait(5.0)
    server.arrive("2")
    server.queue.give_up("1", "left")
    server.take()
    server.wait(5.0)
    assert server.take() == [("stop", "1"), ("start", "2")]
    assert not server.answer("1")
    assert server.queue.dropped_answers == 1


@pytest.mark.parametrize("id", ["1", "3", "unknown"])
def test_giving_up_what_has_ended_is_no_news(id):
    server = Server()
    server.arrive("1", "2", "3")
    server.answer("1")
    server.queue.give_up("3", "cancelled")
    server.take()
    server.queue.give_up(id, "cancelled")
    assert (server.take(), len(server.queue)) == ([], 1)


def test_one_is_stopped_once_however_often_it_is_given_up():
    server = Server()
    server.arrive("1")
    server.take()
    server.queue.give_up("1", "cancelled")
    server.queue.give_up("1", "left")
    server.queue.caller_left("anna")
    assert server.take() == [("stop", "1")]


def test_one_whose_caller_has_no_time_left_is_not_started():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.arrive("2", budget=2.0)
    server.arrive("3", budget=20.0)
    server.take()
    server.wait(3.0)
    server.answer("1")
    assert server.take() == [("start", "3")]
    # Its caller, which does not wait any longer, says so.
    server.queue.give_up("2", "timeout")
    assert (server.take(), len(server.queue), len(server.deadlines)) == ([], 1, 1)
    server.wait(7.0)
    assert server.take() == [("fail", "3"), ("stop", "3")]


def test_budget_of_a_caller_does_not_stop_what_runs():
    server = Server(response_timeout=10.0)
    server.arrive("1", budget=2.0)
    server.wait(3.0)
    assert server.take() == [("start", "1")]
    assert server.answer("1")


# Settings


@pytest.mark.parametrize(
    "field, value",
    [
        ("response_timeout", 0),
        ("response_timeout", -1.0),
        ("response_timeout", float("nan")),
        ("concurrency", 0),
        ("max_queue", -1),
    ],
)
def test_setting_that_makes_no_sense_is_refused_by_name(field, value):
    with pytest.raises(RegistrationError, match=field):
        QueueSettings(**{field: value})


def test_settings_have_the_documented_defaults():
    assert QueueSettings() == QueueSettings(30.0, 1, 10_000)


# Random histories against a model that is simple enough to be right

TIMEOUT = 10
SOON = 0.01
"""One that is due within that time is not started any more."""

ANY = st.integers(0, 1000)


# Rows: who runs the handler takes one invocation after the other


def rows_of(server):
    """The rows that run, in the order in which they began what they run."""
    return list(dict.fromkeys(server.rows.values()))


def test_row_goes_on_until_nothing_waits_and_another_one_begins_with_the_next_arrival():
    server = Server()
    server.arrive(*"123")
    (row,) = rows_of(server)
    server.answer("1")
    server.answer("2")
    assert rows_of(server) == [row]
    server.answer("3")
    assert (rows_of(server), server.queue._rows) == ([], {})
    server.arrive("4")
    assert rows_of(server) not in ([], [row])


def test_arrival_between_the_end_of_a_row_and_the_news_of_it_is_not_forgotten():
    server = Server()
    server.arrive("1")
    row = server.rows.pop("1")
    server.queue.ended("1")
    assert row.next(server.now) is None
    server.arrive("2")
    assert server.take() == [("start", "1")]
    row.end()
    assert server.take() == [("start", "2")]


def test_row_whose_invocation_timed_out_gets_no_other_and_its_end_is_no_news():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    stuck = server.rows["1"]
    server.wait(5.0)
    server.arrive("2", "3")
    server.wait(5.0)
    assert server.take()[-1] == ("start", "2")
    assert stuck.next(server.now) is None
    stuck.end()
    assert server.take() == []
    server.answer("2")
    assert server.take() == [("start", "3")]


def test_answer_on_its_way_when_the_time_is_up_is_the_one_end():
    server = Server(response_timeout=10.0)
    server.arrive("1")
    server.wait(5.0)
    server.arrive("2")
    row = server.rows.pop("1")
    # The handler has ended and goes on with the next one; the answer has not come here yet.
    assert row.next(server.now).id == "2"
    server.take()
    server.wait(5.0)
    assert server.take() == []
    assert server.queue.ended("1")
    server.wait(5.0)
    assert server.take() == [("fail", "2"), ("stop", "2")]


def test_rows_of_an_earlier_handler_end_after_what_they_run():
    server = Server()
    server.arrive(*"12")
    row = server.rows["1"]
    server.queue.change("another handler", QueueSettings())
    assert server.take() == [("start", "1")]
    server.answer("1")
    assert server.take() == [("start", "2")]
    assert (row.handler, server.rows["2"].handler) == ("handler", "another handler")


def test_more_may_run_at_a_time_after_a_change():
    server = Server()
    server.arrive(*"1234")
    server.take()
    server.queue.change("handler", QueueSettings(concurrency=3))
    assert server.take() == [("start", "2"), ("start", "3")]
    server.answer("1")
    assert server.take() == [("start", "4")]


def test_fewer_run_at_a_time_after_a_change_as_soon_as_they_have_ended():
    server = Server(concurrency=3)
    server.arrive(*"12345")
    server.take()
    server.queue.change("handler", QueueSettings())
    server.answer("1")
    server.answer("2")
    assert server.take() == []
    server.answer("3")
    assert server.take() == [("start", "4")]


class Threaded:
    """A queue whose rows are taken by threads, while the main thread changes it."""

    def __init__(self):
        self.begun = []
        self.failed = []
        self.stopped = set()
        self.told = SimpleQueue()
        self.deadlines = Deadlines()
        settings = QueueSettings(response_timeout=10.0, concurrency=3, max_queue=10_000)
        self.queue = InvocationQueue("Sum", None, settings, self.deadlines, self, Lock())
        self.threads = []

    def start(self, row):
        thread = Thread(target=self.work, args=(row,))
        self.threads.append(thread)
        thread.start()

    def work(self, row):
        while (invocation := row.next(0.0)) is not None:
            self.begun.append(invocation.id)
            self.told.put(partial(self.queue.ended, invocation.id))
        self.told.put(row.end)

    def stop(self, invocation):
        self.stopped.add(invocation.id)

    def fail(self, invocation, error):
        self.failed.append(invocation.id)

    def hear(self):
        """What the threads have told so far."""
        while not self.told.empty():
            self.told.get()()


def test_threads_begin_each_invocation_once_while_others_leave():
    server = Threaded()
    for number in range(3000):
        caller = "leaver" if number % 3 == 0 else "stayer"
        server.queue.enqueue(Invocation(str(number), caller, "me", raw({})), 0.0)
        if number % 50 == 0:
            server.queue.caller_left("leaver")
            server.hear()
    while server.threads:
        server.threads.pop().join(10.0)
        server.hear()
    assert len(server.queue) == 0
    assert server.queue.dropped_answers == len(server.stopped)
    assert server.stopped <= set(server.begun)
    assert server.failed == []
    assert len(set(server.begun)) == len(server.begun)
    stayers = {str(number) for number in range(3000) if number % 3}
    assert stayers <= set(server.begun)


class Histories(RuleBasedStateMachine):
    """The model: lists of ids in the order of arrival, and when each is due."""

    concurrency = 1
    max_queue = 4

    def __init__(self):
        super().__init__()
        self.server = Server(
            response_timeout=TIMEOUT, concurrency=self.concurrency, max_queue=self.max_queue
        )
        self.count = 0
        self.waiting = []
        self.running = []
        self.stopped = set()
        """Those of the running ones that nobody waits for."""
        self.due = {}
        self.callers = {}
        self.ended = {}
        self.dropped = 0

    def is_due_soon(self, id):
        """Such a one is passed over, and told when its time is up."""
        return self.due[id] <= self.server.now + SOON

    def end(self, id, how):
        assert id not in self.ended, "ended twice"
        self.ended[id] = how

    def check(self):
        """What was asked for since the last check, followed in the model."""
        for word, id in self.server.take():
            if word == "start":
                in_turn = [each for each in self.waiting if not self.is_due_soon(each)]
                assert in_turn[0] == id, "started out of turn"
                self.waiting.remove(id)
                self.running.append(id)
                assert len(self.running) <= self.concurrency, "too many run"
                assert self.due[id] > self.server.now + SOON, "started to be stopped"
            elif word == "stop" and id in self.stopped:
                assert self.due[id] <= self.server.now, "stopped twice"
                self.running.remove(id)
                self.stopped.remove(id)
            elif word == "stop":
                assert self.ended[id] == "failed while it ran"
            elif id in self.running:
                assert self.due[id] <= self.server.now, "timed out early"
                self.running.remove(id)
                self.end(id, "failed while it ran")
            else:
                assert self.due[id] <= self.server.now + SOON, "timed out early"
                self.waiting.remove(id)
                self.end(id, "failed")

    @rule(caller=st.sampled_from("abc"))
    def arrive(self, caller):
        self.count += 1
        id = str(self.count)
        is_full = len(self.waiting) >= self.max_queue and len(self.running) >= self.concurrency
        self.server.arrive(id, caller=caller)
        self.callers[id] = caller
        self.due[id] = self.server.now + TIMEOUT
        if is_full:
            assert self.server.take() == [("fail", id)]
            self.end(id, "overloaded")
            return
        self.waiting.append(id)
        self.check()

    @precondition(lambda self: self.count)
    @rule(which=ANY, is_wanted=st.booleans())
    def answer(self, which, is_wanted):
        """By the handler that runs, or for any invocation there ever was."""
        ids = self.running if is_wanted and self.running else [str(which % self.count + 1)]
        id = ids[which % len(ids)]
        is_awaited = id in self.running and id not in self.stopped
        if is_awaited:
            self.end(id, "answered")
        self.forget(id)
        assert self.server.answer(id) is is_awaited
        self.dropped += not is_awaited
        self.check()

    @precondition(lambda self: self.stopped)
    @rule(which=ANY)
    def end_without_an_answer(self, which):
        id = sorted(self.stopped)[which % len(self.stopped)]
        self.forget(id)
        assert not self.server.end(id)
        self.check()

    def forget(self, id):
        if id in self.running:
            self.running.remove(id)
        self.stopped.discard(id)

    @precondition(lambda self: self.count)
    @rule(which=ANY, is_current=st.booleans())
    def give_up(self, which, is_current):
        """By the caller of what runs or waits, or of any invocation there ever was."""
        ids = self.running + self.waiting
        id = ids[which % len(ids)] if is_current and ids else str(which % self.count + 1)
        stopped = self.stop([id])
        self.server.queue.give_up(id, "cancelled")
        assert self.server.take() == stopped

    def stop(self, ids):
        """What follows, in the model, when nobody waits for some any longer."""
        stopped = [id for id in ids if id in self.running and id not in self.stopped]
        for id in ids:
            if id in self.waiting:
                self.waiting.remove(id)
                self.end(id, "given up")
        for id in stopped:
            self.stopped.add(id)
            self.end(id, "given up")
        return [("stop", id) for id in stopped]

    @rule(seconds=st.sampled_from([0.0, 0.004, 0.5, 3.0, 10.0, 25.0]))
    def wait(self, seconds):
        self.server.wait(seconds)
        self.check()
        assert all(self.due[id] > self.server.now for id in self.waiting + self.running)

    @rule(caller=st.sampled_from("abc"))
    def caller_leaves(self, caller):
        ids = sorted(self.waiting + self.running, key=int)
        stopped = self.stop([id for id in ids if self.callers[id] == caller])
        self.server.queue.caller_left(caller)
        assert self.server.take() == stopped

    @rule()
    def everybody_leaves(self):
        for id in self.waiting:
            self.end(id, "left")
        self.waiting.clear()
        self.server.queue.callers_left()
        assert self.server.take() == []

    @invariant()
    def nobody_waits_while_a_handler_is_free(self):
        in_turn = [each for each in self.waiting if not self.is_due_soon(each)]
        assert not in_turn or len(self.running) == self.concurrency

    @invariant()
    def tables_are_those_of_the_model(self):
        assert len(self.server.queue) == len(self.waiting) + len(self.running)
        assert len(self.server.deadlines) == len(self.waiting) + len(self.running)
        assert self.server.queue.dropped_answers == self.dropped

    def teardown(self):
        self.server.wait(TIMEOUT + 1)
        self.check()
        assert self.waiting == self.running == []
        assert sorted(self.ended, key=int) == [str(number + 1) for number in range(self.count)]
        assert self.server.deadlines.next() is None


class ConcurrentHistories(Histories):
    concurrency = 3


SETTINGS = settings(
    max_examples=100, stateful_step_count=50, deadline=None, database=None, derandomize=True
)
TestOneAtATime = Histories.TestCase
TestOneAtATime.settings = SETTINGS
TestThreeAtATime = ConcurrentHistories.TestCase
TestThreeAtATime.settings = SETTINGS
