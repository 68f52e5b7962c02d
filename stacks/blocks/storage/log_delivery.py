"""What a service of AWS may do in the bucket that it delivers logs to."""

from __future__ import annotations

from stacks.blocks.iam.policy_document import Conditions, Principal, Statement
from stacks.values import AwsScope


def log_delivery(
    aws: AwsScope, who: str, principal: Principal, *, bucket_arn: str, conditions: Conditions
) -> list[Statement]:
    """Statements that let `principal` look at the bucket and write logs of this account. `who` begins their ids."""
    return [
        Statement(
            sid=f"{who}ChecksBucket",
            principal=principal,
            actions=["s3:GetBucketAcl"],
            resources=[bucket_arn],
            conditions=conditions,
        ),
        Statement(
            sid=f"{who}Writes",
            principal=principal,
            actions=["s3:PutObject"],
            resources=[f"{bucket_arn}/AWSLogs/{aws.account}/*"],
            conditions={
                **conditions,
                "StringEquals": {**conditions["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"},
            },
        ),
    ]
