#!/bin/sh
# A child that a callback of Dash appends makes its siblings new: their callbacks run once more.
#
# Versions: dash 4.4.1 and 4.5.0rc2, selenium 4.50.0; chromium and chromedriver (Debian's packages
# `chromium` and `chromium-driver`) have to be on PATH.
#
# A text was typed into an input, and a callback has seen it. Then another callback appends a
# paragraph beside the input with `Patch().append`.
#
# Expected: the input stays as it is, and its callback, which has prevent_initial_call=True and an
# Output elsewhere, does not run: nothing was typed.
# Seen: the callback runs again, with the text it has had already, and `ctx.triggered_id` names the
# input, so it cannot tell that from typing. In 4.4.1 the input is also another element of the page
# than before, as React mounts all siblings anew; in 4.5.0rc2 it is the same, and the callback runs
# again all the same.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/page.py" <<'END'
import logging
import shutil
import threading

import dash
from dash import Dash, Input, Output, Patch, ctx, dcc, html
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import make_server

logging.disable(logging.CRITICAL)
runs = []
app = Dash(__name__)
app.layout = html.Div(
    [
        html.Button("append", id="append"),
        html.Div([dcc.Input(id="text", value="")], id="list"),
        html.P("-", id="shown"),
    ]
)


@app.callback(Output("list", "children"), Input("append", "n_clicks"), prevent_initial_call=True)
def append(clicks):
    children = Patch()
    children.append(html.P("beside it", id="new"))
    return children


@app.callback(Output("shown", "children"), Input("text", "value"), prevent_initial_call=True)
def show(text):
    runs.append(f"{ctx.triggered_id}={text}")
    return text


http = make_server("127.0.0.1", 0, app.server, threaded=True)
threading.Thread(target=http.serve_forever, daemon=True).start()
options = Options()
options.binary_location = shutil.which("chromium")
for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
    options.add_argument(flag)
browser = Chrome(options=options, service=Service(shutil.which("chromedriver")))


def until(condition, seconds=60):
    wait = WebDriverWait(browser, seconds, ignored_exceptions=[Exception])
    return wait.until(lambda _: condition())


try:
    browser.get(f"http://127.0.0.1:{http.port}/")
    until(lambda: browser.find_element("id", "text")).send_keys("a")
    until(lambda: browser.find_element("id", "shown").text == "a")
    browser.execute_script("window.before = document.getElementById('text')")
    browser.find_element("id", "append").click()
    until(lambda: browser.find_element("id", "new"))
    try:
        until(lambda: len(runs) > 1, seconds=10)
    except TimeoutException:
        pass  # A Dash that repeats nothing: what is printed says so.
    kept = browser.execute_script("return document.getElementById('text') === window.before")
    print(f"dash {dash.__version__}: runs {runs}, the input is {'the same' if kept else 'another'}")
finally:
    browser.quit()
END

cat >"$folder/before" <<'END'
dash 4.4.1: runs ['text=a', 'text=a'], the input is another
dash 4.5.0rc2: runs ['text=a', 'text=a'], the input is the same
END

python3 -m venv "$folder/venv" || exit 2
for version in 4.4.1 4.5.0rc2; do
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        "dash==$version" selenium==4.50.0 || exit 2
    "$folder/venv/bin/python" "$folder/page.py"
done >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
