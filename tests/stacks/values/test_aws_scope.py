"""ARNs follow from account and region, in every partition of AWS."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stacks.values import AwsScope

ACCOUNT = "111122223333"
AWS = AwsScope(account=ACCOUNT, region="eu-west-2", protect=True)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-2", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-east-1", "aws")],
)
def test_the_region_decides_the_partition(region: str, partition: str) -> None:
    aws = replace(AWS, region=region)
    assert aws.arn("kms", "key/1") == f"arn:{partition}:kms:{region}:{ACCOUNT}:key/1"
    assert aws.root == f"arn:{partition}:iam::{ACCOUNT}:root"
    assert aws.bucket_arn("b") == f"arn:{partition}:s3:::b"
    assert aws.managed_policy_arn("P") == f"arn:{partition}:iam::aws:policy/P"


def test_an_arn_can_name_any_region_or_neither_region_nor_account() -> None:
    assert AWS.arn("kms", "key/*", region="*") == f"arn:aws:kms:*:{ACCOUNT}:key/*"
    assert AWS.arn("route53", "change/*", region="", account="") == "arn:aws:route53:::change/*"
