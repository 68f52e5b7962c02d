"""A bucket's policy decides who may do what, across accounts and with conditions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

ARCHIVE = "000000000001"
STRANGER = "000000000002"
WRITER = "arn:aws:iam::000000000000:role/populate"


def outcome(call: Any, **arguments: Any) -> str:
    """'ok' or the error code of a call."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


@pytest.fixture
def bucket(aws: Any) -> str:
    name = aws.unique("archive")
    location = {"LocationConstraint": "eu-west-2"}
    aws.client("s3", account=ARCHIVE).create_bucket(Bucket=name, CreateBucketConfiguration=location)
    return str(name)


def put_policy(aws: Any, bucket: str, *statements: dict[str, Any]) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Resource": f"arn:aws:s3:::{bucket}/*", **s} for s in statements],
    }
    aws.client("s3", account=ARCHIVE).put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


def test_without_a_policy_another_account_is_refused_and_the_owner_is_not(aws: Any, bucket: str) -> None:
    assert outcome(aws.client("s3").put_object, Bucket=bucket, Key="k", Body=b"x") == "AccessDenied"
    assert outcome(aws.client("s3", account=ARCHIVE).put_object, Bucket=bucket, Key="k", Body=b"x") == "ok"


@pytest.mark.parametrize(
    ("account", "role", "key", "expected"),
    [
        ("000000000000", "populate", "records/1", "ok"),
        ("000000000000", "populate", "elsewhere/1", "AccessDenied"),
        ("000000000000", "other", "records/1", "AccessDenied"),
        (STRANGER, "populate", "records/1", "AccessDenied"),
        (ARCHIVE, "keeper", "anything", "ok"),
    ],
)
def test_one_role_of_another_account_writes_under_one_prefix(
    aws: Any, bucket: str, account: str, role: str, key: str, expected: str
) -> None:
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/records/*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": WRITER}},
    }
    put_policy(aws, bucket, allow)
    writer = aws.client("s3", account=account, role=role)
    assert outcome(writer.put_object, Bucket=bucket, Key=key, Body=b"x") == expected


def test_permission_to_write_does_not_permit_to_read_list_or_delete(aws: Any, bucket: str) -> None:
    put_policy(aws, bucket, {"Effect": "Allow", "Principal": {"AWS": WRITER}, "Action": "s3:PutObject"})
    writer = aws.client("s3", role="populate")
    writer.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert outcome(writer.get_object, Bucket=bucket, Key="k") == "AccessDenied"
    assert outcome(writer.head_object, Bucket=bucket, Key="k") == "403"
    assert outcome(writer.list_objects_v2, Bucket=bucket) == "AccessDenied"
    assert outcome(writer.delete_object, Bucket=bucket, Key="k") == "AccessDenied"
    answer = writer.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    assert aws.client("s3", account=ARCHIVE).get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_a_tls_only_policy_does_not_lock_the_laptop_out(aws: Any, bucket: str) -> None:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    put_policy(aws, bucket, {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": condition})
    assert outcome(aws.client("s3", account=ARCHIVE).put_object, Bucket=bucket, Key="k", Body=b"x") == "ok"


def test_a_deny_of_unencrypted_uploads_holds_for_the_owner_too(aws: Any, bucket: str) -> None:
    condition = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    put_policy(aws, bucket, {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Condition": condition})
    owner = aws.client("s3", account=ARCHIVE)
    assert outcome(owner.put_object, Bucket=bucket, Key="k", Body=b"x") == "AccessDenied"
    assert outcome(owner.put_object, Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms") == "ok"


def test_the_key_of_another_account_must_permit_the_writer_too(aws: Any, bucket: str) -> None:
    def key_for(*principals: str) -> str:
        root = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ARCHIVE}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        use = {**root, "Principal": {"AWS": list(principals)}, "Action": ["kms:GenerateDataKey", "kms:Decrypt"]}
        document = {"Version": "2012-10-17", "Statement": [root, *([use] if principals else [])]}
        answer = aws.client("kms", account=ARCHIVE).create_key(Policy=json.dumps(document))
        return str(answer["KeyMetadata"]["Arn"])

    put_policy(aws, bucket, {"Effect": "Allow", "Principal": {"AWS": WRITER}, "Action": "s3:PutObject"})
    owner, writer = aws.client("s3", account=ARCHIVE), aws.client("s3", role="populate")
    for key, expected in ((key_for(), "AccessDenied"), (key_for(WRITER), "ok")):
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
        owner.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        assert outcome(writer.put_object, Bucket=bucket, Key="k", Body=b"x") == expected


def test_the_alias_of_another_account_s_key_is_not_found(aws: Any, bucket: str) -> None:
    """S3 API reference: across accounts a key is named by its ARN; an alias is looked up in the caller's account."""
    put_policy(aws, bucket, {"Effect": "Allow", "Principal": {"AWS": WRITER}, "Action": "s3:PutObject"})
    kms = aws.client("kms", account=ARCHIVE)
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))["KeyMetadata"]
    alias = aws.unique("alias/archive")
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    named = {"Bucket": bucket, "Key": "k", "Body": b"x", "ServerSideEncryption": "aws:kms"}
    by_alias = key["Arn"].rsplit(":", 1)[0] + f":{alias}"
    writer, owner = aws.client("s3", role="populate"), aws.client("s3", account=ARCHIVE)
    assert outcome(writer.put_object, **named, SSEKMSKeyId=by_alias) == "AccessDenied"
    assert outcome(writer.put_object, **named, SSEKMSKeyId=key["Arn"]) == "ok"
    assert outcome(owner.put_object, **named, SSEKMSKeyId=by_alias) == "ok"


def test_an_anonymous_reader_needs_the_policy(aws: Any, bucket: str) -> None:
    import httpx

    aws.client("s3", account=ARCHIVE).put_object(Bucket=bucket, Key="page", Body=b"hello")
    address = f"{aws.endpoint}/{bucket}/page"
    assert httpx.get(address).status_code == 403
    put_policy(aws, bucket, {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"})
    assert httpx.get(address).text == "hello"


def test_a_copy_needs_the_right_to_read_its_source(aws: Any, bucket: str) -> None:
    aws.client("s3", account=ARCHIVE).put_object(Bucket=bucket, Key="secret", Body=b"x")
    own = aws.unique("own")
    stranger = aws.client("s3")
    stranger.create_bucket(Bucket=own, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    copy = {"Bucket": bucket, "Key": "secret"}
    assert outcome(stranger.copy_object, Bucket=own, Key="stolen", CopySource=copy) == "AccessDenied"


def test_lifecycle_and_notification_read_back_as_written(aws: Any, bucket: str) -> None:
    owner = aws.client("s3", account=ARCHIVE)
    rule = {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 5},
    }
    size = "varies_by_storage_class"
    owner.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}, TransitionDefaultMinimumObjectSize=size
    )
    read = owner.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert read["Rules"] == [rule]
    assert read["TransitionDefaultMinimumObjectSize"] == size
    owner.delete_bucket_lifecycle(Bucket=bucket)
    assert outcome(owner.get_bucket_lifecycle_configuration, Bucket=bucket) == "NoSuchLifecycleConfiguration"
    owner.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    assert "EventBridgeConfiguration" in owner.get_bucket_notification_configuration(Bucket=bucket)
