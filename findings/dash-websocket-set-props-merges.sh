#!/bin/sh
# Of many values that a websocket callback of Dash gives to one prop, callbacks see a few.
#
# Versions: dash 4.4.1 with its FastAPI backend, selenium 4.50.0; chromium and chromedriver (Debian's
# packages `chromium` and `chromium-driver`) have to be on PATH.
#
# A callback with `websocket=True` calls `set_props` 1,000 times for the `data` of one `dcc.Store`,
# each time with the next number. A clientside callback has that `data` as Input and counts its runs.
#
# Expected: each value is sent over the open socket when it is set, so the clientside callback runs
# 1,000 times; or, where values are merged to save work, the documentation of `set_props` says so.
# Seen: it runs a few times (once, mostly), and the last value is among those that it gets. The
# server collects what is set within `websocket_batch_delay` (5 ms by default) into one message, and
# the page applies all of a message before callbacks run. With `websocket_batch_delay=0` and with a
# pause of 2 ms after each value it is far less than 1,000, too: a run that is asked for while one is
# waited for takes its place. Nothing in the page or in the log of the server tells of it.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/page.py" <<'END'
import logging
import shutil
import socket
import threading
import time

import uvicorn
from dash import Dash, Input, Output, dcc, html, set_props
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

logging.disable(logging.CRITICAL)
COUNT = 1_000
SEEN = """
(value) => {
    window.seen = (window.seen || 0) + 1;
    return String(value.number);
}
"""


def page(pause, **options):
    app = Dash(__name__, backend="fastapi", websocket_callbacks=True, **options)
    app.layout = html.Div(
        [html.Button("go", id="go"), dcc.Store(id="store"), html.P("-", id="shown")]
    )

    @app.callback(Input("go", "n_clicks"), prevent_initial_call=True, websocket=True)
    def give(clicks):
        for number in range(COUNT):
            set_props("store", {"data": {"number": number}})
            if pause:
                time.sleep(pause)

    app.clientside_callback(
        SEEN, Output("shown", "children"), Input("store", "data"), prevent_initial_call=True
    )
    return app


def runs(driver, app):
    port = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app.server, log_level="critical"))
    thread = threading.Thread(target=lambda: server.run(sockets=[port]), daemon=True)
    thread.start()
    driver.get("http://127.0.0.1:%d/" % port.getsockname()[1])
    wait = WebDriverWait(driver, 30)
    wait.until(lambda _: driver.find_elements("id", "go"))[0].click()
    wait.until(lambda _: driver.find_element("id", "shown").text == str(COUNT - 1))
    seen = driver.execute_script("return window.seen")
    server.should_exit = True
    thread.join(10)
    return seen


options = Options()
for argument in ("--headless", "--no-sandbox", "--disable-gpu"):
    options.add_argument(argument)
driver = Chrome(service=Service(shutil.which("chromedriver")), options=options)
try:
    plain = runs(driver, page(0))
    unbatched = runs(driver, page(0, websocket_batch_delay=0))
    paused = runs(driver, page(0.002))
finally:
    driver.quit()
print(f"runs of the callback for {COUNT} values: {plain}; without a delay: {unbatched}; "
      f"with pauses of 2 ms: {paused}")
raise SystemExit(0 if max(plain, unbatched, paused) < COUNT / 2 else 1)
END

command -v chromium >/dev/null && command -v chromedriver >/dev/null || exit 2
python3 -m venv "$folder/env" || exit 2
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check \
    'dash[fastapi]==4.4.1' selenium==4.50.0 >"$folder/pip.log" 2>&1 || { cat "$folder/pip.log"; exit 2; }
SE_OFFLINE=true timeout 180 "$folder/env/bin/python" "$folder/page.py"
status=$?
[ "$status" -le 1 ] || exit 2
exit "$status"
