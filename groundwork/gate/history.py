"""What git knows of a commit: whether main has it, and whose work is in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.plan.commit import MARK

_MAIN = ("refs/remotes/origin/main", "refs/heads/main")


def on_main(root: Path, commit: str) -> bool:
    """Whether `commit` is main's tip or lies behind it; origin's main counts where there is one, else the local one.

    Raises UsageError where this clone has no main, so that a shallow checkout is not reported as a wrong commit.
    """
    for main in _MAIN:
        if _ok(root, "rev-parse", "--verify", "--quiet", main):
            return _ok(root, "merge-base", "--is-ancestor", commit, main)
    raise UsageError(
        f"{root} has no branch main to compare {commit[:12]} with",
        fix="check out with the whole history (fetch-depth: 0)",
    )


def authors(root: Path, commit: str) -> dict[str, str]:
    """Name and e-mail of everybody whose work `commit` brings in → why: authors, committers and co-authors.

    For a merge these are all commits that it merged, else the commit alone.
    """
    commit = commit.partition(MARK)[0]
    first = f"^{commit}^1" if _ok(root, "rev-parse", "--verify", "--quiet", f"{commit}^1") else ""
    shape = "%h%x00%an%x00%ae%x00%cn%x00%ce%x00%(trailers:key=Co-authored-by,valueonly,separator=%x00)"
    log = _git(root, "log", f"--format={shape}", *([first] if first else []), commit)
    people: dict[str, str] = {}
    for line in log.splitlines():
        short, *who = line.split("\0")
        why = ("author", "author", "committer", "committer")
        for position, person in enumerate(who):
            role = why[position] if position < len(why) else "co-author"
            for name in _name_and_address(person):
                people.setdefault(name, f"{role} of commit {short}")
    return people


def me(root: Path) -> dict[str, str]:
    """Name and e-mail that git is configured with in this checkout; empty where it is not."""
    answers = [_run(root, "config", key) for key in ("user.name", "user.email")]
    return {answer.stdout.strip(): "works in this checkout" for answer in answers if answer.stdout.strip()}


def _name_and_address(person: str) -> list[str]:
    name, _, address = person.partition("<")
    return [part for part in (name.strip(), address.rstrip("> ").strip()) if part]


def _git(root: Path, *words: str) -> str:
    done = _run(root, *words)
    if done.returncode:
        raise UsageError(
            f"git {words[0]} does not answer in {root}: {done.stderr.strip()}",
            fix="work in a clone of the repository; an approval belongs to a commit",
        )
    return done.stdout.strip()


def _ok(root: Path, *words: str) -> bool:
    return _run(root, *words).returncode == 0


def _run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
