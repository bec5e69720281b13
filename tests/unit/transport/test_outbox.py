"""The rules for what waits to be sent, over a connection that writes down what happens to it."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from dash_interop.transport.memory import memory_pair
from dash_interop.transport.outbox import BATCH, SLOW_READER, Outbox


class Recorded:
    """Takes what it gets, until it is told that nothing leaves any more."""

    def __init__(self) -> None:
        self.writes: list[list[bytes]] = []
        self.is_stuck = False
        self.stuck = 0
        self.ended = asyncio.Event()
        self.events: list[str] = []

    async def frames(self) -> AsyncIterator[str]:
        await self.ended.wait()
        for frame in ():
            yield frame

    def send(self, frames: Sequence[bytes]) -> None:
        if frames:
            self.writes.append(list(frames))
            self.stuck += sum(map(len, frames)) if self.is_stuck else 0

    @property
    def backlog(self) -> int:
        return self.stuck

    async def flush(self) -> None:
        self.events.append("flush")

    async def close(self, code: int, reason: str) -> None:
        self.events.append(f"close {code} {reason}")
        if self.is_stuck:
            await self.ended.wait()
        self.ended.set()

    def abort(self) -> None:
        self.events.append("abort")
        self.ended.set()

    async def wait_closed(self) -> None:
        await self.ended.wait()


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario(), 5))


def outbox_over(connection, size=100, close_timeout=5.0):
    given_up: list[int] = []
    return Outbox(connection, size, close_timeout, lambda: given_up.append(1)), given_up


def test_all_of_one_turn_leaves_in_one_write():
    async def scenario():
        connection = Recorded()
        outbox, _ = outbox_over(connection)
        outbox.send(b"1")
        outbox.send(b"2")
        assert (connection.writes, outbox.backlog) == ([], 2)
        await asyncio.sleep(0)
        outbox.send(b"3")
        await asyncio.sleep(0)
        return connection.writes, outbox.backlog

    assert run(scenario) == ([[b"1", b"2"], [b"3"]], 0)


def test_many_of_one_turn_leave_batch_by_batch_and_in_order():
    frames = [b"%d" % number for number in range(2 * BATCH + 1)]

    async def scenario():
        connection = Recorded()
        outbox, _ = outbox_over(connection, size=10_000)
        for frame in frames:
            outbox.send(frame)
        assert connection.writes == [frames[:BATCH], frames[BATCH : 2 * BATCH]]
        await asyncio.sleep(0)
        return connection.writes[2:]

    assert run(scenario) == [frames[2 * BATCH :]]


def test_close_comes_after_what_was_sent_and_nothing_after_it():
    async def scenario():
        connection = Recorded()
        outbox, _ = outbox_over(connection)
        outbox.send(b"last words")
        outbox.close(4009, "Nobody logged in")
        outbox.close(1000, "")
        outbox.send(b"too late")
        await outbox.wait_closed()
        return connection.writes, connection.events

    assert run(scenario) == ([[b"last words"]], ["close 4009 Nobody logged in"])


def test_flush_writes_at_once():
    async def scenario():
        connection = Recorded()
        outbox, _ = outbox_over(connection)
        outbox.send(b"now")
        await outbox.flush()
        return connection.writes, connection.events

    assert run(scenario) == ([[b"now"]], ["flush"])


def test_more_than_fits_in_one_turn_gives_the_reader_up():
    async def scenario():
        connection = Recorded()
        outbox, given_up = outbox_over(connection, size=10)
        for _ in range(5):
            outbox.send(b"12345")
        await outbox.wait_closed()
        return connection.writes, connection.events, given_up

    assert run(scenario) == ([], [f"close {SLOW_READER} Too slow in reading"], [1])


def test_reader_that_takes_nothing_is_given_up_and_cut_when_it_does_not_answer():
    async def scenario():
        connection = Recorded()
        connection.is_stuck = True
        outbox, given_up = outbox_over(connection, size=10, close_timeout=0.01)
        outbox.send(b"12345678")
        await asyncio.sleep(0)
        assert (given_up, outbox.backlog) == ([], 8)
        outbox.send(b"123")
        await outbox.wait_closed()
        return connection.events, given_up

    assert run(scenario) == ([f"close {SLOW_READER} Too slow in reading", "abort"], [1])


def test_reader_in_memory_that_never_reads_is_given_up():
    async def scenario():
        mine, other = memory_pair()
        outbox, given_up = outbox_over(mine, size=10)
        for _ in range(3):
            outbox.send(b"12345")
            await asyncio.sleep(0)
        await outbox.wait_closed()
        return other.close_code, given_up

    assert run(scenario) == (SLOW_READER, [1])
