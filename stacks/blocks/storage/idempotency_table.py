"""DynamoDB table that remembers requests, so that a repeated one is answered and not carried out again."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
    DynamodbTableTtl,
)
from constructs import Construct

from stacks.blocks.iam.policy_document import Statement
from stacks.blocks.security.encryption_key import Key
from stacks.values import AwsScope


class IdempotencyTable(Construct):
    """The table that Powertools' idempotency expects: key `id`, expiry in `expiration`, paid by request."""

    def __init__(self, scope: Construct, id_: str, *, aws: AwsScope, table_name: str, key: Key) -> None:
        super().__init__(scope, id_)
        self._aws, self._key = aws, key
        self.table = DynamodbTable(
            self,
            "table",
            name=table_name,
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attribute=[DynamodbTableAttribute(name="id", type="S")],
            ttl=DynamodbTableTtl(enabled=True, attribute_name="expiration"),
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=DynamodbTableServerSideEncryption(enabled=True, kms_key_arn=key.arn),
            deletion_protection_enabled=aws.protect,
        )

    def use(self) -> list[Statement]:
        """What a function needs to remember requests: single items, and the key through DynamoDB."""
        return [
            Statement(
                sid="RememberRequests",
                actions=["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
                resources=[self.table.arn],
            ),
            # DynamoDB uses a customer's key on behalf of whoever calls (DynamoDB developer guide, encryption at rest).
            Statement(
                sid="UseKeyThroughDynamodb",
                actions=["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
                resources=[self._key.arn],
                conditions={"StringEquals": {"kms:ViaService": self._aws.endpoint("dynamodb")}},
            ),
        ]
