"""What is wrong with the props of a component, found in Python."""

from math import inf, nan
from typing import Any

import pytest

from dash_interop.app.prop_checks import (
    check_context,
    check_contexts,
    check_discovery,
    check_glue42,
    check_method_invoke,
    check_method_register,
    check_notifications,
    check_stream_publish,
    check_stream_subscribe,
    check_windows,
)
from dash_interop.errors import (
    ConfigError,
    InvalidArguments,
    InvalidContext,
    InvalidInvoke,
    RegistrationError,
)

SUM: dict[str, Any] = {"definition": "Sum", "returns": True}


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"returns": False},
        {"definition": {"name": "Sum", "accepts": "int a", "objectTypes": ["A"], "flags": {}}},
        {"methodResponseTimeoutMs": 5, "validate": "strict", "batch": True},
        {"methodResponseTimeoutMs": None, "validate": None},
    ],
)
def test_method_that_can_be_offered_is_no_problem(props):
    check_method_register({**SUM, **props})


@pytest.mark.parametrize(
    "props, told",
    [
        ({"definition": {"name": "Sum", "acepts": ""}}, "did you mean 'accepts'?"),
        ({"definition": {}}, "The definition is not usable"),
        ({"definition": ""}, "The name of a method has 1 to 256 characters"),
        ({"returns": None}, "returns has to be True, where callers get a result, or False"),
        ({"returns": "yes"}, "not 'yes'"),
        ({"methodResponseTimeoutMs": "soon"}, "methodResponseTimeoutMs has to be a positive"),
        ({"methodResponseTimeoutMs": -1}, "positive number of milliseconds, not -1"),
        ({"methodResponseTimeoutMs": nan}, "not nan"),
        ({"validate": "Strict"}, "validate cannot be 'Strict': did you mean 'strict'?"),
        ({"validate": "x"}, "validate cannot be 'x': known are 'off', 'warn', 'strict'"),
    ],
)
def test_method_that_cannot_be_offered_is_told(props, told):
    with pytest.raises(RegistrationError) as caught:
        check_method_register({**SUM, **props})
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "invoke",
    [
        None,
        {"definition": "Sum"},
        {"definition": {"name": "Sum"}, "argumentObj": {"a": 1}, "target": "all"},
        {"definition": "Sum", "target": [{"application": {"regex": "^T"}}], "invocationId": "x"},
        {"definition": "Sum", "options": {"waitTimeoutMs": 0, "methodResponseTimeoutMs": 5}},
        {"definition": "Sum", "options": None, "argumentObj": None, "target": None},
    ],
)
def test_invocation_that_can_be_made_is_no_problem(invoke):
    check_method_invoke({"invoke": invoke})


@pytest.mark.parametrize(
    "invoke, told",
    [
        ("Sum", "invoke has to be a dict, not 'Sum'"),
        ({}, "invoke needs a definition"),
        ({"definition": "Sum", "arguments": {}}, "'arguments': did you mean 'argumentObj'?"),
        ({"definition": {"name": "Sum", "acepts": ""}}, "did you mean 'accepts'?"),
        ({"definition": "Sum", "target": "skipmine"}, "did you mean 'skipMine'?"),
        ({"definition": "Sum", "options": [1]}, "options has to be a dict, not [1]"),
        ({"definition": "Sum", "options": {"waitTimeout": 5}}, "did you mean 'waitTimeoutMs'?"),
        ({"definition": "Sum", "options": {"waitTimeoutMs": "soon"}}, "0 or more, not 'soon'"),
        ({"definition": "Sum", "options": {"methodResponseTimeoutMs": inf}}, "not inf"),
    ],
)
def test_invocation_that_cannot_be_understood_is_told(invoke, told):
    with pytest.raises(InvalidInvoke) as caught:
        check_method_invoke({"invoke": invoke})
    assert told in str(caught.value)


def test_arguments_that_are_a_list_are_told():
    with pytest.raises(InvalidArguments, match="have to be a dict, not list"):
        check_method_invoke({"invoke": {"definition": "Sum", "argumentObj": [1, 2]}})


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"definition": {"name": "Prices", "objectTypes": ["Instrument"]}, "arguments": {}},
        {"target": [{"application": {"regex": "^P"}}], "waitTimeoutMs": 0},
        {"delivery": "latest", "key": "symbol", "maxRate": 0.5, "maxWaiting": 1},
        {"delivery": None, "key": None, "maxRate": None, "maxWaiting": None, "target": None},
        {"clientsideHandler": {"namespace": "charts", "function_name": "draw"}},
    ],
)
def test_stream_that_can_be_subscribed_to_is_no_problem(props):
    check_stream_subscribe({"definition": "Prices", **props})


CLIENTSIDE_PROBLEMS: list[tuple[Any, str]] = [
    ("draw", "clientsideHandler has to be a dict with a namespace and a function_name"),
    ({"namespace": "n", "functionName": "f"}, "did you mean 'function_name'?"),
    ({"namespace": "n"}, "clientsideHandler needs a function_name, a non-empty string"),
    ({"namespace": "", "function_name": "f"}, "clientsideHandler needs a namespace"),
]


@pytest.mark.parametrize(
    "props, told",
    [
        ({"definition": {}}, "The definition is not usable"),
        ({"definition": {"name": "Prices", "acepts": ""}}, "did you mean 'accepts'?"),
        ({"target": "skipmine"}, "did you mean 'skipMine'?"),
        ({"waitTimeoutMs": "soon"}, "0 or more, not 'soon'"),
        ({"methodResponseTimeoutMs": 0}, "positive number of milliseconds, not 0"),
        ({"delivery": "lates"}, "delivery cannot be 'lates': did you mean 'latest'?"),
        ({"key": "symbol"}, "key is for delivery 'latest', and delivery is 'every'"),
        ({"delivery": "latest", "key": 5}, "key has to be the name of a field, not 5"),
        ({"maxRate": 0}, "maxRate has to be a positive number of deliveries per second, not 0"),
        ({"maxRate": True}, "not True"),
        ({"maxWaiting": 1.5}, "maxWaiting has to be a whole number of data, 1 or more, not 1.5"),
        ({"maxWaiting": 0}, "not 0"),
        *[({"clientsideHandler": each}, told) for each, told in CLIENTSIDE_PROBLEMS],
    ],
)
def test_stream_that_cannot_be_subscribed_to_is_told(props, told):
    with pytest.raises(InvalidInvoke) as caught:
        check_stream_subscribe({"definition": "Prices", **props})
    assert told in str(caught.value)


@pytest.mark.parametrize("handler, told", CLIENTSIDE_PROBLEMS)
def test_clientside_handler_of_a_method_that_cannot_be_used_is_told(handler, told):
    with pytest.raises(RegistrationError) as caught:
        check_method_register({**SUM, "clientsideHandler": handler})
    assert told in str(caught.value)


def test_arguments_of_a_subscription_that_are_a_list_are_told():
    with pytest.raises(InvalidArguments, match="have to be a dict, not list"):
        check_stream_subscribe({"definition": "Prices", "arguments": [1, 2]})


@pytest.mark.parametrize(
    "settings",
    [None, {}, {"type": "client", "web": {"config": {"x": 1}}}, {"type": None, "desktop": None}],
)
def test_settings_that_can_be_used_are_no_problem(settings):
    check_glue42({"settings": settings})


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"Web": {}}, "settings has an unknown key 'Web': did you mean 'web'?"),
        ({"web": {"configuration": {}}}, "did you mean 'config'?"),
        ({"type": "Platform"}, "settings['type'] cannot be 'Platform': did you mean 'platform'?"),
        ([], "settings has to be a dict, not []"),
    ],
)
def test_settings_that_cannot_be_used_are_told(settings, told):
    with pytest.raises(ConfigError) as caught:
        check_glue42({"settings": settings})
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"name": "", "objectTypes": [], "instance": [], "streamsOnly": None},
        {"name": "Sum", "accepts": "int a", "returns": "int sum", "version": 1.5},
        {"objectTypes": ["Client"], "displayName": "Sum", "description": "", "streamsOnly": True},
        {"instance": {"application": {"regex": "^Tra", "flags": "i"}}},
        {"instance": ({"application": "Trades"}, {"user": "ann"})},
    ],
)
def test_filter_that_can_be_applied_is_no_problem(props):
    check_discovery(props)


@pytest.mark.parametrize(
    "props, told",
    [
        ({"name": ["Sum"]}, "name has to be a string, not ['Sum']"),
        ({"displayName": 1}, "displayName has to be a string, not 1"),
        ({"version": "1"}, "version has to be a number, not '1'"),
        ({"version": True}, "version has to be a number, not True"),
        ({"objectTypes": "Client"}, "objectTypes has to be a list of strings, not 'Client'"),
        ({"objectTypes": [1]}, "objectTypes has to be a list of strings, not [1]"),
        ({"streamsOnly": "no"}, "streamsOnly has to be True or False, not 'no'"),
        ({"instance": "best"}, "instance has to be a dict or a list of dicts, not 'best'"),
        ({"instance": [{}, 1]}, "instance has to be a dict or a list of dicts, not [{}, 1]"),
        (
            {"instance": {"user": {"regex": "("}}},
            "The instance's user is not a valid regular expression: ",
        ),
        (
            {"instance": [{"user": {"regxe": "a"}}]},
            "The pattern of the instance's user needs a 'regex', a string, and has 'regxe'",
        ),
    ],
)
def test_filter_that_cannot_be_applied_is_told(props, told):
    with pytest.raises(ConfigError) as caught:
        check_discovery(props)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"definition": {"name": "Prices", "accepts": "string symbol"}},
        {"active": False, "autoAccept": True, "requestTimeoutMs": 5},
        {"active": None, "autoAccept": None, "requestTimeoutMs": None, "history": None},
        {"history": 100},
        {"history": {"size": 1}},
        {"history": {"size": 5, "key": "symbol"}},
    ],
)
def test_stream_that_can_be_offered_is_no_problem(props):
    check_stream_publish({"definition": "Prices", **props})


@pytest.mark.parametrize(
    "props, told",
    [
        ({"definition": ""}, "The name of a method has 1 to 256 characters"),
        ({"definition": {"nam": "Prices"}}, "did you mean 'name'?"),
        ({"active": "yes"}, "active has to be True or False, not 'yes'"),
        ({"autoAccept": 1}, "autoAccept has to be True or False, not 1"),
        ({"requestTimeoutMs": 0}, "requestTimeoutMs has to be a positive"),
        ({"history": 0}, "it has to be a number of data, such as 100"),
        ({"history": True}, "not True"),
        ({"history": "all"}, "not 'all'"),
        ({"history": {"key": "symbol"}}, "not {'key': 'symbol'}"),
        ({"history": 50_001}, "at most 50000 data"),
        ({"history": {"size": 5, "key": ""}}, "has to be the name of a field, not ''"),
        ({"history": {"size": 5, "keys": "a"}}, "did you mean 'key'?"),
    ],
)
def test_stream_that_cannot_be_offered_is_told(props, told):
    with pytest.raises(RegistrationError) as caught:
        check_stream_publish({"definition": "Prices", **props})
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "props",
    [
        {"id": "market"},
        {"id": {"type": "context", "index": 1}, "contextName": "EUR.USD"},
        {"contextName": "Market", "delivery": "latest", "update": {"px": None}, "set": {"a.b": 1}},
        {"id": "market", "contextName": None, "delivery": None, "update": None},
    ],
)
def test_context_that_can_be_used_is_no_problem(props):
    check_context(props)


@pytest.mark.parametrize(
    "props, told",
    [
        ({}, "contextName is needed where the id is not a string"),
        ({"id": {"type": "context", "index": 1}}, "contextName is needed where the id is not"),
        ({"contextName": ""}, "has to be a text that is not empty, not ''"),
        ({"contextName": 5}, "not 5"),
        ({"contextName": "___channel___Red"}, "names that begin with ___ are those of channels"),
        ({"id": "a", "delivery": "batch"}, "delivery cannot be 'batch': known are"),
        ({"id": "a", "update": [1]}, "The data has to be a dict, not list"),
        ({"id": "a", "update": {"EUR.USD": 1}}, "'EUR.USD' cannot be updated"),
        ({"id": "a", "set": "text"}, "The data has to be a dict, not str"),
    ],
)
def test_context_that_cannot_be_used_is_told(props, told):
    with pytest.raises(InvalidContext) as caught:
        check_context(props)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"update": {"name": "Market", "data": {}}, "set": None},
        {"set": [{"name": "Market", "data": {}, "ifVersion": 0}]},
        {"setPath": {"name": "Market", "path": "a.0", "data": None}},
        {"setPaths": {"name": "Market", "paths": [{"path": "a", "value": 1}]}},
        {"destroy": {"name": "Market", "ifVersion": None}},
    ],
)
def test_writes_to_contexts_that_can_be_carried_out_are_no_problem(props):
    check_contexts(props)


@pytest.mark.parametrize(
    "props, told",
    [
        ({"update": "Market"}, "update has to be a dict, not 'Market'"),
        ({"update": {"data": {}}}, "has to be a text that is not empty, not None"),
        ({"update": {"name": "a", "dat": {}}}, "did you mean 'data'?"),
        ({"update": [{"name": "a"}]}, "The data has to be a dict, not NoneType"),
        ({"update": {"name": "a", "data": {}, "ifVersion": -1}}, "not -1"),
        ({"set": {"name": "___a", "data": {}}}, "names that begin with ___"),
        ({"setPath": {"name": "a", "path": "b..c", "data": 1}}, "a part of it is empty"),
        ({"setPaths": {"name": "a", "paths": [{"path": "b", "data": 1}]}}, "unknown key 'data'"),
        ({"destroy": {"name": ""}}, "has to be a text that is not empty"),
    ],
)
def test_writes_to_contexts_that_cannot_be_carried_out_are_told(props, told):
    with pytest.raises(InvalidContext) as caught:
        check_contexts(props)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"display": "toast", "toastMs": 5000},
        {"display": None, "toastMs": None, "raise": None},
        {"raise": {"title": "New", "whatAPlatformKnows": 1}},
        {"raise": [{"title": "New"}, {"title": "Old"}]},
    ],
)
def test_notifications_that_can_be_raised_are_no_problem(props: dict[str, Any]) -> None:
    check_notifications(props)


@pytest.mark.parametrize(
    "props, told",
    [
        ({"display": "toasts"}, "display cannot be 'toasts': did you mean 'toast'?"),
        ({"toastMs": 0}, "toastMs has to be a positive number of milliseconds, not 0"),
        ({"raise": "New"}, "raise has to be a dict, or a list of dicts, not 'New'"),
        ({"raise": {"body": "New"}}, "raise needs a title, a non-empty string"),
        ({"raise": [{"title": "New"}, {"title": ""}]}, "raise needs a title"),
    ],
)
def test_notifications_that_cannot_be_raised_are_told(props: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_notifications(props)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "opened",
    [
        None,
        {"name": "News", "url": "/news/"},
        {"name": "News", "url": "/news/", "options": {"ofAPlatform": 1}},
        [{"name": "News", "url": "/news/", "options": None}],
    ],
)
def test_windows_that_can_be_opened_are_no_problem(opened: Any) -> None:
    check_windows({"open": opened})


@pytest.mark.parametrize(
    "opened, told",
    [
        ("/news/", "open has to be a dict, not '/news/'"),
        ({"url": "/news/"}, "open needs a name, a non-empty string"),
        ({"name": "News", "url": ""}, "open needs a url, a non-empty string"),
        ({"name": "News", "address": "/"}, "open has an unknown key 'address'"),
        ([{"name": "News", "url": "/", "options": 5}], "The options have to be a dict, not 5"),
    ],
)
def test_windows_that_cannot_be_opened_are_told(opened: Any, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_windows({"open": opened})
    assert told in str(caught.value)
