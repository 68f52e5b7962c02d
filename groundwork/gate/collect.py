"""Collects the facts for the gate from the checkout, the extracted bundles, the store, the states and Terraform."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from groundwork.gate import world
from groundwork.gate.facts import Files, StackFacts
from groundwork.gate.gate import PlanAgain
from groundwork.gate.world import Comparison
from groundwork.plan import archive, digest, tools
from groundwork.plan.bundle import Bundle, StateAt, Stored
from groundwork.plan.fingerprint import semantic_digest
from groundwork.store.journal import Journal
from groundwork.store.plan_store import PlanStore
from groundwork.terraform.terraform import PLAN_FILE
from groundwork.toolchain import side_by_side
from groundwork.toolchain.secure_tempdir import secure_tempdir
from groundwork.workspace import Workspace

OUT = "cdktf.out.again"


@contextmanager
def synthesised_again(workspace: Workspace, environment: str) -> Iterator[Workspace]:
    """The checkout synthesised from scratch into a folder that is deleted afterwards.

    The job has the credentials of an apply; a synthesis gets none, and does not depend on who runs it.
    """
    again = workspace.with_out(OUT)
    shutil.rmtree(again.out, ignore_errors=True)
    try:
        again.synth([environment])
        yield again
    finally:
        shutil.rmtree(again.out, ignore_errors=True)


@dataclass(frozen=True)
class Collector:
    """`approved` is the workspace whose `out` holds the extracted bundles, `code` the checkout synthesised again."""

    approved: Workspace
    code: Workspace
    store: PlanStore
    journal: Journal

    def stack(self, stored: Stored, bundle: Bundle, archive_sha256: str) -> StackFacts:
        """The facts of one bundle; runs no code of it."""
        stack, folder = stored.stack, self._folder(stored.stack)
        synthesised = {known.name: known.folder for known in self.code.manifest().stacks}.get(stack)
        used = self.code.tools
        last = self.store.last_applied(stack)
        # The plan of an orphan must have the files of its last applied bundle.
        code = _files(synthesised) if synthesised else None
        if last and not synthesised:
            code = archive.describe(self.store.fetch(last.stored, index=last)).files
        return StackFacts(
            stored=stored,
            bundle=bundle,
            archive_sha256=archive_sha256,
            files=_files(folder),
            synthesised=code,
            in_code=synthesised is not None,
            lock_file_sha256=tools.lock_file_sha256(synthesised or folder),
            tools=tools.versions(
                synthesised or folder, terraform=used.terraform, cdktf=used.cdktf, environ=used.environ
            ),
            state=_state_at(self.code if synthesised else self.approved, stack),
            fingerprint_holds=self.store.same_changes(stored, bundle.semantic_digest),
            applied=f"{last.applied_at:%Y-%m-%d %H:%M:%S} UTC"
            if last and last.stored.digest == stored.digest
            else self.journal.resolved(stack, stored.digest),
            unsettled=self.journal.unsettled(stack),
        )

    @property
    def plan_again(self) -> PlanAgain:
        """A function that plans stacks in their bundles' folders and compares; Terraform's JSON stays in memory."""

        def plan(stacks: Sequence[StackFacts]) -> dict[str, Comparison]:
            compared = side_by_side.each(self._compare, stacks, at_once=self.approved.tools.parallelism)
            return {facts.stack: comparison for facts, comparison in zip(stacks, compared, strict=True)}

        return plan

    def _compare(self, facts: StackFacts, stop: threading.Event) -> Comparison:
        terraform = self.approved.terraform(facts.stack)
        with secure_tempdir() as folder:  # a plan file holds secrets
            plan = terraform.plan(folder / PLAN_FILE, destroy=facts.bundle.purpose == "destroy", stop=stop)
            fresh = plan.document
        same = self.store.same_changes(facts.stored, semantic_digest(fresh))
        approved = {} if same else terraform.show(self._folder(facts.stack) / PLAN_FILE, stop=stop)
        return world.compare(approved, fresh, same=same)

    def _folder(self, stack: str) -> Path:
        return self.approved.manifest().stack(stack).folder


def _files(folder: Path) -> Files:
    """The files of a folder; a link or device has no digest, so it differs from every file."""
    return {
        name: digest.of_file(path) if path.is_file() and not path.is_symlink() else "not a regular file"
        for name, path in digest.files(folder).items()
    }


def _state_at(workspace: Workspace, stack: str) -> StateAt:
    return StateAt.of(workspace.store(stack).state() or {})
