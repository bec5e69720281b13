"""A short run of the fuzzer, and that it sees what it is to see."""

from __future__ import annotations

import asyncio
from random import Random, SystemRandom

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.fuzz.grammar import Ids
from tests.fuzz.run import Plan, run
from tests.fuzz.visitor import Visitor

FRAMES = 6_000


@pytest.mark.parametrize("seed", [1, None], ids=["the same", "another each time"])
def test_a_gateway_stands_whatever_it_is_sent(seed: int | None) -> None:
    # Not as a parameter: workers have to find the same tests.
    seed = SystemRandom().randrange(1_000_000) if seed is None else seed
    print(f"seed {seed}")
    report = asyncio.run(run(Plan(FRAMES, seed), print))
    assert report.faults == [], f"again: make fuzz ARGS='--frames {FRAMES} --seed {seed}'"
    assert report.frames >= FRAMES
    assert report.calls > 0


async def of_a_visit(conversation) -> list[str]:
    async with serve(conversation, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        visitor = Visitor(f"ws://127.0.0.1:{port}", "anna", None, Random(1), Ids())
        await visitor.visit(50)
        return visitor.faults


async def fail_inside(socket: ServerConnection) -> None:
    await socket.recv()
    await socket.close(1011, "Internal error")


async def answer_all(socket: ServerConnection) -> None:
    async for text in socket:
        if '"sync"' in str(text):
            await socket.send('{"type":"error","request_id":"sync"}')


def test_a_gateway_that_fails_inside_is_a_fault() -> None:
    (fault,) = asyncio.run(of_a_visit(fail_inside))
    assert "closed with 1011" in fault


def test_a_gateway_that_answers_is_none() -> None:
    assert asyncio.run(of_a_visit(answer_all)) == []
