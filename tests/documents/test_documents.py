"""The code that README and guide show runs, and that of every other document has a test."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from selenium.common.exceptions import TimeoutException

from dash_interop.cli import commands as command_line
from tests.support.documents import ROOT, commands, documents, programs, read, run, said
from tests.support.ports import page_port

TESTED = {
    "README.md": "here",
    "docs/guide.md": "here",
    "docs/python.md": "test_python.py",
    "docs/howto/celery.md": "test_howto.py",
    "docs/howto/channels.md": "test_howto.py",
    "docs/howto/cli.md": "test_howto.py",
    "docs/howto/migrate.md": "test_howto.py",
    "docs/howto/notebook.md": "test_howto.py",
    "docs/howto/notifications.md": "test_howto.py",
    "docs/howto/push-to-tab.md": "test_howto.py",
    "docs/howto/script.md": "test_howto.py",
    "docs/howto/server-method.md": "test_howto.py",
    "docs/howto/streams.md": "test_howto.py",
    "docs/howto/windows.md": "test_howto.py",
    "docs/howto/tunnel.md": "test_howto.py",
    "docs/values.md": "test_values.py",
}

OTHERS = {".bench/"}
"""What is there only after a command has made it."""

CANCEL = re.compile(r"cancel=Input\(")
"""For which Dash makes a callback of its own."""

CALLBACK = re.compile(r"^@(?:(?:app\.)?callback|\w+_handler)\(", re.MULTILINE)


def test_every_document_with_code_has_a_test() -> None:
    assert set(documents()) == set(TESTED)


@pytest.mark.parametrize(
    "program", [pytest.param(code, id=title) for title, code in programs("docs/guide.md")]
)
def test_guide_program_makes_an_app_that_serves(program: str) -> None:
    names = run(program, "guide")
    app: Dash = names["app"]
    if app.layout is None:
        app.layout = []
    client = app.server.test_client()
    assert client.get("/_dash-layout").status_code == 200
    dependencies = json.loads(client.get("/_dash-dependencies").data)
    expected = len(CALLBACK.findall(program)) + len(CANCEL.findall(program))
    assert len(dependencies) == expected
    if "interop" in names:
        names["interop"].stop()


def test_readme_example_adds_37_and_5(dash_duo: Any, capsys: pytest.CaptureFixture[str]) -> None:
    page = read("README.md")
    app, script = page.cells["dash_interop"]
    assert set(page.cells) == {"dash_interop", "Streams"} and not page.files
    with shown(app, dash_duo):
        dash_duo.wait_for_element("#go").click()
        dash_duo.wait_for_text_to_equal("#answer", "The sum is 42")
        capsys.readouterr()
        run(script, "README")
        assert capsys.readouterr().out.splitlines() == said(script) == ["42"]


def test_readme_example_publishes_and_subscribes(dash_duo: Any) -> None:
    with shown(read("README.md").programs["Streams"], dash_duo):
        button = dash_duo.wait_for_element("#go")
        number = 0
        # What is pushed before the page has subscribed is for nobody.
        for number in range(1, 11):
            button.click()
            with suppress(TimeoutException):
                dash_duo.wait_for_text_to_equal("#news", f"{number}: It works", timeout=1)
                break
        button.click()
        dash_duo.wait_for_text_to_equal("#news", f"{number + 1}: It works")


@contextmanager
def shown(program: str, dash_duo: Any) -> Iterator[None]:
    """The app of the README in the browser, whose page does not complain."""
    dash_duo.start_server(run(program, "README")["app"], port=page_port())
    yield
    assert [entry for entry in dash_duo.get_logs() if entry["level"] == "SEVERE"] == []


def test_links_lead_somewhere() -> None:
    for file in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("findings/*.md")):
        text, document = file.read_text(encoding="utf-8"), file.relative_to(ROOT)
        for link in re.findall(r"\]\(([^)]+)\)", text):
            path, _, anchor = link.partition("#")
            if not link.startswith("http"):
                found = ((ROOT / document).parent / path) if path else ROOT / document
                assert found.exists(), (document, link)
                assert not anchor or anchor in anchors(found), (document, link)


@pytest.mark.parametrize(
    "document", ["CONTRIBUTING.md", "docs/design.md", "docs/protocol.md", "findings/README.md"]
)
def test_files_that_are_named_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`([\w.][\w./-]*/|[\w./-]+\.(?:py|tsx?|mjs|md|sh|json))`", text)
    assert named
    # Those of the Python package go without its name.
    folders = (ROOT, ROOT / "dash_interop")
    missing = {name for name in named if not any((each / name).exists() for each in folders)}
    assert missing <= OTHERS


@pytest.mark.parametrize("document", documents())
def test_commands_have_the_options_that_are_shown(document: str) -> None:
    for line in commands(document):
        words = shlex.split(line, comments=True)
        if "dash-interop" in words:
            name, *arguments = words[words.index("dash-interop") + 1 :]
            end = next((i for i, word in enumerate(arguments) if word in ("|", ">", "&&")), None)
            arguments = ["{}" if word == "-" else word for word in arguments[:end]]
            # As a part of the program: a command keeps what it first hears of its options.
            whole = command_line.make_context("dash-interop", [name])
            command_line.commands[name].make_context(name, arguments, parent=whole)


def anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
