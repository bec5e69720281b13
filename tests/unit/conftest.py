"""No test sees the settings, or touches the secret, of whoever runs it."""

import os

import pytest


@pytest.fixture(autouse=True)
def runtime_directory(monkeypatch, tmp_path_factory):
    """Where this user's processes keep their shared secret."""
    directory = tmp_path_factory.mktemp("runtime")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    for name in [name for name in os.environ if name.startswith("DASH_INTEROP_")]:
        monkeypatch.delenv(name)
    return directory
