"""When a process begins to serve an app: on each server, started in each way."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import werkzeug.serving
from dash import Dash, html
from fastapi import FastAPI
from flask import Flask

from dash_interop import Interop
from dash_interop.app.server_start import when_serving
from tests.support.ports import HOST, free_range
from tests.support.programs import Program

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 20.0


class Starts:
    """Counts how often it was said that the process serves."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def starts() -> Starts:
    return Starts()


@pytest.fixture
def flask_run(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """How Flask's ``run`` began to serve: the ``use_reloader`` of each time. Nothing is served."""
    runs: list[Any] = []

    def run_simple(host: str, port: int, server: Any, **options: Any) -> None:
        runs.append(options["use_reloader"])

    monkeypatch.setattr(werkzeug.serving, "run_simple", run_simple)
    for name in ("FLASK_DEBUG", "FLASK_RUN_FROM_CLI", "WERKZEUG_RUN_MAIN"):
        monkeypatch.delenv(name, raising=False)
    return runs


def make_app(backend: str = "flask", **options: Any) -> Dash:
    app = Dash("app", backend=backend, **options)
    app.layout = html.Div()
    return app


async def live(application: Any, meanwhile: Callable[[dict[str, Any]], None]) -> None:
    """The life of an ASGI server, from its start to its end, without a request."""
    asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    running = asyncio.ensure_future(application(scope, asked.get, said.put))
    for phase in ("startup", "shutdown"):
        await asked.put({"type": f"lifespan.{phase}"})
        assert (await said.get())["type"] == f"lifespan.{phase}.complete"
        if phase == "startup":
            meanwhile(scope["state"])
    await running


def serve_asgi(
    application: Any, meanwhile: Callable[[dict[str, Any]], None] = lambda state: None
) -> None:
    asyncio.run(asyncio.wait_for(live(application, meanwhile), SECONDS))


# Flask -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"debug": False}, {"debug": True, "use_reloader": False}])
def test_flask_serves_when_it_runs_without_a_reloader(
    starts: Starts, flask_run: list[Any], options: dict[str, Any]
):
    app = make_app()
    when_serving(app, starts)
    app.server.run(host=HOST, port=1, **options)
    assert flask_run == [False]
    assert starts.count == 1


@pytest.mark.parametrize("options", [{"debug": True}, {"use_reloader": True}])
def test_process_that_only_watches_for_the_reloader_does_not_serve(
    starts: Starts, flask_run: list[Any], options: dict[str, Any]
):
    app = make_app()
    when_serving(app, starts)
    app.server.run(host=HOST, port=1, **options)
    assert flask_run == [True]
    assert starts.count == 0


@pytest.mark.parametrize("options", [{"debug": True}, {"use_reloader": True}])
def test_child_of_the_reloader_serves(
    starts: Starts,
    flask_run: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
):
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    app = make_app()
    when_serving(app, starts)
    app.server.run(host=HOST, port=1, **options)
    assert starts.count == 1


def test_reloader_may_be_asked_for_without_naming_the_argument(
    starts: Starts, flask_run: list[Any]
):
    app = make_app()
    when_serving(app, starts)
    app.server.run(HOST, 1, True)
    assert flask_run == [True]
    assert starts.count == 0


def test_reloader_may_be_asked_for_by_the_environment(
    starts: Starts, flask_run: list[Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = make_app()
    when_serving(app, starts)
    app.server.run(host=HOST, port=1)
    assert flask_run == [True]
    assert starts.count == 0


def test_dash_runs_a_flask_that_serves(starts: Starts, flask_run: list[Any]):
    app = make_app()
    when_serving(app, starts)
    app.run(port="1")
    assert flask_run == [False]
    assert starts.count == 1


@pytest.mark.parametrize("path", ["/", "/_dash-layout", "/own", "/nowhere"])
def test_first_request_of_any_route_tells_that_flask_serves(starts: Starts, path: str):
    server = Flask("server")
    server.add_url_rule("/own", "own", lambda: "own")
    app = make_app(server=server)
    when_serving(app, starts)
    client = server.test_client()
    assert starts.count == 0
    client.get(path)
    assert starts.count == 1


def test_answer_of_a_route_is_not_replaced(starts: Starts):
    app = make_app()
    when_serving(app, starts)
    answer = app.server.test_client().get("/_dash-layout")
    assert answer.get_json()["type"] == "Div"


# ASGI ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["fastapi", "quart"])
def test_asgi_server_serves_from_its_start(starts: Starts, backend: str):
    app = make_app(backend)
    when_serving(app, starts)
    counts: list[int] = []
    assert starts.count == 0
    serve_asgi(app.server, lambda state: counts.append(starts.count))
    assert counts == [1]


@pytest.mark.parametrize("backend", ["fastapi", "quart"])
def test_asgi_server_may_start_again(starts: Starts, backend: str):
    app = make_app(backend)
    when_serving(app, starts)
    serve_asgi(app.server)
    serve_asgi(app.server)
    assert starts.count == 2


def test_lifespan_of_the_author_is_kept(starts: Starts):
    seen: list[Any] = []

    @asynccontextmanager
    async def lifespan(server: FastAPI) -> AsyncIterator[dict[str, Any]]:
        seen.append(("begin", server))
        yield {"database": "open"}
        seen.append(("end", server))

    server = FastAPI(lifespan=lifespan)
    app = make_app("fastapi", server=server)
    when_serving(app, starts)
    states: list[Any] = []
    serve_asgi(server, lambda state: states.append(dict(state)))
    assert states == [{"database": "open"}]
    assert seen == [("begin", server), ("end", server)]
    assert starts.count == 1


def test_lifespan_of_the_author_may_fail_as_before(starts: Starts):
    @asynccontextmanager
    async def lifespan(server: FastAPI) -> AsyncIterator[None]:
        raise OSError("no database")
        yield

    server = FastAPI(lifespan=lifespan)
    when_serving(make_app("fastapi", server=server), starts)

    async def begin() -> None:
        async with server.router.lifespan_context(server):
            raise AssertionError("it has begun")

    with pytest.raises(OSError, match="no database"):
        asyncio.run(begin())


# Real servers ----------------------------------------------------------------------------------

PROGRAM = """
import os
from dash import Dash, html
from dash_interop.app.server_start import when_serving

app = Dash(__name__, backend=os.environ["TEST_BACKEND"])
app.layout = html.Div()
told = []

def start():
    if not told:
        told.append(True)
        print("serving", os.getpid(), os.getppid(), flush=True)

when_serving(app, start)
server = app.server

if __name__ == "__main__":
    app.run(port=os.environ["TEST_PORT"], debug=os.environ["TEST_DEBUG"] == "yes")
"""


def processes_that_serve(folder: Path, backend: str, debug: str = "no") -> tuple[int, list[int]]:
    """The process of a program that serves an app, and process and parent of those that say so."""
    path = folder / "program.py"
    path.write_text(PROGRAM)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        # Not as arguments: uvicorn runs the file again, with its own ones.
        "TEST_BACKEND": backend,
        "TEST_PORT": str(free_range(1)),
        "TEST_DEBUG": debug,
    }
    program = Program(str(path), environment=environment, ready="serving", folder=folder)
    program.kill()
    told = [line for line in program.output.splitlines() if line.startswith("serving")]
    return program.pid, [int(number) for line in told for number in line.split()[1:]]


def test_flask_with_its_reloader_serves_in_the_child_alone(tmp_path: Path):
    program, [pid, parent] = processes_that_serve(tmp_path, "flask", debug="yes")
    assert parent == program != pid


def test_fastapi_that_dash_runs_serves_in_the_process_of_uvicorn_alone(tmp_path: Path):
    program, [pid, parent] = processes_that_serve(tmp_path, "fastapi")
    assert parent == program != pid


def test_quart_that_dash_runs_serves_in_its_process(tmp_path: Path):
    program, [pid, _] = processes_that_serve(tmp_path, "quart")
    assert pid == program


# Importing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
def test_making_an_app_starts_and_writes_nothing(backend: str, runtime_directory: Path):
    before = threading.active_count()
    interop = Interop()
    app = make_app(backend, plugins=[interop])
    interop.method("Sum")(lambda a, b: a + b)
    interop.stream("Prices")
    assert app.server is not None
    assert threading.active_count() == before
    assert not list(runtime_directory.iterdir())
