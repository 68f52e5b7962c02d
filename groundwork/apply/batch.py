"""Applies the approved plans of stacks that do not wait for each other, and writes down what became of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from groundwork.apply.heard import Heard
from groundwork.apply.ticket import StackTicket, Ticket
from groundwork.errors import GroundworkError, Refused, StateLocked, TerraformFailed, ToolMissing
from groundwork.plan.archive import PLAN
from groundwork.plan.extracted import Extracted
from groundwork.refusals import Refusal
from groundwork.store.journal import Began, Ended, Journal, Result, new_id
from groundwork.terraform.cdktf import OnEvent
from groundwork.terraform.plan_run import ERRORED
from groundwork.terraform.printed import Complete, Step

STAND_IN = "groundwork-terraform"


@dataclass
class Level:
    """One level. `digests` is stack → SHA-256 of its bundle; `applied` are those that are known to be applied."""

    extracted: Extracted
    stacks: Sequence[str]
    digests: Mapping[str, str]
    journal: Journal
    who: str
    clock: Callable[[], datetime]
    applied: list[str] = field(default_factory=list)
    _began: dict[str, Began] = field(default_factory=dict)
    _not_written: list[Exception] = field(default_factory=list)

    def apply(self, on_event: OnEvent) -> None:
        """Run `cdktf deploy`. Raises Refused, StateLocked or TerraformFailed; `applied` is right then too.

        Where this process is killed, or interrupted while Terraform is at work, the journal keeps the stack open.
        """
        workspace = self.extracted.workspace
        cdktf = workspace.cdktf(self.stacks[0])
        heard = Heard(cdktf.run, self.stacks)
        bound = replace(cdktf, run=heard, environ={**cdktf.environ, **self._ticket()})
        try:
            for stack in self.stacks:
                self._begin(stack)
        except BaseException:
            self._end_others(None)  # one that could not be written down keeps all from beginning
            raise

        def follow(stack: str, event: Step | Complete) -> None:
            if isinstance(event, Complete):
                self._end(stack, "applied", event.counts)
            on_event(stack, event)

        try:
            bound.deploy(self.stacks, parallelism=workspace.tools.parallelism, on_event=follow, complete=False)
        except GroundworkError as error:
            over = isinstance(error, TerraformFailed | StateLocked)
            self._end_others(heard if over else None)
            if refusals := self._refusals(heard, error):
                raise Refused(refusals) from error
            raise
        for stack in self.stacks:
            self._end(stack, "applied", "")
        if self._not_written:
            raise self._not_written[0]

    # ── the stand-in ───────────────────────────────────────────────────────────────────────────────
    def _ticket(self) -> dict[str, str]:
        workspace = self.extracted.workspace
        program = workspace.tools.python.parent / STAND_IN
        if not program.is_file():
            raise ToolMissing(f"{STAND_IN} is not installed in {program.parent}", fix="make setup")
        self._started.mkdir(parents=True, exist_ok=True)
        for stack in self.stacks:
            (self._started / stack).unlink(missing_ok=True)
        folders = {
            str(self.extracted.folder(stack).resolve()): StackTicket(stack, PLAN, self.extracted.bundles[stack].files)
            for stack in self.stacks
        }
        ticket = Ticket(str(workspace.tools.terraform), folders, str(self._started))
        return {"TERRAFORM_BINARY_NAME": str(program), **ticket.write(self._work / "ticket.json")}

    @property
    def _work(self) -> Path:
        return self.extracted.workspace.project.work / "bound"

    @property
    def _started(self) -> Path:
        return self._work / "started"

    # ── the journal ────────────────────────────────────────────────────────────────────────────────
    def _begin(self, stack: str) -> None:
        bundle, now = self.extracted.bundles[stack], self.clock()
        entry = Began(
            id=new_id(now),
            stack=stack,
            environment=bundle.environment,
            purpose=bundle.purpose,
            digest=self.digests[stack],
            commit=bundle.commit,
            run_id=bundle.run_id,
            run_attempt=bundle.run_attempt,
            state=bundle.state,
            by=self.who,
            at=now,
        )
        self.journal.begin(entry)
        self._began[stack] = entry

    def _end(self, stack: str, result: Result, why: str) -> None:
        entry = self._began.pop(stack, None)
        if entry is None:
            return
        if result == "applied":
            self.applied.append(stack)
        try:
            self.journal.end(Ended(id=entry.id, stack=stack, result=result, why=why, by=self.who, at=self.clock()))
        except Exception as error:
            self._not_written.append(error)

    def _end_others(self, heard: Heard | None) -> None:
        """Settle what is known of stacks that were not applied; without `heard` nobody saw how Terraform ended."""
        for stack in list(self._began):
            if not (self._started / stack).exists():
                self._end(stack, "not started", "")
            elif heard and heard.failed(stack) and not (self.extracted.folder(stack) / ERRORED).exists():
                self._end(stack, "failed", "")

    def _refusals(self, heard: Heard, error: GroundworkError) -> list[Refusal]:
        """The refusals behind an error, where it has no other reason."""
        if not isinstance(error, TerraformFailed):
            return []
        failed = [stack for stack in self.stacks if heard.failed(stack)]
        again = f"gw plan make {self.extracted.bundles[self.stacks[0]].environment}"
        found = {stack: heard.refusal(stack, again) for stack in failed}
        refusals = [one for one in found.values() if one]
        return refusals if len(refusals) == len(failed) else []
