"""What one user has at the gateway, in all peers together."""

from __future__ import annotations

__all__ = ["Usage"]


class Usage:
    """
    Counted up and down by whoever keeps the thing itself.

    Attributes:
        calls: Calls that wait for their answer, by their callers.
        subscriptions: Open subscriptions, by their subscribers.
        methods: Methods and streams that are offered.
        definitions_size: Their bytes.
    """

    __slots__ = ("calls", "definitions_size", "methods", "subscriptions")

    def __init__(self) -> None:
        self.calls = self.subscriptions = self.methods = self.definitions_size = 0
