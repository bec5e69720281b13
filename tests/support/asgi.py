"""One HTTP request to an ASGI application, without a server or a socket."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["post_json"]


def post_json(
    application: Any, path: str, body: Any, headers: Mapping[str, str]
) -> tuple[int, Any]:
    """The status and the decoded body of the answer to a POST."""
    return asyncio.run(asyncio.wait_for(_post(application, path, body, headers), 10))


async def _post(
    application: Any, path: str, body: Any, headers: Mapping[str, str]
) -> tuple[int, Any]:
    content = json.dumps(body).encode()
    named = {"host": "127.0.0.1:8050", "content-type": "application/json"}
    named |= {name.lower(): value for name, value in headers.items()}
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8050),
        "state": {},
    }
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    incoming.put_nowait({"type": "http.request", "body": content, "more_body": False})
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            incoming.put_nowait({"type": "http.disconnect"})

    await application(scope, incoming.get, send)
    text = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(text) if text else None
