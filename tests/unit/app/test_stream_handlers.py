"""Functions that get the data of a stream, called as the browser calls them."""

from typing import Any

import pytest
from dash import ALL, Dash, Output, Patch, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

from dash_interop import RegistrationError, StreamSubscribe, stream_handler

SERVER = {"application": "publisher", "instance": "i"}


class Page:
    """An app with a ``StreamSubscribe`` and the browser's side of its callbacks."""

    def __init__(self, post: Any, backend: str = "flask", **options: Any) -> None:
        self.app = Dash("subscribing", backend=backend, **options)
        self.app.layout = html.Div(
            [
                StreamSubscribe(id="prices", definition="Prices"),
                dcc.Input(id="limit", value=1),
                html.P(id="out"),
                html.P(id="other"),
            ]
        )
        self._post = post

    def run(self, data, *values, outputs=("out",), changed="prices.data"):
        """One run of the callback; returns status and what it sets."""
        targets = [{"id": name, "property": "children"} for name in outputs]
        keys = [f"{name}.children" for name in outputs]
        body = {
            "output": keys[0] if len(keys) == 1 else f"..{'...'.join(keys)}..",
            "outputs": targets[0] if len(targets) == 1 else targets,
            "inputs": [{"id": "prices", "property": "data", "value": data}],
            "changedPropIds": [changed],
            "state": [{"id": name, "property": "value", "value": value} for name, value in values],
        }
        status, answer = self._post(self.app, "/_dash-update-component", body)
        return status, (answer or {}).get("response")

    def update(self, data, *values):
        """What the callback sets the output ``out`` to."""
        status, response = self.run(data, *values)
        assert status == 200
        assert response is not None
        return response["out"]["children"]


OUT = Output("out", "children")


def datum(sequence=1, **data):
    return {
        "data": data,
        "private": False,
        "requestArguments": {"isin": "X"},
        "server": SERVER,
        "sequence": sequence,
    }


@pytest.fixture
def page(post):
    return Page(post)


def test_handler_gets_fields_special_names_and_state(page):
    seen = []

    @stream_handler("prices", State("limit", "value"), output=OUT, app=page.app)
    def take(data, server, private, sequence, request_arguments, replaced, price, size=9, limit=0):
        seen.append((data, server, private, sequence, request_arguments, replaced))
        return [price, size, limit]

    assert page.update(datum(4, price=1.5), ("limit", 3)) == [1.5, 9, 3]
    assert seen == [({"price": 1.5}, SERVER, False, 4, {"isin": "X"}, 0)]
    page.update({**datum(5, price=1), "replaced": 7, "private": True}, ("limit", 3))
    assert seen[1] == ({"price": 1}, SERVER, True, 5, {"isin": "X"}, 7)


def test_names_of_method_handlers_are_fields_here(page):
    stream_handler("prices", output=OUT, app=page.app)(
        lambda args, caller, **rest: [args, caller, rest]
    )
    assert page.update(datum(args=1, caller="x", more=2)) == [1, "x", {"more": 2}]


@pytest.mark.parametrize("pushed", [[1, 2], "text", None, 5])
def test_data_that_is_not_a_dict_has_no_fields(page, pushed):
    @stream_handler("prices", output=OUT, app=page.app)
    def take(data, price=0):
        return [data, price]

    assert page.update({**datum(), "data": pushed}) == [pushed, 0]


@pytest.mark.parametrize("backend", ["flask", "fastapi", "quart"])
def test_handler_may_be_async(post, backend):
    page = Page(post, backend)

    @stream_handler("prices", output=OUT, app=page.app)
    async def take(price):
        return price

    assert page.update(datum(price=5)) == 5


def test_each_datum_of_a_batch_is_handled_and_the_last_update_counts(page):
    seen = []

    @stream_handler("prices", output=[OUT, Output("other", "children")], app=page.app)
    def take(sequence, price):
        seen.append(sequence)
        return price, no_update if sequence > 2 else sequence

    batch = [datum(n, price=n * 10) for n in (1, 2, 3)]
    status, response = page.run(batch, outputs=("out", "other"))
    assert status == 200
    assert seen == [1, 2, 3]
    assert response == {"out": {"children": 30}, "other": {"children": 2}}


def test_every_patch_of_a_batch_counts(page):
    @stream_handler("prices", output=OUT, app=page.app)
    def take(price):
        patch = Patch()
        patch.append(price)
        return patch

    operations = page.update([datum(n, price=n) for n in (1, 2)])["operations"]
    assert [each["params"]["value"] for each in operations] == [1, 2]


def test_without_output_it_returns_nothing(page):
    seen = []
    stream_handler("prices", app=page.app)(lambda price: seen.append(price))
    body = {
        "output": next(iter(page.app.callback_map)),
        "outputs": [],
        "inputs": [{"id": "prices", "property": "data", "value": datum(price=5)}],
        "changedPropIds": ["prices.data"],
        "state": [],
    }
    status, _ = page._post(page.app, "/_dash-update-component", body)
    assert (status, seen) == (204, [5])


def test_exception_goes_to_the_log_and_the_data_after_it_are_handled(page, caplog):
    error = ValueError("no")

    @stream_handler("prices", output=OUT, app=page.app)
    def take(price):
        if price == 2:
            raise error
        return price

    assert page.update([datum(n, price=n) for n in (1, 2)]) == 1
    assert page.update([datum(n, price=n) for n in (1, 2, 3)]) == 3
    assert [record.exc_info[1] for record in caplog.records] == [error, error]


def test_datum_without_a_field_is_told_in_the_log(page, caplog):
    @stream_handler("prices", output=OUT, app=page.app)
    def take(price):
        return price

    assert page.update([datum(1, price=1), datum(2, cost=2)]) == 1
    (record,) = caplog.records
    assert record.getMessage() == (
        "the handler test_datum_without_a_field_is_told_in_the_log.<locals>.take was not called: "
        "take: argument price is missing. Given is cost, which a parameter named data gets as a "
        "dict"
    )


def test_datum_that_does_not_fit_the_hints_is_told(page, caplog):
    @stream_handler("prices", output=OUT, validate="strict", app=page.app)
    def take(server: dict[str, Any], sequence: int, price: float):
        return price

    assert page.update([datum(1, price=1.5), datum(2, price="two")]) == 1.5
    (record,) = caplog.records
    assert "argument price has to be a double, not a string" in record.getMessage()


def test_on_error_may_update_in_its_place(page, caplog):
    @stream_handler("prices", output=OUT, on_error=str, app=page.app)
    def take():
        raise ValueError("what happened")

    assert page.update(datum()) == "what happened"
    assert caplog.records


@pytest.mark.parametrize("data, changed", [(None, "prices.data"), (datum(), "limit.value")])
def test_run_without_data_calls_nobody(page, data, changed):
    @stream_handler("prices", output=OUT, app=page.app)
    def take():
        raise AssertionError("called")

    assert page.run(data, changed=changed) == (204, None)


def test_handler_may_prevent_the_update(page, caplog):
    @stream_handler("prices", output=OUT, app=page.app)
    def take():
        raise PreventUpdate

    assert page.run(datum()) == (200, {})
    assert caplog.records == []


@pytest.mark.parametrize(
    "component_id, dependencies, told",
    [
        (5, (), 'id of a StreamSubscribe, as in @stream_handler("prices"), and not 5'),
        ({"type": "prices", "row": ALL}, (), "write MATCH instead of ALL"),
        ("prices", (Output("limit", "value"),), "is an Output"),
    ],
)
def test_what_cannot_be_handled_is_refused(page, component_id, dependencies, told):
    with pytest.raises(RegistrationError) as caught:
        stream_handler(component_id, *dependencies, app=page.app)
    assert told in str(caught.value)


def test_function_that_lacks_a_parameter_for_a_dependency_is_refused(page):
    decorate = stream_handler("prices", State("limit", "value"), output=OUT, app=page.app)
    with pytest.raises(RegistrationError, match="needs one more parameter at the end"):
        decorate(lambda data: None)
