"""The tables of values: each row, from a Python process and from a page, to either."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from dash import Dash, Input, Output, html

from dash_interop import (
    Glue42,
    InvalidArguments,
    InvalidResult,
    MethodInvoke,
    MethodRegister,
    method_handler,
    portable_value,
    returned_value,
)
from dash_interop.client.sync import InteropClient, Subscription, connect
from tests.support.documents import ROOT, programs, run
from tests.support.gateways import GatewayProcess
from tests.support.ports import page_port

DOCUMENT = "docs/values.md"
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")
PROGRAMS = dict(programs(DOCUMENT))
NAMES = run(PROGRAMS["Values"])


class Row(NamedTuple):
    """What is sent, as code, and what the table says of it."""

    sent: str
    said: str

    @property
    def value(self) -> Any:
        return eval(self.sent, NAMES)

    @property
    def arrives(self) -> Any:
        return eval(self.said.strip("`"), NAMES)


def rows(heading: str) -> list[Any]:
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = [Row(*cells) for cells in re.findall(r"^\| `(.*)` \| (.*) \|$", section, re.MULTILINE)]
    assert len(found) > 10
    return [pytest.param(row, id=row.sent) for row in found]


ARRIVES = rows("What arrives")
REFUSED = rows("What is refused")


def typed(value: Any) -> Any:
    """So that ``1``, ``1.0`` and ``True`` differ."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value), value


def in_page(value: Any) -> Any:
    """What a page's callback gets where a Python peer gets ``value``."""
    if isinstance(value, dict):
        return {key: in_page(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_page(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


# Between Python processes


class Python:
    """Two peers, and a value on its way from one to the other in each of the three ways."""

    def __init__(self, one: InteropClient, other: InteropClient) -> None:
        self._one = one
        self._give: Callable[[], Any] = lambda: None
        other.register("Give", lambda: {"value": self._give()})
        other.register("Take", lambda args: args)
        self._stream = other.create_stream("Values")
        self._data: Subscription = one.subscribe("Values")

    def as_argument(self, value: Any) -> Any:
        return self._one.invoke("Take", {"deep": [value], "value": value}).returned

    def as_result(self, value: Any) -> Any:
        self._give = lambda: value
        return self._one.invoke("Give").returned

    def as_stream_data(self, value: Any) -> Any:
        self._stream.push({"value": value})
        return next(iter(self._data)).data


@pytest.fixture(scope="module")
def python(running_gateway: GatewayProcess, secret_file: Path) -> Iterator[Python]:
    with (
        connect(running_gateway.url, application="one", secret_file=secret_file) as one,
        connect(running_gateway.url, application="other", secret_file=secret_file) as other,
    ):
        yield Python(one, other)


@pytest.mark.parametrize("row", ARRIVES)
def test_value_arrives_in_python(python: Python, row: Row) -> None:
    expected = row.arrives
    taken = python.as_argument(row.value)
    assert typed(taken) == typed({"deep": [expected], "value": expected})
    assert typed(python.as_result(row.value)) == typed({"value": expected})
    assert typed(python.as_stream_data(row.value)) == typed({"value": expected})


@pytest.mark.parametrize("row", REFUSED)
def test_value_is_refused_where_it_is_sent(python: Python, row: Row) -> None:
    said = re.escape(row.said)
    with pytest.raises(InvalidArguments, match=rf"args\.deep\[0\](\[\d\])* {said}"):
        python.as_argument(row.value)
    with pytest.raises(InvalidResult, match=rf"result\.value(\[\d\])* {said}"):
        python.as_result(row.value)
    with pytest.raises(ValueError, match=rf"data\.value(\[\d\])* {said}"):
        python.as_stream_data(row.value)


# From pages and to them


@pytest.mark.usefixtures("gateway")
def test_values_arrive_from_pages_and_in_pages(dash_duo: Any) -> None:
    table: list[Row] = [parameter.values[0] for parameter in ARRIVES]
    refused: list[Row] = [parameter.values[0] for parameter in REFUSED]
    seen: dict[str, dict[str, Any]] = {}

    app = Dash("values")
    app.layout = Glue42(
        id="glue42",
        children=[
            MethodRegister(id="give", definition="GiveFromPage", returns=True),
            MethodRegister(id="take", definition="TakeInPage", returns=True),
            MethodInvoke(id="invoke"),
            html.Button("Go", id="go"),
            html.P(id="done"),
        ],
    )

    @method_handler("give", app=app)
    def give(args: Any, caller: Any) -> Any:
        return {"value": Row(args["what"], "").value}

    @method_handler("take", app=app)
    def take(args: Any, caller: Any) -> None:
        seen["page's handler"] = args

    @app.callback(Output("invoke", "invoke"), Input("go", "n_clicks"), prevent_initial_call=True)
    def go(_: Any) -> Any:
        arguments = portable_value({row.sent: row.value for row in table})
        return {"definition": "Collect", "argumentObj": arguments}

    @app.callback(Output("done", "children"), Input("invoke", "result"))
    def done(result: Any) -> str:
        seen["page's caller"] = returned_value(result)
        return "done"

    def collect(args: Any) -> Any:
        seen["Python's handler"] = args
        return {row.sent: row.value for row in table}

    dash_duo.start_server(app, port=page_port())
    with connect(application="Python") as peer:
        peer.register("Collect", collect)
        peer.invoke("TakeInPage", {row.sent: row.value for row in table})
        dash_duo.find_element("#go").click()
        dash_duo.wait_for_text_to_equal("#done", "done")
        for row in table:
            returned = peer.invoke("GiveFromPage", {"what": row.sent}).returned["value"]
            assert typed(returned) == typed(row.arrives), row.sent
            assert typed(seen["Python's handler"][row.sent]) == typed(row.arrives), row.sent
            for page in ("page's handler", "page's caller"):
                assert typed(seen[page][row.sent]) == typed(in_page(row.arrives)), (page, row.sent)
        for row in refused:
            with pytest.raises(
                InvalidResult, match=rf"result\.value(\[\d\])* {re.escape(row.said)}"
            ):
                peer.invoke("GiveFromPage", {"what": row.sent})


# What a callback writes itself


def test_app_of_the_document_serves() -> None:
    app: Dash = run(PROGRAMS["Written by a callback"], "values")["app"]
    assert app.server.test_client().get("/_dash-layout").status_code == 200


@pytest.mark.parametrize("row", REFUSED)
def test_value_that_a_callback_writes_is_refused(row: Row) -> None:
    with pytest.raises(ValueError, match=rf"^value(\[\d\])* {re.escape(row.said)}"):
        portable_value(row.value)
