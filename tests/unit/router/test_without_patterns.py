"""Patterns in restrictions without google-re2: they are refused, and everything else works."""

import sys

import pytest
from websockets.asyncio.client import connect

from tests.support.client import Client, connected, run
from tests.support.gateways import GatewayProcess

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
