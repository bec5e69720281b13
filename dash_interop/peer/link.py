"""
One peer's line to the gateway, which its session and domains share: requests and their answers,
the largest frame that the gateway takes, what is waited for, and effects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from msgspec import Raw

from ..errors import InteropError, MessageTooLarge
from ..wire import login
from ..wire.agm import Failure, Progressed
from ..wire.codec import Codec, encode
from ..wire.envelope import Inbound, Outbound, RequestId, Vocabulary
from ..wire.turn import Turn
from .deadlines import Deadlines, Timer
from .effects import Emit, PeerEffect, Settle, Transmit

__all__ = ["Link", "OnAnswer", "Wait"]

_LONGEST_REASON: Final = 200
"""Characters of a reason that are sent when all of it would be too large."""

_TELLING_SECONDS: Final = 10.0
"""How long the gateway has to tell what there is."""

OnAnswer: TypeAlias = Callable[["Outbound | None"], None]
"""
Called once with the answer to a request; with ``None`` if the connection broke before. The request
may have asked to hear of progress: then it is called with that, too, before its answer.
"""


def _always() -> bool:
    return True


class Link(Turn[PeerEffect]):
    """
    Args:
        identity: How the peer introduces itself.
        vocabularies: Of the domains that it takes part in.

    Attributes:
        codec: Reads and writes the messages of these domains.
        identity: What others see of the peer, from its first login on as the gateway says it.
        peer_id: Who it is at the gateway; ``None`` until it is let in.
        is_joined: Whether it is a member of all its domains, so that requests may be sent.
        node: The run of the gateway that the peer is at, another one after a restart; ``None``
            where the gateway is not ours.
        extensions: What the gateway can do beyond GW3.
        max_size: Bytes of the longest frame that the gateway takes; ``None`` where it does not say.
        ignored_answers: Answers that came too late, or to no request of ours.
    """

    def __init__(self, identity: Mapping[str, Any], vocabularies: Iterable[Vocabulary]) -> None:
        super().__init__()
        self.codec: Final = Codec([login.VOCABULARY, *vocabularies])
        self.deadlines: Final = Deadlines()
        self.identity = dict(identity)
        self.peer_id: str | None = None
        self.is_joined = False
        self.node: str | None = None
        self.extensions: frozenset[str] = frozenset()
        self.max_size: int | None = None
        self.ignored_answers = 0
        self._count = 0
        self._requests: dict[RequestId, OnAnswer] = {}
        self._waiting: dict[Wait, None] = {}

    def transmit(self, message: Inbound) -> None:
        """
        Raises:
            MessageTooLarge: The gateway would not take it, but end the connection.
        """
        frame = self.codec.to_gateway(message)
        if self.max_size is not None and len(frame) > self.max_size:
            raise MessageTooLarge.of(len(frame), self.max_size)
        self.effects.append(Transmit(frame))

    def refuse(
        self,
        request_id: str,
        reason_uri: str,
        reason: str,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Answer a request of somebody else with an error; one that is too large is cut.

        Args:
            context: What the error says beside its ``message``, which is the reason.
        """
        try:
            self.transmit(self._failure(request_id, reason_uri, reason, context or {}))
        except MessageTooLarge as error:
            cut = f"{reason[:_LONGEST_REASON]}... ({error})"
            shorter = cut if len(cut) < len(reason) else str(error)
            self.refuse(request_id, reason_uri, shorter, context)

    def _failure(
        self, request_id: str, reason_uri: str, reason: str, context: Mapping[str, Any]
    ) -> Failure:
        # Half of a surrogate pair, as in a text that was cut within an emoji, must not keep the
        # other side from hearing of it.
        reason = reason.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        described = Raw(encode({**context, "message": reason}))
        return Failure(request_id, self.peer_id, reason_uri, reason, described)

    def settle(self, token: Any, value: Any = None, error: InteropError | None = None) -> None:
        self.effects.append(Settle(token, value, error))

    def emit(self, source: Any, event: str, *arguments: Any) -> None:
        self.effects.append(Emit(source, event, arguments))

    def tell(self, event: str, *arguments: Any) -> None:
        """Tell the listeners of the peer itself; the link is the source of such events."""
        self.effects.append(Emit(self, event, arguments))

    # Requests

    def new_request_id(self) -> str:
        self._count += 1
        return str(self._count)

    def request(self, message: Inbound, on_answer: OnAnswer) -> None:
        """
        Send a request.

        Args:
            message: With a new request id.
            on_answer: Told of its answer.

        Raises:
            MessageTooLarge: As ``transmit``.
        """
        self.transmit(message)
        self._requests[message.request_id] = on_answer

    def forget(self, request_id: str) -> None:
        """The answer is not waited for any more."""
        self._requests.pop(request_id, None)

    def abandon(self, request_id: str, on_late_answer: OnAnswer) -> None:
        """The answer took too long; should it still come, another function gets it."""
        if request_id in self._requests:
            self._requests[request_id] = on_late_answer

    def answered(self, message: Any) -> None:
        """The gateway has sent an answer; every class of them has a ``request_id``."""
        on_answer = self._requests.pop(message.request_id, None)
        if on_answer is None:
            self.ignored_answers += 1
        else:
            on_answer(message)

    def progressed(self, message: Progressed) -> None:
        """The gateway has sent what comes before the answer to a request."""
        on_answer = self._requests.get(message.request_id)
        if on_answer is None:
            self.ignored_answers += 1
        else:
            on_answer(message)

    def lose(self) -> None:
        """The connection is gone: no request will be answered."""
        self.peer_id = None
        self.is_joined = False
        self.max_size = None
        self.extensions = frozenset()
        requests, self._requests = self._requests, {}
        for on_answer in requests.values():
            on_answer(None)

    # Waiting for others

    def wait(
        self,
        is_over: Callable[[], bool],
        deadline: float | None,
        on_timeout: Callable[[], None],
        *,
        is_known: Callable[[], bool] = _always,
    ) -> Wait | None:
        """
        Ask ``is_over`` now and whenever the peer sees more, until it says yes or time is up.

        Args:
            is_known: Whether the gateway has told what there is. ``is_over`` is asked only then,
                and while there is a connection, time is not up before it has, or is too late with
                it.

        Returns:
            What ``end_wait`` takes; ``None`` when there is nothing to wait for.
        """
        if is_known() and is_over():
            return None

        def look() -> bool:
            if not is_known():
                return False
            if is_over():
                return True
            if wait.is_late:
                on_timeout()
            return wait.is_late

        wait = Wait(look)
        self._waiting[wait] = None
        if deadline is not None:

            def give_up(_: float) -> None:
                if self.is_joined and not is_known() and not wait.is_late:
                    wait.is_late = True
                    wait.timer = self.deadlines.at(self.now + _TELLING_SECONDS, give_up)
                    return
                self.end_wait(wait)
                on_timeout()

            wait.timer = self.deadlines.at(deadline, give_up)
        return wait

    def end_wait(self, wait: Wait) -> None:
        self._waiting.pop(wait, None)
        if wait.timer is not None:
            wait.timer.cancel()

    def look_again(self) -> None:
        """There is something new to be seen, or requests may be sent from now on."""
        for wait in list(self._waiting):
            if wait in self._waiting and wait.is_over():
                self.end_wait(wait)


class Wait:
    """
    Something that is waited for.

    Attributes:
        is_late: Whether its time was up before it could be known.
    """

    __slots__ = ("is_late", "is_over", "timer")

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self.is_over = is_over
        self.is_late = False
        self.timer: Timer | None = None
