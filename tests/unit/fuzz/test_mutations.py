"""What the fuzzer does to messages."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from websockets.frames import Opcode
from websockets.protocol import SERVER, State
from websockets.server import ServerProtocol

from tests.fuzz.mutations import DEEPEST, Mutator, frames_of, rude, text_of

MESSAGE = {"domain": "agm", "type": "call", "peer_id": "p-1", "arguments_kv": {"a": 1}}


def mutator(seed: int) -> Mutator:
    return Mutator(Random(seed), lambda: [1])


def received(data: bytes) -> tuple[ServerProtocol, list[Any]]:
    """What a server makes of it."""
    protocol = ServerProtocol(state=State.OPEN, max_size=1 << 24)
    assert protocol.side is SERVER
    protocol.receive_data(data)
    return protocol, protocol.events_received()


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inner), default=0)


def test_a_change_leaves_the_message_alone_and_makes_another() -> None:
    changed = [mutator(seed).change(MESSAGE) for seed in range(200)]
    assert MESSAGE == {"domain": "agm", "type": "call", "peer_id": "p-1", "arguments_kv": {"a": 1}}
    assert sum(message != MESSAGE for message in changed) > 180
    assert any("peer_id" not in message for message in changed)
    assert 20 < max(map(depth, changed)) <= 2 * DEEPEST + 5


def test_damage_ends_in_text_that_is_no_json_object() -> None:
    def is_object(text: str) -> bool:
        try:
            return isinstance(json.loads(text), dict)
        except ValueError:
            return False

    texts = [mutator(seed).damage(json.dumps(MESSAGE)) for seed in range(100)]
    assert sum(not is_object(text) for text in texts) > 60


def test_a_text_arrives_as_it_was_in_however_many_frames() -> None:
    random = Random(3)
    numbers = set()
    for _ in range(300):
        text = text_of(MESSAGE, random)
        protocol, events = received(frames_of(text, random))
        assert protocol.state is State.OPEN
        data = [each for each in events if each.opcode in (Opcode.TEXT, Opcode.CONT)]
        assert b"".join(each.data for each in data).decode() == text
        numbers.add(len(data))
    assert len(numbers) > 3


def test_what_is_rude_ends_a_connection_or_never_comes_to_an_end() -> None:
    ended = 0
    for seed in range(100):
        protocol, events = received(rude(Random(seed)))
        ended += protocol.state is not State.OPEN or any(
            each.opcode is Opcode.BINARY for each in events
        )
    assert ended > 60
