"""The two sides of a comparison: BASE..HEAD as two git trees; either may be the checkout with uncommitted changes."""

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
_NOT_A_CHECKOUT = "this is not a git checkout"


@dataclass(frozen=True)
class Revision:
    """One side. `name` is as it was typed, `commit` its id (WORKTREE for the checkout), `tree` the id of its files.

    `objects` is the folder with the objects of a checkout's tree, which are not in the repository; None for a commit.
    """

    name: str
    commit: str
    tree: str
    objects: Path | None = None

    @property
    def short(self) -> str:
        """For folder names and titles."""
        return "worktree" if self.commit == WORKTREE else self.commit[:_SHORT]


def parse(span: str, root: Path, *, scratch: Path) -> tuple[Revision, Revision]:
    """Base and head of `BASE..HEAD`, of `BASE...HEAD` (base is where HEAD's branch left BASE) or of `BASE` (to HEAD).

    An empty head or `@worktree` is the checkout with uncommitted changes, without ignored files. `scratch` is a folder
    for the objects of its tree. Raises UsageError for a name that git does not know.
    """
    forked = "..." in span
    base, dots, head = span.partition("..." if forked else "..")
    base, head = base or "HEAD", (head or WORKTREE) if dots else "HEAD"
    if forked:
        tip = "HEAD" if head == WORKTREE else _commit(head, root)
        base = _git(["merge-base", _commit(base, root), tip], root, f"{span}: the two have no commit in common")
    return _revision(base, root, scratch), _revision(head, root, scratch)


def parse_foreign(span: str, root: Path, *, scratch: Path) -> tuple[Revision, Revision]:
    """Base and head of `BASE..COMMIT`, where head was synthesised elsewhere, as GitHub does: merged into base.

    Head's tree is that merge, whose files are read and never run; it is empty where this clone lacks the commit, or
    where the two are in conflict. Raises UsageError where the head is not a full commit id.
    """
    base, dots, head = span.partition("..")
    if not (dots and _COMMIT.fullmatch(head)):
        raise UsageError(
            f"{span}: what was synthesised elsewhere is named by its commit, 40 hex digits",
            fix="gw review HEAD..$(git rev-parse HEAD) --synthesised FOLDER",
        )
    first, objects = _revision(base or "HEAD", root, scratch), scratch / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    try:
        environ = _object_folders(objects, root)
        tree = _git(["merge-tree", "--write-tree", first.commit, head], root, f"{head} cannot be merged", environ)
    except UsageError:
        return first, Revision(head, head, "")
    return first, Revision(head, head, tree, objects)


def extract(revision: Revision, root: Path, target: Path) -> None:
    """Write the files of a revision to a folder, as in a fresh checkout, whatever export-ignore excludes."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {"GIT_INDEX_FILE": str(Path(folder) / "index"), **_object_folders(revision.objects, root)}
        _git(["read-tree", revision.tree], root, f"{revision.name} cannot be read", environ)
        _git(["checkout-index", "--all", f"--prefix={target}/"], root, f"{revision.name} cannot be written", environ)


def text(revision: Revision, root: Path, path: str) -> str | None:
    """One file of a revision; None where it does not exist, or where this clone does not have the revision."""
    if not revision.tree:
        return None
    try:
        environ = _object_folders(revision.objects, root)
        return _git(["cat-file", "blob", f"{revision.tree}:{path}"], root, path, environ)
    except UsageError:
        return None


def changed_paths(base: Revision, head: Revision, root: Path) -> dict[str, str]:
    """The files that differ between two revisions, sorted → `new`, `removed` or `changed`; a renamed file is both."""
    arguments = ["diff-tree", "-r", "-z", "--name-status", "--no-renames", base.tree, head.tree]
    listed = _git(arguments, root, f"{base.name}..{head.name} cannot be compared", _objects_of(base, head, root))
    fields = [field for field in listed.split("\0") if field]
    words = {"A": "new", "D": "removed"}
    return dict(
        sorted((path, words.get(letter, "changed")) for letter, path in zip(fields[::2], fields[1::2], strict=True))
    )


def patch(base: Revision, head: Revision, root: Path) -> str:
    """What differs between two revisions, as git writes it, without lines of context; renamed files are paired."""
    form = ["-r", "-p", "-U0", "-M", "--no-color", "--no-ext-diff", "--no-textconv"]
    return _git(
        ["-c", "core.quotePath=false", "diff-tree", *form, base.tree, head.tree],
        root,
        f"{base.name}..{head.name} cannot be compared",
        _objects_of(base, head, root),
    )


def _objects_of(base: Revision, head: Revision, root: Path) -> dict[str, str] | None:
    """The folder of the side whose objects are not in the repository; there is at most one."""
    return next((_object_folders(side.objects, root) for side in (base, head) if side.objects), None)


def _revision(name: str, root: Path, scratch: Path) -> Revision:
    if name == WORKTREE:
        objects = scratch / "objects"
        objects.mkdir(parents=True, exist_ok=True)
        return Revision(name, WORKTREE, _tree_of_checkout(root, objects), objects)
    commit = _commit(name, root)
    return Revision(name, commit, _git(["rev-parse", f"{commit}^{{tree}}"], root, f"{name} has no files"))


def _commit(name: str, root: Path) -> str:
    if name.startswith("-"):
        raise UsageError(f"{name} is not a revision", fix="gw review main..HEAD")
    return _git(["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], root, f"git has no commit {name}")


def _tree_of_checkout(root: Path, objects: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        existing = Path(_git(["rev-parse", "--absolute-git-dir"], root, _NOT_A_CHECKOUT)) / "index"
        if existing.is_file():
            shutil.copy2(existing, index)  # so that git reads only changed files again
        environ = {"GIT_INDEX_FILE": str(index), **_object_folders(objects, root)}
        _git(["add", "--all", "."], root, "the checkout cannot be read", environ)
        return _git(["write-tree"], root, "the checkout cannot be read", environ)


def _object_folders(objects: Path | None, root: Path) -> dict[str, str]:
    if objects is None:
        return {}
    common = _git(["rev-parse", "--path-format=absolute", "--git-common-dir"], root, _NOT_A_CHECKOUT)
    return {"GIT_OBJECT_DIRECTORY": str(objects), "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(Path(common) / "objects")}


def _git(arguments: Sequence[str], root: Path, problem: str, environ: Mapping[str, str] | None = None) -> str:
    # GIT_DIR and the like, which git sets in hooks, could point to another repository.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key == "GIT_SSL_CAINFO"}
    try:
        finished = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", *arguments],
            cwd=root,
            env={**clean, **(environ or {})},
            capture_output=True,
            text=True,
            errors="replace",  # a file of any encoding may differ
            check=False,
        )
    except FileNotFoundError as missing:
        raise UsageError("git is not on PATH", fix="install git") from missing
    if finished.returncode:
        stderr = finished.stderr.strip().splitlines()
        raise UsageError(
            f"{problem}{': ' + stderr[-1] if stderr else ''}", fix="git log shows commits; git fetch gets more"
        )
    return finished.stdout.strip()
