"""``dash-interop invoke``."""

import json
import threading
from datetime import datetime, timezone

import pytest

from tests.support.client import connected, run
from tests.support.gateways import ours


def add(a, b):
    return {"sum": a + b}


@pytest.fixture
def calculator(peer):
    client = peer()
    client.register("Sum", add)
    return client


def failing():
    raise ValueError("no\x1b[31m way\never")


def test_what_is_returned_is_one_line_of_json(command, calculator):
    process = command.run("invoke", "Sum", '{"a": 37, "b": 5}')
    assert process.stdout == '{"sum": 42}\n'
    assert (process.stderr, process.returncode) == ("", 0)


def test_no_arguments_are_an_empty_object(command, peer):
    peer().register("Echo", lambda args: {"got": args})
    assert command.run("invoke", "Echo").stdout == '{"got": {}}\n'


def test_arguments_from_stdin(command, calculator):
    process = command.run("invoke", "Sum", "-", input='{"a": 1, "b": 2}\n')
    assert process.stdout == '{"sum": 3}\n'


def test_arguments_on_stdin_that_are_none(command, calculator):
    process = command.run("invoke", "Sum", "-", input="")
    assert process.returncode == 2
    assert process.stderr == (
        "dash-interop: Invalid value for '[ARGUMENT]...': -: Input data was truncated\n"
    )


def test_arguments_one_by_one(command, calculator):
    assert command.run("invoke", "Sum", "a:=37", "b:=5").stdout == '{"sum": 42}\n'
    assert command.run("invoke", "Sum", '{"a": 1, "b": 2}', "b:=3").stdout == '{"sum": 4}\n'


def test_json_has_the_whole_result(command, calculator):
    process = command.run("invoke", "Sum", '{"a": 1, "b": 2}', "--json")
    server = dict(calculator.instance)
    assert json.loads(process.stdout) == {
        "returned": {"sum": 3},
        "executed_by": server,
        "called_with": {"a": 1, "b": 2},
        "all_return_values": [{"returned": {"sum": 3}, "executed_by": server}],
        "all_errors": [],
    }


def test_several_servers_are_a_table(command, calculator, peer, user):
    other = peer("Trades")
    other.register("Sum", add)
    process = command.run("invoke", "Sum", '{"a": 1, "b": 2}', "--target", "all")
    instances = [client.instance["instance"] for client in (calculator, other)]
    assert process.stdout.splitlines() == [
        "server\tinstance\treturned",
        f'Calculator ({user}@127.0.0.1)\t{instances[0]}\t{{"sum": 3}}',
        f'Trades ({user}@127.0.0.1)\t{instances[1]}\t{{"sum": 3}}',
    ]


@pytest.mark.parametrize(
    "target",
    ['{"application": "Trades"}', '[{"application": {"regex": "^Tra"}}]'],
    ids=["part of an instance", "list with a pattern"],
)
def test_target_as_json(command, calculator, peer, target):
    peer("Trades").register("Sum", lambda: {"by": "Trades"})
    assert command.run("invoke", "Sum", "--target", target).stdout == '{"by": "Trades"}\n'


def test_characters_of_all_kinds_reach_a_pipe_but_no_terminal_command(command, peer):
    said = {"text": "äöü €\x9b\u2028\u202e", "at": datetime(2030, 1, 2, tzinfo=timezone.utc)}
    peer().register("Say", lambda: said)
    shown = '"at": "2030-01-02T00:00:00+00:00"}\n'
    assert command.run("invoke", "Say").stdout == (
        '{"text": "äöü €\\u009b\\u2028\\u202e", ' + shown
    )
    in_ascii = command.run_process("invoke", "Say", PYTHONIOENCODING="ascii")
    assert in_ascii.stdout == (
        '{"text": "\\u00e4\\u00f6\\u00fc \\u20ac\\u009b\\u2028\\u202e", ' + shown
    )


def test_table_in_an_encoding_with_few_characters(command, peer):
    peer("Euro €").register("Sum", add)
    process = command.run_process("methods", PYTHONIOENCODING="latin-1")
    assert "Euro \\u20ac" in process.stdout
    assert (process.stderr, process.returncode) == ("", 0)


# Failures


def failure(process):
    """The one line on stderr of an invocation that failed."""
    assert process.returncode == 1, process
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1, process.stderr
    return process.stderr


def test_handler_that_raises(command, peer, user):
    peer().register("Fail", failing)
    assert failure(command.run_process("invoke", "Fail", "--json")) == (
        f"dash-interop: Fail failed at Calculator ({user}@127.0.0.1): "
        "ValueError: no\N{REPLACEMENT CHARACTER}[31m way ever\n"
    )


def test_one_server_of_two_that_fails(command, calculator, peer, user):
    peer("Trades").register("Sum", lambda: failing())
    process = command.run_process("invoke", "Sum", '{"a": 1, "b": 2}', "--target", "all")
    assert process.returncode == 1
    assert process.stdout.endswith('\t{"sum": 3}\n')
    assert process.stdout.count("\n") == 2
    assert process.stderr.startswith(f"dash-interop: Sum failed at Trades ({user}@127.0.0.1): ")
    assert process.stderr.count("\n") == 1


def test_no_answer_in_time(command, peer, user):
    enough = threading.Event()
    peer().register("Slow", enough.wait)
    try:
        process = command.run("invoke", "Slow", "--timeout", "0.2")
    finally:
        enough.set()
    assert failure(process) == (
        f"dash-interop: Slow failed at Calculator ({user}@127.0.0.1): "
        "Slow did not answer within 0.2 s\n"
    )


@pytest.mark.parametrize("target", ["best", '{"application": "Nobody"}'])
def test_nobody_offers_it(command, calculator, target):
    name = "Nonsense" if target == "best" else "Sum"
    process = command.run("invoke", name, "--target", target, "--wait", "0.1")
    line = failure(process)
    assert line.startswith(f"dash-interop: No server offers the method {name} for ")
    hint = "`dash-interop methods` says what is on offer, `dash-interop servers` who offers it"
    assert line.endswith(f" (waited 0.1 s); {hint}\n")


def test_wait_for_somebody_to_offer_it(gateway, command, peer, user):
    client = peer()

    async def scenario():
        async with connected(gateway.url, user) as observer:
            with command.running("invoke", "Late", "--wait", "15") as process:
                await observer.receive("peer-added")
                client.register("Late", lambda: {"late": True})
                return *process.communicate(timeout=20), process.returncode

    assert run(scenario()) == ('{"late": true}\n', "", 0)


def test_stream_is_not_invoked(command, peer):
    peer().create_stream("Ticks")
    assert failure(command.run("invoke", "Ticks")) == (
        "dash-interop: Ticks is a stream, not a method: subscribe to it\n"
    )


def test_gateway_that_ends_during_an_invocation(command_at, peer):
    started, enough = threading.Event(), threading.Event()

    def wait():
        started.set()
        enough.wait()

    with ours() as gateway:
        peer(url=gateway.url).register("Slow", wait)
        with command_at(gateway.url).running("invoke", "Slow") as process:
            assert started.wait(10)
            gateway.kill()
            output, errors = process.communicate(timeout=20)
        enough.set()
        gateway.restart()
    assert (output, process.returncode) == ("", 1)
    assert errors.startswith("dash-interop: Slow failed at ")
    assert "The connection was lost before Slow answered" in errors
    assert errors.count("\n") == 1
