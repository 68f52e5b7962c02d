"""The demo's steps as functions over a workspace; each returns what it proved and raises where it did not."""

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
from groundwork.state.aws_session import CONFIG, session
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
    """The object that appeared in the other account, read there; `refused_to` is who may not read it."""

    answer: Answer
    bucket: str
    key: str
    size: int
    first_record: Any
    refused_to: str


def call(workspace: Workspace, *, records: int = 5) -> Written:
    """Send a request through API Gateway → Lambda and find the object in the archive account's bucket.

    Raises TerraformFailed where the API does not answer 201, where the object is not there, or where the main account
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
    stranger = main.client("s3", endpoint_url=workspace.endpoint, config=CONFIG)
    try:
        stranger.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        refused = error.response["Error"]["Code"]
    else:
        raise TerraformFailed(f"account {environment.accounts.main.id} can read {bucket}/{key}, which it must not")
    document = json.loads(content)
    records_written = document["records"] if isinstance(document, dict) else document
    return Written(answer, bucket, key, len(content), records_written[0], f"{environment.accounts.main.id}: {refused}")


def require_unchanged(found: Sequence[StackDiff]) -> None:
    """Raise TerraformFailed unless every stack that Terraform can plan here would change nothing."""
    unplannable = {Status.NO_PROVIDER, Status.NO_CLUSTER}
    wrong = [one for one in found if one.status not in {Status.UNCHANGED, *unplannable}]
    if wrong:
        raise TerraformFailed("\n".join(f"{one.stack}: {one.status}\n{one.text[-3000:]}{one.why}" for one in wrong))


def before_the_pull_request(workspace: Workspace) -> tuple[Workspace, str]:
    """Main as it was before a pull request whose merge is the checkout, and a sentence that says what that changes.

    One value of the environment is different there. The files of the checkout stay as they are: the copy lies in its
    work folder, the synth in a folder of its own.
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
    role = f"arn:aws:iam::{environment.accounts.archive.id}:role/{environment.accounts.archive.role}"
    sts = main.client("sts", endpoint_url=workspace.endpoint, config=CONFIG)
    granted = sts.assume_role(RoleArn=role, RoleSessionName="demo")["Credentials"]
    return main.client(
        "s3",
        endpoint_url=workspace.endpoint,
        config=CONFIG,
        aws_access_key_id=granted["AccessKeyId"],
        aws_secret_access_key=granted["SecretAccessKey"],
        aws_session_token=granted["SessionToken"],
    )
