"""Dash apps on every server, and a shared gateway that ends with its test."""

import pytest

from dash_interop.gateway import embedded
from tests.support.asgi import post_json
from tests.support.ports import free_range


@pytest.fixture(autouse=True)
def first_port(monkeypatch):
    """First port of the embedded gateway, should a test start one."""
    port = free_range()
    monkeypatch.setenv("DASH_INTEROP_PORT", str(port))
    shared = []
    monkeypatch.setattr(embedded, "_shared", shared)
    yield port
    for gateway in shared:
        gateway.close()


@pytest.fixture
def post():
    """Sends JSON to an app on any of the servers; returns the status and the decoded answer."""

    def send(app, path, body, headers=None):
        if hasattr(app.server, "wsgi_app"):
            client = app.server.test_client(use_cookies=False)
            response = client.post(
                path, json=body, headers=headers, base_url="http://127.0.0.1:8050"
            )
            return response.status_code, response.get_json(silent=True)
        return post_json(app.server, path, body, headers or {})

    return send
