"""The gateway that the processes of one user share."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from dash_interop.errors import ConfigError
from dash_interop.gateway.auth import TokenAuthority
from dash_interop.gateway.embedded import EmbeddedGateway
from dash_interop.router.principals import Principal
from tests.support.client import Client, closed_with, connected, run
from tests.support.ports import Foreigner, free_range

SECRET = "s" * 32
HTTP = b"HTTP/1.1 %s\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


@pytest.fixture
def first_port():
    return free_range()


@pytest.fixture
def embedded(first_port):
    """Makes gateways of processes that share a secret; all are closed afterwards."""
    with ExitStack() as stack:

        def make(secret=SECRET, port=first_port):
            gateway = EmbeddedGateway(port, TokenAuthority(secret))
            stack.callback(gateway.close)
            return gateway

        yield make


def log_in(url, secret=SECRET, **options):
    """Log in with a token as pages do; returns the answer."""

    async def scenario():

        token = TokenAuthority(secret).issue(Principal("anna"))
        async with connect(url, **options) as socket:
            return (await Client(socket).hello(method="access-token", token=token))["type"]

    return run(scenario())


def test_first_to_ask_hosts_on_the_first_port(embedded, first_port):
    gateway = embedded()
    assert not gateway.is_host
    assert gateway.ensure() == f"ws://127.0.0.1:{first_port}"
    assert gateway.is_host
    assert gateway.ensure() == f"ws://127.0.0.1:{first_port}"
    assert log_in(gateway.ensure()) == "welcome"


def test_nothing_runs_before_somebody_asks(embedded):
    threads = threading.active_count()
    embedded()
    assert threading.active_count() == threads


def test_second_process_finds_the_first(embedded):
    host, guest = embedded(), embedded()
    assert guest.ensure() == host.ensure()
    assert sorted([host.is_host, guest.is_host]) == [False, True]


def test_next_to_ask_takes_over_on_the_same_port(embedded):
    host, guest = embedded(), embedded()
    url = host.ensure()
    assert guest.ensure() == url
    host.close()
    assert not host.is_host
    assert guest.ensure() == url
    assert guest.is_host
    assert log_in(url) == "welcome"
    assert host.ensure() == url
    assert not host.is_host


def test_closing_the_host_tells_its_clients(embedded):
    async def scenario(gateway):

        async with connect(gateway.ensure()) as socket:
            await asyncio.to_thread(gateway.close)
            assert await closed_with(socket) == 1001

    run(scenario(embedded()))


def test_closing_twice_or_without_hosting_does_nothing(embedded):
    gateway = embedded()
    gateway.close()
    gateway.ensure()
    gateway.close()
    gateway.close()
    assert not gateway.is_host


def test_takes_over_from_a_process_that_was_killed(embedded, first_port):
    code = (
        "from dash_interop.gateway.auth import TokenAuthority;"
        "from dash_interop.gateway.embedded import EmbeddedGateway;"
        f"print(EmbeddedGateway({first_port}, TokenAuthority({SECRET!r})).ensure(), flush=True);"
        "input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        guest = embedded()
        assert guest.ensure() == url
        assert not guest.is_host
        assert log_in(url) == "welcome"
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert guest.ensure() == url
    assert guest.is_host
    assert log_in(url) == "welcome"


@pytest.mark.parametrize(
    "says", [b"", b"220 mail\r\n", HTTP % b"200 OK", HTTP % b"404 Not Found", b"\xff" * 500]
)
def test_port_of_a_foreign_program_is_passed_over_by_all(embedded, first_port, says):
    with Foreigner(first_port, says):
        host, guest = embedded(), embedded()
        assert host.ensure() == guest.ensure() == f"ws://127.0.0.1:{first_port + 1}"
    assert not guest.is_host
    assert embedded().ensure() == host.ensure()


def test_all_ports_foreign_is_a_config_error_that_says_what_to_do(embedded, first_port):
    with ExitStack() as foreigners:
        for port in range(first_port, first_port + 10):
            foreigners.enter_context(Foreigner(port))
        gateway = embedded()
        with pytest.raises(ConfigError) as caught:
            gateway.ensure()
    assert f"{first_port} to {first_port + 9}" in str(caught.value)
    assert "DASH_INTEROP_PORT" in str(caught.value)
    assert "DASH_INTEROP_GATEWAY" in str(caught.value)
    assert gateway.ensure() == f"ws://127.0.0.1:{first_port}"


def test_ports_end_with_the_last_one(embedded):
    gateway = embedded(port=65535)
    try:
        assert gateway.ensure() == "ws://127.0.0.1:65535"
    except ConfigError as error:
        assert "65535 to 65535" in str(error)


def test_processes_with_different_secrets_do_not_share(embedded, first_port):
    ours, theirs = embedded(), embedded("t" * 32)
    assert ours.ensure() == f"ws://127.0.0.1:{first_port}"
    assert theirs.ensure() == f"ws://127.0.0.1:{first_port + 1}"
    assert log_in(ours.ensure(), SECRET) == log_in(theirs.ensure(), "t" * 32) == "welcome"
    assert log_in(ours.ensure(), "t" * 32) == "error"


def test_threads_that_ask_together_get_one_gateway(embedded):
    gateway = embedded()
    urls = []
    barrier = threading.Barrier(5)

    def ask():
        barrier.wait()
        urls.append(gateway.ensure())

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(urls) == 5
    assert len(set(urls)) == 1


def test_processes_that_ask_together_get_one_gateway(first_port):
    code = (
        "from dash_interop.gateway.embedded import EmbeddedGateway;"
        f"gateway = EmbeddedGateway({first_port}); input();"
        "print(gateway.ensure(), gateway.is_host, flush=True); input()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    answers = []
    try:
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout is not None
            answers.append(process.stdout.readline().split())
    finally:
        for process in processes:
            process.communicate("\n", timeout=20)
    assert len({url for url, _ in answers}) == 1
    assert sorted(is_host for _, is_host in answers) == ["False", "False", "True"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_child_does_not_believe_it_is_the_host(embedded):
    gateway = embedded()
    url = gateway.ensure()
    pid = os.fork()
    if pid == 0:
        # The child: no thread came along, yet the parent's gateway is there to be found.
        code = 1
        try:
            code = 0 if not gateway.is_host and gateway.ensure() == url else 2
            code = code or (3 if gateway.is_host else 0)
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert gateway.is_host


def test_pages_of_other_machines_may_not_connect(embedded):

    url = embedded().ensure()
    assert log_in(url, additional_headers={"Origin": "http://localhost:8050"}) == "welcome"
    with pytest.raises(InvalidStatus, match="403"):
        log_in(url, additional_headers={"Origin": "https://evil.example"})


def test_login_without_token_needs_the_secret(embedded):
    async def scenario(url):
        with pytest.raises(AssertionError):
            async with connected(url):
                pass

    run(scenario(embedded().ensure()))


def test_shared_secret_is_the_default(first_port, runtime_directory):
    gateway = EmbeddedGateway(first_port)
    assert not list(runtime_directory.iterdir())
    secret = gateway.authority.prove("x", 1)
    assert EmbeddedGateway(first_port).authority.prove("x", 1) == secret
    assert (runtime_directory / "dash_interop" / "secret").exists()


@pytest.mark.parametrize("text", ["x", "0", "-1", "65536", "8385.0", " 8385", "ws://h:1"])
def test_malformed_port_in_the_environment_is_a_config_error(monkeypatch, text):
    monkeypatch.setenv("DASH_INTEROP_PORT", text)
    with pytest.raises(ConfigError, match="DASH_INTEROP_PORT is not a port"):
        EmbeddedGateway()


def test_first_port_comes_from_the_environment(monkeypatch, first_port):
    monkeypatch.setenv("DASH_INTEROP_PORT", str(first_port))
    gateway = EmbeddedGateway()
    try:
        assert gateway.ensure() == f"ws://127.0.0.1:{first_port}"
    finally:
        gateway.close()


class Relay:
    """A stranger's program that passes the question on to a gateway at another port."""

    def __init__(self, port, gateway_port):
        self._listener = socket.create_server(("127.0.0.1", port))
        self._gateway_port = gateway_port
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, socket.create_connection(("127.0.0.1", self._gateway_port)) as gateway:
                    gateway.sendall(client.recv(4096))
                    client.sendall(gateway.recv(4096))

    def close(self):
        self._listener.close()


def test_stranger_cannot_pass_our_proof_on_as_its_own(embedded, first_port):
    ours = embedded(port=first_port + 1)
    url = ours.ensure()
    relay = Relay(first_port, first_port + 1)
    try:
        assert embedded().ensure() == url
    finally:
        relay.close()


class Dripper:
    """A program that sends a byte at a time, and never all of an answer."""

    def __init__(self, port):
        self._listener = socket.create_server(("127.0.0.1", port))
        self._stopped = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, suppress(OSError):
                    while not self._stopped.wait(0.05):
                        client.sendall(b"H")

    def close(self):
        self._stopped.set()
        self._listener.close()


def test_answer_that_never_ends_is_waited_for_only_so_long(embedded, first_port, monkeypatch):
    monkeypatch.setattr("dash_interop.gateway.embedded.PROBE_SECONDS", 0.2)
    dripper = Dripper(first_port)
    try:
        assert embedded().ensure() == f"ws://127.0.0.1:{first_port + 1}"
    finally:
        dripper.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_child_does_not_hold_the_port(embedded, first_port):
    host = embedded()
    host.ensure()
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        theirs.sendall(b"forked")
        theirs.recv(1)
        os._exit(0)
    theirs.close()
    try:
        ours.settimeout(5)
        assert ours.recv(6) == b"forked"
        host.close()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", first_port)) != 0
        assert embedded().ensure() == f"ws://127.0.0.1:{first_port}"
    finally:
        ours.close()
        os.waitpid(child, 0)


def test_find_finds_the_host_but_hosts_nothing(embedded, first_port):
    seeker = embedded()
    assert seeker.find() is None
    assert not seeker.is_host
    host = embedded()
    url = host.ensure()
    assert url == f"ws://127.0.0.1:{first_port}"
    assert (seeker.find(), host.find()) == (url, url)
    assert embedded(secret="t" * 32).find() is None
    host.close()
    assert seeker.find() is None
