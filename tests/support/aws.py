"""Buckets and tables in the embedded AWS, by boto3, because Terraform would take seconds to make them."""

from __future__ import annotations

import json
from typing import Any

from groundwork.state import aws

_REGION = "eu-west-2"


def versioned_bucket(s3: Any, name: str) -> None:
    """Make a bucket that keeps the versions of its objects."""
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": _REGION})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def log_bucket(s3: Any, name: str) -> None:
    """Make a versioned bucket that S3 may deliver access logs to, like the state backend's."""
    versioned_bucket(s3, name)
    delivery = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    s3.put_bucket_policy(Bucket=name, Policy=policy(delivery))


def empty_bucket(s3: Any, name: str) -> None:
    """Delete every version of every object of a bucket."""
    listing = aws.entries(s3, "list_object_versions", "Versions", "DeleteMarkers", Bucket=name)
    versions = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in listing]
    for start in range(0, len(versions), 1000):  # S3 deletes at most 1,000 objects at once
        s3.delete_objects(Bucket=name, Delete={"Objects": versions[start : start + 1000], "Quiet": True})


def lock_table(dynamodb: Any, name: str) -> None:
    """Make a table for Terraform's locks."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def policy(*statements: dict[str, Any]) -> str:
    """The JSON of a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
