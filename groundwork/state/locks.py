"""State locks as the backend stores them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from groundwork.state import aws
from groundwork.state.aws_session import CONFIG
from groundwork.terraform.locks import HeldLock


def held(session: boto3.Session, backend: Mapping[str, Any], *, endpoint: str | None) -> list[HeldLock]:
    """Every lock on any state in the backend's bucket: from the table, from lock objects, or both, by id."""
    locks = [_lock(info) for read in (_in_table, _in_bucket) for info in _existing(read(session, backend, endpoint))]
    return list({(lock.path, lock.id): lock for lock in locks}.values())


def _in_table(session: boto3.Session, backend: Mapping[str, Any], endpoint: str | None) -> Iterator[str]:
    if table := backend.get("dynamodb_table"):
        client = session.client("dynamodb", endpoint_url=endpoint, config=CONFIG)
        # The table also holds a checksum per state, which has no Info.
        condition = "attribute_exists(Info)"
        for item in aws.entries(client, "scan", "Items", TableName=table, FilterExpression=condition):
            yield item["Info"]["S"]


def _in_bucket(session: boto3.Session, backend: Mapping[str, Any], endpoint: str | None) -> Iterator[bytes]:
    if backend.get("use_lockfile"):
        s3, bucket = session.client("s3", endpoint_url=endpoint, config=CONFIG), backend["bucket"]
        for entry in aws.entries(s3, "list_objects_v2", "Contents", Bucket=bucket):
            if entry["Key"].endswith(".tflock"):
                yield s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()


def _existing(infos: Iterator[str] | Iterator[bytes]) -> Iterator[str | bytes]:
    """What can be read: table, bucket or lock may be deleted meanwhile."""
    try:
        yield from infos
    except ClientError as error:
        if not aws.is_absent(error):
            raise


def _lock(info: str | bytes) -> HeldLock:
    fields = json.loads(info)
    return HeldLock(fields["ID"], fields["Path"], fields["Operation"], fields["Who"], fields["Created"])
