"""
The trees whose product code is measured: the present one, and that of another commit.

The code of the benchmark is that of the present tree, for both: an older commit does not have
today's. What runs in a process of its own (gateway, Python client, page server) is started with the
Python of its tree and in its folder, which comes first where Python looks for ``dash_interop``.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from tests.bench.processes import BenchError, Command, complaint

__all__ = ["OTHER", "PRESENT", "ROOT", "Tree", "about", "present_tree", "tree_of"]

PRESENT = "present"
OTHER = "other"
"""What the two are called in JSON."""

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ".bench"
"""Where the trees of other commits are kept, so that the next comparison does not build again."""

OF_THE_ENVIRONMENT = ("dash_interop", "pip", "setuptools", "wheel")
"""Packages whose version each environment chooses for itself."""

RE2 = "google-re2; python_version < '3.15'"
"""For restrictions with patterns; there is none for a Python to come."""

OF_THE_CALLING_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
"""Variables by which ``make bench`` would pass its own options on."""


@dataclass(frozen=True)
class Tree:
    """A checkout of the project whose bundle is built and whose requirements are installed."""

    title: str
    folder: Path
    python: str

    def module(self, name: str, *arguments: str) -> Command:
        """Return the command that runs a module with the product code of this tree."""
        return Command((self.python, "-m", name, *arguments), self.folder)


def present_tree() -> Tree:
    """Return the tree that this code is in, uncommitted changes included."""
    return Tree("present tree", ROOT, sys.executable)


def tree_of(revision: str, root: Path = ROOT) -> Tree:
    """
    Check out another commit below :data:`FOLDER` and build it, unless that is done already.

    Its environment gets the versions of this one, so that only the product code differs.

    Raises:
        BenchError: There is no such commit, or it does not build.
    """
    try:
        commit = _git(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except BenchError as error:
        raise BenchError(f"--compare {revision}: there is no such commit ({error})") from error
    folder = root / FOLDER / commit[:12]
    if not _is_checkout(folder, commit):
        shutil.rmtree(folder, ignore_errors=True)
        _git(root, "worktree", "add", "--force", "--detach", str(folder), commit)
    _lend_tests(folder, root)
    python = folder / ".venv" / "bin" / "python"
    try:
        _build(folder, python)
    except BenchError as error:
        raise BenchError(f"--compare {revision}: {commit[:7]} does not build: {error}") from error
    return Tree(revision, folder, str(python))


def about(revision: str, root: Path = ROOT) -> dict[str, Any]:
    """Describe a commit."""
    commit, subject = _git(root, "log", "-1", "--format=%h %s", revision, "--").split(" ", 1)
    return {"commit": commit, "subject": subject}


def is_changed(root: Path = ROOT) -> bool:
    """Return whether the present tree differs from its commit."""
    return bool(_git(root, "status", "--porcelain"))


def _is_checkout(folder: Path, commit: str) -> bool:
    # Git looks in the folders above, too, where there is no checkout here.
    return (folder / ".git").exists() and _git(folder, "rev-parse", "HEAD") == commit


def _lend_tests(folder: Path, root: Path) -> None:
    """Put the tests of the present tree, and with them the benchmark, in the place of its own."""
    tests = folder / "tests"
    if not tests.is_symlink():
        shutil.rmtree(tests, ignore_errors=True)
        tests.symlink_to(root / "tests", target_is_directory=True)


def _build(folder: Path, python: Path) -> None:
    log = folder.with_suffix(".log")
    constraints = folder.with_suffix(".txt")
    constraints.write_text("".join(f"{line}\n" for line in _versions()), encoding="utf-8")
    own = {name: value for name, value in os.environ.items() if name not in OF_THE_CALLING_MAKE}
    environment = own | {
        "PIP_CONSTRAINT": str(constraints),
        "npm_config_prefer_offline": "true",
    }
    with log.open("wb") as output:
        _run(("make", "build", f"PYTHON={sys.executable}"), folder, environment, output, log)
        # What the benchmark needs in there, and the product does not or can do without.
        install = (str(python), "-m", "pip", "install", "--quiet", "psutil", RE2)
        _run(install, folder, environment, output, log)


def _versions() -> list[str]:
    """Return the installed packages as requirements."""
    found = {one.metadata["Name"]: one.version for one in distributions()}
    return [f"{name}=={found[name]}" for name in sorted(found) if name not in OF_THE_ENVIRONMENT]


def _run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: Any, log: Path
) -> None:
    try:
        ended = subprocess.run(
            arguments, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise BenchError(str(error)) from error
    if ended.returncode != 0:
        # What make itself adds says only that something failed.
        lines = [line for line in log.read_bytes().splitlines() if not line.startswith(b"make")]
        reason = complaint(b"\n".join(lines))
        raise BenchError(f"{reason} (all of it: {log})")


def _git(folder: Path, *arguments: str) -> str:
    try:
        ended = subprocess.run(("git", *arguments), cwd=folder, capture_output=True)
    except OSError as error:
        raise BenchError(f"git cannot be started: {error}") from error
    if ended.returncode != 0:
        raise BenchError(complaint(ended.stderr))
    return ended.stdout.decode().strip()
