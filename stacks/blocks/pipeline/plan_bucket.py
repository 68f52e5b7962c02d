"""Bucket for plans and decisions: written once, under a prefix per role, read by one role, deleted by time alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constructs import Construct

from stacks.blocks.iam.policy_document import Principal, Statement
from stacks.blocks.security.encryption_key import EncryptionKey
from stacks.blocks.storage.private_bucket import PrivateBucket, Retention
from stacks.values import AwsScope

# Source: service authorization reference, "Actions, resources, and condition keys for Amazon S3".
_UNDOING = (
    "s3:DeleteObject*", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:PutObjectTagging", "s3:PutObjectRetention",
    "s3:PutObjectLegalHold", "s3:BypassGovernanceRetention", "s3:ReplicateDelete", "s3:ReplicateObject",
    "s3:DeleteBucket*", "s3:PutBucket*", "s3:PutLifecycleConfiguration", "s3:PutEncryptionConfiguration",
    "s3:PutReplicationConfiguration",
)  # fmt: skip


class PlanBucket(Construct):
    """Objects under the prefixes in `days` go after so many days, `applied/`, `deployed/` and `audit/` stay.

    `deployed/` holds what was applied without its plans, under a key of its own (`deployed_alias`): `planner` plans
    drift and the end of a stack from it, and reads nothing else.

    `planner`, `pull_request_planner` and `applier` are ARNs of roles of this account, which need not exist yet; what
    IAM allows them is narrowed here once more, so that no mistake in a role's policy opens the bucket. Every object is
    written by If-None-Match (S3 user guide, "Enforce conditional writes on Amazon S3 buckets"), so nothing is ever
    overwritten; that also rules out copies and multipart uploads.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        bucket_name: str,
        alias: str,
        alias_arn: str,
        deployed_alias: str,
        deployed_alias_arn: str,
        log_bucket_name: str,
        planner: str,
        pull_request_planner: str,
        applier: str,
        days: Mapping[str, int],
    ) -> None:
        super().__init__(scope, id_)
        arn = aws.bucket_arn(bucket_name)
        planners = [planner, pull_request_planner]
        self.key = EncryptionKey(
            self,
            "encryption",
            aws=aws,
            alias=alias,
            description=f"Plans in {bucket_name}",
            statements=[
                Statement(
                    sid="PlannersReadNothing",
                    effect="Deny",
                    principal=Principal(everyone=True),
                    actions=["kms:Decrypt", "kms:ReEncrypt*"],
                    resources=["*"],
                    conditions=_only(planners),
                )
            ],
        )
        self.deployed_key = EncryptionKey(
            self,
            "deployed_encryption",
            aws=aws,
            alias=deployed_alias,
            description=f"What was applied, without plans, in {bucket_name}",
            statements=[
                Statement(
                    sid="PullRequestsReadNothing",
                    effect="Deny",
                    principal=Principal(everyone=True),
                    actions=["kms:Decrypt", "kms:ReEncrypt*"],
                    resources=["*"],
                    conditions=_only([pull_request_planner]),
                )
            ],
        )
        self.bucket = PrivateBucket(
            self,
            "objects",
            aws=aws,
            bucket_name=bucket_name,
            key=self.key,
            also_known_as=[alias_arn, deployed_alias_arn],
            log_bucket_name=log_bucket_name,
            single_region_because="A plan that is lost is made again; decisions are in CloudTrail and GitHub as well.",
            retention=Retention(old_version_days=1, expire_prefix_days=days),
            untidied_because=None if days else "Plans stay here by value (delivery.expire_plans: false).",
            statements=[
                Statement(
                    sid="NothingIsOverwritten",
                    effect="Deny",
                    principal=Principal(everyone=True),
                    actions=["s3:PutObject"],
                    resources=[f"{arn}/*"],
                    conditions={"Null": {"s3:if-none-match": "true"}},
                ),
                _confined("PlannerWritesPlans", "s3:PutObject", planner, arn, ["main", "audit/planned"]),
                _confined("PullRequestsPlanApart", "s3:PutObject", pull_request_planner, arn, ["pull-request"]),
                _confined("ApplierWritesWhatItDid", "s3:PutObject", applier, arn, ["applied", "deployed", "audit"]),
                _confined("ApplierReadsPlansOfMain", "s3:GetObject*", applier, arn, ["main", "applied", "audit"]),
                _confined("PlannerReadsWhatWasApplied", "s3:GetObject*", planner, arn, ["deployed"]),
                Statement(
                    sid="PullRequestsReadNothing",
                    effect="Deny",
                    principal=Principal(everyone=True),
                    actions=["s3:GetObject*"],
                    resources=[f"{arn}/*"],
                    conditions=_only([pull_request_planner]),
                ),
                Statement(
                    sid="PipelineUndoesNothing",
                    effect="Deny",
                    principal=Principal(everyone=True),
                    actions=_UNDOING,
                    resources=[arn, f"{arn}/*"],
                    conditions=_only([*planners, applier]),
                ),
            ],
            disposable=not aws.protect,
        )


def _only(roles: Sequence[str]) -> dict[str, dict[str, str | Sequence[str]]]:
    # By ARN, not as principal: AWS would store a role's id, so that one made again under its name would be free.
    return {"ArnEquals": {"aws:PrincipalArn": roles}}


def _confined(sid: str, action: str, role: str, arn: str, folders: Sequence[str]) -> Statement:
    return Statement(
        sid=sid,
        effect="Deny",
        principal=Principal(everyone=True),
        actions=[action],
        other_resources=[f"{arn}/{folder}/*" for folder in folders],
        conditions=_only([role]),
    )
