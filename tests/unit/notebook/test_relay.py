"""The frames of a page on their way through the kernel, at a gateway."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dash_interop.client.access import Access
from dash_interop.notebook import relay as relay_module
from dash_interop.notebook.relay import MOST_SILENCE, Relay
from tests.support.gateways import GatewayProcess, ours

DEADLINE = 20.0


@pytest.fixture(scope="module")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("secret") / "secret"
    file.write_text("a secret that is long enough for a gateway")
    file.chmod(0o600)
    return file


@pytest.fixture(scope="module")
def gateway(secret_file: Path) -> Iterator[GatewayProcess]:
    with ours(secret_file=secret_file) as gateway:
        yield gateway


@pytest.fixture
def kernel_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop on which a kernel handles what pages say."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class Page:
    def __init__(self) -> None:
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.relay: Relay | None = None

    def hear(self, message: dict[str, Any]) -> None:
        self._heard.put(message)

    def next(self, kind: str) -> dict[str, Any]:
        while True:
            message = self._heard.get(timeout=DEADLINE)
            if message["type"] == kind:
                return message

    @property
    def is_quiet(self) -> bool:
        return self._heard.empty()

    def say(self, kind: str, **fields: Any) -> None:
        assert self.relay is not None
        self.relay.receive({"type": kind, "conversation": "one", **fields})

    def log_in(self) -> dict[str, Any]:
        """The welcome."""
        self.say("open")
        assert self.next("opened")["conversation"] == "one"
        identity = {"application": "Tab"}
        hello = {"domain": "global", "type": "hello", "request_id": "r1", "identity": identity}
        self.say("frames", frames=[json.dumps(hello)])
        assert self.next("taken")["count"] == 1
        welcome, *_ = self.next("frames")["frames"]
        return json.loads(welcome)


@pytest.fixture
def page(
    gateway: GatewayProcess, secret_file: Path, kernel_loop: asyncio.AbstractEventLoop
) -> Iterator[Page]:
    page = Page()
    access = Access(gateway.url, user="anna", secret_file=secret_file)
    page.relay = Relay(access, page.hear, lambda: kernel_loop)
    yield page
    page.relay.close()


def test_the_kernel_logs_the_page_in(page: Page) -> None:
    welcome = page.log_in()
    assert welcome["type"] == "welcome"
    identity = welcome["resolved_identity"]
    assert (identity["application"], identity["user"]) == ("Tab", "anna")


def test_the_page_may_close_a_conversation_and_begin_another(page: Page) -> None:
    page.log_in()
    page.say("close")
    page.next("ended")
    page.log_in()


def test_a_gateway_that_cannot_be_reached_is_told(
    secret_file: Path, kernel_loop: asyncio.AbstractEventLoop
) -> None:
    page = Page()
    access = Access("ws://127.0.0.1:9", user="anna", secret_file=secret_file)
    page.relay = Relay(access, page.hear, lambda: kernel_loop)
    page.say("open")
    assert "cannot connect to ws://127.0.0.1:9" in page.next("ended")["why"]
    page.relay.close()


def test_a_page_that_goes_without_a_word_is_found(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LOOK_SECONDS", 0.01)
    page.log_in()
    page.next("ask")
    page.next("ended")


def test_a_kernel_that_cannot_hear_the_page_does_not_take_it_for_gone(
    gateway: GatewayProcess,
    secret_file: Path,
    kernel_loop: asyncio.AbstractEventLoop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_module, "LOOK_SECONDS", 0.01)
    looks = threading.Semaphore(0)

    def hearing() -> asyncio.AbstractEventLoop:
        looks.release()
        return kernel_loop

    # A cell keeps the loop of the kernel.
    is_over = threading.Event()
    kernel_loop.call_soon_threadsafe(is_over.wait, DEADLINE)
    page = Page()
    access = Access(gateway.url, user="anna", secret_file=secret_file)
    page.relay = Relay(access, page.hear, hearing)
    page.log_in()
    for _ in range(5 * MOST_SILENCE):
        assert looks.acquire(timeout=DEADLINE)
    assert page.is_quiet
    is_over.set()
    page.next("ask")
    page.relay.close()
