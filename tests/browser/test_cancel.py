"""Cancels and progress: what callers say to handlers, and handlers to callers, before the end."""

from __future__ import annotations

import inspect
import threading
from pathlib import Path
from typing import Any

import pytest
from dash import Dash, Input, Output, callback, html
from dash.exceptions import PreventUpdate

from dash_interop import (
    InvocationCancelled,
    InvocationTimeout,
    MethodInvoke,
    MethodRegister,
    method_handler,
)
from dash_interop.client import sync
from tests.support.apps_handlers import STREAMED, STREAMS, tells, tells_soon, yields_soon
from tests.support.apps_parts import Gate, answer, handle, record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually
from tests.support.library_pages import open_core_page, serve_library_page


class Provider:
    """A page that offers *Slow*, whose callback waits for the test, and tells what it heard."""

    def __init__(self, apps: Apps, **options: Any) -> None:
        self.gate = Gate()
        self.cancelled: list[Any] = []
        self.app = apps.make(
            "provider",
            MethodRegister(id="slow", definition="Slow", returns=True, **options),
            MethodRegister(id="ping", definition="Ping", returns=False),
        )
        record(self.app, "slow", "cancelled", self.cancelled)
        handle(self.app, "slow", self._slow)
        self.page = apps.open(self.app)

    def _slow(self, invoke: Any) -> Any:
        self.gate.pass_through(invoke["args"].get("n"))
        return answer(invoke, done=invoke["args"].get("n"))

    @property
    def told(self) -> list[dict[str, Any]]:
        """What the callback on ``cancelled`` got, after the initial None."""
        return [value for value in self.cancelled if value is not None]

    def wait_until_runs(self, n: int) -> None:
        eventually(lambda: n in self.gate.entered, f"the callback runs for {n}")


class Consumer:
    """A page that invokes, with all that its callbacks got."""

    def __init__(self, apps: Apps, *, listens: bool = True, more: Any = ()) -> None:
        self.results: list[Any] = []
        self.progress: list[Any] = []
        self.errors: list[Any] = []
        self.app = apps.make("consumer", MethodInvoke(id="invoke"), *more)
        record(self.app, "invoke", "result", self.results)
        record(self.app, "invoke", "error", self.errors)
        if listens:
            record(self.app, "invoke", "progress", self.progress)
        self.page: Page = apps.open(self.app)

    def invoke(self, definition: str = "Slow", **invoke: Any) -> None:
        self.page.set_props("invoke", invoke={"definition": definition, **invoke})

    def call(self, n: int, **invoke: Any) -> None:
        self.invoke(argumentObj={"n": n}, invocationId=f"id-{n}", **invoke)

    def cancel(self, cancel: Any) -> None:
        self.page.set_props("invoke", cancel=cancel)

    def outcomes(self) -> list[Any]:
        """Of each result its id, and what was returned or the type of the error."""
        return [
            (
                result["invocationId"],
                result["error"]["type"]
                if result["error"]
                else result["invocationResult"]["returned"],
            )
            for result in self.results
            if result is not None
        ]

    def wait_until_heard(self) -> None:
        """The provider has heard all that this page has said to it so far."""
        assert self.page.invoke("Ping") == {}

    def wait_for(self, *outcomes: Any) -> None:
        eventually(
            lambda: self.outcomes() == list(outcomes),
            lambda: f"the outcomes {outcomes}, but {self.outcomes()}",
        )


@pytest.mark.every_engine
def test_can001_a_cancel_ends_the_call_at_once_and_is_told_to_the_callback(apps: Apps) -> None:
    provider, consumer = Provider(apps), Consumer(apps)
    consumer.page.wait_for_servers("Slow", 1)
    consumer.call(1)
    provider.wait_until_runs(1)
    consumer.cancel({"invocationId": "id-1"})
    consumer.wait_for(("id-1", "cancelled"))
    eventually(lambda: provider.told, "the callback was told")
    (told,) = provider.told
    assert told["reason"] == "cancelled"
    assert told["caller"]["application"] == "consumer"
    # What it returns now is dropped, and the next one has its turn.
    consumer.call(2)
    provider.gate.let(2)
    consumer.wait_for(("id-1", "cancelled"), ("id-2", {"done": 2}))
    assert provider.gate.entered == [1, 2]
    assert len(provider.told) == 1


def test_can002_what_waits_for_its_turn_leaves_the_queue(apps: Apps) -> None:
    provider, consumer = Provider(apps), Consumer(apps)
    consumer.page.wait_for_servers("Slow", 1)
    for n in (1, 2, 3):
        consumer.call(n)
    provider.wait_until_runs(1)
    consumer.cancel([{"invocationId": "id-2"}])
    consumer.wait_for(("id-2", "cancelled"))
    consumer.wait_until_heard()
    provider.gate.let(2)
    consumer.wait_for(("id-2", "cancelled"), ("id-1", {"done": 1}), ("id-3", {"done": 3}))
    assert provider.gate.entered == [1, 3]
    assert provider.told == []


def test_can003_cancel_takes_all_the_known_and_says_what_is_unknown(apps: Apps) -> None:
    provider, consumer = Provider(apps), Consumer(apps)
    consumer.page.wait_for_servers("Slow", 1)
    consumer.call(1)
    provider.gate.let()
    consumer.wait_for(("id-1", {"done": 1}))
    # It has ended, and nothing is under way.
    consumer.cancel({"invocationId": "id-1"})
    consumer.cancel(True)
    for n in (2, 3):
        consumer.call(n)
    provider.wait_until_runs(2)
    consumer.cancel(True)
    ended = [("id-1", {"done": 1}), ("id-2", "cancelled"), ("id-3", "cancelled")]
    consumer.wait_for(*ended)
    consumer.cancel(True)
    consumer.cancel({"invocationId": "id-2"})
    consumer.wait_until_heard()
    provider.gate.let()
    assert consumer.errors == [None]
    consumer.cancel({"invocationId": "id-9"})
    eventually(lambda: len(consumer.errors) == 2, "the error")
    assert consumer.errors[1]["message"] == 'cancel: no invocation has the invocationId "id-9"'
    consumer.cancel({"invocationId": "id-3"})
    eventually(lambda: len(consumer.errors) == 3, "its end")
    assert consumer.errors[2] is None
    assert consumer.outcomes() == ended


def test_can004_what_waits_for_a_server_is_never_sent(apps: Apps) -> None:
    consumer = Consumer(apps)
    consumer.call(1)
    consumer.cancel({"invocationId": "id-1"})
    consumer.wait_for(("id-1", "cancelled"))
    provider = Provider(apps)
    consumer.page.wait_for_servers("Slow", 1)
    consumer.call(2)
    provider.gate.let()
    consumer.wait_for(("id-1", "cancelled"), ("id-2", {"done": 2}))
    assert provider.gate.entered == [2]


def test_can005_a_page_that_closes_cancels_what_it_has_asked_for(apps: Apps) -> None:
    provider, consumer = Provider(apps), Consumer(apps)
    consumer.page.wait_for_servers("Slow", 1)
    for n in (1, 2):
        consumer.call(n)
    provider.wait_until_runs(1)
    consumer.page.close()
    eventually(lambda: provider.told, "the callback was told")
    assert [told["reason"] for told in provider.told] == ["left"]
    provider.gate.let(3)
    assert apps.caller().invoke("Slow", {"n": 3}) == {"done": 3}
    assert provider.gate.entered == [1, 3]


def test_can006_a_caller_whose_time_is_up_cancels(apps: Apps) -> None:
    provider, consumer = Provider(apps), Consumer(apps)
    consumer.page.wait_for_servers("Slow", 1)
    for n in (1, 2):
        consumer.call(n, options={"methodResponseTimeoutMs": 300})
    provider.wait_until_runs(1)
    consumer.wait_for(("id-1", "Timeout"), ("id-2", "Timeout"))
    eventually(lambda: provider.told, "the callback was told")
    assert [told["reason"] for told in provider.told] == ["timeout"]
    provider.gate.let(2)
    consumer.call(3)
    consumer.wait_for(("id-1", "Timeout"), ("id-2", "Timeout"), ("id-3", {"done": 3}))
    assert provider.gate.entered == [1, 3]


@pytest.mark.every_engine
def test_can007_every_value_of_a_burst_arrives_in_order_before_the_result(
    apps: Apps, burst: int
) -> None:
    app = apps.make(
        "provider",
        MethodRegister(
            id="count",
            definition="Count",
            returns=True,
            clientsideHandler={"namespace": "counting", "function_name": "count"},
        ),
    )
    page = apps.open(app)
    page.js(
        """
        window.dash_clientside.counting = {
            count: ({n}, caller, {progress}) => {
                for (let i = 0; i < n; i += 1) progress(i);
                return {counted: n};
            },
        };
        """
    )
    consumer = Consumer(apps)
    consumer.page.wait_for_servers("Count", 1)
    consumer.invoke("Count", argumentObj={"n": burst}, invocationId="burst")
    eventually(lambda: consumer.outcomes(), "the result", 120)
    heard = [value for value in consumer.progress if value is not None]
    assert [value["value"] for value in heard] == list(range(burst))
    assert {value["invocationId"] for value in heard} == {"burst"}
    assert heard[0]["executed_by"]["application"] == "provider"
    assert consumer.outcomes() == [("burst", {"counted": burst})]


@pytest.mark.every_engine
def test_can008_a_function_of_the_page_is_told_by_its_signal(apps: Apps) -> None:
    app = apps.make(
        "provider",
        MethodRegister(
            id="wait",
            definition="Wait",
            returns=True,
            clientsideHandler={"namespace": "waiting", "function_name": "wait"},
        ),
    )
    page = apps.open(app)
    page.js(
        """
        window.heard = [];
        window.dash_clientside.waiting = {
            wait: (args, caller, {signal}) => new Promise((resolve, reject) => {
                window.heard.push('begun');
                signal.addEventListener('abort', () => {
                    window.heard.push(`${signal.reason.name}: ${signal.reason.message}`);
                    reject(signal.reason);
                });
            }),
        };
        """
    )
    consumer = Consumer(apps)
    consumer.page.wait_for_servers("Wait", 1)
    consumer.invoke("Wait", invocationId="id")
    eventually(lambda: page.js("return window.heard.length") == 1, "it has begun")
    consumer.cancel(True)
    consumer.wait_for(("id", "cancelled"))
    eventually(lambda: page.js("return window.heard.length") == 2, "it was told")
    assert page.js("return window.heard") == ["begun", "AbortError: cancelled"]


def test_can009_progress_that_a_callback_writes_reaches_the_caller(apps: Apps) -> None:
    """Another callback writes it, such as one that a button triggers."""
    provider, consumer = Provider(apps), Consumer(apps)
    consumer.page.wait_for_servers("Slow", 1)
    consumer.call(1)
    provider.wait_until_runs(1)
    (invocation_id,) = provider.page.run(
        "const [id] = args;return [dash_component_api.getLayout(id).props.invoke.invocationId];",
        "slow",
    )
    for value in ({"percent": 10}, [1, 2], None):
        written = {"invocationId": invocation_id, "value": value}
        provider.page.set_props("slow", progress=written)
    provider.page.set_props("slow", progress=[{"invocationId": invocation_id, "value": "a list"}])
    eventually(lambda: len(consumer.progress) == 5, lambda: f"progress: {consumer.progress}")
    heard = [value["value"] for value in consumer.progress[1:]]
    assert heard == [{"percent": 10}, [1, 2], None, "a list"]
    provider.gate.let()
    consumer.wait_for(("id-1", {"done": 1}))


def test_can010_published_clients_notice_nothing(apps: Apps) -> None:
    provider = Provider(apps)
    consumer = Consumer(apps)
    library = apps.make("library")
    serve_library_page(library)
    core = open_core_page(apps, library, "core")
    core.run(
        """
        window.frames = [];
        await io.interop.register('Core', ({n}) => new Promise((resolve) => {
            window.frames.push(n);
            window.release = () => resolve({n});
        }));
        """
    )
    consumer.page.wait_for_servers("Core", 1)
    # As a server: it is cancelled, and answers nobody.
    consumer.invoke("Core", argumentObj={"n": 1}, invocationId="core")
    eventually(lambda: core.js("return window.frames.length") == 1, "core's handler runs")
    consumer.cancel(True)
    consumer.wait_for(("core", "cancelled"))
    core.js("window.release()")
    # As a caller: the handler tells how far it is, and it hears the result alone.
    core.js(
        "window.outcome = io.interop.invoke('Slow', {n: 7})"
        ".then(({returned}) => window.returned = returned)"
    )
    provider.wait_until_runs(7)
    provider.page.run(
        "const {invocationId} = dash_component_api.getLayout('slow').props.invoke;"
        "dash_clientside.set_props('slow', {progress: {invocationId, value: 1}});"
    )
    provider.gate.let()
    eventually(lambda: core.js("return window.returned ?? null"), "core's result")
    assert core.js("return window.returned") == {"done": 7}


def test_can011_a_background_handler_tells_how_far_it_is_and_ends_with_a_cancel(
    apps: Apps, tmp_path: Path
) -> None:
    cache, folder = tmp_path / "cache", tmp_path / "files"
    folder.mkdir()
    process = apps.process("tests.support.apps_main", "handlers", "--cache", str(cache))
    apps.browser.open(f"{process.url}/")
    consumer = Consumer(apps)
    consumer.page.wait_for_servers("Long", 1)

    def long(invocation_id: str) -> None:
        consumer.invoke("Long", argumentObj={"folder": str(folder)}, invocationId=invocation_id)

    def heard() -> list[Any]:
        return [value["value"]["files"] for value in consumer.progress if value is not None]

    long("whole")
    (folder / "a").touch()
    eventually(lambda: ["a"] in heard(), "progress")
    (folder / "b").touch()
    eventually(lambda: ["a", "b"] in heard(), "more progress")
    (folder / "end").touch()
    consumer.wait_for(("whole", {"files": ["a", "b", "end"]}))

    for path in folder.iterdir():
        path.unlink()
    consumer.progress.clear()
    long("cancelled")
    (folder / "c").touch()
    eventually(lambda: ["c"] in heard(), "progress of the next one")
    consumer.cancel({"invocationId": "cancelled"})
    consumer.wait_for(("whole", {"files": ["a", "b", "end"]}), ("cancelled", "cancelled"))
    # The job is gone, so its successor has its turn, and it alone sees the end.
    long("after")
    (folder / "d").touch()
    eventually(lambda: ["c", "d"] in heard(), "progress of the one after")
    assert not (folder / "ended").exists()
    (folder / "end").touch()
    eventually(lambda: len(consumer.outcomes()) == 3, "its result", 30)
    assert consumer.outcomes()[-1] == ("after", {"files": ["c", "d", "end"]})


if "websocket" in inspect.signature(callback).parameters and not STREAMS:

    @pytest.mark.parametrize("kind", ["def", "async def"])
    def test_can012_a_handler_over_the_socket_of_dash_tells_each_value(
        apps: Apps, kind: str
    ) -> None:
        app = apps.make(
            "provider",
            MethodRegister(id="count", definition="Count", returns=True),
            backend="fastapi",
        )

        function = tells if kind == "def" else tells_soon
        method_handler("count", websocket=True, app=app)(function)
        apps.open(app)
        consumer = Consumer(apps)
        consumer.page.wait_for_servers("Count", 1)
        _expect_counting(consumer, "Count", 100, [])


if STREAMS:

    @pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
    def test_can013_a_streaming_handler_tells_each_value(
        apps: Apps, tmp_path: Path, backend: str
    ) -> None:
        process = apps.process(
            *("tests.support.apps_main", "handlers"),
            *("--backend", backend, "--cache", str(tmp_path / "cache")),
        )
        apps.browser.open(f"{process.url}/")
        consumer = Consumer(apps)
        for function in STREAMED:
            consumer.page.wait_for_servers(function.__name__, 1)
            # What is yielded last is the result, too.
            last = [{"counted": 60}] if function is yields_soon else []
            _expect_counting(consumer, function.__name__, 60, last)


def _expect_counting(consumer: Consumer, method: str, n: int, last: list[Any]) -> None:
    for name in ("one", "two"):
        consumer.progress.clear()
        consumer.results.clear()
        consumer.invoke(method, argumentObj={"n": n}, invocationId=name)
        eventually(lambda: consumer.outcomes(), "the result", 60)
        heard = [value["value"] for value in consumer.progress if value is not None]
        assert heard == [*range(n), *last]
        assert consumer.outcomes() == [(name, {"counted": n})]


def test_can014_a_button_cancels_by_callbacks_alone(apps: Apps) -> None:
    provider = Provider(apps)
    results: list[Any] = []
    app = apps.make(
        "consumer",
        MethodInvoke(id="invoke"),
        html.Button("Go", id="go"),
        html.Button("Stop", id="stop"),
    )
    record(app, "invoke", "result", results)
    _buttons(app)
    page = apps.open(app)
    page.wait_for_servers("Slow", 1)
    for _ in range(3):
        entered = len(provider.gate.entered)
        page.click("go")
        eventually(
            lambda entered=entered: len(provider.gate.entered) > entered, "the callback runs"
        )
        count = len(results)
        page.click("stop")
        eventually(lambda count=count: len(results) > count, "the result")
        assert results[-1]["error"]["type"] == "cancelled"
        provider.gate.let()


def _buttons(app: Dash) -> None:
    @app.callback(Output("invoke", "invoke"), Input("go", "n_clicks"), prevent_initial_call=True)
    def go(clicks: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        return {"definition": "Slow", "argumentObj": {"n": clicks}}

    @app.callback(Output("invoke", "cancel"), Input("stop", "n_clicks"), prevent_initial_call=True)
    def stop(_: Any) -> bool:
        return True


def test_can015_a_page_follows_and_cancels_what_a_process_handles(apps: Apps) -> None:
    stopped: list[bool] = []
    running = threading.Event()

    def work(n: int, progress: Any, cancelled: Any) -> Any:
        for i in range(n):
            progress({"step": i})
        running.set()
        if n == 2:
            stopped.append(cancelled.wait(30))
        return {"worked": n}

    with sync.connect(application="worker") as worker:
        worker.register("Work", work)
        consumer = Consumer(apps)
        consumer.page.wait_for_servers("Work", 1)
        _expect_steps(consumer, 100)
        running.clear()
        consumer.invoke("Work", argumentObj={"n": 2}, invocationId="stopped")
        assert running.wait(10)
        consumer.cancel({"invocationId": "stopped"})
        eventually(lambda: stopped, "the thread was told")
        assert stopped == [True]
        consumer.wait_for(("steps", {"worked": 100}), ("stopped", "cancelled"))


def _expect_steps(consumer: Consumer, n: int) -> None:
    consumer.invoke("Work", argumentObj={"n": n}, invocationId="steps")
    eventually(lambda: consumer.outcomes(), "the result", 30)
    heard = [value["value"] for value in consumer.progress if value is not None]
    assert heard == [{"step": i} for i in range(n)]
    assert consumer.progress[-1]["executed_by"]["application"] == "worker"
    assert consumer.outcomes() == [("steps", {"worked": n})]


def test_can016_a_process_follows_and_cancels_what_a_page_handles(apps: Apps) -> None:
    provider = Provider(apps)
    with sync.connect(application="caller") as caller:
        caller.wait_for_method("Slow")
        with caller.invocation("Slow", {"n": 1}) as invocation:
            provider.wait_until_runs(1)
            provider.page.run(
                "const {invocationId} = dash_component_api.getLayout('slow').props.invoke;"
                "for (const value of [1, {two: 2}, null])"
                "    dash_clientside.set_props('slow', {progress: {invocationId, value}});"
            )
            heard = [next(invocation) for _ in range(3)]
            assert heard == [1, {"two": 2}, None]
            provider.gate.let()
            assert invocation.result().returned == {"done": 1}
        with caller.invocation("Slow", {"n": 2}) as invocation:
            provider.wait_until_runs(2)
            invocation.cancel()
            with pytest.raises(InvocationCancelled):
                invocation.result()
        eventually(lambda: provider.told, "the callback was told")
        assert provider.told[0]["reason"] == "cancelled"
        assert provider.told[0]["caller"]["application"] == "caller"
        provider.gate.let()
        with pytest.raises(InvocationTimeout):
            caller.invoke("Slow", {"n": 3}, response_timeout=0.3)
        eventually(lambda: len(provider.told) == 2, "the callback was told again")
        assert provider.told[1]["reason"] == "timeout"
        provider.gate.let()


def test_can017_a_server_that_goes_says_whether_it_had_begun(apps: Apps) -> None:
    provider, consumer = Provider(apps), Consumer(apps)
    consumer.page.wait_for_servers("Slow", 1)
    for n in (1, 2):
        consumer.call(n)
    provider.wait_until_runs(1)
    # Dash 3.0 stumbles over the running callback of a component that goes.
    apps.browser.allow_in_console(r"dash[-_]renderer.*reading 'props'")
    # Out of the layout: the page is there, and knows what had begun.
    provider.page.set_props("glue42", children=[])
    consumer.wait_for(("id-2", "ServerGone"), ("id-1", "ServerGone"))
    delivered = [result["error"]["delivered"] for result in consumer.results[1:]]
    assert delivered == ["no", "yes"]
    provider.gate.let()


def test_can018_a_page_that_goes_does_not_say_whether_it_had_begun(apps: Apps) -> None:
    provider, consumer = Provider(apps), Consumer(apps)
    consumer.page.wait_for_servers("Slow", 1)
    consumer.call(1)
    provider.wait_until_runs(1)
    provider.page.close()
    consumer.wait_for(("id-1", "ServerGone"))
    assert consumer.results[-1]["error"]["delivered"] == "unknown"
    provider.gate.let()
