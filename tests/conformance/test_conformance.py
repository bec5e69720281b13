"""Runs the Node conformance suite against the gateway of this package, one test per file."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
TIMEOUT = 120

FILES = sorted(path.name for path in HERE.glob("*.test.mjs"))


@pytest.mark.parametrize("name", FILES)
def test_conformance(name):
    environment = {key: value for key, value in os.environ.items() if key != "REFERENCE"}
    environment.setdefault(
        "GATEWAY_COMMAND",
        f"'{sys.executable}' -m dash_interop gateway --port 0 --no-auth --channels none",
    )
    # A session of its own, so that a timeout also ends what node has started.
    process = subprocess.Popen(
        ["node", "--test", "--test-reporter=spec", str(HERE / name)],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        # Asked first, so that node can stop the gateway, which has a process group of its own.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            output, _ = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
        pytest.fail(f"{name} took more than {TIMEOUT} s\n{output}", pytrace=False)
    if process.returncode != 0:
        pytest.fail(output, pytrace=False)
