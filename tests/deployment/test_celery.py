"""A Celery worker that imports the module of a Dash app: a peer when its tasks need one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from celery import Celery

from dash_interop.client.sync import InteropClient
from tests.support.apps_tasks import FOLDER, make_celery, send_whole
from tests.support.programs import Program
from tests.support.watching import Heard, processes, wait_for_offers

RESULT_SECONDS = 20.0

Task = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where messages and results are."""
    return tmp_path_factory.mktemp("celery")


@pytest.fixture(scope="module")
def worker(environment: Mapping[str, str], folder: Path) -> Iterator[Program]:
    """A worker for all tests, as it takes its time to start; one process runs the tasks."""
    options = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO")
    with Program(
        *("-m", "celery", "--app", "tests.support.apps_tasks", "worker", *options),
        environment={**environment, FOLDER: str(folder)},
        ready=r"celery@\S+ ready",
    ) as worker:
        yield worker


@pytest.fixture
def run(worker: Program, folder: Path) -> Iterator[Task]:
    """Has the worker run a task, and waits for its result."""
    celery: Celery = make_celery(folder)

    def run(name: str, *arguments: Any) -> Any:
        return send_whole(celery, folder, name, arguments).get(RESULT_SECONDS, interval=0.02)

    yield run
    celery.close()


def test_tasks_are_peers_that_offer_nothing_of_the_app(
    worker: Program, run: Task, client: InteropClient
):
    client.register("Echo", lambda args, caller: {**args, "caller": caller["peerId"]})
    told = [run("ask", "Echo", {"n": n}) for n in range(4)]
    for n, each in enumerate(told):
        assert each["returned"] == {"n": n, "caller": each["peer"]}
        assert each["application"] == "hosting"
        assert each["process"] != worker.pid
    # One connection, however many tasks the process runs.
    assert len({each["peer"] for each in told}) == 1
    assert processes(client, "Process") == set()


def test_task_invokes_the_server_of_the_app(
    run: Task, client: InteropClient, environment: Mapping[str, str], tmp_path: Path
):
    config = tmp_path / "gunicorn.conf.py"
    config.write_text("control_socket_disable = True")
    options = ("--bind", "127.0.0.1:0", "--config", str(config), "--threads", "2")
    with Program(
        *("-m", "gunicorn", *options, "tests.support.apps_hosting:server"),
        environment=environment,
        ready=r"Listening at: (http://\S+) ",
    ) as server:
        with urlopen(f"{server.ready[1]}/_dash-layout", timeout=RESULT_SECONDS):
            [offering] = wait_for_offers(client, "Process", lambda pids: len(pids) == 1)
        told = run("ask", "Process", {})
    assert told["returned"] == {"_value": offering}
    assert told["process"] != offering


def test_task_pushes_to_who_has_subscribed(run: Task, client: InteropClient):
    # The first push publishes the stream of this process.
    assert run("push", {"n": 0}) == 0
    heard = Heard()
    client.subscribe("Ticks", on_data=heard)
    assert [run("push", {"n": n}) for n in range(1, 4)] == [1, 1, 1]
    assert [each.data["n"] for each in heard.wait(3)] == [1, 2, 3]


def test_task_may_connect_by_itself(run: Task, client: InteropClient):
    client.register("Echo", lambda args, caller: {**args, "by": caller["application"]})
    told = run("ask_by_itself", "Echo", {"n": 1})
    assert told == {"returned": {"n": 1, "by": "task"}, "application": "task"}
