"""What git knows about a commit: whether it is on main, and who worked on it."""

from __future__ import annotations

from pathlib import Path

from groundwork.errors import UsageError
from groundwork.plan.commit import MARK, git, git_output

_MAIN = ("refs/remotes/origin/main", "refs/heads/main")


def on_main(root: Path, commit: str) -> bool:
    """Whether `commit` is main or an ancestor of it; origin's main counts where it exists, else the local main.

    Raises UsageError where this clone has no main, so that a shallow checkout is not reported as a wrong commit.
    """
    for main in _MAIN:
        if _ok(root, "rev-parse", "--verify", "--quiet", main):
            return _ok(root, "merge-base", "--is-ancestor", commit, main)
    raise UsageError(
        f"{root} has no branch main to compare {commit[:12]} with",
        fix="check out with the whole history (fetch-depth: 0)",
    )


def contains(root: Path, commit: str, older: str) -> bool:
    """Whether `older` is `commit` or an ancestor of it; False for a commit that this clone does not have."""
    return _ok(root, "merge-base", "--is-ancestor", older, commit)


def authors(root: Path, commit: str, *, since: str = "") -> dict[str, str]:
    """Name and e-mail of everybody whose work `commit` adds → why: authors, committers and co-authors.

    That is the commit, for a merge all commits that it merged, and every commit after `since` where that is older.
    """
    commit, since = commit.partition(MARK)[0], since.partition(MARK)[0]
    parent = f"{commit}^1"
    known = [f"^{parent}"] if _ok(root, "rev-parse", "--verify", "--quiet", parent) else []
    if since and since != commit and contains(root, commit, since):
        known = [f"^{since}"]
    shape = "%h%x00%an%x00%ae%x00%cn%x00%ce%x00%(trailers:key=Co-authored-by,valueonly,separator=%x00)"
    log = git_output(root, "log", f"--format={shape}", *known, commit).decode()
    people: dict[str, str] = {}
    for line in log.splitlines():
        short, *who = line.split("\0")
        why = ("author", "author", "committer", "committer")
        for position, person in enumerate(who):
            role = why[position] if position < len(why) else "co-author"
            for name in _name_and_address(person):
                people.setdefault(name, f"{role} of commit {short}")
    return people


def configured_user(root: Path) -> dict[str, str]:
    """Name and e-mail in git's configuration for this checkout; empty without one."""
    answers = [git(root, "config", key).stdout.decode().strip() for key in ("user.name", "user.email")]
    return {answer: "works in this checkout" for answer in answers if answer}


def _name_and_address(person: str) -> list[str]:
    name, _, address = person.partition("<")
    return [part for part in (name.strip(), address.rstrip("> ").strip()) if part]


def _ok(root: Path, *words: str) -> bool:
    return git(root, *words).returncode == 0
