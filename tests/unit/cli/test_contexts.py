"""``dash-interop contexts``, ``context``, ``channels`` and ``publish --channel``."""

import json
import threading

import pytest

from tests.support.commands import run_command
from tests.unit.cli.test_completing import completed


@pytest.fixture
def orders(peer):
    """A peer that has written two contexts."""
    client = peer()
    client.contexts.set("Order", {"symbol": "VOD", "lines": [{"price": 71.4}]})
    client.contexts.set("other order", {"n": 1})
    return client


# contexts


def test_contexts_are_a_table_and_json(command, orders):
    process = command.run("contexts")
    titles, *rows = [line.split("\t") for line in process.stdout.splitlines()]
    assert titles == ["name", "version", "keys"]
    assert [(row[0], row[2]) for row in rows] == [("Order", "symbol, lines"), ("other order", "n")]
    (found,) = json.loads(command.run("contexts", "--json", "*other*").stdout)
    assert (found["name"], found["data"]) == ("other order", {"n": 1})
    assert str(found["version"]) == rows[1][1]


def test_no_contexts_are_told(command, peer):
    for arguments, words, code in (([], "there are no contexts", 0), (["X*"], "no context X*", 1)):
        process = command.run("contexts", *arguments)
        assert (process.stdout, process.stderr) == ("", f"dash-interop: {words}\n")
        assert process.returncode == code


# context


@pytest.mark.parametrize(
    "arguments, printed",
    [
        ([], {"symbol": "VOD", "lines": [{"price": 71.4}]}),
        (["--get", "symbol"], "VOD"),
        (["--get", "lines.0.price"], 71.4),
    ],
)
def test_context_is_printed(command, orders, arguments, printed):
    process = command.run("context", "Order", *arguments)
    assert (json.loads(process.stdout), process.stderr, process.returncode) == (printed, "", 0)


def test_context_with_its_version_as_json(command, orders):
    said = json.loads(command.run("context", "Order", "--json", "--get", "symbol").stdout)
    version = orders.contexts.get_versioned("Order")[1]
    assert said == {"name": "Order", "version": version, "data": "VOD"}


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["Nothing"], "there is no context Nothing"),
        (["Order", "--get", "lines.3"], "the context Order has nothing at lines.3"),
        (["Order", "--get", "symbol.x"], "the context Order has nothing at symbol.x"),
    ],
)
def test_what_is_not_there_is_one_line_and_1(command, orders, arguments, words):
    process = command.run("context", *arguments)
    assert (process.stdout, process.stderr) == ("", f"dash-interop: {words}\n")
    assert process.returncode == 1


def test_name_that_is_none_is_one_line_and_2(command, orders):
    process = command.run("context", "")
    assert process.stdout == ""
    assert process.stderr.startswith("dash-interop: The name of a context has to be a text")
    assert process.returncode == 2


def test_watched_context_is_printed_at_each_change(command, orders):
    with command.running("context", "Order", "--watch", "--get", "n") as process:
        assert process.stdout.readline() == "null\n"
        for n in range(3):
            orders.contexts.update("Order", {"n": n})
            assert process.stdout.readline() == f"{n}\n"
        orders.contexts.destroy("Order")
        line = process.stderr.readline()
        assert line == "dash-interop: the context Order was destroyed, waiting\n"
        orders.contexts.set("Order", {"n": 7})
        assert process.stdout.readline() == "7\n"


def test_watched_context_says_all_of_a_change_as_json(command, orders):
    with command.running("context", "Order", "--watch", "--json") as process:
        first = json.loads(process.stdout.readline())
        assert (first["delta"], first["updaterId"], first["destroyed"]) == ({}, None, False)
        orders.contexts.update("Order", {"symbol": None, "n": 1})
        change = json.loads(process.stdout.readline())
        assert change["data"] == {"lines": [{"price": 71.4}], "n": 1}
        assert (change["delta"], change["removed"]) == ({"symbol": None, "n": 1}, ["symbol"])
        assert change["updaterId"] == orders.instance["peerId"]
        assert change["version"] > first["version"]


# watch


def test_watch_shows_contexts_as_they_come_and_go(command, peer):
    client = peer()
    with command.running("watch") as process:
        client.contexts.set("Order", {"n": 1})
        assert process.stdout.readline() == "+ context Order\n"
        client.contexts.destroy("Order")
        assert process.stdout.readline() == "- context Order\n"
    with command.running("watch", "--json") as process:
        client.contexts.set("Order", {"n": 1})
        said = json.loads(process.stdout.readline())
        assert said == {"event": "context_added", "context": "Order"}


# channels and publish


def test_channels_are_a_table_and_json(command, peer):
    peer().channels.publish({"symbol": "VOD"}, "Green")
    titles, *rows = [line.split("\t") for line in command.run("channels").stdout.splitlines()]
    assert titles == ["name", "color", "keys"]
    assert [row[0] for row in rows][:4] == ["Red", "Orange", "Yellow", "Green"]
    assert (rows[0][2], rows[3][2]) == ("", "symbol")
    (green,) = json.loads(command.run("channels", "green", "--json").stdout)
    assert (green["name"], green["data"]) == ("Green", {"symbol": "VOD"})
    process = command.run("channels", "Rot")
    assert (process.stderr, process.returncode) == ("dash-interop: no channel Rot\n", 1)


def test_object_is_published_on_a_channel(command, peer):
    client = peer()
    changes = client.channels.subscribe(name="Red")
    changes.get(5)
    process = command.run("publish", "--channel", "Red", '{"symbol": "VOD"}')
    assert (process.stdout, process.stderr, process.returncode) == ("", "", 0)
    assert changes.get(5).data == {"symbol": "VOD"}


def test_lines_are_published_on_a_channel_and_bad_ones_are_left_out(command, peer):
    client = peer()
    changes = client.channels.subscribe(name="Red")
    changes.get(5)
    lines = ['{"n": 1}', "", "[1]", '{"a.b": 1}', '{"n": null, "m": 2}']
    process = command.run("publish", "--channel", "Red", input="\n".join(lines))
    assert [changes.get(5).data for _ in range(2)] == [{"n": 1}, {"m": 2}]
    no_object, dot = process.stderr.splitlines()
    assert no_object.startswith("dash-interop: line 3 is left out: it is not a JSON object")
    assert dot.startswith("dash-interop: line 4 is left out: The key 'a.b' cannot be updated")
    assert process.returncode == 1


@pytest.mark.parametrize(
    "arguments, words, code",
    [
        (["--channel", "Rot", "{}"], "There is no channel Rot", 1),
        (["--channel", "Rot"], "There is no channel Rot", 1),
        (["--channel", "Red", "[1]"], "Invalid value for 'NAME': [1]: it is not a JSON object", 2),
        (["--channel", "Red", '{"a.b": 1}'], "The key 'a.b' cannot be updated", 2),
        (["--channel", "Red", "{}", "--wait", "3"], "--wait is for streams", 2),
        (["--channel", "Red", "{}", "--branch", "x"], "--branch is for streams", 2),
        ([], "Missing argument 'NAME'", 2),
        (["x" * 300], "Invalid value for 'NAME'", 2),
    ],
)
def test_what_cannot_be_published_is_one_line(command, peer, arguments, words, code):
    peer()
    process = command.run("publish", *arguments)
    assert process.stdout == ""
    assert process.stderr.startswith(f"dash-interop: {words}")
    assert process.stderr.count("\n") == 1
    assert process.returncode == code


def test_names_are_completed(gateway, user, orders):
    login = f"--url {gateway.url} --login {user}"
    assert completed(f"dash-interop context {login} o") == ["Order"]
    assert completed(f"dash-interop contexts {login} Or") == ["Order"]
    assert completed(f"dash-interop channels {login} G") == ["Green"]
    assert completed(f"dash-interop publish {login} --channel P") == ["Pink", "Purple"]


def test_commands_of_contexts_need_no_gateway_for_their_help():
    threads = threading.active_count()
    for name in ("contexts", "context", "channels"):
        assert run_command(name, "--help").returncode == 0
    assert threading.active_count() == threads
