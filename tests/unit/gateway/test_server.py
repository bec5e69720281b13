"""The gateway over real sockets."""

import asyncio
import contextlib
import hmac
import json
import logging
import socket
import tracemalloc
from contextlib import AsyncExitStack, asynccontextmanager
from time import time
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dash_interop.errors import ConfigError
from dash_interop.gateway.auth import OpenDoor, TokenAuthority
from dash_interop.gateway.config import GatewayConfig
from dash_interop.gateway.guesses import AT_ONCE
from dash_interop.gateway.notices import LINES
from dash_interop.gateway.origins import OriginPolicy
from dash_interop.gateway.paths import IDENTITY_PATH
from dash_interop.gateway.server import Gateway
from dash_interop.router.limits import Limits
from dash_interop.router.principals import Principal
from tests.support.client import DEADLINE, Client, closed_with, connected, run, until

SECRET = "s" * 32


@asynccontextmanager
async def gateway(*, authority=None, origins=None, **settings):
    config = GatewayConfig(**{"port": 0, **settings})
    async with Gateway(config, authority or OpenDoor(SECRET), origins or OriginPolicy()) as running:
        yield running


# Starting and stopping


def test_url_names_the_port_that_was_picked():
    async def scenario():
        async with gateway() as running:
            assert urlsplit(running.url).port
            async with connected(running.url):
                assert running.counters()["peers"] == 1

    run(scenario())


def test_port_that_is_taken_is_a_config_error():
    async def scenario():
        async with gateway() as running:
            port = urlsplit(running.url).port
            with pytest.raises(ConfigError, match=f"127.0.0.1:{port}: the port is taken"):
                async with gateway(port=port):
                    pass

    run(scenario())


@pytest.mark.parametrize("host", ["nowhere.invalid", "256.256.256.256", "a..b", "x" * 64])
def test_address_that_is_none_is_a_config_error(host):
    async def scenario():
        with pytest.raises(ConfigError, match="cannot listen on"):
            async with gateway(host=host):
                pass

    run(scenario())


def test_stopping_closes_every_connection_with_1001():
    async def scenario():
        async with AsyncExitStack() as clients:
            async with gateway() as running:
                logged_in = await clients.enter_async_context(connected(running.url))
                strange = await clients.enter_async_context(connect(running.url))
            assert await closed_with(logged_in.socket) == 1001
            assert await closed_with(strange) == 1001

    run(scenario())


def test_nothing_is_left_when_everybody_has_gone():
    async def scenario():
        async with gateway() as running:
            async with connected(running.url) as a, connected(running.url) as b:
                await a.register("Sum")
                await b.send("call", server_id=a.peer_id, method_id="Sum", request_id="c")
                await a.receive("invoke")
                assert running.counters()["calls"] == 1
            await until(lambda: running.counters()["connections"] == 0)
            assert set(running.counters().values()) == {0}

    run(scenario())


# Frames


@pytest.mark.parametrize("frame", ["", "hello", "[]", "null", "5", '{"type":', "[" * 100_000])
def test_text_that_is_no_json_object_closes_with_1007(frame):
    async def scenario():
        async with gateway() as running, connect(running.url) as socket:
            await socket.send(frame)
            assert await closed_with(socket) == 1007

    run(scenario())


def test_binary_frame_closes_with_1003():
    async def scenario():
        async with gateway() as running, connect(running.url) as socket:
            await socket.send(b'{"type":"ping"}')
            assert await closed_with(socket) == 1003

    run(scenario())


def test_frame_that_is_too_long_closes_with_1009():
    async def scenario():
        async with gateway(max_size=1024) as running, connected(running.url) as client:
            await client.send("ping", domain="global", padding="x" * 700)
            assert await client.hello()
            await client.send("ping", domain="global", padding="x" * 1024)
            assert await closed_with(client.socket) == 1009

    run(scenario())


def test_bad_frames_do_not_hurt_other_connections():
    async def scenario():
        async with gateway() as running, connected(running.url) as a, connected(running.url) as b:
            await a.register("Sum")
            for frame in ["nonsense", b"binary", "[" * 100_000]:
                async with connect(running.url) as socket:
                    await socket.send(frame)
                    await closed_with(socket)
            await b.send("call", server_id=a.peer_id, method_id="Sum", request_id="c")
            invoke = await a.receive("invoke")
            await a.send("yield", invocation_id=invoke["invocation_id"], result={"s": 1})
            assert (await b.receive("result"))["result"] == {"s": 1}

    run(scenario())


def test_error_inside_ends_one_connection_with_1011_and_no_other(caplog):
    class Broken(OpenDoor):
        def authenticate(self, authentication, remote):
            if authentication.login == "boom":
                raise RuntimeError("boom")
            return super().authenticate(authentication, remote)

    async def scenario():
        async with gateway(authority=Broken(SECRET)) as running, connected(running.url) as client:
            async with connect(running.url) as socket:
                await socket.send(
                    '{"type":"hello","authentication":{"method":"secret","login":"boom"}}'
                )
                assert await closed_with(socket) == 1011
            await until(lambda: running.counters()["connections"] == 1)
            await client.register("Sum")

    with caplog.at_level(logging.ERROR, "dash_interop"):
        run(scenario())
    assert any(record.exc_info for record in caplog.records)


def test_nobody_logging_in_closes_with_4009():
    async def scenario():
        async with gateway(login_timeout=0.05) as running:
            async with connect(running.url) as silent, connect(running.url) as refused:
                assert (await Client(refused).hello(""))["type"] == "error"
                assert await closed_with(silent) == 4009
                assert await closed_with(refused) == 4009

    run(scenario())


def test_who_logged_in_outlives_the_login_timeout():
    async def scenario():
        async with gateway(login_timeout=0.2) as running, connected(running.url) as client:
            async with connect(running.url) as silent:
                assert await closed_with(silent) == 4009
            await client.register("Sum")

    run(scenario())


def test_calls_and_answers_keep_their_order():
    async def scenario():
        async with gateway() as running, connected(running.url) as a, connected(running.url) as b:
            await a.register("Sum")
            count = 500

            async def serve():
                for number in range(count):
                    invoke = await a.receive("invoke")
                    assert invoke["arguments_kv"] == {"n": number}
                    await a.send(
                        "yield", invocation_id=invoke["invocation_id"], result={"n": number}
                    )

            serving = asyncio.ensure_future(serve())
            for number in range(count):
                await b.send("call", server_id=a.peer_id, method_id="Sum", request_id=str(number),
                             arguments_kv={"n": number})  # fmt: skip
            for number in range(count):
                answer = await b.receive("result")
                assert (answer["request_id"], answer["result"]) == (str(number), {"n": number})
            await serving
            assert running.counters()["calls"] == 0

    run(scenario())


def test_call_that_nobody_answers_is_failed_by_the_gateways_timer():
    async def scenario():
        limits = Limits(call_seconds=0.05)
        async with gateway(limits=limits) as running:
            async with connected(running.url) as a, connected(running.url) as b:
                await a.register("Sum")
                for request_id in ("c1", "c2"):
                    await b.send(
                        "call", server_id=a.peer_id, method_id="Sum", request_id=request_id
                    )
                    error = await b.receive("error")
                    assert error["request_id"] == request_id
                    assert error["reason"] == "No answer within 0.05 s"

    run(scenario())


async def subscribe(client, publisher, stream):
    await client.send("subscribe", server_id=publisher.peer_id, method_id="Prices")
    interest = await publisher.receive("add-interest")
    subscription = interest["subscription_id"]
    await publisher.send("accepted", subscription_id=subscription, stream_id=stream)
    await client.receive("subscribed")


def test_slow_reader_is_disconnected_and_counted_and_others_are_served_on():
    async def scenario():
        sizes = {"max_size": 2**16, "outbox_size": 2**16, "close_timeout": 5.0}
        async with (
            gateway(**sizes) as running,
            connected(running.url) as publisher,
            connected(running.url) as fast,
            connected(running.url, max_queue=1) as slow,
        ):
            await publisher.register("Prices")
            await subscribe(slow, publisher, "s")
            await subscribe(fast, publisher, "f")
            number = 0
            while running.counters()["slow_readers"] == 0:
                await publisher.send("publish", stream_id="s", data="x" * 50_000)
                await publisher.send("publish", stream_id="f", data=number)
                assert (await fast.receive("event"))["data"] == number
                number += 1
            assert running.counters()["slow_readers"] == 1
            assert await closed_with(slow.socket) == 4008
            await until(lambda: running.counters()["connections"] == 2)
            await publisher.send("publish", stream_id="f", data="after")
            assert (await fast.receive("event"))["data"] == "after"

    run(scenario())


def test_reader_that_stopped_is_cut_although_it_answers_no_close_frame():
    async def scenario():
        sizes = {"max_size": 2**20, "outbox_size": 2**22, "close_timeout": 0.2}
        async with gateway(**sizes) as running, connected(running.url) as publisher:
            async with connected(running.url, max_queue=1, close_timeout=0.1) as slow:
                await publisher.register("Prices")
                await subscribe(slow, publisher, "s")
                slow.socket.transport.pause_reading()
                while running.counters()["slow_readers"] == 0:
                    await publisher.send("publish", stream_id="s", data="x" * 500_000)
                await publisher.receive("remove-interest")
                assert running.counters()["connections"] == 1

    run(scenario())


def test_reader_that_stopped_answers_no_ping_and_is_cut():
    async def scenario():
        times = {"ping_interval": 0.5, "ping_timeout": 0.5, "close_timeout": 0.1}
        async with gateway(**times) as running, connected(running.url) as publisher:
            async with connected(running.url, max_queue=1, close_timeout=0.1) as slow:
                await publisher.register("Prices")
                await subscribe(slow, publisher, "s")
                slow.socket.transport.pause_reading()
                for _ in range(20):
                    await publisher.send("publish", stream_id="s", data="x" * 500_000)
                await publisher.receive("remove-interest")
                assert running.counters()["slow_readers"] == 0

    run(scenario())


def test_one_frame_for_many_subscriptions_of_one_reader_does_not_fill_the_memory():
    async def scenario():
        sizes = {"max_size": 2**20, "outbox_size": 2**21, "close_timeout": 0.2}
        async with (
            gateway(**sizes) as running,
            connected(running.url, max_queue=None) as publisher,
        ):
            async with connected(running.url, close_timeout=0.1) as greedy:
                await publisher.register("Prices")
                for _ in range(30):
                    await subscribe(greedy, publisher, "s")
                await publisher.send("publish", stream_id="s", data="x" * 500_000)
                assert await closed_with(greedy.socket) == 4008
            assert running.counters()["slow_readers"] == 1

    run(scenario())


def test_stalled_subscriber_neither_fills_the_memory_nor_holds_the_others_up():
    async def scenario():
        sizes = {"max_size": 2**20, "outbox_size": 2**21, "close_timeout": 0.2}
        async with (
            gateway(**sizes) as running,
            connected(running.url) as publisher,
            connected(running.url) as fast,
        ):
            async with connected(running.url, max_queue=1, close_timeout=0.1) as stalled:
                await publisher.register("Prices")
                for reader in (stalled, fast):
                    await subscribe(reader, publisher, "s")
                stalled.socket.transport.pause_reading()
                tracemalloc.start()
                before, _ = tracemalloc.get_traced_memory()
                for number in range(200):
                    data = {"n": number, "note": "x" * 100_000}
                    await publisher.send("publish", stream_id="s", data=data)
                    assert (await fast.receive("event"))["data"]["n"] == number
                _, most = tracemalloc.get_traced_memory()
                tracemalloc.stop()
            assert running.counters()["slow_readers"] == 1
            return most - before

    # Of the 20 MB, what waits for the reader and some copies of what is under way.
    assert run(scenario()) < 2**21 + 2_000_000


def test_strangers_may_not_send_large_frames():
    async def scenario():
        async with gateway(login_size=1000) as running:
            async with connect(running.url) as stranger:
                await stranger.send(json.dumps({"type": "hello", "identity": {"x": "y" * 1000}}))
                assert await closed_with(stranger) == 1009
            async with connected(running.url) as client:
                await client.register("x" * 200)
                await client.send("call", server_id=client.peer_id, arguments_kv={"x": "y" * 1000})
                await client.receive("error")

    run(scenario())


def test_connections_over_the_limit_are_refused():
    async def scenario():
        async with gateway(max_connections=2) as running:
            async with connected(running.url), connected(running.url):
                with pytest.raises(InvalidStatus) as caught:
                    async with connect(running.url):
                        pass
                assert caught.value.response.status_code == 503
            await until(lambda: running.counters()["connections"] == 0)
            async with connected(running.url):
                pass

    run(scenario())


# Handshakes


@pytest.mark.parametrize(
    "headers, accepted",
    [
        ([("Origin", "https://app.corp")], True),
        ([], True),
        ([("Origin", "https://app.corp.evil.com")], False),
        ([("Origin", "null")], False),
        ([("Origin", "https://app.corp"), ("Origin", "https://app.corp")], False),
    ],
)
def test_handshake_checks_the_origin(headers, accepted):
    async def scenario():
        async with gateway(origins=OriginPolicy(["https://app.corp"])) as running:
            if accepted:
                async with connected(running.url, additional_headers=headers):
                    return
            with pytest.raises(InvalidStatus) as caught:
                async with connect(running.url, additional_headers=headers):
                    pass
            assert caught.value.response.status_code == 403
            assert running.counters()["connections"] == 0

    run(scenario())


@pytest.mark.parametrize("origin", ["https://app.corp", "http://127.0.0.1:8050", "null"])
def test_page_of_an_origin_that_was_not_named_may_not_connect(origin):
    async def scenario():
        async with gateway() as running:
            with pytest.raises(InvalidStatus) as caught:
                async with connect(running.url, additional_headers={"Origin": origin}):
                    pass
            assert caught.value.response.status_code == 403

    run(scenario())


def test_token_is_checked_against_the_origin_of_the_handshake():
    async def scenario():
        authority = TokenAuthority(SECRET)
        token = authority.issue(Principal("anna", None, "https://app.corp:443"))
        credentials = {"method": "access-token", "token": token}
        origins = OriginPolicy(["https://app.corp", "https://evil"])
        async with gateway(authority=authority, origins=origins) as running:
            for origin, answer in [("https://app.corp", "welcome"), ("https://evil", "error")]:
                headers = {"Origin": origin}
                async with connect(running.url, additional_headers=headers) as socket:
                    assert (await Client(socket).hello(**credentials))["type"] == answer

    run(scenario())


async def fetch(url, path):
    """Plain HTTP, as text."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    response = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()
    await writer.wait_closed()
    return response.decode()


def test_identity_path_proves_that_the_secret_is_known():
    async def scenario():
        async with gateway(authority=TokenAuthority(SECRET)) as running:
            for nonce in ["abc", "a%20b", "%FF", ""]:
                assert (await fetch(running.url, f"{IDENTITY_PATH}?nonce={nonce}")).startswith(
                    "HTTP/1.1 200"
                )
            body = (await fetch(running.url, f"{IDENTITY_PATH}?nonce=abc")).split("\r\n\r\n")[1]
            port = urlsplit(running.url).port
            question = f"gateway:{port}:abc".encode()
            assert body == hmac.new(SECRET.encode(), question, "sha256").hexdigest()

    run(scenario())


@pytest.mark.parametrize("path", ["/", "//[", "/x?nonce=1", "*", "http://[", "/\x01"])
def test_odd_requests_do_no_harm(path):
    async def scenario():
        async with gateway() as running, connected(running.url) as client:
            assert "101" not in (await fetch(running.url, path)).split("\r\n")[0]
            await client.register("Sum")

    run(scenario())


def test_clients_that_vanish_are_noticed_at_once():
    async def scenario():
        async with gateway() as running, connected(running.url) as a, connected(running.url) as b:
            await b.register("Show")
            await a.send("call", server_id=b.peer_id, method_id="Show", request_id="c")
            await b.receive("invoke")
            b.socket.transport.abort()
            error = await a.receive("error")
            assert error["reason"] == "Peer has left while waiting for result"
            assert (await a.receive("peer-removed"))["removed_id"] == b.peer_id

    run(scenario())


# Plain HTTP, and what the log says


async def exchange(url, request):
    """Send some bytes; returns all that comes back."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request)
    writer.write_eof()
    response = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()
    return response.decode()


@pytest.mark.parametrize("path", ["/", IDENTITY_PATH, "/_dash-interop/session"])
@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("body", ["", "x" * 100_000], ids=["no body", "body"])
def test_method_that_is_not_get_is_answered_with_405(path, method, body):
    async def scenario():
        async with gateway() as running, connected(running.url) as client:
            request = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            head = (await exchange(running.url, (request + body).encode())).split("\r\n\r\n")[0]
            assert head.startswith("HTTP/1.1 405 ")
            assert "\r\nAllow: GET" in head
            await client.register("Sum")

    run(scenario())


@pytest.mark.parametrize(
    "path, status",
    [
        (f"{IDENTITY_PATH}?nonce=x", 200),
        ("/_dash-interop/session", 404),
        ("/_dash-interop/", 404),
        ("/", 426),
        ("/elsewhere", 426),
        ("//[", 426),
        ("http://[", 426),
    ],
)
def test_what_plain_http_is_answered(path, status, caplog):
    async def scenario():
        async with gateway() as running:
            assert (await fetch(running.url, path)).startswith(f"HTTP/1.1 {status} ")

    with caplog.at_level(logging.WARNING, "dash_interop"):
        run(scenario())
    assert caplog.records == []


def test_websocket_may_be_opened_at_any_path():
    async def scenario():
        async with gateway() as running:
            for path in ["/gw", "/_dash-interop/socket?a=%5B"]:
                async with connected(running.url + path):
                    pass

    run(scenario())


def logged(scenario, caplog):
    """The lines that a scenario leaves in the log, as warnings and worse."""
    with caplog.at_level(logging.WARNING, "dash_interop"):
        run(scenario)
    assert not any(record.exc_info for record in caplog.records)
    return caplog.messages


TOKEN = TokenAuthority(SECRET).issue(Principal("anna"))


@pytest.mark.parametrize(
    "authentication, words",
    [
        ({"method": "secret", "login": "eve\n", "secret": "x"}, " as 'eve\\n': Wrong secret"),
        ({"method": "access-token", "token": "x"}, ": The token was not made with this gateway's"),
        ({"method": "access-token", "token": TOKEN}, ": The token has expired"),
        ({"method": "magic"}, ": Unknown authentication method magic"),
        ({"method": 5}, ": "),
    ],
)
def test_refused_login_is_in_the_log(authentication, words, caplog):
    async def scenario():
        late = TokenAuthority(SECRET, clock=lambda: time() + 1000)
        async with gateway(authority=late) as running:
            async with connect(running.url) as socket:
                hello = {"type": "hello", "domain": "global", "authentication": authentication}
                await socket.send(json.dumps(hello))
                assert json.loads(await socket.recv())["type"] == "error"

    (line,) = logged(scenario(), caplog)
    assert line.startswith("127.0.0.1: refused a login" + words), line


def test_who_tries_secrets_waits_and_nobody_else_does():
    async def guess(url, number):
        async with connect(url) as socket:
            try:
                return (await Client(socket).hello(secret=f"guess {number}"))["reason"]
            except ConnectionClosed:
                return socket.close_code

    async def scenario():
        authority = TokenAuthority(SECRET)
        async with gateway(authority=authority, login_timeout=2.0) as running:
            guesses = [asyncio.ensure_future(guess(running.url, n)) for n in range(40)]
            answers = await asyncio.gather(*guesses[:AT_ONCE])
            assert set(answers) == {"Wrong secret"}
            token = authority.issue(Principal("anna"))
            async with connect(running.url) as socket:
                welcome = await Client(socket).hello(method="access-token", token=token)
                assert welcome["type"] == "welcome"
            # The last one would have to wait for longer than anybody may.
            assert await asyncio.wait_for(guesses[-1], DEADLINE) == 4009
            await asyncio.gather(*guesses)
            assert AT_ONCE <= running.counters()["failed_logins"] < 40

    run(scenario())


def test_right_secret_is_no_guess():
    async def scenario():
        async with gateway(authority=TokenAuthority(SECRET), login_timeout=0.5) as running:
            for _ in range(3 * AT_ONCE):
                async with connect(running.url) as socket:
                    assert (await Client(socket).hello(secret=SECRET))["type"] == "welcome"

    run(scenario())


def test_who_fails_to_log_in_gets_no_more_than_a_few_lines(caplog):
    async def scenario():
        async with gateway(authority=TokenAuthority(SECRET)) as running:
            for _ in range(20):
                async with connect(running.url) as socket:
                    for number in range(10):
                        guess = {"method": "access-token", "token": f"guess {number}"}
                        assert (await Client(socket).hello(**guess))["type"] == "error"
            assert running.counters()["failed_logins"] == 200

    *lines, last = logged(scenario(), caplog)
    assert len(lines) == LINES and "guess" not in str(lines)
    assert last == f"left out {200 - LINES} lines about 1 addresses, {200 - LINES} of them " + (
        "about 127.0.0.1"
    )


def test_errors_that_are_no_refused_login_are_not_said_to_be(caplog):
    async def scenario():
        async with gateway() as running, connected(running.url) as client:
            await client.send("join", domain="global", destination="nowhere")
            await client.receive("error")
            async with connect(running.url) as socket:
                await Client(socket).send("join", domain="global", destination="agm")
                assert json.loads(await socket.recv())["type"] == "error"

    assert logged(scenario(), caplog) == []


def test_frame_that_is_too_long_is_in_the_log(caplog):
    async def scenario():
        async with gateway(max_size=4096) as running, connected(running.url) as client:
            await client.send("ping", domain="global", padding="x" * 5000)
            assert await closed_with(client.socket) == 1009
            await until(lambda: running.counters()["connections"] == 0)

    (line,) = logged(scenario(), caplog)
    assert line.startswith("127.0.0.1: 'anna' disconnected with 1009: ")
    assert "4096" in line


def test_slow_reader_is_in_the_log(caplog):
    async def scenario():
        sizes = {"max_size": 2**20, "outbox_size": 2**22, "close_timeout": 0.2}
        async with gateway(**sizes) as running, connected(running.url) as publisher:
            async with connected(running.url, max_queue=1, close_timeout=0.1) as slow:
                await publisher.register("Prices")
                await subscribe(slow, publisher, "s")
                slow.socket.transport.pause_reading()
                while running.counters()["slow_readers"] == 0:
                    await publisher.send("publish", stream_id="s", data="x" * 500_000)
                await until(lambda: running.counters()["connections"] == 1)

    assert logged(scenario(), caplog) == [
        "127.0.0.1: 'anna' disconnected with 4008: Too slow in reading"
    ]


def test_reader_that_answers_no_ping_is_in_the_log(caplog):
    async def scenario():
        times = {"ping_interval": 0.5, "ping_timeout": 0.5, "close_timeout": 0.1}
        async with gateway(**times) as running:
            async with connected(running.url, ping_interval=None, close_timeout=0.1) as client:
                client.socket.transport.pause_reading()
                await until(lambda: running.counters()["connections"] == 0)

    (line,) = logged(scenario(), caplog)
    assert line.startswith("127.0.0.1: 'anna' disconnected with 1011: ")


@pytest.mark.parametrize(
    "frame, words", [("[]", "with 1007: "), (b"x", "with 1003: "), ("x" * 3000, "with 1009: ")]
)
def test_stranger_that_is_cut_is_in_the_log(frame, words, caplog):
    async def scenario():
        async with gateway(login_size=2000) as running, connect(running.url) as socket:
            await socket.send(frame)
            await closed_with(socket)
            await until(lambda: running.counters()["connections"] == 0)

    (line,) = logged(scenario(), caplog)
    assert line.startswith(f"127.0.0.1: disconnected {words}")


def test_page_that_may_not_connect_is_in_the_log(caplog):
    async def scenario():
        async with gateway(origins=OriginPolicy(["https://app.corp"])) as running:
            with pytest.raises(InvalidStatus):
                async with connect(running.url, additional_headers={"Origin": "https://evil"}):
                    pass

    assert logged(scenario(), caplog) == [
        "127.0.0.1: refused with 403: Pages of https://evil:443 may not connect: start the gateway "
        "with --allow-origin https://evil:443"
    ]


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9\r\n\r\n"]
)
def test_noise_is_a_line_without_a_traceback(noise, caplog):
    async def scenario():
        async with gateway() as running:
            await exchange(running.url, noise)

    (line,) = logged(scenario(), caplog)
    assert line.startswith("127.0.0.1: sent no proper request: ")


def test_who_comes_and_goes_is_in_the_log_from_info_on(caplog):
    async def scenario():
        async with gateway() as running:
            async with connected(running.url, "anna"):
                pass
            await until(lambda: running.counters()["connections"] == 0)

    with caplog.at_level(logging.INFO, "dash_interop"):
        run(scenario())
    assert caplog.messages[:2] == [
        "127.0.0.1: None logged in as 'anna'",
        "127.0.0.1: 'anna' left",
    ]


# Stopping while calls are under way


def silent(url):
    """A TCP connection that says nothing."""
    return socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=DEADLINE)


async def calling(stack, url):
    """A caller and a callee with a call under way, and its invocation id."""
    callee = await stack.enter_async_context(connected(url))
    caller = await stack.enter_async_context(connected(url))
    await callee.register("Sum")
    await caller.send("call", server_id=callee.peer_id, method_id="Sum", request_id="c")
    invocation = (await callee.receive("invoke"))["invocation_id"]
    return caller, callee, invocation


async def refused_call(caller, callee):
    """The error that a new call is answered by."""
    await caller.send("call", server_id=callee.peer_id, method_id="Sum", request_id="late")
    return await caller.receive("error")


def test_call_under_way_ends_before_the_connections_do():
    async def scenario():
        async with AsyncExitStack() as stack, gateway(drain=60.0) as running:
            caller, callee, invocation = await calling(stack, running.url)
            draining = asyncio.ensure_future(running.drain())
            await asyncio.sleep(0)
            error = await refused_call(caller, callee)
            assert error["reason_uri"] == "global.errors.going_away"
            assert not draining.done()
            await callee.send("yield", invocation_id=invocation, result={"sum": 1})
            assert (await caller.receive("result"))["result"] == {"sum": 1}
            for client in (caller, callee):
                assert await closed_with(client.socket) == 1001
                assert client.socket.close_reason == "The gateway is stopping: come back"
            await asyncio.wait_for(draining, DEADLINE)

    run(scenario())


def test_nobody_comes_in_while_calls_end_and_the_port_is_free_for_the_next_gateway():
    async def scenario():
        async with AsyncExitStack() as stack, gateway(drain=60.0) as running:
            caller, callee, invocation = await calling(stack, running.url)
            stranger = await stack.enter_async_context(connect(running.url))
            draining = asyncio.ensure_future(running.drain())
            assert await closed_with(stranger) == 1001
            with pytest.raises(OSError):
                async with connect(running.url):
                    pass
            async with gateway(port=urlsplit(running.url).port) as successor:
                async with connected(successor.url):
                    await callee.send("yield", invocation_id=invocation, result=1)
                    await caller.receive("result")
                    await asyncio.wait_for(draining, DEADLINE)

    run(scenario())


def test_call_that_does_not_end_is_cut_and_counted(caplog):
    async def scenario():
        async with AsyncExitStack() as stack, gateway(drain=0.05) as running:
            caller, callee, _ = await calling(stack, running.url)
            await asyncio.wait_for(running.drain(), DEADLINE)
            assert await closed_with(caller.socket) == 1001
            assert await closed_with(callee.socket) == 1001

    run(scenario())
    assert caplog.messages == ["1 calls did not end within 0.05 s"]


def test_connection_that_says_nothing_does_not_prolong_a_stop():
    async def scenario():
        # The handshake may take a minute, and so may the calls.
        async with gateway(open_timeout=60.0, drain=60.0) as running:
            with silent(running.url) as quiet, silent(running.url) as slow:
                slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
                async with connected(running.url):
                    await asyncio.wait_for(running.drain(), DEADLINE)
                quiet.settimeout(DEADLINE)
                with contextlib.suppress(ConnectionResetError):
                    assert quiet.recv(1) == b""

    run(scenario())


def test_end_without_patience_needs_no_answer_of_silent_connections():
    async def scenario():
        async with AsyncExitStack() as stack:
            async with gateway(open_timeout=60.0) as running:
                stack.enter_context(silent(running.url))
                await until(lambda: len(running._visits) == 1)

    asyncio.run(asyncio.wait_for(scenario(), DEADLINE))


def test_stop_can_be_cut_short():
    async def scenario():
        async with AsyncExitStack() as stack, gateway(drain=60.0) as running:
            await calling(stack, running.url)
            draining = asyncio.ensure_future(running.drain())
            await asyncio.sleep(0)
            running.abort()
            await asyncio.wait_for(draining, DEADLINE)

    run(scenario())
