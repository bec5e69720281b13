"""
Which web pages may open a connection: their ``Origin``, parsed and compared exactly.

Browsers name the page's origin in the handshake, and pages cannot forge it. Other clients may leave
it out; what they may do then depends on their credentials alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from ..errors import ConfigError

__all__ = ["LOOPBACK", "OriginPolicy", "is_loopback_host", "is_loopback_origin", "normalize_origin"]

LOOPBACK: Final = "loopback"
"""In place of an origin: those of this machine."""

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def normalize_origin(text: str) -> str | None:
    """
    The origin in one spelling, ``scheme://host:port`` in lower case.

    Returns:
        ``None`` when ``text`` is not the origin of a page: ``null``, another scheme than http and
        https, or anything beside scheme, host and port.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname
    if parts.scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
        return None
    if parts.path or parts.query or parts.fragment or not _HOST.fullmatch(host):
        return None
    if any(character.isspace() for character in text):  # which urlsplit takes away
        return None
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}:{port if port is not None else _DEFAULT_PORTS[parts.scheme]}"


def is_loopback_origin(origin: str) -> bool:
    """Whether a normalized origin is a page served by this machine to itself."""
    return is_loopback_host(urlsplit(origin).hostname or "")


def is_loopback_host(host: str) -> bool:
    """Whether a name or an address is one by which only this machine reaches itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class OriginPolicy:
    """
    What the handshake accepts as ``Origin``.

    Args:
        allowed: Origins, such as ``https://app.example.com``; ``LOOPBACK`` stands for all pages
            that this machine serves to itself, whatever their port. Empty: no page may connect.

    Raises:
        ConfigError: An entry of ``allowed`` is not an origin.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        entries = set(allowed)
        self._loopback = LOOPBACK in entries
        self._allowed = frozenset(_configured(origin) for origin in entries - {LOOPBACK})

    def refusal(self, headers: list[str]) -> str | None:
        """Why a handshake with these ``Origin`` headers is refused; ``None`` when it is not."""
        if not headers:
            return None
        if len(headers) > 1:
            return "More than one Origin header"
        origin = normalize_origin(headers[0])
        if origin is None:
            return "The Origin header does not name the origin of a page"
        if origin in self._allowed or (self._loopback and is_loopback_origin(origin)):
            return None
        if self._loopback and not self._allowed:
            return f"Pages of {origin} may not connect: this gateway serves its own machine only"
        return f"Pages of {origin} may not connect: start the gateway with --allow-origin {origin}"


def _configured(text: str) -> str:
    origin = normalize_origin(text)
    if origin is None:
        raise ConfigError(
            f"not an origin: {text!r} (expected such as https://app.example.com, or {LOOPBACK})"
        )
    return origin
