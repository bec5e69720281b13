"""What others see of a page that its browser puts aside, freezes, reloads or closes."""

from __future__ import annotations

from typing import Any

import pytest

from dash_interop import MethodRegister
from tests.support.apps_parts import Gate, answer, handle, with_status
from tests.support.browser_apps import Apps
from tests.support.browser_chromium import Page, eventually


def open_provider(apps: Apps) -> Page:
    app = apps.make("provider", MethodRegister(id="echo", definition="Echo", returns=True))
    handle(app, "echo", lambda invoke: answer(invoke, **invoke["args"]))
    with_status(app)
    return apps.open(app)


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
    page.driver.execute_cdp_cmd("Page.setWebLifecycleState", {"state": state})


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
