"""Gateways to test a client with, peers in JavaScript, and what the published gateway lacks."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.client.published_differences import PUBLISHED_DIFFERENCES
from tests.support.gateways import GatewayProcess, ours, published
from tests.support.js_peer import JsPeer

HERE = Path(__file__).resolve().parent

JsPeerFactory = Callable[..., JsPeer]


@pytest.fixture(scope="session")
def gateway_environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The variables of whoever runs the tests, but neither settings nor the secret."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DASH_INTEROP_")}
    return {**kept, "XDG_RUNTIME_DIR": str(tmp_path_factory.mktemp("runtime"))}


@pytest.fixture(autouse=True)
def same_environment(
    gateway_environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the test itself see what the gateways see."""
    for name in os.environ.keys() - gateway_environment.keys():
        if name.startswith("DASH_INTEROP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_RUNTIME_DIR", gateway_environment["XDG_RUNTIME_DIR"])


@pytest.fixture(scope="session", params=["ours", "published"])
def shared_gateway(
    request: pytest.FixtureRequest, gateway_environment: Mapping[str, str]
) -> Iterator[GatewayProcess]:
    """One process for all tests, as starting takes its time."""
    start = {"ours": ours, "published": published}[request.param]
    with start(environment=gateway_environment) as process:
        yield process


@pytest.fixture
def gateway(shared_gateway: GatewayProcess) -> Iterator[GatewayProcess]:
    """Each of the two gateways in turn; shared, so it is not to be killed."""
    shared_gateway.check()
    yield shared_gateway
    shared_gateway.check()


@pytest.fixture
def our_gateway(gateway_environment: Mapping[str, str]) -> Iterator[GatewayProcess]:
    """A gateway of this package for one test, which may kill it and start it again."""
    with ours(environment=gateway_environment) as process:
        yield process


@pytest.fixture
def user() -> str:
    """Somebody no other test knows: peers of different users do not see each other."""
    return f"user-{secrets.token_hex(5)}"


@pytest.fixture
def js_peer(user: str) -> Iterator[JsPeerFactory]:
    """Makes JavaScript peers from a URL and what else :class:`JsPeer` takes; ends them."""
    peers: list[JsPeer] = []

    def connect(
        url: str, application: str = "js", user: str = user, token: str | None = None
    ) -> JsPeer:
        peers.append(JsPeer(url, application, user, token))
        return peers[-1]

    try:
        yield connect
    finally:
        _close_all(peers)


def _close_all(peers: list[JsPeer]) -> None:
    if peers:
        try:
            peers.pop().close()
        finally:
            _close_all(peers)


# What the published gateway lacks ------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Expect the listed tests to fail there. Comes before -k, or every entry would have to fit."""
    named: set[str] = set()
    for item in items:
        if isinstance(item, pytest.Function) and HERE in item.path.parents:
            named |= _expect_difference(item)
    unknown = PUBLISHED_DIFFERENCES.keys() - named
    if unknown and _has_collected_all(session, config):
        raise pytest.UsageError(
            f"{HERE.name}/published_differences.py names no test with: {', '.join(sorted(unknown))}"
        )


def _expect_difference(item: pytest.Function) -> set[str]:
    """Mark a test that is listed; returns the keys it is listed with."""
    callspec = getattr(item, "callspec", None)
    if callspec is None or callspec.params.get("shared_gateway") != "published":
        return set()
    keys = {item.name, item.originalname} & PUBLISHED_DIFFERENCES.keys()
    for key in keys:
        reason = PUBLISHED_DIFFERENCES[key]
        item.add_marker(pytest.mark.xfail(strict=True, reason=reason))
    return keys


def _has_collected_all(session: pytest.Session, config: pytest.Config) -> bool:
    """Whether pytest was asked for the whole folder, and could import all of it."""
    asked = [(config.invocation_params.dir / argument).resolve() for argument in config.args]
    whole = any(path == HERE or path in HERE.parents for path in asked)
    narrowed = config.getoption("lf", False) or config.getoption("ignore", None)
    return whole and not narrowed and not session.testsfailed
