#!/bin/sh
# `msgspec.Raw` lets one text pass that msgspec cannot decode, and refuses another, which
# JavaScript writes.
#
# Versions: msgspec 0.22.0; any Python that it runs on.
#
# Who relays messages decodes the envelope and keeps the payload as a field of type `Raw`: it is for
# the receiver to read. Two payloads that are JSON by its grammar, and that Python's json module and
# JavaScript's JSON.parse read: the number 1e999, and half of an emoji, as JSON.stringify writes it
# for a text that was cut.
#
# Expected: a payload is either not looked at, and both pass, or it is checked as a whole, and what
# passes can be decoded later.
# Seen: something in between. 1e999 passes as `Raw`, and decoding that field raises ValidationError,
# which otherwise means a value of a wrong type. Half of an emoji, anywhere in the payload, makes the
# whole message unreadable, and the error says that the end is missing, which is there.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/relay.py" <<'END'
import json

import msgspec


class Message(msgspec.Struct):
    payload: msgspec.Raw


def receive(text):
    return msgspec.json.decode(b'{"payload":%s}' % text, type=Message).payload


def relay(text):
    return bytes(receive(text)).decode()


def read_payload(text):
    return msgspec.json.decode(receive(text))


for text in (b'{"n":1e999}', rb'{"text":"\ud83d"}'):
    print(text.decode())
    for step in (json.loads, relay, read_payload):
        try:
            outcome = ascii(step(text))
        except ValueError as error:
            outcome = f"{type(error).__name__}: {error}"
        print(f"  {step.__name__}: {outcome}")
END

cat >"$folder/before" <<'END'
{"n":1e999}
  loads: {'n': inf}
  relay: '{"n":1e999}'
  read_payload: ValidationError: Number out of range - at `$[...]`
{"text":"\ud83d"}
  loads: {'text': '\ud83d'}
  relay: DecodeError: Input data was truncated
  read_payload: DecodeError: Input data was truncated
END

python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        msgspec==0.22.0 || exit 2
"$folder/venv/bin/python" "$folder/relay.py" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
