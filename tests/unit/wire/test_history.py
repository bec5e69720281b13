"""What may be said of a history, and how it stands in messages."""

import pytest
from msgspec import Raw

from dash_interop.errors import RegistrationError
from dash_interop.wire.history import (
    LOST,
    NEWCOMER,
    Announcement,
    HistorySettings,
    Position,
    Replay,
    context_of,
    position_in,
    read_history,
    read_offset,
    read_replay,
    replay_fields,
)


@pytest.mark.parametrize(
    ("history", "settings"),
    [
        (None, None),
        (1, HistorySettings(1)),
        (50_000, HistorySettings(50_000)),
        ({"size": 5}, HistorySettings(5)),
        ({"size": 5, "key": None}, HistorySettings(5)),
        ({"size": 5, "key": "symbol"}, HistorySettings(5, "symbol")),
    ],
)
def test_history_is_a_number_or_a_dict(history, settings):
    assert read_history(history) == settings


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (0, "has to be a number of data, such as 100"),
        (-1, "not -1"),
        (1.5, "not 1.5"),
        (True, "not True"),
        ("100", "not '100'"),
        ([100], r"not \[100\]"),
        ({}, "a dict, such as {'size': 1000, 'key': 'symbol'}"),
        ({"key": "symbol"}, "'size': 1000"),
        ({"size": "5"}, "not {'size': '5'}"),
        ({"size": 5, "keys": "symbol"}, "unknown key 'keys': did you mean 'key'?"),
        ({"size": 5, "key": ""}, "name of a field, not ''"),
        ({"size": 5, "key": 5}, "name of a field, not 5"),
        (50_001, "at most 50000 data"),
    ],
)
def test_history_that_is_not_a_valid_one_is_refused_in_words(history, words):
    with pytest.raises(RegistrationError, match=words):
        read_history(history)


@pytest.mark.parametrize(
    ("position", "text"),
    [
        (NEWCOMER, '{"recover":{}}'),
        (LOST, '{"recover":{"epoch":""}}'),
        (
            Position("e1", "eu", 7),
            '{"recover":{"epoch":"e1","branch":"eu","offset":7}}',
        ),
    ],
)
def test_position_stands_in_the_context(position, text):
    assert bytes(context_of(position)).decode() == text
    assert position_in(Raw(text.encode())) == position


@pytest.mark.parametrize(
    "context", ["null", "5", "[]", "{}", '{"recover":null}', '{"recover":{"offset":-1}}', "{", ""]
)
def test_context_that_asks_for_nothing(context):
    assert position_in(Raw(context.encode())) is None


def test_replay_stands_in_data_and_snapshot():
    replay = Replay(Announcement("e1", "eu", 7, recovered=True), [Raw(b'{"a":1}'), Raw(b"{}")])
    data, snapshot = replay_fields(replay)
    assert bytes(data) == b'[{"a":1},{}]'
    assert bytes(snapshot).decode() == '{"epoch":"e1","branch":"eu","offset":7,"recovered":true}'
    read = read_replay(data, snapshot)
    assert read is not None
    assert read.announcement == replay.announcement
    assert [bytes(each) for each in read.data] == [b'{"a":1}', b"{}"]


@pytest.mark.parametrize(
    ("data", "snapshot"),
    [
        ("[]", "null"),
        ("[]", "{}"),
        ("[]", '{"epoch":"e1","branch":"","offset":-1,"recovered":true}'),
        ("[]", '{"epoch":"e1","branch":"","offset":1}'),
        ("null", '{"epoch":"e1","branch":"","offset":1,"recovered":true}'),
        ("{}", '{"epoch":"e1","branch":"","offset":1,"recovered":true}'),
    ],
)
def test_event_that_is_not_a_replay(data, snapshot):
    assert read_replay(Raw(data.encode()), Raw(snapshot.encode())) is None


@pytest.mark.parametrize(
    ("sequence", "offset"), [("5", 5), ("null", None), ("-1", None), ('"5"', None), ("1.5", None)]
)
def test_offset_is_a_whole_number(sequence, offset):
    assert read_offset(Raw(sequence.encode())) == offset
