"""The event loop that sockets like best: uvloop where it is installed."""

from __future__ import annotations

import asyncio

try:
    import uvloop
except ImportError:  # Windows, PyPy
    uvloop = None

__all__ = ["new_event_loop"]


def new_event_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop() if uvloop is None else uvloop.new_event_loop()
