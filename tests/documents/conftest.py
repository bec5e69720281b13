"""A gateway that the code of the documents finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dash_interop.client.sync import InteropClient, connect
from tests.support.gateways import GatewayProcess, ours

SECRET = "a secret that is long enough for a gateway"


@pytest.fixture(scope="session")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gateway") / "secret"
    file.write_text(SECRET, encoding="utf-8")
    file.chmod(0o600)
    return file


@pytest.fixture(scope="session")
def running_gateway(secret_file: Path) -> Iterator[GatewayProcess]:
    with ours(secret_file=secret_file) as process:
        yield process


@pytest.fixture
def gateway(
    running_gateway: GatewayProcess, secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GatewayProcess]:
    """A gateway on its own, named by the environment as the documents say."""
    monkeypatch.setenv("DASH_INTEROP_GATEWAY", running_gateway.url)
    monkeypatch.setenv("DASH_INTEROP_SECRET_FILE", str(secret_file))
    yield running_gateway
    with connect(running_gateway.url, secret_file=secret_file) as client:
        _forget(client)


def _forget(client: InteropClient) -> None:
    """Have no contexts and nothing on channels: both outlive those who have written them."""
    for name in client.contexts.all():
        client.contexts.destroy(name)
    for channel in client.channels.list():
        if channel["data"]:
            client.channels.remove(channel["name"])
            client.channels.add(channel["name"], **channel["meta"])
