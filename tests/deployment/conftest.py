"""A gateway as an installation has it, and programs that find it by their environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dash_interop.client import sync
from dash_interop.client.sync import InteropClient
from tests.support.gateways import GatewayProcess, ours


@pytest.fixture(scope="session")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("secret") / "secret"
    file.write_text("a secret that is long enough for a gateway")
    file.chmod(0o600)
    return file


@pytest.fixture(scope="session")
def gateway(secret_file: Path) -> Iterator[GatewayProcess]:
    """One for all tests; each ends what it has started."""
    with ours(secret_file=secret_file) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def environment(gateway: GatewayProcess, secret_file: Path) -> Mapping[str, str]:
    """What an administrator sets for the programs of the installation."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DASH_INTEROP_")}
    return {
        **kept,
        "DASH_INTEROP_GATEWAY": gateway.url,
        "DASH_INTEROP_SECRET_FILE": str(secret_file),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def client(gateway: GatewayProcess, secret_file: Path) -> Iterator[InteropClient]:
    """Somebody else at the gateway."""
    with sync.connect(gateway.url, application="client", secret_file=secret_file) as client:
        yield client
