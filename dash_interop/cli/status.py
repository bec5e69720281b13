"""``dash-interop status``: whether all is well, and if not, what is wrong."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from .. import settings
from ..errors import AuthenticationFailed, ConfigError, ConnectionFailed
from .connecting import Login, login_options, printing
from .output import name_of, print_anything, show_json, show_table
from .peers import describe_peer

if TYPE_CHECKING:
    from ..client.sync import InteropClient

__all__ = ["status"]

_MOST_NAMES = 5

_SOURCES = {
    ParameterSource.COMMANDLINE: "named by --url",
    ParameterSource.ENVIRONMENT: f"named by {settings.GATEWAY}",
}


class Finding(NamedTuple):
    """One line of what was found, and what of it is for programs."""

    check: str
    is_well: bool
    detail: str
    facts: dict[str, Any]


@click.command()
@printing
@login_options
@click.pass_context
def status(ctx: click.Context, login: Login, as_json: bool) -> int:
    """Say whether all is well: gateway, login, clock, version, peers and what they share.

    A line each, ok or wrong, with which gateway it is and who named it, and what to do. Ends with 1
    when something is wrong. With --json one object has it all.

    \b
    Examples:
      dash-interop status
      dash-interop status --url wss://interop.example.com --secret-file /etc/interop/secret
      dash-interop status --json | jq .login
    """
    # The findings say what the client would log.
    logging.getLogger("dash_interop").addHandler(logging.NullHandler())
    print_anything()
    source = ctx.get_parameter_source("url") or ParameterSource.DEFAULT
    with ExitStack() as stack:
        findings = list(_look(login, _SOURCES.get(source, ""), stack.enter_context))
    is_well = all(finding.is_well for finding in findings)
    if as_json:
        show_json({"ok": is_well, **{finding.check: _describe(finding) for finding in findings}})
    else:
        show_table(("check", "state", "detail"), map(_row, findings))
    return 0 if is_well else 1


def _look(
    login: Login, source: str, enter: Callable[[InteropClient], InteropClient]
) -> Iterator[Finding]:
    """Each finding; what depends on something that is wrong is not looked at."""
    if login.url is not None:
        settings.checked_url(login.url)
    try:
        url = login.find()
    except ConfigError as error:
        yield Finding("gateway", False, f"{error}{_strangers(login)}", {"url": None})
        return
    where = f"{url}, {source or 'shared by the processes of this user on this machine'}"
    facts = {"url": url}
    try:
        interop = enter(login.connect())
    except ConfigError as error:
        yield Finding("login", False, str(error), {})
        return
    except ConnectionFailed as error:
        reason = str(error) if url in str(error) else f"{where}: {error}"
        yield Finding("gateway", False, reason, facts)
        return
    except AuthenticationFailed as error:
        yield Finding("gateway", True, where, facts)
        yield Finding("login", False, f"{_whom(login)}: {error}", {})
        yield from _clock(url, login.connect_timeout)
        return
    yield Finding("gateway", True, where, facts)
    yield Finding("login", True, _whom(login), {})
    yield from _clock(url, login.connect_timeout)
    yield _version(interop)
    yield _peers(interop)
    yield _contexts(interop)


def _strangers(login: Login) -> str:
    """What listens where the gateway of this machine would, as far as that can be looked at."""
    if login.url is not None:
        return ""
    try:
        ports = login.shared().strangers()
    except ConfigError:
        return ""
    if not ports:
        return ""
    listed = ", ".join(map(str, ports))
    return f"; on {listed} another program listens, or a gateway with another secret"


def _whom(login: Login) -> str:
    """As whom the command logs in, and with what."""
    if login.login is not None:
        return f"as {login.login}, by name"
    if login.token is not None:
        return "with the token of --token"
    who = "as a service" if login.user is None else f"as {login.user}"
    file = settings.secret_file(login.secret_file)
    if file is not None:
        source = settings.SECRET_FILE if login.secret_file is None else "--secret-file"
        return f"{who}, with the secret in {file}, named by {source}"
    return f"{who}, with the secret that the processes of this user share on this machine"


def _clock(url: str, timeout: float) -> Iterator[Finding]:
    """How far the clocks are apart; nothing where the gateway does not say."""
    # Loaded here, as below: help need not wait for what looks.
    from ..gateway.auth import CLOCK_SKEW_SECONDS

    ahead = _seconds_ahead(url, timeout)
    if ahead is None:
        return
    facts = {"seconds": round(ahead, 1)}
    if abs(ahead) <= 1:
        yield Finding("clock", True, "as here", facts)
        return
    words = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the one here"
    if abs(ahead) <= CLOCK_SKEW_SECONDS:
        yield Finding("clock", True, words, facts)
    else:
        words = f"{words}: tokens are dated, so logins are refused; set the clocks"
        yield Finding("clock", False, words, facts)


def _seconds_ahead(url: str, timeout: float) -> float | None:
    """How much later it is at the gateway, as an HTTP answer says to the second."""
    from email.utils import parsedate_to_datetime
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = urlsplit(url)
    make = HTTPSConnection if parts.scheme == "wss" else HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=timeout)
    try:
        asked = time()
        connection.request("GET", parts.path or "/")
        date = connection.getresponse().getheader("Date")
        here = (asked + time()) / 2
        # The date is cut to the second; the middle of it is the best guess.
        return None if date is None else parsedate_to_datetime(date).timestamp() + 0.5 - here
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _version(interop: InteropClient) -> Finding:
    from importlib.metadata import version

    own, other = version("dash_interop"), interop.gateway_version
    facts = {"library": own, "gateway": other}
    if other is None:
        words = f"{own}; the gateway does not say its own, so it is not ours"
    elif other == own:
        words = own
    else:
        words = f"{own} here, {other} at the gateway"
    return Finding("version", True, words, facts)


def _peers(interop: InteropClient) -> Finding:
    peers = interop.peers()
    counts = Counter(name_of(peer) for peer in peers)
    names = [name if count == 1 else f"{name} x{count}" for name, count in counts.most_common()]
    more = len(names) - _MOST_NAMES
    listed = ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    words = f"{len(peers)} connected: {listed}" if peers else "nobody else is connected"
    return Finding("peers", True, words, {"connected": [describe_peer(peer) for peer in peers]})


def _contexts(interop: InteropClient) -> Finding:
    names, channels = interop.contexts.all(), interop.channels.all()
    words = f"{len(names)} contexts, {len(channels)} channels"
    return Finding("contexts", True, words, {"names": names, "channels": channels})


def _row(finding: Finding) -> tuple[str, ...]:
    return (finding.check, "ok" if finding.is_well else "wrong", finding.detail)


def _describe(finding: Finding) -> dict[str, Any]:
    return {"ok": finding.is_well, "detail": finding.detail, **finding.facts}
