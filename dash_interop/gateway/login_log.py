"""What the log says of who logs in, who may not, and which conversations failed."""

from __future__ import annotations

import logging

from ..router.effects import RouterEffect, Send
from ..router.principals import Remote
from ..wire.envelope import Error, Inbound, Refused
from ..wire.login import AUTHENTICATION_FAILURE, Hello, Welcome
from .notices import Notices

__all__ = ["LoginLog"]

logger = logging.getLogger(__name__)


class LoginLog:
    """
    An observer of the hub.

    Args:
        notices: Bounds what strangers make it say.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    def handled(self, remote: Remote, message: Inbound, effects: list[RouterEffect]) -> None:
        if isinstance(message, Hello | Refused):
            for effect in effects:
                self._note(remote.machine, message, effect)

    def slowed(self, remote: Remote, who: str) -> None:
        self._notices.tell(remote.machine, f"{who} sends too fast and is slowed")

    def failed(self, remote: Remote, error: Exception) -> None:
        self._notices.tell(remote.machine, "a connection failed", logging.ERROR, error)

    def _note(self, address: str, message: Hello | Refused, effect: RouterEffect) -> None:
        answer = effect.message if isinstance(effect, Send) else None
        if isinstance(answer, Welcome):
            who = answer.resolved_identity
            application = who.get("application")
            logger.info("%s: %r logged in as %r", address, application, who["user"])
        elif isinstance(answer, Error) and (
            isinstance(message, Hello) or answer.reason_uri == AUTHENTICATION_FAILURE
        ):
            login = message.authentication.login if isinstance(message, Hello) else None
            who = f" as {login!r}" if login else ""
            self._notices.tell(address, f"refused a login{who}: {answer.reason}")
