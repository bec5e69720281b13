"""Python processes and pages invoke each other: the server of the app, and any other peer."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from dash import Dash, Input, Output, State, html

from dash_interop import Glue42, Interop, MethodInvoke, MethodRegister, method_handler
from dash_interop.client import connect, sync
from dash_interop.client.sync import InteropClient
from dash_interop.gateway.embedded import shared_gateway
from dash_interop.router.principals import Principal
from tests.support.apps_parts import answer, handle, record
from tests.support.apps_serving import backends
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually
from tests.support.js_peer import JsPeer

ROOT = Path(__file__).resolve().parents[2]


def cookie_of(request: Any) -> Any:
    return request.cookies.get("user")


@pytest.fixture
def interop() -> Iterator[Interop]:
    """The settings of an app, whose server leaves at the end."""
    interop = Interop()
    yield interop
    interop.stop()


@pytest.fixture
def users() -> Iterator[Interop]:
    """As ``interop``; a cookie says who is logged in."""
    interop = Interop(user=cookie_of)
    yield interop
    interop.stop()


@pytest.fixture
def client() -> Iterator[InteropClient]:
    """A plain Python peer."""
    with sync.connect(application="plain") as client:
        yield client


@pytest.fixture
def js_peer() -> Iterator[JsPeer]:
    """A plain JavaScript peer, in Node.js."""
    gateway = shared_gateway()
    token = gateway.authority.issue(Principal("local"))
    peer = JsPeer(gateway.ensure(), "node", "local", token)
    yield peer
    peer.close()


def show_results(app: Dash, component_id: str, into: list[Any]) -> None:
    """Keep what a ``MethodInvoke`` reports."""
    record(app, component_id, "result", into)


def ask(page: Page, component_id: str, results: list[Any], **invoke: Any) -> Any:
    """Write to a ``MethodInvoke`` and wait for the result."""
    count = len(results)
    page.set_props(component_id, invoke=invoke)
    eventually(lambda: len(results) > count, lambda: f"a result of {invoke}")
    assert results[-1]["error"] is None, results[-1]
    return results[-1]["invocationResult"]["returned"]


# The server of the app ---------------------------------------------------------------------------


@pytest.mark.parametrize("backend", backends())
def test_peer001_a_page_invokes_a_method_of_its_server(
    apps: Apps, interop: Interop, backend: str
) -> None:
    app = apps.make(
        "app",
        MethodInvoke(id="sum"),
        html.Button("Add", id="add"),
        html.P(id="total"),
        backend=backend,
        plugins=[interop],
    )

    @interop.method("Sum")
    def add(a: float, b: float, caller: Any) -> dict[str, Any]:
        return {"sum": a + b, "caller": caller["application"], "process": os.getpid()}

    @app.callback(Output("sum", "invoke"), Input("add", "n_clicks"), prevent_initial_call=True)
    def invoke(clicks: int) -> Any:
        return {"definition": "Sum", "argumentObj": {"a": 36 + clicks, "b": 5}}

    @app.callback(Output("total", "children"), Input("sum", "result"), prevent_initial_call=True)
    def show(result: Any) -> str:
        returned = result["invocationResult"]["returned"]
        assert returned["process"] == os.getpid()
        return f"{returned['sum']:g} for {returned['caller']}"

    page = apps.open(app)
    page.click("add")
    page.wait_for_text("total", "42 for app")
    page.click("add")
    page.wait_for_text("total", "43 for app")


@pytest.mark.parametrize(
    "backend, kind",
    # Flask runs async callbacks only where asgiref is installed; FastAPI and Quart run plain ones
    # on the loop that the pages need for their answers.
    [(backend, "def" if backend == "flask" else "async") for backend in backends()],
)
def test_peer002_a_callback_invokes_pages_and_python_and_gets_their_results(
    apps: Apps, interop: Interop, client: InteropClient, backend: str, kind: str
) -> None:
    client.register("OfPython", lambda n: {"by": "python", "n": n})
    other = apps.make("other", MethodRegister(id="other", definition="OfOther", returns=True))
    handle(other, "other", lambda invoke: answer(invoke, by="other", n=invoke["args"]["n"]))
    app = apps.make(
        "app",
        MethodRegister(id="own", definition="OfOwn", returns=True),
        html.Button("Ask", id="ask"),
        html.P(id="answers"),
        backend=backend,
        plugins=[interop],
    )
    handle(app, "own", lambda invoke: answer(invoke, by="own", n=invoke["args"]["n"]))

    def asked(n: int, own: Any) -> str:
        results = [
            interop.invoke(method, {"n": n}, target, response_timeout=5)
            for method, target in (("OfOwn", own), ("OfOther", None), ("OfPython", None))
        ]
        return " ".join(f"{each.returned['by']}{each.returned['n']}" for each in results)

    wiring = (
        Output("answers", "children"),
        Input("ask", "n_clicks"),
        State("glue42", "instance"),
    )
    if kind == "def":

        @app.callback(*wiring, prevent_initial_call=True)
        def ask(clicks: int, own: Any) -> str:
            return asked(clicks, own)

    else:

        @app.callback(*wiring, prevent_initial_call=True)
        async def ask_async(clicks: int, own: Any) -> str:
            return await asyncio.to_thread(asked, clicks, own)

    apps.open(other)
    page = apps.open(app)
    for n in (1, 2):
        page.click("ask")
        page.wait_for_text("answers", f"own{n} other{n} python{n}")


class Tabs:
    """Tabs that show what is pushed to them; a tab's button pushes as the test says."""

    def __init__(self, apps: Apps, interop: Interop, backend: str = "flask") -> None:
        self._apps = apps
        self.target: Any = None
        self.text = ""
        self.app = app = apps.make(
            "tab",
            MethodRegister(id="show", definition="Show", returns=False),
            html.P(id="shown"),
            html.Button("Push", id="push"),
            html.P("0", id="pushed"),
            backend=backend,
            plugins=[interop],
        )

        @method_handler(
            "show", State("shown", "children"), output=Output("shown", "children"), app=app
        )
        def show(args: Any, caller: Any, shown: Any) -> str:
            return f"{shown or ''}{args['text']} "

        @app.callback(
            Output("pushed", "children"),
            Input("push", "n_clicks"),
            State("glue42", "instance"),
            prevent_initial_call=True,
        )
        def push(clicks: int, instance: Any) -> int:
            target = instance if self.target == "this tab" else self.target
            interop.invoke("Show", {"text": self.text}, target)
            return clicks

    def open(self, user: str | None = None) -> Page:
        page = self._apps.open(self.app, connected=user is None)
        if user is not None:
            page.js("document.cookie = `user=${args[0]}`", user)
            page.load()
            page.wait_until_connected()
        return page

    def push(self, page: Page, text: str, target: Any) -> None:
        self.text, self.target = text, target
        count = int(page.text("pushed"))
        page.click("push")
        page.wait_for_text("pushed", str(count + 1))


@pytest.mark.parametrize("backend", backends())
def test_peer003_a_callback_pushes_into_one_tab_into_those_of_a_user_or_into_all(
    apps: Apps, users: Interop, backend: str
) -> None:
    tabs = Tabs(apps, users, backend)
    anna, also_anna, ben = (tabs.open(user) for user in ("anna", "anna", "ben"))
    for page, count in ((anna, 2), (also_anna, 2), (ben, 1)):
        page.wait_for_servers("Show", count)
    tabs.push(anna, "one", "this tab")
    tabs.push(also_anna, "another", "this tab")
    tabs.push(ben, "annas", {"user": "anna"})
    tabs.push(ben, "bens", {"user": "ben"})
    tabs.push(anna, "all", "all")
    anna.wait_for_text("shown", "one annas all")
    also_anna.wait_for_text("shown", "another annas all")
    ben.wait_for_text("shown", "bens all")
    ben.js("document.cookie = 'user=; max-age=0'")


def test_peer004_a_background_callback_pushes_into_its_tab_and_asks_the_server(
    apps: Apps, tmp_path: Path
) -> None:
    process = apps.process("tests.support.apps_pushing", str(tmp_path / "cache"))
    other = apps.browser.open(f"{process.url}/")
    page = apps.browser.open(f"{process.url}/")
    page.wait_for_servers("Show", 2)
    page.click("work")
    page.wait_for_text("shown", "half done", timeout=20)
    page.wait_for_text("worked", "by another process", timeout=20)
    assert other.text("shown") == ""
    page.wait_for_servers("Server", 1)


def test_peer005_another_process_pushes_into_the_pages(apps: Apps, interop: Interop) -> None:
    tabs = Tabs(apps, interop)
    pages = [tabs.open() for _ in range(2)]
    pages[0].wait_for_servers("Show", 2)
    program = (
        "from dash_interop.client.sync import connect\n"
        "with connect(application='script') as interop:\n"
        "    interop.wait_for_method('Show')\n"
        "    interop.invoke('Show', {'text': 'from outside'}, 'all')\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=30)
    for page in pages:
        page.wait_for_text("shown", "from outside")


@pytest.mark.every_engine
def test_peer006_pages_hear_what_the_server_streams(apps: Apps, interop: Interop) -> None:
    stream = interop.stream("Ticks")
    interop.start()
    pages = [apps.open(apps.make("subscriber", plugins=[interop])) for _ in range(2)]
    for page in pages:
        page.wait_for_servers("Ticks", 1)
        page.run(
            "window.heard = [];"
            "await interop.subscribe('Ticks', {onData: ({data}) => window.heard.push(data.n)});"
        )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: stream.push({"n": n}), range(1000)))
    for page in pages:
        eventually(
            lambda page=page: page.js("return window.heard.length") >= 1000, "all that was pushed"
        )
        assert sorted(page.js("return window.heard")) == list(range(1000))


def test_peer007_the_server_is_there_again_after_a_stop_and_pages_stay(
    apps: Apps, interop: Interop
) -> None:
    results: list[Any] = []
    app = apps.make("app", MethodInvoke(id="ask"), plugins=[interop])
    show_results(app, "ask", results)
    interop.method("Who")(lambda: {"who": "server"})
    page = apps.open(app)
    assert ask(page, "ask", results, definition="Who") == {"who": "server"}
    interop.stop()
    page.wait_for_servers("Who", 0)
    interop.start()
    assert ask(page, "ask", results, definition="Who") == {"who": "server"}


# Callers and callees of each kind ----------------------------------------------------------------


@pytest.mark.parametrize("backend", backends())
def test_peer008_dash_pages_python_and_javascript_invoke_each_other(
    apps: Apps, client: InteropClient, js_peer: JsPeer, backend: str
) -> None:
    results: list[Any] = []
    app = apps.make(
        "dash",
        MethodRegister(id="of-dash", definition="OfDash", returns=True),
        MethodInvoke(id="invoke"),
        backend=backend,
    )
    handle(
        app,
        "of-dash",
        lambda invoke: answer(
            invoke, n=invoke["args"]["n"] + 1, caller=invoke["caller"]["application"]
        ),
    )
    show_results(app, "invoke", results)
    client.register("OfPython", lambda n, caller: {"n": n + 2, "caller": caller["application"]})
    js_peer.register("OfNode", "sum")
    page = apps.open(app)

    # From the Dash page.
    of_python = ask(page, "invoke", results, definition="OfPython", argumentObj={"n": 1})
    assert of_python == {"n": 3, "caller": "dash"}
    of_node = ask(page, "invoke", results, definition="OfNode", argumentObj={"a": 1, "b": 2})
    assert of_node == {"sum": 3}
    assert [caller["application"] for caller in js_peer.callers("OfNode")] == ["dash"]

    # To the Dash page.
    result = client.invoke("OfDash", {"n": 1})
    assert result.returned == {"n": 2, "caller": "plain"}
    assert result.executed_by["application"] == "dash"
    js_peer.wait_method("OfDash")
    outcome = js_peer.invoke("OfDash", {"n": 5})
    assert outcome["returned"] == {"n": 6, "caller": "node"}
    assert outcome["executed_by"]["application"] == "dash"


def test_peer009_errors_of_python_reach_the_page_and_those_of_the_page_reach_python(
    apps: Apps, client: InteropClient
) -> None:
    results: list[Any] = []
    app = apps.make(
        "dash",
        MethodRegister(id="fail", definition="FailInDash", returns=True),
        MethodInvoke(id="invoke"),
    )
    show_results(app, "invoke", results)

    @method_handler("fail", app=app)
    def fail_in_dash(args: Any, caller: Any) -> None:
        raise LookupError("no such trade")

    def fail_in_python() -> None:
        raise ZeroDivisionError("not by zero")

    client.register("FailInPython", fail_in_python)
    page = apps.open(app)
    page.set_props("invoke", invoke={"definition": "FailInPython"})
    eventually(lambda: len(results) == 2, "the result")
    error = results[1]["error"]
    assert error["message"] == "ZeroDivisionError: not by zero"
    assert (error["type"], error["exception"]) == ("HandlerFailed", "ZeroDivisionError")
    with pytest.raises(Exception, match="no such trade") as caught:
        client.invoke("FailInDash")
    assert (type(caught.value).__name__, getattr(caught.value, "exception", None)) == (
        "HandlerFailed",
        "LookupError",
    )


# Many at once ------------------------------------------------------------------------------------


def invoke_at_once(method: str, count: int) -> list[Any]:
    """What so many invocations of one tick return, by a Python client of their own."""

    async def invoke() -> list[Any]:
        async with connect(application="burst") as client:
            await client.wait_for_method(method)
            results = await asyncio.gather(
                *[client.invoke(method, {"n": n}, response_timeout=60) for n in range(count)]
            )
            return [result.returned for result in results]

    return asyncio.run(asyncio.wait_for(invoke(), 90))


def test_peer010_a_thousand_invocations_of_one_tick_by_python_are_all_handled_in_order(
    apps: Apps,
) -> None:
    seen: list[int] = []
    app = apps.make(
        "provider",
        MethodRegister(id="count", definition="Count", returns=False, batch=True),
        html.P(id="counted"),
    )

    @app.callback(Output("counted", "children"), Input("count", "invoke"))
    def count(invocations: Any) -> int:
        seen.extend(each["args"]["n"] for each in invocations or ())
        return len(seen)

    page = apps.open(app)
    assert invoke_at_once("Count", 1000) == 1000 * [{}]
    page.wait_for_text("counted", "1000", timeout=60)
    assert seen == list(range(1000))


def test_peer011_a_hundred_overlapping_invocations_by_python_get_their_own_answers(
    apps: Apps,
) -> None:
    app = apps.make("provider", MethodRegister(id="double", definition="Double", returns=True))
    handle(app, "double", lambda invoke: answer(invoke, n=2 * invoke["args"]["n"]))
    apps.open(app)
    assert invoke_at_once("Double", 100) == [{"n": 2 * n} for n in range(100)]


def test_peer012_a_hundred_threads_of_the_server_get_their_own_answers_of_the_page(
    apps: Apps, interop: Interop
) -> None:
    app = apps.make(
        "provider",
        MethodRegister(id="double", definition="Double", returns=True, batch=True),
        plugins=[interop],
    )

    @method_handler("double", app=app)
    def double(args: Any, caller: Any) -> Any:
        return {"n": 2 * args["n"]}

    apps.open(app)
    together = threading.Barrier(100)

    def invoke(n: int) -> Any:
        together.wait(30)
        return interop.invoke("Double", {"n": n}).returned

    with ThreadPoolExecutor(100) as pool:
        assert list(pool.map(invoke, range(100))) == [{"n": 2 * n} for n in range(100)]


def test_peer013_a_thousand_values_that_a_page_writes_are_a_thousand_calls_in_order(
    apps: Apps, interop: Interop
) -> None:
    seen: list[int] = []
    app = apps.make("consumer", MethodInvoke(id="invoke"), plugins=[interop])

    @interop.method("Count")
    def count(n: int) -> dict[str, int]:
        seen.append(n)
        return {"n": n}

    page = apps.open(app)
    page.wait_for_servers("Count", 1)
    page.js(
        "for (let n = 0; n < 1000; n += 1) dash_clientside.set_props('invoke',"
        "    {invoke: {definition: 'Count', argumentObj: {n}}});"
    )
    eventually(lambda: len(seen) >= 1000, lambda: f"1000 calls, but {len(seen)}", 30)
    assert seen == list(range(1000))


def test_peer014_a_thousand_calls_of_one_turn_of_a_page_get_their_own_answers_of_python(
    apps: Apps, interop: Interop
) -> None:
    app = Dash("caller", plugins=[interop])
    app.layout = Glue42(id="glue42")
    interop.method("Double", concurrency=16)(lambda n: {"n": 2 * n})
    page = apps.open(app)
    page.wait_for_servers("Double", 1)
    answers = page.run(
        "const calls = [...Array(1000).keys()].map((n) => interop.invoke('Double', {n}));"
        "return (await Promise.all(calls)).map(({returned}) => returned.n);"
    )
    assert answers == [2 * n for n in range(1000)]
