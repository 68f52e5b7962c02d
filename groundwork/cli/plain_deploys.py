"""Records plain deploys to the laptop on this machine, and settles one that was killed before the next change."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundwork.cli import console

if TYPE_CHECKING:
    from groundwork.apply.rollout import Recording
    from groundwork.workspace import Workspace


def recording(workspace: Workspace) -> Recording:
    """How a plain deploy of this checkout is recorded; its commit is unknown outside of a repository."""
    from groundwork.apply.rollout import Recording
    from groundwork.cli.context import who
    from groundwork.errors import UsageError
    from groundwork.plan import commit
    from groundwork.store.local_entries import local_journal

    try:
        at_commit = commit.of_checkout(workspace.project.root, uncommitted=True)
    except UsageError:
        at_commit = "unknown"
    return Recording(local_journal(workspace.project), "deploy", at_commit, who(), lambda: datetime.now(UTC))


@contextmanager
def alone(workspace: Workspace, stacks: Collection[str]) -> Iterator[None]:
    """Keep a second deploy of the same stacks of this checkout away; raises StateLocked where one runs.

    Terraform's locks alone let two deploys take one of two stacks each, and then both fail. The kernel frees these
    locks with the process, however it ends.
    """
    from filelock import FileLock, Timeout

    from groundwork.errors import StateLocked

    folder = workspace.project.work / "deploying"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        for stack in sorted(stacks):
            try:
                held.enter_context(FileLock(folder / f"{stack}.lock", timeout=0))
            except Timeout as error:
                raise StateLocked(
                    f"{stack} is locked by another deploy of this checkout", fix="wait until it has ended"
                ) from error
        yield


def settle(workspace: Workspace, stacks: Collection[str]) -> None:
    """Raise Refused (`unsettled-apply`) where a killed deploy of one of these stacks left something behind."""
    from groundwork.cli.context import who
    from groundwork.recover import resolve
    from groundwork.recover.inspect import Inspector
    from groundwork.store.local_entries import local_journal

    inspector = Inspector(workspace, None, local_journal(workspace.project))
    for stack in resolve.settle(inspector, stacks, who=who(), at=datetime.now(UTC)):
        console.note(f"{stack}: nothing is left of a deploy that was killed")
