"""`gw deploy --approved`: what was approved is applied, or refused with every reason."""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork.cli import console

if TYPE_CHECKING:
    from groundwork.apply.rollout import Result
    from groundwork.plan.bundle import Index, Stored
    from groundwork.plan.extracted import Extracted
    from groundwork.refusals import Refusal
    from groundwork.workspace import Workspace


def deploy(
    workspace: Workspace, targets: Sequence[str], plans: Path, allow_destroy: Sequence[str], *, synth: bool
) -> list[Result]:
    """Apply the plans of the index in `plans` that are meant by `targets`; progress goes to standard error.

    A stack that waits is a reason to refuse (wave-waits) where it is named, and a row of the result where its whole
    environment is meant: whoever approved saw that it comes later. On AWS a stack that a person applies is refused
    (UsageError) where it is named, and left out where its whole environment is meant.
    """
    from groundwork.apply.apply import BoundApply
    from groundwork.apply.rollout import Result
    from groundwork.cli.applying import following
    from groundwork.gate.apply_gate import ApplyGate
    from groundwork.plan import plans_file
    from groundwork.store.plan_store import PlanStore

    index = plans_file.read(plans)
    if synth:
        workspace.synth([index.environment])
    wanted = _wanted(workspace, index, targets)
    store = PlanStore.of(workspace, index.environment, role="apply")
    gate = ApplyGate.of(
        workspace, index, store, plans=plans, environ=os.environ, wanted=wanted, allow_destroy=allow_destroy
    )
    totals: dict[str, int] = {}

    def counting(extracted: Extracted, stored: Sequence[Stored]) -> list[Refusal]:
        counts = {stack: bundle.counts for stack, bundle in extracted.bundles.items()}
        totals.update({stack: count.add + count.change + count.destroy for stack, count in counts.items()})
        return gate(extracted, stored)

    bound = BoundApply(workspace, index, store, counting, who(), lambda: datetime.now(UTC))
    later = [one for one in index.waiting if one.stack in wanted and one.stack not in targets]
    going = [stack for stack in wanted if stack not in {one.stack for one in later}]
    with console.bars() as bars:
        done = bound.apply(going, on_event=following(bars, totals, "applying the approved plan"), say=console.note)
        for one in done:
            bars.end(one.stack, one.how)
    return [*done, *(Result(one.stack, f"waits for a plan of its own: gw plan make {one.stack}") for one in later)]


def who() -> str:
    """Who applies: whoever started the workflow run, or the person at this machine."""
    return (os.environ.get("GITHUB_ACTOR") if os.environ.get("GITHUB_RUN_ID") else None) or getpass.getuser()


def _wanted(workspace: Workspace, index: Index, targets: Sequence[str]) -> list[str]:
    """The stacks that are meant, in the index's order; a stack that the code no longer has is known to the index."""
    from groundwork.plan import bootstrap_stacks, selection

    manifest = [stack.name for stack in workspace.manifest().stacks]
    planned = [one.stack for one in index.bundles]
    chosen = selection.select(
        targets, [*planned, *(one for one in manifest if one not in planned)], workspace.environments
    )
    bootstrap_stacks.refuse(workspace.environments, targets)
    laptop = workspace.environments[index.environment].target == "laptop"
    left_out = bootstrap_stacks.left_out(workspace.environments, chosen) | {
        stack: f"not for Terraform, {reason[1]}"
        for stack in chosen
        if laptop and stack in manifest and stack not in planned and (reason := workspace.unplannable(stack))
    }
    for stack, why in left_out.items():
        console.note(f"{stack}: {why}")
    return [stack for stack in chosen if stack not in left_out]
