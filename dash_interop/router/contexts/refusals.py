"""Why a request that concerns a context is refused."""

from __future__ import annotations

__all__ = ["RequestRefused"]


class RequestRefused(Exception):
    """
    Args:
        reason_uri: Behind the domain in which it is answered and a dot.
        reason: In words.
        domain: In which it is answered; ``None`` for that of the member.
    """

    def __init__(self, reason_uri: str, reason: str, domain: str | None = None) -> None:
        super().__init__(reason)
        self.reason_uri = reason_uri
        self.domain = domain
