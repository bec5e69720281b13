"""
Conversations: the asyncio shell of the router, for whatever connections somebody else accepts.

A listener makes a connection, says what it knows of it, and lets it ``converse``. Everything that
the gateway handles passes through here, so whoever wants to count, trace or look, observes the hub.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol
from weakref import WeakValueDictionary

from ..errors import ProtocolError
from ..router.effects import Audience, Close, EndTurn, Probe, RouterEffect, Send
from ..router.principals import Remote
from ..router.router import Router
from ..transport.broadcast import MAX_SIZE, Broadcast
from ..transport.connection import Connection
from ..transport.heap import give_back
from ..transport.outbox import Outbox
from ..transport.outboxes import Outboxes
from ..wire.codec import encode
from ..wire.envelope import Error, Inbound
from ..wire.login import AUTHENTICATION_FAILURE, Hello, Welcome
from .config import GatewayConfig
from .guesses import Guesses
from .pace import Pace, Sender

__all__ = ["LOGIN_TIMEOUT", "TOO_FAST", "Hub", "Observer"]

LOGIN_TIMEOUT = 4009
"""Close code for a connection over which nobody logged in."""

TOO_FAST = 4010
"""Close code for a sender that has exceeded its rate for long; it may come back."""

INTERNAL_ERROR = 1011

WORTH_GIVING_BACK = 16 * 1024 * 1024
"""Bytes that have to be free before memory is given back, which takes a while."""

_LOOK = 1.0
"""Seconds after which the router is asked again when something is due."""


class Observer(Protocol):
    """Told of what passes through a hub, while it happens; it must neither fail nor wait."""

    def handled(self, remote: Remote, message: Inbound, effects: list[RouterEffect]) -> None:
        """A message came in over a connection, and led to these effects."""
        ...

    def slowed(self, remote: Remote, who: str) -> None:
        """Somebody sends faster than its rate allows, and is read more slowly from now on."""
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
        logged_in: Over how many of these connections somebody is logged in.
        slow_readers: Readers that were disconnected because they fell too far behind.
        failed_logins: Logins with credentials that are not good.
    """

    def __init__(self, router: Router, config: GatewayConfig, observer: Observer) -> None:
        self._router = router
        self._config = config
        self._rates = config.rates
        self._observer = observer
        self._outboxes = Outboxes(config.outboxes_size)
        self._users: WeakValueDictionary[str, Pace] = WeakValueDictionary()
        """What each user sends, for as long as one of its connections lasts."""
        self._timer: asyncio.TimerHandle | None = None
        self._audience: Audience = ()
        """Who was sent to last of all audiences in this turn of the loop."""
        self._broadcast: Broadcast | None = None
        """What they get, from the second in a row on, or from the first if that is long."""
        self._probing: set[asyncio.Task[None]] = set()
        self._guesses = Guesses()
        self._emptied = asyncio.Event()
        """Set whenever the last conversation has ended."""
        self._freed = 0
        """Bytes that waited for readers that were given up, since memory was last given back."""
        self.connections = 0
        self.logged_in = 0
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

    async def converse(
        self, connection: Connection, remote: Remote, on_login: Callable[[], None] = lambda: None
    ) -> str | None:
        """
        Handle what comes over a connection until it ends, and end it when it breaks a rule.

        Args:
            connection: Just opened.
            remote: What is known of the other end.
            on_login: Called when somebody has logged in.

        Returns:
            Who was the first to log in over it, in words for the log; ``None`` if nobody did.
        """
        config = self._config
        loop = asyncio.get_running_loop()
        connection.limit(config.login_size, "Log in before you send long frames")
        outbox = Outbox(
            connection,
            config.outbox_size,
            config.close_timeout,
            self._note_slow_reader,
            self._outboxes,
        )
        login_timer = loop.call_later(
            config.login_timeout, outbox.close, LOGIN_TIMEOUT, "Nobody logged in"
        )
        self._router.connect(outbox, remote)
        self.connections += 1
        who: dict[str, Any] | None = None
        try:
            frames = connection.frames()
            who = await self._log_in(connection, frames, outbox, remote)
            if who is not None:
                login_timer.cancel()
                self.logged_in += 1
                on_login()
                connection.limit(config.max_size, f"A frame has at most {config.max_size} bytes")
                await self._serve(connection, frames, outbox, remote, who)
        except Exception as error:
            await self._break_off(outbox, remote, error)
        finally:
            login_timer.cancel()
            self.connections -= 1
            self.logged_in -= who is not None
            self._outboxes.remove(outbox)
            self._carry_out(self._router.disconnect(outbox, loop.time()))
            if not self.connections:
                self._emptied.set()
            self._give_back()
        return None if who is None else _words(who)

    async def _log_in(
        self, connection: Connection, frames: AsyncIterator[str], outbox: Outbox, remote: Remote
    ) -> dict[str, Any] | None:
        """Handle what comes until somebody logs in: returns the identity, ``None`` at the end."""
        left = self._config.login_frames
        async for frame in frames:
            if not left:
                raise ProtocolError("Log in before you send more", LOGIN_TIMEOUT)
            left -= 1
            message = self._router.codec.decode(frame)
            if isinstance(message, Hello):
                effects = await self._hello(connection, outbox, message, remote)
            else:
                effects = self._router.handle(outbox, message, asyncio.get_running_loop().time())
                self._carry_out(effects)
            self._observer.handled(remote, message, effects)
            for effect in effects:
                if isinstance(effect, Send) and isinstance(effect.message, Welcome):
                    return effect.message.resolved_identity
        return None

    async def _serve(
        self,
        connection: Connection,
        frames: AsyncIterator[str],
        outbox: Outbox,
        remote: Remote,
        who: dict[str, Any],
    ) -> None:
        """Handle what comes from then on, in turns and no faster than it may come."""
        router, observer, decode = self._router, self._observer, self._router.codec.decode
        time, rates = asyncio.get_running_loop().time, self._rates
        user = self._users.get(who["user"])
        if user is None:
            user = self._users[who["user"]] = Pace(rates.user, time())
        sender = Sender(rates, user, time())
        async for frame in frames:
            message = decode(frame)
            if type(message) is Hello:
                effects = await self._hello(connection, outbox, message, remote)
                sent = len(effects)
            else:
                effects = router.handle(outbox, message, time())
                sent = self._carry_out(effects)
            observer.handled(remote, message, effects)
            if sender.handled(len(frame), sent):
                pause, is_first = sender.rest(time())
                if is_first:
                    observer.slowed(remote, _words(who))
                if sender.is_out_of_patience:
                    raise ProtocolError("Sends too fast", TOO_FAST)
                await asyncio.sleep(pause)

    async def _hello(
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

    async def _break_off(self, outbox: Outbox, remote: Remote, error: Exception) -> None:
        """End a conversation because of an error, theirs or ours."""
        if isinstance(error, ProtocolError):
            outbox.close(error.close_code, str(error)[:100])
        else:
            self._observer.failed(remote, error)
            outbox.close(INTERNAL_ERROR, "Internal error")
        await outbox.wait_closed()

    def _carry_out(self, effects: list[RouterEffect]) -> int:
        """Returns how many steps it took, each for one reader."""
        sent = len(effects)
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
                sent += self._fan_out(effect.audience, effect.tail)
        if self._timer is None:
            self._arm()
        return sent

    def _fan_out(self, audience: Audience, tail: bytes) -> int:
        """
        Send to many. What the same ones get in a row becomes a broadcast, one step for all; so does
        what is long, or it would wait in as many copies as there are readers. Returns how many
        readers it took a step for.
        """
        is_first = audience is not self._audience
        if is_first:
            if not self._audience:
                asyncio.get_running_loop().call_soon(self._end_row)
            self._audience, self._broadcast = audience, None
        elif self._broadcast is not None and self._broadcast.add(tail):
            return 0
        outbox: Any
        if is_first and len(tail) <= MAX_SIZE:
            for outbox, heads in audience:
                for head in heads:
                    outbox.send(head + tail)
        else:
            self._broadcast = broadcast = Broadcast(tail)
            for outbox, heads in audience:
                outbox.send_copy(broadcast.copy(heads))
        return len(audience)

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

    def _give_back(self) -> None:
        """Give memory back if much has become free."""
        if self._freed >= WORTH_GIVING_BACK:
            self._freed = 0
            # Later, when the connection is let go of.
            asyncio.get_running_loop().call_soon(give_back)

    def _note_slow_reader(self, backlog: int) -> None:
        self.slow_readers += 1
        self._freed += backlog


def _is_refusal(effect: RouterEffect) -> bool:
    message = effect.message if isinstance(effect, Send) else None
    return isinstance(message, Error) and message.reason_uri == AUTHENTICATION_FAILURE


def _words(identity: dict[str, Any]) -> str:
    """Who somebody is, in the log."""
    application, user = identity.get("application"), identity["user"]
    return f"{application!r} of {user!r}" if application else repr(user)
