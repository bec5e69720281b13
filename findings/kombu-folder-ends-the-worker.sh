#!/bin/sh
# Library: kombu 5.7.0, the messages of Celery; its transport "filesystem", for which a folder is the broker.
# Tried: one process sends short messages, another takes them as they come, as a Celery worker does. Both use kombu only.
# Expected: each message arrives, or waits in the folder until it is whole.
# Seen: the sender creates the file and writes its text a moment later. Who looks into the folder in between takes the empty
#   file away and fails with a JSONDecodeError; the message is lost. A Celery worker takes the error for one that cannot be
#   mended, and ends.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv" &&
    "$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check kombu==5.7.0 || exit 2
mkdir "$place/messages" "$place/control"
cat >"$place/try.py" <<'PYTHON'
import json
import multiprocessing
import os
import socket
import sys
import time

from kombu import Connection, Queue

SECONDS = 60
place = sys.argv[1]
options = {
    "data_folder_in": f"{place}/messages",
    "data_folder_out": f"{place}/messages",
    "control_folder": f"{place}/control",
    "polling_interval": 0,
}
queue = Queue("numbers")


def send() -> None:
    with Connection("filesystem://", transport_options=options) as connection:
        sender = connection.Producer()
        number = 0
        while True:
            # The next one when this one was taken: the longer the folder, the slower both are.
            while not os.listdir(options["data_folder_in"]):
                sender.publish({"number": number}, routing_key="numbers", declare=[queue])
                number += 1


taken = 0


def take(body, message) -> None:
    global taken
    taken += 1
    message.ack()


sending = multiprocessing.Process(target=send, daemon=True)
with Connection("filesystem://", transport_options=options) as connection:
    with connection.Consumer(queue, callbacks=[take]):
        sending.start()
        deadline = time.monotonic() + SECONDS
        try:
            while time.monotonic() < deadline:
                try:
                    connection.drain_events(timeout=0.01)
                except socket.timeout:
                    pass
        except json.JSONDecodeError as error:
            print(f"after {taken} messages: {type(error).__name__}: {error}")
            sending.kill()
            sys.exit(0)
sending.kill()
print(f"{taken} messages in {SECONDS} s, all of them whole")
sys.exit(1)
PYTHON
"$place/venv/bin/python" "$place/try.py" "$place"
