"""The settings of an app."""

import asyncio
import sys

import pytest
from dash import Dash

from dash_interop import ConfigError, Interop, NotConnected
from dash_interop.app.interop import application_name, settings_of

SECRET = "s" * 32


@pytest.mark.parametrize(
    "url",
    [
        "http://gateway.corp",
        "gateway.corp:8385",
        "ws://",
        "ws:///path",
        "ws://:8385",
        "ws://[::1",
        "ws://gateway.corp:port",
        "ws://gateway.corp:99999",
        " ",
    ],
)
def test_malformed_gateway_url_is_a_config_error(url):
    with pytest.raises(ConfigError, match="not the URL of a gateway"):
        Interop(gateway=url)


@pytest.mark.parametrize(
    "url", ["ws://h", "wss://gateway.corp/interop?x=1", "ws://[::1]:8385", "ws://127.0.0.1:8385"]
)
def test_gateway_url_is_used_as_it_was_given(url):
    settings = Interop(gateway=url)
    assert settings.gateway_url() == url
    assert not settings.is_embedded


def test_environment_names_the_gateway_unless_an_argument_does(monkeypatch):
    monkeypatch.setenv("DASH_INTEROP_GATEWAY", "ws://environment")
    assert Interop().gateway_url() == "ws://environment"
    assert Interop(gateway="ws://argument").gateway_url() == "ws://argument"
    monkeypatch.setenv("DASH_INTEROP_GATEWAY", "nonsense")
    with pytest.raises(ConfigError):
        Interop()
    monkeypatch.setenv("DASH_INTEROP_GATEWAY", "")
    assert Interop().is_embedded


def test_secret_file_is_read_at_once(tmp_path, monkeypatch):
    path = tmp_path / "secret"
    with pytest.raises(ConfigError, match="No such file"):
        Interop(gateway="ws://h", secret_file=path)
    path.write_text("short")
    with pytest.raises(ConfigError, match="too short"):
        Interop(gateway="ws://h", secret_file=path)
    monkeypatch.setenv("DASH_INTEROP_SECRET_FILE", str(path))
    with pytest.raises(ConfigError, match="too short"):
        Interop(gateway="ws://h")
    path.write_text(SECRET)
    assert Interop(gateway="ws://h").authority().prove("x", 1)


def test_secret_file_needs_a_gateway(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    with pytest.raises(ConfigError, match="needs a gateway"):
        Interop(secret_file=tmp_path / "secret")


def test_settings_are_those_the_app_was_made_with():
    settings = Interop(gateway="ws://h")
    assert settings_of(Dash("one", plugins=[settings])) is settings
    plain = Dash("two")
    assert settings_of(plain).is_embedded
    assert settings_of(plain) is settings_of(plain)


def test_everybody_is_the_local_user_by_default():
    assert Interop().user_of(object()) == "local"
    assert Interop(user=lambda request: request).user_of("anna") == "anna"


@pytest.mark.parametrize(
    "options, name",
    [
        ({"name": "shop", "title": "The shop"}, "The shop"),
        ({"name": "shop"}, "shop"),
        ({"name": "shop", "title": ""}, "shop"),
        ({"name": "shop", "title": "Dash"}, "shop"),
    ],
)
def test_app_is_called_by_its_title_or_its_module(options, name):
    assert application_name(Dash(**options)) == name


@pytest.mark.parametrize("file, name", [("/apps/prices.py", "prices"), (None, "dash")])
def test_app_that_is_run_as_a_script_is_called_after_its_file(monkeypatch, file, name):
    app = Dash("__main__")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", file, raising=False)
    assert application_name(app) == name


def test_server_reaches_the_gateway_by_another_url_than_the_pages():
    pages, own = "wss://apps.example.com/interop", "ws://127.0.0.1:1"
    settings = Interop(gateway=pages, internal_gateway=own)
    assert settings.gateway_url() == pages
    try:
        with pytest.raises(NotConnected, match="no connection to the gateway"):
            settings.invoke("Sum", wait_timeout=0.5)
        assert settings.client.connection_error == f"cannot connect to {own}: nobody listens there"
    finally:
        settings.stop()


def test_invoking_on_a_running_loop_is_warned_of(caplog):
    settings = Interop(gateway="ws://127.0.0.1:1")

    async def callback():
        with pytest.raises(NotConnected):
            settings.invoke("Sum", wait_timeout=0)

    try:
        asyncio.run(callback())
    finally:
        settings.stop()
    assert "holds up the event loop" in caplog.text


def test_user_that_is_no_function_is_refused():
    with pytest.raises(ConfigError, match="that is given the request .* not 'anna'"):
        Interop(user="anna")  # pyright: ignore[reportArgumentType]


def test_internal_gateway_without_one_for_the_pages_is_refused():
    with pytest.raises(ConfigError, match="needs one for the pages"):
        Interop(internal_gateway="ws://gw:8385")
    with pytest.raises(ConfigError, match="not the URL of a gateway"):
        Interop(gateway="ws://gw:8385", internal_gateway="http://gw")


# Contexts and channels


def test_server_of_an_app_without_users_has_their_contexts_and_channels():
    interop, other = Interop(), Interop()
    try:
        changes = other.contexts.subscribe("Interop's order")
        interop.contexts.set("Interop's order", {"n": 1}, timeout=20)
        assert changes.get(20).data == {"n": 1}
        interop.channels.join("Red", timeout=20)
        interop.channels.publish({"n": 1})
        assert other.channels.get("Red")["data"]["n"] == 1
        interop.contexts.destroy("Interop's order")
    finally:
        for each in (interop, other):
            each.stop()


@pytest.mark.parametrize("what", ["contexts", "channels"])
def test_server_of_an_app_with_users_says_how_to_have_those_of_one(what):
    interop = Interop(user=lambda request: "anna")
    with pytest.raises(ConfigError, match=rf"connect\(user=name\)\.{what}"):
        getattr(interop, what)
    interop.stop()
