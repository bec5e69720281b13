"""The page of a notebook as a peer, by way of its kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dash_interop import HandlerFailed
from dash_interop.client.sync import InteropClient, connect
from tests.support.browser_pages import eventually
from tests.support.lab import Notebook

DEADLINE = 20.0

COUNT_SOCKETS = """
window.sockets = [];
window.WebSocket = new Proxy(window.WebSocket, {
    construct: (target, args) => {
        window.sockets.push(args[0]);
        return new target(...args);
    },
});
"""
GREET = """
const io = await window.glue42dash.glueInstancePromise;
await io.interop.register('Tab.Greet', ({ name }, caller) => {
    if (!name) {
        throw new Error('nobody to greet');
    }
    return { text: `Hello ${name}, from ${caller.application}`.replace('from', 'says') };
});
"""
INVOKE = """
const io = await window.glue42dash.glueInstancePromise;
return (await io.interop.invoke(args[0], args[1])).returned;
"""


@pytest.fixture(scope="module")
def interop() -> Iterator[InteropClient]:
    with connect(application="Elsewhere") as client:
        yield client


@pytest.fixture
def tab(notebook: Notebook, interop: InteropClient) -> Iterator[Notebook]:
    """A notebook whose page is a peer that offers a method."""
    notebook.page.js(COUNT_SOCKETS)
    open_page(notebook)
    notebook.page.run(GREET)
    interop.wait_for_method({"name": "Tab.Greet"}, DEADLINE)
    yield notebook
    notebook.run("page.close()")
    eventually(lambda: not interop.methods("Tab.Greet"), "the page has left")


def open_page(notebook: Notebook) -> None:
    notebook.run("from dash_interop.notebook import Page\npage = Page('Tab')\ndisplay(page)")
    there = "return Boolean(window.glue42dash?.glueInstance)"
    eventually(lambda: notebook.page.js(there), "the page is connected", DEADLINE)


def test_python_elsewhere_calls_a_method_of_the_page(tab: Notebook, interop: InteropClient) -> None:
    result = interop.invoke("Tab.Greet", {"name": "Anna"})
    assert result.returned == {"text": "Hello Anna, says Elsewhere"}
    assert result.executed_by["application"] == "Tab"
    with pytest.raises(HandlerFailed, match="nobody to greet"):
        interop.invoke("Tab.Greet", {"name": ""})
    assert tab.page.js("return window.sockets") == []


def test_the_page_calls_a_method_of_a_process(tab: Notebook, interop: InteropClient) -> None:
    interop.register("Double", lambda n: {"n": 2 * n})
    assert tab.page.run(INVOKE, "Double", {"n": 21}) == {"n": 42}
    # Longer than a Jupyter server takes in one message.
    text = "é€😀" * 1_500_000
    interop.register("Length", lambda text: {"n": len(text)})
    length = tab.page.run(
        "const io = await window.glue42dash.glueInstancePromise;"
        "const text = args[0].repeat(args[1]);"
        "return (await io.interop.invoke('Length', { text })).returned",
        "é€😀",
        len(text) // 3,
    )
    assert length == {"n": len(text)}
    interop.unregister("Double")
    interop.unregister("Length")


def test_the_page_publishes_and_subscribes(tab: Notebook, interop: InteropClient) -> None:
    stream = interop.create_stream("Numbers")
    count = 2000
    tab.page.run(
        "const io = await window.glue42dash.glueInstancePromise;"
        "window.numbers = [];"
        "const subscription = await io.interop.subscribe('Numbers');"
        "subscription.onData(({ data }) => window.numbers.push(data.n));"
    )
    for n in range(count):
        stream.push({"n": n})
    eventually(lambda: tab.page.js("return window.numbers.length") == count, "all came", DEADLINE)
    assert tab.page.js("return window.numbers") == list(range(count))
    stream.close()


def test_the_page_is_called_while_a_cell_runs(tab: Notebook, interop: InteropClient) -> None:
    if not tab.has_subshells:
        # The kernel comes to what the page says when the cell has ended.
        cell = tab.start("import time; time.sleep(1)")
    else:
        cell = tab.start(
            "import time\ndone = False\ndeadline = time.monotonic() + 15\n"
            "while not done and time.monotonic() < deadline: time.sleep(0.01)\nprint(done)"
        )
    eventually(lambda: tab.is_busy(), "the cell runs")
    assert interop.invoke("Tab.Greet", {"name": "Anna"}).returned
    if tab.has_subshells:
        assert tab.is_running(cell)
        tab.interrupt()
    eventually(lambda: not tab.is_running(cell), "the cell has ended")


def test_the_page_is_a_peer_of_the_user_without_a_login(
    tab: Notebook, interop: InteropClient
) -> None:
    (server,) = interop.servers("Tab.Greet")
    assert server["user"] == "local"
    assert tab.value("[page.state, page.error]") == ["connected", ""]


def test_a_page_that_is_loaded_again_leaves_and_is_back(
    tab: Notebook, interop: InteropClient
) -> None:
    (before,) = interop.servers("Tab.Greet")
    tab.reload()
    there = "return Boolean(window.glue42dash?.glueInstance)"
    eventually(lambda: tab.page.js(there), "the page is connected", DEADLINE)
    eventually(lambda: before not in interop.servers("Tab.Greet"), "it has left", DEADLINE)
    tab.page.run(GREET)
    interop.wait_for_method({"name": "Tab.Greet"}, DEADLINE)
    (after,) = interop.servers("Tab.Greet")
    assert after["peerId"] != before["peerId"]


def test_a_second_widget_takes_the_place_of_the_first(
    tab: Notebook, interop: InteropClient
) -> None:
    tab.run("first = page")
    tab.page.js("delete window.glue42dash")
    open_page(tab)
    eventually(lambda: tab.value("first.state") == "disconnected", "the first has ended", DEADLINE)
    eventually(lambda: not interop.servers("Tab.Greet"), "its methods have gone", DEADLINE)
    tab.page.run(GREET)
    interop.wait_for_method({"name": "Tab.Greet"}, DEADLINE)
