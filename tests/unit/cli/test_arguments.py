"""How arguments are typed."""

import io
import sys

import click
import pytest

from dash_interop.cli.arguments import arguments


@click.command()
@arguments
def command(arguments):
    return arguments


def read(*words):
    return command.main(list(words), standalone_mode=False)


def refusal(*words):
    with pytest.raises(click.BadParameter) as caught:
        read(*words)
    return caught.value.message


@pytest.fixture
def typed(monkeypatch):
    """Puts something on stdin."""

    def put(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))

    return put


@pytest.mark.parametrize(
    "words, read_as",
    [
        ([], {}),
        (["a=1"], {"a": "1"}),
        (["a="], {"a": ""}),
        (["a==b"], {"a": "=b"}),
        (["a=b:=c"], {"a": "b:=c"}),
        (["a = b"], {"a ": " b"}),
        (["ä=ö\nü"], {"ä": "ö\nü"}),
        (["a:b=1"], {"a:b": "1"}),
        (["a::=1"], {"a:": 1}),
        (["a:=1", "b:=-2.5", "c:=true", "d:=null"], {"a": 1, "b": -2.5, "c": True, "d": None}),
        (['a:="text"', 'b:=[1, {"c": 2}]'], {"a": "text", "b": [1, {"c": 2}]}),
        (['{"a": 1}'], {"a": 1}),
        (['{"a=": 1}'], {"a=": 1}),
        (['{"a": 1, "b": 2}', "b=3", "c=4"], {"a": 1, "b": "3", "c": "4"}),
        (["b=3", '{"a": 1, "b": 2}'], {"a": 1, "b": "3"}),
    ],
)
def test_words_are_arguments(words, read_as):
    assert read(*words) == read_as


def test_object_on_stdin(typed):
    typed(b'{"a": 1, "b": 2}\n')
    assert read("b:=3", "-") == {"a": 1, "b": 3}


def test_files_hold_an_object_a_text_or_json(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all.json").write_text('{"a": 1, "b": 2}')
    (tmp_path / "note").write_text("äh\n")
    (tmp_path / "list.json").write_text("[1, 2]")
    assert read("@all.json", "b=@note", "c:=@list.json") == {"a": 1, "b": "äh\n", "c": [1, 2]}


@pytest.mark.parametrize(
    "words, message",
    [
        (["37"], "37: expected key=text, key:=json, a JSON object, @file or -"),
        (["=1"], "=1: expected key=text"),
        ([":=1"], ":=1: expected key=text"),
        (["a=1", "b:=x"], "b:=x: JSON is malformed"),
        (["b:="], "b:=: Input data was truncated"),
        (["a=1", "a:=2"], "a:=2: a is given twice"),
        (["{}", "{}"], "{}: one object with all arguments is enough"),
        (["{}", "-"], "-: one object with all arguments is enough"),
        (["[1]"], "[1]: it is not a JSON object"),
        (["{a"], "{a: "),
        (["@nowhere"], "@nowhere: cannot read the file: No such file or directory"),
        (["a=@nowhere"], "a=@nowhere: cannot read the file: No such file or directory"),
        (["a:=@."], "a:=@.: cannot read the file: Is a directory"),
        (["a=\udcff"], "a=\udcff: it is not UTF-8"),
        (["\udcff=a"], "\udcff=a: it is not UTF-8"),
        (['{"a": ' + "[" * 50_000], '{"a": ' + "[" * 34 + "...: it is nested too deeply"),
    ],
)
def test_error_names_the_argument(words, message):
    assert refusal(*words).startswith(message)


def test_stdin_that_holds_no_object(typed, monkeypatch):
    typed(b"")
    assert refusal("-") == "-: Input data was truncated"
    typed(b"[1]")
    assert refusal("-").startswith("-: it is not a JSON object")
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-") == "-: stdin is closed"
