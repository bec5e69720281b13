"""Messages of pages above what the gateway takes: one call fails, and the page stays connected."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dash_interop import Interop, MethodInvoke, MethodRegister, StreamPublish
from dash_interop.client import sync
from dash_interop.errors import MessageTooLarge
from tests.support.apps_parts import Gate, answer, handle, record, with_status
from tests.support.browser_apps import Apps
from tests.support.browser_pages import eventually

LIMIT = 50_000

SAYS = f"the message has [0-9]+ bytes as JSON, and the gateway takes {LIMIT} at most"

LOST = "What the handler returned is not sent"


def test_size001_one_call_fails_and_the_others_of_that_page_go_on(
    apps: Apps, secret_file: Path
) -> None:
    command = (
        "dash_interop",
        "gateway",
        "--port",
        "0",
        "--secret-file",
        str(secret_file),
        "--allow-origin",
        "loopback",
    )
    gateway = re.sub("^http", "ws", apps.process(*command, "--max-size", str(LIMIT)).url)
    app = apps.make(
        "page",
        MethodRegister(id="give", definition="Give", returns=True),
        MethodRegister(id="slow", definition="Slow", returns=True),
        MethodInvoke(id="invoke"),
        StreamPublish(id="letters", definition="Letters"),
        plugins=[Interop(gateway=gateway, secret_file=secret_file)],
    )
    gate = Gate()
    results: list[Any] = []
    errors: list[Any] = []
    states: list[Any] = []
    handle(app, "give", lambda invoke: answer(invoke, t="x" * invoke["args"]["n"]))

    def slow(invoke: Any) -> Any:
        gate.pass_through("slow")
        return answer(invoke, slow=True)

    handle(app, "slow", slow)
    record(app, "invoke", "result", results)
    record(app, "letters", "error", errors)
    with_status(app, states)
    apps.browser.allow_in_console(LOST)
    page = apps.open(app)

    def take(length: int) -> dict[str, Any]:
        """What becomes of a call with so long a text."""
        before = len(results)
        page.set_props("invoke", invoke={"definition": "Take", "argumentObj": {"t": "x" * length}})
        eventually(lambda: len(results) > before, f"the result for {length}")
        return results[-1]

    with (
        sync.connect(gateway, user="local", secret_file=secret_file) as client,
        ThreadPoolExecutor() as threads,
    ):
        client.register("Take", lambda t: {"length": len(t)})
        client.wait_for_method("Slow")
        page.wait_for_servers("Take", 1)
        under_way = threads.submit(client.invoke, "Slow")
        eventually(lambda: gate.entered == ["slow"], "the slow handler")

        # Its arguments.
        error = take(LIMIT)["error"]
        assert re.search(SAYS, error["message"])
        assert error["type"] == "TooLarge"
        assert take(LIMIT - 1000)["invocationResult"]["returned"] == {"length": LIMIT - 1000}

        # What its handler returns.
        with pytest.raises(MessageTooLarge, match=f"{LOST}: {SAYS}"):
            client.invoke("Give", {"n": LIMIT})
        assert client.invoke("Give", {"n": LIMIT - 1000}).returned == {"t": "x" * (LIMIT - 1000)}
        assert [LOST in said for said in apps.browser.console("SEVERE")] == [True]

        # Data that a script of the page pushes.
        pushed = page.run(
            "const stream = await interop.createStream({name: 'Numbers'});"
            "window.numbers = stream;"
            "return true;"
        )
        assert pushed
        subscription = client.subscribe("Numbers")
        with pytest.raises(Exception, match=f"The data is not sent: {SAYS}"):
            page.run("window.numbers.push({t: 'x'.repeat(args[0])})", LIMIT)
        page.run("window.numbers.push({n: 1})")
        assert subscription.get(10).data == {"n": 1}

        # Data that a callback pushes.
        subscription = client.subscribe("Letters")
        page.set_props("letters", push={"data": {"t": "x" * LIMIT}})
        eventually(lambda: errors[-1], "the error")
        assert re.search(f"The data is not sent: {SAYS}", errors[-1]["message"])
        page.set_props("letters", push={"data": {"t": "x"}})
        assert subscription.get(10).data == {"t": "x"}
        eventually(lambda: errors[-1] is None, "the error is cleared")

        gate.let()
        assert under_way.result(10).returned == {"slow": True}
    assert [state for state, _ in states if state == "disconnected"] == []
