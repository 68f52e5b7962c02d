"""The gate as an apply meets it: facts are gathered from this checkout, then every check is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from groundwork.gate import approvals, destroys, gate, history
from groundwork.gate.approval import ApprovalFacts, ApprovalSource
from groundwork.gate.collect import Collector, synthesised_again
from groundwork.gate.facts import RunFacts, StackFacts
from groundwork.gate.laptop_approvals import LaptopApprovals
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

    `wanted` are the stacks that the run was asked for, also those without a plan. `run_id` and `run_attempt` are those
    of the run that wants to apply; on the laptop, which has no runs, those of the index.
    """

    workspace: Workspace
    index: Index
    store: PlanStore
    approvals: ApprovalSource
    run_id: str
    run_attempt: int
    wanted: Sequence[str]
    allow_destroy: Collection[str] = frozenset()

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        index: Index,
        store: PlanStore,
        *,
        plans: Path,
        environ: Mapping[str, str],
        wanted: Sequence[str],
        allow_destroy: Collection[str] = frozenset(),
    ) -> ApplyGate:
        """The gate for `index`, read from the file `plans`: GitHub's approvals on AWS, this checkout's on the laptop.

        `environ` are the environment variables of a workflow run; raises UsageError where AWS is meant outside of one.
        """
        if workspace.environments[index.environment].target == "laptop":
            yes: ApprovalSource = LaptopApprovals(workspace.project, plans)
            return cls(workspace, index, store, yes, index.run_id, index.run_attempt, wanted, allow_destroy)
        from groundwork.github import labels  # noqa: PLC0415
        from groundwork.github.approvals import GitHubApprovals  # noqa: PLC0415 - httpx is of no use on a laptop

        asked = GitHubApprovals.of(environ)
        allowed = {*allow_destroy, *destroys.allowed_by_labels(labels.of_commit(asked.api, index.commit))}
        return cls(workspace, index, store, asked, asked.run_id, asked.run_attempt, wanted, frozenset(allowed))

    def __call__(self, extracted: Extracted, stacks: Sequence[Stored]) -> list[Refusal]:
        """Every reason against applying these stacks now; empty where there is none."""
        root, environment = self.workspace.project.root, self.index.environment
        # Never refused here for being edited: that it is another commit then is a reason among the others.
        here = commit.of_checkout(root, uncommitted=True)
        target = self.workspace.environments[environment].target
        approval = self.approvals.facts(environment, commit=here.partition(commit.MARK)[0])
        with synthesised_again(self.workspace, environment) as code:
            run = RunFacts(
                index=self.index,
                target=target,
                commit=here,
                on_main=target == "laptop" or history.on_main(root, here.partition(commit.MARK)[0]),
                run_id=self.run_id,
                run_attempt=self.run_attempt,
                wanted=self.wanted,
                unplannable=_unplannable(code, self.wanted),
                allow_destroy=self.allow_destroy,
            )
            collector = Collector(extracted.workspace, code, self.store, Journal(self.store.objects))
            facts = [
                collector.stack(one, extracted.bundles[one.stack], digest.of_bytes(extracted.archives[one.stack]))
                for one in stacks
            ]
            found = gate.check(run, approval, facts, plan_again=collector.plan_again)
            if not found:
                self._record(run, approval, facts)
            return found

    def _record(self, run: RunFacts, approval: ApprovalFacts, stacks: Sequence[StackFacts]) -> None:
        """Write down whose yes let the plans through, with the time that it was given."""
        given = approvals.good(gate.with_planners(approval, stacks), gate.planned_at(run, stacks))
        for one in [one for one in given if not one.or_by] or given:
            self.store.record(
                Decision(
                    kind="approved",
                    environment=self.index.environment,
                    who=" or ".join(one.people),
                    at=one.at,
                    commit=self.index.commit,
                    run_id=self.index.run_id,
                    run_attempt=self.index.run_attempt,
                    stacks=tuple(facts.stack for facts in stacks),
                    digests={facts.stack: facts.stored.digest for facts in stacks},
                )
            )


def _unplannable(code: Workspace, wanted: Sequence[str]) -> dict[str, str]:
    known = {stack.name for stack in code.manifest().stacks}
    return {stack: why[1] for stack in wanted if stack in known and (why := code.unplannable(stack))}
