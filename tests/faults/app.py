"""A small application beside an embedded AWS that may be killed, with an endpoint between the two."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from localcloud.cloud import LocalCloud
from tests.faults.quick_init import lock_file, with_quick_init
from tests.recover.endpoint import Endpoint, between
from tests.support.cloud_project import CloudProject, cloud_project
from tests.support.planned_project import CHECKOUT, PlannedProject, planned_project

VERSIONS_ALIVE = 2
"""Versions whose resources a stack has: so each version creates some, changes one and destroys some."""


@dataclass
class App:
    """Stacks `local-one`, and `local-two` which reads it. `server` is the checkout of the embedded AWS.

    `project` is the application's checkout, which knows the embedded AWS at the endpoint's address alone.
    """

    server: CloudProject
    endpoint: Endpoint
    project: PlannedProject
    version: int = 0
    names: str = field(default_factory=lambda: uuid.uuid4().hex[:10])

    @property
    def root(self) -> Path:
        """The application's checkout."""
        return self.project.root

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks of the application, in deploy order."""
        return ("local-one", "local-two")

    @property
    def deploys(self) -> list[str]:
        """The words of the command that makes everything as the code is."""
        return ["deploy", *self.stacks]

    def state(self, stack: str) -> dict[str, Any] | None:
        """The stored state of a stack."""
        return self.project.state(stack)

    def gw(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command line, as a person types it."""
        return self.project.gw(*words)

    # ── the embedded AWS ───────────────────────────────────────────────────────────────────────────
    def find_server(self) -> None:
        """Let the application's checkout know the running server, at the endpoint's address."""
        theirs, ours = self.server.project.work / "aws", self.project.workspace.project.work / "aws"
        port = int(self.endpoint.url.rpartition(":")[2])
        record = json.loads((theirs / "server.json").read_bytes())
        (ours / "server.json").write_text(json.dumps({**record, "port": port}))

    def kill_server(self) -> None:
        """Kill the embedded AWS right after a save, so that it has forgotten nothing that it answered.

        Otherwise Terraform would wait for minutes for what the server no longer knows, such as a key's deletion.
        """
        self.endpoint.hold_all()
        guard = {"x-groundwork": "1"}
        saved = httpx.post(f"{self.server.endpoint}/_groundwork/save", headers=guard, timeout=60, trust_env=False)
        assert saved.json()["ok"], saved.text
        process = psutil.Process(json.loads((self.server.project.work / "aws" / "server.json").read_bytes())["pid"])
        process.kill()
        process.wait(20)

    def start_server(self) -> None:
        """Start it again, as `gw local up` does."""
        LocalCloud(self.server.project.work, Path(sys.executable)).up()
        self.find_server()

    # ── what is deployed ───────────────────────────────────────────────────────────────────────────
    def change(self) -> None:
        """The next version of the code."""
        self.version += 1
        self._first_stack(range(max(1, self.version - VERSIONS_ALIVE + 1), self.version + 1))
        self._second_stack(range(max(1, self.version - VERSIONS_ALIVE + 1), self.version + 1))

    def name(self, what: str, version: int) -> str:
        """The name in AWS of what a version makes."""
        return f"{self.names}-{what}-{version}"

    def _first_stack(self, versions: Sequence[int]) -> None:
        resources: dict[str, dict[str, Any]] = {
            "aws_ssm_parameter": {
                "config": {"name": f"{self.names}-config", "type": "String", "value": f"version {self.version}"}
            },
            "aws_sns_topic": {},
            "aws_kms_key": {},
        }
        for version in versions:
            name = f"v{version}"
            resources["aws_ssm_parameter"][name] = {
                "name": self.name("first", version),
                "type": "String",
                "value": "x",
            }
            resources["aws_sns_topic"][name] = {
                "name": self.name("topic", version),
                "depends_on": [f"aws_ssm_parameter.{name}"],
            }
            # It has no name: a second one would be made without an error.
            resources["aws_kms_key"][name] = {
                "description": self.name("key", version),
                "deletion_window_in_days": 7,
                "depends_on": [f"aws_sns_topic.{name}"],
            }
        outputs = {"version": f"version {self.version}"}
        self.project.aws_stack("one", resources, default_tags=self._tags("one"), lock=lock_file(), outputs=outputs)

    def _second_stack(self, versions: Sequence[int]) -> None:
        resources: dict[str, dict[str, Any]] = {
            "aws_ssm_parameter": {
                "copy": {
                    "name": f"{self.names}-copy",
                    "type": "String",
                    "value": "${data.terraform_remote_state.one.outputs.version}",
                }
            },
            "aws_cloudwatch_log_group": {
                f"v{version}": {"name": self.name("log", version), "depends_on": ["aws_ssm_parameter.copy"]}
                for version in versions
            },
        }
        self.project.aws_stack("two", resources, default_tags=self._tags("two"), lock=lock_file(), reads=["one"])

    def _tags(self, stack: str) -> dict[str, str]:
        return {"environment": "local", "stack": f"{self.names}-{stack}", "managed-by": "groundwork"}


class Bootstrap(App):
    """A state backend that each version makes anew, under other names: it takes a killed `gw bootstrap` to the end."""

    @property
    def stacks(self) -> tuple[str, ...]:
        """The state backend."""
        return ("local-state-backend",)

    @property
    def deploys(self) -> list[str]:
        """See App."""
        return ["bootstrap", "local"]

    def state(self, stack: str) -> dict[str, Any] | None:
        """The state in the bucket that the stack makes."""
        s3 = self.server.client("s3")
        try:
            state: dict[str, Any] = json.load(s3.get_object(Bucket=f"{self.names}-state", Key=self.key)["Body"])
        except (s3.exceptions.NoSuchBucket, s3.exceptions.NoSuchKey):
            return None
        return state

    @property
    def key(self) -> str:
        """Of the state."""
        return "local/state-backend.tfstate"

    def change(self) -> None:
        """See App."""
        self.version += 1
        self.names = uuid.uuid4().hex[:10]
        key = {"description": self.name("key", self.version), "deletion_window_in_days": 7}
        alias = {"name": f"alias/{self.names}", "target_key_id": "${aws_kms_key.key.id}"}
        attribute = [{"name": "LockID", "type": "S"}]
        table = {"name": f"{self.names}-locks", "hash_key": "LockID", "billing_mode": "PAY_PER_REQUEST"}
        backend = {
            **self.project.backend("state-backend"),
            "bucket": f"{self.names}-state",
            "key": self.key,
            "dynamodb_table": table["name"],
            "kms_key_id": f"arn:aws:kms:eu-west-2:000000000000:alias/{self.names}",
        }
        resources = {
            "aws_s3_bucket": {"state": {"bucket": f"{self.names}-state"}},
            "aws_dynamodb_table": {"locks": {**table, "attribute": attribute, "depends_on": ["aws_s3_bucket.state"]}},
            "aws_kms_key": {"key": {**key, "depends_on": ["aws_dynamodb_table.locks"]}},
            "aws_kms_alias": {"key": alias},
        }
        tags = self._tags("state-backend")
        self.project.aws_stack("state-backend", resources, default_tags=tags, lock=lock_file(), backend=backend)


@contextmanager
def server(root: Path) -> Iterator[tuple[CloudProject, Endpoint]]:
    """An embedded AWS of its own in `root`, and an endpoint before it."""
    with cloud_project(root, CHECKOUT, Path(sys.executable)) as cloud, between(cloud.endpoint) as endpoint:
        yield with_quick_init(cloud), endpoint


def bootstrap(root: Path, cloud: CloudProject, endpoint: Endpoint) -> Bootstrap:
    """A new checkout in `root` with nothing but a state backend."""
    made = Bootstrap(cloud, endpoint, planned_project(root, cloud, CHECKOUT))
    _connect(made)
    return made


def app(root: Path, cloud: CloudProject, endpoint: Endpoint) -> App:
    """A new application in `root`, whose state backend and plan store exist already."""
    made = App(cloud, endpoint, planned_project(root, cloud, CHECKOUT))
    _connect(made)
    made.project.stack("delivery", {})
    made.project.stack("state-backend", {})
    backend = made.project.backend("state-backend")
    state = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": made.names, "outputs": {}}
    body = json.dumps({**state, "resources": []}).encode()
    cloud.client("s3").put_object(Bucket=backend["bucket"], Key=backend["key"], Body=body)
    return made


def _connect(made: App) -> None:
    """Let the checkout know the embedded AWS at the endpoint's address."""
    link = made.project.workspace.project.work / "aws"
    theirs = link.resolve()
    link.unlink()
    link.mkdir()
    shutil.copy(theirs / "credentials", link)
    config = (theirs / "config").read_text()
    (link / "config").write_text(config.replace(made.server.endpoint, made.endpoint.url))
    made.find_server()
