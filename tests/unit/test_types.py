"""What type checkers know of components and dicts, held to what there is."""

import ast
import inspect
import json
import keyword
from pathlib import Path
from typing import get_args

import msgspec
import pytest

import dash_interop
from dash_interop import types
from dash_interop.app.prop_checks import INVOKE_KEYS, OPTION_KEYS
from dash_interop.errors import BY_TYPE
from dash_interop.wire.definitions import MethodDefinition

PACKAGE = Path(dash_interop.__file__).parent


@pytest.mark.parametrize(
    "name",
    [
        "Context",
        "Contexts",
        "ChannelSelector",
        "Channels",
        "Discovery",
        "MethodInvoke",
        "MethodRegister",
        "Notifications",
        "StreamPublish",
        "StreamSubscribe",
        "Tunnel",
        "Windows",
    ],
)
def test_stub_has_the_props_of_the_component_in_their_order(name):
    (stub,) = (
        node
        for node in ast.walk(ast.parse((PACKAGE / f"{name}.pyi").read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    )
    generated = json.loads((PACKAGE / "metadata.json").read_text(encoding="utf-8"))
    props = generated[f"src/components/{name}.tsx"]["props"]
    told = [argument.arg for argument in stub.args.args if argument.arg != "self"]
    # A word of Python cannot be the name of a parameter.
    assert set(told) == {prop for prop in props if not keyword.iskeyword(prop)} - {"setProps"}
    parameters = list(inspect.signature(getattr(dash_interop, name)).parameters)
    assert told == [each for each in parameters if each in told]
    required = told[: len(told) - len(stub.args.defaults)]
    assert required == [each for each in told if props[each]["required"]]


def test_dicts_have_the_keys_that_are_checked():
    assert set(types.InvokeDict.__annotations__) == set(INVOKE_KEYS)
    assert set(types.InvokeOptionsDict.__annotations__) == set(OPTION_KEYS)
    fields = {field.encode_name for field in msgspec.structs.fields(MethodDefinition)}
    assert set(types.DefinitionDict.__annotations__) == fields
    assert set(types.FilterDict.__annotations__) == fields


def test_types_of_errors_are_those_of_the_classes():
    assert list(get_args(types.ErrorType)) == list(BY_TYPE)
