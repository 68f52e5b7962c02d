"""Applies the approved plans of stacks that do not wait for each other, and writes the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from groundwork.apply import terraform_shim
from groundwork.apply.journalled import JournalledDeploy
from groundwork.apply.recorded_run import RecordedRun
from groundwork.apply.ticket import StackTicket, Ticket
from groundwork.errors import GroundworkError, Refused, TerraformFailed, ToolMissing
from groundwork.plan.extracted import Extracted
from groundwork.refusals import Refusal
from groundwork.store.journal import Began, Journal
from groundwork.terraform.cdktf import OnEvent
from groundwork.terraform.terraform import PLAN_FILE


@dataclass
class Batch:
    """One batch. `digests` is stack → SHA-256 of its bundle; `applied` are the stacks known to be applied."""

    extracted: Extracted
    digests: Mapping[str, str]
    journal: Journal
    who: str
    clock: Callable[[], datetime]
    applied: list[str] = field(default_factory=list)

    def apply(self, on_event: OnEvent) -> None:
        """Run `cdktf deploy`. Raises Refused, StateLocked or TerraformFailed; also then, `applied` is complete.

        Where this process is killed, or interrupted while Terraform runs, the journal shows the stack as open.
        """
        workspace, stacks = self.extracted.workspace, self.stacks
        cdktf = workspace.cdktf(stacks[0])
        deploy = JournalledDeploy(
            self.journal,
            self.who,
            self.clock,
            # The shim checks the folders before it lets Terraform initialise them.
            replace(cdktf, environ={**cdktf.environ, **self._ticket()}, initialise=None),
            [self._entry(stack) for stack in stacks],
            self.extracted.folder,
            started=lambda stack: (self._started / stack).exists(),
            applied=self.applied,
        )
        try:
            deploy.deploy(on_event, parallelism=workspace.tools.parallelism, complete=False)
        except GroundworkError as error:
            if refusals := self._refusals(deploy.run, error):
                raise Refused(refusals) from error
            raise

    @cached_property
    def stacks(self) -> list[str]:
        """The stacks of the batch."""
        return list(self.digests)

    # ── the shim ───────────────────────────────────────────────────────────────────────────────────
    def _ticket(self) -> dict[str, str]:
        workspace, bundles = self.extracted.workspace, self.extracted.bundles
        program = workspace.tools.python.parent / terraform_shim.PROGRAM
        if not program.is_file():
            raise ToolMissing(f"{program.name} is not installed in {program.parent}", fix="make setup")
        self._started.mkdir(parents=True, exist_ok=True)
        for stack in self.stacks:
            (self._started / stack).unlink(missing_ok=True)
        folders = {
            str(self.extracted.folder(stack).resolve()): StackTicket(stack, PLAN_FILE, bundles[stack].files)
            for stack in self.stacks
        }
        ticket = Ticket(str(workspace.tools.terraform), folders, str(self._started))
        return {"TERRAFORM_BINARY_NAME": str(program), **ticket.write(self._work / "ticket.json")}

    @property
    def _work(self) -> Path:
        return self.extracted.workspace.project.work / "apply"

    @property
    def _started(self) -> Path:
        return self._work / "started"

    def _entry(self, stack: str) -> Began:
        return Began.of(self.extracted.bundles[stack], digest=self.digests[stack], by=self.who, at=self.clock())

    def _refusals(self, run: RecordedRun, error: GroundworkError) -> list[Refusal]:
        """The refusals that caused an error; empty where there are other causes, too."""
        if not isinstance(error, TerraformFailed):
            return []
        failed = [stack for stack in self.stacks if run.failed(stack)]
        command = f"gw plan make {self.extracted.bundles[self.stacks[0]].environment}"
        refusals = [refusal for stack in failed if (refusal := run.refusal(stack, command))]
        return refusals if len(refusals) == len(failed) else []
