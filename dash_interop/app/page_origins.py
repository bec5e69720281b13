"""
Which pages a Dash server tells where the gateway is, and lets log in there: its own, as far as a
request can show that, or those of the origins that it was told of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import ConfigError
from ..gateway.origins import OriginPolicy, is_loopback_origin, normalize_origin

__all__ = ["PageOrigins"]


class PageOrigins:
    """
    Args:
        origins: Exactly these, such as ``https://app.example.com``, or ``loopback`` for all of this
            machine. ``None``: the app's own, and those of this machine.

    Raises:
        ConfigError: One of them is not an origin.
    """

    def __init__(self, origins: Iterable[str] | None) -> None:
        if isinstance(origins, str):
            raise ConfigError(f"origins has to be a list of origins, not {origins!r}")
        self._policy = None if origins is None else OriginPolicy(origins)

    def refusal(self, origin: str, headers: Mapping[str, str]) -> str | None:
        """
        Why a page gets no answer; ``None`` when it does.

        Args:
            origin: That of the page, normalized.
            headers: Of its request. Pages cannot forge those that are looked at here.
        """
        if self._policy is None:
            is_served = is_loopback_origin(origin) or _is_own(origin, headers)
        else:
            is_served = self._policy.refusal([origin]) is None
        if is_served:
            return None
        return (
            f"This app answers no pages of {origin}: if it is the app's own address, as behind a "
            f"proxy, say Interop(origins=[{origin!r}])"
        )


def _is_own(origin: str, headers: Mapping[str, str]) -> bool:
    """Whether the page is the app's by what the browser says, or by the address that it asked."""
    if headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    scheme = origin.partition(":")[0]
    # Behind a proxy the one or the other is what the browser has asked for.
    asked = (headers.get("Host", ""), headers.get("X-Forwarded-Host", "").partition(",")[0])
    return any(normalize_origin(f"{scheme}://{host.strip()}") == origin for host in asked)
