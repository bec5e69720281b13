"""Nothing is lost, doubled or out of order, however fast it comes."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from dash import Input, Output, State, dcc, html

from dash_interop import Glue42, MethodInvoke, MethodRegister
from tests.support.apps_parts import answer, handle, record
from tests.support.apps_serving import backends
from tests.support.browser_apps import Apps
from tests.support.browser_pages import eventually

FIRE = """
    const [method, count] = args;
    const numbers = [...Array(count).keys()];
    const outcomes = await Promise.all(numbers.map((n) => interop.invoke(method, {n})));
    return outcomes.map(({returned}) => returned?.n ?? null);
"""
"""Invokes so many times in one turn; the answers, in the order of the invocations."""


@pytest.mark.parametrize("backend", backends())
@pytest.mark.every_engine
def test_loss001_many_void_invocations_of_one_turn_run_the_handler_in_order(
    apps: Apps, backend: str, burst: int
) -> None:
    seen: list[int] = []
    app = apps.make(
        "provider",
        MethodRegister(id="count", definition="Count", returns=False),
        html.P(id="counted"),
        backend=backend,
    )

    @app.callback(Output("counted", "children"), Input("count", "invoke"))
    def count(invoke: Any) -> Any:
        if invoke is not None:
            seen.append(invoke["args"]["n"])
        return len(seen)

    page = apps.open(app)
    caller = apps.caller()
    caller.wait_for_servers("Count", 1)
    assert caller.run(FIRE, "Count", burst) == burst * [None]
    page.wait_for_text("counted", str(burst), timeout=60)
    assert seen == list(range(burst))


def test_loss002_identical_invocations_count_each(apps: Apps) -> None:
    seen: list[Any] = []
    app = apps.make(
        "provider",
        MethodRegister(id="void", definition="Void", returns=False),
        MethodRegister(id="returning", definition="Returning", returns=True),
    )

    @app.callback(Input("void", "invoke"))
    def void(invoke: Any) -> None:
        if invoke is not None:
            seen.append(invoke)

    handle(app, "returning", lambda invoke: answer(invoke, same=True))
    apps.open(app)
    caller = apps.caller()
    for _ in range(5):
        caller.invoke("Void", {"text": "same"})
    eventually(lambda: len(seen) == 5, lambda: f"five were handled: {seen}")
    assert len({one["invocationId"] for one in seen}) == 5
    assert [caller.invoke("Returning") for _ in range(5)] == 5 * [{"same": True}]


@pytest.mark.every_engine
def test_loss003_a_hundred_invocations_of_four_callers_get_their_own_results(apps: Apps) -> None:
    seen: list[Any] = []
    app = apps.make("provider", MethodRegister(id="double", definition="Double", returns=True))

    def double(invoke: Any) -> Any:
        n, caller = invoke["args"]["n"], invoke["caller"]["application"]
        seen.append((caller, n))
        return answer(invoke, doubled=2 * n, caller=caller)

    handle(app, "double", double)
    apps.open(app)
    callers = [apps.caller(f"caller {n}") for n in range(4)]
    for caller in callers:
        caller.wait_for_servers("Double", 1)
    for caller in callers:
        # Only started here, so that the four of them compete.
        caller.js(
            "const {interop} = window.glue42dash.glueInstance;"
            "window.answers = Promise.all([...Array(25).keys()].map((n) =>"
            "    interop.invoke('Double', {n}).then(({returned}) => returned)));"
        )
    for index, caller in enumerate(callers):
        expected = [{"doubled": 2 * n, "caller": f"caller {index}"} for n in range(25)]
        assert caller.run("return await window.answers") == expected
    assert len(seen) == 100
    for index in range(4):
        own = [n for name, n in seen if name == f"caller {index}"]
        assert own == list(range(25))


@pytest.mark.parametrize("backend", backends())
@pytest.mark.every_engine
def test_loss004_twenty_values_written_in_one_turn_are_twenty_calls_with_a_result_each(
    apps: Apps, backend: str
) -> None:
    values: list[Any] = []
    app = apps.make("consumer", MethodInvoke(id="invoke"), html.P(id="count"), backend=backend)

    @app.callback(Output("count", "children"), Input("invoke", "result"))
    def collect(result: Any) -> int:
        values.append(result)
        return len(values) - 1

    # Answers in another order than it was asked: those with odd numbers last.
    provider = apps.caller("provider")
    provider.run(
        """
        window.completed = [];
        await interop.register('Mixed', ({n}) => new Promise((resolve) => {
            setTimeout(() => { window.completed.push(n); resolve({n}); }, n % 2 ? 300 + n : 5 * n);
        }));
        """
    )
    page = apps.open(app)
    page.wait_for_servers("Mixed", 1)
    page.js(
        "for (let n = 0; n < 20; n += 1) dash_clientside.set_props('invoke',"
        "    {invoke: {definition: 'Mixed', argumentObj: {n}, invocationId: `call ${n}`}});"
    )
    page.wait_for_text("count", "20", timeout=30)
    results = values[1:]
    order = [value["invocationResult"]["returned"]["n"] for value in results]
    assert order == provider.js("return window.completed")
    assert sorted(order) == list(range(20))
    assert order != list(range(20))
    assert [value["invocationId"] for value in results] == [f"call {n}" for n in order]
    assert [value["error"] for value in results] == 20 * [None]


def test_loss005_equal_results_run_the_callback_each_time(apps: Apps) -> None:
    values: list[Any] = []
    app = apps.make("consumer", MethodInvoke(id="invoke"))
    record(app, "invoke", "result", values)
    provider = apps.caller("provider")
    provider.run("await interop.register('Same', () => ({same: true}));")
    page = apps.open(app)
    page.wait_for_servers("Same", 1)
    page.js(
        "for (let n = 0; n < 10; n += 1)"
        "    dash_clientside.set_props('invoke', {invoke: {definition: 'Same'}});"
    )
    eventually(lambda: len(values) == 11, lambda: f"ten results, but {len(values) - 1}")
    assert [value["invocationResult"]["returned"] for value in values[1:]] == 10 * [{"same": True}]


def test_loss006_repeated_clicks_and_new_props_are_one_call_each(apps: Apps) -> None:
    calls: list[Any] = []
    values: list[Any] = []
    offering = apps.make("provider", MethodRegister(id="count", definition="Count", returns=True))

    def count(invoke: Any) -> Any:
        calls.append(invoke["args"]["clicks"])
        return answer(invoke)

    handle(offering, "count", count)
    apps.open(offering)
    app = apps.make(
        "consumer",
        html.Button("Go", id="go"),
        html.Button("Render", id="render"),
        html.Div(MethodInvoke(id="invoke"), id="around"),
    )
    record(app, "invoke", "result", values)

    @app.callback(Output("invoke", "invoke"), Input("go", "n_clicks"), prevent_initial_call=True)
    def go(clicks: int) -> Any:
        return {"definition": "Count", "argumentObj": {"clicks": clicks}}

    @app.callback(Output("around", "style"), Input("render", "n_clicks"), prevent_initial_call=True)
    def render(clicks: int) -> Any:
        return {"paddingLeft": clicks}

    page = apps.open(app)
    page.wait_for_servers("Count", 1)
    for n in range(1, 11):
        page.click("go")
        eventually(lambda n=n: len(values) > n, lambda n=n: f"result {n}")
        page.click("render")
    eventually(
        lambda: page.js("return document.getElementById('around').style.paddingLeft") == "10px",
        "the last rendering",
    )
    assert calls == list(range(1, 11))
    assert len(values) == 11


def counting_provider(apps: Apps) -> list[int]:
    """Offers ``Count``; the numbers it is called with go into the list."""
    calls: list[int] = []
    app = apps.make("provider", MethodRegister(id="count", definition="Count", returns=True))

    def count(invoke: Any) -> Any:
        calls.append(invoke["args"]["n"])
        return answer(invoke, n=invoke["args"]["n"])

    handle(app, "count", count)
    apps.open(app)
    return calls


def call(n: int) -> dict[str, Any]:
    return {"definition": "Count", "argumentObj": {"n": n}}


def moving_consumer(apps: Apps) -> Any:
    """Its MethodInvoke moves to another place of the layout, so that it is mounted anew."""
    return apps.make(
        "consumer",
        html.Button("Move", id="move"),
        html.Div([MethodInvoke(id="invoke")], id="place"),
        html.P(id="depth"),
    )


def move_and_call(apps: Apps, app: dash.Dash, calls: list[int]) -> None:
    page = apps.open(app)
    page.wait_for_servers("Count", 1)
    page.set_props("invoke", invoke=call(1))
    eventually(lambda: calls == [1], "the first call")
    for n in range(1, 4):
        page.click("move")
        page.wait_for_text("depth", str(n))
    page.set_props("invoke", invoke=call(2))
    eventually(lambda: 2 in calls, "the second call")
    assert calls == [1, 2]


def test_loss007_a_component_that_is_mounted_again_does_not_repeat_its_call(apps: Apps) -> None:
    calls = counting_provider(apps)
    app = moving_consumer(apps)
    app.clientside_callback(
        """(clicks, children) => [
            [{namespace: 'dash_html_components', type: 'Div', props: {children}}], clicks
        ]""",
        Output("place", "children"),
        Output("depth", "children"),
        Input("move", "n_clicks"),
        State("place", "children"),
        prevent_initial_call=True,
    )
    move_and_call(apps, app, calls)


def test_loss008_a_component_that_a_server_callback_sends_back_does_not_repeat_its_call(
    apps: Apps,
) -> None:
    calls = counting_provider(apps)
    app = moving_consumer(apps)

    # As it is usual for adding rows to a list: State of the children in, children out.
    @app.callback(
        Output("place", "children"),
        Output("depth", "children"),
        Input("move", "n_clicks"),
        State("place", "children"),
        prevent_initial_call=True,
    )
    def move(clicks: int, children: Any) -> Any:
        return [html.Div(children)], clicks

    move_and_call(apps, app, calls)


def walk_and_call(apps: Apps, app: dash.Dash, calls: list[int]) -> None:
    """Leaves the page with the MethodInvoke and comes back, with a call at each visit."""
    values: list[Any] = []

    @app.callback(Output("results", "children"), Input("invoke", "result"))
    def collect(result: Any) -> int:
        values.append(result)
        return len(values)

    page = apps.open(app)
    page.wait_for_servers("Count", 1)
    for n in range(3):
        page.wait_for_text("results", str(2 * n + 1))
        page.set_props("invoke", invoke=call(n))
        page.wait_for_text("results", str(2 * n + 2))
        page.click("go-other")
        page.wait_for("other")
        page.click("go-home")
        page.wait_for("home")
    page.wait_for_text("results", "7")
    assert calls == [0, 1, 2]
    returned = [value and value["invocationResult"]["returned"]["n"] for value in values]
    assert returned == [None, 0, None, 1, None, 2, None]


def links() -> list[Any]:
    return [
        dcc.Link("Home", href="/", id="go-home"),
        dcc.Link("Other", href="/other", id="go-other"),
        html.P(id="results"),
    ]


def home() -> html.Div:
    return html.Div([MethodInvoke(id="invoke")], id="home")


def test_loss009_going_to_another_location_and_back_repeats_and_loses_nothing(apps: Apps) -> None:
    calls = counting_provider(apps)
    app = apps.make("consumer", dcc.Location(id="location"), *links(), html.Div(id="content"))

    @app.callback(Output("content", "children"), Input("location", "pathname"))
    def route(path: str) -> Any:
        return home() if path == "/" else html.P("Other", id="other")

    walk_and_call(apps, app, calls)


@pytest.mark.every_engine
def test_loss010_going_to_another_page_of_dash_and_back_repeats_and_loses_nothing(
    apps: Apps,
) -> None:
    calls = counting_provider(apps)
    app = apps.make("consumer", use_pages=True, pages_folder="")
    try:
        dash.register_page("home", path="/", layout=home())
        dash.register_page("other", path="/other", layout=html.P("Other", id="other"))
        app.layout = Glue42(id="glue42", children=[*links(), dash.page_container])
        walk_and_call(apps, app, calls)
    finally:
        dash.page_registry.clear()


def test_loss011_a_batch_hands_over_all_that_wait_and_answers_each(apps: Apps) -> None:
    batches: list[Any] = []
    app = apps.make(
        "provider",
        MethodRegister(id="void", definition="Void", returns=False, batch=True),
        MethodRegister(id="double", definition="Double", returns=True, batch=True),
    )

    @app.callback(Input("void", "invoke"))
    def void(invocations: Any) -> None:
        if invocations is not None:
            batches.append([one["args"]["n"] for one in invocations])

    @app.callback(Output("double", "result"), Input("double", "invoke"))
    def double(invocations: Any) -> Any:
        if invocations is None:
            return None
        answers = [answer(one, n=2 * one["args"]["n"]) for one in invocations]
        # Their order does not matter.
        return answers[::-1]

    apps.open(app)
    caller = apps.caller()
    caller.wait_for_servers("Void", 1)
    caller.run(FIRE, "Void", 1000)
    eventually(lambda: sum(map(len, batches)) >= 1000, "all were handled")
    assert [n for batch in batches for n in batch] == list(range(1000))
    assert len(batches) <= 50
    assert caller.run(FIRE, "Double", 100) == [2 * n for n in range(100)]
