"""A throwaway checkout of stacks made of `terraform_data`: planned, bundled and applied for real in a second each.

Its `main.py` writes what cdktf would from `stacks.json`, so a test edits the Python by changing a stack.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from groundwork.apply.apply import ApprovedApply, Gate
from groundwork.apply.rollout import Rollout, StackResult
from groundwork.cli.plain_deploys import recording
from groundwork.paths import Project
from groundwork.plan import commit, plans_file
from groundwork.plan.bundle import Index, Waiting
from groundwork.plan.make import MadeBundle, Planner
from groundwork.plan.run_plans import Plans, plan_all
from groundwork.store.plan_store import PlanStore
from groundwork.synthesis.manifest import Manifest
from groundwork.toolchain.cdktf_launcher import command
from groundwork.workspace import Tools, Workspace
from tests.support import warm_gw
from tests.support.cloud_project import CloudProject, begin_repository, link_checkout, state_bucket
from tests.support.plan_store import empty_store

ENVIRONMENT = "local"
DELIVERY = f"{ENVIRONMENT}-delivery"
CHECKOUT = Path(__file__).parents[2]
AWS_LOCK = CHECKOUT / "stacks" / "provider_locks" / "aws.terraform.lock.hcl"


@dataclass(frozen=True)
class PlannedProject:
    """`workspace` is the checkout; its states have a prefix of their own in the embedded AWS."""

    cloud: CloudProject
    workspace: Workspace
    prefix: str
    store: PlanStore

    @property
    def root(self) -> Path:
        """The checkout."""
        return self.workspace.project.root

    # ── its stacks ─────────────────────────────────────────────────────────────────────────────────
    def stack(
        self,
        name: str,
        resources: Mapping[str, Mapping[str, Any]],
        *,
        outputs: Mapping[str, Any] | None = None,
        reads: Sequence[str] = (),
        assets: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
        environment: str = ENVIRONMENT,
    ) -> str:
        """Write or change the stack `<environment>-<name>` of `terraform_data` resources; returns its full name.

        `reads` are short names of stacks whose state it reads, as `data.terraform_remote_state.<name>`; `more` are
        further blocks of its Terraform.
        """
        full = f"{environment}-{name}"
        document: dict[str, Any] = {
            "//": {"metadata": {"backend": "s3", "stackName": full, "version": "0.21.0"}, "outputs": {}},
            "terraform": {"backend": {"s3": self.backend(name)}},
            "resource": {"terraform_data": resources},
            **(more or {}),
        }
        if outputs:
            document["output"] = {key: {"value": value} for key, value in outputs.items()}
        if reads:
            remote = {upstream: {"backend": "s3", "config": self.backend(upstream)} for upstream in reads}
            document["data"] = {"terraform_remote_state": remote}
        dependencies = [f"{environment}-{upstream}" for upstream in reads]
        self._write({**self._stacks(), full: _entry(document, dependencies, assets or {})})
        return full

    def aws_stack(
        self,
        name: str,
        resources: Mapping[str, Mapping[str, Any]],
        *,
        default_tags: Mapping[str, str] | None = None,
        lock: str = "",
        outputs: Mapping[str, Any] | None = None,
        reads: Sequence[str] = (),
        backend: Mapping[str, Any] | None = None,
    ) -> str:
        """Write or change a stack of AWS resources by type; `lock` is its lock file, the committed one by default.

        `outputs` and `reads` as for `stack`; `backend` replaces this project's.
        """
        provider = {
            **self.cloud.backend,
            "skip_metadata_api_check": "true",
            "skip_requesting_account_id": True,
            "s3_use_path_style": True,
            **({"default_tags": [{"tags": default_tags}]} if default_tags else {}),
        }
        more = {
            "terraform": {
                "backend": {"s3": backend or self.backend(name)},
                "required_providers": {"aws": {"source": "aws", "version": "5.100.0"}},
            },
            "provider": {"aws": [provider]},
            "resource": resources,
        }
        assets = {".terraform.lock.hcl": lock or AWS_LOCK.read_text()}
        return self.stack(name, {}, assets=assets, more=more, outputs=outputs, reads=reads)

    def adopt(self, folder: Path) -> str:
        """Copy a synthesised stack without dependencies, with its state under this project's prefix."""
        document = json.loads((folder / "cdk.tf.json").read_text())
        document["terraform"]["backend"] = {"s3": self.backend(folder.name.removeprefix(f"{ENVIRONMENT}-"))}
        assets = {path.name: path.read_text() for path in folder.iterdir() if path.name != "cdk.tf.json"}
        self._write({**self._stacks(), folder.name: _entry(document, [], assets)})
        return folder.name

    def drop(self, name: str) -> None:
        """Remove the stack `local-<name>` from the code."""
        self._write({key: stack for key, stack in self._stacks().items() if key != f"{ENVIRONMENT}-{name}"})

    def backend(self, name: str) -> dict[str, Any]:
        """The S3 backend of the stack with this short name."""
        return {
            **self.cloud.backend,
            "bucket": "state",
            "key": f"{self.prefix}/{name}.tfstate",
            "use_path_style": True,
            "skip_metadata_api_check": True,
            "dynamodb_table": "locks",
        }

    # ── plans ──────────────────────────────────────────────────────────────────────────────────────
    def synth(self) -> Manifest:
        """Synthesise all stacks."""
        return self.workspace.synth()

    def planner(self, *, run_id: str = "laptop", run_attempt: int = 1, planned_by: str = "planner") -> Planner:
        """The planner of a run at the checkout's commit."""
        return Planner(
            commit=commit.of_checkout(self.root, uncommitted=True),
            run_id=run_id,
            run_attempt=run_attempt,
            planned_by=planned_by,
            clock=lambda: datetime.now(UTC),
        )

    def plan(self, *stacks: str, destroy: Sequence[str] = (), planner: Planner | None = None) -> list[MadeBundle]:
        """Synthesise, plan and pack; without names every stack but `local-delivery`."""
        return list(self.plans(*stacks, destroy=destroy, planner=planner).made)

    def plans(self, *stacks: str, destroy: Sequence[str] = (), planner: Planner | None = None) -> Plans:
        """The same, with the stacks that wait."""
        manifest = self.synth()
        names = list(stacks) or [stack.name for stack in manifest.stacks if stack.name not in (*destroy, DELIVERY)]
        planner = planner or self.planner()
        return plan_all(self.workspace, names, destroy=destroy, planner=planner, out=self.index_path.parent)

    def push(
        self, made: Sequence[MadeBundle], *, planner: Planner | None = None, waiting: Sequence[Waiting] = ()
    ) -> Index:
        """Put bundles into the store; writes and returns the index, as `gw plan push` does."""
        index = plans_file.index(ENVIRONMENT, planner or self.planner(), made, waiting)
        stored = tuple(self.store.push(each.bundle, each.path.read_bytes()) for each in made)
        index = index.model_copy(update={"bundles": stored})
        plans_file.write(index, self.index_path)
        return index

    @property
    def index_path(self) -> Path:
        """The file with the index of the last push."""
        return self.workspace.project.work / "plans" / plans_file.NAME

    # ── applies ────────────────────────────────────────────────────────────────────────────────────
    def approved_apply(self, index: Index, gate: Gate = lambda *_: []) -> ApprovedApply:
        """The apply of an index, by default past an open gate."""
        return ApprovedApply(self.workspace, index, self.store, gate, "grace", lambda: datetime.now(UTC))

    def apply(self, index: Index, gate: Gate = lambda *_: []) -> list[StackResult]:
        """Apply everything in an index, including what waits."""
        stacks = [*(stored.stack for stored in index.bundles), *(waiting.stack for waiting in index.waiting)]
        return self.approved_apply(index, gate).apply(stacks, on_event=lambda *_: None, say=lambda _: None)

    def deploy_as_it_is(self, *stacks: str) -> list[StackResult]:
        """Apply stacks as they are synthesised, as `gw deploy` does."""
        rollout = Rollout(self.workspace, stacks, recording=recording(self.workspace))
        return rollout.deploy(lambda *_: None, lambda _: None)

    def gw(self, *words: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """The command line in this checkout."""
        config = {"TF_CLI_CONFIG_FILE": self.cloud.environ["TF_CLI_CONFIG_FILE"]}
        full = {**os.environ, **config, **(environ or {})}
        return warm_gw.run(warm_gw.server(CHECKOUT), words, cwd=self.root, environ=full)

    def state(self, stack: str) -> dict[str, Any] | None:
        """The state of a stack, which may have left the code; None if it has none."""
        s3, key = self.cloud.client("s3"), self.backend(stack.removeprefix(f"{ENVIRONMENT}-"))["key"]
        try:
            state: dict[str, Any] = json.load(s3.get_object(Bucket="state", Key=key)["Body"])
        except s3.exceptions.NoSuchKey:
            return None
        return state

    def inputs(self, stack: str) -> dict[str, Any]:
        """Name of a `terraform_data` resource in the state → its input."""
        attributes = {
            resource["name"]: resource["instances"][0]["attributes"]
            for resource in (self.state(stack) or {}).get("resources", [])
            if resource["mode"] == "managed"
        }
        return {name: values["input"]["value"] for name, values in attributes.items() if values.get("input")}

    def _stacks(self) -> dict[str, Any]:
        stacks: dict[str, Any] = json.loads((self.root / "stacks.json").read_text())
        return stacks

    def _write(self, stacks: Mapping[str, Any]) -> None:
        (self.root / "stacks.json").write_text(json.dumps(stacks, indent=2))


def _entry(document: Mapping[str, Any], dependencies: Sequence[str], assets: Mapping[str, str]) -> dict[str, Any]:
    return {"terraform": document, "dependencies": dependencies, "assets": dict(assets)}


def planned_project(root: Path, cloud: CloudProject, checkout: Path) -> PlannedProject:
    """A checkout in `root`, committed on main, beside an embedded AWS that runs."""
    link_checkout(root, checkout, cloud)
    shutil.copy(Path(__file__).with_name("planned_main.py"), root / "main.py")
    (root / "stacks.json").write_text("{}")
    begin_repository(root, "Lap Top", "lap@top")
    state_bucket(cloud)
    tools = Tools(
        cdktf=command(Project(checkout), quick=True),
        terraform=Path(cloud.program),
        python=Path(sys.executable),
        environ={
            **{key: value for key, value in cloud.environ.items() if key != "AWS_ENDPOINT_URL"},
            "TERRAFORM_BINARY_NAME": cloud.program,
        },
        parallelism=2,
        helm_provider=False,
        kubeconfig=None,
    )
    workspace = Workspace(Project(root), tools, endpoint=cloud.endpoint)
    return PlannedProject(cloud, workspace, uuid.uuid4().hex, empty_store(cloud, root))
