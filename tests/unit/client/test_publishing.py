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


@pytest.mark.parametrize("branch", [7, ["a", 5], {"a": 1}, [None], 1.5])
def test_a_key_that_is_no_string_is_an_error_where_it_is_given_and_harms_nothing_else(branch):
    async def scenario():
        gateway = MemoryGateway()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(gateway.close)
            publisher = await stack.enter_async_context(gateway.client("publisher"))
            subscriber = await stack.enter_async_context(gateway.client("subscriber"))
            stream = await publisher.create_stream("Prices")
            subscription = await subscriber.subscribe("Prices")
            stream.push({"n": 1})
            with pytest.raises(TypeError, match="the key of a branch has to be a string, and not"):
                stream.push({"n": 2}, branch=branch)
            stream.push({"n": 3})
            return [(await subscription.get(5.0)).data["n"] for _ in range(2)]

    assert run_jumping(scenario()) == [1, 3]


def test_a_subscription_cannot_be_accepted_on_a_branch_whose_key_is_no_string():
    raised = []

    async def decide(request):
        with pytest.raises(TypeError, match="has to be a string, and not 5") as caught:
            request.accept_on_branch(5)
        raised.append(caught.type)
        request.accept()

    async def scenario():
        gateway = MemoryGateway()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(gateway.close)
            publisher = await stack.enter_async_context(gateway.client("publisher"))
            subscriber = await stack.enter_async_context(gateway.client("subscriber"))
            await publisher.create_stream("Prices", subscription_request_handler=decide)
            await subscriber.subscribe("Prices")

    run_jumping(scenario())
    assert raised == [TypeError]
