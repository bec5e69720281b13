"""What the bytes of a WebSocket's client are masked with, and unmasked."""

from __future__ import annotations

try:
    from websockets.speedups import apply_mask
except ImportError:
    # Where the library has no wheel, it has this.
    from websockets.utils import apply_mask

__all__ = ["apply_mask"]
