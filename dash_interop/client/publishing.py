"""The publisher's end of streams: a stream, its branches and its subscribers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast
from uuid import uuid4

from msgspec import Raw

from ..errors import RegistrationError, SubscriptionError
from ..peer.agm import Agm
from ..peer.directory import Instance
from ..peer.history import StreamHistory
from ..peer.publishing import Publication, Publishing, StreamInterest
from ..wire.definitions import MethodDefinition
from ..wire.history import HistorySettings
from ..wire.payloads import encode_payload
from .engine import Engine
from .functions import is_async
from .listeners import Listener
from .requests import check_registration_timeout
from .validation import Validation

__all__ = [
    "Branch",
    "Stream",
    "StreamBase",
    "StreamBranch",
    "StreamSubscription",
    "SubscriptionRequest",
]

logger = logging.getLogger(__name__)

Branch: TypeAlias = "str | Sequence[str] | None"
"""The key of a branch, several, or ``None`` for all of them."""


class SubscriptionRequest:
    """
    The wish of a peer to subscribe. Answer it once, now or later, from any thread; without an
    answer the subscriber gets an error when its own time is up.

    Attributes:
        arguments: What it subscribes with, a dict.
        instance: Who it is.
    """

    def __init__(self, engine: Engine, interest: StreamInterest) -> None:
        self._engine = engine
        self._interest = interest
        self.arguments = interest.arguments
        self.instance: Instance = interest.instance

    def accept(self) -> None:
        """
        Let it have what is pushed to the stream.

        Raises:
            SubscriptionError: The request was answered already.
        """
        self.accept_on_branch("")

    def accept_on_branch(self, key: str) -> None:
        """
        Let it have what is pushed to one branch, which is there from its first subscriber on.

        Raises:
            TypeError: ``key`` is not a string.
            SubscriptionError: The request was answered already.
        """
        _check_key(key)
        self._engine.perform(lambda: _publishing(self._engine).accept(self._interest, key))

    def reject(self, reason: str = "") -> None:
        """
        Refuse it; the subscriber gets the reason.

        Raises:
            SubscriptionError: The request was answered already.
        """
        self._engine.perform(lambda: _publishing(self._engine).reject(self._interest, reason))


class StreamSubscription:
    """
    One subscriber of a stream of this process.

    Attributes:
        stream: The stream.
        arguments: What it subscribed with, a dict.
        instance: Who it is.
        branch_key: The branch it was accepted on; ``""`` when none was named.
    """

    def __init__(self, stream: StreamBase, interest: StreamInterest) -> None:
        self._interest = interest
        self.stream = stream
        self.arguments = interest.arguments
        self.instance: Instance = interest.instance
        self.branch_key = interest.branch_key or ""

    def push(self, data: Any) -> None:
        """
        Send data to this subscriber alone. Nothing happens when it is gone.

        Raises:
            As ``Stream.push``.
        """
        self.stream._push_to(self._interest, data)  # pyright: ignore[reportPrivateUsage]

    def close(self) -> None:
        """End it; the subscriber hears that the publisher has closed it."""
        self.stream._close([self._interest])  # pyright: ignore[reportPrivateUsage]


class StreamBranch:
    """
    The subscribers of a stream that were accepted with one key.

    Attributes:
        key: The key.
    """

    def __init__(self, stream: StreamBase, key: str) -> None:
        self._stream = stream
        self.key = key

    def push(self, data: Any) -> None:
        """
        Send data to all its subscribers, in one message to the gateway.

        Raises:
            As ``Stream.push``.
        """
        self._stream.push(data, self.key)

    def subscriptions(self) -> list[StreamSubscription]:
        """Its subscribers now."""
        return [each for each in self._stream.subscriptions() if each.branch_key == self.key]

    def close(self) -> None:
        """End all its subscriptions, and with them the branch."""
        self._stream._close_branch(self.key)  # pyright: ignore[reportPrivateUsage]


class StreamBase:
    """
    A stream that this process publishes, whether its client is the one for asyncio or for ordinary
    code. Everything here may be called from any thread.

    Attributes:
        definition: What it was created with.
    """

    def __init__(
        self, engine: Engine, definition: MethodDefinition, history: HistorySettings | None
    ) -> None:
        self._engine = engine
        self._agm = engine.session.domain(Agm)
        self._history = history
        self.definition = definition
        self._publication: Publication | None = None
        self._is_closed = False
        self._listeners = engine.make_listeners(self._overflow)

    @property
    def name(self) -> str:
        """As the definition says."""
        return self.definition.name

    def push(self, data: Any, branch: Branch = None) -> None:
        """
        Send data to the subscribers; returns at once.

        Args:
            data: A dict, or something that JSON has an object for.
            branch: Key of the branch, or several; without it all branches get the data.

        Raises:
            TypeError: ``data`` is not a dict, or ``branch`` not a string or a list of them.
            ValueError: ``data`` holds something that cannot travel as JSON, or lacks the field by
                which the history is kept.
            MessageTooLarge: ``data`` is more than the gateway takes.
            RegistrationError: The stream was closed.
            Overloaded: 16 MiB wait to be sent: ``await flush()`` now and then.
        """
        if self._is_closed:
            raise RegistrationError(f"The stream {self.name} was closed")
        encoded = _encoded(data)
        keys = _keys_of(branch)
        publication = self._created()
        slot = publication.slot(encoded)
        publishing = self._agm.publishing
        self._post(lambda: publishing.push(publication, encoded, keys, slot), len(bytes(encoded)))

    def subscriptions(self) -> list[StreamSubscription]:
        """The subscribers now, of all branches."""
        publication = self._created()
        interests = self._engine.perform(lambda: list(publication.interests.values()))
        return [
            StreamSubscription(self, interest)
            for interest in interests
            if interest.branch_key is not None
        ]

    def branches(self) -> list[StreamBranch]:
        """The branches that have subscribers now."""
        publication = self._created()
        keys = self._engine.perform(lambda: list(publication.branches))
        return [StreamBranch(self, key) for key in keys]

    def branch(self, key: str) -> StreamBranch | None:
        """The branch of that key; ``None`` while it has no subscribers."""
        return next((branch for branch in self.branches() if branch.key == key), None)

    async def create(self, timeout: float) -> None:
        """
        Offer it, until it is withdrawn or the client ends.

        Raises:
            RegistrationError: It cannot be offered.
        """
        Validation(self.definition)
        check_registration_timeout(timeout)
        self._engine.adopt(self)

        def ask(token: Any) -> Publication:
            history = self._history and StreamHistory(self._history, uuid4().hex)
            self._publication = self._agm.create_stream(
                token,
                self.definition,
                self,
                decides=self._listeners.has("requested"),
                history=history,
                timeout=timeout,
            )
            return self._publication

        try:
            await self._engine.request(ask, self._agm.close_stream)
        except BaseException:
            self._engine.release(self)
            raise

    async def withdraw(self) -> None:
        """Offer it no longer."""
        if self._is_closed:
            return
        publication = self._created()
        self._is_closed = True
        await self._engine.request(lambda token: self._agm.close_stream(token, publication))
        self._engine.release(self)

    async def end(self, closer: asyncio.Task[Any] | None) -> None:
        """The client is closed: no listener is told any more."""
        await self._listeners.cancel(closer)

    def listen(self, event: str, listener: Listener | None) -> None:
        if listener is not None:
            guarded = _rejecting(listener) if event == "requested" else listener
            self._listeners.add(event, guarded)

    def emit(self, event: str, interest: StreamInterest) -> None:
        """An event of the stream, from the session."""
        if event == "requested":
            self._listeners.tell(event, SubscriptionRequest(self._engine, interest))
        else:
            self._listeners.tell(event, StreamSubscription(self, interest))

    def _created(self) -> Publication:
        assert self._publication is not None
        return self._publication

    def _overflow(self) -> None:
        logger.error("%s: a notice of its subscribers is lost: too many wait", self.name)

    def _push_to(self, interest: StreamInterest, data: Any) -> None:
        encoded = _encoded(data)
        publishing = self._agm.publishing
        self._post(lambda: publishing.push_to(interest, encoded), len(bytes(encoded)))

    def _post(self, send: Callable[[], None], size: int) -> None:
        self._engine.post(send, size)

    def _close(self, interests: list[StreamInterest]) -> None:
        publishing = self._agm.publishing
        self._engine.post(lambda: publishing.close(interests))

    def _close_branch(self, key: str) -> None:
        publication = self._created()
        publishing = self._agm.publishing
        self._engine.post(
            lambda: publishing.close(list(publication.branches.get(key, {}).values()))
        )


class Stream(StreamBase):
    """A stream that this process publishes; ``InteropClient.create_stream`` makes it."""

    async def close(self) -> None:
        """Withdraw the stream; its subscribers hear that it was closed."""
        await self.withdraw()

    async def flush(self) -> None:
        """Wait until the gateway has read all that was pushed so far."""
        await self._engine.flush()


def _rejecting(handler: Listener) -> Listener:
    """What a request handler raises rejects the request."""

    def reject(request: SubscriptionRequest, error: Exception) -> None:
        logger.error("the request handler %r failed", handler, exc_info=error)
        with contextlib.suppress(SubscriptionError):
            request.reject(f"{type(error).__name__}: {error}")

    if is_async(handler):

        async def decide_async(request: SubscriptionRequest) -> None:
            try:
                await handler(request)
            except Exception as error:
                reject(request, error)

        return decide_async

    def decide(request: SubscriptionRequest) -> None:
        try:
            handler(request)
        except Exception as error:
            reject(request, error)

    return decide


def _keys_of(branch: Any) -> list[str] | None:
    if branch is None:
        return None
    keys: list[Any] = [branch]
    if isinstance(branch, Iterable) and not isinstance(branch, str | Mapping):
        keys = list(cast("Iterable[Any]", branch))
    for key in keys:
        _check_key(key)
    return keys


def _check_key(key: Any) -> None:
    if not isinstance(key, str):
        raise TypeError(f"the key of a branch has to be a string, and not {key!r}")


def _encoded(data: Any) -> Raw:
    encoded = encode_payload(data, "data")
    if not bytes(encoded).startswith(b"{"):
        raise TypeError(f"stream data has to be a dict, not {type(data).__name__}")
    return encoded


def _publishing(engine: Engine) -> Publishing:
    return engine.session.domain(Agm).publishing
