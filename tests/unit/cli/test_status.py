"""``dash-interop status``: each thing that may be wrong is a line that says what."""

import json
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from importlib.metadata import version

import pytest

from dash_interop.cli.status import _clock
from dash_interop.client.sync import connect
from dash_interop.gateway.auth import TokenAuthority
from dash_interop.router.principals import Principal
from tests.support.commands import run_command
from tests.support.gateways import ours, published
from tests.support.ports import Foreigner, free_range
from tests.unit.cli.conftest import SECRET

VERSION = version("dash_interop")


def status(*options, **environment):
    """The exit code, and each line as what it says of a check."""
    process = run_command("status", *options, **environment)
    assert process.stderr == ""
    titles, *rows = [line.split("\t") for line in process.stdout.splitlines()]
    assert titles == ["check", "state", "detail"]
    return process.returncode, {check: (state, detail) for check, state, detail in rows}


def test_all_is_well(alone, secret_file):
    with connect(alone.url, user="anna", secret_file=secret_file, application="Desk"):
        code, lines = status("--url", alone.url, "--secret-file", str(secret_file))
    assert code == 0
    assert list(lines) == ["gateway", "login", "clock", "version", "peers", "contexts"]
    assert lines["gateway"] == ("ok", f"{alone.url}, named by --url")
    assert lines["login"] == (
        "ok", f"as a service, with the secret in {secret_file}, named by --secret-file"
    )  # fmt: skip
    assert lines["clock"][0] == "ok"
    assert lines["version"] == ("ok", VERSION)
    assert lines["peers"] == ("ok", "1 connected: Desk (anna@127.0.0.1)")
    assert lines["contexts"] == ("ok", "0 contexts, 8 channels")


def test_environment_is_named_where_it_decides(alone, secret_file):
    variables = {
        "DASH_INTEROP_GATEWAY": alone.url,
        "DASH_INTEROP_SECRET_FILE": str(secret_file),
    }
    code, lines = status("--user", "anna", **variables)
    assert code == 0
    assert lines["gateway"][1] == f"{alone.url}, named by DASH_INTEROP_GATEWAY"
    assert lines["login"][1].startswith("as anna, with the secret in ")
    assert lines["login"][1].endswith("named by DASH_INTEROP_SECRET_FILE")
    assert lines["peers"] == ("ok", "nobody else is connected")


def test_json_has_it_all(alone, secret_file):
    with connect(alone.url, user="anna", secret_file=secret_file, application="Desk") as desk:
        desk.register("Sum", lambda: {})
        with connect(alone.url, secret_file=secret_file) as service:
            service.contexts.set("Order", {"n": 1})
        options = ["--json", "--url", alone.url, "--secret-file", str(secret_file)]
        process = run_command("status", *options)
    said = json.loads(process.stdout)
    assert said["ok"] is True
    assert said["gateway"]["url"] == alone.url
    assert abs(said["clock"]["seconds"]) < 60
    assert (said["version"]["library"], said["version"]["gateway"]) == (VERSION, VERSION)
    (peer,) = said["peers"]["connected"]
    assert (peer["application"], peer["methods"]) == ("Desk", ["Sum"])
    assert peer["since"]
    assert said["contexts"]["names"] == ["Order"]
    assert said["contexts"]["channels"][:2] == ["Red", "Orange"]


def test_many_peers_are_counted_rather_than_listed(alone, secret_file):
    settings = {"user": "anna", "secret_file": secret_file}
    clients = [
        connect(alone.url, application=f"App {number % 7}", **settings) for number in range(8)
    ]
    try:
        _, lines = status("--url", alone.url, "--secret-file", str(secret_file))
    finally:
        for client in clients:
            client.close()
    assert lines["peers"][1].startswith("8 connected: App 0 (anna@127.0.0.1) x2, App 1 (")
    assert lines["peers"][1].endswith(" and 2 more")


# What may be wrong


def test_no_gateway_runs():
    code, lines = status(DASH_INTEROP_PORT=str(free_range()))
    assert code == 1
    assert lines == {
        "gateway": (
            "wrong",
            "no gateway of yours runs on this machine: open a page of a Dash app, start one with "
            "`dash-interop gateway`, or name one with --url",
        )
    }


def test_something_else_is_where_the_gateway_would_be(secret_file):
    port = free_range()
    with Foreigner(port), ours("--port", str(port + 2), secret_file=secret_file):
        code, lines = status(DASH_INTEROP_PORT=str(port))
    assert code == 1
    assert lines["gateway"][1].endswith(
        f"; on {port}, {port + 2} another program listens, or a gateway with another secret"
    )


def test_nobody_listens():
    url = f"ws://127.0.0.1:{free_range(1)}"
    code, lines = status("--url", url, "--connect-timeout", "0.3")
    assert code == 1
    assert lines == {
        "gateway": ("wrong", f"cannot connect to {url}: nobody listens there (tried for 0.3 s)")
    }


@pytest.mark.parametrize(
    "login, detail",
    [
        ([], "as a service, with the secret that the processes of this user share on this machine"),
        (["--user", "anna"], "as anna, with the secret that the processes of this user share"),
        (["--token", "nonsense"], "with the token of --token"),
        (["--login", "anna"], "as anna, by name"),
    ],
)
def test_secret_is_wrong(guarded, login, detail):
    code, lines = status("--url", guarded.url, *login)
    assert code == 1
    assert lines["gateway"][0] == "ok"
    assert lines["login"][0] == "wrong"
    assert lines["login"][1].startswith(detail)
    assert "secret" in lines["login"][1].rpartition(": ")[2]
    assert set(lines) == {"gateway", "login", "clock"}


@pytest.mark.parametrize("text, words", [(None, "No such file"), ("short", "too short")])
def test_secret_cannot_be_used(guarded, tmp_path, text, words):
    path = tmp_path / "other"
    if text is not None:
        path.write_text(text)
    code, lines = status("--url", guarded.url, "--secret-file", str(path))
    assert code == 1
    assert list(lines) == ["login"] and lines["login"][0] == "wrong"
    assert words in lines["login"][1] and str(path) in lines["login"][1]


def test_token_has_expired(guarded, monkeypatch):
    an_hour_ago = time.time() - 3600
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: an_hour_ago)
        token = TokenAuthority(SECRET).issue(Principal("anna"))
    code, lines = status("--url", guarded.url, "--token", token)
    assert code == 1
    assert lines["login"] == ("wrong", "with the token of --token: The token has expired")


@pytest.mark.parametrize(
    "seconds, state, words",
    [
        (3600, "wrong", "s ahead of the one here: tokens are dated, so logins are refused"),
        (-3600, "wrong", "s behind the one here: tokens are dated, so logins are refused"),
        (30, "ok", "s ahead of the one here"),
    ],
)
def test_clock_of_the_gateway_is_wrong(seconds, state, words):
    date = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    answer = (
        f"HTTP/1.1 426 Upgrade Required\r\nDate: {format_datetime(date, usegmt=True)}\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    port = free_range(1)
    with Foreigner(port, answer.encode()):
        (finding,) = _clock(f"ws://127.0.0.1:{port}", 5.0)
    assert finding.is_well is (state == "ok")
    assert words in finding.detail
    assert abs(finding.facts["seconds"] - seconds) < 20


def test_gateway_that_is_not_ours_says_less():
    with published() as gateway:
        code, lines = status("--url", gateway.url, "--login", "anna")
    assert code == 0
    assert lines["version"] == (
        "ok", f"{VERSION}; the gateway does not say its own, so it is not ours"
    )  # fmt: skip


@pytest.mark.parametrize("option", [["--connect-timeout", "x"], ["--url", "nonsense"]])
def test_bad_input_is_no_finding(option):
    process = run_command("status", *option)
    assert (process.returncode, process.stdout) == (2, "")
