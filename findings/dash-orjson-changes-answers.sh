#!/bin/sh
# Whether orjson happens to be installed changes what callbacks of Dash may return.
#
# Versions: dash 4.4.1, plotly 7.1.0, pandas 3.1.1, numpy 2.4.6, orjson 3.13.0; Python 3.11 or later.
#
# Dash does not depend on orjson; plotly takes it for Dash's answers where it can be imported, as it
# comes along with many other packages.
#
# Expected: one callback gives one answer; orjson makes it faster.
# Seen: a column of dates in which one is missing, a pandas Timedelta, a column with pd.NA and a
# whole number of more than 64 bits are answers without orjson, and with it a status of 500.
# A date of NumPy and a float of 32 bits arrive as other values.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/answers.py" <<'END'
import importlib.util
import logging

import numpy as np
import pandas as pd
from dash import Dash, Input, Output, dcc, html

VALUES = {
    "dates, one missing": pd.DatetimeIndex(["2026-01-02", None]),
    "Timedelta": pd.Timedelta(seconds=1),
    "column with pd.NA": pd.Series([1, pd.NA]),
    "2 ** 70": 2**70,
    "datetime64 of a day": np.datetime64("2026-01-02"),
    "float32 of 1.1": np.float32(1.1),
    "one Timestamp": pd.Timestamp("2026-01-02"),
    "list with NaT": [pd.NaT],
}

logging.disable(logging.CRITICAL)
app = Dash(__name__)
app.layout = html.Div([dcc.Store(id="name"), dcc.Store(id="value")])


@app.callback(Output("value", "data"), Input("name", "data"))
def value_of(name):
    return VALUES[name]


def answer(name):
    request = {
        "output": "value.data",
        "outputs": {"id": "value", "property": "data"},
        "inputs": [{"id": "name", "property": "data", "value": name}],
        "changedPropIds": ["name.data"],
    }
    response = app.server.test_client().post("/_dash-update-component", json=request)
    if response.status_code != 200:
        return f"status {response.status_code}"
    text = response.get_data(as_text=True)
    return text.removeprefix('{"multi":true,"response":{"value":{"data":').removesuffix("}}}")


print("with orjson:" if importlib.util.find_spec("orjson") else "without orjson:")
for name in VALUES:
    print(f"  {name}: {answer(name)}")
END

cat >"$folder/before" <<'END'
without orjson:
  dates, one missing: ["2026-01-02T00:00:00",null]
  Timedelta: "P0DT0H0M1S"
  column with pd.NA: [1,null]
  2 ** 70: 1180591620717411303424
  datetime64 of a day: "2026-01-02"
  float32 of 1.1: 1.100000023841858
  one Timestamp: "2026-01-02T00:00:00"
  list with NaT: [null]
with orjson:
  dates, one missing: status 500
  Timedelta: status 500
  column with pd.NA: status 500
  2 ** 70: status 500
  datetime64 of a day: "2026-01-02T00:00:00"
  float32 of 1.1: 1.1
  one Timestamp: "2026-01-02T00:00:00"
  list with NaT: [null]
END

install() {
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" || exit 2
}
python3 -m venv "$folder/venv" || exit 2
install dash==4.4.1 plotly==7.1.0 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" "$folder/answers.py" >"$folder/now"
install orjson==3.13.0
"$folder/venv/bin/python" "$folder/answers.py" >>"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
