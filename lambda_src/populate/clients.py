"""AWS clients, made on first use and kept for the life of the execution environment, with time limits."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
ATTEMPTS = 2
# The standard retry mode waits up to a second before the second attempt.
WORST_CALL_SECONDS = ATTEMPTS * (CONNECT_SECONDS + READ_SECONDS) + 1.0
# A request with an Idempotency-Key makes three calls one after another: claim, write the file, store the answer.
# function.toml gives the function more than this, and less than API Gateway's 29 seconds.
WORST_REQUEST_SECONDS = 3 * WORST_CALL_SECONDS


def config() -> Config:
    """Time limits short enough that the function answers before API Gateway stops waiting."""
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
    )


@cache
def s3(region: str) -> S3Client:
    """S3 in the archive's region."""
    return boto3.client("s3", region_name=region, config=config())


@cache
def dynamodb() -> DynamoDBClient:
    """DynamoDB where the function runs."""
    return boto3.client("dynamodb", config=config())


@cache
def secretsmanager() -> Any:
    """Secrets Manager where the function runs."""
    return boto3.client("secretsmanager", config=config())
