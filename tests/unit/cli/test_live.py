"""``dash-interop subscribe`` and ``dash-interop watch``: what they print as it happens."""

import json
import signal
import threading

import pytest

from tests.support.gateways import ours

LOST = "dash-interop: the connection is lost, trying to get it back: "
BACK = "dash-interop: the connection is back\n"


class Ticks:
    """A stream, and who subscribed to it."""

    def __init__(self, client, **handlers):
        self._subscribed = threading.Semaphore(0)
        self.stream = client.create_stream(
            "Ticks", subscription_added_handler=self._added, **handlers
        )

    def _added(self, subscription):
        self._subscribed.release()

    def wait_subscribed(self):
        assert self._subscribed.acquire(timeout=20)


@pytest.fixture
def ticks(peer):
    return Ticks(peer())


# subscribe


def test_data_is_one_json_object_a_line_until_the_stream_is_closed(command, ticks):
    with command.running("subscribe", "Ticks", '{"a": 1}') as process:
        ticks.wait_subscribed()
        (subscription,) = ticks.stream.subscriptions()
        assert subscription.arguments == {"a": 1}
        for number in range(3):
            ticks.stream.push({"n": number})
            assert process.stdout.readline() == f'{{"n": {number}}}\n'
        ticks.stream.close()
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0


def test_data_with_its_server_as_json_lines(command, peer):
    client = peer()
    ticks = Ticks(client)
    with command.running("subscribe", "Ticks", "--json", "--count", "2") as process:
        ticks.wait_subscribed()
        ticks.stream.push({"n": 1})
        ticks.stream.subscriptions()[0].push({"n": 2})
        output, errors = process.communicate(timeout=10)
    assert [json.loads(line) for line in output.splitlines()] == [
        {"data": {"n": 1}, "server": client.instance, "private": False, "sequence": 1},
        {"data": {"n": 2}, "server": client.instance, "private": True, "sequence": 2},
    ]
    assert (errors, process.returncode) == ("", 0)


def test_count_ends_it_whatever_else_comes(command, ticks):
    with command.running("subscribe", "Ticks", "--count", "2") as process:
        ticks.wait_subscribed()
        for number in range(5):
            ticks.stream.push({"n": number})
        assert process.communicate(timeout=10) == ('{"n": 0}\n{"n": 1}\n', "")
        assert process.returncode == 0


def test_publisher_that_leaves_ends_it(command, peer):
    client = peer()
    ticks = Ticks(client)
    with command.running("subscribe", "Ticks") as process:
        ticks.wait_subscribed()
        client.close()
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0


def test_refusal_says_why(command, peer):
    Ticks(peer(), subscription_request_handler=lambda request: request.reject("go away"))
    process = command.run("subscribe", "Ticks")
    assert (process.stdout, process.returncode) == ("", 1)
    assert process.stderr == "dash-interop: go away\n"


def test_publisher_that_does_not_answer(command, peer):
    Ticks(peer(), subscription_request_handler=lambda request: None)
    process = command.run("subscribe", "Ticks", "--timeout", "0.2")
    assert (process.stdout, process.returncode) == ("", 1)
    assert process.stderr == (
        "dash-interop: Nobody accepted the subscription to Ticks within 0.2 s\n"
    )


def test_nobody_offers_the_stream(command):
    process = command.run("subscribe", "Ticks", "--wait", "0.1")
    assert (process.stdout, process.returncode) == ("", 1)
    assert process.stderr.startswith("dash-interop: No server offers the stream Ticks")


def test_subscription_outlives_an_outage_and_says_so(command_at, peer):
    with ours() as gateway:
        ticks = Ticks(peer(url=gateway.url))
        with command_at(gateway.url).running("subscribe", "Ticks") as process:
            ticks.wait_subscribed()
            ticks.stream.push({"n": 0})
            assert process.stdout.readline() == '{"n": 0}\n'
            gateway.kill()
            assert process.stderr.readline().startswith(LOST)
            gateway.restart()
            assert process.stderr.readline() == BACK
            ticks.wait_subscribed()
            ticks.stream.push({"n": 1})
            assert process.stdout.readline() == '{"n": 1}\n'


def test_follower_waits_for_the_publisher_and_says_so(command, peer):
    absence = "dash-interop: nobody publishes Ticks now, waiting\n"
    with command.running("subscribe", "Ticks", "--follow", "--count", "2") as process:
        assert process.stderr.readline() == absence
        for number in range(2):
            client = peer()
            ticks = Ticks(client)
            ticks.wait_subscribed()
            ticks.stream.push({"n": number})
            assert process.stdout.readline() == f'{{"n": {number}}}\n'
            if number == 0:
                client.close()
                assert process.stderr.readline() == absence
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0


def test_what_a_publisher_has_kept_comes_first_and_what_it_has_not_is_told(command, peer, user):
    client = peer()
    stream = client.create_stream("Ticks", history=2)
    for number in range(2):
        stream.push({"n": number})
    process = command.run("subscribe", "Ticks", "--count", "2")
    assert (process.stdout, process.stderr) == ('{"n": 0}\n{"n": 1}\n', "")
    stream.push({"n": 2})
    process = command.run("subscribe", "Ticks", "--count", "2")
    assert process.stdout == '{"n": 1}\n{"n": 2}\n'
    assert process.stderr == (
        f"dash-interop: Calculator ({user}@127.0.0.1) does not have all of Ticks any more: "
        "some data is missing\n"
    )


# watch


def test_changes_are_a_line_each(command, peer, user):
    client = peer()
    client.register("Sum", lambda: {})
    server = f"Calculator ({user}@127.0.0.1)"
    with command.running("watch") as process:
        lines = iter(process.stdout.readline, "")
        assert [next(lines), next(lines)] == [f"+ server {server}\n", f"+ method Sum at {server}\n"]
        client.create_stream("Ticks")
        assert next(lines) == f"+ stream Ticks at {server}\n"
        client.unregister("Sum")
        assert next(lines) == f"- method Sum at {server}\n"
        client.close()
        assert [next(lines), next(lines)] == [
            f"- stream Ticks at {server}\n",
            f"- server {server}\n",
        ]


def test_changes_as_json_lines(command, peer):
    client = peer()
    client.register({"name": "Sum", "accepts": "double a"}, lambda: {})
    server = dict(client.instance)
    with command.running("watch", "--json") as process:
        assert json.loads(process.stdout.readline()) == {"event": "server_added", "server": server}
        coming = json.loads(process.stdout.readline())
        method = coming.pop("method")
        assert coming == {"event": "server_method_added", "server": server}
        assert (method["name"], method["kind"], method["accepts"]) == ("Sum", "method", "double a")
        client.close()
        going = [json.loads(process.stdout.readline())["event"] for _ in range(2)]
    assert going == ["server_method_removed", "server_removed"]


def test_outage_takes_all_away_and_brings_it_back(command_at, peer):
    with ours() as gateway:
        peer(url=gateway.url).register("Sum", lambda: {})
        with command_at(gateway.url).running("watch") as process:

            def signs(count):
                return [process.stdout.readline()[:8] for _ in range(count)]

            assert signs(2) == ["+ server", "+ method"]
            gateway.kill()
            assert process.stderr.readline().startswith(LOST)
            assert signs(2) == ["- method", "- server"]
            gateway.restart()
            assert process.stderr.readline() == BACK
            assert signs(2) == ["+ server", "+ method"]


# Their end


@pytest.fixture(params=["subscribe", "watch"])
def live(request, command, ticks):
    """A process of either that has printed a line."""
    arguments = ["subscribe", "Ticks"] if request.param == "subscribe" else ["watch"]
    with command.running(*arguments) as process:
        if request.param == "subscribe":
            ticks.wait_subscribed()
            ticks.stream.push({"n": 1})
        assert process.stdout.readline()
        yield process


def test_ctrl_c_ends_with_130(live):
    live.send_signal(signal.SIGINT)
    _, errors = live.communicate(timeout=10)
    assert (errors.strip(), live.returncode) == ("", 130)


def test_reader_that_goes_away_ends_it_quietly(live, ticks, peer):
    live.stdout.close()
    ticks.stream.push({"n": 2})
    peer("Trades").register("Sum", lambda: {})
    assert live.wait(10) == 141
    assert live.stderr.read() == ""
