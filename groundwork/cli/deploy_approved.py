"""`gw deploy --approved`: applies approved plans, or refuses with every reason."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork.cli import console

if TYPE_CHECKING:
    from groundwork.apply.rollout import StackResult
    from groundwork.gate.apply_gate import ApplyGate
    from groundwork.plan.bundle import Index, Stored
    from groundwork.plan.extracted import Extracted
    from groundwork.refusals import Refusal
    from groundwork.store.plan_store import PlanStore
    from groundwork.workspace import Workspace


def deploy(
    workspace: Workspace,
    targets: Sequence[str],
    plans: Path,
    allow_destroy: Sequence[str],
    *,
    synth: bool,
    unattended: bool = False,
) -> list[StackResult]:
    """Apply those plans of the index in `plans` that `targets` name; progress goes to standard error.

    A stack that waits is refused (wave-waits) where it is named, and becomes a row of the result where its environment
    is named: the approver saw that it comes later. `unattended` claims that no approval is needed. On AWS a
    bootstrap stack is refused (UsageError) where it is named, and left out where its environment is named.
    """
    from groundwork.apply.apply import ApprovedApply
    from groundwork.apply.rollout import StackResult
    from groundwork.cli import plain_deploys
    from groundwork.cli.applying import update_bars
    from groundwork.cli.context import who
    from groundwork.plan import plans_file
    from groundwork.store.audit import Decision
    from groundwork.store.opening import open_store

    index = plans_file.read(plans)
    if synth:
        workspace.synth([index.environment])
    wanted = _wanted(workspace, index, targets)
    plain_deploys.settle(workspace, wanted)
    store = open_store(workspace, index.environment, role="apply")
    gate = gate_for(
        workspace,
        index,
        store,
        plans=plans,
        environ=os.environ,
        wanted=wanted,
        allow_destroy=allow_destroy,
        unattended=unattended,
    )
    totals: dict[str, int] = {}
    purposes: set[str] = set()

    def gate_and_count(extracted: Extracted, stored: Sequence[Stored]) -> list[Refusal]:
        purposes.update(bundle.purpose for bundle in extracted.bundles.values())
        counts = {stack: bundle.counts for stack, bundle in extracted.bundles.items()}
        totals.update({stack: count.add + count.change + count.destroy for stack, count in counts.items()})
        return gate(extracted, stored)

    approved = ApprovedApply(workspace, index, store, gate_and_count, who(), lambda: datetime.now(UTC))
    later = [waiting.stack for waiting in index.waiting if waiting.stack in wanted and waiting.stack not in targets]
    now = [stack for stack in wanted if stack not in later]
    with console.bars() as bars:
        done = approved.apply(now, on_event=update_bars(bars, totals, "applying the approved plan"), say=console.note)
        for result in done:
            bars.end(result.stack, result.how)
    if index.environment in targets and not later and purposes == {"apply"}:
        # From here on, whoever worked on earlier commits has nothing to do with what is applied next.
        store.record(Decision.about(index, index.bundles, kind="deployed", who=who(), at=datetime.now(UTC)))
    return [*done, *(StackResult(stack, f"waits for a plan of its own: gw plan make {stack}") for stack in later)]


def gate_for(
    workspace: Workspace,
    index: Index,
    store: PlanStore,
    *,
    plans: Path,
    environ: Mapping[str, str],
    wanted: Sequence[str],
    allow_destroy: Collection[str] = frozenset(),
    unattended: bool = False,
) -> ApplyGate:
    """The gate for `index`, read from the file `plans`: with GitHub's approvals on AWS, else this checkout's.

    `environ` are the environment variables of a workflow run; raises UsageError for AWS outside of a run. `unattended`
    is the run's claim that no approval is needed, which the gate judges.
    """
    from groundwork.gate.apply_gate import ApplyGate

    if workspace.environments[index.environment].target == "laptop":
        from groundwork.gate.laptop_approvals import LaptopApprovals

        recorded = LaptopApprovals(workspace.project, plans)
        return ApplyGate(
            workspace,
            index,
            store,
            recorded,
            index.run_id,
            index.run_attempt,
            wanted,
            frozenset(allow_destroy),
            () if unattended else None,
        )
    from groundwork.gate import destroys
    from groundwork.github.approvals import GitHubApprovals
    from groundwork.github.contributors import labels_of_commit
    from groundwork.github.protection import not_main_alone

    approvals = GitHubApprovals.of(environ)
    gaps: list[str] = []
    if unattended and (github := workspace.environments[index.environment].github):
        gaps = list(not_main_alone(approvals.api, github.auto_environment))
    allowed = {*allow_destroy, *destroys.allowed_by_labels(labels_of_commit(approvals.api, index.commit))}
    return ApplyGate(
        workspace,
        index,
        store,
        approvals,
        approvals.run_id,
        approvals.run_attempt,
        wanted,
        frozenset(allowed),
        gaps if unattended else None,
    )


def _wanted(workspace: Workspace, index: Index, targets: Sequence[str]) -> list[str]:
    """The stacks that `targets` name, in the index's order; also stacks without code, which only the index has."""
    from groundwork import selection
    from groundwork.plan import bootstrap_stacks

    manifest = [stack.name for stack in workspace.manifest().stacks]
    planned = [stored.stack for stored in index.bundles]
    chosen = selection.select(
        targets, [*planned, *(stack for stack in manifest if stack not in planned)], workspace.environments
    )
    bootstrap_stacks.refuse(workspace.environments, targets)
    laptop = workspace.environments[index.environment].target == "laptop"
    left_out = bootstrap_stacks.left_out(workspace.environments, chosen) | {
        stack: f"not for Terraform, {reason.why}"
        for stack in chosen
        if laptop and stack in manifest and stack not in planned and (reason := workspace.unplannable(stack))
    }
    for stack, why in left_out.items():
        console.note(f"{stack}: {why}")
    return [stack for stack in chosen if stack not in left_out]
