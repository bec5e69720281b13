"""ChannelSelector: what its user sees, and does with a mouse or with keys."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from dash import Dash, Input, Output, html
from selenium.webdriver.common.keys import Keys

from dash_interop import Channels, ChannelSelector, Interop
from tests.support.apps_parts import record
from tests.support.browser_apps import Apps
from tests.support.browser_pages import Page, eventually

users = itertools.count(1)

ON_SCREEN = """
    const {left, top, right, bottom} = document.querySelector('#selector [role=listbox]')
        .getBoundingClientRect();
    return left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
"""

# The contrast of two colors, as the guidelines for accessible content compute it.
CONTRAST = """
    const luminance = (color) => {
        const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map((value) => {
            const share = value / 255;
            return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const {color, backgroundColor, borderTopColor} = getComputedStyle(
        document.querySelector('#selector button'));
    const contrast = (one, other) => {
        const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
    };
    return [contrast(color, backgroundColor), contrast(borderTopColor, backgroundColor)];
"""


@pytest.fixture
def apps(apps: Apps) -> Apps:
    """Each test has the channels for itself: they are those of its user."""
    user = f"selecting-{next(users)}"
    apps.plugins = [Interop(user=lambda _: user)]
    return apps


def selecting(apps: Apps, mode: str = "single", **props: Any) -> tuple[Dash, list[Any]]:
    """An app with a selector, and the values that its callbacks get."""
    app = apps.make(
        "selecting",
        Channels(id="channels", mode=mode),  # pyright: ignore[reportArgumentType]
        ChannelSelector(id="selector", **props),
        html.Button(id="after"),
    )
    values: list[Any] = []
    record(app, "selector", "value", values)
    return app, values


def button(page: Page) -> Any:
    find = "return document.querySelector('#selector button:enabled')"
    return eventually(lambda: page.js(find), "the selector is enabled")


def wait_for_shown(page: Page, component_id: str, text: str) -> None:
    script = "return document.querySelector(`#${args[0]} button`)?.innerText.trim()"
    eventually(
        lambda: page.js(script, component_id) == text,
        lambda: f"{text}, but {page.js(script, component_id)}",
    )


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.driver.switch_to.active_element.send_keys(key)


def options(page: Page) -> list[str]:
    script = "return [...document.querySelectorAll('[role=option]')].map((each) => each.innerText)"
    return [" ".join(text.split()) for text in page.js(script)]


def choose(page: Page, name: str) -> None:
    page.js(
        "[...document.querySelectorAll('[role=option]')]"
        "    .find((each) => each.innerText.startsWith(args[0])).click()",
        name,
    )


def wait_for_value(values: list[Any], expected: Any) -> None:
    eventually(lambda: values and values[-1] == expected, lambda: f"{expected}, but {values}")


@pytest.mark.every_engine
def test_sel001_its_user_joins_and_leaves_channels_with_a_mouse(apps: Apps) -> None:
    app, values = selecting(apps)
    page = apps.open(app)
    button(page).click()
    assert options(page) == [
        "No channel ✓", "Red", "Orange", "Yellow", "Green", "Cyan", "Blue", "Purple", "Pink",
    ]  # fmt: skip
    page.driver.find_elements("css selector", "[role=option]")[4].click()
    wait_for_value(values, "Green")
    wait_for_shown(page, "selector", "Green")
    assert options(page) == []
    swatch = (
        "return getComputedStyle(document.querySelector('.channel-box-swatch')).backgroundColor"
    )
    assert page.js(swatch) == "rgb(56, 142, 60)"
    button(page).click()
    page.driver.find_elements("css selector", "[role=option]")[0].click()
    wait_for_value(values, None)
    assert values == [None, "Green", None]


@pytest.mark.every_engine
def test_sel002_it_works_with_keys_alone(apps: Apps) -> None:
    app, values = selecting(apps)
    page = apps.open(app)
    page.js("args[0].focus()", button(page))
    press(page, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    wait_for_value(values, "Orange")
    press(page, "b", Keys.ENTER)
    wait_for_value(values, "Blue")
    press(page, Keys.SPACE, Keys.END, Keys.ESCAPE)
    assert options(page) == []
    press(page, Keys.ENTER, Keys.HOME, Keys.SPACE)
    wait_for_value(values, None)
    assert values == [None, "Orange", "Blue", None]
    press(page, Keys.ENTER)
    assert len(options(page)) == 9
    press(page, Keys.TAB)
    assert options(page) == []
    assert page.js("return document.activeElement.id") == "after"


def test_sel003_several_channels_are_chosen_in_multi_mode(apps: Apps) -> None:
    app, values = selecting(apps, "multi")
    page = apps.open(app)
    button(page).click()
    choose(page, "Blue")
    wait_for_value(values, ["Blue"])
    choose(page, "Red")
    wait_for_value(values, ["Blue", "Red"])
    assert options(page)[1] == "Red ✓"
    page.js("dash_clientside.set_props('selector', {value: ['Red', 'Pink']})")
    wait_for_value(values, ["Red", "Pink"])
    wait_for_shown(page, "selector", "Red, Pink")
    choose(page, "No channel")
    wait_for_value(values, [])
    assert options(page) == []


def test_sel004_it_is_said_what_it_is_and_where_the_keys_are(apps: Apps) -> None:
    app, _ = selecting(apps, label="Color of this page", noChannel="None")
    page = apps.open(app)
    box = button(page)
    assert (box.aria_role, box.accessible_name) == ("combobox", "Color of this page")
    assert box.get_attribute("aria-expanded") == "false"
    page.js("args[0].focus()", box)
    press(page, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    active = box.get_attribute("aria-activedescendant")
    option = page.js("return document.getElementById(args[0])", active)
    assert (option.aria_role, option.text, option.get_attribute("aria-selected")) == (
        "option",
        "Red",
        "false",
    )
    listbox = page.js("return document.getElementById(args[0])", box.get_attribute("aria-controls"))
    assert (listbox.aria_role, listbox.accessible_name) == ("listbox", "Color of this page")
    outline = "return getComputedStyle(args[0]).outlineStyle"
    assert page.js(outline, box) == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sel005_it_can_be_read_on_light_and_on_dark_pages(apps: Apps, scheme: str) -> None:
    app, _ = selecting(apps)
    page = apps.open(app)
    page.js("document.documentElement.style.colorScheme = args[0]", scheme)
    button(page)
    text, border = page.js(CONTRAST)
    assert text >= 7
    assert border >= 3


@pytest.mark.parametrize(
    "place", [{"left": 0, "top": 0}, {"right": 0, "top": 0}, {"right": 0, "bottom": 0}]
)
def test_sel006_its_list_is_on_the_screen_wherever_it_stands(
    apps: Apps, place: dict[str, int]
) -> None:
    app, values = selecting(apps, style={"position": "fixed", "minWidth": 80, "width": 90, **place})
    page = apps.open(app)
    button(page).click()
    eventually(lambda: page.js(ON_SCREEN), "all of the list is on the screen")
    choose(page, "Pink")
    wait_for_value(values, "Pink")


def test_sel007_nothing_around_it_cuts_its_list_off(apps: Apps) -> None:
    box = html.Div(
        ChannelSelector(id="selector"),
        style={"overflow": "hidden", "height": 40, "transform": "translateX(10px)"},
    )
    app = apps.make("cut", box, html.Div(style={"position": "relative", "zIndex": 5000}))
    page = apps.open(app)
    button(page).click()
    option = page.driver.find_elements("css selector", "[role=option]")[8]
    is_in_front = """
        const {left, top, width, height} = args[0].getBoundingClientRect();
        return args[0].contains(document.elementFromPoint(left + width / 2, top + height / 2));
    """
    assert page.js(is_in_front, option)
    option.click()
    wait_for_shown(page, "selector", "Pink")


def test_sel008_the_browser_remembers_the_channel_where_the_app_wants_it(apps: Apps) -> None:
    app, values = selecting(apps, persistence=True, persistence_type="session")
    page = apps.open(app)
    button(page).click()
    choose(page, "Red")
    wait_for_value(values, "Red")
    values.clear()
    page.load()
    page.wait_until_connected()
    wait_for_shown(page, "selector", "Red")
    my = "return window.glue42dash.glueInstance.channels.my()"
    eventually(lambda: page.js(my) == "Red", "the page is on it")
    assert values[-1] == "Red"


def test_sel009_several_of_a_page_and_its_callbacks_agree(apps: Apps) -> None:
    app = apps.make(
        "agreeing",
        ChannelSelector(id="first", channels=["Blue", "Red", "Gold"]),
        ChannelSelector(id="second", value="Green"),
        html.Button(id="move"),
        html.P(id="seen"),
    )

    @app.callback(Output("first", "value"), Input("move", "n_clicks"), prevent_initial_call=True)
    def move(clicks: int) -> str | None:
        return ["Red", None][clicks - 1]

    @app.callback(Output("seen", "children"), Input("second", "value"))
    def show(value: str | None) -> str:
        return str(value)

    page = apps.open(app)
    wait_for_shown(page, "first", "Green")
    page.wait_for_text("seen", "Green")
    page.click("move")
    wait_for_shown(page, "second", "Red")
    page.wait_for_text("seen", "Red")
    page.js("document.querySelector('#first button').click()")
    assert options(page) == ["No channel", "Blue", "Red ✓"]
    page.click("move")
    page.wait_for_text("seen", "None")
    wait_for_shown(page, "first", "No channel")
