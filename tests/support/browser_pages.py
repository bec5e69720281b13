"""Windows of a browser, and what their consoles said, whichever engine it has."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from tests.support.browser_console import Entry

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

POLL_SECONDS = 0.02
SCRIPT_SECONDS = 60
SPARE_WINDOWS = 3


def eventually(
    condition: Callable[[], Any], what: str | Callable[[], str], timeout: float = 10.0
) -> Any:
    """The first true value of ``condition``; fails with ``what`` was waited for."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {timeout} s: {text}")
        time.sleep(POLL_SECONDS)


class ScriptFailed(Exception):
    """What a script in a page threw, as text."""


class Page:
    """One browser window."""

    def __init__(self, browser: Browser, handle: str, url: str) -> None:
        self._browser = browser
        self.handle = handle
        self.url = url
        self.is_altered = False
        """Whether its window works in another way than a new one from now on."""

    @property
    def driver(self) -> WebDriver:
        """The browser, with this window in front."""
        if self._browser.in_front != self.handle:
            self._browser.bring_to_front(self.handle)
        return self._browser.driver

    def load(self, url: str | None = None) -> None:
        """Load a page, the present one by default."""
        self.url = url or self.url
        self.driver.get(self.url)

    def close(self) -> None:
        self._browser.close(self)

    @contextmanager
    def frame(self, element_id: str) -> Iterator[None]:
        """What is done in the block is done in a frame of the page."""
        self.driver.switch_to.frame(self._element(element_id))
        try:
            yield
        finally:
            self.driver.switch_to.default_content()

    # What is on it -------------------------------------------------------------------------

    def text(self, element_id: str) -> str:
        """Text of an element; empty when there is no such element."""
        return self.js("return document.getElementById(args[0])?.innerText ?? ''", element_id)

    def has(self, element_id: str) -> bool:
        return bool(self.js("return document.getElementById(args[0]) !== null", element_id))

    def wait_for(self, element_id: str, timeout: float = 10.0) -> None:
        eventually(
            lambda: self.has(element_id),
            lambda: f"#{element_id} on {self.url}, which shows {self.contents()!r}",
            timeout,
        )

    def contents(self) -> str:
        """The beginning of what its document holds, and its address."""
        return self.js("return `${location.href} ${document.body?.innerHTML}`.slice(0, 2000)")

    def wait_for_text(self, element_id: str, text: str, timeout: float = 10.0) -> None:
        eventually(
            lambda: self.text(element_id) == text,
            lambda: f"#{element_id} says {text!r}, but {self.text(element_id)!r}",
            timeout,
        )

    def click(self, element_id: str) -> None:
        self._element(element_id).click()

    def type_into(self, element_id: str, text: str) -> None:
        """Replace what an input holds, as a user does."""
        element = self._element(element_id)
        # Modifiers are let go at the end, in Firefox nowhere else.
        element.send_keys(Keys.CONTROL, "a")
        element.send_keys(text)

    def _element(self, element_id: str) -> Any:
        self.wait_for(element_id)
        # Not by a selector: ids that are patterns hold quotes and braces.
        return self.js("return document.getElementById(args[0])", element_id)

    # JavaScript ----------------------------------------------------------------------------

    def js(self, body: str, *args: Any) -> Any:
        """Run the body of a function with the parameter ``args``."""
        return self.driver.execute_script(f"const args = [...arguments]; {body}", *args)

    def run(self, body: str, *args: Any) -> Any:
        """
        Run the body of an async function with the parameters ``args`` and ``interop``.

        Raises:
            ScriptFailed: It threw or rejected.
        """
        script = f"""
            const done = arguments[arguments.length - 1];
            const args = [...arguments].slice(0, -1);
            const interop = window.glue42dash?.glueInstance?.interop;
            (async () => {{ {body} }})().then(
                (value) => done([true, JSON.stringify(value ?? null)]),
                (error) => done([false, String(error?.message ?? JSON.stringify(error))]),
            );
        """
        succeeded, value = self.driver.execute_async_script(script, *args)
        if not succeeded:
            raise ScriptFailed(value)
        return json.loads(value)

    def set_props(self, element_id: str | dict[str, Any], **props: Any) -> None:
        """Write props of a component, as a callback would."""
        self.js("dash_clientside.set_props(args[0], args[1])", element_id, props)

    def devtools(self, command: str, **parameters: Any) -> Any:
        """Give a command of the devtools protocol, which Chromium alone has."""
        self.is_altered = True
        return cast("Chrome", self.driver).execute_cdp_cmd(command, parameters)

    def slow_down(self, times: int) -> None:
        """Let the page run so many times slower than this machine, where the engine can."""
        if hasattr(self.driver, "execute_cdp_cmd"):
            self.devtools("Emulation.setCPUThrottlingRate", rate=times)

    # Interop -------------------------------------------------------------------------------

    def wait_until_connected(self, timeout: float = 10.0) -> None:
        ready = "return Boolean(window.glue42dash?.glueInstance)"
        eventually(lambda: self.js(ready), f"{self.url} is connected", timeout)

    def wait_for_servers(self, method: str, count: int, timeout: float = 10.0) -> None:
        """Wait until this page sees so many servers of a method."""
        eventually(
            lambda: len(self.servers(method)) == count,
            lambda: f"{count} servers of {method}, but {self.servers(method)}",
            timeout,
        )

    def servers(self, method: str) -> list[str]:
        """The applications that offer a method."""
        return self.run(
            "return interop.servers({name: args[0]}).map((server) => server.application)", method
        )

    def invoke(self, method: str, args: Any = None, target: Any = None, **options: Any) -> Any:
        """
        What a method returned.

        Raises:
            ScriptFailed: The invocation failed.
        """
        return self.run(
            "const [method, given, target, options] = args;"
            "const outcome = await interop.invoke("
            "    method, given ?? undefined, target ?? undefined, options);"
            "return outcome.returned;",
            method,
            args,
            target,
            options,
        )

    def invoke_error(self, method: str, args: Any = None, **options: Any) -> str:
        """Why an invocation failed."""
        try:
            returned = self.invoke(method, args, **options)
        except ScriptFailed as error:
            return str(error)
        raise AssertionError(f"{method} did not fail, it returned {returned}")

    def start(self, method: str, args: Any = None, **options: Any) -> Pending:
        """Invoke a method and do not wait for the outcome."""
        index = self.js(
            """
            const [method, given, options] = args;
            const pending = (window.pendingInvocations ??= []);
            const started = performance.now();
            const entry = {};
            pending.push(entry);
            const end = (outcome) =>
                Object.assign(entry, outcome, {milliseconds: performance.now() - started});
            window.glue42dash.glueInstance.interop
                .invoke(method, given ?? undefined, undefined, options)
                .then(
                    ({returned}) => end({ended: true, returned: returned ?? {}}),
                    (error) => end({ended: true, error: String(error?.message ?? error)}),
                );
            return pending.length - 1;
            """,
            method,
            args,
            options,
        )
        return Pending(self, method, index)


class Pending:
    """An invocation that a page has started."""

    def __init__(self, page: Page, method: str, index: int) -> None:
        self._page = page
        self._method = method
        self._index = index

    @property
    def outcome(self) -> dict[str, Any]:
        """Empty at first, then with ``returned`` or ``error``, and ``milliseconds``."""
        return self._page.js("return window.pendingInvocations[args[0]]", self._index)

    def wait(self, timeout: float = 10.0) -> dict[str, Any]:
        eventually(lambda: self.outcome, f"{self._method} ended", timeout)
        return self.outcome


class Engine(Protocol):
    """A running browser."""

    window_kind: str
    """What a page opens in: a window, where tabs that are not in front sleep, or else a tab."""

    @property
    def driver(self) -> WebDriver: ...

    def take_console(self, windows: Iterable[WebDriver]) -> list[Entry]:
        """
        What the consoles said since this was asked last.

        Args:
            windows: The driver, for each window with that window in front.
        """
        ...

    def quit(self) -> None: ...


class Browser:
    """
    A browser with any number of windows; the first one stays empty.

    A few windows of the pages that are closed at the end of a test stay, empty, for the pages that
    are opened next: a page in a new window costs twice the processor time and more.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.driver = engine.driver
        self.driver.set_script_timeout(SCRIPT_SECONDS)
        self._home = self.driver.current_window_handle
        self.in_front: str | None = self._home
        self._pages: list[Page] = []
        self._spare: list[str] = []
        self._held: list[str] = []
        self._console: list[Entry] = []
        self._allowed: list[str] = []

    def open(self, url: str, *, connected: bool = True) -> Page:
        """Open a window; with ``connected`` it is connected to its gateway on return."""
        page = Page(self, self._window(), url)
        self._pages.append(page)
        page.load()
        if connected:
            page.wait_until_connected()
        return page

    def _window(self) -> str:
        """An empty window, in front."""
        if self._spare:
            handle = self._spare.pop()
            self.bring_to_front(handle)
            return handle
        if self.in_front is None:
            self.bring_to_front(self._home)
        self.driver.switch_to.new_window(self._engine.window_kind)
        handle = self.driver.current_window_handle
        self.in_front = handle
        return handle

    def close(self, page: Page) -> None:
        # Some engines forget with a window what its console said.
        self._listen([page])
        page.driver.close()
        self._pages.remove(page)
        self.in_front = None

    def popup(self, opener: Page) -> Page:
        """The window that a page has opened, as soon as it is there."""
        eventually(self._unknown_handles, "a page has opened a window")
        # What a page has opened is kept for the next one in its place.
        opener.is_altered = True
        (page,) = self._adopt()
        return page

    def _adopt(self) -> list[Page]:
        """The windows that pages have opened; they are not like empty ones."""
        pages = [Page(self, handle, "") for handle in self._unknown_handles()]
        for page in pages:
            page.is_altered = True
        self._pages += pages
        return pages

    def _unknown_handles(self) -> set[str]:
        known = {self._home, *self._spare, *(page.handle for page in self._pages)}
        return {*self.driver.window_handles} - known

    def forget_closed(self) -> None:
        """Pages have closed windows, which are not to be looked at any more."""
        handles = {*self.driver.window_handles}
        self._pages = [page for page in self._pages if page.handle in handles]
        if self.in_front not in handles:
            self.in_front = None

    def close_all(self) -> None:
        self.forget_closed()
        self._adopt()
        self._held += [page.contents() for page in self._pages]
        for page in list(self._pages):
            if page.is_altered or len(self._spare) == SPARE_WINDOWS:
                page.close()
            else:
                self._empty(page)
        self.bring_to_front(self._home)

    def _empty(self, page: Page) -> None:
        self._listen([page])
        page.js("sessionStorage.clear()")
        page.driver.get("about:blank")
        self._pages.remove(page)
        self._spare.append(page.handle)

    def bring_to_front(self, handle: str) -> None:
        self.driver.switch_to.window(handle)
        self.in_front = handle

    def quit(self) -> None:
        self._engine.quit()

    # Console -------------------------------------------------------------------------------

    def allow_in_console(self, pattern: str) -> None:
        """Errors that match are part of the present test."""
        self._allowed.append(pattern)

    def allow_failing_callbacks(self) -> None:
        """A callback raises, which the browser sees as status 500 and Dash prints."""
        self.allow_in_console(r"/_dash-update-component.* status of 500")
        self.allow_in_console(r"dash[-_]renderer")

    def allow_unreadable_answers(self) -> None:
        """
        The answer to a callback is not JSON, or Dash reads it twice, as it does with status 401:
        Dash lets each engine say so in words of its own.
        """
        self.allow_in_console(r"SyntaxError: .*(JSON|did not match the expected pattern)")
        self.allow_in_console(r"TypeError: Body is disturbed or locked")

    def allow_lost_connections(self) -> None:
        """A gateway or a Dash server goes away or refuses, which the browser prints."""
        self.allow_in_console(r"WebSocket connection to ")
        self.allow_in_console(r"net::ERR_")

    def console(self, level: str | None = None) -> list[str]:
        """What all windows said since the test began."""
        self._listen(self._pages)
        return [
            entry["message"] for entry in self._console if level is None or entry["level"] == level
        ]

    def held(self) -> list[str]:
        """What the windows held that ``close_all`` has closed, for whoever reads of a failure."""
        return self._held

    def _listen(self, pages: Iterable[Page]) -> None:
        self._console += self._engine.take_console(page.driver for page in pages)

    def complaints(self) -> list[str]:
        """Errors in the console that the present test does not expect."""
        return [
            message
            for message in self.console("SEVERE")
            if not any(re.search(pattern, message) for pattern in self._allowed)
        ]

    def start_afresh(self) -> None:
        self.console()
        self._held = []
        self._console = []
        self._allowed = []
