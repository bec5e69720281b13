"""
The writes of a peer, each sent once.

::

    waiting --connected--> sent --success, error--> settled
       ^                    |  \\--the connection breaks--> settled with ConnectionLost
       +-- it was destroyed +

A write to a context that is not there makes it. Where somebody else made it first, and where it was
destroyed before the write arrived, nothing was written, and it is sent again as what it has to be
then. The writes of one context stay in the order in which they were asked for.
"""

from __future__ import annotations

from bisect import insort
from typing import Any, Final

from msgspec import UNSET, Raw

from ..errors import (
    ConnectionLost,
    ContextConflict,
    ContextError,
    ContextNotFound,
    ContextTimeout,
    InteropError,
    MessageTooLarge,
    NotConnected,
)
from ..wire.codec import encode
from ..wire.contexts import CONFLICT, DestroyContext, SubscribedContext, UpdateContext
from ..wire.deltas import apply_delta
from ..wire.envelope import GLOBAL, Error, Inbound, Outbound
from .context_copy import ContextCopy
from .context_membership import ContextMembership, is_unknown
from .context_requests import Write
from .link import Link

__all__ = ["ContextWriting"]

_CONFLICT: Final = f"{GLOBAL}.{CONFLICT}"


class ContextWriting:
    def __init__(self, link: Link, membership: ContextMembership) -> None:
        self._link = link
        self._membership = membership
        self._count = 0

    def write(
        self,
        token: Any,
        name: str,
        delta: dict[str, Any] | None,
        *,
        if_version: int | None,
        creates: bool,
        timeout: float,
    ) -> Write:
        """
        Args:
            token: As that of a ``Write``; so are the others.
            timeout: Longest wait for the gateway, in seconds, an outage included.
        """
        self._count += 1
        copy = self._membership.copy(name)
        write = Write(token, delta, if_version, creates, self._count)
        deadline = self._link.now + timeout
        write.timer = self._link.deadlines.at(
            deadline, lambda _: self._expire(copy, write, timeout)
        )
        copy.waiting.append(write)
        self.flush(copy)
        return write

    def cancel(self, name: str, write: Write) -> None:
        """Its end is not waited for any more; what was not sent is not sent."""
        write.is_settled = True
        if write.timer is not None:
            write.timer.cancel()
        self._drop(self._membership.copy(name), write)

    def flush(self, copy: ContextCopy) -> None:
        """Send what may be sent."""
        while copy.waiting and self._link.is_joined and not copy.is_busy:
            write = copy.waiting.pop(0)
            try:
                self._send(copy, write)
            except MessageTooLarge as error:
                reason = f"The context {copy.name} was not written: {error}"
                self._settle(write, MessageTooLarge(reason))
        self._membership.attend(copy)

    def _send(self, copy: ContextCopy, write: Write) -> None:
        if write.if_version and self._link.node is None:
            reason = "this gateway has no versions of contexts, so if_version cannot be used"
            self._settle(write, ContextError(f"{copy.name}: {reason}"))
        elif copy.id is not None and write.if_version != 0:
            self._change(copy, write, copy.id)
        elif write.if_version:
            self._settle(write, _conflict(copy))
        elif write.creates and write.delta is not None:
            self._create(copy, write, write.delta)
        elif write.found_nothing:
            self._settle(write, _not_found(copy))
        else:
            write.found_nothing = True
            copy.waiting.insert(0, write)
            self._membership.catch_up(copy)

    # A context that is there

    def _change(self, copy: ContextCopy, write: Write, context_id: str) -> None:
        link = self._link
        if_version = copy.version_for(write.if_version) if write.if_version else UNSET
        request_id, peer_id = link.new_request_id(), link.peer_id
        message: Inbound
        if write.delta is None:
            message = DestroyContext(request_id, peer_id, context_id, if_version=if_version)
        else:
            delta = Raw(encode(write.delta))
            message = UpdateContext(
                request_id, peer_id, context_id, delta, echo=True, if_version=if_version
            )
            # Other gateways let nobody bring a value back.
            copy.is_written = link.node is not None

        def answered(answer: Outbound | None) -> None:
            copy.unanswered -= 1
            if isinstance(answer, Error):
                self._refused(copy, write, context_id, answer)
            elif answer is None:
                self._lost(copy, write)
            else:
                self._written(copy, write)

        link.request(message, answered)
        copy.unanswered += 1

    def _written(self, copy: ContextCopy, write: Write) -> None:
        # A gateway of ours has told of the write already, in its place among those of others.
        if self._link.node is None and write.delta is not None and copy.is_member:
            self._membership.apply(copy, write.delta, self._link.peer_id, None)
        self._settle(write)
        self._membership.attend(copy)

    def _refused(self, copy: ContextCopy, write: Write, context_id: str, answer: Error) -> None:
        if is_unknown(answer):
            if copy.id == context_id:
                self._membership.disappear(copy)
            # Nothing was written. Those that were sent after it come back as well, before the
            # gateway can answer whatever is sent now.
            if not write.is_settled:
                insort(copy.waiting, write)
        elif answer.reason_uri == _CONFLICT:
            self._settle(write, _conflict(copy))
        else:
            self._settle(write, ContextError(f"The context {copy.name}: {answer.reason}"))
        self.flush(copy)

    # A context that is not

    def _create(self, copy: ContextCopy, write: Write, delta: dict[str, Any]) -> None:
        def answered(answer: Outbound | None) -> None:
            if isinstance(answer, SubscribedContext):
                if write.if_version == 0:
                    self._settle(write, _conflict(copy))
                elif not write.is_settled:
                    copy.waiting.insert(0, write)
            elif isinstance(answer, Error):
                reason = f"The context {copy.name} was not made: {answer.reason}"
                self._settle(write, ContextError(reason))
            elif answer is None:
                self._lost(copy, write)
            else:
                self._settle(write)

        # A gateway that was restarted may get the rest from those who had the context before.
        commands = delta.get("commands")
        paths = UNSET if commands is None else [command["path"] for command in commands]
        self._membership.create(copy, apply_delta({}, delta), answered, paths=paths)

    # The end

    def _expire(self, copy: ContextCopy, write: Write, timeout: float) -> None:
        what = f"The context {copy.name} was not written within {timeout:g} s"
        error: InteropError
        if not self._link.is_joined:
            error = NotConnected(f"{what}: there is no connection to the gateway")
        elif write in copy.waiting:
            error = ContextTimeout(f"{what}: the gateway did not answer what came before it")
        else:
            error = ContextTimeout(
                f"The context {copy.name} may have been written or not: the gateway did not answer "
                f"within {timeout:g} s"
            )
        self._settle(write, error)
        self._drop(copy, write)

    def _lost(self, copy: ContextCopy, write: Write) -> None:
        reason = f"The connection was lost before the gateway answered: {copy.name} may have been"
        self._settle(write, ConnectionLost(f"{reason} written or not"))

    def _drop(self, copy: ContextCopy, write: Write) -> None:
        if write in copy.waiting:
            copy.waiting.remove(write)
        self._membership.attend(copy)

    def _settle(self, write: Write, error: InteropError | None = None) -> None:
        if not write.is_settled:
            write.is_settled = True
            if write.timer is not None:
                write.timer.cancel()
            self._link.settle(write.token, error=error)


def _conflict(copy: ContextCopy) -> ContextConflict:
    return ContextConflict(
        f"The context {copy.name} is not at the version that the write is meant for: read it again"
    )


def _not_found(copy: ContextCopy) -> ContextNotFound:
    return ContextNotFound(f"There is no context {copy.name}")
