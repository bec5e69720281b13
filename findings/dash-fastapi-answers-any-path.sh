#!/bin/sh
# With FastAPI, a Dash app below a prefix answers every path of the server that nothing else has.
#
# Versions: dash 4.4.1, fastapi 0.165.0, starlette 1.10.0, httpx 0.28.1.
#
# A Dash app is made with a FastAPI server of its author's and `url_base_pathname="/app/"`.
#
# Expected: paths outside /app/ that the server does not know are 404, as with Flask, where they are
# asked for as well here, before and after the start of the server.
# Seen: once the server has started (FastAPI's lifespan), any unknown path is Dash's page, with
# status 200, also where a program asks for JSON: a service that is not there looks as if it
# answered. Before the start such paths are 404, so a test without lifespan does not see it.
#
# Prints what is seen. Exit code: 0 as described here, 1 not so any more, 2 it could not be tried.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 2' INT TERM

cat >"$folder/paths.py" <<'END'
import logging
import warnings

import flask
from dash import Dash, html
from fastapi import FastAPI

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

from starlette.testclient import TestClient  # It warns of httpx when it is imported.

PATHS = ("/app/", "/elsewhere", "/service/status.json")


def host(server):
    app = Dash("shown", server=server, url_base_pathname="/app/")
    app.layout = html.Div("hello")
    return server


def kind(response):
    return f"{response.status_code} {response.headers['content-type'].split(';')[0]}"


def show(title, client):
    print(title)
    for path in PATHS:
        print(f"  {path}: {kind(client.get(path, headers={'Accept': 'application/json'}))}")


show("Flask:", host(flask.Flask("outer")).test_client())
show("FastAPI before its start:", TestClient(host(FastAPI())))
with TestClient(host(FastAPI())) as started:
    show("FastAPI after its start:", started)
END

cat >"$folder/before" <<'END'
Flask:
  /app/: 200 text/html
  /elsewhere: 404 text/html
  /service/status.json: 404 text/html
FastAPI before its start:
  /app/: 200 text/html
  /elsewhere: 404 application/json
  /service/status.json: 404 application/json
FastAPI after its start:
  /app/: 200 text/html
  /elsewhere: 200 text/html
  /service/status.json: 200 text/html
END

python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        "dash[fastapi]==4.4.1" fastapi==0.165.0 starlette==1.10.0 httpx==0.28.1 || exit 2
"$folder/venv/bin/python" "$folder/paths.py" >"$folder/now"
cat "$folder/now"
diff "$folder/before" "$folder/now" >&2 || exit 1
