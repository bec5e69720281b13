"""What the shell completes."""

import pytest

from tests.support.commands import run_command, run_process
from tests.support.ports import Foreigner, free_range


def completed(line, run=run_command, **environment):
    """What bash is offered for the last word of a line; nothing may be on stderr."""
    process = run(
        _DASH_INTEROP_COMPLETE="bash_complete",
        COMP_WORDS=line,
        COMP_CWORD=str(line.count(" ")),
        **environment,
    )
    assert process.stderr == ""
    return [entry.partition(",")[2] for entry in process.stdout.splitlines() if entry]


@pytest.fixture
def offers(peer):
    client = peer()
    for name in ("Sum", "Subtract", "Show Trade", "Trades.List", "-flag", "$(reboot)", "Sub;x"):
        client.register(name, lambda: {})
    client.create_stream("Summaries")


def test_commands():
    assert completed("dash-interop pe") == ["peers"]
    assert completed("dash-interop s") == ["servers", "status", "subscribe"]


@pytest.mark.parametrize(
    "command, names",
    [
        ("invoke", ["Subtract", "Sum"]),
        ("subscribe", ["Summaries"]),
        ("methods", ["Subtract", "Sum", "Summaries"]),
        ("servers", ["Subtract", "Sum", "Summaries"]),
    ],
)
def test_names_are_asked_from_the_gateway(gateway, user, offers, command, names):
    line = f"dash-interop {command} --url {gateway.url} --login {user} sU"
    assert completed(line) == names


def test_name_that_the_shell_would_read_otherwise_is_not_offered(gateway, user, offers):
    line = f"dash-interop invoke --url {gateway.url} --login {user} "
    assert completed(line) == ["Subtract", "Sum", "Trades.List"]


def test_environment_names_the_gateway(gateway, user, offers):
    line = f"dash-interop invoke --login {user} Tr"
    assert completed(line, DASH_INTEROP_GATEWAY=gateway.url) == ["Trades.List"]


def test_failure_is_silent_and_soon():
    port = free_range()
    assert completed("dash-interop invoke S", DASH_INTEROP_PORT=str(port)) == []
    assert completed("dash-interop invoke S", DASH_INTEROP_GATEWAY="nonsense") == []
    assert completed("dash-interop invoke --secret-file /nowhere S") == []
    url = f"ws://127.0.0.1:{port}"
    with Foreigner(port):
        # Here the end of the process ends the wait for an answer.
        assert completed(f"dash-interop invoke --url {url} S", run_process) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_script(shell):
    process = run_command(_DASH_INTEROP_COMPLETE=f"{shell}_source")
    assert "_DASH_INTEROP_COMPLETE" in process.stdout
    assert f"{shell}_complete" in process.stdout
    assert process.returncode == 0
