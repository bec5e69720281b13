"""A gateway, peers in the test's process, and commands there or in processes of their own."""

from __future__ import annotations

import os
import secrets
import subprocess
from contextlib import ExitStack, contextmanager

import pytest

from dash_interop.client.sync import connect
from tests.support.commands import MODULE, run_command, run_process
from tests.support.gateways import ours

SECONDS = 20
SECRET = "s" * 40


@pytest.fixture(scope="package")
def gateway(tmp_path_factory):
    """One for all tests that neither end it nor look at its secret."""
    runtime = str(tmp_path_factory.mktemp("runtime"))
    with ours(environment={**os.environ, "XDG_RUNTIME_DIR": runtime}) as process:
        yield process


@pytest.fixture(scope="package")
def secret_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="package")
def guarded(secret_file):
    """A gateway that checks logins, for all tests that do not look at who else is there."""
    with ours(secret_file=secret_file) as process:
        yield process


@pytest.fixture
def alone(secret_file):
    """A gateway that checks logins, for a test that wants to be alone there."""
    with ours(secret_file=secret_file) as process:
        yield process


@pytest.fixture
def user():
    """Somebody no other test knows: peers of different users do not see each other."""
    return f"user-{secrets.token_hex(4)}"


@pytest.fixture
def peer(gateway, user):
    """Makes peers; they leave after the test."""
    with ExitStack() as stack:

        def make(application="Calculator", url=gateway.url):
            return stack.enter_context(connect(url, application=application, login=user))

        yield make


class Command:
    """Runs commands as somebody."""

    def __init__(self, url, user):
        self._access = ["--url", url, "--login", user]

    def run(self, name, *arguments, input=""):
        """Run one that ends by itself."""
        return run_command(name, *self._access, *arguments, input=input)

    def run_process(self, name, *arguments, **environment):
        """The same in a process of its own."""
        return run_process(name, *self._access, *arguments, **environment)

    @contextmanager
    def running(self, name, *arguments):
        """One that goes on, with its stdout and stderr to read lines of."""
        process = subprocess.Popen(
            [*MODULE, name, *self._access, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def command(gateway, user):
    return Command(gateway.url, user)


@pytest.fixture
def command_at(user):
    """The same for another gateway."""
    return lambda url: Command(url, user)
