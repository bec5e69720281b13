#!/bin/sh
# What a streaming callback of Dash yields in one burst does not reach the page, its end included.
#
# Versions: dash[async] 4.5.0rc2 on Flask, selenium 4.50.0; chromium and chromedriver (Debian's
# packages `chromium` and `chromium-driver`) have to be on PATH.
#
# A callback, an async generator, yields 300 texts one after the other, without a pause.
#
# Expected: the page shows the last one.
# Seen: it shows what it showed before, and the console says that the server has lost the
# connection. With a pause of 50 ms between two texts, it shows the last one.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/page.py" <<'END'
import asyncio
import logging
import shutil
import threading

import dash
from dash import Dash, Input, Output, html
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import make_server

logging.disable(logging.CRITICAL)
PAUSES = {"burst": (300, 0), "paced": (30, 0.05)}
app = Dash(__name__)
app.layout = html.Div(
    [html.Div([html.Button(name, id=name), html.P("-", id=f"out-{name}")]) for name in PAUSES]
)


def stream(name, texts, pause):
    @app.callback(
        Output(f"out-{name}", "children"), Input(name, "n_clicks"), prevent_initial_call=True
    )
    async def count(clicks):
        for number in range(1, texts + 1):
            yield "the last" if number == texts else f"{number}"
            await asyncio.sleep(pause)


for name, (texts, pause) in PAUSES.items():
    stream(name, texts, pause)

http = make_server("127.0.0.1", 0, app.server, threaded=True)
threading.Thread(target=http.serve_forever, daemon=True).start()
options = Options()
options.binary_location = shutil.which("chromium")
for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
    options.add_argument(flag)


def shown(name):
    """What the page shows once its stream has ended, in one way or the other."""
    browser = Chrome(options=options, service=Service(shutil.which("chromedriver")))
    said = []

    def has_ended(_):
        said.extend(entry["message"] for entry in browser.get_log("browser"))
        text = browser.find_element("id", f"out-{name}").text
        return text == "the last" or any("stream reset" in message for message in said)

    try:
        browser.get(f"http://127.0.0.1:{http.port}/")
        until = WebDriverWait(browser, 60, ignored_exceptions=[Exception]).until
        until(lambda _: browser.find_element("id", name)).click()
        until(has_ended)
        lost = ", the connection is lost" if any("stream reset" in one for one in said) else ""
        return f"{browser.find_element('id', f'out-{name}').text!r}{lost}"
    finally:
        browser.quit()


for name in PAUSES:
    print(f"dash {dash.__version__}, {name}: {shown(name)}")
END

cat >"$folder/before" <<'END'
dash 4.5.0rc2, burst: '-', the connection is lost
dash 4.5.0rc2, paced: 'the last'
END

python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "dash[async]==4.5.0rc2" selenium==4.50.0 || exit 2
"$folder/venv/bin/python" "$folder/page.py" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
