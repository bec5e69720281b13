#!/bin/sh
# A callback of Dash whose answer is an HTML page stays under way for ever, and nobody is told.
#
# Versions: dash 4.4.1, selenium 4.50.0; chromium and chromedriver (Debian's packages `chromium` and
# `chromium-driver`) have to be on PATH. Seen with Chromium 156.
#
# A login that has run out often answers with its form and status 200, so the answer to a callback
# is HTML where Dash reads JSON.
#
# Expected: the callback ends as failed: Dash's dev tools count an error, as they do for a callback
# that raises, and the page is no longer busy.
# Seen: the page stays busy ("Updating..." in its title, `data-dash-is-loading` at the output), also
# after later callbacks have ended. The dev tools count only the callback that raises. The browser's
# console says that the answer is no JSON, yet Chromium gives scripts no `unhandledrejection` for it.
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

import flask
from dash import Dash, Input, Output, html
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import make_server

logging.disable(logging.CRITICAL)
server = flask.Flask(__name__)
app = Dash(__name__, server=server)
app.layout = html.Div(
    [html.Button(name, id=name) for name in ("login", "fine", "raise")]
    + [html.P("-", id=f"{name}-out") for name in ("login", "fine", "raise")]
)
LISTENER = """<head><script>
    window.rejected = [];
    addEventListener("unhandledrejection", (event) => rejected.push(event.reason.message));
    window.rejectOne = () => setTimeout(() => Promise.reject(new Error("one of the page")));
</script>"""
app.index_string = app.index_string.replace("<head>", LISTENER)
app.enable_dev_tools(debug=True, dev_tools_hot_reload=False, dev_tools_disable_version_check=True)


@server.before_request
def show_login():
    asked = flask.request.get_json(silent=True) or {}
    if asked.get("output") == "login-out.children":
        return "<html><body>Please log in</body></html>"


def on_click(name):
    output, button = Output(f"{name}-out", "children"), Input(name, "n_clicks")
    return app.callback(output, button, prevent_initial_call=True)


@on_click("login")
@on_click("fine")
def count(clicks):
    return str(clicks)


@on_click("raise")
def fail(clicks):
    raise RuntimeError("on purpose")


http = make_server("127.0.0.1", 0, server, threaded=True)
threading.Thread(target=http.serve_forever, daemon=True).start()
options = Options()
options.binary_location = shutil.which("chromium")
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
    options.add_argument(flag)
browser = Chrome(options=options, service=Service(shutil.which("chromedriver")))


def until(condition):
    return WebDriverWait(browser, 60, ignored_exceptions=[Exception]).until(lambda _: condition())


def click(name):
    until(lambda: browser.find_element("id", name)).click()


try:
    browser.get(f"http://127.0.0.1:{http.port}/")
    click("login")
    until(lambda: "is not valid JSON" in str(browser.get_log("browser")))
    print("console: not valid JSON")

    # What would be told has been told, once the same has happened where it works.
    browser.execute_script("rejectOne()")
    until(lambda: browser.execute_script("return rejected.length"))
    print("unhandledrejection:", *browser.execute_script("return rejected"))
    click("raise")
    count = ("css selector", ".test-devtools-error-count")
    print("errors in the dev tools:", until(lambda: browser.find_element(*count).text))
    click("fine")
    fine = browser.find_element("id", "fine-out")
    until(lambda: fine.text == "1" and not fine.get_attribute("data-dash-is-loading"))
    print("title afterwards:", browser.title)
    output = browser.find_element("id", "login-out")
    print("output is loading:", output.get_attribute("data-dash-is-loading"))
finally:
    browser.quit()
END

cat >"$folder/before" <<'END'
console: not valid JSON
unhandledrejection: one of the page
errors in the dev tools: 1
title afterwards: Updating...
output is loading: true
END

python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        dash==4.4.1 selenium==4.50.0 || exit 2
"$folder/venv/bin/python" "$folder/page.py" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
