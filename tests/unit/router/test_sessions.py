"""Logins with tokens that get too old."""

from msgspec import structs

from dash_interop.router.effects import Close, Send
from dash_interop.router.limits import Limits
from dash_interop.router.principals import Principal, Remote
from dash_interop.router.router import Router
from dash_interop.wire.login import Authentication, Hello, Welcome
from tests.support.room import DOMAINS, BelieveLogins, credentials

WORDS = "The login is too old: come back with a new token"


class Services(BelieveLogins):
    def authenticate(self, authentication: Authentication, remote: Remote) -> Principal:
        principal = super().authenticate(authentication, remote)
        return structs.replace(principal, is_service=principal.user == "service")


def log_in(router, connection, user, now, authentication=None):
    token = authentication or Authentication("access-token", token=f"token {user} ")
    router.connect(connection, Remote())
    (effect,) = router.handle(connection, Hello(authentication=token), now)
    assert isinstance(effect, Send) and isinstance(effect.message, Welcome)


def new_router(seconds):
    return Router(Services(), DOMAINS, node="N", limits=Limits(session_seconds=seconds))


def test_each_is_closed_when_its_time_is_over():
    router = new_router(100.0)
    assert router.next_deadline() is None
    log_in(router, "a", "anna", 5.0)
    log_in(router, "b", "ben", 7.0)
    assert router.next_deadline() == 105.0
    assert router.tick(104.9) == []
    assert router.tick(105.0) == [Close("a", 4011, WORDS)]
    assert router.next_deadline() == 107.0
    assert router.tick(200.0) == [Close("b", 4011, WORDS)]
    assert router.tick(300.0) == []


def test_later_login_over_a_connection_does_not_prolong_the_first():
    router = new_router(100.0)
    log_in(router, "a", "anna", 0.0)
    again = Authentication("access-token", token="token anna ")
    router.handle("a", Hello(identity={"x": 1}, authentication=again), 50.0)
    assert router.tick(100.0) == [Close("a", 4011, WORDS)]


def test_what_has_ended_by_itself_is_not_closed():
    router = new_router(100.0)
    log_in(router, "a", "anna", 0.0)
    router.disconnect("a", 1.0)
    assert router.next_deadline() is None
    log_in(router, "a", "anna", 50.0)
    assert router.tick(100.0) == []


def test_services_and_holders_of_the_secret_stay():
    router = new_router(100.0)
    log_in(router, "a", "service", 0.0)
    log_in(router, "b", "anna", 0.0, credentials("anna"))
    assert router.next_deadline() is None


def test_by_default_nobody_is_closed():
    router = Router(Services(), DOMAINS, node="N")
    log_in(router, "a", "anna", 0.0)
    assert router.next_deadline() is None
