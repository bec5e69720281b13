"""Subscriptions to several channels, at a gateway in memory."""

import asyncio

import pytest
from msgspec import Raw

from dash_interop.errors import SubscriptionError
from dash_interop.wire.contexts import ContextUpdated
from tests.support.client import run
from tests.support.memory_gateway import MemoryGateway


def test_subscription_to_what_is_joined_ends_as_a_whole_when_a_channel_cannot_be_read():
    async def scenario():
        gateway = MemoryGateway()
        async with gateway.client("one") as one:
            channels = one.channels
            channels.mode = "multi"
            subscription, failed = channels.subscribe(), asyncio.Event()

            async def fail(error):
                failed.set()

            subscription.on_failed(fail)
            for name in ("Red", "Green"):
                await channels.add(name, "red")
                await channels.join(name)
                assert (await subscription.get(5)).channel == name
            contexts = gateway.router.snapshot()["context"].items()
            red = next(id for id, each in contexts if each["name"].endswith("Red"))
            delta = Raw(b'{"commands":[{"type":"set","path":"data.n","value":1e999}]}')
            unreadable = ContextUpdated(one.instance["peerId"], None, red, delta, "global")
            one._engine.received(unreadable)
            with pytest.raises(SubscriptionError, match="Red cannot be read"):
                await subscription.get(5)
            await asyncio.wait_for(failed.wait(), 5)
            assert subscription.state == "closed"
            await channels.publish({"n": 1}, "Green")
            await channels.get("Green")
            members = [each["members"] for each in gateway.router.snapshot()["context"].values()]
            assert members == [[], []]
            assert channels.my == ["Red", "Green"]
            await channels.publish({"n": 2})
            assert (await channels.get("Red"))["data"] == {"n": 2}
        await gateway.close()

    run(scenario())
