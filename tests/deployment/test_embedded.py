"""Whoever shares a gateway with an app stays connected while that app is loaded anew or ends."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

import pytest

from dash_interop.client import sync
from tests.support.embedded import end_shared_gateways, gateways_of, is_running, wait_until
from tests.support.ports import HOST, free_range
from tests.support.programs import Program
from tests.support.watching import DEADLINE, wait_for_offers

APP = """
import os

from dash import Dash

from dash_interop import Glue42, Interop

interop = Interop(application="app")
app = Dash(__name__, plugins=[interop])
app.layout = Glue42(id="glue42", children=[])
server = app.server


@interop.method("Process")
def process():
    return os.getpid()


if __name__ == "__main__":
    app.run(debug=True, port={port})
"""

READY = r"Dash is running on|Listening at|Debugger is active"


@pytest.fixture
def own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mapping[str, str]]:
    """The environment of a machine where nobody has started a gateway yet."""
    runtime = tmp_path_factory.mktemp("runtime")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("DASH_INTEROP_PORT", str(free_range()))
    yield {**os.environ, "PYTHONUNBUFFERED": "1"}
    end_shared_gateways(runtime)


def session(port: int) -> str:
    """The gateway's URL, as a page of the app gets it."""
    url = f"http://{HOST}:{port}"
    question = urllib.request.Request(
        f"{url}/_dash-interop/session", method="POST", headers={"Origin": url}
    )
    answers: list[bytes] = []

    def ask() -> bool:
        # The reloader says that it runs before it does.
        with suppress(URLError), urllib.request.urlopen(question, timeout=DEADLINE) as answer:
            answers.append(answer.read())
        return bool(answers)

    wait_until(ask, "the app answers")
    return json.loads(answers[0])["url"]


def test_connections_outlive_reloads_of_the_app_that_has_started_the_gateway(
    own: Mapping[str, str], tmp_path: Path
):
    port = free_range(1)
    program = tmp_path / "app.py"
    program.write_text(APP.format(port=port))
    with Program(str(program), environment=own, ready=READY, folder=tmp_path) as app:
        url = session(port)
        states: list[str] = []
        with sync.connect(url) as client:
            client.on_state_changed(states.append)
            [before] = wait_for_offers(client, "Process", bool)
            program.write_text(program.read_text() + "# changed\n")
            wait_until(lambda: not is_running(before), "the app is loaded anew")
            wait_for_offers(client, "Process", lambda offering: offering - {before})
            assert session(port) == url
            assert states == []
        assert len(gateways_of(Path(own["XDG_RUNTIME_DIR"]))) == 1
        assert "Traceback" not in app.output


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=" ".join)
def test_connections_outlive_the_worker_that_has_started_the_gateway(
    own: Mapping[str, str], tmp_path: Path, options: tuple[str, ...]
):
    port = free_range(1)
    (tmp_path / "app.py").write_text(APP.format(port=port))
    (tmp_path / "gunicorn.conf.py").write_text("control_socket_disable = True\n")
    command = ("-m", "gunicorn", "--workers", "2", "--bind", f"{HOST}:{port}", *options)
    with Program(*command, "app:server", environment=own, ready=READY, folder=tmp_path) as app:
        url = session(port)
        states: list[str] = []
        with sync.connect(url) as client:
            client.on_state_changed(states.append)
            worker = wait_for_offers(client, "Process", bool).pop()
            [gateway] = gateways_of(Path(own["XDG_RUNTIME_DIR"]))
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: not is_running(worker), "the worker has ended")
            assert session(port) == url
            assert states == []
            app.kill()
            assert client.state == "connected"
            assert states == []
        assert gateways_of(Path(own["XDG_RUNTIME_DIR"])) == [gateway]
