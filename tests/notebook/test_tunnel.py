"""A tunnel between the cells of a notebook and scripts of its page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser_pages import Browser, ScriptFailed, eventually
from tests.support.lab import Lab, Notebook

BURST = 1000

HEAR = """
const tunnel = window.IPyCallback.get(args[0]);
window.received = [];
tunnel.on_receive((version, message) => window.received.push([version, message]));
"""
ANSWER = """
window.IPyCallback.get(args[0]).on_request(async (value) => {
    if (value === 'fail') {
        throw new RangeError('out of range');
    }
    return value === 'never' ? new Promise(() => {}) : { value };
});
"""
ASK = "return await window.IPyCallback.get(args[0]).request(args[1], args[2] ?? {})"
HOLD = """
window.outcome = null;
window.held = window.IPyCallback.get(args[0]);
window.held.request('never').catch((error) => (window.outcome = error.message));
"""
SEND = "return window.IPyCallback.get(args[0]).send_msg(args[1])"

# Not time.sleep: that it is heard within the cell is what is shown.
BUSY = """
import time
deadline = time.monotonic() + 15
while not heard and time.monotonic() < deadline:
    time.sleep(0.01)
print("heard while the cell ran:", heard)
"""


class Tunnel:
    """The tunnel of a notebook's name ``tunnel``, seen from the page."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        notebook.run("tunnel = SlowTunnelWidget()\ndisplay(tunnel)\nheard = []")
        self.id = notebook.wait_for_tunnel()

    def hear(self) -> None:
        self.notebook.page.run(HEAR, self.id)

    @property
    def received(self) -> list[Any]:
        return self.notebook.page.js("return window.received")

    def send(self, message: Any) -> int:
        return self.notebook.page.run(SEND, self.id, message)

    def ask(self, value: Any, **options: Any) -> Any:
        return self.notebook.page.run(ASK, self.id, value, options)

    def refusal(self, script: str = SEND) -> str:
        """Why a call fails."""
        with pytest.raises(ScriptFailed) as failed:
            self.notebook.page.run(script, self.id, "x")
        return str(failed.value)


@pytest.fixture
def tunnel(notebook: Notebook) -> Iterator[Tunnel]:
    yield Tunnel(notebook)
    notebook.run("tunnel.close()")


def test_a_burst_arrives_whole_and_in_order_both_ways(tunnel: Tunnel, notebook: Notebook) -> None:
    tunnel.hear()
    notebook.run("tunnel.on_receive(lambda version, message: heard.append([version, message]))")
    notebook.page.run(
        "const tunnel = window.IPyCallback.get(args[0]);"
        "for (let n = 0; n < args[1]; n += 1) { tunnel.send_msg(n); }",
        tunnel.id,
        BURST,
    )
    eventually(lambda: notebook.value("len(heard)") == BURST, "all have come", 20)
    assert notebook.value("heard") == [[n + 1, n] for n in range(BURST)]
    notebook.run(f"for n in range({BURST}):\n    tunnel.send_msg({{'n': n}})")
    eventually(lambda: len(tunnel.received) == BURST, "all have come", 20)
    assert tunnel.received == [[BURST + n + 1, {"n": n}] for n in range(BURST)]


def test_more_messages_than_a_server_passes_on_arrive_all_the_same(
    tunnel: Tunnel, notebook: Notebook
) -> None:
    # One that gets more than 3,000 of them in three seconds drops the others.
    count = 6000
    tunnel.hear()
    notebook.run(f"for n in range({count}):\n    tunnel.send_msg(n)")
    eventually(lambda: len(tunnel.received) == count, lambda: f"{len(tunnel.received)} came", 20)
    assert [message for _, message in tunnel.received] == list(range(count))


def test_requests_of_the_page_are_answered_by_plain_and_async_functions(
    tunnel: Tunnel, notebook: Notebook
) -> None:
    notebook.run("@tunnel.on_request\ndef answer(value):\n    return {'doubled': 2 * value}")
    assert tunnel.ask(21) == {"doubled": 42}
    notebook.run(
        "import asyncio\n"
        "@tunnel.on_request\n"
        "async def answer(value):\n"
        "    await asyncio.sleep(0)\n"
        "    return value / 0"
    )
    with pytest.raises(ScriptFailed, match="ZeroDivisionError: division by zero"):
        tunnel.ask(1)


def test_what_a_function_raises_is_shown_below_the_cell_that_gave_it(
    tunnel: Tunnel, notebook: Notebook
) -> None:
    cell = notebook.start("def fail(version, message):\n    1 / 0\ntunnel.on_receive(fail)")
    tunnel.send("x")
    eventually(lambda: "ZeroDivisionError" in notebook.text(cell), "the traceback is there")


def test_requests_of_a_cell_are_answered_by_the_page(tunnel: Tunnel, notebook: Notebook) -> None:
    notebook.page.run(ANSWER, tunnel.id)
    assert notebook.value("await tunnel.request([1, None])") == {"value": [1, None]}
    said = notebook.run(
        "from dash_interop import HandlerFailed, InvocationTimeout\n"
        "try:\n"
        "    await tunnel.request('fail')\n"
        "except HandlerFailed as error:\n"
        "    print(error, '/', error.exception)\n"
        "try:\n"
        "    await tunnel.request('never', timeout=0.1)\n"
        "except InvocationTimeout as error:\n"
        "    print(error)"
    )
    assert said == ("RangeError: out of range / RangeError\nThere was no answer within 0.1 s\n")
    # From a thread, a blocking request works in every kernel.
    said = notebook.run("import asyncio; await asyncio.to_thread(tunnel.request_and_wait, 5)")
    assert said == "{'value': 5}"


def test_a_cell_that_waits_gets_its_answer_or_is_told_at_once_that_it_cannot(
    tunnel: Tunnel, notebook: Notebook
) -> None:
    notebook.page.run(ANSWER, tunnel.id)
    said = notebook.run(
        "try:\n    print(tunnel.request_and_wait(5))\nexcept Exception as error:\n    print(error)"
    )
    if notebook.has_subshells:
        assert said == "{'value': 5}\n"
    else:
        assert said == (
            "No answer would arrive: this thread is the one that handles the messages of the page. "
            "Await the request, or wait for it in another thread\n"
        )


def test_messages_of_a_running_cell_arrive_while_it_runs(
    tunnel: Tunnel, notebook: Notebook
) -> None:
    tunnel.hear()
    cell = notebook.start(
        "import time\ntunnel.send_msg('from within')\n"
        "go_on = time.monotonic() + 3\nwhile time.monotonic() < go_on: time.sleep(0.01)"
    )
    eventually(lambda: tunnel.received == [[1, "from within"]], "it has come")
    assert notebook.is_running(cell)
    eventually(lambda: not notebook.is_running(cell), "the cell has ended")


def test_messages_of_the_page_are_handled_while_a_cell_runs_or_after_it(
    tunnel: Tunnel, notebook: Notebook
) -> None:
    notebook.run("tunnel.on_receive(lambda version, message: heard.append(message))")
    limit = 15 if notebook.has_subshells else 1
    cell = notebook.start(BUSY.replace("15", str(limit)))
    eventually(lambda: notebook.is_busy(), "the cell runs")
    tunnel.send("meanwhile")
    eventually(lambda: not notebook.is_running(cell), "the cell has ended", 20)
    expected = ["meanwhile"] if notebook.has_subshells else []
    assert notebook.text(cell) == f"heard while the cell ran: {expected}\n"
    eventually(lambda: notebook.value("heard") == ["meanwhile"], "it is heard afterwards")


def test_messages_of_the_page_are_handled_while_a_cell_awaits(
    tunnel: Tunnel, notebook: Notebook
) -> None:
    notebook.run("tunnel.on_receive(lambda version, message: heard.append(message))")
    cell = notebook.start("import asyncio\nwhile not heard: await asyncio.sleep(0.01)")
    eventually(lambda: notebook.is_busy(), "the cell runs")
    tunnel.send("meanwhile")
    eventually(lambda: not notebook.is_running(cell), "the cell has ended")


def test_the_widget_may_be_shown_twice_and_its_output_cleared(
    tunnel: Tunnel, notebook: Notebook
) -> None:
    tunnel.hear()
    notebook.run("display(tunnel)")
    notebook.run("tunnel.send_msg('shown twice')")
    eventually(lambda: tunnel.received == [[1, "shown twice"]], "it has come")
    notebook.command("notebook:clear-all-cell-outputs")
    notebook.run("tunnel.send_msg('cleared')")
    eventually(lambda: len(tunnel.received) == 2, "it has come")
    # Each once.
    assert tunnel.received == [[1, "shown twice"], [2, "cleared"]]


def test_after_close_both_sides_say_so(notebook: Notebook) -> None:
    tunnel = Tunnel(notebook)
    notebook.page.js(HOLD, tunnel.id)
    said = notebook.run(
        "tunnel.close()\n"
        "from dash_interop import TunnelEnded\n"
        "for call in (lambda: tunnel.send_msg('x'), lambda: tunnel.on_receive(print)):\n"
        "    try:\n"
        "        call()\n"
        "    except TunnelEnded as error:\n"
        "        print(error)"
    )
    assert said == "The widget was closed\n" * 2
    ended = "The widget was closed, or its kernel has ended"
    eventually(lambda: notebook.page.js("return window.outcome") == ended, "the request has ended")
    assert tunnel.refusal("window.held.send_msg('x')") == ended
    # The entry has gone: what asks for it anew waits for a widget to come.
    assert notebook.page.js("return window.IPyCallback.get(args[0]) !== window.held", tunnel.id)


def test_a_cell_that_is_run_again_takes_the_place_of_the_tunnel_before(
    notebook: Notebook,
) -> None:
    notebook.run("first = SlowTunnelWidget(tunnel_id='again')\ndisplay(first)")
    notebook.wait_for_tunnel("first")
    notebook.page.js("window.held = window.IPyCallback.get('again')")
    notebook.run("second = SlowTunnelWidget(tunnel_id='again')\ndisplay(second)")
    eventually(
        lambda: notebook.page.js("return window.IPyCallback.get('again') !== window.held"),
        "the second is there",
    )
    replaced = "Another widget with the same tunnel_id has taken the place of this one"
    with pytest.raises(ScriptFailed, match=replaced):
        notebook.page.run("window.held.send_msg('x')")
    eventually(lambda: notebook.value("first.comm is None"), "the first is closed")
    said = notebook.run(
        "try:\n    first.send_msg('x')\nexcept Exception as error:\n    print(error)"
    )
    assert said == f"{replaced}\n"
    notebook.run("second.on_request(lambda value: value + 1)")
    assert notebook.page.run("return await window.IPyCallback.get('again').request(1)") == 2
    notebook.run("second.close()")


def test_a_page_that_is_loaded_again_goes_on_with_the_tunnel(
    tunnel: Tunnel, notebook: Notebook
) -> None:
    notebook.run(
        "tunnel.on_receive(lambda version, msg: tunnel.send_msg_with_version(version, msg))"
    )
    for number in range(3):
        tunnel.send(number)
    eventually(lambda: notebook.value("tunnel.version") == 3, "all have come")
    notebook.reload()
    notebook.wait_for_tunnel()
    tunnel.hear()
    # The new page counts from the beginning, and its answers are not stale.
    assert tunnel.send("again") == 1
    eventually(lambda: tunnel.received == [[1, "again"]], "it is answered")
    assert notebook.value("tunnel.stale") == 0


def test_a_kernel_that_is_restarted_ends_the_tunnel_and_a_new_one_works(
    lab: Lab, browser: Browser, notebook: Notebook
) -> None:
    tunnel = Tunnel(notebook)
    notebook.page.js(HOLD, tunnel.id)
    notebook.restart_kernel()
    ended = "The widget was closed, or its kernel has ended"
    eventually(lambda: notebook.page.js("return window.outcome") == ended, "the request has ended")
    with pytest.raises(ScriptFailed, match=ended):
        notebook.page.run("window.held.send_msg('x')")
    notebook.run("from dash_interop.notebook import SlowTunnelWidget")
    tunnel = Tunnel(notebook)
    notebook.run("tunnel.on_request(lambda value: value + 1)")
    assert tunnel.ask(1) == 2
    notebook.run("tunnel.close()")
