"""Bucket for plans and decisions: written once, under a prefix per role, read by one role, deleted by time alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constructs import Construct

from stacks.blocks.iam.policy_document import Conditions, Statement, deny_everyone
from stacks.blocks.security.encryption_key import make_or_use
from stacks.blocks.storage.private_bucket import PrivateBucket, Retention
from stacks.values import Names

# Source: service authorization reference, "Actions, resources, and condition keys for Amazon S3".
_UNDOING = (
    "s3:DeleteObject*", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:PutObjectTagging", "s3:PutObjectRetention",
    "s3:PutObjectLegalHold", "s3:BypassGovernanceRetention", "s3:ReplicateDelete", "s3:ReplicateObject",
    "s3:DeleteBucket*", "s3:PutBucket*", "s3:PutLifecycleConfiguration", "s3:PutEncryptionConfiguration",
    "s3:PutReplicationConfiguration",
)  # fmt: skip


class PlanBucket(Construct):
    """Objects under the prefixes in `days` go after so many days, `applied/`, `deployed/` and `audit/` stay.

    `deployed/` holds what was applied without its plans, under a key of its own: the role that plans on main plans
    drift and the end of a stack from it, and reads nothing else.

    What IAM allows the pipeline's roles is narrowed here again, so that no mistake in a role's policy opens the bucket;
    the roles need not exist yet. Every object is written by If-None-Match (S3 user guide, "Enforce conditional writes
    on Amazon S3 buckets"), so nothing is ever overwritten; that also rules out copies and multipart uploads.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, days: Mapping[str, int]) -> None:
        super().__init__(scope, id_)
        aws, name = names.aws, names.plan_bucket
        arn = aws.bucket_arn(name)
        planner, applier = names.delivery_role_arn("plan"), names.delivery_role_arn("apply")
        pull_requests = names.delivery_role_arn("plan-pull-request")
        keys = names.environment.keys
        self.key = make_or_use(
            self,
            "encryption",
            existing=keys.plans,
            aws=aws,
            alias=names.plan_key_alias,
            description=f"Plans in {name}",
            statements=[_read_nothing("PlannersReadNothing", planner, pull_requests)],
        )
        self.deployed_key = make_or_use(
            self,
            "deployed_encryption",
            existing=keys.deployed,
            aws=aws,
            alias=names.deployed_key_alias,
            description=f"What was applied, without plans, in {name}",
            statements=[_read_nothing("PullRequestsReadNothing", pull_requests)],
        )
        self.bucket = PrivateBucket(
            self,
            "objects",
            aws=aws,
            bucket_name=name,
            key=self.key,
            also_known_as=[keys.plans or aws.arn("kms", names.plan_key_alias), names.deployed_key_arn],
            log_bucket_name=names.access_log_bucket,
            single_region_because="A plan that is lost is made again; decisions are in CloudTrail and GitHub as well.",
            retention=Retention(old_version_days=1, expire_prefix_days=days),
            untidied_because=None if days else "Plans stay here by value (delivery.expire_plans: false).",
            statements=[
                deny_everyone(
                    "NothingIsOverwritten",
                    ["s3:PutObject"],
                    resources=[f"{arn}/*"],
                    conditions={"Null": {"s3:if-none-match": "true"}},
                ),
                _confined("PlannerWritesPlans", "s3:PutObject", planner, arn, ["main", "audit/planned"]),
                _confined("ApplierWritesWhatItDid", "s3:PutObject", applier, arn, ["applied", "deployed", "audit"]),
                _confined("ApplierReadsPlansOfMain", "s3:GetObject*", applier, arn, ["main", "applied", "audit"]),
                _confined("PlannerReadsWhatWasApplied", "s3:GetObject*", planner, arn, ["deployed"]),
                deny_everyone(
                    "PullRequestsTouchNothing",
                    ["s3:GetObject*", "s3:PutObject*"],
                    resources=[f"{arn}/*"],
                    conditions=_only(pull_requests),
                ),
                deny_everyone(
                    "PipelineUndoesNothing",
                    _UNDOING,
                    resources=[arn, f"{arn}/*"],
                    conditions=_only(planner, pull_requests, applier),
                ),
            ],
            disposable=not aws.protect,
        )


def _only(*roles: str) -> Conditions:
    # By ARN, not as principal: AWS would store a role's id, so that one made again under its name would be free.
    return {"ArnEquals": {"aws:PrincipalArn": roles}}


def _read_nothing(sid: str, *roles: str) -> Statement:
    return deny_everyone(sid, ["kms:Decrypt", "kms:ReEncrypt*"], resources=["*"], conditions=_only(*roles))


def _confined(sid: str, action: str, role: str, arn: str, folders: Sequence[str]) -> Statement:
    allowed = [f"{arn}/{folder}/*" for folder in folders]
    return deny_everyone(sid, [action], other_resources=allowed, conditions=_only(role))
