"""What the pipeline may do in the archive account: read settings to plan, make the archive to apply, and undo nothing.

Whoever takes over the main account can become these roles. Where the environment protects, they can therefore neither
delete what is archived, nor change who may.
"""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from groundwork.platform import PipelineRole
from stacks.blocks.iam.policy_document import Principal, Statement, policy_document
from stacks.blocks.pipeline.pipeline_reads import BUCKET_READS, KEY_READS
from stacks.blocks.pipeline.pipeline_resources import ACTIONS_WITHOUT_RESOURCES
from stacks.blocks.pipeline.pipeline_writes import BUCKET_WRITES, key_writes
from stacks.blocks.waivers import waive
from stacks.values import Names

# Source: service authorization reference, "Actions, resources, and condition keys for Amazon S3" and "AWS KMS".
_DELETING = (
    "s3:BypassGovernanceRetention", "s3:DeleteBucket*", "s3:DeleteObject*", "s3:PutObject*", "s3:ReplicateDelete",
    "s3:RestoreObject",
)  # fmt: skip
_UNSEALING_KEY = (
    "kms:DisableKey", "kms:DisableKeyRotation", "kms:PutKeyPolicy", "kms:ReplicateKey", "kms:ScheduleKeyDeletion",
)  # fmt: skip


class ArchiveRole(Construct):
    """A role of the archive account that the pipeline's `callers` in the main account may take.

    They are named by ARN in a condition: as principals they would have to exist, and be locked out once made again.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        name: str,
        description: str,
        callers: Sequence[PipelineRole],
        statements: Sequence[Statement],
    ) -> None:
        super().__init__(scope, id_)
        role = IamRole(
            self,
            "role",
            name=name,
            description=description,
            assume_role_policy=policy_document(
                Statement(
                    sid="PipelineOfTheMainAccount",
                    principal=Principal(aws=[names.aws.root]),
                    actions=["sts:AssumeRole"],
                    conditions={
                        "ArnEquals": {"aws:PrincipalArn": [names.delivery_role_arn(caller) for caller in callers]}
                    },
                )
            ),
        )
        waive(
            role,
            "CKV_AWS_61",
            reason="The account is the principal, and aws:PrincipalArn leaves only the pipeline's roles in it.",
        )
        IamRolePolicy(self, "policy", name="archive", role=role.id, policy=policy_document(*statements))


def archive_reads(names: Names) -> list[Statement]:
    """Statements for roles that plan: settings of the buckets, their key, and of these roles, for drift."""
    aws = names.archive_aws
    return [
        Statement(
            sid="List", actions=["kms:ListAliases"], resources=["*"], any_resource_because=ACTIONS_WITHOUT_RESOURCES
        ),
        Statement(sid="ReadBuckets", actions=BUCKET_READS, resources=_buckets(names)),
        Statement(sid="ReadKeys", actions=KEY_READS, resources=[aws.arn("kms", "key/*")]),
        Statement(
            sid="ReadTheseRoles",
            actions=["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
            resources=[names.archive_deploy_role_arn, names.archive_plan_role_arn],
        ),
    ]


def archive_writes(names: Names) -> list[Statement]:
    """Statements for the role that applies. Its bucket's own policy says what it may do only once (ArchiveBucket)."""
    aws = names.archive_aws
    buckets = _buckets(names)
    objects = [f"{arn}/*" for arn in buckets]
    locking = ["s3:PutBucketObjectLockConfiguration"] if names.environment.archive.lock_days else []
    writes = [
        Statement(sid="MakeBuckets", actions=[*BUCKET_WRITES, *locking], resources=buckets),
        *key_writes(names, aws, sealed=aws.protect),
    ]
    if aws.protect:
        sealed = [
            Statement(sid="NeverDeletes", effect="Deny", actions=_DELETING, resources=[*buckets, *objects]),
            Statement(sid="NeverOpensTheKey", effect="Deny", actions=_UNSEALING_KEY, resources=["*"]),
        ]
        return [*writes, *sealed]
    # Destroying a disposable bucket empties it first, version by version.
    emptying = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"]
    return [
        *writes,
        Statement(
            sid="DestroyBuckets",
            actions=["s3:DeleteBucket", "s3:DeleteBucketPolicy", *emptying],
            resources=[*buckets, *objects],
        ),
    ]


def _buckets(names: Names) -> list[str]:
    aws = names.archive_aws
    return [aws.bucket_arn(name) for name in (names.archive_bucket, names.archive_access_bucket)]
