"""The plan store of a throwaway checkout: the `delivery` stack's bucket, keys and roles, made quickly by boto3."""

from __future__ import annotations

from pathlib import Path

from groundwork.platform import PlanStoreLocation
from groundwork.store.opening import in_aws
from groundwork.store.plan_store import PlanStore
from groundwork.store.s3_store import S3Objects
from stacks.platform import PlatformEnvironment
from stacks.values import load
from tests.support.aws import empty_bucket, policy, versioned_bucket
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
        _OPENED[key] = in_aws("local", location, cloud.session(), region="eu-west-2", endpoint=cloud.endpoint)
    store = _OPENED[key]
    assert isinstance(store.objects, S3Objects)
    empty_bucket(store.objects.client, store.objects.bucket)
    return store


def _make(cloud: CloudProject, location: PlanStoreLocation) -> None:
    s3, kms, iam = (cloud.client(service) for service in ("s3", "kms", "iam"))
    versioned_bucket(s3, location.bucket)
    deployed = location.deployed_key[location.deployed_key.index("alias/") :]
    for alias, settings in ((deployed, {}), (location.mac_key, _HMAC)):
        key = kms.create_key(**settings)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=alias, TargetKeyId=key)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for role in ("plan", "apply"):
        name = location.roles[role].rpartition("/")[2]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
        iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=policy(everything))
