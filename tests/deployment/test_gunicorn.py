"""An app under gunicorn: each worker is a peer, and its successor when it is gone."""

from __future__ import annotations

import json
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dash_interop.client import sync
from dash_interop.client.sync import InteropClient
from tests.support.ports import free_range
from tests.support.programs import Program
from tests.support.watching import DEADLINE, Heard, processes, wait_for_offers

Gunicorn = Callable[..., Program]

STARTING = """
def post_worker_init(worker):
    from tests.support.apps_hosting import interop

    interop.start()
"""

MARKING = """
def post_worker_init(worker):
    from tests.support.apps_hosting import interop

    interop.client.register("Marker", lambda: None)
"""


GEVENT = ("--worker-class", "gevent")

IMPORT_SECONDS = 45.0
"""Workers that each import all of Dash share the processors with whatever else there is."""

WORKERS = [(), ("--preload",), GEVENT, (*GEVENT, "--preload")]


@pytest.fixture
def gunicorn(environment: Mapping[str, str], tmp_path: Path) -> Iterator[Gunicorn]:
    """Serves the app on a free port: ``ready[1]`` is its URL."""
    with ExitStack() as stack:

        def serve(
            *options: str, workers: int, config: str = "", environment: Any = environment
        ) -> Program:
            path = tmp_path / "gunicorn.conf.py"
            # Newer versions put a socket into the home of whoever runs them.
            path.write_text(f"control_socket_disable = True\n{config}")
            return stack.enter_context(
                Program(
                    *("-m", "gunicorn", "--bind", "127.0.0.1:0", "--config", str(path)),
                    *("--workers", str(workers), "--worker-tmp-dir", str(tmp_path), *options),
                    "tests.support.apps_hosting:server",
                    environment=environment,
                    ready=r"Listening at: (http://\S+) ",
                )
            )

        yield serve


def get(url: str | urllib.request.Request) -> Any:
    with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
        return answer.read()


def answering(client: InteropClient) -> set[int]:
    """The processes that answer an invocation for all."""
    result = client.invoke("Process", target="all")
    assert result.all_errors == []
    answers = [value.returned["_value"] for value in result.all_return_values]
    assert answers == [value.executed_by["process"] for value in result.all_return_values]
    assert len(answers) == len(set(answers))
    return set(answers)


@pytest.mark.parametrize("options", WORKERS, ids=" ".join)
def test_each_worker_is_a_peer_and_so_is_the_one_that_replaces_it(
    gunicorn: Gunicorn, client: InteropClient, options: tuple[str, ...]
):
    server = gunicorn(*options, workers=3, config=STARTING)
    workers = wait_for_offers(client, "Process", lambda pids: len(pids) == 3, IMPORT_SECONDS)
    assert answering(client) == workers
    assert server.pid not in workers

    killed = min(workers)
    os.kill(killed, signal.SIGKILL)
    now = wait_for_offers(
        client, "Process", lambda pids: len(pids) == 3 and killed not in pids, IMPORT_SECONDS
    )
    assert workers - {killed} < now
    assert answering(client) == now

    # An administrator ends it all, and nobody offers anything any more.
    server.stop()
    wait_for_offers(client, "Process", lambda pids: not pids)
    assert "Traceback" not in server.output


@pytest.mark.parametrize("options", WORKERS, ids=" ".join)
def test_worker_that_nobody_starts_offers_from_its_first_request_on(
    gunicorn: Gunicorn, client: InteropClient, options: tuple[str, ...]
):
    # A peer it may be before, which does not make it a server of the app.
    server = gunicorn("--threads", "2", *options, workers=1, config=MARKING)
    [worker] = wait_for_offers(client, "Marker", lambda pids: len(pids) == 1, IMPORT_SECONDS)
    assert worker != server.pid
    assert processes(client, "Process") == set()
    get(f"{server.ready[1]}/_favicon.ico")
    wait_for_offers(client, "Process", lambda pids: pids == {worker})
    get(f"{server.ready[1]}/_dash-layout")
    assert answering(client) == {worker}


def test_subscriber_of_all_hears_each_worker(gunicorn: Gunicorn, client: InteropClient):
    config = """
def post_worker_init(worker):
    from tests.support.apps_hosting import interop, ticks

    @interop.method("Push")
    def push(n):
        ticks.push({"n": n, "process": worker.pid})

    interop.start()
"""
    gunicorn(workers=2, config=config)
    workers = wait_for_offers(client, "Ticks", lambda pids: len(pids) == 2)
    wait_for_offers(client, "Push", lambda pids: pids == workers)
    heard, connected = Heard(), Heard()
    client.subscribe("Ticks", target="all", on_data=heard, on_connected=connected)
    connected.wait(2)
    for n in range(3):
        client.invoke("Push", {"n": n}, "all")
    data = [each.data for each in heard.wait(6)]
    for worker in workers:
        assert [each["n"] for each in data if each["process"] == worker] == [0, 1, 2]


ASKING = """
def post_worker_init(worker):
    import gevent
    from tests.support.apps_hosting import interop, server, ticks

    @server.route("/ask")
    def ask():
        return {"answer": interop.invoke("Answer", response_timeout=20).returned}

    @server.route("/take")
    def take():
        return interop.client.subscribe("Numbers", wait_timeout=20).get(20).data

    @interop.method("Hold", concurrency=2)
    def hold(n):
        import time
        time.sleep(0.3)
        return n

    @interop.method("Hold async")
    async def hold_async():
        import asyncio
        await asyncio.sleep(0.1)
        return "held"
"""


@pytest.mark.parametrize(
    "options, started_as", [((), "process"), (("--preload",), "process"), ((), "thread")]
)
def test_gevent_worker_starts_the_gateway_and_goes_on_while_it_waits(
    gunicorn: Gunicorn,
    environment: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    started_as: str,
):
    own = {"XDG_RUNTIME_DIR": str(tmp_path), "DASH_INTEROP_PORT": str(free_range())}
    own["DASH_INTEROP_EMBEDDED"] = started_as
    named = ("DASH_INTEROP_GATEWAY", "DASH_INTEROP_SECRET_FILE")
    kept = {name: value for name, value in environment.items() if name not in named}
    server = gunicorn(*GEVENT, *options, workers=1, config=ASKING, environment={**kept, **own})
    url = server.ready[1]
    question = urllib.request.Request(
        f"{url}/_dash-interop/session", method="POST", headers={"Origin": url}
    )
    session = json.loads(get(question))
    assert session.keys() == {"url", "token", "application"}, server.output

    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    may_answer = threading.Event()
    with sync.connect(session["url"]) as client, ThreadPoolExecutor() as threads:
        client.register("Answer", lambda: {"waited": may_answer.wait(DEADLINE)})
        # Requests that wait for us, and what the worker does beside them, in its one thread.
        waiting = [threads.submit(get, f"{url}/ask") for _ in range(2)]
        taking = threads.submit(get, f"{url}/take")
        known = threading.Event()
        numbers = client.create_stream("Numbers", subscription_added_handler=lambda _: known.set())
        assert known.wait(DEADLINE)
        holding = [threads.submit(client.invoke, "Hold", {"n": n}) for n in range(2)]
        assert b"props" in get(f"{url}/_dash-layout")
        assert client.invoke("Hold async").returned == {"_value": "held"}
        assert [each.result(DEADLINE).returned["_value"] for each in holding] == [0, 1]
        numbers.push({"n": 1})
        assert json.loads(taking.result(DEADLINE)) == {"n": 1}
        may_answer.set()
        for each in waiting:
            assert json.loads(each.result(DEADLINE)) == {"answer": {"waited": True}}
    assert server.stop() == 0
    assert "Traceback" not in server.output
