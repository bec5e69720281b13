"""``dash-interop offer``: commands as handlers, and that none of them is left behind."""

import asyncio
import json
import signal
import sys
import threading
from contextlib import contextmanager

import psutil
import pytest

from dash_interop.cli.offer import _handler  # pyright: ignore[reportPrivateUsage]
from dash_interop.errors import HandlerFailed, InvocationTimeout
from tests.support.gateways import ours
from tests.unit.cli.conftest import SECONDS

PYTHON = f"{sys.executable} -c"
NAMED = "import json, os, sys; args = json.load(sys.stdin); "


@pytest.fixture
def caller(peer):
    return peer("Desk")


@contextmanager
def offered(command, handler, *options, name="Run"):
    with command.running("offer", name, "--exec", handler, *options) as process:
        assert process.stdout.readline() == f"{name} is on offer\n"
        yield process


def called(caller, name="Run", **arguments):
    return caller.invoke(name, arguments, wait_timeout=SECONDS, response_timeout=SECONDS).value


def python(code):
    """A command line that runs some Python, which has the arguments in ``args``."""
    return f"{PYTHON} '{NAMED}{code}'"


class Left:
    """A file that a command writes the ids of its processes into."""

    def __init__(self, path):
        self._path = path
        self.command = f"sleep 1000 & echo $! $$ > {path}.new && mv {path}.new {path}; wait"

    def wait(self):
        deadline = threading.Event()
        for _ in range(int(SECONDS / 0.05)):
            if self._path.exists():
                return [int(word) for word in self._path.read_text().split()]
            deadline.wait(0.05)
        raise AssertionError("the command did not start")

    def wait_gone(self):
        pause = threading.Event()
        for _ in range(int(SECONDS / 0.05)):
            if not any(_is_running(pid) for pid in self.wait()):
                return
            pause.wait(0.05)
        raise AssertionError("a process is left behind")


def _is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def left(tmp_path):
    return Left(tmp_path / "pids")


def test_command_gets_arguments_and_caller_and_gives_the_result(command, caller, user):
    code = 'print(json.dumps([args, json.loads(os.environ["DASH_INTEROP_CALLER"])["user"]]))'
    with offered(command, python(code)):
        arguments = {"n": 1, "text": "ä€\n'\"$(x)`", "list": [None, True]}
        assert called(caller, **arguments) == [arguments, user]


def test_output_is_the_result(command, caller, tmp_path):
    output = tmp_path / "output"
    with offered(command, f"cat {output}") as process:
        for printed, value in {"": None, " \n": None, "42": 42, '{"a": [1]}': {"a": [1]}}.items():
            output.write_text(printed)
            assert called(caller) == value
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=SECONDS) == ("", "")
        assert process.returncode == 0


def test_definition_says_what_it_is(command, caller):
    options = ["--accepts", "int a", "--returns", "int sum", "--description", "Adds"]
    with offered(command, "echo 1", *options, "--application", "Adder"):
        method = caller.wait_for_method("Run", SECONDS)
        assert [server["application"] for server in method.get_servers()] == ["Adder"]
        assert (method.accepts, method.returns, method.description) == ("int a", "int sum", "Adds")


FAILURES = {
    "echo first >&2; echo '  last  ' >&2; echo >&2; exit 3": "last",
    "exit 3": "it ended with exit code 3",
    "kill -9 $$": "it was ended by SIGKILL",
    "echo nonsense": "its output is not JSON: JSON is malformed: invalid character (byte 4)",
    "/nowhere/to/be/found": "not found",
    "head -c 17000000 /dev/zero": "its output is longer than 16777216 bytes",
}


def test_failure_reaches_the_caller_and_is_told_here(command, caller, tmp_path):
    script = tmp_path / "script"
    lines = []
    with offered(command, f". {script}") as process:
        for handler, message in FAILURES.items():
            script.write_text(handler)
            with pytest.raises(HandlerFailed) as caught:
                called(caller)
            assert caught.value.exception == "CommandFailed"
            assert str(caught.value).startswith("CommandFailed: ")
            assert str(caught.value).endswith(message)
            lines.append(f"dash-interop: the handler Run failed: {caught.value}")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=SECONDS)
    said = errors.splitlines()
    assert [line for line in said if "the handler" in line] == lines


def test_stderr_is_passed_on_also_when_all_is_well(command, caller):
    with offered(command, "echo careful >&2; echo 1") as process:
        assert called(caller) == 1
        assert process.stderr.readline() == "careful\n"


def test_arguments_need_not_be_read(command, caller):
    with offered(command, "exec <&-; echo 1"):
        assert called(caller, text="x" * 1_000_000) == 1


def test_so_many_run_at_a_time(command, caller, tmp_path):
    # Each says how many there were when it had begun; two wait for each other.
    code = (
        "import time, pathlib; here = pathlib.Path(args['dir']); "
        "(here / str(os.getpid())).touch(); end = time.time() + 15; "
        "seen = lambda: len(list(here.iterdir()));\n"
        "while seen() < 2 and time.time() < end: time.sleep(0.01)\n"
        "print(seen()); time.sleep(0.3); (here / str(os.getpid())).unlink()"
    )
    script = tmp_path / "handler.py"
    script.write_text(NAMED + code)
    shared = tmp_path / "shared"
    shared.mkdir()
    counts = []
    with offered(command, f"{sys.executable} {script}", "--concurrency", "2"):
        threads = [
            threading.Thread(target=lambda: counts.append(called(caller, dir=str(shared))))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(counts) == {2}


@pytest.mark.parametrize("stubborn", [False, True])
def test_time_that_is_up_ends_the_command_and_all_that_it_started(command, caller, left, stubborn):
    handler = f"trap '' TERM; {left.command}; {left.command}" if stubborn else left.command
    with offered(command, handler, "--timeout", "3") as process:
        with pytest.raises(InvocationTimeout):
            called(caller)
        left.wait_gone()
        assert process.stderr.readline() == (
            "dash-interop: Run: the command is ended before it was done\n"
        )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_end_of_the_offer_ends_the_commands(command, caller, left, number):
    failures = []

    def call():
        try:
            called(caller)
        except Exception as error:
            failures.append(error)

    with offered(command, left.command) as process:
        calling = threading.Thread(target=call)
        calling.start()
        left.wait()
        process.send_signal(number)
        assert process.wait(SECONDS) == 0
        left.wait_gone()
        calling.join()
    assert len(failures) == 1


def test_handler_that_is_cancelled_while_its_command_starts_ends_it(left):
    async def scenario():
        handling = asyncio.ensure_future(_handler("Run", left.command)({}, {}))
        # Turns of the loop that start the command, but are too few to know of it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        left.wait()
        handling.cancel()
        await asyncio.wait([handling], timeout=SECONDS)
        assert handling.cancelled()

    asyncio.run(scenario())
    left.wait_gone()


def test_offer_outlives_an_outage(command_at, peer):
    with ours() as gateway:
        caller = peer("Desk", url=gateway.url)
        with offered(command_at(gateway.url), "echo 1") as process:
            gateway.kill()
            assert "the connection is lost" in process.stderr.readline()
            gateway.restart()
            assert process.stderr.readline() == "dash-interop: the connection is back\n"
            assert called(caller) == 1


def test_result_is_printed_by_invoke(command):
    with offered(command, "cat"):
        process = command.run("invoke", "Run", "a:=1", "b=x")
        assert json.loads(process.stdout) == {"a": 1, "b": "x"}


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["Run"], 2, "--exec"),
        (["Run", "--exec", "cat", "--concurrency", "0"], 2, "--concurrency"),
        (["Run", "--exec", "cat", "--concurrency", "65"], 2, "--concurrency"),
        (["Run", "--exec", "cat", "--timeout", "0"], 2, "--timeout"),
        (["Run", "--exec", "cat", "--accepts", "nonsense"], 1, "accepts"),
        (["", "--exec", "cat"], 2, "1 to 256 characters"),
    ],
)
def test_bad_input(command, arguments, code, words):
    process = command.run("offer", *arguments)
    assert (process.stdout, process.returncode) == ("", code)
    assert words in process.stderr and process.stderr.count("\n") == 1
