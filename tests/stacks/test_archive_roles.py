"""The archive account's roles: who of the pipeline may take them, and what they may do there."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from localcloud.aws.policy import Call, Decision, Principal, evaluate
from stacks.archive import ArchiveStack
from stacks.archive_roles import ArchiveRolesStack
from stacks.values import Names
from tests.support.synth import environment, resources, synth

MAIN, ARCHIVE = "111122223333", "444455556666"
BUCKET = f"arn:aws:s3:::acme-dev-archive-{ARCHIVE}"
KEY = f"arn:aws:kms:eu-west-2:{ARCHIVE}:key/k"
OURS = {"aws:ResourceTag/environment": ["dev"]}
GITHUB = {"singletons": {"github_repository": "acme/platform"}}


@cache
def roles(protect: bool) -> Any:
    return synth(ArchiveRolesStack, **GITHUB, protect=protect)


def role(name: str, *, protect: bool = True) -> tuple[Any, str]:
    """The role and its policy."""
    named = roles(protect)["resource"]["aws_iam_role"]
    (address,) = [key for key, body in named.items() if body["name"] == name]
    (policy,) = [
        body["policy"]
        for body in resources(roles(protect), "aws_iam_role_policy")
        if body["role"] == f"${{aws_iam_role.{address}.id}}"
    ]
    return named[address], policy


def decision(name: str, action: str, resource: str, *, protect: bool = True, **context: list[str]) -> Decision:
    me = Principal(ARCHIVE, f"arn:aws:iam::{ARCHIVE}:role/{name}")
    return evaluate(role(name, protect=protect)[1], Call(me, action, resource, {**OURS, **context}))


@pytest.mark.parametrize(
    ("name", "callers"),
    [("groundwork-plan-dev", {"plan", "plan-pull-request", "apply"}), ("groundwork-deploy-dev", {"apply"})],
)
def test_only_the_pipelines_own_roles_take_them(name: str, callers: set[str]) -> None:
    trust = role(name)[0]["assume_role_policy"]
    for caller in ("plan", "plan-pull-request", "apply", "release-images", "release-charts", "../administrator"):
        arn = f"arn:aws:iam::{MAIN}:role/acme-dev-delivery-{caller}"
        call = Call(Principal(MAIN, arn), "sts:AssumeRole", f"arn:aws:iam::{ARCHIVE}:role/{name}")
        assert (evaluate(trust, call) is Decision.ALLOWED) is (caller in callers), caller
    elsewhere = Principal("999900001111", f"arn:aws:iam::{MAIN}:role/acme-dev-delivery-apply")
    assert evaluate(trust, Call(elsewhere, "sts:AssumeRole", "x")) is Decision.NEUTRAL


def test_the_plans_role_reads_settings_and_nothing_else() -> None:
    allowed = [
        action
        for statement in json.loads(role("groundwork-plan-dev")[1])["Statement"]
        for action in (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
    ]
    assert not [action for action in allowed if not action.partition(":")[2].startswith(("Get", "List", "Describe"))]
    assert not {"s3:GetObject", "s3:GetObjectVersion"} & set(allowed)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:DeleteBucket", BUCKET),
        ("s3:DeleteBucketPolicy", BUCKET),
        ("s3:DeleteObject", f"{BUCKET}/records/1"),
        ("s3:DeleteObjectVersion", f"{BUCKET}/records/1"),
        ("s3:PutObject", f"{BUCKET}/records/1"),
        ("s3:PutObjectRetention", f"{BUCKET}/records/1"),
        ("s3:BypassGovernanceRetention", f"{BUCKET}/records/1"),
        ("kms:ScheduleKeyDeletion", KEY),
        ("kms:DisableKey", KEY),
        ("kms:PutKeyPolicy", KEY),
    ],
)
def test_where_it_protects_the_deploy_role_is_denied_what_deletes_or_opens(action: str, resource: str) -> None:
    """Whoever takes over the main account can take this role."""
    assert decision("groundwork-deploy-dev", action, resource) is Decision.DENIED


@pytest.mark.parametrize("action", ["s3:GetObject", "iam:PutRolePolicy", "iam:CreateRole", "iam:PassRole"])
def test_the_deploy_role_reads_no_object_and_changes_no_role(action: str) -> None:
    for resource in (f"{BUCKET}/records/1", f"arn:aws:iam::{ARCHIVE}:role/groundwork-deploy-dev"):
        assert decision("groundwork-deploy-dev", action, resource) is not Decision.ALLOWED
        assert decision("groundwork-deploy-dev", action, resource, protect=False) is not Decision.ALLOWED


@pytest.mark.parametrize(
    "action",
    ["PutBucketPolicy", "DeleteBucketPolicy", "PutLifecycleConfiguration", "PutBucketVersioning", "DeleteBucket",
     "PutBucketObjectLockConfiguration"],
)  # fmt: skip
def test_once_the_archive_is_made_its_own_policy_keeps_the_deploy_role_off(action: str) -> None:
    """A role's policy cannot allow the first PutBucketPolicy alone; the policy that it puts denies the next."""

    def by_the_bucket(name: str, *, protect: bool) -> Decision:
        document = synth(ArchiveStack, **GITHUB, protect=protect)
        (policy,) = [
            each["policy"] for each in resources(document, "aws_s3_bucket_policy") if "WriterAdds" in each["policy"]
        ]
        me = Principal(ARCHIVE, f"arn:aws:iam::{ARCHIVE}:role/{name}")
        return evaluate(policy, Call(me, f"s3:{action}", BUCKET))

    assert by_the_bucket("groundwork-deploy-dev", protect=True) is Decision.DENIED
    assert by_the_bucket("administrator", protect=True) is Decision.NEUTRAL
    assert by_the_bucket("groundwork-deploy-dev", protect=False) is Decision.NEUTRAL


def test_the_archives_policy_comes_after_what_it_denies() -> None:
    document = synth(ArchiveStack, **GITHUB, protect=True, archive={"lock_days": 30})
    (policy,) = [each for each in resources(document, "aws_s3_bucket_policy") if "DeployerChanges" in each["policy"]]
    kinds = {address.partition(".")[0] for address in policy["depends_on"]}
    assert kinds >= {
        "aws_s3_bucket_versioning",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_object_lock_configuration",
    }


def test_the_stack_is_planned_as_the_plans_role_and_made_as_the_persons() -> None:
    (provider,) = roles(True)["provider"]["aws"]
    assert provider["assume_role"] == [{"role_arn": f"arn:aws:iam::{ARCHIVE}:role/groundwork-plan-dev"}]
    names = Names(environment(**GITHUB))
    assert names.archive_bootstrap_role_arn == f"arn:aws:iam::{ARCHIVE}:role/OrganizationAccountAccessRole"


def test_without_a_repository_nobody_is_let_in() -> None:
    assert "resource" not in synth(ArchiveRolesStack)
