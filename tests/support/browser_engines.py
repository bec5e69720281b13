"""The engines that the browser tests run in, and what one of them cannot do."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.support.browser_chromium import WHOLE, Chromium
from tests.support.browser_firefox import Firefox
from tests.support.browser_pages import Engine
from tests.support.browser_webkit import WebKit

__all__ = ["ENGINES", "LIMITS", "engines_of", "runs_every_test"]

ENGINES: dict[str, Callable[[], Engine]] = {
    "chromium": Chromium,
    "whole-chromium": partial(Chromium, WHOLE),
    "firefox": Firefox,
    "webkit": WebKit,
}

LIMITS: dict[tuple[str, str], str] = {
    (
        "webkit",
        "test_con018_a_page_of_another_machine_learns_that_the_gateway_is_for_this_one_only",
    ): "its browser takes no address for a host name, as the other two do",
    (
        "webkit",
        "test_dia004_an_invocation_ends_at_once_when_the_page_will_not_be_connected",
    ): "its browser takes no address for a host name, as the other two do",
    (
        "firefox",
        "test_lif001_a_page_in_the_back_forward_cache_offers_nothing_until_it_is_back",
    ): "it does not keep a page with an open socket in its back/forward cache",
    (
        "firefox",
        "test_lif002_a_frozen_page_offers_nothing_until_it_goes_on",
    ): "only the driver of Chromium freezes a page",
    (
        "webkit",
        "test_lif002_a_frozen_page_offers_nothing_until_it_goes_on",
    ): "only the driver of Chromium freezes a page",
    (
        "firefox",
        "test_not009_the_browser_shows_them_when_its_user_permits_it",
    ): "only the driver of Chromium changes permissions",
    (
        "webkit",
        "test_not009_the_browser_shows_them_when_its_user_permits_it",
    ): "only the driver of Chromium changes permissions",
    (
        "firefox",
        "test_not010_why_there_is_no_permission_is_said_and_toasts_take_over",
    ): "only the driver of Chromium changes permissions",
    (
        "webkit",
        "test_not010_why_there_is_no_permission_is_said_and_toasts_take_over",
    ): "only the driver of Chromium changes permissions",
    (
        "whole-chromium",
        "test_win001_a_callback_opens_a_window_with_a_size",
    ): "without a screen, all its windows have one size",
    (
        "webkit",
        "test_win001_a_callback_opens_a_window_with_a_size",
    ): "it blocks windows that the server asks for",
    (
        "firefox",
        "test_win005_a_browser_that_blocks_it_is_an_error_that_says_what_to_do",
    ): "its driver lets a click open several windows",
    (
        "webkit",
        "test_win005_a_browser_that_blocks_it_is_an_error_that_says_what_to_do",
    ): "its driver lets a click open several windows",
    (
        "firefox",
        "test_plat011_the_platform_shows_notifications_and_invokes_what_they_invoke",
    ): "only the driver of Chromium permits notifications",
    (
        "webkit",
        "test_plat011_the_platform_shows_notifications_and_invokes_what_they_invoke",
    ): "only the driver of Chromium permits notifications",
    (
        "webkit",
        "test_plat012_windows_are_opened_by_the_platform_with_a_context",
    ): "the platform takes its time, and WebKit opens windows right after a click only",
}
"""Why a test fails in an engine; one that passes nevertheless is an error."""


def engines_of(test: str, *, core: bool, whole: bool) -> list[Any]:
    """
    The engines for a test, as parameters for pytest.

    They are those that ``DASH_INTEROP_TEST_ENGINES`` names. When it names none, Chromium runs
    every test, and Firefox and WebKit run those of the core.

    Args:
        test: The name of its function.
        core: Whether it is of the core.
        whole: Whether it needs what the headless shell of Chromium leaves out.
    """
    names = _named() or ["chromium", *(("firefox", "webkit") if core else ())]
    if whole:
        names = ["whole-chromium" if name == "chromium" else name for name in names]
        names = list(dict.fromkeys(names))
    return [_parameter(name, test) for name in names]


def runs_every_test(engine: str) -> bool:
    """Whether it runs more than the core."""
    return bool(_named()) or "chromium" in engine


def _named() -> list[str]:
    named = os.environ.get("DASH_INTEROP_TEST_ENGINES", "").split(",")
    names = [name.strip() for name in named if name.strip()]
    for name in names:
        if name not in ENGINES:
            raise pytest.UsageError(
                f"DASH_INTEROP_TEST_ENGINES has {name!r}; the engines are {', '.join(ENGINES)}."
            )
    return names


def _parameter(name: str, test: str) -> Any:
    reason = LIMITS.get((name, test))
    return pytest.param(name, marks=[pytest.mark.xfail(reason=reason)] if reason else [])
