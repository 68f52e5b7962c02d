"""The delivery stack, applied by the real AWS provider: who may write, read and sign plans, and publish charts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from groundwork.errors import Refused, TerraformFailed
from groundwork.paths import Project
from groundwork.plan import archive
from groundwork.platform import PipelineRole
from groundwork.refusals import Code
from groundwork.state import aws_session
from groundwork.store.opening import in_aws
from groundwork.store.plan_store import PlanStore
from stacks.commands.chart_repository import INDEX, ChartRepository
from stacks.commands.helm_program import helm_program
from stacks.platform import PlatformEnvironment
from stacks.values import Names, load
from tests.charts.sample_charts import packaged
from tests.support.aws import log_bucket
from tests.support.cloud_project import CloudProject, cloud_project
from tests.support.sample_bundles import AT, decision, index, made, packed

pytestmark = [pytest.mark.terraform, pytest.mark.slow]


@pytest.fixture(scope="module")
def names(checkout: Path) -> Names:
    return Names(load(checkout / "environments" / "local.yaml"))


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory, checkout: Path, synthesised: Path, names: Names
) -> Iterator[CloudProject]:
    """The delivery stack, applied with a local state, because a state backend would take another minute."""
    with cloud_project(tmp_path_factory.mktemp("checkout"), checkout, Path(sys.executable)) as made_cloud:
        folder = made_cloud.stacks / names.stack("delivery")
        shutil.copytree(synthesised / "stacks" / folder.name, folder)
        local = {"terraform": {"backend": {"local": {"path": "own.tfstate"}}}}
        (folder / "local_override.tf.json").write_text(json.dumps(local))
        log_bucket(made_cloud.client("s3"), names.access_log_bucket)
        terraform(made_cloud, folder, "init", "-input=false")
        began = time.monotonic()
        output = terraform(made_cloud, folder, "apply", "-auto-approve", "-input=false")
        print(f"applied in {time.monotonic() - began:.0f} s: {output}")  # noqa: T201
        yield made_cloud


def terraform(cloud: CloudProject, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [cloud.program, *arguments, "-no-color"],
        cwd=folder,
        env=dict(cloud.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


def session_of(cloud: CloudProject, names: Names, role: PipelineRole) -> boto3.Session:
    granted = cloud.client("sts").assume_role(RoleArn=names.delivery_role_arn(role), RoleSessionName="job")
    keys = granted["Credentials"]
    return aws_session.with_keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region="eu-west-2")


def store_of(cloud: CloudProject, names: Names, role: PipelineRole) -> PlanStore:
    location = PlatformEnvironment(names.environment).plan_store
    session, region = session_of(cloud, names, role), names.environment.region
    return in_aws("local", location, session, region=region, endpoint=cloud.endpoint)


def s3_of(cloud: CloudProject, names: Names, role: PipelineRole) -> Any:
    return session_of(cloud, names, role).client("s3", endpoint_url=cloud.endpoint)


def outcome(call: Any, **arguments: Any) -> str:
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


@pytest.fixture
def planner(cloud: CloudProject, names: Names) -> PlanStore:
    return store_of(cloud, names, "plan")


@pytest.fixture
def applier(cloud: CloudProject, names: Names) -> PlanStore:
    return store_of(cloud, names, "apply")


def test_a_second_plan_changes_nothing(cloud: CloudProject, names: Names) -> None:
    folder = cloud.stacks / names.stack("delivery")
    assert "No changes." in terraform(cloud, folder, "plan", "-input=false")


def test_the_apply_job_gets_the_bundle_that_main_planned(planner: PlanStore, applier: PlanStore) -> None:
    stored = planner.push(*made())
    assert stored.location.startswith("s3://")
    assert stored.version_id
    assert applier.fetch(stored, index=index(stored)) == b"planned bytes"
    assert applier.same_changes(stored, "1" * 64)
    assert not applier.same_changes(stored, "2" * 64)


def test_refuses_bundle_tampered(planner: PlanStore, applier: PlanStore, cloud: CloudProject, names: Names) -> None:
    """Somebody with the right to overwrite cannot swap a bundle: neither by a newer version nor by naming it."""
    stored = planner.push(*made())
    key = stored.location.split("/", 3)[3]
    root = cloud.client("s3")
    policy = root.get_bucket_policy(Bucket=names.plan_bucket)["Policy"]
    root.delete_bucket_policy(Bucket=names.plan_bucket)
    try:
        swapped = root.put_object(Bucket=names.plan_bucket, Key=key, Body=b"other bytes")["VersionId"]
    finally:
        root.put_bucket_policy(Bucket=names.plan_bucket, Policy=policy)
    assert applier.fetch(stored, index=index(stored)) == b"planned bytes"
    with pytest.raises(Refused) as error:
        applier.fetch(stored.model_copy(update={"version_id": swapped}), index=index(stored))
    assert [refusal.code for refusal in error.value.refusals] == [Code.BUNDLE_TAMPERED]


@pytest.mark.parametrize("other", [{"commit": "d" * 40}, {"run_id": "101"}, {"run_attempt": 2}])
def test_a_plan_of_another_run_or_commit_is_refused(
    planner: PlanStore, applier: PlanStore, other: dict[str, object]
) -> None:
    stored = planner.push(*made())
    with pytest.raises(Refused) as error:
        applier.fetch(stored, index=index(stored, **other))
    assert [refusal.code for refusal in error.value.refusals] == [Code.BUNDLE_TAMPERED]


@pytest.mark.parametrize("gone", ["key", "version"])
def test_refuses_bundle_missing(planner: PlanStore, applier: PlanStore, gone: str) -> None:
    stored = planner.push(*made())
    elsewhere = {"location": f"{stored.location}.gone"} if gone == "key" else {"version_id": "v" * 32}
    with pytest.raises(Refused) as error:
        applier.fetch(stored.model_copy(update=elsewhere), index=index(stored))
    assert [refusal.code for refusal in error.value.refusals] == [Code.BUNDLE_MISSING]


@pytest.mark.parametrize(
    ("role", "key", "expected"),
    [
        ("plan", "main/x", "ok"),
        ("plan", "audit/planned/x", "ok"),
        ("plan", "pull-request/7/x", "AccessDenied"),
        ("plan", "applied/x", "AccessDenied"),
        ("plan", "audit/approved/x", "AccessDenied"),
        ("plan", "deployed/x", "AccessDenied"),
        ("plan-pull-request", "deployed/x", "AccessDenied"),
        ("apply", "deployed/x", "ok"),
        ("plan-pull-request", "pull-request/7/x", "AccessDenied"),
        ("plan-pull-request", "main/x", "AccessDenied"),
        ("plan-pull-request", "audit/planned/x", "AccessDenied"),
        ("apply", "applied/x", "ok"),
        ("apply", "audit/applied/x", "ok"),
        ("apply", "main/x", "AccessDenied"),
        ("apply", "pull-request/7/x", "AccessDenied"),
        ("apply", "elsewhere", "AccessDenied"),
    ],
)
def test_every_role_writes_only_under_its_own_prefixes(
    cloud: CloudProject, names: Names, role: PipelineRole, key: str, expected: str
) -> None:
    s3 = s3_of(cloud, names, role)
    place = f"{key}-{role}-{time.monotonic_ns()}"
    assert outcome(s3.put_object, Bucket=names.plan_bucket, Key=place, Body=b"x", IfNoneMatch="*") == expected


@pytest.mark.parametrize("role", ["plan", "apply"])
def test_every_write_must_be_conditional_and_nothing_is_deleted(
    cloud: CloudProject, names: Names, role: PipelineRole
) -> None:
    s3 = s3_of(cloud, names, role)
    key = {"plan": "main/y", "apply": "applied/y"}[role]
    assert outcome(s3.put_object, Bucket=names.plan_bucket, Key=key, Body=b"x") == "AccessDenied"
    assert outcome(s3.put_object, Bucket=names.plan_bucket, Key=key, Body=b"x", IfNoneMatch="*") == "ok"
    assert outcome(s3.put_object, Bucket=names.plan_bucket, Key=key, Body=b"z", IfNoneMatch="*") == "PreconditionFailed"
    assert outcome(s3.delete_object, Bucket=names.plan_bucket, Key=key) == "AccessDenied"


def test_plan_roles_cannot_read_bundles(planner: PlanStore, cloud: CloudProject, names: Names) -> None:
    stored = planner.push(*made())
    with pytest.raises(TerraformFailed, match="plan store refuses to get"):
        planner.fetch(stored, index=index(stored))
    key = stored.location.split("/", 3)[3]
    for role in ("plan", "plan-pull-request"):
        s3 = s3_of(cloud, names, role)
        assert outcome(s3.get_object, Bucket=names.plan_bucket, Key=key) == "AccessDenied"


def test_no_role_both_makes_and_verifies_macs(cloud: CloudProject, names: Names) -> None:
    def kms(role: PipelineRole) -> Any:
        return session_of(cloud, names, role).client("kms", endpoint_url=cloud.endpoint)

    main = {"KeyId": names.plan_mac_alias, "Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}
    mac = kms("plan").generate_mac(**main)["Mac"]
    assert outcome(kms("apply").verify_mac, **main, Mac=mac) == "ok"
    assert outcome(kms("apply").generate_mac, **main) == "AccessDeniedException"
    assert outcome(kms("plan").verify_mac, **main, Mac=mac) == "AccessDeniedException"
    assert outcome(kms("plan-pull-request").generate_mac, **main) == "AccessDeniedException"
    assert outcome(cloud.client("kms").generate_mac, **main) == "AccessDeniedException", "not even administrators"


def test_decisions_and_applied_plans_are_kept(planner: PlanStore, applier: PlanStore, tmp_path: Path) -> None:
    planner.record(decision(kind="planned"))
    applier.record(decision(kind="applied", at=AT + timedelta(minutes=1)))
    assert [decision.kind for decision in applier.decisions("planned", "applied")] == ["planned", "applied"]
    bundle = packed(tmp_path, files={"cdk.tf.json": "{}", "plan": "a secret"})
    stored = planner.push(*bundle)
    applier.keep_applied(stored, index=index(stored), at=AT)
    last = applier.last_applied("local-thing")
    assert last is not None
    assert applier.fetch(last.stored, index=last) == bundle.body
    with pytest.raises(TerraformFailed):
        planner.record(decision(kind="applied"))


def test_only_main_s_plan_role_reads_deployed_folders_without_the_plan(
    planner: PlanStore, applier: PlanStore, cloud: CloudProject, names: Names, tmp_path: Path
) -> None:
    stored = planner.push(*packed(tmp_path, files={"cdk.tf.json": "{}", "plan": "a secret"}))
    applier.keep_applied(stored, index=index(stored), at=AT)
    deployed = planner.deployed("local-thing")
    assert deployed is not None
    assert list(archive.describe(deployed).files) == ["cdk.tf.json"]
    with pytest.raises(TerraformFailed):
        planner.last_applied("local-thing")
    with pytest.raises(TerraformFailed):
        store_of(cloud, names, "plan-pull-request").deployed("local-thing")

    # A plan that is put there by mistake is encrypted with the key of plans, which plan roles cannot use.
    key = f"deployed/local-thing/{time.monotonic_ns()}"
    s3_of(cloud, names, "apply").put_object(Bucket=names.plan_bucket, Key=key, Body=b"x", IfNoneMatch="*")
    assert outcome(s3_of(cloud, names, "plan").get_object, Bucket=names.plan_bucket, Key=key) == "AccessDenied"


def test_a_release_publishes_charts_and_nobody_changes_them(
    cloud: CloudProject, names: Names, checkout: Path, tmp_path: Path
) -> None:
    release = s3_of(cloud, names, "release-charts")
    with helm_program(os.environ, Project(checkout)) as helm:
        repository = ChartRepository(release, names.chart_bucket, helm)
        for version in ("1.0.0", "1.1.0"):
            assert repository.publish([packaged(helm, tmp_path, version)]) == ["published"]
    place = {"Bucket": names.chart_bucket, "Key": "small-1.0.0.tgz"}
    assert outcome(s3_of(cloud, names, "apply").get_object, **place) == "ok"
    assert outcome(s3_of(cloud, names, "plan").get_object, **place) == "AccessDenied"
    for body in ({**place, "Body": b"x"}, {**place, "Key": INDEX, "Body": b"x"}):
        assert outcome(release.put_object, **body) == "AccessDenied", "without a condition"
    etag = release.head_object(**place)["ETag"]
    assert outcome(release.put_object, **place, Body=b"x", IfMatch=etag) == "AccessDenied", "a package"
    assert outcome(release.delete_object, **place) == "AccessDenied"
    for other in (cloud.client("s3"), s3_of(cloud, names, "apply")):
        assert outcome(other.put_object, **{**place, "Key": "new"}, Body=b"x", IfNoneMatch="*") == "AccessDenied"
