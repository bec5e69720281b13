"""Notifications: where they are shown, what their user does with them, and what that invokes."""

from __future__ import annotations

from typing import Any

import pytest
from dash import Dash, Input, Output, State, dcc, html
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from dash_interop import MethodRegister, Notifications
from dash_interop.client.sync import connect
from tests.support.apps_parts import record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually

EVENTS = ("raised", "clicked", "action", "closed")

IN_TOASTS = """
    const root = document.querySelector('[data-dash-interop=toasts]')?.shadowRoot;
    const all = (selector) => [...(root?.querySelectorAll(selector) ?? [])];
    const toast = (title) =>
        all('.toast').find((one) => one.querySelector('.title').textContent === title);
"""


def titles(page: Page) -> list[str]:
    """What is shown in the page, the topmost first."""
    return page.js(f"{IN_TOASTS} return all('.toast .title').map((one) => one.textContent)")


def wait_for_titles(page: Page, *expected: str) -> None:
    eventually(lambda: titles(page) == [*expected], lambda: f"{expected}, but {titles(page)}")


def part(page: Page, title: str, selector: str) -> Any:
    """An element of a toast."""
    script = f"{IN_TOASTS} return toast(args[0])?.querySelector(args[1])"
    return eventually(lambda: page.js(script, title, selector), f"{selector} of {title}")


def press(page: Page, *keys: str) -> None:
    """Press keys, whatever has the focus."""
    ActionChains(page.driver).send_keys(*keys).perform()


def text(page: Page, title: str, selector: str) -> str:
    return page.js("return args[0].textContent", part(page, title, selector))


def click(page: Page, title: str, selector: str = ".main") -> None:
    part(page, title, selector).click()


def recorded(app: Dash, component_id: str = "notifications") -> list[tuple[str, Any]]:
    """All events and errors that callbacks get, in order."""
    events: list[tuple[str, Any]] = []
    for name in (*EVENTS, "error"):
        values: list[Any] = Recorder(name, events)
        record(app, component_id, name, values)
    return events


class Recorder(list[Any]):
    """Puts the values of one prop, but for the initial one, among those of others."""

    def __init__(self, name: str, into: list[tuple[str, Any]]) -> None:
        super().__init__()
        self._name = name
        self._into = into

    def append(self, value: Any) -> None:
        super().append(value)
        if value is not None:
            self._into.append((self._name, value))


def wait_for(events: list[tuple[str, Any]], *names: str) -> list[Any]:
    """The events that came, which are these."""
    eventually(lambda: [name for name, _ in events] == [*names], lambda: f"{names}, but {events}")
    return [value for _, value in events]


def receiver(apps: Apps, *methods: str) -> Dash:
    """An app that shows what its methods get."""
    app = apps.make(
        "receiver",
        *(MethodRegister(id=name, definition=name, returns=False) for name in methods),
        *(html.P(id=f"got-{name}") for name in methods),
    )
    for name in methods:

        @app.callback(Output(f"got-{name}", "children"), Input(name, "invoke"))
        def show(invoke: Any) -> Any:
            return invoke and invoke["args"]["message"]

    return app


def raising(apps: Apps, settings: dict[str, Any], **props: Any) -> Dash:
    """An app whose button raises a notification with the message of its input."""
    app = apps.make(
        "raiser",
        Notifications(id="notifications", **props),
        dcc.Input(id="message", value="Check your portfolio!"),
        html.Button("Raise", id="raise"),
    )

    @app.callback(
        Output("notifications", "raise"),
        Input("raise", "n_clicks"),
        State("message", "value"),
        prevent_initial_call=True,
    )
    def raise_notification(_: int, message: str) -> Any:
        def filled(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: filled(each) for key, each in value.items()}
            if isinstance(value, list):
                return [filled(each) for each in value]
            return message if value == "MESSAGE" else value

        return filled(settings)

    return app


# What the applications of dash_glue42 do ----------------------------------------------------------


@pytest.mark.every_engine
def test_not001_a_callback_raises_a_notification(apps: Apps) -> None:
    app = raising(apps, {"title": "Alert", "body": "MESSAGE", "data": {"report": 7}})
    events = recorded(app)
    page = apps.open(app)
    page.type_into("message", "Send daily report")
    page.click("raise")
    wait_for_titles(page, "Alert")
    assert text(page, "Alert", ".body") == "Send daily report"
    (raised,) = wait_for(events, "raised")
    assert raised["settings"]["body"] == "Send daily report"
    assert raised["data"] == {"report": 7}
    click(page, "Alert", ".close")
    wait_for_titles(page)
    closed = wait_for(events, "raised", "closed")[1]
    assert (closed["id"], closed["reason"]) == (raised["id"], "user")


@pytest.mark.every_engine
def test_not002_its_click_invokes_a_method_of_another_app(apps: Apps) -> None:
    interop = {"method": "ReviewMessage", "arguments": {"message": "MESSAGE"}}
    app = raising(apps, {"title": "New Message", "clickInterop": interop})
    events = recorded(app)
    other = apps.open(receiver(apps, "ReviewMessage"))
    page = apps.open(app)
    page.wait_for_servers("ReviewMessage", 1)
    page.click("raise")
    click(page, "New Message")
    other.wait_for_text("got-ReviewMessage", "Check your portfolio!")
    raised, clicked, closed = wait_for(events, "raised", "clicked", "closed")
    assert raised["id"] == clicked["id"] == closed["id"]
    assert closed["reason"] == "click"
    wait_for_titles(page)


@pytest.mark.every_engine
def test_not003_its_actions_invoke_methods_of_another_app(apps: Apps) -> None:
    actions = [
        {
            "action": name,
            "title": title,
            "interop": {"method": name, "arguments": {"message": "MESSAGE"}},
        }
        for name, title in (("Review", "Review it"), ("Forget", "Forget it"))
    ]
    app = raising(apps, {"title": "New Message", "actions": actions})
    events = recorded(app)
    other = apps.open(receiver(apps, "Review", "Forget"))
    page = apps.open(app)
    page.wait_for_servers("Forget", 1)
    page.click("raise")
    assert text(page, "New Message", ".action") == "Review it"
    click(page, "New Message", ".action:last-child")
    other.wait_for_text("got-Forget", "Check your portfolio!")
    assert other.text("got-Review") == ""
    _, action, closed = wait_for(events, "raised", "action", "closed")
    assert (action["action"], closed["reason"]) == ("Forget", "action")


# Where they are shown -----------------------------------------------------------------------------


@pytest.mark.every_engine
def test_not004_the_same_notification_is_raised_at_each_click_and_in_a_layout(apps: Apps) -> None:
    app = raising(apps, {"title": "Alert"}, **{"raise": {"title": "Welcome"}})
    events = recorded(app)
    page = apps.open(app)
    for _ in range(3):
        page.click("raise")
        eventually(lambda: page.text("raise") == "Raise", "the page answers")
    wait_for_titles(page, "Alert", "Alert", "Alert", "Welcome")
    ids = [raised["id"] for raised in wait_for(events, *["raised"] * 4)]
    assert len(set(ids)) == 4


@pytest.mark.every_engine
def test_not005_toasts_are_reached_by_the_keyboard(apps: Apps) -> None:
    actions = [{"action": "yes", "title": "Yes"}, {"action": "no", "title": "No"}]
    app = raising(apps, {"title": "Sell?", "actions": actions})
    events = recorded(app)
    page = apps.open(app)
    page.click("raise")
    wait_for_titles(page, "Sell?")
    page.click("message")
    press(page, Keys.F8)
    focus = f"{IN_TOASTS} return root.activeElement?.className ?? ''"
    assert page.js(focus) == "main"
    press(page, Keys.TAB, Keys.TAB, Keys.TAB)
    assert page.js(f"{IN_TOASTS} return root.activeElement.textContent") == "No"
    press(page, Keys.ENTER)
    assert wait_for(events, "raised", "action", "closed")[1]["action"] == "no"
    assert page.js("return document.activeElement.id") == "message"
    page.click("raise")
    wait_for_titles(page, "Sell?")
    press(page, Keys.F8, Keys.ESCAPE)
    wait_for_titles(page)
    assert (
        wait_for(events, *["raised", "action", "closed", "raised", "closed"])[4]["reason"] == "user"
    )


def test_not006_a_toast_ends_by_itself_unless_somebody_reads_it(apps: Apps) -> None:
    app = raising(apps, {"title": "Alert"}, toastMs=300)
    events = recorded(app)
    page = apps.open(app)
    page.click("raise")
    assert wait_for(events, "raised", "closed")[1]["reason"] == "timeout"
    wait_for_titles(page)
    page.set_props("notifications", **{"raise": {"title": "Stay", "requireInteraction": True}})
    page.set_props("notifications", toastMs=100_000)
    page.set_props("notifications", **{"raise": {"title": "Later"}})
    wait_for_titles(page, "Later", "Stay")


def test_not007_the_style_of_an_app_and_that_of_toasts_are_two(apps: Apps) -> None:
    app = raising(apps, {"title": "Alert"})
    app.index_string = app.index_string.replace(
        "</head>", "<style>body * { font-size: 50px; display: none }</style></head>"
    )
    page = apps.open(app)
    page.set_props("notifications", **{"raise": {"title": "Alert"}})
    title = part(page, "Alert", ".title")
    assert page.js("return getComputedStyle(args[0]).fontSize", title) == "15px"
    assert (
        page.js("return getComputedStyle(document.querySelector('h1, p, div')).display") == "none"
    )


def wait_for_list(page: Page, *expected: str) -> None:
    items = "return [...document.querySelectorAll('#list li')].map((item) => item.textContent)"
    eventually(lambda: page.js(items) == [*expected], lambda: f"{expected}, but {page.js(items)}")


@pytest.mark.every_engine
def test_not008_an_app_shows_them_itself_and_reports_what_its_user_does(apps: Apps) -> None:
    app = apps.make(
        "raiser",
        Notifications(id="notifications", display="none"),
        html.Ul(id="list"),
        html.Button("Click", id="click"),
        html.Button("Act", id="act"),
    )

    @app.callback(Output("list", "children"), Input("notifications", "active"))
    def show(active: Any) -> Any:
        return [html.Li(one["settings"]["title"]) for one in active or []]

    @app.callback(
        Output("notifications", "report"),
        Input("click", "n_clicks"),
        State("notifications", "active"),
        prevent_initial_call=True,
    )
    def report_click(_: int, active: Any) -> Any:
        return {"id": active[0]["id"], "type": "click"}

    @app.callback(
        Output("notifications", "report", allow_duplicate=True),
        Input("act", "n_clicks"),
        State("notifications", "active"),
        prevent_initial_call=True,
    )
    def report_action(_: int, active: Any) -> Any:
        return {"id": active[0]["id"], "type": "action", "action": "Review"}

    events = recorded(app)
    other = apps.open(receiver(apps, "Open", "Review"))
    page = apps.open(app)
    page.wait_for_servers("Review", 1)
    one = {"title": "One", "clickInterop": {"method": "Open", "arguments": {"message": "1"}}}
    interop = {"method": "Review", "arguments": {"message": "2"}}
    action = {"action": "Review", "title": "Review", "interop": interop}
    page.set_props("notifications", **{"raise": [one, {"title": "Two", "actions": [action]}]})
    wait_for_list(page, "One", "Two")
    assert titles(page) == []
    page.click("click")
    other.wait_for_text("got-Open", "1")
    wait_for_list(page, "Two")
    page.click("act")
    other.wait_for_text("got-Review", "2")
    wait_for_list(page)
    expected = ["raised", "raised", "clicked", "closed", "action", "closed"]
    assert [one["sequence"] for one in wait_for(events, *expected)] == [1, 2, 3, 4, 5, 6]


# The browser --------------------------------------------------------------------------------------

KEEP_NOTIFICATIONS = """
    window.kept = [];
    window.Notification = class extends Notification {
        constructor(...given) {
            super(...given);
            window.kept.push(this);
            this.addEventListener('show', () => { this.wasShown = true; });
        }
    };
"""


def permit(page: Page, setting: str) -> None:
    origin = page.js("return location.origin")
    permission = {"name": "notifications"}
    page.devtools("Browser.setPermission", origin=origin, permission=permission, setting=setting)


@pytest.mark.whole_chromium
def test_not009_the_browser_shows_them_when_its_user_permits_it(apps: Apps) -> None:
    app = raising(apps, {"title": "New", "body": "MESSAGE", "clickInterop": {"method": "Open"}})
    permissions: list[Any] = []
    record(app, "notifications", "permission", permissions)
    events = recorded(app)
    page = apps.open(app)
    eventually(lambda: permissions[1:] == ["default"], lambda: f"{permissions}")
    permit(page, "granted")
    # No callback and no script asked: the browser told.
    eventually(lambda: permissions[2:] == ["granted"], lambda: f"{permissions}")
    page.js(KEEP_NOTIFICATIONS)
    page.click("raise")
    eventually(lambda: page.js("return kept[0]?.wasShown"), "the browser has shown it")
    assert page.js("return [kept[0].title, kept[0].body]") == ["New", "Check your portfolio!"]
    assert titles(page) == []
    received: list[Any] = []
    with connect(application="other") as interop:
        interop.register("Open", lambda: received.append(1))
        page.wait_for_servers("Open", 1)
        page.js("kept[0].dispatchEvent(new Event('click'))")
        wait_for(events, "raised", "clicked", "closed")
        eventually(lambda: received == [1], "the method is invoked")


@pytest.mark.whole_chromium
def test_not010_why_there_is_no_permission_is_said_and_toasts_take_over(apps: Apps) -> None:
    app = raising(apps, {"title": "New"})
    app.layout.children.append(html.Button("May we?", id="ask"))

    @app.callback(
        Output("notifications", "requestPermission"),
        Input("ask", "n_clicks"),
        prevent_initial_call=True,
    )
    def ask(clicks: int) -> int:
        return clicks

    events = recorded(app)
    page = apps.open(app)
    permit(page, "denied")
    page.click("ask")
    (error,) = wait_for(events, "error")
    assert error["operation"] == "requestPermission"
    assert "they can be allowed in its settings for the site" in error["message"]
    page.click("raise")
    wait_for_titles(page, "New")
    permit(page, "granted")
    page.click("ask")
    eventually(lambda: page.text("count-of-notifications-error") == "3", "the error is gone")


# Errors, and scripts of the page ------------------------------------------------------------------


def test_not011_what_is_wrong_is_an_error_and_the_next_notification_is_raised(apps: Apps) -> None:
    app = raising(apps, {"title": "Alert", "severity": "high"})
    events = recorded(app)
    page = apps.open(app)
    page.click("raise")
    page.click("raise")
    first, second = wait_for(events, "error", "error")
    assert 'severity cannot be "high": did you mean "High"?' in first["message"]
    assert first["sequence"] != second["sequence"]
    page.set_props("notifications", **{"raise": {"title": "Good"}})
    wait_for_titles(page, "Good")
    eventually(lambda: page.text("count-of-notifications-error") == "4", "the error is gone")


def test_not012_a_click_whose_method_nobody_offers_is_an_error(apps: Apps) -> None:
    app = raising(apps, {"title": "New", "clickInterop": {"method": "Fails"}})
    app.layout.children.append(MethodRegister(id="fails", definition="Fails", returns=True))

    @app.callback(Output("fails", "result"), Input("fails", "invoke"), prevent_initial_call=True)
    def fail(invoke: Any) -> Any:
        return {"invocationId": invoke["invocationId"], "error": {"message": "not today"}}

    events = recorded(app)
    page = apps.open(app)
    page.wait_for_servers("Fails", 1)
    page.click("raise")
    click(page, "New")
    raised, *_, error = wait_for(events, "raised", "clicked", "closed", "error")
    assert (error["operation"], error["id"]) == ("interop", raised["id"])
    assert (error["type"], error["message"]) == ("HandlerFailed", "not today")


def test_not013_scripts_of_the_page_use_io_notifications(apps: Apps) -> None:
    page = apps.open(apps.make("app", Notifications(id="notifications")))
    page.js(
        """
        window.heard = [];
        const {notifications} = window.glue42dash.glueInstance;
        notifications.raise({title: 'New'}).then((one) => {
            one.onclick = () => heard.push('clicked');
            one.onclose = () => heard.push('closed');
        });
        """
    )
    click(page, "New")
    assert page.js("return heard") == ["clicked", "closed"]


def test_not014_each_of_many_in_one_turn_is_raised_and_told_once_and_in_order(apps: Apps) -> None:
    app = apps.make("raiser", Notifications(id="notifications", display="none"))
    events = recorded(app)
    page = apps.open(app)
    page.js(
        """
        for (let number = 0; number < 50; number += 1) {
            dash_clientside.set_props('notifications', {raise: {title: 'New', data: number}});
        }
        """
    )
    raised = wait_for(events, *["raised"] * 50)
    assert [one["data"] for one in raised] == [*range(50)]
    assert len({one["id"] for one in raised}) == 50


@pytest.mark.every_engine
def test_not015_without_a_gesture_there_is_a_reason_and_no_wait(apps: Apps) -> None:
    app = apps.make("raiser", Notifications(id="notifications"))
    events = recorded(app)
    page = apps.open(app)
    page.set_props("notifications", requestPermission=True)
    (error,) = wait_for(events, "error")
    assert error["operation"] == "requestPermission"
    assert error["message"].endswith("Notifications are shown in the page instead")
