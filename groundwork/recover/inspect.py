"""Looks at one stack after an apply that nobody saw the end of. Changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from groundwork.plan import extracted
from groundwork.plan.bundle import StateAt
from groundwork.recover import bundle_of, left_state, tagged, unrecorded
from groundwork.recover.left_state import LeftState
from groundwork.recover.steps import Step, steps
from groundwork.recover.unrecorded import Found
from groundwork.state import aws_session, checksum, locks
from groundwork.state.checksum import Checksum
from groundwork.state.locks import HeldLock
from groundwork.store.journal import Began, Ended, Journal
from groundwork.store.plan_store import PlanStore
from groundwork.terraform.plan_run import PlanRun, plan_file
from groundwork.workspace import Workspace

OUT = "cdktf.out.recovered"
"""Beside cdktf.out and as deep: stacks name files of the checkout by relative paths."""


@dataclass(frozen=True)
class Report:
    """What is known. `opened` are applies that began and are not known to have ended, `before` the last that is.

    `left` is a state that could not be stored, `checksum` one that is not that of the stored state. `steps` are the
    planned changes, `found` resources without a state, `cannot_be_found` planned resources that could exist without
    anybody finding them by tags. `notes` say what could not be looked at.
    """

    stack: str
    opened: tuple[Began, ...]
    before: tuple[Began, Ended] | None
    state: StateAt
    lock: HeldLock | None
    left: LeftState | None
    checksum: Checksum | None = None
    steps: tuple[Step, ...] = ()
    found: tuple[Found, ...] = ()
    cannot_be_found: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def complete(self) -> bool:
        """Whether the state has all that was planned: the apply got to its end, and only its last word is missing."""
        return bool(self.steps) and all(step.progress == "done" for step in self.steps)


@dataclass(frozen=True)
class Looking:
    """`workspace` is the checkout, synthesised; `store` the plan store of the stacks' environment."""

    workspace: Workspace
    store: PlanStore

    @property
    def journal(self) -> Journal:
        """Which applies began and ended."""
        return Journal(self.store.objects)

    def stack(self, stack: str) -> Report:
        """Everything about one stack; raises TerraformFailed where state, lock or tags cannot be read."""
        try:
            return self._stack(stack)
        finally:
            shutil.rmtree(self.workspace.project.root / OUT, ignore_errors=True)  # a plan holds secrets

    def _stack(self, stack: str) -> Report:
        opened = tuple(self.journal.open(stack))
        ended = [(began, end) for began, end in self.journal.history(stack) if end]
        extracted = self._extracted(stack, opened[-1]) if opened else None
        there = self._with_folder(stack, extracted)
        if there is None:
            # Neither in the code nor open: the journal is all there is.
            return Report(stack, opened, ended[-1] if ended else None, StateAt(lineage="", serial=0), None, None)
        state = there.store(stack).state() or {}
        report = Report(
            stack=stack,
            opened=opened,
            before=ended[-1] if ended else None,
            state=StateAt(lineage=str(state.get("lineage", "")), serial=int(state.get("serial", 0))),
            lock=self._lock(there, stack),
            left=self.left(stack, state),
            checksum=checksum.wrong(there.store(stack)),
        )
        if not opened:
            return report
        if extracted is None:
            note = "the store has its plan no longer: what was planned is not known, and no address can be named"
            return self._with_found(replace(report, notes=(note,)), there, state, {})
        folder = extracted.out / "stacks" / stack
        run = PlanRun(folder, stack, extracted.tools.terraform, extracted.environ(stack))
        run.init(backend=False)  # which may be what is broken
        plan = run.show(plan_file(folder))
        return self._with_found(replace(report, steps=tuple(steps(plan, state))), there, state, plan)

    def left(self, stack: str, state: Mapping[str, Any]) -> LeftState | None:
        """The state that an apply on this machine could not store."""
        folders = [self.workspace.project.root / name / "stacks" / stack for name in (extracted.NAME, "cdktf.out")]
        return left_state.find(folders, state)

    def _with_found(
        self, report: Report, there: Workspace, state: Mapping[str, Any], plan: Mapping[str, Any]
    ) -> Report:
        stack, store = report.stack, there.store(report.stack)
        terraform = there.manifest().stack(stack).terraform
        places = tagged.places(terraform)
        if not places:
            note = "no AWS provider of it tags what it makes: nothing can be found by tags"
            return replace(
                report,
                cannot_be_found=tuple(unrecorded.cannot_be_found(report.steps)),
                notes=(*report.notes, note),
            )
        session = aws_session.session(store.folder, store.backend)
        with_tags = {one.arn: one for where in places for one in tagged.search(session, where, endpoint=store.endpoint)}
        states = [state, *([report.left.content] if report.left else [])]
        lost = unrecorded.without_state(with_tags.values(), states)
        return replace(
            report,
            found=tuple(unrecorded.addressed(lost, plan, state)),
            cannot_be_found=tuple(unrecorded.cannot_be_found(report.steps)),
        )

    def _extracted(self, stack: str, began: Began) -> Workspace | None:
        packed = bundle_of.find(self.store, began)
        return extracted.extract(self.workspace, {stack: packed}, name=OUT).workspace if packed else None

    def _with_folder(self, stack: str, extracted: Workspace | None) -> Workspace | None:
        """Where the stack's backend is known from: the code, or its bundle where the code has it no longer."""
        if any(one.name == stack for one in self.workspace.manifest().stacks):
            return self.workspace
        return extracted

    @staticmethod
    def _lock(there: Workspace, stack: str) -> HeldLock | None:
        store = there.store(stack)
        session = aws_session.session(store.folder, store.backend)
        path = f"{store.backend['bucket']}/{store.backend['key']}"
        held = locks.held(session, store.backend, endpoint=store.endpoint)
        return next((lock for lock in held if lock.path == path), None)
