"""The commit that a plan was made from."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from groundwork.errors import UsageError
from groundwork.refusals import shortened

MARK = "+worktree-"
_SHORT = 12


def of_checkout(root: Path, *, uncommitted: bool) -> str:
    """The commit that is checked out, 40 hex digits; with `uncommitted` changes `<commit>+worktree-<hash of them>`.

    Raises UsageError where there are changes and `uncommitted` does not allow them, and outside of a repository.
    """
    head = git_output(root, "rev-parse", "--verify", "HEAD^{commit}").decode().strip()
    changes = git_output(root, "status", "--porcelain", "--untracked-files=all", "--", ".").decode().splitlines()
    if not changes:
        return head
    if not uncommitted:
        named = shortened([line[3:] for line in changes], 3)
        raise UsageError(
            f"the checkout has uncommitted changes: {named}", fix="commit them: a plan is made from a commit"
        )
    return head + MARK + _of_changes(root)


def _of_changes(root: Path) -> str:
    changes = hashlib.sha256(git_output(root, "diff", "HEAD", "--binary", "--no-ext-diff", "--", "."))
    new = git_output(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".").split(b"\0")
    for name in sorted(name for name in new if name):
        path = root / name.decode("utf-8", "surrogateescape")
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        changes.update(b"\0" + name + b"\0" + hashlib.sha256(content).digest())
    return changes.hexdigest()[:_SHORT]


def git(root: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a checkout, whether it succeeds or not."""
    return subprocess.run(["git", *words], cwd=root, capture_output=True, check=False)


def git_output(root: Path, *words: str) -> bytes:
    """What git prints; raises UsageError where it fails."""
    done = git(root, *words)
    if done.returncode:
        raise UsageError(
            f"git {words[0]} does not answer in {root}: {done.stderr.decode().strip()}",
            fix="work in a clone of the repository: a plan is made from a commit",
        )
    return done.stdout
