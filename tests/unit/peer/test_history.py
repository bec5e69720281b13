"""What a publisher keeps, and what of it a subscriber gets that comes, or comes back."""

import json
from pathlib import Path

import pytest
from msgspec import Raw

from dash_interop.errors import MessageTooLarge
from dash_interop.peer import history, recovery
from dash_interop.peer.history import StreamHistory
from dash_interop.wire.agm import AddInterest, Event
from dash_interop.wire.envelope import NULL
from dash_interop.wire.history import Announcement, HistorySettings, Position, read_history
from dash_interop.wire.payloads import encode_payload
from tests.support.wired import DOWN, HARD_TO_READ, UP, Wired

EPOCHS = iter(range(10_000))

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "history.json").read_text(encoding="utf-8")
)
"""What pages are held to as well."""


def keeping(size=100, key=None):
    return StreamHistory(HistorySettings(size, key), f"epoch{next(EPOCHS)}")


def by_symbol(size=100):
    return keeping(size, "symbol")


def company(kept, *, decides=False):
    """A publisher of ``Prices`` that keeps something, its stream, and another peer."""
    wired = Wired()
    publisher = wired.peer("publisher", instance="publisher-1")
    stream = publisher.create_stream("Prices", decides=decides, history=kept)
    return wired, publisher, stream, wired.peer("subscriber")


def numbers(peer, owner="subscription"):
    return [data["n"] for data in peer.data(owner)]


def told(peer, owner="subscription"):
    """What was said of recovery, in order."""
    return [event[1] for event in peer.heard(owner, "recovered")]


def push(publisher, stream, *values, key=None):
    for n in values:
        publisher.push(stream, {"n": n}, *([] if key is None else [key]))


def quote(publisher, stream, **prices):
    for symbol, n in prices.items():
        publisher.push(stream, {"symbol": symbol, "n": n})


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_histories_of_pages_and_processes_are_alike(vector):
    settings = read_history(vector["history"])
    assert settings is not None
    kept = StreamHistory(settings, "e")
    for step in vector["steps"]:
        if "push" in step:
            data = encode_payload(step["push"])
            kept.keep(kept.next_offset(), data, step.get("branches"), kept.slot(data))
        else:
            branch = step.get("on", "")
            replay = kept.replay(branch, Position(**step["ask"]), None)
            assert [json.loads(bytes(data))["n"] for data in replay.data] == step["gets"]
            assert replay.announcement == Announcement(
                "e", branch, step["offset"], step["recovered"]
            )


# Newcomers


def test_newcomer_gets_what_is_kept_and_then_what_comes_live():
    wired, publisher, stream, subscriber = company(keeping())
    push(publisher, stream, 1, 2, 3)
    line = subscriber.subscribe("Prices")
    push(publisher, stream, 4)
    assert numbers(subscriber) == [1, 2, 3, 4]
    assert [name for name, *_ in subscriber.heard("subscription")][:3] == [
        "connected",
        "recovered",
        "data",
    ]
    assert (line.recovered, told(subscriber)) == (True, [True])


def test_what_is_kept_is_told_as_what_comes_live():
    wired, publisher, stream, subscriber = company(keeping())
    push(publisher, stream, 1)
    line = subscriber.subscribe("Prices", {"a": 1})
    push(publisher, stream, 2)
    ((_, interest),) = publisher.heard("stream", "added")
    publisher.push_to(interest, {"n": 3})
    data = [event[1] for event in subscriber.heard("subscription", "data")]
    assert [each.private for each in data] == [False, False, True]
    assert [each.sequence for each in data] == [1, 2, 3]
    assert {each.server["application"] for each in data} == {"publisher"}
    assert [each.request_arguments for each in data] == [{"a": 1}] * 3
    assert line.recovered is True


def test_it_is_known_as_soon_as_it_is_subscribed():
    wired, publisher, stream, subscriber = company(keeping(1))
    push(publisher, stream, 1, 2)
    wired.hold(subscriber, DOWN)
    line = subscriber.subscribe("Prices")
    subscriber.held.clear()
    while not subscriber.is_settled("subscription"):
        assert wired.deliver_one(subscriber, DOWN)
    assert (line.recovered, numbers(subscriber)) == (False, [2])


def test_newcomer_to_a_stream_without_data_misses_nothing():
    wired, publisher, stream, subscriber = company(keeping())
    line = subscriber.subscribe("Prices")
    push(publisher, stream, 1)
    assert (line.recovered, numbers(subscriber)) == (True, [1])


def test_newcomer_to_a_stream_that_has_dropped_data_is_told_so():
    wired, publisher, stream, subscriber = company(keeping(2))
    push(publisher, stream, 1, 2, 3)
    line = subscriber.subscribe("Prices")
    assert (line.recovered, numbers(subscriber)) == (False, [2, 3])


def test_without_a_history_nothing_is_said_of_it():
    wired, publisher, stream, subscriber = company(None)
    push(publisher, stream, 1)
    line = subscriber.subscribe("Prices")
    push(publisher, stream, 2)
    assert (line.recovered, told(subscriber), numbers(subscriber)) == (None, [], [2])


def test_private_data_is_not_kept():
    wired, publisher, stream, subscriber = company(keeping())
    subscriber.subscribe("Prices")
    ((_, interest),) = publisher.heard("stream", "added")
    publisher.push_to(interest, {"n": 1})
    other = wired.peer("other")
    line = other.subscribe("Prices")
    assert (numbers(subscriber), numbers(other), line.recovered) == ([1], [], True)


def test_who_does_not_ask_sees_an_ordinary_stream():
    wired, publisher, stream, subscriber = company(keeping())
    push(publisher, stream, 1)
    wired.hold(publisher, UP)
    interest = AddInterest(publisher.id, "s", stream.id, "p", NULL, NULL, NULL, NULL)
    wired.say(publisher, interest)
    push(publisher, stream, 2)
    sent = [json.loads(frame) for frame in publisher.frames[UP]]
    assert [(frame["type"], frame.get("snapshot")) for frame in sent] == [
        ("accepted", None),
        ("publish", None),
    ]


@pytest.mark.parametrize(
    "context",
    [
        "null",
        "5",
        "{}",
        '{"recover":null}',
        '{"recover":5}',
        '{"recover":{"epoch":5}}',
        '{"recover":{"epoch":"e","offset":-1}}',
        '{"recover":{"epoch":"e","offset":1.5}}',
        '{"recover":{"epoch":"e","offset":1e999}}',
        *(f'{{"recover":{value}}}' for value in HARD_TO_READ.values()),
    ],
    ids=lambda text: text[:40],
)
def test_who_asks_for_nothing_sensible_sees_an_ordinary_stream(context):
    wired, publisher, stream, subscriber = company(keeping())
    push(publisher, stream, 1)
    wired.hold(publisher, UP)
    raw = Raw(context.encode())
    wired.say(publisher, AddInterest(publisher.id, "s", stream.id, "p", NULL, NULL, NULL, raw))
    assert [json.loads(frame)["type"] for frame in publisher.frames[UP]] == ["accepted"]


def test_request_that_is_decided_later_gets_what_is_kept_by_then():
    wired, publisher, stream, subscriber = company(keeping(), decides=True)
    push(publisher, stream, 1)
    line = subscriber.subscribe("Prices")
    push(publisher, stream, 2)
    publisher.accept(publisher.requests()[0])
    push(publisher, stream, 3)
    assert (line.recovered, numbers(subscriber)) == (True, [1, 2, 3])


def test_rejected_request_gets_nothing():
    wired, publisher, stream, subscriber = company(keeping(), decides=True)
    push(publisher, stream, 1)
    line = subscriber.subscribe("Prices")
    publisher.reject(publisher.requests()[0], "No")
    assert (line.state, line.recovered, numbers(subscriber)) == ("closed", None, [])


# Branches


def test_branch_has_what_was_pushed_to_it_and_to_all():
    wired, publisher, stream, eu = company(keeping(), decides=True)
    push(publisher, stream, 1)
    push(publisher, stream, 2, key="eu")
    push(publisher, stream, 3, key="us")
    push(publisher, stream, 4)
    publisher.push(stream, {"n": 5}, "us", "eu", "us")
    us, elsewhere = wired.peer("us"), wired.peer("elsewhere")
    for peer, key in [(eu, "eu"), (us, "us"), (elsewhere, "elsewhere")]:
        line = peer.subscribe("Prices")
        publisher.accept(publisher.requests()[-1], key)
        assert line.recovered is True
    assert [numbers(peer) for peer in (eu, us, elsewhere)] == [[1, 2, 4, 5], [1, 3, 4, 5], [1, 4]]


def test_subscriber_that_is_put_on_another_branch_gets_no_more_than_it_lacks():
    wired, publisher, stream, subscriber = company(keeping(), decides=True)
    line = subscriber.subscribe("Prices")
    publisher.accept(publisher.requests()[-1], "eu")
    push(publisher, stream, 1)
    push(publisher, stream, 2, key="us")
    push(publisher, stream, 3, key="eu")
    wired.reconnect(subscriber)
    push(publisher, stream, 4)
    publisher.accept(publisher.requests()[-1], "us")
    assert (line.recovered, numbers(subscriber)) == (False, [1, 3, 4])


def test_branches_are_bounded(monkeypatch):
    monkeypatch.setattr(history, "MOST_BRANCHES", 2)
    wired, publisher, stream, subscriber = company(keeping(), decides=True)
    push(publisher, stream, 1, key="a")
    push(publisher, stream, 2, key="b")
    push(publisher, stream, 3, key="a")
    push(publisher, stream, 4, key="c")
    got = {}
    for key in "abcd":
        peer = wired.peer(key)
        line = peer.subscribe("Prices")
        publisher.accept(publisher.requests()[-1], key)
        got[key] = (line.recovered, numbers(peer))
    assert got["a"] == (True, [1, 3])
    assert got["b"] == (False, [])
    assert got["c"][1] == [4]
    # Whether nothing was ever pushed to it is not known any more.
    assert got["d"] == (False, [])


# The newest of each key


def test_newest_datum_of_each_key_is_kept():
    wired, publisher, stream, subscriber = company(by_symbol())
    quote(publisher, stream, VOD=1, BT=2)
    quote(publisher, stream, VOD=3)
    line = subscriber.subscribe("Prices")
    assert (line.recovered, numbers(subscriber)) == (True, [2, 3])


def test_who_comes_back_gets_the_keys_that_have_changed():
    wired, publisher, stream, subscriber = company(by_symbol())
    line = subscriber.subscribe("Prices")
    quote(publisher, stream, VOD=1, BT=2)
    wired.cut(subscriber)
    for n in range(3, 300):
        quote(publisher, stream, VOD=n)
    wired.connect(subscriber)
    assert (line.recovered, numbers(subscriber)) == (True, [1, 2, 299])


def test_datum_without_the_key_is_not_pushed():
    wired, publisher, stream, subscriber = company(by_symbol())
    with pytest.raises(ValueError, match="no field 'symbol'"):
        publisher.push(stream, {"n": 1})


# Coming back


@pytest.mark.parametrize("outage", ["subscriber", "gateway", "publisher"])
def test_what_was_pushed_in_an_outage_comes_first(outage):
    wired, publisher, stream, subscriber = company(keeping())
    line = subscriber.subscribe("Prices")
    push(publisher, stream, 1)
    if outage == "gateway":
        wired.restart()
    else:
        wired.cut(subscriber if outage == "subscriber" else publisher)
    push(publisher, stream, 2, 3)
    if outage == "publisher":
        line = subscriber.subscribe("Prices", owner="again")
        assert numbers(subscriber) == [1]
    wired.connect(*(peer for peer in (subscriber, publisher) if peer.connection is None))
    push(publisher, stream, 4)
    if outage == "publisher":
        # The subscription was closed with its publisher; this is another one.
        assert (line.recovered, numbers(subscriber, "again")) == (True, [1, 2, 3, 4])
    else:
        assert (line.recovered, numbers(subscriber)) == (True, [1, 2, 3, 4])
        assert told(subscriber) == [True, True]


def test_follower_gets_what_was_pushed_while_its_publisher_was_away():
    wired, publisher, stream, subscriber = company(keeping())
    line = subscriber.subscribe("Prices", follows=True)
    push(publisher, stream, 1)
    wired.cut(publisher)
    push(publisher, stream, 2)
    wired.connect(publisher)
    assert (line.recovered, numbers(subscriber)) == (True, [1, 2])


def test_outage_in_which_more_was_pushed_than_is_kept_is_a_gap():
    wired, publisher, stream, subscriber = company(keeping(2))
    line = subscriber.subscribe("Prices")
    push(publisher, stream, 1)
    wired.cut(subscriber)
    push(publisher, stream, 2, 3, 4)
    wired.connect(subscriber)
    assert (line.recovered, numbers(subscriber)) == (False, [1, 3, 4])
    # What came with it is where the next outage begins.
    wired.cut(subscriber)
    push(publisher, stream, 5, 6)
    wired.connect(subscriber)
    assert (line.recovered, numbers(subscriber)) == (True, [1, 3, 4, 5, 6])
    assert told(subscriber) == [True, False, True]


def test_outage_without_data_is_no_gap():
    wired, publisher, stream, subscriber = company(keeping(2))
    push(publisher, stream, 1, 2, 3)
    line = subscriber.subscribe("Prices")
    assert line.recovered is False
    wired.reconnect(subscriber)
    assert (line.recovered, numbers(subscriber)) == (True, [2, 3])


def test_another_stream_of_the_same_name_is_another_epoch():
    wired, publisher, stream, subscriber = company(keeping())
    line = subscriber.subscribe("Prices", follows=True)
    push(publisher, stream, 1, 2)
    publisher.close_stream(stream)
    again = publisher.create_stream("Prices", history=keeping())
    push(publisher, again, 3)
    assert (line.recovered, numbers(subscriber)) == (False, [1, 2, 3])
    wired.reconnect(subscriber)
    assert line.recovered is True


def test_publisher_that_takes_the_place_of_another_may_have_missed_something():
    wired, publisher, stream, subscriber = company(keeping())
    line = subscriber.subscribe("Prices", follows=True)
    push(publisher, stream, 1)
    other = wired.peer("other")
    elsewhere = other.create_stream("Prices", history=keeping())
    push(other, elsewhere, 2)
    wired.cut(publisher)
    assert (line.recovered, numbers(subscriber)) == (False, [1, 2])
    push(publisher, stream, 3)
    wired.connect(publisher)
    wired.cut(other)
    # It lacks nothing of this one, but may do so of the other.
    assert (line.recovered, numbers(subscriber)) == (False, [1, 2, 3])


def test_publisher_that_begins_to_keep_a_history_does_not_say_that_nothing_was_missed():
    wired, publisher, stream, subscriber = company(None)
    line = subscriber.subscribe("Prices", follows=True)
    assert line.recovered is None
    publisher.close_stream(stream)
    publisher.create_stream("Prices", history=keeping())
    assert line.recovered is False


def test_publishers_of_a_subscription_to_all_are_told_apart():
    wired, publisher, stream, subscriber = company(keeping(3))
    other = wired.peer("other", instance="other-1")
    elsewhere = other.create_stream("Prices", history=keeping(1))
    push(publisher, stream, 1)
    push(other, elsewhere, 10)
    line = subscriber.subscribe("Prices", None, "all")
    assert (line.recovered, numbers(subscriber)) == (True, [1, 10])
    wired.cut(subscriber)
    push(publisher, stream, 2, 3)
    push(other, elsewhere, 11, 12)
    wired.connect(subscriber)
    assert line.recovered is False
    assert sorted(numbers(subscriber)) == [1, 2, 3, 10, 12]
    recovered = [
        (server["application"], whole)
        for _, whole, server in subscriber.heard("subscription", "recovered")
    ]
    assert recovered[2:] == [("publisher", True), ("other", False)]
    wired.peer("third").create_stream("Prices")
    assert line.recovered is False
    wired.reconnect(subscriber)
    assert line.recovered is None


def test_publisher_that_comes_later_is_met_as_a_newcomer():
    wired, publisher, stream, subscriber = company(keeping())
    line = subscriber.subscribe("Prices", None, "all")
    other = wired.stranger("other")
    elsewhere = other.create_stream("Prices", history=keeping())
    push(other, elsewhere, 1, 2)
    wired.connect(other)
    assert (line.recovered, numbers(subscriber)) == (True, [1, 2])


def test_positions_that_are_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr(recovery, "MOST_SERVERS", 2)
    memory = recovery.Recovery(at_several=True)
    for instance in "abc":
        standing = memory.begin(instance, None)
        assert standing.recovered is None
    assert [memory.position(instance).epoch for instance in "abc"] == [None, "", ""]


# Interrupted


@pytest.mark.parametrize("delivered", range(6))
def test_answer_that_was_interrupted_is_asked_for_again(delivered):
    wired, publisher, stream, subscriber = company(keeping())
    push(publisher, stream, 1, 2)
    wired.hold(subscriber, DOWN)
    line = subscriber.subscribe("Prices", follows=True)
    push(publisher, stream, 3, 4)
    subscriber.held.clear()
    for _ in range(delivered):
        wired.deliver_one(subscriber, DOWN)
    wired.cut(subscriber)
    push(publisher, stream, 5)
    wired.connect(subscriber)
    assert (line.recovered, numbers(subscriber)) == (True, [1, 2, 3, 4, 5])


def test_answer_to_a_request_that_was_given_up_is_forgotten():
    wired, publisher, stream, subscriber = company(keeping(), decides=True)
    subscriber.subscribe("Prices", response_timeout=5)
    wired.tick(5)
    push(publisher, stream, 1)
    publisher.accept(publisher.requests()[0])
    assert subscriber.heard("subscription") == []
    assert vars(subscriber.agm.subscribing)["_replays"] == {}


def test_datum_that_comes_twice_counts_once():
    wired, publisher, stream, subscriber = company(keeping())
    push(publisher, stream, 1, 2)
    subscriber.subscribe("Prices")
    push(publisher, stream, 3)
    (id,) = stream.interests
    for offset in (1, 2, 3):
        sequence = Raw(str(offset).encode())
        event = Event(subscriber.id, id, False, sequence, NULL, encode_payload({"n": "again"}))
        wired.say(subscriber, event)
    push(publisher, stream, 4)
    assert numbers(subscriber) == [1, 2, 3, 4]


def test_sequences_of_a_publisher_that_announces_no_history_mean_nothing():
    wired, publisher, stream, subscriber = company(None)
    subscriber.subscribe("Prices")
    (id,) = stream.interests
    for n, sequence in enumerate(["5", "5", "1", '"x"', "null"]):
        event = Event(
            subscriber.id, id, False, Raw(sequence.encode()), NULL, encode_payload({"n": n})
        )
        wired.say(subscriber, event)
    assert numbers(subscriber) == [0, 1, 2, 3, 4]


# Sizes


def test_history_is_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(history, "ROOM", 3000)
    wired, publisher, stream, subscriber = company(keeping(100))
    for n in range(10):
        publisher.push(stream, {"n": n, "text": "x" * 900})
    line = subscriber.subscribe("Prices")
    assert (line.recovered, numbers(subscriber)) == (False, [7, 8, 9])


def test_what_is_joined_from_branch_and_all_is_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(history, "ROOM", 3000)
    wired, publisher, stream, subscriber = company(keeping(100), decides=True)
    for n in range(4):
        publisher.push(stream, {"n": n, "text": "x" * 900}, *(["eu"] if n % 2 else []))
    line = subscriber.subscribe("Prices")
    publisher.accept(publisher.requests()[-1], "eu")
    assert (line.recovered, numbers(subscriber)) == (False, [1, 2, 3])


@pytest.mark.parametrize("branch", ["", "€" * 400])
def test_as_much_is_sent_as_the_gateway_takes(branch):
    wired = Wired(max_size=8000)
    publisher, subscriber = wired.peer("publisher"), wired.peer("subscriber")
    stream = publisher.create_stream("Prices", decides=True, history=keeping())
    for n in range(10):
        publisher.push(stream, {"n": n, "text": "x" * 2000})
    line = subscriber.subscribe("Prices")
    publisher.accept(publisher.requests()[-1], branch)
    assert line.recovered is False
    assert numbers(subscriber) == ([7, 8, 9] if not branch else [8, 9])
    publisher.push(stream, {"n": 10})
    assert numbers(subscriber)[-1] == 10


def test_datum_that_the_gateway_does_not_take_is_neither_sent_nor_kept():
    wired = Wired(max_size=4000)
    publisher, subscriber = wired.peer("publisher"), wired.peer("subscriber")
    stream = publisher.create_stream("Prices", history=keeping())
    subscriber.subscribe("Prices")
    with pytest.raises(MessageTooLarge):
        publisher.push(stream, {"n": 1, "text": "x" * 4000})
    push(publisher, stream, 2)
    other = wired.peer("other")
    line = other.subscribe("Prices")
    assert (line.recovered, numbers(other), numbers(subscriber)) == (True, [2], [2])


def test_datum_of_an_outage_that_the_gateway_does_not_take_is_missed_and_told_so():
    wired = Wired(max_size=4000)
    publisher, subscriber = wired.peer("publisher"), wired.peer("subscriber")
    stream = publisher.create_stream("Prices", history=keeping())
    line = subscriber.subscribe("Prices", follows=True)
    wired.cut(publisher)
    push(publisher, stream, 1)
    publisher.push(stream, {"n": 2, "text": "x" * 4000})
    push(publisher, stream, 3)
    wired.connect(publisher)
    assert (line.recovered, numbers(subscriber)) == (False, [3])


def test_datum_that_cannot_be_read_is_lost_alone():
    wired, publisher, stream, subscriber = company(keeping())
    push(publisher, stream, 1)
    encoded = Raw(b'{"n":1e999}')
    publisher.ask(lambda: publisher.agm.publishing.push(stream, encoded, None))
    push(publisher, stream, 3)
    subscriber.subscribe("Prices")
    data = [event[1] for event in subscriber.heard("subscription", "data")]
    assert [(each.data["n"], each.sequence) for each in data] == [(1, 1), (3, 3)]
    ((_, problem),) = subscriber.heard(subscriber.session.link, "problem")
    assert "cannot be read" in problem


def test_ten_thousand_data_reach_a_newcomer_in_order():
    wired, publisher, stream, subscriber = company(keeping(10_000))
    push(publisher, stream, *range(10_000))
    line = subscriber.subscribe("Prices")
    assert numbers(subscriber) == list(range(10_000))
    assert line.recovered is True
