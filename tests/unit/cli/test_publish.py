"""``dash-interop publish``: lines of stdin as a stream."""

import subprocess
from contextlib import contextmanager

import pytest

from tests.support.commands import MODULE
from tests.support.gateways import ours
from tests.unit.cli.conftest import SECONDS


@contextmanager
def publishing(url, user, *options):
    command = [*MODULE, "publish", "Ticks", "--url", url, "--login", user, *options]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    with process:
        try:
            yield Publisher(process)
        finally:
            process.kill()


class Publisher:
    def __init__(self, process):
        self.process = process

    def write(self, *lines):
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def end_of_input(self):
        self.process.stdin.close()
        # So that communicate() does not write to it.
        self.process.stdin = None

    def next_error(self):
        return self.process.stderr.readline()

    def end(self):
        """The end of its stdin; returns what it said on stderr and its exit code."""
        _, errors = self.process.communicate(timeout=SECONDS)
        return errors, self.process.returncode


@pytest.fixture
def publisher(gateway, user):
    with publishing(gateway.url, user) as publisher:
        yield publisher


@pytest.fixture
def by_symbol(gateway, user):
    with publishing(gateway.url, user, "--branch", "symbol") as publisher:
        yield publisher


def subscribed(client, **arguments):
    return client.subscribe("Ticks", arguments, wait_timeout=SECONDS, response_timeout=SECONDS)


def test_lines_reach_the_subscribers_in_order_until_the_end(publisher, peer):
    subscription = subscribed(peer("Desk"))
    publisher.write('{"n": 1}', "", '{"n": 2, "text": "ä"}')
    publisher.write(*(f'{{"n": {n}}}' for n in range(3, 1000)))
    assert publisher.end() == ("", 0)
    received = [data.data for data in subscription]
    assert [data["n"] for data in received] == list(range(1, 1000))
    assert received[1]["text"] == "ä"


def test_line_that_is_no_object_is_told_and_left_out(publisher, peer):
    subscription = subscribed(peer("Desk"))
    publisher.write('{"n": 1}', "nonsense", '{"n": 2}', "[1]", '{"a": ', '{"n": 3}')
    errors, code = publisher.end()
    assert [data.data for data in subscription] == [{"n": 1}, {"n": 2}, {"n": 3}]
    malformed, other, truncated = errors.splitlines()
    assert malformed.startswith("dash-interop: line 2 is left out: JSON is malformed")
    assert other.startswith("dash-interop: line 4 is left out: it is not a JSON object")
    assert truncated.startswith("dash-interop: line 5 is left out: Input data was truncated")
    assert code == 1


def test_line_that_is_too_long_is_told_and_left_out(publisher, peer):
    subscription = subscribed(peer("Desk"))
    publisher.write('{"n": 1, "text": "' + "x" * 17_000_000 + '"}', '{"n": 2}')
    errors, code = publisher.end()
    assert [data.data for data in subscription] == [{"n": 2}]
    assert errors.startswith("dash-interop: line 1 is left out: ")
    assert code == 1


def test_branch_is_for_those_who_subscribed_with_its_value(by_symbol, peer):
    client = peer("Desk")
    voda, one, everything = (
        subscribed(client, symbol="VOD"),
        subscribed(client, symbol=1),
        subscribed(client),
    )
    by_symbol.write('{"symbol": "VOD"}', '{"symbol": 1}', '{"symbol": "1"}', '{"for": "all"}')
    assert by_symbol.end() == ("", 0)
    assert [data.data for data in voda] == [{"symbol": "VOD"}, {"for": "all"}]
    assert [data.data for data in one] == [{"symbol": 1}, {"for": "all"}]
    assert [data.data for data in everything] == [
        {"symbol": "VOD"},
        {"symbol": 1},
        {"symbol": "1"},
        {"for": "all"},
    ]


def test_it_waits_for_a_first_subscriber(gateway, user, peer):
    client = peer("Desk")
    with publishing(gateway.url, user, "--wait", "15") as publisher:
        publisher.write('{"n": 1}')
        publisher.end_of_input()
        subscription = subscribed(client)
        assert [data.data for data in subscription] == [{"n": 1}]
        assert publisher.end() == ("", 0)


def test_nobody_subscribes_in_time(gateway, user):
    with publishing(gateway.url, user, "--wait", "0.2") as publisher:
        publisher.write('{"n": 1}')
        errors, code = publisher.end()
    assert errors == "dash-interop: nobody subscribed to Ticks within 0.2 s\n"
    assert code == 1


def test_no_line_is_lost_in_an_outage(user, peer):
    with ours() as gateway:
        client = peer("Desk", url=gateway.url)
        with publishing(gateway.url, user) as publisher:
            subscription = subscribed(client)
            publisher.write('{"n": 1}')
            taken = iter(subscription)
            assert next(taken).data == {"n": 1}
            gateway.kill()
            assert "the connection is lost" in publisher.next_error()
            publisher.write('{"n": 2}')
            assert publisher.process.poll() is None
            publisher.end_of_input()
            gateway.restart()
            assert publisher.next_error() == "dash-interop: the connection is back\n"
            assert publisher.end() == ("", 0)


def test_definition_says_what_it_is(gateway, user, peer):
    client = peer("Desk")
    options = ["--accepts", "string symbol", "--returns", "double price", "--description", "Prices"]
    with publishing(gateway.url, user, *options) as publisher:
        stream = client.wait_for_method("Ticks", SECONDS)
        assert (stream.accepts, stream.returns) == ("string symbol", "double price")
        assert (stream.description, stream.supports_streaming) == ("Prices", True)
        assert publisher.end() == ("", 0)


def test_ctrl_c_ends_with_130(publisher, peer):
    subscribed(peer("Desk"))
    publisher.process.send_signal(2)
    errors, code = publisher.end()
    assert (errors.strip(), code) == ("", 130)


@pytest.mark.parametrize(
    ("history", "expected"), [("2", [2, 3]), ("5:symbol", [1, 3]), ("1:symbol", [3])]
)
def test_lines_are_kept_for_who_comes_later(gateway, user, peer, history, expected):
    with publishing(gateway.url, user, "--history", history) as publisher:
        lines = [("VOD", 0), ("BT", 1), ("VOD", 2), ("VOD", 3)]
        publisher.write(*(f'{{"symbol": "{symbol}", "n": {n}}}' for symbol, n in lines))
        # So that all of them were read.
        publisher.write("nonsense")
        assert "line 5 is left out" in publisher.next_error()
        subscription = subscribed(peer("Desk"))
        assert publisher.end()[1] == 1
        assert [data.data["n"] for data in subscription] == expected


def test_line_without_the_key_of_the_history_is_told_and_left_out(gateway, user, peer):
    with publishing(gateway.url, user, "--history", "5:symbol") as publisher:
        publisher.write('{"n": 1}')
        errors, code = publisher.end()
    assert errors.startswith("dash-interop: line 1 is left out: data has no field 'symbol'")
    assert code == 1


@pytest.mark.parametrize("history", ["0", "x", "", ":symbol", "5:", "1.5", "60000"])
def test_history_that_is_not_a_valid_one(gateway, user, history):
    with publishing(gateway.url, user, "--history", history) as publisher:
        errors, code = publisher.end()
    assert code == 2
    assert "--history" in errors
