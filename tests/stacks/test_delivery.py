"""The delivery stack: who may sign in, store, read and sign plans, and that no role can extend its own rights."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from localcloud.aws.policy import Call, Decision, Principal, evaluate
from stacks.blocks.errors import IllegalComposition
from stacks.blocks.pipeline.role_boundary import LARGEST_POLICY
from stacks.blocks.security.mac_key import MacKey
from stacks.delivery import DeliveryStack
from tests.support.pipeline_roles import ACCOUNT, REPOSITORY, ROLES, actions_of, allowed, boundary, delivery
from tests.support.synth import environment, only_resource, resources, statements, synth

ISSUER = "token.actions.githubusercontent.com"
PLANS = f"acme-dev-plans-{ACCOUNT}"
READING = re.compile(r":(Get|List|Describe|BatchGet|GET)")
# Actions that read data instead of settings.
DATA = {
    "s3:GetObject", "secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query",
    "ssm:GetParameter", "ssm:GetParameters", "logs:GetLogEvents", "logs:FilterLogEvents", "kms:Decrypt",
    "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "lambda:InvokeFunction", "rds:DownloadDBLogFilePortion",
    "ec2:GetPasswordData", "ec2:GetConsoleOutput", "sqs:ReceiveMessage", "cognito-idp:ListUsers",
}  # fmt: skip


def bucket_decision(action: str, role: str, key: str, **context: str) -> Decision:
    """What the bucket's policy decides; `context` is condition key → value, as s3_if_none_match."""
    call = Call(
        Principal(ACCOUNT, ROLES[role]),
        action,
        f"arn:aws:s3:::{PLANS}/{key}",
        {name.replace("_", ":", 1).replace("_", "-"): [value] for name, value in context.items()},
    )
    return evaluate(_plan_bucket_policy(), call)


def _plan_bucket_policy() -> Any:
    policies = delivery()["resource"]["aws_s3_bucket_policy"]
    (policy,) = [policy["policy"] for name, policy in policies.items() if name.startswith("plans_")]
    return policy


def trust(kind: str, **changes: Any) -> dict[str, Any]:
    (role,) = [
        role for role in resources(delivery(**changes), "aws_iam_role") if role["name"] == f"acme-dev-delivery-{kind}"
    ]
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    return dict(statement)


# ── who may sign in ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("kind", "github_environment", "workflow"),
    [
        ("plan-pull-request", "dev-pull-request", "plan.yml"),
        ("plan", "dev-plan", "plan.yml"),
        ("apply", "dev", "apply.yml"),
        ("release-images", "dev-release-images", "release.yml"),
        ("release-charts", "dev-release-charts", "release.yml"),
    ],
)
def test_a_role_trusts_one_github_environment_and_one_workflow_of_main(
    kind: str, github_environment: str, workflow: str
) -> None:
    assert trust(kind)["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": f"repo:{REPOSITORY}:environment:{github_environment}",
            f"{ISSUER}:job_workflow_ref": f"{REPOSITORY}/.github/workflows/{workflow}@refs/heads/main",
        }
    }
    assert trust(kind)["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"}


def test_the_apply_role_trusts_the_environment_without_reviewers_by_value() -> None:
    """GitHub docs, "OpenID Connect reference": the subject of a job of an environment names it."""
    on = {"auto_apply": {"highest_finding": "low"}}
    subjects = trust("apply", delivery=on)["Condition"]["StringEquals"][f"{ISSUER}:sub"]
    assert subjects == [f"repo:{REPOSITORY}:environment:dev", f"repo:{REPOSITORY}:environment:dev-auto"]
    for kind in ("plan", "plan-pull-request", "release-images", "release-charts"):
        assert trust(kind, delivery=on) == trust(kind)


def test_deployments_from_tags_use_the_apply_workflow_of_main() -> None:
    """Whoever may push a tag on a commit that is not merged would otherwise bring an apply.yml of their own."""
    assert trust("apply", delivery={"apply_from_tags": "v*"}) == trust("apply")


def test_without_a_repository_there_are_no_roles() -> None:
    document = synth(DeliveryStack)
    assert "aws_iam_role" not in document["resource"]
    assert "aws_s3_bucket" in document["resource"]


# ── the store ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("role", "key", "put", "get"),
    [
        ("plan", "main/1-1/dev-api/x.tar.gz", True, False),
        ("plan", "audit/planned/x.json", True, False),
        ("plan", "audit/approved/x.json", False, False),
        ("plan", "pull-request/7/x", False, False),
        ("plan", "applied/x", False, False),
        ("plan", "deployed/dev-api/x", False, True),
        ("plan-pull-request", "pull-request/7/x", False, False),
        ("plan-pull-request", "deployed/dev-api/x", False, False),
        ("plan-pull-request", "main/x", False, False),
        ("plan-pull-request", "audit/planned/x", False, False),
        ("apply", "main/x", False, True),
        ("apply", "applied/dev-api/x", True, True),
        ("apply", "deployed/dev-api/x", True, False),
        ("apply", "audit/applied/x", True, True),
        ("apply", "pull-request/7/x", False, False),
        ("release-images", "main/x", False, False),
        ("release-charts", "main/x", False, False),
    ],
)
def test_every_role_writes_and_reads_only_its_own_prefixes(role: str, key: str, put: bool, get: bool) -> None:
    """The role's policy and the bucket's policy each refuse everything else, so a mistake in one opens nothing."""
    document, object_ = delivery(), f"arn:aws:s3:::{PLANS}/{key}"
    assert allowed(document, role, "s3:PutObject", object_) is put
    assert any(allowed(document, role, f"s3:GetObject{which}", object_) for which in ("", "Version")) is get
    if not role.startswith("release-"):
        refused = Decision.DENIED
        assert (bucket_decision("s3:PutObject", role, key, s3_if_none_match="*") is not refused) is put
        assert (bucket_decision("s3:GetObjectVersion", role, key) is not refused) is get


@pytest.mark.parametrize("role", ["plan", "plan-pull-request", "apply"])
def test_the_pipeline_overwrites_and_deletes_nothing(role: str) -> None:
    key = {"plan": "main/x", "plan-pull-request": "main/x", "apply": "applied/x"}[role]
    assert bucket_decision("s3:PutObject", role, key) is Decision.DENIED, "without If-None-Match"
    for action in ("DeleteObject", "DeleteObjectVersion", "PutObjectTagging"):
        assert bucket_decision(f"s3:{action}", role, key) is Decision.DENIED
    for action in ("PutBucketPolicy", "DeleteBucketPolicy", "PutLifecycleConfiguration", "PutBucketVersioning"):
        assert bucket_decision(f"s3:{action}", role, "") is not Decision.ALLOWED
        assert not allowed(delivery(), role, f"s3:{action}", f"arn:aws:s3:::{PLANS}")


def test_plans_expire_and_applied_plans_and_decisions_are_kept() -> None:
    rules = only_resource(delivery(delivery={"plan_days": 3}), "aws_s3_bucket_lifecycle_configuration")["rule"]
    expiring = {rule["filter"][0]["prefix"]: rule["expiration"][0]["days"] for rule in rules if "expiration" in rule}
    assert expiring == {"main/": 3}


def test_no_role_both_makes_and_verifies_macs() -> None:
    keys = {key["description"]: key for key in resources(delivery(), "aws_kms_key")}
    main = keys["Vouches for plans of acme-dev"]["policy"]

    def may(policy: str, role: str, action: str) -> bool:
        arn = f"arn:aws:kms:eu-west-2:{ACCOUNT}:key/k"
        return evaluate(policy, Call(Principal(ACCOUNT, role), f"kms:{action}", arn)) is Decision.ALLOWED

    assert may(main, ROLES["plan"], "GenerateMac")
    assert may(main, ROLES["apply"], "VerifyMac")
    for role in (ROLES["apply"], ROLES["plan-pull-request"], f"arn:aws:iam::{ACCOUNT}:role/admin"):
        assert not may(main, role, "GenerateMac")
    for role in (ROLES["plan"], ROLES["plan-pull-request"], f"arn:aws:iam::{ACCOUNT}:role/admin"):
        assert not may(main, role, "VerifyMac")


def test_a_mac_key_whose_makers_also_verify_is_refused() -> None:
    def build(scope: Any, values: Any) -> Any:
        stack = DeliveryStack(scope, values)
        both = [ROLES["apply"]]
        MacKey(stack, "wrong", aws=stack.aws, alias="alias/x", description="x", makers=both, checkers=both)
        return stack

    with pytest.raises(IllegalComposition, match="could vouch for what it checks"):
        synth(build)


# ── what plans may read ────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("kind", ["plan", "plan-pull-request"])
def test_plan_roles_read_settings_but_no_data(kind: str) -> None:
    document = delivery()
    state = f"arn:aws:s3:::acme-dev-state-{ACCOUNT}/dev"
    for action in DATA - {"kms:Decrypt"}:
        wanted = {
            "s3:GetObject": f"arn:aws:s3:::acme-dev-archive-{ACCOUNT}/records/1",
            "dynamodb:GetItem": f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/acme-dev-idempotency",
        }
        assert not allowed(document, kind, action, wanted.get(action, "*")), action
    assert allowed(document, kind, "s3:GetObject", f"{state}/network.tfstate")
    assert not allowed(document, kind, "s3:PutObject", f"{state}/network.tfstate")
    assert allowed(document, kind, "s3:PutObject", f"{state}/network.tfstate.tflock") is (kind == "plan")
    secret = f"arn:aws:secretsmanager:eu-west-2:{ACCOUNT}:secret:acme-dev-x"
    assert allowed(document, kind, "secretsmanager:DescribeSecret", secret)
    assert not allowed(document, kind, "secretsmanager:GetSecretValue", secret)


def test_the_plan_role_writes_only_its_lock_and_its_plans() -> None:
    assert writes_of("plan") == {
        "s3:PutObject", "s3:DeleteObject", "dynamodb:PutItem", "dynamodb:DeleteItem",
        "kms:GenerateDataKey", "kms:GenerateMac", "kms:Decrypt", "sts:AssumeRole",
    }  # fmt: skip


def test_the_role_of_pull_requests_writes_nothing_and_takes_no_lock() -> None:
    assert writes_of("plan-pull-request") == {"kms:Decrypt", "sts:AssumeRole"}


def writes_of(kind: str) -> set[str]:
    return {action for action in actions_of(delivery(), kind) if not READING.search(action)}


@pytest.mark.parametrize(("locking", "table", "object_"), [("lockfile", False, True), ("both", True, True)])
def test_roles_may_take_the_kind_of_lock_that_is_a_value(locking: str, table: bool, object_: bool) -> None:
    """docs/adr/0017-states-are-locked-twice.md; the backend itself is in test_state_backend.py."""
    document = delivery(state={"locking": locking})
    item = f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/acme-dev-state-locks"
    lock = f"arn:aws:s3:::acme-dev-state-{ACCOUNT}/dev/network.tfstate.tflock"
    for role in ("plan", "apply"):
        assert allowed(document, role, "dynamodb:PutItem", item) is table
        assert allowed(document, role, "s3:PutObject", lock) is object_


def test_only_the_apply_role_may_write_in_the_archive_account() -> None:
    deploys, plans = (f"arn:aws:iam::444455556666:role/groundwork-{name}-dev" for name in ("deploy", "plan"))
    for kind in ("plan", "plan-pull-request"):
        assert allowed(delivery(), kind, "sts:AssumeRole", plans)
        assert not allowed(delivery(), kind, "sts:AssumeRole", deploys)
    assert allowed(delivery(), "apply", "sts:AssumeRole", deploys)


# ── what the apply may not do ──────────────────────────────────────────────────────────────────────
OWN = {"aws:ResourceTag/environment": "dev", "aws:ResourceTag/stack": "delivery"}
KEY = f"arn:aws:kms:eu-west-2:{ACCOUNT}:key/k"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/acme-dev-delivery-boundary"


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:PutRolePolicy", ROLES["apply"], {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:AttachRolePolicy", ROLES["plan"], {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:UpdateAssumeRolePolicy", ROLES["apply"], {}),
        ("iam:DeleteRolePermissionsBoundary", ROLES["apply"], {}),
        ("iam:DeleteRolePermissionsBoundary", f"arn:aws:iam::{ACCOUNT}:role/acme-dev-populate", {}),
        ("iam:CreatePolicyVersion", BOUNDARY, {}),
        ("iam:UpdateOpenIDConnectProviderThumbprint", f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}", {}),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/acme-dev-free", {}),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/elsewhere", {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/acme-dev-x", {}),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/acme-dev-x", {}),
        ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/acme-dev-state-replication",
         {"aws:ResourceTag/environment": "dev", "aws:ResourceTag/stack": "state-backend"}),
        ("s3:PutBucketPolicy", f"arn:aws:s3:::{PLANS}", {}),
        ("s3:PutLifecycleConfiguration", f"arn:aws:s3:::acme-dev-state-{ACCOUNT}", {}),
        ("kms:PutKeyPolicy", KEY, OWN),
        ("kms:ScheduleKeyDeletion", KEY, OWN),
        ("kms:UntagResource", KEY, OWN),
        ("kms:UpdateAlias", f"arn:aws:kms:eu-west-2:{ACCOUNT}:alias/acme-dev-plan-mac", {}),
        ("kms:ScheduleKeyDeletion", KEY, {"aws:ResourceTag/environment": "prod"}),
        ("kms:TagResource", KEY,
         {"aws:RequestTag/environment": "dev", "aws:ResourceTag/environment": "prod"}),
        ("ec2:CreateTags", f"arn:aws:ec2:eu-west-2:{ACCOUNT}:vpc/v", {"aws:ResourceTag/environment": "prod"}),
        ("kms:Decrypt", KEY, {"aws:ResourceTag/environment": "dev"}),
        ("kms:GenerateMac", KEY, {"kms:ResourceAliases": "alias/acme-dev-plan-mac"}),
        ("dynamodb:DeleteTable", f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/acme-dev-state-locks", {}),
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:eu-west-2:{ACCOUNT}:trail/acme-dev-audit", {}),
        ("guardduty:DeleteDetector", f"arn:aws:guardduty:eu-west-2:{ACCOUNT}:detector/d", {}),
        ("organizations:LeaveOrganization", "*", {}),
        ("ec2:CreateVpc", f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/v", {"aws:RequestedRegion": "us-east-1"}),
        ("lambda:CreateFunction", f"arn:aws:lambda:eu-west-2:{ACCOUNT}:function:acme-prod-populate", {}),
    ],
)  # fmt: skip
def test_the_apply_role_cannot_change_its_own_limits_or_other_environments(
    action: str, resource: str, context: dict[str, str]
) -> None:
    assert not allowed(delivery(), "apply", action, resource, context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:PutRolePolicy", ROLES["apply"], {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:PassRole", ROLES["apply"], {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("iam:CreatePolicyVersion", BOUNDARY, {}),
        ("iam:DeleteOpenIDConnectProvider", f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}", {}),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/somebody", {}),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/acme-dev-free", {}),
        ("iam:DeleteRolePermissionsBoundary", f"arn:aws:iam::{ACCOUNT}:role/acme-dev-populate", {}),
        ("s3:PutBucketPolicy", f"arn:aws:s3:::{PLANS}", {}),
        ("s3:DeleteObjectVersion", f"arn:aws:s3:::acme-dev-state-{ACCOUNT}/dev/api.tfstate", {}),
        ("s3:PutBucketPolicy", f"arn:aws:s3:::acme-dev-audit-{ACCOUNT}", {}),
        ("s3:DeleteBucketPolicy", f"arn:aws:s3:::acme-dev-audit-{ACCOUNT}", {}),
        ("s3:PutLifecycleConfiguration", f"arn:aws:s3:::acme-dev-audit-{ACCOUNT}", {}),
        ("s3:DeleteObjectVersion", f"arn:aws:s3:::acme-dev-audit-{ACCOUNT}/AWSLogs/1", {}),
        ("kms:PutKeyPolicy", KEY, OWN),
        ("kms:DeleteAlias", f"arn:aws:kms:eu-west-2:{ACCOUNT}:alias/acme-dev-plans", {}),
        ("dynamodb:UpdateTable", f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/acme-dev-state-locks", {}),
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:eu-west-2:{ACCOUNT}:trail/acme-dev-audit", {}),
        ("guardduty:UpdateDetector", f"arn:aws:guardduty:eu-west-2:{ACCOUNT}:detector/d", {}),
        ("lambda:CreateFunction", "*", {"aws:RequestedRegion": "us-east-1"}),
    ],
)  # fmt: skip
def test_the_boundary_denies_the_same_whatever_policies_a_role_has(
    action: str, resource: str, context: dict[str, str]
) -> None:
    """It limits a mistake in a policy, and the roles that the pipeline makes."""
    keys = {"aws:RequestedRegion": ["eu-west-2"]} | {key: [value] for key, value in context.items()}
    call = Call(Principal(ACCOUNT, ROLES["apply"]), action, resource, keys)
    assert evaluate(boundary(delivery()), call) is Decision.DENIED


def test_the_apply_role_may_grant_eks_its_key_without_the_resource_flag() -> None:
    """EKS user guide, envelope encryption: CreateCluster does not support kms:GrantIsForAWSResource."""
    assert allowed(delivery(), "apply", "kms:CreateGrant", KEY, {"aws:ResourceTag/environment": "dev"})
    assert not allowed(delivery(), "apply", "kms:CreateGrant", KEY, {"aws:ResourceTag/environment": "prod"})


@pytest.mark.parametrize(
    ("action", "context"),
    [
        ("kms:EnableKeyRotation", {}),
        ("kms:CreateGrant", {}),
        ("kms:Encrypt", {"kms:ViaService": "lambda.eu-west-2.amazonaws.com"}),
        ("kms:GenerateDataKey", {"kms:ViaService": "dynamodb.eu-west-2.amazonaws.com"}),
    ],
)
def test_a_new_key_is_used_before_its_tags_are_effective(action: str, context: dict[str, str]) -> None:
    """KMS developer guide, "Use tags to control access to KMS keys": tags take up to five minutes to affect access.

    The provider enables rotation right after it creates a key (internal/service/kms/key.go, resourceKeyCreate).
    """
    assert allowed(delivery(), "apply", action, KEY, context)
    assert not allowed(delivery(), "apply", action, KEY, {**context, "aws:ResourceTag/environment": "prod"})


def test_a_change_of_one_tag_of_a_key_is_allowed() -> None:
    """KMS API reference, TagResource: the request holds the tags to add or edit, not the others."""
    own, others = {"aws:ResourceTag/environment": "dev"}, {"aws:ResourceTag/environment": "prod"}
    assert allowed(delivery(), "apply", "kms:TagResource", KEY, {**own, "aws:RequestTag/team": "x"})
    assert not allowed(delivery(), "apply", "kms:TagResource", KEY, {**own, "aws:RequestTag/environment": "prod"})
    assert not allowed(delivery(), "apply", "kms:TagResource", KEY, {**others, "aws:RequestTag/team": "x"})


@pytest.mark.parametrize("role", ["plan", "plan-pull-request", "apply"])
def test_plans_read_the_environments_of_our_functions(role: str) -> None:
    """Lambda developer guide, "Securing environment variables": only who may use the key can view them."""

    def may(function: str, service: str = "lambda", region: str = "eu-west-2") -> bool:
        context = {
            "kms:ViaService": f"{service}.{region}.amazonaws.com",
            "kms:EncryptionContext:aws:lambda:FunctionArn": f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function}",
            "aws:ResourceTag/environment": "other",
        }
        return allowed(delivery(), role, "kms:Decrypt", KEY, context)

    assert may("acme-dev-populate")
    assert not may("acme-prod-populate")
    assert not may("acme-dev-populate", service="s3")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        # internal/service/ec2 of the provider: vpc_route_table_association.go, and deleteLingeringENIs of groups
        ("ec2:ReplaceRouteTableAssociation", f"arn:aws:ec2:eu-west-2:{ACCOUNT}:route-table/r"),
        ("ec2:DetachNetworkInterface", f"arn:aws:ec2:eu-west-2:{ACCOUNT}:network-interface/e"),
        ("ec2:DeleteNetworkInterface", f"arn:aws:ec2:eu-west-2:{ACCOUNT}:network-interface/e"),
        # internal/service/route53/zone.go: resourceZoneUpdate
        ("route53:UpdateHostedZoneComment", "arn:aws:route53:::hostedzone/Z1"),
    ],
)
def test_the_apply_role_has_what_updates_and_deletions_call(action: str, resource: str) -> None:
    assert allowed(delivery(), "apply", action, resource)
    if "Interface" in action:
        assert not allowed(delivery(), "apply", action, resource, {"aws:ResourceTag/environment": "prod"})


def test_the_apply_role_may_switch_rotation_of_its_own_keys_off() -> None:
    assert allowed(delivery(), "apply", "kms:DisableKeyRotation", KEY, {"aws:ResourceTag/environment": "dev"})
    assert not allowed(delivery(), "apply", "kms:DisableKeyRotation", KEY, OWN), "a key of a bootstrap stack"
    assert not allowed(delivery(), "apply", "kms:DisableKeyRotation", KEY)


def test_only_a_disposable_bucket_of_flow_logs_may_be_emptied() -> None:
    bucket = f"arn:aws:s3:::acme-dev-flow-logs-{ACCOUNT}"
    assert allowed(delivery(network={"flow_logs": "s3"}), "apply", "s3:ListBucketVersions", bucket)
    assert not allowed(delivery(network={"flow_logs": "s3"}, protect=True), "apply", "s3:ListBucketVersions", bucket)
    assert not allowed(delivery(), "apply", "s3:ListBucketVersions", bucket)


def test_only_a_disposable_code_bucket_may_be_emptied() -> None:
    """`force_destroy` lists and deletes versions (internal/service/s3/bucket.go of the provider, emptyBucket)."""
    profile = f"arn:aws:signer:eu-west-2:{ACCOUNT}:/signing-profiles/release/abcdefghij"
    signed = {"api": {"function": {"signing_profile_arns": [profile]}}}
    bucket = f"arn:aws:s3:::acme-dev-code-{ACCOUNT}"
    for protect in (False, True):
        document = delivery(protect=protect, **signed)
        assert allowed(document, "apply", "s3:ListBucketVersions", bucket) is not protect
        assert allowed(document, "apply", "s3:DeleteObjectVersion", f"{bucket}/signed/x.zip") is not protect


def test_every_role_has_the_boundary_as_a_limit_and_never_as_a_policy() -> None:
    document = delivery()
    (name,) = [key for key in document["resource"]["aws_iam_policy"] if key.startswith("boundary")]
    for role in resources(document, "aws_iam_role"):
        assert role["permissions_boundary"] == f"${{aws_iam_policy.{name}.arn}}"
    attached = {each["policy_arn"] for each in resources(document, "aws_iam_role_policy_attachment")}
    assert f"${{aws_iam_policy.{name}.arn}}" not in attached


DATABASES = {"postgres": {}, "mongodb": {"kind": "documentdb"}, "backup": {}}


@pytest.mark.parametrize("data", [{}, DATABASES], ids=["no databases", "all databases"])
def test_with_the_longest_names_policies_stay_within_iams_limits(data: dict[str, Any]) -> None:
    document = delivery(name="e" * 16, organisation="o" * 16, state={"replica_region": "eu-west-1"}, data=data)
    attached = [policy["policy"] for policy in resources(document, "aws_iam_policy")]
    assert all(len("".join(policy.split())) <= LARGEST_POLICY for policy in attached)
    inline: dict[str, int] = {}
    for policy in resources(document, "aws_iam_role_policy"):
        inline[policy["role"]] = inline.get(policy["role"], 0) + len("".join(policy["policy"].split()))
    assert max(inline.values()) <= 10_240, "IAM's limit for all inline policies of a role"
    assert all(len(role["name"]) <= 64 for role in resources(document, "aws_iam_role"))
    managed = Counter(each["role"] for each in resources(document, "aws_iam_role_policy_attachment"))
    assert max(managed.values()) <= 10, "IAM's quota for managed policies of a role"


# ── registries ─────────────────────────────────────────────────────────────────────────────────────
def test_tags_of_images_and_charts_are_immutable() -> None:
    document = delivery(delivery={"images": ["ledger"], "charts": ["service"]})
    repositories = {each["name"]: each for each in resources(document, "aws_ecr_repository")}
    assert set(repositories) == {"acme-dev/ledger", "acme-dev/charts/service"}
    for each in repositories.values():
        assert each["image_tag_mutability"] == "IMMUTABLE"
        assert each["encryption_configuration"][0]["encryption_type"] == "KMS"
        assert each["image_scanning_configuration"]["scan_on_push"] is True


def test_tags_are_counted_and_not_the_images_of_an_index() -> None:
    """Each image has a tag, and its SBOM another one; ECR keeps what an index refers to as long as the index."""
    document = delivery(delivery={"images": ["ledger"], "charts": ["service"], "images_kept": 30})
    policies = {
        name: json.loads(each["policy"]) for name, each in document["resource"]["aws_ecr_lifecycle_policy"].items()
    }
    tagged = {"tagStatus": "tagged", "tagPatternList": ["*"], "countType": "imageCountMoreThan"}
    for registry, tags in (("ledger", 60), ("charts_service", 30)):
        (rules,) = [policy["rules"] for name, policy in policies.items() if name.startswith(f"registry_{registry}_")]
        assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "tagged"]
        assert rules[1]["selection"] == {**tagged, "countNumber": tags}


@pytest.mark.row("0.6", "1.3")
@pytest.mark.parametrize(
    ("role", "own", "others"),
    [("release-images", "ledger", "charts/service"), ("release-charts", "charts/service", "ledger")],
)
def test_a_release_role_pushes_to_its_own_registries_and_deletes_nothing(role: str, own: str, others: str) -> None:
    """Charts are published by code of the commit, which so can push no image; images by no code of the repository."""
    registries = f"arn:aws:ecr:eu-west-2:{ACCOUNT}:repository/acme-dev"
    assert allowed(delivery(), role, "ecr:PutImage", f"{registries}/{own}")
    for action in ("ecr:BatchDeleteImage", "ecr:DeleteRepository", "ecr:PutImageTagMutability"):
        assert not allowed(delivery(), role, action, f"{registries}/{own}")
    for other in (
        f"{registries}/{others}",
        f"{registries}/unlisted",
        f"{registries}/{own}".replace("acme-dev", "acme-prod"),
    ):
        assert not allowed(delivery(), role, "ecr:PutImage", other)


def test_two_registries_with_the_same_name_are_refused() -> None:
    with pytest.raises(IllegalComposition, match="occurs twice"):
        DeliveryStack(*_app(delivery={"images": ["ledger", "ledger"]}))


def _app(**changes: Any) -> tuple[Any, Any]:
    from cdktf import Testing

    return Testing.app(), environment(**changes)


def test_the_plan_bucket_accepts_only_https_and_its_own_key() -> None:
    policy = statements(_plan_bucket_policy())
    assert policy["DenyPlainHttp"]["Effect"] == "Deny"
    assert "alias/acme-dev-plans" in json.dumps(policy["DenyOtherKeys"])


def test_only_the_apply_role_signs_code_and_plan_roles_may_read_it() -> None:
    profile = f"arn:aws:signer:eu-west-2:{ACCOUNT}:/signing-profiles/release"
    document = delivery(api={"function": {"signing_profile_arns": [f"{profile}/abcdefghij"]}})
    code = f"arn:aws:s3:::acme-dev-code-{ACCOUNT}/unsigned/x.zip"
    assert allowed(document, "apply", "signer:StartSigningJob", profile)
    assert allowed(document, "apply", "s3:PutObject", code)
    assert allowed(document, "plan", "s3:GetObject", code)
    assert not allowed(document, "plan", "s3:PutObject", code)
    assert not allowed(document, "plan", "signer:StartSigningJob", profile)
    key = {"kms:ViaService": "s3.eu-west-2.amazonaws.com",
           "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::acme-dev-code-{ACCOUNT}"}  # fmt: skip
    assert allowed(document, "plan", "kms:Decrypt", KEY, key), "the bucket's objects are encrypted"
    state = {**key, "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{PLANS}"}
    assert not allowed(document, "plan", "kms:Decrypt", KEY, state)
    assert not allowed(delivery(), "apply", "s3:PutObject", code), "only if a value asks for it"
