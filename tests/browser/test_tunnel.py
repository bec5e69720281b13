"""Tunnel: a page's own JavaScript and callbacks talk to each other."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from dash import Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

from dash_interop import Tunnel, tunnel_handler
from tests.support.apps_parts import Gate, record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually

TUNNEL = "const tunnel = dash_interop.tunnels.get('tunnel');"

KEEP = f"""
    {TUNNEL}
    window.got = [];
    tunnel.on_receive((version, msg) => window.got.push([version, msg]));
"""

ASK = f"""
    {TUNNEL}
    return tunnel.request(args[0], args[1] ?? {{}}).catch(
        (error) => ({{ failed: error.type ?? error.name, message: error.message }}));
"""


def got(page: Page) -> list[Any]:
    """What the JavaScript has received."""
    return page.js("return window.got")


def wait_for_got(page: Page, *expected: Any, timeout: float = 10) -> None:
    eventually(
        lambda: got(page) == [*expected], lambda: f"{expected}, but {got(page)}", timeout=timeout
    )


def ask(page: Page, value: Any, **options: Any) -> Any:
    """What a request came to, as a value or as a dict with ``failed``."""
    return page.run(ASK, value, options)


# The examples of ipycallback ------------------------------------------------------------------

LISTEN_IN_JAVASCRIPT = """
window.IPyCallback.get("<tunnel.tunnel_id>").on_receive((version, msg) => {
    console.log('receive message', version, msg);
});
"""

SEND_FROM_JAVASCRIPT = """
let version = window.IPyCallback.get("<tunnel.tunnel_id>").send_msg(JSON.stringify({"msg": "hello world"}));
"""  # noqa: E501

CALL_AND_WAIT = """
// (client)
// send a message to the server, this function returns a version of this message, which is just the previous
// version + 1
let version = tunnel.send_msg("message");
tunnel.on_receive((resp_version, response) => {
    // ignore the response if it is old
    if (resp_version < version) return;

    // put your code to handle the response in here
});
"""  # noqa: E501


def for_tunnel(example: str) -> str:
    return example.replace("<tunnel.tunnel_id>", "tunnel")


def logged(page: Page) -> None:
    """Keep what the page logs from now on."""
    page.js("window.logs = []; console.log = (...args) => window.logs.push(args);")


@pytest.mark.every_engine
def test_tun001_python_sends_as_in_ipycallback(apps: Apps) -> None:
    app = apps.make("ipycallback", Tunnel(id="tunnel"), html.Button("Send", id="send"))

    @app.callback(Output("tunnel", "send"), Input("send", "n_clicks"), prevent_initial_call=True)
    def send(_: int) -> str:
        return json.dumps({"msg": "hello world"})

    page = apps.open(app)
    logged(page)
    page.js(for_tunnel(LISTEN_IN_JAVASCRIPT))
    page.click("send")
    expected = [["receive message", 1, '{"msg": "hello world"}']]
    eventually(lambda: page.js("return window.logs") == expected, "the message is logged")
    page.click("send")
    expected.append(["receive message", 2, '{"msg": "hello world"}'])
    eventually(lambda: page.js("return window.logs") == expected, "the same text comes again")


@pytest.mark.every_engine
def test_tun002_javascript_sends_as_in_ipycallback(apps: Apps) -> None:
    received: list[Any] = []
    app = apps.make("ipycallback", Tunnel(id="tunnel"))

    @tunnel_handler("tunnel", app=app)
    def handle_msg(version: int, data: str) -> None:
        received.append((version, data))

    page = apps.open(app)
    version = page.js(f"{for_tunnel(SEND_FROM_JAVASCRIPT)} return version;")
    eventually(lambda: received == [(version, '{"msg":"hello world"}')], "the message arrives")


def test_tun003_call_and_wait_as_in_ipycallback(apps: Apps) -> None:
    app = apps.make("ipycallback", Tunnel(id="tunnel"))

    @tunnel_handler("tunnel", app=app)
    def on_receive(version: int, data: str) -> str:
        return data

    page = apps.open(app)
    handling = "// put your code to handle the response in here"
    assert handling in CALL_AND_WAIT
    example = CALL_AND_WAIT.replace(
        handling, "window.responses.push([resp_version, version, response]);"
    )
    page.js(f"window.responses = []; {TUNNEL} {example}")
    responses = "return window.responses"
    eventually(lambda: page.js(responses) == [[1, 1, "message"]], "the response comes")
    page.js(f"{TUNNEL} {example}")
    eventually(
        lambda: page.js(responses) == [[1, 1, "message"], [2, 2, "message"]],
        lambda: f"the next one, but {page.js(responses)}",
    )


# Messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [False, True], ids=["one by one", "in batches"])
def test_tun004_a_burst_from_javascript_arrives_whole_and_in_order(
    apps: Apps, burst: int, batch: bool
) -> None:
    received: list[Any] = []
    app = apps.make("burst", Tunnel(id="tunnel", batch=batch))

    @tunnel_handler("tunnel", app=app)
    def receive(data: Any, version: int) -> None:
        received.append((data, version))

    page = apps.open(app)
    page.js(f"{TUNNEL} for (let n = 1; n <= args[0]; n += 1) tunnel.send_msg({{n}});", burst)
    expected = [({"n": n}, n) for n in range(1, burst + 1)]
    eventually(lambda: len(received) >= burst, lambda: f"{len(received)} arrive", timeout=60)
    assert received == expected


def test_tun005_a_burst_from_python_arrives_whole_and_in_order(apps: Apps, burst: int) -> None:
    app = apps.make("burst", Tunnel(id="tunnel"), html.Button("Send", id="send"))

    @app.callback(Output("tunnel", "send"), Input("send", "n_clicks"), prevent_initial_call=True)
    def send(_: int) -> list[Any]:
        return [{"data": {"n": n}} for n in range(1, burst + 1)]

    page = apps.open(app)
    page.js(KEEP)
    page.click("send")
    wait_for_got(page, *([n, {"n": n}] for n in range(1, burst + 1)))


def test_tun006_messages_that_are_alike_each_count(apps: Apps) -> None:
    received: list[Any] = []
    app = apps.make("alike", Tunnel(id="tunnel"))

    @tunnel_handler("tunnel", app=app)
    def receive(data: Any) -> str:
        received.append(data)
        return "same"

    page = apps.open(app)
    page.js(KEEP)
    page.js(f"{TUNNEL} for (let n = 0; n < 3; n += 1) tunnel.send_msg('same');")
    wait_for_got(page, [1, "same"], [2, "same"], [3, "same"])
    assert received == ["same"] * 3


def test_tun007_stale_answers_are_not_sent_and_counted(apps: Apps) -> None:
    stale: list[Any] = []
    app = apps.make("stale", Tunnel(id="tunnel"))
    record(app, "tunnel", "stale", stale)
    page = apps.open(app)
    page.js(KEEP)
    page.js(f"{TUNNEL} for (let n = 0; n < 5; n += 1) tunnel.send_msg('query');")
    page.set_props("tunnel", send="news")
    for version in (2, 5, 1, 4, 3):
        page.set_props("tunnel", send={"data": f"answer {version}", "version": version})
    wait_for_got(page, [6, "news"], [2, "answer 2"], [5, "answer 5"])
    eventually(lambda: stale[-1] == 3, lambda: f"three are stale: {stale}")


def test_tun008_what_is_sent_before_the_other_side_is_there_waits(
    apps: Apps, tmp_path: Path
) -> None:
    (tmp_path / "early.js").write_text(
        "dash_interop.tunnels.get('tunnel').send_msg('from the asset');\n"
        "dash_interop.tunnels.get('tunnel').request('ask').then((v) => { window.early = v; });\n"
        "dash_interop.tunnels.when('tunnel').then((t) => { window.mounted = t; });\n"
    )
    received: list[Any] = []
    app = apps.make("early", html.Div(id="place"), assets_folder=str(tmp_path))
    app.index_string = app.index_string.replace(
        "</head>",
        """<script>addEventListener('DOMContentLoaded', () => {
            window.first = dash_interop.tunnels.get('tunnel');
            first.send_msg('from the head');
        });</script></head>""",
    )
    app.layout.children.append(html.Button("Show", id="show"))

    @app.callback(Output("place", "children"), Input("show", "n_clicks"), prevent_initial_call=True)
    def show(_: int) -> Tunnel:
        return Tunnel(id="tunnel", send="welcome")

    @tunnel_handler("tunnel", app=app)
    def receive(data: str) -> str:
        received.append(data)
        return f"got {data}"

    page = apps.open(app)
    assert page.js("return window.mounted ?? null") is None
    page.click("show")
    eventually(lambda: page.js("return window.early ?? null") == "got ask", "the request")
    expected = ["from the asset", "ask", "from the head"]
    eventually(lambda: received == expected, lambda: f"received {received}")
    assert page.js("return mounted === first && first === dash_interop.tunnels.get('tunnel')")
    page.js(KEEP)
    wait_for_got(page, [1, "welcome"], [1, "got from the asset"], [3, "got from the head"])


# Requests --------------------------------------------------------------------------------------


@pytest.mark.every_engine
def test_tun009_requests_get_what_the_function_returns_or_raises(apps: Apps) -> None:
    app = apps.make("asking", Tunnel(id="tunnel"), dcc.Input(id="factor", value=2))

    @tunnel_handler("tunnel", State("factor", "value"), app=app)
    def receive(kind: str, value: Any = None, factor: int = 0) -> Any:
        if kind == "raise":
            raise KeyError(value)
        if kind == "number":
            return value * factor
        return {"text": [None, True, "ü"], "nothing": None}[kind]

    page = apps.open(app)
    assert ask(page, {"kind": "number", "value": 21}) == 42
    assert ask(page, {"kind": "text"}) == [None, True, "ü"]
    assert ask(page, {"kind": "nothing"}) is None
    failed = ask(page, {"kind": "raise", "value": "x"})
    assert failed == {"failed": "HandlerFailed", "message": "KeyError: 'x'"}
    failed = ask(page, "no dict")
    assert failed["failed"] == "InvalidArguments"
    assert "argument kind is missing" in failed["message"]
    exception = page.run(
        f"{TUNNEL} return tunnel.request({{kind: 'raise'}}).catch((e) => e.exception)"
    )
    assert exception == "KeyError"


def test_tun010_async_functions_answer_and_update_the_page(apps: Apps) -> None:
    app = apps.make("async", Tunnel(id="tunnel"), html.P(id="last"))

    @tunnel_handler("tunnel", output=Output("last", "children"), app=app)
    async def receive(data: str) -> tuple[str, str]:
        return data.upper(), f"last was {data}"

    page = apps.open(app)
    assert ask(page, "abc") == "ABC"
    page.wait_for_text("last", "last was abc")


def test_tun011_a_callback_that_ends_without_an_answer_fails_the_request(apps: Apps) -> None:
    app = apps.make("silent", Tunnel(id="tunnel"), Tunnel(id="unheard"))

    @app.callback(Output("tunnel", "answer"), Input("tunnel", "message"), prevent_initial_call=True)
    def receive(message: Any) -> Any:
        match message["data"]:
            case "prevent":
                raise PreventUpdate
            case "wrong":
                return {"requestId": "another", "data": 1}
            case "error":
                return {"requestId": message["requestId"], "error": "not today"}
            case "broken":
                return {"requestId": message["requestId"], "dat": 1}
        raise RuntimeError

    page = apps.open(app)
    apps.browser.allow_failing_callbacks()
    assert ask(page, "prevent") == {
        "failed": "NoResult",
        "message": "The receiver returned no answer",
    }
    assert 'answered with the requestId "another" instead' in ask(page, "wrong")["message"]
    assert ask(page, "error") == {"failed": "HandlerFailed", "message": "not today"}
    assert ask(page, "broken")["failed"] == "NoResult"
    assert "with 500: its log says why" in ask(page, "raise")["message"]
    unheard = page.run(
        "return dash_interop.tunnels.get('unheard').request(1).catch((e) => e.message)"
    )
    assert unheard == "No callback has the message property of the Tunnel as Input"
    warnings = "\n".join(apps.browser.console("WARNING"))
    assert 'answer has an unknown key "dat": did you mean "data"?' in warnings


def test_tun012_another_callback_may_answer_later(apps: Apps) -> None:
    app = apps.make("later", Tunnel(id="tunnel"), html.Button("Yes", id="yes"), dcc.Store("asked"))

    @app.callback(Output("asked", "data"), Input("tunnel", "message"), prevent_initial_call=True)
    def receive(message: Any) -> Any:
        return message["requestId"]

    @app.callback(
        Output("tunnel", "answer"),
        Input("yes", "n_clicks"),
        State("asked", "data"),
        prevent_initial_call=True,
    )
    def decide(_: int, request_id: str) -> Any:
        return {"requestId": request_id, "data": "yes"}

    page = apps.open(app)
    page.js(f"{TUNNEL} tunnel.request('may I?').then((v) => {{ window.answer = v; }});")
    page.click("yes")
    eventually(lambda: page.js("return window.answer ?? null") == "yes", "the click answers")


def test_tun013_requests_time_out_are_aborted_and_superseded(apps: Apps) -> None:
    gate = Gate()
    app = apps.make("slow", Tunnel(id="tunnel"))

    @tunnel_handler("tunnel", app=app)
    def receive(data: str) -> str:
        gate.pass_through(data)
        return f"found {data}"

    page = apps.open(app)
    late = ask(page, "late", timeoutMs=100)
    assert late == {"failed": "Timeout", "message": "There was no answer within 100 ms"}
    # What came after it need not wait for it.
    page.js(
        f"""{TUNNEL}
        window.abort = new AbortController();
        window.outcomes = {{}};
        const keep = (name, promise) => promise.then(
            (value) => {{ outcomes[name] = value; }},
            (error) => {{ outcomes[name] = error.type ?? error.name; }});
        keep('aborted', tunnel.request('aborted', {{ signal: abort.signal }}));
        keep('a', tunnel.request('a', {{ newestOnly: true }}));
        keep('ab', tunnel.request('ab', {{ newestOnly: true }}));
        """
    )
    eventually(lambda: gate.entered == ["late", "aborted"], lambda: f"entered: {gate.entered}")
    page.js("abort.abort()")
    eventually(lambda: gate.entered[2:] == ["ab"], lambda: f"entered: {gate.entered}")
    page.js(f"{TUNNEL} window.keepLast = tunnel.request('abc', {{ newestOnly: true }});")
    eventually(lambda: gate.entered[3:] == ["abc"], lambda: f"entered: {gate.entered}")
    gate.let(4)
    assert page.run("return window.keepLast") == "found abc"
    expected = {"aborted": "AbortError", "a": "Superseded", "ab": "Superseded"}
    assert page.js("return outcomes") == expected
    # Nothing is said of answers that nobody waits for.
    assert [line for line in apps.browser.console("WARNING") if "no effect" in line] == []


def test_tun014_the_end_of_the_component_ends_what_is_under_way(apps: Apps) -> None:
    gate = Gate()
    app = apps.make("ending", html.Div(Tunnel(id="tunnel"), id="place"))
    app.layout.children.append(html.Button("Toggle", id="toggle"))

    @app.callback(
        Output("place", "children"), Input("toggle", "n_clicks"), prevent_initial_call=True
    )
    def toggle(clicks: int) -> Any:
        return html.P("gone") if clicks % 2 else Tunnel(id="tunnel")

    @tunnel_handler("tunnel", app=app)
    def receive(data: str) -> str:
        gate.pass_through(data)
        return data

    page = apps.open(app)
    page.js(
        f"""{TUNNEL}
        window.old = tunnel;
        window.failures = [];
        for (const value of ['one', 'two'])
            tunnel.request(value).catch((error) => failures.push([error.type, error.message]));
        """
    )
    eventually(lambda: gate.entered == ["one"], "the first request is under way")
    page.click("toggle")
    words = "The Tunnel was removed from the layout"
    expected = [["Ended", words]] * 2
    eventually(lambda: page.js("return failures") == expected, "both requests end")
    said = page.js("try { old.send_msg('x') } catch (error) { return error.message }")
    assert said == words
    assert page.js("return dash_interop.tunnels.get('tunnel') !== old")
    gate.let(2)
    page.click("toggle")
    assert ask(page, "three") == "three"


def test_tun015_a_queue_that_is_full_refuses(apps: Apps) -> None:
    gate = Gate()
    errors: list[Any] = []
    app = apps.make("full", Tunnel(id="tunnel"))
    record(app, "tunnel", "error", errors)

    @tunnel_handler("tunnel", app=app)
    def receive(data: str) -> None:
        gate.pass_through(data)

    page = apps.open(app)
    page.js(f"{TUNNEL} tunnel.send_msg(0)")
    eventually(lambda: gate.entered == [0], "the first message is under way")
    refused = page.js(
        f"""{TUNNEL}
        for (let n = 1; n <= 10000; n += 1) tunnel.send_msg(n);
        try {{ tunnel.send_msg(10001); }} catch (error) {{ return [error.type, error.message]; }}
        """
    )
    assert refused == ["Overloaded", "Overloaded: 10000 messages wait for the other side already"]
    assert ask(page, "x")["failed"] == "Overloaded"
    page.set_props("tunnel", send=[{"data": n} for n in range(10_001)])
    words = "Overloaded: 10000 messages wait already for somebody who listens"
    eventually(lambda: errors[-1] and errors[-1]["message"] == words, lambda: f"told: {errors}")
    page.js(KEEP)
    eventually(lambda: len(got(page)) == 10_000, "the others have waited")
    gate.let(20_000)
    page.load()


def test_tun016_the_page_waits_for_a_dash_server_that_is_away(apps: Apps) -> None:
    received: list[Any] = []
    app = apps.make("away", Tunnel(id="tunnel"))

    @tunnel_handler("tunnel", app=app)
    def receive(data: Any) -> str:
        received.append(data)
        return f"got {data}"

    is_away = threading.Event()

    @app.server.before_request
    def refuse() -> Any:
        return ("away", 503) if is_away.is_set() else None

    page = apps.open(app)
    assert ask(page, "before") == "got before"
    is_away.set()
    apps.browser.allow_in_console("503")
    apps.browser.allow_failing_callbacks()
    page.js(f"{TUNNEL} for (let n = 1; n <= 5; n += 1) tunnel.send_msg(n);")
    late = ask(page, "late", timeoutMs=1000)
    assert late["failed"] == "Timeout"
    assert "was not sent: the Dash server does not answer" in late["message"]
    is_away.clear()
    eventually(lambda: received == ["before", 2, 3, 4, 5], lambda: f"received {received}")
    warnings = "\n".join(apps.browser.console("WARNING"))
    assert "a message may not have been handled" in warnings


SEARCH = f"""
{TUNNEL}
const [keys] = args;
const outcomes = [];
let shown = null;
const started = keys.map(async (key) => {{
    await new Promise((resolve) => setTimeout(resolve, key.at_ms));
    const outcome = [];
    outcomes.push(outcome);
    const settle = (word) => outcome.push(word);
    const {{ newestOnly, timeout_ms: timeoutMs }} = key;
    await tunnel.request(key, {{ newestOnly, timeoutMs }}).then(
        (text) => {{
            settle(text);
            if (key.newestOnly || key.is_last) {{
                shown = text;
            }}
        }},
        (error) => settle(error.type),
    );
}});
await Promise.all(started);
return [shown, outcomes];
"""


def typed(random: Random, newest_only: bool) -> list[dict[str, Any]]:
    """Requests at random times, which are answered late, fail, or are answered too late."""
    at_ms = 0
    keys: list[dict[str, Any]] = []
    count = random.randint(2, 8)
    for number in range(1, count + 1):
        is_last = number == count
        keys.append(
            {
                "text": f"text {number}",
                "at_ms": at_ms,
                "takes_ms": random.choice([0, 0, 5, 30, 120]),
                "fails": not is_last and random.random() < 0.25,
                "timeout_ms": 10_000 if is_last else random.choice([20, 60, 10_000]),
                "newestOnly": newest_only,
                "is_last": is_last,
            }
        )
        at_ms += random.choice([0, 0, 3, 20, 60])
    return keys


@pytest.mark.parametrize("batch", [False, True], ids=["one by one", "in batches"])
def test_tun021_a_search_shows_what_the_newest_text_found(apps: Apps, batch: bool) -> None:
    app = apps.make("search", Tunnel(id="tunnel", batch=batch))

    @tunnel_handler("tunnel", app=app)
    def search(text: str, takes_ms: int, fails: bool) -> str:
        time.sleep(takes_ms / 1000)
        if fails:
            raise LookupError(text)
        return f"found {text}"

    page = apps.open(app)
    for seed in range(25):
        newest_only = seed % 2 == 0
        keys = typed(Random(seed), newest_only)
        shown, outcomes = page.run(SEARCH, keys)
        assert (seed, shown) == (seed, f"found {keys[-1]['text']}")
        assert [len(outcome) for outcome in outcomes] == [1] * len(keys)
        words = {"HandlerFailed", "Timeout", *(["Superseded"] if newest_only else [])}
        assert {outcome[0] for outcome in outcomes} <= words | {
            f"found {key['text']}" for key in keys
        }


# Layouts ---------------------------------------------------------------------------------------


def test_tun017_ids_that_are_patterns_have_a_tunnel_each(apps: Apps) -> None:
    from dash import MATCH

    ids = [{"type": "tunnel", "index": n} for n in (1, 2)]
    app = apps.make("patterns", *(Tunnel(id=each) for each in ids))

    @tunnel_handler({"type": "tunnel", "index": MATCH}, app=app)
    def receive(data: str, version: int) -> list[Any]:
        return [data, version]

    page = apps.open(app)
    answers = page.run(
        """
        const one = dash_interop.tunnels.get({ type: 'tunnel', index: 1 });
        const two = dash_interop.tunnels.get('{"index":2,"type":"tunnel"}');
        one.send_msg('x');
        return Promise.all([one.request('a'), two.request('b')]);
        """
    )
    assert answers == [["a", 2], ["b", 1]]


def test_tun018_a_tunnel_outlives_changes_of_the_layout(apps: Apps) -> None:
    gate = Gate()
    app = apps.make("changing", html.Div([Tunnel(id="tunnel")], id="place"))
    app.layout.children.append(html.Button("Add", id="add"))

    @app.callback(
        Output("place", "children"),
        Input("add", "n_clicks"),
        State("place", "children"),
        prevent_initial_call=True,
    )
    def add(clicks: int, children: list[Any]) -> list[Any]:
        return [html.P(f"{clicks}", id=f"p{clicks}"), *children]

    @tunnel_handler("tunnel", app=app)
    def receive(data: Any) -> Any:
        gate.pass_through(data)
        return data

    page = apps.open(app)
    page.js(KEEP)
    page.set_props("tunnel", send="once")
    page.js(
        f"""{TUNNEL}
        window.answers = [];
        for (const n of [1, 2, 3])
            tunnel.request(n).then((v) => answers.push(v), (e) => answers.push(e.message));
        """
    )
    eventually(lambda: gate.entered == [1], "the first request is under way")
    page.click("add")
    page.wait_for("p1")
    gate.let(3)
    eventually(
        lambda: page.js("return answers") == [1, 2, 3], lambda: str(page.js("return answers"))
    )
    page.click("add")
    page.wait_for("p2")
    assert got(page) == [[1, "once"]]
    assert gate.entered == [1, 2, 3]


def test_tun019_what_cannot_be_written_is_told(apps: Apps) -> None:
    errors: list[Any] = []
    app = apps.make("wrong", Tunnel(id="tunnel"))
    record(app, "tunnel", "error", errors)
    page = apps.open(app)
    page.js(KEEP)

    def told() -> str:
        return errors[-1]["message"] if errors[-1] else ""

    for send, words in (
        ({"msg": 1}, 'send has no "data"; a dict is sent as {"data": {...}}'),
        ({"data": 1, "verson": 2}, 'send has an unknown key "verson": did you mean "version"?'),
        ({"data": 1, "version": -1}, "send: a version is a whole number, 0 or more, not -1"),
        (["x", ["y"]], 'send[1] is a list in a list; a list is sent as {"data": [...]}'),
    ):
        page.set_props("tunnel", send=send)
        eventually(lambda words=words: told() == words, lambda: f"told: {errors}")
    page.set_props("tunnel", send={"data": None})
    eventually(lambda: errors[-1] is None, "the error goes when something succeeds")
    wait_for_got(page, [1, "x"], [2, None])


def test_tun020_the_page_keeps_an_ipycallback_of_its_own(apps: Apps) -> None:
    app = apps.make("own", Tunnel(id="tunnel"))
    app.index_string = app.index_string.replace(
        "</head>", "<script>window.IPyCallback = { own: true };</script></head>"
    )
    page = apps.open(app)
    assert page.js("return window.IPyCallback") == {"own": True}
