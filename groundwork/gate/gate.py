"""Every reason why an approved plan may not be applied, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from groundwork.gate import approvals, auto_apply, bundles, destroys, required_rules, state, world
from groundwork.gate.approval import ApprovalFacts
from groundwork.gate.auto_apply import Unattended
from groundwork.gate.facts import RunFacts, StackFacts
from groundwork.gate.world import Comparison
from groundwork.plan.bundle import Bundle
from groundwork.refusals import Code, Refusal

PlanAgain = Callable[[Sequence[StackFacts]], Mapping[str, Comparison]]
"""Plans stacks in their bundles' folders, side by side, and compares: stack → comparison. No other fact needs code of a
bundle to run."""


def check(
    run: RunFacts, approval: ApprovalFacts | Unattended, stacks: Sequence[StackFacts], *, plan_again: PlanAgain
) -> list[Refusal]:
    """Why these stacks may not be applied now; empty where they may.

    `stacks` are those of one wave, or of the whole index. `plan_again` is called only for a stack whose bundle is what
    was planned and approved: no other bundle's code runs with the credentials of an apply. It is not called after an
    unsettled apply, which may still hold the lock, nor for a provisional plan, which is made again after its upstream's
    apply (groundwork.apply.replan), nor for a plan without changes, of which nothing is applied in any case.
    `approval` is Unattended where the run claims to need none.
    """
    refusals = [*bundles.check_run(run), *_check_approval(run, approval, stacks)]
    may_run = not refusals
    refusals += [*bundles.check_planned(run), *required_rules.check(run)]
    again: dict[str, tuple[StackFacts, bool]] = {}
    for facts in stacks:
        integrity = [*bundles.check_integrity(run, facts), *bundles.check_origin(run, facts)]
        moved = [*state.check(run, facts)]
        refusals += [*integrity, *moved, *destroys.check(run, facts)]
        if may_run and not integrity and not facts.unsettled and _is_planned_again(facts.bundle):
            again[facts.stack] = facts, any(refusal.code is Code.STATE_MOVED for refusal in moved)
    fresh = plan_again([facts for facts, _ in again.values()]) if again else {}
    for stack, (facts, state_moved) in again.items():
        refusals += world.check(run, facts, fresh[stack], state_moved=state_moved)
    return refusals


def _check_approval(
    run: RunFacts, approval: ApprovalFacts | Unattended, stacks: Sequence[StackFacts]
) -> Iterator[Refusal]:
    if isinstance(approval, Unattended):
        return auto_apply.check(run, approval)
    return approvals.check(run, with_planners(approval, stacks), planned_at(run, stacks))


def _is_planned_again(bundle: Bundle) -> bool:
    return bundle.outcome != "no change" and not bundle.provisional


def planned_at(run: RunFacts, stacks: Sequence[StackFacts]) -> datetime:
    """When the last of the plans was made: before, nobody can have read all of them."""
    return max([run.index.planned_at, *(facts.bundle.planned_at for facts in stacks)])


def with_planners(approval: ApprovalFacts, stacks: Sequence[StackFacts]) -> ApprovalFacts:
    """The facts with the planners among the contributors."""
    planners = {facts.bundle.planned_by: "made the plans" for facts in stacks}
    return replace(approval, contributors={**planners, **approval.contributors})
