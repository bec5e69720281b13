"""``dash-interop methods`` and ``dash-interop servers``."""

import json

import pytest

SUM = {
    "name": "Sum",
    "accepts": "double a, double b",
    "returns": "double sum",
    "description": "Adds\ttwo\nnumbers",
    "objectTypes": ["Number"],
    "version": 2,
}


@pytest.fixture
def offers(peer):
    """Sum of three servers, two of them called alike, and a stream."""
    calculator = peer()
    calculator.create_stream("Ticks")
    calculator.register(SUM, lambda a, b: {"sum": a + b})
    for application in ("Trades", "Trades"):
        peer(application).register(SUM, lambda a, b: {"sum": a + b})
    return calculator


def test_methods_are_a_table_with_tabs_and_titles(command, offers):
    process = command.run("methods")
    assert process.stdout.splitlines() == [
        "name\tsignature\tkind\tservers\tdescription",
        "Sum\tdouble a, double b -> double sum\tmethod\tCalculator, Trades x2\tAdds two numbers",
        "Ticks\t\tstream\tCalculator\t",
    ]
    assert (process.stderr, process.returncode) == ("", 0)


def test_methods_of_a_name(command, offers):
    lines = command.run("methods", "tIcKs").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["name", "Ticks"]


@pytest.mark.parametrize(
    "pattern, names",
    [("su*", ["Sum"]), ("*", ["Sum", "Ticks"]), ("?UM", ["Sum"]), ("[TS]*s", ["Ticks"])],
)
def test_methods_of_a_pattern(command, offers, pattern, names):
    lines = command.run("methods", pattern).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines[1:]] == names


def test_name_with_the_characters_of_a_pattern_is_found_by_itself(command, peer):
    peer().register("List[1]", lambda: {})
    assert command.run("methods", "list[1]").stdout.count("\n") == 2


def test_servers_of_a_pattern(command, offers):
    servers = command.run("servers", "Su*").stdout.splitlines()[1:]
    assert [line.split("\t")[0] for line in servers] == ["Calculator", "Trades", "Trades"]
    servers = command.run("servers", "T*").stdout.splitlines()[1:]
    assert [line.split("\t")[0] for line in servers] == ["Calculator"]


def test_methods_as_json(command, offers):
    process = command.run("methods", "--json")
    assert process.stdout.count("\n") == 1
    method, stream = json.loads(process.stdout)
    servers = method.pop("servers")
    assert method == {
        "name": "Sum",
        "kind": "method",
        "accepts": "double a, double b",
        "returns": "double sum",
        "displayName": None,
        "description": "Adds\ttwo\nnumbers",
        "objectTypes": ["Number"],
        "version": 2,
        "flags": {},
    }
    assert [server["application"] for server in servers] == ["Calculator", "Trades", "Trades"]
    assert servers[0] == dict(offers.instance)
    assert (stream["name"], stream["kind"]) == ("Ticks", "stream")


def test_servers_are_a_table(command, offers, user):
    titles, calculator, *others = command.run("servers").stdout.splitlines()
    assert titles == "application\tinstance\tuser\tmachine\tmethods\tstreams"
    instance = offers.instance["instance"]
    assert calculator == f"Calculator\t{instance}\t{user}\t127.0.0.1\t1\t1"
    assert [line.split("\t")[0] for line in others] == ["Trades", "Trades"]


def test_servers_of_a_name_as_json(command, offers):
    (server,) = json.loads(command.run("servers", "Ticks", "--json").stdout)
    assert server == {**offers.instance, "methods": ["Sum"], "streams": ["Ticks"]}


@pytest.mark.parametrize("name", ["methods", "servers"])
def test_nothing_is_no_failure_but_said(command, name):
    process = command.run(name)
    assert (process.stdout, process.returncode) == ("", 0)
    assert process.stderr == "dash-interop: nobody offers anything\n"


@pytest.mark.parametrize("name", ["methods", "servers"])
@pytest.mark.parametrize("pattern", ["Nonsense", "Nons*"])
def test_name_that_nobody_offers_ends_with_1(command, offers, name, pattern):
    process = command.run(name, pattern, "--json")
    assert (process.stdout, process.returncode) == ("[]\n", 1)
    assert process.stderr == f"dash-interop: nobody offers {pattern}\n"
