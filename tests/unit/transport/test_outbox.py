"""The rules for what waits to be sent, over a connection that writes down what happens to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from dash_interop.transport.broadcast import Broadcast, Outgoing, texts_of
from dash_interop.transport.memory import memory_pair
from dash_interop.transport.outbox import BATCH, SLOW_READER, Outbox
from dash_interop.transport.outboxes import Outboxes


class Recorded:
    """Takes what it gets, until it is told that nothing leaves any more."""

    def __init__(self) -> None:
        self.writes: list[list[Outgoing]] = []
        self.is_stuck = False
        self.stuck = 0
        self.ended = asyncio.Event()
        self.events: list[str] = []

    async def frames(self) -> AsyncIterator[str]:
        await self.ended.wait()
        for frame in ():
            yield frame

    def limit(self, max_size: int, too_long: str) -> None:
        raise AssertionError("an outbox does not read")

    def bound(
        self, size: int, on_full: Callable[[], None], on_reply: Callable[[int], None]
    ) -> None:
        self.size, self.on_full = size, on_full

    def send(self, frames: Sequence[Outgoing]) -> None:
        if frames:
            self.writes.append(list(frames))
            self.stuck += sum(map(len, texts_of(frames))) if self.is_stuck else 0
            if self.stuck > self.size:
                self.on_full()

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
    outboxes = Outboxes(1_000_000)
    return Outbox(connection, size, close_timeout, given_up.append, outboxes), given_up


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

    assert run(scenario) == ([], [f"close {SLOW_READER} Too slow in reading"], [15])


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

    assert run(scenario) == ([f"close {SLOW_READER} Too slow in reading", "abort"], [11])


def test_reader_in_memory_that_never_reads_is_given_up():
    async def scenario():
        mine, other = memory_pair()
        outbox, given_up = outbox_over(mine, size=10)
        for _ in range(3):
            outbox.send(b"12345")
            await asyncio.sleep(0)
        await outbox.wait_closed()
        return other.close_code, given_up

    assert run(scenario) == (SLOW_READER, [15])


# Copies of broadcasts


def texts(writes):
    return [list(texts_of(write)) for write in writes]


def test_copy_leaves_at_the_end_of_the_turn_with_all_that_was_added():
    async def scenario():
        connection = Recorded()
        outbox, _ = outbox_over(connection)
        outbox.send(b"first")
        broadcast = Broadcast(b"1")
        outbox.send_copy(broadcast.copy((b"<a>",)))
        assert broadcast.add(b"2")
        assert (connection.writes, outbox.backlog) == ([], len(b"first<a>1<a>2"))
        await asyncio.sleep(0)
        assert not broadcast.add(b"3")
        return texts(connection.writes), outbox.backlog

    assert run(scenario) == ([[b"first", b"<a>1", b"<a>2"]], 0)


@pytest.mark.parametrize("what", ["frame", "copy", "flush", "close"])
def test_nothing_is_added_before_what_came_behind_a_copy(what):
    async def scenario():
        connection, broadcast = Recorded(), Broadcast(b"1")
        outbox, _ = outbox_over(connection)
        outbox.send_copy(broadcast.copy((b"<a>",)))
        if what == "frame":
            outbox.send(b"last")
        elif what == "copy":
            outbox.send_copy(Broadcast(b"st").copy((b"la",)))
        elif what == "flush":
            await outbox.flush()
        else:
            outbox.close(1000, "")
        assert not broadcast.add(b"2")
        await asyncio.sleep(0)
        return [text for write in texts(connection.writes) for text in write]

    assert run(scenario) == [b"<a>1", b"last"][: 2 if what in ("frame", "copy") else 1]


def test_copy_that_is_a_batch_leaves_when_more_comes():
    async def scenario():
        connection, broadcast = Recorded(), Broadcast(b"0")
        outbox, _ = outbox_over(connection, size=10_000)
        outbox.send_copy(broadcast.copy((b"a",)))
        for number in range(1, BATCH):
            broadcast.add(b"%d" % number)
        assert connection.writes == []
        outbox.send_copy(Broadcast(b"next").copy((b"a",)))
        outbox.send(b"last")
        assert texts(connection.writes) == [[b"a%d" % number for number in range(BATCH)]]
        await asyncio.sleep(0)
        return texts(connection.writes[1:])

    assert run(scenario) == [[b"anext", b"last"]]


def test_copies_that_are_short_leave_batch_by_batch():
    async def scenario():
        connection = Recorded()
        outbox, _ = outbox_over(connection, size=10_000)
        for number in range(2 * BATCH):
            outbox.send_copy(Broadcast(b"%d" % number).copy((b"a",)))
        await asyncio.sleep(0)
        return texts(connection.writes)

    sent = [b"a%d" % number for number in range(2 * BATCH)]
    assert run(scenario) == [sent[:BATCH], sent[BATCH:]]


@pytest.mark.parametrize("heads, size", [((b"<too long>",), 15), ((b"<a>", b"<b>"), 16)])
def test_copy_that_is_too_long_gives_its_reader_up_and_no_other(heads, size):
    async def scenario():
        slow, fast = Recorded(), Recorded()
        (outbox, given_up), (other, not_given_up) = outbox_over(slow, 10), outbox_over(fast, 10)
        broadcast = Broadcast(b"12345")
        outbox.send_copy(broadcast.copy(heads))
        other.send_copy(broadcast.copy((b"<c>",)))
        assert broadcast.add(b"6")
        outbox.send_copy(Broadcast(b"7").copy(heads))
        await outbox.wait_closed()
        return slow.writes, slow.events, given_up, texts(fast.writes), not_given_up

    gone = [f"close {SLOW_READER} Too slow in reading"]
    assert run(scenario) == ([], gone, [size], [[b"<c>12345", b"<c>6"]], [])


def test_reader_that_is_given_up_for_a_copy_gets_nothing_more_and_is_counted_once():
    async def scenario():
        connection = Recorded()
        connection.is_stuck = True
        outbox, given_up = outbox_over(connection, size=10)
        broadcast = Broadcast(b"1")
        outbox.send_copy(broadcast.copy((b"",)))
        for _ in range(BATCH):
            broadcast.add(b"1")
        outbox.send(b"x" * 20)
        connection.ended.set()
        await outbox.wait_closed()
        return texts(connection.writes), given_up, outbox.backlog - connection.backlog

    assert run(scenario) == ([[b"1"] * (BATCH + 1)], [17], 0)
