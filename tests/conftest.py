"""What keeps tests that run at the same time apart, which of them come first, and their heap."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies
from selenium.webdriver.chrome.options import Options

from tests.support.browser_chromium import SHELL, chrome_options
from tests.support.distribution import Distribution
from tests.support.embedded import end_shared_gateways
from tests.support.ports import free_range

HERE = Path(__file__).resolve().parent

LONGEST_FIRST = (
    "package",
    "notebook",
    "deployment",
    "examples",
    "browser",
    "documents",
    "conformance",
)
"""Folders with tests that take seconds each: the workers end together when these are done early."""

# Newer versions of selenium look for browsers and drivers on the internet.
os.environ["SE_OFFLINE"] = "true"


def pytest_setup_options() -> Options:
    """The options of ``dash[testing]``'s browser."""
    return chrome_options(SHELL)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def pytest_collection_finish() -> None:
    # In its first test, Hypothesis looks for who refers to its source of randomness, and would not
    # find what is frozen.
    _first_of_hypothesis()
    # Thousands of tests and all that they import: each look for garbage would go through them.
    gc.collect()
    gc.freeze()


@settings(database=None)
@given(strategies.none())
def _first_of_hypothesis(_: None) -> None:
    pass


def _place(item: pytest.Item) -> int:
    folder = item.path.relative_to(HERE).parts[0]
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    report = yield
    # Half of an emoji, which a test prints or logs, would not reach the first process.
    report.sections = [(title, _whole(text)) for title, text in report.sections]
    return report


def _whole(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Distribution:
    return Distribution(config, log)


@pytest.fixture(scope="session", autouse=True)
def own_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """
    Neither the settings, the secret nor the shared gateway of whoever runs the tests, or of the
    other workers.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("DASH_INTEROP_")]:
            patch.delenv(name)
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        patch.setenv("DASH_INTEROP_PORT", str(free_range()))
        yield
        # Those of programs that had directories of their own, too.
        end_shared_gateways(tmp_path_factory.getbasetemp())
