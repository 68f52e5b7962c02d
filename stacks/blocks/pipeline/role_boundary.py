"""The permission boundary of the pipeline and of every role it makes: what none of them can ever do."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Conditions, Statement, policy_document
from stacks.values import Names

LARGEST_POLICY = 6144  # characters without white space (IAM user guide, "IAM and AWS STS quotas")
BOOTSTRAP_STACKS = ("account", "state-backend", "delivery", "archive-roles")
_ONLY_A_CAP = "a boundary gives nothing: roles hold policies of their own, and this says how far those can reach"

_REGIONAL = (
    "acm", "apigateway", "autoscaling", "backup", "backup-storage", "cloudwatch", "codebuild", "codeconnections",
    "dynamodb", "ec2", "ecr", "eks", "eks-auth", "elasticloadbalancing", "events", "kms", "lambda", "logs", "rds", "s3",
    "secretsmanager", "signer", "sns", "sqs", "ssm", "wafv2", "xray",
)  # fmt: skip
_OTHERS = ("access-analyzer", "cloudtrail", "guardduty", "route53", "sts", "tag")
_IAM = ("iam:Get*", "iam:List*", "iam:*Role*")  # roles; no users, groups, keys or passwords
_OF_KARPENTER = ("iam:*InstanceProfile", "pricing:GetProducts")
_CHANGE_IAM = (
    "iam:Add*", "iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:PassRole", "iam:Put*", "iam:Remove*",
    "iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*",
)  # fmt: skip
_CHANGE_KEY = (
    "kms:CreateAlias", "kms:DeleteAlias", "kms:DisableKey*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion",
    "kms:TagResource", "kms:UntagResource", "kms:Update*",
)  # fmt: skip
_CHANGE_BUCKET = (
    "s3:DeleteBucket*", "s3:DeleteObjectVersion", "s3:PutBucket*", "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
)  # fmt: skip
_CHANGE_TABLE = ("dynamodb:DeleteTable", "dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable")
_SWITCH_OFF = (
    "cloudtrail:Delete*", "cloudtrail:Put*", "cloudtrail:RemoveTags", "cloudtrail:StopLogging", "cloudtrail:Update*",
    "guardduty:Delete*", "guardduty:Disassociate*", "guardduty:Stop*", "guardduty:Untag*", "guardduty:Update*",
    "access-analyzer:Delete*", "access-analyzer:Update*",
)  # fmt: skip


class RoleBoundary(Construct):
    """A managed policy at `names.role_boundary_arn`, which is what roles name.

    It caps: only our services, only in `regions`; no change of what a person makes (the stacks account, state-backend
    and delivery: their roles, keys, buckets, the lock table, GitHub's OIDC provider); no IAM users; no role without
    this boundary; nothing that watches the account is switched off.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, regions: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self.policy = shared_policy(
            self,
            "policy",
            name=names.of("delivery-boundary"),
            description="How far the pipeline, and every role it makes, can reach at most",
            statements=[*_cap(regions, karpenter=bool(names.environment.cluster.pools)), *_protect(names)],
        )

    @property
    def arn(self) -> str:
        """The policy's ARN, as a reference: roles of this stack wait for it."""
        arn: str = self.policy.arn
        return arn


def shared_policy(
    scope: Construct, id_: str, *, name: str, description: str, statements: Sequence[Statement]
) -> IamPolicy:
    """A managed policy; raises IllegalComposition where it is larger than IAM takes."""
    document = policy_document(*statements)
    if (size := len("".join(document.split()))) > LARGEST_POLICY:
        raise IllegalComposition(name, f"has {size} characters, IAM takes {LARGEST_POLICY}", "split it into two")
    return IamPolicy(scope, id_, name=name, description=description, policy=document)


def _cap(regions: Sequence[str], *, karpenter: bool) -> list[Statement]:
    return [
        Statement(
            sid="OurServices",
            actions=[
                *_IAM,
                *(_OF_KARPENTER if karpenter else ()),
                *(f"{service}:*" for service in sorted([*_REGIONAL, *_OTHERS])),
            ],
            resources=["*"],
            any_resource_because=_ONLY_A_CAP,
            whole_services_because=_ONLY_A_CAP,
        ),
        _deny(
            "OtherRegions",
            [f"{service}:*" for service in _REGIONAL],
            ["*"],
            {"StringNotEquals": {"aws:RequestedRegion": sorted(set(regions))}},
        ),
    ]


def _protect(names: Names) -> list[Statement]:
    aws = names.aws
    buckets = ("state", "state-replica", "plans", "charts", "access-logs", "replica-logs", "audit", "audit-access")
    tagged: Conditions = {
        "StringEquals": {
            "aws:ResourceTag/environment": names.environment.name,
            "aws:ResourceTag/stack": BOOTSTRAP_STACKS,
        }
    }
    unbounded: Conditions = {"StringNotEquals": {"iam:PermissionsBoundary": names.role_boundary_arn}}
    everywhere = ["*"]
    return [
        _deny("WhatAPersonMakes", [*_CHANGE_IAM, *_CHANGE_KEY, *_CHANGE_TABLE], everywhere, tagged),
        _deny(
            "ItsOwnRoles",
            _CHANGE_IAM,
            [
                aws.iam_arn(f"role/{names.prefix}-delivery-*"),
                aws.iam_arn(f"policy/{names.prefix}-delivery-*"),
                aws.iam_arn("oidc-provider/*"),
                aws.iam_arn("user/*"),
                aws.iam_arn("group/*"),
            ],
        ),
        _deny(
            "NamesOfItsKeys",
            ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
            [aws.arn("kms", f"alias/{names.prefix}-{what}", region="*") for what in ("plan*", "state*", "audit*")],
        ),
        _deny(
            "ItsBuckets",
            _CHANGE_BUCKET,
            [
                arn
                for what in buckets
                for bucket in [aws.bucket_arn(names.bucket(what))]
                for arn in (bucket, f"{bucket}/*")
            ],
        ),
        _deny("ItsLocks", _CHANGE_TABLE, [aws.arn("dynamodb", f"table/{names.lock_table}")]),
        _deny("UnboundedRoles", ["iam:CreateRole", "iam:PutRolePermissionsBoundary"], everywhere, unbounded),
        _deny("BoundariesStay", ["iam:DeleteRolePermissionsBoundary"], everywhere),
        _deny("WatchersStay", _SWITCH_OFF, everywhere),
    ]


def _deny(what: str, actions: Sequence[str], resources: Sequence[str], only: Conditions | None = None) -> Statement:
    return Statement(sid=f"Never{what}", effect="Deny", actions=actions, resources=resources, conditions=only or {})
