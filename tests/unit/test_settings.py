"""Where a process finds its gateway: one module knows the names, and which setting counts."""

import ast
from pathlib import Path

import pytest

import dash_interop
from dash_interop import ConfigError, settings

PACKAGE = Path(dash_interop.__file__).parent
VARIABLES = {settings.GATEWAY, settings.INTERNAL_GATEWAY, settings.SECRET_FILE, settings.PORT}
URL = "ws://gateway.corp:8385"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


READERS = {
    settings.GATEWAY: (settings.gateway_url, "ws://variable", "ws://argument", None),
    settings.INTERNAL_GATEWAY: (
        lambda given=None: settings.internal_gateway_url(given, URL),
        "ws://variable",
        "ws://argument",
        URL,
    ),
    settings.SECRET_FILE: (settings.secret_file, "/variable", "/argument", None),
    settings.PORT: (settings.first_port, "7000", 7001, 8385),
}
"""What reads each variable, a value for it, an argument, and the default."""


@pytest.mark.parametrize("name", READERS)
def test_argument_counts_before_the_variable_and_that_before_the_default(monkeypatch, name):
    read, variable, argument, default = READERS[name]
    assert read() == default
    assert read(argument) == argument
    monkeypatch.setenv(name, variable)
    assert str(read()) == variable
    assert read(argument) == argument
    monkeypatch.setenv(name, "")
    assert read() == default


def test_every_variable_is_documented():
    assert settings.__doc__ is not None
    assert all(f"``{name}``" in settings.__doc__ for name in VARIABLES)
    assert VARIABLES == READERS.keys()


@pytest.mark.parametrize(
    "path",
    [path for path in PACKAGE.rglob("*.py") if path.name != "settings.py"],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_nobody_else_knows_the_names_of_the_variables(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert constants & VARIABLES == set()


@pytest.mark.parametrize("name", [settings.GATEWAY, settings.INTERNAL_GATEWAY])
def test_url_from_the_environment_is_checked(monkeypatch, name):
    monkeypatch.setenv(name, "http://host")
    with pytest.raises(ConfigError, match="not the URL of a gateway: 'http://host'"):
        READERS[name][0]()


def test_settings_that_need_a_named_gateway_are_refused_without_one(monkeypatch):
    with pytest.raises(ConfigError, match="a secret file needs a gateway"):
        settings.secret_file_of(None, "/secret")
    monkeypatch.setenv(settings.SECRET_FILE, "/secret")
    with pytest.raises(ConfigError, match="a secret file needs a gateway"):
        settings.secret_file_of(None)
    assert settings.secret_file_of(URL) == "/secret"
    with pytest.raises(ConfigError, match="an internal gateway needs one for the pages"):
        settings.internal_gateway_url(URL, None)


USABLE = ["ws://localhost", "wss://gateway.corp/interop?x=1", "ws://[::1]:8385", "WS://host:1"]
UNUSABLE = ["gateway", "http://host", "ws://", "ws://:8385", "ws://host:0", "ws://host:99999",
            "ws://host:x", "ws:host", "ws://[::1", "wss", "//host"]  # fmt: skip


@pytest.mark.parametrize("url", USABLE)
def test_url_of_a_websocket_is_taken_as_it_is(url):
    assert settings.checked_url(url) == url


@pytest.mark.parametrize("url", UNUSABLE)
def test_what_is_not_the_url_of_a_websocket_is_refused_and_quoted(url):
    with pytest.raises(ConfigError) as caught:
        settings.checked_url(url)
    assert repr(url) in str(caught.value)
