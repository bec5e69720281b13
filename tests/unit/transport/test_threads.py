"""Threads, what they tell each other, and greenlets beside them where gevent has patched."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, TimeoutError

import pytest

from dash_interop.transport.threads import LongLock, Outcome, Thread, new_lock

PATIENCE = 10.0


def never() -> None:
    """The thread that is waited for is still there."""


def test_outcome_is_what_another_thread_tells():
    outcome: Outcome[int] = Outcome()
    assert not outcome.wait(0)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(outcome.result, never) for _ in range(4)]
        outcome.succeed(3)
        assert [each.result(PATIENCE) for each in waiting] == [3, 3, 3, 3]
    assert outcome.is_known
    assert outcome.result(never) == 3


def test_outcome_may_be_an_error():
    outcome: Outcome[int] = Outcome()
    error = KeyError("a")
    Thread(lambda: outcome.fail(error), "failing")
    with pytest.raises(KeyError) as raised:
        outcome.result(never)
    assert raised.value is error


def test_wait_for_what_nobody_tells_ends_with_the_error_of_the_look():
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        raise ConnectionError("nobody is there")

    with pytest.raises(ConnectionError, match="nobody is there"):
        Outcome().result(look)
    assert looks == [1]


def test_long_lock_is_of_one_thread_at_a_time_which_may_take_it_again():
    lock, taken = LongLock(), new_lock()

    def use(_: int) -> None:
        for _ in range(200):
            with lock, lock:
                assert taken.acquire(blocking=False)
                taken.release()

    with ThreadPoolExecutor(4) as threads:
        with lock:
            waiting = threads.submit(use, 0)
            with pytest.raises(TimeoutError):
                waiting.result(0.1)
        waiting.result(PATIENCE)
        list(threads.map(use, range(4)))


def test_long_lock_is_free_after_an_error():
    lock = LongLock()
    with pytest.raises(KeyError), lock:
        raise KeyError
    with ThreadPoolExecutor(1) as threads:
        threads.submit(lock.__enter__).result(PATIENCE)


def test_thread_is_alive_until_its_function_has_ended():
    going_on = threading.Event()

    def wait() -> None:
        assert going_on.wait(PATIENCE)

    thread = Thread(wait, "waiting")
    thread.join(0)
    assert thread.is_alive()
    going_on.set()
    thread.join()
    assert not thread.is_alive()


PATCHED = """
from gevent import monkey
monkey.patch_all()
import asyncio, os, sys
import gevent
from dash_interop.client.portal import Portal
from dash_interop.client.sync import InteropClient
from dash_interop.errors import InteropError
from dash_interop.transport.threads import LongLock, Outcome, Thread
from tests.support.memory_gateway import MemoryGateway, connecting

# Threads change in the midst of everything, also where locks are held for microseconds.
sys.setswitchinterval(1e-6)

async def begin():
    return MemoryGateway()

def together(function):
    "Run something in the first greenlet, which has no others beside it, and in two threads."
    ends = [Outcome() for _ in range(3)]
    def run(end):
        try:
            function()
        except BaseException as error:
            end.fail(error)
        else:
            end.succeed(True)
    def look(): ...
    threads = [Thread(lambda end=end: run(end), "busy") for end in ends[1:]]
    run(ends[0])
    for thread in threads:
        thread.join()
    return [end.result(look) for end in ends]
"""


def in_patched_process(code: str) -> str:
    """What a process prints that gevent has patched."""
    process = subprocess.run(
        [sys.executable, "-c", PATCHED + code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert process.returncode == 0, process.stderr
    assert "Traceback" not in process.stderr
    return process.stdout


def test_greenlets_and_threads_use_a_client_at_the_same_time():
    code = """
portal = Portal()
gateway = portal.run(begin())
client = InteropClient(portal, portal.run(connecting().start_engine(gateway.open)))
client.register("Sum", lambda a, b: a + b)
stream = client.create_stream("Prices")

def use():
    for n in range(400):
        assert client.call("Sum", a=n, b=1) == n + 1
        stream.push({"n": n})
        assert len(client.methods()) == 2

print(together(use))
portal.run(gateway.close())
client.close()
"""
    assert in_patched_process(code) == "[True, True, True]\n"


def test_greenlets_and_threads_close_a_client_at_the_same_time():
    code = """
def close_one():
    portal = Portal()
    gateway = portal.run(begin())
    client = InteropClient(portal, portal.run(connecting().start_engine(gateway.open)))
    client.create_stream("Prices")
    portal.run(gateway.close())
    return together(client.close)

print(all(all(close_one()) for _ in range(20)))
"""
    assert in_patched_process(code) == "True\n"


def test_greenlets_and_threads_take_a_long_lock_in_turn():
    code = """
lock, inside = LongLock(), []

def use():
    for n in range(300):
        with lock, lock:
            inside.append(n)
            # Whoever has it may wait: for a thread, and so for other greenlets.
            Thread(lambda: None, "short").join()
            assert inside == [n]
            inside.clear()

print(together(use))
"""
    assert in_patched_process(code) == "[True, True, True]\n"


def test_other_greenlets_go_on_while_one_waits_and_a_killed_one_takes_its_coroutine_along():
    code = """
portal = Portal()
heard = []

async def wait():
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        heard.append("cancelled")
        raise

async def is_heard():
    return list(heard)

waiting = gevent.spawn(portal.run, wait())
gevent.sleep(0)
print(portal.run(is_heard()), waiting.ready())
waiting.kill()
print(portal.run(is_heard()), waiting.successful())
portal.stop()
"""
    assert in_patched_process(code) == "[] False\n['cancelled'] True\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_greenlet_that_waits_while_its_process_forks_hears_so_in_the_child():
    code = """
portal = Portal()

async def wait():
    await asyncio.Event().wait()

def ask():
    try:
        portal.run(wait())
    except InteropError as error:
        return error

waiting = gevent.spawn(ask)
gevent.sleep(0)
child = os.fork()
if child == 0:
    print(repr(waiting.get(timeout=20)), portal.is_running, flush=True)
    portal.stop()
    os._exit(0)
_, status = os.waitpid(child, 0)
print(status, waiting.ready(), portal.is_running)
portal.stop()
"""
    assert in_patched_process(code) == (
        "InteropError('The client belongs to the process that made it: connect anew') False\n"
        "0 False True\n"
    )
