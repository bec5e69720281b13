"""The examples of ipycallback's README, by their numbers, as cells and scripts of a notebook."""

from __future__ import annotations

import json

from tests.support.browser_pages import eventually
from tests.support.lab import Notebook

DISPLAY = """
from IPython.display import Javascript

def run_javascript(code):
    display(Javascript(code.replace("<tunnel.tunnel_id>", tunnel.tunnel_id)))
"""

HEAR = """
window.IPyCallback.get("<tunnel.tunnel_id>").on_receive((version, msg) => {
    console.log('receive message', version, msg);
    (window.received ??= []).push([version, msg]);
});
"""

SEND = """
let version = window.IPyCallback.get("<tunnel.tunnel_id>")
    .send_msg(JSON.stringify({"msg": "hello world"}));
window.version = version;
"""

ASK = """
const tunnel = window.IPyCallback.get("<tunnel.tunnel_id>");
let version = tunnel.send_msg("message");
tunnel.on_receive((resp_version, response) => {
    // ignore the response if it is old
    if (resp_version < version) return;

    window.response = [version, resp_version, response];
});
"""

ANSWER = """
# (server)
def on_receive(version: int, msg: str):
    # handle the message
    resp_msg = msg

    # generate a response with a specific version to ensure the order
    tunnel.send_msg_with_version(version, resp_msg)

tunnel.on_receive(on_receive)
"""


def test_the_examples_of_the_readme_run_verbatim(notebook: Notebook) -> None:
    page = notebook.page
    page.js("delete window.received; delete window.response; delete window.version")
    # 1. Create a widget
    notebook.run("tunnel = SlowTunnelWidget()\ndisplay(tunnel)")
    notebook.wait_for_tunnel()
    notebook.run(DISPLAY)
    # 5. Listen to messages from python
    notebook.run(f"run_javascript({HEAR!r})")
    # 2. Send messages from python to javascript
    notebook.run('import json as ujson\ntunnel.send_msg(ujson.dumps({"msg": "hello world"}))')
    eventually(lambda: page.js("return window.received?.length"), "a message has come")
    assert page.js("return window.received") == [[1, '{"msg": "hello world"}']]
    # 3. Listen to messages from javascript
    cell = notebook.start(
        "def handle_msg(version: int, msg: str):\n"
        "    print('receive message', version, msg)\n\n"
        "tunnel.on_receive(handle_msg)"
    )
    # 6. Send messages from javascript to python
    notebook.run(f"run_javascript({SEND!r})")
    message = json.dumps({"msg": "hello world"}, separators=(",", ":"))
    eventually(
        lambda: notebook.text(cell) == f"receive message 2 {message}\n",
        lambda: f"it is printed below the cell with the function, but {notebook.text(cell)}",
    )
    assert page.js("return window.version") == 2
    # 7. Implement a "synchronous" call-and-wait
    notebook.run(ANSWER)
    notebook.run(f"run_javascript({ASK!r})")
    eventually(lambda: page.js("return window.response"), "the answer has come")
    assert page.js("return window.response") == [3, 3, "message"]
    notebook.run("tunnel.close()")


def test_the_widget_is_invisible(notebook: Notebook) -> None:
    cell = notebook.start("tunnel = SlowTunnelWidget()\ndisplay(tunnel)")
    notebook.wait_for_tunnel()
    assert notebook.height_of_output(cell) <= 20
    notebook.run("tunnel.close()")
