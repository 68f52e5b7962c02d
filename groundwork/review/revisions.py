"""What is compared: BASE..HEAD as two trees of git, either of which may be what lies in the checkout uncommitted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import UsageError

WORKTREE = "@worktree"
_SHORT = 12
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Revision:
    """One side. `name` is how it was typed, `commit` its id (WORKTREE for the checkout), `tree` the id of its files.

    `objects` holds the tree of a checkout, which is not added to the repository; None for a commit.
    """

    name: str
    commit: str
    tree: str
    objects: Path | None = None

    @property
    def short(self) -> str:
        """For folder names and titles."""
        return "worktree" if self.commit == WORKTREE else self.commit[:_SHORT]


def parse(wanted: str, root: Path, *, scratch: Path) -> tuple[Revision, Revision]:
    """Base and head of `BASE..HEAD`, of `BASE...HEAD` (base is where HEAD's branch left BASE) or of `BASE` (to HEAD).

    An empty head or `@worktree` is the checkout with what is not committed (what .gitignore names left out).
    `scratch` is a folder in which the checkout's tree may be noted. Raises UsageError for what git does not know.
    """
    forked = "..." in wanted
    base, dots, head = wanted.partition("..." if forked else "..")
    base, head = base or "HEAD", (head or WORKTREE) if dots else "HEAD"
    if forked:
        tip = "HEAD" if head == WORKTREE else _commit(head, root)
        base = _git(["merge-base", _commit(base, root), tip], root, f"{wanted}: the two have no commit in common")
    return _revision(base, root, scratch), _revision(head, root, scratch)


def foreign(wanted: str, root: Path, *, scratch: Path) -> tuple[Revision, Revision]:
    """Base and head of `BASE..COMMIT` where this clone need not have the head: it is named, and nothing of it is read.

    Raises UsageError where the head is no full commit id.
    """
    base, dots, head = wanted.partition("..")
    if not (dots and _COMMIT.fullmatch(head)):
        raise UsageError(
            f"{wanted}: what was synthesised elsewhere is named by its commit, 40 hex digits",
            fix="gw review HEAD..$(git rev-parse HEAD) --synthesised FOLDER",
        )
    return _revision(base or "HEAD", root, scratch), Revision(head, head, "")


def extract(revision: Revision, root: Path, into: Path) -> None:
    """The files of a revision, as a fresh checkout has them. Attributes such as export-ignore hide nothing."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"GIT_INDEX_FILE": str(Path(folder) / "index"), **_alternates(revision.objects, root)}
        _git(["read-tree", revision.tree], root, f"{revision.name} cannot be read", environ)
        _git(["checkout-index", "--all", f"--prefix={into}/"], root, f"{revision.name} cannot be written", environ)


def text(revision: Revision, root: Path, path: str) -> str | None:
    """One file of a revision; None where it has none, or where this clone does not know the revision."""
    if not revision.tree:
        return None
    try:
        return _git(["cat-file", "blob", f"{revision.tree}:{path}"], root, path, _alternates(revision.objects, root))
    except UsageError:
        return None


def _revision(name: str, root: Path, scratch: Path) -> Revision:
    if name == WORKTREE:
        objects = scratch / "objects"
        objects.mkdir(parents=True, exist_ok=True)
        return Revision(name, WORKTREE, _tree_of_checkout(root, objects), objects)
    commit = _commit(name, root)
    return Revision(name, commit, _git(["rev-parse", f"{commit}^{{tree}}"], root, f"{name} has no files"))


def _commit(name: str, root: Path) -> str:
    if name.startswith("-"):
        raise UsageError(f"{name} is no revision", fix="gw review main..HEAD")
    return _git(["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], root, f"git knows no commit {name}")


def _tree_of_checkout(root: Path, objects: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        ours = Path(_git(["rev-parse", "--absolute-git-dir"], root, "this is no git checkout")) / "index"
        if ours.is_file():
            shutil.copy2(ours, index)  # so that only files that changed are read again
        environ = {"GIT_INDEX_FILE": str(index), **_alternates(objects, root)}
        _git(["add", "--all", "."], root, "the checkout cannot be read", environ)
        return _git(["write-tree"], root, "the checkout cannot be read", environ)


def _alternates(objects: Path | None, root: Path) -> dict[str, str]:
    if objects is None:
        return {}
    common = _git(["rev-parse", "--path-format=absolute", "--git-common-dir"], root, "this is no git checkout")
    return {"GIT_OBJECT_DIRECTORY": str(objects), "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(Path(common) / "objects")}


def _git(arguments: Sequence[str], root: Path, problem: str, environ: Mapping[str, str] | None = None) -> str:
    # GIT_DIR and the like would point to another repository: set in hooks, for example.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key == "GIT_SSL_CAINFO"}
    try:
        done = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", *arguments],
            cwd=root,
            env={**clean, **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as missing:
        raise UsageError("git is not on PATH", fix="install git") from missing
    if done.returncode:
        stderr = done.stderr.strip().splitlines()
        raise UsageError(
            f"{problem}{': ' + stderr[-1] if stderr else ''}", fix="git log shows commits; git fetch gets more"
        )
    return done.stdout.strip()
