"""Starts the demo and each example as their readers do, and uses the pages in a browser."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from selenium.webdriver.common.keys import Keys

from tests.support.browser_chromium import Chromium
from tests.support.browser_pages import Browser, Page, eventually
from tests.support.ports import free_range

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

COMMANDS = {
    "demo": ["demo"],
    "demo, two processes": ["demo", "--two-processes"],
    "correlating_results": ["correlating_results"],
    "targeting": ["targeting"],
    "javascript_page": ["javascript_page"],
    "discovery": ["discovery"],
    "streams": ["streams"],
    "colour_channels": ["colour_channels"],
    "market_data": ["market_data"],
    "notifications": ["notifications"],
    "windows": ["windows"],
    "clients_portfolio": ["clients_portfolio"],
    "notebook": ["notebook"],
    "search_box": ["search_box"],
    "long_report": ["long_report"],
}

END_SECONDS = 20


class Example:
    """A running example, which has said what to open."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.port = free_range(2)
        self.said = ""
        self._process = start(command, self.port, environment)
        assert self._process.stdout is not None
        while "Ctrl-C ends." not in self.said:
            line = self._process.stdout.readline()
            assert line, f"{command} did not start: {self._process.communicate()[1]}"
            self.said += line

    def url(self, path: str, port_offset: int = 0) -> str:
        return f"http://127.0.0.1:{self.port + port_offset}{path}"

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Press Ctrl-C, or send another signal; see ``wait``."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        """Wait for its end. The answer is the exit code, and what it printed to stderr."""
        _, errors = self._process.communicate(timeout=END_SECONDS)
        return self._process.returncode, errors

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self._process.pid).children()

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.communicate(timeout=END_SECONDS)


def start(command: list[str], port: int, environment: dict[str, str]) -> subprocess.Popen[str]:
    name, *options = command
    if name == "demo":
        program = ["-m", "dash_interop", "demo"]
    else:
        program = [str(EXAMPLES / name / "run.py")]
    return subprocess.Popen(
        [sys.executable, *program, *options, "--port", str(port)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def own_environment(runtime: Path) -> dict[str, str]:
    """Runs at the same time do not share a gateway, and disturb nobody's browser."""
    own = {
        "BROWSER": "true",
        "XDG_RUNTIME_DIR": str(runtime),
        "DASH_INTEROP_PORT": str(free_range()),
    }
    others = {name: value for name, value in os.environ.items() if "DASH_INTEROP" not in name}
    return {**others, **own}


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return own_environment(tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    browser = Browser(Chromium())
    yield browser
    browser.quit()


@pytest.fixture
def run(environment: dict[str, str]) -> Iterator[Callable[..., Example]]:
    examples: list[Example] = []

    def run(*command: str) -> Example:
        examples.append(Example(list(command), environment))
        return examples[-1]

    yield run
    for example in examples:
        example.end()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Example]]:
    """Runs each example once, for the tests that only look at its pages."""
    examples: dict[str, Example] = {}

    def running(name: str) -> Example:
        if name not in examples:
            environment = own_environment(tmp_path_factory.mktemp("runtime"))
            examples[name] = Example([name], environment)
        return examples[name]

    yield running
    for example in examples.values():
        example.end()


@pytest.fixture
def browser(run: Callable[..., Example], chromium: Browser) -> Iterator[Browser]:
    """Ends before the servers do, and fails the test when a page complained."""
    chromium.start_afresh()
    yield chromium
    complaints = chromium.complaints()
    chromium.close_all()
    assert not complaints, "\n".join(complaints)


def wait_for_text_with(page: Page, element_id: str, *parts: str) -> None:
    eventually(
        lambda: all(part in (page.text(element_id) or "") for part in parts),
        lambda: f"#{element_id} says {parts}, but {page.text(element_id)!r}",
    )


def wait_until_enabled(page: Page, button: str, *, enabled: bool = True) -> None:
    disabled = "return document.getElementById(args[0])?.disabled"
    what = f"#{button} is {'enabled' if enabled else 'disabled'}"
    eventually(lambda: page.js(disabled, button) == (not enabled), what)


@pytest.mark.parametrize("options", [[], ["--two-processes"]], ids=["one process", "two"])
def test_the_apps_of_the_documentation_call_each_other(run, browser, options):
    example = run("demo", *options)
    url_a, url_b = example.url("/app-a/"), example.url("/app-b/", len(options))
    assert url_a in example.said and url_b in example.said
    app_b = browser.open(url_b)
    app_a = browser.open(url_a)
    wait_until_enabled(app_a, "sum-numbers-btn")
    wait_until_enabled(app_a, "send-message")

    app_a.click("sum-numbers-btn")
    app_a.wait_for_text("sum-numbers-result", "Sum is 42")
    app_b.wait_for_text("last-sum", "37 + 5, for App A")

    app_a.type_into("number-a", "many")
    app_a.click("sum-numbers-btn")
    app_a.wait_for_text("sum-numbers-result", "The arguments must be numbers!")

    app_a.click("send-message")
    app_b.wait_for_text("message", "Send your daily report!")
    app_b.wait_for_text("state", "connected")


def test_the_apps_of_the_documentation_call_each_other_side_by_side(running, browser):
    example = running("demo")
    page = browser.open(example.url("/"), connected=False)

    def in_frame(title: str, script: str) -> Any:
        return page.js(
            "const frame = document.querySelector(`iframe[title='${args[0]}']`);"
            "const element = (id) => frame.contentDocument.getElementById(id);"
            f"return {script}",
            title,
        )

    eventually(
        lambda: in_frame("App A", "element('sum-numbers-btn')?.disabled") is False, "enabled"
    )
    in_frame("App A", "element('sum-numbers-btn').click()")
    eventually(
        lambda: in_frame("App A", "element('sum-numbers-result').innerText") == "Sum is 42",
        "the sum is shown",
    )
    assert in_frame("App B", "element('last-sum').innerText") == "37 + 5, for App A"


def test_app_a_enables_what_somebody_in_sight_answers(run, browser):
    example = run("demo")
    app_a = browser.open(example.url("/app-a/"))
    app_a.wait_for_text(
        "sum-numbers-note", "Nobody in sight offers Sum. App B does when it is open."
    )
    wait_for_text_with(app_a, "send-message-note", "Nobody in sight offers SendMessage.")
    wait_until_enabled(app_a, "sum-numbers-btn", enabled=False)
    wait_until_enabled(app_a, "send-message", enabled=False)

    app_b = browser.open(example.url("/app-b/"))
    wait_until_enabled(app_a, "sum-numbers-btn")
    wait_until_enabled(app_a, "send-message")
    app_a.wait_for_text("sum-numbers-note", "")
    app_a.wait_for_text("send-message-note", "")

    app_b.close()
    wait_until_enabled(app_a, "sum-numbers-btn", enabled=False)
    wait_for_text_with(app_a, "sum-numbers-note", "Nobody in sight offers Sum.")


@pytest.mark.parametrize("path", ["/app-a/", "/app-b/"])
def test_the_demo_says_that_its_connection_is_lost_and_why(run, browser, path):
    browser.allow_lost_connections()
    example = run("demo")
    page = browser.open(example.url(path))
    page.wait_for_text("state", "connected")
    assert page.text("connection-error") == ""
    example.interrupt()
    page.wait_for_text("state", "connection lost")
    wait_for_text_with(page, "connection-error", "The Dash server does not answer")


@pytest.mark.parametrize("path", ["/app-a/", "/app-b/"])
def test_the_demo_says_that_it_is_connecting_and_what_is_in_the_way(
    run, browser, environment, tmp_path, path
):
    browser.allow_lost_connections()
    secret = tmp_path / "secret"
    secret.write_text("a secret that is long enough for a gateway")
    secret.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = f"ws://127.0.0.1:{silent.getsockname()[1]}"
        environment |= {"DASH_INTEROP_GATEWAY": gateway, "DASH_INTEROP_SECRET_FILE": str(secret)}
        page = browser.open(run("demo").url(path), connected=False)
        page.wait_for_text("state", "connecting")
    wait_for_text_with(page, "connection-error", f"No gateway answers at {gateway}")


def open_demo(running: Callable[[str], Example], browser: Browser, path: str) -> Page:
    page = browser.open(running("demo").url(path), connected=False)
    if path != "/":
        page.wait_for_text("state", "connected")
    return page


@pytest.mark.parametrize("path", ["/", "/app-a/", "/app-b/"])
def test_the_demo_can_be_read_aloud(running, browser, path):
    page = open_demo(running, browser, path)
    assert page.js("return document.documentElement.lang") == "en"
    elements = page.js(
        """
        const name = (element) =>
            element.labels?.[0]?.innerText || element.innerText || element.title;
        return [...document.querySelectorAll('input, output, button, a, iframe')].map(
            (element) => [element.outerHTML, name(element)],
        );
        """
    )
    assert elements
    assert [html for html, name in elements if not name] == []


@pytest.mark.parametrize("path", ["/", "/app-a/", "/app-b/"])
def test_the_demo_fits_a_phone(running, browser, path):
    page = open_demo(running, browser, path)
    phone = {"width": 360, "height": 640, "deviceScaleFactor": 1, "mobile": True}
    page.devtools("Emulation.setDeviceMetricsOverride", **phone)
    assert page.js("return [innerWidth, document.documentElement.scrollWidth]") == [360, 360]


def test_results_that_come_in_another_order_find_their_calls(run, browser):
    page = browser.open(run("correlating_results").url("/"))
    for number, button in enumerate(("slow", "quick", "failing", "quick"), start=1):
        page.click(button)
        page.wait_for(f"call-{number}")
    wait_for_text_with(page, "call-1", "Price.Exact", "waiting")

    wait_for_text_with(page, "call-2", "Price.Estimate", "answered", "20.00")
    wait_for_text_with(page, "call-3", "failed", "ValueError: the quantity is negative")
    wait_for_text_with(page, "call-4", "Price.Estimate", "answered", "40.00")
    wait_for_text_with(page, "call-1", "Price.Exact", "answered", "9.87")
    places = page.js(
        "return [...document.querySelectorAll('tbody tr')].map((row) => row.lastChild.innerText)"
    )
    assert places == ["4", "1", "2", "3"]


def test_each_target_reaches_its_apps(run, browser):
    example = run("targeting")
    london = browser.open(example.url("/london/"))
    head_office = browser.open(example.url("/head-office/"))
    browser.open(example.url("/new-york/"))
    tokyo = browser.open(example.url("/tokyo/"))
    head_office.wait_for_servers("Orders.Count", 4)

    def press(button: str, target: str, summary: str) -> list[str]:
        """The answers, one line for each."""
        head_office.click(button)
        wait_for_text_with(head_office, "target", target)
        head_office.wait_for_text("summary", summary)
        lines = head_office.js(
            "return [...document.querySelectorAll('tbody tr')].map((row) => row.innerText)"
        )
        return [" ".join(line.split()) for line in lines]

    london_answers = "Desk London answered {'orders': 12}"
    new_york_answers = "Desk New York answered {'orders': 34}"
    tokyo_answers = "Desk Tokyo answered {'orders': 56}"
    own_answer = "Head office answered {'orders': 0}"

    assert press("best", "best", "1 answered, 0 failed; the first has 12") == [london_answers]
    wait_for_text_with(london, "asked", "Head office")
    assert press("all", "all", "4 answered, 0 failed; the first has 12") == [
        london_answers,
        own_answer,
        new_york_answers,
        tokyo_answers,
    ]
    assert press("skip-mine", "skipMine", "3 answered, 0 failed; the first has 12") == [
        london_answers,
        new_york_answers,
        tokyo_answers,
    ]
    assert press("application", "Desk Tokyo", "1 answered, 0 failed; the first has 56") == [
        tokyo_answers
    ]
    assert press("pattern", "regex", "2 answered, 0 failed; the first has 12") == [
        london_answers,
        new_york_answers,
    ]

    tokyo.js("document.querySelector('#refuse input').click()")
    refusal = "PermissionError: Desk Tokyo tells nothing"
    assert press("application", "Desk Tokyo", f"No answer: {refusal}") == [
        f"Desk Tokyo failed {refusal}"
    ]
    assert press("all", "all", "3 answered, 1 failed; the first has 12") == [
        london_answers,
        own_answer,
        new_york_answers,
        f"Desk Tokyo failed {refusal}",
    ]


def test_a_dash_app_and_a_javascript_page_call_each_other(run, browser):
    example = run("javascript_page")
    dash_app = browser.open(example.url("/"))
    page = browser.open(example.url("/page"), connected=False)
    page.wait_for_text("state", "connected")

    page.click("invoke")
    page.wait_for_text("statistics", "3 numbers, mean 4")
    dash_app.wait_for_text("served", "[2, 3, 7] from JavaScript page")

    page.type_into("numbers", "2, three")
    page.click("invoke")
    page.wait_for_text("statistics", "No statistics: ValueError: these are not all numbers")

    dash_app.click("invoke")
    dash_app.wait_for_text("greeting", "Hello Ada, from JavaScript")
    page.wait_for_text("served", "Ada from Dash app")


class Providers:
    """The explorer, and two providers whose users type the names of methods."""

    def __init__(self, run: Callable[..., Example], browser: Browser) -> None:
        example = run("discovery")
        self.explorer = browser.open(example.url("/explorer/"))
        self.workshop = browser.open(example.url("/workshop/"))
        self.studio = browser.open(example.url("/studio/"))

    @staticmethod
    def offer(provider: Page, method: str) -> None:
        provider.type_into("name", method)
        provider.click("offer")
        wait_for_text_with(provider, "methods", method)

    @staticmethod
    def withdraw(provider: Page, method: str) -> None:
        provider.js("document.querySelector(`[title='Withdraw ${args[0]}']`).click()", method)

    def changes(self) -> list[str]:
        """What the explorer lists, without the times, the oldest first."""
        lines = self.explorer.js(
            "return [...document.querySelectorAll('#changes li')].map((line) =>"
            "    [...line.children].slice(1).map((child) => child.innerText).join(' '))"
        )
        return lines[::-1]


def test_a_method_is_discovered_by_the_name_that_a_user_types(run, browser):
    example = Providers(run, browser)
    explorer = example.explorer
    explorer.type_into("method", "Add numbers")
    explorer.wait_for_text("offered-by", "Nobody in sight offers Add numbers.")
    wait_until_enabled(explorer, "invoke", enabled=False)

    example.offer(example.studio, "Add numbers")
    explorer.wait_for_text("offered-by", "Offered by Studio.")
    example.offer(example.workshop, "Add numbers")
    explorer.wait_for_text("offered-by", "Offered by Studio, Workshop.")
    explorer.click("invoke")
    explorer.wait_for_text("answer", "Add numbers of Studio greets Explorer")

    example.withdraw(example.studio, "Add numbers")
    explorer.wait_for_text("offered-by", "Offered by Workshop.")
    explorer.click("invoke")
    explorer.wait_for_text("answer", "Add numbers of Workshop greets Explorer")


def test_methods_are_listed_as_they_come_and_go(run, browser):
    example = Providers(run, browser)
    expected: list[str] = []

    def wait_for(*lines: str) -> None:
        expected.extend(lines)
        eventually(
            lambda: len(example.changes()) >= len(expected),
            lambda: f"{expected}, but {example.changes()}",
        )
        assert example.changes() == expected

    example.offer(example.workshop, "Saw")
    wait_for("added Saw at Workshop")
    example.offer(example.studio, "Saw")
    wait_for("added Saw at Studio")
    example.offer(example.studio, "Paint")
    wait_for("added Paint at Studio")
    example.withdraw(example.workshop, "Saw")
    wait_for("removed Saw at Workshop")
    example.studio.close()
    wait_for("removed Saw at Studio", "removed Paint at Studio")


def test_the_servers_of_a_method_are_found_by_its_name(run, browser):
    example = Providers(run, browser)
    explorer = example.explorer

    def applications() -> list[str]:
        return explorer.js(
            "return [...document.querySelectorAll('#servers tbody tr')]"
            "    .map((row) => row.firstChild.innerText)"
        )

    def wait_for(*expected: str) -> None:
        eventually(
            lambda: applications() == list(expected),
            lambda: f"{expected}, but {applications()}",
        )

    for provider in (example.workshop, example.studio):
        example.offer(provider, "Saw")
    example.offer(example.studio, "Paint")
    assert explorer.text("servers") == "No name yet"
    for method, expected in (("saw", ("Workshop", "Studio")), ("Paint", ("Studio",)), ("Glue", ())):
        explorer.type_into("wanted", method)
        explorer.click("find")
        wait_for(*expected)
    explorer.wait_for_text("servers", "Nobody offers Glue")


def test_a_provider_tells_what_cannot_be_offered(run, browser):
    example = Providers(run, browser)
    example.offer(example.workshop, "Saw")
    for name, note in (("SAW", "SAW is offered already"), (Keys.BACKSPACE, "Type a name")):
        example.workshop.type_into("name", name)
        example.workshop.click("offer")
        example.workshop.wait_for_text("note", note)
    wait_for_text_with(example.explorer, "changes", "Saw at Workshop")
    assert example.changes() == ["added Saw at Workshop"]


def happenings(page: Page) -> list[str]:
    """What a page of the streams has printed, the latest first."""
    script = "return [...document.querySelectorAll('#happenings li')].map((one) => one.innerText)"
    return page.js(script)


def wait_for_happening(page: Page, pattern: str) -> str:
    """The latest line of what a page has printed, once it matches as a whole."""

    def latest() -> str | None:
        lines = happenings(page)
        return lines[0] if lines and re.fullmatch(pattern, lines[0]) else None

    return eventually(latest, lambda: f"{pattern!r} on top of {happenings(page)}")


def without_times(lines: list[str]) -> list[str]:
    return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in lines]


def test_a_long_report_tells_how_far_it_is_and_can_be_cancelled(run, browser):
    example = run("long_report", "--seconds", "3")
    archive = browser.open(example.url("/archive/"))
    desk = browser.open(example.url("/desk/"))
    desk.click("go")
    wait_for_text_with(desk, "outcome", "Adding up", "of 12 months")
    desk.click("stop")
    desk.wait_for_text("outcome", "You have cancelled the report.")
    wait_for_happening(archive, "Nobody waits for it: Desk has cancelled it")
    wait_until_enabled(desk, "go")
    wait_until_enabled(desk, "stop", enabled=False)

    # The job is gone, so the next report need not wait for its end.
    desk.type_into("year", "2026")
    desk.click("go")
    wait_for_text_with(desk, "outcome", "of 12 months")
    wait_for_text_with(desk, "outcome", "In 2026", "were earned")
    assert desk.js("return document.getElementById('bar').value") == 12
    asked = [line for line in happenings(archive) if "asks for the report" in line]
    assert asked == ["Desk asks for the report of 2026", "Desk asks for the report of 2025"]

    # A page that goes is not waited for.
    desk.click("go")
    wait_for_text_with(desk, "outcome", "of 12 months")
    desk.close()
    wait_for_happening(archive, "Nobody waits for it: Desk is gone")


def test_a_stream_is_published_at_an_interval(run, browser):
    example = run("streams", "--seconds", "0.2")
    publisher = browser.open(example.url("/basic-publisher/"))
    subscriber = browser.open(example.url("/basic-subscriber/"))
    subscriber.click("subscribe")
    wait_for_happening(subscriber, "Subscribed to Publisher")
    publisher.wait_for_text("subscribers", "1")

    publisher.click("start")
    wait_for_happening(subscriber, r"\d\d:\d\d:\d\d Update 3")
    publisher.click("stop")
    wait_until_enabled(publisher, "start")
    pushed = [line.removeprefix("Pushed: ") for line in happenings(publisher)]
    before = ["Subscribed to Publisher", "Waiting", "Not subscribed"]
    eventually(
        lambda: without_times(happenings(subscriber)) == [*pushed, *before],
        lambda: f"{pushed}, but {happenings(subscriber)}",
    )

    subscriber.click("unsubscribe")
    wait_for_happening(subscriber, "Not subscribed")
    publisher.wait_for_text("subscribers", "0")


def test_publisher_and_subscriber_print_what_the_other_one_does(run, browser):
    example = run("streams", "--seconds", "0.2")
    publisher = browser.open(example.url("/events-publisher/"))
    subscriber = browser.open(example.url("/events-subscriber/"))
    publisher.click("create")
    wait_for_happening(publisher, "The stream is created")
    subscriber.click("subscribe")
    wait_for_happening(publisher, "Subscriber has subscribed")
    wait_for_happening(subscriber, r"\d\d:\d\d:\d\d Update \d+")

    subscriber.click("unsubscribe")
    wait_for_happening(publisher, "Subscriber has left")
    wait_for_happening(subscriber, "Not subscribed")

    subscriber.click("subscribe")
    wait_for_happening(publisher, "Subscriber has subscribed")
    publisher.click("close")
    wait_for_happening(subscriber, "Waiting: The publisher withdrew the stream")


def test_a_publisher_decides_who_may_subscribe(run, browser):
    example = run("streams")
    publisher = browser.open(example.url("/managed-publisher/"))
    a = browser.open(example.url("/managed-subscriber-a/"))
    b = browser.open(example.url("/managed-subscriber-b/"))

    def subscriptions() -> list[str]:
        script = "return [...document.querySelectorAll('tbody tr')].map((row) => row.innerText)"
        return [" ".join(line.split()) for line in publisher.js(script)]

    def decide(subscriber: Page, request: str, button: str, outcome: str) -> None:
        subscriber.click("subscribe")
        publisher.wait_for_text("request", request)
        publisher.click(button)
        wait_for_happening(subscriber, outcome)
        publisher.wait_for_text("request", "Nobody just now")

    rejection = "Rejected: the publisher does not want you"
    decide(a, 'Subscriber A, with {"attempt": 1}', "reject", rejection)
    decide(a, 'Subscriber A, with {"attempt": 2}', "accept", "Subscribed to Publisher")
    decide(b, 'Subscriber B, with {"attempt": 1}', "accept-private", "Subscribed to Publisher")
    eventually(
        lambda: subscriptions() == ["Subscriber A none", "Subscriber B Private"],
        lambda: f"two subscriptions, but {subscriptions()}",
    )

    publisher.click("push")
    for subscriber in (a, b):
        wait_for_happening(subscriber, r"\d\d:\d\d:\d\d Update 1, for all")
    publisher.click("push-private")
    wait_for_happening(b, r"\d\d:\d\d:\d\d Update 2, for Private")
    publisher.click("push")
    wait_for_happening(a, r"\d\d:\d\d:\d\d Update 3, for all")
    assert without_times(happenings(a))[:3] == [
        "Update 3, for all",
        "Update 1, for all",
        "Subscribed to Publisher",
    ]


def test_apps_on_one_channel_show_the_same(run, browser):
    example = run("colour_channels")
    watchlist = browser.open(example.url("/watchlist/"))
    details = browser.open(example.url("/details/"))
    other = browser.open(example.url("/other-details/"))

    def choose(page: Page, channel: str) -> None:
        page.js("document.querySelector('#selector button').click()")
        page.js(
            "[...document.querySelectorAll('[role=option]')]"
            "    .find((option) => option.innerText.startsWith(args[0])).click()",
            channel,
        )

    def choose_company(place: int) -> None:
        watchlist.js("document.querySelectorAll('#company input')[args[0]].click()", place)

    def shows(page: Page, *parts: str) -> None:
        eventually(
            lambda: all(part in page.text("details") for part in parts),
            lambda: f"{parts}, but {page.text('details')}",
        )

    shows(details, "Nobody on Red")
    shows(other, "Nobody on Green")
    choose_company(2)
    shows(details, "Rio Tinto", "RIO, Mining")
    shows(other, "Nobody on Green")

    choose(other, "Red")
    shows(other, "Rio Tinto")
    choose(watchlist, "Green")
    eventually(
        lambda: not watchlist.js("return document.querySelector('#company input:checked')"),
        "nothing is chosen on Green",
    )
    choose_company(0)
    choose(details, "Green")
    shows(details, "AstraZeneca")
    shows(other, "Rio Tinto")
    choose(watchlist, "Red")
    eventually(
        lambda: watchlist.js("return document.querySelectorAll('#company input')[2].checked"),
        "what is on Red is chosen",
    )
    shows(other, "Rio Tinto")
    choose(details, "No channel")
    shows(details, "This page is on no channel.")


def test_the_market_is_a_chart_and_a_table(run, browser, environment):
    example = run("market_data")
    chart = browser.open(example.url("/chart/"))
    quotes = browser.open(example.url("/quotes/"))

    def line() -> dict[str, Any]:
        return chart.js(
            "const {data: [line]} = document.querySelector('#chart .js-plotly-plot');"
            "return line ? {name: line.name, times: line.x.map(Number)} : {name: '', times: []}"
        )

    def choose(symbol: str) -> None:
        chart.click("symbol")
        option = f"//*[@role='option'][contains(., '{symbol}')]"
        eventually(lambda: chart.driver.find_elements("xpath", option), f"{symbol} can be chosen")
        chart.driver.find_element("xpath", option).click()

    def rows() -> list[list[str]]:
        return quotes.js(
            "return [...document.querySelectorAll('#rows tr')]"
            "    .map((row) => [...row.cells].map((cell) => cell.innerText))"
        )

    chart.wait_for_text("status", "live")
    eventually(lambda: len(line()["times"]) > 100, "a hundred points")
    assert line()["name"] == "AZN"
    chosen_at = chart.js("return Date.now()")
    choose("BARC")
    eventually(lambda: line()["name"] == "BARC", "the line is that of BARC")
    shown = line()
    assert shown["times"] == sorted(shown["times"])
    # It was published before this page asked for it.
    assert shown["times"][0] < chosen_at

    quotes.wait_for_text("status", "live")
    eventually(lambda: all(row[1] for row in rows()), "all symbols have a price")
    assert [row[0] for row in rows()] == sorted(row[0] for row in rows())
    assert all(float(row[1]) > 0 for row in rows())
    eventually(lambda: any(int(row[3]) for row in rows()), "prices are replaced by newer ones")

    (publisher,) = example.children()
    publisher.terminate()
    for page in (chart, quotes):
        page.wait_for_text("status", "waiting for prices")
    ended_at = chart.js("return Date.now()")
    command = [sys.executable, EXAMPLES / "market_data" / "publisher.py"]
    with subprocess.Popen(command, env=environment) as successor:
        for page in (chart, quotes):
            page.wait_for_text("status", "live")
        eventually(lambda: line()["times"][-1] > ended_at, "the line goes on")
        successor.terminate()


def test_clients_and_portfolio_share_contexts(run, browser):
    example = run("clients_portfolio")
    clients = browser.open(example.url("/clients/"))
    portfolio = browser.open(example.url("/portfolio/"))

    def press(page: Page, words: str) -> None:
        button = f"//button[contains(., '{words}') or @aria-label='{words}']"
        eventually(lambda: page.driver.find_elements("xpath", button), f"{words} can be pressed")
        page.driver.find_element("xpath", button).click()

    def shares(page: Page) -> dict[str, str]:
        return page.js(
            "return Object.fromEntries([...document.querySelectorAll('tbody tr')]"
            "    .map(({cells}) => [cells[0].innerText, cells[2].innerText]))"
        )

    def pressed(page: Page) -> list[str]:
        return page.js(
            "return [...document.querySelectorAll('[aria-pressed=true]')]"
            "    .map(({innerText}) => innerText)"
        )

    def worth(page: Page, name: str) -> str:
        (row,) = page.driver.find_elements("xpath", f"//tr[contains(., '{name}')]")
        return row.text

    press(clients, "Ada Byron")
    portfolio.wait_for_text("client", "Ada Byron")
    eventually(lambda: pressed(clients) == ["Ada Byron"], "she is marked")
    assert shares(portfolio) == {"AZN": "40", "BARC": "0", "SHEL": "0", "VOD": "3000"}
    assert "6,630.00" in worth(clients, "Ada Byron")
    press(portfolio, "Buy AZN")
    eventually(lambda: shares(portfolio)["AZN"] == "50", "she has more")
    eventually(lambda: "7,755.00" in worth(clients, "Ada Byron"), "they are worth more")
    # Who comes later sees the same.
    later = browser.open(example.url("/portfolio/"))
    later.wait_for_text("client", "Ada Byron")
    eventually(lambda: shares(later)["AZN"] == "50", "she has more there, too")
    press(later, "Sell BARC")
    press(later, "Sell VOD")
    eventually(lambda: shares(portfolio)["VOD"] == "2990", "she has less")
    assert shares(portfolio)["BARC"] == "0"


def test_clicks_and_actions_of_notifications_invoke_methods_of_another_app(run, browser):
    example = run("notifications")
    reviewer = browser.open(example.url("/reviewer/"))
    desk = browser.open(example.url("/desk/"))
    desk.wait_for_servers("ForgetMessage", 1)
    toast = "return document.querySelector('[data-dash-interop=toasts]')?.shadowRoot"

    def click(selector: str) -> None:
        script = f"{toast}?.querySelector(args[0])"
        eventually(lambda: desk.js(script, selector), f"{selector} is shown").click()

    desk.click("notify")
    wait_for_happening(desk, "“Check your portfolio!” is raised")
    click(".close")
    wait_for_happening(desk, r"“Check your portfolio!” is closed \(user\)")
    desk.click("with-click")
    click(".main")
    wait_for_happening(reviewer, "Reviewed: Check your portfolio!")
    wait_for_happening(desk, r"“Check your portfolio!” is closed \(click\)")
    desk.type_into("message", "Sell")
    desk.click("with-actions")
    click(".action:last-child")
    wait_for_happening(reviewer, "Forgotten: Sell")
    wait_for_happening(desk, r"“Sell” is closed \(action\)")
    assert happenings(desk)[1] == "“Sell” is answered with forget"


def test_a_window_shows_the_client_that_it_was_opened_for(run, browser):
    example = run("windows")
    clients = browser.open(example.url("/"))

    def press(client: str, button: str) -> None:
        row = f"//*[@class='row'][strong='{client}']//button[.='{button}']"
        clients.driver.find_element("xpath", row).click()

    press("Initech", "Open")
    portfolio = browser.popup(clients)
    portfolio.wait_for_text("client", "Initech")
    portfolio.wait_for_text("holds", "Bonds")
    wait_for_happening(clients, "Initech (has a window|is in front)")
    press("Initech", "Open")
    eventually(lambda: "is in use" in clients.text("problem"), "the name is in use")
    press("Initech", "Close")
    wait_for_happening(clients, "Initech has no window any more")
    press("Initech", "To the front")
    eventually(lambda: "open are: none" in clients.text("problem"), "there is none")


def test_a_search_box_shows_what_the_newest_text_found(run, browser):
    page = browser.open(run("search_box").url("/"), connected=False)
    page.wait_for("text")
    placeholder = "return document.getElementById('text').placeholder"
    eventually(
        lambda: re.fullmatch(r"Search \d+ modules", page.js(placeholder)),
        "Python tells how much there is",
    )
    found = "return [...document.querySelectorAll('#found button')].map((one) => one.innerText)"

    # A key at a time, and the shorter texts take longer.
    page.type_into("text", "json")
    eventually(lambda: page.js(found) == ["json"], lambda: f"found {page.js(found)}")
    page.js("document.querySelector('#found button').click()")
    page.wait_for_text("picked", "json was picked 1 times.")
    page.js("document.querySelector('#found button').click()")
    page.wait_for_text("picked", "json was picked 2 times.")

    page.type_into("text", "no such module")
    page.wait_for_text("note", "Nothing was found.")
    page.type_into("text", "js*")
    page.wait_for_text("note", "ValueError: there are no wildcards")
    assert page.js(found) == []


@pytest.mark.parametrize(
    "name, path",
    [
        ("demo", "/"),
        ("demo", "/app-a/"),
        ("correlating_results", "/"),
        ("targeting", "/"),
        ("targeting", "/london/"),
        ("javascript_page", "/page"),
        ("discovery", "/"),
        ("discovery", "/explorer/"),
        ("discovery", "/workshop/"),
        ("streams", "/"),
        ("streams", "/managed-publisher/"),
        ("colour_channels", "/"),
        ("colour_channels", "/watchlist/"),
        ("market_data", "/"),
        ("market_data", "/quotes/"),
        ("notifications", "/"),
        ("notifications", "/desk/"),
        ("windows", "/"),
        ("windows", "/portfolio/"),
        ("clients_portfolio", "/"),
        ("clients_portfolio", "/portfolio/"),
        ("search_box", "/"),
    ],
)
def test_pages_are_styled(running, browser, name, path):
    page = browser.open(running(name).url(path), connected=False)
    background = "return getComputedStyle(document.body).getPropertyValue('--background')"
    eventually(lambda: page.js(background), "the stylesheet is loaded")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_ctrl_c_ends_an_example_quietly(run, command):
    example = run(*command)
    assert example.interrupt() == (0, "")


@pytest.mark.parametrize("options", [[], ["--two-processes"]], ids=["one process", "two"])
def test_the_demo_ends_when_it_is_asked_to(run, options):
    example = run("demo", *options)
    children = example.children()
    assert len(children) == (2 if options else 0)
    assert example.interrupt(signal.SIGTERM) == (0, "")
    assert not any(child.is_running() for child in children)


def test_no_process_of_the_demo_outlives_the_first(run):
    example = run("demo", "--two-processes")
    children = example.children()
    example.interrupt(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=END_SECONDS)
    assert alive == []


def test_the_publisher_of_the_market_does_not_outlive_it(run):
    example = run("market_data")
    (publisher,) = example.children()
    example.interrupt(signal.SIGKILL)
    _, alive = psutil.wait_procs([publisher], timeout=END_SECONDS)
    assert alive == []


def test_the_demo_ends_when_one_of_its_processes_does(run):
    example = run("demo", "--two-processes")
    example.children()[0].terminate()
    assert example.wait() == (1, "")


@pytest.mark.parametrize("options", [[], ["--two-processes"]], ids=["one process", "two"])
def test_the_demo_opens_the_browser_unless_told_not_to(run, environment, tmp_path, options):
    opened = tmp_path / "opened"
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n')
    script.chmod(0o755)
    environment["BROWSER"] = str(script)
    run("demo", "--no-browser", *options).interrupt()
    assert not opened.exists()
    example = run("demo", *options)
    paths = [("/app-a/", 0), ("/app-b/", 1)] if options else [("/", 0)]
    expected = [example.url(path, port_offset) for path, port_offset in paths]
    eventually(lambda: opened.exists() and opened.read_text().split() == expected, "it is open")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_an_example_whose_port_is_taken_says_so_in_one_line(command, environment):
    first = free_range(2)
    taken = first + 1 if "--two-processes" in command else first
    with socket.create_server(("127.0.0.1", taken)):
        process = start(command, first, environment)
        said, errors = process.communicate(timeout=END_SECONDS)
    assert (process.returncode, said) == (2, "")
    assert errors.count("\n") == 1
    assert str(taken) in errors and "taken" in errors
    assert errors.endswith("choose another with --port\n")


def test_each_example_has_a_port_of_its_own():
    texts = [path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*/run.py")]
    defaults = [re.search(r'"--port", type=int, default=(\d+)', text) for text in texts]
    named = [re.search(r"run\.py    port (\d+)", text) for text in texts]
    ports = [found[1] for found in defaults if found is not None]
    assert ports == [found[1] for found in named if found is not None]
    assert len(set(ports)) == len(texts) > 5
