"""The gate as an apply calls it: collects the facts from this checkout, then makes every check."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from groundwork.gate import approvals, auto_apply, gate, history, required_rules
from groundwork.gate.approval import ApprovalFacts, ApprovalSource
from groundwork.gate.auto_apply import Unattended
from groundwork.gate.collect import Collector, synthesised_again
from groundwork.gate.deployed_review import Reviewer
from groundwork.gate.facts import RequiredRule, RunFacts, StackFacts
from groundwork.plan import commit, digest
from groundwork.plan.bundle import Index, Stored
from groundwork.plan.extracted import Extracted
from groundwork.refusals import Refusal
from groundwork.store.audit import Decision
from groundwork.store.journal import Journal
from groundwork.store.plan_store import PlanStore
from groundwork.workspace import Workspace


@dataclass(frozen=True)
class ApplyGate:
    """The gate of one index of plans; call it with extracted bundles (groundwork.apply.apply.Gate).

    `wanted` are the stacks that the run is to apply, also those without a plan. `run_id` and `run_attempt` identify the
    run that wants to apply; on the laptop, which has no runs, they are those of the index. `approvals` knows who
    approved, `allow_destroy` holds stacks and addresses whose data may be lost. A run that claims to need no approval
    has `unattended`: the gaps in the protection of its GitHub environment, which may be none.
    """

    workspace: Workspace
    index: Index
    store: PlanStore
    approvals: ApprovalSource
    run_id: str
    run_attempt: int
    wanted: Sequence[str]
    allow_destroy: Collection[str] = frozenset()
    unattended: Sequence[str] | None = None

    def __call__(self, extracted: Extracted, stacks: Sequence[Stored]) -> list[Refusal]:
        """Every reason against applying these stacks now; empty where they may be applied."""
        root, environment = self.workspace.project.root, self.index.environment
        # A checkout with uncommitted changes counts as another commit, so the gate refuses it with its other reasons.
        checked_out = commit.of_checkout(root, uncommitted=True)
        sha = checked_out.partition(commit.MARK)[0]
        target = self.workspace.environments[environment].target
        approval = self._approval(extracted, sha)
        with synthesised_again(self.workspace, environment) as code:
            run = RunFacts(
                index=self.index,
                target=target,
                commit=checked_out,
                on_main=target == "laptop" or history.on_main(root, sha),
                run_id=self.run_id,
                run_attempt=self.run_attempt,
                wanted=self.wanted,
                unplannable=_unplannable(code, self.wanted),
                allow_destroy=self.allow_destroy,
                rules=self._required_rules(extracted, stacks),
            )
            collector = Collector(extracted.workspace, code, self.store, Journal(self.store.objects))
            facts = [
                collector.stack(
                    stored, extracted.bundles[stored.stack], digest.of_bytes(extracted.archives[stored.stack])
                )
                for stored in stacks
            ]
            refusals = gate.check(run, approval, facts, plan_again=collector.plan_again)
            if not refusals:
                self._record(run, approval, facts)
            return refusals

    def _approval(self, extracted: Extracted, commit: str) -> ApprovalFacts | Unattended:
        environment = self.index.environment
        if self.unattended is None:
            return self.approvals.facts(environment, commit=commit, since=self.store.last_deployed())
        github = self.workspace.environments[environment].github
        highest = github.auto_apply if github else None
        if highest is None:
            return Unattended(None, ())
        judged = auto_apply.reasons(
            self.index,
            extracted,
            highest_finding=highest,
            deployed=self._deployed,
            reviewer=Reviewer.of(self.workspace),
        )
        return Unattended(highest, [*self.unattended, *judged])

    def _required_rules(self, extracted: Extracted, stacks: Sequence[Stored]) -> list[RequiredRule]:
        environment = self.workspace.environments[self.index.environment]
        if not environment.required_rules:
            return []
        before = {stack: body for stack in extracted.bundles if (body := self._deployed(stack)) is not None}
        review = Reviewer.of(self.workspace).review(extracted, before, environment=environment.name)
        return required_rules.judged(review, environment.required_rules, {stored.stack for stored in stacks})

    def _deployed(self, stack: str) -> bytes | None:
        """The bundle that was applied last, verified."""
        last = self.store.last_applied(stack)
        return self.store.fetch(last.stored, index=last) if last else None

    def _record(self, run: RunFacts, approval: ApprovalFacts | Unattended, stacks: Sequence[StackFacts]) -> None:
        """Record the valid approvals with their times, or why nobody had to approve."""
        bundles = [facts.stored for facts in stacks]
        if isinstance(approval, Unattended):
            who, now = "delivery.auto_apply", datetime.now(UTC)
            decision = Decision.about(self.index, bundles, kind="auto-approved", who=who, at=now, reason=approval.why)
            self.store.record(decision)
            return
        valid = approvals.valid(gate.with_planners(approval, stacks), gate.planned_at(run, stacks))
        for chosen in [single for single in valid if not single.or_by] or valid:
            who = " or ".join(chosen.people)
            self.store.record(Decision.about(self.index, bundles, kind="approved", who=who, at=chosen.at))


def _unplannable(code: Workspace, wanted: Sequence[str]) -> dict[str, str]:
    known = {stack.name for stack in code.manifest().stacks}
    return {stack: reason.why for stack in wanted if stack in known and (reason := code.unplannable(stack))}
