"""The code that README and guide show runs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import Dash

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def programs(document: str) -> Iterator[tuple[str, str]]:
    """Each heading whose text has Python in it, with that Python as one program."""
    text = (ROOT / document).read_text(encoding="utf-8")
    headings = list(HEADING.finditer(FENCE.sub(lambda code: code[0].replace("#", " "), text)))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        end = following.start() if following else len(text)
        blocks = FENCE.findall(text[heading.end() : end])
        if blocks:
            yield heading[1], "\n".join(blocks)


def run(program: str, name: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "documented"}
    exec(compile(program, name, "exec"), names)
    return names


@pytest.mark.parametrize(
    "program", [pytest.param(code, id=title) for title, code in programs("docs/guide.md")]
)
def test_guide_program_makes_an_app_that_serves(program: str) -> None:
    app: Dash = run(program, "guide")["app"]
    if app.layout is None:
        app.layout = []
    client = app.server.test_client()
    assert client.get("/_dash-layout").status_code == 200
    dependencies = json.loads(client.get("/_dash-dependencies").data)
    assert len(dependencies) == len(re.findall(r"^@", program, re.MULTILINE))


def test_readme_example_adds_37_and_5(dash_duo: Any) -> None:
    (_, program), *_ = programs("README.md")
    dash_duo.start_server(run(program, "README")["app"])
    dash_duo.wait_for_element("#go").click()
    dash_duo.wait_for_text_to_equal("#answer", "The sum is 42")
    assert [entry for entry in dash_duo.get_logs() if entry["level"] == "SEVERE"] == []
