#!/bin/sh
# A Jupyter server passes on no more than 3,000 messages of widgets in three seconds.
#
# Versions: jupyter-server 2.21.1, ipykernel 7.4.0, comm 0.2.3, websocket-client 1.9.2.
#
# A cell sends 5,000 messages over a comm, as each widget does, and then prints something. A client
# listens to the kernel by way of the server, as the page of a notebook does.
#
# Expected: all 5,000 arrive, or the cell fails.
# Seen: the first 3,000 or so arrive. The others are dropped; the cell ends well, the client of the
# comm is told nothing, and a line on the stderr of the cell says that output is not sent.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/listen.py" <<'END'
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid

import websocket

COUNT = 5000
CELL = f"""
from comm import create_comm
channel = create_comm(target_name="numbers")
for number in range({COUNT}):
    channel.send({{"number": number}})
"""

folder = sys.argv[1]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
server = subprocess.Popen(
    [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
        f"--ServerApp.root_dir={folder}",
    ],
    env={**os.environ, **{name: os.path.join(folder, name) for name in names}},
    stderr=subprocess.DEVNULL,
)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def start_kernel():
    deadline = time.monotonic() + 60
    while True:
        try:
            url = f"http://127.0.0.1:{port}/api/kernels"
            with opener.open(urllib.request.Request(url, b"{}", method="POST")) as answer:
                return json.load(answer)["id"]
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


try:
    line = websocket.create_connection(
        f"ws://127.0.0.1:{port}/api/kernels/{start_kernel()}/channels",
        timeout=60,
        http_no_proxy=["127.0.0.1"],
    )
    cell = uuid.uuid4().hex
    header = {"msg_id": cell, "msg_type": "execute_request", "session": cell, "username": ""}
    header |= {"version": "5.4", "date": ""}
    content = {"code": CELL, "silent": False, "store_history": False, "allow_stdin": False}
    content |= {"user_expressions": {}, "stop_on_error": True}
    line.send(
        json.dumps(
            {
                "header": header,
                "parent_header": {},
                "metadata": {},
                "content": content,
                "buffers": [],
                "channel": "shell",
            }
        )
    )
    arrived, told, status, idle = 0, "", None, False
    while status is None or not idle:
        message = json.loads(line.recv())
        if message["parent_header"].get("msg_id") != cell:
            continue
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "comm_msg":
            arrived += 1
        elif kind == "stream":
            told += content["text"]
        elif kind == "execute_reply":
            status = content["status"]
        elif kind == "status":
            idle = content["execution_state"] == "idle"
finally:
    server.terminate()
    server.wait()
print(f"of {COUNT} messages {arrived} arrived; the cell says {status}")
print("on its stderr:", told.strip().splitlines()[0] if told.strip() else "nothing")
sys.exit(0 if arrived < COUNT and status == "ok" else 1)
END

python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
        jupyter-server==2.21.1 ipykernel==7.4.0 comm==0.2.3 websocket-client==1.9.2 || exit 2
"$folder/venv/bin/python" "$folder/listen.py" "$folder"
