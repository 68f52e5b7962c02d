"""Bucket that takes objects from one role of another account, under one prefix, encrypted with its own key."""

from __future__ import annotations

from dataclasses import replace

from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Principal, Statement, deny_everyone
from stacks.blocks.security.encryption_key import key_grant, make_or_use, use_by_alias
from stacks.blocks.storage.access_log_bucket import AccessLogBucket
from stacks.blocks.storage.private_bucket import PrivateBucket, Retention
from stacks.values import AwsScope, Names

_KEEPING = (
    "s3:DeleteBucket*", "s3:DeleteObject*", "s3:PutBucketPolicy", "s3:PutBucketVersioning",
    "s3:PutBucketObjectLockConfiguration", "s3:PutLifecycleConfiguration",
)  # fmt: skip


class ArchiveBucket(Construct):
    """A bucket that `writer_role_arn` may add objects to under `prefix` (ends with /), and do nothing else.

    Both policies name the writer's account and pin aws:PrincipalArn to the role. A role named as principal would be
    resolved to an id, so that the role had to exist first, and a role made again under its name would be locked out.
    `organisation_id` asks for the writer's AWS organisation as well. Where `aws` protects, `deployer_role_arn` may make
    the bucket, and from then on change neither its policy nor what keeps its objects: it can be taken over.
    Raises IllegalComposition where the role is not of `writer_account`, or that is the bucket's own account.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        bucket_name: str,
        access_logs_name: str,
        alias: str,
        existing_key: str | None = None,
        prefix: str,
        writer_account: str,
        writer_role_arn: str,
        deployer_role_arn: str,
        keep_days: int = 365,
        infrequent_access_days: int | None = 90,
        organisation_id: str | None = None,
        lock_days: int | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if writer_account == aws.account:
            raise IllegalComposition(
                "writer_account",
                f"{aws.account} holds the bucket itself, and inside one account IAM alone already lets roles write",
                "give the archive an account of its own: accounts.archive.id",
            )
        if f":iam::{writer_account}:role/" not in writer_role_arn:
            raise IllegalComposition(
                "writer_role_arn", f"{writer_role_arn} is not a role of account {writer_account}", "use Names.role_arn"
            )
        if not prefix.endswith("/") or prefix.startswith("/"):
            raise IllegalComposition(
                "prefix", f"{prefix!r} would also open its neighbours or nothing", "end it with a slash, begin without"
            )
        arn = aws.bucket_arn(bucket_name)
        self.prefix = prefix
        writer = Principal(aws=[replace(aws, account=writer_account).root])
        only_the_role = {"ArnEquals": {"aws:PrincipalArn": writer_role_arn}}
        # An account that leaves the organisation takes its number along, and loses the archive.
        of_us = {"aws:PrincipalOrgID": organisation_id} if organisation_id else {}
        self.key = make_or_use(
            self,
            "encryption",
            existing=existing_key,
            aws=aws,
            alias=alias,
            description=f"Objects in {bucket_name}",
            statements=[
                key_grant(
                    sid="WriterEncryptsThroughS3",
                    principal=writer,
                    actions=["kms:GenerateDataKey"],
                    conditions={
                        **only_the_role,
                        "StringEquals": {"kms:ViaService": aws.endpoint("s3"), **of_us},
                        # S3 sends the bucket with a bucket key, the object without.
                        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [arn, f"{arn}/{prefix}*"]},
                    },
                )
            ],
        )
        access_logs = AccessLogBucket(self, "access_logs", aws=aws, bucket_name=access_logs_name, sources=bucket_name)
        self.bucket = PrivateBucket(
            self,
            "objects",
            aws=aws,
            bucket_name=bucket_name,
            key=self.key,
            log_bucket_name=access_logs.name,
            single_region_because=(
                "The archive is the second copy, in a second account: the records can be made again from their source."
            ),
            retention=Retention(
                expire_days=keep_days, old_version_days=90, infrequent_access_days=infrequent_access_days
            ),
            statements=[
                Statement(
                    sid="WriterAddsObjects",
                    principal=writer,
                    actions=["s3:PutObject"],
                    resources=[f"{arn}/{prefix}*"],
                    conditions={**only_the_role, **({"StringEquals": of_us} if of_us else {})},
                ),
                # An allow alone leaves the door open to the next statement that somebody adds.
                deny_everyone(
                    "DenyEveryOtherForeigner",
                    ["s3:*"],
                    resources=[arn, f"{arn}/*"],
                    conditions={
                        "StringNotEquals": {"aws:PrincipalAccount": aws.account},
                        "ArnNotEquals": {"aws:PrincipalArn": writer_role_arn},
                        "Bool": {"aws:PrincipalIsAWSService": "false"},
                    },
                ),
                *([_sealed(arn, deployer_role_arn)] if aws.protect else []),
            ],
            disposable=not aws.protect,
            lock_days=lock_days,
        )
        if aws.protect:
            # The policy is the last that its maker may do.
            self.bucket.seal()


def _sealed(arn: str, deployer: str) -> Statement:
    # The role's own policy cannot say "once": S3 has no condition on an existing policy.
    return deny_everyone(
        "DeployerChangesNothingThatKeepsObjects",
        _KEEPING,
        resources=[arn, f"{arn}/*"],
        conditions={"ArnEquals": {"aws:PrincipalArn": deployer}},
    )


def write_access(names: Names) -> list[Statement]:
    """What the writer's own role must allow: both accounts have to agree before S3 lets it write."""
    aws, prefix = names.archive_aws, names.environment.archive.prefix
    return [
        Statement(
            sid="AddObjects",
            actions=["s3:PutObject"],
            resources=[f"{aws.bucket_arn(names.archive_bucket)}/{prefix}*"],
        ),
        use_by_alias(
            aws,
            names.alias("archive"),
            existing=names.environment.keys.archive,
            sid="EncryptObjects",
            actions=["kms:GenerateDataKey"],
            conditions={"StringEquals": {"kms:ViaService": aws.endpoint("s3")}},
        ),
    ]
