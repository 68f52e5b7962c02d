"""What the pipeline may not make itself is made by a person, whatever happens meanwhile."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.state.bootstrap import BootstrapResult, bootstrap
from stacks.platform import PlatformEnvironment
from stacks.values import Environment, Names, load
from tests.state.killed_bootstrap import run_and_kill
from tests.support.cloud_project import CloudProject, cloud_project

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

STACK = "local-delivery"
# Where each run is killed: what it prints last. The first leaves resources that no state knows, where the folder goes.
KILLS = (r"^aws_iam_policy\..*: Creation complete", r"^aws_ecr_repository\..*: Creation complete", r"^Apply complete!")


@pytest.fixture(scope="module")
def environment(checkout: Path) -> Environment:
    return load(checkout / "environments" / "local.yaml")


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory, checkout: Path, synthesised: Path, environment: Environment
) -> Iterator[CloudProject]:
    with cloud_project(tmp_path_factory.mktemp("checkout"), checkout, Path(sys.executable)) as made:
        shutil.copytree(synthesised / "stacks" / STACK, made.stacks / STACK)
        state_backend(made, Names(environment))
        yield made


def state_backend(cloud: CloudProject, names: Names) -> None:
    """What the delivery stack needs of it."""
    s3, kms = cloud.client("s3"), cloud.client("kms")
    location = {"LocationConstraint": "eu-west-2"}
    for bucket in (names.state_bucket, names.access_log_bucket):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    delivers = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{names.access_log_bucket}/*",
    }
    s3.put_bucket_policy(
        Bucket=names.access_log_bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [delivers]})
    )
    kms.create_alias(AliasName=names.state_key_alias, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    cloud.client("dynamodb").create_table(
        TableName=names.lock_table,
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_killed_at_many_points_the_next_run_finishes_delivery(
    cloud: CloudProject, environment: Environment, checkout: Path
) -> None:
    for number, pattern in enumerate(KILLS):
        output = run_and_kill(cloud, checkout, pattern, STACK)
        assert re.search(pattern, output, re.MULTILINE), f"never came to {pattern}:\n{output[-3000:]}"
        if number == 0:
            # The next run is another machine's: no state has what exists.
            shutil.rmtree(cloud.project.work / "bootstrap")
    finished = run(cloud, environment)
    assert finished.status in {"made", "unchanged"}
    assert run(cloud, environment) == BootstrapResult(STACK, "unchanged")
    names = Names(environment)
    key = names.state_key("delivery")
    state = json.loads(cloud.client("s3").get_object(Bucket=names.state_bucket, Key=key)["Body"].read())
    assert {"aws_iam_role", "aws_kms_key", "aws_s3_bucket"} <= {resource["type"] for resource in state["resources"]}
    keys = [cloud.client("kms").describe_key(KeyId=entry["KeyId"]) for entry in cloud.client("kms").list_keys()["Keys"]]
    descriptions = [
        described["KeyMetadata"]["Description"] for described in keys if described["KeyMetadata"]["Description"]
    ]
    assert len(descriptions) == len(set(descriptions)), "a killed run's key was made twice"

    # What somebody changed by hand, or the code changed since, is brought back by a person as well.
    cloud.client("iam").delete_role_policy(RoleName=names.delivery_role("plan"), PolicyName="state")
    assert run(cloud, environment).status == "differs"
    assert run(cloud, environment, update=True).status == "updated"
    assert run(cloud, environment) == BootstrapResult(STACK, "unchanged")


def run(cloud: CloudProject, environment: Environment, *, update: bool = False) -> BootstrapResult:
    return bootstrap(
        cloud.project,
        PlatformEnvironment(environment),
        synthesised=cloud.stacks,
        program=Path(cloud.program),
        environ=cloud.environ,
        stack=STACK,
        update=update,
    )
