"""The messages that the fuzzer makes."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from dash_interop.wire.codec import Codec
from dash_interop.wire.envelope import Refused
from tests.fuzz.grammar import Grammar, Ids, shapes, vocabularies

ACCEPTED = [shape for shape in shapes() if not shape.is_sent]


def codec() -> Codec:
    return Codec(vocabularies())


def is_taken(message: dict[str, object]) -> bool:
    return not isinstance(codec().decode(msgspec.json.encode(message)), Refused)


def test_there_is_every_message_of_every_domain() -> None:
    kinds = {(shape.domain, shape.type) for shape in ACCEPTED}
    assert {domain for domain, _ in kinds} == {"agm", "bus", "context", "global", "metrics"}
    assert {("agm", "call"), ("global", "hello"), ("global", "update-context")} <= kinds
    assert kinds == {(v.domain, name) for v in vocabularies() for name in v.accepted}


@pytest.mark.parametrize("shape", ACCEPTED, ids=lambda shape: f"{shape.domain} {shape.type}")
def test_most_messages_of_a_kind_are_ones_that_a_gateway_takes(shape) -> None:
    grammar = Grammar(Random(shape.type), Ids())
    made = [grammar.of(shape, "p-1") for _ in range(60)]
    # Lone surrogates cannot be encoded here, and are fuzzed as text.
    plain = [message for message in made if not has_halves(message)]
    assert sum(map(is_taken, plain)) > len(plain) / 4


def has_halves(value: object) -> bool:
    try:
        msgspec.json.encode(value)
    except UnicodeError:
        return True
    return False


def test_ids_are_those_that_a_gateway_has_given() -> None:
    shared = Ids()
    own = Ids(shared)
    own.learn("new_peer_id", "p-7")
    own.learn("offers", ("p-7", "sum"))
    grammar = Grammar(Random(1), Ids(shared))
    call = next(shape for shape in ACCEPTED if shape.type == "call")
    calls = [grammar.of(call, "p-1") for _ in range(50)]
    assert (
        sum(
            (each.get("server_id"), each["method_id"]) == ("p-7", "sum")
            for each in calls
            if "server_id" in each and "method_id" in each
        )
        > 10
    )


def test_the_same_seed_makes_the_same_messages() -> None:
    first, second = (Grammar(Random(5), Ids()) for _ in range(2))
    assert [first.message("p-1") for _ in range(50)] == [second.message("p-1") for _ in range(50)]
