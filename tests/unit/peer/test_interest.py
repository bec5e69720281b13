"""What a peer asks to be told of, and what it makes of knowing only that."""

import pytest

from dash_interop.errors import MethodNotFound
from tests.support.wired import DOWN, Wired, WiredPeer


def narrow(wired: Wired, name: str = "service") -> WiredPeer:
    """A service that knows of others what it asks for only."""
    peer = wired.stranger(name, "service")
    peer.agm.interest.narrow()
    wired.connect(peer)
    return peer


@pytest.fixture
def wired() -> Wired:
    wired = Wired()
    for user in ("anna", "ben"):
        page = wired.peer(user, user)
        for name in ("Sum", "Mean", f"Of {user}"):
            page.register(name)
    return wired


def names(peer: WiredPeer) -> list[str]:
    return sorted(method.name for method in peer.agm.directory.methods())


def test_it_begins_with_nothing_and_knows_what_it_invokes(wired: Wired):
    service = narrow(wired)
    assert names(service) == [] and service.agm.directory.others() == []
    token = service.invoke("sum", {}, "all")
    assert names(service) == ["Sum"]
    for page in ("anna", "ben"):
        (invocation,) = wired.peers[page].running
        wired.peers[page].answer(invocation, {"by": page})
    returned = [each.returned["by"] for each in service.outcome(token).all_return_values]
    assert sorted(returned) == ["anna", "ben"]


def test_method_that_is_not_there_is_not_found_without_a_wait(wired: Wired):
    service = narrow(wired)
    token = service.invoke("Nothing", wait_timeout=0.0)
    wired.tick(0.0)
    service.error(token, MethodNotFound)


def test_time_is_not_up_before_the_gateway_has_told(wired: Wired):
    service = narrow(wired)
    wired.hold(service, DOWN)
    token = service.invoke("Sum", wait_timeout=0.0)
    wired.tick(0.0)
    assert not service.is_settled(token)
    wired.release(service)
    assert wired.peers["anna"].running or wired.peers["ben"].running


def test_gateway_that_does_not_tell_is_not_waited_for_for_ever(wired: Wired):
    service = narrow(wired)
    wired.hold(service, DOWN)
    token = service.invoke("Sum", wait_timeout=1.0)
    wired.tick(60.0)
    service.error(token, MethodNotFound)


def test_all_can_be_asked_for(wired: Wired):
    service = narrow(wired)
    token = service.token()
    service.ask(lambda: service.agm.learn(token, None))
    assert service.is_settled(token)
    assert names(service) == sorted(["Sum", "Mean", "Of anna", "Of ben"])
    assert len(service.agm.directory.others()) == 2


def test_what_was_asked_for_is_known_after_an_outage(wired: Wired):
    service = narrow(wired)
    service.ask(lambda: service.agm.interest.want("Mean"))
    wired.reconnect(service)
    assert names(service) == ["Mean"]
    wired.cut(service)
    service.ask(lambda: service.agm.interest.want("Of ben"))
    wired.connect(service)
    assert names(service) == ["Mean", "Of ben"]


def test_what_is_asked_for_while_it_joins_is_told(wired: Wired):
    service = wired.stranger("service", "service")
    service.agm.interest.narrow()
    wired.hold(service, DOWN)
    wired.connect(service)
    service.held.clear()
    assert wired.deliver_one(service, DOWN), "welcome"
    service.ask(lambda: service.agm.interest.want("Sum"))
    assert names(service) == ["Sum"]


def test_newcomers_are_told_of_by_what_was_asked_for(wired: Wired):
    service = narrow(wired)
    token = service.wait_for_method("Later")
    assert not service.is_settled(token)
    wired.peer("carl", "carl").register("later")
    assert service.outcome(token).name == "later"


def test_caller_is_known_to_who_is_called(wired: Wired):
    service = narrow(wired)
    service.register("Ask")
    wired.peers["anna"].invoke("Ask")
    (invocation,) = service.running
    assert service.agm.directory.instance(invocation.caller_id)["user"] == "anna"
    assert names(service) == ["Ask"]


def test_changes_are_taken_up_when_something_is_asked(wired: Wired):
    page = wired.stranger("carl", "anna")
    page.agm.directory.defer()
    wired.connect(page)
    directory = page.agm.directory
    assert directory.has_untaken
    assert page.told("method_added", "server_added") == []
    assert names(page) == ["Mean", "Of anna", "Sum"] and not directory.has_untaken
    wired.peers["anna"].register("More")
    assert directory.has_untaken
    token = page.invoke("More")
    (invocation,) = wired.peers["anna"].running
    wired.peers["anna"].answer(invocation)
    assert page.is_settled(token)
    directory.attend()
    wired.peers["anna"].register("Last")
    assert [each[1].name for each in page.told("method_added")] == ["Last"]


def test_changes_that_nobody_asks_for_do_not_pile_up(wired: Wired):
    page = wired.stranger("carl", "anna")
    page.agm.directory.defer()
    wired.connect(page)
    most = 0
    for _ in range(6_000):
        offering = wired.peers["anna"].register("Comes and goes")
        wired.peers["anna"].unregister(offering)
        most = max(most, len(page.agm.directory._untaken))  # pyright: ignore[reportPrivateUsage]
    assert most < 10_100
