"""What the pipeline's roles may do with plans and registries: put or get, vouch or check, never both."""

from __future__ import annotations

from collections.abc import Sequence

from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.pipeline.pipeline_resources import ACTIONS_WITHOUT_RESOURCES
from stacks.blocks.security.encryption_key import use_by_alias
from stacks.values import Names


def plan_store_writes(names: Names) -> list[Statement]:
    """Statements for the role that plans main: it puts what it made, vouches for it, and reads none of that back.

    It may read what was applied, without plans: the end of a stack that the code lacks is planned from it.
    """
    aws, keys = names.aws, names.environment.keys
    bucket = aws.bucket_arn(names.plan_bucket)
    return [
        Statement(
            sid="PutPlans",
            actions=["s3:PutObject"],
            resources=[f"{bucket}/{folder}/*" for folder in ("main", "audit/planned")],
        ),
        use_by_alias(
            aws, names.plan_key_alias, sid="EncryptPlans", actions=["kms:GenerateDataKey"], existing=keys.plans
        ),
        use_by_alias(aws, names.plan_mac_alias, sid="VouchForPlans", actions=["kms:GenerateMac"]),
        Statement(sid="GetDeployed", actions=["s3:GetObject"], resources=[f"{bucket}/deployed/*"]),
        Statement(
            sid="FindDeployed",
            actions=["s3:ListBucket"],
            resources=[bucket],
            conditions={"StringLike": {"s3:prefix": "deployed/*"}},
        ),
        use_by_alias(
            aws, names.deployed_key_alias, sid="DecryptDeployed", actions=["kms:Decrypt"], existing=keys.deployed
        ),
    ]


def plan_store_reads(names: Names) -> list[Statement]:
    """Statements for the role that applies: it gets what main planned, checks it, and writes down what it did."""
    aws, keys = names.aws, names.environment.keys
    bucket = aws.bucket_arn(names.plan_bucket)
    folders = ("main", "applied", "audit")
    return [
        Statement(
            sid="GetPlans",
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[f"{bucket}/{folder}/*" for folder in folders],
        ),
        # Without it S3 answers "denied" where a plan is missing, and nobody could tell which.
        Statement(
            sid="FindPlans",
            actions=["s3:ListBucket"],
            resources=[bucket],
            conditions={"StringLike": {"s3:prefix": [f"{folder}/*" for folder in folders]}},
        ),
        Statement(
            sid="KeepAppliedAndDecisions",
            actions=["s3:PutObject"],
            resources=[f"{bucket}/{folder}/*" for folder in ("applied", "deployed", "audit")],
        ),
        use_by_alias(
            aws,
            names.plan_key_alias,
            sid="DecryptPlans",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            existing=keys.plans,
        ),
        use_by_alias(
            aws,
            names.deployed_key_alias,
            sid="EncryptDeployed",
            actions=["kms:GenerateDataKey"],
            existing=keys.deployed,
        ),
        use_by_alias(aws, names.plan_mac_alias, sid="CheckPlans", actions=["kms:VerifyMac"]),
    ]


def registry_writes(names: Names, registries: Sequence[str]) -> list[Statement]:
    """Statements for a role that releases: it pushes to these registries, and can neither delete nor replace."""
    return [
        sign_in_to_registries(),
        Statement(
            sid="Push",
            actions=[
                "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
                "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
            ],
            resources=[names.aws.arn("ecr", f"repository/{names.registry(name)}") for name in registries],
        ),
    ]  # fmt: skip


def sign_in_to_registries() -> Statement:
    """Statement for a role that pushes or pulls: other statements say what."""
    return Statement(
        sid="SignInToRegistries",
        actions=["ecr:GetAuthorizationToken"],
        resources=["*"],
        any_resource_because=ACTIONS_WITHOUT_RESOURCES,
    )
