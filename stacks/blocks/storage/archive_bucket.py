"""Bucket that takes objects from one role of another account, under one prefix, encrypted with its own key."""

from __future__ import annotations

from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Principal, Statement
from stacks.blocks.security.encryption_key import EncryptionKey, key_grant
from stacks.blocks.storage.access_log_bucket import AccessLogBucket
from stacks.blocks.storage.private_bucket import PrivateBucket, Retention, bucket_arn


class ArchiveBucket(Construct):
    """A bucket that `writer_role_arn` may add objects to under `prefix` (ends with /), and do nothing else.

    Both policies name the writer's account and pin aws:PrincipalArn to the role. A role named as principal would be
    resolved to an id, so that the role had to exist first, and a role made again under its name would be locked out.
    `organisation_id` asks for the writer's AWS organisation as well.
    Raises IllegalComposition where the role is not of `writer_account`, or that is the bucket's own account.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        bucket_name: str,
        access_logs_name: str,
        alias: str,
        alias_arn: str,
        prefix: str,
        writer_account: str,
        writer_role_arn: str,
        account: str,
        region: str,
        partition: str = "aws",
        keep_days: int = 365,
        infrequent_access_days: int | None = 90,
        organisation_id: str | None = None,
        protect: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        if writer_account == account:
            raise IllegalComposition(
                "writer_account",
                f"{account} holds the bucket itself, and inside one account IAM alone already lets roles write",
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
        arn = bucket_arn(bucket_name, partition=partition)
        self.prefix = prefix
        writer = Principal(aws=[f"arn:{partition}:iam::{writer_account}:root"])
        only_the_role = {"ArnEquals": {"aws:PrincipalArn": writer_role_arn}}
        # An account that leaves the organisation takes its number along, and loses the archive.
        of_us = {"aws:PrincipalOrgID": organisation_id} if organisation_id else {}
        self.key = EncryptionKey(
            self,
            "encryption",
            alias=alias,
            description=f"Objects in {bucket_name}",
            account=account,
            partition=partition,
            protect=protect,
            statements=[
                key_grant(
                    sid="WriterEncryptsThroughS3",
                    principal=writer,
                    actions=["kms:GenerateDataKey"],
                    conditions={
                        **only_the_role,
                        "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com", **of_us},
                        # S3 sends the bucket with a bucket key, the object without.
                        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [arn, f"{arn}/{prefix}*"]},
                    },
                )
            ],
        )
        access_logs = AccessLogBucket(
            self,
            "access_logs",
            bucket_name=access_logs_name,
            sources=bucket_name,
            account=account,
            partition=partition,
            protect=protect,
        )
        self.bucket = PrivateBucket(
            self,
            "objects",
            bucket_name=bucket_name,
            key=self.key,
            also_known_as=[alias_arn],
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
                Statement(
                    sid="DenyEveryOtherForeigner",
                    effect="Deny",
                    principal=Principal(everyone=True),
                    actions=["s3:*"],
                    resources=[arn, f"{arn}/*"],
                    conditions={
                        "StringNotEquals": {"aws:PrincipalAccount": account},
                        "ArnNotEquals": {"aws:PrincipalArn": writer_role_arn},
                        "Bool": {"aws:PrincipalIsAWSService": "false"},
                    },
                ),
            ],
            partition=partition,
            protect=protect,
            disposable=not protect,
        )


def write_access(
    *, bucket_name: str, prefix: str, key_alias: str, account: str, region: str, partition: str = "aws"
) -> list[Statement]:
    """What the writer's own role must allow: both accounts have to agree before S3 lets it write."""
    through_s3 = {"kms:ViaService": f"s3.{region}.amazonaws.com"}
    return [
        Statement(
            sid="AddObjects",
            actions=["s3:PutObject"],
            resources=[f"{bucket_arn(bucket_name, partition=partition)}/{prefix}*"],
        ),
        # The key's id is not known before it is made, and policies do not take an alias as resource.
        Statement(
            sid="EncryptObjects",
            actions=["kms:GenerateDataKey"],
            resources=[f"arn:{partition}:kms:{region}:{account}:key/*"],
            conditions={
                "StringEquals": through_s3,
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": key_alias},
            },
        ),
    ]
