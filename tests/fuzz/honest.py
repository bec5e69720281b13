"""Two peers that do nothing wrong, and call each other while others do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from dash_interop.client import InteropClient, connect

__all__ = ["Honest", "honest_pair"]

USER = "honest"
IN_FLIGHT = 6
INTERVAL = 0.05
"""Seconds from an answer to the next call."""

CALL_SECONDS = 30.0


class Honest:
    """
    Calls, and looks at the answers.

    Attributes:
        calls: How many have ended.
        faults: What was not right.
    """

    def __init__(self, caller: InteropClient, callee: InteropClient, random: Random) -> None:
        self._caller = caller
        self._target = {"peerId": callee.instance["peerId"]}
        self._random = random
        self._made = 0
        self._handled: set[int] = set()
        self.calls = 0
        self.faults: list[str] = []

    async def add(self, args: dict[str, Any]) -> dict[str, Any]:
        """The method that is called."""
        # A stranger that is allowed to see it may call it with anything.
        number = args.get("number")
        if isinstance(number, int) and args.get("honest"):
            if number in self._handled:
                self.faults.append(f"call {number} was handled twice")
            self._handled.add(number)
            return {"number": number, "sum": args["a"] + args["b"]}
        return {}

    async def call_for_ever(self) -> None:
        await asyncio.gather(*(self._call_one_by_one() for _ in range(IN_FLIGHT)))

    async def _call_one_by_one(self) -> None:
        while True:
            self._made += 1
            await self.call(self._made)
            await asyncio.sleep(INTERVAL)

    async def call(self, number: int) -> None:
        a, b = self._random.randrange(1000), self._random.randrange(1000)
        arguments = {"honest": True, "number": number, "a": a, "b": b}
        try:
            result = await self._caller.invoke(
                "Add",
                arguments,
                self._target,
                wait_timeout=CALL_SECONDS,
                response_timeout=CALL_SECONDS,
            )
        except Exception as error:
            self.faults.append(f"call {number}: {type(error).__name__}: {error}")
        else:
            if result.returned != {"number": number, "sum": a + b}:
                self.faults.append(f"call {number} of {a} and {b} returned {result.returned}")
        self.calls += 1


@asynccontextmanager
async def honest_pair(url: str, random: Random) -> AsyncIterator[Honest]:
    """Two peers that call each other until the end of the block; the last call ends first."""
    async with (
        connect(url, application="honest-callee", login=USER) as callee,
        connect(url, application="honest-caller", login=USER) as caller,
    ):
        honest = Honest(caller, callee, random)
        await callee.register("Add", honest.add)
        await caller.wait_for_method("Add", timeout=CALL_SECONDS)
        calling = asyncio.ensure_future(honest.call_for_ever())
        try:
            yield honest
        finally:
            calling.cancel()
            await asyncio.wait([calling])
        await honest.call(0)
