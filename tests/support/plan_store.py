"""The plan store of a throwaway checkout: the `delivery` stack's bucket, keys and roles, made quickly by boto3."""

from __future__ import annotations

import json
from pathlib import Path

from groundwork.platform import PlanStoreLocation
from groundwork.state import aws
from groundwork.store.opening import in_aws
from groundwork.store.plan_store import PlanStore
from groundwork.store.s3_store import S3Objects
from stacks.platform import PlatformEnvironment
from stacks.values import load
from tests.support.cloud_project import CloudProject

_OPENED: dict[str, PlanStore] = {}
"""Server and checkout → store: making boto3's clients takes a tenth of a second each."""

_HMAC = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}


def empty_store(cloud: CloudProject, checkout: Path) -> PlanStore:
    """The empty store of `local`, opened as the laptop's user."""
    key = f"{cloud.endpoint} {cloud.project.root}"
    if key not in _OPENED:
        location = PlatformEnvironment(load(checkout / "environments" / "local.yaml")).plan_store
        _make(cloud, location)
        _OPENED[key] = in_aws(
            "local", location, cloud.session(), role="apply", region="eu-west-2", endpoint=cloud.endpoint
        )
    store = _OPENED[key]
    assert isinstance(store.objects, S3Objects)
    s3, bucket = store.objects.client, store.objects.bucket
    listing = aws.entries(s3, "list_object_versions", "Versions", "DeleteMarkers", Bucket=bucket)
    if versions := [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in listing]:
        s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
    return store


def _make(cloud: CloudProject, location: PlanStoreLocation) -> None:
    s3, kms, iam = (cloud.client(service) for service in ("s3", "kms", "iam"))
    s3.create_bucket(Bucket=location.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    s3.put_bucket_versioning(Bucket=location.bucket, VersioningConfiguration={"Status": "Enabled"})
    deployed = location.deployed_key[location.deployed_key.index("alias/") :]
    for alias, settings in ((deployed, {}), *((alias, _HMAC) for alias in sorted(set(location.mac_keys.values())))):
        key = kms.create_key(**settings)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=alias, TargetKeyId=key)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for role in ("plan", "apply"):
        name = location.roles[role].rpartition("/")[2]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
        iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=_policy(everything))


def _policy(statement: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
