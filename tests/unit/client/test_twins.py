"""What exists in two forms is written once, and looks to everybody as if it were written out."""

import ast
import asyncio
import inspect
import re
import traceback
from pathlib import Path

import pytest

from dash_interop.app.interop import Interop
from dash_interop.client import aio, sync
from dash_interop.client.twins import blocking, like, method_like, run_here

LONGEST_PAIR = 5
"""Lines that may stand one after the other in both files."""


# The files of the two clients


def telling_lines(path):
    """The lines that say something: imports, comments, blank lines and lone brackets do not."""
    text = Path(path).read_text(encoding="utf-8")
    imports = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = [line.strip() for n, line in enumerate(text.splitlines(), start=1) if n not in imports]
    return [line for line in lines if re.search(r"\w", line) and not line.startswith("#")]


def shared_runs(here, there, length):
    """The runs of so many lines that stand in both lists."""
    runs = [{tuple(lines[n : n + length]) for n in range(len(lines))} for lines in (here, there)]
    return [run for run in runs[0] & runs[1] if len(run) == length]


def test_shared_runs_are_found():
    here, there = list("abcdefg"), list("xbcdefy")
    assert shared_runs(here, there, 5) == [tuple("bcdef")]
    assert shared_runs(here, there, 6) == []


def test_nothing_of_the_client_for_asyncio_is_written_again_in_the_blocking_one():
    here, there = telling_lines(sync.__file__), telling_lines(aio.__file__)
    assert len(here) > 50 and len(there) > 200
    assert shared_runs(here, there, LONGEST_PAIR + 1) == []


# What people and tools see


def text_of(function):
    text = inspect.getdoc(function)
    assert text is not None
    return text


BLOCKING = [
    getattr(class_, name)
    for class_ in (sync.InteropClient, sync.Stream, sync.Subscription)
    for name, member in vars(class_).items()
    if inspect.isfunction(member) and name[0] != "_" and name != "until_there_is"
]


@pytest.mark.parametrize("function", BLOCKING, ids=lambda function: function.__qualname__)
def test_every_blocking_method_is_documented_for_code_that_does_not_await(function):
    assert not re.search(r"\bawait\b|async with", text_of(function))


@pytest.mark.parametrize(
    "function, words",
    [
        (sync.InteropClient.register, "handler: ``async def``, which runs on the loop"),
        (sync.InteropClient.call, r'    total = interop\.call\("Sum", a=37, b=5\)'),
        (sync.InteropClient.call, r"``interop\.invoke\(method, args, .*\)\.value``"),
        (sync.Subscription.get, "or is interrupted, loses nothing"),
        (
            sync.Stream.push,
            r"(?s)^Send data .* waits\nfor the gateway\.\n\nArgs:.*Error: The stream",
        ),
        (sync.connect, r"(?s)^Connect .*end of the process\.\n\nArgs:.*    with connect\("),
        (Interop.invoke, r"(?s)^Invoke a method from a callback.*Args:.*Raises:"),
    ],
)
def test_documentation_says_what_holds_for_the_blocking_form(function, words):
    assert re.search(words, text_of(function))


def test_an_error_that_cannot_happen_is_left_out():
    assert text_of(sync.Stream.push).endswith("RegistrationError: The stream was closed.")


def test_what_is_returned_is_the_blocking_class():
    returns = inspect.signature(sync.connect).return_annotation
    assert returns == "InteropClient"
    assert "-> 'Subscription'" in str(inspect.signature(sync.InteropClient.subscribe))


@pytest.mark.parametrize(
    "name, more", [("invoke", {"user"}), ("invocation", {"user"}), ("call", set())]
)
def test_the_server_of_an_app_invokes_by_the_parameters_of_the_client(name, more):
    here, there = getattr(Interop, name), getattr(aio.InteropClient, name)
    shown = [dict(inspect.signature(each).parameters) for each in (here, there)]
    assert shown[0].keys() - shown[1].keys() == more
    assert {key: shown[0][key] for key in shown[1]} == shown[1]


# What they do


class Awaiting:
    async def scale(self, number, /, *, by=2, **rest):
        """
        Scale a number.

        Args:
            number: As ``await other()`` gives it, or is cancelled.

        Raises:
            ValueError: ``by`` is 0,
                or less.
            TypeError: It is a word.

        Example:
            ::

                (await thing.scale(2)).value
        """
        if by == 0:
            raise ValueError("nothing remains")
        return number * by, rest


class Blocking:
    _run = staticmethod(asyncio.run)
    _twin = Awaiting()
    scale = blocking(Awaiting.scale)


def test_blocking_method_passes_on_what_it_is_given_and_returns_what_comes_back():
    assert Blocking().scale(4) == (8, {})
    assert Blocking().scale(4, by=3, self="x") == (12, {"self": "x"})
    assert str(inspect.signature(Blocking.scale)) == "(self, number, /, *, by=2, **rest)"


def test_blocking_method_raises_with_few_frames_between():
    with pytest.raises(ValueError, match="nothing remains") as caught:
        Blocking().scale(4, by=0)
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[0].startswith("test_") and frames[1] == "block" and frames[-1] == "scale"


def test_documentation_is_reworded():
    assert text_of(Blocking.scale).splitlines()[2:5] == [
        "Args:",
        "    number: As ``other()`` gives it, or is interrupted.",
        "",
    ]
    assert text_of(Blocking.scale).endswith("    thing.scale(2).value")


def test_function_like_another_has_its_own_text_and_the_other_sections():
    class Other:
        @method_like(Awaiting.scale, without="ValueError")
        def scale(self, *args, **kwargs) -> str:
            """Scale it elsewhere."""
            return f"{args} {kwargs}"

    assert Other().scale(1, by=2) == "(1,) {'by': 2}"
    assert str(inspect.signature(Other().scale)) == "(number, /, *, by=2, **rest) -> str"
    text = text_of(Other.scale)
    assert text.startswith("Scale it elsewhere.\n\nArgs:\n")
    assert "Raises:\n    TypeError" in text and "or less" not in text


def test_function_without_a_docstring_stays_without_one_where_python_drops_them():
    def plain(number):
        return number

    @like(plain)
    def other(*args):
        return args

    assert other.__doc__ is None
    assert list(inspect.signature(other).parameters) == ["number"]


def test_coroutine_that_waits_for_nothing_runs_without_a_loop():
    async def inner():
        return 7

    async def outer():
        return await inner()

    assert run_here(outer()) == 7


def test_coroutine_that_waits_cannot_run_without_a_loop():
    async def wait():
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="without a loop"):
        run_here(wait())
