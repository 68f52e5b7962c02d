"""Copies every new version in a bucket to a bucket in another region, under that region's own key."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.s3_bucket_replication_configuration import (
    S3BucketReplicationConfigurationA,
    S3BucketReplicationConfigurationRule,
    S3BucketReplicationConfigurationRuleDeleteMarkerReplication,
    S3BucketReplicationConfigurationRuleDestination,
    S3BucketReplicationConfigurationRuleDestinationEncryptionConfiguration,
    S3BucketReplicationConfigurationRuleFilter,
    S3BucketReplicationConfigurationRuleSourceSelectionCriteria,
    S3BucketReplicationConfigurationRuleSourceSelectionCriteriaSseKmsEncryptedObjects,
)
from constructs import Construct

from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.iam.service_role import ServiceRole
from stacks.blocks.security.encryption_key import Key
from stacks.blocks.storage.private_bucket import PrivateBucket
from stacks.values import AwsScope


class BucketReplication(Construct):
    """Replicates `source` to `destination` (same account) through a role of its own.

    Deletions travel as delete markers; the removal of old versions does not, so that a mistake in one region never
    empties both.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        aws: AwsScope,
        role_name: str,
        source: PrivateBucket,
        source_key: Key,
        destination: PrivateBucket,
        destination_key: Key,
    ) -> None:
        super().__init__(scope, id_)
        self.role = ServiceRole(
            self,
            "role",
            name=role_name,
            description=f"S3 copies {source.bucket_arn} to {destination.bucket_arn}",
            service="s3.amazonaws.com",
            source_account=aws.account,
            source_arns=[source.bucket_arn],
        )
        allowed = self.role.allow(
            "replicate",
            Statement(
                sid="ReadSourceBucket",
                actions=["s3:GetReplicationConfiguration", "s3:ListBucket"],
                resources=[source.bucket_arn],
            ),
            Statement(
                sid="ReadSourceVersions",
                actions=[
                    "s3:GetObjectVersionForReplication",
                    "s3:GetObjectVersionAcl",
                    "s3:GetObjectVersionTagging",
                ],
                resources=[f"{source.bucket_arn}/*"],
            ),
            Statement(
                sid="WriteCopies",
                actions=["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
                resources=[f"{destination.bucket_arn}/*"],
            ),
            Statement(sid="DecryptSource", actions=["kms:Decrypt"], resources=[source_key.arn]),
            Statement(
                sid="EncryptCopies",
                actions=["kms:Encrypt", "kms:GenerateDataKey"],
                resources=[destination_key.arn],
            ),
        )
        self.configuration = S3BucketReplicationConfigurationA(
            self,
            "configuration",
            bucket=source.bucket.id,
            role=self.role.arn,
            rule=[
                S3BucketReplicationConfigurationRule(
                    id="all",
                    status="Enabled",
                    priority=0,
                    filter=S3BucketReplicationConfigurationRuleFilter(prefix=""),
                    delete_marker_replication=S3BucketReplicationConfigurationRuleDeleteMarkerReplication(
                        status="Enabled"
                    ),
                    source_selection_criteria=S3BucketReplicationConfigurationRuleSourceSelectionCriteria(
                        sse_kms_encrypted_objects=S3BucketReplicationConfigurationRuleSourceSelectionCriteriaSseKmsEncryptedObjects(
                            status="Enabled"
                        )
                    ),
                    destination=S3BucketReplicationConfigurationRuleDestination(
                        bucket=destination.bucket_arn,
                        encryption_configuration=S3BucketReplicationConfigurationRuleDestinationEncryptionConfiguration(
                            replica_kms_key_id=destination_key.arn
                        ),
                    ),
                )
            ],
            # Both buckets must keep versions, and the role must be allowed, before S3 accepts the rule.
            depends_on=[source.versioning, destination.versioning, allowed],
        )
