"""No test sees the settings, or touches the secret, of whoever runs it."""

import itertools
import os

import pytest


@pytest.fixture(scope="session")
def runtime_directories(tmp_path_factory):
    """New directories: pytest itself would look for the next number among thousands each time."""
    parent = tmp_path_factory.mktemp("runtimes")
    return (parent / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def runtime_directory(monkeypatch, runtime_directories):
    """Where this user's processes keep their shared secret."""
    directory = next(runtime_directories)
    directory.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    for name in [name for name in os.environ if name.startswith("DASH_INTEROP_")]:
        monkeypatch.delenv(name)
    # Soon there, and gone with its test.
    monkeypatch.setenv("DASH_INTEROP_EMBEDDED", "thread")
    return directory
