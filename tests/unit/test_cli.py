"""The command line as an installation has it, and the commands ``gateway`` and ``demo``."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect

from dash_interop import __version__
from dash_interop.gateway.auth import TokenAuthority
from dash_interop.router.principals import Principal
from tests.support.client import DEADLINE, Client, closed_with, connected, run
from tests.support.commands import MODULE, run_command, run_process
from tests.support.ports import HOST, Foreigner, free_range

SECRET = "s" * 40
SCRIPT = [str(Path(sys.executable).with_name("dash-interop"))]
WARNING = (
    "warning: --no-auth is for development: any program of this machine, and any page that it "
    "serves, can log in as anybody\n"
)


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


@contextmanager
def gateway(*arguments, command=MODULE, port="0"):
    """A running ``dash-interop gateway`` and its URL."""
    process = subprocess.Popen(
        [*command, "gateway", "--port", port, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"gateway listening on (ws://\S+:\d+)\n", line)
        assert match is not None, (line, process.stderr.read() if process.stderr else "")
        yield process, match[1]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def refusal(*arguments, run=run_command):
    """The one line that a command with bad input ends with."""
    process = run(*arguments)
    assert process.returncode == 2, process
    assert process.stdout == ""
    assert process.stderr.startswith("dash-interop: ")
    assert process.stderr.count("\n") == 1, process.stderr
    assert "Traceback" not in process.stderr
    return process.stderr


@pytest.mark.parametrize("command", [SCRIPT, MODULE], ids=["script", "module"])
def test_says_where_it_listens_once_it_does(command, secret_file):
    async def scenario(url):
        token = TokenAuthority(SECRET).issue(Principal("anna"))
        async with connect(url) as socket:
            answer = await Client(socket).hello(method="access-token", token=token)
            assert answer["resolved_identity"]["user"] == "anna"
        async with connect(url) as socket:
            assert (await Client(socket).hello(secret="wrong"))["type"] == "error"

    with gateway("--secret-file", str(secret_file), command=command) as (_, url):
        assert url.startswith("ws://127.0.0.1:")
        run(scenario(url))


def test_default_secret_is_the_one_the_users_processes_share(runtime_directory):
    async def scenario(url):
        secret = (runtime_directory / "dash_interop" / "secret").read_text()
        async with connect(url) as socket:
            assert (await Client(socket).hello(secret=secret))["type"] == "welcome"

    with gateway() as (_, url):
        run(scenario(url))


def test_no_auth_warns_and_believes_any_login_and_page_of_this_machine():
    async def scenario(url):
        async with connected(url, additional_headers={"Origin": "http://localhost:8050"}):
            pass
        for origin in ["null", "https://evil.corp", "http://192.0.2.1"]:
            with pytest.raises(Exception, match="403"):
                async with connect(url, additional_headers={"Origin": origin}):
                    pass

    with gateway("--no-auth") as (process, url):
        run(scenario(url))
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=5)
    assert errors.startswith(WARNING)
    assert errors.count("refused with 403") == 3


def test_allowed_origins_are_the_only_ones(secret_file):
    async def scenario(url):
        for origin in ["https://a.corp", "https://b.corp:8443"]:
            async with connect(url, additional_headers={"Origin": origin}) as socket:
                assert (await Client(socket).hello(secret=SECRET))["type"] == "welcome"
        with pytest.raises(Exception, match="403"):
            async with connect(url, additional_headers={"Origin": "https://evil.corp"}):
                pass

    options = ["--allow-origin", "https://a.corp", "--allow-origin", "https://b.corp:8443"]
    with gateway("--secret-file", str(secret_file), *options) as (_, url):
        run(scenario(url))


def test_max_size_is_kept(secret_file):
    async def scenario(url):
        async with connected(url) as client:
            await client.send("ping", domain="global", padding="x" * 2000)
            assert await closed_with(client.socket) == 1009

    with gateway("--no-auth", "--max-size", "1024") as (_, url):
        run(scenario(url))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_closes_connections_with_1001_and_ends_with_0(number):
    async def scenario(process, url):
        async with connected(url) as client, connect(url) as stranger:
            process.send_signal(number)
            assert await closed_with(client.socket) == 1001
            assert await closed_with(stranger) == 1001

    with gateway("--no-auth") as (process, url):
        run(scenario(process, url))
        assert process.wait(5) == 0
        assert process.stderr is not None
        assert process.stderr.read() == WARNING


async def calling(stack, url):
    """A caller and a callee with a call under way, and its invocation id."""
    callee = await stack.enter_async_context(connected(url))
    caller = await stack.enter_async_context(connected(url))
    await callee.register("Sum")
    await caller.send("call", server_id=callee.peer_id, method_id="Sum", request_id="c")
    return caller, callee, (await callee.receive("invoke"))["invocation_id"]


def test_signal_lets_the_calls_under_way_end():
    async def scenario(process, url):
        async with AsyncExitStack() as stack:
            calls = [await calling(stack, url) for _ in range(3)]
            stranger = await stack.enter_async_context(connect(url))
            process.send_signal(signal.SIGTERM)
            # Strangers hear at once that it stops.
            assert await closed_with(stranger) == 1001
            for caller, callee, invocation in calls:
                await caller.send("call", server_id=callee.peer_id, method_id="Sum")
                refused = await caller.receive("error")
                assert refused["reason"] == "The gateway is stopping: come back"
                await callee.send("yield", invocation_id=invocation, result={"sum": 42})
                assert (await caller.receive("result"))["result"] == {"sum": 42}
            for caller, _, _ in calls:
                assert await closed_with(caller.socket) == 1001

    with gateway("--no-auth", "--drain", "600") as (process, url):
        run(scenario(process, url))
        assert process.wait(DEADLINE) == 0


@pytest.mark.parametrize("numbers", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT,) * 2])
def test_second_signal_ends_it_at_once(numbers):
    async def scenario(process, url):
        async with AsyncExitStack() as stack:
            await calling(stack, url)
            stranger = await stack.enter_async_context(connect(url))
            process.send_signal(numbers[0])
            assert await closed_with(stranger) == 1001
            process.send_signal(numbers[1])
            assert await asyncio.to_thread(process.wait, DEADLINE) == 0

    with gateway("--no-auth", "--drain", "600") as (process, url):
        run(scenario(process, url))


def test_silent_connection_does_not_hold_up_the_end():
    with gateway("--no-auth", "--drain", "600") as (process, url):
        address = urlsplit(url)
        assert address.port is not None
        with socket.create_connection((address.hostname, address.port), timeout=DEADLINE):
            run(wait_until_it_answers(url))
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE) == 0


async def wait_until_it_answers(url):
    async with connected(url):
        pass


# Bad input


def test_port_that_is_taken():
    port = free_range(1)
    with Foreigner(port):
        line = refusal("gateway", "--port", str(port), run=run_process)
    assert line == f"dash-interop: cannot listen on {HOST}:{port}: the port is taken\n"


@pytest.mark.parametrize("options", [[], ["--two-processes"]], ids=["one process", "two"])
def test_port_of_the_demo_that_is_taken(options):
    port = free_range(2)
    taken = port + len(options)
    with Foreigner(taken):
        line = refusal("demo", "--no-browser", "--port", str(port), *options, run=run_process)
    assert line == (
        f"dash-interop: cannot listen on {HOST}:{taken}: the port is taken; "
        "choose another with --port\n"
    )


def test_port_of_the_second_process_of_the_demo_that_is_too_high():
    line = refusal("demo", "--port", "65535", "--two-processes", run=run_process)
    assert "cannot listen on 127.0.0.1:65536" in line


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "192.0.2.1"])
def test_host_that_is_not_ours(host):
    arguments = ["gateway", "--port", "0", "--host", host]
    assert f"cannot listen on {host}:0" in refusal(*arguments, run=run_process)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["gateway", "--nonsense"], "--nonsense"),
        (["gateway", "--port", "x"], "--port"),
        (["gateway", "--port", "65536"], "--port"),
        (["gateway", "--port", "-1"], "--port"),
        (["gateway", "--max-size", "10"], "--max-size"),
        (["gateway", "--drain", "-1"], "--drain"),
        (["gateway", "extra"], "extra"),
        (["gateway", "--log-level", "loud"], "--log-level"),
        (["nonsense"], "nonsense"),
        (["demo", "--port", "0"], "--port"),
        (["demo", "--port", "65536"], "--port"),
        (["demo", "extra"], "extra"),
        (["gateway", "--allow-origin", "app.corp"], "not an origin: 'app.corp'"),
        (["gateway", "--allow-origin", "https://app.corp/x"], "not an origin"),
        (["gateway", "--no-auth", "--secret-file", "x"], "--no-auth does not go with"),
        (["gateway", "--no-auth", "--allow-origin", "https://x"], "--no-auth does not go with"),
        (["gateway", "--no-auth", "--host", "0.0.0.0"], "--no-auth does not go with --host"),
        (["gateway", "--no-auth", "--host", "::"], "--no-auth does not go with --host"),
        (["gateway", "--no-auth", "--host", "gateway.corp"], "on this machine only"),
        (["gateway", "--secret-file", "/nowhere/secret"], "No such file or directory"),
        (["gateway", "--secret-file", "."], "Is a directory"),
        (["gateway", "--channels", "Sales"], "the channel 'Sales' needs a colour"),
        (["gateway", "--channels", "nowhere.json"], "cannot read channels from nowhere.json"),
    ],
)
def test_bad_option(arguments, words):
    assert words in refusal(*arguments)


def test_short_secret(tmp_path):
    (tmp_path / "secret").write_text("short")
    line = refusal("gateway", "--secret-file", str(tmp_path / "secret"))
    assert "too short: 32 characters at least" in line


def test_shared_secret_that_others_can_read(runtime_directory):
    (runtime_directory / "dash_interop").mkdir()
    path = runtime_directory / "dash_interop" / "secret"
    path.write_text(SECRET)
    path.chmod(0o644)
    assert "0600" in refusal("gateway")


def test_missing_runtime_directory_is_not_mentioned(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with gateway("--no-auth") as (process, _):
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=5)
    assert errors == WARNING


# Help


def test_help_has_examples():
    for option in ("--help", "-h"):
        process = run_command("gateway", option)
        assert process.returncode == 0
        assert "  Examples:\n    dash-interop gateway --no-auth\n" in process.stdout
        assert "--allow-origin ORIGIN" in process.stdout


def test_help_of_the_demo_has_its_default_port():
    process = run_command("demo", "--help")
    assert process.returncode == 0
    assert "  Examples:\n    dash-interop demo\n" in process.stdout
    assert "[default: 8050;" in process.stdout


def test_version_is_that_of_the_package():
    process = run_command("--version")
    assert process.returncode == 0
    assert __version__ in process.stdout


# The log of the gateway


@pytest.mark.parametrize(
    "level, lines", [("error", 0), ("warning", 1), ("INFO", 4)], ids=["error", "warning", "info"]
)
def test_log_has_time_address_and_reason_from_its_level_on(level, lines, secret_file):
    async def scenario(url):
        async with connect(url) as socket:
            assert (await Client(socket).hello(secret="wrong"))["type"] == "error"
        async with connect(url) as socket:
            assert (await Client(socket).hello(secret=SECRET))["type"] == "welcome"

    with gateway("--secret-file", str(secret_file), "--log-level", level) as (process, url):
        run(scenario(url))
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=5)
    assert len(errors.splitlines()) == lines, errors
    if lines:
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING 127\.0\.0\.1: "
            r"refused a login as 'anna': Wrong secret",
            errors.splitlines()[0],
        )
    assert SECRET not in errors


def test_nothing_of_what_is_sent_is_in_the_log_at_any_level(secret_file):
    async def scenario(url):
        async with connect(url) as socket:
            assert (await Client(socket).hello(secret=SECRET))["type"] == "welcome"

    with gateway("--secret-file", str(secret_file), "--log-level", "debug") as (process, url):
        run(scenario(url))
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=5)
    assert "'anna'" in errors
    assert SECRET not in errors
