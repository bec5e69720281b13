"""Patterns in restrictions: matched where google-re2 is installed, and else refused."""

import sys

import pytest
from websockets.asyncio.client import connect

from dash_interop.router.restrictions import RestrictionError, parse
from tests.support.client import Client, connected, run
from tests.support.gateways import GatewayProcess

needs_re2 = pytest.mark.skipif(
    sys.version_info >= (3, 15), reason="google-re2 has no wheels for this Python"
)

OWN = {"pattern": "a.*"}
OTHER = {"desk": 7, "name": "abc"}


@needs_re2
@pytest.mark.parametrize(
    "text, holds",
    [
        # Matching is of the whole text.
        ("$name ? 'a.*'", True),
        ("$name ? 'b'", False),
        ("$name ? #pattern", True),
        ("$name ? 'ABC'", False),
        ("$name ? '(?i)ABC'", True),
        ("$desk ? '7'", False),
        ("$missing ? '.*'", False),
        ("$name ? $missing", False),
    ],
)
def test_pattern(text, holds):
    assert parse(text)(OWN, OTHER) is holds


@needs_re2
def test_bad_regular_expression_is_refused():
    with pytest.raises(RestrictionError):
        parse("$name ? '('")


@needs_re2
def test_bad_regular_expression_in_an_identity_matches_nothing():
    assert parse("$name ? #pattern")({"pattern": "("}, {"name": "("}) is False


@needs_re2
def test_bad_regular_expression_in_an_identity_writes_nothing_to_stderr(capfd):
    parse("$name ? #pattern")({"pattern": "(unclosed"}, {"name": "("})
    assert "unclosed" not in capfd.readouterr().err


@needs_re2
@pytest.mark.parametrize("pattern", ["(a+)+", "(a|aa)*b", "(.*)*(.*)*(.*)*x", "(a?){900}"])
@pytest.mark.timeout(10)
def test_regular_expressions_take_linear_time(pattern):
    restriction = parse(f"$text ? '{pattern}'")
    assert restriction({}, {"text": "a" * 20_000 + "!"}) is False


WITHOUT_RE2 = "import sys; sys.modules['re2'] = None; from dash_interop.cli import main; main()"


@pytest.fixture(scope="module")
def gateway_without_re2():
    def command(port):
        arguments = ["gateway", "--port", str(port), "--no-auth"]
        return [sys.executable, "-c", WITHOUT_RE2, *arguments]

    with GatewayProcess("a gateway without google-re2", command) as gateway:
        yield gateway


@pytest.mark.parametrize("pattern", ["$name ? 'a.*'", "$name ? #pattern", "$name ? '('"])
def test_pattern_is_refused_without_re2_with_what_to_install(gateway_without_re2, pattern):
    reason = (
        "These restrictions cannot be used: '?' at position 6 needs google-re2, which is not "
        'installed where the gateway runs (pip install "dash_interop[restrictions]")'
    )

    async def body():
        async with connected(gateway_without_re2.url) as peer:
            method = {"id": "1", "name": "Sum", "restrictions": pattern}
            await peer.send("register", methods=[method])
            assert (await peer.receive("error"))["reason"] == reason
        async with connect(gateway_without_re2.url) as socket:
            peer = Client(socket)
            await peer.hello()
            joining = {"destination": "agm", "restrictions": pattern}
            await peer.send("join", domain="global", **joining)
            assert (await peer.receive("error"))["reason"] == reason

    run(body())


def test_restriction_without_a_pattern_works_without_re2(gateway_without_re2):
    async def body():
        async with connected(gateway_without_re2.url) as peer:
            hidden = {"id": "1", "name": "Hidden", "restrictions": "$user == 'nobody'"}
            shown = {"id": "2", "name": "Shown", "restrictions": "$user == #user"}
            async with connected(gateway_without_re2.url) as other:
                await peer.send("register", methods=[hidden, shown])
                added = await other.receive("methods-added")
                assert [method["name"] for method in added["methods"]] == ["Shown"]

    run(body())
