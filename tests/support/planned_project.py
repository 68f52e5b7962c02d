"""A throwaway checkout of stacks made of `terraform_data`: planned, bundled and applied for real in a second each.

Its `main.py` writes what cdktf would, from `stacks.json`, so that "the Python was edited" is an edit of that file.
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
CHECKOUT = Path(__file__).parents[2]

_MAIN = '''
"""Writes what cdktf would: one folder per stack, and the manifest."""

import json
import os
import pathlib

out = pathlib.Path(os.environ["CDKTF_OUTDIR"])
stacks = json.loads(pathlib.Path("stacks.json").read_text())
manifest = {"version": "0.21.0", "stacks": {}}
for name, stack in stacks.items():
    folder = out / "stacks" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cdk.tf.json").write_text(json.dumps(stack["terraform"], indent=2))
    for asset, content in stack["assets"].items():
        (folder / asset).parent.mkdir(parents=True, exist_ok=True)
        (folder / asset).write_text(content)
    manifest["stacks"][name] = {
        "name": name,
        "constructPath": name,
        "workingDirectory": f"stacks/{name}",
        "synthesizedStackPath": f"stacks/{name}/cdk.tf.json",
        "annotations": [],
        "dependencies": stack["dependencies"],
    }
(out / "manifest.json").write_text(json.dumps(manifest, indent=2))
'''


@dataclass(frozen=True)
class PlannedProject:
    """`workspace` is the checkout; states lie in the embedded AWS under a prefix of their own."""

    cloud: CloudProject
    workspace: Workspace
    prefix: str
    store: PlanStore

    @property
    def root(self) -> Path:
        """The checkout."""
        return self.workspace.project.root

    def stack(
        self,
        name: str,
        resources: Mapping[str, Mapping[str, Any]],
        *,
        outputs: Mapping[str, Any] | None = None,
        reads: Sequence[str] = (),
        assets: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> str:
        """Write or change a stack `local-<name>` of `terraform_data` resources in the Python; returns its full name.

        `reads` are short names of stacks whose state it reads, as `data.terraform_remote_state.<name>`.
        """
        full = f"{ENVIRONMENT}-{name}"
        document: dict[str, Any] = {
            "//": {"metadata": {"backend": "s3", "stackName": full, "version": "0.21.0"}, "outputs": {}},
            "terraform": {"backend": {"s3": self.backend(name)}},
            "resource": {"terraform_data": resources},
            **(more or {}),
        }
        if outputs:
            document["output"] = {key: {"value": value} for key, value in outputs.items()}
        if reads:
            remote = {one: {"backend": "s3", "config": self.backend(one)} for one in reads}
            document["data"] = {"terraform_remote_state": remote}
        stacks = self._stacks()
        stacks[full] = {
            "terraform": document,
            "dependencies": [f"{ENVIRONMENT}-{one}" for one in reads],
            "assets": dict(assets or {}),
        }
        self._write(stacks)
        return full

    def genuine(self, folder: Path) -> str:
        """Take over a stack without dependencies as it was synthesised, with its state in this project's prefix."""
        document = json.loads((folder / "cdk.tf.json").read_text())
        document["terraform"]["backend"] = {"s3": self.backend(folder.name.removeprefix(f"{ENVIRONMENT}-"))}
        others = {path.name: path.read_text() for path in folder.iterdir() if path.name != "cdk.tf.json"}
        stack = {"terraform": document, "dependencies": [], "assets": others}
        self._write({**self._stacks(), folder.name: stack})
        return folder.name

    def drop(self, name: str) -> None:
        """Take a stack out of the Python."""
        self._write({key: stack for key, stack in self._stacks().items() if key != f"{ENVIRONMENT}-{name}"})

    def backend(self, name: str) -> dict[str, Any]:
        """The S3 backend of `local-<name>`."""
        return {
            **self.cloud.backend,
            "bucket": "state",
            "key": f"{self.prefix}/{name}.tfstate",
            "use_path_style": True,
            "skip_metadata_api_check": True,
            "dynamodb_table": "locks",
        }

    def commit(self) -> str:
        """Commit the Python; returns the commit."""
        for words in (["add", "-A"], ["commit", "-q", "-m", "a change"]):
            subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True)
        return commit.of_checkout(self.root, uncommitted=False)

    def synth(self) -> Manifest:
        """Synthesise all stacks."""
        shutil.rmtree(self.workspace.out, ignore_errors=True)
        return self.workspace.synth()

    def planner(self, *, run_id: str = "laptop", run_attempt: int = 1) -> Planner:
        """Who plans."""
        return Planner(
            commit=commit.of_checkout(self.root, uncommitted=True),
            run_id=run_id,
            run_attempt=run_attempt,
            planned_by="ada",
            clock=lambda: datetime.now(UTC),
        )

    def plan(self, *stacks: str, destroy: Sequence[str] = (), planner: Planner | None = None) -> list[MadeBundle]:
        """Synthesise, plan, and pack; all stacks where none is named."""
        return list(self.plans(*stacks, destroy=destroy, planner=planner).made)

    def plans(self, *stacks: str, destroy: Sequence[str] = (), planner: Planner | None = None) -> Plans:
        """The same, with what waits."""
        manifest = self.synth()
        names = list(stacks) or [one.name for one in manifest.stacks if one.name not in destroy]
        out = self.workspace.project.work / "plans"
        return plan_all(self.workspace, names, destroy=destroy, planner=planner or self.planner(), out=out)

    def index_file(self, index: Index) -> Path:
        """The index as `gw plan push` leaves it."""
        path = self.workspace.project.work / "plans" / plans_file.NAME
        plans_file.write(index, path)
        return path

    def push(
        self, made: Sequence[MadeBundle], *, planner: Planner | None = None, waiting: Sequence[Waiting] = ()
    ) -> Index:
        """Put bundles into the store; returns the index that an apply starts from."""
        index = plans_file.index(ENVIRONMENT, planner or self.planner(), made, waiting)
        return index.model_copy(update={"bundles": tuple(self.store.push(one.bundle, one.path.read_bytes()) for one in made)})

    def gw(self, *words: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """The command line in this checkout."""
        return warm_gw.run(warm_gw.server(CHECKOUT), words, cwd=self.root, environ={**os.environ, **(environ or {})})

    def state(self, stack: str) -> dict[str, Any] | None:
        """The state of a stack now."""
        return self.workspace.store(stack).state()

    def inputs(self, stack: str) -> dict[str, Any]:
        """Resource → its input, as the state has it."""
        resources = (self.state(stack) or {}).get("resources", [])
        return {
            one["name"]: one["instances"][0]["attributes"]["input"]["value"]
            for one in resources
            if one["mode"] == "managed" and one["instances"][0]["attributes"].get("input")
        }

    def inputs_at(self, stack: str) -> list[Any]:
        """The inputs in the state of a stack, also of one that the Python has no longer."""
        body = self.cloud.client("s3").get_object(
            Bucket="state", Key=self.backend(stack.removeprefix(f"{ENVIRONMENT}-"))["key"]
        )["Body"]
        found = [one for one in json.load(body)["resources"] if one["mode"] == "managed"]
        return [one["instances"][0]["attributes"]["input"]["value"] for one in found]

    def _stacks(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "stacks.json").read_text())
        return found

    def _write(self, stacks: Mapping[str, Any]) -> None:
        (self.root / "stacks.json").write_text(json.dumps(stacks, indent=2))


def planned_project(root: Path, cloud: CloudProject, checkout: Path) -> PlannedProject:
    """A checkout in `root`, which is a git repository, beside an embedded AWS that runs."""
    link_checkout(root, checkout, cloud)
    (root / "main.py").write_text(_MAIN)
    (root / "stacks.json").write_text("{}")
    begin_repository(root, "Ada", "ada@example.com")
    state_bucket(cloud)
    tools = Tools(
        cdktf=command(Project(checkout), quick=True),
        terraform=Path(cloud.program),
        python=Path(sys.executable),
        environ={key: value for key, value in cloud.environ.items() if key != "AWS_ENDPOINT_URL"},
        parallelism=2,
        helm_provider=False,
        kubeconfig=None,
    )
    workspace = Workspace(Project(root), tools, endpoint=cloud.endpoint)
    return PlannedProject(cloud, workspace, uuid.uuid4().hex, empty_store(cloud, root))
