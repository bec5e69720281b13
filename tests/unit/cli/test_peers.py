"""``dash-interop peers``."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest

from dash_interop.client.sync import connect
from tests.support.commands import run_command, run_process


@pytest.fixture
def present(peer):
    """Somebody who offers, and somebody who does not."""
    peer("Trades").register("Sum", lambda: {})
    return peer("Silent")


def test_all_who_are_connected_are_a_table(command, present, user):
    process = command.run("peers")
    titles, *rows = [line.split("\t") for line in process.stdout.splitlines()]
    assert titles == ["application", "user", "machine", "instance", "since", "methods", "streams"]
    instance = present.instance["instance"]
    assert rows[0] == ["Silent", user, "127.0.0.1", instance, "", "0", "0"]
    assert (rows[1][0], rows[1][5], len(rows)) == ("Trades", "1", 2)
    assert (process.stderr, process.returncode) == ("", 0)


def test_pattern_chooses_applications(command, present):
    (peer,) = json.loads(command.run("peers", "tr*", "--json").stdout)
    assert (peer["application"], peer["methods"], peer["streams"]) == ("Trades", ["Sum"], [])
    assert peer["since"] is None
    process = command.run("peers", "tr")
    assert (process.stdout, process.returncode) == ("", 1)
    assert process.stderr == "dash-interop: nobody called tr is connected\n"


def test_nobody_else_is_no_failure(command):
    process = command.run("peers", "--json")
    assert (process.stdout, process.returncode) == ("[]\n", 0)
    assert process.stderr == "dash-interop: nobody else is connected\n"


def test_service_is_told_since_when(alone, secret_file):
    arguments = ["peers", "--url", alone.url, "--secret-file", str(secret_file)]
    before = datetime.now(timezone.utc)
    with connect(alone.url, user="anna", secret_file=secret_file, application="Desk"):
        (peer,) = json.loads(run_command(*arguments, "--json").stdout)
        since = datetime.fromisoformat(peer["since"])
        assert timedelta(0) <= since - before + timedelta(seconds=1) < timedelta(seconds=60)
        table = run_process(*arguments, TZ="UTC").stdout
        shown = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", table)
        assert shown is not None and shown[0] == f"{since:%Y-%m-%d %H:%M:%S}"
        to_her = json.loads(run_command(*arguments, "--json", "--user", "anna").stdout)[0]
        assert to_her["since"] is None
