"""A throwaway checkout next to an embedded AWS of its own, for tests that run Terraform against it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3

from groundwork.paths import Project
from groundwork.state import aws_session
from groundwork.toolchain import environment, terraform
from localcloud.cloud import LocalCloud
from tests.support.aws import empty_bucket, lock_table, versioned_bucket
from tests.support.terraform import unhashed_provider


@dataclass(frozen=True)
class CloudProject:
    """`project` is the throwaway checkout, `environ` what Terraform needs there, `endpoint` the embedded AWS."""

    project: Project
    program: str
    environ: Mapping[str, str]
    endpoint: str
    backend: Mapping[str, Any]

    @property
    def stacks(self) -> Path:
        """Where synthesised stacks lie."""
        return self.project.out / "stacks"

    def session(self) -> boto3.Session:
        """A session with the laptop's credentials."""
        return aws_session.session(self.stacks / "x", self.backend)

    def client(self, service: str) -> Any:
        """A client of the embedded AWS."""
        return self.session().client(service, endpoint_url=self.endpoint)

    def clear_states(self) -> None:
        """Empty the state bucket and the lock table, where they exist, and remove all synthesised stacks."""
        shutil.rmtree(self.stacks)
        self.stacks.mkdir()
        s3, dynamodb = self.client("s3"), self.client("dynamodb")
        if any(bucket["Name"] == "state" for bucket in s3.list_buckets()["Buckets"]):
            empty_bucket(s3, "state")
        if "locks" in dynamodb.list_tables()["TableNames"]:
            for item in dynamodb.scan(TableName="locks")["Items"]:
                dynamodb.delete_item(TableName="locks", Key={"LockID": item["LockID"]})


@contextmanager
def cloud_project(root: Path, checkout: Path, python: Path) -> Iterator[CloudProject]:
    """A throwaway checkout in `root` with its own server, which ends with the context."""
    (root / "cdktf.out" / "stacks").mkdir(parents=True)
    cloud = LocalCloud(Project(root).work, python)
    endpoint = cloud.up(0, wait=timedelta(seconds=90)).endpoint
    try:
        binary = terraform.find(os.environ, Project(checkout), may_download=False)
        environ = {**environment.environment(os.environ, Project(checkout), binary), "AWS_ENDPOINT_URL": endpoint}
        if config := unhashed_provider(checkout, root):
            environ["TF_CLI_CONFIG_FILE"] = str(config)
        profile = "../../../.groundwork/aws"
        backend = {
            "region": "eu-west-2",
            "profile": "groundwork-laptop",
            "shared_config_files": [f"{profile}/config"],
            "shared_credentials_files": [f"{profile}/credentials"],
        }
        yield CloudProject(Project(root), str(binary.path), environ, endpoint, backend)
    finally:
        cloud.down()


def state_bucket(cloud: CloudProject) -> None:
    """Make the bucket `state` and the lock table `locks` unless they exist."""
    s3, dynamodb = cloud.client("s3"), cloud.client("dynamodb")
    if any(bucket["Name"] == "state" for bucket in s3.list_buckets()["Buckets"]):
        return
    versioned_bucket(s3, "state")
    lock_table(dynamodb, "locks")


def link_checkout(root: Path, checkout: Path, cloud: CloudProject) -> None:
    """Make `root` a checkout whose `gw` uses the tools of `checkout` and the embedded AWS that runs for the test."""
    (root / "environments").mkdir(parents=True)
    shutil.copy(checkout / "environments" / "local.yaml", root / "environments")
    shutil.copy(checkout / "cdktf.json", root)
    for name in (".venv", "node_modules", "tools", "package.json"):
        (root / name).symlink_to(checkout / name)
    (root / ".groundwork").mkdir()
    (root / ".groundwork" / "aws").symlink_to(cloud.project.work / "aws")
    (root / ".gitignore").write_text(
        ".groundwork/\ncdktf.out*/\n.venv\nnode_modules\ntools\npackage.json\n__pycache__/\n"
    )


def begin_repository(root: Path, user: str, email: str, *, author: str = "Ada <ada@example.org>") -> None:
    """Make `root` a Git repository with everything in its first commit on main, by `author`, committed by `user`."""
    for words in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", user],
        ["config", "user.email", email],
        ["add", "-A"],
        ["commit", "-q", "-m", "first commit", f"--author={author}"],
    ):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def slow_stack(cloud: CloudProject, name: str, *, seconds: int, marker: str = "one", locking: str = "both") -> Path:
    """A synthesised stack whose one resource takes `seconds` to make; bucket and lock table are made where missing."""
    state_bucket(cloud)
    backend = {
        **cloud.backend,
        "bucket": "state",
        "key": f"local/{name}.tfstate",
        "use_path_style": True,
        "skip_metadata_api_check": True,
        **({"dynamodb_table": "locks"} if locking != "lockfile" else {}),
        **({"use_lockfile": True} if locking != "dynamodb" else {}),
    }
    folder = cloud.stacks / f"local-{name}"
    folder.mkdir(exist_ok=True)
    document = {
        "terraform": {"backend": {"s3": backend}},
        "resource": {
            "terraform_data": {
                "thing": {
                    "triggers_replace": [marker],
                    "provisioner": {"local-exec": {"command": f"sleep {seconds}"}},
                }
            }
        },
        "output": {"marker": {"value": marker}},
    }
    (folder / "cdk.tf.json").write_text(json.dumps(document))
    return folder
