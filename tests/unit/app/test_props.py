"""What a component does not let pass when it is made."""

import inspect
import subprocess
import sys
from typing import Any

import pytest
from dash import html
from dash.development.base_component import ComponentRegistry

import dash_interop
from dash_interop import (
    Channels,
    ChannelSelector,
    ConfigError,
    Discovery,
    Glue42,
    InteropError,
    MethodInvoke,
    MethodRegister,
    RegistrationError,
)


@pytest.mark.parametrize(
    "id, definition, said",
    [
        (
            {"id": "sum"},
            {"name": "Sum", "accepts": "doubel a"},
            "MethodRegister sum: the accepts of Sum is malformed: "
            "expected a type (bool, int, double, long, string, datetime, tuple or composite), "
            "found 'doubel' at character 1",
        ),
        (
            {"id": {"row": 1}},
            {"name": "Sum", "accepts": "int a", "returns": "int"},
            "MethodRegister {'row': 1}: the returns of Sum is malformed: "
            "expected a name, found the end at character 4",
        ),
        (
            {},
            {"name": "Sum", "returns": "int[ a"},
            "MethodRegister: the returns of Sum is malformed: "
            "expected ']', found 'a' at character 6",
        ),
    ],
)
def test_malformed_signature_is_an_exception_where_the_component_is_made(id, definition, said):
    with pytest.raises(RegistrationError) as caught:
        MethodRegister(**id, definition=definition, returns=True)
    assert str(caught.value) == said
    assert isinstance(caught.value, InteropError)


def test_filter_of_a_discovery_that_is_not_usable_is_an_exception_where_it_is_made():
    with pytest.raises(ConfigError) as caught:
        Discovery(id="find", instance="Trades")  # pyright: ignore[reportArgumentType]
    message = "Discovery find: instance has to be a dict or a list of dicts, not 'Trades'"
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "component, props, message",
    [
        (
            Channels,
            {"mode": "mutli"},
            "Channels here: mode has to be 'single' or 'multi', not 'mutli': did you mean 'multi'?",
        ),
        (Channels, {"mode": ["multi"]}, "Channels here: mode has to be 'single' or 'multi'"),
        (
            ChannelSelector,
            {"channels": "Red"},
            "ChannelSelector here: channels has to be a list of names, not 'Red'",
        ),
    ],
)
def test_props_for_channels_that_are_not_usable_are_an_exception(component, props, message):
    with pytest.raises(ConfigError) as caught:
        component(id="here", **props)
    assert message in str(caught.value)
    assert component(id="here", **dict.fromkeys(props)).id == "here"


def test_definition_given_by_position_is_checked_too():
    with pytest.raises(RegistrationError, match="^MethodRegister: the accepts of Sum"):
        MethodRegister({"name": "Sum", "accepts": "doubel a"}, True)


@pytest.mark.parametrize(
    "definition",
    [
        "Sum",
        {"name": "Sum"},
        {"name": "Sum", "accepts": "double a, double b", "returns": ""},
        {"name": "Sum", "accepts": None, "returns": None},
    ],
)
def test_what_is_well_formed_is_left_alone(definition):
    made = MethodRegister(id="sum", definition=definition, returns=False, batch=True)
    assert made.to_plotly_json() == {
        "props": {"definition": definition, "returns": False, "batch": True, "id": "sum"},
        "type": "MethodRegister",
        "namespace": "dash_interop",
    }


def test_class_is_to_dash_what_it_was():
    from dash_interop.MethodRegister import MethodRegister as generated

    assert MethodRegister is generated
    assert (MethodRegister.__name__, MethodRegister._type) == ("MethodRegister",) * 2
    # Dash knows those that were imported so far, by whichever test.
    children_props = ComponentRegistry.children_props["dash_interop"]
    assert {"Glue42", "MethodInvoke", "MethodRegister"} <= set(children_props)
    assert children_props["Glue42"] == ["fallback"]
    parameters = list(inspect.signature(MethodRegister.__init__).parameters)
    assert parameters[:3] == ["self", "definition", "returns"]


def test_what_dash_refuses_is_refused_in_its_words():
    with pytest.raises(TypeError, match="Required argument `returns` was not specified"):
        incomplete: dict[str, Any] = {"id": "sum", "definition": "Sum"}
        MethodRegister(**incomplete)
    with pytest.raises(TypeError, match="unexpected keyword argument: `return`"):
        wrong: dict[str, Any] = {"return": 1}
        MethodRegister(id="sum", definition="Sum", returns=True, **wrong)


def test_other_components_take_what_they_took():
    root = Glue42(id="root", children=[html.P("a")])
    assert root.to_plotly_json()["props"]["id"] == "root"
    invoke: Any = {"definition": "Sum"}
    made = MethodInvoke(id="invoke", invoke=invoke)
    assert made.to_plotly_json()["props"]["invoke"] == invoke


@pytest.mark.parametrize(
    "way",
    [
        "import dash_interop; dash_interop.MethodRegister",
        "from dash_interop import MethodRegister",
        "import dash_interop as dash_glue42; dash_glue42.MethodRegister",
        "from dash_interop import *; MethodRegister",
    ],
)
def test_it_is_so_however_the_class_is_imported(way):
    code = f"""
{way}
import dash_interop
try:
    dash_interop.MethodRegister(definition={{"name": "Sum", "accepts": "x"}}, returns=True)
except dash_interop.RegistrationError as error:
    print(error)
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout.startswith("MethodRegister: the accepts of Sum is malformed")


def test_package_has_one_class_of_each_name():
    assert dash_interop.MethodRegister is MethodRegister
