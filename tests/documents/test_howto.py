"""The pages of docs/howto do what they say."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dash_interop import SubscriptionError
from dash_interop.cli import main
from dash_interop.client.sync import InteropClient, connect
from tests.support.documents import Document, commands, evaluate, read, run, said
from tests.support.gateways import GatewayProcess
from tests.support.ports import free_range, page_port

DEADLINE = 20.0

BIN = Path(sys.executable).parent

pytestmark = pytest.mark.usefixtures("gateway")


@contextmanager
def running(
    *command: str, directory: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A program in a folder, ended with the block. What it said is shown when the test fails."""
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            output, _ = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        print(output)  # noqa: T201


@contextmanager
def imported_from(directory: Path, *modules: str) -> Iterator[None]:
    """Where the files of a document import each other, until the end of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.syspath_prepend(str(directory))
        try:
            yield
        finally:
            for module in modules:
                sys.modules.pop(module, None)


@pytest.fixture
def interop(gateway: GatewayProcess) -> Iterator[InteropClient]:
    with connect(application="Test") as client:
        yield client


def printed(program: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    run(program)
    return capsys.readouterr().out.splitlines()


def click(dash_duo: Any, element_id: str) -> None:
    dash_duo.wait_for_element(f"#{element_id}").click()


def test_script(interop: InteropClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = read("docs/howto/script.md")
    page.write(tmp_path)
    assert set(page.files) == {"rates.py", "ask.py", "ask_many.py"} and not page.programs
    with running(sys.executable, "rates.py", directory=tmp_path) as rates:
        interop.wait_for_method("GetRate", DEADLINE)
        for name in ("ask.py", "ask_many.py"):
            assert printed(page.files[name], capsys) == said(page.files[name])
        assert rates.stdin is not None
        rates.stdin.write("\n")
        rates.stdin.flush()
        assert rates.wait(DEADLINE) == 0


def test_notebook(interop: InteropClient) -> None:
    page = read("docs/howto/notebook.md")
    # The others need a notebook's page: tests/notebook/test_howto.py runs them.
    peer = {title: page.cells[title] for title in ("With await", "Without await")}
    assert not page.files
    interop.register("GetSelection", lambda: {"clients": ["anna"]})

    async def run_cells() -> None:
        names: dict[str, Any] = {}
        for cells in peer.values():
            for cell in cells:
                awaited = evaluate(cell, "cell", names)
                if awaited is not None:
                    await awaited
                if "Analyse" in cell:
                    await asyncio.to_thread(interop.invoke, "Analyse", {"client": "Acme"})
        assert names["selection"] == ["anna"]
        assert names["received"] == ["Acme", "ACME"]

    asyncio.run(run_cells())


def test_celery(interop: InteropClient, tmp_path: Path, dash_duo: Any) -> None:
    page = read("docs/howto/celery.md")
    page.write(tmp_path)
    assert set(page.files) == {"reports.py", "app.py"} and not page.programs
    worker, app = commands("docs/howto/celery.md")
    assert app == "python app.py"
    # A broker that is a folder: what one sends is what the other one gets.
    (tmp_path / "data_in").mkdir()
    (tmp_path / "data_out").symlink_to("data_in")
    broker = {"CELERY_BROKER_URL": "filesystem://"}
    program, *options = worker.split()
    options += ["--pool", "prefork", "--concurrency", "1", "--loglevel", "warning"]
    options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with running(str(BIN / program), *options, directory=tmp_path, environment=broker):
        with imported_from(tmp_path, "reports"), pytest.MonkeyPatch.context() as patch:
            patch.setenv("CELERY_BROKER_URL", broker["CELERY_BROKER_URL"])
            names = run(page.files["app.py"])
            dash_duo.start_server(names["app"], port=page_port())
            interop.wait_for_method("ShowProgress", DEADLINE)
            click(dash_duo, "go")
            dash_duo.wait_for_text_to_equal("#started", "Started", timeout=DEADLINE)
            dash_duo.wait_for_text_to_equal("#progress", "3 of 3 pages", timeout=DEADLINE)
            names["interop"].stop()


def test_server_method(
    interop: InteropClient, tmp_path: Path, gateway: GatewayProcess, secret_file: Path
) -> None:
    page = read("docs/howto/server-method.md")
    page.write(tmp_path)
    assert set(page.files) == {"app.py", "gunicorn.conf.py"} and not page.programs
    gunicorn = commands("docs/howto/server-method.md")[-1].split()
    program, target = gunicorn[-2:]
    bind = f"127.0.0.1:{free_range(1)}"
    with running(str(BIN / program), target, "--bind", bind, directory=tmp_path):
        with connect(user="anna", application="Desk") as anna:
            until(lambda: len(anna.servers("GetLimit")) == 2)
            # No page has asked the workers for anything yet.
            result = anna.invoke("GetLimit", target="all")
            assert [value.returned for value in result.all_return_values] == [
                {"limit": 1000000}
            ] * 2
        assert interop.invoke("GetLimit").returned == {"limit": 0}


def test_push_to_tab(
    interop: InteropClient, tmp_path: Path, dash_duo: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    page = read("docs/howto/push-to-tab.md")
    page.write(tmp_path)
    assert set(page.files) == {"app.py", "closing.py"} and not page.programs
    driver = dash_duo.driver
    driver.execute_cdp_cmd("Network.enable", {})
    headers = {"headers": {"X-Forwarded-User": "anna"}}
    driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", headers)
    assert printed(page.files["closing.py"], capsys) == ["no tab is open"]
    with imported_from(tmp_path):
        names = run(page.files["app.py"])
        dash_duo.start_server(names["app"], port=page_port())
        interop.wait_for_method("ShowNews", DEADLINE)
        click(dash_duo, "callback")
        dash_duo.wait_for_text_to_equal("#news", "from a callback")
        click(dash_duo, "thread")
        dash_duo.wait_for_text_to_equal("#news", "for anna")
        click(dash_duo, "background")
        dash_duo.wait_for_text_to_equal("#background-done", "computed", timeout=DEADLINE)
        dash_duo.wait_for_text_to_equal("#news", "step 3 of 3")
        assert printed(page.files["closing.py"], capsys) == ["1 tabs told"]
        dash_duo.wait_for_text_to_equal("#news", "The market is closed")
        names["interop"].stop()


@pytest.fixture
def tunnels(tmp_path: Path) -> Iterator[Document]:
    """The page about tunnels, whose files are there."""
    page = read("docs/howto/tunnel.md")
    page.write(tmp_path)
    assert set(page.files) == {"search.py", "assets/search.js", "map.py", "assets/map.js"}
    assert not page.programs
    with imported_from(tmp_path, "search", "map"):
        yield page


def test_tunnel_of_a_search_box(tunnels: Document, dash_duo: Any) -> None:
    dash_duo.start_server(importlib.import_module("search").app, port=page_port())
    dash_duo.wait_for_element("#text").send_keys("ber")
    dash_duo.wait_for_text_to_equal("#found", "Bergen, Bern, Berlin")
    dash_duo.find_element("#text").send_keys("l")
    dash_duo.wait_for_text_to_equal("#found", "Berlin")
    assert severe(dash_duo) == []


def test_tunnel_of_a_map(tunnels: Document, dash_duo: Any) -> None:
    dash_duo.start_server(importlib.import_module("map").app, port=page_port())
    dash_duo.wait_for_element("#world svg")
    click(dash_duo, "show")
    dash_duo.wait_for_element("#Bern").click()
    dash_duo.wait_for_text_to_equal("#clicked", "Bern is at (35, 70)")
    assert severe(dash_duo) == []


@pytest.fixture
def market(interop: InteropClient, tmp_path: Path) -> Iterator[Document]:
    """The publisher of the page about streams, and that page, whose files are there."""
    page = read("docs/howto/streams.md")
    page.write(tmp_path)
    with running(sys.executable, "market.py", directory=tmp_path), imported_from(tmp_path):
        interop.wait_for_method("Prices", DEADLINE)
        yield page


APPS_OF_STREAMS = {"board.py", "ticker.py", "chart.py", "notes.py", "desk.py"}


def test_streams_of_processes(
    interop: InteropClient, market: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = {name for name in market.files if name.endswith(".py")}
    assert not market.programs and programs > APPS_OF_STREAMS
    for name in programs - APPS_OF_STREAMS - {"market.py"}:
        program = market.files[name]
        lines = printed(program, capsys)
        assert lines and set(said(program)) <= set(lines)
        assert set(lines) <= {"VOD", "BARC", *said(program)}


def test_stream_of_a_server_process(interop: InteropClient) -> None:
    names = run(read("docs/howto/streams.md").files["desk.py"])
    names["interop"].start()
    alarms = interop.subscribe("Alarms")
    assert names["raise_alarm"](1) == "1 were told"
    assert alarms.get(timeout=DEADLINE).data == {"number": 1}
    names["interop"].stop()


def test_stream_data_in_callbacks(market: Document, dash_duo: Any) -> None:
    dash_duo.start_server(run(market.files["board.py"])["app"], port=page_port())
    dash_duo.wait_for_contains_text("#price", "VOD ", timeout=DEADLINE)
    dash_duo.wait_for_text_to_equal("#status", "open: None")
    dash_duo.find_elements("#symbol input")[1].click()
    dash_duo.wait_for_contains_text("#price", "BARC ")
    dash_duo.find_elements("#symbol input")[2].click()
    dash_duo.wait_for_text_to_equal("#status", "rejected: no prices of XXX")
    assert severe(dash_duo) == []


def test_stream_as_a_ticker(market: Document, dash_duo: Any) -> None:
    dash_duo.start_server(run(market.files["ticker.py"])["app"], port=page_port())
    for symbol in ("VOD", "BARC"):
        until(lambda symbol=symbol: float(dash_duo.find_element(f"#{symbol}").text or 0) > 0)
    assert severe(dash_duo) == []


def test_stream_in_a_chart(market: Document, dash_duo: Any) -> None:
    dash_duo.start_server(run(market.files["chart.py"])["app"], port=page_port())
    dash_duo.wait_for_element("#chart .js-plotly-plot")
    count = "return document.querySelector('#chart .js-plotly-plot').data[0].y.length"
    until(lambda: dash_duo.driver.execute_script(count) > 50)
    assert severe(dash_duo) == []


def test_stream_of_a_page(interop: InteropClient, market: Document, dash_duo: Any) -> None:
    dash_duo.start_server(run(market.files["notes.py"])["app"], port=page_port())
    notes = interop.subscribe("Notes")
    assert notes.get(timeout=DEADLINE).data == {"text": "All is well"}
    dash_duo.wait_for_text_to_equal("#readers", "1 readers")
    click(dash_duo, "publish")
    assert notes.get(timeout=DEADLINE).data == {"text": "All is well"}
    with connect(application="Press") as press:
        with pytest.raises(SubscriptionError, match="not for the press"):
            press.subscribe("Notes")
    assert severe(dash_duo) == []


def click_toast(dash_duo: Any, selector: str) -> None:
    script = """
        const {shadowRoot} = document.querySelector('[data-dash-interop=toasts]') ?? {};
        return shadowRoot?.querySelector(arguments[0]) ?? null;
    """
    until(lambda: dash_duo.driver.execute_script(script, selector) is not None)
    dash_duo.driver.execute_script(script, selector).click()


def test_notifications(dash_duo: Any) -> None:
    page = read("docs/howto/notifications.md")
    assert set(page.files) == {"app.py", "own.py"} and set(page.programs) == {"Where it is shown"}
    dash_duo.start_server(run(page.files["app.py"])["app"], port=page_port())
    click(dash_duo, "fill")
    click_toast(dash_duo, ".main")
    dash_duo.wait_for_text_to_equal("#shown", "Order 1", timeout=DEADLINE)
    click(dash_duo, "ask")
    click_toast(dash_duo, ".action")
    dash_duo.wait_for_text_to_equal("#answer", "Sell 1,000 VOD? yes", timeout=DEADLINE)
    assert dash_duo.find_element("#problem").text == ""
    assert severe(dash_duo) == []


def test_notifications_of_own_components(dash_duo: Any) -> None:
    page = read("docs/howto/notifications.md")
    dash_duo.start_server(run(page.files["own.py"])["app"], port=page_port())
    dash_duo.wait_for_contains_text("#inbox", "Welcome", timeout=DEADLINE)
    dash_duo.find_element("#inbox button").click()
    dash_duo.wait_for_text_to_equal("#inbox", "", timeout=DEADLINE)
    assert severe(dash_duo) == []


def test_asking_for_notifications(dash_duo: Any) -> None:
    (program,) = read("docs/howto/notifications.md").programs.values()
    dash_duo.start_server(run(program)["app"], port=page_port())
    # The browser of dash[testing] has no notifications; it gets what other browsers have.
    dash_duo.wait_for_text_to_equal("#permission", "unsupported", timeout=DEADLINE)
    dash_duo.driver.execute_script(
        """
        window.Notification = {
            permission: 'default',
            requestPermission: async () => (Notification.permission = 'granted'),
        };
        """
    )
    click(dash_duo, "allow")
    dash_duo.wait_for_text_to_equal("#permission", "granted", timeout=DEADLINE)


def test_windows(dash_duo: Any) -> None:
    page = read("docs/howto/windows.md")
    assert set(page.files) == {"app.py"} and not page.programs
    dash_duo.start_server(run(page.files["app.py"])["app"], port=page_port())
    dash_duo.wait_for_text_to_equal("#client", "no client", timeout=DEADLINE)
    click(dash_duo, "open")
    dash_duo.wait_for_text_to_equal("#state", "Acme is open", timeout=DEADLINE)
    home = dash_duo.driver.current_window_handle
    (opened,) = set(dash_duo.driver.window_handles) - {home}
    dash_duo.driver.switch_to.window(opened)
    dash_duo.wait_for_text_to_equal("#client", "Acme", timeout=DEADLINE)
    dash_duo.driver.switch_to.window(home)
    click(dash_duo, "close")
    dash_duo.wait_for_text_to_equal("#state", "Acme is closed", timeout=DEADLINE)
    assert severe(dash_duo) == []


def test_channels_of_pages_and_processes(
    interop: InteropClient, dash_duo: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    page = read("docs/howto/channels.md")
    dash_duo.start_server(run(page.files["portfolio.py"])["app"], port=page_port())
    dash_duo.wait_for_text_to_equal("#client", "Nobody yet", timeout=DEADLINE)
    (program,) = page.programs.values()
    assert printed(program, capsys) == said(program) == ["Jones", "Jones"]
    dash_duo.wait_for_text_to_equal("#client", "Jones")
    interop.channels.publish({"client": "Smith"}, "Red")
    dash_duo.wait_for_text_to_equal("#client", "Smith")
    click(dash_duo, "leave")
    dash_duo.wait_for_text_to_equal("#client", "On no channel")
    assert severe(dash_duo) == []


def test_a_channel_that_a_visitor_chooses(interop: InteropClient, dash_duo: Any) -> None:
    names = run(read("docs/howto/channels.md").files["clients.py"])
    dash_duo.start_server(names["app"], port=page_port())
    dash_duo.wait_for_text_to_equal("#selector button", "Red", timeout=DEADLINE)
    dash_duo.find_elements("#client input")[0].click()
    published = interop.channels.subscribe(name="Red")
    until(lambda: published.get(timeout=DEADLINE).data.get("client") == "Smith")
    dash_duo.find_element("#selector button").click()
    dash_duo.find_elements("#selector [role=option]")[0].click()
    dash_duo.wait_for_text_to_equal("#selector button", "No channel")
    dash_duo.find_elements("#client input")[1].click()
    dash_duo.wait_for_contains_text("#problem", "There is no channel to publish on")
    assert severe(dash_duo) == []


def severe(dash_duo: Any) -> list[Any]:
    """What the page complained of."""
    return [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"]


def test_command_line(interop: InteropClient, capsys: pytest.CaptureFixture[str]) -> None:
    interop.register("Sum", lambda a, b: {"sum": a + b})
    interop.contexts.set("Order", {"lines": [{"price": 71.4}]})
    three = [{"price": price} for price in (71.4, 71.5, 71.6)]
    interop.create_stream(
        "Prices", subscription_added_handler=lambda one: [one.push(data) for data in three]
    )
    with connect(application="Calculator", user="anna") as calculator:
        calculator.register("Sum", lambda a, b: {"sum": a + b})
        for line in commands("docs/howto/cli.md"):
            words = shlex.split(line)
            if {"watch", "--watch", "gateway", "demo", "offer", "publish"} & {*words}:
                continue  # Without end; that they have these options is tested elsewhere.
            capsys.readouterr()
            if {"|", ">"} & {*words}:
                output = shell(line)
            else:
                assert exit_code(words) == 0, (line, capsys.readouterr())
                output = capsys.readouterr().out
            assert output.strip(), line
            if "invoke" in words:
                assert "42" in output
            if "--count" in words:
                assert len(output.splitlines()) == int(words[words.index("--count") + 1])


def exit_code(words: list[str]) -> object:
    """Run one of our commands in this process, as a start takes its time."""
    logger = logging.getLogger("dash_interop")
    handlers = [list(one.handlers) for one in (logger, logging.getLogger())]
    try:
        with pytest.raises(SystemExit) as ended:
            main(words[1:])
    finally:
        logger.handlers[:], logging.getLogger().handlers[:] = handlers
    return ended.value.code


def shell(line: str) -> str:
    if "jq" in line and shutil.which("jq") is None:
        line = line.partition("| jq")[0]
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        line, shell=True, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert ended.returncode == 0, (line, ended.stderr)
    return ended.stdout


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_migrate(gateway: GatewayProcess, dash_duo: Any) -> None:
    page = read("docs/howto/migrate.md")
    assert set(page.files) == {"app.py", "assets/without_platform.js"} and not page.programs
    dash_duo.start_server(run(page.files["app.py"])["app"], port=page_port())
    dash_duo.wait_for_text_to_equal("#channel", "No channel")
    click(dash_duo, "add")
    dash_duo.wait_for_text_to_equal("#sum", "42", timeout=DEADLINE)
    dash_duo.wait_for_style_to_equal("#text", "color", "rgba(0, 0, 0, 1)")
    color = dash_duo.find_element("#color")
    dash_duo.clear_input(color)
    color.send_keys("blue")
    dash_duo.wait_for_style_to_equal("#text", "color", "rgba(0, 0, 255, 1)")
    click(dash_duo, "red")
    dash_duo.wait_for_text_to_equal("#channel", "Red: []")
    click(dash_duo, "publish")
    dash_duo.wait_for_text_to_equal("#channel", "Red: ['time']")
    click(dash_duo, "notify")
    toasts = (
        "return document.querySelector('[data-dash-interop=toasts]')?.shadowRoot.textContent ?? ''"
    )
    until(lambda: "Send the daily report" in dash_duo.driver.execute_script(toasts))
    click(dash_duo, "open")
    until(lambda: len(dash_duo.driver.window_handles) == 2)
    assert severe(dash_duo) == []
