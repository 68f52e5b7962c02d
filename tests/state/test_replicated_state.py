"""A state backend with a copy in another region is made, adopted without its state, and destroyed completely."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork.state.bootstrap import BootstrapResult
from groundwork.state.teardown import teardown
from stacks.platform import PlatformEnvironment
from stacks.values import Environment, Names, load
from tests.state.bootstrapping import bootstrap_stack, key_states
from tests.support.application import synthesise
from tests.support.cloud_project import CloudProject, cloud_project

pytestmark = [pytest.mark.terraform, pytest.mark.slow]
ELSEWHERE = "eu-west-1"
STACK = "local-state-backend"


@pytest.fixture(scope="module")
def environments(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The laptop's environment file with a replica region."""
    folder = tmp_path_factory.mktemp("environments")
    text = (checkout / "environments/local.yaml").read_text(encoding="utf-8")
    assert "\nstate:" not in text
    (folder / "local.yaml").write_text(f"{text}\nstate:\n  replica_region: {ELSEWHERE}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def environment(environments: Path) -> Environment:
    return load(environments / "local.yaml")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, checkout: Path, environments: Path) -> Iterator[CloudProject]:
    out = tmp_path_factory.mktemp("synthesised")
    synthesise(checkout, out, environments=environments)
    with cloud_project(tmp_path_factory.mktemp("checkout"), checkout, Path(sys.executable)) as made:
        shutil.copytree(out / "stacks" / STACK, made.stacks / STACK)
        yield made


def test_a_replicated_backend_is_made_adopted_and_destroyed(cloud: CloudProject, environment: Environment) -> None:
    """All in one test, because each complete apply takes a minute of the provider's polling."""
    names = Names(environment)
    replica, logs = names.bucket("state-replica"), names.bucket("replica-logs")

    made = bootstrap_stack(cloud, environment)
    assert made.status == "made"
    assert any(address.startswith("aws_s3_bucket_replication_configuration.") for address in made.created)
    _replicates(cloud, names.state_bucket, replica)
    s3 = _client(cloud, "s3")
    assert {_region(s3, bucket) for bucket in (replica, logs)} == {ELSEWHERE}

    assert bootstrap_stack(cloud, environment) == BootstrapResult(STACK, "unchanged")

    # Without the state, the resources are found in both regions, and none is made twice.
    _lose_the_state(cloud, names)
    adopted = bootstrap_stack(cloud, environment)
    assert {address.split(".")[0] for address in adopted.adopted} >= {"aws_s3_bucket", "aws_kms_key", "aws_kms_alias"}
    assert sum(address.startswith("aws_s3_bucket.") for address in adopted.adopted) == 4
    assert not any(address.startswith(("aws_s3_bucket.", "aws_kms_key.")) for address in adopted.created)
    assert bootstrap_stack(cloud, environment) == BootstrapResult(STACK, "unchanged")

    key = names.state_key("state-backend")
    copied = json.loads(s3.get_object(Bucket=replica, Key=key)["Body"].read())
    assert copied["resources"], "the state is in both regions"
    removed = teardown(
        cloud.project,
        PlatformEnvironment(environment),
        synthesised=cloud.stacks,
        program=Path(cloud.program),
        environ=cloud.environ,
        delete_history=True,
    )
    assert removed.status == "destroyed"
    assert removed.versions >= 4, "two versions of the state, in both regions"
    _nothing_left(cloud)


def _client(cloud: CloudProject, service: str, region: str = ELSEWHERE) -> Any:
    made: Any = cloud.session().client(service, region_name=region, endpoint_url=cloud.endpoint)  # type: ignore[call-overload]
    return made


def _region(s3: Any, bucket: str) -> str:
    return str(s3.get_bucket_location(Bucket=bucket)["LocationConstraint"])


def _replicates(cloud: CloudProject, source: str, replica: str) -> None:
    """Assert that S3 has a replication rule, a role for it, and a key of the other region."""
    s3 = cloud.client("s3")
    configuration = s3.get_bucket_replication(Bucket=source)["ReplicationConfiguration"]
    (rule,) = configuration["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{replica}"
    assert f":kms:{ELSEWHERE}:" in rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"]
    assert {s3.get_bucket_versioning(Bucket=bucket)["Status"] for bucket in (source, replica)} == {"Enabled"}
    role = configuration["Role"].rsplit("/", 1)[-1]
    assert cloud.client("iam").list_role_policies(RoleName=role)["PolicyNames"] == ["replicate"]


def _lose_the_state(cloud: CloudProject, names: Names) -> None:
    s3, key = cloud.client("s3"), names.state_key("state-backend")
    s3.delete_object(Bucket=names.state_bucket, Key=key)


def _nothing_left(cloud: CloudProject) -> None:
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert cloud.client("dynamodb").list_tables()["TableNames"] == []
    assert cloud.client("iam").list_roles()["Roles"] == []
    for region in ("eu-west-2", ELSEWHERE):
        assert key_states(_client(cloud, "kms", region)) == {"PendingDeletion"}, region
