"""
What one peer, or one user, may do to a gateway that others use; on loopback, and bounded.

    python -m tests.bench.fault_loads NAME URL [--count N] [--seconds S]

Each prints ``begin`` when what has to be there first is there, waits for a line on standard input,
and prints one JSON object with its figures at the end. It never fails because the gateway sends it
away: that is a figure, too.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from websockets.exceptions import InvalidHandshake

from dash_interop.gateway.auth import TokenAuthority, runtime_secret
from dash_interop.router.principals import Principal
from tests.bench.load import STREAM, subscribe
from tests.bench.peer import ANSWER_SECONDS, Peer, encode
from tests.bench.wire import Connection, text_frame

USER = "heavy"
"""Who does it; the others are of other users."""

Begin = Callable[[], Awaitable[None]]
Outcome = dict[str, float]

REFUSED = (RuntimeError, OSError, InvalidHandshake, asyncio.TimeoutError)


# 3: what a joiner has to learn ----------------------------------------------------------------


async def snapshot_of_large(options: argparse.Namespace, begin: Begin) -> Outcome:
    """One user's methods of 60 kB each; one more peer of that user joins."""
    owner = await Peer.join(options.url, USER)
    await _offer(owner, options.count, at_once=100, description="x" * 60_000)
    await begin()
    return await _join_and_learn(options.url, options.count, login=USER)


async def snapshot_of_many(options: argparse.Namespace, begin: Begin) -> Outcome:
    """Users with 500 methods each; a service joins, which sees all of them."""
    for number in range(options.count):
        owner = await Peer.join(options.url, f"user-{number}")
        await _offer(owner, 500, at_once=500, description="does what it says " * 4)
    await begin()
    return await _join_and_learn(options.url, 500 * options.count, token=_service_token())


async def _offer(owner: Peer, count: int, at_once: int, **fields: Any) -> None:
    methods = _methods(count, **fields)
    for start in range(0, count, at_once):
        some = methods[start : start + at_once]
        await owner.request(domain="agm", type="register", peer_id=owner.peer_id, methods=some)


def _methods(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": f"{n}", "name": f"Method.{n}", "flags": {}, **fields} for n in range(count)]


async def _join_and_learn(url: str, methods: int, **who: str) -> Outcome:
    """Seconds until a newcomer is in and has heard of that many methods."""
    started = time.perf_counter()
    connection = await Connection.open(url)
    peer = Peer(connection)
    learnt = 0
    answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    complete: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def look(payload: bytes) -> None:
        nonlocal learnt
        learnt += payload.count(b'"name":"Method.')
        if b'"request_id":"join"' in payload and not answered.done():
            answered.set_result(time.perf_counter() - started)
        if learnt >= methods and not complete.done():
            complete.set_result(time.perf_counter() - started)

    welcome = await peer.request(type="hello", identity={}, authentication=_credentials(**who))
    peer.connection.handler = look
    peer.send(type="join", destination="agm", request_id="join", peer_id=welcome["peer_id"])
    joined = await _in_time(answered, connection, ANSWER_SECONDS)
    learnt_all = await _in_time(complete, connection, ANSWER_SECONDS)
    outcome = {"share_learnt": learnt / methods, "sent_away": float(connection.closed.done())}
    if joined is not None:
        outcome["joined_seconds"] = joined
    if learnt_all is not None:
        outcome["learnt_seconds"] = learnt_all
    return outcome


def _credentials(login: str = "", token: str = "") -> dict[str, str]:
    if token:
        return {"method": "access-token", "token": token}
    return {"method": "secret", "login": login, "secret": ""}


def _service_token() -> str:
    return TokenAuthority(runtime_secret()).issue(Principal("bench", is_service=True))


async def _in_time(
    wanted: "asyncio.Future[float]", connection: Connection, seconds: float
) -> float | None:
    """What a future comes to; ``None`` where the connection ends before, or it takes too long."""
    await asyncio.wait(
        [wanted, connection.closed], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
    )
    return wanted.result() if wanted.done() else None


# 4: as fast as it can -------------------------------------------------------------------------


async def flood_before_login(options: argparse.Namespace, begin: Begin) -> Outcome:
    """Messages that need no login, over connections that nobody logs in over."""
    frames = text_frame(b'{"type":"ping"}') * 2000
    return await _flood(options, begin, frames, lambda: Connection.open(options.url))


async def flood_after_login(options: argparse.Namespace, begin: Begin) -> Outcome:
    """The same from peers that are logged in."""
    frames = text_frame(b'{"type":"ping"}') * 2000

    async def join() -> Connection:
        return (await Peer.join(options.url, USER)).connection

    return await _flood(options, begin, frames, join)


async def _flood(
    options: argparse.Namespace,
    begin: Begin,
    frames: bytes,
    connect: Callable[[], Awaitable[Connection]],
) -> Outcome:
    """Who is sent away comes again at once, until the time is over."""
    sent = ended = 0

    async def flood(connection: Connection | None) -> None:
        nonlocal sent, ended
        while True:
            try:
                connection = connection or await connect()
            except REFUSED:
                await asyncio.sleep(0.05)
                continue
            while connection.is_open:
                connection.send(frames)
                await connection.drain()
                sent += 2000
                # Draining does not wait where the gateway takes all at once.
                await asyncio.sleep(0)
            ended += 1
            await asyncio.wait([connection.closed], timeout=1.0)
            connection = None

    connections = [await connect() for _ in range(options.count)]
    await begin()
    floods = [asyncio.ensure_future(flood(connection)) for connection in connections]
    await asyncio.sleep(options.seconds)
    for each in floods:
        each.cancel()
    return {"frames_taken_per_second": sent / options.seconds, "times_sent_away": ended}


# 5: join and leave ----------------------------------------------------------------------------


async def join_and_leave(options: argparse.Namespace, begin: Begin) -> Outcome:
    """One peer joins and leaves again and again, 300 of its user hear of it."""
    listeners = [await Peer.join(options.url, USER) for _ in range(300)]
    for listener in listeners:
        listener.connection.count(b'"peer-added"', lambda number: None)
    peer = await Peer.join(options.url, USER)
    answers = 0
    done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    started = time.perf_counter()

    def look(payload: bytes) -> None:
        nonlocal answers
        answers += b'"request_id":"loop"' in payload
        if answers == 2 * options.count and not done.done():
            done.set_result(time.perf_counter() - started)

    peer.connection.handler = look
    pair = [
        text_frame(encode({"type": kind, "destination": "agm", "request_id": "loop"} | who))
        for who in [{"domain": "global", "peer_id": peer.peer_id}]
        for kind in ("leave", "join")
    ]
    await begin()
    started = time.perf_counter()
    peer.connection.send(b"".join(pair) * options.count)
    seconds = await _in_time(done, peer.connection, options.seconds)
    return {
        "seconds": time.perf_counter() - started if seconds is None else seconds,
        "share_answered": answers / (2 * options.count),
        "sent_away": float(peer.connection.closed.done()),
    }


# 6, 7, 8: the cost of one frame ---------------------------------------------------------------


async def unregister_many(options: argparse.Namespace, begin: Begin) -> Outcome:
    """One ``unregister`` of 5,000 methods by a publisher with many subscriptions to another."""
    publisher = await Peer.join(options.url, USER)
    names = [str(number) for number in range(5_000)]
    await publisher.request(
        domain="agm",
        type="register",
        peer_id=publisher.peer_id,
        methods=[{"id": name, "name": name, "flags": {"streaming": True}} for name in names],
    )
    for _ in range(options.count // 10_000):
        subscriber = await Peer.join(options.url, USER)
        subscriber.connection.count(b'"methods', lambda number: None)
        fields = {"domain": "agm", "type": "subscribe", "peer_id": subscriber.peer_id}
        target = {"server_id": publisher.peer_id, "method_id": "0", "request_id": "s"}
        frame = text_frame(encode(fields | target))
        for _ in range(100):
            subscriber.connection.send(frame * 100)
            await subscriber.connection.drain()
    for _ in range(options.count // 10_000 * 10_000):
        await publisher.wait_for(lambda message: message["type"] == "add-interest")
    await begin()
    started = time.perf_counter()
    await publisher.request(
        domain="agm", type="unregister", peer_id=publisher.peer_id, methods=names[1:]
    )
    return {"seconds": time.perf_counter() - started}


async def lone_surrogates(options: argparse.Namespace, begin: Begin) -> Outcome:
    """Frames of 16 MB of escapes that are half a character each."""
    peer = await Peer.join(options.url, USER)
    await peer.offer("0", "Halves")
    frame = encode(
        {
            "domain": "agm",
            "type": "publish",
            "peer_id": peer.peer_id,
            "stream_id": "0",
            "data": "@",
        }
    ).replace(b"@", b"\\ud800" * 2_700_000)
    await begin()
    started = time.perf_counter()
    for _ in range(options.count):
        peer.connection.send(text_frame(frame))
        await peer.connection.drain()
    return await _answered(peer, started)


async def many_patterns(options: argparse.Namespace, begin: Begin) -> Outcome:
    """50 peers of a user, whose methods have 100 patterns each in their restrictions; more join."""
    for number in range(50):
        owner = await Peer.join(options.url, USER)
        methods = [
            {
                "id": f"{number}-{each}",
                "name": f"{number}-{each}",
                "restrictions": f"$x ? '.*(a|b|ab|ba)+[a-f]{{1,20}}{number}z{each}.*'",
            }
            for each in range(100)
        ]
        await owner.request(domain="agm", type="register", peer_id=owner.peer_id, methods=methods)
        owner.connection.count(b'"peer-added"', lambda number: None)
    await begin()
    started = time.perf_counter()
    for _ in range(options.count):
        peer = Peer(await Connection.open(options.url))
        welcome = await peer.request(
            type="hello", identity={"x": "ab" * 100}, authentication=_credentials(login=USER)
        )
        peer.peer_id = welcome["peer_id"]
        await peer.request(type="join", destination="agm", peer_id=peer.peer_id)
    return {"seconds_each": (time.perf_counter() - started) / options.count}


async def _answered(peer: Peer, started: float) -> Outcome:
    """Seconds until the gateway answers again, or sends the peer away."""
    lost = peer.connection.closed
    asking = asyncio.ensure_future(
        peer.request(type="join", destination="agm", peer_id=peer.peer_id)
    )
    await asyncio.wait([asking, lost], return_when=asyncio.FIRST_COMPLETED)
    asking.cancel()
    return {"seconds": time.perf_counter() - started, "sent_away": float(lost.done())}


# 9: many connections --------------------------------------------------------------------------


async def many_connections(options: argparse.Namespace, begin: Begin) -> Outcome:
    """One user opens connections until all are refused; another user and a service log in."""
    kept: list[Connection] = []
    refused = 0

    async def open_some(count: int) -> None:
        nonlocal refused
        for _ in range(count):
            try:
                peer = Peer(await Connection.open(options.url))
                await peer.request(
                    type="hello", identity={}, authentication=_credentials(login=USER)
                )
                kept.append(peer.connection)
            except REFUSED:
                refused += 1

    await begin()
    started = time.perf_counter()
    opening = asyncio.gather(*(open_some(options.count // 50) for _ in range(50)))
    logins: list[float] = []
    failures = 0
    while not opening.done() and time.perf_counter() - started < options.seconds:
        failures += not await _log_in(options.url, logins, login="other")
        await asyncio.sleep(0.2)
    opening.cancel()
    seconds = time.perf_counter() - started
    others: list[float] = []
    is_in = await _log_in(options.url, others, login="other")
    service_is_in = await _log_in(options.url, others, token=_service_token())
    return {
        "seconds": seconds,
        "connections_of_the_user": sum(not connection.closed.done() for connection in kept),
        "connections_refused": refused,
        "slowest_login_of_others_seconds": max([*logins, *others], default=0.0),
        "logins_of_others_refused": failures + (not is_in),
        "services_refused": float(not service_is_in),
    }


async def _log_in(url: str, seconds: list[float], **who: str) -> bool:
    started = time.perf_counter()
    try:
        peer = Peer(await Connection.open(url))
        await peer.request(type="hello", identity={}, authentication=_credentials(**who))
    except REFUSED:
        return False
    seconds.append(time.perf_counter() - started)
    peer.connection.close()
    return True


# 10, 11, 12: memory ---------------------------------------------------------------------------


async def unfinished_frames(options: argparse.Namespace, begin: Begin) -> Outcome:
    """Connections that nobody logs in over, each with 15 MB of a frame that does not end."""
    connections = [await Connection.open(options.url) for _ in range(options.count)]
    head = b"\x81\xff" + (15_900_000).to_bytes(8, "big") + b"\0\0\0\0"
    piece = b"x" * 1_000_000
    taken = 0
    await begin()
    for connection in connections:
        connection.send(head)
        for _ in range(15):
            connection.send(piece)
            try:
                await asyncio.wait_for(connection.drain(), 1.0)
            except asyncio.TimeoutError:
                break
            if connection.closed.done():
                break
            taken += len(piece)
    await asyncio.sleep(0.5)
    away = sum(connection.closed.done() for connection in connections)
    return {"megabytes_taken": taken / 1e6, "sent_away": away}


async def unread_pongs(options: argparse.Namespace, begin: Begin) -> Outcome:
    """A peer that sends pings and never reads the pongs."""
    peer = await Peer.join(options.url, USER)
    peer.connection.pause()
    pings = (b"\x89\xfd" + b"\0\0\0\0" + b"p" * 125) * 1000
    sent = 0
    await begin()
    ends = time.perf_counter() + options.seconds
    while time.perf_counter() < ends:
        peer.connection.send(pings)
        try:
            await asyncio.wait_for(peer.connection.drain(), ends - time.perf_counter())
        except asyncio.TimeoutError:
            break
        await asyncio.sleep(0)
        if peer.connection.closed.done():
            break
        sent += len(pings)
    return {"megabytes_taken": sent / 1e6}


async def stalled_subscribers(options: argparse.Namespace, begin: Begin) -> Outcome:
    """Data for subscribers of which none reads."""
    publisher = await Peer.join(options.url, "bench-fan-out")
    await publisher.offer("1", STREAM, streaming=True)
    subscribers = [await subscribe(options.url, publisher) for _ in range(options.count)]
    for subscriber in subscribers:
        subscriber.connection.pause()
    pushed = 0
    await begin()
    ends = time.perf_counter() + options.seconds
    while pushed < 50_000_000 and time.perf_counter() < ends:
        pushed += _push(publisher, 20_000, 10)
        await publisher.connection.drain()
        await asyncio.sleep(0)
    await asyncio.sleep(1.0)
    for subscriber in subscribers:
        subscriber.connection.resume()
    await asyncio.sleep(2.0)
    away = sum(subscriber.connection.closed.done() for subscriber in subscribers)
    return {"megabytes_pushed": pushed / 1e6, "sent_away": away}


def _push(publisher: Peer, size: int, times: int) -> int:
    message = {
        "domain": "agm",
        "type": "publish",
        "peer_id": publisher.peer_id,
        "stream_id": "0",
        "data": "x" * size,
    }
    publisher.connection.send(text_frame(encode(message)) * times)
    return size * times


# 13: calls that nobody waits for any more -----------------------------------------------------


async def forgotten_calls(options: argparse.Namespace, begin: Begin) -> Outcome:
    """A caller whose calls time out, and who says so; then it calls somebody who answers."""
    callee = await Peer.join(options.url, USER)
    await callee.offer("0", "Never")
    callee.connection.count(b'"invoke"', lambda number: None)
    caller = await Peer.join(options.url, USER)
    await begin()
    started = time.perf_counter()
    fields = {"domain": "agm", "peer_id": caller.peer_id}
    target = {"server_id": callee.peer_id, "method_id": "0", "timeout_ms": 1000}
    answered = 0

    def look(payload: bytes) -> None:
        nonlocal answered
        answered += 1

    caller.connection.handler = look
    for start in range(0, options.count, 1000):
        numbers = range(start, start + 1000)
        for kind, more in (("call", target), ("cancel-call", {"reason": "timeout"})):
            message = fields | more | {"type": kind, "request_id": "########"}
            head, tail = text_frame(encode(message)).split(b"########")
            caller.connection.send(b"".join(b"%b%08d%b" % (head, n, tail) for n in numbers))
            await caller.connection.drain()
            await asyncio.sleep(0)
    other = await Peer.join(options.url, USER)
    await other.offer("0", "Answers")
    last: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def look_for_last(payload: bytes) -> None:
        if b'"request_id":"last"' in payload and not last.done():
            last.set_result(float(b'"reason_uri"' in payload))

    caller.connection.handler = look_for_last
    caller.send(type="call", request_id="last", **fields, server_id=other.peer_id, method_id="0")
    invoked = asyncio.ensure_future(other.wait_for(lambda message: message["type"] == "invoke"))
    await asyncio.wait([invoked, last], return_when=asyncio.FIRST_COMPLETED)
    invoked.cancel()
    return {"seconds": time.perf_counter() - started, "next_call_refused": float(last.done())}


# 14: a slow reader ----------------------------------------------------------------------------


class SlowReader(Connection):
    """Reads at a steady pace, which is slow."""

    bytes_per_second = 1_000_000
    taken = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.taken += len(data)
        self.pause()
        asyncio.get_running_loop().call_later(len(data) / self.bytes_per_second, self.resume)


async def slow_reader(options: argparse.Namespace, begin: Begin) -> Outcome:
    """2 MB/s for a reader of 1 MB/s."""
    publisher = await Peer.join(options.url, "bench-fan-out")
    await publisher.offer("1", STREAM, streaming=True)
    subscriber = await subscribe(options.url, publisher, SlowReader)
    connection = subscriber.connection
    connection.handler = lambda payload: None
    await begin()
    started = time.perf_counter()
    pushed = 0
    while not connection.closed.done() and time.perf_counter() - started < options.seconds:
        if pushed <= 2_000_000 * (time.perf_counter() - started):
            pushed += _push(publisher, 20_000, 1)
            await publisher.connection.drain()
        await asyncio.sleep(0.005)
    return {
        "seconds": time.perf_counter() - started,
        "sent_away": float(connection.closed.done()),
        "close_code": float(connection.close_code or 0),
    }


# 15: many join at once ------------------------------------------------------------------------


async def joins_at_once(options: argparse.Namespace, begin: Begin) -> Outcome:
    """Peers of one user join at the same moment."""
    frames = heard = 0
    loop = asyncio.get_running_loop()
    peers = [await _log_in_only(options.url) for _ in range(options.count)]
    done: asyncio.Future[float] = loop.create_future()
    quiet = loop.create_future()

    def look(payload: bytes) -> None:
        nonlocal frames, heard
        frames += 1
        heard += b'"request_id":"join"' in payload
        if heard == options.count and not done.done():
            done.set_result(time.perf_counter() - started)

    for peer in peers:
        peer.connection.handler = look
    extensions = {"extensions": ["batches"]} if options.batches else {}
    await begin()
    started = time.perf_counter()
    for peer in peers:
        peer.send(
            type="join", destination="agm", request_id="join", peer_id=peer.peer_id, **extensions
        )
    seconds = await asyncio.wait_for(done, options.seconds)
    # Others are told of the last ones after the answers.
    last = -1
    while frames != last:
        last = frames
        await asyncio.sleep(0.5)
    quiet.cancel()
    return {"seconds": seconds, "frames": frames}


async def _log_in_only(url: str) -> Peer:
    peer = Peer(await Connection.open(url))
    welcome = await peer.request(type="hello", identity={}, authentication=_credentials(login=USER))
    peer.peer_id = welcome["peer_id"]
    return peer


LOADS: dict[str, Callable[[argparse.Namespace, Begin], Awaitable[Outcome]]] = {
    load.__name__: load
    for load in (
        snapshot_of_large,
        snapshot_of_many,
        flood_before_login,
        flood_after_login,
        join_and_leave,
        unregister_many,
        lone_surrogates,
        many_patterns,
        many_connections,
        unfinished_frames,
        unread_pongs,
        stalled_subscribers,
        forgotten_calls,
        slow_reader,
        joins_at_once,
    )
}


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.bench.fault_loads", description=__doc__)
    parser.add_argument("load", choices=LOADS)
    parser.add_argument("url", help="ws://host:port of the gateway")
    parser.add_argument("--count", type=int, default=1, help="how much of it")
    parser.add_argument("--seconds", type=float, default=5.0, help="for how long, at most")
    parser.add_argument("--batches", type=int, default=0, help="1: join as our clients do")
    return parser.parse_args()


async def main(options: argparse.Namespace) -> None:
    """Carry one out and print its figures."""

    async def begin() -> None:
        print("begin", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

    outcome = await LOADS[options.load](options, begin)
    print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    try:
        uvloop.run(main(parse_options()))
    except REFUSED as error:
        sys.exit(f"load: {type(error).__name__}: {error}")
