"""
A peer that can be killed: ``python -m tests.soak.mortal URL USER``.

It says ``ready``, and each invocation before it handles it, as one JSON list: what a killed process
has handled is known, too.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

from dash_interop.client import connect

__all__ = ["SLOW_SECONDS", "answer"]

SLOW_SECONDS = 0.03


async def answer(args: dict[str, Any]) -> dict[str, Any]:
    """What every handler of these sequences does."""
    if args["kind"] in ("slow", "given up"):
        await asyncio.sleep(SLOW_SECONDS)
    if args["kind"] == "failing":
        raise ValueError(f"{args['number']} was to fail")
    return {"number": args["number"]}


async def main(url: str, user: str) -> None:
    """Answer until standard input ends."""

    async def handle(args: dict[str, Any]) -> dict[str, Any]:
        say(json.dumps([args["caller"], args["number"]]))
        return await answer(args)

    async with connect(url, application="m", login=user) as client:
        await client.register("m.0", handle)
        say("ready")
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Handlers that raise are part of it.
    logging.disable()
    asyncio.run(main(*sys.argv[1:]))
