"""The gateway that the processes of one user share."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dash_interop.errors import ConfigError
from dash_interop.gateway import background
from dash_interop.gateway.auth import TokenAuthority, runtime_secret
from dash_interop.gateway.embedded import EmbeddedGateway, _is_newer
from dash_interop.gateway.order import RUNS, Order
from dash_interop.gateway.place import Place
from dash_interop.gateway.probing import ask_to_end
from dash_interop.router.principals import Principal
from tests.support.client import Client, closed_with, connected, run
from tests.support.embedded import Asker, end_shared_gateways, gateways_of, is_running, wait_until
from tests.support.ports import Foreigner, free_range

HTTP = b"HTTP/1.1 %s\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
AS = ["process", "thread"]


@pytest.fixture
def first_port(monkeypatch):
    port = free_range()
    monkeypatch.setenv("DASH_INTEROP_PORT", str(port))
    return port


@pytest.fixture(autouse=True)
def embedded(first_port, runtime_directory, monkeypatch):
    """Makes what a process asks for its gateway; all gateways are gone afterwards."""
    monkeypatch.delenv("DASH_INTEROP_EMBEDDED")
    with ExitStack() as stack:

        def make(secret=None, port=None):
            gateway = EmbeddedGateway(port, secret)
            stack.callback(gateway.close)
            return gateway

        yield make
    end_shared_gateways(runtime_directory)


@pytest.fixture
def only(runtime_directory):
    """The process that is the gateway; there is exactly one."""

    def find():
        [process] = gateways_of(runtime_directory)
        return process

    return find


@pytest.fixture
def askers():
    """Makes processes that ask."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Asker(**options))


def url_at(port):
    return f"ws://127.0.0.1:{port}"


def log_in(url, secret=None, **options):
    """Log in with a token as pages do; returns the answer."""

    async def scenario():
        token = TokenAuthority(secret or runtime_secret()).issue(Principal("anna"))
        async with connect(url, **options) as socket:
            return (await Client(socket).hello(method="access-token", token=token))["type"]

    return run(scenario())


def stop(process):
    """As by Ctrl-Z; it takes effect a little later."""
    os.kill(process, signal.SIGSTOP)
    wait_until(lambda: background.is_stopped(process), "the process is stopped")


# Who is the gateway -----------------------------------------------------------------------------


def test_nothing_runs_before_somebody_asks(embedded, runtime_directory):
    embedded()
    assert list(runtime_directory.iterdir()) == []
    assert embedded().find() is None
    assert gateways_of(runtime_directory) == []


def test_first_to_ask_starts_a_process_on_the_first_port(embedded, first_port, only):
    threads = threading.active_count()
    gateway = embedded()
    assert gateway.ensure() == url_at(first_port)
    assert gateway.ensure() == gateway.find() == embedded().find() == url_at(first_port)
    assert log_in(url_at(first_port)) == "welcome"
    assert only() != os.getpid()
    assert threading.active_count() == threads
    # It is nobody's child, so that nobody has to collect it.
    assert psutil.Process(only()) not in psutil.Process().children(recursive=True)


def test_it_outlives_who_started_it(embedded, first_port, only):
    with Asker() as asker:
        assert asker.ask() == url_at(first_port)
        gateway = only()
        os.kill(asker.pid, signal.SIGKILL)
    assert embedded().ensure() == url_at(first_port)
    assert only() == gateway
    assert log_in(url_at(first_port)) == "welcome"


def test_ctrl_c_at_the_terminal_of_who_started_it_does_not_reach_it(askers, first_port, only):
    asker = askers(before="import os, signal; os.setsid(); signal.signal(2, lambda *_: None)")
    asker.ask()
    gateway = only()
    os.killpg(asker.pid, signal.SIGINT)
    os.kill(gateway, signal.SIGINT)
    os.kill(gateway, signal.SIGHUP)
    assert asker.ask() == url_at(first_port)
    assert log_in(url_at(first_port)) == "welcome"
    assert only() == gateway


def test_it_takes_nothing_else_over_from_who_started_it(askers, tmp_path, only):
    before = """if True:
        import os, signal
        os.chdir({folder!r})
        os.environ["APP_PASSWORD"] = "secret"
        os.environ["PYTHONINSPECT"] = "1"
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        kept = os.open({file!r}, os.O_RDWR | os.O_CREAT)
        os.set_inheritable(kept, True)
    """
    asker = askers(before=before.format(folder=str(tmp_path), file=str(tmp_path / "kept")))
    # A module of the app that is called as one of Python's.
    (tmp_path / "asyncio.py").write_text("raise RuntimeError('of the app')")
    url = asker.ask()
    assert log_in(url) == "welcome"
    gateway = psutil.Process(only())
    assert "APP_PASSWORD" not in gateway.environ()
    assert "DASH_INTEROP_PORT" not in gateway.environ()
    assert not Path(gateway.cwd()).is_relative_to(tmp_path)
    assert str(tmp_path / "kept") not in {file.path for file in gateway.open_files()}
    assert all(runtime_secret() not in word for word in gateway.cmdline())
    gateway.terminate()
    wait_until(lambda: not is_running(gateway.pid), "the gateway has ended")


@pytest.mark.parametrize("path", ["dash", "dash_interop.cli", "click", "dash_interop.client"])
def test_it_loads_nothing_that_a_gateway_does_not_need(path):
    code = "import dash_interop.gateway.__main__, dash_interop.gateway.hosting, sys; "
    command = [sys.executable, "-c", f"{code} print({path!r} in sys.modules)"]
    assert subprocess.check_output(command, text=True) == "False\n"


def test_it_has_the_channels_of_who_started_it(askers, tmp_path, monkeypatch):
    (tmp_path / "channels.json").write_text(json.dumps({"Sales": "navy"}))
    monkeypatch.setenv("DASH_INTEROP_CHANNELS", "channels.json")
    asker = askers(before=f"import os; os.chdir({str(tmp_path)!r})")
    url = asker.ask()

    async def scenario():
        token = TokenAuthority(runtime_secret()).issue(Principal("anna"))
        async with connect(url) as socket:
            client = Client(socket)
            await client.hello(method="access-token", token=token)
            await client.send("join", domain="global", destination="context")
            return (await client.receive("context-added"))["name"]

    assert run(scenario()) == "___channel___Sales"


def test_channels_that_cannot_be_read_are_a_config_error(embedded, monkeypatch, only):
    monkeypatch.setenv("DASH_INTEROP_CHANNELS", "Sales")
    with pytest.raises(ConfigError, match="needs a colour"):
        embedded().ensure()


def test_processes_that_ask_together_get_one_gateway(askers, only):
    asking = [askers() for _ in range(8)]
    before = None
    for _ in range(2):
        for asker in asking:
            asker.begin()
        assert len({asker.answer() for asker in asking}) == 1
        gateway = only()
        assert gateway != before
        os.kill(gateway, signal.SIGKILL)
        before = gateway


def test_threads_that_ask_together_get_one_gateway(embedded, only):
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
    assert only()


@pytest.mark.parametrize("started_as", AS)
def test_there_is_never_a_second_one_beside_one_that_is_busy(
    askers, monkeypatch, started_as, runtime_directory
):
    """A process that keeps the lock of Python's interpreter: its threads stand still, as here."""
    monkeypatch.setenv("DASH_INTEROP_EMBEDDED", started_as)
    host = askers()
    url = host.ask()
    [gateway] = gateways_of(runtime_directory)
    stop(host.pid)
    try:
        other = EmbeddedGateway()
        if started_as == "process":
            assert other.ensure() == url
        else:
            with monkeypatch.context() as hurried:
                hurried.setattr("dash_interop.gateway.embedded.SILENT_SECONDS", 0.5)
                for ask in (other.ensure, other.find):
                    with pytest.raises(ConfigError, match=f"process {host.pid}, does not answer"):
                        ask()
        assert gateways_of(runtime_directory) == [gateway]
        assert gateway == host.pid or started_as == "process"
    finally:
        os.kill(host.pid, signal.SIGCONT)
    assert EmbeddedGateway().ensure() == url


def test_a_process_under_gevent_starts_it_again_and_again(askers, only):
    asker = askers(before="from gevent import monkey; monkey.patch_all()")
    for _ in range(3):
        url = asker.ask()
        assert log_in(url) == "welcome"
        os.kill(only(), signal.SIGKILL)


# When it is gone, or does not answer ------------------------------------------------------------


def test_one_that_was_killed_is_replaced_on_the_same_port(embedded, first_port, only):
    gateway = embedded()
    with Foreigner(first_port):
        url = gateway.ensure()
        assert url == url_at(first_port + 1)
    before = only()
    os.kill(before, signal.SIGKILL)
    assert embedded().ensure() == gateway.ensure() == url
    assert only() != before
    assert log_in(url) == "welcome"


def test_one_that_was_stopped_is_replaced_and_its_clients_hear_of_it(embedded, only):
    async def scenario(gateway):
        async with connect(gateway.ensure()) as socket:
            before = only()
            stop(before)
            started = time.monotonic()
            await asyncio.to_thread(gateway.ensure)
            record = time.monotonic() - started
            assert only() != before
            assert not is_running(before)
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        return record

    seconds = run(scenario(embedded()))
    print(f"replaced after {seconds:.2f} s")  # noqa: T201


def test_one_that_hangs_is_replaced_later(embedded, only, monkeypatch):
    monkeypatch.setattr("dash_interop.gateway.embedded.SILENT_SECONDS", 0.3)
    # As it does not look stopped, it may be busy.
    monkeypatch.setattr("dash_interop.gateway.embedded.is_stopped", lambda process: False)
    gateway = embedded()
    gateway.ensure()
    before = only()
    stop(before)
    gateway.ensure()
    assert only() != before


def test_one_that_is_slow_to_answer_is_waited_for(embedded, only, monkeypatch):
    monkeypatch.setattr("dash_interop.gateway.embedded.is_stopped", lambda process: False)
    gateway = embedded()
    url = gateway.ensure()
    before = only()
    stop(before)
    threading.Timer(0.3, os.kill, (before, signal.SIGCONT)).start()
    assert gateway.ensure() == url
    assert only() == before


def test_who_was_stopped_itself_does_not_take_the_gateway_for_hung(askers, embedded, only):
    before = "embedded.SILENT_SECONDS = 2; embedded.is_stopped = lambda process: False"
    asker = askers(before=f"from dash_interop.gateway import embedded; {before}")
    url = asker.ask()
    gateway = only()
    stop(gateway)
    asker.begin()
    stop(asker.pid)
    time.sleep(2.5)  # What is tested is that this time does not count.
    os.kill(gateway, signal.SIGCONT)
    os.kill(asker.pid, signal.SIGCONT)
    assert asker.answer() == url
    assert only() == gateway


def test_process_that_is_not_the_gateway_any_more_is_not_killed(embedded, runtime_directory, only):
    gateway = embedded()
    gateway.ensure()
    place = place_of(gateway)
    holder = place.holder()
    os.kill(only(), signal.SIGKILL)
    wait_until(lambda: place.holder() is None, "the gateway has ended")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        # The process id of the gateway has become that of another program.
        assert background.end(other.pid, holder, place)
        other.communicate(b"go on")
    assert other.returncode == 0


def place_of(gateway):
    return gateway._place


def test_one_whose_lock_was_removed_ends_and_leaves_the_place_to_another(
    embedded, runtime_directory, only
):
    gateway = embedded()
    gateway.ensure()
    before = only()
    [lock] = runtime_directory.glob("**/*.lock")
    lock.unlink()
    wait_until(lambda: not is_running(before), "the gateway has ended")
    gateway.ensure()
    assert only() != before


def test_it_ends_by_sigterm_and_tells_its_clients(embedded, only):
    async def scenario(gateway):
        async with connect(gateway.ensure()) as socket:
            os.kill(only(), signal.SIGTERM)
            assert await closed_with(socket) == 1001

    run(scenario(embedded()))


def test_calls_under_way_end_at_the_one_that_was_asked_to_while_another_takes_over(
    embedded, only, first_port
):
    async def client(stack, url):
        token = TokenAuthority(runtime_secret()).issue(Principal("anna"))
        client = Client(await stack.enter_async_context(connect(url)))
        assert (await client.hello(method="access-token", token=token))["type"] == "welcome"
        await client.join()
        return client

    async def scenario(gateway):
        async with AsyncExitStack() as stack:
            url = await asyncio.to_thread(gateway.ensure)
            callee, caller = [await client(stack, url) for _ in range(2)]
            stranger = await stack.enter_async_context(connect(url))
            await callee.register("Sum")
            await caller.send("call", server_id=callee.peer_id, method_id="Sum", request_id="c")
            invocation = (await callee.receive("invoke"))["invocation_id"]
            before = only()
            os.kill(before, signal.SIGTERM)
            assert await closed_with(stranger) == 1001
            assert await asyncio.to_thread(gateway.ensure) == url_at(first_port) == url
            assert is_running(before)
            await callee.send("yield", invocation_id=invocation, result={"sum": 1})
            assert (await caller.receive("result"))["result"] == {"sum": 1}
            assert await closed_with(caller.socket) == 1001

    run(scenario(embedded()))


def test_it_ends_some_time_after_its_last_connection(runtime_directory, first_port, only):
    secret = runtime_secret()
    place = Place(runtime_directory / "dash_interop", first_port, secret)
    order = Order(str(place.directory), first_port, 1, secret, [], 5.0, 0.5)
    assert background.start(order, place, 20.0) == RUNS
    gateway = only()

    async def scenario():
        async with connect(url_at(first_port)):
            await asyncio.sleep(1.5)  # Longer than it goes on without a connection.
            assert is_running(gateway)

    run(scenario())
    wait_until(lambda: not is_running(gateway), "the gateway has ended", 4)
    assert "stopped" in place.log.read_text()


def test_it_gives_the_first_connection_time_to_come(runtime_directory, first_port, only):
    secret = runtime_secret()
    place = Place(runtime_directory / "dash_interop", first_port, secret)
    order = Order(str(place.directory), first_port, 1, secret, [], 0.5, 60.0)
    assert background.start(order, place, 20.0) == RUNS
    gateway = only()
    wait_until(lambda: not is_running(gateway), "the gateway has ended")


# Ports and secrets ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "says", [b"", b"220 mail\r\n", HTTP % b"200 OK", HTTP % b"404 Not Found", b"\xff" * 500]
)
def test_port_of_a_foreign_program_is_passed_over_by_all(in_a_thread, first_port, says):
    embedded = in_a_thread
    with Foreigner(first_port, says):
        assert embedded().ensure() == embedded().ensure() == url_at(first_port + 1)
    assert embedded().ensure() == url_at(first_port + 1)


class Silent:
    """A program that takes connections, and says nothing. It counts them."""

    def __init__(self, port):
        self._listener = socket.create_server(("127.0.0.1", port))
        self.visitors = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with suppress(OSError):
            while True:
                self.visitors.append(self._listener.accept()[0])

    def close(self):
        self._listener.close()
        for visitor in self.visitors:
            visitor.close()


def test_silent_programs_on_the_first_ports_are_asked_nothing(embedded, first_port):
    silent = [Silent(first_port + number) for number in range(3)]
    try:
        gateway = embedded()
        assert {gateway.ensure() for _ in range(5)} == {url_at(first_port + 3)}
        assert embedded().find() == url_at(first_port + 3)
        assert [each.visitors for each in silent] == [[], [], []]
        assert gateway.strangers() == [first_port, first_port + 1, first_port + 2]
    finally:
        for each in silent:
            each.close()


@pytest.mark.parametrize("started_as", AS)
def test_all_ports_foreign_is_a_config_error_that_says_what_to_do(
    embedded, first_port, started_as, monkeypatch
):
    monkeypatch.setenv("DASH_INTEROP_EMBEDDED", started_as)
    with ExitStack() as foreigners:
        for port in range(first_port, first_port + 10):
            foreigners.enter_context(Foreigner(port))
        gateway = embedded()
        with pytest.raises(ConfigError) as caught:
            gateway.ensure()
    assert f"{first_port} to {first_port + 9}" in str(caught.value)
    assert "DASH_INTEROP_PORT" in str(caught.value)
    assert "DASH_INTEROP_GATEWAY" in str(caught.value)
    assert gateway.ensure() == url_at(first_port)


def test_ports_end_with_the_last_one(embedded):
    gateway = embedded(port=65535)
    try:
        assert gateway.ensure() == url_at(65535)
    except ConfigError as error:
        assert "65535 to 65535" in str(error)


def test_each_first_port_has_a_gateway_of_its_own(embedded, first_port, runtime_directory):
    assert embedded().ensure() == url_at(first_port)
    assert embedded(port=first_port + 1).ensure() == url_at(first_port + 1)
    # Although that of the other one is among its ports.
    assert embedded(port=first_port - 1).ensure() == url_at(first_port - 1)
    assert len(gateways_of(runtime_directory)) == 3


def test_each_secret_has_a_gateway_of_its_own(embedded, first_port):
    ours, theirs = embedded(), embedded("t" * 32)
    assert ours.ensure() == url_at(first_port)
    assert theirs.find() is None
    assert theirs.ensure() == url_at(first_port + 1)
    assert log_in(ours.ensure()) == log_in(theirs.ensure(), "t" * 32) == "welcome"
    assert log_in(ours.ensure(), "t" * 32) == "error"


def test_program_that_took_the_port_over_gets_no_token(embedded, first_port, only):
    """A relay would pass our question on to the gateway, whose proof is for another port."""
    gateway = embedded()
    gateway.ensure()
    os.kill(only(), signal.SIGKILL)
    wait_until(lambda: place_of(gateway).holder() is None, "the gateway is gone")
    with Foreigner(first_port):
        assert gateway.ensure() == url_at(first_port + 1)


def test_shared_secret_is_the_default(first_port, runtime_directory):
    gateway = EmbeddedGateway(first_port)
    assert not list(runtime_directory.iterdir())
    secret = gateway.authority.prove("x", 1)
    assert EmbeddedGateway(first_port).authority.prove("x", 1) == secret
    assert (runtime_directory / "dash_interop" / "secret").exists()


def test_others_may_not_read_what_is_said_of_it(embedded, runtime_directory):
    embedded().ensure()
    for path in (runtime_directory / "dash_interop").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("text", ["x", "0", "-1", "65536", "8385.0", " 8385", "ws://h:1"])
def test_malformed_port_in_the_environment_is_a_config_error(monkeypatch, text):
    monkeypatch.setenv("DASH_INTEROP_PORT", text)
    with pytest.raises(ConfigError, match="DASH_INTEROP_PORT is not a port"):
        EmbeddedGateway()


def test_runtime_directory_that_cannot_be_used_is_a_config_error(runtime_directory, embedded):
    (runtime_directory / "dash_interop").write_text("a file")
    with pytest.raises(ConfigError, match="dash_interop"):
        embedded().ensure()


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


# Versions ---------------------------------------------------------------------------------------


def say(gateway, **changed):
    """Have the gateway's state say something else of it."""
    place = place_of(gateway)
    place.tell(place.state()._replace(**changed))


def test_older_one_makes_room_for_that_of_a_newer_version(embedded, only):
    async def scenario(gateway):
        async with connect(gateway.ensure()) as socket:
            before = only()
            say(gateway, version="0.0.9")
            assert embedded().find() == gateway.find()
            assert only() == before
            await asyncio.to_thread(gateway.ensure)
            assert await closed_with(socket) == 1001
            assert only() != before

    run(scenario(embedded()))


def test_one_that_is_about_to_end_is_not_used_any_more(first_port):
    """It does not answer a second question to end; no more does a program that hangs up."""
    authority = TokenAuthority("s" * 32)
    with Foreigner(first_port, HTTP % b"404 Not Found"):
        assert ask_to_end(first_port, authority, "x", 5.0) is False
    with Foreigner(first_port, b""):
        assert ask_to_end(first_port, authority, "x", 5.0) is True
    assert ask_to_end(first_port, authority, "x", 5.0) is True


def test_newer_one_is_used_as_long_as_the_protocol_fits(embedded, only):
    gateway = embedded()
    url = gateway.ensure()
    before = only()
    say(gateway, version="99.0.0", protocol=7)
    assert gateway.ensure() == gateway.find() == url
    say(gateway, version="99.0.0", protocol=7, oldest_protocol=6)
    for ask in (gateway.ensure, gateway.find):
        with pytest.raises(ConfigError, match=rf"process {before}, is of dash_interop 99\.0\.0"):
            ask()
    assert only() == before


@pytest.mark.parametrize("query", ["", "?proof=x", "?proof=%ff", "?proof=a&proof=b"])
def test_it_does_not_end_for_strangers(embedded, only, query):
    url = embedded().ensure()
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(
            f"GET /_dash-interop/gateway/end{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        )
        assert stranger.recv(1000).startswith(b"HTTP/1.1 404")
    assert log_in(url) == "welcome"


@pytest.mark.parametrize(
    "ours, theirs, is_newer",
    [
        ("0.2.0", "0.1.9", True),
        ("0.10.0", "0.9.0", True),
        ("1.0", "1.0rc1", True),
        ("1.0rc1", "1.0", False),
        ("0.1.0", "0.1.0", False),
        ("0.1.0", "0.2.0", False),
        ("1.0", "what is this", True),
    ],
)
def test_which_version_is_newer(ours, theirs, is_newer):
    assert _is_newer(ours, theirs) is is_newer


# Where it cannot be a process -------------------------------------------------------------------


@pytest.mark.parametrize(
    "executable, frozen",
    [("", False), ("/usr/sbin/uwsgi", False), ("/nowhere/python3", False), (sys.executable, True)],
)
def test_where_no_process_can_be_started_it_is_a_thread_and_the_log_says_so_once(
    embedded, first_port, monkeypatch, caplog, executable, frozen
):
    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    gateway = embedded()
    assert gateway.ensure() == embedded().ensure() == url_at(first_port)
    assert log_in(url_at(first_port)) == "welcome"
    gateway.close()
    assert gateway.find() is None
    assert gateway.ensure() == url_at(first_port)
    said = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(said) == 1
    assert said[0].startswith("the gateway of this machine cannot be a process of its own: ")


def test_python_that_cannot_run_it_is_said_with_the_log(embedded, monkeypatch, tmp_path, caplog):
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    gateway = embedded()
    assert log_in(gateway.ensure()) == "welcome"
    log = place_of(gateway).log
    assert f"it ended with 1, {log} may say why" in caplog.text
    assert log.read_text().startswith("broken")


@pytest.fixture
def in_a_thread(embedded, monkeypatch):
    monkeypatch.setenv("DASH_INTEROP_EMBEDDED", "thread")
    return embedded


def test_setting_makes_it_a_thread(in_a_thread, first_port, askers, only):
    gateway = in_a_thread()
    url = gateway.ensure()
    # Its lock cannot be looked at from its own process.
    asker = askers()
    assert asker.ask() == url == url_at(first_port)
    assert is_running(asker.pid)
    assert gateway.find() == in_a_thread().ensure() == url
    gateway.close()
    assert asker.ask() == url
    assert only() == asker.pid


def test_setting_that_is_neither_is_a_config_error(embedded, monkeypatch):
    monkeypatch.setenv("DASH_INTEROP_EMBEDDED", "yes")
    with pytest.raises(ConfigError, match="DASH_INTEROP_EMBEDDED is neither process nor thread"):
        embedded().ensure()


def test_app_with_it_is_not_killed_for_being_newer_or_silent(in_a_thread, askers, only):
    asker = askers()
    url = asker.ask()
    gateway = in_a_thread()
    say(gateway, version="0.0.1")
    assert gateway.ensure() == url
    assert only() == asker.pid


def test_closing_the_thread_tells_its_clients(in_a_thread):
    async def scenario(gateway):
        async with connect(gateway.ensure()) as socket:
            await asyncio.to_thread(gateway.close)
            assert await closed_with(socket) == 1001

    run(scenario(in_a_thread()))


def test_closing_twice_or_where_it_is_elsewhere_does_nothing(embedded, only):
    gateway = embedded()
    gateway.close()
    url = gateway.ensure()
    gateway.close()
    gateway.close()
    assert gateway.find() == url


# Forks ------------------------------------------------------------------------------------------


def in_a_child(do):
    """Do it in a forked child; its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = do()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("started_as", AS)
def test_forked_child_finds_the_gateway_of_its_parent(embedded, started_as, monkeypatch):
    monkeypatch.setenv("DASH_INTEROP_EMBEDDED", started_as)
    gateway = embedded()
    url = gateway.ensure()
    assert in_a_child(lambda: 0 if gateway.ensure() == url else 2) == 0
    assert log_in(url) == "welcome"


def test_gateway_that_a_forked_child_has_started_stays(embedded, only):
    gateway = embedded()
    assert in_a_child(lambda: 0 if gateway.ensure() else 2) == 0
    before = only()
    assert log_in(gateway.ensure()) == "welcome"
    assert only() == before


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_child_does_not_hold_the_port_of_a_thread(in_a_thread, first_port):
    host = in_a_thread()
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
        assert in_a_thread().ensure() == url_at(first_port)
    finally:
        ours.close()
        os.waitpid(child, 0)
