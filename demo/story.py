"""The demo's steps as functions over a workspace; each returns what it proved, and raises where it could not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from ruamel.yaml import YAML

from demo import calling
from demo.invoke import Answer
from groundwork.errors import TerraformFailed
from groundwork.plan.diff import StackDiff, Status
from groundwork.state import aws
from groundwork.state.aws_session import CONFIG, assume, session
from groundwork.workspace import Workspace
from stacks.platform import values_of
from stacks.values import Environment, Names

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

ENVIRONMENT = "local"
API = "local-api"
MAIN_OUT = "cdktf.out.demo"
_LEAST_MEMORY = 128  # MB that Lambda allows


@dataclass(frozen=True)
class Written:
    """The object in the other account, as read there; `refused_to` is who may not read it."""

    answer: Answer
    bucket: str
    key: str
    size: int
    first_record: Any
    refused_to: str


def call(workspace: Workspace, *, records: int = 5) -> Written:
    """Send a request through API Gateway → Lambda and find the object in the archive account's bucket.

    Raises TerraformFailed where the API does not answer 201, where the object does not exist, or where the main account
    itself can read it: only the function's role may write, and only the archive account reads.
    """
    answer = calling.populate(workspace, ENVIRONMENT, records=records)
    if answer.status != 201:
        raise TerraformFailed(f"POST {answer.url} answered {answer.status}: {answer.body}")
    bucket, key = answer.body["bucket"], answer.body["key"]
    environment = values_of(workspace.environments[ENVIRONMENT])
    main = _main_session(workspace, environment)
    reader = _archive_reader(workspace, environment, main)
    content = reader.get_object(Bucket=bucket, Key=key)["Body"].read()
    outsider = main.client("s3", endpoint_url=workspace.endpoint, config=CONFIG)
    try:
        outsider.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        code = aws.error_code(error)
    else:
        raise TerraformFailed(f"account {environment.accounts.main.id} can read {bucket}/{key}, which it must not")
    document = json.loads(content)
    records_written = document["records"] if isinstance(document, dict) else document
    return Written(answer, bucket, key, len(content), records_written[0], f"{environment.accounts.main.id}: {code}")


def require_unchanged(diffs: Sequence[StackDiff]) -> None:
    """Raise TerraformFailed unless no stack that Terraform can plan here would change."""
    accepted = {Status.UNCHANGED, Status.NO_PROVIDER, Status.NO_CLUSTER}
    if wrong := [diff for diff in diffs if diff.status not in accepted]:
        raise TerraformFailed(
            "\n".join(f"{diff.stack}: {diff.status}\n{diff.text[-3000:]}{diff.why}" for diff in wrong)
        )


def before_the_pull_request(workspace: Workspace) -> tuple[Workspace, str]:
    """Main before a pull request whose merge is the checkout, and what the pull request changes, in words.

    It differs in a single value of the environment. The files of the checkout do not change: the copy is in its work
    folder, the synthesis in a folder of its own.
    """
    folder = workspace.project.work / "demo" / "environments"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = workspace.project.environments / f"{ENVIRONMENT}.yaml"
    yaml = YAML()
    document = yaml.load(source.read_text(encoding="utf-8"))
    after = values_of(workspace.environments[ENVIRONMENT]).api.function.memory_mb
    before = after // 2 if after >= 2 * _LEAST_MEMORY else after * 2
    document.setdefault("api", {}).setdefault("function", {})["memory_mb"] = before
    with (folder / source.name).open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    main = Workspace(
        workspace.project,
        workspace.tools,
        endpoint=workspace.endpoint,
        out_name=MAIN_OUT,
        environments_folder=folder,
    )
    return main, f"api.function.memory_mb: {before} → {after}"


def _main_session(workspace: Workspace, environment: Environment) -> boto3.Session:
    store = workspace.store(Names(environment).stack("api"))
    return session(store.folder, store.backend)


def _archive_reader(workspace: Workspace, environment: Environment, main: boto3.Session) -> S3Client:
    role = Names(environment).archive_bootstrap_role_arn
    archive = assume(main, role, name="demo", endpoint=workspace.endpoint)
    return archive.client("s3", endpoint_url=workspace.endpoint, config=CONFIG)
