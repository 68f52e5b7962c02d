"""A person bootstraps the delivery stack, even after earlier attempts were killed."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.state.bootstrap import BootstrapResult
from stacks.values import Environment, Names, load
from tests.state.bootstrapping import bootstrap_stack, run_and_kill
from tests.support.aws import lock_table, log_bucket, versioned_bucket
from tests.support.cloud_project import CloudProject, cloud_project

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

STACK = "local-delivery"
# What each run prints before it is killed. The first leaves resources that no state has, because its folder is deleted.
KILLS = (r"^aws_iam_policy\..*: Creation complete", r"^Apply complete!")


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
    """Make what the delivery stack needs of the state backend."""
    s3, kms = cloud.client("s3"), cloud.client("kms")
    versioned_bucket(s3, names.state_bucket)
    log_bucket(s3, names.access_log_bucket)
    kms.create_alias(AliasName=names.state_key_alias, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    lock_table(cloud.client("dynamodb"), names.lock_table)


def test_killed_at_many_points_the_next_run_finishes_delivery(
    cloud: CloudProject, environment: Environment, checkout: Path
) -> None:
    for number, pattern in enumerate(KILLS):
        output = run_and_kill(cloud, checkout, pattern, STACK)
        assert re.search(pattern, output, re.MULTILINE), f"never came to {pattern}:\n{output[-3000:]}"
        if number == 0:
            # The next run is on another machine, without the local state of this run.
            shutil.rmtree(cloud.project.work / "bootstrap")
    finished = bootstrap_stack(cloud, environment, STACK)
    assert finished.status in {"made", "unchanged"}
    names = Names(environment)
    key = names.state_key("delivery")
    state = json.loads(cloud.client("s3").get_object(Bucket=names.state_bucket, Key=key)["Body"].read())
    assert {"aws_iam_role", "aws_kms_key", "aws_s3_bucket"} <= {resource["type"] for resource in state["resources"]}
    keys = [cloud.client("kms").describe_key(KeyId=entry["KeyId"]) for entry in cloud.client("kms").list_keys()["Keys"]]
    descriptions = [
        described["KeyMetadata"]["Description"] for described in keys if described["KeyMetadata"]["Description"]
    ]
    assert len(descriptions) == len(set(descriptions)), "a killed run's key was made twice"

    # A person also corrects what somebody changed by hand.
    cloud.client("iam").delete_role_policy(RoleName=names.delivery_role("plan"), PolicyName="state")
    assert bootstrap_stack(cloud, environment, STACK).status == "differs"
    assert bootstrap_stack(cloud, environment, STACK, update=True).status == "updated"
    assert bootstrap_stack(cloud, environment, STACK) == BootstrapResult(STACK, "unchanged")


def test_a_lost_state_of_another_account_is_found_again_there(
    cloud: CloudProject, environment: Environment, synthesised: Path
) -> None:
    stack, names = "local-archive-roles", Names(environment)
    shutil.copytree(synthesised / "stacks" / stack, cloud.stacks / stack)
    assert bootstrap_stack(cloud, environment, stack).status == "made"
    assert bootstrap_stack(cloud, environment, stack).status == "unchanged"

    key = names.state_key("archive-roles")
    cloud.client("s3").delete_object(Bucket=names.state_bucket, Key=key)
    again = bootstrap_stack(cloud, environment, stack)
    assert {address.partition(".")[0] for address in again.adopted} == {"aws_iam_role"}
    assert {address.partition(".")[0] for address in again.created} == {"aws_iam_role_policy"}
