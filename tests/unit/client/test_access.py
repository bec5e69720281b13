"""Where the gateway is and how to log in there."""

import asyncio
import threading

import pytest

from dash_interop.client.access import Access
from dash_interop.errors import ConfigError
from dash_interop.gateway import embedded
from dash_interop.gateway.auth import TokenAuthority, runtime_secret
from dash_interop.router.principals import Principal, Remote
from dash_interop.settings import LOCAL_USER
from dash_interop.wire.login import Authentication
from tests.support.client import run
from tests.support.ports import free_range

URL = "ws://gateway.corp:8385"
SECRET = "s" * 40
OTHER = "t" * 40


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def shared(monkeypatch):
    """The gateway of a machine where nobody hosts one yet; gone afterwards."""
    first_port = free_range()
    monkeypatch.setenv("DASH_INTEROP_PORT", str(first_port))
    monkeypatch.setattr(embedded, "_shared", [])
    yield f"ws://127.0.0.1:{first_port}"
    for gateway in embedded._shared:
        gateway.close()


def ask(access):
    return run(access.ask(asyncio.to_thread))


def principal_of(authentication, secret):
    """Whom a gateway with that secret takes the bearer for."""
    assert authentication.method == "access-token"
    return TokenAuthority(secret).authenticate(authentication, Remote())


# Settings that do not go together


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"user": "anna", "token": "t"}, "give one of user and token, not both"),
        ({"user": "anna", "login": "anna"}, "give one of user and login, not both"),
        ({"token": "t", "login": "anna"}, "give one of token and login, not both"),
        ({"user": "", "token": "t"}, "give one of user and token, not both"),
        ({"user": ""}, "user is empty"),
        ({"login": ""}, "login is empty"),
        ({"token": "t", "secret_file": "f"}, "a secret file does not go with token"),
        ({"login": "anna", "secret_file": "f"}, "a secret file does not go with login"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_by_name(settings, words):
    with pytest.raises(ConfigError, match=words):
        Access(URL, **settings)


@pytest.mark.parametrize("settings", [{}, {"user": "anna"}, {"token": "t"}])
def test_secret_without_a_login_is_refused(settings):
    with pytest.raises(ConfigError, match="secret"):
        Access(URL, secret=SECRET, **settings)


def test_secret_file_without_a_gateway_is_refused(secret_file):
    with pytest.raises(ConfigError, match="gateway"):
        Access(user="anna", secret_file=secret_file)


# The URL


def test_url_comes_from_the_environment_where_none_is_given(monkeypatch):
    monkeypatch.setenv("DASH_INTEROP_GATEWAY", "ws://from.environment:1")
    assert ask(Access(token="t"))[0] == "ws://from.environment:1"
    assert ask(Access(URL, token="t"))[0] == URL


def test_url_from_the_environment_is_checked(monkeypatch):
    monkeypatch.setenv("DASH_INTEROP_GATEWAY", "http://host")
    with pytest.raises(ConfigError, match="http://host"):
        Access(token="t")


def test_gateway_is_named_in_words():
    assert Access(URL, token="t").where == URL
    assert Access(token="t").where == "the gateway of this machine"


# Logging in


def test_login_and_secret_are_presented_as_they_are():
    access = Access(URL, login="anna", secret="x")
    assert ask(access) == (URL, Authentication("secret", "anna", "x"))
    assert ask(Access(URL, login="anna"))[1] == Authentication("secret", "anna", "")


def test_token_is_presented_as_it_is():
    assert ask(Access(URL, token="t"))[1] == Authentication("access-token", token="t")


def test_function_is_asked_for_a_fresh_token_each_time():
    threads, tokens = [], iter(["one", "two"])

    def fresh():
        threads.append(threading.current_thread())
        return next(tokens)

    access = Access(URL, token=fresh)
    assert threads == [], "not before it is needed"
    assert [ask(access)[1].token, ask(access)[1].token] == ["one", "two"]
    assert threading.current_thread() not in threads, "it may block"


def test_user_logs_in_with_a_token_made_from_the_secret(secret_file):
    _, authentication = ask(Access(URL, user="anna", secret_file=secret_file))
    assert principal_of(authentication, SECRET) == Principal("anna", is_from_token=True)


@pytest.mark.parametrize("settings", [{}, {"user": None}])
def test_nobody_in_particular_logs_in_as_a_service(secret_file, settings):
    _, authentication = ask(Access(URL, secret_file=str(secret_file), **settings))
    principal = principal_of(authentication, SECRET)
    assert principal == Principal(LOCAL_USER, is_service=True, is_from_token=True)


def test_user_called_as_the_local_one_is_no_service(secret_file):
    _, authentication = ask(Access(URL, user=LOCAL_USER, secret_file=secret_file))
    assert not principal_of(authentication, SECRET).is_service


# The secret


def test_secret_file_comes_from_the_environment_where_none_is_given(
    monkeypatch, tmp_path, secret_file
):
    other_file = tmp_path / "other"
    other_file.write_text(OTHER)
    monkeypatch.setenv("DASH_INTEROP_SECRET_FILE", str(other_file))
    _, authentication = ask(Access(URL, user="anna"))
    assert principal_of(authentication, OTHER).user == "anna"
    _, authentication = ask(Access(URL, user="anna", secret_file=secret_file))
    assert principal_of(authentication, SECRET).user == "anna"


def test_secret_is_the_shared_one_otherwise(runtime_directory):
    _, authentication = ask(Access(URL, user="anna"))
    assert (runtime_directory / "dash_interop" / "secret").exists()
    assert principal_of(authentication, runtime_secret()).user == "anna"


def test_secret_is_not_looked_for_where_it_is_not_needed(monkeypatch, runtime_directory):
    monkeypatch.setenv("DASH_INTEROP_SECRET_FILE", "/does/not/exist")
    ask(Access(URL, token="t"))
    ask(Access(URL, login="anna"))
    assert list(runtime_directory.iterdir()) == []


def test_secret_file_that_cannot_be_read_is_refused_and_named(tmp_path):
    with pytest.raises(ConfigError, match="missing"):
        Access(URL, user="anna", secret_file=tmp_path / "missing")
    short = tmp_path / "short"
    short.write_text("abc")
    with pytest.raises(ConfigError, match="too short"):
        Access(URL, user="anna", secret_file=short)


# The gateway of this machine


def test_gateway_of_this_machine_is_hosted_when_it_is_asked_for(shared):
    threads = threading.active_count()
    access = Access(user="anna")
    assert threading.active_count() == threads
    url, authentication = ask(access)
    assert url == shared
    assert principal_of(authentication, runtime_secret()).user == "anna"
    assert embedded.shared_gateway().find() == url
    assert ask(access)[0] == ask(Access())[0] == url


def test_gateway_of_this_machine_is_found_where_another_process_hosts_it(shared):
    host = embedded.EmbeddedGateway()
    try:
        assert host.ensure() == shared
        url, authentication = ask(Access())
        assert url == shared
        assert principal_of(authentication, runtime_secret()).is_service
    finally:
        host.close()


def test_host_that_has_gone_is_replaced_at_the_next_question(shared):
    host = embedded.EmbeddedGateway()
    host.ensure()
    access = Access()
    try:
        ask(access)
    finally:
        host.close()
    assert ask(access)[0] == shared
