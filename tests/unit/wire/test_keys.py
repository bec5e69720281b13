"""Keys and words that mean nothing, and which were meant."""

import json
from pathlib import Path

import pytest

from dash_interop.wire.keys import hint, nearest, unknown_key

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "keys.json").read_text(encoding="utf-8")
)
KNOWN = {
    "invoke": ("definition", "argumentObj", "target", "options", "invocationId"),
    "options": ("methodResponseTimeoutMs", "waitTimeoutMs"),
    "definition": (
        "name",
        "accepts",
        "returns",
        "displayName",
        "description",
        "objectTypes",
        "version",
        "supportsStreaming",
        "flags",
    ),
    "answer": ("invocationId", "invocationResult", "error"),
    "target": ("best", "all", "skipMine"),
    "settings": ("type", "web", "webPlatform", "desktop"),
}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['given']}")
def test_the_word_that_was_meant_is_found(vector):
    assert nearest(vector["given"], KNOWN[vector["known"]]) == vector["meant"]


def test_each_known_word_is_its_own_nearest():
    for known in KNOWN.values():
        assert [nearest(word, known) for word in known] == list(known)


def test_first_unknown_key_is_told_with_what_was_meant():
    keys = ["name", "acepts", "retruns"]
    assert unknown_key("The definition", keys, KNOWN["definition"]) == (
        "The definition has an unknown key 'acepts': did you mean 'accepts'?"
    )


def test_keys_that_resemble_nothing_are_told_with_those_there_are():
    assert hint("x", ("one", "two")) == "known are 'one', 'two'"


@pytest.mark.parametrize("keys", [[], ["name"], ["flags", "name"]])
def test_known_keys_are_no_problem(keys):
    assert unknown_key("The definition", keys, KNOWN["definition"]) is None


@pytest.mark.parametrize("key", [5, None, ("a", "b")])
def test_key_that_is_no_text_is_told(key):
    assert repr(key) in str(unknown_key("The definition", [key], KNOWN["definition"]))
