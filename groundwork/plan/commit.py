"""Which commit a plan is of."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from groundwork.errors import UsageError

MARK = "+worktree-"
_SHORT = 12


def of_checkout(root: Path, *, uncommitted: bool) -> str:
    """The commit that is checked out, 40 hex digits; with `uncommitted` changes `<commit>+worktree-<hash of them>`.

    Raises UsageError where there are changes and `uncommitted` does not allow them, and outside of a repository.
    """
    head = _git(root, "rev-parse", "--verify", "HEAD^{commit}").decode().strip()
    changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--", ".").decode().splitlines()
    if not changed:
        return head
    if not uncommitted:
        named = ", ".join(line[3:] for line in changed[:3]) + (f" and {len(changed) - 3} more" if changed[3:] else "")
        raise UsageError(
            f"the checkout has changes that are in no commit: {named}", fix="commit them: a plan is of a commit"
        )
    return head + MARK + _of_changes(root)


def _of_changes(root: Path) -> str:
    found = hashlib.sha256(_git(root, "diff", "HEAD", "--binary", "--no-ext-diff", "--", "."))
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".").split(b"\0")
    for name in sorted(name for name in new if name):
        path = root / name.decode("utf-8", "surrogateescape")
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found.update(b"\0" + name + b"\0" + hashlib.sha256(content).digest())
    return found.hexdigest()[:_SHORT]


def _git(root: Path, *words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, check=False)
    if done.returncode:
        raise UsageError(
            f"git {words[0]} does not answer in {root}: {done.stderr.decode().strip()}",
            fix="work in a clone of the repository: a plan is of a commit",
        )
    return done.stdout
