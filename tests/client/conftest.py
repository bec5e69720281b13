"""Gateways to test a client with, peers in JavaScript, and what the published gateway lacks."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import secrets
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.client.published_differences import PUBLISHED_DIFFERENCES
from tests.support.gateways import GatewayProcess, ours, published
from tests.support.js_peer import JsPeer

HERE = Path(__file__).resolve().parent

TEST_SECONDS = 30.0

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


@pytest.fixture(scope="session")
def started_gateways(
    gateway_environment: Mapping[str, str],
) -> Iterator[dict[str, GatewayProcess]]:
    """One process of each for all tests, as starting takes its time."""
    with ours(environment=gateway_environment) as our_process:
        with published(environment=gateway_environment) as published_process:
            yield {"ours": our_process, "published": published_process}


@pytest.fixture(scope="session", params=["ours", "published"])
def shared_gateway(
    request: pytest.FixtureRequest, started_gateways: dict[str, GatewayProcess]
) -> GatewayProcess:
    """Each of the two gateways in turn."""
    return started_gateways[request.param]


@pytest.fixture
def gateway(shared_gateway: GatewayProcess) -> Iterator[GatewayProcess]:
    """Each of the two gateways in turn; shared, so it is not to be killed."""
    shared_gateway.check()
    yield shared_gateway
    shared_gateway.check()


@pytest.fixture
def our_shared_gateway(started_gateways: dict[str, GatewayProcess]) -> Iterator[GatewayProcess]:
    """Ours alone, for what both cannot differ in; not to be killed either."""
    process = started_gateways["ours"]
    process.check()
    yield process
    process.check()


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
        url: str,
        application: str = "js",
        user: str = user,
        token: str | None = None,
        library: str = "@interopio/core",
    ) -> JsPeer:
        peers.append(JsPeer(url, application, user, token, library))
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


# Tests that are coroutines -------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run ``async def`` tests on a loop of their own, which has to be clean at the end."""
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    names = inspect.signature(function).parameters
    asyncio.run(_watched(function(**{name: pyfuncitem.funcargs[name] for name in names})))
    return True


async def _watched(test: Coroutine[Any, Any, None]) -> None:
    """Run a test; fails when it leaves tasks behind, or errors that nobody was told of."""
    # The look for garbage at the end goes through what the test made, and nothing older.
    gc.freeze()
    problems: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: problems.append(str(context)))
    await asyncio.wait_for(test, TEST_SECONDS)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        # Those that were cancelled get the time to hear of it.
        _, left = await asyncio.wait(left, timeout=1)
    assert not left
    gc.collect()
    assert not problems


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
