"""
The question every page asks its own Dash server before it connects, and again each time it
reconnects: where is the gateway, and what token lets me in?
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from dash import Dash

from ..errors import ConfigError
from ..gateway.origins import is_loopback_origin, normalize_origin
from ..router.principals import Principal
from .forgotten import check_plugged
from .interop import application_name, settings_of
from .routes import current_app, request_of, route

__all__ = ["LOGIN_ROUTE"]

LOGIN_ROUTE = "_dash-interop/session"

logger = logging.getLogger(__name__)


@route(LOGIN_ROUTE)
def login() -> dict[str, Any]:
    """
    Answer with ``{"url", "token", "application"}``, or with ``{"error": "why not"}``. Where asking
    again would not help, ``"isLasting"`` is true, too.

    The question is a POST because a browser names the page's origin in a POST, also behind a proxy
    that hides the origin from the server. The token is bound to that origin.
    """
    app = current_app(LOGIN_ROUTE)
    try:
        check_plugged(app)
    except ConfigError as error:
        logger.error("a page cannot log in: %s", error)
        # The page need not ask again: this changes only with the program.
        return {"error": str(error), "isLasting": True}
    try:
        return _access_of_page(app, request_of(app))
    except ConfigError as error:
        logger.error("a page cannot log in: %s", error)
        return {"error": str(error)}
    except Exception:
        logger.exception("a page cannot log in")
        return {"error": "The server cannot tell who is logged in; its log says why"}


def _access_of_page(app: Dash, request: Any) -> dict[str, Any]:
    settings = settings_of(app)
    settings.begin()
    origin = _origin_of(request)
    if origin is None:
        return {"error": "The request does not name the page's origin"}
    if settings.is_embedded and not is_loopback_origin(origin):
        return {
            "error": f"The embedded gateway serves pages on its own machine only, and this one is "
            f"{origin}. Open it as http://127.0.0.1, or run 'dash-interop gateway' and name it "
            "with DASH_INTEROP_GATEWAY",
            "isLasting": True,
        }
    refusal = settings.origins.refusal(origin, request.headers)
    if refusal is not None:
        return {"error": refusal, "isLasting": True}
    user = settings.user_of(request)
    if user is None or user == "":
        return {"error": "Nobody is logged in"}
    if not isinstance(user, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"user= has to return a name or None, not {type(user).__name__}")
    url = settings.gateway_url()
    principal = Principal(user, settings.application, origin)
    return {
        "url": url,
        "token": settings.authority().issue(principal),
        "application": settings.application or application_name(app),
    }


def _origin_of(request: Any) -> str | None:
    headers: Mapping[str, str] = request.headers
    origin = headers.get("Origin")
    if origin is None:
        url = urlsplit(str(request.url))
        origin = f"{url.scheme}://{url.netloc}"
    return normalize_origin(origin)
