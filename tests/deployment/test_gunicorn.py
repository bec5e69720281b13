"""An app under gunicorn: each worker is a peer, and its successor when it is gone."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dash_interop.client.sync import InteropClient
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


@pytest.fixture
def gunicorn(environment: Mapping[str, str], tmp_path: Path) -> Iterator[Gunicorn]:
    """Serves the app on a free port: ``ready[1]`` is its URL."""
    with ExitStack() as stack:

        def serve(*options: str, workers: int, config: str = "") -> Program:
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


def get(url: str) -> Any:
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


@pytest.mark.parametrize("options", [(), ("--preload",)])
def test_each_worker_is_a_peer_and_so_is_the_one_that_replaces_it(
    gunicorn: Gunicorn, client: InteropClient, options: tuple[str, ...]
):
    server = gunicorn(*options, workers=3, config=STARTING)
    workers = wait_for_offers(client, "Process", lambda pids: len(pids) == 3)
    assert answering(client) == workers
    assert server.pid not in workers

    killed = min(workers)
    os.kill(killed, signal.SIGKILL)
    now = wait_for_offers(client, "Process", lambda pids: len(pids) == 3 and killed not in pids)
    assert workers - {killed} < now
    assert answering(client) == now

    # An administrator ends it all, and nobody offers anything any more.
    server.stop()
    wait_for_offers(client, "Process", lambda pids: not pids)
    assert "Traceback" not in server.output


@pytest.mark.parametrize("options", [(), ("--preload",)])
def test_worker_that_nobody_starts_offers_from_its_first_request_on(
    gunicorn: Gunicorn, client: InteropClient, options: tuple[str, ...]
):
    # A peer it may be before, which does not make it a server of the app.
    server = gunicorn("--threads", "2", *options, workers=1, config=MARKING)
    [worker] = wait_for_offers(client, "Marker", lambda pids: len(pids) == 1)
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
