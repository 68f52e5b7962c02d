"""A checkout with a stack `web` whose plans pass the real gate, approved and applied as on a laptop."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundwork.apply.apply import ApprovedApply
from groundwork.apply.rollout import StackResult
from groundwork.cli.deploy_approved import gate_for
from groundwork.errors import Interrupted, Refused
from groundwork.gate.approval import ApprovalSource
from groundwork.gate.laptop_approvals import LaptopApprovals
from groundwork.paths import Project
from groundwork.plan import plans_file
from groundwork.plan.bundle import Index, Stored
from groundwork.plan.extracted import Extracted
from groundwork.refusals import Code, Refusal
from groundwork.terraform.terraform import Terraform
from groundwork.workspace import Tools
from tests.support import command_line
from tests.support.planned_project import ENVIRONMENT, PlannedProject


@dataclass(frozen=True)
class GatedProject(PlannedProject):
    """Edits are not committed before `commit` is called."""

    # ── the checkout ───────────────────────────────────────────────────────────────────────────────
    def web(self, colour: str = "blue", code: str = "the function's code") -> str:
        """Write or change the stack `local-web`, which outputs its colour and has an asset."""
        resources = {"page": {"input": colour}}
        return self.stack("web", resources, outputs={"colour": colour}, assets={"assets/fn.zip": code})

    def edit(self, file: str, before: str, after: str) -> None:
        """Replace a text that the file holds."""
        path = self.root / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def commit(self, message: str = "a change", *, author: str = "Ada <ada@example.org>") -> str:
        """Commit everything; returns the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, f"--author={author}")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    # ── plan, approve, apply ───────────────────────────────────────────────────────────────────────
    def push_plans(
        self,
        *stacks: str,
        destroy: Sequence[str] = (),
        run_id: str = "laptop",
        run_attempt: int = 1,
        planned_by: str = "planner",
    ) -> Index:
        """Plan and push, as `gw plan make` and `gw plan push` do; without names every stack but `local-delivery`."""
        planner = self.planner(run_id=run_id, run_attempt=run_attempt, planned_by=planned_by)
        plans = self.plans(*stacks, destroy=destroy, planner=planner)
        return self.push(plans.made, planner=planner, waiting=plans.waiting)

    def approve(self, by: str = "reviewer", *, at: datetime | None = None) -> Path:
        """Record what `gw approve` records."""
        approvals = LaptopApprovals(Project(self.root), self.index_path)
        return approvals.approve(ENVIRONMENT, by=by, now=at or datetime.now(UTC))

    def deploy(self, *stacks: str, **options: Any) -> list[StackResult]:
        """Apply as `gw deploy STACK… --approved` does, by default every plan; raises Refused."""
        apply, names = self._gated_apply(*stacks, **options)
        return apply.apply(names, on_event=lambda *_: None, say=lambda _: None)

    def refusals(
        self, *stacks: str, meanwhile: Callable[[Path], None] = lambda _: None, **options: Any
    ) -> list[Refusal]:
        """Why `deploy` would be refused; empty if it would apply, which it does not do here.

        `meanwhile` is called with the folder of the extracted bundles, before the gate checks them.
        """
        apply, names = self._gated_apply(*stacks, **options)
        passed = Interrupted("the gate lets it through")

        def gate(extracted: Extracted, wanted: Sequence[Stored]) -> list[Refusal]:
            meanwhile(extracted.workspace.out / "stacks")
            if refusals := apply.gate(extracted, wanted):
                return refusals
            raise passed

        with pytest.raises((Refused, Interrupted)) as outcome:
            replace(apply, gate=gate).apply(names, on_event=lambda *_: None, say=lambda _: None)
        if outcome.value is passed:
            return []
        assert isinstance(outcome.value, Refused)
        (*_, recorded) = self.store.decisions("refused")
        assert set(recorded.codes) == {str(refusal.code) for refusal in outcome.value.refusals}
        assert [wrong for refusal in outcome.value.refusals if (wrong := _wrong_command(refusal))] == []
        return list(outcome.value.refusals)

    def _gated_apply(
        self,
        *stacks: str,
        allow_destroy: Sequence[str] = (),
        source: ApprovalSource | None = None,
        tools: Tools | None = None,
        run_attempt: int | None = None,
        unattended: bool = False,
    ) -> tuple[ApprovedApply, Sequence[str]]:
        workspace = replace(self.workspace, tools=tools) if tools else self.workspace
        index = plans_file.read(self.index_path)
        names = stacks or [stored.stack for stored in index.bundles]
        gate = gate_for(
            workspace,
            index,
            self.store,
            plans=self.index_path,
            environ={},
            wanted=names,
            allow_destroy=allow_destroy,
            unattended=unattended,
        )
        if source:
            # As on AWS, where the run that applies is known and its approvals are read from GitHub.
            gate = replace(
                gate,
                approvals=source,
                run_id=getattr(source, "run_id", gate.run_id),
                run_attempt=getattr(source, "run_attempt", gate.run_attempt),
            )
        gate = replace(gate, run_attempt=run_attempt or gate.run_attempt)
        return ApprovedApply(workspace, index, self.store, gate, "tester", lambda: datetime.now(UTC)), names

    def apply_elsewhere(self, stack: str, *edits: tuple[str, str]) -> None:
        """Apply a synthesised stack from another folder, like another run; `edits` replace texts in its Terraform."""
        other = self.root / "cdktf.out.elsewhere" / "stacks" / stack
        shutil.rmtree(other, ignore_errors=True)
        shutil.copytree(
            self.workspace.out / "stacks" / stack, other, symlinks=True, ignore=shutil.ignore_patterns("plan")
        )
        text = (other / "cdk.tf.json").read_text()
        for before, after in edits:
            assert before in text
            text = text.replace(before, after)
        (other / "cdk.tf.json").write_text(text)
        terraform = Terraform(other, stack, Path(self.cloud.program), self.cloud.environ)
        if not (other / ".terraform").is_dir():  # a stack that was planned is initialised already
            terraform.init()
        terraform.plan(other / "p")
        terraform.apply(other / "p")


def codes(refusals: Iterable[Refusal]) -> set[Code]:
    return {refusal.code for refusal in refusals}


def only(refusals: Iterable[Refusal], code: Code) -> Refusal:
    """The only refusal with a code."""
    (refusal,) = [refusal for refusal in refusals if refusal.code is code]
    return refusal


def _wrong_command(refusal: Refusal) -> str:
    """Why nobody can follow a refusal; empty if `gw --help` knows every command and option that it names."""
    calls = list(command_line.calls(refusal.command))
    if not calls:
        return f"{refusal.code} names no command of gw: {refusal.command}"
    return next((f"{refusal.code}: {wrong}" for words in calls if (wrong := command_line.problem(words))), "")
