"""One invocation while it is under way: its progress, its end, and a way to cancel it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, ClassVar

from ..errors import ConnectionLost, InteropError, Overloaded, SubscriptionClosed
from ..peer.agm import Agm
from ..peer.invoking import Invoking
from ..peer.requests import ServerRequest
from ..peer.results import InvocationResult
from .engine import Engine
from .feed import Feed
from .listeners import LONGEST_QUEUE

__all__ = ["Invocation", "InvocationBase"]


class InvocationBase(Feed[Any]):
    """
    An invocation that begins with a ``with`` block, and is cancelled at the end of it unless it
    has ended.
    """

    items: ClassVar[str] = "values of progress"
    event: ClassVar[str] = "progress"

    def __init__(self, engine: Engine, request: ServerRequest) -> None:
        super().__init__(engine, request.method.name)
        self._request = request
        self._token: asyncio.Future[Any] | None = None
        self._invoking: Invoking | None = None

    def cancel(self) -> None:
        """
        Give it up, from any thread: what waits for it ends with ``InvocationCancelled``, and its
        handler is told. After its end this does nothing.
        """
        if self._end is None and not self._engine.is_closed:
            # Another thread may close the client meanwhile, which ends the invocation, too.
            with suppress(ConnectionLost):
                self._engine.perform(self._give_up)

    def emit(self, event: str, value: Any) -> None:
        """Progress, from the session."""
        if self._listeners.has(event):
            self._listeners.tell(event, value)
        else:
            self._keep(value)

    def _begin(self) -> None:
        if self._token is not None:
            raise InteropError(f"This invocation of {self._name} has begun already: make another")
        agm = self._engine.session.domain(Agm)
        self._token, self._invoking = self._engine.start(
            lambda token: agm.invoke(token, self._request, self)
        )
        self._engine.adopt(self)
        self._token.add_done_callback(self._ended)

    async def _outcome(self) -> InvocationResult:
        self._engine.check_loop()
        try:
            # Whoever waits may be cancelled; the invocation belongs to the block.
            result = await asyncio.shield(self._begun())
        except InteropError:
            await self._listeners.all_told()
            raise
        await self._listeners.all_told()
        return result

    def _begun(self) -> asyncio.Future[Any]:
        if self._token is None:
            raise InteropError(f"The invocation of {self._name} begins with its with block")
        return self._token

    def _ended(self, token: asyncio.Future[Any]) -> None:
        error = token.exception()
        # Without an error, an iteration ends as that over a subscription which was closed.
        self._finish(SubscriptionClosed() if error is None else error)

    def _give_up(self) -> None:
        self._listeners.silence()
        if self._invoking is not None:
            self._invoking.cancel()

    def _overflow(self) -> None:
        token = self._begun()
        if not token.done():
            waiting = f"{LONGEST_QUEUE} {self.items} of {self._name} wait to be taken"
            # Whoever waits hears of this, and not that it was cancelled.
            token.set_exception(Overloaded(f"{waiting}: it is cancelled"))
            self._give_up()


class Invocation(InvocationBase):
    """
    An invocation of this process that is under way; ``InteropClient.invocation`` makes it. It is
    an iterator of what the handler says of its progress.
    """

    async def __aenter__(self) -> Invocation:
        self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cancel()

    def __aiter__(self) -> Invocation:
        """
        All that the handler says of its progress, until it has ended.

        Raises:
            InvocationError: It failed.
        """
        return self

    async def __anext__(self) -> Any:
        self._begun()
        try:
            return await self.next(None)
        except SubscriptionClosed:
            raise StopAsyncIteration from None

    async def result(self) -> InvocationResult:
        """
        Wait for what the servers return. A wait that is cancelled leaves the invocation as it is.

        Raises:
            InvocationError: As ``InteropClient.invoke``; ``InvocationCancelled`` after ``cancel``.
            InteropError: It has not begun.
        """
        return await self._outcome()
