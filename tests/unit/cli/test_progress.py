"""What commands show of the progress of an invocation."""

import signal
import threading

import pytest

from dash_interop.cli.progress import Reading, read_progress
from tests.unit.cli.test_terminal import ESCAPES, typed


@pytest.mark.parametrize(
    ("value", "share", "text"),
    [
        (0, 0.0, ""),
        (0.25, 0.25, ""),
        (1, 1.0, ""),
        ("0.5", 0.5, ""),
        ([3, 8], 0.375, ""),
        (["3", "8"], 0.375, ""),
        ({"done": 3, "of": 8}, 0.375, ""),
        ({"done": 3, "total": 8}, 0.375, ""),
        ({"done": 3, "max": 8, "text": "reading"}, 0.375, "reading"),
        ({"done": 0.5, "message": "half"}, 0.5, "half"),
        ({"text": "reading"}, None, "reading"),
        ({"step": "reading"}, None, '{"step": "reading"}'),
        ({}, None, "{}"),
        ("reading", None, "reading"),
        (42, None, "42"),
        (-1, None, "-1"),
        (True, None, "true"),
        (None, None, "null"),
        ([1, 0], None, "[1, 0]"),
        ([9, 8], None, "[9, 8]"),
        ([1, 2, 3], None, "[1, 2, 3]"),
        (["nan", 1], None, '["nan", 1]'),
        ([1, "inf"], 0.0, ""),
        ([10**400, 1], None, f"[{10**400}, 1]"),
        ("a\x1b[31mb\nc", None, "a\N{REPLACEMENT CHARACTER}[31mb c"),
    ],
)
def test_value_is_a_share_or_a_text(value, share, text):
    assert read_progress(value) == Reading(share, text)


@pytest.fixture
def reporter(peer):
    def report(values, progress):
        for value in values:
            progress(value)
        return {"pages": len(values)}

    client = peer("Reports")
    client.register("Report", report)
    return client


VALUES = 'values:=[0.5, {"text": "reading"}, "\\u001b]0;x\\u0007"]'


def test_progress_is_lines_on_stderr_for_programs(command, reporter):
    process = command.run("invoke", "Report", VALUES, "--progress")
    assert process.stdout == '{"pages": 3}\n'
    assert process.stderr == '0.5\n{"text": "reading"}\n"\\u001b]0;x\\u0007"\n'
    assert process.returncode == 0


def test_progress_is_not_shown_between_pipes_unless_asked_for(command, reporter):
    process = command.run("invoke", "Report", VALUES)
    assert (process.stdout, process.stderr) == ('{"pages": 3}\n', "")


def test_progress_is_a_bar_on_a_terminal(gateway, peer, user):
    def report(progress):
        progress({"done": 3, "of": 8, "text": "[red]reading\x1b]0;x\x07"})
        return {"pages": 3}

    peer("Reports").register("Report", report)
    printed, code = typed(gateway.url, "invoke", "Report", "--login", user)
    text = ESCAPES.sub("", printed)
    assert " 38%" in text or " 37%" in text
    assert "[red]reading\N{REPLACEMENT CHARACTER}]0;x\N{REPLACEMENT CHARACTER}" in text
    assert "\x1b]" not in printed
    assert '"pages": 3' in text
    assert code == 0


def test_ctrl_c_cancels_the_invocation(command, peer):
    begun, ended, reasons = threading.Event(), threading.Event(), []

    def wait(cancelled):
        begun.set()
        cancelled.wait(10)
        reasons.append(cancelled.reason)
        ended.set()

    peer().register("Wait", wait)
    with command.running("invoke", "Wait") as process:
        assert begun.wait(10)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    assert ended.wait(10)
    assert reasons == ["cancelled"]
