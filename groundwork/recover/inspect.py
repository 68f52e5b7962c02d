"""Inspects a stack after an apply without a recorded end. Changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from groundwork.plan import digest, extracted
from groundwork.plan.bundle import StateAt
from groundwork.recover import imports, left_state, tagged
from groundwork.recover.left_state import LeftState
from groundwork.recover.steps import Step, instances, of_code, steps
from groundwork.state import checksum, locks
from groundwork.state.adoption import Import
from groundwork.state.checksum import Checksum
from groundwork.store.journal import Began, Ended, Journal
from groundwork.store.plan_store import MAIN, PlanStore
from groundwork.synthesis import resources
from groundwork.terraform.locks import HeldLock
from groundwork.terraform.terraform import ERRORED, PLAN_FILE
from groundwork.workspace import Workspace

OUT = "cdktf.out.recovered"


@dataclass(frozen=True)
class Report:
    """What is known about a stack. `opened` are applies without a recorded end, `before` is the last one with an end.

    `left` is a state that could not be stored; `checksum` is set where the stored checksum is not the state's. `steps`
    are the planned changes, of the code where no plan was stored. `unrecorded` are ARNs of resources with the stack's
    tags that no state has, `imports` those of them, and of the untagged ones, that exist under the names in the code.
    `notes` name what could not be inspected.
    """

    stack: str
    opened: tuple[Began, ...]
    before: tuple[Began, Ended] | None
    state: StateAt
    lock: HeldLock | None = None
    left: LeftState | None = None
    checksum: Checksum | None = None
    steps: tuple[Step, ...] = ()
    imports: tuple[Import, ...] = ()
    unrecorded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the state has everything that was planned, so that only the record of the apply's end is missing."""
        return bool(self.steps) and all(step.progress == "done" for step in self.steps)

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that repair the stack, in this order; empty where nothing is left to repair."""
        stack, left = self.stack, self.left
        return (
            *([f"gw recover {stack} --correct-checksum"] if self.checksum else []),
            *([f"gw unlock {stack} {self.lock.id}"] if self.lock else []),
            *([f"gw recover {stack} --push-state"] if left and not left.problem else []),
            *([f"gw recover {stack} --import"] if self.imports else []),
        )

    @property
    def repeatable(self) -> bool:
        """Whether nothing is left of the open applies and nobody has to answer for them: a deploy may go on."""
        return not self.commands and not self.left and not self.unrecorded and all(e.is_plain for e in self.opened)

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
    """`workspace` is the checkout, synthesised; `store` the plan store of the stacks' environment, None where a laptop
    has none. `local` is the journal of this machine.
    """

    workspace: Workspace
    store: PlanStore | None
    local: Journal

    @property
    def journals(self) -> tuple[Journal, ...]:
        """Record which applies began and ended."""
        return (self.local, Journal(self.store.objects)) if self.store else (self.local,)

    def unsettled(self, environment: str) -> list[str]:
        """The stacks of an environment with an open or failed apply, a lock, or a state that was never stored here."""
        workspace = self.workspace
        stacks = {entry.stack for journal in self.journals for entry in journal.open()}
        stacks |= {stack for journal in self.journals for stack in journal.failed()}
        own = [s.name for s in workspace.manifest().stacks if workspace.environment_of(s.name).name == environment]
        if own:
            paths = {lock.path for lock in locks.held(workspace.store(own[0]))}
            stacks |= {stack for stack in own if workspace.store(stack).path in paths or self._left_files(stack)}
        return [*(stack for stack in own if stack in stacks), *sorted(stacks.difference(own))]

    def stack(self, stack: str) -> Report:
        """Everything about one stack; raises TerraformFailed where state, lock or tags cannot be read."""
        try:
            return self._stack(stack)
        finally:
            shutil.rmtree(self.workspace.project.root / OUT, ignore_errors=True)  # a plan holds secrets

    def _stack(self, stack: str) -> Report:
        history = [pair for journal in self.journals for pair in journal.history(stack)]
        ended = sorted(((began, end) for began, end in history if end), key=lambda pair: pair[0].at)
        opened = sorted((began for began, end in history if not end), key=lambda began: began.at)
        report = Report(stack, tuple(opened), ended[-1] if ended else None, StateAt.of({}))
        planned = self._extracted(opened[-1]) if opened else None
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
        if report.opened:
            report = self._with_steps(report, planned, state)
        return _with_unrecorded(report, workspace, state)

    def _with_steps(self, report: Report, planned: Workspace | None, state: Mapping[str, Any]) -> Report:
        stack = report.stack
        if planned is None:
            digest_ = report.opened[-1].digest
            known = "the store no longer has its plan" if digest_ else "it was applied without a stored plan"
            note = f"{known}, so the code's addresses are compared with the state"
            code = of_code(resources.of_stack(self.workspace.manifest().stack(stack)), state)
            return replace(report, steps=tuple(code), notes=(note,))
        terraform = planned.terraform(stack)
        terraform.init("-lockfile=readonly", "-backend=false")  # the backend may be broken
        plan = terraform.show(terraform.folder / PLAN_FILE)
        return replace(report, steps=tuple(steps(plan, state)))

    def left_state(self, stack: str, state: Mapping[str, Any]) -> LeftState | None:
        """The state that an apply on this machine could not store."""
        return left_state.find(self._folders(stack), state)

    def _left_files(self, stack: str) -> bool:
        return any((folder / ERRORED).is_file() for folder in self._folders(stack))

    def _folders(self, stack: str) -> list[Path]:
        return [self.workspace.project.root / name / "stacks" / stack for name in (extracted.NAME, "cdktf.out")]

    def _extracted(self, began: Began) -> Workspace | None:
        """The bundle that an apply began with, recognised by its recorded digest; None where there is none any more."""
        if not began.digest or not self.store:
            return None
        for key in self.store.objects.keys(f"{MAIN}/{began.run_id}-{began.run_attempt}/{began.stack}/"):
            body = self.store.objects.newest(key)
            if digest.of_bytes(body) == began.digest:
                return extracted.extract(self.workspace, {began.stack: body}, name=OUT).workspace
        return None


def _with_unrecorded(report: Report, workspace: Workspace, state: Mapping[str, Any]) -> Report:
    terraform = workspace.manifest().stack(report.stack).terraform
    store = workspace.store(report.stack)
    states = [state, *([report.left.content] if report.left else [])]
    looked_up = imports.search(
        store.session,
        terraform,
        account=workspace.environment_of(report.stack).account,
        known={address for each in states for address in instances(each)},
        endpoint=store.endpoint,
    )
    report = replace(report, imports=looked_up.imports, notes=(*report.notes, *looked_up.notes))
    providers = tagged.tagging_providers(terraform)
    if not providers:
        note = "none of its AWS providers sets the platform's tags, so resources cannot be listed by tags"
        return replace(report, notes=(*report.notes, note)) if report.opened else report
    arns = [arn for each in providers for arn in tagged.search(store.session, each, endpoint=store.endpoint)]
    unrecorded = tagged.existing(store.session, tagged.without_state(arns, states), endpoint=store.endpoint)
    return replace(report, unrecorded=tuple(unrecorded))
