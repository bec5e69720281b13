#!/bin/sh
# Dash keeps every value that a component reports, as long as the page is open, for an undo button
# that is not shown.
#
# Versions: dash 4.4.1 and 4.5.0rc2, selenium 4.50.0; chromium and chromedriver (Debian's packages
# `chromium` and `chromium-driver`) have to be on PATH.
#
# A `dcc.Interval` ticks every 20 ms, and a clientside callback has its `n_intervals` as Input.
# `show_undo_redo` is left at its default, False.
#
# Expected: without the button there is nothing to undo, so nothing is kept; or the list of what is
# kept has an end, as other undo lists have.
# Seen: the renderer's store has an entry for each tick, with the value that it replaced, and the
# list only grows. A page that ticks once a second holds 86,400 after a day; a component that reports
# large values, such as the contents of files, has all of them kept.
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
from dash import Dash, Input, Output, dcc, html
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import make_server

logging.disable(logging.CRITICAL)
TICKS = 200
KEPT = """
const root = document.getElementById("react-entry-point");
const container = Object.keys(root).find((key) => key.startsWith("__reactContainer"));
const looking = [root[container]];
while (looking.length > 0) {
    const fiber = looking.pop();
    const store = fiber.memoizedProps?.store;
    if (store?.getState) {
        return store.getState().history.past.length;
    }
    looking.push(...[fiber.sibling, fiber.child].filter(Boolean));
}
return null;
"""
app = Dash(__name__)
app.layout = html.Div(
    [dcc.Interval(id="clock", interval=20, max_intervals=TICKS), html.P("-", id="shown")]
)
app.clientside_callback(
    "(ticks) => String(ticks)", Output("shown", "children"), Input("clock", "n_intervals")
)

http = make_server("127.0.0.1", 0, app.server, threaded=True)
threading.Thread(target=http.serve_forever, daemon=True).start()
options = Options()
options.binary_location = shutil.which("chromium")
for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
    options.add_argument(flag)
browser = Chrome(options=options, service=Service(shutil.which("chromedriver")))
try:
    browser.get(f"http://127.0.0.1:{http.port}/")
    wait = WebDriverWait(browser, 60, ignored_exceptions=[Exception])
    wait.until(lambda _: browser.find_element("id", "shown").text == str(TICKS))
    kept = browser.execute_script(KEPT)
finally:
    browser.quit()
print(f"dash {dash.__version__}: {TICKS} ticks, {kept} values kept")
END

cat >"$folder/before" <<'END'
dash 4.4.1: 200 ticks, 200 values kept
dash 4.5.0rc2: 200 ticks, 200 values kept
END

python3 -m venv "$folder/venv" || exit 2
for version in 4.4.1 4.5.0rc2; do
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        "dash==$version" selenium==4.50.0 || exit 2
    "$folder/venv/bin/python" "$folder/page.py" || exit 2
done >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
