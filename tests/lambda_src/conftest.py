"""The function with moto's AWS: its archive bucket, its table, its environment, and a context like Lambda's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambda_src.populate import handler

BUCKET = "acme-archive"
TABLE = "populate-idempotency"
KEY_ARN = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ENVIRONMENT = {
    "API_FLAVOUR": "rest",
    "ARCHIVE_BUCKET": BUCKET,
    "ARCHIVE_ACCOUNT_ID": "123456789012",
    "ARCHIVE_PREFIX": "populate",
    "IDEMPOTENCY_TABLE": TABLE,
    "AWS_REGION": "eu-west-2",
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}


@dataclass
class Context:
    """The second argument that Lambda passes."""

    remaining_milliseconds: int = 28_000
    function_name: str = "prod-populate"
    function_version: str = "7"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-west-2:111111111111:function:prod-populate:live"
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_milliseconds


@dataclass
class Function:
    """Calls the handler; `environ` changes environment variables and forgets settings, as a cold start does."""

    environ: Callable[..., None]
    context: Context = field(default_factory=Context)

    def __call__(self, event: Any) -> dict[str, Any]:
        return handler.lambda_handler(event, self.context)

    def answer(self, event: Any, *, status: int) -> dict[str, Any]:
        """The JSON body of the answer; fails if it has another status."""
        response = self(event)
        body: dict[str, Any] = json.loads(response["body"])
        assert (response["statusCode"], body) == (status, body)
        return body


@cache
def admin(service: str) -> Any:
    """A client for the test, cached because making it takes longer than a test."""
    return boto3.client(service, region_name="eu-west-2")


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    """The function in an account with the bucket and the table."""

    def environ(**changes: str | None) -> None:
        for name, value in changes.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        handler._api.cache_clear()

    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "SOURCE", "LISTINGS_SECRET_ARN"):
        monkeypatch.delenv(name, raising=False)
    environ(**ENVIRONMENT)
    with mock_aws():
        admin("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY_ARN}
        admin("s3").put_bucket_encryption(
            Bucket=BUCKET,
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
        )
        admin("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Function(environ)
    handler._api.cache_clear()


@pytest.fixture
def archived(function: Function) -> Callable[[], list[str]]:
    """The keys in the archive bucket."""

    def keys() -> list[str]:
        listing = admin("s3").list_objects_v2(Bucket=BUCKET)
        return [item["Key"] for item in listing.get("Contents", [])]

    return keys


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """The function's log, which Lambda sends to CloudWatch."""
    stream = StringIO()
    monkeypatch.setattr(handler.logger.registered_handler, "stream", stream)
    return stream
