"""Inspects a stack after an apply without a recorded end. Changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from groundwork.plan import digest, extracted
from groundwork.plan.bundle import StateAt
from groundwork.recover import left_state, tagged
from groundwork.recover.left_state import LeftState
from groundwork.recover.steps import Step, steps
from groundwork.state import checksum, locks
from groundwork.state.checksum import Checksum
from groundwork.store.journal import Began, Ended, Journal
from groundwork.store.plan_store import MAIN, PlanStore
from groundwork.terraform.locks import HeldLock
from groundwork.terraform.terraform import PLAN_FILE
from groundwork.workspace import Workspace

OUT = "cdktf.out.recovered"


@dataclass(frozen=True)
class Report:
    """What is known about a stack. `opened` are applies without a recorded end, `before` is the last one with an end.

    `left` is a state that could not be stored; `checksum` is set where the stored checksum is not the state's. `steps`
    are the planned changes, `unrecorded` are ARNs of resources with the stack's tags that no state has. `notes` name
    what could not be inspected.
    """

    stack: str
    opened: tuple[Began, ...]
    before: tuple[Began, Ended] | None
    state: StateAt
    lock: HeldLock | None = None
    left: LeftState | None = None
    checksum: Checksum | None = None
    steps: tuple[Step, ...] = ()
    unrecorded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the state has everything that was planned, so that only the record of the apply's end is missing."""
        return bool(self.steps) and all(step.progress == "done" for step in self.steps)

    @property
    def missing(self) -> tuple[str, ...]:
        """Addresses that were to be created and that no state has: what exists of them can be imported."""
        return tuple(step.address for step in self._missing_steps)

    @property
    def not_listed(self) -> tuple[str, ...]:
        """The addresses among `missing` that AWS does not list by tags: a person has to look them up by name."""
        return tuple(
            step.address for step in self._missing_steps if not step.taggable or step.type in tagged.NOT_LISTED
        )

    @property
    def _missing_steps(self) -> list[Step]:
        return [step for step in self.steps if step.action in {"create", "replace"} and step.progress == "not recorded"]


@dataclass(frozen=True)
class Inspector:
    """`workspace` is the checkout, synthesised; `store` the plan store of the stacks' environment."""

    workspace: Workspace
    store: PlanStore

    @property
    def journal(self) -> Journal:
        """Records which applies began and ended."""
        return Journal(self.store.objects)

    def stack(self, stack: str) -> Report:
        """Everything about one stack; raises TerraformFailed where state, lock or tags cannot be read."""
        try:
            return self._stack(stack)
        finally:
            shutil.rmtree(self.workspace.project.root / OUT, ignore_errors=True)  # a plan holds secrets

    def _stack(self, stack: str) -> Report:
        ended = [(began, end) for began, end in self.journal.history(stack) if end]
        report = Report(stack, tuple(self.journal.open(stack)), ended[-1] if ended else None, StateAt.of({}))
        planned = self._extracted(report.opened[-1]) if report.opened else None
        in_code = any(known.name == stack for known in self.workspace.manifest().stacks)
        workspace = self.workspace if in_code else planned
        if workspace is None:
            return report  # neither in the code nor open: only the journal has it
        store = workspace.store(stack)
        state = store.state() or {}
        report = replace(
            report,
            state=StateAt.of(state),
            lock=next(iter(locks.of(store)), None),
            left=self.left_state(stack, state),
            checksum=checksum.wrong(store),
        )
        if not report.opened:
            return report
        if planned is None:
            note = "the store no longer has its plan, so the planned addresses are unknown"
            return _with_unrecorded(replace(report, notes=(note,)), workspace, state)
        terraform = planned.terraform(stack)
        terraform.init("-lockfile=readonly", "-backend=false")  # the backend may be broken
        plan = terraform.show(terraform.folder / PLAN_FILE)
        return _with_unrecorded(replace(report, steps=tuple(steps(plan, state))), workspace, state)

    def left_state(self, stack: str, state: Mapping[str, Any]) -> LeftState | None:
        """The state that an apply on this machine could not store."""
        folders = [self.workspace.project.root / name / "stacks" / stack for name in (extracted.NAME, "cdktf.out")]
        return left_state.find(folders, state)

    def _extracted(self, began: Began) -> Workspace | None:
        """The bundle that an apply began with, recognised by its recorded digest; None where the store has lost it."""
        for key in self.store.objects.keys(f"{MAIN}/{began.run_id}-{began.run_attempt}/{began.stack}/"):
            body = self.store.objects.newest(key)
            if digest.of_bytes(body) == began.digest:
                return extracted.extract(self.workspace, {began.stack: body}, name=OUT).workspace
        return None


def _with_unrecorded(report: Report, workspace: Workspace, state: Mapping[str, Any]) -> Report:
    providers = tagged.tagging_providers(workspace.manifest().stack(report.stack).terraform)
    if not providers:
        note = "none of its AWS providers sets the platform's tags, so resources cannot be listed by tags"
        return replace(report, notes=(*report.notes, note))
    store = workspace.store(report.stack)
    arns = [arn for each in providers for arn in tagged.search(store.session, each, endpoint=store.endpoint)]
    states = [state, *([report.left.content] if report.left else [])]
    return replace(report, unrecorded=tuple(tagged.without_state(arns, states)))
