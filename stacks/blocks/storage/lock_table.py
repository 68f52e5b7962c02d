"""DynamoDB table in which Terraform keeps its state locks."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
)
from constructs import Construct

from stacks.blocks.security.encryption_key import Key
from stacks.values import AwsScope


class LockTable(Construct):
    """A table with the key schema that Terraform's S3 backend expects (LockID), encrypted and restorable to any second.

    A scope that protects switches on DynamoDB's own deletion protection, which holds against the console as well.
    """

    def __init__(self, scope: Construct, id_: str, *, aws: AwsScope, table_name: str, key: Key) -> None:
        super().__init__(scope, id_)
        self.table = DynamodbTable(
            self,
            "table",
            name=table_name,
            billing_mode="PAY_PER_REQUEST",
            hash_key="LockID",
            attribute=[DynamodbTableAttribute(name="LockID", type="S")],
            server_side_encryption=DynamodbTableServerSideEncryption(enabled=True, kms_key_arn=key.arn),
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            deletion_protection_enabled=aws.protect,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if aws.protect else None,
        )
