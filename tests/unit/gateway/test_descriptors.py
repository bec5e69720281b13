"""How many files a process may open, tried in processes of their own."""

import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="this system has no such bound")

TRY = """
import logging, resource, sys
from dash_interop.gateway.descriptors import make_room
logging.basicConfig(format="%(message)s")
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
make_room(wanted)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def tried(soft, hard, wanted):
    command = [sys.executable, "-c", TRY, *map(str, (soft, hard, wanted))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout), done.stderr


def test_bound_is_lifted_as_far_as_is_needed_and_never_lowered():
    assert tried(64, 1000, 500) == (600, "")
    assert tried(900, 1000, 500) == (900, "")


def test_what_is_not_possible_is_in_the_log():
    possible, log = tried(64, 300, 500)
    assert possible == 300
    assert "have 300 open files: more than 200 connections at once are not possible" in log
