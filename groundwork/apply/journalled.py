"""Runs `cdktf deploy` with the begin and the end of every stack in a journal, so that a killed apply is noticed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from groundwork.apply.recorded_run import RecordedRun
from groundwork.errors import GroundworkError, StateLocked, TerraformFailed
from groundwork.store.journal import Began, Ended, Journal, Result
from groundwork.terraform.cdktf import Cdktf, OnEvent
from groundwork.terraform.printed import Complete, StackLog, Step
from groundwork.terraform.terraform import ERRORED


@dataclass
class JournalledDeploy:
    """One deploy of the stacks of `entries`. `folder` is where Terraform runs for a stack.

    `started` tells whether Terraform may have changed something for a stack; by default, whether it printed a step.
    `applied` are the stacks known to be applied.
    """

    journal: Journal
    who: str
    clock: Callable[[], datetime]
    cdktf: Cdktf
    entries: Sequence[Began]
    folder: Callable[[str], Path]
    started: Callable[[str], bool] | None = None
    applied: list[str] = field(default_factory=list)
    _began: dict[str, Began] = field(default_factory=dict)
    _stepped: set[str] = field(default_factory=set)
    _journal_errors: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run = RecordedRun(self.cdktf.run, [entry.stack for entry in self.entries])

    def deploy(self, on_event: OnEvent, *, parallelism: int, complete: bool) -> dict[str, StackLog]:
        """Deploy. Raises what `Cdktf.deploy` does; also then, `applied` is complete.

        Where this process is killed, or interrupted while Terraform runs, the journal shows the stack as open.
        """
        stacks = [entry.stack for entry in self.entries]
        try:
            for entry in self.entries:
                self.journal.begin(entry)
                self._began[entry.stack] = entry
        except BaseException:
            self._end_others(terraform_ended=False)  # nothing is applied where one beginning cannot be recorded
            raise

        def follow(stack: str, event: Step | Complete) -> None:
            if isinstance(event, Complete):
                self._end(stack, "applied", event.counts)
            else:
                self._stepped.add(stack)
            on_event(stack, event)

        recorded = replace(self.cdktf, run=self.run)
        try:
            logs = recorded.deploy(stacks, parallelism=parallelism, on_event=follow, complete=complete)
        except GroundworkError as error:
            self._end_others(terraform_ended=isinstance(error, TerraformFailed | StateLocked))
            raise
        for stack in stacks:
            self._end(stack, "applied", "")
        if self._journal_errors:
            raise self._journal_errors[0]
        return logs

    def _end(self, stack: str, result: Result, why: str) -> None:
        entry = self._began.pop(stack, None)
        if entry is None:
            return
        if result == "applied":
            self.applied.append(stack)
        try:
            self.journal.end(Ended(id=entry.id, stack=stack, result=result, why=why, by=self.who, at=self.clock()))
        except Exception as error:
            self._journal_errors.append(error)

    def _end_others(self, *, terraform_ended: bool) -> None:
        """End the stacks that were not applied, where it is known how Terraform ended."""
        for stack in list(self._began):
            if not (self.started or self._stepped.__contains__)(stack):
                self._end(stack, "not started", "")
            elif terraform_ended and self.run.failed(stack) and not (self.folder(stack) / ERRORED).exists():
                self._end(stack, "failed", "")
