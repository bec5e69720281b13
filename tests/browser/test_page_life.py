"""What others see of a page that its browser puts aside, freezes, reloads or closes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dash_interop import Interop, MethodRegister
from tests.support.apps_parts import Gate, answer, handle, with_status
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually
from tests.support.relay import Relay


def open_provider(apps: Apps) -> Page:
    app = apps.make("provider", MethodRegister(id="echo", definition="Echo", returns=True))
    handle(app, "echo", lambda invoke: answer(invoke, **invoke["args"]))
    with_status(app)
    return apps.open(app)


@pytest.mark.whole_chromium
def test_lif001_a_page_in_the_back_forward_cache_offers_nothing_until_it_is_back(
    apps: Apps,
) -> None:
    caller = apps.caller()
    provider = open_provider(apps)
    caller.wait_for_servers("Echo", 1)
    provider.js("window.isTheSame = true")
    provider.js("location.href = '/_dash-layout'")
    caller.wait_for_servers("Echo", 0)
    error = caller.invoke_error("Echo", {"n": 1}, waitTimeoutMs=1)
    assert error.startswith("Can not find a method")

    provider.driver.back()
    caller.wait_for_servers("Echo", 1)
    assert provider.js("return window.isTheSame"), "the browser has not kept the page"
    assert caller.invoke("Echo", {"n": 2}) == {"n": 2}
    provider.wait_for_text("state", "connected")
    provider.wait_for_text("reason", "None")


def test_lif002_a_frozen_page_offers_nothing_until_it_goes_on(apps: Apps) -> None:
    caller = apps.caller()
    provider = open_provider(apps)
    caller.wait_for_servers("Echo", 1)
    freeze(provider, "frozen")
    caller.wait_for_servers("Echo", 0)
    freeze(provider, "active")
    caller.wait_for_servers("Echo", 1)
    assert caller.invoke("Echo", {"n": 1}) == {"n": 1}


def freeze(page: Page, state: str) -> None:
    page.devtools("Page.setWebLifecycleState", state=state)


def test_lif004_a_connection_that_died_unheard_is_replaced_when_the_network_is_back(
    apps: Apps, secret_file: Path
) -> None:
    gateway = apps.process(
        *(
            "dash_interop",
            "gateway",
            "--port",
            "0",
            "--secret-file",
            str(secret_file),
            "--allow-origin",
            "loopback",
        )
    )
    states: list[Any] = []
    with Relay(int(gateway.url.rpartition(":")[2])) as relay:
        url = f"ws://127.0.0.1:{relay.port}"
        app = apps.make("app", plugins=[Interop(gateway=url, secret_file=secret_file)])
        with_status(app, states)
        page = apps.open(app)
        page.wait_for_text("state", "connected")
        relay.fall_silent()
        page.js("window.dispatchEvent(new Event('online'))")
        gone = ("disconnected", "The gateway no longer answers")
        eventually(lambda: gone in states, "the page has noticed")
        page.wait_for_text("state", "connected")
        page.run("await interop.register('Alive', () => ({}));")
        apps.browser.close_all()


@pytest.mark.parametrize("leave", ["reload", "close", "go elsewhere"])
def test_lif003_the_caller_of_a_page_that_goes_hears_that_it_has_left(
    apps: Apps, leave: str
) -> None:
    gate = Gate()
    app = apps.make("provider", MethodRegister(id="slow", definition="Slow", returns=True))

    def slow(invoke: Any) -> Any:
        gate.pass_through("slow")
        return answer(invoke)

    handle(app, "slow", slow)
    provider = apps.open(app)
    caller = apps.caller()
    caller.wait_for_servers("Slow", 1)
    pending = caller.start("Slow")
    eventually(lambda: gate.entered, "the handler runs")
    if leave == "reload":
        provider.js("location.reload()")
    elif leave == "close":
        provider.close()
    else:
        provider.js("location.href = '/_dash-layout'")
    outcome = pending.wait()
    assert outcome["error"] == "Peer has left while waiting for result"
    gate.let()
