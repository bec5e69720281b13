"""What a gateway answers plain HTTP at."""

from __future__ import annotations

__all__ = ["END_PATH", "HTTP_PATHS", "IDENTITY_PATH"]

HTTP_PATHS = "/_dash-interop/"
"""Paths that begin so are for plain HTTP; a WebSocket may be opened at any path."""

IDENTITY_PATH = f"{HTTP_PATHS}gateway"
"""Answers with a proof of the secret, so that processes find the gateway they share."""

END_PATH = f"{IDENTITY_PATH}/end"
"""Where a shared gateway is asked to end, with a proof of the secret; others answer 404."""
