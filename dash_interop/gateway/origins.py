"""
Which web pages may open a connection: their ``Origin``, parsed and compared exactly.

Browsers name the page's origin in the handshake, and pages cannot forge it. Other clients may leave
it out; what they may do then depends on their credentials alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from ..errors import ConfigError

__all__ = ["OriginPolicy", "is_loopback_origin", "normalize_origin"]

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
    host = urlsplit(origin).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class OriginPolicy:
    """
    What the handshake accepts as ``Origin``.

    Args:
        allowed: Only these origins, such as ``https://app.example.com``. Empty: any well-formed
            origin may try to log in, with a token that was made for it.
        loopback_only: Only pages that this machine serves to itself.
        check: ``False`` accepts everything, for development.

    Raises:
        ConfigError: An entry of ``allowed`` is not an origin.
    """

    def __init__(
        self, allowed: Iterable[str] = (), *, loopback_only: bool = False, check: bool = True
    ) -> None:
        self._allowed = frozenset(_configured(origin) for origin in allowed)
        self._loopback_only = loopback_only
        self._check = check

    def refusal(self, headers: list[str]) -> str | None:
        """Why a handshake with these ``Origin`` headers is refused; ``None`` when it is not."""
        if not self._check or not headers:
            return None
        if len(headers) > 1:
            return "More than one Origin header"
        origin = normalize_origin(headers[0])
        if origin is None:
            return "The Origin header does not name the origin of a page"
        if self._allowed and origin not in self._allowed:
            return f"Pages of {origin} may not connect to this gateway (--allow-origin)"
        if self._loopback_only and not is_loopback_origin(origin):
            return f"Pages of {origin} may not connect: this gateway serves its own machine only"
        return None


def _configured(text: str) -> str:
    origin = normalize_origin(text)
    if origin is None:
        raise ConfigError(f"not an origin: {text!r} (expected such as https://app.example.com)")
    return origin
