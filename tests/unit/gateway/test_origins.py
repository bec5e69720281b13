"""Which pages may connect."""

import pytest

from dash_interop.errors import ConfigError
from dash_interop.gateway.origins import (
    LOOPBACK,
    OriginPolicy,
    is_loopback_host,
    is_loopback_origin,
    normalize_origin,
)

NOT_NAMED = "The Origin header does not name the origin of a page"


@pytest.mark.parametrize(
    "origin, normalized",
    [
        ("https://app.corp", "https://app.corp:443"),
        ("https://app.corp:443", "https://app.corp:443"),
        ("http://app.corp", "http://app.corp:80"),
        ("HTTPS://APP.Corp:8443", "https://app.corp:8443"),
        ("http://127.0.0.1:8050", "http://127.0.0.1:8050"),
        ("http://[::1]:8050", "http://[::1]:8050"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example:443"),
        ("null", None),
        ("", None),
        ("app.corp", None),
        ("//app.corp", None),
        ("https://", None),
        ("https://:443", None),
        ("ftp://app.corp", None),
        ("file://", None),
        ("ws://app.corp", None),
        ("chrome-extension://abc", None),
        ("https://app.corp/", None),
        ("https://app.corp/path", None),
        ("https://app.corp?x", None),
        ("https://app.corp#x", None),
        ("https://user@app.corp", None),
        ("https://app.corp@evil", None),
        ("https://app.corp:443@evil", None),
        ("https://app.corp:99999", None),
        ("https://app.corp:x", None),
        ("https://[::1", None),
        (" https://app.corp", None),
        ("https://app.corp ", None),
        ("https://app.corp\t", None),
        ("https://app.corp https://evil", None),
        ("https://app.corp, https://evil", None),
    ],
)
def test_origin_has_one_spelling_or_is_none(origin, normalized):
    assert normalize_origin(origin) == normalized


@pytest.mark.parametrize(
    "origin",
    [
        "http://app.corp",
        "https://app.corp:444",
        "https://app.corp:8443",
        "https://app.corp.evil.com",
        "https://evil-app.corp",
        "https://app.corp.",
        "https://app.corpx",
        "https://sub.app.corp",
        "https://corp",
        "https://app.corp@evil",
        "https://app_corp",
        "https://аpp.corp",
        "https://app.corp\\.evil",
        "null",
        "https://app.corp/",
        "",
    ],
)
def test_lookalike_is_refused(origin):
    assert OriginPolicy(["https://app.corp"]).refusal([origin]) is not None


@pytest.mark.parametrize(
    "origin", ["https://app.corp", "https://app.corp:443", "HTTPS://App.Corp", "http://b:8050"]
)
def test_listed_origin_is_accepted(origin):
    assert OriginPolicy(["https://APP.corp", "http://b:8050"]).refusal([origin]) is None


@pytest.mark.parametrize("allowed", [[], ["https://app.corp"]])
def test_client_that_is_no_browser_needs_no_origin(allowed):
    assert OriginPolicy(allowed).refusal([]) is None


def test_two_origin_headers_are_refused():
    headers = ["https://app.corp", "https://app.corp"]
    assert OriginPolicy(["https://app.corp"]).refusal(headers) == "More than one Origin header"


@pytest.mark.parametrize(
    "origin", ["https://anything.example", "http://127.0.0.1:8050", "http://localhost", "null", ""]
)
def test_without_a_list_no_page_may_connect(origin):
    assert OriginPolicy().refusal([origin]) is not None
    assert OriginPolicy().refusal([]) is None


def test_refusal_names_the_origin_and_the_option():
    refusal = OriginPolicy(["https://app.corp"]).refusal(["https://evil.example"])
    assert refusal is not None
    assert "https://evil.example:443" in refusal and "--allow-origin" in refusal
    assert OriginPolicy().refusal(["null"]) == NOT_NAMED


PAGES = [
    ("http://127.0.0.1:8050", True),
    ("http://127.8.9.1:80", True),
    ("http://localhost:8050", True),
    ("https://[::1]:443", True),
    ("http://0.0.0.0:80", False),
    ("http://192.168.0.1:80", False),
    ("http://localhost.evil.com:80", False),
    ("http://127.0.0.1.evil.com:80", False),
    ("http://evil-localhost:80", False),
    ("http://127.1:80", False),
    ("http://2130706433:80", False),
    ("http://localhost.:80", False),
    ("http://127.0.0.1.:80", False),
    ("http://[::ffff:192.0.2.1]:80", False),
    ("http://127.0.0.1@evil.com:80", False),
]


@pytest.mark.parametrize("origin, loopback", PAGES)
def test_loopback_is_this_machine_only(origin, loopback):
    assert is_loopback_origin(origin) is loopback
    assert (OriginPolicy([LOOPBACK]).refusal([origin]) is None) is loopback
    both = OriginPolicy(["https://app.corp", LOOPBACK])
    assert (both.refusal([origin]) is None) is loopback
    assert both.refusal(["https://app.corp"]) is None
    assert OriginPolicy(["https://app.corp"]).refusal([origin]) is not None


@pytest.mark.parametrize(
    "host, loopback",
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("localhost.", False),
        ("localhost.corp", False),
        ("127.0.0.1.corp", False),
        ("", False),
    ],
)
def test_host_is_loopback_only_by_its_own_names(host, loopback):
    assert is_loopback_host(host) is loopback


@pytest.mark.parametrize(
    "text", ["app.corp", "*", "https://app.corp/", "null", "", "Loopback", "localhost"]
)
def test_configured_origin_has_to_be_one(text):
    with pytest.raises(ConfigError, match="not an origin"):
        OriginPolicy([text])
