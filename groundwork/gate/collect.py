"""Gathers what the gate looks at: from the checkout, the extracted bundles, the store, the states and Terraform."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import platformdirs

from groundwork.gate import world
from groundwork.gate.facts import Files, StackFacts
from groundwork.gate.gate import PlanAgain
from groundwork.gate.world import Comparison
from groundwork.plan import archive, digest, tools
from groundwork.plan.bundle import Bundle, StateAt, Stored
from groundwork.plan.fingerprint import semantic_digest
from groundwork.review import scrubbed
from groundwork.store.plan_store import PlanStore
from groundwork.terraform.plan_run import PlanRun, plan_file
from groundwork.toolchain import side_by_side
from groundwork.workspace import Workspace

AGAIN = "cdktf.out.again"
"""Where the checkout is synthesised for the comparison: as deep as cdktf.out, because stacks name paths of it."""


class Journal(Protocol):
    """What applies say of themselves while they run."""

    def unsettled(self, stack: str) -> str:
        """What an apply of the stack was doing that began and never ended; empty where there is none."""

    def settled(self, stack: str, digest: str) -> str:
        """Which apply of this very bundle a person had to settle; empty where none."""


@contextmanager
def synthesised_again(workspace: Workspace, environment: str) -> Iterator[Workspace]:
    """The checkout synthesised into a folder of its own, from nothing, for as long as it is looked at.

    Its Python gets no credential: what it makes must not depend on who runs it, and the job has those of an apply.
    """
    again = replace(workspace, out_name=AGAIN, _stores={})
    shutil.rmtree(again.out, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory() as home:
            bare = scrubbed.environment(
                workspace.tools.environ, home=Path(home), cache=Path(platformdirs.user_cache_dir())
            )
            replace(again, tools=replace(workspace.tools, environ=bare)).synth([environment])
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
        """What is to know of one bundle. Runs nothing of it."""
        stack, folder = stored.stack, self._folder(stored.stack)
        synthesised = {one.name: one.folder for one in self.code.manifest().stacks}.get(stack)
        used = self.code.tools
        kept = self.store.last_applied(stack)
        return StackFacts(
            stored=stored,
            bundle=bundle,
            archive_sha256=archive_sha256,
            files=_files(folder),
            synthesised=_files(synthesised) if synthesised else self._kept(stack),
            in_code=synthesised is not None,
            lock_file_sha256=tools.lock_file_sha256(synthesised or folder),
            tools=tools.versions(
                synthesised or folder, terraform=used.terraform, cdktf=used.cdktf, environ=used.environ
            ),
            state=_at(self.code if synthesised else self.approved, stack),
            fingerprint_holds=self.store.same_changes(stored, bundle.semantic_digest),
            applied=f"{kept.applied_at:%Y-%m-%d %H:%M:%S} UTC"
            if kept and kept.stored.digest == stored.digest
            else self.journal.settled(stack, stored.digest),
            unsettled=self.journal.unsettled(stack),
        )

    @property
    def plan_again(self) -> PlanAgain:
        """Plans stacks from their bundles' folders and compares; Terraform's JSON is only ever in memory."""

        def all_of(stacks: Sequence[StackFacts]) -> dict[str, Comparison]:
            compared = side_by_side.each(self._compare, stacks, at_once=self.approved.tools.parallelism)
            return {facts.stack: one for facts, one in zip(stacks, compared, strict=True)}

        return all_of

    def _compare(self, facts: StackFacts, stop: threading.Event) -> Comparison:
        folder, destroy = self._folder(facts.stack), facts.bundle.purpose == "destroy"
        run = PlanRun(folder, facts.stack, self.approved.tools.terraform, self.approved.environ(facts.stack))
        run.init(stop=stop)
        # A plan file holds secrets: in a folder that only its owner can open, and gone afterwards.
        with tempfile.TemporaryDirectory() as private:
            fresh = run.plan(Path(private) / "plan", destroy=destroy, initialised=True, stop=stop)
        same = self.store.same_changes(facts.stored, semantic_digest(fresh))
        return world.compare({} if same else run.show(plan_file(folder), stop=stop), fresh, same=same)

    def _folder(self, stack: str) -> Path:
        return self.approved.manifest().stack(stack).folder

    def _kept(self, stack: str) -> Files | None:
        """The files of an orphan's last applied bundle."""
        kept = self.store.last_applied(stack)
        if kept is None:
            return None
        return archive.about(self.store.fetch(kept.stored, index=kept)).files


def _files(folder: Path) -> Files:
    """What lies in a folder; a link or device has no digest and so equals nothing."""
    return {
        name: digest.of_file(path) if path.is_file() and not path.is_symlink() else "no ordinary file"
        for name, path in digest.files(folder).items()
    }


def _at(workspace: Workspace, stack: str) -> StateAt:
    state = workspace.store(stack).state() or {}
    return StateAt(lineage=str(state.get("lineage", "")), serial=int(state.get("serial", 0)))
