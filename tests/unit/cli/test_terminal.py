"""What commands print on a terminal."""

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from dash_interop.client.sync import connect
from dash_interop.types import DefinitionDict
from tests.support.commands import MODULE

README = Path(__file__).parents[3] / "README.md"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
SUM: DefinitionDict = {
    "name": "Sum",
    "accepts": "double a, double b",
    "returns": "double sum",
    "description": "Adds two numbers",
}


def typed(url, *arguments, columns=110):
    """What a command prints on a terminal of that width, and its exit code."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    # COLUMNS, which pytest-xdist sets for its workers, would come before the width of the terminal.
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment = {**kept, "DASH_INTEROP_GATEWAY": url, "TERM": "xterm"}
    command = [*MODULE, *arguments]
    with subprocess.Popen(command, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        printed = b"".join(iter(lambda: _read(master), b""))
        os.close(master)
    return printed.decode().replace("\r\n", "\n"), process.returncode


def _read(master):
    try:
        return os.read(master, 4096)
    except OSError:  # the other end is closed
        return b""


def plain(text):
    """Its lines without colours, trailing blanks and empty lines."""
    return [line.rstrip() for line in ESCAPES.sub("", text).splitlines() if line.strip()]


@pytest.fixture
def calculator(gateway, user):
    with connect(gateway.url, application="Calculator", login=user) as client:
        client.register(SUM, lambda a, b: {"sum": a + b})
        yield client


def test_readme_shows_what_is_printed(gateway, calculator, user):
    def push(subscription):
        subscription.push({"price": 412.0})
        subscription.push({"price": 412.25})

    prices = {"name": "Prices", "accepts": "string instrument", "returns": "double price"}
    calculator.create_stream(prices, subscription_added_handler=push)
    block = re.search(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    steps = re.findall(r"^\$ dash-interop (.*)\n((?:(?!\$ ).*\n)*)", block[1], re.MULTILINE)
    assert len(steps) == 3
    for line, shown in steps:
        printed, code = typed(gateway.url, *shlex.split(line), "--login", user)
        assert (plain(printed), code) == (plain(shown), 0)


def test_json_and_titles_have_colours(gateway, calculator, user):
    printed, _ = typed(gateway.url, "invoke", "Sum", '{"a": 1, "b": 2}', "--login", user)
    assert ESCAPES.search(printed)
    assert plain(printed) == ["{", '  "sum": 3', "}"]


def test_words_of_peers_are_no_colours_and_no_terminal_commands(gateway, calculator, user):
    calculator.register({"name": "Red", "description": "[red]a\x1b]0;title\x07b\x9bc"}, lambda: {})
    printed, _ = typed(gateway.url, "methods", "Red", "--login", user)
    assert "[red]a\N{REPLACEMENT CHARACTER}]0;title\N{REPLACEMENT CHARACTER}b" in printed
    assert "\x1b]" not in printed and "\x9b" not in printed and "\x07" not in printed


def test_narrow_terminal_wraps(gateway, calculator, user):
    printed, _ = typed(gateway.url, "methods", "--login", user, columns=40)
    assert max(len(line) for line in plain(printed)) <= 40


def test_changes_have_colours(gateway, calculator, user):
    calculator.create_stream(
        "Ticks", subscription_added_handler=lambda subscription: subscription.push({"n": 1})
    )
    printed, _ = typed(gateway.url, "subscribe", "Ticks", "--count", "1", "--login", user)
    assert ESCAPES.search(printed)
    assert plain(printed) == ['{"n": 1}']
