"""Approvals without GitHub: one file per set of plans below .groundwork/approvals, for environments on the laptop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from groundwork.errors import UsageError
from groundwork.files import write_atomically
from groundwork.gate import history
from groundwork.gate.approval import Approval, ApprovalFacts
from groundwork.paths import Project
from groundwork.plan import digest, plans_file
from groundwork.plan.bundle import Frozen, Index

FOLDER = "approvals"


class _Entry(Frozen):
    by: str
    at: datetime


class _Record(Frozen):
    environment: str
    plans_sha256: str
    approvals: tuple[_Entry, ...] = ()


@dataclass(frozen=True)
class LaptopApprovals:
    """The approvals of the plans in one index file. They belong to its bytes, and so to exactly those bundles."""

    project: Project
    plans: Path

    def index(self, environment: str) -> Index:
        """The plans; raises UsageError where they are of another environment, or not in a store yet."""
        index = plans_file.read(self.plans)
        if index.environment != environment:
            raise UsageError(
                f"{self.plans} holds plans of {index.environment}, not of {environment}",
                fix=f"gw plan make {environment}",
            )
        if not plans_file.pushed(index):
            # Storing them changes the file, to which an approval belongs.
            raise UsageError(f"the plans in {self.plans} are not in a store yet", fix="gw plan push")
        return index

    def facts(self, environment: str, *, commit: str, since: str = "") -> ApprovalFacts:
        """The approvals of these plans. Authors of the commits and the user of this checkout may not approve."""
        index = plans_file.read(self.plans)
        record = self._record(environment)
        return ApprovalFacts(
            environment=environment,
            approvals=[Approval(entry.by, entry.at) for entry in record.approvals],
            contributors={
                **history.configured_user(self.project.root),
                **history.authors(self.project.root, commit, since=since),
            },
            unprotected=(),
            run_id=index.run_id,
            run_attempt=index.run_attempt,
        )

    def approve(self, environment: str, *, by: str, now: datetime) -> Path:
        """Record an approval of these plans at `now` (UTC), in addition to earlier ones; returns the file."""
        self.index(environment)
        if not by.strip():
            raise UsageError("an approval needs a name", fix=f"gw approve {environment} --as NAME")
        record = self._record(environment)
        added = record.model_copy(update={"approvals": (*record.approvals, _Entry(by=by.strip(), at=now))})
        file = self._file(environment)
        write_atomically(file, added.model_dump_json(indent=2) + "\n", mode=0o600)
        return file

    @property
    def _digest(self) -> str:
        return digest.of_file(self.plans)

    def _file(self, environment: str) -> Path:
        return self.project.work / FOLDER / f"{environment}-{self._digest}.json"

    def _record(self, environment: str) -> _Record:
        file = self._file(environment)
        if not file.is_file():
            return _Record(environment=environment, plans_sha256=self._digest)
        try:
            record = _Record.model_validate_json(file.read_bytes())
        except ValidationError as error:
            raise UsageError(f"{file} is not a record of approvals", fix=f"delete {file} and approve again") from error
        if (record.environment, record.plans_sha256) != (environment, self._digest):
            raise UsageError(f"{file} is of other plans", fix=f"delete {file} and approve again")
        return record
