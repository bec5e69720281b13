"""Two ends in one process keep what a connection promises."""

import asyncio

import pytest

from dash_interop.transport.broadcast import Broadcast
from dash_interop.transport.memory import MemoryConnection, memory_pair
from tests.support.jumping import run_jumping


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario(), 5))


async def read_all(connection: MemoryConnection) -> list[str]:
    return [frame async for frame in connection.frames()]


def test_frames_arrive_at_the_other_end_in_order_and_nowhere_else():
    async def scenario():
        one, other = memory_pair()
        one.send([b"1", b"2"])
        other.send(["é".encode()])
        one.send([b"3"])
        await one.close(1000, "")
        return await read_all(one), await read_all(other)

    assert run(scenario) == (["é"], ["1", "2", "3"])


def test_copy_of_a_broadcast_arrives_as_the_frames_that_it_is():
    async def scenario():
        one, other = memory_pair()
        broadcast = Broadcast(b"1")
        copy = broadcast.copy((b"a", b"b"))
        broadcast.add(b"22")
        one.send([b"0", copy])
        assert one.backlog == len("0a1b1a22b22")
        await one.close(1000, "")
        return await read_all(other)

    assert run(scenario) == ["0", "a1", "b1", "a22", "b22"]


def test_reader_waits_for_what_comes():
    async def scenario():
        one, other = memory_pair()
        reading = asyncio.ensure_future(read_all(other))
        for number in range(3):
            one.send([str(number).encode()])
            await one.flush()
        assert one.backlog == 0
        await other.close(1000, "")
        return await reading

    assert run(scenario) == ["0", "1", "2"]


@pytest.mark.parametrize("closer", [0, 1])
def test_close_is_known_at_both_ends_and_happens_once(closer):
    async def scenario():
        ends = memory_pair()
        await ends[closer].close(4008, "Too slow")
        await ends[1 - closer].close(1000, "")
        ends[closer].abort()
        await asyncio.gather(*(end.wait_closed() for end in ends))
        return [(end.close_code, end.close_reason) for end in ends]

    assert run(scenario) == [(4008, "Too slow")] * 2


def test_nothing_is_sent_after_the_end():
    async def scenario():
        one, other = memory_pair()
        await other.close(1000, "")
        one.send([b"late"])
        return one.backlog, await read_all(other)

    assert run(scenario) == (0, [])


def test_cut_loses_what_was_not_read():
    async def scenario():
        one, other = memory_pair()
        one.send([b"lost"])
        assert one.backlog == 4
        one.abort()
        await one.flush()
        return await read_all(other), other.close_code

    assert run(scenario) == ([], 1006)


def test_flush_ends_with_the_connection():
    async def scenario():
        one, other = memory_pair()
        one.send([b"never read"])
        flushing = asyncio.ensure_future(one.flush())
        await asyncio.sleep(0)
        assert not flushing.done()
        await other.close(1001, "")
        await flushing

    run(scenario)


def test_ends_that_both_read_leave_each_other_in_peace():
    """The clock of the loop comes to a timer only when nobody has anything to do."""

    async def whole():
        one, other = memory_pair()
        got: list[str] = []

        async def read(end: MemoryConnection) -> None:
            async for frame in end.frames():
                got.append(frame)

        reading = [asyncio.ensure_future(read(end)) for end in (one, other)]
        one.send([b"1"])
        other.send([b"2"])
        await asyncio.gather(one.flush(), other.flush())
        await asyncio.wait(reading, timeout=5)
        await one.close(1000, "")
        await asyncio.gather(*reading)
        return sorted(got)

    assert run_jumping(whole()) == ["1", "2"]
