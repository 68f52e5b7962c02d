"""A checkout of a few lines with an embedded AWS of its own: planned, approved and applied as a person would do it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundwork.apply.apply import ApprovedApply
from groundwork.apply.rollout import Result
from groundwork.cli.deploy_approved import gate_for
from groundwork.errors import Interrupted, Refused
from groundwork.gate.approval import ApprovalSource
from groundwork.gate.laptop_approvals import LaptopApprovals
from groundwork.paths import Project
from groundwork.plan import commit, plans_file, run_plans
from groundwork.plan.bundle import Index, Stored
from groundwork.plan.extracted import Extracted
from groundwork.plan.make import Planner
from groundwork.refusals import Refusal
from groundwork.store.plan_store import PlanStore
from groundwork.terraform.terraform import Terraform
from groundwork.toolchain.cdktf_launcher import command
from groundwork.workspace import Tools, Workspace
from tests.gate.reading import wrong_command
from tests.support import warm_gw
from tests.support.cloud_project import CloudProject, begin_repository, link_checkout, state_bucket
from tests.support.plan_store import empty_store

ENVIRONMENT = "local"

# What a stack of this project holds. Tests edit the text, as a person edits Python.
MAIN = '''"""Writes what cdktf would: a folder per stack, and the manifest."""

import hashlib, json, os, shutil
from pathlib import Path

COLOUR = "blue"
out = Path(os.environ["CDKTF_OUTDIR"])
entries = {}
(out / "stacks").mkdir(parents=True, exist_ok=True)


def stack(name, resources, outputs=None, assets=None, depends=(), helm=False, data=None):
    folder = out / "stacks" / name
    folder.mkdir(parents=True, exist_ok=True)
    backend = {**BACKEND, "key": f"{name}.tfstate"}
    about = {"metadata": {"backend": "s3", "stackName": name, "version": "0.21.0"}, "outputs": {}}
    document = {"//": about, "terraform": {"backend": {"s3": backend}}, "resource": resources}
    if data:
        document["data"] = data
    if outputs:
        document["output"] = outputs
    if helm:
        document["terraform"]["required_providers"] = {"helm": {"source": "helm", "version": "3.1.1"}}
    if "aws_ssm_parameter" in resources:
        document["terraform"]["required_providers"] = {"aws": {"source": "aws", "version": "5.100.0"}}
        document["provider"] = {"aws": [PROVIDER]}
        shutil.copyfile("stacks/provider_locks/aws.terraform.lock.hcl", folder / ".terraform.lock.hcl")
    for path, content in (assets or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    (folder / "cdk.tf.json").write_text(json.dumps(document, indent=1))
    entries[name] = {
        "name": name, "constructPath": name, "workingDirectory": f"stacks/{name}",
        "synthesizedStackPath": f"stacks/{name}/cdk.tf.json", "annotations": [], "dependencies": list(depends),
    }


BACKEND = json.loads(Path("backend.json").read_text())
PROVIDER = json.loads(Path("provider.json").read_text())
stack("local-delivery", {})  # open_store takes the backend from it
exec(Path("stacks.py").read_text())
(out / "manifest.json").write_text(json.dumps({"version": "0.21.0", "stacks": entries}))
'''

STACKS = """stack("local-web", {"terraform_data": {"page": {"input": COLOUR}}}, {"colour": {"value": COLOUR}},
      assets={"assets/fn.zip": "the function's code"})
"""


@dataclass
class Mini:
    """`root` is the checkout. Edits are made with `edit`, which does not commit; `commit` does."""

    cloud: CloudProject
    root: Path
    python: Path
    _store: PlanStore | None = None

    # ── the checkout ───────────────────────────────────────────────────────────────────────────────
    def edit(self, file: str, before: str, after: str) -> None:
        """Change a text, which has to be there."""
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

    # ── the ways in ────────────────────────────────────────────────────────────────────────────────
    @property
    def workspace(self) -> Workspace:
        tools = Tools(
            cdktf=command(Project(self.root), quick=True),
            terraform=Path(self.cloud.program),
            python=self.python,
            environ=self.cloud.environ,
            parallelism=2,
            helm_provider=False,
            kubeconfig=None,
        )
        return Workspace(Project(self.root), tools, endpoint=self.cloud.endpoint)

    @property
    def store(self) -> PlanStore:
        assert self._store
        return self._store

    @property
    def plans(self) -> Path:
        """The index that the last `plan` wrote."""
        return self.root / ".groundwork" / "plans" / plans_file.NAME

    def plan(
        self,
        *stacks: str,
        destroy: tuple[str, ...] = (),
        planned_by: str = "planner",
        run_id: str = "laptop",
        run_attempt: int = 1,
    ) -> Index:
        """What `gw plan make` and `gw plan push` do; writes `plans`."""
        workspace = self.workspace
        manifest = workspace.synth([ENVIRONMENT])
        chosen = (
            list(stacks)
            if stacks or destroy
            else [stack.name for stack in manifest.stacks if stack.name != "local-delivery"]
        )
        planner = Planner(
            commit=commit.of_checkout(self.root, uncommitted=True),
            run_id=run_id,
            run_attempt=run_attempt,
            planned_by=planned_by,
            clock=lambda: datetime.now(UTC),
        )
        out = self.plans.parent
        planned = run_plans.plan_all(workspace, chosen, destroy=destroy, planner=planner, out=out)
        made = plans_file.index(ENVIRONMENT, planner, planned.made, planned.waiting)
        stored = tuple(self.store.push(bundle) for bundle in planned.made)
        index = made.model_copy(update={"bundles": stored})
        plans_file.write(index, self.plans)
        return index

    def approve(self, by: str = "reviewer", *, at: datetime | None = None) -> Path:
        """What `gw approve` records."""
        approvals = LaptopApprovals(Project(self.root), self.plans)
        return approvals.approve(ENVIRONMENT, by=by, now=at or datetime.now(UTC))

    def deploy(self, *stacks: str, **options: Any) -> list[Result]:
        """What `gw deploy STACK… --approved` does, by default with every plan; raises Refused."""
        apply, names = self._apply(*stacks, **options)
        return apply.apply(names, on_event=lambda _stack, _event: None, say=lambda _: None)

    def refusals(
        self, *stacks: str, meanwhile: Callable[[Path], None] = lambda _: None, **options: Any
    ) -> list[Refusal]:
        """What `deploy` is refused for; empty where it would go on to apply, which it does not do here.

        `meanwhile` happens in the folder of the extracted bundles, before the gate looks at them.
        """
        apply, names = self._apply(*stacks, **options)
        passed = Interrupted("the gate lets it through")

        def gate(extracted: Extracted, wanted: Sequence[Stored]) -> list[Refusal]:
            meanwhile(extracted.workspace.out / "stacks")
            if refusals := apply.gate(extracted, wanted):
                return refusals
            raise passed

        with pytest.raises((Refused, Interrupted)) as outcome:
            replace(apply, gate=gate).apply(names, on_event=lambda _stack, _event: None, say=lambda _: None)
        if outcome.value is passed:
            return []
        assert isinstance(outcome.value, Refused)
        (*_, recorded) = self.store.decisions("refused")
        assert set(recorded.codes) == {str(refusal.code) for refusal in outcome.value.refusals}
        assert [wrong for refusal in outcome.value.refusals if (wrong := wrong_command(refusal))] == []
        return list(outcome.value.refusals)

    def _apply(
        self,
        *stacks: str,
        allow_destroy: Sequence[str] = (),
        source: ApprovalSource | None = None,
        tools: Tools | None = None,
        run_attempt: int | None = None,
    ) -> tuple[ApprovedApply, Sequence[str]]:
        workspace = replace(self.workspace, tools=tools) if tools else self.workspace
        index = plans_file.read(self.plans)
        names = stacks or [stored.stack for stored in index.bundles]
        gate = gate_for(
            workspace, index, self.store, plans=self.plans, environ={}, wanted=names, allow_destroy=allow_destroy
        )
        if source:
            # As on AWS: who applies is a run, and its approvals are asked for where it ran.
            gate = replace(
                gate,
                approvals=source,
                run_id=getattr(source, "run_id", gate.run_id),
                run_attempt=getattr(source, "run_attempt", gate.run_attempt),
            )
        gate = replace(gate, run_attempt=run_attempt or gate.run_attempt)
        return ApprovedApply(workspace, index, self.store, gate, "tester", lambda: datetime.now(UTC)), names

    def apply_elsewhere(self, stack: str, *edits: tuple[str, str]) -> None:
        """What another run does meanwhile, from a folder of its own; `edits` are made in its synthesised Terraform."""
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
        if not (other / ".terraform").is_dir():  # where it was planned before, providers and backend are ready
            terraform.init()
        terraform.plan(other / "p")
        terraform.apply(other / "p")

    def gw(self, *words: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """The command itself, in the checkout."""
        environ = {**os.environ, **self.cloud.environ, "PYTHONPATH": str(_CHECKOUT), **(environ or {})}
        return warm_gw.run(warm_gw.server(_CHECKOUT), words, cwd=self.root, environ=environ)

    def reset(self) -> None:
        """The first commit, empty states, no plans and no store."""
        first = self.git("rev-list", "--max-parents=0", "HEAD")
        self.git("reset", "-q", "--hard", first)
        self.git("config", "user.name", "Lap Top")
        self.git("config", "user.email", "lap@top")
        for name in ("plans", "approvals"):
            shutil.rmtree(self.root / ".groundwork" / name, ignore_errors=True)
        for out in self.root.glob("cdktf.out*"):
            shutil.rmtree(out)
        self._store = empty_store(self.cloud, self.root)
        s3 = self.cloud.client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket="state"):
            for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                s3.delete_object(Bucket="state", Key=version["Key"], VersionId=version["VersionId"])

    def state(self, stack: str) -> dict[str, Any]:
        """The state of a stack as it is stored; empty without one."""
        store = self.workspace.store(stack)
        return store.state() or {}


_CHECKOUT = Path(__file__).parents[2]


def mini_project(root: Path, checkout: Path, cloud: CloudProject) -> Mini:
    """A committed checkout on branch main, beside an embedded AWS that runs."""
    link_checkout(root, checkout, cloud)
    shutil.copytree(checkout / "stacks" / "provider_locks", root / "stacks" / "provider_locks")
    shutil.copy(checkout / "environments" / "prod.yaml", root / "environments")
    (root / "main.py").write_text(MAIN)
    (root / "stacks.py").write_text(STACKS)
    state_bucket(cloud)
    backend = {**cloud.backend, "bucket": "state", "use_path_style": True, "skip_metadata_api_check": True}
    (root / "backend.json").write_text(json.dumps({**backend, "use_lockfile": True}))
    (root / "provider.json").write_text(json.dumps(_provider(cloud)))
    begin_repository(root, "Lap Top", "lap@top")
    return Mini(cloud, root, Path(sys.executable))


def _provider(cloud: CloudProject) -> dict[str, Any]:
    return {
        **cloud.backend,
        "skip_metadata_api_check": "true",
        "skip_requesting_account_id": True,
        "s3_use_path_style": True,
    }
