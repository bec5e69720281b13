"""
The question every page asks its own Dash server before it offers a method that says what it
accepts or returns: is the signature well-formed, and which values fit?
"""

from __future__ import annotations

from typing import Any

from ..errors import SignatureError
from ..wire.signature import parse
from ..wire.signature_values import json_schema
from .routes import current_app, question_of, request_of, route

__all__ = ["SIGNATURE_ROUTE"]

SIGNATURE_ROUTE = "_dash-interop/signature"


@route(SIGNATURE_ROUTE)
def signature() -> dict[str, Any]:
    """
    Answer ``accepts`` and ``returns`` with ``{"accepts", "returns"}``, or ``{"error": "where"}``.

    Each is the JSON Schema of the values that fit, ``None`` where any value fits.
    """
    texts = question_of(request_of(current_app(SIGNATURE_ROUTE)))
    schemas: dict[str, Any] = {}
    for field in ("accepts", "returns"):
        try:
            parsed = parse(texts.get(field))
        except SignatureError as error:
            return {"error": f"{field}: {error}"}
        schemas[field] = json_schema(parsed) if parsed.fields else None
    return schemas
