"""Extracts orphans as they were applied last, so that their destroy can be planned."""

from __future__ import annotations

from collections.abc import Sequence

from groundwork.errors import StackBlocked, UsageError
from groundwork.plan import archive, extracted
from groundwork.store.plan_store import PlanStore
from groundwork.workspace import Workspace

OUT = "cdktf.out.orphans"


def extract(workspace: Workspace, store: PlanStore, stacks: Sequence[str], *, environment: str) -> Workspace:
    """The checkout with these orphans, as they were applied last, in place of cdktf.out; needs only a plan role.

    Raises UsageError for a stack without a bundle in the store, StackBlocked where another orphan reads one of them,
    Refused (bundle-tampered) for an archive that is not what it lists.
    """
    archives = {stack: _deployed(store, stack) for stack in stacks}
    for orphan in workspace.orphans([environment]):
        deployed = store.deployed(orphan.stack) if orphan.stack not in stacks else None
        if deployed is None:
            continue
        read = set(archive.describe(deployed).dependencies) & set(stacks)
        if read:
            raise StackBlocked(
                f"{orphan.stack} has no code either, is deployed, and reads {', '.join(sorted(read))}",
                fix=f"gw plan make --destroy {' --destroy '.join([*stacks, orphan.stack])}",
            )
    return extracted.extract(workspace, archives, name=OUT).workspace


def _deployed(store: PlanStore, stack: str) -> bytes:
    deployed = store.deployed(stack)
    if deployed is None:
        raise UsageError(
            f"{stack} is not in the code, and the store has no bundle of it: no approved plan of it was ever applied",
            fix="check out a commit that has it, then gw destroy {stack}",
        )
    return deployed
