"""Extracts stacks that the code no longer has as they were applied last, so that their destroy can be planned."""

from __future__ import annotations

from collections.abc import Sequence

from groundwork.errors import StackBlocked, UsageError
from groundwork.plan import archive, extracted
from groundwork.store.plan_store import PlanStore
from groundwork.workspace import Workspace

OUT = "cdktf.out.orphans"
"""Beside cdktf.out and as deep: stacks name files of the checkout by relative paths."""


def extract(workspace: Workspace, store: PlanStore, stacks: Sequence[str], *, environment: str) -> Workspace:
    """The checkout with these stacks as they were applied last in place of cdktf.out; needs only a plan role.

    Raises UsageError for a stack of which no bundle is kept, StackBlocked where another stack without code that is
    still deployed reads one of them, Refused (bundle-tampered) for an archive that is not what it lists.
    """
    archives = {stack: _deployed(store, stack) for stack in stacks}
    for orphan in workspace.orphans([environment]):
        deployed = store.deployed(orphan.stack) if orphan.stack not in stacks else None
        if deployed is None:
            continue
        read = set(archive.about(deployed).dependencies) & set(stacks)
        if read:
            raise StackBlocked(
                f"{orphan.stack} is deployed, has no code either, and reads {', '.join(sorted(read))}",
                fix=f"gw plan make --destroy {' --destroy '.join([*stacks, orphan.stack])}",
            )
    return extracted.extract(workspace, archives, name=OUT).workspace


def _deployed(store: PlanStore, stack: str) -> bytes:
    deployed = store.deployed(stack)
    if deployed is None:
        raise UsageError(
            f"{stack} is not in the code, and no bundle of it is kept: it was never applied from an approved plan",
            fix="check out a commit that has it, and destroy it from there",
        )
    return deployed
