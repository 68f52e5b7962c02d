"""S3 bucket that nobody outside can read: blocked, owned, encrypted, versioned, TLS-only, logged and tidied up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdktf import TerraformProvider, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
    S3BucketLifecycleConfigurationRuleTransition,
)
from cdktf_cdktf_provider_aws.s3_bucket_logging import S3BucketLoggingA
from cdktf_cdktf_provider_aws.s3_bucket_object_lock_configuration import (
    S3BucketObjectLockConfigurationA,
    S3BucketObjectLockConfigurationRuleA,
    S3BucketObjectLockConfigurationRuleDefaultRetentionA,
)
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA, S3BucketVersioningVersioningConfiguration
from constructs import Construct

from stacks.blocks.errors import IllegalComposition
from stacks.blocks.iam.policy_document import Statement, deny_everyone, policy_document
from stacks.blocks.security.encryption_key import Key
from stacks.blocks.waivers import waive
from stacks.values import AwsScope


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What the bucket's lifecycle removes or moves, in days; None leaves it alone.

    Uploads that were never finished are always removed after 7 days: they cost and nobody sees them.
    """

    expire_days: int | None = None
    """Age at which an object is deleted."""
    old_version_days: int | None = 90
    """Days after which a version that was overwritten or deleted is removed for good."""
    old_versions_kept: int | None = None
    """So many newest old versions stay whatever their age (1 to 100)."""
    infrequent_access_days: int | None = None
    """Age at which an object moves to the cheaper storage class; AWS allows 30 and more."""
    expire_prefix_days: Mapping[str, int] = field(default_factory=dict)
    """Prefix (ends with /) → age at which an object under it is deleted, where that is not the same for all."""

    def __post_init__(self) -> None:
        if self.old_versions_kept is not None and self.old_version_days is None:
            raise IllegalComposition(
                "old_versions_kept", "has no meaning while old versions are never removed", "set old_version_days"
            )
        moved, gone = self.infrequent_access_days, self.expire_days
        if moved is not None and gone is not None and moved >= gone:
            raise IllegalComposition(
                "infrequent_access_days",
                f"{moved} is not before expire_days {gone}: objects would be gone before they move",
                "move earlier, expire later, or do not move",
            )


class PrivateBucket(Construct):
    """A bucket whose policy refuses plain HTTP and any upload that asks for another encryption than `key`.

    `key` None means S3's own keys (needed by access-log targets, `access_log_bucket`). `log_bucket_name` is where
    accesses are logged. `also_known_as` are what else uploads may name as key: the ARN of its alias, another key.
    `single_region_because` says why one region's copy is enough; leave it out where `BucketReplication` is added.
    `untidied_because` says why nothing in it ever goes by itself; then there is no lifecycle. Where `aws` protects,
    Terraform does not destroy the bucket; `disposable` lets a destroy take the objects along. For `lock_days` after it
    was written nobody can delete an object, not even the account's root user, and the lock cannot be undone.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        bucket_name: str,
        key: Key | None,
        log_bucket_name: str | None,
        single_region_because: str | None,
        retention: Retention | None = None,
        untidied_because: str | None = None,
        statements: Sequence[Statement] = (),
        also_known_as: Sequence[str] = (),
        disposable: bool = False,
        lock_days: int | None = None,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if lock_days and not aws.protect:
            raise IllegalComposition(
                "lock_days", "objects could not be removed from a bucket that is to be destroyed", "set protect: true"
            )
        if aws.protect and disposable:
            raise IllegalComposition(
                "disposable", "a protected bucket is never destroyed with its objects", "set protect or disposable"
            )
        if also_known_as and key is None:
            raise IllegalComposition("also_known_as", "there is no key to have other names", "pass key, or drop it")
        # Computed, so that the policy reads the same before and after the bucket exists.
        self.bucket_arn = aws.bucket_arn(bucket_name)
        self._provider = provider
        self.bucket = S3Bucket(
            self,
            "bucket",
            bucket=bucket_name,
            force_destroy=disposable,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if aws.protect else None,
            provider=provider,
        )
        # Read once: each reading is a message to Node and back.
        bucket_id = self._bucket_id = self.bucket.id
        self.public_access_block = S3BucketPublicAccessBlock(
            self,
            "public_access_block",
            bucket=bucket_id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            provider=provider,
        )
        S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=bucket_id,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
            provider=provider,
        )
        self._encrypt(key)
        self.versioning = S3BucketVersioningA(
            self,
            "versioning",
            bucket=bucket_id,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
            provider=provider,
        )
        self.lock = self._lock(lock_days) if lock_days else None
        self.policy = S3BucketPolicy(
            self,
            "policy",
            bucket=bucket_id,
            policy=policy_document(*_denials(self.bucket_arn, [key.arn, *also_known_as] if key else None), *statements),
            # S3 answers "conflicting conditional operation" when both change at the same time.
            depends_on=[self.public_access_block],
            provider=provider,
        )
        if log_bucket_name:
            S3BucketLoggingA(
                self,
                "logging",
                bucket=bucket_id,
                target_bucket=log_bucket_name,
                target_prefix=f"{bucket_name}/",
                provider=provider,
            )
        self.tidying: S3BucketLifecycleConfiguration | None = None
        if untidied_because:
            waive(self.bucket, "CKV2_AWS_61", reason=untidied_because)
        else:
            self._tidy(retention or Retention())
        if single_region_because:
            waive(self.bucket, "CKV_AWS_144", reason=single_region_because)
        waive(
            self.bucket,
            "CKV2_AWS_62",
            reason="Nothing reacts to single objects; accesses are in the access log and in CloudTrail.",
        )

    def seal(self) -> None:
        """Let the bucket's policy wait for its other settings, which it may deny to whoever makes the bucket."""
        settings = [each for each in (self.versioning, self.tidying, self.lock) if each is not None]
        self.policy.depends_on = [
            *(self.policy.depends_on or []),
            *(f"{each.terraform_resource_type}.{each.friendly_unique_id}" for each in settings),
        ]

    def _encrypt(self, key: Key | None) -> None:
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=self._bucket_id,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                        sse_algorithm="aws:kms" if key else "AES256", kms_master_key_id=key.arn if key else None
                    ),
                    # One KMS call per bucket and hour or so, instead of one per object.
                    bucket_key_enabled=True if key else None,
                )
            ],
            provider=self._provider,
        )

    def _lock(self, days: int) -> S3BucketObjectLockConfigurationA:
        return S3BucketObjectLockConfigurationA(
            self,
            "lock",
            bucket=self._bucket_id,
            rule=S3BucketObjectLockConfigurationRuleA(
                # GOVERNANCE would leave a way around it to whoever takes over an administrator.
                default_retention=S3BucketObjectLockConfigurationRuleDefaultRetentionA(mode="COMPLIANCE", days=days)
            ),
            # S3 locks versions, and refuses a bucket without them.
            depends_on=[self.versioning],
            provider=self._provider,
        )

    def _tidy(self, retention: Retention) -> None:
        self.tidying = S3BucketLifecycleConfiguration(
            self,
            "tidying",
            bucket=self._bucket_id,
            rule=[
                S3BucketLifecycleConfigurationRule(
                    id="tidy",
                    status="Enabled",
                    filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
                    abort_incomplete_multipart_upload=[
                        S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(days_after_initiation=7)
                    ],
                    expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=retention.expire_days)]
                    if retention.expire_days
                    else None,
                    noncurrent_version_expiration=[
                        S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                            noncurrent_days=retention.old_version_days,
                            newer_noncurrent_versions=retention.old_versions_kept,
                        )
                    ]
                    if retention.old_version_days
                    else None,
                    transition=[
                        S3BucketLifecycleConfigurationRuleTransition(
                            days=retention.infrequent_access_days, storage_class="STANDARD_IA"
                        )
                    ]
                    if retention.infrequent_access_days
                    else None,
                ),
                *(
                    S3BucketLifecycleConfigurationRule(
                        id=f"expire-{prefix.strip('/')}",
                        status="Enabled",
                        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix=prefix)],
                        expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=days)],
                    )
                    for prefix, days in retention.expire_prefix_days.items()
                ),
            ],
            # Rules about old versions are refused before versioning is on.
            depends_on=[self.versioning],
            provider=self._provider,
        )


def _denials(arn: str, keys: Sequence[str] | None) -> list[Statement]:
    denials = [
        deny_everyone(
            "DenyPlainHttp",
            ["s3:*"],
            resources=[arn, f"{arn}/*"],
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )
    ]
    # An upload that names no encryption gets the bucket's default. A negated operator also matches a missing header,
    # hence Null beside it: only uploads that ask for something else are refused.
    headers = {
        "DenyOtherEncryption": ("s3:x-amz-server-side-encryption", ["aws:kms"] if keys else ["AES256"]),
        "DenyOtherKeys": ("s3:x-amz-server-side-encryption-aws-kms-key-id", keys or []),
    }
    denials.extend(
        deny_everyone(
            sid,
            ["s3:PutObject"],
            resources=[f"{arn}/*"],
            conditions={"StringNotEquals": {header: values}, "Null": {header: "false"}},
        )
        for sid, (header, values) in headers.items()
        if values
    )
    return denials
