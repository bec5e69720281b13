"""A gateway process and its peers, to which happenings happen; what is seen of it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from dash_interop.client import InteropClient, Subscription, connect
from dash_interop.client.publishing import Stream
from dash_interop.errors import InteropError, RegistrationError
from tests.soak.happenings import (
    MORTAL,
    PEERS,
    Call,
    CloseSubscription,
    Cut,
    Happenings,
    KillGateway,
    KillPeer,
    Pause,
    Push,
    Register,
    Settle,
    Stall,
    Step,
    Subscribe,
    Unregister,
)
from tests.soak.kept_promise import Ended, Handled, Seen
from tests.soak.mortal import answer
from tests.support.relay import Relay
from tests.support.watched_gateway import WatchedGateway

__all__ = ["Company"]

ROOT = Path(__file__).resolve().parents[2]
USER = "anna"
GATEWAY = "gateway"

CALL_SECONDS = 20.0
GIVE_UP_SECONDS = 0.02
ENDING_SECONDS = 45.0
"""Longest time until all that is under way has ended."""
SETTLING_SECONDS = 20.0
"""Longest time until everybody is back and sees what there is."""
POLL_SECONDS = 0.005


@dataclass
class _Reader:
    """A subscription, and what becomes of it."""

    number: int
    subscriber: str
    publisher: str
    subscription: Subscription
    is_undisturbed: bool = True
    expected: list[int] = field(default_factory=list)
    """What it has to be told, unless something happens before."""


class Company:
    """
    Runs from the beginning to the end of an ``async with`` block, through many happenings.

    Attributes:
        gateway: The process.
    """

    def __init__(self) -> None:
        self.gateway = WatchedGateway()
        self._stack = AsyncExitStack()
        self._relays: dict[str, Relay] = {}
        self._clients: dict[str, InteropClient] = {}
        self._streams: dict[str, Stream] = {}
        self._mortal: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._offered: set[tuple[str, int]] = set()
        self._disturbed: set[Any] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._readers: list[_Reader] = []
        self._numbers = 0
        self._pushed = 0
        self._subscriptions = 0
        self._seen = Seen()
        self._usual: dict[str, int] = {}

    async def __aenter__(self) -> Company:
        self._stack.enter_context(self.gateway)
        for name in PEERS:
            relay = self._stack.enter_context(Relay(self.gateway.port))
            url = f"ws://127.0.0.1:{relay.port}"
            client = await connect(url, application=name, login=USER)
            self._stack.push_async_callback(client.close)
            self._relays[name], self._clients[name] = relay, client
            self._streams[name] = await client.create_stream(f"{name}.stream")
            await self._register(name, 0)
        await self._start_mortal()
        await self._settle()
        self._usual = (await self._look()).kept
        return self

    async def __aexit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._kill_mortal()
        await self._stack.aclose()

    async def carry_out(self, happenings: Happenings) -> Seen:
        """Let it happen, and return what was seen; afterwards all is as before."""
        self._seen = seen = Seen()
        for step in happenings.steps:
            await self._do(step)
            # Whoever is under way gets somewhere else.
            await asyncio.sleep(0)
        await self._settle()
        await self._tidy_up()
        return seen

    # Steps -----------------------------------------------------------------------------------

    async def _do(self, step: Step) -> None:
        match step:
            case Register(peer, method):
                self._disturb((peer, method))
                await self._register(peer, method)
            case Unregister(peer, method):
                self._disturb((peer, method))
                await self._unregister(peer, method)
            case Call():
                self._call(step)
            case Subscribe():
                self._start(self._subscribe(step))
            case CloseSubscription():
                if self._readers:
                    self._readers.pop(0).subscription.close()
            case Push(publisher, count):
                self._push(publisher, count)
            case Cut(peer):
                self._disturb(peer)
                lost = self._lost([peer])
                self._relays[peer].cut()
                await lost
            case Stall(peer, milliseconds):
                with self._relays[peer].stall():
                    await asyncio.sleep(milliseconds / 1000)
            case KillPeer():
                self._disturb(MORTAL)
                await self._kill_mortal()
                await self._start_mortal()
            case KillGateway():
                self._disturb(GATEWAY)
                lost = self._lost(PEERS)
                await asyncio.to_thread(self.gateway.restart)
                await lost
            case Pause(milliseconds):
                await asyncio.sleep(milliseconds / 1000)
            case Settle():
                await self._settle()

    def _disturb(self, what: Any) -> None:
        self._disturbed.add(what)
        for reader in self._readers:
            if what in (reader.subscriber, reader.publisher, GATEWAY):
                reader.is_undisturbed = False
                reader.expected.clear()

    def _is_undisturbed(self, *parts: Any) -> bool:
        return not self._disturbed.intersection((*parts, GATEWAY))

    def _lost(self, peers: Iterable[str]) -> asyncio.Task[None]:
        """Done when each of them has noticed that its connection is lost, or had none anyhow."""
        clients = [self._clients[peer] for peer in peers]
        noticed = [asyncio.Event() for _ in clients]
        stops: list[Callable[[], None]] = []
        for client, event in zip(clients, noticed, strict=True):

            async def look(state: str, event: asyncio.Event = event) -> None:
                if state != "connected":
                    event.set()

            stops.append(client.on_state_changed(look))
            if client.state != "connected":
                event.set()

        async def wait() -> None:
            waiting = asyncio.gather(*(event.wait() for event in noticed))
            try:
                await asyncio.wait_for(waiting, SETTLING_SECONDS)
            except asyncio.TimeoutError:
                self._seen.stuck.append("a lost connection was not noticed")
            for stop in stops:
                stop()

        return asyncio.ensure_future(wait())

    def _start(self, doing: Any) -> None:
        task = asyncio.ensure_future(doing)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    # Methods and calls -----------------------------------------------------------------------

    async def _register(self, peer: str, method: int) -> None:
        async def handle(args: dict[str, Any]) -> dict[str, Any]:
            self._seen.handled.append(Handled(peer, method, args["caller"], args["number"]))
            return await answer(args)

        self._offered.add((peer, method))
        with suppress(RegistrationError):
            # It was cut off, and registers when it is back.
            await self._clients[peer].register(f"{peer}.{method}", handle)

    async def _unregister(self, peer: str, method: int) -> None:
        self._offered.discard((peer, method))
        with suppress(InteropError):
            await self._clients[peer].unregister(f"{peer}.{method}")

    def _call(self, step: Call) -> None:
        for _ in range(step.count):
            self._numbers += 1
            self._seen.called.append(self._numbers)
            self._start(self._invoke(step, self._numbers))

    async def _invoke(self, step: Call, number: int) -> None:
        parts = (step.caller, step.callee, (step.callee, step.method))
        is_offered = (step.callee, step.method) in self._offered or step.callee == MORTAL
        is_given_up = step.kind == "given up"
        was_undisturbed = not is_given_up and is_offered and self._is_undisturbed(*parts)
        returned = error = delivered = None
        try:
            invocation = self._clients[step.caller].invoke(
                f"{step.callee}.{step.method}",
                {"number": number, "kind": step.kind, "caller": step.caller},
                wait_timeout=CALL_SECONDS if was_undisturbed else 1.0,
                response_timeout=CALL_SECONDS,
            )
            result = await asyncio.wait_for(invocation, GIVE_UP_SECONDS if is_given_up else None)
            returned = result.returned.get("number")
        except InteropError as raised:
            error = f"{type(raised).__name__}: {raised}"
            delivered = getattr(raised, "delivered", None)
        except asyncio.TimeoutError:
            error = "given up"
        undisturbed = was_undisturbed and self._is_undisturbed(*parts)
        self._seen.ended.append(Ended(number, undisturbed, step.kind, returned, error, delivered))

    # Streams ---------------------------------------------------------------------------------

    async def _subscribe(self, step: Subscribe) -> None:
        parts = (step.subscriber, step.publisher)
        was_undisturbed = self._is_undisturbed(*parts)
        self._subscriptions += 1
        number = self._subscriptions
        told = self._seen.data.setdefault(number, [])

        async def take(datum: Any) -> None:
            told.append(datum.data["number"])

        try:
            subscription = await self._clients[step.subscriber].subscribe(
                f"{step.publisher}.stream",
                on_data=take,
                follow=number % 2 == 0,
                wait_timeout=CALL_SECONDS,
                response_timeout=CALL_SECONDS,
            )
        except InteropError as error:
            if was_undisturbed and self._is_undisturbed(*parts):
                self._seen.stuck.append(f"subscription {number} failed: {error}")
            return
        reader = _Reader(number, step.subscriber, step.publisher, subscription)
        reader.is_undisturbed = self._is_undisturbed(*parts)
        self._readers.append(reader)

    def _push(self, publisher: str, count: int) -> None:
        for _ in range(count):
            self._pushed += 1
            self._streams[publisher].push({"number": self._pushed})
            for reader in self._readers:
                if reader.publisher == publisher and reader.is_undisturbed:
                    reader.expected.append(self._pushed)

    # The mortal one --------------------------------------------------------------------------

    async def _start_mortal(self) -> None:
        self._mortal = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.soak.mortal", self.gateway.url, USER),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._mortal.stdout is not None
        line = await asyncio.wait_for(self._mortal.stdout.readline(), SETTLING_SECONDS)
        assert line.strip() == b"ready", "the mortal peer did not start"
        self._listening = asyncio.ensure_future(self._listen(self._mortal.stdout))

    async def _listen(self, output: asyncio.StreamReader) -> None:
        while line := await output.readline():
            # A process that is killed may have said half of it.
            with suppress(ValueError):
                caller, number = json.loads(line)
                self._seen.handled.append(Handled(MORTAL, 0, caller, number))

    async def _kill_mortal(self) -> None:
        if self._mortal is not None and self._listening is not None:
            with suppress(ProcessLookupError):
                self._mortal.kill()
            await self._mortal.wait()
            await self._listening

    # Settling --------------------------------------------------------------------------------

    async def _settle(self) -> None:
        """Wait until nothing is under way, and all see what there is."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=ENDING_SECONDS)
            for each in late:
                self._seen.stuck.append(f"a call or a subscription never ended: {each}")
                each.cancel()
        await self._until(self._all_see_all, lambda: "not everybody sees what there is")
        await self._until(self._all_read, lambda: "not every subscription is open again")
        for reader in self._readers:
            self._seen.owed.setdefault(reader.number, []).extend(reader.expected)
            reader.expected.clear()
            reader.is_undisturbed = True
        self._disturbed.clear()

    def _all_see_all(self) -> bool:
        wanted = {f"{peer}.{method}" for peer, method in self._offered} | {f"{MORTAL}.0"}
        wanted |= {f"{peer}.stream" for peer in PEERS}
        return all(
            client.state == "connected"
            and {method.name for method in client.methods()} == wanted
            and self._sees_nobody_twice(client)
            for client in self._clients.values()
        )

    def _sees_nobody_twice(self, client: InteropClient) -> bool:
        """Whether the others are to it who they are now, and not who they were before."""
        assert self._mortal is not None
        mortal = [server["process"] for server in client.servers(f"{MORTAL}.0")]
        return mortal == [self._mortal.pid] and all(
            [server["peerId"] for server in client.servers(f"{name}.stream")]
            == [other.instance["peerId"]]
            for name, other in self._clients.items()
        )

    def _all_read(self) -> bool:
        self._readers = [each for each in self._readers if each.subscription.state != "closed"]
        told = self._seen.data
        return all(
            each.subscription.state == "open"
            # Those of an earlier time are no more looked at.
            and set(each.expected) <= set(told.get(each.number, each.expected))
            for each in self._readers
        )

    async def _tidy_up(self) -> None:
        for reader in self._readers:
            reader.subscription.close()
        self._readers.clear()
        for peer, method in sorted(self._offered):
            if method != 0:
                await self._unregister(peer, method)
        for peer in PEERS:
            if (peer, 0) not in self._offered:
                await self._register(peer, 0)
        await self._settle()
        succeeded = {each.number for each in self._seen.ended if each.error is None}

        def all_noted() -> bool:
            # What the mortal one says takes a way of its own.
            return succeeded <= {each.number for each in self._seen.handled}

        await self._until(all_noted, lambda: "a call succeeded that nobody handled")
        self._seen.left = await self._left()
        self._seen.stuck += self.gateway.faults()

    async def _left(self) -> dict[str, int]:
        """What there is in the tables that was not there at the beginning."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + SETTLING_SECONDS
        while True:
            kept = (await self._look()).kept
            names = kept.keys() | self._usual.keys()
            left = {name: kept.get(name, 0) - self._usual.get(name, 0) for name in names}
            left = {name: count for name, count in left.items() if count}
            if not left or loop.time() > ends:
                return left
            await asyncio.sleep(0.05)

    async def _look(self) -> Any:
        return await asyncio.to_thread(self.gateway.look)

    async def _until(self, condition: Callable[[], bool], what: Callable[[], str]) -> None:
        async def wait() -> None:
            while not condition():  # noqa: ASYNC110 - nothing would set the event
                await asyncio.sleep(POLL_SECONDS)

        try:
            await asyncio.wait_for(wait(), SETTLING_SECONDS)
        except asyncio.TimeoutError:
            self._seen.stuck.append(what())
