"""The reference of the Python API: its programs run, and it names everything there is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

import dash_interop
from dash_interop import InteropError, client
from dash_interop.app.interop import Interop
from dash_interop.app.server_peer import HostedStream
from dash_interop.client import sync
from dash_interop.client.cancelled import Cancelled
from dash_interop.client.channel_subscribing import ChannelSubscriptionBase
from dash_interop.client.channels import Channels, ChannelsBase
from dash_interop.client.context_subscribing import ContextSubscriptionBase
from dash_interop.client.contexts import Contexts
from dash_interop.client.feed import Feed, SubscriptionFeed
from dash_interop.client.invocation import InvocationBase
from dash_interop.client.publishing import StreamBase
from dash_interop.client.subscribing import SubscriptionBase
from dash_interop.wire.definitions import MethodDefinition
from dash_interop.wire.signature import parse
from tests.support.documents import ROOT, programs, run, said

DOCUMENT = "docs/python.md"
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")
CODE = "\n".join(re.findall(r"`[^`\n]+`", TEXT))
"""What it sets as code: a word of a sentence explains no name."""

CLASSES = (
    client.InteropClient,
    sync.InteropClient,
    client.ChannelChange,
    client.ChannelSubscription,
    client.Channels,
    client.ContextChange,
    client.ContextSubscription,
    client.Contexts,
    client.Instance,
    client.Caller,
    client.Cancelled,
    client.Invocation,
    client.InvocationResult,
    client.Method,
    client.ReturnValue,
    client.Stream,
    client.StreamBranch,
    client.StreamData,
    client.StreamSubscription,
    client.Subscription,
    client.SubscriptionRequest,
    sync.ChannelSubscription,
    sync.Channels,
    sync.ContextSubscription,
    sync.Contexts,
    sync.Invocation,
    sync.Stream,
    sync.Subscription,
    HostedStream,
)
HOSTED = (
    "method",
    "stream",
    "invoke",
    "invocation",
    "call",
    "contexts",
    "channels",
    "client",
    "start",
    "stop",
)

PLUMBING = {
    StreamBase: {"create", "emit", "end", "listen", "withdraw"},
    SubscriptionFeed: {"emit", "end"},
    Feed: {
        "deadline",
        "end",
        "event",
        "items",
        "listen",
        "next",
        "take",
        "until_there_is",
    },
    sync.BlockingFeed: {"until_there_is"},
    Cancelled: {"tell"},
    InvocationBase: {"emit", "event", "items"},
    sync.Invocation: {"until_there_is"},
    SubscriptionBase: {"open"},
    ContextSubscriptionBase: {"event", "items", "open"},
    ChannelSubscriptionBase: {"event", "follow", "hear", "items", "open", "skips_own"},
    Contexts: {"read", "until_known", "write"},
    ChannelsBase: {"membership"},
    Channels: {"membership"},
    HostedStream: {"offer"},
}
"""Public to the modules beside, not to users."""


@pytest.mark.usefixtures("gateway")
@pytest.mark.parametrize(
    "program", [pytest.param(code, id=title) for title, code in programs(DOCUMENT)]
)
def test_program_prints_what_it_says(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(program, DOCUMENT)
    printed = capsys.readouterr().out.splitlines()
    assert sorted(said(program)) == sorted(line for line in printed if line in said(program))


def test_it_names_everything_public() -> None:
    missing = [name for name in dict.fromkeys(names()) if not is_named(name)]
    assert not missing


def test_it_shows_the_defaults_of_methods() -> None:
    classes = {
        # Attributes of its instances are no functions.
        client.InteropClient: public(client.InteropClient),
        Contexts: public(Contexts),
        Channels: public(Channels),
        Interop: HOSTED,
    }
    functions = [getattr(cls, name, None) for cls, names in classes.items() for name in names]
    shown = {
        f"{parameter.name}={_written(parameter.default)}"
        for function in functions
        if inspect.isfunction(function)
        for parameter in inspect.signature(function).parameters.values()
        if isinstance(parameter.default, int | float)
    }
    assert len(shown) >= 5
    assert not [default for default in shown if default not in CODE]


def _written(default: bool | int | float) -> str:
    return str(default) if isinstance(default, bool) else f"{default:_}"


def test_errors_stand_in_its_table() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
    errors = {
        name
        for name in dash_interop.__all__
        if inspect.isclass(found := getattr(dash_interop, name)) and issubclass(found, InteropError)
    }
    assert errors <= rows


def test_signatures_follow_the_grammar() -> None:
    table = TEXT[TEXT.index("| type | hint |") :].split("\n\n")[0]
    for row in table.splitlines()[2:]:
        for type_ in re.findall(r"`([^`]+)`", row.split("|")[1]):
            parse(f"{type_} x")


def names() -> Iterator[str]:
    yield from (*client.__all__, *sync.__all__, *HOSTED)
    yield from MethodDefinition.__struct_encode_fields__
    yield from parameters(client.connect.__init__)
    for cls in CLASSES:
        for name in public(cls):
            yield name
            yield from parameters(getattr(cls, name, None))
    for name in HOSTED:
        yield from parameters(getattr(Interop, name))


def public(cls: type) -> Iterator[str]:
    """Its methods, properties and fields, and the attributes that its docstring names."""
    for base in cls.__mro__:
        if base.__module__.startswith("dash_interop"):
            attributes = (base.__doc__ or "").partition("Attributes:")[2]
            found = [*vars(base), *re.findall(r"^ +(\w+): ", attributes, re.MULTILINE)]
            hidden = PLUMBING.get(base, set())
            yield from (name for name in found if name[0] != "_" and name not in hidden)


def parameters(function: Any) -> Iterator[str]:
    if inspect.isfunction(function):
        yield from (name for name in inspect.signature(function).parameters if name != "self")


def is_named(name: str) -> bool:
    return re.search(rf"(?<!\w){name}(?!\w)", CODE) is not None
