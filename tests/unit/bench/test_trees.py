"""Another commit is checked out and built beside the present tree."""

import subprocess

import pytest

from tests.bench.processes import BenchError
from tests.bench.trees import about, is_changed, tree_of

BUILDS = """\
build:
	test "$(PYTHON)" && test -s "$$PIP_CONSTRAINT"
	mkdir -p .venv/bin
	printf '#!/bin/sh\\necho "$$*" >> installed\\n' > .venv/bin/python
	chmod +x .venv/bin/python
"""
BREAKS = """\
build:
	@echo 'error: the bundle has no entry' >&2
	@false
"""


@pytest.fixture
def git(tmp_path, monkeypatch):
    """A project of two commits, of which the first does not build, and git in it."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.com")

    def git(*arguments):
        ended = subprocess.run(("git", *arguments), cwd=tmp_path, capture_output=True, check=True)
        return ended.stdout.decode().strip()

    def commit(makefile, subject):
        (tmp_path / "Makefile").write_text(makefile)
        git("add", ".")
        git("commit", "--quiet", "-m", subject)

    git("init", "--quiet")
    (tmp_path / ".gitignore").write_text(".bench/\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "age").write_text("old")
    commit(BREAKS, "Break the build")
    commit(BUILDS, "Mend the build")
    (tmp_path / "tests" / "age").write_text("new")
    return git


def test_a_commit_is_checked_out_and_built_with_a_python_of_its_own(git, tmp_path):
    tree = tree_of("HEAD", tmp_path)
    commit = git("rev-parse", "HEAD")
    assert tree.title == "HEAD"
    assert tree.folder == tmp_path / ".bench" / commit[:12]
    assert str(tree.folder) in git("worktree", "list")
    assert tree.module("some.module", "--option").arguments == (
        str(tree.folder / ".venv" / "bin" / "python"),
        "-m",
        "some.module",
        "--option",
    )
    assert tree.module("some.module").folder == tree.folder
    assert "psutil" in (tree.folder / "installed").read_text()


def test_options_of_the_make_that_runs_the_benchmark_are_not_for_the_build(
    git, tmp_path, monkeypatch
):
    monkeypatch.setenv("MAKEFLAGS", "n -- PYTHON=")
    assert (tree_of("HEAD", tmp_path).folder / "installed").exists()


def test_the_benchmark_is_that_of_the_present_tree(git, tmp_path):
    tree = tree_of("HEAD", tmp_path)
    assert (tree.folder / "tests" / "age").read_text() == "new"


def test_both_trees_have_the_same_versions_of_their_requirements(git, tmp_path):
    tree = tree_of("HEAD", tmp_path)
    versions = tree.folder.with_suffix(".txt").read_text().splitlines()
    assert any(line.startswith("dash==") for line in versions)
    assert not any(line.startswith("dash_interop==") for line in versions)


def test_a_checkout_that_is_there_serves_again(git, tmp_path):
    folder = tree_of("HEAD", tmp_path).folder
    kept = folder / "node_modules"
    kept.mkdir()
    # Make itself knows what is left to do.
    assert tree_of("HEAD", tmp_path).folder == folder
    assert kept.exists()


def test_a_folder_that_holds_something_else_is_checked_out_anew(git, tmp_path):
    folder = tmp_path / ".bench" / git("rev-parse", "HEAD")[:12]
    folder.mkdir(parents=True)
    (folder / "rest").write_text("of a checkout that was interrupted")
    assert tree_of("HEAD", tmp_path).folder == folder
    assert not (folder / "rest").exists()


@pytest.mark.parametrize("revision", ["nonsense", "--all", "", "HEAD:Makefile"])
def test_what_is_no_commit_is_an_error_of_one_line(git, tmp_path, revision):
    with pytest.raises(BenchError) as raised:
        tree_of(revision, tmp_path)
    assert str(raised.value).startswith(f"--compare {revision}: there is no such commit")
    assert "\n" not in str(raised.value)


def test_a_commit_that_does_not_build_is_an_error_of_one_line_with_the_reason(git, tmp_path):
    with pytest.raises(BenchError) as raised:
        tree_of("HEAD~1", tmp_path)
    commit = git("rev-parse", "HEAD~1")
    log = tmp_path / ".bench" / f"{commit[:12]}.log"
    assert str(raised.value) == (
        f"--compare HEAD~1: {commit[:7]} does not build: error: the bundle has no entry "
        f"(all of it: {log})"
    )
    assert log.exists()


def test_the_trees_are_described(git, tmp_path):
    commit = git("rev-parse", "--short", "HEAD")
    assert about("HEAD", tmp_path) == {"commit": commit, "subject": "Mend the build"}
    assert is_changed(tmp_path)
    git("checkout", "--quiet", "tests")
    assert not is_changed(tmp_path)
