"""
The code that documents show: as programs, files, cells and commands.

All Python blocks below one heading are one program, unless a block begins with the name of a file:
``# app.py``, or ``// assets/app.js`` in JavaScript; blocks of one document with one name are that
file. Behind ``print(...)`` a comment says what it prints.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Document", "commands", "documents", "programs", "read", "run", "said"]

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_FILE = re.compile(r"(?:# ([\w.]+\.py)|// ([\w./]+\.js))\n")
_PRINTS = re.compile(r"^ *print\(.*\)  # (.*)$", re.MULTILINE)


@dataclass
class Document:
    """
    Attributes:
        programs: The Python below each heading that is in no file.
        cells: The same as single blocks.
        files: The files, by name.
    """

    programs: dict[str, str] = field(default_factory=dict[str, str])
    cells: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    files: dict[str, str] = field(default_factory=dict[str, str])

    def write(self, directory: Path) -> None:
        """Make the files."""
        for name, text in self.files.items():
            file = directory / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")


def documents() -> list[str]:
    """The documents that show Python or a command, by their paths."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        path.relative_to(ROOT).as_posix()
        for path in paths
        if any(language in ("python", "sh") for language, _ in _FENCE.findall(_text(path)))
    ]


def read(document: str) -> Document:
    parts = Document()
    for title, language, block in _blocks(document):
        named = _FILE.match(block)
        if named:
            name = named[1] or named[2]
            parts.files[name] = parts.files.get(name, "") + block
        elif language == "python":
            parts.cells.setdefault(title, []).append(block)
    parts.programs = {title: "\n".join(blocks) for title, blocks in parts.cells.items()}
    return parts


def programs(document: str) -> list[tuple[str, str]]:
    """Each heading whose text has Python in it, with that Python."""
    return list(read(document).programs.items())


def commands(document: str) -> list[str]:
    """The lines of the shell that a document shows, those that go on joined."""
    blocks = [block for _, language, block in _blocks(document) if language == "sh"]
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line]


def run(
    program: str, name: str = "document", names: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Run a program; one that awaits at its top gets a loop. Returns what it defines."""
    defined: dict[str, Any] = {"__name__": "documented"} if names is None else names
    awaited = evaluate(program, name, defined)
    if awaited is not None:
        asyncio.run(awaited)
    return defined


def evaluate(program: str, name: str, names: dict[str, Any]) -> Any:
    """Run a program, or make the coroutine that it is when it awaits at its top."""
    code = compile(program, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        return eval(code, names)
    exec(code, names)
    return None


def said(program: str) -> list[str]:
    """What its comments say that it prints."""
    return _PRINTS.findall(program)


def _blocks(document: str) -> Iterator[tuple[str, str, str]]:
    """Each block with the heading above it and its language."""
    text = _text(ROOT / document)
    bare = _FENCE.sub(lambda block: block[0].replace("#", " "), text)
    headings = [(heading.start(), heading[1]) for heading in _HEADING.finditer(bare)]
    for block in _FENCE.finditer(text):
        title = [name for start, name in headings if start < block.start()][-1]
        yield title, block[1], block[2]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
