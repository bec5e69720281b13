"""Functions that hear of events."""

import asyncio
import functools
import logging
import threading

import pytest

from dash_interop.client import listeners as module
from dash_interop.client.listeners import Listeners
from tests.support.client import run, until


class Source:
    """Something with listeners, and what they heard."""

    def __init__(self):
        self.heard = []
        self.threads = set()
        self.overflows = 0
        self.hops = 0
        self.listeners = Listeners(self._in_thread, self._overflow)

    async def _in_thread(self, function):
        self.hops += 1
        await asyncio.to_thread(function)

    def _overflow(self):
        self.overflows += 1

    def plain(self, name):
        def listener(*arguments):
            self.threads.add(threading.current_thread())
            self.heard.append((name, *arguments))

        return listener

    def on_loop(self, name):
        async def listener(*arguments):
            self.threads.add(threading.current_thread())
            await asyncio.sleep(0)
            self.heard.append((name, *arguments))

        return listener

    async def hears(self, count):
        """Wait until that many events were heard; returns them all."""
        await until(lambda: len(self.heard) >= count)
        return self.heard

    async def is_idle(self):
        """Wait until an event that is told now was heard, and with it all that came before."""
        done = asyncio.Event()

        async def listener():
            done.set()

        stop = self.listeners.add("idle", listener)
        self.listeners.tell("idle")
        await asyncio.wait_for(done.wait(), 5)
        stop()
        return self.heard


def test_listeners_hear_in_the_order_in_which_they_were_added():
    async def scenario():
        source = Source()
        for name in "abc":
            source.listeners.add("x", source.plain(name))
        source.listeners.tell("x", 1, None)
        assert await source.hears(3) == [("a", 1, None), ("b", 1, None), ("c", 1, None)]

    run(scenario())


def test_events_are_heard_in_their_order_by_plain_and_async_listeners_in_turn():
    async def scenario():
        source = Source()
        source.listeners.add("x", source.plain("plain"))
        source.listeners.add("x", source.on_loop("async"))
        source.listeners.add("y", source.on_loop("other"))
        for number in range(50):
            source.listeners.tell("x", number)
            source.listeners.tell("y", number)
        wanted = [(name, n) for n in range(50) for name in ("plain", "async", "other")]
        assert await source.hears(150) == wanted

    run(scenario())


def test_plain_listener_runs_in_a_thread():
    async def scenario():
        source = Source()
        source.listeners.add("x", source.plain("a"))
        source.listeners.tell("x")
        await source.hears(1)
        assert threading.current_thread() not in source.threads

    run(scenario())


def test_plain_listeners_that_follow_each_other_share_a_hop():
    async def scenario():
        source = Source()
        source.listeners.add("x", source.plain("a"))
        for number in range(100):
            source.listeners.tell("x", number)
        await source.hears(100)
        assert source.hops == 1

    run(scenario())


class Callable:
    def __init__(self, listener):
        self._listener = listener

    async def __call__(self, *arguments):
        await self._listener(*arguments)


@pytest.mark.parametrize("wrap", [lambda x: x, functools.partial, Callable])
def test_async_listener_runs_on_the_loop(wrap):
    async def scenario():
        source = Source()
        source.listeners.add("x", wrap(source.on_loop("a")))
        source.listeners.tell("x", 1)
        assert await source.is_idle() == [("a", 1)]
        assert source.threads == {threading.current_thread()}
        assert source.hops == 0

    run(scenario())


def test_listener_is_not_in_the_way_of_who_tells():
    async def scenario():
        source = Source()
        free = threading.Event()
        source.listeners.add("x", lambda: free.wait(5))
        source.listeners.add("x", source.plain("after"))
        source.listeners.tell("x")
        await until(lambda: source.hops == 1)
        assert source.heard == []
        free.set()
        assert await source.hears(1) == [("after",)]

    run(scenario())


def test_listener_only_hears_of_its_event():
    async def scenario():
        source = Source()
        source.listeners.add("x", source.plain("a"))
        source.listeners.tell("y", 1)
        source.listeners.tell("x", 2)
        assert await source.is_idle() == [("a", 2)]

    run(scenario())


def test_listener_added_later_does_not_hear_of_what_was_told_before():
    async def scenario():
        source = Source()
        source.listeners.add("x", source.plain("early"))
        source.listeners.tell("x", 1)
        source.listeners.add("x", source.plain("late"))
        source.listeners.tell("x", 2)
        assert await source.is_idle() == [("early", 1), ("early", 2), ("late", 2)]

    run(scenario())


def test_one_function_may_listen_twice():
    async def scenario():
        source = Source()
        listener = source.plain("a")
        stop = source.listeners.add("x", listener)
        source.listeners.add("x", listener)
        source.listeners.tell("x", 1)
        await source.hears(2)
        stop()
        source.listeners.tell("x", 2)
        assert await source.is_idle() == [("a", 1), ("a", 1), ("a", 2)]

    run(scenario())


def test_what_is_no_function_cannot_listen():
    for listener in (None, 5, "print"):
        with pytest.raises(TypeError, match="a listener has to be a function"):
            Source().listeners.add("x", listener)  # pyright: ignore[reportArgumentType]


# Failures


def test_failure_of_a_listener_is_logged_and_the_others_go_on(caplog):
    async def scenario():
        source = Source()

        def broken(number):
            raise ValueError(f"plain {number}")

        async def broken_async(number):
            raise KeyError(f"async {number}")

        for listener in (source.plain("a"), broken, source.plain("b"), broken_async):
            source.listeners.add("x", listener)
        source.listeners.add("x", source.on_loop("c"))
        for number in (1, 2):
            source.listeners.tell("x", number)
        wanted = [(name, number) for number in (1, 2) for name in "abc"]
        assert await source.is_idle() == wanted

    with caplog.at_level(logging.ERROR):
        run(scenario())
    failures = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert [str(error) for error in failures if isinstance(error, ValueError)] == [
        "plain 1",
        "plain 2",
    ]
    assert len([error for error in failures if isinstance(error, KeyError)]) == 2


# Stopping


def test_stopped_listener_hears_nothing_any_more():
    async def scenario():
        source = Source()
        stop = source.listeners.add("x", source.plain("a"))
        source.listeners.add("x", source.plain("b"))
        assert source.listeners.has("x")
        stop()
        stop()
        source.listeners.tell("x", 1)
        assert await source.is_idle() == [("b", 1)]

    run(scenario())


@pytest.mark.parametrize("kind", [Source.plain, Source.on_loop])
def test_stopped_listener_does_not_hear_what_waits_for_it_already(kind):
    async def scenario():
        source = Source()
        stop = source.listeners.add("x", kind(source, "a"))
        source.listeners.add("x", kind(source, "b"))
        for number in (1, 2):
            source.listeners.tell("x", number)
        stop()
        assert await source.is_idle() == [("b", 1), ("b", 2)]

    run(scenario())


def test_listener_may_stop_itself():
    async def scenario():
        source = Source()
        stops = []

        def once(number):
            source.heard.append(number)
            stops[0]()

        stops.append(source.listeners.add("x", once))
        for number in (1, 2, 3):
            source.listeners.tell("x", number)
        assert await source.is_idle() == [1]
        assert not source.listeners.has("x")

    run(scenario())


def test_source_knows_whether_anybody_listens():
    async def scenario():
        source = Source()
        assert not source.listeners.has("x")
        stop = source.listeners.add("x", print)
        assert source.listeners.has("x")
        assert not source.listeners.has("y")
        stop()
        assert not source.listeners.has("x")

    run(scenario())


@pytest.mark.parametrize("kind", [Source.plain, Source.on_loop])
def test_cancelled_source_tells_nobody_what_still_waits(kind):
    async def scenario():
        source = Source()
        source.listeners.add("x", kind(source, "a"))
        source.listeners.tell("x", 1)
        await source.listeners.cancel()
        await asyncio.sleep(0)
        assert source.heard == []

    run(scenario())


def test_running_async_listener_is_cancelled_with_its_source():
    async def scenario():
        source = Source()
        started, ended = asyncio.Event(), []

        async def listener():
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        source.listeners.add("x", listener)
        source.listeners.add("x", source.plain("after"))
        source.listeners.tell("x")
        await asyncio.wait_for(started.wait(), 5)
        await asyncio.wait_for(source.listeners.cancel(), 5)
        assert (ended, source.heard) == ([True], [])

    run(scenario())


def test_cancelled_source_tells_nobody_what_comes_later():
    async def scenario():
        source = Source()
        tasks = asyncio.all_tasks()
        source.listeners.add("x", source.on_loop("a"))
        await source.listeners.cancel()
        await source.listeners.cancel()
        source.listeners.tell("x", 1)
        source.listeners.tell_last("x", 2)
        source.listeners.add("x", source.on_loop("b"), [(3,)])
        assert asyncio.all_tasks() == tasks
        assert source.heard == []

    run(scenario())


# Replay and overflow


def test_new_listener_hears_what_is_replayed_before_what_comes():
    async def scenario():
        source = Source()
        source.listeners.add("x", source.plain("old"))
        source.listeners.tell("x", 1)
        source.listeners.add("x", source.plain("new"), [(1, "a"), ()])
        source.listeners.tell("x", 2)
        assert await source.is_idle() == [
            ("old", 1),
            ("new", 1, "a"),
            ("new",),
            ("old", 2),
            ("new", 2),
        ]

    run(scenario())


def test_each_event_beyond_the_longest_queue_is_reported_and_not_told(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_QUEUE", 3)

    async def scenario():
        source = Source()
        source.listeners.add("x", source.plain("a"))
        for number in range(5):
            source.listeners.tell("x", number)
        assert source.overflows == 2
        assert await source.hears(3) == [("a", 0), ("a", 1), ("a", 2)]
        source.listeners.tell("x", 5)
        assert await source.is_idle() == [("a", 0), ("a", 1), ("a", 2), ("a", 5)]
        assert source.overflows == 2

    run(scenario())


def test_replay_beyond_the_longest_queue_is_reported_too(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_QUEUE", 3)

    async def scenario():
        source = Source()
        source.listeners.add("x", source.plain("a"), [(number,) for number in range(5)])
        assert source.overflows == 2
        await source.hears(3)

    run(scenario())


def test_last_event_is_told_also_where_the_queue_is_full(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_QUEUE", 2)

    async def scenario():
        source = Source()
        source.listeners.add("data", source.plain("data"))
        source.listeners.add("failed", source.plain("failed"))
        for number in range(3):
            source.listeners.tell("data", number)
        source.listeners.tell_last("failed", "why")
        assert await source.hears(3) == [("data", 0), ("data", 1), ("failed", "why")]
        assert source.overflows == 1

    run(scenario())


def test_many_events_of_many_tellers_are_all_heard_once():
    async def scenario():
        source = Source()
        source.listeners.add("x", source.plain("a"))

        async def teller(name):
            for number in range(200):
                source.listeners.tell("x", (name, number))
                await asyncio.sleep(0)

        await asyncio.gather(*[teller(name) for name in "abcde"])
        heard = [argument for _, argument in await source.is_idle()]
        assert len(heard) == 1000
        for name in "abcde":
            assert [number for who, number in heard if who == name] == list(range(200))

    run(scenario())
