"""
Conversations: the asyncio shell of the router, for whatever connections somebody else accepts.

A listener makes a connection, says what it knows of it, and lets it ``converse``. Everything that
the gateway handles passes through here, so whoever wants to count, trace or look, observes the hub.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Protocol

from ..errors import ProtocolError
from ..router.effects import Audience, Close, EndTurn, Probe, RouterEffect, Send
from ..router.principals import Remote
from ..router.router import Router
from ..transport.broadcast import MAX_SIZE, Broadcast
from ..transport.connection import Connection
from ..transport.outbox import Outbox
from ..wire.codec import encode
from ..wire.envelope import Error, Inbound
from ..wire.login import AUTHENTICATION_FAILURE, Hello, Welcome
from .config import GatewayConfig
from .guesses import Guesses

__all__ = ["LOGIN_TIMEOUT", "Hub", "Observer"]

LOGIN_TIMEOUT = 4009
"""Close code for a connection over which nobody logged in."""

MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011

_LOOK = 1.0
"""Seconds after which the router is asked again when something is due."""


class Observer(Protocol):
    """Told of what passes through a hub, while it happens; it must neither fail nor wait."""

    def handled(self, remote: Remote, message: Inbound, effects: list[RouterEffect]) -> None:
        """A message came in over a connection, and led to these effects."""
        ...

    def failed(self, remote: Remote, error: Exception) -> None:
        """A conversation ended because of a fault in the gateway."""
        ...


class Hub:
    """
    Args:
        router: What is spoken.
        config: Sizes and times.
        observer: Told of what passes through.

    Attributes:
        connections: How many converse at the moment.
        slow_readers: Readers that were disconnected because they fell too far behind.
        failed_logins: Logins with credentials that are not good.
    """

    def __init__(self, router: Router, config: GatewayConfig, observer: Observer) -> None:
        self._router = router
        self._config = config
        self._observer = observer
        self._timer: asyncio.TimerHandle | None = None
        self._audience: Audience = ()
        """Who was sent to last of all audiences in this turn of the loop."""
        self._broadcast: Broadcast | None = None
        """What they get, from the second in a row on, or from the first if that is long."""
        self._probing: set[asyncio.Task[None]] = set()
        self._guesses = Guesses()
        self._emptied = asyncio.Event()
        """Set whenever the last conversation has ended."""
        self.connections = 0
        self.slow_readers = 0
        self.failed_logins = 0

    def counters(self) -> dict[str, int]:
        return {
            **self._router.counters(),
            "slow_readers": self.slow_readers,
            "failed_logins": self.failed_logins,
        }

    async def drain(self, seconds: float) -> int:
        """
        Let the calls under way end, take on no others, and then send everybody away.

        Args:
            seconds: Longest wait for the calls; closing may take ``close_timeout`` more.

        Returns:
            How many calls had not ended in time.
        """
        time = asyncio.get_running_loop().time
        self._carry_out(self._router.drain(time()))
        cut = 0
        if not await self._is_empty_within(seconds):
            cut = self.counters().get("calls", 0)
            self._carry_out(self._router.end(time()))
            await self._is_empty_within(self._config.close_timeout)
        return cut

    async def _is_empty_within(self, seconds: float) -> bool:
        if self.connections:
            self._emptied.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), seconds)
        return self.connections == 0

    def close(self) -> None:
        """Stop the timer and the probes, once no conversation goes on any more."""
        if self._timer is not None:
            self._timer.cancel()
        for probing in self._probing:
            probing.cancel()

    async def converse(self, connection: Connection, remote: Remote) -> bool:
        """
        Handle what comes over a connection until it ends, and end it when it breaks a rule.

        Args:
            connection: Just opened.
            remote: What is known of the other end.

        Returns:
            Whether somebody has logged in over it.
        """
        config = self._config
        loop = asyncio.get_running_loop()
        outbox = Outbox(
            connection, config.outbox_size, config.close_timeout, self._count_slow_reader
        )
        login_timer = loop.call_later(
            config.login_timeout, outbox.close, LOGIN_TIMEOUT, "Nobody logged in"
        )
        self._router.connect(outbox, remote)
        self.connections += 1
        try:
            await self._handle_frames(connection, outbox, remote, login_timer)
        except ProtocolError as error:
            outbox.close(error.close_code, str(error)[:100])
            await outbox.wait_closed()
        except Exception as error:
            self._observer.failed(remote, error)
            outbox.close(INTERNAL_ERROR, "Internal error")
            await outbox.wait_closed()
        finally:
            was_logged_in = login_timer.cancelled()
            login_timer.cancel()
            self.connections -= 1
            self._carry_out(self._router.disconnect(outbox, loop.time()))
            if not self.connections:
                self._emptied.set()
        return was_logged_in

    async def _handle_frames(
        self,
        connection: Connection,
        outbox: Outbox,
        remote: Remote,
        login_timer: asyncio.TimerHandle,
    ) -> None:
        """The timer is cancelled when somebody logs in; frames have to be short until then."""
        router, observer, decode = self._router, self._observer, self._router.codec.decode
        time, login_size = asyncio.get_running_loop().time, self._config.login_size
        is_logged_in = False
        async for frame in connection.frames():
            if not is_logged_in and len(frame) > login_size:
                raise ProtocolError("Log in before you send long frames", MESSAGE_TOO_BIG)
            message = decode(frame)
            if type(message) is Hello:
                effects = await self._log_in(connection, outbox, message, remote)
            else:
                effects = router.handle(outbox, message, time())
                self._carry_out(effects)
            observer.handled(remote, message, effects)
            if not is_logged_in and any(map(_is_welcome, effects)):
                login_timer.cancel()
                is_logged_in = True

    async def _log_in(
        self, connection: Connection, outbox: Outbox, hello: Hello, remote: Remote
    ) -> list[RouterEffect]:
        """Behind the guesses from that address, if it is one."""
        is_guess = hello.authentication.method == "secret"
        if is_guess:
            with contextlib.suppress(asyncio.TimeoutError):
                seconds = self._guesses.wait(remote.machine)
                if seconds:
                    await asyncio.wait_for(connection.wait_closed(), seconds)
                    return []
        effects = self._router.handle(outbox, hello, asyncio.get_running_loop().time())
        self._carry_out(effects)
        if any(map(_is_refusal, effects)):
            self.failed_logins += 1
        elif is_guess:
            self._guesses.was_right(remote.machine)
        return effects

    def _carry_out(self, effects: list[RouterEffect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                outbox: Any = effect.connection
                outbox.send(encode(effect.message))
            elif isinstance(effect, Probe):
                probing = asyncio.ensure_future(self._probe(effect))
                self._probing.add(probing)
                probing.add_done_callback(self._probing.discard)
            elif isinstance(effect, Close):
                closing: Any = effect.connection
                closing.close(effect.code, effect.reason)
            elif isinstance(effect, EndTurn):
                asyncio.get_running_loop().call_soon(self._end_turn)
            else:
                self._fan_out(effect.audience, effect.tail)
        if self._timer is None:
            self._arm()

    def _fan_out(self, audience: Audience, tail: bytes) -> None:
        """
        Send to many. What the same ones get in a row becomes a broadcast, one step for all; so does
        what is long, or it would wait in as many copies as there are readers.
        """
        is_first = audience is not self._audience
        if is_first:
            if not self._audience:
                asyncio.get_running_loop().call_soon(self._end_row)
            self._audience, self._broadcast = audience, None
        elif self._broadcast is not None and self._broadcast.add(tail):
            return
        outbox: Any
        if is_first and len(tail) <= MAX_SIZE:
            for outbox, heads in audience:
                for head in heads:
                    outbox.send(head + tail)
        else:
            self._broadcast = broadcast = Broadcast(tail)
            for outbox, heads in audience:
                outbox.send_copy(broadcast.copy(heads))

    async def _probe(self, probe: Probe) -> None:
        outbox: Any = probe.connection
        await outbox.flush()
        self._carry_out(self._router.heard(probe, asyncio.get_running_loop().time()))

    def _end_turn(self) -> None:
        self._carry_out(self._router.end_turn(asyncio.get_running_loop().time()))

    def _end_row(self) -> None:
        self._audience, self._broadcast = (), None

    def _arm(self) -> None:
        deadline = self._router.next_deadline()
        if deadline is not None:
            loop = asyncio.get_running_loop()
            # What comes meanwhile may bring an earlier one, and to ask after each frame costs.
            self._timer = loop.call_at(min(deadline, loop.time() + _LOOK), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._carry_out(self._router.tick(asyncio.get_running_loop().time()))

    def _count_slow_reader(self) -> None:
        self.slow_readers += 1


def _is_refusal(effect: RouterEffect) -> bool:
    message = effect.message if isinstance(effect, Send) else None
    return isinstance(message, Error) and message.reason_uri == AUTHENTICATION_FAILURE


def _is_welcome(effect: RouterEffect) -> bool:
    return isinstance(effect, Send) and isinstance(effect.message, Welcome)
