"""A notebook as a peer: its kernel, with the clients of Python."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dash_interop.client.sync import InteropClient, connect
from tests.support.browser_pages import eventually
from tests.support.kernel import Kernel

DEADLINE = 20.0

BLOCKING = """
import threading, time
from dash_interop.client.sync import connect
interop = connect(application="Notebook")
events, served = [], []

def analyse(client):
    served.append(client)
    return {"client": client.upper()}

interop.register("Analyse", analyse)
interop.on_method_added(lambda method: events.append(method.name))
"""

AWAITED = (
    BLOCKING.replace("client.sync", "client")
    .replace("= connect", "= await connect")
    .replace("interop.register", "await interop.register")
)

# Until it was served, or too late.
COMPUTE = """
deadline = time.monotonic() + {seconds}
while not (served and "News" in events) and time.monotonic() < deadline:
    time.sleep(0.01)
print(served, "News" in events)
"""

AWAIT = """
import asyncio
while not (served and "News" in events):
    await asyncio.sleep(0.01)
print(served, "News" in events)
"""


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    with Kernel(os.environ) as kernel:
        yield kernel


@pytest.fixture
def interop() -> Iterator[InteropClient]:
    with connect(application="Elsewhere") as client:
        yield client


def call(interop: InteropClient) -> object:
    return interop.invoke("Analyse", {"client": "acme"}, wait_timeout=DEADLINE).returned


@pytest.mark.parametrize("connecting", [BLOCKING, AWAITED], ids=["blocking", "awaited"])
def test_an_idle_kernel_serves_its_methods_and_hears_events(
    kernel: Kernel, interop: InteropClient, connecting: str
) -> None:
    kernel.run(connecting)
    assert call(interop) == {"client": "ACME"}
    interop.register("News", lambda: None)
    eventually(
        lambda: kernel.run("print('News' in events, served)") == "True ['acme']\n", "it is heard"
    )


def test_a_kernel_with_the_blocking_client_serves_while_a_cell_runs(
    kernel: Kernel, interop: InteropClient
) -> None:
    kernel.run(BLOCKING)
    cell = kernel.start(COMPUTE.format(seconds=DEADLINE))
    assert call(interop) == {"client": "ACME"}
    interop.register("News", lambda: None)
    assert kernel.finish(cell) == "['acme'] True\n"


def test_a_kernel_with_the_awaited_client_serves_while_a_cell_awaits(
    kernel: Kernel, interop: InteropClient
) -> None:
    kernel.run(AWAITED)
    cell = kernel.start(AWAIT)
    assert call(interop) == {"client": "ACME"}
    interop.register("News", lambda: None)
    assert kernel.finish(cell) == "['acme'] True\n"


def test_a_kernel_with_the_awaited_client_serves_after_a_cell_that_computes(
    kernel: Kernel, interop: InteropClient, tmp_path: Path
) -> None:
    kernel.run(AWAITED)
    begun = tmp_path / "begun"
    with ThreadPoolExecutor() as threads:
        cell = kernel.start(f"open({str(begun)!r}, 'w').close()" + COMPUTE.format(seconds=1))
        eventually(begun.exists, "the cell runs")
        answer = threads.submit(call, interop)
        assert kernel.finish(cell) == "[] False\n"
        assert answer.result(DEADLINE) == {"client": "ACME"}
