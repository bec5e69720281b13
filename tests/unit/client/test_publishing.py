"""What a publisher says to the gateway."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from dash_interop.wire.agm import Publish
from tests.support.jumping import run_jumping
from tests.support.memory_gateway import MemoryGateway


@pytest.mark.parametrize("subscribers", [1, 2, 40])
def test_a_push_is_one_frame_however_many_subscribe(subscribers):
    async def scenario():
        gateway = MemoryGateway()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(gateway.close)
            publisher = await stack.enter_async_context(gateway.client("publisher"))
            stream = await publisher.create_stream("Prices")
            clients = [
                await stack.enter_async_context(gateway.client(f"subscriber {number}"))
                for number in range(subscribers)
            ]
            subscriptions = await asyncio.gather(*(each.subscribe("Prices") for each in clients))
            gateway.heard.clear()
            for number in range(5):
                stream.push({"n": number})
            for each in subscriptions:
                assert [(await each.get(5.0)).data["n"] for _ in range(5)] == [0, 1, 2, 3, 4]
            return [type(message) for message in gateway.heard]

    assert run_jumping(scenario()) == [Publish] * 5
