"""How commands find a gateway and log in, and how they say that they cannot."""

import pytest

from dash_interop.cli.connecting import tell_outages
from dash_interop.client.sync import connect
from dash_interop.gateway.auth import TokenAuthority
from dash_interop.gateway.embedded import EmbeddedGateway
from dash_interop.router.principals import Principal
from tests.support.commands import run_command, run_process
from tests.support.gateways import ours
from tests.support.ports import Foreigner, free_range
from tests.unit.cli.conftest import SECRET

NO_GATEWAY = (
    "dash-interop: no gateway of yours runs on this machine: open a page of a Dash app, start one "
    "with `dash-interop gateway`, or name one with --url\n"
)


def refusal(*arguments, run=run_command, **environment):
    """The one line that a command ends with that does not come to act."""
    process = run(*arguments, **environment)
    assert process.returncode == 2, process
    assert process.stdout == ""
    assert process.stderr.startswith("dash-interop: ")
    assert process.stderr.count("\n") == 1, process.stderr
    return process.stderr


@pytest.fixture
def offering(guarded, secret_file):
    """A peer of anna's, with a method."""
    settings = {"user": "anna", "secret_file": secret_file, "application": "Calculator"}
    with connect(guarded.url, **settings) as peer:
        peer.register("Sum", lambda a, b: {"sum": a + b})
        yield peer


# The gateway of this machine


def test_no_gateway_is_said_at_once_and_none_is_started():
    port = free_range()
    for command in (
        ["methods"],
        ["servers"],
        ["peers"],
        ["watch"],
        ["invoke", "Sum"],
        ["subscribe", "Sum"],
        ["offer", "Sum", "--exec", "cat"],
        ["publish", "Sum"],
    ):
        assert refusal(*command, DASH_INTEROP_PORT=str(port)) == NO_GATEWAY


def test_program_of_somebody_else_is_no_gateway():
    port = free_range()
    with Foreigner(port):
        assert refusal("methods", DASH_INTEROP_PORT=str(port)) == NO_GATEWAY


def test_shared_gateway_is_found(monkeypatch):
    port = str(free_range())
    monkeypatch.setenv("DASH_INTEROP_PORT", port)
    embedded = EmbeddedGateway()
    try:
        with connect(embedded.ensure(), application="Calculator", user="anna") as peer:
            peer.register("Sum", lambda: {})
            assert "Sum" in run_command("methods").stdout
            assert "Sum" in run_command("methods", "--user", "anna").stdout
            assert run_command("methods", "--user", "bob").stdout == ""
    finally:
        embedded.close()


def test_shared_gateway_with_a_secret_of_its_own_is_found(secret_file):
    port = str(free_range(1))
    with (
        ours("--port", port, secret_file=secret_file),
        connect(f"ws://127.0.0.1:{port}", secret_file=secret_file) as peer,
    ):
        peer.register("Sum", lambda: {})
        assert refusal("methods", DASH_INTEROP_PORT=port) == NO_GATEWAY
        option = ["--secret-file", str(secret_file)]
        assert "Sum" in run_command("methods", *option, DASH_INTEROP_PORT=port).stdout
        variable = {"DASH_INTEROP_SECRET_FILE": str(secret_file)}
        assert "Sum" in run_command("methods", DASH_INTEROP_PORT=port, **variable).stdout


# A gateway that is named


def test_environment_names_the_gateway(guarded, offering, secret_file):
    process = run_command(
        "methods",
        DASH_INTEROP_GATEWAY=guarded.url,
        DASH_INTEROP_SECRET_FILE=str(secret_file),
    )
    assert "Sum" in process.stdout


def test_token_of_somebody_is_believed(guarded, offering):
    token = TokenAuthority(SECRET).issue(Principal("anna"))
    assert "Sum" in run_command("methods", "--url", guarded.url, "--token", token).stdout


@pytest.mark.parametrize(
    "login, words",
    [
        (["--token", "nonsense"], "The token was not made with this gateway's secret"),
        (["--login", "anna"], "secret"),
        ([], "The token was not made with this gateway's secret"),
    ],
)
def test_refused_login(guarded, login, words):
    assert words in refusal("invoke", "Sum", "--url", guarded.url, *login)


def test_nobody_listens():
    url = f"ws://127.0.0.1:{free_range(1)}"
    assert refusal("methods", "--url", url, "--connect-timeout", "0.2") == (
        f"dash-interop: cannot connect to {url}: nobody listens there (tried for 0.2 s)\n"
    )


def test_something_else_listens():
    port = free_range(1)
    with Foreigner(port):
        url = f"ws://127.0.0.1:{port}"
        line = refusal("methods", "--url", url, "--connect-timeout", "0.5")
    assert line.startswith(f"dash-interop: cannot connect to {url}: ")


class Leaving:
    """A client that closes by itself, as at the end of a command."""

    connection_error = None

    def on_state_changed(self, listener):
        listener("disconnected")


def test_leaving_is_no_outage(capsys):
    tell_outages(Leaving())  # pyright: ignore[reportArgumentType]
    assert capsys.readouterr().err == ""


# Bad input


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["methods", "--nonsense"], "--nonsense"),
        (["methods", "a", "b"], "unexpected extra argument"),
        (["methods", ""], "1 to 256 characters"),
        (["servers", "x" * 257], "1 to 256 characters"),
        (["methods", "--url", "nonsense"], "not the URL of a gateway: 'nonsense'"),
        (["methods", "--user", "a", "--login", "b"], "give one of user and login, not both"),
        (["methods", "--user", ""], "user is empty"),
        (["methods", "--user", "\udcff"], "it is not UTF-8"),
        (["methods", "--secret-file", "/nowhere/secret"], "No such file or directory"),
        (["methods", "--connect-timeout", "0"], "--connect-timeout"),
        (["methods", "--connect-timeout", "inf"], "--connect-timeout"),
        (["invoke"], "Missing argument 'NAME'"),
        (["invoke", "\udcff"], "it is not UTF-8"),
        (["invoke", "Sum", "37"], "37: expected key=text, key:=json, a JSON object, @file or -"),
        (["subscribe", "Sum", "a:=x"], "a:=x: JSON is malformed"),
        (["invoke", "Sum", "@nowhere"], "@nowhere: cannot read the file: No such file"),
        (["invoke", "Sum", "[1]"], "it is not a JSON object"),
        (["invoke", "Sum", "{"], "truncated"),
        (["invoke", "Sum", "{'a': 1}"], "object keys must be strings"),
        (["invoke", "Sum", '{"\udcff": 1}'], "invalid start byte"),
        (["invoke", "Sum", "a=\udcff"], "it is not UTF-8"),
        (["invoke", "Sum", '{"a":' * 100_000], "it is nested too deeply"),
        (["invoke", "Sum", "--target", "everybody"], "Unknown target 'everybody'"),
        (["invoke", "Sum", "--target", "[]"], "the target is an empty list"),
        (["invoke", "Sum", "--target", "[1]"], "Unknown target [1]"),
        (["invoke", "Sum", "--target", "{"], "truncated"),
        (
            ["invoke", "Sum", "--target", '{"user": {"regex": "("}}'],
            "not a valid regular expression",
        ),
        (["invoke", "Sum", "--wait", "nan"], "nan is not a number of seconds"),
        (["invoke", "Sum", "--wait", "-1"], "--wait"),
        (["invoke", "Sum", "--timeout", "0"], "--timeout"),
        (["subscribe", "Ticks", "--count", "0"], "--count"),
    ],
)
def test_bad_input(gateway, arguments, words):
    line = refusal(*arguments, DASH_INTEROP_GATEWAY=gateway.url)
    assert words in line


def test_bytes_that_are_not_utf_8():
    line = refusal("invoke", "Sum", b"a=\xff", run=run_process)
    assert line.endswith(": a=\\udcff: it is not UTF-8\n")


@pytest.mark.parametrize(
    "name",
    ["methods", "servers", "invoke", "subscribe", "watch", "status", "peers", "offer", "publish"],
)
def test_help_has_examples(name):
    process = run_command(name, "--help")
    assert process.returncode == 0
    examples = process.stdout.partition("  Examples:\n")[2].partition("\n\n")[0]
    assert f"dash-interop {name}" in examples


def test_help_has_the_exit_codes():
    assert "Exit codes:\n    0 " in run_command("--help").stdout
