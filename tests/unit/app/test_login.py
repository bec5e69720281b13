"""What a page is told when it asks its Dash server where to connect."""

import logging
from typing import Any

import pytest
from dash import Dash, html
from flask import Flask
from websockets.asyncio.client import connect

from dash_interop import Interop
from dash_interop.errors import ConfigError
from dash_interop.gateway.auth import TokenAuthority
from dash_interop.router.principals import Principal, Remote
from dash_interop.wire.login import Authentication
from tests.support.client import Client, run

SECRET = "s" * 32
URL = "wss://gateway.corp:8385"
PATH = "/_dash-interop/session"
PAGE = {"Origin": "http://127.0.0.1:8050"}


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


@pytest.fixture(params=["flask", "fastapi", "quart"])
def make_app(request):
    def make(*plugins, **options):
        app = Dash("prices", backend=request.param, plugins=list(plugins), **options)
        app.layout = html.Div()
        return app

    return make


@pytest.fixture
def ask(post):
    def send(app, headers=PAGE, path=PATH):
        status, answer = post(app, path, {}, headers)
        assert status == 200
        return answer

    return send


def principal_of(answer, secret=SECRET):
    authentication = Authentication("access-token", token=answer["token"])
    return TokenAuthority(secret).authenticate(authentication, Remote())


def log_in(answer, **headers):
    """Connect as the page does; returns the answer to its hello."""

    async def scenario():
        async with connect(answer["url"], additional_headers=headers) as socket:
            return await Client(socket).hello(method="access-token", token=answer["token"])

    return run(scenario())


def test_page_is_let_into_the_embedded_gateway(make_app, ask, first_port):
    answer = ask(make_app())
    assert answer["url"] == f"ws://127.0.0.1:{first_port}"
    assert answer["application"] == "prices"
    welcome = log_in(answer, Origin="http://127.0.0.1:8050")
    assert welcome["resolved_identity"]["user"] == "local"
    assert "application" not in welcome["resolved_identity"]
    assert log_in(answer, Origin="http://127.0.0.1:9999")["type"] == "error"


@pytest.mark.parametrize(
    "origin", ["https://app.corp", "http://192.168.0.5:8050", "http://localhost.evil.com"]
)
def test_embedded_gateway_is_for_pages_of_this_machine(make_app, ask, origin, runtime_directory):
    answer = ask(make_app(), {"Origin": origin})
    assert set(answer) == {"error", "isLasting"}
    assert "own machine only" in answer["error"] and "DASH_INTEROP_GATEWAY" in answer["error"]
    assert not list(runtime_directory.iterdir())


def test_request_without_origin_counts_as_of_the_pages_address(make_app, ask, secret_file):
    app = make_app(Interop(gateway=URL, secret_file=secret_file))
    assert principal_of(ask(app, {})).origin == "http://127.0.0.1:8050"


@pytest.mark.parametrize("origin", ["null", "file://", "https://a.corp/path"])
def test_page_without_an_origin_may_not_connect(make_app, ask, secret_file, origin):
    app = make_app(Interop(gateway=URL, secret_file=secret_file))
    assert ask(app, {"Origin": origin}) == {"error": "The request does not name the page's origin"}


@pytest.mark.parametrize(
    "headers, is_served",
    [
        ({"Host": "app.corp"}, True),
        ({"Host": "APP.corp:443"}, True),
        ({"X-Forwarded-Host": "app.corp"}, True),
        ({"X-Forwarded-Host": "app.corp, inner"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({}, False),
        ({"Host": "app.corp:8443"}, False),
        ({"Host": "app.corp.evil.com"}, False),
        ({"Host": "sub.app.corp"}, False),
        ({"Host": "corp"}, False),
        ({"Host": "app.corp."}, False),
        ({"X-Forwarded-Host": "inner, app.corp"}, False),
        ({"X-Forwarded-Host": "user@app.corp"}, False),
        ({"X-Forwarded-Host": "app.corp/path"}, False),
        ({"X-Forwarded-Host": ""}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Referer": "https://app.corp/"}, False),
    ],
)
def test_app_answers_pages_of_its_own_address(make_app, ask, secret_file, headers, is_served):
    app = make_app(Interop(gateway=URL, secret_file=secret_file))
    answer = ask(app, {"Origin": "https://APP.corp", **headers})
    if is_served:
        assert answer["url"] == URL
        assert principal_of(answer) == Principal("local", None, "https://app.corp:443", True)
    else:
        assert answer == {
            "error": "This app answers no pages of https://app.corp:443: if it is the app's own "
            "address, as behind a proxy, say Interop(origins=['https://app.corp:443'])",
            "isLasting": True,
        }


def test_app_answers_pages_of_this_machine_however_it_is_asked(make_app, ask, secret_file):
    app = make_app(Interop(gateway=URL, secret_file=secret_file))
    for origin in ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:8443"]:
        assert ask(app, {"Origin": origin, "Host": "inner:8050"})["url"] == URL


@pytest.mark.parametrize("origin", ["https://app.corp", "http://b.corp:8050", "HTTPS://App.corp"])
def test_app_answers_pages_of_the_origins_that_it_was_told_of(make_app, ask, secret_file, origin):
    origins = ["https://app.corp:443", "http://b.corp:8050"]
    app = make_app(Interop(gateway=URL, secret_file=secret_file, origins=origins))
    assert ask(app, {"Origin": origin, "Host": "inner:8050"})["url"] == URL


@pytest.mark.parametrize(
    "headers",
    [
        # A page that has made its own name one for this server (DNS rebinding).
        {"Origin": "http://evil.com", "Host": "evil.com", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://evil.com", "Host": "app.corp", "X-Forwarded-Host": "evil.com"},
        {"Origin": "http://127.0.0.1:8050"},
        {"Origin": "http://app.corp"},
        {"Origin": "https://app.corp:8443"},
        {"Origin": "https://app.corp.evil.com"},
        {"Origin": "https://app.corp."},
        {"Origin": "https://xn--pp-6kc.corp"},
        {},
    ],
)
def test_app_answers_no_other_pages_then(make_app, ask, secret_file, headers):
    app = make_app(Interop(gateway=URL, secret_file=secret_file, origins=["https://app.corp"]))
    answer = ask(app, headers)
    assert set(answer) == {"error", "isLasting"}
    assert "This app answers no pages of" in answer["error"]


def test_page_of_this_machine_may_be_among_them(make_app, ask, secret_file):
    named = {"gateway": URL, "secret_file": secret_file}
    app = make_app(Interop(**named, origins=["https://app.corp", "loopback"]))
    assert ask(app, PAGE)["url"] == URL
    assert ask(app, {"Origin": "https://app.corp"})["url"] == URL
    assert "error" in ask(app, {"Origin": "https://evil.com", "Host": "evil.com"})


def test_origins_do_not_open_the_embedded_gateway_to_other_machines(make_app, ask):
    answer = ask(make_app(Interop(origins=["http://evil.com"])), {"Origin": "http://evil.com"})
    assert "own machine only" in answer["error"]


@pytest.mark.parametrize(
    "origins, words",
    [
        (["app.corp"], "not an origin: 'app.corp'"),
        (["https://app.corp/"], "not an origin"),
        ("https://app.corp", "origins has to be a list"),
    ],
)
def test_origins_that_are_none_are_refused(origins, words):
    with pytest.raises(ConfigError, match=words):
        Interop(origins=origins)


def test_named_gateway_may_come_from_the_environment(make_app, ask, secret_file, monkeypatch):
    monkeypatch.setenv("DASH_INTEROP_GATEWAY", URL)
    monkeypatch.setenv("DASH_INTEROP_SECRET_FILE", str(secret_file))
    answer = ask(make_app())
    assert answer["url"] == URL
    assert principal_of(answer).user == "local"


def test_named_gateway_without_a_secret_file_shares_this_users_secret(
    make_app, ask, runtime_directory
):
    answer = ask(make_app(Interop(gateway=URL)))
    secret = (runtime_directory / "dash_interop" / "secret").read_text()
    assert principal_of(answer, secret).user == "local"


def test_user_comes_from_the_request(make_app, ask, secret_file):
    def user(request):
        assert str(request.url).endswith(PATH)
        return request.cookies["who"] + request.headers["X-Suffix"]

    app = make_app(Interop(user=user, gateway=URL, secret_file=secret_file))
    answer = ask(app, {**PAGE, "Cookie": "who=anna", "X-Suffix": "!"})
    assert principal_of(answer).user == "anna!"


@pytest.mark.parametrize("nobody", [None, ""])
def test_nobody_logged_in_may_not_connect(make_app, ask, nobody, runtime_directory):
    assert ask(make_app(Interop(user=lambda request: nobody))) == {"error": "Nobody is logged in"}
    assert not list(runtime_directory.iterdir())


@pytest.mark.parametrize("user", [object(), 0, ["anna"]])
def test_user_that_is_no_name_may_not_connect(make_app, ask, user, caplog):
    answer = ask(make_app(Interop(user=lambda request: user)))
    assert answer == {"error": "The server cannot tell who is logged in; its log says why"}
    assert "user= has to return a name or None" in caplog.text


def test_user_that_raises_is_told_in_the_log_only(make_app, ask, caplog):
    def user(request):
        raise RuntimeError("secret detail")

    with caplog.at_level(logging.ERROR, "dash_interop"):
        answer = ask(make_app(Interop(user=user)))
    assert answer == {"error": "The server cannot tell who is logged in; its log says why"}
    assert "secret detail" in caplog.text


def test_gateway_that_cannot_be_had_is_told_to_the_page(make_app, ask, runtime_directory):
    app = make_app()
    (runtime_directory / "dash_interop").write_text("in the way")
    answer = ask(app)
    assert answer["error"].startswith("cannot use the secret")


def test_given_application_is_stamped_and_other_names_are_only_proposed(make_app, ask, secret_file):
    named = {"gateway": URL, "secret_file": secret_file}
    for plugin, options, application, stamped in [
        (Interop(application="Prices", **named), {}, "Prices", "Prices"),
        (Interop(application="Prices", **named), {"title": "My title"}, "Prices", "Prices"),
        (Interop(**named), {"title": "My title"}, "My title", None),
        (Interop(**named), {}, "prices", None),
    ]:
        answer = ask(make_app(plugin, **options))
        assert answer["application"] == application
        assert principal_of(answer).application == stamped


def test_each_question_gets_a_token_of_its_own_user(make_app, ask, secret_file):
    users = iter(["anna", "ben"])
    app = make_app(Interop(user=lambda request: next(users), gateway=URL, secret_file=secret_file))
    assert [principal_of(ask(app)).user for _ in range(2)] == ["anna", "ben"]


def test_only_a_post_is_answered(make_app):
    app = make_app()
    if hasattr(app.server, "wsgi_app"):
        assert app.server.test_client().get(PATH).get_json(silent=True) is None


def test_two_apps_on_one_server_have_their_own_settings(ask, secret_file):
    server: Any = Flask("both")
    apps = {}
    for name in ["one", "two"]:
        plugin = Interop(
            user=lambda request, name=name: f"user of {name}",
            application=name,
            gateway=f"ws://{name}.corp",
            secret_file=secret_file,
        )
        apps[name] = Dash(name, server=server, url_base_pathname=f"/{name}/", plugins=[plugin])
        apps[name].layout = html.Div()
    for name in ["one", "two", "one"]:
        answer = ask(apps["two"], path=f"/{name}{PATH}")
        assert (answer["url"], answer["application"]) == (f"ws://{name}.corp", name)
        assert principal_of(answer) == Principal(
            f"user of {name}", name, "http://127.0.0.1:8050", True
        )


def test_app_under_a_proxys_prefix_is_found(ask, secret_file):
    plugin = Interop(application="behind", gateway=URL, secret_file=secret_file)
    app = Dash(
        "behind",
        requests_pathname_prefix="/outside/inside/",
        routes_pathname_prefix="/inside/",
        plugins=[plugin],
    )
    app.layout = html.Div()
    other = Dash("other")
    other.layout = html.Div()
    assert ask(app, path=f"/inside{PATH}")["application"] == "behind"
